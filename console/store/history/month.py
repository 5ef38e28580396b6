"""One month of history for its writer: the file, its registry, its head rows and tiles."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, delete, func, select

from console.store import schema
from console.store.database import Database
from console.store.engine import insert_rows, open_writer
from console.store.history.image import NewTile
from console.store.history.registry import Additions, Registry
from console.store.history.sweep import HeadRow
from console.store.history.tiles import HOUR
from console.store.migrations import upgrade

RAW = 0
"""Level of the tiles at the stored period."""


def month_of(hour: int) -> str:
    """The month, `yyyy-mm` in UTC, that an hour since the epoch belongs to."""
    return datetime.fromtimestamp(hour * HOUR, UTC).strftime("%Y-%m")


def month_path(folder: Path, month: str) -> Path:
    """The file of a month in a site folder."""
    return folder / "history" / f"{month}.sqlite"


def months(folder: Path) -> list[str]:
    """The months that a site folder has, ascending."""
    return sorted(path.stem for path in (folder / "history").glob("[0-9][0-9][0-9][0-9]-[0-9][0-9].sqlite"))


class MonthFile:
    """A month that is being written."""

    def __init__(self, month: str, database: Database, registry: Registry) -> None:
        self.month = month
        self.registry = registry
        self.sequence = 0
        self.hours: set[int] = set()
        """Hours with head rows."""
        self._database = database

    @classmethod
    async def open(cls, folder: Path, month: str, origin: UUID) -> "MonthFile":
        """Open or make the file of a month. Raises `StoreFull`, `StoreError`."""
        path = month_path(folder, month)
        path.parent.mkdir(parents=True, exist_ok=True)
        file = cls(month, Database(open_writer(path), path, writable=True), Registry(origin))
        try:
            await file._database.write(file._load)
        except BaseException:
            await file.close()
            raise
        return file

    def _load(self, connection: Connection) -> None:
        mine = str(upgrade(connection, history=True, origin=UUID(self.registry.origin)))
        self.registry.origin = mine
        shards = select(schema.shard.c.id, schema.shard.c.period_ms).where(schema.shard.c.origin == mine)
        seats = select(schema.seat.c.shard, schema.seat.c.seat, schema.seat.c.device, schema.seat.c.layout).where(
            schema.seat.c.origin == mine
        )
        self.registry.load(
            [(name, scale) for name, scale in connection.execute(select(schema.point))],
            [(key, text) for key, text in connection.execute(select(schema.layout))],
            [(key, period) for key, period in connection.execute(shards.order_by(schema.shard.c.id))],
            [
                (shard, number, device, layout)
                for shard, number, device, layout in connection.execute(
                    seats.order_by(schema.seat.c.shard, schema.seat.c.seat)
                )
            ],
        )
        self.hours = set(connection.scalars(select(schema.head.c.window // 6).distinct()))
        self.sequence = connection.execute(select(func.coalesce(func.max(schema.head.c.sequence), 0))).scalar_one()

    async def append(self, rows: Sequence[HeadRow], additions: Additions) -> None:
        """Write the head rows of a sweep with the registry rows they need, in one transaction.

        Raises:
            StoreFull: Nothing was written.
        """
        sequence = self.sequence + 1

        def write(connection: Connection) -> None:
            insert_rows(connection, schema.point, additions.points, "OR IGNORE")
            insert_rows(connection, schema.layout, additions.layouts, "OR IGNORE")
            insert_rows(connection, schema.shard, additions.shards)
            insert_rows(connection, schema.seat, additions.seats)
            insert_rows(connection, schema.head, [(row.shard, row.hour * 6, sequence, row.body) for row in rows])

        await self._database.write(write)
        self.sequence = sequence
        self.registry.added(additions)
        self.hours.update(row.hour for row in rows)

    async def shards_with_heads(self, hour: int) -> list[int]:
        """Shards that have head rows of an hour."""
        head = schema.head.c
        query = select(head.shard).where(head.window == hour * 6).distinct().order_by(head.shard)
        return await self._database.read(lambda connection: list(connection.scalars(query)))

    async def heads(self, shard: int, hour: int, after: int = 0) -> list[tuple[int, bytes]]:
        """Sequence and body of a shard's head rows of an hour, oldest first."""
        query = (
            select(schema.head.c.sequence, schema.head.c.body)
            .where(schema.head.c.shard == shard, schema.head.c.window == hour * 6, schema.head.c.sequence > after)
            .order_by(schema.head.c.sequence)
        )
        return await self._database.read(
            lambda connection: [(sequence, body) for sequence, body in connection.execute(query)]
        )

    async def replace_by_tiles(self, shard: int, hour: int, last: int, tiles: Sequence[NewTile]) -> None:
        """Write the tiles of an hour and delete the head rows up to `last` in one transaction. Raises `StoreFull`."""
        origin = self.registry.origin

        def write(connection: Connection) -> None:
            rev = _next_revision(connection, origin, shard, hour, tiles)
            rows: list[tuple[object, ...]] = [
                (RAW, origin, shard, tile.point, tile.chunk, hour, rev, tile.digest, tile.body, 0) for tile in tiles
            ]
            insert_rows(connection, schema.tile, rows)
            _delete_heads(connection, shard, hour, last)

        await self._database.write(write)

    async def replace_by_head(self, shard: int, hour: int, first: int, last: int, body: bytes) -> None:
        """Write one head row in place of those from `first` to `last`, in one transaction. Raises `StoreFull`."""

        def write(connection: Connection) -> None:
            _delete_heads(connection, shard, hour, last, first)
            insert_rows(connection, schema.head, [(shard, hour * 6, last, body)])

        await self._database.write(write)

    async def close(self) -> None:
        """Close the file; its write-ahead log is folded in."""
        await self._database.close()


def _next_revision(connection: Connection, origin: str, shard: int, hour: int, tiles: Sequence[NewTile]) -> int:
    tile = schema.tile.c
    query = select(func.coalesce(func.max(tile.rev) + 1, 0)).where(
        tile.level == RAW,
        tile.origin == origin,
        tile.shard == shard,
        tile.point.in_(sorted({new.point for new in tiles})),
        tile.chunk.in_(sorted({new.chunk for new in tiles})),
        tile.hour == hour,
    )
    return int(connection.execute(query).scalar_one())


def _delete_heads(connection: Connection, shard: int, hour: int, last: int, first: int = 0) -> None:
    head = schema.head.c
    connection.execute(
        delete(schema.head).where(head.shard == shard, head.window == hour * 6, head.sequence.between(first, last))
    )
