"""The site file: read with every problem named, written so that it reads the same, identities kept."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.domain.inventory import Calendar, Contract, CredentialGroup, Device, Feed, Link, Loop, Site, SnmpAccess
from console.exchange.problems import ExchangeError
from console.exchange.site_csv import read_devices, write_devices
from console.exchange.site_file import read_site, write_site
from drivers.core.identity import Address, DeviceKind

GOOD = """\
# A small site.
[site]
name = "Pecos-2"
zone = "America/Chicago"
rated_mw = 10.2
target_hashrate = 318000            # TH/s

[[device]]
name = "T14-118"
kind = "miner"
address = "10.31.14.118:4028"
profile = "antminer-stock"
place = "B/T14/10/1"
mac = "02-00-00-00-00-01"

[[device]]
name = "PDU-28"
kind = "pdu"
address = "10.31.0.28:161"
snmp = { version = "2c", secret = "snmp-read" }

[[device]]
name = "PLC-B"
kind = "plant"
address = "10.31.0.9:502"
unit = 3

[[loop]]
name = "LOOP-B"
plant = ["PLC-B"]
cools = [
    "B/T14",   # a tank
    "PDU-28",
]

[[feed]]
from = "PDU-28/14"
to = "T14-118"
verified = 2026-05-12

[[link]]
from = "SW-05/17"
to = "T14-118"

[contract]
tier = "platinum"
calendar = { days = "Mon-Fri", hours = "08:00-17:00", holidays = ["2026-11-26"] }

[simulation]
anything = [1, 2]

[[fault]]
whatever = true
"""


def problems_of(text: str) -> list[tuple[int, str]]:
    with pytest.raises(ExchangeError) as caught:
        read_site(text)
    return [(problem.line, problem.text) for problem in caught.value.problems]


def test_that_the_site_file_of_the_design_is_read() -> None:
    site = read_site(GOOD)
    assert (site.name, site.zone, site.rated_mw, site.target_hashrate) == ("Pecos-2", "America/Chicago", 10.2, 318000)
    miner, pdu, plant = site.devices
    assert miner.address == Address("10.31.14.118", 4028)
    assert (miner.place, miner.profile, miner.mac) == ("B/T14/10/1", "antminer-stock", "02:00:00:00:00:01")
    assert pdu.snmp == SnmpAccess("2c", "snmp-read")
    assert plant.unit == 3
    assert site.loops == (Loop("LOOP-B", ("PLC-B",), ("B/T14", "PDU-28")),)
    assert site.feeds == (Feed("PDU-28/14", "T14-118", date(2026, 5, 12)),)
    assert site.links == (Link("SW-05/17", "T14-118"),)
    assert site.contract == Contract("platinum", Calendar(holidays=(date(2026, 11, 26),)))
    assert len({device.id for device in site.devices}) == 3


LOGINS = (
    GOOD.replace("unit = 3", 'unit = 3\nlogin = "plc"\nweb_port = 8080')
    + """
[[credential]]
entry = "hall-b"
profile = "antminer-stock"
place = "B/"

[[credential]]
entry = "whole-site"
"""
)


def test_that_names_of_logins_are_read_for_devices_and_for_groups() -> None:
    site = read_site(LOGINS)
    assert (site.devices[2].login, site.devices[2].web_port) == ("plc", 8080)
    assert site.credentials == (CredentialGroup("hall-b", "antminer-stock", "B"), CredentialGroup("whole-site"))
    assert read_site(write_site(site), existing=site) == site
    assert read_devices(write_devices(site), site) == site


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('entry = "whole-site"', "", 'lacks "entry"'),
        ('entry = "whole-site"', 'entry = "a"\n[[credential]]\nentry = "b"', "already stands in line 62"),
        ('place = "B/"', 'plase = "B/"', 'did you mean "place"'),
        ("web_port = 8080", "web_port = 80800", "from 1 to 65535"),
        ("web_port = 8080", 'web_port = "8080"', "from 1 to 65535"),
    ],
)
def test_that_wrong_names_of_logins_are_refused(old: str, new: str, part: str) -> None:
    assert old in LOGINS
    (problem,) = problems_of(LOGINS.replace(old, new, 1))
    assert part in problem[1]


def test_that_what_is_written_reads_the_same() -> None:
    site = read_site(GOOD)
    assert read_site(write_site(site), existing=site) == site


def test_that_every_problem_is_named_with_its_line_and_remedy() -> None:
    text = (
        GOOD.replace('profile = "antminer-stock"', 'adress = "x"')
        .replace('zone = "America/Chicago"', 'zone = "America/Chicgo"')
        .replace('to = "T14-118"\nverified', 'to = "T14-119"\nverified')
        .replace('kind = "plant"', 'kind = "plnt"')
        .replace("[[loop]]", "[loop]")
    )
    found = problems_of(text)
    assert (4, '"America/Chicgo" is no time zone; did you mean "America/Chicago"?') in found
    assert (12, '"adress" means nothing in [device]; did you mean "address"?') in found
    assert (24, '"plnt" is no kind of device; did you mean "plant"?') in found
    assert (28, "write [[loop]] with double brackets") in found
    assert any(line == 36 and '"T14-119"' in words and '"T14-118"' in words for line, words in found)


@pytest.mark.parametrize(
    ("old", "new", "line", "part"),
    [
        ('name = "PLC-B"', 'name = "PDU-28"', 22, 'name "PDU-28" already belongs to another device in line 16'),
        ('"10.31.0.28:161"', '"10.31.14.118:4028"', 16, 'address "10.31.14.118:4028" already belongs to "T14-118"'),
        ('"10.31.0.28:161"', '"10.31.0.28"', 19, "host:port"),
        ('cools = [\n    "B/T14",', 'cools = [\n    "B/T15",', 28, 'nothing stands at "B/T15"'),
        ('plant = ["PLC-B"]', 'plant = ["PDU-28"]', 28, "cannot drive a loop"),
        ("rated_mw = 10.2", 'rated_mw = "10.2"', 5, "must be a number"),
        ("rated_mw = 10.2\n", "", 2, 'lacks "rated_mw"'),
        ("unit = 3", "unit = 300", 26, "from 1 to 247"),
        ("verified = 2026-05-12", "verified = 2026-13-12", 39, "no TOML"),
        ("verified = 2026-05-12", 'verified = "May"', 39, "must be a date"),
        ('version = "2c"', 'version = "2"', 20, "no SNMP version"),
        ('hours = "08:00-17:00"', 'hours = "17:00-08:00"', 47, "business hours"),
        ('days = "Mon-Fri"', 'days = "Mon-Fry"', 47, "no day"),
        ('tier = "platinum"', 'tier = "platinum"\ntier = "gold"', 47, "already given in line 46"),
        ("[contract]", "[contrakt]", 45, 'did you mean "contract"?'),
        ("[site]", "name = 1\n[site]", 2, "before the first table"),
        ('from = "PDU-28/14"', 'from = "PDU-29/14"', 36, "no device of this file"),
        ("[[link]]", '[[feed]]\nfrom = "PDU-28/14"\nto = "T14-118"\n\n[[link]]', 41, "already stands in line 36"),
        ("plant = [", "plant = [[", 30, "no TOML"),
    ],
)
def test_that_a_wrong_entry_is_refused_where_it_stands(old: str, new: str, line: int, part: str) -> None:
    assert old in GOOD
    found = problems_of(GOOD.replace(old, new, 1))
    assert any(at == line and part in text for at, text in found), found


def test_that_an_unknown_profile_is_refused_where_profiles_are_known() -> None:
    assert read_site(GOOD, profiles={"antminer-stock"}).devices
    with pytest.raises(ExchangeError, match=r'site file:12: there is no profile .* did you mean "antminer-stok"'):
        read_site(GOOD, profiles={"antminer-stok"})


def test_that_a_file_is_named_in_its_problems(tmp_path: Path) -> None:
    path = tmp_path / "pecos.toml"
    path.write_text("[site]\nnam = 1\n", encoding="utf-8")
    with pytest.raises(ExchangeError, match=r"pecos\.toml:2: "):
        read_site(path)
    path.write_bytes(b"\xff\xfe[site]")
    with pytest.raises(ExchangeError, match="UTF-8"):
        read_site(path)


def test_that_devices_keep_their_identity_by_what_stays_the_same() -> None:
    site = read_site(GOOD)
    miner, pdu, plant = site.devices
    renamed = read_site(GOOD.replace('"T14-118"', '"T14-200"'), existing=site)
    assert [device.id for device in renamed.devices] == [miner.id, pdu.id, plant.id]
    readdressed = read_site(GOOD.replace("10.31.0.28:161", "10.31.0.29:1161"), existing=site)
    assert readdressed.devices[1].id == pdu.id
    assert readdressed.id == site.id


def test_that_an_exchanged_asset_gets_a_new_identity_and_found_facts_stay() -> None:
    site = read_site(GOOD)
    found = replace(site.devices[1], serial="ZA1", profile="apc-rpdu2", model="AP8953")
    known = replace(site, devices=(site.devices[0], found, site.devices[2]))
    assert read_site(GOOD, existing=known).devices[1] == found
    other = GOOD.replace('name = "PDU-28"\n', 'name = "PDU-28"\nserial = "ZA2"\n', 1)
    exchanged = read_site(other, existing=known).devices[1]
    assert exchanged.id != found.id
    assert exchanged.model == ""


def test_that_csv_carries_the_device_table_and_keeps_the_rest() -> None:
    site = read_site(GOOD)
    assert read_devices(write_devices(site), site) == site


def test_that_a_device_table_without_a_column_leaves_what_it_cannot_speak_of() -> None:
    site = read_site(GOOD)
    taken = read_devices("name,kind,address\nT14-118,miner,10.31.14.119:4028\nPDU-28,pdu,10.31.0.28:161\n"
                         "PLC-B,plant,10.31.0.9:502\n", site)  # fmt: skip
    moved = replace(site.devices[0], address=Address("10.31.14.119", 4028))
    assert taken == replace(site, devices=(moved, *site.devices[1:]))


def test_that_a_formula_in_a_cell_is_disarmed_and_read_back() -> None:
    site = read_site(GOOD)
    evil = replace(site.devices[0], asset="=HYPERLINK(1)", model="'quoted")
    site = replace(site, devices=(evil, *site.devices[1:]))
    text = write_devices(site)
    assert "'=HYPERLINK" in text
    assert read_devices(text, site) == site


def test_that_csv_problems_name_their_lines() -> None:
    site = read_site(GOOD)
    text = write_devices(site) + "X,gizmo,10.0.0.1:1,,,,,,,,,,,\r\nY,miner\r\nT14-118,miner,10.0.0.2:1,,,,,,,,,,,\r\n"
    with pytest.raises(ExchangeError) as caught:
        read_devices(text, site)
    lines = {problem.line: problem.text for problem in caught.value.problems}
    assert "no kind of device" in lines[5]
    assert "2 cells" in lines[6]
    assert "already belongs" in lines[7]
    with pytest.raises(ExchangeError, match='no column "adress"'):
        read_devices("name,kind,adress\n", site)


WORD = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), min_size=1, max_size=12).filter(
    lambda text: text == text.strip() and text.strip("/") == text and "\x85" not in text
)


@given(st.lists(st.tuples(WORD, WORD, WORD), max_size=6, unique_by=lambda row: row[0]))
def test_that_any_text_survives_toml_and_csv(rows: list[tuple[str, str, str]]) -> None:
    base = read_site(GOOD)
    devices = tuple(
        Device(base.id, name, DeviceKind.MINER, Address("10.0.0.1", at + 1), place=place, asset=asset)
        for at, (name, place, asset) in enumerate(rows)
    )
    site = Site(base.id, "S", "UTC", 1.5, 2.0, devices)
    again = read_site(write_site(site), existing=site)
    assert [replace(device, id=base.id) for device in again.devices] == list(devices)
    by_csv = read_devices(write_devices(again), again)
    assert by_csv == again


@given(st.text(max_size=300))
def test_that_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        read_site(text)
    assert caught.value.problems
