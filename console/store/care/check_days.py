"""Whether the days of a year are what the minutes of its months come to."""

import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from uuid import UUID

import numpy as np

from console.store.care.check_figures import Registries, stats_problem
from console.store.care.findings import Finding, Problems
from console.store.care.folder import HISTORY_FOLDER
from console.store.care.losses import TileKey
from console.store.care.progress import Progress
from console.store.care.span_text import hour_text
from console.store.engine import StoreError, connect_reader
from console.store.history.codec import CorruptBlob
from console.store.history.levels import DAY, MINUTE, SERIES_IN_TILE
from console.store.history.quantise import Integers
from console.store.history.rollups import Stats, decode_rollup, reduce_stats
from console.store.history.tiles import SERIES
from console.store.history.window import kind_of
from console.store.history.years import first_day_of_year

SAMPLE = 8
"""Minute tiles of each month whose day is worked out again unless all are."""


_BODY = "SELECT body FROM tile WHERE level = ? AND origin = ? AND shard = ? AND point = ? AND chunk = ? AND hour = ?"


class Days:
    """The DAY tiles of a year, and where its series stand."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._registries = Registries(connection)
        self._seats: dict[str, dict[tuple[UUID, int], tuple[int, int]]] = {}

    def problem(self, origin: str, point: str, day: int, rows: "MonthRows", expected: Stats) -> str:
        """How the stored day of some series (one bucket each) differs; empty when it does not."""
        seats = self._seats_of(origin)
        at = np.flatnonzero(rows.alone)
        places = [seats.get(rows.key(row)) for row in at.tolist()]
        if any(place is None for place in places):
            return "a device has no place in the year"
        found = np.array([place for place in places if place is not None], np.int64).reshape(-1, 2)
        for shard in np.unique(found[:, 0]).tolist():
            arrangement = self._registries.arrangement(origin, shard)
            mine = found[:, 0] == shard
            first = arrangement.spans[point].start
            ranks = arrangement.row_of[arrangement.starts[found[mine, 1]] + rows.within[at[mine]]] - first
            scale = arrangement.scales[point]
            for chunk in np.unique(ranks // SERIES).tolist():
                here = ranks // SERIES == chunk
                wanted = _rows(expected, at[mine][here])
                body = self._body(origin, shard, point, chunk, day)
                if body is None:
                    return "the day is missing"
                if reason := stats_problem(wanted, body, _bucket(day), scale, ranks[here] % SERIES):
                    return reason
        return ""

    def _seats_of(self, origin: str) -> dict[tuple[UUID, int], tuple[int, int]]:
        found = self._seats.get(origin)
        if found is None:
            shards = self._registries.registry(origin).shards.values()
            found = self._seats[origin] = {
                (seat.device, seat.layout.id): (seat.shard, seat.number) for shard in shards for seat in shard.seats
            }
        return found

    def _body(self, origin: str, shard: int, point: str, chunk: int, day: int) -> bytes | None:
        row = self._connection.execute(
            _BODY, (DAY, origin, shard, point, chunk, first_day_of_year(day) * 24)
        ).fetchone()
        return None if row is None else bytes(row[0])


class MonthRows:
    """The series of one tile of minutes of a month: whose they are.

    Attributes:
        within: Position of each in its layout.
        alone: Whether its device has no other seat of that layout, whose samples would belong to the same series.
    """

    def __init__(self, registries: Registries, origin: str, shard: int, point: str, chunk: int) -> None:
        arrangement = registries.arrangement(origin, shard)
        numbers, self.within = arrangement.places(arrangement.chunks(point, SERIES_IN_TILE[MINUTE])[chunk])
        shards = registries.registry(origin).shards
        self._keys = [(shards[shard].seats[number].device, shards[shard].seats[number].layout.id) for number in numbers]
        seats = Counter((seat.device, seat.layout.id) for one in shards.values() for seat in one.seats)
        self.alone = np.array([seats[key] == 1 for key in self._keys], np.bool_)

    def key(self, row: int) -> tuple[UUID, int]:
        """Device and layout of a row."""
        return self._keys[row]


def _rows(stats: Stats, rows: Integers) -> Stats:
    return Stats(stats.mean[rows], stats.low[rows], stats.high[rows], stats.count[rows], stats.quality[rows])


def _bucket(day: int) -> slice:
    at = day - first_day_of_year(day)
    return slice(at, at + 1)


def check_year(folder: Path, name: str, *, full: bool, seed: int, progress: Progress) -> Finding:
    """Work out days of a year again out of the minutes of its months: all, or a sample that `seed` chooses."""
    problems = Problems()
    count = 0
    history = folder / HISTORY_FOLDER
    try:
        with closing(connect_reader(history / f"{name}.sqlite")) as connection:
            days = Days(connection)
            for path in sorted(history.glob(f"{name}-[0-9][0-9].sqlite")):
                progress.step(f"working out days of {path.stem}")
                for text in _month_problems(path, days, full=full, seed=seed):
                    count += 1
                    if text:
                        problems.add(text)
    except (sqlite3.DatabaseError, CorruptBlob, KeyError, ValueError) as error:
        problems.add(f"it cannot be worked out: {error}")
    how = "all" if full else "a sample of"
    return problems.finding(f"{name}: roll-ups", f"{how} {count} days of a point worked out again")


def _month_problems(path: Path, days: Days, *, full: bool, seed: int) -> list[str]:
    """A text for each day of a point that was worked out again, empty where it is right."""
    found: list[str] = []
    try:
        with closing(connect_reader(path)) as month:
            registries = Registries(month)
            for key in _chosen(month, full=full, chance=random.Random(seed)):
                reason = _problem(month, days, registries, key)
                if reason is not None:
                    text = f"{hour_text(key.hour)[:10]}, {key.point} {key.chunk} of shard {key.shard}: {reason}"
                    found.append(text if reason else "")
    except (sqlite3.DatabaseError, StoreError):
        return found  # the month has a finding of its own
    return found


def _chosen(month: sqlite3.Connection, *, full: bool, chance: random.Random) -> list[TileKey]:
    tiles = month.execute(
        "SELECT level, origin, shard, point, chunk, hour, rev FROM tile WHERE level = ? ORDER BY 6, 2, 3, 4, 5",
        (MINUTE,),
    ).fetchall()
    return [TileKey(*row) for row in (tiles if full else chance.sample(tiles, min(len(tiles), SAMPLE)))]


def _problem(month: sqlite3.Connection, days: Days, registries: Registries, key: TileKey) -> str | None:
    """How the day of a minute tile differs; None when the tile is gone or cannot be read, which is the month's own."""
    row = month.execute(_BODY, key[:6]).fetchone()
    if row is None:
        return None
    try:
        minutes = decode_rollup(row[0])
    except CorruptBlob:
        return None
    kind = kind_of(key.point)
    expected = reduce_stats(reduce_stats(minutes, 60, kind), 24, kind)
    rows = MonthRows(registries, key.origin, key.shard, key.point, key.chunk)
    return days.problem(key.origin, key.point, key.hour // 24, rows, expected.grown(len(rows.within)))
