"""Checks of the environment: what this program needs, whether it is there, and what to do when it is not."""

import ctypes
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import keyring
from keyring.errors import KeyringError

from console.support.environment import FILES_WANTED, free_bytes, open_files
from console.support.sqlite_release import REMEDY, is_sound
from resources import system_libraries

GIB = 1 << 30
DISK_WANTED = 5 * GIB
"""About a year of history of 3,000 miners."""

PACKAGES = ("PySide6-Essentials", "numpy", "SQLAlchemy", "pysnmp", "pymodbus", "qasync", "pyqtgraph", "msgspec")


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        name: What was looked at.
        ok: Whether it is as it should be.
        detail: What was found.
        remedy: What to do; empty when there is nothing to do.
        needed: False for what only some uses need: it is said, and does not count as a problem.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    needed: bool = True


def check_python() -> Check:
    """At least 3.11."""
    found = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", sys.version_info >= (3, 11), found, "install Python 3.11 or newer")


def check_packages() -> Check:
    """The packages whose absence shows late."""
    missing, found = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    detail = f"missing: {', '.join(missing)}" if missing else ", ".join(found)
    return Check("Packages", not missing, detail, "run `python3 -m installer setup`")


def check_sqlite() -> Check:
    """Free of the bug that can corrupt a database when two connections reset its log."""
    sound = is_sound(sqlite3.sqlite_version_info)
    detail = sqlite3.sqlite_version if sound else f"{sqlite3.sqlite_version} has the WAL-reset bug"
    return Check(
        "SQLite",
        sound,
        detail,
        f"{REMEDY}; until then only the collector resets the log",
        needed=False,
    )


def check_keyring() -> Check:
    """A place for secrets: SNMP v3 users and logins."""
    try:
        backend = keyring.get_keyring()
        priority = float(backend.priority)
    except (KeyringError, RuntimeError) as error:
        return Check("Keyring", False, str(error), "install a keyring (gnome-keyring, KWallet)", needed=False)
    name = f"{type(backend).__module__}.{type(backend).__name__}"
    return Check("Keyring", priority > 0, name, "install a keyring to store logins and SNMP v3 users", needed=False)


def check_disk(folder: Path) -> Check:
    """Room for history."""
    free = free_bytes(folder)
    return Check("Disk", free >= DISK_WANTED, f"{free / GIB:.1f} GiB free at {folder}", "free some space", needed=False)


def check_files() -> Check:
    """Enough sockets for a large site."""
    soft, hard = open_files()
    reach = max(soft, hard)
    return Check("Open files", reach >= FILES_WANTED, f"{soft}, may be raised to {hard}", "raise `ulimit -Hn` to 4096")


def check_display() -> Check:
    """Somewhere to show a window."""
    name = "Display"
    if not sys.platform.startswith("linux"):
        return Check(name, True, "the desktop of this system")
    found = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or ""
    remedy = "log in to a desktop, or use `terrahash demo --headless` and the other commands"
    return Check(name, bool(found), found or "none", remedy, needed=False)


def _loadable(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def check_libraries(name: str, libraries: dict[str, str], *, needed: bool) -> Check:
    """The system libraries that Qt loads at start."""
    if not sys.platform.startswith("linux"):
        return Check(name, True, "come with the system")
    missing = [package for library, package in libraries.items() if not _loadable(library)]
    detail = f"missing: {', '.join(missing)}" if missing else f"all {len(libraries)} found"
    return Check(name, not missing, detail, f"apt-get install {' '.join(missing)}" if missing else "", needed=needed)


def checks(folder: Path) -> Iterable[Callable[[], Check]]:
    """All checks, in the order of a report."""
    return (
        check_python,
        check_packages,
        lambda: check_libraries("Qt libraries", system_libraries("offscreen"), needed=True),
        lambda: check_libraries(
            "Qt libraries for a window", system_libraries("window"), needed=bool(os.environ.get("DISPLAY"))
        ),
        check_display,
        check_sqlite,
        check_keyring,
        lambda: check_disk(folder),
        check_files,
    )
