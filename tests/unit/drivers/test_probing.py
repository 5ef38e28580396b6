"""Questions without a credential: what is passed over before an answer, and what is no answer."""

import asyncio
import struct

import pytest

from drivers.core.errors import Malformed
from drivers.probing import ask_info
from tests.listeners import Handler, tcp

HEARTBEAT = struct.pack("<I", 0)
BODY = b'{"code":0,"msg":{"system":{"api":"3.0.1"}}}'
ANSWER = struct.pack("<I", len(BODY)) + BODY


def answering(data: bytes) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(4)
        writer.write(data)
        await writer.drain()
        await reader.read()

    return handle


@pytest.mark.parametrize("heartbeats", [0, 1, 3])
async def test_that_heartbeats_before_the_answer_are_passed_over(heartbeats: int) -> None:
    async with tcp(answering(HEARTBEAT * heartbeats + ANSWER)) as address:
        info = await ask_info(address)
    assert info["msg"] == {"system": {"api": "3.0.1"}}


@pytest.mark.parametrize("data", [HEARTBEAT * 1000, b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["heartbeats", "HTTP"])
async def test_that_what_never_answers_in_that_protocol_is_malformed(data: bytes) -> None:
    async with tcp(answering(data)) as address:
        with pytest.raises(Malformed):
            await ask_info(address)
