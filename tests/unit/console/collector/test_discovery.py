"""A scan asks every address once, finds what answers, and stops when it is told to."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import orjson
import pytest

from console.collector.discovery import NETWORK_IN_FLIGHT, Found, Progress, places, scan
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.identification import Asking
from drivers.testing.replay import RecordedMiner, serve_replies
from drivers.transports.connections import Connections
from tests.listeners import Handler, tcp
from tests.modbus_devices import EM24_INPUT, device, serve

PROFILES = {name: load_profiles()[name] for name in ("antminer-stock", "carlo-gavazzi-em24")}
VERSION = orjson.dumps({"VERSION": [{"BMMiner": "1.0.0", "Miner": "49.0.1.3", "Type": "Antminer S21"}]})


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (["10.0.0.0/30"], ["10.0.0.1:4028", "10.0.0.2:4028"]),
        (["10.0.0.7/32"], ["10.0.0.7:4028"]),
        (["10.0.0.7"], ["10.0.0.7:4028"]),
        (["10.0.0.7:14028"], ["10.0.0.7:14028"]),
        (["10.0.0.0/31:99"], ["10.0.0.0:99", "10.0.0.1:99"]),
        (["10.0.0.9-11"], ["10.0.0.9:4028", "10.0.0.10:4028", "10.0.0.11:4028"]),
        (["10.0.0.255-10.0.1.0"], ["10.0.0.255:4028", "10.0.1.0:4028"]),
        (["plc-b.site:502"], ["plc-b.site:502"]),
        (["fe80::1"], ["[fe80::1]:4028"]),
        (["[fe80::1]:502"], ["[fe80::1]:502"]),
        (["10.0.0.7", "10.0.0.7"], ["10.0.0.7:4028"]),
    ],
)
def test_that_targets_name_addresses(targets: Sequence[str], expected: Sequence[str]) -> None:
    assert [[str(address) for address in place] for place in places(targets, (4028,))] == [[one] for one in expected]


def test_that_the_ports_of_one_host_are_one_place_and_a_port_of_its_own_another() -> None:
    found = places(["10.0.0.7", "10.0.0.7:99", "10.0.0.8"], (80, 4028))
    assert [[str(address) for address in place] for place in found] == [
        ["10.0.0.7:80", "10.0.0.7:4028"], ["10.0.0.7:99"], ["10.0.0.8:80", "10.0.0.8:4028"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "target", ["", "10.0.0.0/33", "10.0.0.0/8", "10.0.0.9-10.0.0.1", "10.0.0.1-x", "a b", "10.0.0.1:0", "10.0.0.1:x"]
)
def test_that_a_target_that_is_none_is_refused_with_a_sentence(target: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        places([target])


async def test_that_a_scan_finds_what_answers_and_only_that(unused_tcp_port: int) -> None:
    seen: list[Progress] = []
    miner = RecordedMiner({"version": VERSION})
    async with (
        serve_replies(miner) as antminer,
        serve(device(inputs=EM24_INPUT)) as meter,
        Connections() as connections,
    ):
        nobody = Address("127.0.0.1", unused_tcp_port)
        targets = [(antminer,), (nobody,), (meter,)]
        found = await scan(targets, Asking(connections, PROFILES), on_progress=seen.append)
    assert [(item.address, item.identity.profile) for item in found] == [
        (antminer, "antminer-stock"),
        (meter, "carlo-gavazzi-em24"),
    ]
    assert {(step.asked, step.total) for step in seen} == {(1, 3), (2, 3), (3, 3)}
    assert seen[-1].found == 2
    assert [step.latest for step in seen if step.latest is not None] == sorted(found, key=found.index)
    assert json.dumps([item.identity.model for item in found]) == '["Antminer S21", "EM24DINAV23XE1PFB"]'


async def test_that_no_credentials_leave_this_machine_during_a_scan() -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1024):
            heard.extend(data)

    async with tcp(listen) as address, Connections() as connections:
        assert await scan([(address,)], Asking(connections, PROFILES)) == []
    assert b"root" not in heard
    assert b"admin" not in heard
    assert b"command" in heard


async def test_that_a_scan_stops_at_once_when_it_is_cancelled() -> None:
    asked = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read(-1)

    async with tcp(hang) as address, Connections() as connections:
        task: asyncio.Task[list[Found]] = asyncio.create_task(scan([(address,)] * 500, Asking(connections, PROFILES)))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_that_no_more_hosts_are_asked_at_a_time_than_allowed() -> None:
    asked: set[str] = set()
    most = 0
    answered = asyncio.Event()

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal most
        if await reader.read(1024):  # not a mere knock
            host = writer.get_extra_info("sockname")[0]
            asked.add(host)
            most = max(most, len(asked))
            if len(asked) == 4:
                answered.set()
            await answered.wait()
            asked.discard(host)

    async with wildcard(count) as port, Connections() as connections:
        hosts = [(Address(f"127.9.0.{number}", port),) for number in range(1, 31)]
        profiles = {"a": PROFILES["antminer-stock"]}
        await scan(hosts, Asking(connections, profiles), in_flight=4, rate=10_000)
    assert most == 4


async def test_that_one_network_never_takes_all_the_room() -> None:
    """A dead hall of 200 addresses is named first; the two of another hall need not wait for it."""
    order: list[str] = []
    hold = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1024):
            host = writer.get_extra_info("sockname")[0]
            order.append(host)
            if host.startswith("127.9.1."):
                hold.set()
            else:
                await hold.wait()

    async with wildcard(answer) as port, Connections() as connections:
        hosts = [(Address(f"127.9.0.{number}", port),) for number in range(1, 201)]
        hosts += [(Address(f"127.9.1.{number}", port),) for number in (1, 2)]
        profiles = {"a": PROFILES["antminer-stock"]}
        await scan(hosts, Asking(connections, profiles), rate=10_000)
    assert order.index("127.9.1.1") <= NETWORK_IN_FLIGHT
    assert len(set(order)) == 202


async def test_that_a_scan_keeps_its_rate() -> None:
    """By its own clock: of 20 hosts at 100 a second the last cannot have been asked before 190 ms."""
    async with Connections() as connections:
        started = time.monotonic()
        hosts = [(Address(f"127.9.2.{number}", 1),) for number in range(1, 21)]
        await scan(hosts, Asking(connections, PROFILES), rate=100.0)
        assert time.monotonic() - started >= 0.19


@asynccontextmanager
async def wildcard(handler: Handler) -> AsyncIterator[int]:
    """One listener for every address of 127.0.0.0/8; gives its port."""
    server = await asyncio.start_server(closing(handler), "0.0.0.0", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0)


def closing(handler: Handler) -> Handler:
    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        finally:
            writer.close()

    return serve_one
