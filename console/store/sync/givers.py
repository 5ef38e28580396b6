"""The two that give rows away: a bundle, and a folder that stands beside ours."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

from console.settings.installation import Installation
from console.store.sync.bundle import Bundle, BundleWriter
from console.store.sync.manifest import Manifest, Offer
from console.store.sync.receive import Progress
from console.store.sync.refusal import PlaceUnusable
from console.store.sync.rows import Block
from console.store.sync.source import FolderSource


class BundleGiver:
    """The rows of a bundle; every block is proved as it is read. Use as an async context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bundle: Bundle

    async def __aenter__(self) -> Self:
        """Open it and prove its manifest; raises `SyncRefused`."""
        try:
            self._bundle = await asyncio.to_thread(Bundle, self._path)
        except OSError as error:
            raise PlaceUnusable(f"{self._path} cannot be read: {error.strerror or error}.") from error
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close it."""
        await asyncio.to_thread(self._bundle.close)

    @property
    def manifest(self) -> Manifest:
        """The signed front page."""
        return self._bundle.manifest

    @property
    def offer(self) -> Offer:
        """What is offered."""
        return self.manifest.offer

    @property
    def total(self) -> int:
        """Rows in all."""
        return sum(part.rows for part in self.manifest.parts)

    async def prove(self, progress: Progress) -> None:
        """Hold every block against its hash, before anything is opened for it; raises `BundleDamaged`."""
        done = 0
        for number, part in enumerate(self.manifest.parts):
            await asyncio.to_thread(self._bundle.prove, number)
            done += part.rows
            progress("proving", done, self.total)

    async def blocks(self) -> AsyncIterator[Block]:
        """The rows; raises `BundleDamaged` at the first byte that is not as it was written."""
        for number in range(len(self.manifest.parts)):
            yield await asyncio.to_thread(self._bundle.block, number)


class FolderGiver:
    """What one folder lacks of another, straight from it. Nobody writes in it meanwhile: its lock is held."""

    def __init__(self, source: FolderSource, offer: Offer) -> None:
        self._source = source
        self._offer = offer

    @property
    def offer(self) -> Offer:
        """What is offered."""
        return self._offer

    @property
    def total(self) -> int:
        """Not counted beforehand."""
        return 0

    def blocks(self) -> AsyncIterator[Block]:
        """The rows."""
        return self._source.blocks(self._offer)


async def export_bundle(
    source: FolderSource,
    offer: Offer,
    path: Path,
    installation: Installation,
    progress: Progress,
    *,
    program: str,
    at: float,
) -> Manifest:
    """Write what is offered into a bundle, which appears under its name only when it is whole.

    Args:
        source: The folder.
        offer: Of the folder.
        path: The bundle; one that is there already is replaced.
        installation: Signs.
        progress: Told of every block.
        program: Version of this program.
        at: UTC seconds now.

    Raises:
        SyncRefused: Something else than a bundle stands there, or the place cannot be written.
    """
    writer = BundleWriter(path)
    done = 0
    try:
        async for block in source.blocks(offer):
            await asyncio.to_thread(writer.add, block)
            done += len(block.rows)
            progress("exporting", done, 0)
        return await asyncio.to_thread(writer.finish, offer, program, at, installation)
    except OSError as error:
        raise PlaceUnusable(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        await asyncio.to_thread(writer.close)
