"""Checks of one database file as SQLite and its registry see it."""

import sqlite3
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from console.store.care.findings import Finding, Problems
from console.store.care.progress import Progress
from console.store.engine import over
from console.store.history.registry import read_signals
from console.store.migrations import SCHEMA
from console.store.records.chain import verify_chain
from console.store.records.projections import projection_problems


def check_database(connection: sqlite3.Connection, name: str, *, full: bool, progress: Progress) -> list[Finding]:
    """Version, integrity and foreign keys.

    SQLite's quick check looks at every page and row; its full check also compares indexes with their tables.
    """
    progress.step(f"checking {name}")
    check = "integrity_check" if full else "quick_check"
    problems = Problems()
    try:
        with progress.watching(connection):
            for (text,) in connection.execute(f"PRAGMA {check}(20)"):
                if text != "ok":
                    problems.add(text)
            for row in connection.execute("PRAGMA foreign_key_check"):
                problems.add(f"a row of {row[0]} refers to a row of {row[2]} that is not there")
    except sqlite3.DatabaseError as error:
        problems.add(str(error))
    return [problems.finding(f"{name}: database", f"SQLite's {check.replace('_', ' ')}"), _version(connection, name)]


def _version(connection: sqlite3.Connection, name: str) -> Finding:
    title = f"{name}: version"
    try:
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        version = int(meta["schema"])
        UUID(meta["origin"])
    except (sqlite3.DatabaseError, KeyError, ValueError) as error:
        return Finding(title, False, f"the file does not say of which version and origin it is ({error})")
    if version > SCHEMA:
        return Finding(title, False, f"schema {version} of a newer program; this one knows versions up to {SCHEMA}")
    older = "" if version == SCHEMA else f", which becomes {SCHEMA} when it is next opened for writing"
    return Finding(title, True, f"schema {version}{older}")


def check_events(connection: sqlite3.Connection, name: str, progress: Progress) -> Finding:
    """The hash chain of every origin in the event log."""
    progress.step(f"checking the events of {name}")
    problems = Problems()
    count = 0
    try:
        (count,) = connection.execute("SELECT count(*) FROM event").fetchone()
        with over(connection).connect() as wrapped, progress.watching(connection):
            for text in verify_chain(wrapped):
                problems.add(text)
    except (sqlite3.DatabaseError, DBAPIError, ValueError) as error:
        problems.add(_told(error))
    return problems.finding(
        f"{name}: events", f"{count} events in unbroken chains" if not problems.count else f"{count} events"
    )


def check_tables(connection: sqlite3.Connection, name: str, progress: Progress) -> Finding:
    """The tables that are worked out from the event log, such as those of incidents and devices."""
    progress.step(f"working out the tables of {name}")
    problems = Problems()
    try:
        with over(connection).connect() as wrapped, progress.watching(connection):
            for text in projection_problems(wrapped):
                problems.add(text)
    except (sqlite3.DatabaseError, DBAPIError, ValueError) as error:
        problems.add(_told(error))
    return problems.finding(f"{name}: tables", "incidents, alarms and inventory follow from the events")


def _told(error: Exception) -> str:
    """What the database said, without the statement that SQLAlchemy adds."""
    return str(error.orig if isinstance(error, DBAPIError) else error)


def check_registry(connection: sqlite3.Connection, name: str) -> Finding:
    """Seats without a gap in shards that are there, layouts that can be read, points with a scale."""
    problems = Problems()
    seats = 0
    try:
        seats = _check_seats(connection, problems)
        _check_layouts(connection, problems)
        strays = connection.execute(
            "SELECT DISTINCT origin, shard FROM tile WHERE NOT EXISTS"
            " (SELECT 1 FROM shard WHERE shard.origin = tile.origin AND shard.id = tile.shard)"
        )
        for origin, shard in strays:
            problems.add(f"tiles of a shard {shard} of {origin} that is not in the registry")
    except sqlite3.DatabaseError as error:
        problems.add(str(error))
    return problems.finding(f"{name}: registry", f"{seats} seats")


def _check_seats(connection: sqlite3.Connection, problems: Problems) -> int:
    shards = {(origin, shard) for origin, shard in connection.execute("SELECT origin, id FROM shard")}
    layouts = {row[0] for row in connection.execute("SELECT id FROM layout")}
    expected: dict[tuple[str, int], int] = {}
    count = 0
    rows = connection.execute("SELECT origin, shard, seat, device, layout FROM seat ORDER BY origin, shard, seat")
    for origin, shard, seat, device, layout in rows:
        count += 1
        key = origin, shard
        if key not in shards:
            problems.add(f"a seat in shard {shard} of {origin}, which is not there")
        if seat != expected.get(key, 0):
            problems.add(f"seat {seat} of shard {shard} of {origin} stands where {expected.get(key, 0)} should")
        if layout not in layouts:
            problems.add(f"device {device} has a layout that is not there")
        expected[key] = seat + 1
    return count


def _check_layouts(connection: sqlite3.Connection, problems: Problems) -> None:
    points = {row[0] for row in connection.execute("SELECT name FROM point")}
    for number, text in connection.execute("SELECT id, signals FROM layout"):
        try:
            missing = {signal.point for signal in read_signals(text)} - points
        except ValueError as error:
            problems.add(f"layout {number} cannot be read: {error}")
            continue
        for point in sorted(missing):
            problems.add(f"layout {number} holds {point}, whose scale is not there")
