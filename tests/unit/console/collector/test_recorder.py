"""Sweeps into the history, with a disk that fills up, and what devices say of themselves."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import pytest

from console.collector.inventory import DEVICES_PER_ROUND, LiveInventory
from console.collector.poller import Tally
from console.collector.recorder import HOLD_SECONDS, RETRY_SECONDS, Recorder
from console.collector.rounds import LoopLag, Rate, every
from console.domain.inventory import Device, Site
from console.domain.telemetry import LiveColumns
from console.services.ports import StoreFull, SweepWaits, Waiting
from drivers.core.identity import Address, DeviceKind

MINER = Device(uuid4(), "T1-1", DeviceKind.MINER, Address("127.0.0.1", 4028))
METER = Device(uuid4(), "M-1", DeviceKind.METER, Address("127.0.0.1", 502))
SITE = Site(uuid4(), "Pecos-2", "UTC", 1.0, 1.0, devices=(MINER, METER))


class HandClock:
    """Time that the test turns."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


class Disk:
    """A history writer and an inventory on a disk that can be full or broken."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.sweeps: list[float] = []
        self.sites: list[Site] = []
        self.waiting = Waiting()

    async def append(self, columns: LiveColumns, at: float) -> int:
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        self.sweeps.append(at)
        return 10

    async def save(self, site: Site) -> None:
        if self.failure is not None:
            raise self.failure
        self.sites.append(site)


class Parts:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.disk = Disk()
        self.tally = Tally()
        self.recorder = Recorder(self.disk, LiveColumns(), self.clock, self.tally)


@pytest.fixture
def parts() -> Parts:
    return Parts()


async def test_that_every_report_stored_before_the_next_one_is_not_lost(parts: Parts) -> None:
    for _ in range(5):
        parts.tally.reported(3)
        await parts.recorder.sweep()
    assert parts.recorder.lost == 0
    assert parts.recorder.stored == 50


async def test_that_a_report_replaced_before_its_sweep_counts_as_lost(parts: Parts) -> None:
    parts.tally.reported(3)
    parts.tally.reported(3)
    parts.tally.reported(4)
    await parts.recorder.sweep()
    assert parts.recorder.lost == 1


async def test_that_devices_are_held_while_a_sweep_takes_long_but_not_for_ever(parts: Parts) -> None:
    await parts.recorder.sweep()
    assert parts.tally.hold_until == parts.clock.monotonic() + HOLD_SECONDS


async def test_that_a_full_disk_holds_nobody(parts: Parts, expected_log: list[str]) -> None:
    expected_log.append("no room")
    parts.disk.failure = StoreFull("no room")
    await parts.recorder.sweep()
    assert parts.tally.hold_until == 0.0


async def test_that_a_full_disk_is_is_said_tried_again_and_gets_over(parts: Parts, expected_log: list[str]) -> None:
    expected_log.append("the history is not being written: no room")
    parts.disk.failure = StoreFull("no room")
    parts.tally.reported(3)
    await parts.recorder.sweep()
    assert parts.recorder.error == "no room"
    parts.clock.time += 1.0
    parts.tally.reported(3)
    parts.disk.failure = None
    await parts.recorder.sweep()
    assert parts.recorder.error == "no room", "not tried again so soon"
    parts.clock.time += RETRY_SECONDS
    await parts.recorder.sweep()
    assert parts.recorder.error == ""
    assert parts.recorder.stored == 10
    assert parts.recorder.lost == 1, "the report that was replaced while nothing could be written"


async def test_that_what_waits_in_memory_is_said_and_not_counted_as_lost(parts: Parts, expected_log: list[str]) -> None:
    expected_log.append("the history is not being written: no room")
    parts.disk.failure = SweepWaits("no room.")
    for second in range(3):
        parts.disk.waiting = Waiting(second + 1, 100 * (second + 1), 5_000, since=1000.0)
        parts.tally.reported(3)
        await parts.recorder.sweep()
        parts.clock.time += 1.0
    assert parts.recorder.error == "no room. 300 samples since 00:16:40 UTC wait in memory."
    assert parts.recorder.lost == 0, "every report went into memory before the next one came"
    parts.disk.waiting = Waiting(3, 300, 5_000, since=1001.0, lost=20)
    await parts.recorder.sweep()
    assert "20 samples were given up" in parts.recorder.error
    parts.disk.failure, parts.disk.waiting = None, Waiting(lost=20)
    await parts.recorder.sweep()
    assert parts.recorder.error == ""


async def test_that_another_failure_of_the_store_is_shown_and_passed_on(parts: Parts) -> None:
    parts.disk.failure = OSError("input/output error")
    parts.tally.reported(3)
    with pytest.raises(OSError, match="input/output"):
        await parts.recorder.sweep()
    assert "input/output error" in parts.recorder.error
    assert parts.tally.unsaved == {3}


async def test_that_facts_of_many_devices_are_kept_and_told_together() -> None:
    disk, told = Disk(), list[Sequence[Device]]()
    inventory = LiveInventory(SITE, disk.save, lambda site, devices: told.append(devices))
    known = replace(MINER, model="Antminer S21", profile="antminer-stock")
    inventory.learned(replace(MINER, profile="antminer-stock"))
    inventory.learned(known)
    inventory.learned(replace(METER, serial="77"))
    await inventory.round()
    await inventory.round()
    assert told == [(known, replace(METER, serial="77"))]
    assert disk.sites == [inventory.site]
    assert inventory.site.devices == told[0]


async def test_that_a_large_site_is_saved_and_told_more_rarely_and_at_the_end_at_once() -> None:
    disk, told = Disk(), list[Sequence[Device]]()
    many = tuple(replace(MINER, id=uuid4(), name=f"T1-{at}") for at in range(2 * DEVICES_PER_ROUND))
    inventory = LiveInventory(replace(SITE, devices=many), disk.save, lambda site, devices: told.append(devices))
    for at in range(4):
        inventory.learned(replace(many[at], serial=str(at)))
        await inventory.round()
    assert [len(devices) for devices in told] == [1, 3], "the first at once, then every third round"
    inventory.learned(replace(many[9], serial="9"))
    await inventory.round()
    assert len(told) == 2
    await inventory.settle()
    assert len(told) == 3


async def test_that_facts_wait_for_a_disk_with_room(expected_log: list[str]) -> None:
    expected_log.append("not kept yet")
    disk, told = Disk(), list[Sequence[Device]]()
    inventory = LiveInventory(SITE, disk.save, lambda site, devices: told.append(devices))
    disk.failure = StoreFull("no room")
    inventory.learned(replace(MINER, serial="1"))
    await inventory.round()
    assert inventory.site == SITE
    disk.failure = None
    await inventory.round()
    assert inventory.site.device("T1-1").serial == "1"


async def test_that_a_fault_in_one_round_does_not_end_the_rounds(expected_log: list[str]) -> None:
    expected_log.append("a fault in the work 'sums'")
    rounds = asyncio.Event()
    count = 0

    class FastClock(HandClock):
        def monotonic(self) -> float:
            return asyncio.get_running_loop().time()

    async def work() -> None:
        nonlocal count
        count += 1
        if count == 3:
            rounds.set()
        raise ZeroDivisionError

    task = asyncio.create_task(every(0.01, FastClock(), "sums", work))
    async with asyncio.timeout(5):
        await rounds.wait()
    task.cancel()
    await asyncio.wait([task])


async def test_that_a_blocked_loop_shows_as_lag() -> None:
    class LoopClock(HandClock):
        def monotonic(self) -> float:
            return asyncio.get_running_loop().time()

    clock = LoopClock()
    lag = LoopLag(clock)
    task = asyncio.create_task(lag.run())
    await asyncio.sleep(0)
    until = clock.monotonic() + 0.3
    while clock.monotonic() < until:
        pass
    async with asyncio.timeout(5):
        while (worst := lag.take()) == 0.0:  # noqa: ASYNC110 - there is nothing to wait for but the measurement
            await asyncio.sleep(0.01)
    assert worst >= 0.2
    task.cancel()
    await asyncio.wait([task])


def test_that_a_rate_is_taken_over_the_last_ten_samples() -> None:
    rate = Rate()
    assert rate.sample(0.0, 0) == 0.0
    rates = [rate.sample(float(second), 100 * second if second < 20 else 2000) for second in range(1, 40)]
    assert rates[5] == pytest.approx(100.0)
    assert rates[-1] == 0.0
