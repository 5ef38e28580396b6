"""Which SQLite an interpreter carries: a packaged program must carry one without the WAL-reset bug."""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from console.support.sqlite_release import REMEDY, is_sound
from installer import OLDEST
from installer.failures import SetupError

NEWEST_MINOR = 14
ASK_SECONDS = 20


class BrokenSqlite(SetupError):
    """The interpreter's SQLite has the bug, or does not say which it is."""


def release_of(interpreter: Path) -> tuple[int, ...]:
    """The release of SQLite that an interpreter, or a program frozen from one, carries.

    Raises:
        BrokenSqlite: It has no sqlite3 module, or cannot be run.
    """
    command = [str(interpreter), "-c", "import sqlite3; print(sqlite3.sqlite_version)"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=ASK_SECONDS).stdout.strip()
        return tuple(int(part) for part in told.split("."))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise BrokenSqlite(f"{interpreter} does not say which SQLite it carries: {error}", REMEDY) from error


def require_sound(interpreter: Path) -> tuple[int, ...]:
    """Refuse to package with a SQLite that has the bug; returns its release. To be called by every packaging step.

    Raises:
        BrokenSqlite: With the remedy.
    """
    release = release_of(interpreter)
    if not is_sound(release):
        found = ".".join(map(str, release))
        raise BrokenSqlite(
            f"{interpreter} carries SQLite {found}, in which two connections can corrupt a file (the WAL-reset bug)",
            f"Package with another interpreter: {REMEDY}.",
        )
    return release


def sound_interpreter(folders: list[str]) -> str:
    """The name of a new enough interpreter in these folders that carries a sound SQLite; empty where none is."""
    for minor in range(NEWEST_MINOR, OLDEST[1] - 1, -1):
        name = f"python3.{minor}"
        found = shutil.which(name, path=os.pathsep.join(folders))
        if found is None:
            continue
        try:
            require_sound(Path(found))
        except BrokenSqlite:
            continue
        return name
    return ""


def advice(folders: list[str]) -> str:
    """A sentence for set-up when this interpreter's SQLite has the bug; empty when it has not.

    The program works all the same: only its one writer resets the log. Another interpreter is named, not taken: the
    choice of Python stays with whoever typed it.
    """
    if is_sound(sqlite3.sqlite_version_info):
        return ""
    better = sound_interpreter(folders)
    what = f"`{better} -m installer setup` uses one without it." if better else f"To be rid of it {REMEDY}."
    return f"  SQLite {sqlite3.sqlite_version} has the WAL-reset bug, which the console works around. {what}"
