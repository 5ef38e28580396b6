"""Who writes: every copy of a folder that takes on a life of its own becomes an origin of its own.

The folder remembers which installation writes it, and which file that was. Where either is another one (the folder was
copied, restored or carried to another computer), a new origin is minted before the first write: two copies never give
out the same (origin, seq). A folder that is only renamed stays who it is.
"""

import asyncio
from pathlib import Path
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select
from uuid_utils.compat import uuid7

from console.settings.installation import Installation, InstallationError, installation
from console.store import schema
from console.store.database import Database
from console.store.engine import StoreError
from console.store.migrations import stored_origin
from console.store.records.chain import NewEvent, StoredEvent
from console.store.records.event_log import EventLog
from console.store.records.origin_events import ORIGIN, Origin, OriginBody, work_out_origins
from console.store.records.replacement import apply


class _Writer(msgspec.Struct):
    """What the folder remembers of its writer. `file` is the number that the file system gave console.sqlite."""

    installation: UUID
    file: int
    path: str

    def is_same(self, other: "_Writer") -> bool:
        """Whether both are the same installation and the same file; a folder that was renamed is."""
        return (self.installation, self.file) == (other.installation, other.file)


_WRITER = msgspec.json.Decoder(_Writer)


async def origin_for_writing(database: Database) -> UUID:
    """The origin under which this installation writes the folder from now on; a new one where the folder was copied.

    Nothing is written where this installation wrote last, so that a full disk does not keep a site from being opened.

    Raises:
        StoreError: This installation has no identity.
        StoreFull: The disk takes no more.
    """
    try:
        me = await asyncio.to_thread(installation)
    except InstallationError as error:
        raise StoreError(str(error)) from error
    writer = await asyncio.to_thread(_writer_of, me, database.path)
    settled = await database.read(lambda connection: _settled_origin(connection, writer))
    return (
        settled
        if settled is not None
        else await database.write(lambda connection: _settle(connection, database, me, writer))
    )


def _writer_of(me: Installation, path: Path) -> _Writer:
    return _Writer(me.id, path.stat().st_ino, str(path.absolute()))


def _settled_origin(connection: Connection, writer: _Writer) -> UUID | None:
    """The folder's origin when this writer was its last and has introduced itself."""
    known = _stored_writer(connection)
    origin = stored_origin(connection)
    event = schema.event.c
    said = select(event.seq).where(event.origin == str(origin), event.kind == ORIGIN).limit(1)
    is_settled = known is not None and known.is_same(writer) and connection.execute(said).first() is not None
    return origin if is_settled else None


def _settle(connection: Connection, database: Database, me: Installation, writer: _Writer) -> UUID:
    """A folder without a writer is new, or of the first version: its origin stays, and is the founder of the site."""
    known = _stored_writer(connection)
    origin = stored_origin(connection)
    if known is not None and not known.is_same(writer):
        origin = uuid7()
        connection.exec_driver_sql("INSERT OR REPLACE INTO meta VALUES ('origin', ?)", (str(origin),))
    _remember(connection, writer)
    log = EventLog(database, origin)
    body = OriginBody(me.name, me.public_key.hex(), known is None)
    log.append(connection, [NewEvent(log.wall(), ORIGIN, str(origin), msgspec.json.encode(body))])
    said = select(schema.event).where(schema.event.c.kind == ORIGIN)
    apply(connection, work_out_origins(StoredEvent(*row) for row in connection.execute(said)))
    return origin


def part_from_writer(connection: Connection) -> None:
    """Let whoever next opens this file for writing become a new origin; for copies that are made to be restored."""
    known = _stored_writer(connection)
    if known is not None:
        _remember(connection, _Writer(UUID(int=0), 0, known.path))


def read_origins(connection: Connection) -> list[Origin]:
    """Every origin that has introduced itself, in order of first mention."""
    table = schema.origin
    return [Origin(*row) for row in connection.execute(select(table).order_by(table.c.first_seen, table.c.id))]


def read_founder(connection: Connection) -> str:
    """Id of the origin that made the site; empty when none says so."""
    return connection.execute(select(schema.origin.c.id).where(schema.origin.c.founder == 1)).scalar() or ""


def _remember(connection: Connection, writer: _Writer) -> None:
    text = msgspec.json.encode(writer).decode()
    connection.exec_driver_sql("INSERT OR REPLACE INTO meta VALUES ('writer', ?)", (text,))


def _stored_writer(connection: Connection) -> _Writer | None:
    found = connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'writer'").scalar()
    return None if found is None else _WRITER.decode(str(found))
