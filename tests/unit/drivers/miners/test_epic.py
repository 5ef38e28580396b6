"""What ePIC's pages mean. The page is shaped after a recorded one of an S19 XP; names and serials are invented."""

import copy
import math
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from drivers.core.device import Tier
from drivers.core.errors import Unsupported
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Reading, Report, Source
from drivers.family import Clue, Page
from drivers.identification import identify
from drivers.miners.epic.driver import (
    CAPABILITIES,
    CHIP_RATES,
    CHIP_TEMPS,
    NETWORK,
    SUMMARY,
    TEMPS,
    identity_of,
    recognise,
    report,
)
from drivers.miners.reporter import Reporter
from drivers.miners.web_pages import Pages
from drivers.simulators.personality import Wire
from drivers.testing.stand import stand
from drivers.testing.web_replay import RecordedWeb
from drivers.transports.connections import Connections

EPIC = load_profiles()["epic"]
PAGE: dict[str, Any] = {
    "Software": "PowerPlay-BMS v1.5.13",
    "Hostname": "miner-a",
    "Status": {"Last Command": None, "Last Command Result": None, "Last Error": None, "Operating State": "Mining"},
    "Fans Rpm": {"Fans Speed 1": 5971, "Fans Speed 2": 0, "Fans Speed 3": 5942, "Fans Speed 10": None},
    "HBStatus": [
        {"Detected": True, "Enabled": False, "Index": 0},
        {"Detected": True, "Enabled": True, "Index": 1},
        {"Detected": True, "Enabled": True, "Index": 2},
    ],
    "HBs": [
        {
            "Core Clock Avg": 487.5,
            "Hashrate": [49440724.0, 103.1, 0.8],
            "Index": 1,
            "Input Voltage": 12.6,
            "Temperature": 67.0,
        },
        {
            "Core Clock Avg": 487.5,
            "Hashrate": [49925124.0, 104.1, 0.8],
            "Index": 2,
            "Input Voltage": 12.6,
            "Temperature": 64.3,
        },
    ],
    "PerpetualTune": {"Algorithm": {"VoltageOptimizer": {"Target": 143, "Unit": "TH/s"}}, "Running": True},
    "Power Supply Stats": {"Input Power": 2166.6174, "Output Voltage": 12.595, "Input Voltage": 0.0},
    "Session": {"Accepted": 1862, "Rejected": 2, "Average MHs": 90071990.0, "Uptime": 23170},
    "Stratum": {
        "Config Id": 0,
        "Current Pool": "pool.example.invalid:3334",
        "Current User": "rig.1",
        "IsPoolConnected": True,
    },
    "StratumConfigs": [{"login": "rig.1", "password": "hush", "pool": "stratum+tcp://pool.example.invalid:3334"}],
}
MODEL: dict[str, Any] = {
    "Model": "AntMiner S19 XP",
    "Board Serial Numbers": ["BOARDB", "BOARDC"],
    "Control Board Version": {"cpuSerial": "0020"},
    "Default Hashrate": 143,
    "Temp Sensor Info": {"Count": 2, "Type": "Board"},
}
SENSORS = [{"Data": [42.3, 42.9], "Index": 0}, {"Data": [55.0, 67.0], "Index": 1}]


def changed(**parts: Any) -> dict[str, Any]:
    """The page with some of its parts replaced; those that are None left out."""
    page = copy.deepcopy(PAGE)
    for name, value in parts.items():
        key = name.replace("_", " ")
        if value is None:
            page.pop(key)
        else:
            page[key] = page[key] | value if isinstance(value, dict) and isinstance(page.get(key), dict) else value
    return page


def read(
    page: Mapping[str, Any], capabilities: Mapping[str, Any] = MODEL, lists: Mapping[str, Any] | None = None
) -> Report:
    pages = Pages("miner:4028", found={SUMMARY: page}, lists=dict(lists or {}), asked=1.0, answered=2.0)
    return report(pages, capabilities, Reporter(EPIC), Tier.FULL)


def readings(found: Report) -> Mapping[tuple[str, str], Reading]:
    return {(item.point, item.part): item for item in found.readings()}


def test_that_the_page_gives_what_a_person_reads_out_of_it() -> None:
    chips = [{"Data": [[1.0, 100.0, 1.0]] * 110, "Index": 1}]
    found = read(PAGE, lists={TEMPS: SENSORS, CHIP_RATES: chips})
    values = {key: item.value for key, item in readings(found).items() if item.value is not None}
    assert found.state is DeviceState.HASHING
    expected = {
        ("hashrate", ""): 99.365848,
        ("hashrate", "2"): 49.440724,
        ("hashrate", "3"): 49.925124,
        ("hashrate_avg", ""): 90.07199,
        ("hashrate_nominal", ""): 143,
        ("board_temp", "1"): 42.9,
        ("board_temp", "2"): 67.0,
        ("frequency", "3"): 487.5,
        ("voltage", "3"): 12.6,
        ("power", ""): 2166.6174,
        ("fan_speed", "1"): 5971,
        ("fan_speed", "2"): 0,
        ("chips", "2"): 110,
        ("accepted", ""): 1862,
        ("rejected", ""): 2,
        ("uptime", ""): 23170,
        ("pool_state", "1"): 1,
        ("faults", ""): 0,
    }
    assert {key: values.get(key) for key in expected} == pytest.approx(expected)
    assert ("fan_speed", "10") not in values, "null is a socket without a fan"
    assert found.texts["serial.2"] == "BOARDB"
    assert found.texts["power_mode"] == "VoltageOptimizer 143 TH/s"
    assert found.texts["disabled_boards"] == "1"
    assert "hush" not in str(found)


def test_that_board_sensors_are_called_pcb_and_chip_sensors_chip() -> None:
    assert readings(read(PAGE))["board_temp", "2"].source is Source.PCB
    chip = readings(read(PAGE, MODEL | {"Temp Sensor Info": {"Type": "Chip"}}))
    assert chip["chip_temp", "2"].source is Source.CHIP
    assert ("board_temp", "2") not in chip


def test_that_chips_without_sensors_have_no_temperature_instead_of_0_degrees() -> None:
    found = readings(read(PAGE, lists={CHIP_TEMPS: [{"Data": [0.0] * 110, "Index": 1}]}))
    assert ("chip_temp", "2") not in found
    warm = readings(read(PAGE, lists={CHIP_TEMPS: [{"Data": [0.0] * 100 + [71.5], "Index": 1}]}))
    assert warm["chip_temp", "2"].value == 71.5


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"Operating State": "AdjustingClockVoltage"}, DeviceState.TUNING),
        ({"Operating State": "PreInitCooldown"}, DeviceState.BOOTING),
        ({"Operating State": "SoftRebooting"}, DeviceState.BOOTING),
        ({"Operating State": "Idling"}, DeviceState.IDLE),
        ({"Operating State": "Idling", "Last Command": "stop"}, DeviceState.ASLEEP),
        ({"Operating State": "Idling", "Last Error": {"ShutdownTempReached": [1, 86.0]}}, DeviceState.STOPPED),
        ({"Operating State": "Idling", "Last Error": {"MinimumFansError": [4, 3]}}, DeviceState.STOPPED),
        ({"Operating State": "Idling", "Last Error": "NoNewWorkError"}, DeviceState.IDLE),
        ({"Operating State": "Dreaming"}, DeviceState.UNKNOWN),
        ({"Operating State": None}, DeviceState.UNKNOWN),
    ],
)
def test_that_the_state_is_what_the_firmware_says(status: Mapping[str, object], state: DeviceState) -> None:
    assert read(changed(Status=dict(status))).state is state


def test_that_an_error_is_a_fault_with_its_particulars() -> None:
    found = read(changed(Status={"Last Error": {"ShutdownTempReached": [1, 86.0]}}))
    assert readings(found)["faults", ""].value == 1
    assert found.texts["faults"] == "ShutdownTempReached 1, 86.0"


def test_that_an_idle_miner_without_boards_has_no_rate_instead_of_0() -> None:
    found = read(changed(HBs=[], Status={"Operating State": "Idling"}))
    assert readings(found)["hashrate", ""].quality is Quality.NOT_REPORTED


def test_that_a_supply_that_cannot_measure_leaves_the_power_to_the_nameplate() -> None:
    power = readings(read(changed(Power_Supply_Stats={"Input Power": 0.0})))["power", ""]
    assert (power.value, power.source) == (3010, Source.NAMEPLATE)


def test_that_only_a_tuning_for_watts_is_a_power_limit() -> None:
    assert readings(read(PAGE))["power_limit", ""].value is None
    watts = {"Running": True, "Algorithm": {"Power": {"Target": 2800, "Unit": "W", "Throttle Target": 2500}}}
    assert readings(read(changed(PerpetualTune=watts)))["power_limit", ""].value == 2500
    assert readings(read(changed(PerpetualTune=watts | {"Running": False})))["power_limit", ""].value is None


def test_that_a_board_that_is_not_detected_has_no_chips() -> None:
    page = changed(HBStatus=[{"Detected": False, "Enabled": False, "Index": 3}])
    assert readings(read(page))["chips", "4"].value == 0


def test_that_serials_that_fit_no_board_for_certain_are_left_out() -> None:
    found = read(PAGE, MODEL | {"Board Serial Numbers": ["A", "B", "C", "D"]})
    assert not any(name.startswith("serial.") for name in found.texts)
    by_slot = read(PAGE, MODEL | {"Board Serial Numbers": [None, "B", "C"]})
    assert (by_slot.texts.get("serial.1"), by_slot.texts["serial.3"]) == (None, "C")


def test_that_pools_not_in_use_are_of_unknown_state() -> None:
    pools = [{"pool": "a", "login": "x"}, {"pool": "b", "login": "x"}]
    found = readings(read(changed(StratumConfigs=pools, Stratum={"Config Id": 1, "IsPoolConnected": False})))
    assert [found["pool_state", part].value for part in ("1", "2")] == [3, 0]


def test_that_a_rate_in_the_wrong_unit_is_put_right_and_called_suspect() -> None:
    boards = [{"Index": 0, "Hashrate": [49440724000.0]}]  # in kH/s, as if the firmware had changed its unit
    rate = readings(read(changed(HBs=boards)))["hashrate", ""]
    assert rate.value == pytest.approx(49.440724)
    assert rate.quality is Quality.SUSPECT


@pytest.mark.parametrize("left_out", sorted(PAGE))
def test_that_any_part_may_be_missing(left_out: str) -> None:
    page = {key: value for key, value in PAGE.items() if key != left_out}
    found = read(page)
    assert all(item.value is None or math.isfinite(item.value) for item in found.readings())


def test_that_the_identity_takes_the_mac_of_either_kind_of_network() -> None:
    for kind in ("dhcp", "static"):
        network = {kind: {"address": "192.0.2.7", "mac_address": "02:00:5E:00:00:01"}}
        pages = Pages("miner:4028", found={SUMMARY: PAGE, CAPABILITIES: MODEL, NETWORK: network})
        identity = identity_of(pages, EPIC)
        assert (identity.mac, identity.serial, identity.model) == ("02:00:5e:00:00:01", "0020", "AntMiner S19 XP")


def test_that_its_dashboard_is_recognised_and_another_is_not() -> None:
    address = Address("miner", 80)
    assert recognise(Clue(address, page=Page(200, {}, b"<title>Miner Web Dashboard</title>")))
    assert recognise(Clue(address, page=Page(404, {}, b""))), "its REST server has no front page"
    assert not recognise(Clue(address, page=Page(200, {}, b"<title>AxeOS</title>")))
    assert not recognise(Clue(address))


@pytest.mark.parametrize("summary", [PAGE, None, {"other": 1}], ids=["ePIC", "no such page", "another's page"])
async def test_that_a_server_without_a_front_page_is_asked_for_the_summary(summary: Mapping[str, Any] | None) -> None:
    pages = {} if summary is None else {SUMMARY: orjson.dumps(summary)}
    async with stand(RecordedWeb(pages, "/")) as place, Connections() as connections:
        asking = identify(place.address(Wire.HTTP), connections, load_profiles(), public=False)
        if summary is PAGE:
            assert (await asking).profile == "epic"
        else:
            with pytest.raises(Unsupported):
                await asking
