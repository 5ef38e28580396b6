"""A damaged file of decisions: the event log up to the last good link of each origin, and all tables made from it."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from console.store.care.folder import CONSOLE_FILE
from console.store.care.progress import Progress
from console.store.care.replacing import FRESH, name_aside, take_place
from console.store.care.salvage import Row, Salvage
from console.store.engine import StoreError, connect_reader, over
from console.store.records.chain import Head, StoredEvent, chain_problem
from console.store.records.origins import part_from_writer
from console.store.records.projections import rebuild

_KEPT = ("meta", "setting", "alive")
"""Tables that are not worked out from the log."""


def save_console(folder: Path, progress: Progress) -> tuple[str, list[str]]:
    """Put a fresh console.sqlite in the place of the damaged one; returns where that is kept, and what is lost.

    The folder goes on as a new origin: what was cut off may live on in another store.

    Raises:
        StoreError: Nothing can be read; the file is left as it is.
        Cancelled: Called off; everything is as it was.
    """
    path = folder / CONSOLE_FILE
    fresh, aside = path.with_name(path.name + FRESH), name_aside(path)
    fresh.unlink(missing_ok=True)
    try:
        with closing(connect_reader(path)) as connection:
            lost = _write(Salvage(connection, path.stat().st_size), fresh, progress)
        take_place(path, fresh, aside)
    finally:
        fresh.unlink(missing_ok=True)
    return aside.name, lost


def _write(salvage: Salvage, fresh: Path, progress: Progress) -> list[str]:
    tables, others = salvage.statements()
    if not tables:
        raise StoreError(
            f"Nothing of {CONSOLE_FILE} can be read: restore a backup into another folder, or merge from another store."
        )
    with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for statement in tables:
            connection.execute(statement)
        there = salvage.tables()
        for table in _KEPT:
            if table in there:
                _insert(connection, table, list(salvage.rows(table, progress)))
        good, lost = _good_links(salvage.rows("event", progress))
        _insert(connection, "event", good)
        for statement in others:
            connection.execute(statement)
        progress.step("working out incidents, alarms and devices again")
        with over(connection).begin() as wrapped:
            rebuild(wrapped)
            part_from_writer(wrapped)
    return lost


def _insert(connection: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.execute("BEGIN")
        connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)
        connection.execute("COMMIT")


def _good_links(rows: Iterable[Row]) -> tuple[list[Row], list[str]]:
    """The events of each origin up to the first that does not follow, and what is left out, in words."""
    by_origin: dict[str, list[StoredEvent]] = defaultdict(list)
    for row in rows:
        by_origin[row[0]].append(StoredEvent(*row))
    good: list[Row] = []
    lost: list[str] = []
    for origin, events in by_origin.items():
        events.sort(key=lambda event: event.seq)
        head = Head()
        for number, event in enumerate(events):
            if problem := _link_problem(head, event):
                since = datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
                lost.append(f"{len(events) - number} events of origin {origin} from {since} on: {problem}")
                break
            good.append(tuple(event))
            head = Head(event.seq, event.hlc, event.hash)
    return good, lost


def _link_problem(head: Head, event: StoredEvent) -> str:
    try:
        return chain_problem(head, [event])
    except (TypeError, ValueError) as error:
        return f"Event {event.seq} of origin {event.origin} cannot be read: {error}."
