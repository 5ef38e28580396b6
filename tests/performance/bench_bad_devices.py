"""Polling with a share of the devices dead, hung or trickling: do the others keep their period?

Run: `python -m tests.performance.bench_bad_devices [--miners N] [--bad PERCENT] [--seconds S] [--at S]`.

A third of the bad miners resets connections, a third takes the question and never answers, a third sends one byte a
second. They are bad from the start, and good until `--at` in a second run. Miners are polled by the real fleet over
real sockets with the schedule that the collector uses; the virtual site is another process. What counts is the time
from one good report of a healthy miner to its next.
"""

import argparse
import asyncio
import json
import logging
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from console.collector.fleet import Fleet
from console.collector.opener import RegistryOpener
from console.domain.inventory import Device
from console.domain.telemetry import LiveColumns
from console.support.environment import allow_open_files, run
from drivers.core.device import Driver, Tier
from drivers.core.errors import DeviceError
from drivers.core.identity import Identity
from drivers.core.profile_file import load_profiles
from drivers.core.reading import Report
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from drivers.transports.connections import Connections
from tests.performance.bench_collector import SystemClock, miners_of, virtual_site

PERIOD = 5.0
GOAL_S = 6.0
KINDS = ("dead_miner", "hung_api", "trickling")


class Timed:
    """A driver whose reads are kept: when they began, how long the failed ones took."""

    def __init__(self, driver: Driver, name: str, record: "Record") -> None:
        self._driver = driver
        self._name = name
        self._record = record
        self.address = driver.address
        self.profile = driver.profile

    async def identify(self) -> Identity:
        return await self._driver.identify()

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        began = time.monotonic()
        self._record.asked[self._name] += 1
        try:
            report = await self._driver.read(tier)
        except DeviceError:
            self._record.failed.append(time.monotonic() - began)
            raise
        self._record.answered[self._name].append(time.monotonic())
        return report

    async def close(self) -> None:
        await self._driver.close()


class Record:
    """What happened, by the name of the device."""

    def __init__(self) -> None:
        self.answered: dict[str, list[float]] = defaultdict(list)
        self.asked: Counter[str] = Counter()
        self.failed: list[float] = []


class TimedOpener(RegistryOpener):
    """The collector's opener, whose drivers keep a record."""

    def __init__(self, connections: Connections, record: Record) -> None:
        super().__init__(load_profiles(), connections, lambda name: "")
        self._record = record

    async def open(self, device: Device) -> Driver:
        return Timed(await super().open(device), device.name, self._record)


def faults(bad: list[str], at: float) -> Iterator[str]:
    """The `[[fault]]` tables that make those miners bad from that second on."""
    for place, name in enumerate(bad):
        yield f'[[fault]]\nkind = "{KINDS[place % len(KINDS)]}"\ntarget = "{name}"\nat = {at}\n'


async def measure(devices: list[Device], healthy: set[str], seconds: float) -> dict[str, float]:
    """Poll for a while and look at the gaps between good reports."""
    record, columns = Record(), LiveColumns()
    async with Connections() as connections:
        fleet = Fleet(columns, TimedOpener(connections, record), SystemClock(), lambda device: None)
        fleet.add(devices)
        began, cpu = time.monotonic(), time.process_time()
        task = asyncio.create_task(fleet.run())
        most = 0
        while time.monotonic() - began < seconds:
            await asyncio.sleep(0.1)
            most = max(most, fleet.schedule.in_flight)
        wall, cpu = time.monotonic() - began, time.process_time() - cpu
        task.cancel()
        await asyncio.wait([task])
    good = [name for name in record.answered if name in healthy]
    first = [record.answered[name][0] - began for name in good]
    gaps = np.concatenate([np.diff(record.answered[name]) for name in good])
    bad = sum(count for name, count in record.asked.items() if name not in healthy)
    return {
        "healthy_miners": len(healthy),
        "healthy_that_answered": len(good),
        "first_report_p99_s": float(np.percentile(first, 99)),
        "gap_p50_s": float(np.percentile(gaps, 50)),
        "gap_p99_s": float(np.percentile(gaps, 99)),
        "gap_most_s": float(gaps.max()),
        "goal_p99_s": GOAL_S,
        "polls_per_s": fleet.tally.polls / wall,
        "questions_to_bad_miners_per_s": bad / wall,
        "longest_failed_poll_s": max(record.failed, default=0.0),
        "in_flight_most": most,
        "core_share": cpu / wall,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--miners", type=int, default=3000)
    parser.add_argument("--bad", type=float, default=30.0, help="percent")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--at", type=float, default=20.0, help="second at which they turn bad in the second run")
    arguments = parser.parse_args()
    allow_open_files()
    logging.disable(logging.WARNING)
    results = {}
    for when, at in (("bad from the start", 0.0), (f"bad from second {arguments.at:g} on", arguments.at)):
        text = demo_site(arguments.miners, ports=Ports.free(), story=False)
        devices = miners_of(text)
        names = [device.name for device in devices]
        bad = random.Random(1).sample(names, round(len(names) * arguments.bad / 100))
        with virtual_site(text + "\n" + "\n".join(faults(bad, at))):
            results[when] = run(measure(devices, set(names) - set(bad), arguments.seconds))
    sys.stdout.write(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
