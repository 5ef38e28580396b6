"""CPU per poll of a stock Antminer, through the real fleet: schedule, socket, parse, ingest.

Run: `python -m tests.performance.bench_collector [--miners N] [--seconds S]`.

The devices are served by another process, so the CPU measured is the collector's alone. Also prints what the floor
of this machine is: the same exchange with nothing around it.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from uuid import uuid4

from console.collector.fleet import Fleet
from console.collector.opener import RegistryOpener
from console.collector.schedule import Schedule
from console.domain.inventory import Device
from console.domain.telemetry import LiveColumns
from console.support.environment import allow_open_files, run
from drivers.core.identity import Address, DeviceKind
from drivers.core.profile_file import load_profiles
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from drivers.simulators.site import VirtualSite
from drivers.transports.connections import Connections

TARGET_MS = 0.40


class SystemClock:
    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def serve(text: str, ready: Event) -> None:
    """The child process: the virtual site."""

    async def forever() -> None:
        async with VirtualSite.parse(text).serve():
            ready.set()
            await asyncio.Event().wait()

    run(forever())


@contextmanager
def virtual_site(text: str) -> Iterator[None]:
    """The site in a process of its own while the block runs."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    child = context.Process(target=serve, args=(text, ready), daemon=True)
    child.start()
    try:
        if not ready.wait(60):
            raise TimeoutError("the virtual site did not start")
        yield
    finally:
        child.terminate()
        child.join()


def miners_of(text: str) -> list[Device]:
    """The miners of a virtual site, as devices of the inventory."""
    return [
        Device(uuid4(), entry.name, DeviceKind.MINER, Address(entry.host, entry.port), profile="antminer-stock")
        for entry in VirtualSite.parse(text).blueprint.miners
    ]


async def measure(devices: list[Device], period: float, seconds: float) -> dict[str, float]:
    """Poll for a while; the first two periods do not count."""
    columns = LiveColumns()
    async with Connections() as connections:
        opener = RegistryOpener(load_profiles(), connections, lambda name: "")
        fleet = Fleet(
            columns,
            opener,
            SystemClock(),
            lambda device: None,
            schedule=Schedule(subnet_cap=10_000),
            period=lambda kind, miners: period,
        )
        fleet.add(devices)
        task = asyncio.create_task(fleet.run())
        await asyncio.sleep(2 * period + 1)
        polls, cpu, wall = fleet.tally.polls, time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        polls, cpu, wall = fleet.tally.polls - polls, time.process_time() - cpu, time.monotonic() - wall
        failures = fleet.tally.failures
        task.cancel()
        await asyncio.wait([task])
    return {
        "polls_per_s": polls / wall,
        "cpu_ms_per_poll": 1000 * cpu / polls,
        "core_share": cpu / wall,
        "failures": failures,
        "series": len(columns.values),
        "miners_per_core_at_5s": 5000 * 0.8 / (1000 * cpu / polls),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--miners", type=int, default=1000)
    parser.add_argument("--period", type=float, default=2.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    allow_open_files()
    text = demo_site(arguments.miners, ports=Ports.free(), story=False)
    devices = miners_of(text)
    with virtual_site(text):
        result = run(measure(devices, arguments.period, arguments.seconds))
    result |= {"target_ms": TARGET_MS, "cores": os.cpu_count() or 1}
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
