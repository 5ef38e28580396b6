"""How database files come from one schema version to the next: one module per version, oldest first."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from console.store.engine import StoreError
from console.store.migrations import v0001_initial, v0002_events, v0003_rollups, v0004_logins


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: what it brings, and how each of the two kinds of file takes it."""

    info: str
    upgrade_console: Callable[[Connection], None]
    upgrade_history: Callable[[Connection], None]


MIGRATIONS = tuple(
    Migration(version.info, version.upgrade_console, version.upgrade_history)
    for version in (v0001_initial, v0002_events, v0003_rollups, v0004_logins)
)

SCHEMA = len(MIGRATIONS)
"""The version that this program writes."""

READABLE = 3
"""The oldest version that is read as it stands, where nothing may be written: what it lacks has its default."""


def upgrade(connection: Connection, *, history: bool, origin: UUID | None = None) -> UUID:
    """Bring a file to `SCHEMA` inside the caller's transaction and return its origin.

    A new file gets `origin`, or one of its own.

    Raises:
        StoreError: The file was written by a newer program.
    """
    connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    version = stored_version(connection)
    refuse_newer(version)
    if version == SCHEMA:  # nothing is written, so that a full disk does not keep a site from being opened
        return stored_origin(connection)
    for migration in MIGRATIONS[version:]:
        step = migration.upgrade_history if history else migration.upgrade_console
        step(connection)
    connection.exec_driver_sql("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", (str(SCHEMA),))
    made = str(origin or uuid7())
    connection.exec_driver_sql("INSERT OR IGNORE INTO meta VALUES ('origin', ?)", (made,))
    return stored_origin(connection)


def stored_version(connection: Connection) -> int:
    """Schema version of an existing file; 0 while it has none."""
    found = connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'schema'").scalar()
    return int(str(found)) if found is not None else 0


def stored_origin(connection: Connection) -> UUID:
    """The installation that made the file."""
    return UUID(str(connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'origin'").scalar_one()))


def refuse_newer(version: int) -> None:
    """Raise `StoreError` for a schema version that this program does not know."""
    if version > SCHEMA:
        raise StoreError(
            f"This site folder has schema version {version}; this program knows versions up to {SCHEMA}. "
            "A newer TerraHash Console wrote it: install that version or newer. Nothing was changed."
        )
