"""SQLite as the store uses it: pragmas, transactions, and errors in the words of the use cases.

One writer per file: it alone commits and checkpoints (WAL, synchronous=FULL, BEGIN IMMEDIATE). Readers open the file
read-only and keep their transactions short, because an open read transaction stops checkpoints and the log grows.
"""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, create_engine, event, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import AdaptedConnection, DBAPIConnection
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, StaticPool

from console.services.ports import StoreBusy, StoreFull
from console.support.sqlite_release import REMEDY, is_sound

BUSY_SECONDS = 5.0
"""How long a statement waits for another process's lock before it fails."""

PAGE_SIZE = 8192
"""Bytes; tiles are tens of kilobytes, so larger pages waste less on chains of overflow pages."""

_WRITER_PRAGMAS = (
    f"PRAGMA page_size={PAGE_SIZE}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA fullfsync=1",
    "PRAGMA foreign_keys=ON",
    "PRAGMA journal_size_limit=67108864",
)

_ALMOST_FULL = 1024 * 1024
"""Bytes left on the disk below which an input/output error of SQLite is taken for a full disk."""


class StoreError(Exception):
    """The store cannot be used as it is; the text is one sentence with its remedy."""


def wal_reset_warning(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str:
    """A sentence when SQLite's own version has the WAL-reset bug, else an empty string.

    The bug can corrupt a file when two connections checkpoint and commit at the same instant.
    """
    if is_sound(version):
        return ""
    found = ".".join(str(part) for part in version)
    return (
        f"SQLite {found} has the WAL-reset bug: with two connections that checkpoint at the same instant a file may be "
        "corrupted. The console lets only its one writer checkpoint; "
        f"{REMEDY} to be rid of it."
    )


def open_writer(path: Path, *, patience: float = BUSY_SECONDS) -> AsyncEngine:
    """The one writing engine of a database file; creates the file. Its transactions begin IMMEDIATE.

    `patience` is how long a transaction waits for another program's lock, in seconds.
    """
    engine = create_async_engine(
        _url(path),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
        pool_reset_on_return=None,  # `_begin_now` ends what was left open
        connect_args={"timeout": patience},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        _run(connection, *_WRITER_PRAGMAS)

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        _begin_now(connection, "BEGIN IMMEDIATE")

    return engine


def _begin_now(connection: Connection, statement: str) -> None:
    driver: object = connection.connection.dbapi_connection
    if isinstance(driver, AdaptedConnection) and driver.driver_connection.in_transaction:
        # Whoever began it was cancelled before its end.
        driver.run_async(lambda plain: plain.rollback())
    _at_once(connection, statement)


def open_reader_engine(path: Path, *, connections: int = 2) -> AsyncEngine:
    """A reading engine of a database file that exists. It can neither write nor checkpoint.

    In a folder that cannot be written SQLite cannot keep its shared memory; the file is then opened as immutable,
    which is right only because nobody can write there.

    Raises:
        StoreError: The folder is read-only and holds a write-ahead log that was never folded into the file.
    """
    options = _reading_options(path)
    engine = create_async_engine(
        _url(path, **options),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_reset_on_return=None,
        connect_args={"timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        _run(connection, "PRAGMA wal_autocheckpoint=0", "PRAGMA query_only=1")

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        _begin_now(connection, "BEGIN")

    return engine


def connect_reader(path: Path) -> sqlite3.Connection:
    """A plain reading connection, for long work in a thread: copying a file, checking it. Close it.

    It opens the file as `open_reader_engine` does; transactions are the caller's own business.

    Raises:
        StoreError: As `open_reader_engine`, and for a file that is not there.
    """
    options = "&".join(f"{name}={value}" for name, value in _reading_options(path).items())
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{options}",
            timeout=BUSY_SECONDS,
            isolation_level=None,
            uri=True,
            check_same_thread=False,
        )
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA query_only=1")
    except sqlite3.OperationalError as error:
        raise StoreError(f"{path} cannot be opened: {error}") from error
    return connection


def over(connection: sqlite3.Connection) -> Engine:
    """A blocking engine over one plain connection, for work in a thread with what is written for SQLAlchemy.

    Its transactions are those of the plain connection. Closing that one is left to the caller.
    """
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN"))
    return engine


def connect_writer(path: Path) -> sqlite3.Connection:
    """A plain writing connection to a file that nobody else writes, with the pragmas of `open_writer`. Close it."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    for pragma in _WRITER_PRAGMAS:
        connection.execute(pragma)
    return connection


def _reading_options(path: Path) -> dict[str, str]:
    immutable = not os.access(path.parent, os.W_OK)
    log = path.with_name(path.name + "-wal")
    if immutable and log.exists() and log.stat().st_size:
        raise StoreError(
            f"{path.name} was copied while it was being written: its newest samples stand in {log.name}, which cannot "
            "be read in a read-only folder. Copy the site folder to a place that can be written and open it there."
        )
    return {"immutable": "1"} if immutable else {"mode": "ro"}


def _url(path: Path, **options: str) -> URL:
    return URL.create("sqlite+aiosqlite", database=path.absolute().as_uri(), query={**options, "uri": "true"})


def _run(connection: DBAPIConnection, *pragmas: str) -> None:
    # The driver must not open transactions of its own: BEGIN is sent by the "begin" event above.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(pragma)
    cursor.close()


@contextmanager
def full_disk_as_store_full(folder: Path) -> Iterator[None]:
    """Turn SQLite's ways of saying "disk full" into `StoreFull`, and "locked" into `StoreBusy`.

    The transaction inside has been rolled back.
    """
    try:
        yield
    except (DatabaseError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DatabaseError) else error
        if _says_full(cause, folder):
            raise StoreFull(_full_text(folder)) from error
        if is_busy(cause):
            raise busy(folder) from error
        raise
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StoreFull(_full_text(folder)) from error
        raise


def _says_full(error: BaseException | None, folder: Path) -> bool:
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return True
    return code & 0xFF == sqlite3.SQLITE_IOERR and shutil.disk_usage(folder).free < _ALMOST_FULL


def _full_text(folder: Path) -> str:
    return f"The disk of {folder} is full: nothing more is kept until space is freed. Reading goes on."


def is_busy(error: BaseException | None) -> bool:
    """Whether SQLite says that somebody else holds the file."""
    return bool(getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY)


def busy(folder: Path) -> StoreBusy:
    """The failure of whoever has waited long enough."""
    return StoreBusy(f"Another program holds a file in {folder}: nothing is kept until it lets go. Reading goes on.")


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[object, ...]], prefix: str = "") -> None:
    """Insert whole rows in the order of the table's columns as one statement.

    Rows go to the driver as they are: SQLAlchemy's own handling of parameters would cost the event loop a
    microsecond for each value. `prefix` is "OR REPLACE" or "OR IGNORE".
    """
    if not rows:
        return
    if len(rows) <= _FEW_ROWS:
        many = _insertion(table, prefix, len(rows))
        _at_once(connection, many, tuple(value for row in rows for value in row))
    else:
        connection.exec_driver_sql(_insertion(table, prefix, 1), list(rows))


_FEW_ROWS = 32
"""Up to so many rows stand in one statement with all their values; more are gone through by the driver."""


@lru_cache(maxsize=512)
def _insertion(table: Table, prefix: str, rows: int) -> str:
    statement = insert(table).prefix_with(prefix) if prefix else insert(table)
    text = str(statement.compile(dialect=sqlite.dialect(paramstyle="qmark")))
    _, _, values = text.rpartition("VALUES ")
    return text + f", {values}" * (rows - 1)


def _at_once(connection: Connection, statement: str, values: tuple[object, ...] = ()) -> None:
    """Execute a statement without a result in one step of the driver's thread.

    By way of a cursor it takes three, of a tenth of a millisecond each: the greater part of what a sweep costs.
    """
    driver: object = connection.connection.dbapi_connection
    if isinstance(driver, AdaptedConnection):
        driver.run_async(lambda plain: plain.execute_fetchall(statement, values))
    else:
        connection.exec_driver_sql(statement, values)
