"""What a LuxOS miner's answers mean: states, faults, boards, sensors, power, pools, and values that cannot be."""

import math
from collections.abc import Mapping
from typing import Any

import pytest

from drivers.core.device import Tier
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Reading, Report, Source
from drivers.miners.luxos.parser import LuxosParser
from drivers.miners.luxos.profiles import profile_names
from drivers.transports.cgminer import Answers

LUXOS = load_profiles()["luxos"]
HASHING = {"SUMMARY": [{"GHS 5s": 100_000.0, "GHS av": 99_000.0, "Elapsed": 5000}]}
STILL = {"SUMMARY": [{"GHS 5s": 0, "GHS av": 99_000.0, "Elapsed": 5000}]}


def answers(**sections: Any) -> Answers:
    told: dict[str, Any] = {"summary": HASHING, "events": {"EVENTS": []}}
    return Answers(told | sections, False, 1.0, 2.0)


def parse(**sections: Any) -> Report:
    return LuxosParser(LUXOS).report(answers(**sections), Tier.FULL)


def readings(report: Report) -> Mapping[tuple[str, str], Reading]:
    return {(reading.point, reading.part): reading for reading in report.readings()}


def events(*codes: str) -> dict[str, Any]:
    return {"EVENTS": [{"Code": code, "Target": "MINER", "Description": "said so"} for code in codes]}


def config(**settings: Any) -> dict[str, Any]:
    return {"CONFIG": [settings]}


def boards(*rates: float, **more: Any) -> dict[str, Any]:
    return {"DEVS": [{"ID": at, "MHS 5s": rate * 1e6, "Nominal MHS": 35e6, **more} for at, rate in enumerate(rates)]}


@pytest.mark.parametrize(
    ("summary", "what", "settings", "state"),
    [
        (HASHING, (), {}, DeviceState.HASHING),
        (HASHING, ("FAN_FAILURE",), {"SystemStatus": "Normal"}, DeviceState.HASHING),
        (HASHING, ("MINER_TUNING",), {}, DeviceState.TUNING),
        (HASHING, ("SLEEP",), {}, DeviceState.ASLEEP),
        (STILL, (), {"CurtailMode": "Sleep"}, DeviceState.ASLEEP),
        (STILL, ("IDLE",), {}, DeviceState.IDLE),
        (STILL, ("OVERTEMP_PROTECTION",), {}, DeviceState.STOPPED),
        (STILL, ("NOPIC_PROTECTION",), {"SystemStatus": "Normal"}, DeviceState.STOPPED),
        (STILL, ("FAN_PANIC",), {}, DeviceState.STOPPED),
        (STILL, ("BOARD_OVERTEMP_SHUTDOWN",), {}, DeviceState.STOPPED),
        (STILL, ("SHUTDOWN_USER",), {}, DeviceState.IDLE),
        (STILL, ("REBOOT_SYSINIT",), {}, DeviceState.BOOTING),
        (STILL, (), {"SystemStatus": "Initializing"}, DeviceState.BOOTING),
        (STILL, (), {"SystemStatus": "Normal"}, DeviceState.IDLE),
        ({"SUMMARY": [{}]}, (), {}, DeviceState.UNKNOWN),
    ],
)
def test_that_the_state_is_what_the_firmware_says(
    summary: Any, what: tuple[str, ...], settings: Mapping[str, Any], state: DeviceState
) -> None:
    report = parse(summary=summary, events=events(*what), config=config(**settings))
    assert report.state is state


def test_that_a_light_poll_remembers_a_sleep_that_only_the_configuration_tells_until_hashing_resumes() -> None:
    parser = LuxosParser(LUXOS)
    parser.report(answers(summary=STILL, config=config(CurtailMode="Sleep")), Tier.FULL)
    assert parser.report(answers(summary=STILL), Tier.FAST).state is DeviceState.ASLEEP
    assert parser.report(answers(), Tier.FAST).state is DeviceState.HASHING


@pytest.mark.parametrize("code", ["SLEEP", "IDLE", "MINER_TUNED", "REBOOT_USER", "SHUTDOWN_USER", "REBOOT_SYSINIT"])
def test_that_what_somebody_asked_for_is_no_fault(code: str) -> None:
    report = parse(events=events(code))
    assert readings(report)["faults", ""].value == 0
    assert "faults" not in report.texts


def test_that_events_which_were_refused_are_not_no_faults() -> None:
    report = LuxosParser(LUXOS).report(Answers({"summary": HASHING}, False, 1.0, 2.0), Tier.FULL)
    assert readings(report)["faults", ""].quality is Quality.NOT_REPORTED


def test_that_a_fault_names_its_board_from_1() -> None:
    row = {"Code": "BOARD_HIGH_TEMPERATURE", "Target": "BOARD", "ID": 2, "Description": "too hot"}
    assert parse(events={"EVENTS": [row]}).texts["faults"] == "BOARD_HIGH_TEMPERATURE board 3: too hot"


def test_that_boards_come_in_slot_order_whatever_their_order_in_the_answer() -> None:
    rows = [{"ID": 2, "MHS 5s": 3e7}, {"ID": 0, "MHS 5s": 1e7}, {"ID": 3, "MHS 5s": 4e7}, {"ID": 1, "MHS 5s": 2e7}]
    found = readings(parse(devs={"DEVS": rows}))
    assert [found["hashrate", str(slot)].value for slot in (1, 2, 3, 4)] == [10, 20, 30, 40]


def test_that_a_board_without_chips_has_none_and_an_empty_slot_is_no_board() -> None:
    chains = {"STATS": [{"Type": "x"}, {"chain_acn1": 77, "chain_acn2": 0, "chain_acn3": 0, "freq2": 0.0}]}
    found = readings(parse(devs=boards(30, 0), stats=chains))
    assert found["chips", "2"].value == 0
    assert found["frequency", "2"].value is None
    assert ("chips", "3") not in found


def test_that_sensors_are_read_by_their_label_and_the_chips_only_where_there_are_any() -> None:
    labels = {
        "BoardCh0": {"Label": "Board Exhaust"},
        "ChipMax": {"Label": "Chip (Max)"},
        "W": {"Label": "Water Outlet"},
    }
    rows = [{"ID": 0, "TEMP": 0, "BoardCh0": 51.5, "ChipMax": 77, "W": 43, "X": "n/a"}]
    found = readings(parse(temps={"METADATA": [labels], "TEMPS": rows}))
    assert (found["board_temp", "1"].value, found["board_temp", "1"].source) == (51.5, Source.PCB)
    assert (found["chip_temp", "1"].value, found["chip_temp", "1"].source) == (77, Source.CHIP)
    assert (found["outlet_temp", "1"].value, found["outlet_temp", "1"].source) == (43, Source.COOLANT)
    assert ("inlet_temp", "1") not in found


def test_that_a_number_beside_the_sensors_is_no_temperature() -> None:
    row = {"ID": 0, "TEMP": 0, "TopLeft": 47.0, "ReadTime": 120, "Errors": 9}
    found = readings(parse(temps={"METADATA": [{"TopLeft": {"Label": "Board Exhaust"}}], "TEMPS": [row]}))
    assert found["board_temp", "1"].value == 47


def test_that_an_s9_without_labels_tells_board_and_chip_by_the_keys() -> None:
    found = readings(parse(temps={"TEMPS": [{"Board": 61.0, "Chip": 76.0, "ID": 0, "TEMP": 0}]}))
    assert (found["board_temp", "1"].value, found["chip_temp", "1"].value) == (61, 76)


def test_that_the_temperatures_of_stats_which_repeat_the_board_sensors_are_not_taken_for_chips() -> None:
    chains = {"STATS": [{"Type": "x"}, {"chain_acn1": 77, "temp_chip1": "47-34-34-47", "temp2_1": 47.0}]}
    found = readings(parse(devs=boards(30, Temperature=47.0), stats=chains))
    assert found["chip_temp", "1"].value is None
    assert found["board_temp", "1"].value == 47


def test_that_a_sensor_at_zero_is_not_there() -> None:
    found = readings(parse(temps={"TEMPS": [{"ID": 0, "TopLeft": 0.0, "TopRight": 0}]}, devs=boards(30)))
    assert found["board_temp", "1"].quality is Quality.NOT_REPORTED


@pytest.mark.parametrize(
    ("psu", "source"), [(True, Source.MEASURED), (False, Source.ESTIMATED), (None, Source.ESTIMATED)]
)
def test_that_power_is_measured_only_where_the_power_supply_tells_it(psu: object, source: Source) -> None:
    found = readings(parse(power={"POWER": [{"PSU": psu, "Watts": 3010}]}))
    assert (found["power", ""].value, found["power", ""].source) == (3010, source)


def test_that_the_nominal_rate_is_that_of_the_profile_in_force_and_only_without_it_that_of_the_nameplate() -> None:
    told = readings(parse(devs=boards(30, 30), config=config(NameplateTHS=120)))["hashrate_nominal", ""]
    assert (told.value, told.source) == (70, Source.ESTIMATED)
    nameplate = readings(parse(config=config(NameplateTHS=120)))["hashrate_nominal", ""]
    assert (nameplate.value, nameplate.source) == (120, Source.NAMEPLATE)


def test_that_a_rate_in_the_wrong_unit_is_put_right_and_marked() -> None:
    found = readings(parse(summary={"SUMMARY": [{"GHS 5s": 100_000_000.0}]}, devs=boards(33, 33, 33)))
    assert found["hashrate", ""].value == pytest.approx(100)
    assert found["hashrate", ""].quality is Quality.SUSPECT


def test_that_numbers_as_text_and_absurd_numbers_are_read_or_dropped() -> None:
    found = readings(parse(summary={"SUMMARY": [{"GHS 5s": "100000.5", "Accepted": 1e300, "Elapsed": None}]}))
    assert found["hashrate", ""].value == pytest.approx(100.0005)
    assert found["accepted", ""].value is None
    assert found["uptime", ""].value is None


def test_that_the_developers_pool_is_set_aside_and_told() -> None:
    pools = [
        {"URL": "stratum+tcp://a:1", "User": "w", "Status": "Alive", "Stratum Active": True},
        {"URL": "stratum+tcp://fee:1", "User": "luxos-devfee", "Status": "Dead"},
        {"URL": "", "User": "", "Status": "Dead"},
        {"URL": "stratum+tcp://b:1", "User": "coffeeshop", "Status": "Rejecting"},
    ]
    report = parse(pools={"POOLS": pools})
    found = readings(report)
    assert [found["pool_state", part].value for part in ("1", "2")] == [1, 1], "a pool that rejects shares answers"
    assert ("pool_state", "3") not in found, "an empty slot is no dead pool"
    assert report.texts["fee_pool"] == "stratum+tcp://fee:1"
    assert report.texts["pool"] == "stratum+tcp://a:1"


def test_that_only_names_that_mean_one_profile_are_offered() -> None:
    rows = [{"Profile Name": name} for name in ("default", "1", "+2", "-3", "a,b", "290MHz", "", None, "default")]
    assert profile_names({"PROFILES": rows}) == ("default", "290MHz")


def test_that_a_power_target_is_told_while_it_is_in_force() -> None:
    settings = {"IsPowerTargetEnabled": True, "IdealPowerTarget": 2800}
    assert readings(parse(config=config(**settings)))["power_limit", ""].value == 2800
    assert ("power_limit", "") not in readings(parse(config=config(**settings | {"IsPowerTargetEnabled": False})))


@pytest.mark.parametrize("junk", [None, [], {}, "x", [1, None, "x"], [[]], [{"ID": {}, "Code": [], "Target": []}]])
def test_that_junk_in_every_place_gives_a_report_without_values(junk: object) -> None:
    keys = {
        "summary": "SUMMARY", "devs": "DEVS", "temps": "TEMPS", "power": "POWER", "fans": "FANS", "events": "EVENTS",
        "stats": "STATS", "config": "CONFIG", "pools": "POOLS", "version": "VERSION",
    }  # fmt: skip
    sections: dict[str, Any] = {command: {key: junk} for command, key in keys.items()}
    sections["temps"]["METADATA"] = junk
    report = parse(**sections)
    known = {"faults", "pool_state", "hashrate_nominal"}
    assert all(
        math.isnan(value)
        for signal, value in zip(report.layout.signals, report.values, strict=True)
        if signal.point not in known
    )
