"""More miners than this machine can poll in their period: it must stretch visibly, keep its cap, and fail nobody.

Run: `python -m tests.performance.over_capacity [--miners 30000] [--seconds 90]`. Starts the virtual site and the whole
collector (store, alarms, incidents, link) as processes of their own, attaches to the collector as a console does, and
prints a table of what each five seconds brought. Exits with 1 when a poll failed, a report was lost, the cap was
passed, or a snapshot was more than three seconds late.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from console.link.client import Link
from console.link.messages import FromCollector, Health, Snapshot
from console.link.state import LinkState
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports

LATEST_S = 3.0
LINE_S = 5.0
COLUMNS = "   time  polls/s  answered  stretch  in flight  failed  lost  lag ms  late s  CPU coll.  CPU sim.   MB"


@dataclass
class Seen:
    """What the attached console has seen."""

    health: Health = field(default_factory=Health)
    arrived: float = 0.0
    late: float = 0.0
    lag: float = 0.0
    most_in_flight: int = 0
    effective: float = 0.0
    snapshots: int = 0

    def take(self, message: FromCollector) -> None:
        """Note a snapshot; the wait for it beyond its second is lateness."""
        if not isinstance(message, Snapshot):
            return
        now = time.monotonic()
        if self.snapshots:
            self.late = max(self.late, now - self.arrived - 1.0)
        self.snapshots, self.arrived, self.health = self.snapshots + 1, now, message.health
        self.lag = max(self.lag, message.health.loop_lag)
        self.most_in_flight = max(self.most_in_flight, message.health.in_flight)
        self.effective = float(np.median(np.frombuffer(message.period, "<f8")))


class Processes:
    """The virtual site and the collector."""

    def __init__(self, folder: Path, miners: int) -> None:
        file = folder / "site.toml"
        file.write_text(demo_site(miners, ports=Ports.free(), story=False), encoding="utf-8")
        _console("site", "import", str(folder / "site"), str(file)).wait()
        self.simulator = _console("simulate", str(file), "--json", out=subprocess.PIPE)
        assert self.simulator.stdout is not None
        self.simulator.stdout.readline()
        self.started = time.monotonic()
        self.collector = _console("collect", str(folder / "site"), "--detached")

    def end(self) -> float:
        """Stop both; the seconds that the collector took."""
        began = time.monotonic()
        self.collector.send_signal(signal.SIGTERM)
        self.collector.wait(60)
        took = time.monotonic() - began
        self.simulator.terminate()
        self.simulator.wait(60)
        return took


def _console(*arguments: str, out: int | None = None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "console", *arguments], stdout=out)


def cpu_seconds(process: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(process: int) -> float:
    """Memory of a process in use."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _ignore(state: LinkState) -> None:
    """The bench does not care."""


async def watch(folder: Path, processes: Processes, seconds: float) -> dict[str, float]:
    """Attach, print a line every few seconds, and give the figures of the whole run."""
    now, whole = Seen(), Seen()

    def take(message: FromCollector) -> None:
        now.take(message)
        whole.take(message)

    link = asyncio.create_task(Link(folder, "over_capacity").run(take, _ignore))
    collector, simulator = processes.collector.pid, processes.simulator.pid
    end, polls, rate, best = processes.started + seconds, 0, 0.0, 0.0
    sys.stderr.write(COLUMNS + "\n")
    before = time.monotonic(), cpu_seconds(collector), cpu_seconds(simulator)
    while time.monotonic() < end:
        await asyncio.sleep(LINE_S)
        used = time.monotonic(), cpu_seconds(collector), cpu_seconds(simulator)
        wall = used[0] - before[0]
        health = now.health
        rate, polls = (health.polls - polls) / wall, health.polls
        best = max(best, rate)
        answered, load = sum(health.answered.values()), [100 * (used[at] - before[at]) / wall for at in (1, 2)]
        sys.stderr.write(
            f"{used[0] - processes.started:6.0f} s {rate:8.0f} {answered:9d} {health.stretch:8.2f} "
            f"{health.in_flight:10d} {health.failures:7d} {health.lost:5d} {1000 * now.lag:7.0f} {now.late:7.2f} "
            f"{load[0]:8.0f} % {load[1]:7.0f} % {resident_mb(collector):5.0f}\n"
        )
        before, now.lag, now.late = used, 0.0, 0.0
    link.cancel()
    await asyncio.wait([link])
    health = whole.health
    return {
        "devices": sum(health.known.values()),
        "answered_fresh": sum(health.answered.values()),
        "polls": health.polls,
        "polls_per_s_at_the_end": round(rate),
        "polls_per_s_best": round(best),
        "stretch": round(health.stretch, 2),
        "effective_period_s": round(whole.effective, 2),
        "most_in_flight": whole.most_in_flight,
        "cap": health.in_flight_cap,
        "failures": health.failures,
        "lost": health.lost,
        "worst_loop_lag_ms": round(1000 * whole.lag),
        "snapshots": whole.snapshots,
        "latest_snapshot_s": round(whole.late, 2),
        "collector_cpu_s": round(cpu_seconds(collector), 1),
        "simulator_cpu_s": round(cpu_seconds(simulator), 1),
        "collector_mb": round(resident_mb(collector)),
    }


def main() -> int:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--miners", type=int, default=30_000)
    parser.add_argument("--seconds", type=float, default=90.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        processes = Processes(Path(name), arguments.miners)
        try:
            result = asyncio.run(watch(Path(name) / "site", processes, arguments.seconds))
        finally:
            took = processes.end()
    result["clean_stop_s"] = round(took, 1)
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    kept = not result["failures"] and not result["lost"] and result["most_in_flight"] <= result["cap"]
    return 0 if kept and result["latest_snapshot_s"] <= LATEST_S else 1


if __name__ == "__main__":
    sys.exit(main())
