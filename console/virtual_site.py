"""A virtual site with its own collector, as child processes that end with this one: for demo and first start."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from console.domain.inventory import Site
from console.exchange.site_file import read_site
from console.shell.processes import Child
from console.store.engine import StoreError
from console.store.lock import FolderLock
from console.store.site_store import SiteStore
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports

SITE_FILE = "virtual-site.toml"


class VirtualSite:
    """The children of one virtual site.

    Args:
        folder: Its site folder; made when it does not exist.
        miners: How many.
        speed: Simulated seconds in a real one.
    """

    def __init__(self, folder: Path, miners: int, speed: float = 1.0) -> None:
        self.folder = folder
        self._miners = miners
        self._speed = speed
        self._children: list[Child] = []

    async def start(self, on_step: Callable[[str], None] = lambda _: None) -> None:
        """Write the site, then start devices and collector; returns while they are still coming up.

        Raises:
            ValueError: A number of miners that no site has.
            FolderBusy: Another collector holds the folder.
            OSError: The folder cannot be written.
        """
        on_step("Writing the site")
        text = demo_site(self._miners, ports=Ports.free(), speed=self._speed)
        path = await asyncio.to_thread(self._write, text)
        # The devices come up while the folder is made: both take about a second.
        self._children.append(Child("the virtual site", ["simulate", str(path)], self.folder / "simulate.log"))
        try:
            await self._save(text)
            on_step("Starting the collector")
            self._children.append(Child("the collector", ["collect", str(self.folder)], self.folder / "collect.log"))
        except BaseException:
            await self.stop()
            raise

    def check(self) -> None:
        """Raise `ChildFailed` when a child has ended by itself."""
        for child in self._children:
            child.check()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the children."""
        return tuple(child.pid for child in self._children)

    async def restart_collector(self, folder: Path) -> None:
        """Start the collector again after it was lost, tied to this process like the first."""
        await asyncio.gather(*(child.stop() for child in self._children[1:]))
        self._children[1:] = [Child("the collector", ["collect", str(folder)], folder / "collect.log")]

    async def stop(self) -> None:
        """End all children; returns when they are gone."""
        children, self._children = self._children, []
        await asyncio.gather(*(child.stop() for child in children))

    def _write(self, text: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / SITE_FILE
        path.write_text(text, encoding="utf-8")
        return path

    async def _save(self, text: str) -> None:
        with FolderLock(self.folder, "virtual site"):
            store = await SiteStore.open(self.folder)
            try:
                existing = await _known(store)
                await store.save_site(await asyncio.to_thread(read_site, text, existing=existing))
            finally:
                await store.close()


async def _known(store: SiteStore) -> Site | None:
    """The site that a kept folder holds already; None for a new folder."""
    try:
        return await store.site()
    except StoreError:
        return None
