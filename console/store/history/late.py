"""Samples that did not come by a poll: which slots are free for them, and the head rows they become."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from console.store.history.heads import NO_LOSSES, Head, Section, decode_head, encode_head
from console.store.history.levels import RAW, SECONDS_IN_HOUR, WINDOW, WINDOWS_IN_HOUR, slots_in_window
from console.store.history.month import MonthFile
from console.store.history.quantise import Codes, Floats, Integers, to_steps
from console.store.history.registry import Seat
from console.store.history.sweep import HeadRow
from console.store.history.threads import InThread
from console.store.history.tiles import SERIES, decode_tile
from console.store.history.window import Arrangement
from drivers.core.reading import Layout, Quality


@dataclass(frozen=True, slots=True)
class LateSamples:
    """Samples of one device in whole slots of its stored period.

    Attributes:
        slots: Slots since the epoch, ascending, each once.
        values, quality: Slots x signals of the layout.
    """

    slots: Integers
    values: Floats
    quality: Codes

    @classmethod
    def of(cls, times: Floats, values: Floats, quality: Codes, period_ms: int) -> "LateSamples":
        """Bring samples in any order into slots; of several in one slot the latest stands. Only values are kept."""
        order = np.argsort(times, kind="stable")
        slots = np.floor(times[order] * 1000 / period_ms).astype(np.int64)
        last = np.append(slots[1:] != slots[:-1], True) if len(slots) else np.empty(0, np.bool_)
        chosen = order[last]
        codes = np.where(np.isnan(values) | (quality >= Quality.NOT_POLLED), np.uint8(Quality.NOT_POLLED), quality)
        return cls(slots[last], values[chosen], codes[chosen])

    def within(self, first: int, stop: int) -> "LateSamples":
        """Those of some slots."""
        mine = slice(*np.searchsorted(self.slots, (first, stop)).tolist())
        return LateSamples(self.slots[mine], self.values[mine], self.quality[mine])

    def without(self, held: Mapping[int, Integers]) -> "LateSamples":
        """Those whose slot is free; `held` names by signal the slots that hold a value."""
        quality = self.quality.copy()
        for signal, slots in held.items():
            quality[np.isin(self.slots, slots), signal] = Quality.NOT_POLLED
        some = (quality < Quality.NOT_POLLED).any(axis=1)
        return LateSamples(self.slots[some], self.values[some], quality[some])

    @property
    def count(self) -> int:
        """Samples with a value."""
        return int((self.quality < Quality.NOT_POLLED).sum())


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a signal of the late layout stands in a seat on record: position in its layout, chunk and row."""

    signal: int
    point: str
    within: int
    chunk: int
    row: int


async def held_slots(
    file: MonthFile,
    find: Callable[[MonthFile, int], Arrangement],
    in_thread: InThread,
    device: UUID,
    layout: Layout,
    windows: Sequence[int],
    period_ms: int,
) -> dict[int, Integers]:
    """By signal of the layout: slots of `period_ms` since the epoch that hold a value in some of the windows."""
    found: dict[int, list[Integers]] = {at: [] for at in range(len(layout))}
    for seat in file.registry.seats_of(device):
        arrangement = await in_thread(find, file, seat.shard)
        places = _places(seat, arrangement, layout)
        if not places:
            continue
        points = sorted({place.point for place in places})
        hours = sorted({window // WINDOWS_IN_HOUR for window in windows})
        # In the order in which samples move on, so that none is missed while a window or an hour is being closed.
        heads = {
            window: [body for _, body in await file.heads(seat.shard, window)]
            for window in windows
            if window in file.windows
        }
        parts = await file.parts(RAW, seat.shard, points, range(min(windows), max(windows) + 1))
        tiles = await file.tiles(RAW, seat.shard, points, {place.chunk for place in places}, hours)
        period = arrangement.period_ms
        blobs = _located(tiles, parts, period)
        for signal, slots in await in_thread(_held, seat, places, blobs, heads, arrangement.slots):
            found[signal].append(slots * period // period_ms)
    return {signal: np.unique(np.concatenate(slots)) for signal, slots in found.items() if slots}


def _located(
    tiles: Mapping[tuple[str, int, int], Sequence[bytes]],
    parts: Mapping[tuple[str, int], Mapping[int, bytes]],
    period_ms: int,
) -> list[tuple[str, int, int, bytes]]:
    """Point, chunk, first slot since the epoch, and body of each blob."""
    found = [
        (point, chunk, hour * SECONDS_IN_HOUR * 1000 // period_ms, body)
        for (point, chunk, hour), bodies in tiles.items()
        for body in bodies
    ]
    for (point, chunk), bodies_of_windows in parts.items():
        for window, body in bodies_of_windows.items():
            found.append((point, chunk, window * WINDOW * 1000 // period_ms, body))
    return found


def _places(seat: Seat, arrangement: Arrangement, layout: Layout) -> list[_Place]:
    found: list[_Place] = []
    for within, signal in enumerate(seat.layout.signals):
        number = layout.index.get((signal.point, signal.part))
        if number is not None:
            row = int(arrangement.row_of[arrangement.starts[seat.number] + within])
            chunk, row = divmod(row - arrangement.spans[signal.point].start, SERIES)
            found.append(_Place(number, signal.point, within, chunk, row))
    return found


def _held(
    seat: Seat,
    places: Sequence[_Place],
    blobs: Sequence[tuple[str, int, int, bytes]],
    heads: Mapping[int, Sequence[bytes]],
    slots_of_window: int,
) -> list[tuple[int, Integers]]:
    """Signal, and slots since the epoch in the shard's own period. Raises `CorruptBlob`."""
    found: list[tuple[int, Integers]] = []
    for point, chunk, first, body in blobs:
        mine = [place for place in places if (place.point, place.chunk) == (point, chunk)]
        _, quality = decode_tile(body, np.array([place.row for place in mine], np.int64))
        for place, codes in zip(mine, quality, strict=True):
            found.append((place.signal, first + np.flatnonzero(codes < Quality.NOT_POLLED)))
    for window, bodies in heads.items():
        for body in bodies:
            for section in decode_head(body, {seat.number: seat.layout.id}).sections:
                slots = section.slots.astype(np.int64) + window * slots_of_window
                for place in places:
                    there = section.quality[place.within] < Quality.NOT_POLLED
                    found.append((place.signal, slots[there]))
    return found


def late_rows(samples: LateSamples, seat: Seat, period_ms: int, scales: Floats) -> list[HeadRow]:
    """One head row for each window; the device's state stays as it was."""
    slots_of_window = slots_in_window(period_ms)
    steps, quality = to_steps(samples.values.T, samples.quality.T, scales[: samples.values.shape[1], None])
    more = len(seat.layout.signals) - len(steps)
    steps = np.concatenate([steps, np.zeros((more, len(samples.slots)), steps.dtype)])
    quality = np.concatenate([quality, np.full((more, len(samples.slots)), Quality.NOT_POLLED, np.uint8)])
    windows = samples.slots // slots_of_window
    rows: list[HeadRow] = []
    for window in np.unique(windows).tolist():
        mine = windows == window
        seats = np.full(int(mine.sum()), seat.number, np.uint16)
        slots = (samples.slots[mine] - window * slots_of_window).astype(np.uint16)
        section = Section(seat.layout.id, seats, slots, steps[:, mine], quality[:, mine])
        rows.append(HeadRow(seat.shard, window, encode_head(Head((section,), NO_LOSSES))))
    return rows
