"""What Braiins OS writes, in the shapes that its versions differ by: units in keys, names or numbers, missing parts."""

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
from drivers.miners.board_slots import board_numbers
from drivers.miners.braiins.faults import clock_of, instant, judge
from drivers.miners.braiins.fields import STATUSES, TUNER_STATES, maker_of, named, rate, version_of
from drivers.miners.braiins.graphql_parser import FULL_QUESTIONS, GraphqlParser
from drivers.miners.braiins.rest_parser import (
    CONFIGURATION,
    COOLING,
    DETAILS,
    ERRORS,
    HASHBOARDS,
    POOLS,
    STATS,
    TUNER,
    RestParser,
)
from drivers.miners.braiins.text import TextParser
from drivers.miners.web_pages import Pages
from drivers.transports.cgminer import Answers

NOW = 1_776_450_000.0
DETAIL: dict[str, Any] = {
    "bosminer_uptime_s": 7039, "system_uptime_s": 7206, "status": 2,
    "miner_identity": {"miner_model": "Antminer S21 Pro"},
    "bos_version": {"current": "2026-04-14-0-0a1b2c3d-26.04-plus"},
}  # fmt: skip
BOARD: dict[str, Any] = {
    "id": "1", "chips_count": 65, "serial_number": "SIM1", "board_temp": {"degree_c": 50.0},
    "current_frequency": {"hertz": 625_000_000}, "current_voltage": {"volt": 13.7},
    "highest_chip_temp": {"temperature": {"degree_c": 65.0}},
    "lowest_inlet_temp": {"degree_c": 35.0}, "highest_outlet_temp": {"degree_c": 50.0},
    "stats": {"real_hashrate": {"last_5s": {"gigahash_per_second": 83_000.0}}},
}  # fmt: skip
PAGES: dict[str, Any] = {
    DETAILS: DETAIL,
    STATS: {
        "miner_stats": {
            "nominal_hashrate": {"gigahash_per_second": 250_000.0},
            "real_hashrate": {
                "last_5s": {"gigahash_per_second": 248_000.0},
                "since_restart": {"gigahash_per_second": 244_000.0},
            },
        },
        "pool_stats": {"accepted_shares": 848, "rejected_shares": 1, "stale_shares": 0},
        "power_stats": {"approximated_consumption": {"watt": 3480}},
    },
    HASHBOARDS: {"hashboards": [BOARD]},
    COOLING: {"fans": [{"position": 0, "rpm": 5943}]},
    TUNER: {
        "mode_state": {"powertargetmodestate": {"current_target": {"watt": 3500}}},
        "overall_tuner_state": 5,
    },
    POOLS: [{"name": "g", "pools": [{"active": True, "alive": True, "url": "stratum+tcp://p:1", "user": "w"}]}],
    CONFIGURATION: {"tuner": {"enabled": True, "power_target": {"watt": 3500}, "tuner_mode": 1}},
    ERRORS: {"errors": []},
}


def rest(changes: Mapping[str, Any] | None = None, tier: Tier = Tier.FULL) -> Report:
    """The report of one poll whose pages differ so far."""
    pages = Pages("192.0.2.7:80", asked=1.0, answered=2.0)
    for path, content in {**PAGES, **(changes or {})}.items():
        if isinstance(content, list):
            pages.lists[path] = [item for item in content if isinstance(item, dict)]
        elif isinstance(content, dict):
            pages.found[path] = content
    return RestParser(load_profiles()["braiins"]).report(pages, tier, NOW)


def values(report: Report) -> Mapping[tuple[str, str], float]:
    return {(reading.point, reading.part): reading.value for reading in report.readings() if reading.value is not None}


@pytest.mark.parametrize(
    ("written", "terahash"),
    [
        ({"gigahash_per_second": 121_015.4}, 121.0154),
        ({"megahash_per_second": 121_015_400}, 121.0154),
        ({"terahash_per_second": "121.0154"}, 121.0154),
        ({"gigahashPerSecond": 121_015.4}, 121.0154),
        ({"other": 3, "petahash_per_second": 0.1210154}, 121.0154),
    ],
)
def test_that_a_rate_is_read_by_the_unit_in_its_key(written: object, terahash: float) -> None:
    assert rate(written) == pytest.approx(terahash)


@pytest.mark.parametrize("written", [None, 5.0, {}, {"gigahash_per_second": None}, {"gigahash": 3}, [1], "x"])
def test_that_a_rate_without_a_unit_is_none(written: object) -> None:
    assert math.isnan(rate(written))


@pytest.mark.parametrize("written", [3, "3", 3.0, "paused", "PAUSED", "MINER_STATUS_PAUSED"])
def test_that_enumerations_come_as_numbers_or_names(written: object) -> None:
    assert named(written, STATUSES) == "paused"


@pytest.mark.parametrize("written", [None, True, 99, 2.5, "something", {}])
def test_that_an_unknown_value_of_an_enumeration_is_no_name(written: object) -> None:
    assert named(written, TUNER_STATES) == ""


@pytest.mark.parametrize(
    ("ids", "parts"),
    [
        (["1", "2", "3"], ["1", "2", "3"]),
        (["1", "3"], ["1", "3"]),
        ([7, 8], ["2", "3"]),
        ([0, 1, 2, 3], ["1", "2", "3", "4"]),
        ([3, 1, 2], ["3", "1", "2"]),
        (["left", "right"], ["1", "2"]),
        ([None, 2], ["1", "2"]),
        ([1, 1], ["1", "2"]),
        ([], []),
    ],
)
def test_that_boards_are_numbered_from_1_whatever_the_firmware_counts_from(ids: list[object], parts: list[str]) -> None:
    assert board_numbers(ids) == parts


@pytest.mark.parametrize(
    ("full", "shown"),
    [
        ("2025-06-25-0-45f356ea-25.05.1-plus", "Braiins OS 25.05.1 (2025-06-25-0-45f356ea-25.05.1-plus)"),
        ("nightly", "Braiins OS (nightly)"),
        ("", ""),
        (None, ""),
    ],
)
def test_that_the_version_is_told_by_its_release(full: object, shown: str) -> None:
    assert version_of(full) == shown


def test_that_the_maker_is_told_from_the_model() -> None:
    makers = [maker_of(model, "Bitmain") for model in ("Braiins Mini Miner BMM 101", "Whatsminer M50", "")]
    assert makers == ["Braiins", "MicroBT", "Bitmain"]


@pytest.mark.parametrize(
    ("details", "tuner", "state"),
    [
        ({"status": 2}, 2, DeviceState.HASHING),
        ({"status": 2}, 3, DeviceState.TUNING),
        ({"status": 2}, 6, DeviceState.TUNING),
        ({"status": 2}, 5, DeviceState.HASHING),
        ({"status": "MINER_STATUS_NORMAL"}, "TUNER_STATE_TUNING", DeviceState.TUNING),
        ({"status": 3}, 3, DeviceState.ASLEEP),
        ({"status": 4}, 2, DeviceState.STOPPED),
        ({"status": 5}, 2, DeviceState.HASHING),
        ({"status": 1}, 1, DeviceState.IDLE),
        ({"status": 1, "system_uptime_s": 40}, 1, DeviceState.BOOTING),
        ({"status": 0}, 2, DeviceState.UNKNOWN),
        ({"status": None}, 2, DeviceState.UNKNOWN),
        ({"status": 17}, 2, DeviceState.UNKNOWN),
    ],
)
def test_that_the_state_is_the_firmwares_word(details: Mapping[str, Any], tuner: object, state: DeviceState) -> None:
    changed = {DETAILS: {**DETAIL, **details}, TUNER: {"overall_tuner_state": tuner}}
    assert rest(changed).state is state
    assert rest(changed, Tier.FAST).state is state


def test_that_a_miner_that_means_to_mine_and_hashes_nothing_is_starting_or_idle() -> None:
    nothing = {"miner_stats": {"real_hashrate": {"last_5s": {"gigahash_per_second": 0.0}}}}
    assert rest({STATS: nothing, TUNER: {}}).state is DeviceState.IDLE
    starting = {**DETAIL, "bosminer_uptime_s": 30}
    assert rest({STATS: nothing, TUNER: {}, DETAILS: starting}).state is DeviceState.BOOTING


def test_that_a_restricted_licence_is_told() -> None:
    assert rest({DETAILS: {**DETAIL, "status": 5}}).texts["licence"].startswith("restricted")


def test_that_water_is_told_from_the_air_at_a_boards_edges_and_never_mixed_with_it() -> None:
    hydro = {**BOARD, "lowest_water_inlet_temp": {"degree_c": 31.0}, "highest_water_outlet_temp": {"degree_c": 39.0}}
    report = rest({HASHBOARDS: {"hashboards": [hydro]}})
    found = values(report)
    assert found["inlet_temp", "1"] == 31.0
    assert found["outlet_temp", "1"] == 39.0
    assert found["inlet_temp", "1.board"] == 35.0
    sources = {(signal.point, signal.part): signal.source for signal in report.layout.signals}
    assert sources["inlet_temp", "1"] is Source.COOLANT
    assert sources["inlet_temp", "1.board"] is Source.INLET


def test_that_what_is_null_is_not_reported_and_never_zero() -> None:
    empty = {**BOARD, "chips_count": None, "stats": None, "highest_chip_temp": None, "board_temp": None}
    report = rest({HASHBOARDS: {"hashboards": [empty]}, STATS: {"miner_stats": None, "power_stats": None}})
    qualities = {
        (signal.point, signal.part): Quality(quality)
        for signal, quality in zip(report.layout.signals, report.quality, strict=True)
    }
    for key in (("chips", "1"), ("hashrate", "1"), ("chip_temp", "1"), ("board_temp", "1"), ("hashrate", "")):
        assert qualities[key] is Quality.NOT_REPORTED, key


def test_that_numbers_come_as_text_too() -> None:
    report = rest({STATS: {"power_stats": {"approximated_consumption": {"watt": "475"}}}})
    assert values(report)["power", ""] == 475


def test_that_a_rate_in_another_unit_than_its_key_says_is_marked_and_put_right() -> None:
    stats = copy.deepcopy(PAGES[STATS])
    stats["miner_stats"]["real_hashrate"]["last_5s"] = {"gigahash_per_second": 248_000_000.0}
    report = rest({STATS: stats})
    assert values(report)["hashrate", ""] == pytest.approx(248.0)
    assert report.quality[report.layout.index["hashrate", ""]] == Quality.SUSPECT


def test_that_pools_of_all_groups_are_numbered_through_and_the_active_one_is_told() -> None:
    groups = [
        {"pools": [{"alive": False, "enabled": True, "url": "stratum+tcp://a:1", "user": "u"}]},
        {
            "pools": [
                {"alive": True, "enabled": False, "url": "stratum+tcp://b:1", "user": "u"},
                {"alive": True, "active": True, "url": "stratum+tcp://c:1", "user": "v"},
                {"alive": True, "url": "stratum+tcp://0a1b.bos.braiins.com:3336", "user": "fee"},
                {"url": "stratum+tcp://d:1"},
            ]
        },
    ]
    report = rest({POOLS: groups})
    found = values(report)
    assert [found["pool_state", part] for part in "1234"] == [0, 2, 1, 3]
    assert (report.texts["pool"], report.texts["worker"]) == ("stratum+tcp://c:1", "v")
    assert report.texts["fee_pool"] == "stratum+tcp://0a1b.bos.braiins.com:3336"


def test_that_a_hashrate_target_is_told_as_one() -> None:
    tuner = {"enabled": True, "tuner_mode": 2, "hashrate_target": {"terahash_per_second": 90}}
    assert rest({CONFIGURATION: {"tuner": tuner}}).texts["power_mode"] == "hashrate target 90 TH/s"
    assert rest({CONFIGURATION: {"tuner": {"enabled": False}}}).texts["power_mode"] == "manual"


def test_that_a_fault_without_a_readable_time_counts_and_an_old_one_does_not() -> None:
    found = judge(
        [
            {"message": "odd", "timestamp": "yesterday"},
            {"message": "old", "timestamp": "2026-01-01T00:00:00.123456789Z"},
            {"message": "new", "timestamp": {"seconds": 2_000_000_000}, "error_codes": [{"code": "H2"}]},
            {"message": "new", "timestamp": {"seconds": 2_000_000_001}, "error_codes": [{"code": "H2"}]},
            {"error_codes": [{"code": "V1", "reason": "PSU missing"}], "components": [{"name": "psu", "index": 0}]},
            "no object",
            {},
        ],
        1_800_000_000.0,
    )
    assert found.current == ("odd", "H2: new", "V1, psu 0: PSU missing")
    assert found.history == "1 before the last start, the latest of 2026-01-01: old"


def test_that_the_devices_own_clock_dates_its_journal() -> None:
    assert clock_of("Fri, 17 Apr 2026 17:00:00 GMT", 5.0) == 1_776_445_200.0
    assert clock_of("no date", 5.0) == 5.0
    assert instant("2026-04-17T17:00:00") == 1_776_445_200.0


def test_that_every_question_of_the_ladder_is_balanced_and_asks_less_than_the_one_before() -> None:
    for question in FULL_QUESTIONS:
        assert question.count("{") == question.count("}")
    newest, middle, oldest = FULL_QUESTIONS
    assert len(newest) > len(middle) > len(oldest)
    assert "hbSerialNumber" not in middle
    assert "mhsSinceRestart" not in oldest


def graphql(info: Any, **more: Any) -> Report:
    parser = GraphqlParser(load_profiles()["braiins-graphql"])
    return parser.report({"bosminer": {"info": info}, **more}, Tier.FULL, 1.0, NOW)


def test_that_graphql_names_its_sensors_in_three_ways() -> None:
    for words in (("Board", "Chip"), ("Max Board", "Max Chip"), ("MAX_BOARD", "MAX_CHIP")):
        sensors = [{"name": words[0], "degreesC": 56.4}, {"name": words[1], "degreesC": 71.4}]
        solver = {"name": "7", "temperatures": [*sensors, {"name": "INLET", "degreesC": 37.5}]}
        found = values(graphql({"workSolver": {"childSolvers": [{"name": "6"}, solver]}}))
        assert (found["board_temp", "2"], found["chip_temp", "2"], found["inlet_temp", "2"]) == (56.4, 71.4, 37.5)


def test_that_graphql_counts_the_shares_of_its_pools_where_the_miner_counts_none() -> None:
    pools = [{"url": f"stratum+tcp://{name}:1", "status": "ALIVE", "shares": {"acceptedSolutions": 7}} for name in "ab"]
    found = values(graphql({"poolGroups": [{"pools": pools[:1]}, {"pools": pools[1:]}]}))
    assert found["accepted", ""] == 14
    assert ("rejected", "") not in found


def test_that_a_shutdown_by_dynamic_scaling_is_a_stop_by_protection() -> None:
    shut_down = {"dynamicPerformanceScaling": {"status": "MINING_SHUTDOWN"}, "realHashrate": {"mhs5S": 0.0}}
    assert graphql({"summary": shut_down}).state is DeviceState.STOPPED
    assert graphql(None).state is DeviceState.IDLE
    assert graphql({"summary": {"tunerStatus": "STABLE"}}).state is DeviceState.UNKNOWN


TEXT: dict[str, Any] = {
    "summary": {"SUMMARY": [{"MHS 5s": 51_000_000.5, "MHS av": "50500000", "Elapsed": 900, "Hardware Errors": 4}]},
    "devs": {"DEVS": [{"ID": 6, "MHS 5s": 17e6, "Nominal MHS": 18e6}, {"ID": 8, "MHS 5s": 17e6, "Nominal MHS": 18e6}]},
    "temps": {"TEMPS": [{"ID": 6, "Board": 81.9, "Chip": 104.6}, {"ID": 8, "Board": 0, "Chip": 0}]},
    "fans": {"FANS": [{"FAN": 0, "RPM": 5340}]},
    "tunerstatus": {
        "TUNERSTATUS": [
            {
                "ApproximateMinerPowerConsumption": 1419,
                "PowerLimit": 1420,
                "TunerChainStatus": [{"HashchainIndex": 6, "Status": "Stable", "TunerRunning": True}],
            }
        ]
    },
    "devdetails": {"DEVDETAILS": [{"ID": 6, "Chips": 65, "Frequency": 525_000_000, "Model": "Antminer S17"}]},
    "pools": {"POOLS": [{"URL": "stratum+tcp://p:1", "User": "w", "Status": "Alive", "Stratum Active": True}]},
}


def text_report(**changes: Any) -> Report:
    parser = TextParser(load_profiles()["braiins-4028"])
    return parser.report(Answers({**TEXT, **changes}, False, 1.0, 2.0), Tier.FULL)


def test_that_the_text_interface_is_read_by_the_ids_of_its_boards() -> None:
    report = text_report()
    found = values(report)
    assert report.state is DeviceState.HASHING
    assert found["hashrate", ""] == pytest.approx(51.0000005)
    assert found["hashrate_nominal", ""] == 36.0
    assert (found["chip_temp", "1"], found["chips", "1"], found["frequency", "1"]) == (104.6, 65, 525.0)
    assert ("chip_temp", "3") not in found, "0 degC is a sensor that does not answer"
    assert ("chips", "3") not in found
    assert ("hashrate", "2") not in report.layout.index
    assert report.texts["model"] == "Antminer S17"


def test_that_the_text_interface_tells_tuning_and_faults_by_its_chains() -> None:
    chains = [
        {"HashchainIndex": 6, "Status": "Tuning individual chips", "TunerRunning": True},
        {"HashchainIndex": 7, "Status": "Tuner failed: chip 12 {x}", "TunerRunning": False},
    ]
    report = text_report(tunerstatus={"TUNERSTATUS": [{"TunerChainStatus": chains}]})
    assert report.state is DeviceState.TUNING
    assert report.texts["faults"] == "chain 7: Tuner failed: chip 12 {x}"
    assert values(report)["faults", ""] == 1


def test_that_without_a_summary_the_boards_tell_the_state() -> None:
    assert text_report(summary={}).state is DeviceState.HASHING
    assert text_report(summary={}, devs={}).state is DeviceState.UNKNOWN


ODD: tuple[Any, ...] = (
    None, True, "", "nan", -1, 0, 2**63, 1.5e300, "9" * 400, [], {}, [[[]]], {"a": {"b": []}}, [None, 1, "x"],
    "2026-99-99T99", {"seconds": 1e300}, {"degree_c": []}, {"gigahash_per_second": "inf"}, 6, "11", "MINING_SHUTDOWN",
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


def check(report: Report) -> None:
    assert len(report.values) == len(report.quality) == len(report.layout)
    for signal, value, quality in zip(report.layout.signals, report.values, report.quality, strict=True):
        assert Quality(quality).has_value == math.isfinite(value), (signal, value, quality)
        names = POINTS[signal.point].codes
        assert not names or math.isnan(value) or value in range(len(names))
    orjson.dumps(dict(report.texts))


def test_that_whatever_the_pages_hold_gives_a_sound_report() -> None:
    random_ = random.Random(16)
    info = {
        "summary": {"realHashrate": {"mhs5S": 5e7}, "power": {"limitW": 900}, "tunerStatus": "STABLE"},
        "workSolver": {"childSolvers": [{"name": "6", "temperatures": [{"name": "Chip", "degreesC": 81}]}]},
        "poolGroups": [{"pools": [{"url": "u", "status": "ALIVE", "shares": {"acceptedSolutions": 1}}]}],
        "fans": [{"rpm": 4080}],
    }
    bos = {"errors": [{"timestamp": "2026-01-01T00:00:00Z", "message": "m", "components": [{"name": "fan"}]}]}
    for _ in range(1500):
        check(rest({path: odd(content, random_) for path, content in PAGES.items()}))
        check(graphql(odd(info, random_), bos=odd(bos, random_)))
        answers = {name: odd(content, random_) for name, content in TEXT.items()}
        check(text_report(**{name: content for name, content in answers.items() if isinstance(content, dict)}))
