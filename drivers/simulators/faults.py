"""What can go wrong on a virtual site, and how a fault is written down."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """The faults. What a target may be stands beside each kind; a place or a loop means all its members."""

    DEAD_MINER = "dead_miner"
    """A miner: its control board is gone; connections are reset and nothing is hashed."""
    HUNG_API = "hung_api"
    """Any device: takes the question and never answers; the machine itself goes on."""
    BROKEN_JSON = "broken_json"
    """A miner: cuts its replies in the middle."""
    SLOW_DEVICE = "slow_device"
    """Any device: answers `amount` seconds late (2 when not given)."""
    TRICKLING = "trickling"
    """A miner: sends one byte of its answer every `amount` seconds (1 when not given)."""
    DEAD_BOARD = "dead_board"
    """A miner: hash board `amount` (1 to 3, 2 when not given) finds no chips."""
    DEAD_FAN = "dead_fan"
    """A miner: fan `amount` (1 to 4, 1 when not given) stands still."""
    POOL_LOSS = "pool_loss"
    """A miner: no pool answers it, so there is no work."""
    OUTLET_OFF = "outlet_off"
    """An outlet, `PDU/outlet`: its relay is open."""
    BREAKER_TRIP = "breaker_trip"
    """A bank, `PDU/bank`: its breaker is open; relays stay as they are."""
    PUMP_TRIP = "pump_trip"
    """A pump, `plant/pump` or `loop/pump` (pump 2 when not given)."""
    LEAK = "leak"
    """A plant or loop: the leak rope is wet and the level falls."""
    FROZEN_SENSOR = "frozen_sensor"
    """A miner (its temperatures), a plant or meter (everything), or one point of a plant, `plant/point`."""
    WRONG_CLOCK = "wrong_clock"
    """A plant: the clock of its own log is `amount` seconds ahead (600 when not given); set while it stands."""
    EMPTY_LOG = "empty_log"
    """A plant: its own log has no record; afterwards it begins anew."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault on one target.

    Attributes:
        kind: What goes wrong.
        target: A device name, `device/part`, a place, a loop, or `*`.
        at: Simulated seconds after the start; 0 is from the start.
        duration: Simulated seconds; None until it is cleared.
        amount: Seconds, board or fan, by kind; None takes the kind's default.
    """

    kind: FaultKind
    target: str
    at: float = 0.0
    duration: float | None = None
    amount: float | None = None

    @property
    def key(self) -> tuple[FaultKind, str]:
        """What a later `clear` names."""
        return self.kind, self.target

    @property
    def until(self) -> float:
        """Simulated second at which it ends by itself; infinite when it does not."""
        return float("inf") if self.duration is None else self.at + self.duration


_SPEC = re.compile(
    r"(?P<kind>[a-z_]+)=(?P<target>[^@+:=]+)"
    r"(?::(?P<amount>\d+(?:\.\d+)?))?(?:@(?P<at>\d+(?:\.\d+)?))?(?:\+(?P<duration>\d+(?:\.\d+)?))?"
)
SPEC_FORM = "KIND=TARGET[:AMOUNT][@AT][+DURATION], as in pump_trip=PLC-B/2@25+60"


def _kind(name: str) -> FaultKind:
    if name not in set(FaultKind):
        raise ValueError(f"there is no fault {name!r}; there are {', '.join(FaultKind)}")
    return FaultKind(name)


def parse_fault(spec: str) -> Fault:
    """Read a fault as the command line writes it (`SPEC_FORM`).

    Raises:
        ValueError: Another form, or an unknown kind.
    """
    match = _SPEC.fullmatch(spec.strip())
    if match is None:
        raise ValueError(f"{spec!r} is not a fault; write {SPEC_FORM}")
    return Fault(
        _kind(match["kind"]),
        match["target"].strip(),
        float(match["at"] or 0.0),
        None if match["duration"] is None else float(match["duration"]),
        None if match["amount"] is None else float(match["amount"]),
    )


_KEYS = {"kind", "target", "at", "duration", "amount"}


def read_fault(table: Mapping[str, object]) -> Fault:
    """Read one `[[fault]]` table, or a command of the control listener.

    Raises:
        ValueError: A key is missing, unknown or of the wrong type.
    """
    unknown = set(table) - _KEYS
    if unknown:
        raise ValueError(f"a fault has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(_KEYS))}")
    kind, target = table.get("kind"), table.get("target")
    if not isinstance(kind, str) or not isinstance(target, str) or not target:
        raise ValueError("a fault needs a kind and a target, both text")
    return Fault(_kind(kind), target, _number(table, "at") or 0.0, _number(table, "duration"), _number(table, "amount"))


def _number(table: Mapping[str, object], key: str) -> float | None:
    value = table.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise ValueError(f"the {key} of a fault must be a number, 0 or greater")
    return float(value)


class FaultSchedule:
    """Which faults stand at a simulated moment: those due by time and those set at run time, until cleared."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._waiting = sorted(faults, key=lambda fault: fault.at)
        self._standing: dict[tuple[FaultKind, str], Fault] = {}

    @property
    def standing(self) -> tuple[Fault, ...]:
        """The faults in effect."""
        return tuple(self._standing.values())

    def set(self, fault: Fault) -> None:
        """Add a fault; one with a later `at` waits for it."""
        self._waiting.append(fault)
        self._waiting.sort(key=lambda waiting: waiting.at)

    def clear(self, kind: FaultKind | None, target: str) -> int:
        """Take away standing and waiting faults of that kind (None: every kind) and target (`*`: every target)."""

        def meant(fault: Fault) -> bool:
            return kind in {None, fault.kind} and target in {"*", fault.target}

        gone = [fault for fault in self._standing.values() if meant(fault)]
        kept = [fault for fault in self._waiting if not meant(fault)]
        cleared = len(gone) + len(self._waiting) - len(kept)
        for fault in gone:
            del self._standing[fault.key]
        self._waiting = kept
        return cleared

    def advance(self, now: float) -> bool:
        """Start what is due and end what is over at simulated second `now`; whether anything changed."""
        changed = False
        while self._waiting and self._waiting[0].at <= now:
            fault = self._waiting.pop(0)
            self._standing[fault.key] = fault
            changed = True
        for fault in [fault for fault in self._standing.values() if fault.until <= now]:
            del self._standing[fault.key]
            changed = True
        return changed
