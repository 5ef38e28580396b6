"""Devices that answer again have their holes filled from their own logs, politely and never at any price."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from console.collector.backfill import Backfill
from console.collector.filler import RECORDS_AT_ONCE, Filler
from console.domain.inventory import Device
from console.domain.telemetry import Codes, LiveColumns
from console.services.fills import Fill
from console.services.ports import History, StoreFull, Total
from drivers.core.device_log import LoggedSamples, LogReader
from drivers.core.errors import DeviceError, LogRefused, Rejected, TimedOut
from drivers.core.identity import Address, DeviceKind
from drivers.core.reading import DeviceState, Layout, Quality, Report, Signal

NOW = 1_800_000_000.0
LAYOUT = Layout((Signal("flow"), Signal("supply_temp")))
PLANT = Device(UUID(int=1), "PLC-A", DeviceKind.PLANT, Address("127.0.0.1", 502))
OTHER = Device(UUID(int=2), "PLC-B", DeviceKind.PLANT, Address("127.0.0.1", 502))
MINER = Device(UUID(int=3), "T1-1", DeviceKind.MINER, Address("127.0.0.1", 4028))


class Ring:
    """A device's log: a record every 10 s of the last two hours."""

    layout, interval, span = LAYOUT, 10.0, 7200.0

    def __init__(self) -> None:
        self.asked: list[tuple[float, float]] = []
        self.fails: list[DeviceError] = []
        self.left_out = ""
        self.begins = 0.0
        self.on_ask: Callable[[], None] = lambda: None

    async def read_log(self, start: float, stop: float) -> LoggedSamples:
        self.asked.append((start, stop))
        self.on_ask()
        await asyncio.sleep(0)
        if self.fails:
            raise self.fails.pop(0)
        first = np.ceil(max(start, self.begins) / 10) * 10
        times = np.arange(first, stop, 10.0)
        values = np.column_stack([times % 1000, np.full(len(times), 30.0)])
        return LoggedSamples(LAYOUT, times, values, np.zeros(values.shape, np.uint8), 2.0, first, self.left_out)


class Archive:
    """A history of 1 s slots in memory, the fills of it, and a disk that can be full."""

    def __init__(self) -> None:
        self.there: set[tuple[UUID, float]] = set()
        self.inserted: list[float] = []
        self.fills: list[Fill] = []
        self.full = 0

    async def read(
        self, device: UUID, points: Sequence[tuple[str, str]], start: float, stop: float, step: float = 0.0
    ) -> list[History]:
        times = np.arange(start // 1, stop // 1)
        there = np.isin(times, [at for of, at in self.there if of == device])
        quality = np.where(there, Quality.GOOD, Quality.NOT_POLLED).astype(np.uint8)
        values = np.where(quality == Quality.GOOD, 1.0, np.nan)
        return [History(device, Signal(*points[0]), times[0], 1.0, values, quality, values, values)]

    async def total(
        self, point: str, start: float, stop: float, step: float = 0.0, *, devices: Collection[UUID] | None = None
    ) -> Total:
        raise NotImplementedError

    async def extent(self) -> tuple[float, float] | None:
        raise NotImplementedError

    async def insert(
        self, device: UUID, layout: Layout, times: NDArray[np.float64], values: NDArray[np.float64], quality: Codes
    ) -> int:
        if self.full:
            self.full -= 1
            raise StoreFull("The disk is full.")
        self.inserted += times.tolist()
        self.there |= {(device, at) for at in times.tolist()}
        return int(values.size)

    async def record_fill(self, fill: Fill) -> None:
        self.fills.append(fill)

    def store(self, start: float, stop: float) -> None:
        """As if the plant had been polled every second."""
        self.there |= {(PLANT.id, at) for at in np.arange(start, stop).tolist()}


class Scene:
    """Two plants behind one connection and a miner, polled every second."""

    def __init__(self) -> None:
        self.columns = LiveColumns()
        self.rows = {device.id: self.columns.add(device.id, 1.0) for device in (PLANT, OTHER, MINER)}
        self.rings = {PLANT.id: Ring(), OTHER.id: Ring()}
        self.archive = Archive()
        filler = Filler(self.archive, self.archive, self.archive, retry=0.001)
        self.backfill = Backfill(self.columns, self, filler, period=0.001)

    def log_of(self, row: int) -> tuple[Device, LogReader] | None:
        device = (PLANT, OTHER, MINER)[row]
        return (device, self.rings[device.id]) if device.id in self.rings else None

    def answers(self, device: Device, at: float) -> None:
        report = Report(at - 0.1, at, DeviceState.RUNNING, LAYOUT, [1.0, 2.0], bytes(2))
        self.columns.ingest(self.rows[device.id], report)

    async def settled(self) -> None:
        """Until it has looked twice and nothing waits any more."""
        async with asyncio.timeout(5):
            await asyncio.sleep(0.01)
            while self.backfill.waiting:  # noqa: ASYNC110 - the end of the filling is no event
                await asyncio.sleep(0.001)


@asynccontextmanager
async def running(scene: Scene) -> AsyncIterator[Scene]:
    task = asyncio.create_task(scene.backfill.run())
    try:
        yield scene
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_that_an_outage_is_filled_from_the_devices_own_log() -> None:
    async with running(Scene()) as scene:
        scene.archive.store(NOW - 7200, NOW)
        scene.answers(PLANT, NOW)
        await scene.settled()
        assert scene.rings[PLANT.id].asked == []
        scene.answers(PLANT, NOW + 605.0)
        await scene.settled()
    assert scene.archive.inserted == [NOW + at for at in range(0, 605, 10)]
    (fill,) = scene.archive.fills
    assert (fill.device, fill.start, fill.stop) == (PLANT.id, NOW, NOW + 605)
    assert (fill.records, fill.samples, fill.clock_offset) == (61, 122, 2.0)


async def test_that_a_missed_poll_and_a_device_without_a_log_are_no_matter() -> None:
    async with running(Scene()) as scene:
        for device in (PLANT, MINER):
            scene.answers(device, NOW)
        await scene.settled()
        scene.answers(PLANT, NOW + 15.0)
        scene.answers(MINER, NOW + 4000.0)
        await scene.settled()
    assert scene.rings[PLANT.id].asked == []


async def test_that_the_time_without_a_collector_is_filled_at_the_first_answer() -> None:
    scene = Scene()
    scene.archive.store(NOW - 9000, NOW)
    scene.backfill.nobody_asked_since(NOW)
    async with running(scene):
        scene.answers(PLANT, NOW + 300.0)
        await scene.settled()
    assert scene.archive.inserted == [NOW + at for at in range(0, 300, 10)]


async def test_that_what_an_earlier_run_left_unfilled_is_filled_after_a_short_restart() -> None:
    scene = Scene()
    scene.archive.store(NOW - 9000, NOW - 3000)
    scene.archive.store(NOW - 2000, NOW)
    scene.backfill.nobody_asked_since(NOW)
    async with running(scene):
        scene.answers(PLANT, NOW + 1.0)
        await scene.settled()
        scene.answers(PLANT, NOW + 2.0)
        await scene.settled()
    assert scene.archive.inserted == [NOW - 3000 + at for at in range(0, 1000, 10)]
    assert len(scene.archive.fills) == 1


async def test_that_a_device_new_to_the_site_is_not_filled() -> None:
    async with running(Scene()) as scene:
        scene.answers(PLANT, NOW)
        await scene.settled()
    assert scene.rings[PLANT.id].asked == []


async def test_that_a_long_hole_is_read_in_pieces_and_no_further_back_than_the_log_goes() -> None:
    async with running(Scene()) as scene:
        scene.answers(PLANT, NOW - 50_000)
        await scene.settled()
        scene.answers(PLANT, NOW)
        await scene.settled()
    pieces = scene.rings[PLANT.id].asked
    assert pieces[0][0] == NOW - 7200
    assert all(stop - start <= 10 * RECORDS_AT_ONCE for start, stop in pieces)
    assert [start for start, _ in pieces[1:]] == [stop for _, stop in pieces[:-1]]
    assert pieces[-1][1] == NOW


async def test_that_what_a_young_log_does_not_have_is_passed_over_at_once() -> None:
    async with running(Scene()) as scene:
        scene.rings[PLANT.id].begins = NOW - 100
        scene.answers(PLANT, NOW - 50_000)
        await scene.settled()
        scene.answers(PLANT, NOW)
        await scene.settled()
    assert scene.rings[PLANT.id].asked == [(NOW - 7200, NOW - 5400), (NOW - 100, NOW)]
    assert scene.archive.inserted == [NOW - at for at in range(100, 0, -10)]


async def test_that_a_full_disk_is_waited_for_and_nothing_is_read_twice() -> None:
    async with running(Scene()) as scene:
        scene.archive.full = 3
        scene.answers(PLANT, NOW)
        await scene.settled()
        scene.answers(PLANT, NOW + 300)
        await scene.settled()
    assert len(scene.archive.inserted) == 30
    assert len(scene.rings[PLANT.id].asked) == 1


@pytest.mark.parametrize(
    ("error", "again"),
    [(LogRefused("plc", "its clock is wrong"), 2), (TimedOut("plc", "no answer"), 2), (Rejected("plc", "none"), 1)],
    ids=["refused", "silent", "without a log"],
)
async def test_that_a_log_that_fails_leaves_the_hole_and_is_tried_at_the_next_return(
    error: DeviceError, again: int, expected_log: list[str]
) -> None:
    expected_log.append("PLC-A: its own log is not used: its clock is wrong")
    async with running(Scene()) as scene:
        scene.archive.store(NOW - 7200, NOW)
        scene.rings[PLANT.id].fails = [error]
        for at in (0, 300, 600):
            scene.answers(PLANT, NOW + at)
            await scene.settled()
    assert len(scene.rings[PLANT.id].asked) == again
    assert len(scene.archive.inserted) == (60 if again == 2 else 0)


async def test_that_a_fault_is_logged_and_the_next_device_is_filled(expected_log: list[str]) -> None:
    expected_log.append("a fault while the own log of PLC-A was read")
    async with running(Scene()) as scene:
        scene.rings[PLANT.id].fails = [ZeroDivisionError()]  # type: ignore[list-item] # a bug in a driver
        for at in (0, 300):
            scene.answers(PLANT, NOW + at)
            scene.answers(OTHER, NOW + at)
            await scene.settled()
    assert len(scene.archive.inserted) == 30


async def test_that_devices_behind_one_connection_wait_for_each_other() -> None:
    scene = Scene()
    order: list[UUID] = []
    for device in (PLANT, OTHER):
        scene.rings[device.id].on_ask = partial(order.append, device.id)
    async with running(scene):
        for at in (0, 6000):
            scene.answers(PLANT, NOW + at)
            scene.answers(OTHER, NOW + at)
            await scene.settled()
    assert order == [PLANT.id] * 4 + [OTHER.id] * 4
    assert [fill.device for fill in scene.archive.fills] == [PLANT.id, OTHER.id]


async def test_that_progress_and_what_was_left_out_are_told(
    caplog: pytest.LogCaptureFixture, expected_log: list[str]
) -> None:
    expected_log.append("PLC-A: a part of its own log is not used: the clock was set")
    caplog.set_level(logging.INFO)
    async with running(Scene()) as scene:
        scene.rings[PLANT.id].left_out = "the clock was set"
        for at in (0, 3600):
            scene.answers(PLANT, NOW + at)
            await scene.settled()
    said = [record.getMessage() for record in caplog.records]
    assert (
        "PLC-A: nothing is stored from 2027-01-15 08:00:00 UTC to 2027-01-15 09:00:00 UTC: its own log is read" in said
    )
    assert "PLC-A: 50 % of it read, 180 records" in said
    assert "PLC-A: 360 records of its own log gave 720 samples; its clock was +2 s off ours" in said
