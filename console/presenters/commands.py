"""What a device can be commanded to do, as actions of its display, and what came of earlier commands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from console.domain.commanding import CommandRecord, CommandState, Control
from console.presenters import formatting
from drivers.core.command import Capability, Offer
from widgets.view_models.device import HistoryItem
from widgets.view_models.incidents import ActionView

ENABLE: Final = "enable_commands"
DISABLE: Final = "disable_commands"
PREFIX: Final = "command:"
HISTORY_ROWS: Final = 6

LABELS: Final[Mapping[Capability, str]] = MappingProxyType(
    {
        Capability.LOCATE: "Locate (LED)",
        Capability.RESTART_MINING: "Restart mining",
        Capability.REBOOT: "Reboot",
        Capability.SLEEP: "Sleep",
        Capability.WAKE: "Wake",
        Capability.SET_POOLS: "Change pools",
        Capability.SET_POWER_MODE: "Power mode",
        Capability.SET_POWER_TARGET: "Power target",
        Capability.SET_FANS: "Fans",
        Capability.SET_IMMERSION: "Immersion mode",
        Capability.UPDATE_FIRMWARE: "Update firmware",
    }
)


@dataclass(frozen=True, slots=True)
class DeviceCommands:
    """What the collector said of one device.

    Attributes:
        error: Why it takes no commands at all; empty when it does, or when nobody has asked yet.
        offers: Each capability, offered or why not.
        control: The newest control decision.
        records: Its newest commands, oldest first.
        allowed_pools: The site's allow-list.
        login: How the device stands with its login, in words.
        under_way: The command that this console waits for, in words; empty for none.
    """

    error: str = ""
    offers: Mapping[Capability, Offer] = field(default_factory=lambda: MappingProxyType({}))
    control: Control | None = None
    records: Sequence[CommandRecord] = ()
    allowed_pools: Sequence[str] = ()
    login: str = ""
    under_way: str = ""

    @property
    def enabled(self) -> bool:
        """Whether the device may be commanded."""
        return self.control is not None and self.control.enabled


def command_actions(commands: DeviceCommands, locked: str) -> tuple[ActionView, ...]:
    """The actions: enable or disable first; once enabled every capability that is offered, then what is not and why.

    Args:
        commands: What the collector said.
        locked: Why nothing can be done to what is shown; empty while it is the present.
    """
    if not commands.offers:
        return ()
    if not commands.enabled:
        return (_switch(commands, locked),)
    offered = [capability for capability in LABELS if _is_offered(commands, capability)]
    refused = [capability for capability in LABELS if capability not in offered and capability in commands.offers]
    return (
        _switch(commands, locked),
        *(_action(capability, commands, locked) for capability in (*offered, *refused)),
    )


def _is_offered(commands: DeviceCommands, capability: Capability) -> bool:
    offer = commands.offers.get(capability)
    return offer is not None and not offer.unsupported


def _switch(commands: DeviceCommands, locked: str) -> ActionView:
    control = commands.control
    if control is None or not control.enabled:
        count = sum(_is_offered(commands, capability) for capability in commands.offers)
        note = f"read-only; {formatting.count(count, 'command')} offered"
        return ActionView(ENABLE, "Enable commands", "", locked, note=note)
    return ActionView(DISABLE, "Disable commands", "", locked, note=f"enabled by {control.by}: {control.reason}")


def _action(capability: Capability, commands: DeviceCommands, locked: str) -> ActionView:
    offer = commands.offers[capability]
    blocked = offer.unsupported or locked
    if not blocked and commands.under_way:
        blocked = f"{commands.under_way} is under way"
    note = ", ".join(offer.modes)
    if offer.low is not None and offer.high is not None:
        note = f"{formatting.number(offer.low)} to {formatting.number(offer.high)}"
    return ActionView(f"{PREFIX}{capability.value}", LABELS[capability], "", blocked, note=note)


def command_history(commands: DeviceCommands, now: float, tz: str) -> tuple[HistoryItem, ...]:
    """The newest commands, newest first: when, what, what came of it, who."""
    newest = sorted(commands.records, key=lambda record: record.at, reverse=True)[:HISTORY_ROWS]
    return tuple(
        HistoryItem(
            time=formatting.time_or_date(record.at, now, tz),
            text=f"{record.text}: {outcome_words(record)} ({record.by}: {record.reason})",
            mark=None,
            incident="",
        )
        for record in newest
    )


def outcome_words(record: CommandRecord) -> str:
    """Like "confirmed" or "unknown, it was sent, and ..."."""
    if record.state is CommandState.INTENDED:
        return "under way"
    return record.state.value if record.state is CommandState.CONFIRMED else f"{record.state.value}, {record.outcome}"
