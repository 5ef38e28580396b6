"""Reads samples out of a site folder, beside its writer or where nobody writes. Decoding runs in threads."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from math import ceil
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, func, select

from console.services.ports import History, Total
from console.store import schema
from console.store.database import Database
from console.store.engine import open_reader_engine
from console.store.history.month import month_path, months
from console.store.history.tiles import HOUR
from console.store.reading.buckets import Grid, Samples
from console.store.reading.lookup import Hours, StoredShard, all_shards, blobs, is_ready, shards_of
from console.store.reading.series import Place, Series, read_series, wanted_series
from console.store.reading.totals import Sums, members_of

DAY = 24 * 3600.0
"""Seconds read and decoded at a time: bounds memory and keeps reading transactions short."""

TOTAL_SPAN = 6 * 3600.0
"""The same for totals, which touch every tile of a point."""


def open_reader(folder: Path) -> "FolderReader":
    """A reader of a site folder's history; opens files as they are asked for. Close it when done."""
    return FolderReader(folder)


class FolderReader:
    """The `HistoryReader` of a site folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, Database] = {}

    async def read(
        self, device: UUID, points: Sequence[tuple[str, str]], start: float, stop: float, step: float = 0.0
    ) -> list[History]:
        """Samples of (point, part) series of one device in [start, stop); see `HistoryReader.read`.

        Raises:
            StoreError: A file cannot be read.
            CorruptBlob: A stored blob is damaged.
        """
        shards = [
            (file, shard)
            for file in await self._files(start, stop)
            for shard in await file.read(lambda connection: shards_of(connection, device))
        ]
        wanted = wanted_series(device, points, [shard for _, shard in shards])
        grid = Grid.over(start, stop, step, wanted.period)
        found = {series: Samples.empty(grid.count) for series in wanted.signals}
        for file, shard in shards:
            await self._read_shard(file, shard, wanted.places(shard), grid, found)
        return [
            History(
                device,
                wanted.signals[series],
                grid.start,
                grid.step,
                samples.values,
                samples.quality,
                samples.low,
                samples.high,
            )
            for series, samples in found.items()
        ]

    async def _read_shard(
        self, file: Database, shard: StoredShard, places: Sequence[Place], grid: Grid, found: dict[Series, Samples]
    ) -> None:
        points = {place.series[0] for place in places}
        chunks = {place.chunk for place in places}
        for part in grid.parts(DAY) if places else ():
            hours = hours_between(part.start, part.stop)
            stored = await file.read(partial(blobs, shard=shard, hours=hours, points=points, chunks=chunks))
            await asyncio.to_thread(read_series, stored, places, grid, part, found)

    async def total(
        self,
        point: str,
        start: float,
        stop: float,
        step: float = 0.0,
        *,
        devices: Collection[UUID] | None = None,
    ) -> Total:
        """Sum over devices in each slot; see `HistoryReader.total`. Raises as `read` does."""
        chosen = [
            (file, shard, members)
            for file in await self._files(start, stop)
            for shard in await file.read(all_shards)
            if (members := members_of(shard, point, devices))
        ]
        period = max((shard.period_ms for _, shard, _ in chosen), default=1000) / 1000.0
        sums = Sums.over(start, stop, step, period)
        for part in sums.grid.parts(TOTAL_SPAN):
            hours = hours_between(part.start, part.stop)
            for file, shard, members in chosen:
                chunks = {member.chunk for member in members}
                stored = await file.read(partial(blobs, shard=shard, hours=hours, points={point}, chunks=chunks))
                await asyncio.to_thread(sums.add, stored, point, members, hours)
        return sums.result(point)

    async def extent(self) -> tuple[float, float] | None:
        """UTC seconds from the first stored hour to the end of the last; None while there is no history."""
        found: list[tuple[int, int]] = []
        for file in await self._files(0.0, float("inf")):
            hours = await file.read(_extent)
            if hours is not None:
                found.append(hours)
        if not found:
            return None
        return float(found[0][0] * HOUR), float((found[-1][1] + 1) * HOUR)

    async def _files(self, start: float, stop: float) -> list[Database]:
        """The files of the months that [start, stop) touches and that exist, ascending."""
        found: list[Database] = []
        for month in months(self._folder):
            begin, end = month_span(month)
            if begin < stop and start < end:
                file = self._open.get(month)
                if file is None:
                    path = month_path(self._folder, month)
                    file = Database(open_reader_engine(path), path, writable=False)
                    self._open[month] = file
                if await file.read(is_ready):
                    found.append(file)
        return found

    async def close(self) -> None:
        """Close all files; the reader may be used again afterwards."""
        while self._open:
            _, file = self._open.popitem()
            await file.close()


def _extent(connection: Connection) -> tuple[int, int] | None:
    hours: list[int] = []
    for column in (schema.tile.c.hour, schema.head.c.window // 6):
        first, last = connection.execute(select(func.min(column), func.max(column))).one()
        hours += [hour for hour in (first, last) if hour is not None]
    return (min(hours), max(hours)) if hours else None


def hours_between(start: float, stop: float) -> Hours:
    """The hours that [start, stop) touches."""
    return Hours(int(start // HOUR), max(int(start // HOUR), ceil(stop / HOUR) - 1))


def month_span(month: str) -> tuple[float, float]:
    """UTC seconds of the begin and the end of a month `yyyy-mm`."""
    year, number = int(month[:4]), int(month[5:])
    begin = datetime(year, number, 1, tzinfo=UTC)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return begin.timestamp(), end.timestamp()
