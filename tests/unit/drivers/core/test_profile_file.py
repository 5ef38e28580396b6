"""Profiles are refused with file, line and remedy, and every profile of the product is whole."""

import re
from pathlib import Path

import pytest

from drivers.core.errors import ProfileError
from drivers.core.identity import Address, DeviceKind
from drivers.core.profile import Evidence
from drivers.core.profile_file import load_profiles, parse_profile, read_profiles
from drivers.family import Access
from drivers.registry import DRIVERS, open_driver
from drivers.transports.connections import Connections

METER = """\
[profile]
id = "meter"
kind = "meter"
make = "Maker"
title = "A meter"
protocol = "modbus-tcp"
port = 502
driver = "meter"

[quality]
evidence = "simulated"
source = "Manual 1, revision 2, page 3"

[limits.power]
range_low = 0
range_high = 100

[[options.point]]
point = "power"
address = 10

[[options.point]]
point = "voltage"
part = "L1"
address = 12
type = "u32"
"""

MINER = METER[: METER.index("[limits")].replace("modbus-tcp", "cgminer").replace('"meter"', '"miner"')


@pytest.mark.parametrize(
    ("old", "new", "line", "remedy"),
    [
        ("make =", "maker =", 1, "add it"),
        ('make = "Maker"', 'make = "Maker"\nmaker = "x"', 5, "check the spelling"),
        ('kind = "meter"', 'kind = "toaster"', 3, "use one of"),
        ("port = 502", 'port = "502"', 7, "use 1 to 65535"),
        ("port = 502", "port = 70000", 7, "use 1 to 65535"),
        ('evidence = "simulated"', 'evidence = "believed"', 11, "use one of documented, simulated"),
        ("[limits.power]", "[limits.powr]", 14, "canonical point name"),
        ("range_high = 100", "range_high = -1", 15, "order them"),
        ("range_high = 100", "range_hihg = 100", 16, "check the spelling"),
        ('point = "voltage"\npart = "L1"', 'point = "power"', 23, "another part"),
        ('part = "L1"', 'prat = "L1"', 24, "check the spelling"),
        ("address = 12", "address = 70000", 25, "use 0 to"),
        ("address = 12", "", 22, "add it"),
        ('type = "u32"', 'type = "u33"', 26, "use one of"),
        ('type = "u32"', 'type = "u32"\nbit = 3', 27, 'use type = "u16"'),
        ('point = "voltage"', 'point = "leak"', 22, "map numbers to dry, leak, unknown"),
        ('type = "u32"', 'type = "u32"\nrepeat = 3', 24, "write {n}"),
        ('type = "u32"', 'type = "u32"\nscale = "0.1"', 27, "without quotes"),
    ],
)  # fmt: skip
def test_that_a_wrong_profile_is_refused_with_file_line_and_remedy(old: str, new: str, line: int, remedy: str) -> None:
    text = METER.replace(old, new, 1)
    assert text != METER
    with pytest.raises(ProfileError, match=re.escape(remedy)) as caught:
        parse_profile(text, "meter.toml")
    assert f"meter.toml, line {line}:" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[profile", "no valid TOML"),
        ("a = 1\na = 2", "no valid TOML"),
        (METER.replace('id = "meter"', 'id = "other"'), "not the name of the file"),
        (METER[: METER.index("[[options")], "names no register"),
        (METER.replace("modbus-tcp", "snmp"), "options"),
        (METER + "\n[extra]\n", "not a key"),
    ],
)
def test_that_what_is_no_profile_is_refused(text: str, words: str) -> None:
    with pytest.raises(ProfileError, match=words):
        parse_profile(text, "meter.toml")


def test_that_a_model_stands_in_a_profile_once() -> None:
    model = (
        '[[model]]\nmatch = "A"\nhashrate = 1\npower = 1\nboards = 3\nchips = 9\nchip_columns = 3\ncooling = "air"\n'
    )
    text = MINER.replace('id = "miner"', 'id = "m"')
    assert parse_profile(text + model, "m.toml").model(" a ") is not None
    with pytest.raises(ProfileError, match="twice"):
        parse_profile(text + model + model, "m.toml")


def test_that_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProfileError, match=r"bad\.toml.*UTF-8"):
        read_profiles(tmp_path)


def test_that_the_product_brings_the_first_families() -> None:
    profiles = load_profiles()
    assert {"antminer-stock", "apc-rpdu2", "apc-rpdu", "generic-cdu", "carlo-gavazzi-em24"} <= set(profiles)
    stock = profiles["antminer-stock"]
    assert stock.kind is DeviceKind.MINER
    assert stock.evidence is Evidence.REPLAYED
    chip = stock.limits["chip_temp"]
    assert (chip.normal_low, chip.normal_high, chip.alarm_high, chip.trip_high) == (50, 65, 75, 80)
    for model in stock.models:
        assert model.chips % model.chip_columns == 0, f"{model.match}: the picture has a ragged row"
        assert 9 < model.power / model.hashrate < 140, f"{model.match}: J/TH on the nameplate"


def test_that_every_profile_opens_a_driver_that_has_sent_nothing_yet() -> None:
    for profile in load_profiles().values():
        assert profile.driver in DRIVERS
        driver = open_driver(profile, Address("127.0.0.1", profile.port), Access(Connections()))
        assert driver.profile is profile


def test_that_a_driver_that_does_not_exist_is_named_with_the_ones_that_do() -> None:
    profile = parse_profile(METER.replace('driver = "meter"', 'driver = "metre"'), "meter.toml")
    with pytest.raises(ProfileError, match="'metre' is no driver; use one of"):
        open_driver(profile, Address("127.0.0.1", 502), Access(Connections()))
