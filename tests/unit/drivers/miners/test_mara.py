"""What the pages of MARA's firmware mean, and how its configuration is changed and compared."""

from collections.abc import Mapping
from typing import Any

import pytest

from drivers.core.command import Pool, SetPools, SetPowerTarget, Sleep
from drivers.core.device import Tier
from drivers.core.errors import Unsupported
from drivers.core.operation import PreconditionFailed
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Reading, Report, Source
from drivers.miners.mara.commands import change_of, changed, differing, masked, mode_before_sleep
from drivers.miners.mara.driver import PREFIX, check_algorithm, is_mara, report
from drivers.miners.reporter import Reporter
from drivers.miners.web_pages import Pages

MARA = load_profiles()["mara"]
PAGES: dict[str, Any] = {
    "brief": {
        "status": "Mining",
        "elapsed": 7200,
        "hashrate_realtime": 108.2,
        "hashrate_ideal": 110000.0,
        "power_consumption_estimated": 3205.4,
    },
    "hashboards": {
        "hashboards": [
            {
                "index": 0,
                "hashrate_average": 36100.0,
                "temperature_pcb": [51, 58],
                "temperature_chip": [66, 71],
                "asic_num": 114,
                "serial_number": "MB1",
            },
            {
                "index": 3,
                "hashrate_average": 36200.0,
                "temperature_pcb": [],
                "temperature_chip": [0, 0],
                "asic_num": 113,
                "serial_number": "MB4",
            },
        ]
    },
    "fans": {"fans": [{"current_speed": 5880}, {"current_speed": 0}]},
    "overview": {"model": "Antminer S19 Pro", "mac": "02:00:5E:00:00:03", "version_firmware": "2024-11.1"},
    "details": {
        "hashboard_infos": [
            {"index": 0, "hashrate_avg": 36100.0, "frequency_avg": 490.0, "voltage": 13.4, "asic_num": 114}
        ]
    },
    "miner_config": {
        "mode": {"work-mode-selector": "Auto", "concorde": {"mode-select": "PowerTarget", "power-target": 3200}}
    },
}
POOLS = [
    {
        "index": 0,
        "url": "stratum+tcp://a.example.invalid:1",
        "user": "w",
        "priority": 1,
        "status": "Alive",
        "accepted": 10,
        "rejected": 1,
        "stale": 2,
    },
    {
        "index": 1,
        "url": "stratum+tcp://b.example.invalid:1",
        "user": "w",
        "priority": 0,
        "status": "Alive",
        "accepted": 5,
    },
    {"index": 2, "url": "stratum+tcp://c.example.invalid:1", "user": "w", "priority": 2, "status": "Dead"},
]
CONFIG: dict[str, Any] = {
    "mode": {"work-mode-selector": "Auto", "concorde": {"mode-select": "Hashrate", "power-target": 3000}},
    "pools": [{"url": "a", "user": "w", "pass": "hush", "gid": 2}],
}


def read(pages: Mapping[str, Any] = PAGES) -> Report:
    found = {PREFIX + name: page for name, page in pages.items()}
    brought = Pages("miner:80", found=found, lists={PREFIX + "pools": POOLS}, asked=1.0, answered=2.0)
    return report(brought, Reporter(MARA), Tier.FULL)


def readings(found: Report) -> Mapping[tuple[str, str], Reading]:
    return {(item.point, item.part): item for item in found.readings()}


def with_brief(**fields: object) -> dict[str, Any]:
    return PAGES | {"brief": PAGES["brief"] | fields}


def test_that_the_pages_give_what_a_person_reads_out_of_them() -> None:
    report_ = read()
    found = readings(report_)
    expected = {
        ("hashrate", ""): 108.2,
        ("hashrate_nominal", ""): 110,
        ("hashrate", "1"): 36.1,
        ("hashrate", "4"): 36.2,
        ("chip_temp", "1"): 71,
        ("board_temp", "1"): 58,
        ("chips", "4"): 113,
        ("frequency", "1"): 490,
        ("voltage", "1"): 13.4,
        ("power", ""): 3205.4,
        ("power_limit", ""): 3200,
        ("fan_speed", "2"): 0,
        ("accepted", ""): 15,
        ("rejected", ""): 1,
        ("stale", ""): 2,
        ("uptime", ""): 7200,
        ("pool_state", "3"): 0,
    }
    assert {key: found[key].value for key in expected} == pytest.approx(expected)
    assert found["power", ""].source is Source.ESTIMATED
    assert ("chip_temp", "4") not in found, "0 is a sensor that is not there"
    assert report_.state is DeviceState.HASHING
    assert report_.texts["pool"] == "stratum+tcp://b.example.invalid:1", "the living pool of the first priority"
    assert report_.texts["serial.4"] == "MB4"


@pytest.mark.parametrize(
    ("pages", "rate"),
    [
        (PAGES, 108.2),
        (with_brief(hashrate_realtime=108200.0), 108.2),
        (with_brief(hashrate_realtime=0.9, hashrate_ideal=110000.0), 0.9),
        ({"brief": {"status": "Mining", "hashrate_realtime": 108200.0}}, 108.2),
        ({"brief": {"status": "Mining", "hashrate_realtime": 108.2}}, 108.2),
        ({"brief": {"status": "Mining", "hashrate_realtime": 105000.0, "hashrate_ideal": 110.0}}, 105.0),
    ],
    ids=["TH/s", "GH/s", "barely hashing", "GH/s alone", "TH/s alone", "GH/s beside TH/s"],
)
def test_that_the_unit_of_the_rate_is_told_by_comparison(pages: Mapping[str, Any], rate: float) -> None:
    assert readings(read(pages))["hashrate", ""].value == pytest.approx(rate)


def test_that_a_unit_that_is_named_counts() -> None:
    boards = [
        {"index": 0, "asic_num": 0, "hashrate_realtime_10m": 0, "frequency_average": 0, "present": False},
        {"index": 1, "asic_num": 77, "hashrate_realtime_10m": 1429.4, "hashrate_average": 1281.3, "present": True},
    ]
    brief = {"hashrate_unit": "GH/s", "hashrate_realtime": 1424.1, "hashrate_average": 1400, "hashrate_ideal": 1500}
    found = readings(read(with_brief(**brief) | {"hashboards": {"hashboards": boards}, "details": {}}))
    assert found["hashrate", ""].value == pytest.approx(1.4241)
    assert found["hashrate_avg", ""].value == pytest.approx(1.4)
    assert found["hashrate_nominal", ""].value == pytest.approx(1.5)
    assert found["hashrate", "2"].value == pytest.approx(1.4294)
    assert found["chips", "1"].value == 0, "the slot is empty"
    assert not {("hashrate", "1"), ("frequency", "1")} & set(found), "and tells nothing else"


def test_that_a_miner_asleep_has_the_nominal_rate_it_was_sold_with() -> None:
    brief = {"hashrate_unit": "GH/s", "hashrate_ideal": 0, "hashrate_sales": 110000, "hashrate_realtime": 0}
    report_ = read(with_brief(**brief, status="Sleep", work_mode="Sleep") | {"miner_config": {}})
    nominal = readings(report_)["hashrate_nominal", ""]
    assert (nominal.value, nominal.source) == (110, Source.NAMEPLATE)
    assert report_.state is DeviceState.ASLEEP
    assert report_.texts["power_mode"] == "Sleep"


@pytest.mark.parametrize(("told", "source"), [("PSU", Source.MEASURED), ("EST", Source.ESTIMATED)])
def test_that_power_is_measured_where_the_supply_tells_it(told: str, source: Source) -> None:
    assert readings(read(with_brief(power_source=told)))["power", ""].source is source


def test_that_the_firmwares_own_verdict_is_told() -> None:
    assert ("faults", "") not in readings(read()), "a firmware without one says nothing of faults"
    fine = read(with_brief(indicator="Fully functional", indicator_long=""))
    assert readings(fine)["faults", ""].value == 0
    bad = read(
        with_brief(indicator="Degraded", indicator_long="Hash board error")
        | {"fans": {"fans": [], "error": True, "error_description": "Fan 2 lost"}}
    )
    assert readings(bad)["faults", ""].value == 2
    assert bad.texts["faults"] == "Hash board error; Fan 2 lost"


def test_that_a_kaspa_miner_with_this_firmware_is_refused() -> None:
    check_algorithm("Antminer S19k Pro", "x")
    with pytest.raises(Unsupported, match="another algorithm"):
        check_algorithm("Antminer KS5 Pro", "x")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Mining", DeviceState.HASHING),
        ("Sleeping", DeviceState.ASLEEP),
        ("Auto-tuning", DeviceState.TUNING),
        ("Initializing", DeviceState.BOOTING),
        ("Over-temperature protection", DeviceState.STOPPED),
        ("Stopped", DeviceState.IDLE),
        ("", DeviceState.UNKNOWN),
        (7, DeviceState.UNKNOWN),
    ],
)
def test_that_the_state_is_what_the_firmwares_word_says(status: object, state: DeviceState) -> None:
    assert read(with_brief(status=status)).state is state


def test_that_without_a_word_the_configuration_tells_of_sleep() -> None:
    asleep = {"miner_config": {"mode": {"work-mode-selector": "Sleep"}}}
    assert read(with_brief(status=None) | asleep).state is DeviceState.ASLEEP


@pytest.mark.parametrize("left_out", sorted(PAGES))
def test_that_any_page_may_be_missing(left_out: str) -> None:
    read({key: page for key, page in PAGES.items() if key != left_out})


@pytest.mark.parametrize(
    ("version", "is_one"),
    [
        ({"VERSION": [{"API": "3.7", "MARAFW": "2024"}]}, True),
        ({"VERSION": [{"Miner": "kaonsu 1.2"}]}, True),
        ({"STATUS": [{"STATUS": "S", "Description": "KAONSU"}]}, True),
        ({"VERSION": [{"API": "3.1", "CGMiner": "4.9"}]}, False),
        ({}, False),
    ],
)
def test_that_it_is_recognised_wherever_it_names_itself(version: Mapping[str, Any], is_one: bool) -> None:
    assert is_mara(version) is is_one


def test_that_a_change_touches_its_places_only() -> None:
    wanted = changed(CONFIG, change_of(SetPowerTarget(2750.4)))
    assert differing(CONFIG, wanted) == ["mode/concorde/mode-select", "mode/concorde/power-target"]
    assert wanted["mode"]["concorde"]["power-target"] == 2750
    assert CONFIG["mode"]["concorde"]["power-target"] == 3000, "what was read stays as it was"


def test_that_new_pools_keep_the_group_of_the_old() -> None:
    wanted = changed(CONFIG, change_of(SetPools((Pool("b", "v", "p"), Pool("c", "v", "p")))))
    assert [pool["gid"] for pool in wanted["pools"]] == [2, 2]


def test_that_a_configuration_without_the_place_is_left_alone() -> None:
    with pytest.raises(PreconditionFailed, match="mode/work-mode-selector"):
        changed({"mode": {}}, change_of(Sleep()))
    with pytest.raises(PreconditionFailed, match="list of pools"):
        changed({"mode": {}}, change_of(SetPools((Pool("b", "v"),))))


@pytest.mark.parametrize(
    ("wanted", "found", "paths"),
    [
        ({"a": 1}, {"a": "1"}, []),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": True}, {"a": False}, ["a"]),
        ({"a": {"b": 1}}, {"a": {}}, ["a/b"]),
        ({"a": 1}, {"a": 1, "c": 2}, ["c"]),
        ({"a": [{"p": "x"}]}, {"a": [{"p": "*****"}]}, []),
        ({"a": [1, 2]}, {"a": [1]}, ["a"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["a/2"]),
    ],
)
def test_that_configurations_are_compared_by_meaning(wanted: object, found: object, paths: list[str]) -> None:
    assert differing(wanted, found) == paths


def test_that_masked_secrets_are_noticed_wherever_they_stand() -> None:
    assert masked({"pools": [{"pass": "****"}]}, replaced=False)
    assert not masked({"pools": [{"pass": "****"}]}, replaced=True)
    assert masked({"network": {"key": "***"}}, replaced=True)
    assert not masked({"pools": [{"pass": "x"}], "note": "**"}, replaced=False)


def test_that_the_mode_before_sleep_is_that_of_the_latest_change() -> None:
    def entry(before: str, after: str) -> dict[str, Any]:
        return {"1": [{"type": "update", "path": ["Mode", "WorkModeSelector"], "from": before, "to": after}]}

    history = [entry("Fixed", "Sleep"), entry("Sleep", "Stock"), entry("Stock", "Sleep"), {"2": "nonsense"}]
    assert mode_before_sleep(history) == "Stock"
    with pytest.raises(PreconditionFailed):
        mode_before_sleep([entry("Auto", "Stock")])
