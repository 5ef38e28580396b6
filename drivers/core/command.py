"""Commands to a device: what can be asked of it, under which permit, and what came of it.

A command is one write. It is never sent twice: an answer that fails to come leaves the outcome unknown until the
device has been read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol, TypeAlias, runtime_checkable
from uuid import UUID


class Capability(StrEnum):
    """What a device may be able to do on command."""

    LOCATE = "locate"
    RESTART_MINING = "restart_mining"
    REBOOT = "reboot"
    SLEEP = "sleep"
    WAKE = "wake"
    SET_POOLS = "set_pools"
    SET_POWER_MODE = "set_power_mode"
    SET_POWER_TARGET = "set_power_target"
    SET_FANS = "set_fans"
    SET_IMMERSION = "set_immersion"
    UPDATE_FIRMWARE = "update_firmware"


@dataclass(frozen=True, slots=True)
class Pool:
    """A mining pool as a miner is told of it.

    Attributes:
        url: With scheme and port, `stratum+tcp://host:port`.
        user: Worker or account.
        password: As pools want it; most take anything. Never shown.
    """

    url: str
    user: str
    password: str = field(default="x", repr=False)


@dataclass(frozen=True, slots=True)
class Locate:
    """Blink the miner's LED, or stop blinking."""

    capability: ClassVar = Capability.LOCATE
    on: bool


@dataclass(frozen=True, slots=True)
class RestartMining:
    """Start the mining program anew; the control board stays up."""

    capability: ClassVar = Capability.RESTART_MINING


@dataclass(frozen=True, slots=True)
class Reboot:
    """Start the control board anew."""

    capability: ClassVar = Capability.REBOOT


@dataclass(frozen=True, slots=True)
class Sleep:
    """Stop hashing; the control board goes on answering."""

    capability: ClassVar = Capability.SLEEP


@dataclass(frozen=True, slots=True)
class Wake:
    """Hash again after sleep."""

    capability: ClassVar = Capability.WAKE


@dataclass(frozen=True, slots=True)
class SetPools:
    """Replace the pools, in order of preference. Only pools of the site's allow-list get this far."""

    capability: ClassVar = Capability.SET_POOLS
    pools: tuple[Pool, ...]


@dataclass(frozen=True, slots=True)
class SetPowerMode:
    """Choose one of the firmware's modes; `mode` is one of `Offer.modes`."""

    capability: ClassVar = Capability.SET_POWER_MODE
    mode: str


@dataclass(frozen=True, slots=True)
class SetPowerTarget:
    """Hold the power at so many watts; between `Offer.low` and `Offer.high`."""

    capability: ClassVar = Capability.SET_POWER_TARGET
    watts: float


@dataclass(frozen=True, slots=True)
class SetFans:
    """Turn the fans at a fixed speed, or leave them to the firmware.

    Attributes:
        percent: Share of the greatest speed; None leaves it to the firmware.
    """

    capability: ClassVar = Capability.SET_FANS
    percent: float | None


@dataclass(frozen=True, slots=True)
class SetImmersion:
    """Run without fans, as in a tank, or with them again."""

    capability: ClassVar = Capability.SET_IMMERSION
    on: bool


@dataclass(frozen=True, slots=True)
class UpdateFirmware:
    """Install a firmware image.

    Attributes:
        image: The whole file.
        file_name: Its name, which some firmware checks.
        version: What the device must report afterwards.
    """

    capability: ClassVar = Capability.UPDATE_FIRMWARE
    image: bytes = field(repr=False)
    file_name: str
    version: str


Command: TypeAlias = (
    Locate
    | RestartMining
    | Reboot
    | Sleep
    | Wake
    | SetPools
    | SetPowerMode
    | SetPowerTarget
    | SetFans
    | SetImmersion
    | UpdateFirmware
)


@dataclass(frozen=True, slots=True)
class Permit:
    """That somebody may send one command to one device, and that the intent is on record. Used once.

    Only the console's command service makes them, after it has written the intent.

    Attributes:
        intent: Id of the recorded intent.
        by: Who gave the command.
        reason: Why.
    """

    intent: UUID
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Offer:
    """How far a profile offers one capability.

    Attributes:
        unsupported: Why not, as a sentence for an operator; empty where it is offered.
        modes: What `SetPowerMode.mode` may be.
        low: Smallest number that the command takes (W, or % for fans); None where the profile names none.
        high: Greatest number.
        confirm_s: Seconds within which the device must show the effect.
        needs_login: Whether the firmware wants a login for it.
    """

    unsupported: str = ""
    modes: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    confirm_s: float = 30.0
    needs_login: bool = True


class Outcome(StrEnum):
    """What is known of a command afterwards."""

    CONFIRMED = "confirmed"
    """Reading the device back shows the effect."""
    REJECTED = "rejected"
    """A precondition failed, the device said no, or it said yes and reading it back shows no effect."""
    UNKNOWN = "unknown"
    """It was sent, and neither the effect nor its absence could be read."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What came of one command.

    Attributes:
        outcome: Confirmed, rejected or unknown.
        text: One sentence for the operator and the record.
        sent: Whether anything was written to the device.
        before: What was read before, as far as the command changes it; secrets left out.
        after: What was read afterwards.
        answer: What the device answered to the write, shortened; data, shown as plain text.
        began: UTC seconds.
        ended: UTC seconds.
    """

    outcome: Outcome
    text: str
    sent: bool
    before: str = ""
    after: str = ""
    answer: str = ""
    began: float = 0.0
    ended: float = 0.0


@runtime_checkable
class Operable(Protocol):
    """A driver of a family that takes commands."""

    @property
    def offers(self) -> Mapping[Capability, Offer]:
        """Every capability: offered, or why not (profile, firmware and login taken together)."""

    async def act(self, command: Command, permit: Permit) -> CommandResult:
        """Check the preconditions, write once, read back. Never raises a `DeviceError`: that is an outcome."""
