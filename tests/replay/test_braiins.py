"""A recorded Braiins OS 25.11, read over a real socket, gives what a person reads out of the raw pages."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.core.credentials import Login
from drivers.core.device import Driver, Tier
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Report, Source
from drivers.family import Access
from drivers.miners.braiins.driver import open_braiins
from drivers.simulators.personality import HttpQuestion, Wire
from drivers.testing.contract import broken_promises
from drivers.testing.stand import Place, stand
from drivers.testing.web_replay import RecordedWeb, read_pages
from drivers.transports.connections import Connections

BASE = "/api/v1/"


@pytest.fixture
def s19_xp(recorded: Path) -> RecordedWeb:
    return RecordedWeb(
        read_pages(recorded / "miners" / "braiins-25.11", BASE),
        BASE,
        entry="/api/v1/auth/login",
        welcome=b'{"token":"t0ken","timeout_s":3600}',
        key="t0ken",
    )


@asynccontextmanager
async def opened(web: RecordedWeb) -> AsyncIterator[tuple[Place, Driver]]:
    async with stand(web) as place, Connections() as connections:
        access = Access(connections, login=Login("root", "secret"))
        driver = open_braiins(load_profiles()["braiins"], place.address(Wire.HTTP), access)
        yield place, driver
        await driver.close()


def values(report: Report) -> Mapping[tuple[str, str], float]:
    return {(reading.point, reading.part): reading.value for reading in report.readings() if reading.value is not None}


async def test_that_a_recorded_s19_xp_reads_as_a_person_reads_it(s19_xp: RecordedWeb) -> None:
    async with opened(s19_xp) as (_, driver):
        report = await driver.read(Tier.FULL)
    found = values(report)
    expected = {
        ("hashrate", ""): 121.01541,
        ("hashrate_avg", ""): 143.38698,
        ("hashrate_nominal", ""): 119.96785,
        ("power", ""): 2472,
        ("power_limit", ""): 2431,
        ("efficiency", ""): 2472 / 121.01541,
        ("accepted", ""): 5048,
        ("rejected", ""): 10,
        ("stale", ""): 0,
        ("uptime", ""): 21448,
        ("hashrate", "1"): 44.37261,
        ("hashrate", "2"): 41.17505,
        ("hashrate", "3"): 38.24463,
        ("chips", "1"): 110,
        ("chips", "3"): 110,
        ("chip_temp", "1"): 71.5,
        ("chip_temp", "2"): 69.5,
        ("board_temp", "3"): 56.0,
        ("inlet_temp", "3"): 44.0,
        ("outlet_temp", "1"): 56.5,
        ("frequency", "1"): 406.25,
        ("voltage", "2"): 12.60612,
        ("fan_speed", "1"): 5879,
        ("fan_speed", "4"): 5909,
        ("pool_state", "1"): 1,
        ("pool_state", "2"): 1,
    }
    assert report.state is DeviceState.HASHING
    assert {key: found[key] for key in expected} == pytest.approx(expected, rel=1e-6)
    assert ("hw_errors", "") not in report.layout.index, "the firmware counts none"
    assert report.texts["worker"] == "asic_rs.test"
    assert report.texts["pool"] == "stratum+tcp://example.pool.com:3333"
    assert report.texts["serial.2"] == "YNAHYPDBCJEJD00MV"
    assert report.texts["power_mode"] == "power target 3031 W"


async def test_that_its_power_is_called_an_estimate_and_its_temperatures_by_their_places(s19_xp: RecordedWeb) -> None:
    async with opened(s19_xp) as (_, driver):
        sources = {(signal.point, signal.part): signal.source for signal in (await driver.read()).layout.signals}
    assert sources["power", ""] is Source.ESTIMATED
    assert sources["efficiency", ""] is Source.ESTIMATED
    assert sources["chip_temp", "1"] is Source.CHIP
    assert sources["board_temp", "1"] is Source.PCB
    assert sources["inlet_temp", "1"] is Source.INLET
    assert sources["outlet_temp", "1"] is Source.OUTLET


async def test_that_errors_of_weeks_ago_are_history_and_no_faults(s19_xp: RecordedWeb) -> None:
    async with opened(s19_xp) as (_, driver):
        report = await driver.read()
    assert values(report)["faults", ""] == 0
    assert "faults" not in report.texts
    assert report.texts["fault_history"].startswith("54 before the last start, the latest of 2026-04-10: ")


async def test_that_errors_since_the_start_are_faults_each_told_once(s19_xp: RecordedWeb) -> None:
    always = re.sub(
        rb'"bosminer_uptime_s": \d+', b'"bosminer_uptime_s": 99999999', s19_xp.pages[f"{BASE}miner_details"]
    )
    s19_xp.pages = {**s19_xp.pages, f"{BASE}miner_details": always}
    async with opened(s19_xp) as (_, driver):
        report = await driver.read()
    assert values(report)["faults", ""] == 5, "five different ones among the 54"
    assert "V2: Tuner error: Stage 4: Stage 4: PSU shut down" in report.texts["faults"]


async def test_that_a_light_poll_logs_in_once_and_asks_what_changes(s19_xp: RecordedWeb) -> None:
    async with opened(s19_xp) as (place, driver):
        full = await driver.read(Tier.FULL)
        place.questions.clear()
        fast = await driver.read(Tier.FAST)
        questions = [question for question in place.asked(Wire.HTTP) if isinstance(question, HttpQuestion)]
        asked = [question.path.removeprefix(BASE) for question in questions]
    assert asked == ["miner/details", "miner/stats", "miner/hw/hashboards", "cooling/state", "performance/tuner-state"]
    assert fast.layout is full.layout
    assert fast.quality[fast.layout.index["pool_state", "1"]] == Quality.NOT_POLLED
    assert fast.quality[fast.layout.index["hashrate", ""]] == Quality.GOOD


async def test_that_a_page_the_firmware_lacks_leaves_its_values_unreported(s19_xp: RecordedWeb) -> None:
    kept = ("miner_details", "miner_stats")
    s19_xp.pages = {path: page for path, page in s19_xp.pages.items() if path.endswith(kept)}
    async with opened(s19_xp) as (_, driver):
        report = await driver.read()
    assert values(report)["hashrate", ""] == pytest.approx(121.01541)
    assert not any(signal.part for signal in report.layout.signals)


async def test_that_it_says_who_it_is(s19_xp: RecordedWeb) -> None:
    async with opened(s19_xp) as (_, driver):
        identity = await driver.identify()
    assert (identity.make, identity.model) == ("Bitmain", "Antminer S19 XP")
    assert identity.firmware == "Braiins OS 25.11 (2025-11-21-0-eb658dcd-25.11-plus)"
    assert (identity.mac, identity.serial) == ("90:00:00:00:00:02", "YNAHEAUBCJCBA03GL")
    assert identity.profile == "braiins"


async def test_that_it_keeps_every_promise_of_a_driver(s19_xp: RecordedWeb) -> None:
    async with opened(s19_xp) as (_, driver):
        assert await broken_promises(driver) == []
