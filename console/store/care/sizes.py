"""What a site folder takes on the disk, by level of detail and by file, and how fast it grows."""

import shutil
import sqlite3
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from console.store.care.folder import CONSOLE_FILE, history_files, size_with_log
from console.store.care.months import end_of, is_month
from console.store.care.policy import LEVEL_NAMES
from console.store.care.progress import Progress
from console.store.engine import StoreError, connect_reader
from console.store.history.levels import (
    DAY,
    HOUR,
    KPI,
    MINUTE,
    RAW,
    SECONDS_IN_DAY,
    SECONDS_IN_HOUR,
    WINDOWS_IN_DAY,
)

OTHER = "other"
"""Registry, texts, indexes, room that is free within the file, and its log."""

NAME_OF_LEVEL = {RAW: "raw", MINUTE: "minute", HOUR: "hour", DAY: "day", KPI: "day"}

MEASURED_DAYS = 7
"""Growth is what the last so many days with samples brought."""


@dataclass(frozen=True, slots=True)
class FileSize:
    """One file.

    Attributes:
        name: `yyyy-mm` or `yyyy`.
        size: Bytes on the disk, its log included.
        levels: Bytes of each level of `LEVEL_NAMES`, and `OTHER`; together they are `size`.
    """

    name: str
    size: int
    levels: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Storage:
    """A whole folder.

    Attributes:
        console: Bytes of console.sqlite.
        files: History, ascending by name.
        growth: Bytes that each level gains in a day; levels nobody has written yet are left out.
        devices: How many the site has.
        free, total: Bytes of the disk.
    """

    console: int
    files: tuple[FileSize, ...]
    growth: Mapping[str, float]
    devices: int
    free: int
    total: int


def measure(folder: Path, progress: Progress) -> Storage:
    """Look through a folder; beside a collector, and read-only.

    Raises:
        StoreError: There is no site, or a file cannot be read.
        Cancelled: Called off.
    """
    console = folder / CONSOLE_FILE
    if not console.exists():
        raise StoreError(f"{folder} is no site folder: it has no {CONSOLE_FILE}.")
    files: list[FileSize] = []
    gain = _Gain()
    paths = history_files(folder)
    for done, path in enumerate(reversed(paths)):
        progress.step(f"measuring {path.stem}", done, len(paths))
        try:
            with closing(connect_reader(path)) as connection, progress.watching(connection):
                files.append(_measure(connection, path))
                gain.take_in(connection, path.stem)
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{path} cannot be read: {error}. `terrahash verify` says more.") from error
    with closing(connect_reader(console)) as connection:
        devices = int(connection.execute("SELECT count(*) FROM device").fetchone()[0])
    disk = shutil.disk_usage(folder)
    return Storage(size_with_log(console), tuple(reversed(files)), gain.per_day(), devices, disk.free, disk.total)


def _measure(connection: sqlite3.Connection, path: Path) -> FileSize:
    levels: dict[str, int] = dict.fromkeys(LEVEL_NAMES, 0)
    there = table_names(connection)
    for table in ("tile", "part"):
        if table in there:
            query = f"SELECT level, sum(length(body)) FROM {table} GROUP BY level"
            for level, size in connection.execute(query):
                levels[NAME_OF_LEVEL[level]] += size
    for table, name in (("head", "raw"), ("keyframe", "keyframe")):
        if table in there:
            query = f"SELECT coalesce(sum(length(body)), 0) FROM {table}"
            levels[name] += connection.execute(query).fetchone()[0]
    size = size_with_log(path)
    levels[OTHER] = max(0, size - sum(levels.values()))
    return FileSize(path.stem, size, levels)


def table_names(connection: sqlite3.Connection) -> set[str]:
    """The tables of a file; one of an older version has fewer."""
    return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


class _Gain:
    """What the newest days brought; takes files in from the newest to the oldest."""

    def __init__(self) -> None:
        self._bytes: dict[str, float] = defaultdict(float)
        self._days: dict[str, float] = defaultdict(float)

    def take_in(self, connection: sqlite3.Connection, name: str) -> None:
        if is_month(name):
            self._newest(connection, "raw", _RAW_BY_DAY, 24.0)
            self._newest(connection, "minute", _MINUTE_BY_DAY, 1.0)
            if "keyframe" in table_names(connection):
                self._newest(connection, "keyframe", _KEYFRAMES_BY_DAY, WINDOWS_IN_DAY)
            self._spread(connection, "hour", (HOUR,), name)
        else:
            self._spread(connection, "day", (DAY, KPI), name)

    def _newest(self, connection: sqlite3.Connection, level: str, query: str, whole: float) -> None:
        """Days of a level with the share of each that is there, newest first."""
        for _, size, pieces in connection.execute(query, (MEASURED_DAYS,)):
            if self._days[level] < MEASURED_DAYS:
                self._bytes[level] += size
                self._days[level] += min(1.0, pieces / whole)

    def _spread(self, connection: sqlite3.Connection, level: str, levels: tuple[int, ...], name: str) -> None:
        """A tile that grows with every day of its span: the newest file says how much a day brings."""
        if self._days[level]:
            return
        marks = ",".join("?" * len(levels))
        query = f"SELECT coalesce(sum(length(body)), 0), min(hour) FROM tile WHERE level IN ({marks})"
        size, first = connection.execute(query, levels).fetchone()
        if size:
            span = (min(end_of(name), time.time()) - first * SECONDS_IN_HOUR) / SECONDS_IN_DAY
            self._bytes[level], self._days[level] = size, max(1.0, span)

    def per_day(self) -> dict[str, float]:
        return {level: self._bytes[level] / days for level, days in self._days.items() if days}


_RAW_BY_DAY = (
    "SELECT hour / 24 AS day, sum(length(body)), count(DISTINCT hour) FROM tile WHERE level = 0"
    " GROUP BY day ORDER BY day DESC LIMIT ?"
)
_MINUTE_BY_DAY = (
    "SELECT hour / 24 AS day, sum(length(body)), 1 FROM tile WHERE level = 1 GROUP BY day ORDER BY day DESC LIMIT ?"
)
_KEYFRAMES_BY_DAY = (
    "SELECT window / 144 AS day, sum(length(body)), count(DISTINCT window) FROM keyframe"
    " GROUP BY day ORDER BY day DESC LIMIT ?"
)
