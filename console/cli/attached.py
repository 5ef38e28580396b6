"""A command's connection to the collector of a folder, for as long as one request takes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from console.link.client import Link, LinkPhase, LinkState
from console.link.messages import FromCollector

CONNECT_SECONDS = 5.0


class NoCollector(Exception):
    """Nobody serves the folder's link; the text says why, empty when nobody was there at all."""


@asynccontextmanager
async def attached(folder: Path) -> AsyncIterator[Link]:
    """The link to the folder's collector.

    Raises:
        NoCollector: There was no connection within `CONNECT_SECONDS`.
    """
    link = Link(folder, "cli")
    live = asyncio.Event()
    reasons: list[str] = []

    def on_state(state: LinkState) -> None:
        if state.phase is LinkPhase.LIVE:
            live.set()
        elif state.reason:
            reasons.append(state.reason)

    def on_message(_message: FromCollector) -> None:
        """Only answers count here, and they come from the link's own calls."""

    running = asyncio.create_task(link.run(on_message, on_state))
    try:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await live.wait()
        except TimeoutError:
            raise NoCollector(reasons[-1] if reasons else "") from None
        yield link
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
