"""Carries the link of a folder's collector over two pipes, both ways, without looking inside.

A slow reader at the far end slows the reading from the collector, so that the collector conflates for it as it does
for a local console.
"""

import asyncio
from pathlib import Path
from typing import IO

import msgspec

from console.link.endpoint import endpoint
from console.link.framing import MAX_REQUEST, FrameSplitter, frame, read_from_console
from console.link.messages import Hello

CHUNK = 256 * 1024


async def relay(folder: Path, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
    """Connect `incoming` and `outgoing` to the collector until either side ends.

    Raises:
        NoCollector: Nobody listens for this folder.
        FrameError: The first thing that came in is no message.
    """
    loop = asyncio.get_running_loop()
    door = endpoint(folder)
    from_collector = asyncio.StreamReader()
    transport, protocol = await door.connect(lambda: asyncio.StreamReaderProtocol(from_collector))
    to_collector = asyncio.StreamWriter(transport, protocol, from_collector, loop)

    from_console = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(from_console), incoming)
    out, flow = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, outgoing)
    to_console = asyncio.StreamWriter(out, flow, None, loop)

    ways = {
        asyncio.create_task(_inwards(from_console, to_collector, door.token)),
        asyncio.create_task(_copy(from_collector, to_console)),
    }
    try:
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in done:
            way.result()
    finally:
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        to_collector.close()
        to_console.close()


async def _inwards(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
    """The first message is the hello, which needs this machine's secret; the rest passes as it is."""
    splitter = FrameSplitter(MAX_REQUEST)
    greeted = False
    while data := await reader.read(CHUNK):
        if greeted:
            writer.write(data)
        else:
            for body in splitter.feed(data):
                message = read_from_console(body)
                writer.write(
                    frame(msgspec.structs.replace(message, token=token) if isinstance(message, Hello) else message)
                )
                greeted = True
            if greeted:
                writer.write(splitter.rest())
        await writer.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
