"""A console's end of the link. Works on any asyncio loop, also on Qt's."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast
from uuid import UUID

from console.link.endpoint import NoCollector, endpoint
from console.link.framing import FrameError, FrameSplitter, frame, read_from_collector
from console.link.messages import (
    HEARTBEAT_SECONDS,
    PROTOCOL,
    SILENT_AFTER_SECONDS,
    AlarmsChanged,
    Answer,
    AskOffers,
    BundleImported,
    CommandEnded,
    DevicesChanged,
    FromCollector,
    GiveCommand,
    Heartbeat,
    Hello,
    ImportBundle,
    IncidentsChanged,
    Offers,
    Refusal,
    Reply,
    Request,
    SightingsTaken,
    TakeSightings,
    Welcome,
)
from console.link.state import LinkLost, LinkPhase, LinkState

FIRST_RETRY_SECONDS = 0.2
LAST_RETRY_SECONDS = 5.0
ANSWER_SECONDS = 10.0

__all__ = ["Link", "LinkLost", "LinkPhase", "LinkState"]


class Wire(Protocol):
    """A connection to a collector, however it is made."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def close(self) -> None:
        """End the connection."""


class Connector(Protocol):
    """Makes a connection that hands everything it receives to `receiver`; raises `NoCollector`."""

    @property
    def token(self) -> str:
        """Secret for the hello."""

    async def connect(self, receiver: "Receiver") -> Wire:
        """Connect."""


class Receiver(asyncio.Protocol):
    """Takes the bytes of one connection apart, and knows when it is over."""

    def __init__(self, on_message: Callable[[FromCollector | Refusal], None]) -> None:
        self._on_message = on_message
        self._splitter = FrameSplitter()
        self._transport: asyncio.Transport | None = None
        self.heard = True
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, to end it when what comes is garbage."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Decode what is complete."""
        self.heard = True
        try:
            for body in self._splitter.feed(data):
                self._on_message(read_from_collector(body))
        except FrameError as error:
            self.end(f"the collector sent what this console cannot read: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """The collector has ended, or the connection to it."""
        self.end("the collector has ended")

    def end(self, reason: str) -> None:
        """The connection is over, for this reason."""
        if not self.closed.done():
            self.closed.set_result(reason)
        if self._transport is not None:
            self._transport.abort()


class LocalConnector:
    """Over the endpoint of a folder on this machine."""

    def __init__(self, folder: Path) -> None:
        self._endpoint = endpoint(folder)

    @property
    def token(self) -> str:
        """Secret for the hello; known after connecting."""
        return self._endpoint.token

    async def connect(self, receiver: Receiver) -> Wire:
        """Connect to the folder's socket."""
        transport, _ = await self._endpoint.connect(lambda: receiver)
        return transport


class Link:
    """Keeps a console connected to the collector of one folder.

    Args:
        folder: The site folder.
        client_name: "console", "cli" or "attach", with a process id.
        connector: How to connect; by default over the local socket of the folder.
    """

    def __init__(self, folder: Path, client_name: str, *, connector: Connector | None = None) -> None:
        self._connector: Connector = connector if connector is not None else LocalConnector(folder)
        self._client = client_name
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._wire: Wire | None = None
        self._boot: UUID | None = None
        self._sequence = 0
        self._live = False
        self._refusal: Refusal | None = None
        self._on_message: Callable[[FromCollector], None] = _ignore_message
        self._on_state: Callable[[LinkState], None] = _ignore_state

    def next_request(self) -> int:
        """A number for the next request, unique on this link."""
        return next(self._numbers)

    async def send(self, request: Request) -> Answer:
        """Send a request and wait for its answer.

        Raises:
            LinkLost: There is no connection, it broke, or no answer came within `ANSWER_SECONDS`.
        """
        reply = await self._ask(request, ANSWER_SECONDS)
        return reply if isinstance(reply, Answer) else Answer(reply.request, reply.error)

    async def import_bundle(self, request: ImportBundle) -> BundleImported:
        """Have a bundle taken in and wait for the report, however long it takes.

        Raises:
            LinkLost: There is no connection, or it broke.
        """
        reply = await self._ask(request, None)
        return reply if isinstance(reply, BundleImported) else BundleImported(reply.request, reply.error)

    async def take_sightings(self, request: TakeSightings) -> SightingsTaken:
        """Have what a scan found taken into the inventory.

        Raises:
            LinkLost: There is no connection, or it broke.
        """
        reply = await self._ask(request, None)
        return reply if isinstance(reply, SightingsTaken) else SightingsTaken(reply.request, reply.error)

    async def give(self, request: GiveCommand) -> CommandEnded:
        """Have a command carried out and wait for its outcome, however long it takes.

        Raises:
            LinkLost: There is no connection, or it broke: whether it was sent stands in the record of commands.
        """
        reply = await self._ask(request, None)
        return reply if isinstance(reply, CommandEnded) else CommandEnded(reply.request, reply.error)

    async def offers(self, request: AskOffers) -> Offers:
        """Ask what a device can be commanded to do. Raises `LinkLost`."""
        reply = await self._ask(request, ANSWER_SECONDS)
        return reply if isinstance(reply, Offers) else Offers(reply.request, reply.error)

    async def _ask(self, request: Request, patience: float | None) -> Reply:
        wire = self._wire
        if wire is None or not self._live:
            raise LinkLost("there is no connection to the collector; nothing was sent")
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[request.request] = answer
        try:
            wire.write(frame(request))
            async with asyncio.timeout(patience):
                return await answer
        except TimeoutError as error:
            raise LinkLost("the collector did not answer in time; look at the incident before trying again") from error
        finally:
            self._waiting.pop(request.request, None)

    async def run(self, on_message: Callable[[FromCollector], None], on_state: Callable[[LinkState], None]) -> None:
        """Stay connected until cancelled, or until the collector refuses this console for good.

        Messages arrive in order; after a connection was lost, either the missing events follow, or a new
        `Welcome` replaces everything. Answers go to whoever sent the request and not to `on_message`.
        """
        self._on_message, self._on_state = on_message, on_state
        attempt = 0
        while True:
            on_state(LinkState(LinkPhase.CONNECTING, attempt=attempt))
            reason, was_live = await self._once()
            attempt = 1 if was_live else attempt + 1
            if self._refusal is not None and self._refusal.final:
                on_state(LinkState(LinkPhase.LOST, self._refusal.reason, 0.0, attempt))
                return
            pause = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** (attempt - 1)) * random.uniform(0.8, 1.0)
            on_state(LinkState(LinkPhase.LOST, reason, pause, attempt))
            await asyncio.sleep(pause)

    async def _once(self) -> tuple[str, bool]:
        """One connection from beginning to end: why it ended, and whether it had been live."""
        self._live, self._refusal = False, None
        receiver = Receiver(self._take)
        try:
            self._wire = await self._connector.connect(receiver)
        except NoCollector as error:
            return str(error), False
        hello = Hello(PROTOCOL, self._client, self._sequence, self._boot, self._connector.token)
        self._wire.write(frame(hello))
        try:
            reason = await self._watch(receiver, self._wire)
        finally:
            was_live, self._live = self._live, False
            receiver.end("this console has closed the link")
            self._wire.close()
            self._wire = None
            self._fail_waiting()
        return (self._refusal.reason if self._refusal is not None else reason), was_live

    async def _watch(self, receiver: Receiver, wire: Wire) -> str:
        """Beat until the connection ends. Silence is counted in own beats, so a stall of this side is none."""
        silent = 0.0
        while not receiver.closed.done():
            await asyncio.wait([receiver.closed], timeout=HEARTBEAT_SECONDS)
            if receiver.closed.done():
                break
            silent = 0.0 if receiver.heard else silent + HEARTBEAT_SECONDS
            receiver.heard = False
            if silent >= SILENT_AFTER_SECONDS:
                return f"the collector has been silent for {SILENT_AFTER_SECONDS:.0f} s"
            wire.write(frame(Heartbeat(time.time())))
        return receiver.closed.result()

    def _fail_waiting(self) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(LinkLost("the connection broke before the answer came"))

    def _take(self, message: FromCollector | Refusal) -> None:
        if isinstance(message, Refusal):
            self._refusal = message
            return
        if isinstance(message, Reply):
            answer = self._waiting.get(message.request)
            if answer is not None and not answer.done():
                answer.set_result(message)
            return
        if isinstance(message, Welcome):
            self._boot, self._sequence = message.boot, message.sequence
        elif isinstance(message, AlarmsChanged | IncidentsChanged | DevicesChanged):
            self._sequence = message.sequence
        if not self._live:
            self._live = True
            self._on_state(LinkState(LinkPhase.LIVE))
        self._on_message(message)


def _ignore_message(message: FromCollector) -> None:
    """Before `run` nobody listens."""


def _ignore_state(state: LinkState) -> None:
    """Before `run` nobody listens."""
