"""A scan asks every address once, finds what answers, and stops when it is told to."""

import asyncio
import json
from collections.abc import Sequence

import orjson
import pytest

from console.collector.discovery import Found, Progress, addresses, scan
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.testing.replay import RecordedMiner, serve_replies
from drivers.transports.connections import Connections
from tests.listeners import tcp
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
    assert [str(address) for address in addresses(targets, (4028,))] == expected


@pytest.mark.parametrize(
    "target", ["", "10.0.0.0/33", "10.0.0.0/8", "10.0.0.9-10.0.0.1", "10.0.0.1-x", "a b", "10.0.0.1:0", "10.0.0.1:x"]
)
def test_that_a_target_that_is_none_is_refused_with_a_sentence(target: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        addresses([target])


async def test_that_a_scan_finds_what_answers_and_only_that(unused_tcp_port: int) -> None:
    seen: list[Progress] = []
    miner = RecordedMiner({"version": VERSION})
    async with (
        serve_replies(miner) as antminer,
        serve(device(inputs=EM24_INPUT)) as meter,
        Connections() as connections,
    ):
        nobody = Address("127.0.0.1", unused_tcp_port)
        found = await scan([antminer, nobody, meter], connections, PROFILES, on_progress=seen.append)
    assert [(item.address, item.identity.profile) for item in found] == [
        (antminer, "antminer-stock"),
        (meter, "carlo-gavazzi-em24"),
    ]
    assert seen[-1] == Progress(3, 3, 2)
    assert json.dumps([item.identity.model for item in found]) == '["Antminer S21", "EM24DINAV23XE1PFB"]'


async def test_that_no_credentials_leave_this_machine_during_a_scan() -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1024):
            heard.extend(data)

    async with tcp(listen) as address, Connections() as connections:
        assert await scan([address], connections, PROFILES) == []
    assert b"root" not in heard
    assert b"admin" not in heard
    assert b"command" in heard


async def test_that_a_scan_stops_at_once_when_it_is_cancelled() -> None:
    asked = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read(-1)

    async with tcp(hang) as address, Connections() as connections:
        task: asyncio.Task[list[Found]] = asyncio.create_task(scan([address] * 500, connections, PROFILES))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_that_no_more_questions_are_open_than_allowed() -> None:
    open_now = most = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await reader.read(1024)
        open_now -= 1

    async with tcp(count) as address, Connections() as connections:
        await scan([address] * 30, connections, {"a": PROFILES["antminer-stock"]}, in_flight=4, rate=10_000)
    assert most <= 4
