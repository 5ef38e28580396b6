"""Everything kept of one site, opened as one thing: inventory, incidents, attendance, history."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from console.domain.inventory import Site
from console.services.fills import Fill
from console.services.ports import Records, StoreFull
from console.services.sync_report import Merged
from console.store import schema
from console.store.database import Database
from console.store.engine import StoreError, open_reader_engine, open_writer, wal_reset_warning
from console.store.history.historian import Historian
from console.store.migrations import READABLE, SCHEMA, refuse_newer, stored_origin, stored_version, upgrade
from console.store.migrations.safety_copy import keep_copy_of_older
from console.store.reading.history_reader import FolderReader, open_reader
from console.store.records.attendance import Attendance, Gap
from console.store.records.care_events import CareLog
from console.store.records.commands import SqlCommandLog
from console.store.records.conflicts import Conflict, read_conflicts
from console.store.records.event_log import EventLog
from console.store.records.fills import Fills
from console.store.records.incident_events import INCIDENT
from console.store.records.incident_log import SqlIncidentLog
from console.store.records.inventory import Inventory, build_site, fetch_site
from console.store.records.origin_events import Origin
from console.store.records.origins import origin_for_writing, read_origins
from console.store.records.past_records import PastRecords
from console.store.sync.givers import BundleGiver
from console.store.sync.receive import Receiver, receive
from console.store.sync.report import report_of

CONSOLE_FILE = "console.sqlite"

OPERATOR_PATIENCE = 2.0
"""Seconds that a write to the console file waits for another program. Some writes may stand in line before that of an
operator, and he wants to hear within ten seconds that his decision was not taken."""

_log = logging.getLogger(__name__)


class SiteStore:
    """A site folder. Open it with `open`, use it from one event loop, close it.

    Attributes:
        folder: The site folder.
        origin: Under whose name this folder writes.
        event_log: Everything that people and rules decided, as one log that two stores can merge.
        incident_log: Incidents and alarms.
        command_log: Commands to devices, and who may be commanded.
        reader: Reads history; works in a read-only folder too.
    """

    def __init__(self, folder: Path, database: Database, origin: UUID) -> None:
        self.folder = folder
        self.origin = origin
        self.event_log = EventLog(database, origin)
        self.incident_log = SqlIncidentLog(database, self.event_log)
        self.command_log = SqlCommandLog(database, self.event_log)
        self.reader: FolderReader = open_reader(folder)
        self._attendance = Attendance(database, self.event_log)
        self._fills = Fills(database, self.event_log)
        self._care = CareLog(database, self.event_log)
        self._inventory = Inventory(database, self.event_log)
        self._past = PastRecords(database)
        self._database = database
        self._history = Historian(folder, origin) if database.writable else None

    @classmethod
    async def open(cls, folder: Path, *, read_only: bool = False) -> "SiteStore":
        """Open a site folder; make it when it is new. The caller holds its `FolderLock` unless read-only.

        Raises:
            StoreError: There is no store to read, or a newer program wrote it; read-only also if an older one did.
            StoreFull: The disk takes no more, or has no room for the copy that is made of an older folder.
        """
        path = folder / CONSOLE_FILE
        if read_only:
            if not await asyncio.to_thread(path.exists):
                raise StoreError(f"{folder} is no site folder: it has no {CONSOLE_FILE}.")
            database = Database(open_reader_engine(path), path, writable=False)
        else:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
            if copy := await asyncio.to_thread(keep_copy_of_older, path):
                _log.info("%s is brought to version %d; as it was it stays in %s", path, SCHEMA, copy.name)
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
        await database.write(lambda connection: upgrade(connection, history=False))
        origin = await origin_for_writing(database)
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
        return await self._inventory.site()

    async def save_site(self, site: Site) -> None:
        """Make this the site: what differs is written as edits in one transaction. Raises `StoreFull`."""
        await self._inventory.save(site)
        self.history.know(site)

    async def records_at(self, at: float) -> Records:
        """The site, its alarms and incidents as they were at UTC second `at`; quick enough to drag.

        Raises:
            StoreError: No site was ever saved.
        """
        return await self._past.at(at)

    async def conflicts(self) -> list[Conflict]:
        """What two people decided without knowing of each other, the newest first."""
        return await self._database.read(read_conflicts)

    async def origins(self) -> list[Origin]:
        """Every installation whose events stand here, in order of first mention."""
        return await self._database.read(read_origins)

    async def take_in(self, path: Path) -> Merged:
        """Take in a bundle of another store of this site while this one is being written.

        Raises:
            SyncRefused: The bundle is refused; nothing was changed.
            StoreFull: The disk takes no more; the same bundle later brings the rest.
        """
        async with BundleGiver(path) as giver:
            receiver = Receiver(self._database, self.event_log, self.history, self.origin, running=True)
            received = await receive(giver, receiver, _log_progress)
        touched = received.events.touched
        if touched.inventory:
            self.history.know(await self.site())
        _log.info("took in %d records from %s", received.added, received.offer.exporter.name)
        return Merged(report_of(received), tuple(UUID(incident) for incident in sorted(touched.of(INCIDENT))))

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

    async def record_fill(self, fill: Fill) -> None:
        """Keep what a device's own log gave. Raises `StoreFull`."""
        await self._fills.record(fill)

    async def record_care(self, what: str, body: Mapping[str, object]) -> None:
        """Keep what was done to the folder: history given up, a repair. Raises `StoreFull`."""
        await self._care.record(what, body)

    async def fills(self, start: float, stop: float) -> list[Fill]:
        """The fills of holes that touch [start, stop), by their end."""
        return await self._fills.between(start, stop)

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


def _log_progress(what: str, done: int, total: int) -> None:
    _log.debug("import: %s, %d of %d rows", what, done, total)


def _checked_origin(connection: Connection) -> UUID:
    version = stored_version(connection)
    refuse_newer(version)
    if version < READABLE:
        raise StoreError(
            f"This site folder has schema version {version}; this program reads version {SCHEMA}. Open it once where "
            "it can be written (a copy will do): it is then brought to the new version, and the old file is kept."
        )
    return stored_origin(connection)
