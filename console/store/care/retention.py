"""Deleting history that is old enough: whole files, or levels of detail out of a month.

A month is thinned by writing what remains into a fresh file that takes its place in one rename: a crash leaves the old
file or the new one, and nothing is deleted row by row, which would leave a large file full of holes. A level leaves a
month when the month's last second is old enough, so a sample may stay up to a month longer than the policy says.
"""

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from console.services.ports import StoreFull
from console.store.care.folder import history_files, logs_of, size_with_log, sync_file, sync_folder
from console.store.care.months import end_of, is_month
from console.store.care.policy import Policy
from console.store.care.progress import Progress
from console.store.care.thinning import is_complete, levels_in, write_thinned
from console.store.engine import connect_reader, connect_writer, full_disk_as_store_full
from console.store.history.levels import SECONDS_IN_DAY

log = logging.getLogger(__name__)

ENDING = ".thin"
"""Behind the name of the file that is to replace a month."""

MONTH_LEVELS = ("raw", "keyframe", "minute", "hour")


@dataclass(frozen=True, slots=True)
class Due:
    """A file from which something is to go: the levels, and whether that is all there is in it."""

    path: Path
    levels: tuple[str, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Freed:
    """What was deleted: of which file, which levels, and bytes before and after (0: the file is gone)."""

    name: str
    levels: tuple[str, ...]
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that stays although it is old enough, and why."""

    name: str
    reason: str


class Held(Exception):
    """The file cannot be replaced now; the text says why."""


def due_files(folder: Path, policy: Policy, now: float) -> list[Due]:
    """What the policy gives up at UTC second `now`, oldest first. Looks into the files. Raises `StoreError`."""
    found: list[Due] = []
    for path in history_files(folder):
        names = MONTH_LEVELS if is_month(path.stem) else ("day",)
        expired = [name for name in names if _is_over(path.stem, policy.days(name), now)]
        if not expired:
            continue
        with closing(connect_reader(path)) as connection:
            there = tuple(name for name in expired if name in levels_in(connection))
        whole = len(expired) == len(names)
        if there or whole:
            found.append(Due(path, there, whole))
    return found


def _is_over(name: str, days: float | None, now: float) -> bool:
    return days is not None and end_of(name) + days * SECONDS_IN_DAY <= now


def give_up(due: Due, progress: Progress) -> Freed | Kept:
    """Delete or thin one file that nobody writes; readers that hold it go on with what they have.

    Raises:
        Cancelled: Called off; the file is as it was.
    """
    fresh = due.path.with_name(due.path.name + ENDING)
    before = size_with_log(due.path)
    try:
        with full_disk_as_store_full(due.path.parent):
            if due.whole:
                due.path.unlink()
                _remove_logs(due.path)
            else:
                _thin(due, fresh, progress)
            sync_folder(due.path.parent)
    except (Held, StoreFull, PermissionError) as error:
        return Kept(due.path.stem, str(error))
    finally:
        for leftover in (fresh, *logs_of(fresh)):
            leftover.unlink(missing_ok=True)
    after = size_with_log(due.path) if due.path.exists() else 0
    return Freed(due.path.stem, due.levels, before, after)


def _thin(due: Due, fresh: Path, progress: Progress) -> None:
    fresh.unlink(missing_ok=True)
    with closing(connect_writer(due.path)) as connection:
        reason = is_complete(connection, due.levels)
    if reason:
        raise Held(reason)
    _fold_log_in(due.path)
    write_thinned(due.path, fresh, due.levels, progress)
    sync_file(fresh)
    # A log left behind by a reader of the old file would be taken for one of the new file: it goes first, and once
    # more in case that a reader made it anew in between. The new file keeps no log until somebody writes to it.
    _remove_logs(due.path)
    fresh.replace(due.path)
    _remove_logs(due.path)


def _fold_log_in(path: Path) -> None:
    """Bring everything from the log into the file, and empty the log. Raises `Held` while a reader is at it."""
    with closing(connect_writer(path)) as connection:
        connection.execute("PRAGMA busy_timeout=500")  # tomorrow is early enough
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise Held("somebody is reading it just now")
    _remove_logs(path)


def _remove_logs(path: Path) -> None:
    for log_file in logs_of(path):
        log_file.unlink(missing_ok=True)


def retain(folder: Path, policy: Policy, now: float, progress: Progress) -> Sequence[Freed | Kept]:
    """Give up everything that is due. The caller holds the folder's lock, and no file of the past is being written.

    Raises:
        StoreError: A file cannot be read.
        Cancelled: Called off; what was done stays done.
    """
    found: list[Freed | Kept] = []
    for due in due_files(folder, policy, now):
        progress.step(f"thinning {due.path.stem}")
        found.append(give_up(due, progress))
    return found
