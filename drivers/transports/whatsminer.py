"""Whatsminer's framed protocol (API version 3, port 4433): four bytes of length, little endian, then JSON, both ways.

The connection is kept: the miner closes it after 300 s without a question and serves ten clients. Frames that nobody
asked for (a heartbeat of length zero, reports that another client has switched on) are passed over. One deadline covers
a question and its answer.
"""

import asyncio
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

import orjson

from drivers.core.errors import Malformed, TimedOut, Unreachable
from drivers.core.identity import Address
from drivers.transports.cgminer import parse
from drivers.transports.failure import reason_of

DEADLINE_S: Final = 3.0
"""From the first packet to the last byte of the answer."""
SIZE_LIMIT: Final = 256 * 1024
"""Bytes of one answer; the longest that real firmware sends is about 8 KiB."""
READING: Final = "get."
"""How the names of commands begin that change nothing."""

_LENGTH: Final = struct.Struct("<I")
_MOST_STRAY: Final = 16
"""Frames nobody asked for that are passed over before an answer."""


@dataclass(frozen=True, slots=True)
class FramedAnswer:
    """What the miner said.

    Attributes:
        content: The whole answer: `code`, `when`, `msg`, `desc`.
        repaired: Whether it needed repair.
        asked: UTC seconds when the question left.
        answered: UTC seconds when the answer was complete.
    """

    content: Mapping[str, object]
    repaired: bool
    asked: float
    answered: float


class WhatsminerTransport:
    """Asks one miner, one question at a time.

    Attributes:
        address: The miner.
    """

    def __init__(self, address: Address, *, deadline: float = DEADLINE_S, size_limit: int = SIZE_LIMIT) -> None:
        self.address = address
        self._place = str(address)
        self._deadline = deadline
        self._size_limit = size_limit
        self._connection: _Connection | None = None
        self._turn = asyncio.Lock()
        self._questions: dict[tuple[str, str], bytes] = {}

    async def read(self, command: str, parameter: str = "") -> FramedAnswer:
        """Ask a `get.` command; asked again, once, where a kept connection turns out to have been closed.

        Args:
            command: Such as `get.miner.status`.
            parameter: What it is to tell of; left out when empty.

        Raises:
            Unreachable: No connection, or it broke.
            TimedOut: No complete answer within the deadline.
            Malformed: The answer is no frame of this protocol, too long, or no JSON.
        """
        question = self._questions.get((command, parameter))
        if question is None:
            content = {"cmd": command, "param": parameter} if parameter else {"cmd": command}
            question = self._questions[command, parameter] = _framed(content)
        return await self._ask(question, command)

    async def write(self, question: Mapping[str, object]) -> FramedAnswer:
        """Send one whole command, once. Raises as `read`."""
        return await self._ask(_framed(question), str(question.get("cmd", "")))

    async def close(self) -> None:
        """Close the connection; it may be used again afterwards."""
        self._drop()

    async def _ask(self, question: bytes, command: str) -> FramedAnswer:
        try:
            async with asyncio.timeout(self._deadline), self._turn:
                asked = time.time()
                try:
                    body = await self._carry(question, command)
                except BaseException:
                    self._drop()
                    raise
        except TimeoutError:
            raise TimedOut(self._place, f"no complete answer within {self._deadline:g} s") from None
        except (OSError, UnicodeError) as error:
            raise Unreachable(self._place, f"the connection broke: {reason_of(error)}") from error
        content, repaired = parse(body, self._place)
        return FramedAnswer(content, repaired, asked, time.time())

    async def _carry(self, question: bytes, command: str) -> bytes:
        kept = self._connection
        if kept is not None and kept.is_free:
            try:
                return await kept.ask(question, command)
            except _ClosedError:
                if not command.startswith(READING):
                    raise
        self._drop()
        loop = asyncio.get_running_loop()
        fresh = _Connection(loop, self._place, self._size_limit)
        try:
            await loop.create_connection(lambda: fresh, self.address.host, self.address.port)
        except (OSError, UnicodeError) as error:
            raise Unreachable(self._place, f"no connection: {reason_of(error)}") from error
        self._connection = fresh
        return await fresh.ask(question, command)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            self._connection = None


class _ClosedError(ConnectionError):
    """The miner closed the connection before a byte of its answer."""


class _Connection(asyncio.Protocol):
    """One connection; carries one question at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, place: str, size_limit: int) -> None:
        self._loop = loop
        self._place = place
        self._size_limit = size_limit
        self._transport: asyncio.WriteTransport | None = None
        self._received = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._mark = b""
        self._strays = 0

    @property
    def is_free(self) -> bool:
        """Whether a question can be sent, as far as is known."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, question: bytes, command: str) -> bytes:
        """Send the question and return the body of its answer; raises OSError or `Malformed`."""
        if self._transport is None:
            raise _ClosedError("closed by the miner")
        self._mark = orjson.dumps(command)
        self._strays = 0
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._answer = answer
        self._transport.write(question)
        try:
            return await answer
        finally:
            self._answer = None

    def abort(self) -> None:
        """End the connection without waiting for the other side."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's, so this cannot be asked at run time.
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        try:
            while (body := self._frame()) is not None:
                self._take(body)
        except Malformed as error:
            self._fail(error)
            self.abort()

    def eof_received(self) -> None:
        self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._end(error)

    def _frame(self) -> bytes | None:
        """The body of the next frame; None while it is not whole."""
        received = self._received
        if len(received) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(received)
        if length > self._size_limit:
            start = bytes(received[:64])
            raise Malformed(self._place, f"the answer is longer than {self._size_limit} bytes, or not framed", start)
        end = _LENGTH.size + length
        if len(received) < end:
            return None
        body = bytes(received[_LENGTH.size : end])
        del received[:end]
        return body

    def _take(self, body: bytes) -> None:
        """Keep the answer; pass over heartbeats and what answers another question."""
        self._strays += 1
        if self._strays > _MOST_STRAY:
            raise Malformed(self._place, "the miner sends answers that nobody asked for", body)
        if self._answer is None or self._answer.done() or not body or self._is_stray(body):
            return
        self._answer.set_result(body)

    def _is_stray(self, body: bytes) -> bool:
        """Whether an answer says, in its `desc`, that it belongs to another command."""
        if self._mark in body:
            return False
        try:
            content = orjson.loads(body)
        except ValueError:
            return False
        said = content.get("desc") if isinstance(content, dict) else None
        return isinstance(said, str) and said.startswith(("get.", "set."))

    def _end(self, error: Exception | None) -> None:
        if self._received:
            start = bytes(self._received)
            self._fail(error or Malformed(self._place, "the answer was cut", start))
        else:
            self._fail(_ClosedError("closed without an answer"))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


def _framed(content: Mapping[str, object]) -> bytes:
    body = orjson.dumps(content)
    return _LENGTH.pack(len(body)) + body
