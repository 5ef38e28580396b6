"""A miner that answers from recorded replies over a real TCP socket on loopback, with the manners of real firmware."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import orjson

from drivers.core.identity import Address


def read_replies(folder: Path) -> Mapping[str, bytes]:
    """Recorded replies by the command they answer: one `<command>.json` each."""
    return MappingProxyType({file.stem: file.read_bytes() for file in sorted(folder.glob("*.json"))})


@dataclass(slots=True)
class RecordedMiner:
    """What is answered, and how. Everything may be changed between requests.

    Attributes:
        replies: Reply by command.
        joins: Whether commands joined with `+` are taken; else they are refused with code 14.
        ending: What follows the reply; real firmware sends a NUL.
        chunk: Bytes sent at once; 0 sends all.
        pause_s: Seconds between chunks.
        raw: Sent in place of any reply when it is not None; empty closes without a word.
        closes: Whether the connection is closed after the reply.
        asked: Commands as they came in.
        broken: Why connections ended early: the client went away, or spoke another protocol.
    """

    replies: Mapping[str, bytes]
    joins: bool = True
    ending: bytes = b"\0"
    chunk: int = 0
    pause_s: float = 0.0
    raw: bytes | None = None
    closes: bool = True
    asked: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def reply_to(self, command: str) -> bytes:
        """The reply to one command, joined or single."""
        names = command.split("+")
        if len(names) == 1:
            return self.replies.get(command, REFUSED)
        if not self.joins:
            return REFUSED
        answers = {name: [orjson.loads(self.replies.get(name, REFUSED))] for name in names}
        return orjson.dumps({**answers, "id": 1})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        try:
            question = orjson.loads(await reader.read(4096))
            self.asked.append(question["command"])
            body = self.raw if self.raw is not None else self.reply_to(question["command"]) + self.ending
            step = self.chunk or len(body) or 1
            for at in range(0, len(body), step):
                writer.write(body[at : at + step])
                await writer.drain()
                if self.pause_s:
                    await asyncio.sleep(self.pause_s)
            if not self.closes:
                await reader.read()
        except (ConnectionError, ValueError) as error:
            self.broken.append(str(error))
        finally:
            writer.close()


REFUSED = orjson.dumps({"STATUS": [{"STATUS": "E", "Code": 14, "Msg": "Invalid command"}], "id": 1})


@asynccontextmanager
async def serve_replies(miner: RecordedMiner) -> AsyncIterator[Address]:
    """The miner on a free port of 127.0.0.1; its address."""
    tasks: set[asyncio.Task[None]] = set()

    def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(miner.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield Address(*server.sockets[0].getsockname()[:2])
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
