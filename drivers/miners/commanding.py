"""What drivers of miners share: how they say who answers, offer commands and carry them out."""

import asyncio
import time
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, Final, TypeAlias

from drivers.core.command import (
    Capability,
    Command,
    CommandResult,
    Offer,
    Outcome,
    Permit,
    SetFans,
    SetPowerMode,
    SetPowerTarget,
)
from drivers.core.credentials import Login
from drivers.core.errors import DeviceError, Malformed, Rejected, Unsupported
from drivers.core.identity import Address, Identity
from drivers.core.operation import Operation, PreconditionFailed, Seen, carry_out
from drivers.core.profile import Profile

NOT_OFFERED: Final = Offer(unsupported="the profile does not offer it")
NO_SUCH_COMMAND: Final = "this firmware has no such command"
NO_LOGIN: Final = "the firmware takes this command with a login only, and none is set for this miner"
CLOCK_MARGIN_S: Final = 2.0
"""By how much an uptime that is told in seconds must lag behind the clock to count as begun anew."""
_MINUTE_S: Final = 60.0

Look: TypeAlias = Callable[[], Awaitable[Seen]]
Write: TypeAlias = Callable[[], Awaitable[str]]


def offers_of(profile: Profile, login: Login | None) -> Mapping[Capability, Offer]:
    """Every capability: offered, or why not, with the login that is set taken into account."""
    offers: dict[Capability, Offer] = {}
    for capability in Capability:
        offer = profile.offers.get(capability, NOT_OFFERED)
        if not offer.unsupported and offer.needs_login and login is None:
            offer = replace(offer, unsupported=NO_LOGIN)
        offers[capability] = offer
    return MappingProxyType(offers)


def reason_against(command: Command, offer: Offer) -> str:
    """Why the command cannot be sent as it stands; empty where nothing speaks against it."""
    if offer.unsupported:
        return offer.unsupported
    if isinstance(command, SetPowerMode) and command.mode not in offer.modes:
        return f"{command.mode!r} is no mode of this firmware; it knows {', '.join(offer.modes)}"
    number, unit = _number_of(command)
    if number is not None:
        if offer.low is not None and not number >= offer.low:
            return f"{number:g} {unit} is below {offer.low:g} {unit}, the least that may be set"
        if offer.high is not None and not number <= offer.high:
            return f"{number:g} {unit} is above {offer.high:g} {unit}, the most that may be set"
    return ""


def _number_of(command: Command) -> tuple[float | None, str]:
    if isinstance(command, SetPowerTarget):
        return command.watts, "W"
    if isinstance(command, SetFans):
        return command.percent, "%"
    return None, ""


def not_sent(text: str) -> CommandResult:
    """A command that was turned down before anything was asked or sent."""
    now = time.time()
    return CommandResult(Outcome.REJECTED, text, sent=False, began=now, ended=now)


class CommandedMiner:
    """The frame of a miner's driver: whose it is, who answers there, what it offers, how a command is carried out."""

    _foreign: ClassVar[tuple[type[DeviceError], ...]] = (Rejected,)
    """What a device that is asked who it is answers only where it runs other firmware."""

    def __init__(self, profile: Profile, address: Address, login: Login | None) -> None:
        self._profile = profile
        self._address = address
        self._login = login
        self._place = str(address)

    @property
    def profile(self) -> Profile:
        """The profile of the family."""
        return self._profile

    @property
    def address(self) -> Address:
        """Where the miner answers."""
        return self._address

    async def identify(self) -> Identity:
        """Ask who it is; raises a `DeviceError`, `Unsupported` when other firmware answers."""
        try:
            return await self._introduce()
        except self._foreign as no:
            raise Unsupported(self._place, f"this is no {self._profile.title}: {no.text}", no.raw) from no

    @property
    def offers(self) -> Mapping[Capability, Offer]:
        """Every capability: offered, or why not."""
        return offers_of(self._profile, self._login)

    async def act(self, command: Command, permit: Permit) -> CommandResult:
        """Carry out one command: precondition, one write, read-back. `permit` says that its intent is on record."""
        offer = self.offers[command.capability]
        reason = reason_against(command, offer)
        if reason:
            return not_sent(reason)
        try:
            operation = self._operation(command)
        except PreconditionFailed as refusal:
            return not_sent(str(refusal))
        operation.confirm_s = offer.confirm_s
        return await carry_out(operation)

    @abstractmethod
    async def _introduce(self) -> Identity:
        """Ask who it is; raises a `DeviceError`."""

    @abstractmethod
    def _operation(self, command: Command) -> Operation:
        """The operation of an offered command; raises `PreconditionFailed` where it cannot be done as asked."""


class Setting(Operation):
    """A write whose effect is a state that can be read."""

    def __init__(self, look: Look, write: Write) -> None:
        self._look = look
        self._write = write

    async def look(self) -> Seen:
        """Read the state."""
        return await self._look()

    async def write(self) -> str:
        """Send the write."""
        return await self._write()

    def check(self, before: Seen) -> None:
        """Any state allows it; what speaks against a command, its look says."""


def restart_margin(uptime: float) -> float:
    """By how much an uptime must lag behind the clock to count as begun anew, s.

    Some firmware tells whole minutes, and a look just before the next one seems a minute behind. A number that is no
    multiple of 60 was told in seconds; of one that is, nobody knows.
    """
    return CLOCK_MARGIN_S + (0.0 if uptime % _MINUTE_S else _MINUTE_S)


@dataclass(frozen=True, slots=True)
class _Start:
    """The uptime at the first look, s; when that was, by the loop's clock; the margin that follows from it."""

    uptime: float
    at: float
    margin: float


class BeginAnew(Operation):
    """A restart: the uptime lags behind the clock afterwards.

    Args:
        uptime: Reads the uptime in seconds.
        write: Sends the restart.
        place: Whom we ask, for errors.
    """

    may_vanish = True

    def __init__(self, uptime: Callable[[], Awaitable[float]], write: Write, place: str) -> None:
        self._uptime = uptime
        self._write = write
        self._place = place
        self._start: _Start | None = None

    async def look(self) -> Seen:
        """Read the uptime and compare it with what it would be without a restart."""
        value = await self._uptime()
        if value != value:
            raise Malformed(self._place, "the miner does not report its uptime, by which a restart is confirmed")
        now = asyncio.get_running_loop().time()
        if self._start is None:
            self._start = _Start(value, now, restart_margin(value))
        expected = self._start.uptime + now - self._start.at
        return Seen(f"up for {value:.0f} s", value < expected - self._start.margin)

    async def write(self) -> str:
        """Send the restart."""
        return await self._write()

    def check(self, before: Seen) -> None:
        """A restart of what has only just started could not be told from that start."""
        if self._start is not None and self._start.uptime <= 2 * self._start.margin:
            raise PreconditionFailed(f"the miner has only just started ({before.text})")
