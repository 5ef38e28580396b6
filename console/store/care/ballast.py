"""Room kept for decisions: a file that is given back to the disk when it fills up.

While there is room a ballast lies in the site folder. When the disk fills up it is removed and history stops being
written, so that acknowledgements, notes and a clean stop still find room. It is made anew, and history goes on, when
the disk has room for it and for some more; the two thresholds lie apart so that the state does not flutter.
"""

import logging
import os
import secrets
import shutil
from pathlib import Path

log = logging.getLogger(__name__)

FILE = "reserve.ballast"

SIZE = 64 * 1024 * 1024
"""Bytes on an ordinary disk: twice what may wait in memory (`backlog.LIMIT`), for the log and the file."""

SHARE = 16
"""On a small disk the ballast takes at most this part of it."""

_BLOCK = 1 << 20
MB = 1_000_000


class Ballast:
    """The reserve of one site folder. Every method touches the disk: call it in a thread, one at a time.

    Attributes:
        refusal: Empty, or why history must not be written now, as a sentence.
    """

    def __init__(self, folder: Path) -> None:
        self.refusal = ""
        self._folder = folder
        self._path = folder / FILE
        self._size = min(SIZE, shutil.disk_usage(folder).total // SHARE)

    @property
    def low(self) -> int:
        """Free bytes below which the disk counts as full."""
        return self._size // 4

    @property
    def high(self) -> int:
        """Free bytes, without the ballast, from which on the disk counts as having room again."""
        return 2 * self._size

    def look(self, *, refused: bool = False) -> str:
        """Follow the state of the disk; returns `refusal` as it is now.

        Args:
            refused: Whether something could not be written for want of room; a quota does not show as a full disk.

        Raises:
            OSError: The folder cannot be read or written for another reason than a full disk.
        """
        free = shutil.disk_usage(self._folder).free
        if self.refusal:
            if free >= self.high and self._make():
                log.info("the disk of %s has room again: %d MB free", self._folder, free // MB)
                self.refusal = ""
        elif refused or free < self.low:
            self._release(free)
        elif self._there() < self._size and free >= self.high:
            self._make()
        return self.refusal

    def _there(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0

    def _release(self, free: int) -> None:
        kept = self._there()
        self._path.unlink(missing_ok=True)
        self.refusal = (
            f"The disk of {self._folder} is full ({free // MB} MB were left): history waits in memory until "
            f"{self.high // MB} MB are free. Decisions are kept, and reading goes on."
        )
        log.warning("%s A reserve of %d MB was given back.", self.refusal, kept // MB)

    def _make(self) -> bool:
        """Take the room; False when there is none after all."""
        try:
            with self._path.open("wb") as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, self._size)
                else:
                    _fill(self._path, self._size)
                os.fsync(file.fileno())
        except OSError as error:
            self._path.unlink(missing_ok=True)
            log.info("no room for a reserve in %s: %s", self._folder, error)
            return False
        return True


def _fill(path: Path, size: int) -> None:
    """Write what no file system stores in less room than it takes."""
    block = secrets.token_bytes(_BLOCK)
    with path.open("wb") as file:
        left = size
        while left > 0:
            file.write(block[:left])
            left -= _BLOCK
