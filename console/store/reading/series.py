"""Single series out of a shard's blobs: only the rows that are wanted are decoded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import numpy as np

from console.store.history.heads import decode_head
from console.store.history.quantise import Codes, Floats, Integers, to_values
from console.store.history.registry import chunk_and_row, rank
from console.store.history.tiles import decode_tile
from console.store.reading.buckets import Grid, Samples, bucketed
from console.store.reading.lookup import ShardBlobs, StoredShard, TileRow
from drivers.core.reading import Quality, Signal

Series: TypeAlias = tuple[str, str]
"""Point and part."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one series stands in a shard: seat, position in the seat's layout, tile and row."""

    series: Series
    seat: int
    layout: int
    within: int
    chunk: int
    row: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """The series asked for that exist, in the order asked.

    Attributes:
        device: Whose.
        signals: Newest signal of each.
        period: The longest stored period among them, seconds.
    """

    device: UUID
    signals: dict[Series, Signal]
    period: float

    def places(self, shard: StoredShard) -> list[Place]:
        """Where they stand in a shard."""
        found: list[Place] = []
        for point in dict.fromkeys(point for point, _ in self.signals):
            ranked = rank(shard.seats, point)
            for at, (number, within) in enumerate(zip(ranked.seats.tolist(), ranked.within.tolist(), strict=True)):
                seat = shard.seats[number]
                series = (point, seat.layout.signals[within].part)
                if seat.device == self.device and series in self.signals:
                    found.append(Place(series, number, seat.layout.id, within, *chunk_and_row(at)))
        return found


def wanted_series(device: UUID, points: Sequence[Series], shards: Sequence[StoredShard]) -> Wanted:
    """Find the series in the registries of all files touched, oldest first."""
    signals: dict[Series, Signal] = {}
    periods = [1.0]
    for shard in shards:
        for seat in shard.seats:
            if seat.device == device:
                mine = {(signal.point, signal.part): signal for signal in seat.layout.signals}
                present = {series: mine[series] for series in points if series in mine}
                signals.update(present)
                periods += [shard.period_ms / 1000.0] if present else []
    return Wanted(device, {series: signals[series] for series in points if series in signals}, max(periods))


class _Canvas:
    """One series at its stored period over a part of a grid."""

    def __init__(self, first: int, slots: int) -> None:
        self._first = first
        self._slots = slots
        self.values: Floats = np.full(slots, np.nan)
        self.quality: Codes = np.full(slots, Quality.NOT_POLLED, np.uint8)

    def lay(self, slots: Integers, values: Floats, quality: Codes) -> None:
        """Lay later samples (absolute slots) over earlier ones: a value beats none, a reason beats NOT_POLLED."""
        at = slots - self._first
        inside = (at >= 0) & (at < self._slots)
        at, values, quality = at[inside], values[inside], quality[inside]
        there = quality < Quality.NOT_POLLED
        self.values[at[there]] = values[there]
        self.quality[at[there]] = quality[there]
        reason = ~there & (quality != Quality.NOT_POLLED) & (self.quality[at] >= Quality.NOT_POLLED)
        self.quality[at[reason]] = quality[reason]


def read_series(
    stored: ShardBlobs, places: Sequence[Place], grid: Grid, part: Grid, found: dict[Series, Samples]
) -> None:
    """Decode one part of a grid out of a shard's blobs and lay it over what was found so far.

    Raises:
        CorruptBlob: A blob is damaged.
    """
    period = stored.shard.period_ms / 1000.0
    first, slots = round(part.start / period), round((part.stop - part.start) / period)
    canvases = {place.series: _Canvas(first, slots) for place in places}
    per_hour = stored.shard.slots
    for tile in stored.tiles:
        _lay_tile(tile, places, canvases, per_hour)
    _lay_heads(stored, places, canvases)
    at = round((part.start - grid.start) / grid.step)
    for (point, name), canvas in canvases.items():
        samples = bucketed(canvas.values, canvas.quality, round(grid.step / period), point)
        found[point, name].lay(slice(at, at + part.count), samples)


def _lay_tile(tile: TileRow, places: Sequence[Place], canvases: dict[Series, _Canvas], per_hour: int) -> None:
    mine = [place for place in places if (place.series[0], place.chunk) == (tile.point, tile.chunk)]
    if not mine:
        return
    values, quality = decode_tile(tile.body, np.array([place.row for place in mine], np.int64))
    slots = tile.hour * per_hour + np.arange(per_hour)
    for place, value, code in zip(mine, values, quality, strict=True):
        canvases[place.series].lay(slots, value, code)


def _lay_heads(stored: ShardBlobs, places: Sequence[Place], canvases: dict[Series, _Canvas]) -> None:
    by_seat: dict[int, list[Place]] = {}
    for place in places:
        by_seat.setdefault(place.seat, []).append(place)
    wanted = {seat: mine[0].layout for seat, mine in by_seat.items()}
    per_hour = stored.shard.slots
    for hour, body in stored.heads:
        head = decode_head(body, wanted)
        for section in head.sections:
            slots = section.slots.astype(np.int64) + hour * per_hour
            for seat in np.unique(section.seats).tolist():
                columns = section.seats == seat
                for place in _of_layout(by_seat[seat], section.layout):
                    quality = section.quality[place.within, columns]
                    scale = stored.scales[place.series[0]]
                    values = to_values(section.steps[place.within, columns], quality, scale)
                    canvases[place.series].lay(slots[columns], values, quality)
        losses = head.losses
        for seat, slot, reason in zip(losses.seats.tolist(), losses.slots.tolist(), losses.reasons, strict=True):
            at = np.array([hour * per_hour + slot])
            for place in by_seat[seat]:
                canvases[place.series].lay(at, np.array([np.nan]), np.array([reason]))


def _of_layout(places: Iterable[Place], layout: int) -> list[Place]:
    return [place for place in places if place.layout == layout]
