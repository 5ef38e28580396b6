"""From live columns to head rows: which devices reported anew, which slot each report belongs to, and the blobs.

Everything here is synchronous and runs in a worker thread on copies of the columns.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.domain.telemetry import Block, LiveColumns, Texts
from console.store.history.heads import NO_LOSSES, Head, Losses, Section, encode_head
from console.store.history.levels import WINDOW, slots_in_window
from console.store.history.quantise import Codes, Floats, Integers, to_steps
from console.store.history.registry import Registry, StoredLayout
from drivers.core.reading import Layout, Quality

Flags: TypeAlias = NDArray[np.bool_]

_NEVER = -1

_STEPPED_BACK = 2
"""Slots by which a device's present slot must lie behind its newest one for the clock to have stepped back: a report
is put into the slot after its own at most."""

NOTHING_BUT_STATE = Layout(())
"""What is stored of a device that never reported: its state alone."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The columns at one instant, copied on the event loop.

    Attributes:
        revision: Of the columns' shape.
        devices: Every device by row.
        blocks: The blocks of the devices that have reported.
        values: Newest value of every series.
        quality: `Quality` of every series.
        brought: Whether the newest report brought the series.
        answered, state, reason: As in `LiveColumns`, by row.
        texts: By row.
    """

    revision: int
    devices: tuple[UUID, ...]
    blocks: tuple[Block, ...]
    values: Floats
    quality: Codes
    brought: Flags
    answered: Floats
    state: Codes
    reason: Codes
    texts: tuple[Texts, ...]

    @classmethod
    def of(
        cls, columns: LiveColumns, devices: tuple[UUID, ...], blocks: tuple[Block, ...], texts: tuple[Texts, ...]
    ) -> "Snapshot":
        """Copy what changes; `devices`, `blocks` and `texts` are those of the columns' revisions."""
        return cls(
            columns.revision,
            devices,
            blocks,
            columns.values.copy(),
            columns.quality.copy(),
            columns.brought.copy(),
            columns.answered.copy(),
            columns.state.copy(),
            columns.reason.copy(),
            texts,
        )


@dataclass(frozen=True, slots=True)
class HeadRow:
    """A row of the head table."""

    shard: int
    window: int
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
        windows: Windows since the epoch that any of them falls into, ascending.
    """

    fresh: Integers
    slots: Integers
    lost: Integers
    lost_slots: Integers
    reasons: Codes
    windows: tuple[int, ...]


class Tracker:
    """Remembers what has been stored of each device. Its state advances only by `keep`, after the commit.

    Attributes:
        period_ms: Stored period of each row.
        bare: Rows that failed before they ever reported: what is stored of them is their state alone.
        shape: Grows whenever rows must be seated anew.
    """

    def __init__(self, period_of: Callable[[UUID], float]) -> None:
        self._period_of = period_of
        self._revision = -1
        self.period_ms: Integers = np.empty(0, np.int64)
        self.bare: Flags = np.empty(0, np.bool_)
        self.shape = 0
        self._answered: Floats = np.empty(0)
        self._slot: Integers = np.empty(0, np.int64)
        self._reported: Flags = np.empty(0, np.bool_)

    def pick(self, snapshot: Snapshot, at: float) -> Picks:
        """What the sweep at UTC second `at` has to store."""
        if snapshot.revision != self._revision:
            self._follow(snapshot)
        answered, period = snapshot.answered, self.period_ms / 1000.0
        new = self._reported & ~np.isnan(answered) & (answered != self._answered)
        fresh = np.flatnonzero(new)
        slots = choose_slots(answered[fresh], period[fresh], self._answered[fresh], self._slot[fresh])
        now = np.floor(at / period).astype(np.int64)
        elsewhere = (now > self._slot) | (now < self._slot - _STEPPED_BACK)
        lost = np.flatnonzero(~new & (snapshot.reason >= Quality.UNREACHABLE) & elsewhere)
        self._seat_bare(lost)
        begins = np.concatenate([slots * self.period_ms[fresh], now[lost] * self.period_ms[lost]])
        windows = tuple(np.unique(begins // (WINDOW * 1000)).tolist())
        return Picks(fresh, slots, lost, now[lost], snapshot.reason[lost], windows)

    def _seat_bare(self, lost: Integers) -> None:
        bare = lost[~self._reported[lost] & ~self.bare[lost]]
        if len(bare):
            self.bare[bare] = True
            self.shape += 1

    def _follow(self, snapshot: Snapshot) -> None:
        """Take in a new shape."""
        count = len(snapshot.answered)
        added = count - len(self._slot)
        self._answered = np.append(self._answered, np.full(added, np.nan))
        self._slot = np.append(self._slot, np.full(added, _NEVER))
        self.bare = np.append(self.bare, np.zeros(added, np.bool_))
        self._reported = np.zeros(count, np.bool_)
        self._reported[[block.row for block in snapshot.blocks if len(block.layout)]] = True
        period_ms = np.array([round(self._period_of(device) * 1000) for device in snapshot.devices], np.int64)
        changed = np.flatnonzero(period_ms[: count - added] != self.period_ms)
        self._slot[changed] = _NEVER
        self.period_ms = period_ms
        self.shape += 1
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
    """The devices of one shard that share a layout, as parallel arrays.

    Attributes:
        layout: As stored, with the state at the end unless the device reports it itself.
        scales: Steps per unit of each series it reports, as a column.
        rows: Rows of the columns.
        at: Where their series stand in the columns, series x devices.
        seats: Seats in the shard.
        with_state: Whether the state is added.
    """

    layout: StoredLayout
    scales: Floats
    rows: Integers
    at: Integers
    seats: Integers
    with_state: bool


@dataclass(frozen=True, slots=True)
class _Shard:
    """The parts of one shard, and all their rows and seats one after another."""

    slots: int
    parts: tuple[_Part, ...]
    rows: Integers
    seats: Integers


class Plan:
    """Where each device's series go in one month's file, for one shape of the columns."""

    def __init__(self, snapshot: Snapshot, tracker: Tracker, registry: Registry) -> None:
        members: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        layouts: dict[int, tuple[StoredLayout, int]] = {}
        for device, row, start, layout in _seated(snapshot, tracker):
            stored = registry.layout(layout)
            layouts[stored.id] = stored, len(layout)
            seat = registry.seat(device, stored, int(tracker.period_ms[row]))
            members.setdefault((seat.shard, stored.id), []).append((row, start, seat.number))
        parts: dict[int, list[_Part]] = {}
        for (shard, key), placed in sorted(members.items()):
            stored, reported = layouts[key]
            rows, starts, seats = np.array(placed, np.int64).T
            at = starts + np.arange(reported)[:, None]
            scales = registry.scales_of(stored)[:reported, None]
            part = _Part(stored, scales, rows, at, seats, len(stored.signals) > reported)
            parts.setdefault(shard, []).append(part)
        self._shards = {
            shard: _Shard(
                slots_in_window(registry.shards[shard].period_ms),
                tuple(mine),
                np.concatenate([part.rows for part in mine]),
                np.concatenate([part.seats for part in mine]),
            )
            for shard, mine in parts.items()
        }

    def encode(self, snapshot: Snapshot, picks: Picks, windows: Sequence[int]) -> tuple[list[HeadRow], int]:
        """The head rows of a sweep for those windows, and the number of samples with a value in them."""
        slot_of = np.full(len(snapshot.answered), _NEVER)
        slot_of[picks.fresh] = picks.slots
        lost_slot = np.full(len(snapshot.answered), _NEVER)
        lost_slot[picks.lost] = picks.lost_slots
        # A lighter poll left some series out: they keep their values, which were stored when they came.
        polled = np.where(snapshot.brought, snapshot.quality, np.uint8(Quality.NOT_POLLED))
        rows: list[HeadRow] = []
        count = 0
        for number, shard in self._shards.items():
            for window in windows:
                first = window * shard.slots
                sections: list[Section] = []
                for part in shard.parts:
                    section, samples = _section(snapshot, part, polled, slot_of, first, shard.slots)
                    count += samples
                    sections += [section] if section is not None else []
                losses = _losses(shard, lost_slot, snapshot.reason, first)
                if sections or len(losses.seats):
                    rows.append(HeadRow(number, window, encode_head(Head(tuple(sections), losses))))
        return rows, count


def _seated(snapshot: Snapshot, tracker: Tracker) -> Iterable[tuple[UUID, int, int, Layout]]:
    """Device, row, start of the block, and layout of everybody who has something to store."""
    reported: set[int] = set()
    for block in snapshot.blocks:
        if len(block.layout):
            reported.add(block.row)
            yield block.device, block.row, block.start, block.layout
    for row in np.flatnonzero(tracker.bare).tolist():
        if row not in reported:
            yield snapshot.devices[row], row, 0, NOTHING_BUT_STATE


def _section(
    snapshot: Snapshot, part: _Part, polled: Codes, slot_of: Integers, first: int, slots: int
) -> tuple[Section | None, int]:
    """The devices of a part that reported within a window, and how many samples with a value they brought."""
    slot = slot_of[part.rows] - first
    mine = np.flatnonzero((slot >= 0) & (slot < slots))
    if not len(mine):
        return None, 0
    everybody = len(mine) == len(slot)
    at = part.at if everybody else part.at[:, mine]
    rows = part.rows if everybody else part.rows[mine]
    steps, quality = to_steps(snapshot.values[at], polled[at], part.scales)
    samples = quality.size - int(np.count_nonzero(quality >= Quality.NOT_POLLED))
    if part.with_state:
        steps = np.concatenate([steps, snapshot.state[rows][None].astype(steps.dtype)])
        quality = np.concatenate([quality, np.zeros((1, len(rows)), np.uint8)])
    seats = part.seats[mine].astype(np.uint16)
    return Section(part.layout.id, seats, slot[mine].astype(np.uint16), steps, quality), samples


def _losses(shard: _Shard, lost_slot: Integers, reason: Codes, first: int) -> Losses:
    slot = lost_slot[shard.rows] - first
    mine = np.flatnonzero((slot >= 0) & (slot < shard.slots))
    if not len(mine):
        return NO_LOSSES
    return Losses(shard.seats[mine].astype(np.uint16), slot[mine].astype(np.uint16), reason[shard.rows[mine]])
