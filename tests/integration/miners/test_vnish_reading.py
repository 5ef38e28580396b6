"""VNish over its web interface: states, faults, pools without the developer's, and no more asked than is open."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from drivers.core.credentials import Login
from drivers.core.device import Driver, Tier
from drivers.core.errors import DeviceError
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Report, Source
from drivers.family import Access, Clue
from drivers.miners.vnish.driver import open_vnish, recognise
from drivers.probing import ask_page
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import HttpQuestion, MinerView, Wire
from drivers.testing.contract import broken_promises
from drivers.testing.stand import Place, miner_view, stand
from drivers.transports.connections import Connections


@asynccontextmanager
async def vnish(
    login: Login | None = None, *, view: MinerView | None = None, firmware: str = "vnish"
) -> AsyncIterator[tuple[Place, Driver]]:
    async with stand(PERSONALITIES[firmware], view=view) as place, Connections() as connections:
        driver = open_vnish(load_profiles()["vnish"], place.address(Wire.HTTP), Access(connections, login=login))
        yield place, driver
        await driver.close()


def values(report: Report) -> Mapping[tuple[str, str], float]:
    return {(reading.point, reading.part): reading.value for reading in report.readings() if reading.value is not None}


def paths(place: Place) -> list[str]:
    return [q.path.removeprefix("/api/v1/") for q in place.asked(Wire.HTTP) if isinstance(q, HttpQuestion)]


@pytest.mark.parametrize("login", [None, Login("", "admin")], ids=["no login", "login"])
async def test_that_it_keeps_every_promise_of_a_driver(login: Login | None) -> None:
    async with vnish(login) as (_, driver):
        assert await broken_promises(driver) == []


async def test_that_it_reads_a_miner_as_its_page_shows_it() -> None:
    view = miner_view(model="Antminer S21 Pro", boards=4, nominal=234.0, chips=65, uptime=180_000.0)
    async with vnish(view=view) as (_, driver):
        report = await driver.read()
    found = values(report)
    expected = {
        ("hashrate", ""): view.rate,
        ("hashrate_nominal", ""): 234.0,
        ("power", ""): round(view.power),
        ("power_limit", ""): 3250,
        ("hw_errors", ""): 100,
        ("hashrate", "4"): view.boards[3].rate,
        ("chips", "4"): 65,
        ("chip_temp", "4"): 70,
        ("board_temp", "4"): 62,
        ("voltage", "4"): 13.4,
        ("hw_errors", "4"): 40,
        ("accepted", ""): 4312,
        ("uptime", ""): 180_000,
        ("fan_speed", "3"): 5820,
        ("faults", ""): 0,
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected, rel=1e-3)
    assert report.texts["serial.4"] == "SIMBOARD0004"
    assert report.texts["power_mode"] == "3250 watt ~ 216 TH"


async def test_that_a_light_poll_is_one_question() -> None:
    async with vnish() as (place, driver):
        full = await driver.read(Tier.FULL)
        place.questions.clear()
        fast = await driver.read(Tier.FAST)
        assert paths(place) == ["summary"]
    assert fast.layout is full.layout
    assert fast.quality[fast.layout.index["uptime", ""]] == Quality.NOT_POLLED


async def test_that_the_developers_pool_is_no_pool_of_the_owner() -> None:
    async with vnish() as (_, driver):
        report = await driver.read()
    assert report.texts["fee_pool"] == "DevFee"
    assert report.texts["pool"] == "btc.pool.example:3333"
    assert [signal.part for signal in report.layout.signals if signal.point == "pool_state"] == ["1", "2"]
    assert values(report)["accepted", ""] == 4312, "without the 224 of the fee"


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("mining", DeviceState.HASHING),
        ("auto-tuning", DeviceState.TUNING),
        ("initializing", DeviceState.BOOTING),
        ("starting", DeviceState.BOOTING),
        ("restarting", DeviceState.BOOTING),
        ("shutting-down", DeviceState.IDLE),
        ("stopped", DeviceState.ASLEEP),
        ("failure", DeviceState.STOPPED),
        ("something new", DeviceState.UNKNOWN),
    ],
)
async def test_that_its_state_is_the_firmwares_word(word: str, state: DeviceState) -> None:
    async with vnish() as (place, driver):
        place.miner.memory["state"] = word
        report = await driver.read(Tier.FAST)
    assert report.state is state
    assert ("overheat protection" in report.texts.get("faults", "")) is (word == "failure")


async def test_that_a_miner_that_means_to_mine_and_hashes_nothing_is_idle() -> None:
    async with vnish(view=miner_view(rate=0.0)) as (_, driver):
        assert (await driver.read()).state is DeviceState.IDLE


async def test_that_power_is_measured_only_where_the_supply_meters_it() -> None:
    async with vnish() as (place, driver):
        assert next(s for s in (await driver.read()).layout.signals if s.point == "power").source is Source.ESTIMATED
        place.miner.memory["metered"] = True
        assert next(s for s in (await driver.read()).layout.signals if s.point == "power").source is Source.MEASURED


async def test_that_lost_fans_are_faults_but_not_in_a_tank() -> None:
    async with vnish(view=miner_view(fans=(5880, 0, 0, 0))) as (place, driver):
        report = await driver.read()
        assert report.texts["faults"] == "fan 2 is lost; fan 3 is lost; fan 4 is lost"
        assert values(report)["fan_speed", "2"] == 0
        place.miner.controls.immersion = True
        report = await driver.read()
    assert values(report)["faults", ""] == 0
    assert ("fan_speed", "2") not in values(report), "a fan that is not there does not stand still"


async def test_that_a_missing_board_is_a_fault_with_no_chips() -> None:
    view = miner_view()
    gone = replace(view.boards[1], chips=0, rate=0.0)
    async with vnish(view=replace(view, boards=(view.boards[0], gone, view.boards[2]))) as (_, driver):
        report = await driver.read()
    assert values(report)["chips", "2"] == 0
    assert report.texts["faults"] == "board 2: disconnected"


async def test_that_it_says_who_it_is_to_anybody() -> None:
    async with vnish() as (place, driver):
        identity = await driver.identify()
        assert paths(place) == ["info"]
    assert (identity.make, identity.model, identity.firmware) == ("Bitmain", "Antminer S19j Pro", "Vnish 1.2.7")
    assert (identity.mac, identity.serial) == ("02:00:5e:10:00:07", "SIM0000007")


async def test_that_it_is_recognised_by_its_page_and_nothing_else_is_taken_for_it() -> None:
    here = Address("192.0.2.7", 80)
    async with vnish() as (place, _):
        assert recognise(Clue(here, page=await ask_page(place.address(Wire.HTTP))))
    async with vnish(firmware="braiins") as (place, driver):
        assert not recognise(Clue(here, page=await ask_page(place.address(Wire.HTTP))))
        with pytest.raises(DeviceError):
            await driver.identify()
