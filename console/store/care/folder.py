"""The database files of a site folder, and a way to replace one so that a crash leaves the old or the new."""

import os
import re
from pathlib import Path

CONSOLE_FILE = "console.sqlite"
HISTORY_FOLDER = "history"

_HISTORY_NAME = re.compile(r"[0-9]{4}(-[0-9]{2})?\.sqlite")


def history_files(folder: Path) -> list[Path]:
    """Months and years of history, ascending by name; a year (`2026`) stands before its months (`2026-01`)."""
    found = [path for path in (folder / HISTORY_FOLDER).glob("*.sqlite") if _HISTORY_NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: path.stem)


def database_files(folder: Path) -> list[Path]:
    """console.sqlite and all history."""
    return [path for path in [folder / CONSOLE_FILE] if path.exists()] + history_files(folder)


def is_database_name(name: str) -> bool:
    """Whether a relative name with slashes is one that `database_files` gives."""
    parent, _, last = name.rpartition("/")
    return name == CONSOLE_FILE or (parent == HISTORY_FOLDER and _HISTORY_NAME.fullmatch(last) is not None)


def size_with_log(path: Path) -> int:
    """Bytes of a database file and of its write-ahead log."""
    return sum(one.stat().st_size for one in (path, path.with_name(path.name + "-wal")) if one.exists())


def logs_of(path: Path) -> list[Path]:
    """What SQLite may keep beside a database file, whether it is there or not: logs and shared memory."""
    return [path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal")]


def sync_file(path: Path) -> None:
    """Bring a file's content onto the disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder onto the disk; nothing to do on Windows, which does so itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
