"""The `[log]` of a profile: read in the units of its points, and refused with file, line and remedy."""

import math
import re

import pytest

from drivers.core.errors import ProfileError
from drivers.core.profile_file import load_profiles, parse_profile
from drivers.core.register_map import RegisterTable
from drivers.core.ring_log_map import RingLogMap, TimeFormat

PLC = """\
[profile]
id = "plc"
kind = "plant"
make = "Maker"
title = "A controller"
protocol = "modbus-tcp"
port = 502
driver = "plant"

[quality]
evidence = "documented"
source = "Manual 1, revision 2, page 3"

[options]
address_base = 1
word_order = "little"

[[options.point]]
point = "supply_temp"
address = 11
type = "i16"
scale = 0.1
invalid = [-32768]

[[options.point]]
point = "leak"
address = 12
codes = { 0 = "dry", 1 = "leak" }

[log]
table = "holding"
records = 101
write_index = 102
clock = 103
ring = 201
record_words = 8
capacity = 500
interval_s = 5

[log.time]
format = "calendar"
at = 0

[[log.field]]
point = "supply_temp"
at = 6

[[log.field]]
point = "leak"
at = 7
"""


def the_log(text: str) -> RingLogMap:
    log = RingLogMap.of(parse_profile(text, "plc.toml"))
    assert log is not None
    return log


def test_that_a_field_is_read_as_its_point_is_polled() -> None:
    log = the_log(PLC)
    assert (log.table, log.head, log.ring) == (RegisterTable.HOLDING, (100, 8), 200)
    assert [(field.signal.point, field.address) for field in log.fields] == [("supply_temp", 6), ("leak", 7)]
    assert log.fields[0].decode([315])[0] == pytest.approx(31.5)
    assert math.isnan(log.fields[0].decode([0x8000])[0])
    assert log.records_in_a_read == 125 // 8
    assert log.layout.index == {("supply_temp", ""): 0, ("leak", ""): 1}


def test_that_a_field_may_be_written_otherwise_than_it_is_polled() -> None:
    log = the_log(PLC.replace("at = 6", 'at = 6\nscale = 0.01\ntype = "u16"\ninvalid = [65535]', 1))
    assert log.fields[0].decode([3150])[0] == pytest.approx(31.5)
    assert math.isnan(log.fields[0].decode([65535])[0])


@pytest.mark.parametrize(
    ("form", "registers", "seconds"),
    [
        ("unix", [0x6A57, 0x0780], 1784088448.0),
        ("unix", [0, 0], math.nan),
        ("unix", [0xFFFF, 0xFFFF], math.nan),
        ("unix-ms", [0, 0x019F, 0x640C, 0x0000], 1784089935.872),
        ("calendar", [2026, 11, 22, 16, 30, 5], 1795365005.0),
        ("calendar", [0, 0, 0, 0, 0, 0], math.nan),
        ("calendar", [2026, 2, 30, 0, 0, 0], math.nan),
    ],
)
def test_that_each_form_of_time_is_read(form: str, registers: list[int], seconds: float) -> None:
    assert TimeFormat(form).decode(registers, little=False) == pytest.approx(seconds, rel=0, abs=1e-3, nan_ok=True)


def test_that_a_time_with_the_low_word_first_is_read() -> None:
    assert TimeFormat.UNIX.decode([0x0780, 0x6A57], little=True) == 1784088448.0


@pytest.mark.parametrize(
    ("old", "new", "line", "remedy"),
    [
        ("records = 101", "", 30, "add it"),
        ("records = 101", "records = 0", 32, "use 1 to 65536"),
        ('table = "holding"', 'table = "coil"', 31, "use one of input, holding"),
        ("record_words = 8", "record_words = 126", 36, "use 1 to 125"),
        ("capacity = 500", "capacity = 20000", 37, "there are 65536"),
        ("ring = 201", "ring = 108", 35, "correct ring, capacity or the head's registers"),
        ("clock = 103", "clock = 903", 34, "one request gives 125"),
        ("interval_s = 5", "interval_s = 0", 38, "write the seconds between two records"),
        ("interval_s = 5", "interval_s = 5\ntolerance_s = -1", 39, "must not be below 0"),
        ("interval_s = 5", "interval_s = 5\nclock_set = 110", 30, "add it"),
        ("interval_s = 5", "interval_s = 5\nclock_set = 110\nrecord_clock_set = 3", 40, "its own place"),
        ("interval_s = 5", "intervall_s = 5", 30, "add it"),
        ('format = "calendar"', 'format = "local"', 41, "use one of unix, unix-ms, calendar"),
        ("at = 0", "at = 4", 42, "correct it, or record_words"),
        ('point = "supply_temp"\nat', 'point = "return_temp"\nat', 45, "name a point of [[options.point]]"),
        ('point = "leak"\nat', 'point = "supply_temp"\nat', 49, "stands in the log twice"),
        ("at = 7", "at = 6", 50, "give each field its own place"),
        ("at = 7", "at = 8", 50, "correct it, or record_words"),
        ("at = 7", 'at = 7\ntype = "f32"', 50, "correct it, or record_words"),
        ("at = 7", 'at = 7\nunit = "degC"', 51, "check the spelling"),
    ],
)  # fmt: skip
def test_that_a_wrong_log_is_refused_with_file_line_and_remedy(old: str, new: str, line: int, remedy: str) -> None:
    before, after = PLC.split("[log]")
    assert old in after
    text = before + "[log]" + after.replace(old, new, 1)
    with pytest.raises(ProfileError, match=re.escape(remedy)) as caught:
        parse_profile(text, "plc.toml")
    assert f"plc.toml, line {line}:" in str(caught.value)


def test_that_a_log_without_fields_is_refused() -> None:
    with pytest.raises(ProfileError, match=r"add \[\[log\.field\]\] tables"):
        parse_profile(PLC[: PLC.index("[[log.field]]")], "plc.toml")


def test_that_bits_share_a_register_of_a_record() -> None:
    text = PLC.replace("at = 7", "at = 7\nbit = 0").replace("at = 6", 'at = 7\nbit = 1\ntype = "u16"')
    assert the_log(text).fields[1].decode([0b01])[0] == 0b1


def test_that_only_modbus_profiles_have_a_log() -> None:
    text = PLC[: PLC.index("[options]")].replace("modbus-tcp", "cgminer") + "[log]\nring = 1\n"
    with pytest.raises(ProfileError, match="only Modbus devices have a ring log"):
        parse_profile(text, "plc.toml")


def test_that_the_generic_unit_names_the_log_of_its_document() -> None:
    log = RingLogMap.of(load_profiles()["generic-cdu"])
    assert log is not None
    assert (log.head, log.ring, log.capacity, log.record_words) == ((1000, 6), 2000, 3000, 20)
    assert log.records_in_a_read == 6
    assert log.interval_s * log.capacity == 30_000


def test_that_a_profile_without_a_log_has_none() -> None:
    assert RingLogMap.of(load_profiles()["carlo-gavazzi-em24"]) is None
