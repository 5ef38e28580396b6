"""kill -9 of a console under load: how soon is the next one live?

Run: `python -m tests.performance.killed_console [--miners 300]`. A virtual site and its collector run; a link client
and the real window (on the offscreen platform of Qt) are killed, and their successors timed: from the connection to the
first snapshot, and from the start of the process to the first incident that the window says it has painted. Exits with
1 when either takes more than 2 s after it is attached, or a poll was lost.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from tests.integration.live_site import Place, Watcher, live_site

LIMIT_S = 2.0
ROUNDS = 5


async def time_client(place: Place) -> float:
    """Seconds from the connection of a new link client to its first snapshot; the client is a fresh one."""
    began = time.monotonic()
    watcher = Watcher(place.folder)
    await watcher.until(lambda: watcher.snapshot is not None)
    passed = time.monotonic() - began
    await watcher.close()
    return passed


async def kill_client(place: Place) -> None:
    """A client process dies while it is served."""
    client = await place.spawn(sys.executable, "-m", "tests.integration.link_client", str(place.folder))
    assert client.stdout is not None
    while b"tick" not in await client.stdout.readline():
        continue
    client.kill()
    await client.wait()


async def time_window(place: Place, watcher: Watcher, fault: dict[str, str]) -> tuple[float, float]:
    """Seconds from the start of the window's process until it is attached, and until it has painted an incident."""
    before = set(watcher.incidents)
    place.commands.carry_out({"do": "fault", **fault})
    await watcher.until(lambda: bool(set(watcher.incidents) - before))
    new = max(set(watcher.incidents) - before)
    log = place.folder / "collector.log"
    attached_before = log.read_text().count("is attached")
    began = time.monotonic()
    window = await place.spawn(sys.executable, "-m", "console", str(place.folder), "--headless")
    await _poll(lambda: log.read_text().count("is attached") > attached_before)
    attached = time.monotonic() - began
    await watcher.until(lambda: watcher.incidents[new].alerted_at is not None)
    painted = time.monotonic() - began
    window.send_signal(signal.SIGKILL)
    await window.wait()
    return attached, painted


async def _poll(fulfilled: Callable[[], bool]) -> None:
    while not fulfilled():  # noqa: ASYNC110 - a log file has no event
        await asyncio.sleep(0.01)


async def measure(folder: Path, miners: int) -> dict[str, object]:
    """All rounds on one site."""
    async with live_site(folder, demo_site(miners, ports=Ports.free(), story=False, speed=4.0)) as place:
        process = await place.collect()
        watcher = await place.watch()
        await watcher.until(lambda: watcher.health.stored_at > 0 and watcher.answered() > miners, seconds=90)
        clients = []
        for _ in range(ROUNDS):
            await kill_client(place)
            clients.append(await time_client(place))
        faults = ({"kind": "pump_trip", "target": "PLC-B/2"}, {"kind": "leak", "target": "PLC-A"})
        windows = [await time_window(place, watcher, fault) for fault in faults]
        lost, lag = watcher.health.lost, watcher.health.loop_lag
        await place.stop(watcher, process)
    return {
        "miners": miners,
        "client_first_snapshot_s": [round(value, 3) for value in clients],
        "window_attached_after_start_s": [round(attached, 2) for attached, _ in windows],
        "window_painted_after_start_s": [round(painted, 2) for _, painted in windows],
        "window_painted_after_attach_s": [round(painted - attached, 2) for attached, painted in windows],
        "lost": lost,
        "loop_lag_s": round(lag, 4),
        "live_in_time": max(clients) <= LIMIT_S and max(painted - attached for attached, painted in windows) <= LIMIT_S,
    }


def main() -> int:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--miners", type=int, default=300)
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as name:
        result = asyncio.run(measure(Path(name), arguments.miners))
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return 0 if result["live_in_time"] and result["lost"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
