"""A collector and consoles on a real socket."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from console.link.client import LinkPhase
from tests.unit.console.link.ends import Collector, Console


@pytest.fixture
async def collector(tmp_path: Path) -> AsyncIterator[Collector]:
    running = Collector(tmp_path)
    await running.server.start()
    yield running
    await running.server.close()


@pytest.fixture
async def open_console(collector: Collector) -> AsyncIterator[Callable[[], Awaitable[Console]]]:
    consoles: list[Console] = []

    async def make() -> Console:
        console = Console(collector.folder)
        consoles.append(console)
        await console.until(lambda: console.phase() is LinkPhase.LIVE)
        return console

    yield make
    for console in consoles:
        await console.close()
