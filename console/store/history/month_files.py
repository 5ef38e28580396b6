"""The months that are open for writing: opened when they are needed, closed when nothing waits in them any more."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from console.services.ports import StoreBusy
from console.store.database import Database
from console.store.engine import open_reader_engine
from console.store.history.codec import CorruptBlob
from console.store.history.heads import decode_head, encode_head, split_hourly
from console.store.history.levels import WINDOWS_IN_HOUR, slots_in_window
from console.store.history.month import MonthFile, month_path, months
from console.store.history.threads import InThread
from console.store.migrations import SCHEMA, refuse_newer, stored_version

_log = logging.getLogger(__name__)

_NEWEST = 2
"""Months that are opened at the start, whatever they hold."""


class MonthFiles:
    """Open months of one site folder, by name."""

    def __init__(self, folder: Path, origin: UUID, in_thread: InThread) -> None:
        self._folder = folder
        self._origin = origin
        self._in_thread = in_thread
        self._open: dict[str, MonthFile] = {}
        self._opening = asyncio.Lock()
        self._barred: set[str] = set()
        self._lent: Counter[str] = Counter()

    def __contains__(self, month: str) -> bool:
        return month in self._open

    def __iter__(self) -> Iterator[MonthFile]:
        return iter(self._open.values())

    def get(self, month: str) -> MonthFile | None:
        """The file of a month if it is open."""
        return self._open.get(month)

    def names(self) -> list[str]:
        """Every month that the folder has, ascending. Touches the disk."""
        return months(self._folder)

    async def file(self, month: str) -> MonthFile:
        """The file of a month; made when it is new. Raises `StoreFull`, `StoreError`; `StoreBusy` while barred."""
        async with self._opening:
            if month in self._barred:
                raise StoreBusy(f"The history of {month} is being replaced by a smaller file: try again in a minute.")
            if month not in self._open:
                file = await MonthFile.open(month_path(self._folder, month), self._origin)
                try:
                    await self._take_apart(file)
                except BaseException:
                    await file.close()
                    raise
                self._open[month] = file
            return self._open[month]

    @asynccontextmanager
    async def lend(self, month: str) -> AsyncIterator[MonthFile]:
        """The file of a month, which stays open meanwhile. Raises as `file` does."""
        self._lent[month] += 1
        try:
            yield await self.file(month)
        finally:
            self._lent[month] -= 1

    async def bar(self, month: str) -> MonthFile | None:
        """Close a month and keep it closed until `unbar`; returns the file that was open.

        Raises:
            StoreBusy: Something waits in it to become tiles.
        """
        async with self._opening:
            file = self._open.get(month)
            if self._lent[month]:
                raise StoreBusy(f"Another store's records are being merged into the history of {month}.")
            if file is not None and not file.is_finished:
                raise StoreBusy(f"The history of {month} has samples that wait to become tiles.")
            self._barred.add(month)
            if file is not None:
                del self._open[month]
                await file.close()
            return file

    def unbar(self, month: str) -> None:
        """The month may be opened again."""
        self._barred.discard(month)

    async def resume(self) -> None:
        """Open the newest months, and older ones that hold unfinished work or have an earlier version's form."""
        names = await asyncio.to_thread(months, self._folder)
        for month in names[:-_NEWEST]:
            if await self._waits(month):
                await self.file(month)
        for month in names[-_NEWEST:]:
            await self.file(month)

    async def _waits(self, month: str) -> bool:
        path = month_path(self._folder, month)
        database = Database(open_reader_engine(path), path, writable=False)
        try:
            return await database.read(_needs_a_writer)
        finally:
            await database.close()

    async def _take_apart(self, file: MonthFile) -> None:
        """Bring head rows of format 1, whose slots count from the hour, into those of their windows."""
        for shard, window, sequence, body in await file.hourly_heads():
            slots = slots_in_window(file.registry.shards[shard].period_ms)
            try:
                bodies = await self._in_thread(_by_window, body, window, slots)
            except CorruptBlob as error:
                _log.error("%s: a head row of hour %d is lost: %s", file.name, window // WINDOWS_IN_HOUR, error)
                bodies = {}
            await file.split_head(shard, window, sequence, bodies)

    async def close(self, finished_before: str | None = None) -> list[MonthFile]:
        """Close all, or those before a month in which nothing waits any more; returns what was closed."""
        closed: list[MonthFile] = []
        for name, file in list(self._open.items()):
            if finished_before is None or (name < finished_before and file.is_finished and not self._lent[name]):
                closed.append(self._open.pop(name))
                await file.close()
        return closed


def _needs_a_writer(connection: Connection) -> bool:
    version = stored_version(connection)
    refuse_newer(version)
    if version < SCHEMA:
        return True
    waits = (
        "SELECT EXISTS (SELECT 1 FROM head) OR EXISTS (SELECT 1 FROM part)"
        " OR EXISTS (SELECT 1 FROM meta WHERE key = 'unrolled')"
    )
    return bool(connection.exec_driver_sql(waits).scalar_one())


def _by_window(body: bytes, window: int, slots: int) -> dict[int, bytes]:
    heads = split_hourly(decode_head(body), slots)
    return {window + place: encode_head(head) for place, head in heads.items()}
