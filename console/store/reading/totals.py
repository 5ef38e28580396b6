"""One point summed over many devices: whole tiles decoded, reduced at once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from uuid import UUID

import numpy as np

from console.services.ports import Total
from console.store.history.image import HourImage
from console.store.history.quantise import Floats, Integers
from console.store.history.registry import chunk_and_row, rank
from console.store.history.tiles import HOUR, decode_tile
from console.store.reading.buckets import Grid, Samples, bucketed, plain
from console.store.reading.lookup import Hours, ShardBlobs, StoredShard
from drivers.core.reading import Quality


@dataclass(frozen=True, slots=True)
class Member:
    """One series that goes into a sum: its rank among the point in its shard, and the tile and row that follow."""

    rank: int
    chunk: int
    row: int


def members_of(shard: StoredShard, point: str, devices: Collection[UUID] | None) -> list[Member]:
    """The series of a shard that count: a device's own value where it has one, else all its parts."""
    ranked = rank(shard.seats, point)
    found: list[Member] = []
    for at, (number, within) in enumerate(zip(ranked.seats.tolist(), ranked.within.tolist(), strict=True)):
        seat = shard.seats[number]
        if devices is None or seat.device in devices:
            parts = {seat.layout.signals[position].part for position in seat.layout.points[point]}
            if seat.layout.signals[within].part == "" or "" not in parts:
                found.append(Member(at, *chunk_and_row(at)))
    return found


class Sums:
    """Sums and counts on a grid whose step divides the hour."""

    def __init__(self, grid: Grid, hours_in_step: int) -> None:
        self.grid = grid
        self._hours_in_step = hours_in_step
        self._sum: Floats = np.zeros(grid.count)
        self._count: Integers = np.zeros(grid.count, np.int64)

    @classmethod
    def over(cls, start: float, stop: float, step: float, period: float) -> "Sums":
        """Sums for [start, stop), the step rounded up to a divisor of the hour, or to whole hours."""
        if step > HOUR:
            hours = ceil(step / HOUR)
            outer = Grid.over(start, stop, hours * HOUR, HOUR)
            return cls(Grid(outer.start, HOUR, outer.count * hours), hours)
        slots = max(1, ceil(round(step / period, 6)))
        in_hour = round(HOUR / period)
        slots = next(count for count in range(slots, in_hour + 1) if in_hour % count == 0)
        return cls(Grid.over(start, stop, slots * period, period), 1)

    def add(self, stored: ShardBlobs, point: str, members: Sequence[Member], hours: Hours) -> None:
        """Add the members' samples of some hours. Raises `CorruptBlob`."""
        for hour in range(hours.first, hours.last + 1):
            samples = _hour(stored, point, members, hour)
            if samples is not None:
                self._add(samples, point, hour, stored.shard.period_ms / 1000.0)

    def _add(self, samples: Samples, point: str, hour: int, period: float) -> None:
        reduced = bucketed(samples.values, samples.quality, round(self.grid.step / period), point)
        good = reduced.quality < Quality.STALE
        sums = np.where(good, reduced.values, 0.0).sum(axis=0)
        at = round((hour * HOUR - self.grid.start) / self.grid.step)
        first, last = max(at, 0), min(at + len(sums), self.grid.count)
        if first < last:
            self._sum[first:last] += sums[first - at : last - at]
            self._count[first:last] += good.sum(axis=0)[first - at : last - at]

    def result(self, point: str) -> Total:
        """The totals; NaN where nobody had a good sample."""
        some = self._count > 0
        sums = np.where(some, self._sum, np.nan)
        if self._hours_in_step == 1:
            return Total(point, self.grid.start, self.grid.step, sums, self._count)
        shape = (-1, self._hours_in_step)
        some = some.reshape(shape)
        hours = np.maximum(some.sum(axis=1), 1)
        means = np.where(some.any(axis=1), np.where(some, sums.reshape(shape), 0.0).sum(axis=1) / hours, np.nan)
        step = self.grid.step * self._hours_in_step
        return Total(point, self.grid.start, step, means, self._count.reshape(shape).max(axis=1))


def _hour(stored: ShardBlobs, point: str, members: Sequence[Member], hour: int) -> Samples | None:
    """The members' samples of one hour; None when nothing is stored of it."""
    tiles = [tile for tile in stored.tiles if tile.hour == hour]
    bodies = [body for at, body in stored.heads if at == hour]
    if not tiles and not bodies:
        return None
    samples = Samples.empty(len(members), stored.shard.slots)
    whole = slice(None)
    for tile in tiles:
        mine = np.array([at for at, member in enumerate(members) if member.chunk == tile.chunk], np.int64)
        rows = np.array([members[at].row for at in mine], np.int64)
        later = Samples.empty(len(members), stored.shard.slots)
        later.values[mine], later.quality[mine] = decode_tile(tile.body, rows)
        samples.lay(whole, later)
    if bodies:
        samples.lay(whole, _unfinished(stored, point, members, bodies))
    return samples


def _unfinished(stored: ShardBlobs, point: str, members: Sequence[Member], bodies: Iterable[bytes]) -> Samples:
    image = HourImage(stored.shard.seats, stored.shard.period_ms, stored.scales, only=point)
    for body in bodies:
        image.take_in(body)
    image.take_in_losses()
    values, quality = image.samples(point)
    ranks = [member.rank for member in members]
    return plain(values[ranks], quality[ranks])
