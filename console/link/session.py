"""One console as the collector sees it: a cursor into the events, a place for answers, and the newest columns."""

import asyncio
import logging
from collections import deque
from typing import Protocol, cast
from uuid import UUID

from console.link.framing import (
    MAX_REQUEST,
    FrameError,
    FrameSplitter,
    GarbageFrame,
    frame,
    read_from_console,
)
from console.link.messages import (
    PROTOCOL,
    FromConsole,
    GiveCommand,
    Heartbeat,
    Hello,
    ImportBundle,
    Refusal,
    Reply,
    Request,
)

log = logging.getLogger(__name__)

MOST_REQUESTS_WAITING = 256
"""A console with more requests than this under way is not read from until some are answered."""

SLOW = (GiveCommand, ImportBundle)
"""Requests that may take minutes; those that come after them are carried out meanwhile."""
MOST_SLOW = 64
"""Of these, so many of one console at a time; more are carried out in line."""


class Outlet(Protocol):
    """What a session draws on: the server's frames, shared by all sessions."""

    boot: UUID
    sequence: int
    heartbeat: bytes

    @property
    def token(self) -> str:
        """The secret that each hello must carry."""

    def welcome(self) -> bytes:
        """The whole state at the newest sequence."""

    def events_after(self, sequence: int) -> list[bytes] | None:
        """Frames of the events after this one, oldest first; None when the ring no longer holds them all."""

    def newest_shape(self) -> tuple[int, bytes]:
        """Revision and frame of the shape; revision -1 before the first."""

    def newest_snapshot(self) -> tuple[int, bytes]:
        """Tick and frame of the snapshot; tick -1 before the first."""

    async def answer(self, request: Request) -> Reply:
        """Carry out a request."""

    def joined(self, session: "Session") -> None:
        """A hello was accepted."""

    def left(self, session: "Session") -> None:
        """The connection is over."""


class Session(asyncio.Protocol):
    """The server's half of one connection.

    Nothing is queued for a client that does not read: events stay in the server's ring and are found again by
    sequence, columns are replaced by newer ones, and only the answers to its own requests wait for it.

    Attributes:
        client: What the hello said; empty before it.
        silent_for: Seconds without a byte from the client, counted by the server's pulse.
    """

    def __init__(self, outlet: Outlet) -> None:
        self.client = ""
        self.silent_for = 0.0
        self._outlet = outlet
        self._splitter = FrameSplitter(MAX_REQUEST)
        self._transport: asyncio.Transport | None = None
        self._drained = True
        self._sequence = -1
        self._shape = -1
        self._tick = -1
        self._answers: deque[bytes] = deque()
        self._requests: deque[Request] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._slow: set[asyncio.Task[None]] = set()
        self._quiet = True

    @property
    def greeted(self) -> bool:
        """Whether a hello was accepted."""
        return self._sequence >= 0

    @property
    def workers(self) -> tuple[asyncio.Task[None], ...]:
        """The tasks that carry out this client's requests, while there are some."""
        return (*self._slow, *(() if self._worker is None else (self._worker,)))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Every byte in the buffer counts as not drained."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)

    def connection_lost(self, exc: Exception | None) -> None:
        """Requests that were taken are still carried out; their answers go nowhere."""
        self._transport = None
        self._outlet.left(self)

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._drained = False

    def resume_writing(self) -> None:
        """Everything written has gone to the client."""
        self._drained = True
        self.pump()

    def data_received(self, data: bytes) -> None:
        """Take in requests; what is no message of a console ends this connection and no other."""
        self.silent_for = 0.0
        try:
            for body in self._splitter.feed(data):
                self._take(read_from_console(body))
        except FrameError as error:
            log.warning("closing the link to %s: %s", self.client or "an unknown client", error)
            self.refuse(str(error))

    def _take(self, message: FromConsole) -> None:
        if isinstance(message, Hello):
            self._greet(message)
        elif not self.greeted:
            raise GarbageFrame("the first message must be a hello")
        elif isinstance(message, SLOW) and len(self._slow) < MOST_SLOW:
            slow = asyncio.get_running_loop().create_task(self._carry_out(message), name=f"request of {self.client}")
            self._slow.add(slow)
            slow.add_done_callback(self._slow.discard)
        elif not isinstance(message, Heartbeat):
            self._requests.append(message)
            if self._worker is None:
                self._worker = asyncio.get_running_loop().create_task(self._work(), name=f"requests of {self.client}")
            if len(self._requests) >= MOST_REQUESTS_WAITING and self._transport is not None:
                self._transport.pause_reading()

    def _greet(self, hello: Hello) -> None:
        if self.greeted:
            raise GarbageFrame("a second hello")
        if hello.token != self._outlet.token:
            raise GarbageFrame("the hello does not carry the secret of this endpoint")
        if hello.protocol != PROTOCOL:
            self.refuse(
                f"this console speaks link protocol {hello.protocol}, the collector {PROTOCOL}: "
                "install the same version of both",
                final=True,
            )
            return
        self.client = hello.client
        resumes = hello.boot == self._outlet.boot and self._outlet.events_after(hello.last_sequence) is not None
        if resumes:
            self._sequence = hello.last_sequence
        else:
            self._send_welcome()
        self._outlet.joined(self)
        self.pump()

    def _send_welcome(self) -> None:
        self._sequence = self._outlet.sequence
        self._shape = -1
        self._write(self._outlet.welcome())

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._quiet = False
            self._transport.write(data)

    def pump(self) -> None:
        """Write what this client lacks, as long as what was written before has gone out."""
        if not self.greeted or self._transport is None:
            return
        if self._drained:
            self._pump_events()
        while self._drained and self._answers:
            self._write(self._answers.popleft())
        if self._drained:
            self._pump_columns()

    def _pump_events(self) -> None:
        if self._sequence == self._outlet.sequence:
            return
        missing = self._outlet.events_after(self._sequence)
        if missing is None:
            self._send_welcome()
            return
        for event in missing:
            self._write(event)
            self._sequence += 1
            if not self._drained:
                return

    def _pump_columns(self) -> None:
        revision, shape = self._outlet.newest_shape()
        if revision != self._shape:
            self._shape = revision
            self._write(shape)
        tick, snapshot = self._outlet.newest_snapshot()
        if tick != self._tick and self._drained:
            self._tick = tick
            self._write(snapshot)

    def pulse(self, elapsed: float) -> None:
        """Once a heartbeat period: say that we are there when nothing else did."""
        self.silent_for += elapsed
        if self._quiet and self._drained and self.greeted:
            self._write(self._outlet.heartbeat)
        self._quiet = True

    def refuse(self, reason: str, *, final: bool = False) -> None:
        """Tell the client why, and close."""
        if self._transport is not None:
            self._transport.write(frame(Refusal(reason, final)))
            self._transport.close()

    def drop(self) -> None:
        """Close at once, without waiting for what is still to be written."""
        if self._transport is not None:
            self._transport.abort()

    async def _work(self) -> None:
        try:
            while self._requests:
                await self._carry_out(self._requests.popleft())
                if self._transport is not None:
                    self._transport.resume_reading()
        finally:
            self._worker = None

    async def _carry_out(self, request: Request) -> None:
        self._answers.append(frame(await self._outlet.answer(request)))
        self.pump()
