"""A device's own log over real sockets: found, corrected by its clock's offset, refused when its times lie."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from pymodbus.simulator import SimDevice

from drivers.core.device_log import KeepsLog, LoggedSamples, LogReader
from drivers.core.errors import LogRefused, Rejected
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.core.reading import Quality
from drivers.core.ring_log_map import RingLogMap
from drivers.family import Access
from drivers.registry import open_driver
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from drivers.simulators.site import Serving, VirtualSite
from drivers.transports.connections import Connections
from drivers.transports.ring_log import RingLogReader
from tests.modbus_devices import block, device, serve, words_big

UNITS = 10.0
"""Seconds between two records of the generic unit."""


@asynccontextmanager
async def virtual(more: str = "") -> AsyncIterator[tuple[Serving, LogReader]]:
    """The log of the first plant of a small virtual site; `more` is added to its [simulation]."""
    ports = Ports.free()
    text = demo_site(2, ports=ports, story=False).replace("[simulation]", f"[simulation]\n{more}")
    async with VirtualSite.parse(text).serve() as serving, Connections() as connections:
        yield serving, reader_at(Address("127.30.0.1", ports.modbus), connections)


def reader_at(address: Address, connections: Connections) -> LogReader:
    """A reader that does not pause: nobody polls beside it here."""
    profile = load_profiles()["generic-cdu"]
    offered = open_driver(profile, address, Access(connections))
    assert isinstance(offered, KeepsLog)
    assert offered.log is not None
    ring = RingLogMap.of(profile)
    assert ring is not None
    return RingLogReader(ring, connections.modbus(address), 1, pause=0.0)


async def the_last(reader: LogReader, seconds: float) -> LoggedSamples:
    now = time.time()
    return await reader.read_log(now - seconds, now)


async def test_that_a_stretch_of_the_log_comes_with_its_times_and_values() -> None:
    async with virtual() as (_, reader):
        now = time.time()
        logged = await reader.read_log(now - 3600, now - 1800)
    assert abs(len(logged) - 180) <= 1
    assert logged.offset == 0.0
    assert logged.left_out == ""
    assert now - 3600 <= logged.times[0] < logged.times[-1] < now - 1800
    assert np.all(np.diff(logged.times) == UNITS)
    supply = logged.values[:, logged.layout.index["supply_temp", ""]]
    assert np.all((supply > 20) & (supply < 50))
    assert np.all(logged.quality == Quality.GOOD)
    assert ("pump_speed", "2") in logged.layout.index


async def test_that_a_ring_that_has_wrapped_reads_from_its_oldest_to_its_newest() -> None:
    async with virtual("log_past = 45670") as (_, reader):
        now = time.time()
        logged = await reader.read_log(now - 10 * reader.span, now)
    assert 2900 < len(logged) < 3000
    assert np.all(np.diff(logged.times) == UNITS)
    assert now - reader.span <= logged.times[0] < now - reader.span + 120
    assert logged.times[-1] > now - 2 * UNITS


async def test_that_a_log_that_has_only_begun_gives_what_it_has() -> None:
    async with virtual("log_past = 100") as (_, reader):
        assert abs(len(await the_last(reader, 5000)) - 10) <= 1
        nothing = await reader.read_log(time.time() - 5000, time.time() - 4000)
        assert len(nothing) == 0
        assert time.time() - 120 < nothing.resumes < time.time() - 80


@asynccontextmanager
async def wrong_from_the_start(ahead: int) -> AsyncIterator[tuple[Serving, LogReader]]:
    """A site whose plant A was commissioned with a wrong clock."""
    ports = Ports.free()
    fault = f'\n[[fault]]\nkind = "wrong_clock"\ntarget = "PLC-A"\namount = {ahead}\n'
    site = VirtualSite.parse(demo_site(2, ports=ports, story=False) + fault)
    async with site.serve() as serving, Connections() as connections:
        yield serving, reader_at(Address("127.30.0.1", ports.modbus), connections)


@pytest.mark.parametrize("ahead", [300, 899])
async def test_that_the_offset_of_the_clock_is_taken_off(ahead: int) -> None:
    async with wrong_from_the_start(ahead) as (_, reader):
        now = time.time()
        logged = await reader.read_log(now - 600, now - 300)
    assert logged.offset == pytest.approx(ahead, abs=1)
    assert abs(len(logged) - 30) <= 1
    assert now - 601 <= logged.times[0]
    assert logged.times[-1] <= now - 299


async def test_that_a_clock_too_far_off_refuses_the_log() -> None:
    async with wrong_from_the_start(2000) as (_, reader):
        with pytest.raises(LogRefused, match=r"its clock is 2000 s ahead of ours; 900 s are tolerated"):
            await the_last(reader, 600)


async def test_that_records_from_before_the_clock_was_set_are_left_out() -> None:
    async with virtual("log_interval = 1") as (serving, reader):
        serving.commands.carry_out({"do": "fault", "kind": "wrong_clock", "target": "PLC-A", "amount": 500})
        logged = await the_last(reader, 600)
        assert len(logged) == 0
        assert "the clock was set" in logged.left_out
        async with asyncio.timeout(10):
            while not len(logged):
                logged = await the_last(reader, 600)
        assert logged.times[0] > time.time() - 15
        assert "the clock was set" in logged.left_out


async def test_that_an_empty_log_gives_nothing() -> None:
    async with virtual() as (serving, reader):
        serving.commands.carry_out({"do": "fault", "kind": "empty_log", "target": "PLC-A"})
        logged = await the_last(reader, 600)
        assert (len(logged), logged.resumes) == (0, math.inf)


def ring(records: list[int], *, clock: int) -> SimDevice:
    """A device with a log of these times, served by another implementation."""
    contents = {1000: [len(records), len(records) % 3000, 10, 7, *words_big(clock)]}
    for place, written in enumerate(records):
        contents[2000 + 20 * place] = [*words_big(written), 7, 300, 400, *words_big(9000)]
    return device(inputs=block(contents, 62000))


@pytest.mark.parametrize(
    ("ages", "reason"),
    [
        ([50, 40, 30, 45, 20, 10], "its clock steps back by 15 s between records"),
        ([90, 80, 70, 60, 50, 40, 31, 28, 25, 22, 19, 16, 13, 10, 7], "its clock steps back by"),
        ([20, 10, -500], "its newest record lies 500 s ahead of its own clock"),
    ],
)
async def test_that_times_that_contradict_themselves_refuse_the_log(ages: list[int], reason: str) -> None:
    now = int(time.time())
    made = ring([now - age for age in ages], clock=now)
    async with serve(made) as address, Connections() as connections:
        with pytest.raises(LogRefused, match=reason):
            await reader_at(address, connections).read_log(now - 95, now - 35)


async def test_that_a_unit_without_a_log_says_so() -> None:
    async with serve(device(inputs=block({0: [17220]}, 172))) as address, Connections() as connections:
        with pytest.raises(Rejected):
            await the_last(reader_at(address, connections), 600)


async def test_that_a_device_that_does_not_know_the_time_is_refused() -> None:
    made = ring([1, 2, 3], clock=0)
    async with serve(made) as address, Connections() as connections:
        with pytest.raises(LogRefused, match="does not know what time it is"):
            await the_last(reader_at(address, connections), 600)
