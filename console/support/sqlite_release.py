"""Releases of SQLite and the bug that two connections can meet. Standard library only: the installer looks here too.

The WAL-reset bug can corrupt a file when two connections checkpoint and commit at the same instant. It is in 3.7.0 to
3.51.2 and repaired in 3.44.6, 3.50.7 and 3.51.3 (sqlite.org, release notes of 3.51.3).
"""

from collections.abc import Sequence

_BROKEN_SINCE = (3, 7, 0)
_REPAIRED_SINCE = (3, 51, 3)
_REPAIRED_IN_LINE = {(3, 44): (3, 44, 6), (3, 50): (3, 50, 7)}

REMEDY = "install Python with SQLite 3.44.6, 3.50.7, 3.51.3 or newer"


def is_sound(release: Sequence[int]) -> bool:
    """Whether a release (3, 46, 1) is free of the bug."""
    known = tuple(release)
    line = known[0], known[1]
    return known < _BROKEN_SINCE or known >= _REPAIRED_IN_LINE.get(line, _REPAIRED_SINCE)
