"""Whether minutes, hours, days and keyframes are what the raw samples come to.

What is worked out is worked out once more, with the functions that the writer uses, and compared: exactly where it is
counted, to the quantum where it is rounded.
"""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from console.store.care.findings import Finding, Problems
from console.store.care.progress import Progress
from console.store.care.span_text import hour_text, window_text
from console.store.history.codec import CorruptBlob
from console.store.history.keyframes import decode_keyframe
from console.store.history.levels import (
    HOUR,
    MINUTE,
    RAW,
    SECONDS_IN_MINUTE,
    SERIES_IN_TILE,
    WINDOWS_IN_DAY,
    WINDOWS_IN_HOUR,
    parts_of_tile,
    place_in_hour,
    tiles_of_part,
)
from console.store.history.quantise import Integers
from console.store.history.registry import Registry, Shard
from console.store.history.rollups import FINER, Stats, decode_rollup, reduce_raw, reduce_stats
from console.store.history.stats import Flags
from console.store.history.tiles import decode_window_steps
from console.store.history.window import Arrangement, WindowImage, kind_of
from drivers.core.reading import Quality

SAMPLE_WINDOWS = 12
SAMPLE_DAYS = 12
"""Windows and days of a file that are worked out again unless all are."""

_MINUTES_IN_WINDOW = 10
_HOURS_IN_DAY = 24
_OF_HOUR = "SELECT point, chunk, body FROM tile WHERE level = ? AND origin = ? AND shard = ? AND hour = ?"
_NOBODY: Integers = np.empty(0, np.int64)


class Registries:
    """The registry of each origin of a file, and how its shards are laid out."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._of: dict[str, Registry] = {}
        self._arrangements: dict[tuple[str, int], Arrangement] = {}
        points = connection.execute("SELECT name, scale FROM point").fetchall()
        layouts = connection.execute("SELECT id, signals FROM layout").fetchall()
        for (origin,) in connection.execute("SELECT DISTINCT origin FROM shard").fetchall():
            registry = self._of[origin] = Registry(UUID(origin))
            shards = connection.execute("SELECT id, period_ms FROM shard WHERE origin = ? ORDER BY id", (origin,))
            seats = connection.execute(
                "SELECT shard, seat, device, layout FROM seat WHERE origin = ? ORDER BY shard, seat", (origin,)
            )
            registry.load(points, layouts, shards.fetchall(), seats.fetchall())

    def arrangement(self, origin: str, shard: int) -> Arrangement:
        """How a shard is laid out."""
        found = self._arrangements.get((origin, shard))
        if found is None:
            known = self._of[origin]
            shards = known.shards[shard]
            found = Arrangement(list(shards.seats), shards.period_ms, known.scales)
            self._arrangements[origin, shard] = found
        return found

    def twins(self, origin: str, shard: int) -> list[tuple[str, int]]:
        """The shards of the same seats and period that a change of the file's origin made, as origin and number."""
        mine = self._of[origin].shards[shard]
        return [
            (other, number)
            for other, registry in self._of.items()
            for number, one in registry.shards.items()
            if one is not mine and one.period_ms == mine.period_ms and _first(one) == _first(mine)
        ]

    def registry(self, origin: str) -> Registry:
        """The registry of an origin."""
        return self._of[origin]


def _first(shard: Shard) -> list[tuple[UUID, int]]:
    return [(seat.device, seat.layout.id) for seat in shard.seats[:1]]


@dataclass(frozen=True, slots=True)
class WindowRows:
    """Everything on record of one window of a shard.

    Attributes:
        raw: (point, chunk, body) of raw tiles and parts of its hour, in the order in which they were written.
        minutes: (point, tile of minutes, body, first bucket of the window in it, row of the tile's first series in it).
        keyframe: Its blob; None when there is none.
        settled: Whether nothing of it waits as a sweep, so that what is worked out must be there.
        own: Whether this folder works its minutes out. Those of another origin come when it has closed its day and
            stores are merged again; until then its raw samples stand alone.
        joined: (point, chunk) of which there are raw samples of its hour.
        elsewhere: (point, chunk) of which a twin of the shard holds raw samples of that hour too. What was worked out
            before the folder changed hands rests on both, so neither can be judged by its own samples alone.
    """

    raw: Sequence[tuple[str, int, bytes]]
    minutes: Sequence[tuple[str, int, bytes, int, int]]
    keyframe: bytes | None
    settled: bool
    own: bool
    joined: frozenset[tuple[str, int]]
    elsewhere: frozenset[tuple[str, int]]

    def tells(self, point: str, chunk: int) -> bool:
        """Whether the raw samples say all that what is worked out of them can rest on.

        Of another origin an hour may have come before all of its points were joined.
        """
        return (self.own or (point, chunk) in self.joined) and (point, chunk) not in self.elsewhere


def check_figures(connection: sqlite3.Connection, name: str, *, full: bool, seed: int, progress: Progress) -> Finding:
    """Work out windows and days of a month again: all, or a sample that `seed` chooses."""
    problems = Problems()
    windows = days = 0
    try:
        chance = random.Random(seed)
        registries = Registries(connection)
        chosen = _chosen(connection, full=full, chance=chance)
        for done, (origin, shard, window) in enumerate(chosen):
            progress.step(f"working out windows of {name}", done, len(chosen))
            windows += 1
            rows = read_window(connection, origin, shard, window, registries.twins(origin, shard))
            for text in window_problems(registries.arrangement(origin, shard), rows, window):
                problems.add(f"{window_text(window)}, shard {shard}: {text}")
        tiles = _chosen_days(connection, full=full, chance=chance)
        for done, key in enumerate(tiles):
            progress.step(f"working out days of {name}", done, len(tiles))
            days += 1
            for text in _day_problems(connection, registries, key):
                problems.add(f"{hour_text(key[4])}, {key[2]} {key[3]} of shard {key[1]}: {text}")
    except (sqlite3.DatabaseError, CorruptBlob, KeyError, ValueError) as error:
        problems.add(f"it cannot be worked out: {error}")
    how = "all" if full else "a sample of"
    return problems.finding(f"{name}: roll-ups", f"{how} {windows} windows and {days} days worked out again")


def _chosen(connection: sqlite3.Connection, *, full: bool, chance: random.Random) -> list[tuple[str, int, int]]:
    """Windows by origin and shard that have raw tiles."""
    hours = connection.execute(
        "SELECT DISTINCT origin, shard, hour FROM tile WHERE level = ? ORDER BY hour, origin, shard", (RAW,)
    ).fetchall()
    if not full:
        hours = chance.sample(hours, min(len(hours), SAMPLE_WINDOWS))
    places = range(WINDOWS_IN_HOUR)
    return [
        (origin, shard, hour * WINDOWS_IN_HOUR + place)
        for origin, shard, hour in hours
        for place in (places if full else [chance.choice(places)])
    ]


@contextmanager
def one_state(connection: sqlite3.Connection) -> Iterator[None]:
    """A short transaction: what is read inside belongs together."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def read_window(
    connection: sqlite3.Connection, origin: str, shard: int, window: int, twins: Sequence[tuple[str, int]]
) -> WindowRows:
    """Read one window of a shard, and which points of its hour stand in its twins."""
    hour, day = window // WINDOWS_IN_HOUR, window // WINDOWS_IN_DAY
    with one_state(connection):
        mine = connection.execute("SELECT value FROM meta WHERE key = 'origin'").fetchone() == (origin,)
        raw = connection.execute(f"{_OF_HOUR} ORDER BY rev", (RAW, origin, shard, hour)).fetchall()
        minutes = connection.execute(
            "SELECT point, chunk, body, ?, 0 FROM tile WHERE level = ? AND origin = ? AND shard = ? AND hour = ?",
            (window % WINDOWS_IN_DAY * _MINUTES_IN_WINDOW, MINUTE, origin, shard, day * _HOURS_IN_DAY),
        ).fetchall()
        keyframe = connection.execute(
            "SELECT body FROM keyframe WHERE origin = ? AND shard = ? AND window = ?", (origin, shard, window)
        ).fetchone()
        waits = False
        if mine:
            parts = "SELECT point, chunk, body FROM part WHERE level = ? AND shard = ? AND window = ?"
            raw += connection.execute(parts, (RAW, shard, window)).fetchall()
            fresh = {(point, chunk): body for point, chunk, body in connection.execute(parts, (MINUTE, shard, window))}
            # A part lies over what the day's tile says of its window.
            minutes = [row for row in minutes if (row[0], parts_of_tile(MINUTE, row[1])[0]) not in fresh]
            minutes += [
                (point, tile, body, 0, parts_of_tile(MINUTE, tile)[1])
                for (point, chunk), body in fresh.items()
                for tile in tiles_of_part(MINUTE, chunk)
            ]
            head = "SELECT EXISTS (SELECT 1 FROM head WHERE shard = ? AND window = ?)"
            waits = bool(connection.execute(head, (shard, window)).fetchone()[0])
        joined = frozenset(_raw_places(connection, (origin, shard), hour))
        elsewhere = frozenset(place for twin in twins for place in _raw_places(connection, twin, hour))
    return WindowRows(raw, minutes, None if keyframe is None else keyframe[0], not waits, mine, joined, elsewhere)


def _raw_places(connection: sqlite3.Connection, place: tuple[str, int], hour: int) -> list[tuple[str, int]]:
    """(point, chunk) of the raw tiles and parts that a shard (origin, number) has of an hour."""
    first = hour * WINDOWS_IN_HOUR
    return connection.execute(
        "SELECT point, chunk FROM tile WHERE level = ?1 AND origin = ?2 AND shard = ?3 AND hour = ?4 UNION"
        " SELECT point, chunk FROM part WHERE level = ?1 AND shard = ?3 AND window BETWEEN ?5 AND ?6"
        " AND EXISTS (SELECT 1 FROM meta WHERE key = 'origin' AND value = ?2)",
        (RAW, *place, hour, first, first + WINDOWS_IN_HOUR - 1),
    ).fetchall()


def window_problems(arrangement: Arrangement, rows: WindowRows, window: int) -> list[str]:
    """What is wrong with the minutes and the keyframe of a window. Raises `CorruptBlob` for raw samples."""
    if not rows.settled:
        return []
    image = WindowImage(arrangement)
    for point, chunk, body in rows.raw:
        image.lay_chunk(point, chunk, decode_window_steps(body, place_in_hour(window)))
    return [*_minute_problems(image, rows), *_keyframe_problems(image, rows, window)]


def _minute_problems(image: WindowImage, rows: WindowRows) -> Iterator[str]:
    arrangement = image.arrangement
    stored = {(point, tile): (body, first, row) for point, tile, body, first, row in rows.minutes}
    slots = SECONDS_IN_MINUTE * 1000 // arrangement.period_ms
    for point in arrangement.spans:
        scale = arrangement.scales[point]
        for tile, mine in enumerate(arrangement.chunks(point, SERIES_IN_TILE[MINUTE])):
            quality = image.quality[mine]
            told = rows.tells(point, parts_of_tile(MINUTE, tile)[0])
            if not told or not (quality != Quality.NOT_POLLED).any():
                continue
            if (point, tile) not in stored:
                if not rows.own:
                    continue
                yield f"the minutes of {point} {tile} are missing"
                continue
            body, first, row = stored[point, tile]
            buckets, held = slice(first, first + _MINUTES_IN_WINDOW), np.arange(row, row + len(quality))
            expected = reduce_raw(image.steps[mine], quality, slots, scale, kind_of(point))
            if reason := stats_problem(expected, body, buckets, scale, held):
                yield f"the minutes of {point} {tile}: {reason}"


def _keyframe_problems(image: WindowImage, rows: WindowRows, window: int) -> Iterator[str]:
    if rows.keyframe is None or not (image.quality != Quality.NOT_POLLED).any():
        return
    expected = image.keyframe(window, _NOBODY)
    try:
        stored = decode_keyframe(rows.keyframe)
    except CorruptBlob as error:
        yield f"the keyframe: {error}"
        return
    count = len(stored.steps)  # seats that came later have no place in it
    told = _told(image.arrangement, rows)[:count]
    there = told & (stored.quality < Quality.NOT_POLLED)  # what is stored beside a missing value means nothing
    if not np.array_equal(stored.quality[told], expected.quality[:count][told]):
        yield "the keyframe has other qualities than the samples"
    elif not np.array_equal(stored.steps[there], expected.steps[:count][there]):
        yield "the keyframe has other values than the samples"


def _told(arrangement: Arrangement, rows: WindowRows) -> Flags:
    """Of each series of a shard, seat after seat, whether its raw samples can be held against what was worked out."""
    told = np.zeros(arrangement.series, np.bool_)
    for point in arrangement.spans:
        for chunk, mine in enumerate(arrangement.chunks(point)):
            told[mine] = rows.tells(point, chunk)
    return told[arrangement.row_of]


def stats_problem(expected: Stats, body: bytes, buckets: slice, scale: float, rows: Integers | None = None) -> str:
    """How some buckets of a stored roll-up differ from what they should be; empty when they do not.

    `expected` is all series of the roll-up, or those of `rows`.
    """
    try:
        whole = decode_rollup(body, rows=rows)
    except CorruptBlob as error:
        return str(error)
    if whole.count.shape[1] < buckets.stop:
        return "it ends before its time"
    stored = whole.part(buckets).grown(len(expected.count))
    if not np.array_equal(stored.count, expected.count):
        return "another number of samples"
    if not np.array_equal(stored.quality, expected.quality):
        return "another quality"
    for column, found, wanted, finer in (
        ("mean", stored.mean, expected.mean, FINER),
        ("low", stored.low, expected.low, 1),
        ("high", stored.high, expected.high, 1),
    ):
        # Half a quantum for each rounding on the way, and what arithmetic of large numbers leaves over.
        room = 1.01 / (scale * finer) + 1e-9 * np.abs(wanted)
        if (np.isnan(found) != np.isnan(wanted)).any() or (np.abs(found - wanted) > room).any():
            return f"another {column}"
    return ""


def _chosen_days(
    connection: sqlite3.Connection, *, full: bool, chance: random.Random
) -> list[tuple[str, int, str, int, int]]:
    """Minute tiles: origin, shard, point, chunk, first hour."""
    tiles = connection.execute(
        "SELECT origin, shard, point, chunk, hour FROM tile WHERE level = ? ORDER BY hour, origin, shard, point, chunk",
        (MINUTE,),
    ).fetchall()
    return tiles if full else chance.sample(tiles, min(len(tiles), SAMPLE_DAYS))


def _day_problems(
    connection: sqlite3.Connection, registries: Registries, key: tuple[str, int, str, int, int]
) -> Iterator[str]:
    """Hours out of the minutes of a day."""
    origin, shard, point, chunk, hour = key
    query = "SELECT hour, body FROM tile WHERE level = ? AND origin = ? AND shard = ? AND point = ? AND chunk = ?"
    part, row = parts_of_tile(MINUTE, chunk)
    with one_state(connection):
        minutes = connection.execute(query + " AND hour = ?", (MINUTE, *key)).fetchone()
        hours = connection.execute(query + " ORDER BY seq DESC", (HOUR, origin, shard, point, part)).fetchone()
    if minutes is None:
        return
    if hours is None:
        yield "the hours are missing"
        return
    expected = reduce_stats(decode_rollup(minutes[1]), 60, kind_of(point))
    first = hour - hours[0]
    scale = registries.registry(origin).scales[point]
    held = np.arange(row, row + len(expected.count))
    if reason := stats_problem(expected, hours[1], slice(first, first + _HOURS_IN_DAY), scale, held):
        yield f"the hours: {reason}"
