"""A web server that a test writes byte by byte, and questions to it."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from drivers.core.credentials import Login
from drivers.transports.http import HttpAnswer, HttpTransport
from tests.listeners import tcp

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"rate":98}'
ROOT = Login("root", "correct horse")


class Server:
    """Answers each question with the next of its replies; closes where there is none, or after one that says so.

    Attributes:
        questions: What came, in order, with the number of the connection that carried it.
    """

    def __init__(self, *replies: bytes, closes_after: Sequence[int] = ()) -> None:
        self.replies = list(replies)
        self.closes_after = closes_after
        self.questions: list[tuple[int, bytes]] = []
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return
            match = re.search(rb"Content-Length: (\d+)", head)
            question = head + (await reader.readexactly(int(match[1])) if match else b"")
            self.questions.append((number, question))
            if not (reply := self.reply(question)):
                return
            writer.write(reply)
            await writer.drain()
            if len(self.questions) in self.closes_after:
                return

    def reply(self, _question: bytes) -> bytes:
        return self.replies.pop(0) if self.replies else b""


@asynccontextmanager
async def asking(server: Server, *, deadline: float = 3.0, size_limit: int = 1 << 20) -> AsyncIterator[HttpTransport]:
    async with tcp(server) as address:
        transport = HttpTransport(address, deadline=deadline, size_limit=size_limit)
        try:
            yield transport
        finally:
            await transport.close()


async def answer_to(reply: bytes, *, size_limit: int = 1 << 20, deadline: float = 3.0) -> HttpAnswer:
    async with asking(Server(reply, closes_after=[1]), size_limit=size_limit, deadline=deadline) as transport:
        return await transport.ask("GET", "/")
