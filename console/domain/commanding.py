"""Commands to devices as the site keeps them: who may be commanded, what was intended, what came of it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from drivers.core.command import Capability, Command, Offer, SetFans, SetPools, SetPowerMode, SetPowerTarget

APART_SECONDS: Final = {
    Capability.REBOOT: 300.0,
    Capability.RESTART_MINING: 120.0,
    Capability.SLEEP: 60.0,
    Capability.WAKE: 60.0,
    Capability.UPDATE_FIRMWARE: 1800.0,
}
"""Least time between two commands of one capability to one device: what it takes to boot, ramp up or tune."""
APART_OTHERWISE: Final = 5.0


class CommandState(StrEnum):
    """How far a command is."""

    INTENDED = "intended"
    """On record, and being carried out; nothing else is sent to that device meanwhile."""
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Control:
    """Whether a device may be commanded at all. Every device is read-only until somebody enables it.

    Attributes:
        device: Which.
        enabled: Whether commands are allowed.
        by: Who decided.
        at: UTC seconds.
        reason: Why.
    """

    device: UUID
    enabled: bool
    by: str
    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class PoolDecision:
    """Whether miners of the site may be pointed at a pool. A pool that nobody allowed is not.

    Attributes:
        url: Address of the pool, exactly as a command names it.
        allowed: Whether it is on the allow-list.
        by: Who decided.
        at: UTC seconds.
        reason: Why.
    """

    url: str
    allowed: bool
    by: str
    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """One command, from the intent to the outcome.

    Attributes:
        id: UUIDv7 of the intent.
        device: Whom it is for.
        capability: What kind of command.
        text: The command in words; nothing secret in it.
        by: Who gave it.
        reason: Why.
        at: UTC seconds of the intent.
        state: Intended, confirmed, rejected or unknown.
        outcome: What came of it, one sentence; empty while it is carried out.
        sent: Whether anything was written to the device.
        before: What was read before.
        after: What was read afterwards.
        ended: UTC seconds; 0 while it is carried out.
    """

    id: UUID
    device: UUID
    capability: Capability
    text: str
    by: str
    reason: str
    at: float
    state: CommandState = CommandState.INTENDED
    outcome: str = ""
    sent: bool = False
    before: str = ""
    after: str = ""
    ended: float = 0.0


def refusal(
    command: Command,
    device: UUID,
    control: Control | None,
    offer: Offer | None,
    recent: Iterable[CommandRecord],
    allowed_pools: Collection[str],
    now: float,
) -> str:
    """Why a command must not be given, as a sentence for the operator; empty when it may.

    Args:
        command: What is wanted.
        device: Whom it is for.
        control: The device's newest control decision.
        offer: What the driver says of the capability; None when it says nothing.
        recent: The newest commands, at least of the last half hour.
        allowed_pools: Pool addresses of the site's allow-list.
        now: UTC seconds.
    """
    if control is None or not control.enabled:
        return "this device is read-only: enable commands for it first, with a reason"
    if offer is None or offer.unsupported:
        return offer.unsupported if offer is not None else "this device takes no commands"
    return _argument_refusal(command, offer, allowed_pools) or _timing_refusal(command, device, recent, now)


def _argument_refusal(command: Command, offer: Offer, allowed_pools: Collection[str]) -> str:
    match command:
        case SetPools(pools=pools):
            strange = [pool.url for pool in pools if pool.url not in allowed_pools]
            return f"the pool {strange[0]} is not on this site's allow-list" if strange else ""
        case SetPowerMode(mode=mode) if mode not in offer.modes:
            return f"there is no power mode {mode!r}; there are {', '.join(offer.modes)}"
        case SetPowerTarget(watts=number):
            return _range_refusal(number, offer)
        case SetFans(percent=number) if number is not None:
            return _range_refusal(number, offer)
        case _:
            return ""


def _range_refusal(number: float, offer: Offer) -> str:
    if (offer.low is not None and number < offer.low) or (offer.high is not None and number > offer.high):
        return f"{number:g} lies outside what this device takes, {offer.low:g} to {offer.high:g}"
    return ""


def _timing_refusal(command: Command, device: UUID, recent: Iterable[CommandRecord], now: float) -> str:
    for record in recent:
        if record.device != device:
            continue
        if record.state is CommandState.INTENDED:
            return f"another command is being carried out on this device: {record.text}"
        apart = APART_SECONDS.get(command.capability, APART_OTHERWISE)
        if record.capability is command.capability and record.sent and now - record.ended < apart:
            left = apart - (now - record.ended)
            return f"{command.capability} was sent {now - record.ended:.0f} s ago; wait another {left:.0f} s"
    return ""
