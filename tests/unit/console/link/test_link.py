"""Consoles and a collector over a real socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest

from console.domain.alarms import Alarm, Condition, Severity
from console.domain.inventory import Device, Site
from console.link.client import Link, LinkLost, LinkPhase, LinkState
from console.link.endpoint import LoopbackEndpoint, socket_path
from console.link.framing import FrameSplitter, frame, pack, read_from_collector, read_from_console, unpack
from console.link.messages import (
    MAX_FRAME,
    PROTOCOL,
    AddNote,
    AlarmsChanged,
    Answer,
    DeviceShape,
    FromCollector,
    Health,
    Hello,
    Refusal,
    Request,
    Shape,
    Snapshot,
    Welcome,
)
from console.link.server import LinkServer
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

    def welcome(self, sequence: int) -> Welcome:
        return Welcome(PROTOCOL, self.boot, sequence, 1, str(self.folder), 0.0, SITE, (), ())

    async def handle(self, request: Request) -> Answer:
        self.handled.append(request)
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


@pytest.fixture
async def collector(tmp_path: Path) -> AsyncIterator[Collector]:
    running = Collector(tmp_path)
    await running.server.start()
    yield running
    await running.server.close()


@pytest.fixture
async def open_console(collector: Collector) -> AsyncIterator[Callable[[], Awaitable[Console]]]:
    consoles: list[Console] = []

    async def make() -> Console:
        console = Console(collector.folder)
        consoles.append(console)
        await console.until(lambda: console.phase() is LinkPhase.LIVE)
        return console

    yield make
    for console in consoles:
        await console.close()


OpenConsole = Callable[[], Awaitable[Console]]


async def test_that_a_console_first_gets_the_whole_state_then_the_shape_then_columns(
    collector: Collector, open_console: OpenConsole
) -> None:
    collector.show()
    console = await open_console()
    await console.until(lambda: len(console.messages) >= 3)
    welcome, shape, snapshot = console.messages[:3]
    assert isinstance(welcome, Welcome)
    assert welcome.site == SITE
    assert isinstance(shape, Shape)
    assert shape.rows[0].signals == (Signal("power"), Signal("hashrate"))
    assert isinstance(snapshot, Snapshot)
    assert snapshot.tick == 1


async def test_that_the_shape_travels_only_when_it_changed(collector: Collector, open_console: OpenConsole) -> None:
    console = await open_console()
    collector.show()
    collector.show()
    collector.show(revision=2)
    await console.until(lambda: console.tick() == 3)
    assert sum(isinstance(each, Shape) for each in console.messages) == 2
    assert collector.shapes == 2


async def test_that_a_request_is_carried_out_and_answered(collector: Collector, open_console: OpenConsole) -> None:
    console = await open_console()
    requests = [AddNote(console.link.next_request(), uuid4(), "ana", f"note {n}") for n in range(20)]
    answers = await asyncio.gather(*(console.link.send(request) for request in requests))
    assert [answer.request for answer in answers] == [request.request for request in requests]
    assert collector.handled == requests, "requests of one console are carried out in its order"


async def test_that_a_fault_in_a_request_is_answered_and_ends_nothing(
    collector: Collector, open_console: OpenConsole, expected_log: list[str]
) -> None:
    expected_log.append("the request AddNote failed")
    console = await open_console()
    answer = await console.link.send(AddNote(console.link.next_request(), uuid4(), "ana", "bug"))
    assert "fault" in answer.error
    assert not (await console.link.send(AddNote(console.link.next_request(), uuid4(), "ana", "ok"))).error


async def test_that_a_request_without_a_connection_fails_at_once(tmp_path: Path) -> None:
    link = Link(tmp_path, "console 1")
    with pytest.raises(LinkLost, match="no connection"):
        await link.send(AddNote(link.next_request(), uuid4(), "ana", "x"))


async def test_that_a_stalled_console_loses_no_event_and_gets_only_the_newest_columns(
    collector: Collector, open_console: OpenConsole
) -> None:
    quick = await open_console()
    stalled = await Raw.greet(collector)
    stalled.stall()
    for number in range(200):
        collector.server.publish_alarms((alarm(number),))
        collector.show(series=20_000)
        await asyncio.sleep(0)
    await quick.until(lambda: len(quick.rules()) == 200 and quick.tick() == 200)
    assert quick.rules() == [f"rule-{n}" for n in range(200)]

    stalled.go_on()
    seen = await stalled.until(lambda message: isinstance(message, Snapshot) and message.tick == 200)
    late = [alarm.rule for each in seen if isinstance(each, AlarmsChanged) for alarm in each.alarms]
    assert late == [f"rule-{n}" for n in range(200)], "every event, in sequence"
    assert sum(isinstance(each, Snapshot) for each in seen) < 20, "columns are replaced, not queued"
    await stalled.close()


async def test_that_a_console_too_far_behind_gets_a_new_welcome(
    collector: Collector, open_console: OpenConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.link.server.RING_EVENTS", 8)
    stalled = await Raw.greet(collector)
    stalled.stall()
    for number in range(3):
        collector.show(series=200_000)
        collector.server.publish_alarms((alarm(number),))
    for number in range(3, 100):
        collector.server.publish_alarms((alarm(number),))
    stalled.go_on()
    seen = await stalled.until(lambda message: isinstance(message, Welcome | AlarmsChanged) and message.sequence == 100)
    assert [type(each) for each in seen if isinstance(each, Welcome)] == [Welcome, Welcome]
    await stalled.close()


async def test_that_a_console_comes_back_after_a_break_and_misses_nothing(
    collector: Collector, open_console: OpenConsole
) -> None:
    console = await open_console()
    collector.server.publish_alarms((alarm(0),))
    await console.until(lambda: console.rules() == ["rule-0"])
    for session in tuple(collector.server._sessions):
        session.drop()
    for number in range(1, 5):
        collector.server.publish_alarms((alarm(number),))
    await console.until(lambda: len(console.rules()) == 5)
    assert console.rules() == [f"rule-{n}" for n in range(5)]
    assert console.welcomes() == 1, "what it had still holds"
    assert [state.phase for state in console.states[-3:]] == [LinkPhase.LOST, LinkPhase.CONNECTING, LinkPhase.LIVE]
    assert console.states[-3].reason == "the collector has ended"


async def test_that_another_collector_process_starts_afresh(tmp_path: Path) -> None:
    first = Collector(tmp_path)
    await first.server.start()
    console = Console(tmp_path)
    await console.until(lambda: console.phase() is LinkPhase.LIVE)
    first.server.publish_alarms((alarm(0),))
    await console.until(lambda: len(console.rules()) == 1)
    await first.server.close()
    second = Collector(tmp_path)
    await second.server.start()
    second.server.publish_alarms((alarm(1),))
    await console.until(lambda: console.welcomes() == 2)
    await console.close()
    await second.server.close()


async def test_that_without_a_collector_the_link_says_so_and_backs_off(tmp_path: Path) -> None:
    console = Console(tmp_path)
    await console.until(lambda: sum(state.phase is LinkPhase.LOST for state in console.states) >= 3)
    lost = [state for state in console.states if state.phase is LinkPhase.LOST]
    assert all(state.reason == "no collector is running for this folder" for state in lost)
    assert 0 < lost[0].retry_in < lost[2].retry_in <= 5.0
    await console.close()


GARBAGE = {
    "not msgpack": (40).to_bytes(4, "big") + b"\xff" * 40,
    "a message nobody knows": len(b"\x81\xa4type\xa3Foo").to_bytes(4, "big") + b"\x81\xa4type\xa3Foo",
    "an empty frame": bytes(4),
    "a frame of 4 GB": b"\xff\xff\xff\xff",
    "more than a console may send": (2 * 1024 * 1024).to_bytes(4, "big"),
    "a request before the hello": frame(AddNote(1, uuid4(), "ana", "x")),
    "text of another protocol": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("bad", GARBAGE.values(), ids=GARBAGE.keys())
async def test_that_garbage_ends_its_own_connection_and_no_other(
    collector: Collector, open_console: OpenConsole, expected_log: list[str], bad: bytes
) -> None:
    expected_log.append("closing the link to an unknown client")
    console = await open_console()
    rude = await Raw.connect(collector.folder)
    rude.writer.write(bad)
    (refusal,) = await rude.until(lambda message: isinstance(message, Refusal))
    assert isinstance(refusal, Refusal)
    assert refusal.reason
    assert await rude.reader.read() == b""
    await rude.close()
    collector.server.publish_alarms((alarm(0),))
    await console.until(lambda: console.rules() == ["rule-0"])
    assert console.welcomes() == 1


async def test_that_a_console_of_another_protocol_version_is_refused_for_good(collector: Collector) -> None:
    old = await Raw.connect(collector.folder)
    old.writer.write(frame(Hello(PROTOCOL + 1, "console of tomorrow")))
    (refusal,) = await old.until(lambda message: isinstance(message, Refusal))
    assert isinstance(refusal, Refusal)
    assert refusal.final
    assert "install the same version" in refusal.reason
    await old.close()


async def test_that_a_link_refused_for_good_stops_trying(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.link.client.PROTOCOL", PROTOCOL + 1)
    console = Console(collector.folder)
    await asyncio.wait_for(console.task, 10)
    assert console.states[-1].phase is LinkPhase.LOST
    assert "install the same version" in console.states[-1].reason
    assert console.states[-1].retry_in == 0


async def test_that_garbage_from_the_collector_ends_the_link_with_its_reason(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((MAX_FRAME + 1).to_bytes(4, "big"))
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(serve, socket_path(tmp_path))
    console = Console(tmp_path)
    await console.until(lambda: console.phase() is LinkPhase.LOST)
    assert "cannot read" in console.states[-1].reason
    await console.close()
    server.close()
    socket_path(tmp_path).unlink(missing_ok=True)


async def test_that_the_socket_is_its_owners_alone_and_goes_with_the_collector(tmp_path: Path) -> None:
    collector = Collector(tmp_path)
    await collector.server.start()
    path = socket_path(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    await collector.server.close()
    assert not path.exists()


def test_that_two_spellings_of_a_folder_meet_at_one_socket(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "same").symlink_to(tmp_path / "site")
    assert socket_path(tmp_path / "site") == socket_path(tmp_path / "same")
    assert socket_path(tmp_path / "site") != socket_path(tmp_path)


async def test_that_the_loopback_endpoint_wants_its_secret(tmp_path: Path, expected_log: list[str]) -> None:
    expected_log.append("does not carry the secret")
    door = LoopbackEndpoint(tmp_path / "door.port")
    server = LinkServer(tmp_path, uuid4(), Collector(tmp_path).welcome, Collector(tmp_path).handle, at=door)
    await server.start()
    assert (tmp_path / "door.port").stat().st_mode & 0o777 == 0o600
    for token, expected in ((None, Welcome), ("guess", Refusal)):
        transport, received = await LoopbackEndpoint(tmp_path / "door.port").connect(Notebook)
        transport.write(frame(Hello(PROTOCOL, "console", token=door.token if token is None else token)))
        async with asyncio.timeout(10):
            assert isinstance(await received.first, expected)
        transport.close()
    await server.close()
    assert not (tmp_path / "door.port").exists()


def test_that_devices_of_one_layout_share_it_on_the_wire_and_after() -> None:
    signals = tuple(Signal("board_temp", str(part)) for part in range(3))
    other = (Signal("power"),)
    shape = Shape(
        7,
        31,
        tuple(DeviceShape(uuid4(), 5.0 + at, 3 * at, tuple(signals) if at % 2 else other) for at in range(10)),
    )
    packed = pack(shape)
    assert len(packed.layouts) == 2
    restored = unpack(packed)
    assert restored == shape
    assert restored.rows[1].signals is restored.rows[3].signals


@pytest.mark.parametrize("size", [1, 3, 4, 5, 1000])
def test_that_frames_are_found_however_the_stream_is_cut(size: int) -> None:
    stream = b"".join(frame(Hello(PROTOCOL, "c" * n)) for n in range(20))
    splitter = FrameSplitter()
    names = [
        message.client
        for at in range(0, len(stream), size)
        for body in splitter.feed(stream[at : at + size])
        if isinstance(message := read_from_console(body), Hello)
    ]
    assert names == ["c" * n for n in range(20)]
