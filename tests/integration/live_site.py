"""A virtual site on real sockets, a site folder that describes it, and a collector as a process of its own."""

import asyncio
import contextlib
import os
import signal
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np

from console.domain.alarms import Alarm
from console.domain.incidents import Incident
from console.exchange.site_file import read_site
from console.link.client import Link as ConsoleLink
from console.link.client import LinkPhase, LinkState
from console.link.launch import is_running, start_collector
from console.link.messages import (
    AlarmsChanged,
    FromCollector,
    Health,
    IncidentsChanged,
    Shape,
    Snapshot,
    Stop,
    Welcome,
)
from console.store.lock import holder_of
from console.store.site_store import SiteStore
from drivers.simulators.commands import Commands
from drivers.simulators.site import VirtualSite


class Watcher:
    """A console without a screen: keeps the state that the collector tells it."""

    def __init__(self, folder: Path) -> None:
        self.link = ConsoleLink(folder, "watcher")
        self.states: list[LinkState] = []
        self.welcome: Welcome | None = None
        self.shape: Shape | None = None
        self.snapshot: Snapshot | None = None
        self.alarms: dict[Any, Alarm] = {}
        self.incidents: dict[Any, Incident] = {}
        self.sequences: list[int] = []
        self.ticks: list[float] = []
        self.on_snapshot: Callable[[Snapshot, Shape], None] = _ignore
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self.link.run(self._take, self._stand))

    def _stand(self, state: LinkState) -> None:
        self.states.append(state)
        self._changed.set()

    def _take(self, message: FromCollector) -> None:
        match message:
            case Welcome():
                self.welcome = message
                self.alarms = {alarm.id: alarm for alarm in message.alarms}
                self.incidents = {incident.id: incident for incident in message.incidents}
            case Shape():
                self.shape = message
            case Snapshot():
                self.snapshot = message
                self.ticks.append(time.monotonic())
                assert self.shape is not None, "the shape comes before the columns"
                self.on_snapshot(message, self.shape)
            case AlarmsChanged():
                self.sequences.append(message.sequence)
                self.alarms |= {alarm.id: alarm for alarm in message.alarms}
            case IncidentsChanged():
                self.sequences.append(message.sequence)
                self.incidents |= {incident.id: incident for incident in message.incidents}
        self._changed.set()

    @property
    def live(self) -> bool:
        return bool(self.states) and self.states[-1].phase is LinkPhase.LIVE

    @property
    def health(self) -> Health:
        return Health() if self.snapshot is None else self.snapshot.health

    def answered(self) -> int:
        """Devices that have reported at least once."""
        if self.snapshot is None:
            return 0
        return int(np.count_nonzero(~np.isnan(np.frombuffer(self.snapshot.answered))))

    async def until(self, fulfilled: Callable[[], bool], *, seconds: float = 30.0) -> None:
        async with asyncio.timeout(seconds):
            while not fulfilled():
                self._changed.clear()
                await self._changed.wait()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


def _ignore(snapshot: Snapshot, shape: Shape) -> None:
    """Nobody listens."""


class Place:
    """One site folder with its virtual devices."""

    def __init__(self, folder: Path, commands: Commands, stack: AsyncExitStack) -> None:
        self.folder = folder
        self.commands = commands
        self._stack = stack

    async def collect(self) -> int:
        """Start a collector process; it is killed at the end of the test if it still runs."""
        process = await start_collector(self.folder)
        assert process, "somebody collects here already"
        self._stack.push_async_callback(end, process)
        return process

    async def spawn(self, *command: str) -> Process:
        """Start a process with pipes; it is killed at the end of the test if it still runs."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        self._stack.push_async_callback(put_down, process)
        return process

    async def watch(self) -> Watcher:
        watcher = Watcher(self.folder)
        self._stack.push_async_callback(watcher.close)
        await watcher.until(lambda: watcher.live)
        return watcher

    async def stop(self, watcher: Watcher, process: int) -> None:
        """Ask the collector to end, and wait until it has."""
        await watcher.link.send(Stop(watcher.link.next_request(), "the test is over"))
        await gone(process)


async def put_down(process: Process) -> None:
    """Kill a process that `spawn` started, stopped or not, and bury it."""
    if process.returncode is None:
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()


async def gone(process: int) -> None:
    """Wait until a process, possibly a child of ours, has ended."""
    async with asyncio.timeout(10):
        while alive(process):  # noqa: ASYNC110 - the end of a process is no event of this loop
            await asyncio.sleep(0.02)


def alive(process: int) -> bool:
    try:
        return os.waitpid(process, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False


async def end(process: int) -> None:
    if alive(process):
        os.kill(process, signal.SIGKILL)
        await gone(process)


async def end_collector_of(folder: Path) -> None:
    """Kill whatever still collects this folder, whoever started it: a test must leave no process behind."""
    process = holder_of(folder).pid
    if process and process != os.getpid() and await is_running(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        await gone(process)


@asynccontextmanager
async def live_site(folder: Path, text: str, *, extra: str = "") -> AsyncIterator[Place]:
    """A site folder of a site file, whose virtual devices answer; `extra` is more of the site, with no device behind.

    At the end nothing is left that collects the folder, also when the test failed.
    """
    store = await SiteStore.open(folder)
    await store.save_site(read_site(text + extra))
    await store.close()
    async with VirtualSite.parse(text).serve() as serving, AsyncExitStack() as stack:
        stack.push_async_callback(end_collector_of, folder)
        yield Place(folder, serving.commands, stack)
