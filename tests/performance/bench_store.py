"""What a sample costs: sweeps of many miners through the history writer, full hours into tiles, and reading back.

Run: `PYTHONPATH=. python tests/performance/bench_store.py [--miners 3000] [--minutes 3]`. Figures are CPU time of the
whole process, so a loaded machine changes them little; bytes are on disk, pages and indexes included. The samples are
synthetic: hashrate with 2 % of white noise, slowly wandering temperatures and fans, counters.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

import numpy as np

from console.domain.telemetry import LiveColumns
from console.store.site_store import SiteStore
from drivers.core.reading import DeviceState, Layout, Report, Signal

HOUR = 500_000 * 3600.0
POLL = 5
SWEEP = 1
"""Seconds from append to append; each device reports every `POLL` seconds, a fifth of them in each sweep."""

LAYOUT = Layout(
    (
        Signal("hashrate"),
        Signal("hashrate_avg"),
        *(Signal("hashrate", str(board)) for board in range(3)),
        *(Signal("chip_temp", str(board)) for board in range(3)),
        *(Signal("board_temp", str(board)) for board in range(3)),
        *(Signal("fan_speed", str(fan)) for fan in range(4)),
        *(Signal("frequency", str(board)) for board in range(3)),
        *(Signal("hw_errors", str(board)) for board in range(3)),
        *(Signal(name) for name in ("power", "efficiency", "accepted", "rejected", "stale", "uptime")),
    )
)
COUNTERS = np.array([signal.point in {"accepted", "uptime"} for signal in LAYOUT.signals])
WANDERING = np.array([signal.point in {"chip_temp", "board_temp", "fan_speed"} for signal in LAYOUT.signals])
NOISY = np.array([signal.point in {"hashrate", "power", "efficiency"} for signal in LAYOUT.signals])


class Miners:
    """Believable values, cheaply: only what would change does."""

    def __init__(self, count: int) -> None:
        self._random = np.random.default_rng(1)
        self.values = self._random.uniform(10, 1000, (count, len(LAYOUT))).round(1)
        self._base = self.values.copy()

    def move(self, devices: slice) -> None:
        shape = self.values[devices].shape
        values = self.values[devices]
        values += COUNTERS * POLL
        values += WANDERING * self._random.choice([-1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], shape)
        noise = self._base[devices] * self._random.normal(1, 0.02, shape)
        values[:] = np.where(NOISY, noise.round(2), values)


async def sweep(columns: LiveColumns, miners: Miners, count: int, at: float) -> None:
    """The reports of one second arrive."""
    first = int(at) % POLL * count // POLL
    last = (int(at) % POLL + 1) * count // POLL
    miners.move(slice(first, last))
    good = bytes(len(LAYOUT))
    for row in range(first, last):
        columns.ingest(row, Report(at, at + 0.1, DeviceState.HASHING, LAYOUT, miners.values[row], good))


class Lag:
    """The longest time the event loop was kept from its other work."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def watch(self) -> None:
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(0.002)
            self.worst = max(self.worst, time.perf_counter() - asked - 0.002)


def bytes_of_tiles(folder: Path) -> int:
    total = 0
    for path in (folder / "history").glob("*.sqlite"):
        connection = sqlite3.connect(path)
        total += connection.execute("SELECT sum(length(body)) FROM tile").fetchone()[0]
        connection.close()
    return total


async def read_back(store: SiteStore, count: int, start: float) -> dict[str, list[float]]:
    """Milliseconds, CPU and wall: two series of one device, and the sum of one point over all devices."""
    found: dict[str, list[float]] = {}
    device, series = UUID(int=count // 2), [("hashrate", ""), ("chip_temp", "1")]
    for name, question in (
        ("two_series", store.reader.read(device, series, start, HOUR + 3600)),
        ("total", store.reader.total("power", start, HOUR + 3600, 60.0)),
    ):
        began, wall = time.process_time(), time.perf_counter()
        await question
        found[name] = [round((time.process_time() - began) * 1e3, 1), round((time.perf_counter() - wall) * 1e3, 1)]
    return found


async def measure(folder: Path, count: int, minutes: float) -> dict[str, object]:
    store = await SiteStore.open(folder)
    columns = LiveColumns()
    miners = Miners(count)
    for row in range(count):
        columns.add(UUID(int=row + 1), float(POLL))
    cpu = walls = 0.0
    samples = 0
    lags: list[float] = []
    seconds = int(minutes * 60)
    start = HOUR + 3600 - seconds
    for second in range(seconds):
        await sweep(columns, miners, count, start + second)
        lag = Lag()
        watching = asyncio.create_task(lag.watch())
        await asyncio.sleep(0)
        began, wall = time.process_time(), time.perf_counter()
        samples += await store.history.append(columns, start + second + 0.5)
        cpu += time.process_time() - began
        walls = max(walls, time.perf_counter() - wall)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        lags.append(lag.worst)
    head_bytes = store.size()
    unfinished = await read_back(store, count, start)
    lag = Lag()
    watching = asyncio.create_task(lag.watch())
    began, wall = time.process_time(), time.perf_counter()
    await store.history.flush(HOUR + 3700)
    flush_cpu, flush_wall = time.process_time() - began, time.perf_counter() - wall
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    tiled = await read_back(store, count, start)
    await store.close()
    tile_bytes = bytes_of_tiles(folder)
    settled = lags[10:] or lags
    return {
        "miners": count,
        "series": count * len(LAYOUT),
        "samples": samples,
        "append_us_per_sample": round(cpu / samples * 1e6, 4),
        "flush_us_per_sample": round(flush_cpu / samples * 1e6, 4),
        "samples_per_s_per_core": round(samples / (cpu + flush_cpu)),
        "append_cpu_ms": round(cpu / seconds * 1e3, 2),
        "append_wall_worst_ms": round(walls * 1e3, 1),
        "loop_lag_first_ms": round(max(lags[:10]) * 1e3, 1),
        "loop_lag_p50_p99_worst_ms": [round(float(np.percentile(settled, q)) * 1e3, 1) for q in (50, 99, 100)],
        "flush_wall_s": round(flush_wall, 2),
        "flush_loop_lag_worst_ms": round(lag.worst * 1e3, 1),
        "tile_bytes_per_sample": round(tile_bytes / samples, 3),
        "head_bytes_per_sample": round(head_bytes / samples, 3),
        "read_unfinished_hour_ms": unfinished,
        "read_tiles_ms": tiled,
    }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--miners", type=int, default=3000)
    parser.add_argument("--minutes", type=float, default=3.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(measure(Path(folder), arguments.miners, arguments.minutes))
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
