"""A virtual site with its own collector, as child processes that end with this one: for demo and first start."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from console.link.launch import is_running
from console.shell.processes import Child, ChildFailed
from console.support.tied import THEN
from drivers.simulators.mix import MIX, Kind
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports

SITE_FILE = "virtual-site.toml"
LISTEN_SECONDS = 30.0
PROBE_SECONDS = 0.05


class VirtualSite:
    """The children of one virtual site.

    Args:
        folder: Its site folder; made when it does not exist.
        miners: How many.
        speed: Simulated seconds in a real one.
        mix: Kinds of miners beside those with stock firmware.
    """

    def __init__(self, folder: Path, miners: int, speed: float = 1.0, mix: Sequence[Kind] = MIX) -> None:
        self.folder = folder
        self._miners = miners
        self._speed = speed
        self._mix = mix
        self._devices: Child | None = None
        self._collector: Child | None = None

    def write(self) -> None:
        """Write the site file: up to a second for the greatest sites.

        Raises:
            ValueError: A number of miners that no site has.
            OSError: The folder cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / SITE_FILE
        text = demo_site(self._miners, ports=Ports.free(), speed=self._speed, mix=self._mix)
        path.write_text(text, encoding="utf-8")

    def start(self) -> None:
        """Start devices and collector; returns while they are still coming up.

        Call it on the main thread: on Linux a child is tied to the thread that started it. Raises OSError.
        """
        path = self.folder / SITE_FILE
        self._devices = Child("the virtual site", ["simulate", str(path)], self.folder / "simulate.log")
        self._collect("site", "import", str(self.folder), str(path), THEN)

    def _collect(self, *before: str) -> None:
        arguments = [*before, "collect", str(self.folder)]
        self._collector = Child("the collector", arguments, self.folder / "collect.log")

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the children."""
        return tuple(child.pid for child in (self._devices, self._collector) if child is not None)

    async def ensure_collector(self, folder: Path) -> None:
        """Wait until the collector listens; start another one where it has ended or never comes to listen.

        Raises:
            ChildFailed: It ended, or does not listen; the text holds the end of what it wrote.
        """
        if self._devices is not None:
            self._devices.check()
        if self._collector is None or not self._collector.is_running:
            self._collect()
        deadline = time.monotonic() + LISTEN_SECONDS
        while not await is_running(folder):
            if self._collector is not None:
                self._collector.check()
            if time.monotonic() > deadline:
                await self._give_up()
            await asyncio.sleep(PROBE_SECONDS)

    async def _give_up(self) -> None:
        collector, self._collector = self._collector, None
        if collector is not None:
            await collector.stop()
        raise ChildFailed(f"the collector did not listen within {LISTEN_SECONDS:.0f} s")

    async def stop(self) -> None:
        """End all children; returns when they are gone."""
        children = [child for child in (self._collector, self._devices) if child is not None]
        self._collector = self._devices = None
        await asyncio.gather(*(child.stop() for child in children))
