"""Roll-ups and keyframes made again where they were lost or are wrong."""

import asyncio
import sqlite3
from collections.abc import Collection
from contextlib import closing
from itertools import groupby
from pathlib import Path
from uuid import UUID

from console.store.care.folder import HISTORY_FOLDER
from console.store.care.progress import Progress
from console.store.engine import connect_reader, connect_writer
from console.store.history.codec import CorruptBlob
from console.store.history.historian import Historian
from console.store.history.levels import MINUTE, RAW, SECONDS_IN_DAY, WINDOWS_IN_DAY, parts_of_tile
from console.store.history.rollups import Stats, decode_rollup, encode_rollup

_MINUTES_IN_WINDOW = 10


async def remake(folder: Path, month: str, days: Collection[int], progress: Progress, now: float) -> None:
    """Make minutes, hours, days, keyframes and figures of some UTC days of a month again, of its own origin.

    Where raw samples remain it is done from them, else from the minutes.

    Raises:
        StoreFull: No room.
        Cancelled: Called off between two days; every day is as it was or made again.
    """
    path = folder / HISTORY_FOLDER / f"{month}.sqlite"
    origin = await asyncio.to_thread(_prepare, path, days)
    historian = Historian(folder, origin)
    try:
        await historian.resume()
        for done, day in enumerate(sorted(days)):
            progress.step(f"working out {month} again", done, len(days))
            start = day * SECONDS_IN_DAY
            await historian.recompute(start, start + SECONDS_IN_DAY, at=now)
    finally:
        await historian.close()


def _prepare(path: Path, days: Collection[int]) -> UUID:
    """Lay the minutes of days without raw samples out as windows again, which closing the day then takes up."""
    with closing(connect_writer(path)) as connection:
        (origin,) = connection.execute("SELECT value FROM meta WHERE key = 'origin'").fetchone()
        connection.execute("BEGIN IMMEDIATE")
        for day in sorted(days):
            raw = "SELECT 1 FROM tile WHERE level = ? AND origin = ? AND hour BETWEEN ? AND ? LIMIT 1"
            if connection.execute(raw, (RAW, origin, day * 24, day * 24 + 23)).fetchone() is None:
                _lay_out(connection, origin, day)
        connection.execute("COMMIT")
    return UUID(origin)


def _lay_out(connection: sqlite3.Connection, origin: str, day: int) -> None:
    scales = dict(connection.execute("SELECT name, scale FROM point"))
    tiles = connection.execute(
        "SELECT shard, point, chunk, body FROM tile WHERE level = ? AND origin = ? AND hour = ? ORDER BY 1, 2, 3",
        (MINUTE, origin, day * 24),
    ).fetchall()
    for (shard, point, chunk), mine in groupby(tiles, lambda row: (row[0], row[1], parts_of_tile(MINUTE, row[2])[0])):
        pieces: dict[int, Stats] = {}
        for *_, tile, body in mine:
            try:
                pieces[parts_of_tile(MINUTE, tile)[1]] = decode_rollup(body)
            except CorruptBlob:
                continue  # it stays as it is, and the next check names it
        if pieces:
            _write_parts(connection, (shard, point, chunk), day, Stats.stacked(pieces), scales[point])


def _write_parts(
    connection: sqlite3.Connection, place: tuple[int, str, int], day: int, stats: Stats, scale: float
) -> None:
    """Write a day's minutes as the parts of its windows; `place` is shard, point and chunk."""
    for window in range(WINDOWS_IN_DAY):
        mine = stats.part(slice(window * _MINUTES_IN_WINDOW, (window + 1) * _MINUTES_IN_WINDOW))
        if mine.count.shape[1] == _MINUTES_IN_WINDOW and (mine.count > 0).any():
            row = (MINUTE, *place, day * WINDOWS_IN_DAY + window, encode_rollup(mine, scale))
            connection.execute("INSERT OR IGNORE INTO part VALUES (?, ?, ?, ?, ?, ?)", row)


def days_with_minutes(path: Path) -> set[int]:
    """UTC days since the epoch of which a month has minute tiles."""
    with closing(connect_reader(path)) as connection:
        return {hour // 24 for (hour,) in connection.execute("SELECT DISTINCT hour FROM tile WHERE level = 1")}
