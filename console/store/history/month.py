"""One month of history for its writer: head rows, the windows and hours that become tiles, keyframes, texts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, delete, func, select

from console.store import schema
from console.store.database import Database
from console.store.engine import insert_rows
from console.store.history.history_file import HistoryFile, NewTile
from console.store.history.levels import (
    MINUTE,
    RAW,
    SECONDS_IN_DAY,
    SECONDS_IN_HOUR,
    WINDOWS_IN_DAY,
    WINDOWS_IN_HOUR,
)
from console.store.history.registry import Registry
from console.store.history.sweep import HeadRow


def month_of(hour: int) -> str:
    """The month, `yyyy-mm` in UTC, that an hour since the epoch belongs to."""
    return datetime.fromtimestamp(hour * SECONDS_IN_HOUR, UTC).strftime("%Y-%m")


def month_of_window(window: int) -> str:
    """The month that a window since the epoch belongs to."""
    return month_of(window // WINDOWS_IN_HOUR)


def month_path(folder: Path, month: str) -> Path:
    """The file of a month in a site folder."""
    return folder / "history" / f"{month}.sqlite"


def months(folder: Path) -> list[str]:
    """The months that a site folder has, ascending."""
    return sorted(path.stem for path in (folder / "history").glob("[0-9][0-9][0-9][0-9]-[0-9][0-9].sqlite"))


def first_hour_of_month(day: int) -> int:
    """The hour since the epoch with which the month of a UTC day since the epoch begins."""
    at = datetime.fromtimestamp(day * SECONDS_IN_DAY, UTC)
    return int(datetime(at.year, at.month, 1, tzinfo=UTC).timestamp()) // SECONDS_IN_HOUR


_UNROLLED = "unrolled"
"""Key of a mark that the migration from an earlier version leaves."""


@dataclass(frozen=True, slots=True)
class NewPart:
    """One window of a (point, chunk), ready for its row."""

    level: int
    point: str
    chunk: int
    body: bytes


@dataclass(frozen=True, slots=True)
class NewText:
    """A text that has changed, ready for its row."""

    device: UUID
    name: str
    at: float
    value: str


class MonthFile(HistoryFile):
    """A month that is being written.

    Attributes:
        windows: Windows with head rows.
        hours: Hours with raw parts.
        days: UTC days with minute parts, or without roll-ups.
        sequence: Number of the newest sweep.
        unrolled: Whether the file holds days of an earlier version whose roll-ups are still to be made.
        texts: Newest text on record of each (device, name).
    """

    def __init__(self, name: str, database: Database, registry: Registry) -> None:
        super().__init__(name, database, registry)
        self.windows: set[int] = set()
        self.hours: set[int] = set()
        self.days: set[int] = set()
        self.sequence = 0
        self.unrolled = False
        self.texts: dict[tuple[UUID, str], str] = {}

    def _load(self, connection: Connection) -> None:
        super()._load(connection)
        self.windows = set(connection.scalars(select(schema.head.c.window).distinct()))
        self.sequence = connection.execute(select(func.coalesce(func.max(schema.head.c.sequence), 0))).scalar_one()
        part = schema.part.c
        for level, window in connection.execute(select(part.level, part.window).distinct()):
            if level == RAW:
                self.hours.add(window // WINDOWS_IN_HOUR)
            else:
                self.days.add(window // WINDOWS_IN_DAY)
        self._load_unrolled(connection)
        self._load_texts(connection)

    def _load_unrolled(self, connection: Connection) -> None:
        tile = schema.tile.c
        unrolled = select(schema.history_meta.c.value).where(schema.history_meta.c.key == _UNROLLED)
        self.unrolled = connection.execute(unrolled).scalar() is not None
        if self.unrolled:
            hours = select(tile.hour).where(tile.level == RAW, tile.origin == self.origin).distinct()
            self.days.update(hour * SECONDS_IN_HOUR // SECONDS_IN_DAY for hour in connection.scalars(hours))

    def _load_texts(self, connection: Connection) -> None:
        change = schema.text_change.c
        newest = (
            select(change.device, change.name, change.value, func.max(change.at))
            .where(change.origin == self.origin)
            .group_by(change.device, change.name)
        )
        for device, name, value, _ in connection.execute(newest):
            self.texts[UUID(device), name] = value

    @property
    def begin(self) -> float:
        """UTC seconds at which the month begins."""
        return datetime(int(self.name[:4]), int(self.name[5:]), 1, tzinfo=UTC).timestamp()

    @property
    def is_finished(self) -> bool:
        """Whether nothing waits to become a tile, or to be written with the next sweep."""
        return not (self.windows or self.hours or self.days or self.registry.has_additions)

    async def append(self, sweeps: Sequence[Sequence[HeadRow]], texts: Sequence[NewText] = ()) -> None:
        """Write the head rows of sweeps, oldest first, with the registry rows they need and texts, in one transaction.

        Raises:
            StoreFull: Nothing was written.
        """
        additions = self.registry.additions()
        heads: list[tuple[object, ...]] = [
            (row.shard, row.window, sequence, row.body)
            for sequence, rows in enumerate(sweeps, self.sequence + 1)
            for row in rows
        ]

        def write(connection: Connection) -> None:
            self.write_additions(connection, additions)
            insert_rows(connection, schema.head, heads)
            changes = [
                (self.origin, str(text.device), text.name, text.at, text.value, self.next_seq()) for text in texts
            ]
            insert_rows(connection, schema.text_change, changes, "OR REPLACE")

        await self.database.write(write)
        self.sequence += len(sweeps)
        self.registry.added(additions)
        self.windows.update(row.window for rows in sweeps for row in rows)
        self.texts.update(((text.device, text.name), text.value) for text in texts)

    async def shards_with_heads(self, window: int) -> list[int]:
        """Shards that have head rows of a window."""
        head = schema.head.c
        query = select(head.shard).where(head.window == window).distinct().order_by(head.shard)
        return await self.database.read(lambda connection: list(connection.scalars(query)))

    async def heads(self, shard: int, window: int, after: int = 0) -> list[tuple[int, bytes]]:
        """Sequence and body of a shard's head rows of a window, oldest first."""
        query = (
            select(schema.head.c.sequence, schema.head.c.body)
            .where(schema.head.c.shard == shard, schema.head.c.window == window, schema.head.c.sequence > after)
            .order_by(schema.head.c.sequence)
        )
        return await self.database.read(
            lambda connection: [(sequence, body) for sequence, body in connection.execute(query)]
        )

    async def close_window(
        self, shard: int, window: int, last: int, parts: Sequence[NewPart], keyframe: bytes | None
    ) -> None:
        """Write the parts and the keyframe of a window and delete its head rows up to `last`, in one transaction.

        Raises:
            StoreFull: Nothing was written.
        """
        rows: list[tuple[object, ...]] = [
            (part.level, shard, part.point, part.chunk, window, part.body) for part in parts
        ]

        def write(connection: Connection) -> None:
            insert_rows(connection, schema.part, rows, "OR REPLACE")
            if keyframe is not None:
                row = (self.origin, shard, window, self.next_seq(), keyframe)
                insert_rows(connection, schema.keyframe, [row], "OR REPLACE")
            _delete_heads(connection, shard, window, last)

        await self.database.write(write)
        levels = {part.level for part in parts}
        if RAW in levels:
            self.hours.add(window // WINDOWS_IN_HOUR)
        if MINUTE in levels:
            self.days.add(window // WINDOWS_IN_DAY)

    async def replace_by_head(self, shard: int, window: int, first: int, last: int, body: bytes) -> None:
        """Write one head row in place of those from `first` to `last`, in one transaction. Raises `StoreFull`."""

        def write(connection: Connection) -> None:
            _delete_heads(connection, shard, window, last, first)
            insert_rows(connection, schema.head, [(shard, window, last, body)])

        await self.database.write(write)

    async def hourly_heads(self) -> list[tuple[int, int, int, bytes]]:
        """Shard, window, sequence and body of head rows of format 1, which an earlier version left."""
        query = "SELECT shard, window, sequence, body FROM head WHERE substr(body, 1, 1) = x'01'"
        rows = await self.database.read(lambda connection: connection.exec_driver_sql(query).all())
        return [(shard, window, sequence, body) for shard, window, sequence, body in rows]

    async def split_head(self, shard: int, window: int, sequence: int, bodies: Mapping[int, bytes]) -> None:
        """Write head rows by window in place of one, in one transaction. Raises `StoreFull`."""
        rows: list[tuple[object, ...]] = [(shard, at, sequence, body) for at, body in bodies.items()]

        def write(connection: Connection) -> None:
            _delete_heads(connection, shard, window, sequence, sequence)
            insert_rows(connection, schema.head, rows)

        await self.database.write(write)
        self.windows.update(bodies)

    async def shards_with_parts(self, level: int, windows: range) -> list[int]:
        """Shards that have parts of a level within some windows."""
        part = schema.part.c
        query = (
            select(part.shard)
            .where(part.level == level, part.window.between(windows[0], windows[-1]))
            .distinct()
            .order_by(part.shard)
        )
        return await self.database.read(lambda connection: list(connection.scalars(query)))

    async def hours_without_minutes(self, shard: int, points: Iterable[str], hours: range) -> list[int]:
        """Hours, out of some that follow each other, that have tiles of raw samples and no minute parts; ascending."""
        tile, part = schema.tile.c, schema.part.c
        names = sorted(points)
        raw = select(tile.hour).where(
            tile.level == RAW, tile.origin == self.origin, tile.shard == shard, tile.point.in_(names),
            tile.chunk == 0, tile.hour.between(hours[0], hours[-1]),
        )  # fmt: skip
        first, last = hours[0] * WINDOWS_IN_HOUR, (hours[-1] + 1) * WINDOWS_IN_HOUR - 1
        minutes = select(part.window).where(
            part.level == MINUTE, part.shard == shard, part.point.in_(names), part.window.between(first, last)
        )

        def read(connection: Connection) -> list[int]:
            there = {window // WINDOWS_IN_HOUR for window in connection.scalars(minutes.distinct())}
            return sorted(set(connection.scalars(raw.distinct())) - there)

        return await self.database.read(read)

    async def parts(
        self, level: int, shard: int, points: Iterable[str], windows: range
    ) -> dict[tuple[str, int], dict[int, bytes]]:
        """Bodies of the parts of some windows, by (point, chunk) and by window."""
        part = schema.part.c
        query = (
            select(part.point, part.chunk, part.window, part.body)
            .where(
                part.level == level,
                part.shard == shard,
                part.point.in_(sorted(points)),
                part.window.between(windows[0], windows[-1]),
            )
            .order_by(part.point, part.chunk, part.window)
        )
        found: dict[tuple[str, int], dict[int, bytes]] = {}
        for point, chunk, window, body in await self.database.read(lambda connection: connection.execute(query).all()):
            found.setdefault((point, chunk), {})[window] = body
        return found

    async def put_tiles(self, tiles: Sequence[NewTile]) -> None:
        """Write tiles in one transaction. Raises `StoreFull`."""
        await self.database.write(lambda connection: self.write_tiles(connection, tiles))

    async def replace_parts(self, shard: int, point: str, windows: range, tiles: Sequence[NewTile]) -> None:
        """Write the raw tiles of a point and delete the raw parts they are made of, in one transaction.

        Raises:
            StoreFull: Nothing was written.
        """

        def write(connection: Connection) -> None:
            self.write_tiles(connection, tiles)
            part = schema.part.c
            connection.execute(
                delete(schema.part).where(
                    part.level == RAW,
                    part.shard == shard,
                    part.point == point,
                    part.window.between(windows[0], windows[-1]),
                )
            )

        await self.database.write(write)

    async def forget_parts(self, level: int, shard: int, point: str, windows: range) -> None:
        """Delete a point's parts of a level within some windows: what they were for is done. Raises `StoreFull`."""
        part = schema.part.c
        statement = delete(schema.part).where(
            part.level == level,
            part.shard == shard,
            part.point == point,
            part.window.between(windows[0], windows[-1]),
        )
        await self.database.write(lambda connection: connection.execute(statement).rowcount)

    async def mark_rolled(self) -> None:
        """Every day that was over has its roll-ups. Raises `StoreFull`."""
        meta = schema.history_meta
        statement = delete(meta).where(meta.c.key == _UNROLLED)
        await self.database.write(lambda connection: connection.execute(statement).rowcount)
        self.unrolled = False

    async def keyframe_before(self, shard: int, window: int) -> bytes | None:
        """The newest keyframe of a shard before a window, if the month has one."""
        keyframe = schema.keyframe.c
        query = (
            select(keyframe.body)
            .where(keyframe.origin == self.origin, keyframe.shard == shard, keyframe.window < window)
            .order_by(keyframe.window.desc())
            .limit(1)
        )
        body = await self.database.read(lambda connection: connection.execute(query).scalar())
        return None if body is None else bytes(body)


def _delete_heads(connection: Connection, shard: int, window: int, last: int, first: int = 0) -> None:
    head = schema.head.c
    connection.execute(
        delete(schema.head).where(head.shard == shard, head.window == window, head.sequence.between(first, last))
    )
