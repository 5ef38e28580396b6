"""What all listeners of personalities share: connections with limits, and the manners of hung, slow and cut devices.

Each wire adds how a question is told apart in the stream, and how its answer is written.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Generic, NamedTuple, TypeVar, cast

from drivers.simulators.conduct import Conduct, Directory, Manner, Question, Resident
from drivers.simulators.loopback import BACKLOG, is_loopback
from drivers.simulators.personality import Wire

LOGGER = logging.getLogger(__name__)
QUESTION_SECONDS: Final = 10.0
"""From the first byte of a question to its last."""
IDLE_SECONDS: Final = 75.0
"""A connection on which nothing happens, or that will never get an answer, is let go after this."""
MOST_CONNECTIONS: Final = 20_000
_RESET: Final = struct.pack("ii", 1, 0)

Asked = TypeVar("Asked", bound=Question)


class Answer(NamedTuple):
    """What goes out.

    Attributes:
        body: All of it, head included.
        closes: Whether the connection ends with it.
    """

    body: bytes
    closes: bool


class Senseless(Exception):
    """The stream holds no question of this wire.

    Attributes:
        answer: What is said to that before the connection ends; may be empty.
    """

    def __init__(self, answer: bytes = b"") -> None:
        super().__init__("no question of this wire")
        self.answer = answer


class WireServer:
    """The connections of one wire.

    Attributes:
        served: Answers sent since the start.
    """

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.served = 0
        self.connections: set[asyncio.Transport] = set()
        self._listening: list[asyncio.Server] = []
        self._adopting: set[asyncio.Task[None]] = set()
        self._emptied: asyncio.Event | None = None

    def connection(self) -> asyncio.Protocol:
        """A protocol for one new connection."""
        raise NotImplementedError

    async def listen(self, sockets: Sequence[socket.socket]) -> None:
        """Serve on sockets that are bound; `close` closes them."""
        loop = asyncio.get_running_loop()
        for listener in sockets:
            self._listening.append(await loop.create_server(self.connection, sock=listener, backlog=BACKLOG))

    def adopt(self, connection: socket.socket) -> None:
        """Serve a connection that another listener accepted on the same port."""
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._adopt(connection))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    async def _adopt(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self.connection, connection)
        except OSError:
            # The peer has gone already; that is its right.
            connection.close()

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        for listening in self._listening:
            listening.close()
        if self._adopting:
            await asyncio.wait(self._adopting)
        for transport in list(self.connections):
            transport.abort()
        if self.connections:
            self._emptied = asyncio.Event()
            await self._emptied.wait()

    def gone(self, transport: asyncio.Transport) -> None:
        """A connection has ended."""
        self.connections.discard(transport)
        if not self.connections and self._emptied is not None:
            self._emptied.set()


class WireConnection(asyncio.Protocol, Generic[Asked]):
    """One connection: questions are answered one after the other."""

    wire: Wire

    def __init__(self, server: WireServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._resident: Resident | None = None
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._late: asyncio.TimerHandle | None = None
        self._busy = False
        self._heard = bytearray()

    def take(self, heard: bytearray) -> Asked | None:
        """The next whole question, taken out of what was heard; None while it goes on. Raises `Senseless`."""
        raise NotImplementedError

    def answer(self, resident: Resident, question: Asked) -> Answer:
        """The answer of the miner's personality."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Find out whose connection this is."""
        # uvloop's transports do not derive from asyncio's, so this cannot be asked at run time.
        self._transport = cast(asyncio.Transport, transport)
        self._server.connections.add(self._transport)
        peer, host = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        is_near = bool(peer) and is_loopback(peer[0]) and is_loopback(host[0])
        self._resident = self._server.directory(host[0]) if is_near else None
        if self._resident is None or len(self._server.connections) > MOST_CONNECTIONS:
            self._reset()
            return
        manner = self._resident.conduct(self.wire, None).manner
        if manner is Manner.RESETS:
            self._reset()
        elif manner is Manner.DEAF:
            self._transport.pause_reading()
        self._wait(IDLE_SECONDS)

    def data_received(self, data: bytes) -> None:
        """More of a question, or of several."""
        self._heard += data
        if self._busy and self._transport is not None:
            self._transport.pause_reading()
        elif not self._busy:
            self._go_on()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection has ended."""
        for timer in (self._timer, self._late):
            if timer is not None:
                timer.cancel()
        if self._transport is not None:
            self._server.gone(self._transport)
        self._transport = None

    def _go_on(self) -> None:
        """Answer every whole question that was heard."""
        while self._transport is not None and self._resident is not None and not self._busy:
            try:
                question = self.take(self._heard)
            except Senseless as senseless:
                self._say(Answer(senseless.answer, closes=True))
                return
            if question is None:
                self._wait(QUESTION_SECONDS if self._heard else IDLE_SECONDS)
                return
            self._meet(self._resident, question, self._resident.conduct(self.wire, question))

    def _meet(self, resident: Resident, question: Asked, conduct: Conduct) -> None:
        manner = conduct.manner
        if manner is Manner.RESETS:
            self._reset()
        elif manner in {Manner.HANGS, Manner.DEAF}:
            self._hold()
        elif manner is Manner.SLOW:
            self._hold()
            self._later(conduct.delay, partial(self._answer_late, resident, question))
        else:
            self._carry_out(self.answer(resident, question), conduct)

    def _carry_out(self, answer: Answer, conduct: Conduct) -> None:
        """Send an answer, or what the manner leaves of it."""
        manner = conduct.manner
        if manner is Manner.HANGS_AFTER:
            self._hold()
        elif manner is Manner.DROPS:
            self._say(Answer(b"", closes=True))
        elif manner is Manner.CUTS:
            self._say(Answer(answer.body[: len(answer.body) * 2 // 3], closes=True))
        elif manner is Manner.TRICKLES:
            self._hold()
            self._trickle(answer.body, conduct.delay)
        else:
            self._say(answer)

    def _say(self, answer: Answer) -> None:
        transport = self._transport
        if transport is None:
            return
        self._server.served += 1
        if answer.body:
            transport.write(answer.body)
        if answer.closes:
            self._busy = True
            transport.close()
        self._wait(IDLE_SECONDS)

    def _hold(self) -> None:
        self._busy = True
        self._wait(IDLE_SECONDS)

    def _answer_late(self, resident: Resident, question: Asked) -> None:
        if self._transport is not None:
            self._busy = False
            self._say(self.answer(resident, question))
            self._transport.resume_reading()
            self._go_on()

    def _trickle(self, left: bytes, delay: float) -> None:
        if self._transport is not None and left:
            self._transport.write(left[:1])
            self._wait(IDLE_SECONDS)
            self._later(delay, partial(self._trickle, left[1:], delay))

    def _later(self, seconds: float, then: Callable[[], None]) -> None:
        self._late = self._loop.call_later(seconds, then)

    def _wait(self, seconds: float) -> None:
        """Let the connection go when nothing has happened for so long."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if self._transport is None else self._loop.call_later(seconds, self._transport.abort)

    def _reset(self) -> None:
        """Close with a reset, as a host without that service does."""
        transport, self._busy = self._transport, True
        if transport is not None:
            plain = transport.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()
