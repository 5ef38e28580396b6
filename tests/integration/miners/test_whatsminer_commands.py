"""Every command to a Whatsminer, in both versions of its interface: one write on the wire, then reading decides."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
import pytest

from drivers.core.command import (
    Capability,
    Command,
    CommandResult,
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
from drivers.core.device import Driver, Tier
from drivers.core.reading import DeviceState
from drivers.family import Access
from drivers.registry import open_driver
from drivers.simulators.conduct import Question
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import Controls, Wire
from drivers.testing.contract import broken_promises
from drivers.testing.stand import Manner, Place, miner_view, stand
from drivers.transports.connections import Connections
from tests.miner_commands import act, hasty

OWN = {"whatsminer-v2": Login("", "s3cret word"), "whatsminer-v3": Login("super", "s3cret word")}
WIRES = {"whatsminer-v2": Wire.TEXT, "whatsminer-v3": Wire.FRAMED}
POOLS = (Pool("stratum+tcp://own.pool.example:3333", "farm.07", "hush"), Pool("b.pool.example:443", "farm.07"))
VERSIONS = pytest.mark.parametrize("version", ["whatsminer-v2", "whatsminer-v3"])


@dataclass
class Bench:
    """A miner of one version on its stand, and the driver for it."""

    place: Place
    driver: Driver
    version: str

    async def act(self, command: Command) -> CommandResult:
        return await act(self.driver, command)

    def is_write(self, _: Wire, question: Question) -> bool:
        assert isinstance(question, bytes)
        content = orjson.loads(question)
        return "enc" in content or str(content.get("cmd", "")).startswith("set.")

    @property
    def writes(self) -> Sequence[bytes]:
        """What came over the wire that changes something, as it came."""
        asked = self.place.asked(WIRES[self.version])
        return [question for question in asked if isinstance(question, bytes) and self.is_write(Wire.TEXT, question)]

    @property
    def wire(self) -> bytes:
        """Everything that came over the wire."""
        return b"\n".join(q for q in self.place.asked(WIRES[self.version]) if isinstance(q, bytes))


@asynccontextmanager
async def bench(
    version: str, *, login: Login | None = None, is_anonymous: bool = False, confirm_s: float = 0.05
) -> AsyncIterator[Bench]:
    own = OWN[version]
    view = miner_view(model="M60S_VK40", nominal=186.0, chips=225, fans=(5400, 5280))
    controls = Controls(login=(own.user, own.secret))
    async with stand(PERSONALITIES[version], view=view, controls=controls) as place, Connections() as connections:
        access = Access(connections, login=None if is_anonymous else login or own)
        driver = open_driver(hasty(version, confirm_s), place.address(WIRES[version]), access)
        try:
            yield Bench(place, driver, version)
        finally:
            await driver.close()


EVERY: Sequence[tuple[Command, str]] = (
    (Locate(True), "led manual"),
    (RestartMining(), "restart"),
    (Reboot(), "reboot"),
    (Sleep(), "stop"),
    (SetPools(POOLS), "pools 2"),
    (SetPowerMode("low"), "power mode low"),
    (SetPowerTarget(3000.0), "power limit 3000"),
)


@VERSIONS
@pytest.mark.parametrize(("command", "effect"), EVERY, ids=lambda value: type(value).__name__)
async def test_that_a_command_is_one_write_and_confirmed_by_reading_back(
    version: str, command: Command, effect: str
) -> None:
    async with bench(version) as miner:
        result = await miner.act(command)
    assert (result.outcome, result.sent) == (Outcome.CONFIRMED, True), result
    assert len(miner.writes) == 1
    assert miner.place.miner.controls.writes == [effect]
    assert miner.wire.startswith(b'{"c'), "the first question reads"
    for secret in (b"s3cret", b"hush"):
        assert secret not in miner.wire
    assert "hush" not in repr(result)


@VERSIONS
async def test_that_a_sleeping_miner_is_read_as_asleep_and_woken(version: str) -> None:
    async with bench(version) as miner:
        assert (await miner.act(Sleep())).outcome is Outcome.CONFIRMED
        for tier in (Tier.FULL, Tier.FAST):
            assert (await miner.driver.read(tier)).state is DeviceState.ASLEEP
        assert (await miner.act(Wake())).outcome is Outcome.CONFIRMED
        assert (await miner.driver.read(Tier.FAST)).state in {DeviceState.TUNING, DeviceState.HASHING}
    assert miner.place.miner.controls.writes == ["stop", "start"]


@VERSIONS
@pytest.mark.parametrize("command", [RestartMining(), SetPowerMode("low"), SetPowerTarget(3000.0)], ids=repr)
async def test_that_what_would_wake_a_sleeping_miner_is_not_sent(version: str, command: Command) -> None:
    async with bench(version) as miner:
        miner.place.miner.controls.asleep = True
        result = await miner.act(command)
    assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
    assert "asleep; wake it first" in result.text
    assert not miner.writes


@VERSIONS
@pytest.mark.parametrize(("command", "effect"), EVERY, ids=lambda value: type(value).__name__)
async def test_that_a_yes_without_effect_is_rejected(version: str, command: Command, effect: str) -> None:
    async with bench(version) as miner:
        miner.place.miner.memory["deaf"] = True
        result = await miner.act(command)
    is_silent = version == "whatsminer-v2" and isinstance(command, Reboot | SetPowerMode)
    assert (result.outcome, result.sent) == (Outcome.UNKNOWN if is_silent else Outcome.REJECTED, True), effect
    assert len(miner.writes) == 1


@VERSIONS
async def test_that_a_lost_answer_is_judged_by_reading_and_never_sent_again(version: str) -> None:
    async with bench(version) as miner:
        miner.place.manner, miner.place.when = Manner.DROPS, miner.is_write
        result = await miner.act(Sleep())
    assert result.outcome is Outcome.CONFIRMED
    assert "although the answer was lost" in result.text
    assert len(miner.writes) == 1


@VERSIONS
async def test_that_a_miner_that_is_gone_after_the_write_leaves_the_outcome_unknown(version: str) -> None:
    async with bench(version) as miner:
        miner.place.manner = Manner.DROPS
        miner.place.when = lambda wire, question: miner.is_write(wire, question) or len(miner.writes) > 0
        result = await miner.act(Sleep())
    assert (result.outcome, result.sent) == (Outcome.UNKNOWN, True)
    assert len(miner.writes) == 1


@VERSIONS
async def test_that_a_wrong_password_is_refused_after_one_attempt(version: str) -> None:
    async with bench(version, login=Login("super", "wrong")) as miner:
        result = await miner.act(Sleep())
    assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
    assert "password" in result.text
    assert len(miner.writes) == 1
    assert miner.place.miner.controls.writes == []


async def test_that_writing_switched_off_is_recognised_and_says_what_to_do_in_version_2() -> None:
    async with bench("whatsminer-v2", login=Login("", "admin")) as miner:
        miner.place.miner.controls.login = ("", "admin")
        result = await miner.act(Sleep())
    assert result.outcome is Outcome.REJECTED
    assert "WhatsMinerTool" in result.text
    assert "must first be changed" in result.text


async def test_that_writing_switched_off_is_seen_before_anything_is_written_in_version_3() -> None:
    async with bench("whatsminer-v3") as miner:
        miner.place.miner.memory["api_off"] = True
        result = await miner.act(Sleep())
    assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
    assert "WhatsMinerTool" in result.text
    assert not miner.writes


@VERSIONS
async def test_that_without_a_login_nothing_is_offered_and_everything_is_read(version: str) -> None:
    async with bench(version, is_anonymous=True) as miner:
        assert isinstance(miner.driver, Operable)
        offers = miner.driver.offers
        result = await miner.act(Sleep())
        report = await miner.driver.read(Tier.FULL)
    assert all(offers[capability].unsupported for capability in Capability)
    assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
    assert report.state is DeviceState.HASHING
    assert b"token" not in miner.wire


@VERSIONS
@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (SetPowerMode("eco"), "no mode of this firmware; it knows low, normal, high"),
        (SetPowerTarget(100.0), "below 500 W"),
        (SetPools(POOLS + POOLS), "1 to 3 pools"),
        (SetFans(60.0), "target temperature"),
        (SetImmersion(True), "property of the hardware"),
        (UpdateFirmware(b"x", "a.bin", "1"), "cannot be taken back"),
    ],
    ids=["mode", "watts", "pools", "fans", "immersion", "firmware"],
)
async def test_that_what_cannot_be_is_said_before_anything_is_sent(version: str, command: Command, reason: str) -> None:
    async with bench(version) as miner:
        result = await miner.act(command)
    assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
    assert reason in result.text
    assert not miner.wire


@VERSIONS
async def test_that_it_keeps_every_promise_of_a_driver(version: str) -> None:
    async with bench(version) as miner:
        assert await broken_promises(miner.driver) == []
