"""Two consoles on one collector, one of them stopped for five seconds: who notices?

Run: `python -m tests.performance.stalled_console [--series 720000]`. The collector's part is a link server in this
process under uvloop with snapshots of the given size every second; the consoles are two processes, one of which gets
SIGSTOP. Exits with 1 when the loop was more than 20 ms late, or the other console missed or waited for anything.
"""

import argparse
import asyncio
import itertools
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from multiprocessing.queues import Queue
from pathlib import Path
from uuid import uuid4

import numpy as np

from console.collector.rounds import LoopLag
from console.domain.alarms import Alarm, Condition, Severity
from console.domain.inventory import Site
from console.link.client import Link, LinkState
from console.link.messages import PROTOCOL, AlarmsChanged, Answer, FromCollector, Health, Request, Shape, Snapshot
from console.link.messages import Welcome as WelcomeMessage
from console.link.server import LinkServer
from console.support.environment import run
from console.support.garbage import start_clean
from tests.performance.bench_collector import SystemClock

LIMIT_S = 0.020
STALL_S = 5.0


def console(folder: str, results: "Queue[dict[str, object]]", stop_after: float) -> None:
    """A console process: notes when each snapshot came and which events."""
    ticks: list[float] = []
    events: list[int] = []

    def take(message: FromCollector) -> None:
        if isinstance(message, Snapshot):
            ticks.append(time.monotonic())
        elif isinstance(message, AlarmsChanged):
            events.append(message.sequence)

    async def watch() -> None:
        link = asyncio.create_task(Link(Path(folder), f"console {os.getpid()}").run(take, _ignore))
        await asyncio.sleep(stop_after)
        link.cancel()
        await asyncio.wait([link])

    asyncio.run(watch())
    waits = [later - earlier for earlier, later in itertools.pairwise(ticks)]
    results.put({"snapshots": len(ticks), "longest_wait": max(waits, default=0.0), "events": events})


def _ignore(state: LinkState) -> None:
    """The bench does not care."""


async def collect(folder: Path, series: int, seconds: float, victim: int) -> dict[str, float]:
    """Serve, stall the victim in the middle, and measure the loop."""
    site, boot = Site(uuid4(), "Bench", "UTC", 1.0, 1.0), uuid4()

    def welcome(sequence: int) -> WelcomeMessage:
        return WelcomeMessage(PROTOCOL, boot, sequence, os.getpid(), str(folder), 0.0, site, (), ())

    async def answer(request: Request) -> Answer:
        return Answer(request.request)

    server, lag = LinkServer(folder, boot, welcome, answer), LoopLag(SystemClock())
    await server.start()
    measuring = asyncio.create_task(lag.run())
    while len(server.clients) < 2:  # noqa: ASYNC110 - the consoles are other processes
        await asyncio.sleep(0.05)
    values, quality = np.random.default_rng(1).random(series), bytes(series)
    start_clean()
    # What was just done on the loop is no lag of the link: let the measurement see it before it begins.
    await asyncio.sleep(0.2)
    lag.take()
    late = {"before": 0.0, "stalled": 0.0, "after": 0.0}
    begin = time.monotonic()
    tick = 0
    while (passed := time.monotonic() - begin) < seconds:
        phase = "before" if passed < 3 else "stalled" if passed < 3 + STALL_S else "after"
        if phase == "stalled" and late["stalled"] == 0.0:
            os.kill(victim, signal.SIGSTOP)
        if phase == "after" and late["after"] == 0.0:
            os.kill(victim, signal.SIGCONT)
        for _ in range(5):
            alarm = Alarm(uuid4(), "r", uuid4(), "d", "", Severity.SEV3, Condition.ACTIVE, "", None, None, 0.0, 0.0)
            server.publish_alarms((alarm,))
        tick += 1
        server.show(
            Snapshot(1, tick, time.time(), 0.0, values.tobytes(), quality, b"", b"", b"", Health()),
            lambda: Shape(1, series, ()),
        )
        await asyncio.sleep(1.0)
        late[phase] = max(late[phase], lag.take(), 1e-9)
    measuring.cancel()
    await asyncio.wait([measuring])
    events = server.sequence
    await server.close()
    return {f"lag_{phase}_ms": 1000 * value for phase, value in late.items()} | {"events": events}


def main() -> int:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=720_000, help="60,000 devices with 12 series")
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    seconds = 3 + STALL_S + 4
    with tempfile.TemporaryDirectory() as name:
        queues = [context.Queue(), context.Queue()]
        consoles = [context.Process(target=console, args=(name, queue, seconds + 3)) for queue in queues]
        for process in consoles:
            process.start()
        victim = consoles[1].pid or 0
        result: dict[str, object] = dict(run(collect(Path(name), arguments.series, seconds, victim)))
        other, stalled = (queue.get(timeout=30) for queue in queues)
        for process in consoles:
            process.join()
    complete = list(range(1, int(str(result["events"])) + 1))
    result |= {
        "other_console_longest_wait_s": other["longest_wait"],
        "other_console_has_every_event": other["events"] == complete,
        "stalled_console_has_every_event": stalled["events"] == complete,
        "stalled_console_snapshots": stalled["snapshots"],
    }
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    kept = result["other_console_has_every_event"] and result["stalled_console_has_every_event"]
    return 0 if kept and float(str(result["lag_stalled_ms"])) < 1000 * LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main())
