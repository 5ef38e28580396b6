"""Gives commands to devices: rules first, then the intent on record, one write, its outcome on record."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol
from uuid import UUID

from console.domain.commanding import CommandRecord, CommandState, Control, PoolDecision, refusal
from console.domain.identifiers import new_id
from console.domain.inventory import Device
from console.services.ports import Clock, StoreFull
from drivers.core.command import Capability, Command, CommandResult, Offer, Operable, Outcome, Permit
from drivers.core.command_arguments import describe, is_pool_url

_log = logging.getLogger(__name__)

REMEMBERED_SECONDS: Final = 3600.0
"""How far back the rules look at earlier commands."""
SHOWN_SECONDS: Final = 7 * 86_400.0
"""How far back an operator sees a device's commands."""
_STATES: Final = {
    Outcome.CONFIRMED: CommandState.CONFIRMED,
    Outcome.REJECTED: CommandState.REJECTED,
    Outcome.UNKNOWN: CommandState.UNKNOWN,
}


class CommandRefused(ValueError):
    """A command that was not given; nothing was sent. The text is a sentence for the operator."""


class CommandLog(Protocol):
    """Where commands and control decisions are kept, durable before a call returns."""

    async def intend(self, record: CommandRecord) -> None:
        """Keep an intent. Raises `StoreFull`."""

    async def conclude(self, record: CommandRecord) -> None:
        """Keep what came of it. Raises `StoreFull`."""

    async def decide(self, controls: Sequence[Control]) -> None:
        """Keep control decisions. Raises `StoreFull`."""

    async def allow(self, pools: Sequence[PoolDecision]) -> None:
        """Keep decisions on pools. Raises `StoreFull`."""

    async def pools(self) -> list[PoolDecision]:
        """The newest decision on each pool that there is one on."""

    async def commands(self, since: float) -> list[CommandRecord]:
        """Commands that were given since UTC second `since`, and every one without an outcome, oldest first."""

    async def controls(self) -> list[Control]:
        """The newest decision on each device that there is one on."""


class Commander:
    """One per site folder, in the process that polls its devices.

    Args:
        log: Where everything is kept.
        clock: Source of time.
        operable: The driver of a device that takes commands; raises LookupError with a sentence when it takes none.
    """

    def __init__(self, log: CommandLog, clock: Clock, operable: Callable[[UUID], Operable]) -> None:
        self._log = log
        self._clock = clock
        self._operable = operable
        self._pools: dict[str, PoolDecision] = {}
        self._controls: dict[UUID, Control] = {}
        self._recent: dict[UUID, CommandRecord] = {}
        self._unkept: dict[UUID, CommandRecord] = {}
        self._under_way: set[asyncio.Task[CommandRecord]] = set()
        self._deciding = asyncio.Lock()

    async def restore(self) -> list[CommandRecord]:
        """Read back what stood. A command whose outcome nobody wrote down is unknown; returns those.

        Raises:
            StoreFull: That could not be written down.
        """
        self._controls = {control.device: control for control in await self._log.controls()}
        self._pools = {pool.url: pool for pool in await self._log.pools()}
        now = self._clock.now()
        found = await self._log.commands(now - REMEMBERED_SECONDS)
        self._recent = {record.id: record for record in found}
        cut_off = [record for record in found if record.state is CommandState.INTENDED]
        text = "the program ended while this was being carried out: read the device before anything else"
        lost = [replace(one, state=CommandState.UNKNOWN, outcome=text, sent=True, ended=now) for one in cut_off]
        for record in lost:
            await self._keep(record)
        return lost

    def control(self, device: UUID) -> Control | None:
        """The newest control decision on a device; None when it was never enabled."""
        return self._controls.get(device)

    def offers(self, device: UUID) -> Mapping[Capability, Offer]:
        """What a device can be commanded to do; raises LookupError with a sentence when it takes no commands."""
        return self._operable(device).offers

    async def newest(self, device: UUID) -> list[CommandRecord]:
        """The commands given to a device since `SHOWN_SECONDS`, oldest first."""
        found = await self._log.commands(self._clock.now() - SHOWN_SECONDS)
        return [record for record in found if record.device == device]

    async def enable(self, devices: Sequence[Device], enabled: bool, by: str, reason: str) -> list[Control]:
        """Allow or forbid commands to devices.

        Raises:
            CommandRefused: No reason or no name was given.
            StoreFull: The decision could not be kept, and does not count.
        """
        _check_person(by, reason)
        now = self._clock.now()
        controls = [Control(device.id, enabled, by, now, reason) for device in devices]
        async with self._deciding:
            await self._log.decide(controls)
            self._controls |= {control.device: control for control in controls}
        return controls

    @property
    def allowed_pools(self) -> frozenset[str]:
        """The site's allow-list of pools."""
        return frozenset(url for url, decision in self._pools.items() if decision.allowed)

    async def allow_pools(self, urls: Sequence[str], allowed: bool, by: str, reason: str) -> None:
        """Put pools on the site's allow-list, or take them off.

        Raises:
            CommandRefused: An address is none, or no reason or no name was given.
            StoreFull: The decision could not be kept, and does not count.
        """
        _check_person(by, reason)
        for url in urls:
            if not is_pool_url(url):
                raise CommandRefused(f"{url!r} is no pool; write stratum+tcp://host:port")
        now = self._clock.now()
        decisions = [PoolDecision(url, allowed, by, now, reason) for url in urls]
        async with self._deciding:
            await self._log.allow(decisions)
            self._pools |= {decision.url: decision for decision in decisions}

    async def give(self, device: Device, command: Command, by: str, reason: str) -> CommandRecord:
        """Give one command and wait for its outcome; a caller that is cancelled does not stop it.

        Raises:
            CommandRefused: A rule forbids it; nothing was sent.
            StoreFull: The intent could not be kept; nothing was sent.
        """
        _check_person(by, reason)
        try:
            driver = self._operable(device.id)
        except LookupError as error:
            raise CommandRefused(str(error.args[0])) from error
        work = asyncio.create_task(self._give(device, command, driver, by, reason), name=f"command to {device.name}")
        self._under_way.add(work)
        work.add_done_callback(self._ended)
        return await asyncio.shield(work)

    def _ended(self, work: asyncio.Task[CommandRecord]) -> None:
        """A refusal that nobody waits for any more has been seen."""
        self._under_way.discard(work)
        if not work.cancelled():
            work.exception()

    async def settled(self) -> None:
        """Every command that is being carried out has its outcome."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _give(self, device: Device, command: Command, driver: Operable, by: str, reason: str) -> CommandRecord:
        """From the rules to the outcome as one piece: no intent is left behind by a caller that went away."""
        async with self._deciding:
            record = await self._intend(device, command, driver, by, reason)
        return await self._carry_out(driver, command, record)

    async def _intend(self, device: Device, command: Command, driver: Operable, by: str, reason: str) -> CommandRecord:
        for unkept in list(self._unkept.values()):
            await self._keep(unkept)
        now = self._clock.now()
        offer = driver.offers.get(command.capability)
        recent = self._recent.values()
        why = refusal(command, device.id, self.control(device.id), offer, recent, self.allowed_pools, now)
        if why:
            raise CommandRefused(f"{device.name}: {why}")
        record = CommandRecord(new_id(now), device.id, command.capability, describe(command), by, reason, now)
        await self._log.intend(record)
        self._recent = {key: one for key, one in self._recent.items() if one.at > now - REMEMBERED_SECONDS}
        self._recent[record.id] = record
        return record

    async def _carry_out(self, driver: Operable, command: Command, record: CommandRecord) -> CommandRecord:
        try:
            result = await driver.act(command, Permit(record.id, record.by, record.reason))
        except Exception as error:
            text = f"a fault of this program in the middle of it: {error!r}; read the device before anything else"
            await self._conclude(
                replace(record, state=CommandState.UNKNOWN, outcome=text, sent=True, ended=self._clock.now())
            )
            raise
        ended = _concluded(record, result, self._clock.now())
        await self._conclude(ended)
        return ended

    async def _conclude(self, record: CommandRecord) -> None:
        """Write an outcome down, or hold it in memory on a full disk: what was sent cannot be taken back."""
        try:
            await self._keep(record)
        except StoreFull as error:
            _log.warning("the outcome of %s (%s) is not on record yet: %s", record.text, record.state, error)

    async def _keep(self, record: CommandRecord) -> None:
        """Write an outcome down; where that fails it is tried again before the next command, which waits for it."""
        self._recent[record.id] = record
        self._unkept[record.id] = record
        await self._log.conclude(record)
        del self._unkept[record.id]


def _concluded(record: CommandRecord, result: CommandResult, now: float) -> CommandRecord:
    text = f"{result.text}; it answered: {result.answer}" if result.answer else result.text
    return replace(
        record,
        state=_STATES[result.outcome],
        outcome=text,
        sent=result.sent,
        before=result.before,
        after=result.after,
        ended=now,
    )


def _check_person(by: str, reason: str) -> None:
    if not by.strip():
        raise CommandRefused("nobody is named who gives this command")
    if not reason.strip():
        raise CommandRefused("give a reason: it is kept with the command")
