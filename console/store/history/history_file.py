"""A file of history for its writer: what those of months and of years have in common."""

import asyncio
import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection, select

from console.store import schema
from console.store.database import Database
from console.store.engine import insert_rows, open_writer
from console.store.history.adoption import adopt, newest_seq
from console.store.history.levels import RAW
from console.store.history.registry import Additions, Registry
from console.store.migrations import upgrade
from console.store.migrations.safety_copy import keep_copy_of_older

KNOWN = "known:"
"""Begin of the meta key that says how much of an origin a merge has brought."""

FileT = TypeVar("FileT", bound="HistoryFile")


@dataclass(frozen=True, slots=True)
class NewTile:
    """A tile ready for its row.

    Attributes:
        level: One of `levels`.
        shard, point, chunk: Whose.
        hour: First hour of its span.
        digest: BLAKE2b-128 of the body.
        body: The blob.
    """

    level: int
    shard: int
    point: str
    chunk: int
    hour: int
    digest: bytes
    body: bytes

    @classmethod
    def of(cls, level: int, shard: int, point: str, chunk: int, hour: int, body: bytes) -> "NewTile":
        """A tile with its digest."""
        return cls(level, shard, point, chunk, hour, hashlib.blake2b(body, digest_size=16).digest(), body)


class HistoryFile:
    """A file that is being written.

    Attributes:
        name: The file's name without its ending: `yyyy-mm` or `yyyy`.
        registry: Which series stand where.
        database: The file.
    """

    def __init__(self, name: str, database: Database, registry: Registry) -> None:
        self.name = name
        self.registry = registry
        self.database = database
        self._seq = 0

    @classmethod
    async def open(cls: type[FileT], path: Path, origin: UUID) -> FileT:
        """Open or make a file. Raises `StoreFull`, `StoreError`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(keep_copy_of_older, path)
        file = cls(path.stem, Database(open_writer(path), path, writable=True), Registry(origin))
        try:
            await file.database.write(file._load)
        except BaseException:
            await file.close()
            raise
        return file

    @property
    def origin(self) -> str:
        """The installation whose samples the file takes."""
        return self.registry.origin

    def _load(self, connection: Connection) -> None:
        mine = self.registry.origin
        upgrade(connection, history=True, origin=UUID(mine))
        adopt(connection, mine)
        shard, seat = schema.shard.c, schema.seat.c
        shards = select(shard.id, shard.period_ms).where(shard.origin == mine).order_by(shard.id)
        seats = (
            select(seat.shard, seat.seat, seat.device, seat.layout)
            .where(seat.origin == mine)
            .order_by(seat.shard, seat.seat)
        )
        self.registry.load(
            [(name, scale) for name, scale in connection.execute(select(schema.point))],
            [(key, text) for key, text in connection.execute(select(schema.layout))],
            [(key, period) for key, period in connection.execute(shards)],
            [(number, at, device, layout) for number, at, device, layout in connection.execute(seats)],
        )
        self._seq = newest_seq(connection, mine)

    def next_seq(self) -> int:
        """A number for a row that is written now. To be called within a transaction; one rolled back leaves a gap."""
        self._seq += 1
        return self._seq

    def write_additions(self, connection: Connection, additions: Additions) -> None:
        """Write what the registry has given out. Call `registry.added` after the commit."""
        insert_rows(connection, schema.point, additions.points, "OR IGNORE")
        insert_rows(connection, schema.layout, additions.layouts, "OR IGNORE")
        insert_rows(connection, schema.shard, additions.shards)
        insert_rows(connection, schema.seat, additions.seats)

    def write_tiles(self, connection: Connection, tiles: Iterable[NewTile]) -> None:
        """Write tiles of this origin: a raw one as another revision, a derived one in place of the one before.

        A derived tile that already stands as it is stays untouched, so that peers do not fetch it again.
        """
        rows: list[tuple[object, ...]] = []
        for tile in tiles:
            rev = 0
            if tile.level == RAW:
                rev = self._revisions(connection, tile)
            elif self._stands(connection, tile):
                continue
            rows.append(
                (
                    tile.level,
                    self.origin,
                    tile.shard,
                    tile.point,
                    tile.chunk,
                    tile.hour,
                    rev,
                    tile.digest,
                    tile.body,
                    self.next_seq(),
                )
            )
        insert_rows(connection, schema.tile, rows, "OR REPLACE")

    def _revisions(self, connection: Connection, tile: NewTile) -> int:
        return int(
            connection.exec_driver_sql(f"SELECT coalesce(max(rev) + 1, 0) {_OF_TILE}", self._key(tile)).scalar_one()
        )

    def _stands(self, connection: Connection, tile: NewTile) -> bool:
        return connection.exec_driver_sql(f"SELECT hash {_OF_TILE}", self._key(tile)).scalar() == tile.digest

    def _key(self, tile: NewTile) -> tuple[object, ...]:
        return (tile.level, self.origin, tile.shard, tile.point, tile.chunk, tile.hour)

    async def tiles(
        self, level: int, shard: int, points: Sequence[str], chunks: Collection[int], hours: Collection[int]
    ) -> dict[tuple[str, int, int], list[bytes]]:
        """Bodies by (point, chunk, hour) of this origin, oldest revision first."""
        tile = schema.tile.c
        query = (
            select(tile.point, tile.chunk, tile.hour, tile.body)
            .where(
                tile.level == level,
                tile.origin == self.origin,
                tile.shard == shard,
                tile.point.in_(points),
                tile.chunk.in_(sorted(chunks)),
                tile.hour.in_(sorted(hours)),
            )
            .order_by(tile.rev)
        )
        found: dict[tuple[str, int, int], list[bytes]] = {}
        for point, chunk, hour, body in await self.database.read(lambda connection: connection.execute(query).all()):
            found.setdefault((point, chunk, hour), []).append(body)
        return found

    async def close(self) -> None:
        """Close the file; its write-ahead log is folded in."""
        await self.database.close()


_OF_TILE = "FROM tile WHERE level = ? AND origin = ? AND shard = ? AND point = ? AND chunk = ? AND hour = ?"
