"""Both ends of the link for tests: a collector with a real server, a console with a real client, a raw socket."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np

from console.domain.alarms import Alarm, Condition, Severity
from console.domain.inventory import Device, Site
from console.link.client import Link, LinkPhase, LinkState
from console.link.endpoint import socket_path
from console.link.framing import FrameSplitter, frame, read_from_collector
from console.link.messages import (
    PROTOCOL,
    AddNote,
    AlarmsChanged,
    Answer,
    BundleImported,
    DeviceShape,
    FromCollector,
    Health,
    Hello,
    ImportBundle,
    Refusal,
    Reply,
    Request,
    Shape,
    Snapshot,
    Welcome,
)
from console.link.server import LinkServer
from console.services.sync_report import SyncReport
from drivers.core.identity import Address, DeviceKind
from drivers.core.reading import Signal

DEVICE = Device(uuid4(), "T1-1", DeviceKind.MINER, Address("127.0.0.1", 4028))
SITE = Site(uuid4(), "Pecos-2", "America/Chicago", 10.2, 318_000.0, devices=(DEVICE,))


def alarm(number: int) -> Alarm:
    return Alarm(
        uuid4(), f"rule-{number}", DEVICE.id, DEVICE.name, "", Severity.SEV3, Condition.ACTIVE, "", 1.0, 2.0, 3.0, 4.0
    )


class Collector:
    """A link server with a state to serve, standing in for nothing: it is the real server."""

    def __init__(self, folder: Path, boot: UUID | None = None) -> None:
        self.folder = folder
        self.boot = boot or uuid4()
        self.handled: list[Request] = []
        self.server = LinkServer(folder, self.boot, self.welcome, self.handle)
        self.tick = 0
        self.shapes = 0
        self.importing = asyncio.Event()
        self.imported: asyncio.Future[SyncReport] = asyncio.get_running_loop().create_future()

    def welcome(self, sequence: int) -> Welcome:
        return Welcome(PROTOCOL, self.boot, sequence, 1, str(self.folder), 0.0, SITE, (), ())

    async def handle(self, request: Request) -> Reply:
        self.handled.append(request)
        if isinstance(request, ImportBundle):
            self.importing.set()
            return BundleImported(request.request, report=await self.imported)
        if isinstance(request, AddNote) and request.text == "late":
            await asyncio.shield(self.imported)
        if isinstance(request, AddNote) and request.text == "bug":
            raise RuntimeError("a bug")
        return Answer(request.request, error="")

    def shape(self) -> Shape:
        self.shapes += 1
        return Shape(1, 2, (DeviceShape(DEVICE.id, 5.0, 0, (Signal("power"), Signal("hashrate"))),))

    def show(self, series: int = 2, revision: int = 1) -> None:
        self.tick += 1
        values = np.full(series, float(self.tick)).tobytes()
        self.server.show(
            Snapshot(revision, self.tick, 0.0, 0.0, values, bytes(series), b"", b"", b"", Health()), self.shape
        )


class Console:
    """A link with a notebook."""

    def __init__(self, folder: Path) -> None:
        self.link = Link(folder, "console 1")
        self.messages: list[FromCollector] = []
        self.states: list[LinkState] = []
        self.changed = asyncio.Event()
        self.task = asyncio.create_task(self.link.run(self.take, self.stand))

    def take(self, message: FromCollector) -> None:
        self.messages.append(message)
        self.changed.set()

    def stand(self, state: LinkState) -> None:
        self.states.append(state)
        self.changed.set()

    async def until(self, fulfilled: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not fulfilled():
                self.changed.clear()
                await self.changed.wait()

    def phase(self) -> LinkPhase | None:
        return self.states[-1].phase if self.states else None

    def rules(self) -> list[str]:
        return [one.rule for each in self.messages if isinstance(each, AlarmsChanged) for one in each.alarms]

    def welcomes(self) -> int:
        return sum(isinstance(each, Welcome) for each in self.messages)

    def tick(self) -> int:
        return max((each.tick for each in self.messages if isinstance(each, Snapshot)), default=0)

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


class Raw:
    """A client that does as it pleases."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.splitter = FrameSplitter()
        self.seen: list[FromCollector | Refusal] = []

    @classmethod
    async def connect(cls, folder: Path) -> "Raw":
        return cls(*await asyncio.open_unix_connection(socket_path(folder)))

    @classmethod
    async def greet(cls, collector: Collector) -> "Raw":
        """Connect, say hello and wait for the welcome, which stays unread."""
        raw = await cls.connect(collector.folder)
        raw.writer.write(frame(Hello(PROTOCOL, "raw")))
        raw.seen.append((await raw.next_messages())[0])
        return raw

    async def next_messages(self) -> list[FromCollector | Refusal]:
        while True:
            data = await self.reader.read(1 << 20)
            assert data, "the collector closed the connection"
            found = [read_from_collector(body) for body in self.splitter.feed(data)]
            if found:
                return found

    async def until(self, last: Callable[[FromCollector | Refusal], bool]) -> list[FromCollector | Refusal]:
        async with asyncio.timeout(10):
            while not any(map(last, self.seen)):
                self.seen += await self.next_messages()
        return self.seen

    def _reading(self) -> asyncio.ReadTransport:
        transport = self.writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        return transport

    def stall(self) -> None:
        self._reading().pause_reading()

    def go_on(self) -> None:
        self._reading().resume_reading()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


class Notebook(asyncio.Protocol):
    """Keeps the first message it gets."""

    def __init__(self) -> None:
        self.first: asyncio.Future[FromCollector | Refusal] = asyncio.get_running_loop().create_future()
        self.splitter = FrameSplitter()

    def data_received(self, data: bytes) -> None:
        for body in self.splitter.feed(data):
            if not self.first.done():
                self.first.set_result(read_from_collector(body))


OpenConsole = Callable[[], Awaitable[Console]]
