"""Reading what is readable of a damaged database file."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from console.store.care.losses import TileKey
from console.store.care.progress import Progress

Row: TypeAlias = tuple[Any, ...]

SPAN = 256
"""Row numbers asked for at once; where that fails the span is halved until the rows beside the damage are had."""

_PATIENCE = 200_000
"""Questions that may fail before whole spans are given up: a minute or so."""

_SMALLEST_ROW = 32
"""Bytes; a file holds no more rows than its size divided by this."""


class Salvage:
    """One damaged file, opened for reading; tables that cannot be found are empty.

    Attributes:
        unreadable: How many spans of each table could not be read, down to single rows.
    """

    def __init__(self, connection: sqlite3.Connection, size: int) -> None:
        self.unreadable: dict[str, int] = {}
        self._connection = connection
        self._most_rows = size // _SMALLEST_ROW + SPAN
        self._patience = _PATIENCE

    def statements(self) -> tuple[list[str], list[str]]:
        """What makes the tables, and what makes the rest (indexes, triggers); empty when that cannot be read."""
        try:
            found = self._connection.execute(
                "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            ).fetchall()
        except sqlite3.DatabaseError:
            return [], []
        own = [(kind, sql) for kind, name, sql in found if not name.startswith("sqlite_")]
        return [sql for kind, sql in own if kind == "table"], [sql for kind, sql in own if kind != "table"]

    def tables(self) -> list[str]:
        """Names of the tables."""
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        return [row[0] for row in self._connection.execute(query)]

    def rows(self, table: str, progress: Progress) -> Iterator[Row]:
        """Every row that can be read, whole."""
        self.unreadable[table] = 0
        if self._has_row_numbers(table):
            yield from self._by_number(table, progress)
        else:
            yield from self._by_key(table)

    def _has_row_numbers(self, table: str) -> bool:
        """Whether rows are counted 1, 2, 3; a table whose key is a number of its own meaning counts otherwise."""
        query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
        (statement,) = self._connection.execute(query, (table,)).fetchone()
        keys = self._keys(table)
        own = len(keys) == 1 and str(keys[0][2]).upper() == "INTEGER"
        return not own and "WITHOUT ROWID" not in str(statement).upper()

    def _by_number(self, table: str, progress: Progress) -> Iterator[Row]:
        last = self._last_number(table)
        for first in range(0, last + 1, SPAN):
            progress.step(f"saving {table}", first, last)
            yield from self._span(table, first, min(first + SPAN - 1, last))

    def _last_number(self, table: str) -> int:
        try:
            found = self._connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0]
        except sqlite3.DatabaseError:
            return self._most_rows
        return -1 if found is None else int(found)

    def _span(self, table: str, first: int, last: int) -> Sequence[Row]:
        query = f"SELECT * FROM {table} WHERE rowid BETWEEN ? AND ? ORDER BY rowid"
        try:
            return self._connection.execute(query, (first, last)).fetchall()
        except sqlite3.DatabaseError:
            self._patience -= 1
            if first == last or self._patience <= 0:
                self.unreadable[table] += 1
                return ()
        middle = (first + last) // 2
        return [*self._span(table, first, middle), *self._span(table, middle + 1, last)]

    def _by_key(self, table: str) -> Iterator[Row]:
        """From the front up to the damage, then from the back."""
        front: list[Row] = []
        if self._until_damage(table, "ASC", front):
            yield from front
            return
        self.unreadable[table] += 1
        back: list[Row] = []
        self._until_damage(table, "DESC", back)
        yield from dict.fromkeys([*front, *reversed(back)])

    def _until_damage(self, table: str, order: str, into: list[Row]) -> bool:
        """Read a table in one direction; whether its end was reached."""
        keys = ", ".join(f"{row[1]} {order}" for row in self._keys(table))
        query = f"SELECT * FROM {table} ORDER BY {keys}"
        return self._read_on(query, into.append)

    def _read_on(self, query: str, take: Callable[[Row], object]) -> bool:
        """Give out rows until the end, or until the first that cannot be read; whether it was the end."""
        try:
            for row in self._connection.execute(query):
                take(row)
        except sqlite3.DatabaseError:
            return False
        return True

    def _keys(self, table: str) -> list[Row]:
        info = self._connection.execute(f"PRAGMA table_info({table})").fetchall()
        return sorted((row for row in info if row[5]), key=lambda row: row[5])

    def tile_keys(self) -> set[TileKey]:
        """Which tiles there were, as far as the index can be read: it may know of rows that the table has lost."""
        found: set[TileKey] = set()
        query = "SELECT level, origin, shard, point, chunk, hour, rev FROM tile INDEXED BY sqlite_autoindex_tile_1"
        if not self._read_on(query, lambda row: found.add(TileKey(*row))):
            self.unreadable["index of tile"] = 1
        return found
