"""Recorded Antminers, read over a real socket, give what a person reads out of the raw reply."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from drivers.core.device import Tier
from drivers.core.errors import Unsupported
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Report, Source
from drivers.family import Access
from drivers.identification import identify
from drivers.miners.antminer.driver import AntminerDriver
from drivers.registry import open_driver
from drivers.testing.contract import broken_promises
from drivers.testing.replay import RecordedMiner, read_replies, serve_replies
from drivers.transports.connections import Connections

STOCK = load_profiles()["antminer-stock"]


@pytest.fixture
def s19_pro(recorded: Path) -> RecordedMiner:
    return RecordedMiner(read_replies(recorded / "miners" / "antminer-s19pro-stock"))


def values(report: Report) -> Mapping[tuple[str, str], float]:
    return {(reading.point, reading.part): reading.value for reading in report.readings() if reading.value is not None}


@pytest.mark.parametrize("joins", [True, False], ids=["joined commands", "one command at a time"])
async def test_that_a_recorded_s19_pro_reads_as_a_person_reads_it(s19_pro: RecordedMiner, joins: bool) -> None:
    s19_pro.joins = joins
    async with serve_replies(s19_pro) as address:
        report = await AntminerDriver(STOCK, address).read(Tier.FULL)
    found = values(report)
    assert report.state is DeviceState.HASHING
    expected = {
        ("hashrate", ""): 110.56689,
        ("hashrate_avg", ""): 111.83485,
        ("hashrate_nominal", ""): 110.0,
        ("power", ""): 3250.0,
        ("hw_errors", ""): 562,
        ("accepted", ""): 4057,
        ("rejected", ""): 11,
        ("stale", ""): 1,
        ("uptime", ""): 50474,
        ("frequency", ""): 525,
        ("hashrate", "1"): 37.6033,
        ("hashrate", "2"): 35.53622,
        ("hashrate", "3"): 37.42738,
        ("chips", "1"): 114,
        ("chips", "3"): 114,
        ("hw_errors", "2"): 195,
        ("chip_temp", "1"): 78,
        ("chip_temp", "2"): 71,
        ("chip_temp", "3"): 69,
        ("board_temp", "1"): 73,
        ("board_temp", "2"): 66,
        ("board_temp", "3"): 64,
        ("fan_speed", "1"): 6000,
        ("fan_speed", "2"): 5880,
        ("fan_speed", "4"): 5040,
        ("pool_state", "1"): 1,
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected)
    assert ("chips", "4") not in report.layout.index, "an empty fourth slot is no dead board"
    assert report.texts["worker"] == "example.rig01"
    assert report.texts["pool"] == "stratum+tcp://btc.global.luxor.tech:700"


async def test_that_power_nobody_measured_is_called_nameplate_and_no_efficiency_is_made_of_it(
    s19_pro: RecordedMiner,
) -> None:
    async with serve_replies(s19_pro) as address:
        readings = {
            (reading.point, reading.part): reading
            for reading in (await AntminerDriver(STOCK, address).read()).readings()
        }
    assert readings["power", ""].source is Source.NAMEPLATE
    assert readings["efficiency", ""].value is None
    assert readings["efficiency", ""].quality is Quality.UNSUPPORTED
    assert readings["chip_temp", "1"].source is Source.CHIP
    assert readings["board_temp", "1"].source is Source.PCB


async def test_that_joined_commands_cost_one_connection_and_a_refusal_is_remembered(s19_pro: RecordedMiner) -> None:
    async with serve_replies(s19_pro) as address:
        driver = AntminerDriver(STOCK, address)
        await driver.read(Tier.FULL)
        await driver.read(Tier.FAST)
        assert s19_pro.asked == ["summary+stats+pools", "summary+stats"]
        s19_pro.asked.clear()
        s19_pro.joins = False
        await driver.read(Tier.FAST)
        await driver.read(Tier.FAST)
    assert s19_pro.asked == ["summary+stats", "summary", "stats", "summary", "stats"]


async def test_that_a_light_poll_has_the_layout_of_a_full_one_and_leaves_the_pools_out(s19_pro: RecordedMiner) -> None:
    async with serve_replies(s19_pro) as address:
        driver = AntminerDriver(STOCK, address)
        full = await driver.read(Tier.FULL)
        fast = await driver.read(Tier.FAST)
    assert fast.layout is full.layout
    assert fast.quality[fast.layout.index["pool_state", "1"]] == Quality.NOT_POLLED
    assert fast.quality[fast.layout.index["hashrate", ""]] == Quality.GOOD


async def test_that_it_says_who_it_is(s19_pro: RecordedMiner) -> None:
    async with serve_replies(s19_pro) as address, Connections() as connections:
        identity = await identify(address, connections, load_profiles())
    assert identity.make == "Bitmain"
    assert identity.model == "Antminer S19 Pro"
    assert identity.firmware == "49.0.1.3 (Tue Dec 6 16:12:30 CST 2022)"
    assert identity.profile == "antminer-stock"


@pytest.mark.parametrize("folder", ["luxos", "avalon", "whatsminer-v2"])
async def test_that_other_firmware_is_not_taken_for_stock(recorded: Path, folder: str) -> None:
    async with serve_replies(RecordedMiner(read_replies(recorded / "miners" / folder))) as address:
        with pytest.raises(Unsupported):
            await AntminerDriver(STOCK, address).identify()


async def test_that_it_keeps_every_promise_of_a_driver(s19_pro: RecordedMiner) -> None:
    async with serve_replies(s19_pro) as address, Connections() as connections:
        assert await broken_promises(open_driver(STOCK, address, Access(connections))) == []
