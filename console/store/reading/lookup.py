"""What a reader asks a month's file: where series stand, and the blobs that hold them. Runs inside one transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection, select

from console.store import schema
from console.store.history.month import RAW
from console.store.history.registry import Seat, StoredLayout, read_signals, slots_per_hour
from console.store.migrations import refuse_newer, stored_version


@dataclass(frozen=True, slots=True)
class StoredShard:
    """One shard of a file with all its seats."""

    origin: str
    id: int
    period_ms: int
    seats: tuple[Seat, ...]

    @property
    def slots(self) -> int:
        """Slots in an hour."""
        return slots_per_hour(self.period_ms)


@dataclass(frozen=True, slots=True)
class TileRow:
    """A tile as read."""

    point: str
    chunk: int
    hour: int
    body: bytes


@dataclass(frozen=True, slots=True)
class ShardBlobs:
    """Everything stored of one shard over some hours, oldest first; later rows of an hour go over earlier ones."""

    shard: StoredShard
    scales: Mapping[str, float]
    """Steps per unit of each point of the file."""
    tiles: list[TileRow] = field(default_factory=list)
    heads: list[tuple[int, bytes]] = field(default_factory=list)
    """Hour and body."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours since the epoch from `first` to `last`, both included."""

    first: int
    last: int


def is_ready(connection: Connection) -> bool:
    """Whether the file has its tables; raises `StoreError` when a newer program made them."""
    tables = {str(name) for name in connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars()}
    if not {"meta", "tile"} <= tables:
        return False
    refuse_newer(stored_version(connection))
    return True


def own_origin(connection: Connection) -> str:
    """The installation whose head rows the file holds."""
    return str(connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'origin'").scalar_one())


def shards_of(connection: Connection, device: UUID) -> list[StoredShard]:
    """The shards in which a device has a seat, with all their seats."""
    seat = schema.seat.c
    wanted = select(seat.origin, seat.shard).where(seat.device == str(device)).distinct()
    return [
        shard for origin, number in connection.execute(wanted).all() for shard in _shards(connection, origin, number)
    ]


def all_shards(connection: Connection) -> list[StoredShard]:
    """Every shard of the file."""
    return _shards(connection)


def _shards(connection: Connection, origin: str | None = None, number: int | None = None) -> list[StoredShard]:
    shard, seat = schema.shard.c, schema.seat.c
    query = (
        select(shard.origin, shard.id, shard.period_ms, seat.seat, seat.device, seat.layout)
        .join(schema.seat, (seat.origin == shard.origin) & (seat.shard == shard.id))
        .order_by(shard.origin, shard.id, seat.seat)
    )
    if origin is not None:
        query = query.where(shard.origin == origin, shard.id == number)
    rows = connection.execute(query).all()
    keys = {row.layout for row in rows}
    layouts = {
        key: StoredLayout.of(read_signals(text))
        for key, text in connection.execute(select(schema.layout).where(schema.layout.c.id.in_(keys)))
    }
    seats: dict[tuple[str, int, int], list[Seat]] = {}
    for row in rows:
        seats.setdefault((row.origin, row.id, row.period_ms), []).append(
            Seat(row.id, row.seat, UUID(row.device), layouts[row.layout])
        )
    return [StoredShard(*key, tuple(found)) for key, found in seats.items()]


def blobs(
    connection: Connection,
    shard: StoredShard,
    hours: Hours,
    points: Collection[str],
    chunks: Collection[int],
) -> ShardBlobs:
    """Tiles of some points and chunks, and all head rows, of a shard, with the seats they were written with.

    A device may have taken a seat since the shard was looked up, and the newest head rows then name it; seats only
    ever follow one another, so what was worked out with the older ones still holds.
    """
    shard = _shards(connection, shard.origin, shard.id)[0]
    tile, head = schema.tile.c, schema.head.c
    query = (
        select(tile.point, tile.chunk, tile.hour, tile.body)
        .where(
            tile.level == RAW,
            tile.origin == shard.origin,
            tile.shard == shard.id,
            tile.point.in_(sorted(points)),
            tile.chunk.in_(sorted(chunks)),
            tile.hour.between(hours.first, hours.last),
        )
        .order_by(tile.hour, tile.rev)
    )
    found = ShardBlobs(shard, _scales(connection), [TileRow(*row) for row in connection.execute(query)])
    if shard.origin == own_origin(connection):
        heads = (
            select(head.window // 6, head.body)
            .where(head.shard == shard.id, head.window.between(hours.first * 6, hours.last * 6))
            .order_by(head.window, head.sequence)
        )
        found.heads.extend((hour, body) for hour, body in connection.execute(heads))
    return found


def _scales(connection: Connection) -> dict[str, float]:
    rows = connection.execute(select(schema.point.c.name, schema.point.c.scale)).all()
    return {row.name: row.scale for row in rows}
