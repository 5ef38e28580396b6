"""When each device is asked next: staggered, capped, and stretched rather than failing when there is too much to do.

Pure: the time is handed in, nothing is awaited. `Fleet` turns it.
"""

import math
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from console.collector.lane import Lane
from console.collector.waits import Waits
from console.domain.telemetry import Floats, Indices
from drivers.core.device import Tier
from drivers.core.identity import Address

IN_FLIGHT_CAP = 600
"""Questions on the wire at once. Above, replies wait in our own sockets and time out; see the measured facts."""

SUBNET_CAP = 200
"""Questions on the wire at once to one /24 (or one IPv6 /64): a managed switch's and a site router's comfort."""

DOUBTFUL_CAP = 200
"""The same for devices whose last question failed, beside the others' cap: one that hangs holds its place for the whole
deadline, 3 s. With 200 places some 66 of such devices are asked in a second, far more than back-off asks for."""

DOUBTFUL_SUBNET_CAP = 60
"""The same to one /24."""

DOUBTFUL_STARTS_PER_TURN = 10
"""Questions to such devices that leave in one turn."""

OVERTIME_SECONDS = 1.0
"""A question that has been out for so long counts in the lane of doubtful devices from then on, as far as there is
room: an answer that comes at all has come by then."""

OVERTIME_CAP = 2
"""Times the cap of that lane: what it holds at most after questions were moved there. More, and it is our own process
that is slow."""

PROMPT_SECONDS = 0.5
"""Only while answers come within this on average are late questions moved: else it is we who are slow, and more of
them on the wire would make it worse."""

PROMPT_WEIGHT = 0.05
"""Weight of the newest answer in that average."""

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

SOONEST_SHARE = 0.2
"""Share of the period that passes at least between the first poll and the device's own phase; so the step from the
one to the other is never longer than 1.2 periods."""

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
        doubtful: Its last question failed.
        lane: Where its question on the wire counts; None while there is none.
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
    doubtful: bool = False
    lane: "Lane[Entry] | None" = None

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
            share = SOONEST_SHARE if self.first and self.period > SWEEP_SECONDS else 0.5
            self.first = False
            return self._on_grid(now, share)
        late = self.started - self.due
        return max(now, (self.due if late <= PUNCTUAL_SECONDS else self.started) + self.period)

    def _on_grid(self, now: float, share: float) -> float:
        """The device's own phase, when at least that share of the period has passed since the last poll."""
        earliest = max(self.started + share * self.period, now)
        turn = math.ceil(earliest / self.period - self.phase - 1e-9)
        return (turn + self.phase) * self.period


class Schedule:
    """All devices of a site, asked in turn.

    Devices whose last question failed have a lane of their own, and so do questions that have been out for long: a
    third of the site may hang without the others waiting for room.

    Args:
        cap: Questions on the wire at once, to devices that answer.
        subnet_cap: The same to one subnet.
        doubtful_cap: Questions on the wire at once to devices whose last question failed.
    """

    def __init__(
        self, *, cap: int = IN_FLIGHT_CAP, subnet_cap: int = SUBNET_CAP, doubtful_cap: int = DOUBTFUL_CAP
    ) -> None:
        self._steady: Lane[Entry] = Lane(cap, subnet_cap, STARTS_PER_TURN)
        self._doubtful: Lane[Entry] = Lane(doubtful_cap, DOUBTFUL_SUBNET_CAP, DOUBTFUL_STARTS_PER_TURN)
        self._entries: dict[int, Entry] = {}
        self._asked: dict[int, Entry] = {}
        self._out: deque[tuple[float, Entry]] = deque()
        self._added: Counter[int] = Counter()
        self._waits = Waits()
        self._took = OVERTIME_SECONDS
        """Seconds that answers take, smoothed; slow until answers have shown otherwise."""

    @property
    def cap(self) -> int:
        """Questions on the wire at once, in both lanes."""
        return self._steady.cap + OVERTIME_CAP * self._doubtful.cap

    @property
    def in_flight(self) -> int:
        """Questions on the wire now."""
        return self._steady.in_flight + self._doubtful.in_flight

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
        self._steady.push(entry)
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
        self._move_overtime(now)
        return [
            (entry.row, self._start(entry, lane, now))
            for lane in (self._steady, self._doubtful)
            for entry in lane.take(now, lambda entry: self._holds(entry, held, now))
        ]

    def _holds(self, entry: Entry, held: Callable[[int], bool], now: float) -> bool:
        """Put a device's turn off when it must wait a little more.

        A device that was removed and added again may still have its question from before on the wire.
        """
        if entry.row not in self._asked and not held(entry.row):
            return False
        (self._doubtful if entry.doubtful else self._steady).push(entry, now + HELD_SECONDS)
        self._waits.hold(entry.row, now + HELD_SECONDS)
        return True

    def _move_overtime(self, now: float) -> None:
        """Questions that have been out for long give their place to others."""
        out, steady, doubtful = self._out, self._steady, self._doubtful
        while out and out[0][0] < now - OVERTIME_SECONDS:
            started, entry = out[0]
            if entry.lane is steady and entry.started == started:
                if self._took > PROMPT_SECONDS or doubtful.in_flight >= OVERTIME_CAP * doubtful.cap:
                    return
                steady.leave(entry.subnet)
                doubtful.enter(entry.subnet)
                entry.lane = doubtful
            out.popleft()

    def _start(self, entry: Entry, lane: Lane[Entry], now: float) -> Tier:
        entry.lane = lane
        self._asked[entry.row] = entry
        if lane is self._steady:
            self._out.append((now, entry))
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

    def finished(self, row: int, now: float, *, answered: bool = True, retry_in: float | None = None) -> float:
        """The poll is over; returns the device's effective period.

        Args:
            row: Whose.
            now: Monotonic seconds.
            answered: Whether there was a good report; a device without one waits in the lane of doubtful ones.
            retry_in: Seconds until the next attempt where a failing device is asked more rarely; None keeps the
                period.
        """
        entry = self._asked.pop(row)
        if entry.lane is not None:
            entry.lane.leave(entry.subnet)
            entry.lane = None
        if entry.gone:
            return math.inf
        if answered:
            self._took += PROMPT_WEIGHT * (now - entry.started - self._took)
        entry.doubtful = not answered
        entry.asleep = entry.doubtful or retry_in is not None
        entry.due = entry.next_due(now) if retry_in is None else now + retry_in
        self._waits.finish(row, entry.due, asleep=entry.asleep)
        (self._doubtful if entry.doubtful else self._steady).push(entry)
        return entry.effective

    def next_due(self) -> float:
        """Monotonic second of the earliest poll that waits and has room; infinite when none does."""
        doubtful = math.inf if self._doubtful.is_full else self._doubtful.next_due()
        return min(self._steady.next_due(), doubtful)

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
