"""What FluxOS's answers mean. Shapes are those of recorded replies of an AT1500; names and serials are invented."""

from collections.abc import Mapping
from typing import Any

import pytest

from drivers.core.device import Tier
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Reading, Report, Source
from drivers.family import Clue
from drivers.miners.auradine.driver import identity_of, is_fluxos, recognise, report
from drivers.miners.reporter import Reporter
from drivers.miners.web_pages import Pages
from drivers.transports.cgminer import Answers

AURADINE = load_profiles()["auradine"]
OPEN: dict[str, Any] = {
    "summary": {
        "SUMMARY": [
            {
                "Accepted": 3310,
                "Elapsed": 56696,
                "Hardware Errors": 0,
                "MHS 15m": 8245002.4,
                "MHS 5s": 20599767.2,
                "MHS av": 7970630.0,
                "Rejected": 1,
            }
        ]
    },
    "devs": {
        "DEVS": [
            {"ID": 1, "MHS 5s": 6800000.0, "Temperature": 28.25},
            {"ID": 2, "MHS 5s": 6900000.0, "Temperature": 29.06},
        ]
    },
    "pools": {
        "POOLS": [
            {
                "POOL": 0,
                "Status": "Alive",
                "Stratum Active": True,
                "URL": "stratum+tcp://pool.example.invalid:3333",
                "User": "rig.1",
            },
            {
                "POOL": 1,
                "Status": "Dead",
                "Stratum Active": False,
                "URL": "stratum+tcp://b.example.invalid:1",
                "User": "rig.1",
            },
        ]
    },
    "asccount": {"ASCCount": [{"AsicCount": 396, "BoardCount": 3}]},
    "version": {"VERSION": [{"API": "1.0", "GCMiner": "0.5"}]},
}
PAGES: dict[str, Any] = {
    "/psu": {
        "PSU": [
            {
                "FanSpeed1": "4052.00 RPM",
                "Iin": "0.28A",
                "PowerIn": "58.94W",
                "PowerOut": "0.00W",
                "Vin": "245.00V",
                "Vout": "11.53V",
            }
        ]
    },
    "/fan": {
        "Fan": [
            {"ID": 1, "Max": 7700, "Speed": 7080, "Target": 7000},
            {"ID": 4, "Max": 7700, "Speed": 0, "Target": 7000},
        ]
    },
    "/temperature": {
        "Temperature": [
            {"BoardTemp": [{"ID": 0, "Temperature": 24.9}], "ChipTemp": None, "ID": 0, "Name": "Control Board"},
            {
                "BoardTemp": [{"ID": 0, "Temperature": 21.5}, {"ID": 3, "Temperature": 41.5}],
                "ChipTemp": [{"ID": 0, "Temperature": 45.8}, {"ID": 1, "Temperature": 46.2}],
                "ID": 1,
                "Name": "Hash Board 1",
            },
        ]
    },
    "/mode": {"Mode": [{"Mode": "custom", "Power": 2000, "Sleep": "off", "Ths": 160}]},
    "/led": {"LED": [{"Code": 2, "LED1": 1, "LED2": 1, "Msg": "Normal"}]},
    "/frequency": {
        "Frequency": [{"ChipFrequency": [{"Frequency": 281.25, "ID": 0}, {"Frequency": 247.75, "ID": 1}], "ID": 1}]
    },
    "/ipreport": {
        "IPReport": [
            {
                "HBSerialNo": ["HBX", "HBY"],
                "SerialNo": "AU0001",
                "hostname": "flux",
                "mac": "02:00:5e:00:00:02",
                "model": "AT1500",
                "version": "2023-12.27",
            }
        ]
    },
}


def read(open_: Mapping[str, Any] = OPEN, pages: Mapping[str, Any] = PAGES) -> Report:
    answers = Answers(open_, False, 1.0, 2.0)
    return report(answers, Pages("miner:8080", found=dict(pages), answered=3.0), Reporter(AURADINE), Tier.FULL)


def readings(found: Report) -> Mapping[tuple[str, str], Reading]:
    return {(item.point, item.part): item for item in found.readings()}


def with_mode(**fields: object) -> dict[str, Any]:
    return PAGES | {"/mode": {"Mode": [PAGES["/mode"]["Mode"][0] | fields]}}


def with_summary(**fields: object) -> dict[str, Any]:
    row = {key: value for key, value in (OPEN["summary"]["SUMMARY"][0] | fields).items() if value is not None}
    return OPEN | {"summary": {"SUMMARY": [row]}}


def test_that_the_answers_give_what_a_person_reads_out_of_them() -> None:
    found = read()
    values = {key: item.value for key, item in readings(found).items() if item.value is not None}
    expected = {
        ("hashrate", ""): 20.5997672,
        ("hashrate_avg", ""): 8.2450024,
        ("hashrate", "2"): 6.9,
        ("board_temp", "1"): 41.5,
        ("board_temp", "2"): 29.06,
        ("board_temp", "control"): 24.9,
        ("chip_temp", "1"): 46.2,
        ("power", ""): 58.94,
        ("power_limit", ""): 2000,
        ("voltage", "input"): 245.0,
        ("current", "input"): 0.28,
        ("fan_speed", "1"): 7080,
        ("fan_speed", "4"): 0,
        ("fan_speed", "psu1"): 4052,
        ("chips", ""): 396,
        ("frequency", "1"): 264.5,
        ("hw_errors", ""): 0,
        ("accepted", ""): 3310,
        ("uptime", ""): 56696,
        ("pool_state", "1"): 1,
        ("pool_state", "2"): 0,
        ("faults", ""): 0,
    }
    assert {key: values.get(key) for key in expected} == pytest.approx(expected)
    assert ("chip_temp", "control") not in values
    assert found.texts["serial.2"] == "HBY"
    assert found.texts["pool"] == "stratum+tcp://pool.example.invalid:3333"
    assert (found.asked, found.answered) == (1.0, 3.0)


@pytest.mark.parametrize(
    ("open_", "pages", "state"),
    [
        (OPEN, PAGES, DeviceState.HASHING),
        (OPEN, with_mode(Sleep="on"), DeviceState.ASLEEP),
        (OPEN, with_mode(Sleep=True), DeviceState.ASLEEP),
        (with_summary(**{"MHS 5s": 0, "Elapsed": 20}), PAGES, DeviceState.BOOTING),
        (with_summary(**{"MHS 5s": 0}), PAGES, DeviceState.IDLE),
        (with_summary(**{"MHS 5s": 0}), PAGES | {"/led": {"LED": [{"Code": 4}]}}, DeviceState.STOPPED),
        (with_summary(**{"MHS 5s": None}), PAGES, DeviceState.UNKNOWN),
    ],
)
def test_that_the_state_is_what_mode_and_rate_say(
    open_: Mapping[str, Any], pages: Mapping[str, Any], state: DeviceState
) -> None:
    assert read(open_, pages).state is state


@pytest.mark.parametrize(("code", "faults"), [(2, 0), (3, 0), (4, 1), (8, 1)])
def test_that_a_fault_shown_by_the_led_is_a_fault_and_locating_is_none(code: int, faults: int) -> None:
    found = read(pages=PAGES | {"/led": {"LED": [{"Code": code}]}})
    assert readings(found)["faults", ""].value == faults
    assert ("faults" in found.texts) is bool(faults)


def test_that_newer_firmware_tells_its_power_on_the_open_port() -> None:
    found = readings(read(with_summary(Wattage=3321.0), {}))
    assert (found["power", ""].value, found["power", ""].source) == (3321, Source.ESTIMATED)
    assert ("power_limit", "") not in found


def test_that_without_pages_nothing_is_made_up() -> None:
    found = readings(read(pages={}))
    assert ("power", "") not in found
    assert ("fan_speed", "1") not in found
    assert found["hashrate", "1"].value == pytest.approx(6.8)


@pytest.mark.parametrize("left_out", sorted(PAGES))
def test_that_any_page_may_be_missing(left_out: str) -> None:
    assert read(pages={key: page for key, page in PAGES.items() if key != left_out}).state is DeviceState.HASHING


def test_that_five_boards_are_five_boards() -> None:
    boards = [{"ID": at, "MHS 5s": 1e6} for at in range(1, 6)]
    assert readings(read(OPEN | {"devs": {"DEVS": boards}}))["hashrate", "5"].value == 1


@pytest.mark.parametrize(
    ("version", "is_one"),
    [
        ({"VERSION": [{"API": "1.0", "GCMiner": "0.5"}]}, True),
        ({"STATUS": [{"STATUS": "S", "Description": "FluxOS-2024-06.11-x"}], "VERSION": [{"API": "1.0"}]}, True),
        ({"VERSION": [{"API": "3.7", "CGMiner": "4.11"}]}, False),
        ({}, False),
    ],
)
def test_that_it_is_recognised_by_its_version(version: Mapping[str, Any], is_one: bool) -> None:
    assert is_fluxos(version) is is_one
    assert recognise(Clue(Address("miner", 4028), version)) is is_one


def test_that_without_the_page_the_identity_has_model_and_miner_only() -> None:
    answers = Answers(OPEN | {"devdetails": {"DEVDETAILS": [{"Model": "AT1500"}]}}, False, 1.0, 2.0)
    identity = identity_of(answers, {}, AURADINE)
    assert (identity.model, identity.firmware, identity.mac) == ("AT1500", "GCMiner 0.5", "")
