"""A recorded LuxOS miner, read over a real socket, gives what a person reads out of the raw replies."""

from pathlib import Path

import pytest

from drivers.core.device import Tier
from drivers.core.errors import Unsupported
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Source
from drivers.family import Access
from drivers.identification import identify
from drivers.miners.luxos.driver import open_luxos
from drivers.registry import open_driver
from drivers.testing.contract import broken_promises
from drivers.testing.replay import RecordedMiner, read_replies, serve_replies
from drivers.transports.connections import Connections

LUXOS = load_profiles()["luxos"]


@pytest.fixture
def s19k_pro(recorded: Path) -> RecordedMiner:
    return RecordedMiner(read_replies(recorded / "miners" / "luxos"))


@pytest.mark.parametrize("joins", [True, False], ids=["joined commands", "one command at a time"])
async def test_that_a_recorded_s19k_pro_reads_as_a_person_reads_it(s19k_pro: RecordedMiner, joins: bool) -> None:
    s19k_pro.joins = joins
    async with serve_replies(s19k_pro) as address:
        report = await open_luxos(LUXOS, address, Access(Connections())).read(Tier.FULL)
    found = {(item.point, item.part): item.value for item in report.readings() if item.value is not None}
    assert report.state is DeviceState.HASHING
    expected = {
        ("hashrate", ""): 59.75606,
        ("hashrate_avg", ""): 56.91791,
        ("hashrate_nominal", ""): 61.9542,
        ("hashrate", "1"): 19.7738,
        ("hashrate", "2"): 19.2306,
        ("hashrate", "3"): 20.7517,
        ("power", ""): 1051,
        ("efficiency", ""): 17.588,
        ("board_temp", "1"): 47,
        ("board_temp", "2"): 47,
        ("board_temp", "3"): 47,
        ("fan_speed", "1"): 1920,
        ("fan_speed", "4"): 2340,
        ("chips", "1"): 77,
        ("chips", "3"): 77,
        ("frequency", ""): 300,
        ("hw_errors", ""): 0,
        ("accepted", ""): 1483,
        ("rejected", ""): 1,
        ("stale", ""): 0,
        ("uptime", ""): 3453,
        ("faults", ""): 2,
        ("pool_state", "1"): 1,
        ("pool_state", "2"): 0,
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected, rel=1e-4)
    assert report.texts["firmware"] == "LuxOS 2025.4.8.220305-57b389c7"
    assert ("chips", "4") not in report.layout.index, "an empty fourth slot is no dead board"
    assert report.texts["power_mode"] == "290MHz"
    assert report.texts["serial"] == "JYZZB0UBDJABF06RB"
    assert report.texts["serial.2"] == "JYZZYRSBDJEBI06ZM"
    assert report.texts["faults"].startswith("NOPIC_PROTECTION: Miner shutdown")
    assert "REBOOT_NOT_HASHING board 1" in report.texts["faults"]


async def test_that_power_which_no_power_supply_tells_is_an_estimate_and_no_chip_is_given_a_temperature(
    s19k_pro: RecordedMiner,
) -> None:
    async with serve_replies(s19k_pro) as address:
        report = await open_luxos(LUXOS, address, Access(Connections())).read()
    found = {(item.point, item.part): item for item in report.readings()}
    assert found["power", ""].source is Source.ESTIMATED
    assert found["efficiency", ""].source is Source.ESTIMATED
    assert found["chip_temp", "1"].value is None
    assert found["chip_temp", "1"].quality is Quality.NOT_REPORTED
    assert found["board_temp", "1"].source is Source.PCB


async def test_that_a_light_poll_is_one_question_with_the_layout_of_a_full_one(s19k_pro: RecordedMiner) -> None:
    async with serve_replies(s19k_pro) as address:
        driver = open_luxos(LUXOS, address, Access(Connections()))
        full = await driver.read(Tier.FULL)
        s19k_pro.asked.clear()
        fast = await driver.read(Tier.FAST)
    assert s19k_pro.asked == ["summary+devs+temps+power+fans+events"]
    assert fast.layout is full.layout
    assert fast.state is DeviceState.HASHING
    assert fast.quality[fast.layout.index["pool_state", "1"]] == Quality.NOT_POLLED
    assert fast.quality[fast.layout.index["board_temp", "1"]] == Quality.GOOD


async def test_that_it_is_recognised_without_a_login(s19k_pro: RecordedMiner) -> None:
    async with serve_replies(s19k_pro) as address, Connections() as connections:
        identity = await identify(address, connections, load_profiles())
    assert identity.profile == "luxos"
    assert identity.model == "Antminer S19k Pro"
    assert identity.firmware == "LuxOS 2025.4.8.220305-57b389c7"
    assert identity.mac == "62:00:00:00:00:01"
    assert identity.serial == "JYZZB0UBDJABF06RB"


@pytest.mark.parametrize("folder", ["antminer-s19pro-stock", "avalon", "whatsminer-v2"])
async def test_that_other_firmware_is_not_taken_for_luxos(recorded: Path, folder: str) -> None:
    async with serve_replies(RecordedMiner(read_replies(recorded / "miners" / folder))) as address:
        with pytest.raises(Unsupported):
            await open_luxos(LUXOS, address, Access(Connections())).identify()


async def test_that_it_keeps_every_promise_of_a_driver(s19k_pro: RecordedMiner) -> None:
    async with serve_replies(s19k_pro) as address, Connections() as connections:
        assert await broken_promises(open_driver(LUXOS, address, Access(connections))) == []
