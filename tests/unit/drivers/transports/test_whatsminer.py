"""Whatsminer's framed protocol over real sockets: how answers may come, and what each failure is called."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest

from drivers.core.errors import Malformed, TimedOut, Unreachable
from drivers.core.identity import Address
from drivers.transports.whatsminer import WhatsminerTransport
from tests.listeners import tcp


def frame(content: object) -> bytes:
    body = orjson.dumps(content)
    return struct.pack("<I", len(body)) + body


INFO = frame({"code": 0, "when": 1773869570, "msg": {"salt": "uhCiDyVj"}, "desc": "get.device.info"})
REPORT = frame({"code": 0, "when": 1773869571, "msg": {"summary": {}}, "desc": "get.miner.report"})
HEARTBEAT = bytes(4)


class Miner:
    """Answers each question with the next of its replies; closes where there is none."""

    def __init__(self, *replies: bytes, step: int = 0) -> None:
        self.replies = list(replies)
        self.step = step
        self.questions: list[tuple[int, object]] = []
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        while True:
            try:
                (length,) = struct.unpack("<I", await reader.readexactly(4))
                self.questions.append((number, orjson.loads(await reader.readexactly(length))))
            except asyncio.IncompleteReadError:
                return
            if not self.replies:
                return
            reply = self.replies.pop(0)
            for at in range(0, len(reply), self.step or len(reply) or 1):
                writer.write(reply[at : at + (self.step or len(reply))])
                await writer.drain()
                await asyncio.sleep(0)
            if not reply:
                return


@asynccontextmanager
async def asking(
    miner: Miner, *, deadline: float = 3.0, size_limit: int = 10_000
) -> AsyncIterator[WhatsminerTransport]:
    async with tcp(miner) as address:
        transport = WhatsminerTransport(address, deadline=deadline, size_limit=size_limit)
        try:
            yield transport
        finally:
            await transport.close()


async def test_that_questions_share_one_connection() -> None:
    miner = Miner(INFO, INFO)
    async with asking(miner) as transport:
        answer = await transport.read("get.device.info", "salt")
        await transport.read("get.device.info")
    assert answer.content["msg"] == {"salt": "uhCiDyVj"}
    assert answer.asked <= answer.answered
    assert miner.questions == [(1, {"cmd": "get.device.info", "param": "salt"}), (1, {"cmd": "get.device.info"})]


@pytest.mark.parametrize("step", [0, 1])
async def test_that_heartbeats_and_reports_are_passed_over(step: int) -> None:
    async with asking(Miner(HEARTBEAT + REPORT + INFO + HEARTBEAT, HEARTBEAT + INFO, step=step)) as transport:
        for _ in range(2):
            assert (await transport.read("get.device.info")).content["desc"] == "get.device.info"


async def test_that_a_read_is_asked_again_once_where_the_kept_connection_was_closed() -> None:
    miner = Miner(INFO, b"", INFO)
    async with asking(miner) as transport:
        await transport.read("get.device.info")
        await transport.read("get.device.info")
    assert [number for number, _ in miner.questions] == [1, 1, 2]


async def test_that_a_write_is_never_sent_again() -> None:
    miner = Miner(INFO, b"", INFO)
    async with asking(miner) as transport:
        await transport.read("get.device.info")
        with pytest.raises(Unreachable, match="without an answer"):
            await transport.write({"cmd": "set.system.reboot"})
    assert len(miner.questions) == 2


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "longer than 10000 bytes, or not framed"),
        (struct.pack("<I", 4_000_000_000), "longer than"),
        (INFO[:-1], "cut"),
        (struct.pack("<I", 5) + b"hello", "no JSON"),
        (REPORT * 100, "nobody asked for"),
    ],
)
async def test_that_what_is_no_answer_is_malformed(reply: bytes, text: str) -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(reply)
        await writer.drain()

    async with tcp(once) as address:
        with pytest.raises(Malformed, match=text):
            await WhatsminerTransport(address, size_limit=10_000).read("get.device.info")


async def test_that_heartbeats_without_end_end_at_some_time() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        while True:
            writer.write(HEARTBEAT * 8)
            await asyncio.sleep(0)

    async with tcp(flood) as address:
        with pytest.raises(Malformed, match="nobody asked for"):
            await WhatsminerTransport(address).read("get.device.info")


async def test_that_one_deadline_covers_an_answer_that_trickles_in() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        for byte in INFO:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)

    async with tcp(trickle) as address:
        with pytest.raises(TimedOut, match=r"within 0\.2 s"):
            await WhatsminerTransport(address, deadline=0.2).read("get.device.info")


async def test_that_a_closed_port_is_unreachable(unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable, match="connection refused"):
        await WhatsminerTransport(Address("127.0.0.1", unused_tcp_port)).read("get.device.info")
