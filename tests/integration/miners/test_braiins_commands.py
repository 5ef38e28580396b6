"""Every command to Braiins OS: confirmed, rejected with the truth, or unknown; one write, no login unasked."""

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
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState
from drivers.family import Access
from drivers.miners.braiins.driver import open_braiins
from drivers.simulators.conduct import Question
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import HttpQuestion, Wire
from drivers.testing.stand import Manner, Place, stand
from drivers.transports.connections import Connections
from tests.miner_commands import act, changes, hasty, web_questions

ROOT = Login("root", "root")
POOLS = (
    Pool("stratum+tcp://own.pool.example:3333", "farm.07", "not to be shown"),
    Pool("stratum+tcp://b.pool.example:443", "farm.07"),
)


@asynccontextmanager
async def braiins(login: Login | None = ROOT) -> AsyncIterator[tuple[Place, Driver]]:
    async with stand(PERSONALITIES["braiins"]) as place, Connections() as connections:
        access = Access(connections, login=login)
        driver = open_braiins(hasty("braiins", 0.5, restart_s=2.5), place.address(Wire.HTTP), access)
        yield place, driver
        await driver.close()


def writes(place: Place) -> list[str]:
    """What came over the wire that changes something: all but reading and logging in."""
    return [f"{question.method} {question.path}" for question in changes(place, besides=("/api/v1/auth/login",))]


def is_write(_: Wire, question: Question) -> bool:
    return isinstance(question, HttpQuestion) and question.method == "PUT"


EVERY: Sequence[tuple[Command, str, str]] = (
    (Locate(True), "PUT /api/v1/actions/locate", "locate True"),
    (RestartMining(), "PUT /api/v1/actions/restart", "restart"),
    (Reboot(), "PUT /api/v1/actions/reboot", "reboot"),
    (Sleep(), "PUT /api/v1/actions/pause", "pause"),
    (SetPools(POOLS), "PUT /api/v1/pools/batch", "pools 2"),
    (SetPowerTarget(2500), "PUT /api/v1/performance/power-target", "power 2500"),
    (SetFans(60), "PUT /api/v1/cooling/mode", "cooling manual"),
    (SetImmersion(True), "PUT /api/v1/cooling/mode", "cooling immersion"),
)


@pytest.mark.parametrize(("command", "request_line", "effect"), EVERY, ids=lambda value: type(value).__name__)
async def test_that_a_command_is_one_write_and_confirmed_by_reading_back(
    command: Command, request_line: str, effect: str
) -> None:
    async with braiins() as (place, driver):
        result = await act(driver, command)
    assert (result.outcome, result.sent) == (Outcome.CONFIRMED, True), result
    assert writes(place) == [request_line]
    assert place.miner.controls.writes == [effect]


@pytest.mark.parametrize("command", [Locate(True), Sleep(), SetPools(POOLS), SetPowerTarget(2500), SetImmersion(True)])
async def test_that_a_yes_without_an_effect_is_rejected(command: Command) -> None:
    async with braiins() as (place, driver):
        place.miner.memory["stubborn"] = True
        result = await act(driver, command)
    assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
    assert "no effect" in result.text
    assert len(writes(place)) == 1


@pytest.mark.parametrize("command", [Sleep(), SetPowerTarget(2500), SetPools(POOLS)])
async def test_that_a_lost_answer_is_judged_by_reading_and_never_sent_again(command: Command) -> None:
    async with braiins() as (place, driver):
        place.manner, place.when = Manner.DROPS, is_write
        result = await act(driver, command)
    assert result.outcome is Outcome.CONFIRMED
    assert "although the answer was lost" in result.text
    assert len(writes(place)) == 1


async def test_that_a_miner_that_is_gone_after_the_write_leaves_the_outcome_unknown() -> None:
    async with braiins() as (place, driver):

        def after_write(wire: Wire, question: Question) -> bool:
            return is_write(wire, question) or len(writes(place)) > 0

        place.manner, place.when = Manner.DROPS, after_write
        result = await act(driver, SetPowerTarget(2500))
    assert (result.outcome, result.sent) == (Outcome.UNKNOWN, True)
    assert len(writes(place)) == 1


async def test_that_the_passwords_of_pools_are_part_of_no_result() -> None:
    async with braiins() as (place, driver):
        result = await act(driver, SetPools(POOLS))
    assert result.outcome is Outcome.CONFIRMED
    assert place.miner.controls.pools[0] == ("stratum+tcp://own.pool.example:3333", "farm.07", "not to be shown")
    assert "not to be shown" not in repr(result)


async def test_that_a_refusal_by_the_miner_is_told_in_its_words() -> None:
    async with braiins() as (place, driver):
        result = await act(driver, SetPools((Pool("http://wrong.example:80", "x"),)))
    assert result.outcome is Outcome.REJECTED
    assert "invalid pool URL" in result.text
    assert place.miner.controls.writes == []


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (SetPowerTarget(400), "outside the 900 to 6000 W"),
        (SetPowerTarget(20), "below 100 W"),
        (SetPowerMode("eco"), "no power modes"),
        (UpdateFirmware(b"x", "a.tar", "26.04"), "not been verified"),
        (SetPools(()), "1 to 8 pools"),
    ],
)
async def test_that_what_cannot_be_is_said_before_anything_is_sent(command: Command, reason: str) -> None:
    async with braiins() as (place, driver):
        result = await act(driver, command)
    assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
    assert reason in result.text
    assert writes(place) == []


async def test_that_a_paused_miner_is_resumed_and_a_stopped_one_started() -> None:
    async with braiins() as (place, driver):
        place.miner.controls.asleep = True
        assert (await driver.read()).state is DeviceState.ASLEEP
        assert (await act(driver, Wake())).outcome is Outcome.CONFIRMED
        place.miner.memory["stopped"] = True
        assert (await act(driver, Wake())).outcome is Outcome.CONFIRMED
        assert (await driver.read()).state is DeviceState.HASHING
    assert place.miner.controls.writes == ["resume", "start"]


async def test_that_a_miner_that_suspended_itself_is_not_woken() -> None:
    async with braiins() as (place, driver):
        place.miner.memory["suspended"] = True
        result = await act(driver, Wake())
    assert not result.sent
    assert "suspended mining itself" in result.text


async def test_that_fans_are_left_alone_in_a_tank_and_go_back_to_automatic() -> None:
    async with braiins() as (place, driver):
        place.miner.controls.immersion = True
        assert "fans are off" in (await act(driver, SetFans(50))).text
        assert (await act(driver, SetImmersion(False))).outcome is Outcome.CONFIRMED
        assert (await act(driver, SetFans(50))).outcome is Outcome.CONFIRMED
        assert (await act(driver, SetFans(None))).outcome is Outcome.CONFIRMED
    assert place.miner.controls.writes == ["cooling auto", "cooling manual", "cooling auto"]


async def test_that_without_a_login_nothing_is_offered_and_none_is_sent() -> None:
    async with braiins(login=None) as (place, driver):
        assert isinstance(driver, Operable)
        assert all(offer.unsupported for offer in driver.offers.values())
        result = await act(driver, Reboot())
        with pytest.raises(Refused, match="set the user"):
            await driver.read()
        identity = await driver.identify()
    assert not result.sent
    assert writes(place) == ["POST /graphql"], "a question about the model, which changes nothing"
    assert not any("authorization" in q.headers or b"password" in q.body for q in web_questions(place))
    assert (identity.model, identity.profile) == ("Antminer S19j Pro", "braiins")


async def test_that_a_wrong_login_is_sent_once_and_not_again() -> None:
    async with braiins(login=Login("root", "wrong")) as (place, driver):
        for _ in range(3):
            with pytest.raises(Refused):
                await driver.read()
    assert sum("auth/login" in q.path for q in web_questions(place)) == 1


async def test_that_a_token_the_miner_forgot_is_renewed_once_for_reading_and_not_within_a_write() -> None:
    async with braiins() as (place, driver):
        await driver.read()
        place.miner.memory["tokens"] = {}
        assert (await driver.read()).state is DeviceState.HASHING
    assert sum("auth/login" in q.path for q in web_questions(place)) == 2


async def test_that_the_read_only_interfaces_say_why_they_take_no_command() -> None:
    for profile, wire in (("braiins-graphql", Wire.HTTP), ("braiins-4028", Wire.TEXT)):
        async with stand(PERSONALITIES[profile]) as place, Connections() as connections:
            access = Access(connections, login=ROOT)
            driver = open_braiins(load_profiles()[profile], place.address(wire), access)
            assert isinstance(driver, Operable)
            assert set(driver.offers) == set(Capability)
            result = await act(driver, Reboot())
            await driver.close()
        assert not result.sent
        assert place.questions == []
