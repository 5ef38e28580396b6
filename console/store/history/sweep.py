"""From live columns to head rows: which devices reported anew, which slot each report belongs to, and the blobs.

Everything here is synchronous and runs in a worker thread on copies of the columns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.domain.telemetry import Block, LiveColumns
from console.store.history.heads import NO_LOSSES, Head, Losses, Section, encode_head
from console.store.history.quantise import Codes, Floats, Integers, to_steps
from console.store.history.registry import Registry, StoredLayout, slots_per_hour
from drivers.core.reading import Quality

Flags: TypeAlias = NDArray[np.bool_]

_NEVER = -1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The columns at one instant, copied on the event loop."""

    revision: int
    blocks: tuple[Block, ...]
    values: Floats
    quality: Codes
    brought: Flags
    answered: Floats

    @classmethod
    def of(cls, columns: LiveColumns, blocks: tuple[Block, ...]) -> "Snapshot":
        """Copy what changes; `blocks` are those of the columns' revision."""
        return cls(
            columns.revision,
            blocks,
            columns.values.copy(),
            columns.quality.copy(),
            columns.brought.copy(),
            columns.answered.copy(),
        )


@dataclass(frozen=True, slots=True)
class HeadRow:
    """A row of the head table."""

    shard: int
    hour: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Picks:
    """What is new in a sweep, by row of the columns.

    Attributes:
        fresh: Rows with a report not stored yet.
        slots: The absolute slot (since the epoch, in the device's own period) of each fresh row.
        lost: Rows without an answer in their present slot.
        lost_slots: Their slots.
        reasons: Why, as `Quality`.
        hours: Hours since the epoch that any of them falls into, ascending.
    """

    fresh: Integers
    slots: Integers
    lost: Integers
    lost_slots: Integers
    reasons: Codes
    hours: tuple[int, ...]


class Tracker:
    """Remembers what has been stored of each device. Its state advances only by `keep`, after the commit."""

    def __init__(self, period_of: Callable[[UUID], float]) -> None:
        self._period_of = period_of
        self._revision = -1
        self.period_ms: Integers = np.empty(0, np.int64)
        self._answered: Floats = np.empty(0)
        self._slot: Integers = np.empty(0, np.int64)
        self._edges: Integers = np.empty(0, np.int64)
        self._rows: Integers = np.empty(0, np.int64)

    def pick(self, snapshot: Snapshot, at: float) -> Picks:
        """What the sweep at UTC second `at` has to store."""
        if snapshot.revision != self._revision:
            self._follow(snapshot)
        answered = snapshot.answered[self._rows]
        period = self.period_ms[self._rows] / 1000.0
        new = ~np.isnan(answered) & (answered != self._answered[self._rows])
        fresh = self._rows[new]
        slots = choose_slots(answered[new], period[new], self._answered[fresh], self._slot[fresh])
        lost, lost_slots, reasons = self._lost(snapshot, ~new, np.floor(at / period).astype(np.int64))
        hours = np.unique(
            np.concatenate([slots * self.period_ms[fresh], lost_slots * self.period_ms[lost]]) // 3_600_000
        )
        return Picks(fresh, slots, lost, lost_slots, reasons, tuple(int(hour) for hour in hours))

    def _lost(self, snapshot: Snapshot, silent: Flags, now: Integers) -> tuple[Integers, Integers, Codes]:
        """Devices whose every series carries the same reason for being missing, once for each slot."""
        if not len(self._rows):
            return self._rows, now, np.empty(0, np.uint8)
        # A device that failed to answer carries the reason in every series; its first one tells whom to look at.
        starts = self._edges[::2]
        first = snapshot.quality[starts]
        likely = silent & (first >= Quality.UNREACHABLE) & (first <= Quality.REJECTED) & (now > self._slot[self._rows])
        at = np.flatnonzero(likely)
        if not len(at):
            return self._rows[:0], now[:0], first[:0]
        # Every other segment is a device's block; those between are nobody's business.
        edges = np.stack([starts[at], self._edges[1::2][at]], axis=1).ravel()
        padded = np.append(snapshot.quality, np.uint8(Quality.NOT_POLLED))
        reason = np.minimum.reduceat(padded, edges)[::2]
        same = (reason >= Quality.UNREACHABLE) & (reason <= Quality.REJECTED)
        return self._rows[at[same]], now[at[same]], reason[same]

    def _follow(self, snapshot: Snapshot) -> None:
        """Take in a new shape. Blocks without series are left out."""
        count = len(snapshot.answered)
        known = len(self._slot)
        blocks = [block for block in snapshot.blocks if len(block.layout)]
        self._rows = np.array([block.row for block in blocks], np.int64)
        self._edges = np.array([(block.start, block.stop) for block in blocks], np.int64).ravel()
        self._answered = np.append(self._answered, np.full(count - known, np.nan))
        self._slot = np.append(self._slot, np.full(count - known, _NEVER))
        before = self.period_ms
        self.period_ms = np.append(before, np.full(count - known, 1000))
        for block in blocks:
            period_ms = round(self._period_of(block.device) * 1000)
            if period_ms != self.period_ms[block.row]:
                self.period_ms[block.row] = period_ms
                self._slot[block.row] = _NEVER
        self._revision = snapshot.revision

    def reclassify(self) -> None:
        """The stored periods may have changed: look them up again at the next sweep."""
        self._revision = -1

    def keep(self, snapshot: Snapshot, picks: Picks) -> None:
        """The picks are durable."""
        self._answered[picks.fresh] = snapshot.answered[picks.fresh]
        self._slot[picks.fresh] = picks.slots
        self._slot[picks.lost] = picks.lost_slots


def choose_slots(answered: Floats, period: Floats, answered_before: Floats, slot_before: Integers) -> Integers:
    """The slot that each report belongs to, as slots of `period` seconds since the epoch.

    Reports come in a steady rhythm with some jitter. Cutting time at slot borders would put two reports into one slot
    and none into the next wherever the rhythm runs along a border. So a report goes as many slots after the one before
    as periods have passed, at least one, as long as it lies within half a period of that slot; else into the slot that
    its time falls into.
    """
    plain = np.floor(answered / period).astype(np.int64)
    passed = np.rint((answered - np.where(np.isnan(answered_before), answered, answered_before)) / period)
    next_slot = slot_before + np.maximum(passed, 1).astype(np.int64)
    near = np.abs((next_slot + 0.5) * period - answered) <= period
    return np.where((slot_before >= 0) & near, next_slot, plain)


@dataclass(frozen=True, slots=True)
class _Part:
    """The devices of one shard that share a layout, as parallel arrays."""

    layout: StoredLayout
    scales: Floats
    rows: Integers
    starts: Integers
    seats: Integers


class Plan:
    """Where each device's series go in one month's file, for one revision of the columns."""

    def __init__(self, blocks: Sequence[Block], period_ms: Integers, registry: Registry) -> None:
        parts: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        layouts: dict[int, StoredLayout] = {}
        for block in blocks:
            if not len(block.layout):
                continue
            layout = registry.layout(block.layout)
            layouts[layout.id] = layout
            seat = registry.seat(block.device, layout, int(period_ms[block.row]))
            parts.setdefault((seat.shard, layout.id), []).append((block.row, block.start, seat.number))
        self._shards: dict[int, list[_Part]] = {}
        self._slots: dict[int, int] = {}
        for (shard, key), members in sorted(parts.items()):
            rows, starts, seats = np.array(members, np.int64).T
            part = _Part(layouts[key], registry.scales_of(layouts[key]), rows, starts, seats)
            self._shards.setdefault(shard, []).append(part)
            self._slots[shard] = slots_per_hour(registry.shards[shard].period_ms)

    def encode(self, snapshot: Snapshot, picks: Picks, hours: Sequence[int]) -> tuple[list[HeadRow], int]:
        """The head rows of a sweep for those hours, and the number of samples with a value in them."""
        slot_of = np.full(len(snapshot.answered), _NEVER)
        slot_of[picks.fresh] = picks.slots
        lost_slot = np.full(len(snapshot.answered), _NEVER)
        lost_slot[picks.lost] = picks.lost_slots
        reason = np.zeros(len(snapshot.answered), np.uint8)
        reason[picks.lost] = picks.reasons
        rows: list[HeadRow] = []
        count = 0
        for shard, parts in self._shards.items():
            slots = self._slots[shard]
            for hour in hours:
                sections = [
                    section for part in parts if (section := _section(snapshot, part, slot_of, hour, slots)) is not None
                ]
                losses = _losses(parts, lost_slot, reason, hour, slots)
                if sections or len(losses.seats):
                    rows.append(HeadRow(shard, hour, encode_head(Head(tuple(sections), losses))))
                    count += sum(int((section.quality < Quality.NOT_POLLED).sum()) for section in sections)
        return rows, count


def _section(snapshot: Snapshot, part: _Part, slot_of: Integers, hour: int, slots: int) -> Section | None:
    slot = slot_of[part.rows] - hour * slots
    mine = np.flatnonzero((slot >= 0) & (slot < slots))
    if not len(mine):
        return None
    at = part.starts[mine] + np.arange(len(part.scales))[:, None]
    polled = np.where(snapshot.brought[at], snapshot.quality[at], np.uint8(Quality.NOT_POLLED))
    steps, quality = to_steps(snapshot.values[at], polled, part.scales[:, None])
    return Section(part.layout.id, part.seats[mine].astype(np.uint16), slot[mine].astype(np.uint16), steps, quality)


def _losses(parts: Sequence[_Part], lost_slot: Integers, reason: Codes, hour: int, slots: int) -> Losses:
    rows = np.concatenate([part.rows for part in parts])
    slot = lost_slot[rows] - hour * slots
    mine = np.flatnonzero((slot >= 0) & (slot < slots))
    if not len(mine):
        return NO_LOSSES
    seats = np.concatenate([part.seats for part in parts])[mine]
    return Losses(seats.astype(np.uint16), slot[mine].astype(np.uint16), reason[rows[mine]])
