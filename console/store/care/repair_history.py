"""A damaged month or year of history: what is readable and sound goes into a fresh file."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from console.store.care.check_blobs import blob_problem, tile_problem
from console.store.care.losses import TileKey
from console.store.care.progress import Progress
from console.store.care.replacing import FRESH, name_aside, take_place
from console.store.care.salvage import Row, Salvage
from console.store.engine import connect_reader
from console.store.history.adoption import SEQ_FLOOR
from console.store.history.heads import decode_head
from console.store.history.history_file import KNOWN
from console.store.history.keyframes import decode_keyframe
from console.store.history.levels import RAW, WINDOWS_IN_DAY
from console.store.history.rollups import decode_rollup
from console.store.history.tiles import decode_tile

SKIPPED_NUMBERS = 1_000_000
"""`seq` goes on so far behind the greatest that could be read: a number that was lost is not given again."""

_ROWS_AT_ONCE = 500

_SEQ = 9
"""Where `seq` stands in a tile's row."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a file.

    Attributes:
        aside: Name of the damaged file.
        rows: Saved rows.
        lost: Tiles that are known to be lost.
        days: UTC days since the epoch of which something is lost that can be worked out again.
        unreadable: Spans that could not be read, by table.
    """

    aside: str
    rows: int
    lost: frozenset[TileKey]
    days: frozenset[int]
    unreadable: dict[str, int]


def save_history(path: Path, progress: Progress) -> Saved:
    """Put a fresh file with everything sound in the place of a damaged one, which is kept beside it.

    A file of which nothing can be read is kept aside alone.

    Raises:
        StoreFull, OSError: There is no room; everything is as it was.
        Cancelled: Called off; everything is as it was.
    """
    fresh, aside = path.with_name(path.name + FRESH), name_aside(path)
    fresh.unlink(missing_ok=True)
    try:
        with closing(connect_reader(path)) as connection:
            saver = _Saver(Salvage(connection, path.stat().st_size), fresh, progress)
            readable = saver.run()
        take_place(path, fresh if readable else None, aside)
    finally:
        fresh.unlink(missing_ok=True)
    return Saved(aside.name, saver.rows, frozenset(saver.lost), frozenset(saver.days), saver.salvage.unreadable)


def _is_any(_row: Row) -> bool:
    return True


class _Saver:
    """Copies table by table and leaves out what is not sound."""

    def __init__(self, salvage: Salvage, fresh: Path, progress: Progress) -> None:
        self.salvage = salvage
        self.rows = 0
        self.lost: set[TileKey] = set()
        self.days: set[int] = set()
        self._fresh = fresh
        self._progress = progress
        self._newest: dict[str, int] = {}
        self._tests: dict[str, Callable[[Row], bool]] = {
            "tile": self._is_sound_tile,
            "keyframe": self._is_sound_keyframe,
            "part": lambda row: not blob_problem(decode_tile if row[0] == RAW else decode_rollup, row[-1]),
            "head": lambda row: not blob_problem(decode_head, row[-1]),
        }

    def run(self) -> bool:
        """Write the fresh file; False when the damaged one does not even say what tables it has."""
        tables, others = self.salvage.statements()
        if not tables:
            return False
        with closing(sqlite3.connect(self._fresh, isolation_level=None)) as connection:
            connection.execute("PRAGMA page_size=8192")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("BEGIN")
            for statement in tables:
                connection.execute(statement)
            for table in self.salvage.tables():
                self._copy(connection, table)
            for statement in others:
                connection.execute(statement)
            self._count_on(connection)
            connection.execute("COMMIT")
        return True

    def _copy(self, connection: sqlite3.Connection, table: str) -> None:
        sound = self._tests.get(table, _is_any)
        gone = self.salvage.tile_keys() if table == "tile" else set()
        batch: list[Row] = []
        for row in self.salvage.rows(table, self._progress):
            if sound(row):
                batch.append(row)
                if table == "tile":
                    gone.discard(TileKey(*row[:7]))
            if len(batch) >= _ROWS_AT_ONCE:
                self._write(connection, table, batch)
        self._write(connection, table, batch)
        self._lose(gone)

    def _write(self, connection: sqlite3.Connection, table: str, batch: list[Row]) -> None:
        if batch:
            marks = ", ".join("?" * len(batch[0]))
            connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", batch)
            self.rows += len(batch)
            batch.clear()

    def _is_sound_tile(self, row: Row) -> bool:
        self._note(row[1], row[_SEQ] if len(row) > _SEQ else 0)  # the first version had no such column
        if not tile_problem(row[0], row[7], row[8], full=True):
            return True
        self._lose([TileKey(*row[:7])])
        return False

    def _is_sound_keyframe(self, row: Row) -> bool:
        self._note(row[0], row[3])
        if not blob_problem(decode_keyframe, row[4]):
            return True
        self.days.add(row[2] // WINDOWS_IN_DAY)
        return False

    def _note(self, origin: str, seq: int) -> None:
        self._newest[origin] = max(self._newest.get(origin, 0), seq)

    def _lose(self, keys: Iterable[TileKey]) -> None:
        for key in keys:
            self.lost.add(key)
            self.days.add(key.hour // 24)

    def _count_on(self, connection: sqlite3.Connection) -> None:
        # What a merge noted as known may be lost now: the next bundle brings it again.
        connection.execute("DELETE FROM meta WHERE key LIKE ?", (KNOWN + "%",))
        for origin, newest in self._newest.items():
            row = (SEQ_FLOOR + origin, str(newest + SKIPPED_NUMBERS))
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", row)
