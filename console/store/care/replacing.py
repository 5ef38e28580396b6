"""A fresh file takes the place of a damaged one, which is kept under another name."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from console.store.care.folder import logs_of, sync_file, sync_folder

FRESH = ".saved"
"""Behind the name of the file that is to take the place."""


def name_aside(path: Path) -> Path:
    """Where a damaged file is kept: a name that no reader of the folder looks at."""
    stamp = datetime.fromtimestamp(time.time(), UTC).strftime("%Y%m%dT%H%M%S")
    return path.with_name(f"{path.name}.damaged-{stamp}Z")


def take_place(path: Path, fresh: Path | None, aside: Path) -> None:
    """Keep the file at `path` under the name `aside`, its log too, and put `fresh` in its place; None leaves none.

    At every moment one of the two stands at `path`, where the file system can give a file two names.
    """
    if fresh is not None:
        sync_file(fresh)
    for source in (path, *logs_of(path)):
        if source.exists():
            _also_call(source, aside.with_name(aside.name + source.name.removeprefix(path.name)))
    for log in logs_of(path):
        # It belongs to the damaged file: beside a fresh one it would be taken for that one's.
        log.unlink(missing_ok=True)
    if fresh is not None:
        fresh.replace(path)
    else:
        path.unlink(missing_ok=True)
    sync_folder(path.parent)


def _also_call(path: Path, other: Path) -> None:
    try:
        other.hardlink_to(path)
    except OSError:
        if os.path.lexists(other):
            raise
        path.rename(other)
