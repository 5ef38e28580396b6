"""Recorded Avalons, read over a real socket, give what a person reads out of the raw replies."""

from pathlib import Path

import pytest

from drivers.core.device import Tier
from drivers.core.errors import Unsupported
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Report, Source
from drivers.family import Access
from drivers.identification import identify
from drivers.miners.avalon.driver import AvalonDriver
from drivers.registry import open_driver
from drivers.testing.contract import broken_promises
from drivers.testing.replay import RecordedMiner, read_replies, serve_replies
from drivers.transports.connections import Connections

PROFILES = load_profiles()


@pytest.fixture
def avalon_q(recorded: Path) -> RecordedMiner:
    """An Avalon Q in standby."""
    replies = dict(read_replies(recorded / "miners" / "avalon"))
    del replies["avalon_a_stats"]
    return RecordedMiner(replies)


@pytest.fixture
def avalon_1246(recorded: Path) -> RecordedMiner:
    """A 1246 at work, of which only `stats` was recorded."""
    return RecordedMiner({"stats": (recorded / "miners" / "avalon" / "avalon_a_stats.json").read_bytes()})


def found_in(report: Report) -> dict[tuple[str, str], float]:
    return {(item.point, item.part): item.value for item in report.readings() if item.value is not None}


@pytest.mark.parametrize("command", ["stats", "estats"])
@pytest.mark.parametrize("joins", [True, False], ids=["joined commands", "one command at a time"])
async def test_that_a_recorded_1246_reads_as_a_person_reads_it(
    avalon_1246: RecordedMiner, command: str, joins: bool
) -> None:
    avalon_1246.replies = {command: avalon_1246.replies["stats"]}
    if command == "estats":
        avalon_1246.replies["stats"] = b'{"STATUS":[{"STATUS":"S"}],"STATS":[{"STATS":0,"ID":"POOL0"}],"id":1}'
    avalon_1246.joins = joins
    async with serve_replies(avalon_1246) as address:
        report = await AvalonDriver(PROFILES["avalon"], address).read(Tier.FULL)
    expected = {
        ("hashrate", ""): 81.07268,
        ("hashrate_avg", ""): 79.65663,
        ("hashrate_nominal", ""): 83.92304,
        ("hashrate", "1"): 26.90701,
        ("hashrate", "3"): 26.72456,
        ("power", ""): 3504,
        ("power_limit", ""): 3200,
        ("voltage", ""): 13.16,
        ("efficiency", ""): 43.2205,
        ("chip_temp", "1"): 77,
        ("chip_temp", "2"): 77,
        ("chip_temp", "3"): 76,
        ("ambient_temp", ""): 30,
        ("fan_speed", "1"): 5344,
        ("fan_speed", "4"): 5309,
        ("chips", "1"): 120,
        ("chips", "3"): 120,
        ("hw_errors", ""): 2735,
        ("hw_errors", "1"): 999,
        ("hw_errors", "3"): 1039,
        ("frequency", ""): 502.41,
        ("uptime", ""): 24684,
        ("faults", ""): 0,
    }
    found = found_in(report)
    assert report.state is DeviceState.HASHING
    assert {key: found[key] for key in expected} == pytest.approx(expected, rel=1e-4)
    assert report.texts["model"] == "AvalonMiner 1246-83"
    assert report.texts["serial"] == "02010000cbd2fd6d"


async def test_that_firmware_which_describes_its_modules_in_estats_is_asked_for_that_from_then_on(
    avalon_1246: RecordedMiner,
) -> None:
    avalon_1246.replies = {"estats": avalon_1246.replies["stats"], "summary": b'{"SUMMARY":[{"Accepted":5}]}'}
    async with serve_replies(avalon_1246) as address:
        driver = AvalonDriver(PROFILES["avalon"], address)
        await driver.read(Tier.FAST)
        avalon_1246.asked.clear()
        report = await driver.read(Tier.FAST)
    assert avalon_1246.asked == ["summary+estats"]
    assert found_in(report)["accepted", ""] == 5


async def test_that_a_recorded_q_in_standby_reads_as_a_person_reads_it(avalon_q: RecordedMiner) -> None:
    async with serve_replies(avalon_q) as address:
        report = await AvalonDriver(PROFILES["avalon-home"], address).read(Tier.FULL)
    expected = {
        ("hashrate", ""): 0,
        ("hashrate_avg", ""): 44.49941,
        ("hashrate_nominal", ""): 55.03279,
        ("power", ""): 146,
        ("power_limit", ""): 800,
        ("inlet_temp", ""): 26,
        ("inlet_temp", "1"): 27,
        ("outlet_temp", "1"): 27,
        ("fan_speed", "1"): 0,
        ("fan_speed", "4"): 0,
        ("chips", "1"): 160,
        ("accepted", ""): 890,
        ("rejected", ""): 2,
        ("uptime", ""): 37850,
        ("pool_state", "1"): 1,
    }
    found = found_in(report)
    assert report.state is DeviceState.ASLEEP
    assert {key: found[key] for key in expected} == pytest.approx(expected, rel=1e-4)
    assert report.texts["worker"] == "worker1"
    assert report.texts["power_mode"] == "0"


async def test_that_chips_which_are_off_have_no_temperature_and_a_still_board_no_rate(avalon_q: RecordedMiner) -> None:
    async with serve_replies(avalon_q) as address:
        report = await AvalonDriver(PROFILES["avalon-home"], address).read()
    found = {(item.point, item.part): item for item in report.readings()}
    assert found["chip_temp", "1"].quality is Quality.NOT_REPORTED, "the list of single chips is an old one"
    assert found["hashrate", "1"].quality is Quality.NOT_REPORTED
    assert found["power", ""].source is Source.MEASURED


async def test_that_a_light_poll_is_one_question_with_the_layout_of_a_full_one(avalon_q: RecordedMiner) -> None:
    async with serve_replies(avalon_q) as address:
        driver = AvalonDriver(PROFILES["avalon-home"], address)
        full = await driver.read(Tier.FULL)
        avalon_q.asked.clear()
        fast = await driver.read(Tier.FAST)
    assert avalon_q.asked == ["summary+stats"]
    assert fast.layout is full.layout
    assert fast.quality[fast.layout.index["pool_state", "1"]] == Quality.NOT_POLLED


async def test_that_a_q_is_recognised_without_a_login(avalon_q: RecordedMiner) -> None:
    async with serve_replies(avalon_q) as address, Connections() as connections:
        identity = await identify(address, connections, PROFILES)
    assert (identity.profile, identity.make, identity.model) == ("avalon-home", "Canaan", "Avalon Q")
    assert identity.mac == "aa:bb:cc:dd:ee:ff"
    assert identity.firmware == "25052801_14a19a2"


async def test_that_each_of_the_two_profiles_leaves_the_others_machines_alone(
    avalon_q: RecordedMiner, avalon_1246: RecordedMiner
) -> None:
    for miner, profile in ((avalon_q, "avalon"), (avalon_1246, "avalon-home")):
        async with serve_replies(miner) as address:
            with pytest.raises(Unsupported):
                await AvalonDriver(PROFILES[profile], address).identify()


@pytest.mark.parametrize("folder", ["antminer-s19pro-stock", "luxos", "whatsminer-v2"])
async def test_that_other_firmware_is_not_taken_for_an_avalon(recorded: Path, folder: str) -> None:
    async with serve_replies(RecordedMiner(read_replies(recorded / "miners" / folder))) as address:
        with pytest.raises(Unsupported):
            await AvalonDriver(PROFILES["avalon"], address).identify()


async def test_that_both_keep_every_promise_of_a_driver(avalon_q: RecordedMiner, avalon_1246: RecordedMiner) -> None:
    for miner, profile in ((avalon_q, "avalon-home"), (avalon_1246, "avalon")):
        async with serve_replies(miner) as address, Connections() as connections:
            assert await broken_promises(open_driver(PROFILES[profile], address, Access(connections))) == []
