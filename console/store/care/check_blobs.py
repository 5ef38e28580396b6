"""Whether every blob of a file of history is what was written, and can be decoded."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import TypeAlias

from console.store.care.findings import Finding, Problems
from console.store.care.progress import Progress
from console.store.care.span_text import tile_text, window_text
from console.store.history.codec import CorruptBlob
from console.store.history.heads import decode_head
from console.store.history.keyframes import decode_keyframe
from console.store.history.levels import DAY, HOUR, KPI, MINUTE, RAW
from console.store.history.rollups import decode_rollup
from console.store.history.tiles import decode_tile, series_of

AT_ONCE = 400
"""Rows read in one short transaction, so that a long check never holds up the writer's log."""

_MATRIX_LEVELS = (RAW, KPI)
_ROLLED_LEVELS = (MINUTE, HOUR, DAY)

Row: TypeAlias = tuple[object, ...]

_DECODERS: dict[int, Callable[[bytes], object]] = {
    **dict.fromkeys(_MATRIX_LEVELS, decode_tile),
    **dict.fromkeys(_ROLLED_LEVELS, decode_rollup),
}


def tile_problem(level: int, digest: bytes, body: bytes, *, full: bool) -> str:
    """Why a tile is not sound; empty when it is. Always compares the hash; `full` decodes it too."""
    if hashlib.blake2b(body, digest_size=16).digest() != digest:
        return "its hash differs"
    try:
        if full and level in _DECODERS:
            _DECODERS[level](body)
        elif level in _MATRIX_LEVELS:
            series_of(body)
    except CorruptBlob as error:
        return str(error)
    return ""


def blob_problem(decode: Callable[[bytes], object], body: bytes) -> str:
    """Why a blob without a hash is not sound; empty when it is."""
    try:
        decode(body)
    except CorruptBlob as error:
        return str(error)
    return ""


def check_tiles(connection: sqlite3.Connection, name: str, *, full: bool, progress: Progress) -> Finding:
    """Hashes of all tiles; with `full` each is decoded, which checks its checksums."""
    problems = Problems()
    count = 0
    query = "SELECT rowid, level, point, chunk, hour, hash, body FROM tile WHERE rowid > ? ORDER BY rowid LIMIT ?"
    try:
        (last,) = connection.execute("SELECT coalesce(max(rowid), 0) FROM tile").fetchone()
        for rowid, level, point, chunk, hour, digest, body in _by_rowid(connection, query):
            count += 1
            if count % AT_ONCE == 1:
                progress.step(f"reading the tiles of {name}", rowid, last)
            if reason := tile_problem(level, digest, body, full=full):
                problems.add(f"{tile_text(level, point, chunk, hour)}: {reason}")
    except sqlite3.DatabaseError as error:
        problems.add(str(error))
    seen = f"{count} tiles " + ("decoded" if full else "compared with their hashes")
    return problems.finding(f"{name}: tiles", seen)


def _by_rowid(connection: sqlite3.Connection, query: str) -> Iterator[tuple[int, int, str, int, int, bytes, bytes]]:
    after = 0
    while rows := connection.execute(query, (after, AT_ONCE)).fetchall():
        yield from rows
        after = rows[-1][0]


def check_moments(connection: sqlite3.Connection, name: str, progress: Progress) -> Finding:
    """Keyframes, and samples that wait to become tiles: each is decoded."""
    problems = Problems()
    count = 0
    try:
        for what, decode, rows in _moments(connection):
            for window, body in rows:
                count += 1
                if count % AT_ONCE == 1:
                    progress.step(f"reading the keyframes of {name}")
                if reason := blob_problem(decode, body):
                    problems.add(f"{what} of {window_text(window)}: {reason}")
    except sqlite3.DatabaseError as error:
        problems.add(str(error))
    return problems.finding(f"{name}: keyframes", f"{count} keyframes and waiting windows decoded")


def _moments(
    connection: sqlite3.Connection,
) -> Iterator[tuple[str, Callable[[bytes], object], Iterator[tuple[int, bytes]]]]:
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "keyframe" in names:
        frames = "SELECT rowid, window, body FROM keyframe WHERE rowid > ? ORDER BY rowid LIMIT ?"
        yield "the keyframe", decode_keyframe, _windows(connection, frames)
        heads = connection.execute("SELECT window, body FROM head").fetchall()
        yield "a sweep", decode_head, iter(heads)
        for level, decode in ((RAW, decode_tile), (MINUTE, decode_rollup)):
            parts = connection.execute("SELECT window, body FROM part WHERE level = ?", (level,)).fetchall()
            yield "a part", decode, iter(parts)


def _windows(connection: sqlite3.Connection, query: str) -> Iterator[tuple[int, bytes]]:
    after = 0
    while rows := connection.execute(query, (after, AT_ONCE)).fetchall():
        for _, window, body in rows:
            yield window, body
        after = rows[-1][0]
