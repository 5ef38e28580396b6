"""A third of a site dead, hung or trickling, on real sockets: the others are asked as often as ever."""

import asyncio
import random
from collections import Counter
from uuid import uuid4

import pytest

from console.collector.fleet import Fleet
from console.collector.opener import RegistryOpener
from console.collector.schedule import Schedule
from console.domain.inventory import Device
from console.domain.telemetry import LiveColumns
from console.support.clock import SystemClock
from drivers.core.device import Driver, Tier
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.profile_file import load_profiles
from drivers.core.reading import Quality, Report
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from drivers.simulators.site import VirtualSite
from drivers.transports.connections import Connections

pytestmark = pytest.mark.integration

MINERS = 300
PERIOD = 1.0
PERIODS = 6
KINDS = {
    "dead_miner": Quality.UNREACHABLE,
    "hung_api": Quality.TIMED_OUT,
    "trickling": Quality.TIMED_OUT,
}


class Counted:
    """A driver whose good reports are counted."""

    def __init__(self, driver: Driver, name: str, counts: "Counts") -> None:
        self.address, self.profile = driver.address, driver.profile
        self._driver, self._name, self._counts = driver, name, counts

    async def identify(self) -> Identity:
        return await self._driver.identify()

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        self._counts.asked[self._name] += 1
        report = await self._driver.read(tier)
        self._counts.reported(self._name)
        return report

    async def close(self) -> None:
        await self._driver.close()


class Counts(RegistryOpener):
    """Opens drivers whose reports it counts, until one device has given enough."""

    def __init__(self, connections: Connections) -> None:
        super().__init__(load_profiles(), connections, lambda name: "")
        self.asked: Counter[str] = Counter()
        self.reports: Counter[str] = Counter()
        self.enough = asyncio.Event()

    async def open(self, device: Device) -> Driver:
        return Counted(await super().open(device), device.name, self)

    def reported(self, name: str) -> None:
        self.reports[name] += 1
        if self.reports[name] == PERIODS:
            self.enough.set()


async def test_that_a_third_of_bad_devices_costs_the_others_no_poll(expected_log: list[str]) -> None:
    expected_log.append(" lost: ")
    ports = Ports.free()
    text = demo_site(MINERS, ports=ports, story=False)
    names = [entry.name for entry in VirtualSite.parse(text).blueprint.miners]
    bad = dict(zip(random.Random(1).sample(names, MINERS * 3 // 10), 30 * list(KINDS), strict=True))
    text += "".join(f'[[fault]]\nkind = "{kind}"\ntarget = "{name}"\n' for name, kind in bad.items())
    site, columns = VirtualSite.parse(text), LiveColumns()
    devices = {
        entry.name: Device(
            uuid4(), entry.name, DeviceKind.MINER, Address(entry.host, entry.port), profile=entry.profile
        )
        for entry in site.blueprint.miners
    }
    async with site.serve(), Connections() as connections:
        counts = Counts(connections)
        # A question to a third of the site takes 3 s: without a lane of their own 60 places would soon be theirs.
        schedule = Schedule(cap=30, doubtful_cap=15)
        period = lambda kind, miners: PERIOD  # noqa: E731 - one word of a fleet
        fleet = Fleet(columns, counts, SystemClock(), lambda device: None, schedule=schedule, period=period)
        fleet.add(devices.values())
        task = asyncio.create_task(fleet.run())
        await counts.enough.wait()
        stretch = fleet.review()
        task.cancel()
        await asyncio.wait([task])
    assert stretch < 1.5, "the collector does not call itself over capacity"
    behind = {name: counts.reports[name] for name in names if name not in bad and counts.reports[name] < PERIODS - 2}
    assert not behind, f"of {PERIODS} periods these had fewer reports"
    assert not any(counts.reports[name] for name in bad)
    assert all(1 <= counts.asked[name] < PERIODS for name in bad), "they are asked, but more rarely"
    for name, kind in bad.items():
        row = columns.row(devices[name].id)
        assert columns.reason[row] in {KINDS[kind], Quality.NOT_POLLED}
