"""The copy of an older file that is made before it is brought to a newer version."""

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from console.services.ports import StoreFull
from console.store.engine import StoreError, full_disk_as_store_full
from console.store.migrations import SCHEMA, refuse_newer

_SPARE = 16 * 1024 * 1024
"""Bytes that stay free on the disk beside the copy, for the migration itself."""


def version_of(path: Path) -> int:
    """Schema version of a file; 0 for one that does not exist or is empty. Touches the disk.

    Raises:
        StoreError: The file is no database.
    """
    if not path.exists() or not path.stat().st_size:
        return 0
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None:
                return 0
            found = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
            return int(found[0]) if found else 0
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path} cannot be read: {error}.") from error


def copy_path(path: Path, version: int) -> Path:
    """Where the copy of a file of this version stands."""
    return path.with_name(f"{path.name}.v{version}.bak")


def keep_copy_of_older(path: Path) -> Path | None:
    """Copy a file of an older version beside it, once, whole and durable; returns the copy, None where none is needed.

    Blocks for as long as the copy takes: not on a loop.

    Raises:
        StoreError: A newer program wrote the file, or it is no database.
        StoreFull: There is no room for the copy; the file was not changed.
    """
    version = version_of(path)
    refuse_newer(version)
    copy = copy_path(path, version)
    if version in {0, SCHEMA} or copy.exists():
        return None
    _refuse_without_room(path, version)
    unfinished = copy.with_name(f"{copy.name}.part")
    try:
        with full_disk_as_store_full(path.parent):
            _copy(path, unfinished)
            unfinished.rename(copy)
    finally:
        unfinished.unlink(missing_ok=True)
    return copy


def _copy(path: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as source,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        copy.execute("PRAGMA journal_mode=OFF")
        source.backup(copy)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _refuse_without_room(path: Path, version: int) -> None:
    log = path.with_name(path.name + "-wal")
    needed = path.stat().st_size + (log.stat().st_size if log.exists() else 0) + _SPARE
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise StoreFull(
            f"{path.name} has schema version {version} and is copied before it becomes version {SCHEMA}, which needs "
            f"{needed / 1e6:,.0f} MB; {free / 1e6:,.0f} MB are free. Nothing was changed: free some space, or open the "
            "folder with the version that wrote it."
        )
