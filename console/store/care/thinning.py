"""A month with some of its levels left out, as a fresh file."""

import sqlite3
import time
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from console.store.care.progress import Progress
from console.store.history.adoption import SEQ_FLOOR
from console.store.history.levels import HOUR, MINUTE, RAW, tiles_of_part

LEVEL_NUMBERS = {"raw": RAW, "minute": MINUTE, "hour": HOUR}

THINNED = "thinned:"
"""Key in `meta` before the name of a level that was given up; the value is the UTC second when."""

_TILES = len(tiles_of_part(MINUTE, 0))
"""Tiles of minutes that the series of one tile of raw samples, or of hours, stand in."""

_RAW_WITHOUT_MINUTES = f"""
SELECT count(*) FROM (SELECT DISTINCT origin, shard, point, chunk, hour / 24 AS day FROM tile WHERE level = 0) AS raw
WHERE NOT EXISTS (
    SELECT 1 FROM tile AS coarse WHERE coarse.level = 1 AND coarse.origin = raw.origin AND coarse.shard = raw.shard
    AND coarse.point = raw.point AND coarse.hour = raw.day * 24
    AND coarse.chunk BETWEEN raw.chunk * {_TILES} AND raw.chunk * {_TILES} + {_TILES - 1})
"""
_FINE_WITHOUT_HOURS = f"""
SELECT count(*) FROM (
    SELECT DISTINCT origin, shard, point, CASE level WHEN {MINUTE} THEN chunk / {_TILES} ELSE chunk END AS chunk
    FROM tile WHERE level < {HOUR}) AS fine
WHERE NOT EXISTS (
    SELECT 1 FROM tile AS coarse WHERE coarse.level = 2 AND coarse.origin = fine.origin AND coarse.shard = fine.shard
    AND coarse.point = fine.point AND coarse.chunk = fine.chunk)
"""


def levels_in(connection: sqlite3.Connection) -> set[str]:
    """Names of the levels that a file of history holds rows of."""
    numbers = {row[0] for row in connection.execute("SELECT DISTINCT level FROM tile")}
    found = {name for name, number in LEVEL_NUMBERS.items() if number in numbers}
    if numbers - set(LEVEL_NUMBERS.values()):
        found.add("day")
    if _has_table(connection, "keyframe") and connection.execute("SELECT 1 FROM keyframe LIMIT 1").fetchone():
        found.add("keyframe")
    return found


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return connection.execute(query, (name,)).fetchone() is not None


def is_complete(connection: sqlite3.Connection, levels: Collection[str]) -> str:
    """Empty when what is coarser than `levels` has been made, else why they must stay."""
    if not _has_table(connection, "part"):
        return "an older version wrote it, and its minutes were never worked out"
    for table in ("head", "part"):
        if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():
            return "some of its samples wait to become tiles"
    wanted = [_FINE_WITHOUT_HOURS] if {"raw", "minute"} & set(levels) else []
    if "raw" in levels and "minute" not in levels:
        wanted.append(_RAW_WITHOUT_MINUTES)
    missing = sum(connection.execute(query).fetchone()[0] for query in wanted)
    return f"{missing} tiles of its coarser levels were never worked out" if missing else ""


def write_thinned(path: Path, fresh: Path, levels: Collection[str], progress: Progress) -> None:
    """Write `fresh`: everything in the file at `path` but `levels`. The file at `path` has no log.

    Raises:
        sqlite3.Error: It cannot be read, or the disk is full.
        Cancelled: Called off.
    """
    numbers = [LEVEL_NUMBERS[name] for name in levels if name in LEVEL_NUMBERS]
    left_out = {"tile": f"level IN ({','.join(map(str, numbers))})"} if numbers else {}
    if "keyframe" in levels:
        left_out["keyframe"] = "1"
    with closing(sqlite3.connect(fresh, isolation_level=None)) as connection, progress.watching(connection):
        connection.execute("ATTACH DATABASE ? AS old", (str(path),))
        (page_size,) = connection.execute("PRAGMA old.page_size").fetchone()
        connection.execute(f"PRAGMA main.page_size={page_size}")
        connection.execute("PRAGMA main.journal_mode=OFF")
        connection.execute("PRAGMA main.synchronous=OFF")
        connection.execute("BEGIN")
        _copy_tables(connection, left_out, progress)
        _note(connection, levels)
        connection.execute("COMMIT")
        connection.execute("DETACH DATABASE old")
    # Nobody keeps a log for the fresh file until it is written to again.
    with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _copy_tables(connection: sqlite3.Connection, left_out: dict[str, str], progress: Progress) -> None:
    query = "SELECT name, sql FROM old.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    tables = connection.execute(query).fetchall()
    for done, (name, statement) in enumerate(tables):
        progress.step(f"writing {name}", done, len(tables))
        connection.execute(statement)
        condition = f" WHERE NOT ({left_out[name]})" if name in left_out else ""
        connection.execute(f'INSERT INTO main."{name}" SELECT * FROM old."{name}"{condition}')
    rest = "SELECT sql FROM old.sqlite_master WHERE type <> 'table' AND sql IS NOT NULL ORDER BY type"
    for (statement,) in connection.execute(rest).fetchall():
        connection.execute(statement)


def _note(connection: sqlite3.Connection, levels: Collection[str]) -> None:
    """What was given up, and how far each origin had counted: a number once given must not come again."""
    now = str(time.time())
    rows = [(THINNED + name, now) for name in levels]
    for table in ("tile", "keyframe"):
        query = f"SELECT origin, max(seq) FROM old.{table} GROUP BY origin"
        rows += [(SEQ_FLOOR + origin, str(greatest)) for origin, greatest in connection.execute(query)]
    for key, value in rows:
        connection.execute(
            "INSERT INTO main.meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2"
            " WHERE CAST(value AS REAL) < CAST(?2 AS REAL)",
            (key, value),
        )
