"""When each device is asked next: staggered, capped, and stretched rather than failing when there is too much to do.

Pure: the time is handed in, nothing is awaited. `Fleet` turns it.
"""

import heapq
import itertools
import math
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from console.collector.waits import Waits
from console.domain.telemetry import Floats, Indices
from drivers.core.device import Tier
from drivers.core.identity import Address

IN_FLIGHT_CAP = 600
"""Questions on the wire at once. Above, replies wait in our own sockets and time out; see the measured facts."""

SUBNET_CAP = 200
"""Questions on the wire at once to one /24 (or one IPv6 /64): a managed switch's and a site router's comfort."""

HELD_SECONDS = 0.05
"""How soon a device that was held is looked at again."""

STARTS_PER_TURN = 60
"""Questions that leave in one turn of the loop: more at once would hold up everything else on it."""

FULL_EVERY_SECONDS = 60.0
"""How often a device is asked for everything instead of what changes quickly."""

FIRST_SWEEP_PER_SECOND = 600.0
"""Devices asked for the first time in one second at start."""

SLOW_ON_PURPOSE = 30.0
"""First polls per second below which they are spread over more than a period."""

SWEEP_SECONDS = 1.0
"""The store takes what is new once in each whole monotonic second. A device with a period as short as this is asked
in the middle of the second, so that some jitter never brings two of its reports into one sweep."""

SWEEP_MARGIN = 0.2
"""Share of the second on either side of the sweep in which such a device is not asked."""

SMOOTHING = 0.25
"""Weight of the newest interval in a device's effective period when it gets shorter."""

ATTACK = 0.5
"""The same when it gets longer: who waits shall not be taken for silent."""

PUNCTUAL_SECONDS = 0.1
"""A poll that starts this little after its due time is on time."""

GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
"""Multiples of it, modulo 1, spread evenly however many devices there are and whenever one is added."""


@dataclass(slots=True)
class Entry:
    """One device on the schedule.

    Attributes:
        row: Its row in the live columns.
        subnet: What it shares a cap with.
        period: Configured poll period, seconds.
        urgency: Lower goes first when not everything fits.
        phase: Its place within the period, 0 to 1.
        effective: Smoothed interval between polls; equal to `period` unless over capacity.
        due: Monotonic second of the next poll.
        started: Monotonic second of the poll under way or of the last one; NaN before the first.
        next_full: Monotonic second from which the next poll asks for everything.
        asleep: Polled more rarely on purpose (it does not answer); its interval says nothing about capacity.
        gone: Removed while something still refers to it.
        first: Not yet brought to its own phase.
    """

    row: int
    subnet: str
    period: float
    urgency: int
    phase: float
    effective: float
    due: float
    started: float = math.nan
    next_full: float = -math.inf
    asleep: bool = False
    gone: bool = False
    first: bool = True

    def measure(self, now: float) -> None:
        """Learn the effective period from a poll that starts now.

        An interval is longer than the period when the poll is late, or when the one before took so long that turns
        were left out; the step from the first sweep to the own phase is neither.
        """
        interval = now - self.started
        stretched = now - self.due > PUNCTUAL_SECONDS or interval > 1.6 * self.period
        sample = max(self.period, interval) if stretched else self.period
        self.effective += (ATTACK if sample > self.effective else SMOOTHING) * (sample - self.effective)
        if self.effective < 1.01 * self.period:
            self.effective = self.period

    def next_due(self, now: float) -> float:
        """The next turn of this device, never before now: one that is late is not asked twice to catch up.

        A punctual device keeps its rhythm. Over capacity the rhythm gives way: everybody waits equally long from
        one start to the next, and afterwards the new rhythm is as evenly spread as the old one.
        """
        if self.first or self.period <= SWEEP_SECONDS:
            self.first = False
            return self._on_grid(now)
        late = self.started - self.due
        return max(now, (self.due if late <= PUNCTUAL_SECONDS else self.started) + self.period)

    def _on_grid(self, now: float) -> float:
        """The device's own phase, not right after the last poll."""
        earliest = max(self.started + 0.5 * self.period, now)
        turn = math.ceil(earliest / self.period - self.phase - 1e-9)
        return (turn + self.phase) * self.period


@dataclass(slots=True)
class Schedule:
    """All devices of a site, asked in turn.

    Attributes:
        cap: Questions on the wire at once.
        subnet_cap: Questions on the wire at once to one subnet.
        in_flight: Questions on the wire now.
    """

    cap: int = IN_FLIGHT_CAP
    subnet_cap: int = SUBNET_CAP
    in_flight: int = 0
    _entries: dict[int, Entry] = field(default_factory=dict)
    _heaps: dict[int, list[tuple[float, int, Entry]]] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _added: Counter[int] = field(default_factory=Counter)
    _per_subnet: Counter[str] = field(default_factory=Counter)
    _parked: dict[str, deque[Entry]] = field(default_factory=dict)
    _waits: Waits = field(default_factory=Waits)

    def __len__(self) -> int:
        return len(self._entries)

    def add(
        self,
        row: int,
        address: Address,
        period: float,
        now: float,
        *,
        urgency: int = 1,
        first_per_second: float = FIRST_SWEEP_PER_SECOND,
    ) -> float:
        """Put a device on the schedule: its first poll comes soon, the following ones at its own phase.

        Args:
            row: Row in the live columns; not on the schedule yet.
            address: Whom to ask.
            period: Seconds between polls.
            now: Monotonic seconds.
            urgency: Lower goes first when not everything fits (plant and meters before miners).
            first_per_second: How many devices of this urgency are asked for the first time in one second. A device
                is not kept waiting for longer than its period, unless this is slow on purpose (below 30).

        Returns:
            Monotonic second of the first poll.
        """
        place = len(self._entries)
        phase = (place * GOLDEN) % 1.0
        if period <= SWEEP_SECONDS:
            phase = SWEEP_MARGIN + (1.0 - 2.0 * SWEEP_MARGIN) * phase
        turn = self._added[urgency] / first_per_second
        self._added[urgency] += 1
        first = now + (turn if first_per_second < SLOW_ON_PURPOSE else min(turn, phase * period))
        entry = Entry(row, subnet(address), period, urgency, phase, period, first)
        self._entries[row] = entry
        self._waits.add(row, period, first)
        self._push(entry)
        return first

    def remove(self, row: int) -> None:
        """Take a device off; a poll under way still has to be reported as finished."""
        entry = self._entries.pop(row, None)
        if entry is not None:
            entry.gone = True
            self._waits.remove(row)

    def due(self, now: float, held: Callable[[int], bool] = lambda row: False) -> list[tuple[int, Tier]]:
        """The devices to ask now, as far as the caps allow; each counts as in flight until `finished`.

        Args:
            now: Monotonic seconds.
            held: Whether a row must wait a little more although it is due.
        """
        chosen: list[tuple[int, Tier]] = []
        for urgency in sorted(self._heaps):
            heap = self._heaps[urgency]
            while heap and heap[0][0] <= now and self.in_flight < self.cap and len(chosen) < STARTS_PER_TURN:
                entry = heapq.heappop(heap)[2]
                if entry.gone:
                    continue
                if held(entry.row):
                    heapq.heappush(heap, (now + HELD_SECONDS, next(self._numbers), entry))
                    self._waits.hold(entry.row, now + HELD_SECONDS)
                    continue
                if self._per_subnet[entry.subnet] >= self.subnet_cap:
                    self._parked.setdefault(entry.subnet, deque()).append(entry)
                    continue
                chosen.append((entry.row, self._start(entry, now)))
        return chosen

    def _start(self, entry: Entry, now: float) -> Tier:
        self.in_flight += 1
        self._per_subnet[entry.subnet] += 1
        if not math.isnan(entry.started) and not entry.asleep:
            entry.measure(now)
        entry.started = now
        self._waits.start(entry.row, now, entry.effective)
        if now < entry.next_full:
            return Tier.FAST
        # The phase keeps the heavy polls of the devices apart in the minutes to come as well.
        first = math.isinf(entry.next_full)
        entry.next_full = now + FULL_EVERY_SECONDS * (0.5 + 0.5 * entry.phase if first else 1.0)
        return Tier.FULL

    def finished(self, row: int, address: Address, now: float, *, retry_in: float | None = None) -> float:
        """The poll is over; returns the device's effective period.

        Args:
            row: Whose.
            address: As given to `add`.
            now: Monotonic seconds.
            retry_in: Seconds until the next attempt where a failing device is asked more rarely; None keeps the
                period.
        """
        self.in_flight -= 1
        place = subnet(address)
        self._per_subnet[place] -= 1
        self._unpark(place)
        entry = self._entries.get(row)
        if entry is None:
            return math.inf
        entry.asleep = retry_in is not None
        entry.due = entry.next_due(now) if retry_in is None else now + retry_in
        self._waits.finish(row, entry.due, asleep=entry.asleep)
        self._push(entry)
        return entry.effective

    def _push(self, entry: Entry) -> None:
        heapq.heappush(self._heaps.setdefault(entry.urgency, []), (entry.due, next(self._numbers), entry))

    def _unpark(self, place: str) -> None:
        waiting = self._parked.get(place)
        while waiting:
            entry = waiting.popleft()
            if not entry.gone:
                self._push(entry)
                return
        self._parked.pop(place, None)

    def next_due(self) -> float:
        """Monotonic second of the earliest poll that waits; infinite when none does."""
        return min((heap[0][0] for heap in self._heaps.values() if heap), default=math.inf)

    def overdue(self, now: float) -> tuple[Indices, Floats]:
        """Rows that wait although their turn has come, and the seconds since each was asked last.

        A row that was never asked counts as asked one period before its first turn.
        """
        return self._waits.overdue(now - PUNCTUAL_SECONDS, now)

    def stretch(self, now: float) -> float:
        """Effective over configured period, the mean of the devices that answer; 1.0 unless over capacity."""
        return self._waits.stretch(now - PUNCTUAL_SECONDS, now)


def subnet(address: Address) -> str:
    """The network that a device shares with its neighbours: its /24, its IPv6 /64, or the host by name."""
    host = address.host
    if ":" in host:
        return ":".join(host.split(":")[:4])
    head, _, last = host.rpartition(".")
    return head if last.isdigit() else host
