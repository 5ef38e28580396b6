"""The store of a site folder, loaded when it is first asked for.

SQLAlchemy takes about a third of the time until the first picture, and the first picture needs no history.
"""

import asyncio
import importlib
from collections.abc import Collection, Sequence
from pathlib import Path
from uuid import UUID

from console.services.ports import Archive, History, Past, Total
from console.shell.workbench import FolderHistory


class LateHistory:
    """The history of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opening = asyncio.Lock()
        self._reader: FolderHistory | None = None

    async def read(
        self, device: UUID, points: Sequence[tuple[str, str]], start: float, stop: float, step: float = 0.0
    ) -> list[History]:
        """See `HistoryReader.read`."""
        return await (await self._open()).read(device, points, start, stop, step)

    async def total(
        self, point: str, start: float, stop: float, step: float = 0.0, *, devices: Collection[UUID] | None = None
    ) -> Total:
        """See `HistoryReader.total`."""
        return await (await self._open()).total(point, start, stop, step, devices=devices)

    async def extent(self) -> tuple[float, float] | None:
        """See `HistoryReader.extent`."""
        return await (await self._open()).extent()

    async def close(self) -> None:
        """Close what was opened."""
        if self._reader is not None:
            await self._reader.close()

    async def _open(self) -> FolderHistory:
        async with self._opening:
            if self._reader is None:
                module = await asyncio.to_thread(importlib.import_module, "console.store.reading.history_reader")
                opened: FolderHistory = module.open_reader(self._folder)
                self._reader = opened
            return self._reader


class LateArchive:
    """The archive of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opening = asyncio.Lock()
        self._archive: Archive | None = None

    async def at(self, moment: float, *, exact: bool = True) -> Past:
        """See `Archive.at`."""
        return await (await self._open()).at(moment, exact=exact)

    async def span(self) -> tuple[float, float] | None:
        """See `Archive.span`."""
        return await (await self._open()).span()

    async def gaps(self, start: float, stop: float) -> Sequence[tuple[float, float, str]]:
        """See `Archive.gaps`."""
        return await (await self._open()).gaps(start, stop)

    async def close(self) -> None:
        """Close what was opened."""
        if self._archive is not None:
            await self._archive.close()

    async def _open(self) -> Archive:
        async with self._opening:
            if self._archive is None:
                module = await asyncio.to_thread(importlib.import_module, "console.store.archive")
                opened: Archive = module.open_archive(self._folder)
                self._archive = opened
            return self._archive
