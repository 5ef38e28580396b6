"""What the history costs and how quickly it answers: 3,000 miners at 10 and at 32 series, stored every 5 s.

Run: `PYTHONPATH=. python tests/performance/bench_history.py [--minutes 70] [--part ingest|reads|others]`.

Figures are CPU time of the whole process, threads and SQLite's own work included, so that a loaded machine changes them
little; answers are the median of several questions on a warm page cache. Bytes are whole database pages. Beside each
other, on the same samples: plain rows of SQLite, and VictoriaMetrics where the program is installed (Debian:
victoria-metrics); where it is not, the result says so. What VictoriaMetrics spends on HTTP and on parsing text is in
its figure, so that the two do not measure the same work.
"""

import argparse
import asyncio
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from console.domain.telemetry import LiveColumns
from console.store.history.historian import Historian
from console.store.history.levels import SECONDS_IN_DAY, SECONDS_IN_HOUR, WINDOW
from console.store.history.tiles import SERIES
from console.store.reading.history_reader import FolderReader, open_reader
from console.store.site_store import SiteStore
from drivers.core.reading import DeviceState, Layout, Quality, Report
from tests.performance.history_others import beside_others
from tests.performance.history_site import TEN, THIRTY_TWO, Fleet, Window, device_ids
from tests.performance.history_stores import BEGIN, DAYS, PERIOD, POINT, make_day_of_minutes, make_month

START = 500_000.0 * SECONDS_IN_HOUR
LAYOUTS = {10: TEN, 32: THIRTY_TWO}
FRAMES_A_SECOND = 10
TIMES = 7
"""Questions of each kind; the median counts."""


@dataclass(slots=True)
class Cost:
    """CPU seconds and samples of an ingest."""

    sweeps: float = 0.0
    flushes: float = 0.0
    samples: int = 0
    first: float = 0.0


class Feed:
    """Brings the samples of a fleet into columns and these into the history."""

    def __init__(self, historian: Historian, layout: Layout, devices: int, sweeps_a_period: int) -> None:
        self.cost = Cost()
        self._historian = historian
        self._columns = LiveColumns()
        self._fleet = Fleet(devices, layout, PERIOD)
        self._good = bytes(len(layout))
        self._shares = [
            range(share * devices // sweeps_a_period, (share + 1) * devices // sweeps_a_period)
            for share in range(sweeps_a_period)
        ]
        for device in device_ids(devices):
            self._columns.add(device, PERIOD)

    async def run(self, minutes: float) -> None:
        """Store that long a time, with the background work that falls due."""
        slots = round(WINDOW / PERIOD)
        for window in range(max(1, round(minutes * 60 / WINDOW))):
            samples = self._fleet.window(slots)
            for slot in range(slots):
                await self._sweeps(samples, slot, START + window * WINDOW + slot * PERIOD)
            began = time.process_time()
            await self._historian.flush(START + (window + 1) * WINDOW + 40)
            self.cost.flushes += time.process_time() - began

    async def _sweeps(self, samples: Window, slot: int, at: float) -> None:
        for number, share in enumerate(self._shares):
            now = at + number * PERIOD / len(self._shares)
            for row in share:
                self._report(row, samples, slot, now)
            began = time.process_time()
            self.cost.samples += await self._historian.append(self._columns, now + 0.5)
            spent = time.process_time() - began
            self.cost.sweeps += spent
            self.cost.first = self.cost.first or spent

    def _report(self, row: int, samples: Window, slot: int, now: float) -> None:
        quality = int(samples.quality[row, slot])
        if quality:
            self._columns.lose(row, Quality(quality), DeviceState.UNREACHABLE)
            return
        values = samples.values[row, :, slot]
        report = Report(now, now + 0.1, DeviceState.HASHING, self._fleet.layout, values.tolist(), self._good)
        self._columns.ingest(row, report)


def pages_of(folder: Path) -> dict[str, float]:
    """Bytes of raw tiles and of what is worked out from them: whole pages, by hour and by day."""
    path = next((folder / "history").glob("????-??.sqlite"))
    connection = sqlite3.connect(path)
    raw = "SELECT count(*), coalesce(sum(length(body)), 0) FROM tile WHERE level = 0"
    tiles, body = connection.execute(raw).fetchone()
    others = connection.execute("SELECT count(*) FROM tile WHERE level <> 0").fetchone()[0]
    pages = connection.execute(
        "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN ('tile', 'sqlite_autoindex_tile_1', 'tile_seq')"
    ).fetchone()[0]
    minutes = connection.execute("SELECT coalesce(sum(length(body)), 0) FROM part WHERE level = 1").fetchone()[0]
    frames, size = connection.execute("SELECT count(*), coalesce(sum(length(body)), 0) FROM keyframe").fetchone()
    connection.close()
    if others:
        raise ValueError("a day ended within the benchmark: the pages of raw tiles are not told from others")
    return {"tiles": tiles, "body": body, "pages": pages, "minutes": minutes, "keyframe": size / max(1, frames)}


async def measure_ingest(
    folder: Path, series: int, devices: int, minutes: float, sweeps: int, end_of_day: float
) -> dict[str, object]:
    """Samples a second and core with all roll-ups, and bytes of a sample; `end_of_day` is in ns for each sample."""
    store = await SiteStore.open(folder)
    feed = Feed(store.history, LAYOUTS[series], devices, sweeps)
    await feed.run(minutes)
    await store.close()
    cost, sizes = feed.cost, pages_of(folder)
    hours = int(minutes * 60 // SECONDS_IN_HOUR)
    found: dict[str, object] = {
        "series_of_a_device": series,
        "sweeps_a_period": sweeps,
        "samples": cost.samples,
        "samples_per_s_per_core": round(cost.samples / (cost.sweeps + cost.flushes + cost.samples * end_of_day / 1e9)),
        "sweep_ns_per_sample": round(cost.sweeps / cost.samples * 1e9, 1),
        "flush_ns_per_sample": round(cost.flushes / cost.samples * 1e9, 1),
        "first_sweep_ms": round(cost.first * 1e3, 1),
        "minutes_bytes_per_raw_sample": round(sizes["minutes"] / cost.samples, 3),
        "keyframe_bytes_of_a_shard": round(sizes["keyframe"]),
    }
    if hours:
        in_tiles = cost.samples * hours * SECONDS_IN_HOUR / (round(minutes * 60 / WINDOW) * WINDOW)
        found["raw_bytes_per_sample"] = round(sizes["body"] / in_tiles, 3)
        found["raw_bytes_per_sample_with_pages"] = round(sizes["pages"] / in_tiles, 3)
    return found


async def cpu_ms(question: Callable[[], Awaitable[object]], times: int = TIMES) -> float:
    """Median CPU milliseconds of a question, asked once before to warm the caches."""
    await question()
    spent: list[float] = []
    for _ in range(times):
        began = time.process_time()
        await question()
        spent.append((time.process_time() - began) * 1e3)
    return round(statistics.median(spent), 1)


async def measure_instants(reader: FolderReader, minutes: float) -> dict[str, float]:
    """The whole site at random instants of the recorded time."""
    chance = random.Random(1)
    last = START + minutes * 60 - WINDOW

    def instant(*, exact: bool) -> Callable[[], Awaitable[object]]:
        return lambda: reader.state_at(chance.uniform(START + WINDOW, last), exact=exact)

    frame = await cpu_ms(instant(exact=False), 3 * TIMES)
    return {
        "instant_keyframe_ms": frame,
        "instant_exact_ms": await cpu_ms(instant(exact=True), 3 * TIMES),
        "playing_3600x_share_of_core": round(frame * FRAMES_A_SECOND / 1e3, 3),
    }


async def measure_reads(folder: Path, devices: int, *, samples: bool) -> dict[str, float]:
    """Questions to a month of history: daily figures, and where `samples` those to samples and roll-ups."""
    reader = open_reader(folder)
    device, stop = device_ids(devices)[7], BEGIN + DAYS * 86400
    series = [(POINT, "")]
    found = {"target_hours_month_ms": await cpu_ms(lambda: reader.target_hours(BEGIN, stop))}
    if samples:
        found |= {
            "one_device_24_h_raw_ms": await cpu_ms(lambda: reader.read(device, series, BEGIN, BEGIN + 86400)),
            "one_device_30_d_minutes_ms": await cpu_ms(lambda: reader.read(device, series, BEGIN, stop, 60.0)),
            "fleet_hourly_30_d_sum_ms": await cpu_ms(lambda: reader.total(POINT, BEGIN, stop, 3600.0)),
            "fleet_hourly_30_d_envelope_ms": await cpu_ms(lambda: reader.aggregate(POINT, BEGIN, stop, 3600.0)),
        }
    await reader.close()
    return found


async def measure_day() -> float:
    """ns that the end of a day adds for each raw sample of it: minutes, hours, days and daily figures."""
    with tempfile.TemporaryDirectory() as folder:
        samples = await make_day_of_minutes(Path(folder), SERIES, TEN)
        store = await SiteStore.open(Path(folder))
        began = time.process_time()
        await store.history.flush(BEGIN + SECONDS_IN_DAY + 40)
        spent = time.process_time() - began
        await store.close()
    return round(spent / samples * 1e9, 1)


async def ingest(devices: int, minutes: float) -> dict[str, object]:
    """Both layouts, and the rhythm of one sweep a second."""
    end_of_day = await measure_day()
    found: dict[str, object] = {"end_of_day_ns_per_sample": end_of_day}
    for series in LAYOUTS:
        with tempfile.TemporaryDirectory() as folder:
            result = await measure_ingest(Path(folder), series, devices, minutes, 1, end_of_day)
            reader = open_reader(Path(folder))
            result |= await measure_instants(reader, minutes)
            await reader.close()
            found[f"{series}_series"] = result
        with tempfile.TemporaryDirectory() as folder:
            found[f"{series}_series_swept_every_second"] = await measure_ingest(
                Path(folder), series, devices, 10.0, round(PERIOD), end_of_day
            )
    return found


async def reads(devices: int) -> dict[str, object]:
    """A month of that many devices, and of 60,000."""
    found: dict[str, object] = {}
    for count in (devices, 60_000):
        with tempfile.TemporaryDirectory() as folder:
            await make_month(Path(folder), count, TEN)
            found[f"{count}_devices"] = await measure_reads(Path(folder), count, samples=count == devices)
    return found


async def measure(part: str, devices: int, minutes: float) -> dict[str, object]:
    """One part, or all."""
    found: dict[str, object] = {"devices": devices, "stored_period_s": PERIOD}
    if part in {"all", "ingest"}:
        found["ingest"] = await ingest(devices, minutes)
    if part in {"all", "reads"}:
        found["reads"] = await reads(devices)
    if part in {"all", "others"}:
        found["beside_others"] = await asyncio.to_thread(beside_others)
    return found


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=3000)
    parser.add_argument("--minutes", type=float, default=70.0, help="time stored; from 70 on an hour becomes tiles")
    parser.add_argument("--part", choices=("all", "ingest", "reads", "others"), default="all")
    arguments = parser.parse_args()
    result = asyncio.run(measure(arguments.part, arguments.devices, arguments.minutes))
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
