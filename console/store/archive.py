"""A site folder as it was at any instant: samples and records in one answer. Read-only, with or beside a collector."""

import asyncio
import math
from collections.abc import Awaitable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DatabaseError

from console.services.ports import KEYFRAME_SECONDS, Past, PastState, Records, UnreadableRecord
from console.store import schema
from console.store.database import Database
from console.store.engine import StoreError, open_reader_engine
from console.store.history.codec import CorruptBlob
from console.store.migrations import READABLE, SCHEMA, refuse_newer, stored_version
from console.store.reading.history_reader import FolderReader, open_reader
from console.store.records.past_records import PastRecords

T = TypeVar("T")

CONSOLE_FILE = "console.sqlite"


def open_archive(folder: Path) -> "FolderArchive":
    """The record of a site folder; opens its files when first asked. Close it when done."""
    return FolderArchive(folder)


class FolderArchive:
    """The `Archive` of a site folder. Every method raises `UnreadableRecord` when the folder cannot be read back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader: FolderReader = open_reader(folder)
        self._opening = asyncio.Lock()
        self._opened: tuple[Database, PastRecords] | None = None
        self._first = (math.nan, math.nan)

    async def at(self, moment: float, *, exact: bool = True) -> Past:
        """The site at UTC second `moment`; see `Archive.at`.

        The records are those of the same instant as the samples: of the keyframe, when that was asked for.
        """
        _, records = await self._open()
        expected = moment if exact else moment // KEYFRAME_SECONDS * KEYFRAME_SECONDS
        state, kept = await self._read(_both(self._reader.state_at(moment, exact=exact), records.at(expected)))
        if state.as_of != expected:
            kept = await self._read(records.at(state.as_of))
        return Past(state, kept)

    async def span(self) -> tuple[float, float] | None:
        """UTC seconds of the first and the last thing on record; None while there is nothing.

        They are when a device answered first and last, or when something was decided before or after that.
        """
        database, _ = await self._open()
        extent = await self._read(self._reader.extent())
        decided = await self._read(database.read(_decided))
        if extent is None:
            return decided
        first, last = await self._first_answer(extent), await self._last_answer(extent)
        return (first, last) if decided is None else (min(first, decided[0]), max(last, decided[1]))

    async def _first_answer(self, extent: tuple[float, float]) -> float:
        """When something was first answered, to the second: looked for window by window, then by halves.

        Kept while the first hour on record stays the same, because only retention and merging move it.
        """
        if self._first[0] == extent[0]:
            return self._first[1]
        low, high = extent[0], min(extent[0] + KEYFRAME_SECONDS, extent[1])
        while high < extent[1] and not await self._is_answered(high):
            low, high = high, min(high + KEYFRAME_SECONDS, extent[1])
        while high - low > 1.0:
            middle = (low + high) / 2
            low, high = (low, middle) if await self._is_answered(middle) else (middle, high)
        self._first = (extent[0], high)
        return high

    async def _is_answered(self, moment: float) -> bool:
        """Whether anything had been answered by then."""
        state = await self._read(self._reader.state_at(moment))
        return bool(np.isfinite(state.answered).any())

    async def _last_answer(self, extent: tuple[float, float]) -> float:
        """When the last sweep was: one period after the last answer on record.

        The extent is of whole hours, so the windows of the last one are looked through from its end: what was answered
        before a window is known there too, so the first in which something was answered is the last.
        """
        last, period, moment = extent[0], 1.0, extent[1]
        while moment > extent[0] and last < moment - KEYFRAME_SECONDS:
            state = await self._read(self._reader.state_at(moment))
            last = float(state.answered[np.isfinite(state.answered)].max(initial=last))
            period = float(state.period[np.isfinite(state.period)].min(initial=60.0))
            moment -= KEYFRAME_SECONDS
        return min(last + period, extent[1])

    async def gaps(self, start: float, stop: float) -> Sequence[tuple[float, float, str]]:
        """Times within [start, stop) in which nothing was collected: begin, end, reason."""
        database, _ = await self._open()
        gap = schema.gap.c
        query = select(gap.start, gap.stop, gap.reason).where(gap.start < stop, gap.stop > start).order_by(gap.start)

        def read(connection: Connection) -> list[tuple[float, float, str]]:
            return [(float(begin), float(end), str(reason)) for begin, end, reason in connection.execute(query)]

        return await self._read(database.read(read))

    async def close(self) -> None:
        """Close the files."""
        await self._reader.close()
        if self._opened is not None:
            await self._opened[0].close()
            self._opened = None

    async def _open(self) -> tuple[Database, PastRecords]:
        async with self._opening:
            if self._opened is None:
                self._opened = await self._read(self._open_database())
            return self._opened

    async def _open_database(self) -> tuple[Database, PastRecords]:
        path = self._folder / CONSOLE_FILE
        if not await asyncio.to_thread(path.exists):
            raise StoreError(f"{self._folder} is no site folder: it has no {CONSOLE_FILE}.")
        database = Database(open_reader_engine(path), path, writable=False)
        try:
            await database.read(_check_version)
        except BaseException:
            await database.close()
            raise
        return database, PastRecords(database)

    async def _read(self, work: Awaitable[T]) -> T:
        """Wait for an answer; whatever is wrong with the files becomes one sentence."""
        try:
            return await work
        except StoreError as error:
            raise UnreadableRecord(str(error)) from error
        except (CorruptBlob, DatabaseError) as error:
            cause = error.orig if isinstance(error, DatabaseError) else error
            raise UnreadableRecord(
                f"{self._folder} is damaged ({cause}). `terrahash verify {self._folder}` says what can be saved."
            ) from error


async def _both(state: Awaitable[PastState], records: Coroutine[Any, Any, Records]) -> tuple[PastState, Records]:
    """Both at once: they are in different files. When one fails, the other is not left behind."""
    asked = asyncio.create_task(records)
    try:
        return await state, await asked
    except BaseException:
        asked.cancel()
        await asyncio.wait([asked])
        raise


def _check_version(connection: Connection) -> None:
    version = stored_version(connection)
    refuse_newer(version)
    if version < READABLE:
        raise StoreError(
            f"This site folder has schema version {version}; this program reads version {SCHEMA}. Open it once where "
            "it can be written (a copy will do): it is then brought to the new version, and the old file is kept."
        )


def _decided(connection: Connection) -> tuple[float, float] | None:
    """UTC seconds of the first and the last event about an incident or an alarm."""
    event = schema.event.c
    query = select(func.min(event.at), func.max(event.at)).where(event.kind.in_(("incident", "alarm")))
    first, last = connection.execute(query).one()
    return None if first is None else (float(first), float(last))
