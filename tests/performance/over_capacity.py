"""More miners than this machine can poll in their period: it must stretch visibly, keep its cap, and fail nobody.

Run: `python -m tests.performance.over_capacity [--miners 30000] [--period 5] [--seconds 60]`. Exits with 1 when a
poll failed or the cap was passed.
"""

import argparse
import asyncio
import json
import sys
import time

import numpy as np

from console.collector.fleet import Fleet
from console.collector.opener import RegistryOpener
from console.collector.rounds import LoopLag
from console.domain.inventory import Device
from console.domain.telemetry import LiveColumns
from console.support.environment import allow_open_files, run
from console.support.garbage import LongLived, start_clean
from drivers.core.profile_file import load_profiles
from drivers.registry import Connections
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from tests.performance.bench_collector import SystemClock, miners_of, virtual_site


async def overload(devices: list[Device], period: float, seconds: float) -> dict[str, float]:
    """Poll for a while, with a line on stderr every five seconds."""
    columns, clock = LiveColumns(), SystemClock()
    async with Connections() as connections:
        opener = RegistryOpener(load_profiles(), connections, lambda name: "")
        fleet = Fleet(columns, opener, clock, lambda device: None, period=lambda kind, miners: period)
        fleet.add(devices)
        start_clean()
        long_lived = LongLived()
        lag = LoopLag(clock)
        tasks = [asyncio.create_task(fleet.run()), asyncio.create_task(lag.run())]
        worst_lag, most, end, before = 0.0, 0, time.monotonic() + seconds, 0
        cpu = time.process_time()
        while time.monotonic() < end:
            for turn in range(50):
                await asyncio.sleep(0.1)
                most = max(most, fleet.schedule.in_flight)
                if turn % 10 == 0:
                    long_lived.round(columns.revision)
            late = lag.take()
            worst_lag = max(worst_lag, late)
            known = int(np.count_nonzero(~np.isnan(columns.answered)))
            sys.stderr.write(
                f"{(fleet.tally.polls - before) / 5:6.0f} polls/s, {known} have answered, "
                f"{fleet.tally.failures} failed, stretch {fleet.review():.2f}, "
                f"in flight {fleet.schedule.in_flight}, lag {late * 1000:.0f} ms\n"
            )
            before = fleet.tally.polls
        cpu = time.process_time() - cpu
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    return {
        "miners": len(devices),
        "period_s": period,
        "polls": fleet.tally.polls,
        "failures": fleet.tally.failures,
        "stretch": fleet.review(),
        "effective_period_s": float(np.median(columns.period)),
        "most_in_flight": most,
        "cap": fleet.schedule.cap,
        "worst_loop_lag_s": worst_lag,
        "core_share": cpu / seconds,
        "answered": int(np.count_nonzero(~np.isnan(columns.answered))),
    }


def main() -> int:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--miners", type=int, default=30_000)
    parser.add_argument("--period", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    allow_open_files()
    text = demo_site(arguments.miners, ports=Ports.free(), story=False)
    devices = miners_of(text)
    with virtual_site(text):
        result = run(overload(devices, arguments.period, arguments.seconds))
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return 1 if result["failures"] or result["most_in_flight"] > result["cap"] else 0


if __name__ == "__main__":
    sys.exit(main())
