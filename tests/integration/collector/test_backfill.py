"""Times in which nobody asked a plant are filled from its own log, over real sockets, beside its polls."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from console.collector.backfill import Backfill
from console.collector.filler import Filler
from console.collector.fleet import Fleet
from console.collector.opener import RegistryOpener
from console.collector.recorder import Recorder
from console.collector.rounds import every
from console.domain.inventory import Device
from console.domain.telemetry import LiveColumns
from console.exchange.site_file import read_site
from console.services.fills import Fill
from console.services.ports import History
from console.store.reading.history_reader import open_reader
from console.store.site_store import SiteStore
from console.support.clock import SystemClock
from drivers.core.identity import DeviceKind
from drivers.core.profile_file import load_profiles
from drivers.core.reading import Quality
from drivers.simulators.commands import Commands
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from drivers.simulators.site import VirtualSite
from drivers.transports.connections import Connections
from tests.integration.live_site import live_site

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

EVERY_SECOND = "log_interval = 1\nlog_past = 600\n"


class SmallSite:
    """The plants of a virtual site, polled and stored in this process, with logs that have a record each second."""

    def __init__(self, store: SiteStore, commands: Commands, connections: Connections) -> None:
        self.store = store
        self.commands = commands
        self.columns = LiveColumns()
        self.clock = SystemClock()
        profiles = dict(load_profiles())
        cdu = profiles["generic-cdu"]
        profiles[cdu.id] = replace(cdu, log=MappingProxyType({**cdu.log, "interval_s": 1}))
        opener = RegistryOpener(profiles, connections, str)
        self.fleet = Fleet(self.columns, opener, self.clock, lambda device: None)
        self.recorder = Recorder(store.history, self.columns, self.clock, self.fleet.tally)
        self.backfill = Backfill(self.columns, self.fleet, Filler(store.reader, store.history, store), period=0.2)

    def answered(self, device: Device) -> float:
        """UTC seconds of its last good report; NaN before the first."""
        return float(self.columns.answered[self.columns.row(device.id)])

    async def until_answered(self, device: Device, after: float) -> None:
        async with asyncio.timeout(40):
            while not self.answered(device) > after:  # noqa: ASYNC110 - a report is no event here
                await asyncio.sleep(0.05)

    async def until_filled(self, device: Device) -> None:
        async with asyncio.timeout(40):
            while device.id not in {fill.device for fill in await self.store.fills(0.0, time.time())}:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def flow_of(self, device: Device, start: float, stop: float) -> History:
        (history,) = await self.store.reader.read(device.id, [("flow", "")], start, stop)
        return history


@asynccontextmanager
async def small_site(folder: Path) -> AsyncIterator[tuple[SmallSite, Device, Device]]:
    """A site with two plants, running."""
    text = demo_site(2, ports=Ports.free(), story=False).replace("[simulation]\n", "[simulation]\n" + EVERY_SECOND)
    site = read_site(text)
    plants = [device for device in site.devices if device.kind is DeviceKind.PLANT]
    async with AsyncExitStack() as stack:
        serving = await stack.enter_async_context(VirtualSite.parse(text).serve())
        store = await SiteStore.open(folder)
        stack.push_async_callback(store.close)
        await store.save_site(site)
        connections = await stack.enter_async_context(Connections())
        small = SmallSite(store, serving.commands, connections)
        small.fleet.add(plants)
        work = (small.fleet.run(), every(1.0, small.clock, "history", small.recorder.sweep), small.backfill.run())
        tasks = [asyncio.create_task(one) for one in work]
        try:
            yield small, plants[0], plants[1]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def test_that_an_outage_is_filled_from_the_plants_log_while_the_others_are_polled(
    tmp_path: Path, expected_log: list[str]
) -> None:
    expected_log.append("PLC-A")
    async with small_site(tmp_path) as (small, lost, other):
        await small.until_answered(other, 0.0)
        await small.until_answered(lost, small.answered(lost) + 2.0 if small.answered(lost) > 0 else time.time())
        small.commands.carry_out({"do": "fault", "kind": "hung_api", "target": "PLC-A"})
        began = time.time()
        await small.until_answered(other, began + 3.5)
        small.commands.carry_out({"do": "clear", "kind": "hung_api", "target": "PLC-A"})
        await small.until_answered(lost, time.time())
        came_back = small.answered(lost)
        await small.until_filled(lost)
        await small.recorder.sweep()
        filled = await small.flow_of(lost, began, came_back)
        polled = await small.flow_of(other, began, came_back)
        (fill,) = await small.store.fills(0.0, time.time())
    gone = np.count_nonzero(filled.quality != Quality.GOOD)
    assert gone <= 2, "at either end a second of the log and one of the polls may lie in the same slot"
    assert np.all(filled.values[filled.quality == Quality.GOOD] > 0)
    assert np.count_nonzero(polled.quality != Quality.GOOD) <= 1, "reading a log takes no poll from anybody"
    assert fill.device == lost.id
    assert fill.start >= began - 3.0
    assert fill.stop <= came_back
    assert fill.clock_offset == 0.0
    assert fill.samples > fill.records >= 4


async def test_that_the_time_without_a_collector_is_filled_when_it_starts_again(tmp_path: Path) -> None:
    text = demo_site(2, ports=Ports.free(), story=False).replace("[simulation]\n", "[simulation]\nlog_past = 600\n")
    async with live_site(tmp_path, text) as place:
        now = time.time()
        store = await SiteStore.open(tmp_path)
        await store.mark_alive(now - 86_400.0)
        plants = [device for device in (await store.site()).devices if device.kind is DeviceKind.PLANT]
        await store.close()
        process = await place.collect()
        watcher = await place.watch()
        async with asyncio.timeout(60):
            while len(fills := await fills_of(tmp_path)) < len(plants):  # noqa: ASYNC110 - another process fills
                await asyncio.sleep(0.2)
        reader = open_reader(tmp_path)
        found = [await reader.read(plant.id, [("supply_temp", "")], now - 600, now - 10) for plant in plants]
        await reader.close()
        await place.stop(watcher, process)
    assert {fill.device for fill in fills} == {plant.id for plant in plants}
    assert all(fill.records >= 59 for fill in fills)
    for (series,) in found:
        assert np.count_nonzero(series.quality == Quality.GOOD) >= 58


async def fills_of(folder: Path) -> list[Fill]:
    store = await SiteStore.open(folder, read_only=True)
    try:
        return await store.fills(0.0, time.time() + 60)
    finally:
        await store.close()
