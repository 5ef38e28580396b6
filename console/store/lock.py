"""The lock of a site folder: one collector at a time, released by the operating system when its holder dies."""

import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_FILE = "site.lock"

_GUARDED_BYTE = 1 << 30
"""Windows locks bytes, not files, and bars them from reading: the locked byte lies far behind the holder's name."""


class Holder(msgspec.Struct, frozen=True):
    """Who holds a lock.

    Attributes:
        pid: Process id; 0 when the file does not say.
        purpose: "collector", "site import".
        since: UTC seconds.
    """

    pid: int = 0
    purpose: str = ""
    since: float = 0.0


class FolderBusy(Exception):
    """Another process holds the folder. `holder` names it; the text is one sentence with the remedy."""

    def __init__(self, folder: Path, holder: Holder) -> None:
        who = f"process {holder.pid} ({holder.purpose or 'unnamed'})" if holder.pid else "another process"
        super().__init__(f"{folder} is in use by {who}: stop it, or attach to it instead of writing beside it")
        self.holder = holder


class FolderLock:
    """The exclusive right to write in a site folder. A context manager; not re-entrant."""

    def __init__(self, folder: Path, purpose: str = "collector") -> None:
        self._folder = folder
        self._purpose = purpose
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Take the lock without waiting; raises `FolderBusy` when somebody has it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / LOCK_FILE
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        try:
            _lock(file)
        except OSError as error:
            file.close()
            raise FolderBusy(self._folder, holder_of(self._folder)) from error
        file.truncate(0)
        file.write(msgspec.json.encode(Holder(os.getpid(), self._purpose, time.time())))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._file is not None:
            self._file.truncate(0)
            _unlock(self._file)
            self._file.close()
            self._file = None

    def is_lost(self) -> bool:
        """Whether the folder has been removed, moved or replaced, so that the lock guards nothing any more."""
        if self._file is None:
            return True
        try:
            there = (self._folder / LOCK_FILE).stat()
        except OSError:
            return True
        return not os.path.samestat(there, os.fstat(self._file.fileno()))

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def holder_of(folder: Path) -> Holder:
    """What the lock file says about its holder; a blank `Holder` when it says nothing. Does not test the lock."""
    try:
        return msgspec.json.decode((folder / LOCK_FILE).read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):
        return Holder()


if sys.platform == "win32":

    def _lock(file: IO[bytes]) -> None:
        file.seek(_GUARDED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)

    def _unlock(file: IO[bytes]) -> None:
        file.seek(_GUARDED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)
