"""Is everything in a site folder as it was written? Works beside a collector, and in a folder that is read-only."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from console.store.care.check_blobs import check_moments, check_tiles
from console.store.care.check_days import check_year
from console.store.care.check_figures import check_figures
from console.store.care.check_file import check_database, check_events, check_registry, check_tables
from console.store.care.findings import Finding, all_well
from console.store.care.folder import CONSOLE_FILE, history_files
from console.store.care.months import is_month
from console.store.care.progress import Progress
from console.store.engine import StoreError, connect_reader, wal_reset_warning

ROLLED_UP_SINCE = 3
"""Schema version from which on a month has roll-ups and keyframes."""

SEED = 20


def verify(folder: Path, *, full: bool, progress: Progress, seed: int = SEED) -> list[Finding]:
    """Check every file of a folder; see `docs/history-store.md` for what each check looks at.

    Raises:
        StoreError: There is no site folder.
        Cancelled: Called off.
    """
    if not (folder / CONSOLE_FILE).exists():
        raise StoreError(f"{folder} is no site folder: it has no {CONSOLE_FILE}.")
    findings = [sqlite_finding(), *check_console(folder, full=full, progress=progress)]
    for path in history_files(folder):
        findings += check_history(path, full=full, progress=progress, seed=seed)
    return findings


def sqlite_finding() -> Finding:
    """Which SQLite this is. Its own bug does not make the folder wrong, and is said all the same."""
    return Finding("SQLite", True, wal_reset_warning() or f"version {sqlite3.sqlite_version}")


def check_console(folder: Path, *, full: bool, progress: Progress) -> list[Finding]:
    """The file of decisions."""
    path = folder / CONSOLE_FILE
    try:
        with closing(connect_reader(path)) as connection:
            findings = check_database(connection, "console", full=full, progress=progress)
            if all_well(findings) and _schema(connection) > 1:
                findings.append(check_events(connection, "console", progress))
                if all_well(findings):
                    findings.append(check_tables(connection, "console", progress))
            return findings
    except (sqlite3.DatabaseError, StoreError) as error:
        return [Finding("console: database", False, str(error))]


def check_history(path: Path, *, full: bool, progress: Progress, seed: int = SEED) -> list[Finding]:
    """One month or year of history."""
    name = path.stem
    try:
        with closing(connect_reader(path)) as connection:
            findings = check_database(connection, name, full=full, progress=progress)
            if all_well(findings):
                findings += _contents(connection, path, full=full, progress=progress, seed=seed)
            return findings
    except (sqlite3.DatabaseError, StoreError) as error:
        return [Finding(f"{name}: database", False, str(error))]


def _contents(
    connection: sqlite3.Connection, path: Path, *, full: bool, progress: Progress, seed: int
) -> Iterator[Finding]:
    name = path.stem
    yield check_registry(connection, name)
    tiles = check_tiles(connection, name, full=full, progress=progress)
    yield tiles
    if _schema(connection) < ROLLED_UP_SINCE:
        return
    yield check_moments(connection, name, progress)
    if not is_month(name):
        yield check_year(path.parent.parent, name, full=full, seed=seed, progress=progress)
    elif tiles.ok:
        yield check_figures(connection, name, full=full, seed=seed, progress=progress)


def _schema(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    return int(row[0]) if row is not None else 0
