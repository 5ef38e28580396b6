"""What AxeOS's page means, in plain AxeOS of several ages and in the Nerd miners' firmware."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from drivers.core.device import Tier
from drivers.core.errors import Unsupported
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Reading, Report, Source
from drivers.family import Clue, Page
from drivers.miners.bitaxe.driver import INFO, identity_of, recognise, report
from drivers.miners.reporter import Reporter
from drivers.miners.web_pages import Pages

BITAXE = load_profiles()["bitaxe"]
OLD: dict[str, Any] = {
    "ASICModel": "BM1368",
    "asicCount": 1,
    "coreVoltageActual": 1172,
    "current": 521.25,
    "fanrpm": 3517,
    "fallbackStratumPort": 3333,
    "fallbackStratumURL": "b.example.invalid",
    "fallbackStratumUser": "rig.2",
    "frequency": 490,
    "hashRate": 601.5,
    "isUsingFallbackStratum": 0,
    "macAddr": "02:00:5E:00:00:04",
    "overheat_mode": 0,
    "power": 2.65,
    "sharesAccepted": 12,
    "sharesRejected": 1,
    "smallCoreCount": 1276,
    "stratumPort": 3333,
    "stratumURL": "a.example.invalid",
    "stratumUser": "rig.1",
    "temp": 59.875,
    "uptimeSeconds": 400,
    "version": "v2.4.5",
    "voltage": 5175,
    "vrTemp": 78,
}
NEW: dict[str, Any] = OLD | {
    "asicCount": None,
    "expectedHashrate": 1071.0,
    "hashRate": 1066.2,
    "hashRate_1h": 1060.0,
    "actualFrequency": 525.5,
    "fan2rpm": 0,
    "temp2": 63.5,
    "miningPaused": False,
    "version": "v2.15.3",
    "hashrateMonitor": {"asics": [{"total": 533.1, "errorCount": 4}, {"total": 533.1, "errorCount": 3}]},
}
NERD: dict[str, Any] = OLD | {
    "ASICModel": "BM1370",
    "deviceModel": "NerdQAxe++",
    "asicCount": 4,
    "hashRate": 4890.0,
    "smallCoreCount": 2040,
    "frequency": 600,
    "power": 76.4,
    "voltage": 12050.0,
    "current": 6340.0,
    "temp": 58.0,
    "asicTemps": [57.0, 61.5, 0, 55.0],
    "fanrpm": 3100,
    "fanrpm2": 2900,
    "fanCount": 2,
    "shutdown": False,
    "overheat_mode": None,
    "stratum": {"usingFallback": True, "pools": [{"connected": True}]},
}


def read(info: Mapping[str, Any], asic: Mapping[str, Any] | None = None) -> Report:
    pages = Pages("miner:80", found={INFO: info}, asked=1.0, answered=2.0)
    return report(pages, asic or {}, Reporter(BITAXE), Tier.FULL)


def readings(found: Report) -> Mapping[tuple[str, str], Reading]:
    return {(item.point, item.part): item for item in found.readings()}


def test_that_an_old_page_gives_what_a_person_reads_out_of_it() -> None:
    found = readings(read(OLD))
    expected = {
        ("hashrate", ""): 0.6015,
        ("hashrate_nominal", ""): 0.62524,
        ("power", ""): 2.65,
        ("voltage", ""): 5.175,
        ("voltage", "1"): 1.172,
        ("current", ""): 0.52125,
        ("chip_temp", "1"): 59.875,
        ("board_temp", "1"): 78,
        ("fan_speed", "1"): 3517,
        ("frequency", "1"): 490,
        ("chips", "1"): 1,
        ("accepted", ""): 12,
        ("rejected", ""): 1,
        ("uptime", ""): 400,
        ("faults", ""): 0,
    }
    assert {key: found[key].value for key in expected} == pytest.approx(expected)
    assert found["hashrate_nominal", ""].source is Source.ESTIMATED
    assert found["hashrate_avg", ""].quality is Quality.NOT_REPORTED
    assert ("fan_speed", "2") not in found


def test_that_a_new_page_is_read_by_its_new_keys() -> None:
    report_ = read(NEW, {"deviceModel": "Gamma Duo", "asicCount": 2})
    found = readings(report_)
    expected = {
        ("hashrate_avg", ""): 1.06,
        ("hashrate_nominal", ""): 1.071,
        ("chip_temp", "1"): 63.5,
        ("frequency", "1"): 525.5,
        ("hw_errors", ""): 7,
        ("chips", "1"): 2,
    }
    assert {key: found[key].value for key in expected} == pytest.approx(expected)
    assert report_.texts["model"] == "Gamma Duo"
    assert ("fan_speed", "2") not in found


def test_that_a_nerd_miner_is_read_with_its_fans_chips_and_pools() -> None:
    report_ = read(NERD)
    found = readings(report_)
    expected = {
        ("hashrate", ""): 4.89,
        ("hashrate_nominal", ""): 4.896,
        ("voltage", ""): 12.05,
        ("current", ""): 6.34,
        ("chip_temp", "1"): 61.5,
        ("fan_speed", "2"): 2900,
        ("chips", "1"): 4,
        ("pool_state", "2"): 1,
    }
    assert {key: found[key].value for key in expected} == pytest.approx(expected)
    assert report_.texts["model"] == "NerdQAxe++"
    assert (report_.texts["pool"], report_.texts["worker"]) == ("b.example.invalid:3333", "rig.2")


def test_that_a_list_of_fans_replaces_the_single_keys() -> None:
    found = readings(read(NERD | {"fans": [{"rpm": 3000}, {"rpm": 0}, {"rpm": 1500}]}))
    assert [found["fan_speed", part].value for part in ("1", "2", "3")] == [3000, 0, 1500]


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, DeviceState.HASHING),
        ({"overheat_mode": 1, "hashRate": 0}, DeviceState.STOPPED),
        ({"shutdown": True, "hashRate": 0}, DeviceState.STOPPED),
        ({"miningPaused": True, "hashRate": 0}, DeviceState.ASLEEP),
        ({"hashRate": 0, "uptimeSeconds": 12}, DeviceState.BOOTING),
        ({"hashRate": 0}, DeviceState.IDLE),
        ({"hashRate": None}, DeviceState.UNKNOWN),
    ],
)
def test_that_what_the_firmware_says_comes_before_the_rate(change: Mapping[str, Any], state: DeviceState) -> None:
    assert read(OLD | dict(change)).state is state


def test_that_overheating_and_its_own_faults_are_told() -> None:
    found = read(OLD | {"overheat_mode": 1, "power_fault": "VIN_UV"})
    assert readings(found)["faults", ""].value == 2
    assert found.texts["faults"] == "overheat protection; VIN_UV"


@pytest.mark.parametrize(("key", "part"), [("temp", "chip_temp"), ("vrTemp", "board_temp")])
@pytest.mark.parametrize("value", [-1, 0, None, "nan"])
def test_that_a_sensor_that_is_not_there_is_no_temperature(key: str, part: str, value: object) -> None:
    assert readings(read(OLD | {key: value}))[part, "1"].quality is Quality.NOT_REPORTED


def test_that_plain_axeos_says_nothing_of_its_pools_state_and_so_nothing_is_said() -> None:
    assert not any(point == "pool_state" for point, _part in readings(read(NEW)))


@pytest.mark.parametrize("left_out", sorted(OLD))
def test_that_any_key_may_be_missing(left_out: str) -> None:
    info = copy.deepcopy(OLD)
    del info[left_out]
    read(info)


def test_that_another_web_servers_page_is_refused() -> None:
    with pytest.raises(Unsupported):
        read({"status": "ok"})


def test_that_it_says_who_it_is() -> None:
    identity = identity_of(NERD, {}, BITAXE, "miner:80")
    assert (identity.model, identity.mac, identity.firmware) == ("NerdQAxe++", "02:00:5e:00:00:04", "v2.4.5")


@pytest.mark.parametrize(
    ("body", "is_one"),
    [
        (b"<html><head><title>AxeOS</title>", True),
        (b"<html><head><title>Nerd* Dashboard</title>", True),
        (b"<html><head><title>Antminer</title> nerds", False),
    ],
)
def test_that_it_is_recognised_by_its_title(body: bytes, is_one: bool) -> None:
    assert recognise(Clue(Address("miner", 80), page=Page(200, {}, body))) is is_one
