"""Braiins OS over its three interfaces: each keeps a driver's promises, asks no more than it needs, tells states."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from drivers.core.credentials import Login
from drivers.core.device import Driver, Tier
from drivers.core.errors import Refused, Unsupported
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Report, Source
from drivers.family import Access, Clue, Page
from drivers.miners.braiins.driver import open_braiins, recognise
from drivers.probing import ask_page, ask_version
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import HttpQuestion, MinerView, Wire
from drivers.testing.contract import broken_promises
from drivers.testing.stand import Place, miner_view, stand
from drivers.transports.connections import Connections

ROOT = Login("root", "root")
WIRES = {"braiins": Wire.HTTP, "braiins-graphql": Wire.HTTP, "braiins-4028": Wire.TEXT}
INTERFACES = pytest.mark.parametrize("profile", list(WIRES))


@asynccontextmanager
async def opened(
    profile: str, *, firmware: str = "", login: Login | None = ROOT, view: MinerView | None = None
) -> AsyncIterator[tuple[Place, Driver]]:
    async with stand(PERSONALITIES[firmware or profile], view=view) as place, Connections() as connections:
        driver = open_braiins(load_profiles()[profile], place.address(WIRES[profile]), Access(connections, login=login))
        yield place, driver
        await driver.close()


def values(report: Report) -> Mapping[tuple[str, str], float]:
    return {(reading.point, reading.part): reading.value for reading in report.readings() if reading.value is not None}


@INTERFACES
async def test_that_every_interface_keeps_every_promise_of_a_driver(profile: str) -> None:
    async with opened(profile) as (_, driver):
        assert await broken_promises(driver) == []


@INTERFACES
async def test_that_every_interface_tells_the_same_miner(profile: str) -> None:
    view = miner_view(model="Antminer S19 Pro+ Hyd.", boards=4, nominal=198.0, chips=180)
    async with opened(profile, view=view) as (_, driver):
        found = values(report := await driver.read())
    expected = {
        ("hashrate", ""): view.rate,
        ("hashrate_nominal", ""): 198.0,
        ("power", ""): round(view.power),
        ("hashrate", "4"): view.boards[3].rate,
        ("chips", "4"): 180,
        ("chip_temp", "4"): 70.0,
        ("board_temp", "4"): 62.0,
        ("frequency", "4"): 525.0,
        ("voltage", "4"): 13.4,
        ("fan_speed", "2"): 5940,
        ("accepted", ""): 4312,
        ("stale", ""): 2,
        ("pool_state", "2"): 1,
        ("power_limit", ""): round(view.power),
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected, rel=1e-3)
    assert report.state is DeviceState.HASHING
    assert report.texts["model"] == "Antminer S19 Pro+ Hyd."
    assert next(s for s in report.layout.signals if s.point == "power").source is Source.ESTIMATED


@INTERFACES
async def test_that_a_miner_at_work_tuning_says_so(profile: str) -> None:
    async with opened(profile) as (place, driver):
        place.miner.memory["tuning"] = True
        assert (await driver.read(Tier.FAST)).state is DeviceState.TUNING


@INTERFACES
async def test_that_a_miner_that_hashes_nothing_is_asleep_or_idle_and_never_hashing(profile: str) -> None:
    async with opened(profile) as (place, driver):
        await driver.read()
        place.miner.controls.asleep = True
        report = await driver.read(Tier.FAST)
    only_rest_has_a_word_for_it = DeviceState.ASLEEP if profile == "braiins" else DeviceState.IDLE
    assert report.state is only_rest_has_a_word_for_it
    assert values(report)["hashrate", ""] == 0


async def test_that_a_stopped_and_a_suspended_miner_are_told_apart() -> None:
    async with opened("braiins") as (place, driver):
        place.miner.memory["stopped"] = True
        assert (await driver.read()).state is DeviceState.IDLE
        place.miner.memory["stopped"] = False
        place.miner.memory["suspended"] = True
        assert (await driver.read()).state is DeviceState.STOPPED


@pytest.mark.parametrize("profile", ["braiins", "braiins-graphql"])
async def test_that_a_miner_stopped_by_a_fan_is_stopped_by_protection(profile: str) -> None:
    entry = {
        "timestamp": datetime.now(UTC).isoformat(),
        "message": "not enough fans: 2 of 4 are running",
        "error_codes": [{"code": "F1", "reason": "Fan error", "hint": ""}],
        "components": [{"name": "Fan", "index": 2}],
    }
    async with opened(profile, view=miner_view(rate=0.0, rate_avg=0.0)) as (place, driver):
        place.miner.memory["errors"] = [entry]
        report = await driver.read()
        assert report.state is DeviceState.STOPPED
        assert (await driver.read(Tier.FAST)).state is DeviceState.STOPPED, "also where the journal is not asked"
    assert values(report)["faults", ""] == 1
    assert "Fan 2: not enough fans" in report.texts["faults"]
    assert report.texts["fault_history"].startswith("1 before the last start")


@pytest.mark.parametrize("schema", ["25.03", "24.09", "21.09"])
async def test_that_the_newest_schema_a_firmware_understands_is_found_once(schema: str) -> None:
    async with opened("braiins-graphql") as (place, driver):
        place.miner.memory["schema"] = schema
        assert await broken_promises(driver) == []
        report = await driver.read()
        place.questions.clear()
        await driver.read(Tier.FAST)
        await driver.read(Tier.FULL)
    assert len(place.questions) == 2
    assert ("serial.1" in report.texts) is (schema == "25.03")
    assert ("fault_history" in report.texts) is (schema != "21.09")


async def test_that_graphql_asks_for_the_login_only_when_the_miner_does_and_logs_in_once() -> None:
    async with opened("braiins-graphql") as (place, driver):
        await driver.read()
        await driver.read(Tier.FAST)
        logins = [q for q in place.asked(Wire.HTTP) if isinstance(q, HttpQuestion) and b"login" in q.body]
    assert len(logins) == 1
    async with opened("braiins-graphql", login=None) as (place, driver):
        with pytest.raises(Refused, match="set the user"):
            await driver.read()
        assert (await driver.identify()).profile == "braiins-graphql"
        assert not any(isinstance(q, HttpQuestion) and b"login" in q.body for q in place.asked(Wire.HTTP))


async def test_that_a_wrong_login_over_graphql_is_sent_once() -> None:
    async with opened("braiins-graphql", login=Login("root", "wrong")) as (place, driver):
        for _ in range(3):
            with pytest.raises(Refused):
                await driver.read()
        logins = [q for q in place.asked(Wire.HTTP) if isinstance(q, HttpQuestion) and b"login" in q.body]
    assert len(logins) == 1


@pytest.mark.parametrize("login", [ROOT, None])
async def test_that_older_firmware_opened_for_rest_names_the_profile_that_reads_it(login: Login | None) -> None:
    async with opened("braiins", firmware="braiins-graphql", login=login) as (_, driver):
        assert (await driver.identify()).profile == "braiins-graphql"


async def test_that_other_firmware_is_not_taken_for_braiins() -> None:
    async with stand(PERSONALITIES["vnish"]) as place, Connections() as connections:
        driver = open_braiins(load_profiles()["braiins-4028"], place.address(Wire.TEXT), Access(connections))
        with pytest.raises(Unsupported):
            await driver.identify()
        page = await ask_page(place.address(Wire.HTTP))
        version = await ask_version(place.address(Wire.TEXT))
    assert not recognise(Clue(place.address(Wire.HTTP), version, page))


@pytest.mark.parametrize("firmware", list(WIRES))
async def test_that_the_family_is_recognised_by_what_it_tells_anybody(firmware: str) -> None:
    async with stand(PERSONALITIES[firmware]) as place:
        version = await ask_version(place.address(Wire.TEXT))
        page = await ask_page(place.address(Wire.HTTP)) if Wire.HTTP in place.addresses else None
    here = Address("192.0.2.7", 80)
    assert recognise(Clue(here, version))
    assert page is None or recognise(Clue(here, page=page))
    assert not recognise(Clue(here, page=Page(200, {}, b"<html>some other page</html>")))
