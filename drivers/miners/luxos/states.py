"""What a LuxOS miner is doing and what is wrong with it, from its events and its configuration.

Source: Luxor's documentation of `events` (a list of what is the matter now, emptied as causes go away) and of
`config`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.core.reading import DeviceState
from drivers.miners.reply import MAX_BOARDS, NOTHING, Fields, count, first, rows, text

SLEEP: Final = "SLEEP"
IDLE: Final = "IDLE"
TUNING: Final = "MINER_TUNING"
SYSTEM_START: Final = "REBOOT_SYSINIT"
_NO_FAULTS: Final = frozenset(
    {SLEEP, IDLE, TUNING, "MINER_TUNED", SYSTEM_START, "REBOOT_USER", "SHUTDOWN_USER", "HASH_ON_DISCONNECT"}
)
"""Events that tell what somebody has asked for, or what the firmware does in its ordinary course."""
_PROTECTION: Final = re.compile(r"PROTECTION|PANIC|SHUTDOWN(?!_USER)")
"""In the code of an event by which the firmware has stopped boards or the whole miner."""
_STATUS_WORDS: Final = (
    (re.compile(r"sleep|curtail", re.IGNORECASE), DeviceState.ASLEEP),
    (re.compile(r"idle", re.IGNORECASE), DeviceState.IDLE),
    (re.compile(r"protect|panic|overtemp|overheat|shutdown|fail", re.IGNORECASE), DeviceState.STOPPED),
    (re.compile(r"init|boot|start|ramp", re.IGNORECASE), DeviceState.BOOTING),
    (re.compile(r"tun", re.IGNORECASE), DeviceState.TUNING),
)
"""Words in `SystemStatus`, which is `Normal` as a rule."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that is the matter.

    Attributes:
        code: Such as `FAN_FAILURE`.
        board: Number from 1; 0 where it concerns the whole miner.
        description: The firmware's sentence.
    """

    code: str
    board: int
    description: str

    @property
    def is_fault(self) -> bool:
        """Whether somebody should know of it."""
        return self.code not in _NO_FAULTS

    @property
    def sentence(self) -> str:
        """The event as one line."""
        place = f" board {self.board}" if self.board else ""
        return f"{self.code}{place}: {self.description}" if self.description else f"{self.code}{place}"


def events_of(content: Fields) -> Sequence[Event]:
    """The events in the answer to `events`."""
    found = []
    for row in rows(content, "EVENTS"):
        code = text(row.get("Code")).upper()
        if code:
            is_board = text(row.get("Target")).upper() == "BOARD" and "ID" in row
            board = count(row.get("ID"), MAX_BOARDS - 1) + 1 if is_board else 0
            found.append(Event(code, board, text(row.get("Description"))))
    return found


def state_of(events: Sequence[Event], config: Fields, rate: float, *, ramping: bool) -> DeviceState:
    """What the miner is doing.

    Args:
        events: What is the matter.
        config: The first row of `config`; empty where it was not asked.
        rate: TH/s over the last seconds; NaN where it is not told.
        ramping: Whether a board is being brought up to its frequency.
    """
    codes = {event.code for event in events}
    if SLEEP in codes or curtailed(config) is DeviceState.ASLEEP:
        return DeviceState.ASLEEP
    if IDLE in codes or curtailed(config) is DeviceState.IDLE:
        return DeviceState.IDLE
    if rate > 0:
        return DeviceState.TUNING if TUNING in codes else DeviceState.HASHING
    if any(_PROTECTION.search(code) for code in codes):
        return DeviceState.STOPPED
    status = text(config.get("SystemStatus"))
    for word, state in _STATUS_WORDS:
        if word.search(status):
            return state
    if SYSTEM_START in codes or ramping:
        return DeviceState.BOOTING
    if TUNING in codes:
        return DeviceState.TUNING
    return DeviceState.IDLE if rate == 0 else DeviceState.UNKNOWN


def curtailed(config: Fields) -> DeviceState:
    """Asleep or idle where `CurtailMode` says so; else unknown."""
    mode = text(config.get("CurtailMode")).casefold()
    return {"sleep": DeviceState.ASLEEP, "idle": DeviceState.IDLE}.get(mode, DeviceState.UNKNOWN)


def is_asleep(events: Fields, config: Fields) -> bool:
    """Whether the answers to `events` and `config` say that the miner sleeps."""
    return state_of(events_of(events), first(config, "CONFIG") or NOTHING, 0.0, ramping=False) is DeviceState.ASLEEP
