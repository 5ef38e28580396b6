"""The rows that hold samples, as one transaction finds them: tiles, parts of unfinished tiles, head rows, keyframes."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, select

from console.store import schema
from console.store.history.levels import RAW, WINDOWS_IN_HOUR, hour_of_window
from console.store.history.tiles import SERIES
from console.store.reading.catalogue import PARTS_SINCE, Catalogue, StoredShard


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours since the epoch from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def first_window(self) -> int:
        """The first window of the first hour."""
        return self.first * WINDOWS_IN_HOUR

    @property
    def last_window(self) -> int:
        """The last window of the last hour."""
        return (self.last + 1) * WINDOWS_IN_HOUR - 1


@dataclass(frozen=True, slots=True)
class TileRow:
    """A tile as read; `hour` is the first it covers."""

    point: str
    chunk: int
    hour: int
    rev: int
    body: bytes


@dataclass(frozen=True, slots=True)
class PartRow:
    """One window of a tile to come."""

    point: str
    chunk: int
    window: int
    body: bytes


@dataclass(frozen=True, slots=True)
class HeadRow:
    """A sweep, or several folded into one. One of the first format stands in its hour's first window."""

    window: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows to fetch: of a shard, at a level, of some points, chunks and hours.

    `chunks` are those of tiles, `part_chunks` those of parts. `tile_hours` are those that a tile may begin with to
    reach into `hours`.
    """

    catalogue: Catalogue
    shard: StoredShard
    level: int
    points: Collection[str]
    chunks: Collection[int]
    part_chunks: Collection[int]
    hours: Hours
    tile_hours: Hours


@dataclass(frozen=True, slots=True)
class WindowBlobs:
    """Everything of one shard that may hold samples of a window: its hour's tiles, its parts, its head rows.

    Head rows are those of the window and of the hour's first one, where those of the first format stand.
    """

    shard: StoredShard
    window: int
    tiles: list[TileRow]
    parts: list[PartRow]
    heads: list[HeadRow]


_BATCH: Final = 4_000_000
"""Bytes of tiles that are decoded together; one tile alone may have more."""

_tile = schema.tile.c
_part = schema.part.c
_head = schema.head.c

_TILES = (
    select(_tile.point, _tile.chunk, _tile.hour, _tile.rev, _tile.body)
    .where(
        _tile.level == bindparam("level"),
        _tile.origin == bindparam("origin"),
        _tile.shard == bindparam("shard"),
        _tile.point.in_(bindparam("points", expanding=True)),
        _tile.chunk.in_(bindparam("chunks", expanding=True)),
        _tile.hour.between(bindparam("first"), bindparam("last")),
    )
    .order_by(_tile.point, _tile.chunk, _tile.hour, _tile.rev)
)
_PARTS = (
    select(_part.point, _part.chunk, _part.window, _part.body)
    .where(
        _part.level == bindparam("level"),
        _part.shard == bindparam("shard"),
        _part.point.in_(bindparam("points", expanding=True)),
        _part.chunk.in_(bindparam("chunks", expanding=True)),
        _part.window.between(bindparam("first"), bindparam("last")),
    )
    .order_by(_part.point, _part.chunk, _part.window)
)
_HEADS = (
    select(_head.window, _head.body)
    .where(_head.shard == bindparam("shard"), _head.window.between(bindparam("first"), bindparam("last")))
    .order_by(_head.window, _head.sequence)
)
_LAST_KEYFRAME = "SELECT body FROM keyframe WHERE origin = ? AND shard = ? AND window < ? ORDER BY window DESC LIMIT 1"
_TILE_HOURS = _TILES.with_only_columns(_tile.hour).order_by(None).distinct()
_PART_WINDOWS = _PARTS.with_only_columns(_part.window).order_by(None).distinct()
_HEAD_WINDOWS = _HEADS.with_only_columns(_head.window).order_by(None).distinct()
_HEADS_OF_HOURS = (
    "SELECT hour * 6, body FROM head WHERE shard = ? AND hour BETWEEN ? / 6 AND ? / 6 ORDER BY hour, sequence"
)


def tile_batches(connection: Connection, wanted: Wanted) -> Iterator[list[TileRow]]:
    """The tiles wanted, those of one point and chunk after one another by hour and revision, a few at a time.

    A batch is to be decoded and dropped before the next is asked for: its memory then serves the next one, where
    fresh memory for everything at once would cost as much as the decoding itself.
    """
    shard = wanted.shard
    which = {"level": wanted.level, "shard": shard.id, "points": sorted(wanted.points), "chunks": sorted(wanted.chunks)}
    tiles = {**which, "origin": shard.origin, "first": wanted.tile_hours.first, "last": wanted.tile_hours.last}
    batch: list[TileRow] = []
    size = 0
    for row in connection.execute(_TILES, tiles):
        tile = TileRow(*row)
        alike = bool(batch) and (tile.point, tile.chunk) == (batch[0].point, batch[0].chunk)
        if batch and (not alike or size + len(tile.body) > _BATCH):
            yield batch
            batch, size = [], 0
        batch.append(tile)
        size += len(tile.body)
    if batch:
        yield batch


def fetch_parts(connection: Connection, wanted: Wanted) -> list[list[PartRow]]:
    """The parts wanted, which only a file's own origin has, those of one point and chunk together in order of time."""
    shard, hours, version = wanted.shard, wanted.hours, wanted.catalogue.version
    if shard.origin != version.origin or version.schema < PARTS_SINCE:
        return []
    which = _which_parts(wanted)
    found: dict[tuple[str, int], list[PartRow]] = {}
    for row in connection.execute(_PARTS, {**which, "first": hours.first_window, "last": hours.last_window}):
        part = PartRow(*row)
        found.setdefault((part.point, part.chunk), []).append(part)
    return list(found.values())


def _which_parts(wanted: Wanted) -> dict[str, object]:
    points, chunks = sorted(wanted.points), sorted(wanted.part_chunks)
    return {"level": wanted.level, "shard": wanted.shard.id, "points": points, "chunks": chunks}


def fetch_own_heads(connection: Connection, wanted: Wanted) -> list[HeadRow]:
    """The head rows wanted, oldest first; only a file's own origin has any."""
    version = wanted.catalogue.version
    if wanted.shard.origin != version.origin:
        return []
    return fetch_heads(connection, version.schema, wanted.shard.id, wanted.hours)


def fetch_heads(connection: Connection, version: int, shard: int, hours: Hours) -> list[HeadRow]:
    """The head rows of one of the file's own shards, oldest first."""
    first, last = hours.first_window, hours.last_window
    if version < PARTS_SINCE:
        rows = connection.exec_driver_sql(_HEADS_OF_HOURS, (shard, first, last))
    else:
        rows = connection.execute(_HEADS, {"shard": shard, "first": first, "last": last})
    return [HeadRow(*row) for row in rows]


def fetch_window(connection: Connection, catalogue: Catalogue, shard: StoredShard, window: int) -> WindowBlobs:
    """The rows of a shard that may hold samples of a window."""
    hour = hour_of_window(window)
    most = max((len(shard.ranked(point).seats) for point in shard.points), default=0)
    which = {"level": RAW, "shard": shard.id, "points": shard.points, "chunks": range(-(-most // SERIES))}
    tiles = {**which, "origin": shard.origin, "first": hour, "last": hour}
    found = WindowBlobs(shard, window, [TileRow(*row) for row in connection.execute(_TILES, tiles)], [], [])
    version = catalogue.version
    if shard.origin == version.origin:
        if version.schema >= PARTS_SINCE:
            parts = {**which, "first": window, "last": window}
            found.parts.extend(PartRow(*row) for row in connection.execute(_PARTS, parts))
        begin = hour * WINDOWS_IN_HOUR
        heads = fetch_heads(connection, version.schema, shard.id, Hours(hour, hour))
        found.heads.extend(head for head in heads if head.window in {window, begin})
    return found


def fetch_keyframes(connection: Connection, catalogue: Catalogue, window: int) -> list[tuple[StoredShard, bytes]]:
    """The keyframes at the end of a window, of every shard of the catalogue that has one."""
    if catalogue.version.schema < PARTS_SINCE:
        return []
    rows = connection.exec_driver_sql("SELECT origin, shard, body FROM keyframe WHERE window = ?", (window,))
    shards = catalogue.shards
    return [(shards[origin, number], body) for origin, number, body in rows if (origin, number) in shards]


def fetch_last_keyframes(connection: Connection, catalogue: Catalogue, before: int) -> list[tuple[StoredShard, bytes]]:
    """The newest keyframe of each shard that ends before the end of window `before`."""
    if catalogue.version.schema < PARTS_SINCE:
        return []
    found: list[tuple[StoredShard, bytes]] = []
    for shard in catalogue.shards.values():
        row = connection.exec_driver_sql(_LAST_KEYFRAME, (shard.origin, shard.id, before)).first()
        if row is not None:
            found.append((shard, row[0]))
    return found


def stored_hours(connection: Connection, wanted: Wanted) -> set[int]:
    """The hours in which rows that are wanted begin, without reading them."""
    shard, version = wanted.shard, wanted.catalogue.version
    which = {"level": wanted.level, "shard": shard.id, "points": sorted(wanted.points), "chunks": sorted(wanted.chunks)}
    tiles = {**which, "origin": shard.origin, "first": wanted.tile_hours.first, "last": wanted.tile_hours.last}
    found = set(connection.scalars(_TILE_HOURS, tiles))
    if shard.origin == version.origin:
        windows = {"first": wanted.hours.first_window, "last": wanted.hours.last_window}
        if version.schema >= PARTS_SINCE:
            found.update(
                window // WINDOWS_IN_HOUR
                for window in connection.scalars(_PART_WINDOWS, {**_which_parts(wanted), **windows})
            )
        if wanted.level == RAW:
            found |= _head_hours(connection, version.schema, shard.id, wanted.hours)
    return found


def _head_hours(connection: Connection, version: int, shard: int, hours: Hours) -> set[int]:
    if version < PARTS_SINCE:
        statement = "SELECT DISTINCT hour FROM head WHERE shard = ? AND hour BETWEEN ? AND ?"
        return set(connection.exec_driver_sql(statement, (shard, hours.first, hours.last)).scalars())
    windows = {"shard": shard, "first": hours.first_window, "last": hours.last_window}
    return {window // WINDOWS_IN_HOUR for window in connection.scalars(_HEAD_WINDOWS, windows)}
