"""What VNish writes, in the shapes that its versions differ by: units, boards, pools, times, missing parts."""

import copy
import math
import random
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from drivers.core.device import Tier
from drivers.core.points import POINTS
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Report, Source
from drivers.miners.vnish.parser import (
    FACTORY,
    INFO,
    PERFORMANCE,
    STATUS,
    SUMMARY,
    VnishParser,
    firmware_of,
    is_fee,
    mines_sha256,
    model_of,
    seconds_of,
    serial_of,
    watts_of,
)
from drivers.miners.web_pages import Pages

CHAIN: dict[str, Any] = {
    "id": 1, "frequency": 495.0, "voltage": 13000, "hashrate_ideal": 65505.7, "hashrate_rt": 60797.2, "hw_errors": 29,
    "pcb_temp": {"min": 40, "max": 50}, "chip_temp": {"min": 55, "max": 65},
    "chip_statuses": {"red": 1, "orange": 6, "grey": 58}, "status": {"state": "mining"},
}  # fmt: skip
MINER: dict[str, Any] = {
    "miner_status": {"miner_state": "mining", "miner_state_time": 4422},
    "miner_type": "Antminer S21 Pro (Vnish 1.2.7)",
    "hr_stock": 237088.0, "average_hashrate": 174.37, "instant_hashrate": 173.87, "hr_realtime": 173870.94,
    "hr_nominal": 196517.17, "hr_average": 174374.75, "power_consumption": 2583, "hw_errors": 57,
    "pools": [
        {"url": "p.example:3333", "pool_type": "UserPool", "user": "w", "status": "active", "accepted": 1599},
        {"url": "DevFee", "pool_type": "DevFee", "user": "DevFee", "status": "offline", "accepted": 224},
    ],
    "cooling": {"fan_num": 1, "fans": [{"id": 0, "rpm": 5880, "status": "ok"}], "settings": {"mode": {"name": "auto"}}},
    "chains": [CHAIN],
}  # fmt: skip
PAGES: dict[str, Any] = {
    SUMMARY: {"miner": MINER},
    INFO: {"miner": "Antminer S21 Pro", "fw_name": "Vnish", "fw_version": "1.2.7", "hr_measure": "GH/s",
           "serial": "N/A", "system": {"uptime": "1:55"}},
    PERFORMANCE: {"current_preset": {"name": "2800", "pretty": "2800 watt ~ 188 TH"}},
    FACTORY: {"chains": [{"id": 1, "serial": "SIM1"}], "psu_serial": "P1"},
}  # fmt: skip


def vnish(miner: Mapping[str, Any] | None = None, pages: Mapping[str, Any] | None = None) -> Report:
    """The report of one poll whose summary differs so far."""
    found = {**PAGES, SUMMARY: {"miner": {**MINER, **(miner or {})}}, **(pages or {})}
    parser = VnishParser(load_profiles()["vnish"])
    return parser.report(Pages("192.0.2.7:80", found=found, asked=1.0, answered=2.0), Tier.FULL)


def values(report: Report) -> Mapping[tuple[str, str], float]:
    return {(reading.point, reading.part): reading.value for reading in report.readings() if reading.value is not None}


def sources(report: Report) -> Mapping[tuple[str, str], Source]:
    return {(signal.point, signal.part): signal.source for signal in report.layout.signals}


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1:55", 6_900),
        ("0:00", 0),
        ("12:05:30", 43_530),
        ("7 min", 420),
        ("1 day, 3:04", 97_440),
        ("10 days, 18:00", 928_800),
        ("3 days", 259_200),
        ("2 days, 5 min", 173_100),
        (4423, 4423),
    ],
)
def test_that_an_uptime_is_read_in_each_of_its_forms(written: object, seconds: float) -> None:
    assert seconds_of(written) == seconds


@pytest.mark.parametrize("written", ["", None, "a while", "1:2:3:4", [], "99999999999 days"])
def test_that_an_uptime_that_is_none_is_not_reported(written: object) -> None:
    assert math.isnan(seconds_of(written))


def test_that_gigahashes_and_terahashes_of_one_summary_are_told_apart_by_their_keys() -> None:
    assert values(vnish())["hashrate", ""] == pytest.approx(173.87094)
    older = values(vnish({"hr_realtime": None, "hr_average": None}))
    assert older["hashrate", ""] == 173.87
    assert older["hashrate_avg", ""] == 174.37


def test_that_the_unit_the_firmware_names_is_kept_for_the_polls_that_do_not_ask_for_it() -> None:
    parser = VnishParser(load_profiles()["vnish"])
    mega = {**PAGES[INFO], "hr_measure": "MH/s"}
    parser.report(Pages("x:80", found={**PAGES, INFO: mega}), Tier.FULL)
    miner = {**MINER, "hr_realtime": 9_500_000.0, "hr_nominal": 9_600_000.0, "chains": []}
    light = parser.report(Pages("x:80", found={SUMMARY: {"miner": miner}}), Tier.FAST)
    assert values(light)["hashrate", ""] == pytest.approx(9.5)


def test_that_the_nominal_rate_is_that_of_the_preset_and_the_nameplates_without_one() -> None:
    assert values(vnish())["hashrate_nominal", ""] == pytest.approx(196.51717)
    assert sources(vnish())["hashrate_nominal", ""] is Source.ESTIMATED
    stopped = vnish({"hr_nominal": 0})
    assert values(stopped)["hashrate_nominal", ""] == pytest.approx(237.088)
    assert sources(stopped)["hashrate_nominal", ""] is Source.NAMEPLATE


def test_that_a_board_is_read_with_the_hottest_of_its_chips() -> None:
    found = values(vnish())
    assert (found["chip_temp", "1"], found["board_temp", "1"], found["chips", "1"]) == (65, 50, 65)
    assert found["voltage", "1"] == 13.0
    assert found["hashrate", "1"] == pytest.approx(60.7972)


def test_that_older_versions_list_the_sensors_and_one_that_fails_is_left_out() -> None:
    sensors = [{"status": "measure", "temp": 36}, {"status": "error", "temp": 91}, {"status": "measure", "temp": 37}]
    older = {key: value for key, value in CHAIN.items() if key not in {"pcb_temp", "chip_temp"}}
    found = values(vnish({"chains": [{**older, "pcb_temp_sens": sensors, "chip_temp_sens": [{"status": "error"}]}]}))
    assert found["board_temp", "1"] == 37
    assert ("chip_temp", "1") not in found


def test_that_without_a_power_of_the_whole_that_of_the_boards_is_taken() -> None:
    boards = [{**CHAIN, "id": at, "power_usage": 1240 + at} for at in (1, 2)]
    assert values(vnish({"power_consumption": None, "chains": boards}))["power", ""] == 2483
    assert ("power", "") not in values(vnish({"power_consumption": None}))


@pytest.mark.parametrize(
    ("info", "is_one"),
    [
        ({"miner": "Antminer S21", "algorithm": "sha256d"}, True),
        ({"miner": "Antminer S21"}, True),
        ({}, True),
        ({"miner": "Antminer L7", "algorithm": "scrypt"}, False),
        ({"miner": "Antminer L7 (Vnish 1.2.0)"}, False),
    ],
)
def test_that_miners_of_other_algorithms_are_told_apart(info: Mapping[str, Any], is_one: bool) -> None:
    assert mines_sha256(info) is is_one


def test_that_water_of_a_board_is_coolant() -> None:
    report = vnish({"chains": [{**CHAIN, "inlet_water_temp": 31, "outlet_water_temp": 39}]})
    assert (values(report)["inlet_temp", "1"], values(report)["outlet_temp", "1"]) == (31, 39)
    assert sources(report)["inlet_temp", "1"] is Source.COOLANT
    assert ("inlet_temp", "1") not in vnish().layout.index


def test_that_chips_nobody_has_looked_for_are_not_missing() -> None:
    none = {"red": 0, "orange": 0, "grey": 0}
    starting = {**CHAIN, "id": 2, "chip_statuses": none, "status": {"state": "initializing"}}
    gone = {**CHAIN, "id": 3, "chip_statuses": none, "status": {"state": "disconnected"}}
    report = vnish({"chains": [CHAIN, starting, gone]})
    assert ("chips", "2") not in values(report)
    assert values(report)["chips", "3"] == 0


def test_that_a_number_beside_the_grades_is_no_chip() -> None:
    chain = {**CHAIN, "chip_statuses": {"red": 1, "orange": 6, "grey": 58, "total": 65}}
    assert values(vnish({"chains": [chain]}))["chips", "1"] == 65


def test_that_newer_versions_call_them_boards() -> None:
    report = vnish({"chains": None, "boards": [CHAIN]})
    assert values(report)["hashrate", "1"] == pytest.approx(60.7972)


def test_that_the_developers_pools_are_told_apart_and_their_trouble_is_nobodys() -> None:
    report = vnish()
    assert [s.part for s in report.layout.signals if s.point == "pool_state"] == ["1"]
    assert report.texts["fee_pool"] == "DevFee"
    assert values(report)["accepted", ""] == 1599
    assert is_fee({"pool_type": "Refund", "url": "p:1"})
    assert is_fee({"url": "DevFee"})
    assert not is_fee({"url": "p:1", "user": "devon"})


@pytest.mark.parametrize(
    ("word", "state"),
    [("active", 1), ("working", 1), ("rejecting", 1), ("offline", 0), ("disabled", 2), ("unknown", 3), (None, 3)],
)
def test_that_a_pools_state_is_the_firmwares_word(word: object, state: int) -> None:
    pool = {"url": "p.example:3333", "pool_type": "UserPool", "status": word}
    assert values(vnish({"pools": [pool]}))["pool_state", "1"] == state


def test_that_a_miner_without_a_summary_yet_tells_its_state_by_its_status_pane() -> None:
    found: dict[str, Any] = {SUMMARY: {"miner": None}, STATUS: {"miner_state": "initializing"}}
    report = VnishParser(load_profiles()["vnish"]).report(Pages("x:80", found=found), Tier.FAST)
    assert report.state is DeviceState.BOOTING
    assert not values(report)


def test_that_a_preset_holds_watts_unless_it_is_none() -> None:
    assert watts_of({"name": "2800"}) == 2800
    assert watts_of({"name": "eco", "pretty": "2550 watt ~ 170 TH"}) == 2550
    assert math.isnan(watts_of({"name": "eco"}))
    disabled = vnish(pages={PERFORMANCE: {"current_preset": {"name": "disabled", "pretty": "Disabled"}}})
    assert ("power_limit", "") not in values(disabled)
    assert disabled.texts["power_mode"] == "Disabled"


def test_that_names_are_told_without_what_the_firmware_hangs_on_them() -> None:
    assert model_of("Antminer S19j Pro+ (Vnish 1.2.7)") == "Antminer S19j Pro+"
    assert firmware_of({"fw_name": "Vnish", "fw_version": "1.3.4"}) == "Vnish 1.3.4"
    assert firmware_of({}) == ""
    assert serial_of({"serial": "N/A"}) == ""


ODD: tuple[Any, ...] = (
    None, True, "", "nan", -1, 0, 2**63, 1.5e300, "9" * 400, [], {}, [[[]]], {"a": {"b": []}}, [None, 1, "x"],
    {"min": [], "max": "x"}, "99999 days, 99:99", "immers", "DevFee", 6, "11", {"state": 3},
)  # fmt: skip


def odd(value: Any, random_: random.Random) -> Any:
    """The same content with some parts replaced by what nobody expects."""
    if random_.random() < 0.08:
        return copy.deepcopy(random_.choice(ODD))
    if isinstance(value, dict):
        return {key: odd(item, random_) for key, item in value.items()}
    if isinstance(value, list):
        return [odd(item, random_) for item in value] * random_.choice((1, 1, 1, 2, 30))
    return value


def test_that_whatever_the_pages_hold_gives_a_sound_report() -> None:
    random_ = random.Random(17)
    parser = VnishParser(load_profiles()["vnish"])
    for _ in range(2000):
        changed = {path: odd(content, random_) for path, content in PAGES.items()}
        found: dict[str, Any] = {path: content for path, content in changed.items() if isinstance(content, dict)}
        report = parser.report(Pages("x:80", found=found), random_.choice((Tier.FULL, Tier.FAST)))
        assert len(report.values) == len(report.quality) == len(report.layout)
        for signal, value, quality in zip(report.layout.signals, report.values, report.quality, strict=True):
            assert Quality(quality).has_value == math.isfinite(value), (signal, value, quality)
            names = POINTS[signal.point].codes
            assert not names or math.isnan(value) or value in range(len(names))
        orjson.dumps(dict(report.texts))
