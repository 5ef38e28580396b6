"""One point of all devices of a month on one day, brought to where it stands in the year's file."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.store.history.month import MonthFile
from console.store.history.quantise import Integers
from console.store.history.rollups import Stats, combined
from console.store.history.tiles import SERIES
from console.store.history.window import Arrangement, kind_of
from console.store.history.years import DAY_MS, YearFile
from drivers.core.points import PointKind
from drivers.core.reading import Quality


class YearTable:
    """Where the seats of a month stand in the year's file. Gives seats to those that are new there.

    Runs in a thread.
    """

    def __init__(self, month: MonthFile, year: YearFile) -> None:
        self._seats: dict[int, tuple[Integers, Integers]] = {}
        for number, shard in list(month.registry.shards.items()):  # sweeps may add some meanwhile
            seats = [year.registry.seat(seat.device, year.registry.adopt(seat.layout), DAY_MS) for seat in shard.seats]
            self._seats[number] = (
                np.array([seat.shard for seat in seats], np.int64),
                np.array([seat.number for seat in seats], np.int64),
            )
        self._arrangements = {
            number: Arrangement(list(shard.seats), shard.period_ms, year.registry.scales)
            for number, shard in year.registry.shards.items()
        }

    def columns(self, point: str) -> "YearColumns":
        """Room for one point."""
        return YearColumns(point, self._seats, self._arrangements)


@dataclass(slots=True)
class _Column:
    """The day of all series of a point in a shard of the year, the last minute of each, and which were touched."""

    stats: Stats
    last: Integers
    touched: NDArray[np.bool_]

    @classmethod
    def of(cls, series: int) -> "_Column":
        """A day of which nothing is known yet."""
        return cls(Stats.nothing(series, 1), np.full(series, -1), np.zeros(series, np.bool_))

    def take_in(self, ranks: Integers, day: Stats, last: Integers, kind: PointKind) -> None:
        """Combine days with what is known of these series; of equal last minutes the one that comes later stands."""
        stats = self.stats
        known = Stats(stats.mean[ranks], stats.low[ranks], stats.high[ranks], stats.count[ranks], stats.quality[ranks])
        gauges = np.full((len(ranks), 1), kind is PointKind.GAUGE)
        both = combined(known, day, gauges, (last >= self.last[ranks])[:, None])
        stats.mean[ranks], stats.low[ranks], stats.high[ranks] = both.mean, both.low, both.high
        stats.count[ranks], stats.quality[ranks] = both.count, both.quality
        self.last[ranks] = np.maximum(self.last[ranks], last)
        self.touched[ranks] = True


class YearColumns:
    """One day of one point, gathered from the shards of a month.

    Attributes:
        point: Canonical name.
    """

    def __init__(
        self, point: str, seats: dict[int, tuple[Integers, Integers]], arrangements: dict[int, Arrangement]
    ) -> None:
        self.point = point
        self._seats = seats
        self._arrangements = arrangements
        self._columns: dict[int, _Column] = {}

    def add(self, shard: int, seats: Integers, within: Integers, day: Stats, last: Integers) -> None:
        """Take in some series of a shard of the month: seat and position of each, and its day (series x 1).

        `last` is the last minute of each with a good sample, -1 when there is none. A series that stands in two
        shards, because its stored period changed, is put together from both.
        """
        year_shards, year_seats = self._seats[shard]
        for number in np.unique(year_shards[seats]).tolist():
            here = year_shards[seats] == number
            arrangement = self._arrangements[number]
            span = arrangement.spans[self.point]
            ranks = arrangement.row_of[arrangement.starts[year_seats[seats[here]]] + within[here]] - span.start
            column = self._columns.setdefault(number, _Column.of(span.stop - span.start))
            mine = Stats(day.mean[here], day.low[here], day.high[here], day.count[here], day.quality[here])
            column.take_in(ranks, mine, last[here], kind_of(self.point))

    def chunks(self) -> Iterator[tuple[int, int, Stats]]:
        """Shard and chunk in the year's file, and the day of its series (series x 1)."""
        for shard, column in sorted(self._columns.items()):
            for chunk, start in enumerate(range(0, len(column.touched), SERIES)):
                rows = slice(start, start + SERIES)
                if column.touched[rows].any():
                    stats = column.stats
                    yield (
                        shard,
                        chunk,
                        Stats(
                            stats.mean[rows], stats.low[rows], stats.high[rows], stats.count[rows], stats.quality[rows]
                        ),
                    )


def overlay(base: Stats, first: int, later: Stats, row: int = 0) -> None:
    """Lay buckets over those of `base` from bucket `first` and `row` on, where they rest on at least as many samples.

    So roll-ups that are made again from what is left of the raw samples never lose what was known before.
    """
    at = slice(first, first + later.quality.shape[1])
    rows = slice(row, row + len(later.quality))
    before = base.count[rows, at]
    better = np.where(later.count > 0, later.count >= before, before == 0)
    better &= (later.count > 0) | (later.quality != Quality.NOT_POLLED) | (base.quality[rows, at] == Quality.NOT_POLLED)
    np.copyto(base.mean[rows, at], later.mean, where=better)
    np.copyto(base.low[rows, at], later.low, where=better)
    np.copyto(base.high[rows, at], later.high, where=better)
    np.copyto(base.count[rows, at], later.count, where=better)
    np.copyto(base.quality[rows, at], later.quality, where=better)
