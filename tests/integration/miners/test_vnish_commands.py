"""Every command to VNish, which says yes to what it does not do: reading back decides, after one write."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from drivers.core.command import (
    Capability,
    Command,
    Locate,
    Operable,
    Outcome,
    Pool,
    Reboot,
    RestartMining,
    SetFans,
    SetImmersion,
    SetPools,
    SetPowerMode,
    SetPowerTarget,
    Sleep,
    UpdateFirmware,
    Wake,
)
from drivers.core.credentials import Login
from drivers.core.device import Driver
from drivers.core.errors import Refused
from drivers.core.reading import DeviceState
from drivers.family import Access
from drivers.miners.vnish.driver import open_vnish
from drivers.simulators.conduct import Question
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import HttpQuestion, Wire
from drivers.testing.stand import Manner, Place, stand
from drivers.transports.connections import Connections
from tests.miner_commands import act, changes, hasty, web_questions

ADMIN = Login("", "admin")
POOLS = (Pool("stratum+tcp://own.pool.example:3333", "farm.07", "x"), Pool("b.pool.example:443", "farm.07"))


@asynccontextmanager
async def vnish(login: Login | None = ADMIN) -> AsyncIterator[tuple[Place, Driver]]:
    async with stand(PERSONALITIES["vnish"]) as place, Connections() as connections:
        access = Access(connections, login=login)
        driver = open_vnish(hasty("vnish", 0.5), place.address(Wire.HTTP), access)
        yield place, driver
        await driver.close()


def writes(place: Place) -> list[str]:
    """What came over the wire that changes something: all but reading and unlocking."""
    return [question.path for question in changes(place, besides=("/api/v1/unlock",))]


def unlocks(place: Place) -> int:
    return sum(q.path.endswith("/unlock") for q in web_questions(place))


def is_write(_: Wire, question: Question) -> bool:
    return isinstance(question, HttpQuestion) and question.method == "POST" and not question.path.endswith("/unlock")


EVERY: Sequence[tuple[Command, str, str]] = (
    (Locate(True), "/api/v1/find-miner", "locate True"),
    (RestartMining(), "/api/v1/mining/restart", "restart"),
    (Reboot(), "/api/v1/system/reboot", "reboot"),
    (Sleep(), "/api/v1/mining/stop", "stop"),
    (SetPools(POOLS), "/api/v1/settings", "pools 2"),
    (SetPowerMode("2800"), "/api/v1/settings", "preset 2800"),
    (SetFans(60), "/api/v1/settings", "fans manual"),
    (SetImmersion(True), "/api/v1/settings", "fans immers"),
)
SETTINGS = (SetPools(POOLS), SetPowerMode("2800"), SetFans(60), SetImmersion(True))


@pytest.mark.parametrize(("command", "path", "effect"), EVERY, ids=lambda value: type(value).__name__)
async def test_that_a_command_is_one_write_and_confirmed_by_reading_back(
    command: Command, path: str, effect: str
) -> None:
    async with vnish() as (place, driver):
        result = await act(driver, command)
    assert (result.outcome, result.sent) == (Outcome.CONFIRMED, True), result
    assert writes(place) == [path]
    assert place.miner.controls.writes == [effect]
    assert unlocks(place) == 1


@pytest.mark.parametrize("command", SETTINGS, ids=lambda value: type(value).__name__)
async def test_that_its_false_yes_is_seen_through(command: Command) -> None:
    async with vnish() as (place, driver):
        place.miner.memory["stubborn"] = True
        result = await act(driver, command)
    assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
    assert "reading back shows no effect" in result.text
    assert '"restart_required":false' in result.answer, "the firmware said yes"
    assert writes(place) == ["/api/v1/settings"]


async def test_that_what_is_stored_but_waits_for_a_restart_is_not_called_done() -> None:
    async with vnish() as (place, driver):
        place.miner.memory["restart_required"] = True
        result = await act(driver, SetPowerMode("2800"))
    assert place.miner.controls.writes == ["preset 2800"], "it is stored"
    assert result.outcome is Outcome.REJECTED
    assert "wants mining restarted before it takes effect" in result.text


async def test_that_settings_are_sent_back_as_they_were_with_one_change() -> None:
    async with vnish() as (place, driver):
        await act(driver, SetFans(60))
        sent = next(q.body for q in web_questions(place) if q.method == "POST" and q.path.endswith("/settings"))
    assert sent == (
        b'{"miner":{"cooling":{"mode":{"name":"manual","param":60},'
        b'"fan_min_count":4,"fan_min_duty":10,"fan_max_duty":100}}}'
    )


async def test_that_automatic_fans_are_told_a_temperature_to_hold() -> None:
    async with vnish() as (place, driver):
        place.miner.controls.immersion = True
        result = await act(driver, SetImmersion(False))
        sent = next(q.body for q in web_questions(place) if q.method == "POST" and q.path.endswith("/settings"))
    assert result.outcome is Outcome.CONFIRMED
    assert b'"mode":{"name":"auto","param":65}' in sent


async def test_that_a_lost_answer_is_judged_by_reading_and_never_sent_again() -> None:
    async with vnish() as (place, driver):
        place.manner, place.when = Manner.DROPS, is_write
        result = await act(driver, Sleep())
    assert result.outcome is Outcome.CONFIRMED
    assert "although the answer was lost" in result.text
    assert writes(place) == ["/api/v1/mining/stop"]


async def test_that_a_miner_that_is_gone_after_the_write_leaves_the_outcome_unknown() -> None:
    async with vnish() as (place, driver):
        place.manner = Manner.DROPS
        place.when = lambda wire, question: is_write(wire, question) or len(writes(place)) > 0
        result = await act(driver, Sleep())
    assert (result.outcome, result.sent) == (Outcome.UNKNOWN, True)
    assert writes(place) == ["/api/v1/mining/stop"]


async def test_that_the_lamp_which_turns_over_is_asked_only_where_it_differs() -> None:
    async with vnish() as (place, driver):
        place.miner.controls.locating = True
        result = await act(driver, Locate(True))
        assert (result.sent, place.miner.controls.locating) == (False, True)
        assert "already" in result.text
        assert (await act(driver, Locate(False))).outcome is Outcome.CONFIRMED
    assert place.miner.controls.writes == ["locate False"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (SetPowerMode("9999"), "no mode of this firmware; it knows disabled, 2550"),
        (SetPowerMode("4690"), "modified power supply"),
        (SetPowerTarget(2800), "set as power modes"),
        (SetFans(5), "below 10 %, the least that this miner takes"),
        (SetPools(POOLS + POOLS), "1 to 3 pools"),
        (UpdateFirmware(b"x", "a.bin", "1.3"), "not been verified"),
    ],
    ids=["unknown preset", "preset for another supply", "watts", "too slow", "too many", "firmware"],
)
async def test_that_what_cannot_be_is_said_before_anything_is_sent(command: Command, reason: str) -> None:
    async with vnish() as (place, driver):
        result = await act(driver, command)
    assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
    assert reason in result.text
    assert writes(place) == []


async def test_that_a_sleeping_miner_is_not_restarted_but_woken() -> None:
    async with vnish() as (place, driver):
        place.miner.controls.asleep = True
        assert (await driver.read()).state is DeviceState.ASLEEP
        assert "does not mine (state stopped)" in (await act(driver, RestartMining())).text
        assert (await act(driver, Wake())).outcome is Outcome.CONFIRMED
    assert place.miner.controls.writes == ["start"]


async def test_that_the_presets_offered_are_those_of_the_miner() -> None:
    async with vnish() as (_, driver):
        assert isinstance(driver, Operable)
        assert driver.offers[Capability.SET_POWER_MODE].modes == ("disabled",)
        await driver.read()
        assert driver.offers[Capability.SET_POWER_MODE].modes[:3] == ("disabled", "2550", "2800")


async def test_that_the_open_part_is_read_without_a_login_and_nothing_else_is_asked() -> None:
    async with vnish(login=None) as (place, driver):
        report = await driver.read()
        result = await act(driver, Reboot())
    assert report.state is DeviceState.HASHING
    assert not result.sent
    assert "with a login only" in result.text
    assert (unlocks(place), writes(place)) == (0, [])


async def test_that_a_password_is_sent_only_where_the_miner_asks_for_it() -> None:
    async with vnish() as (place, driver):
        await driver.read()
        assert unlocks(place) == 1, "the presets are not open"
    async with vnish(login=None) as (place, driver):
        place.miner.memory["locked"] = True
        with pytest.raises(Refused, match="set the password"):
            await driver.read()
    assert unlocks(place) == 0


async def test_that_a_wrong_password_is_sent_once_and_not_again() -> None:
    async with vnish(login=Login("", "wrong")) as (place, driver):
        place.miner.memory["locked"] = True
        for _ in range(3):
            with pytest.raises(Refused):
                await driver.read()
        place.miner.memory["locked"] = False
        result = await act(driver, Reboot())
    assert unlocks(place) == 1
    assert not result.sent
    assert writes(place) == []
