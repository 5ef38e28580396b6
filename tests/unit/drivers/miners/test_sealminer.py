"""What a SealMiner's one row means: boards and fans by their numbers, states, faults, and values that cannot be."""

import math
from collections.abc import Mapping
from typing import Any

import pytest

from drivers.core.device import Tier
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Reading, Report, Source
from drivers.miners.sealminer.parser import SealminerParser
from drivers.transports.cgminer import Answers

SEALMINER = load_profiles()["sealminer"]


def report_of(row: Any, **sections: Any) -> Report:
    told: dict[str, Any] = {"stats": {"STATS": [row]}}
    return SealminerParser(SEALMINER).report(Answers(told | sections, False, 1.0, 2.0), Tier.FULL)


def readings(report: Report) -> Mapping[tuple[str, str], Reading]:
    return {(reading.point, reading.part): reading for reading in report.readings()}


def test_that_the_rate_is_that_of_half_a_minute_and_not_what_counts_shares() -> None:
    row = {"MHS(30s)": 220e6, "MHS(Sample)": 219e6, "MHS(Avg)": 218e6}
    found = readings(report_of(row, summary={"SUMMARY": [{"MHS 5s": 368e6, "MHS av": 200e6}]}))
    assert (found["hashrate", ""].value, found["hashrate_avg", ""].value) == (220, 218)


@pytest.mark.parametrize(
    ("row", "nominal", "source"),
    [
        ({"MHS(Ideal)": 210e6, "MHS(Rated)": 222e6}, 210, Source.ESTIMATED),
        ({"MHS(Rated)": 222e6}, 222, Source.NAMEPLATE),
    ],
    ids=["at the frequency in force", "as it is rated"],
)
def test_that_a_rate_at_the_frequency_in_force_is_an_estimate_and_a_rated_one_a_nameplate(
    row: Mapping[str, float], nominal: float, source: Source
) -> None:
    found = readings(report_of({"Firmware": "2025091001", **row}))["hashrate_nominal", ""]
    assert (found.value, found.source) == (nominal, source)


def test_that_a_summary_alone_is_read() -> None:
    report = report_of({}, summary={"SUMMARY": [{"MHS 1m": 200e6, "MHS av": 190e6, "Elapsed": 5, "Accepted": "7"}]})
    found = readings(report)
    assert report.state is DeviceState.HASHING
    assert (found["hashrate", ""].value, found["uptime", ""].value, found["accepted", ""].value) == (200, 5, 7)
    assert found["faults", ""].quality is Quality.NOT_REPORTED


def test_that_any_number_of_boards_is_read_and_a_fan_of_the_same_number_is_none() -> None:
    row: dict[str, Any] = {f"{at} Chip Count": 153 for at in range(4)} | {f"{at} Speed": 3700 for at in range(5)}
    found = readings(report_of(row | {"Board Count": 4}))
    assert [found["chips", str(slot)].value for slot in (1, 2, 3, 4)] == [153] * 4
    assert ("chips", "5") not in found
    assert found["fan_speed", "5"].value == 3700


def test_that_a_board_which_is_counted_and_tells_nothing_is_a_board() -> None:
    found = readings(report_of({"Board Count": 3, "0 Chip Count": 153, "2 Chip Count": 153}))
    assert found["chips", "2"].quality is Quality.NOT_REPORTED


def test_that_the_hottest_of_a_boards_sensors_is_told_and_no_chip_is_given_a_temperature() -> None:
    found = readings(report_of({"0 Chip Count": 1, "0 Temp 0": 55, "0 Temp 1": 0, "0 Temp 2": "70", "0 Temp 3": -273}))
    assert (found["board_temp", "1"].value, found["board_temp", "1"].source) == (70, Source.PCB)
    assert found["chip_temp", "1"].quality is Quality.NOT_REPORTED


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"PM State": "Running", "MHS(30s)": 1e6, "Tune Status": "Fine Tuning Done"}, DeviceState.HASHING),
        ({"PM State": "Running", "MHS(30s)": 1e6, "Tune Status": "Coarse Tuning"}, DeviceState.TUNING),
        ({"PM State": "Running", "MHS(30s)": 0, "Tune Status": ""}, DeviceState.IDLE),
        ({"PM State": "Suspended", "MHS(30s)": 1e6}, DeviceState.ASLEEP),
        ({"PM State": "Booting", "MHS(30s)": 0}, DeviceState.BOOTING),
        ({"PM State": "Over Temp Protect", "MHS(30s)": 0}, DeviceState.STOPPED),
        ({"PM State": "Running"}, DeviceState.UNKNOWN),
    ],
)
def test_that_the_state_is_what_the_firmware_says(row: Mapping[str, Any], state: DeviceState) -> None:
    assert report_of(row).state is state


def test_that_error_codes_bad_chips_and_boards_that_are_away_are_faults() -> None:
    row = {
        "Error Code": "101, 0", "PSU Error": "0x00000010", "0 Online": False, "1 Bad Chip Count": 2, "1 Online": True,
        "0 Bad Chip Count": 0,
    }  # fmt: skip
    report = report_of(row)
    expected = "error 101; power supply error 0x00000010; board 1 is offline; board 2: 2 bad chips"
    assert report.texts["faults"] == expected
    assert readings(report)["faults", ""].value == 4


@pytest.mark.parametrize("supply", ["0x00000000", "0", "", None])
def test_that_a_power_supply_without_an_error_is_no_fault(supply: object) -> None:
    assert "faults" not in report_of({"PSU Error": supply, "Firmware": "1"}).texts


@pytest.mark.parametrize("junk", [None, 5, [], {}, "x", {"0 Chip Count": [], "99 SN": 1, "Board Count": 1e12}])
def test_that_junk_gives_a_report_without_values(junk: Any) -> None:
    report = report_of(junk, summary={"SUMMARY": junk}, pools={"POOLS": [junk]})
    known = {"faults", "pool_state"}
    assert all(
        math.isnan(value)
        for signal, value in zip(report.layout.signals, report.values, strict=True)
        if signal.point not in known
    )
