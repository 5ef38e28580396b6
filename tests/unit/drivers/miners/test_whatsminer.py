"""What is made of a Whatsminer's replies: units, shapes that differ by firmware, states, faults, fans that are none.

The replies are shaped after an M20-class miner (2021), an M60S that raises its frequency (2026, pasted by an operator)
and a liquid-cooled M63S++ (2026, MiningOS); serials and users are invented.
"""

import math
from collections.abc import Mapping
from typing import Any

import pytest

from drivers.core.device import Tier
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Report, Source
from drivers.miners.whatsminer.faults import faults_in
from drivers.miners.whatsminer.parser import WhatsminerParser
from drivers.miners.whatsminer.v2_sections import facts_of, told_by
from drivers.miners.whatsminer.v3_sections import facts_of as facts_of_v3
from drivers.miners.whatsminer.v3_sections import told_by as told_by_v3
from drivers.transports.cgminer import parse

SUMMARY: Mapping[str, Any] = {
    "Elapsed": 10154,
    "MHS av": 67753251.19,
    "MHS 5s": 70668114.52,
    "HS RT": 67394800.97,
    "Factory GHS": 68796,
    "Power": 3417,
    "Power_RT": 3427,
    "Power Limit": 3500,
    "Power Mode": "Normal",
    "Fan Speed In": 6450,
    "Fan Speed Out": 6480,
    "Power Fanspeed": 9060,
    "Chip Temp Max": 92.5,
    "Temperature": 71.5,
    "Hardware Errors": 69,
    "Liquid Cooling": False,
    "freq_avg": 648,
}
BOARD: Mapping[str, Any] = {
    "Slot": 0,
    "Status": "Alive",
    "MHS 5s": 20053438.74,
    "MHS av": 22650215.07,
    "Temperature": 70.0,
    "Chip Temp Max": 90.0,
    "Chip Frequency": 650,
    "Effective Chips": 105,
    "PCB SN": "HXX14S69129A17K10095",
    "Upfreq Complete": 1,
}
LIQUID: Mapping[str, Any] = {
    "elapsed": 2489,
    "factory-hash": 560.974,
    "hash-average": 496.471,
    "hash-realtime": 520.003,
    "power-5min": 7505.937,
    "power-realtime": 7478,
    "environment-temperature": 41.3,
    "board-temperature": [57, 57, 48.5, 48.5],
    "chip-temp-max": 66.3,
    "power-limit": 8085,
    "up-freq-finish": 1,
    "fan-speed-in": 0,
    "fan-speed-out": 0,
}


def read_v2(tier: Tier = Tier.FULL, /, parser: WhatsminerParser | None = None, **sections: Any) -> Report:
    told = told_by(sections, facts_of(sections), repaired=False)
    return (parser or WhatsminerParser(load_profiles()["whatsminer-v2"])).report(told, tier, 1.0, 2.0)


def read_v3(status: Mapping[str, Any], device: Mapping[str, Any]) -> Report:
    told = told_by_v3(status, device, {}, facts_of_v3(device), repaired=False)
    return WhatsminerParser(load_profiles()["whatsminer-v3"]).report(told, Tier.FULL, 1.0, 2.0)


def summary(**changes: Any) -> dict[str, Any]:
    return {"STATUS": [{"STATUS": "S"}], "SUMMARY": [{**SUMMARY, **changes}], "id": 1}


def boards(*rows: Mapping[str, Any]) -> dict[str, Any]:
    return {"STATUS": [{"STATUS": "S"}], "DEVS": [{**BOARD, **row} for row in rows], "id": 1}


def wrapped(content: object) -> dict[str, Any]:
    return {"STATUS": "S", "When": 1, "Code": 131, "Msg": content, "Description": ""}


def value(report: Report, point: str, part: str = "") -> float:
    return report.values[report.layout.index[point, part]]


def test_that_an_old_miner_reads_in_full() -> None:
    report = read_v2(summary=summary(), devs=boards({}, {"Slot": 1}, {"Slot": 2}))
    assert report.state is DeviceState.HASHING
    assert value(report, "hashrate") == pytest.approx(67.3948)
    assert value(report, "hashrate_nominal") == pytest.approx(68.796)
    nominal = report.layout.signals[report.layout.index["hashrate_nominal", ""]]
    assert nominal.source is Source.NAMEPLATE, "the rate of the factory, not one that was measured"
    assert value(report, "power") == 3417
    assert value(report, "hashrate", "1") == pytest.approx(20.05343874)
    assert value(report, "fan_speed", "psu") == 9060
    assert value(report, "hw_errors") == 69
    assert report.texts["serial.2"] == BOARD["PCB SN"]


@pytest.mark.parametrize(
    ("rate", "quality"),
    [
        (67394800.97, Quality.GOOD),
        (67.39480097, Quality.GOOD),
        ("67394800.97", Quality.GOOD),
        (67394.80097, Quality.SUSPECT),
        (67394800970000.0, Quality.NOT_REPORTED),
    ],
    ids=["MH/s", "TH/s", "text", "GH/s", "absurd"],
)
def test_that_a_rate_under_an_old_name_is_judged_by_its_size(rate: object, quality: Quality) -> None:
    row = {key: item for key, item in SUMMARY.items() if not key.startswith("MHS")}
    report = read_v2(summary={"SUMMARY": [{**row, "HS RT": rate}]})
    at = report.layout.index["hashrate", ""]
    assert report.quality[at] == quality
    if quality is Quality.GOOD:
        assert report.values[at] == pytest.approx(67.3948)


def test_that_the_newest_shape_is_read_with_rates_in_both_units() -> None:
    told = {
        "Elapsed": 884.01,
        "MHS av": 111337976,
        "HS RT": 140544208,
        "Fan Speed In": 3764,
        "Power": 3173.4533,
        "Hash Stable": "false",
        "Env Temp": 28.687,
        "Factory GHS": 165848,
        "Chip Temp Max": 84.19,
    }
    rows = [
        {
            "Slot": slot,
            "Temperature": 73.88,
            "HS RT": 45.61,
            "Factory GHS": 56792,
            "Upfreq Complete": 0,
            "Effective Chips": 215,
        }
        for slot in range(3)
    ]
    report = read_v2(summary=wrapped(told), edevs={"STATUS": [{"STATUS": "S", "Msg": "3 ASC(s)"}], "DEVS": rows})
    assert report.state is DeviceState.TUNING, "the firmware says that it still raises the frequency"
    assert value(report, "hashrate") == pytest.approx(140.544208)
    assert value(report, "hashrate", "1") == pytest.approx(45.61)
    assert value(report, "hashrate_nominal", "1") == pytest.approx(56.792)
    assert value(report, "chip_temp") == pytest.approx(84.19), "the boards tell none of their own"
    assert value(report, "board_temp", "3") == pytest.approx(73.88)


def test_that_a_liquid_cooled_miner_of_four_boards_has_no_fans_and_one_coolant_sensor() -> None:
    rows = [{"id": slot, "slot": slot, "hash-realtime": 130.0, "effective-chips": 288} for slot in range(4)]
    device = {
        "miner": {"working": "true", "type": "M63S++_VM30", "miner-sn": "BTX0001"},
        "system": {"api": "3.0.5", "fwversion": "20260312.16.REL3"},
        "power": {"liquid-temperature": 44.1, "fanspeed": 6000},
        "error-code": [],
    }
    report = read_v3({"summary": LIQUID, "edevs": rows}, device)
    assert report.state is DeviceState.HASHING
    assert [value(report, "board_temp", str(part)) for part in (1, 2, 3, 4)] == [57, 57, 48.5, 48.5]
    assert value(report, "inlet_temp", "liquid") == 44.1
    assert report.layout.signals[report.layout.index["inlet_temp", "liquid"]].source is Source.COOLANT
    assert not {("fan_speed", "in"), ("fan_speed", "out")} & set(report.layout.index)
    assert value(report, "fan_speed", "psu") == 6000
    assert value(report, "power") == 7478


def test_that_a_fan_that_stands_still_and_is_complained_of_is_shown() -> None:
    faults = wrapped({"error_code": [{"110": "2024-06-15 09:15:00"}]})
    parser = WhatsminerParser(load_profiles()["whatsminer-v2"])
    read_v2(parser=parser, summary=summary(), get_error_code=faults)
    report = read_v2(parser=parser, summary=summary(**{"Fan Speed In": 0, "Fan Speed Out": 0}), get_error_code=faults)
    assert value(report, "fan_speed", "in") == 0


def test_that_zero_degrees_are_no_temperature() -> None:
    row = {"Temperature": 0, "Chip Temp Max": 0.0}
    report = read_v2(summary=summary(**{"Env Temp": 0, "Chip Temp Max": 0, "Temperature": 0}), edevs=boards(row))
    for point, part in (("ambient_temp", ""), ("chip_temp", "1"), ("board_temp", "1")):
        assert report.quality[report.layout.index[point, part]] == Quality.NOT_REPORTED


@pytest.mark.parametrize("slots", [(1, 1), (0, 99), ("x", 1), (None, None)])
def test_that_boards_without_sensible_slots_are_numbered_as_they_come(slots: tuple[object, object]) -> None:
    report = read_v2(summary=summary(), edevs=boards(*({"Slot": slot, "ASC": slot} for slot in slots)))
    assert {part for point, part in report.layout.index if point == "chips"} == {"1", "2"}


def test_that_a_single_board_and_none_are_read() -> None:
    assert value(read_v2(summary=summary(), edevs=boards({"Slot": 2})), "chips", "3") == 105
    assert value(read_v2(summary=summary(), edevs={"DEVS": []}), "hashrate") > 0


@pytest.mark.parametrize(
    ("status", "rows", "state"),
    [
        ({"mineroff": "true", "mineroff_reason": "user"}, {}, DeviceState.ASLEEP),
        ({"btmineroff": "true"}, {}, DeviceState.ASLEEP),
        ({"mineroff": True, "mineroff_reason": "by whatsminer api"}, {}, DeviceState.ASLEEP),
        ({"mineroff": "true", "mineroff_reason": "power supply error"}, {}, DeviceState.STOPPED),
        ({"mineroff": "false"}, {"Status": "Initialising", "Upfreq Complete": 0}, DeviceState.BOOTING),
        ({"mineroff": "false"}, {"Upfreq Complete": 0}, DeviceState.TUNING),
        ({"mineroff": "false"}, {}, DeviceState.IDLE),
        ({}, {}, DeviceState.IDLE),
    ],
)
def test_that_a_miner_without_hashrate_is_what_its_firmware_says(
    status: Mapping[str, Any], rows: Mapping[str, Any], state: DeviceState
) -> None:
    nothing = dict.fromkeys(("HS RT", "MHS 5s", "MHS av"), 0) | {"Elapsed": 60}
    report = read_v2(summary=summary(**nothing), edevs=boards({"MHS 5s": 0, **rows}), status=wrapped(status))
    assert report.state is state
    assert value(report, "hashrate") == 0


def test_that_an_old_miner_that_has_long_raised_its_frequency_without_a_hash_is_idle() -> None:
    nothing = dict.fromkeys(("HS RT", "MHS 5s", "MHS av"), 0)
    report = read_v2(summary=summary(**nothing), edevs=boards({"MHS 5s": 0, "Upfreq Complete": 0}))
    assert report.state is DeviceState.IDLE


def test_that_a_miner_that_protects_itself_is_stopped_also_in_light_polls() -> None:
    nothing = summary(**dict.fromkeys(("HS RT", "MHS 5s", "MHS av"), 0))
    faults = wrapped({"error_code": [{"351": "2024-06-15 09:15:00"}]})
    parser = WhatsminerParser(load_profiles()["whatsminer-v2"])
    full = read_v2(parser=parser, summary=nothing, get_error_code=faults)
    fast = read_v2(Tier.FAST, parser=parser, summary=nothing)
    assert full.state is fast.state is DeviceState.STOPPED
    assert fast.texts["faults"] == "351: slot 1: stopped, too hot"


def test_that_a_stopped_program_leaves_everything_unreported_and_a_starting_one_is_booting() -> None:
    asleep = read_v2(status=wrapped({"mineroff": "true"}))
    assert asleep.state is DeviceState.ASLEEP
    assert math.isnan(value(asleep, "hashrate"))
    assert read_v2(status=wrapped({"mineroff": "false"})).state is DeviceState.BOOTING


def test_that_chips_of_a_sleeping_miner_are_not_called_missing() -> None:
    rows = boards({"Effective Chips": 0})
    assert math.isnan(value(read_v2(summary=summary(), edevs=rows, status=wrapped({"mineroff": "true"})), "chips", "1"))
    assert value(read_v2(summary=summary(), edevs=rows, status=wrapped({"mineroff": "false"})), "chips", "1") == 0


def test_that_no_limit_is_no_limit() -> None:
    for limit in (99999, 0, "", None):
        report = read_v2(summary=summary(**{"Power Limit": limit}))
        assert report.quality[report.layout.index["power_limit", ""]] == Quality.NOT_REPORTED
    report = read_v2(summary=summary(**{"Power Limit": ""}), status=wrapped({"power_limit_set": "3600"}))
    assert value(report, "power_limit") == 3600


@pytest.mark.parametrize(
    ("raw", "codes"),
    [
        ([], []),
        ([{"218": "2024-06-15 10:30:00"}, {"110": "2024-06-15 09:15:00"}], ["218", "110"]),
        ({"329": "2022-01-17 11:28:11", "111": "2022-01-17 11:28:11"}, ["329", "111"]),
        (["329", "2022-01-17 11:28:11", "111", "2022-01-17 11:28:11"], ["329", "111"]),
        ([110, 110, 531.0], ["110", "531"]),
        ([{"code": 2310, "reason": "low"}], ["2310"]),
        ([{"531": "2025-03-12 14:52:35", "reason": "Slot1 not found."}], ["531"]),
        ([0, "0", None, True, {}, [], -5, 1.5, "1e9", "²"], []),
        (None, []),
        ("110", ["110"]),
        ("btminer process is down", [""]),
        ("", []),
    ],
)
def test_that_faults_are_found_in_every_shape(raw: object, codes: list[str]) -> None:
    assert [fault.code for fault in faults_in(raw)] == codes


def test_that_a_sentence_in_place_of_codes_is_a_fault_of_its_own() -> None:
    assert [str(fault) for fault in faults_in("btminer process is down")] == ["btminer process is down"]


def test_that_a_list_shaped_like_an_object_survives_the_repair_of_its_json() -> None:
    raw = b'{"STATUS":"S","Msg":{"error_code":["329":"2022-01-17 11:28:11","111":"2022-01-17 11:28:11"]}}'
    content, repaired = parse(raw, "here")
    assert repaired
    report = read_v2(summary=summary(), get_error_code=content)
    assert value(report, "faults") == 2
    assert report.texts["faults"].startswith("329: control board: no answer of the temperature sensor; 111: ")


def test_that_faults_are_told_in_words_and_unknown_ones_as_such() -> None:
    assert [str(fault) for fault in faults_in([532, 5030, 540123, 77777777, 2021])] == [
        "532: slot 2: board not found",
        "5030: slot 0: chip temperatures far apart",
        "540123: chip stopped, too hot",
        "77777777: unknown code",
        "2021: pool 1: no connection",
    ]


def test_that_codes_numbered_in_the_summary_of_version_1_count() -> None:
    told = summary(**{"Error Code Count": 2, "Error Code 0": 110, "Error Code 1": 600})
    report = read_v2(Tier.FAST, summary=told)
    assert value(report, "faults") == 2
    assert "600: surroundings too hot" in report.texts["faults"]


def test_that_shares_come_from_the_pools_where_the_summary_has_none_and_unset_pools_are_none() -> None:
    rows = [
        {"URL": "stratum+tcp://a.pool.example:3333", "User": "w", "Status": "Alive", "Accepted": 40, "Rejected": "2"},
        {"URL": "stratum+tcp://b.pool.example:3333", "User": "w", "Status": "Sick", "Accepted": 2},
        {"URL": "", "Status": "Dead"},
    ]
    report = read_v2(summary=summary(), pools={"POOLS": rows})
    assert (value(report, "accepted"), value(report, "rejected")) == (42, 2)
    assert ("stale", "") not in report.layout.index
    assert {part for point, part in report.layout.index if point == "pool_state"} == {"1", "2"}
    assert report.texts["pool"] == "stratum+tcp://a.pool.example:3333", "none is said to be in use; this one lives"


@pytest.mark.parametrize("damage", [None, 7, "x", [], [[]], {"SUMMARY": 5}, {"SUMMARY": [None]}, {"Msg": [1]}])
def test_that_sections_of_the_wrong_type_are_not_reported(damage: object) -> None:
    told = damage if isinstance(damage, dict) else {"SUMMARY": damage, "DEVS": damage, "Msg": damage}
    report = read_v2(summary=told, edevs=told, status=told)
    assert report.state is DeviceState.UNKNOWN
    assert math.isnan(value(report, "hashrate"))
