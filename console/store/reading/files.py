"""The files of history of a site folder as its readers hold them: opened when asked for, followed when replaced."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from console.store.engine import StoreError, connect_reader, over
from console.store.reading.assets import Assets
from console.store.reading.catalogue import (
    Catalogue,
    RegistryRows,
    Version,
    build_catalogue,
    read_registry,
    read_version,
)

T = TypeVar("T")
R = TypeVar("R")

_MONTH = "[0-9][0-9][0-9][0-9]-[0-9][0-9]"
_YEAR = "[0-9][0-9][0-9][0-9]"

Identity: TypeAlias = tuple[int, int]
"""Device and inode: a file that was replaced by another of the same name has another one."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file of history in the folder.

    Attributes:
        name: `yyyy-mm` for a month, `yyyy` for a year.
        path: Where it is.
        identity: Which file it is.
    """

    name: str
    path: Path
    identity: Identity

    @property
    def span(self) -> tuple[float, float]:
        """UTC seconds of the begin and the end of its month or year."""
        return span_of(self.name)


class StoredFile:
    """One file of history: its connection, and its catalogue as it was last seen. To be made in a thread.

    Reading and decoding go on in worker threads from begin to end: a statement awaited by way of a driver's own thread
    costs ten times as much, and rows would be unpacked on the event loop.
    """

    def __init__(self, found: Found, assets: Assets) -> None:
        self.found = found
        self.name = found.name
        self._assets = assets
        self._same = assets.same
        self.start, self.stop = found.span
        self._plain = connect_reader(found.path)
        self._engine = over(self._plain)
        self._one_at_a_time = threading.Lock()
        self._catalogue: Catalogue | None = None
        self._refreshing = asyncio.Lock()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run one short reading transaction in a thread. Raises `StoreError`."""
        return await asyncio.to_thread(self._read, work)

    async def take(self, work: Callable[[Connection], T], then: Callable[[T], R]) -> R:
        """Read as `read` does, and go on with what was found in the same thread, the file being free again."""
        return await asyncio.to_thread(lambda: then(self._read(work)))

    def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._one_at_a_time, self._engine.begin() as connection:
                return work(connection)
        except (DatabaseError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, DatabaseError) else error
            raise StoreError(f"{self.found.path} cannot be read: {cause}") from error

    async def catalogue(self) -> Catalogue | None:
        """The registry as it is now; None while the file has no tables.

        What is known is kept as long as nobody took a seat since, and no device turned out to be another one. Raises
        `StoreError`.
        """
        async with self._refreshing:
            known = self._catalogue if self._same is self._assets.same else None
            rows = await self.read(partial(_look, known=known))
            if isinstance(rows, RegistryRows) and await self._assets.refresh() and known is not None:
                known = None
                rows = await self.read(partial(_look, known=None))
            if isinstance(rows, RegistryRows):
                self._same = self._assets.same
                grown = known is not None and known.version.follows(rows.version)
                self._catalogue = await asyncio.to_thread(build_catalogue, rows, known if grown else None, self._same)
            elif rows is None:
                self._catalogue = None
            return self._catalogue

    async def close(self) -> None:
        """Close its connection once nobody reads."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._one_at_a_time:
            self._engine.dispose()
            self._plain.close()


class Files:
    """The files of a folder, each opened once."""

    def __init__(self, folder: Path) -> None:
        self.assets = Assets(folder)
        self._folder = folder / "history"
        self._open: dict[str, StoredFile] = {}
        self._opening = asyncio.Lock()

    async def months(self, start: float, stop: float) -> list[StoredFile]:
        """The files of the months that [start, stop) touches, or that hold the instant `start`, ascending."""
        return await self._touching(_MONTH, start, stop)

    async def years(self, start: float, stop: float) -> list[StoredFile]:
        """The same of the years' files."""
        return await self._touching(_YEAR, start, stop)

    async def _touching(self, pattern: str, start: float, stop: float) -> list[StoredFile]:
        async with self._opening:
            there = await asyncio.to_thread(_list, self._folder, pattern)
            files: list[StoredFile] = []
            for found in there:
                begin, end = found.span
                if begin <= start < end or start < begin < stop:
                    files.append(await self._opened(found))
            return files

    async def _opened(self, found: Found) -> StoredFile:
        file = self._open.get(found.name)
        if file is not None and file.found.identity != found.identity:
            await self._open.pop(found.name).close()
            file = None
        if file is None:
            file = self._open[found.name] = await asyncio.to_thread(StoredFile, found, self.assets)
        return file

    async def close(self) -> None:
        """Close all files; they may be asked for again afterwards."""
        while self._open:
            _, file = self._open.popitem()
            await file.close()


def _look(connection: Connection, known: Catalogue | None) -> RegistryRows | Version | None:
    """What is new since a known catalogue; the version alone when nothing is."""
    version = read_version(connection)
    if version is None or (known is not None and known.version == version):
        return version
    grown = known is not None and known.version.follows(version)
    return read_registry(connection, version, known.version.last if known is not None and grown else 0)


def _list(folder: Path, pattern: str) -> list[Found]:
    found: list[Found] = []
    for path in folder.glob(f"{pattern}.sqlite"):
        try:
            status = path.stat()
        except FileNotFoundError:  # deleted since it was listed
            continue
        found.append(Found(path.stem, path, (status.st_dev, status.st_ino)))
    return sorted(found, key=lambda one: one.name)


def span_of(name: str) -> tuple[float, float]:
    """UTC seconds of the begin and the end of a month `yyyy-mm` or a year `yyyy`."""
    year = int(name[:4])
    if len(name) == len("yyyy"):
        return datetime(year, 1, 1, tzinfo=UTC).timestamp(), datetime(year + 1, 1, 1, tzinfo=UTC).timestamp()
    month = int(name[5:])
    begin = datetime(year, month, 1, tzinfo=UTC)
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return begin.timestamp(), end.timestamp()
