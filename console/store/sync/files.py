"""A folder as the taking side where no collector runs: its console file, its events, its files of history.

Nothing is written under the folder's own name, so that it stays whose it is, also on a stick or another computer.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Self
from uuid import UUID

from console.store.database import Database
from console.store.engine import open_writer
from console.store.history.history_file import HistoryFile
from console.store.migrations import stored_origin, upgrade
from console.store.migrations.safety_copy import keep_copy_of_older
from console.store.records.event_log import EventLog
from console.store.sync.receive import Receiver
from console.store.sync.source import CONSOLE_FILE
from console.store.sync.state import history_file, history_names

_MOST_OPEN = 4


class FolderFiles:
    """The `Files` of a folder without a collector. Use as an async context manager."""

    def __init__(self, folder: Path, origin: UUID) -> None:
        self._folder = folder
        self._origin = origin
        self._open: dict[str, HistoryFile] = {}

    def names(self) -> list[str]:
        """The files that exist."""
        return history_names(self._folder)

    @asynccontextmanager
    async def lend(self, name: str) -> AsyncIterator[Database]:
        """A file for writing; a new one belongs to this folder's origin. Raises `StoreError`, `StoreFull`."""
        file = self._open.get(name)
        if file is None:
            while len(self._open) >= _MOST_OPEN:
                await self._open.pop(next(iter(self._open))).close()
            file = await HistoryFile.open(history_file(self._folder, name), self._origin)
            self._open[name] = file
        yield file.database

    async def __aenter__(self) -> Self:
        """Nothing is opened yet."""
        await asyncio.to_thread((self._folder / "history").mkdir, parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close what was opened; each file's log is folded in."""
        while self._open:
            await self._open.popitem()[1].close()


@asynccontextmanager
async def open_receiver(folder: Path, wall: Callable[[], float] = time.time) -> AsyncIterator[Receiver]:
    """A folder that takes rows in; made when it is new. The caller holds its lock.

    Args:
        folder: A site folder, or one to be.
        wall: UTC seconds now: events dated far ahead of it are refused.

    Raises:
        StoreError: A newer program wrote it.
        StoreFull: The disk takes no more.
    """
    path = folder / CONSOLE_FILE
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(keep_copy_of_older, path)
    async with AsyncExitStack() as stack:
        console = Database(open_writer(path), path, writable=True)
        stack.push_async_callback(console.close)
        await console.write(partial(upgrade, history=False))
        origin = await console.read(stored_origin)
        files = await stack.enter_async_context(FolderFiles(folder, origin))
        yield Receiver(console, EventLog(console, origin, wall), files, origin)
