"""Everything kept of one site, opened as one thing: inventory, incidents, attendance, history."""

import asyncio
import logging
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from console.domain.inventory import Site
from console.services.ports import StoreFull
from console.store import schema
from console.store.database import Database
from console.store.engine import StoreError, open_reader_engine, open_writer, wal_reset_warning
from console.store.history.historian import Historian
from console.store.migrations import refuse_newer, stored_origin, stored_version, upgrade
from console.store.reading.history_reader import FolderReader, open_reader
from console.store.records.attendance import Attendance, Gap
from console.store.records.incident_log import SqlIncidentLog
from console.store.records.inventory import alias_rows, build_site, fetch_site, site_rows, write_site

CONSOLE_FILE = "console.sqlite"

OPERATOR_PATIENCE = 2.0
"""Seconds that a write to the console file waits for another program. Some writes may stand in line before that of an
operator, and he wants to hear within ten seconds that his decision was not taken."""

_log = logging.getLogger(__name__)


class SiteStore:
    """A site folder. Open it with `open`, use it from one event loop, close it.

    Attributes:
        folder: The site folder.
        origin: The installation that made the folder.
        incident_log: Incidents and alarms.
        reader: Reads history; works in a read-only folder too.
    """

    def __init__(self, folder: Path, database: Database, origin: UUID) -> None:
        self.folder = folder
        self.origin = origin
        self.incident_log = SqlIncidentLog(database, origin)
        self.reader: FolderReader = open_reader(folder)
        self._attendance = Attendance(database)
        self._database = database
        self._history = Historian(folder, origin) if database.writable else None

    @classmethod
    async def open(cls, folder: Path, *, read_only: bool = False) -> "SiteStore":
        """Open a site folder; make it when it is new. The caller holds its `FolderLock` unless read-only.

        Raises:
            StoreError: There is no store to read, or a newer program wrote it.
            StoreFull: The disk takes no more.
        """
        path = folder / CONSOLE_FILE
        if read_only:
            if not await asyncio.to_thread(path.exists):
                raise StoreError(f"{folder} is no site folder: it has no {CONSOLE_FILE}.")
            database = Database(open_reader_engine(path), path, writable=False)
        else:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
            database = Database(open_writer(path, patience=OPERATOR_PATIENCE), path, writable=True)
        try:
            return await cls._start(folder, database)
        except BaseException:
            await database.close()
            raise

    @classmethod
    async def _start(cls, folder: Path, database: Database) -> "SiteStore":
        if not database.writable:
            return cls(folder, database, await database.read(_checked_origin))
        if warning := wal_reset_warning():
            _log.info("%s", warning)
        origin = await database.write(lambda connection: upgrade(connection, history=False))
        store = cls(folder, database, origin)
        try:
            await store.history.resume()
            rows = await database.read(fetch_site)
            if rows[schema.site]:
                store.history.know(await asyncio.to_thread(build_site, rows))
        except BaseException:
            await store.history.close()
            raise
        return store

    @property
    def history(self) -> Historian:
        """The history writer; raises `StoreError` when the folder was opened read-only."""
        if self._history is None:
            raise StoreError(f"{self.folder} was opened read-only: no history can be written.")
        return self._history

    async def site(self) -> Site:
        """The site and its devices; raises `StoreError` when none was ever saved."""
        return await asyncio.to_thread(build_site, await self._database.read(fetch_site))

    async def save_site(self, site: Site) -> None:
        """Replace the site and its devices in one transaction; history and incidents stay. Raises `StoreFull`."""
        rows = await asyncio.to_thread(site_rows, site)
        aliases = await asyncio.to_thread(alias_rows, site)
        await self._database.write(lambda connection: write_site(connection, rows, aliases))
        self.history.know(site)

    async def mark_alive(self, at: float) -> None:
        """Remember that the collector runs at UTC second `at`. Raises `StoreFull`."""
        await self._attendance.mark_alive(at)

    async def last_alive(self) -> float | None:
        """UTC seconds of the last sign of life; None when no collector ever ran here."""
        return await self._attendance.last_alive()

    async def record_gap(self, start: float, stop: float, reason: str) -> None:
        """Keep a time in which nothing was collected. Raises `StoreFull`."""
        await self._attendance.record_gap(start, stop, reason)

    async def gaps(self, start: float, stop: float) -> list[Gap]:
        """The gaps that touch [start, stop), oldest first."""
        return await self._attendance.gaps(start, stop)

    def size(self) -> int:
        """Bytes on disk of the folder's databases. Touches the disk: call it in a thread."""
        files = [*self.folder.glob(f"{CONSOLE_FILE}*"), *(self.folder / "history").glob("*.sqlite*")]
        return sum(path.stat().st_size for path in files if path.exists())

    async def close(self) -> None:
        """End background work and close every file. Unfinished hours stay as head rows."""
        try:
            await self.reader.close()
            if self._history is not None:
                await self._history.close()
        except StoreFull as error:
            _log.warning("Full hours stay as head rows: %s", error)
        finally:
            await self._database.close()


def _checked_origin(connection: Connection) -> UUID:
    refuse_newer(stored_version(connection))
    return stored_origin(connection)
