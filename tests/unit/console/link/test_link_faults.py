"""What a broken, foreign or hostile peer does to the link: nothing, to anybody else."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from console.link.client import LinkPhase
from console.link.endpoint import LoopbackEndpoint, socket_path
from console.link.framing import FrameSplitter, frame, pack, read_from_console, unpack
from console.link.messages import (
    MAX_FRAME,
    PROTOCOL,
    AddNote,
    DeviceShape,
    Hello,
    Refusal,
    Shape,
    Welcome,
)
from console.link.server import LinkServer
from drivers.core.reading import Signal
from tests.unit.console.link.ends import Collector, Console, Notebook, OpenConsole, Raw, alarm

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
