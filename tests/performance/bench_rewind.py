"""The console rewound at 3,000 devices: CPU of a dragged frame, of an exact one, and of playing at 3,600x.

Run: `python tests/performance/bench_rewind.py [MINERS] [HOURS]`. CPU time of the whole process on Qt's offscreen
platform at 1920x1080: reading the store, presenters and painting together, on the real window. Each device has ten
series. Target: playing at 3,600x and 10 frames a second takes at most 15 % of a core.
"""

import asyncio
import dataclasses
import os
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from console.domain.inventory import Site
from console.domain.telemetry import LiveColumns
from console.late_store import LateArchive, LateHistory
from console.shell.workbench import Outside, Workbench
from console.store.site_store import SiteStore
from drivers.core.identity import DeviceKind
from drivers.core.reading import DeviceState, Layout, Report, Signal, Source
from tests.unit.console.presenters.sites import PLANT_SIGNALS, profiles, rule, site
from tests.unit.console.shell.no_scan import no_scan
from widgets.theme.fonts import load_fonts
from widgets.theme.stylesheet import stylesheet
from widgets.theme.tokens import ThemeSource, load_theme

BEGIN = 1_794_600_000.0
PERIOD = 10.0
FRAMES = 60
SPEED = 3600.0
FRAME_SECONDS = 0.1

MINER = Layout(
    (
        Signal("hashrate"),
        Signal("hashrate_nominal", "", Source.NAMEPLATE),
        Signal("power"),
        *(Signal("chip_temp", str(board), Source.CHIP) for board in (1, 2, 3)),
        *(Signal("fan_speed", str(fan)) for fan in (1, 2)),
        Signal("inlet_temp"),
        Signal("outlet_temp"),
    )
)
MIDDLE = np.array([100.0, 100.0, 3000.0, 62.0, 63.0, 61.0, 5400.0, 5430.0, 40.0, 50.0])
NOISE = np.array([2.0, 0.0, 8.0, 1.0, 1.0, 1.0, 30.0, 30.0, 0.1, 0.1])
PLANT = Layout(PLANT_SIGNALS)
RUNNING = (900.0, 40.0, 50.0, 1.0, 72.0, 1.0, 71.0, 49.8)


async def record(folder: Path, of: Site, hours: float) -> None:
    """Some hours of a site, written by the store itself."""
    store = await SiteStore.open(folder)
    await store.save_site(of)
    store.history.know(of)
    columns, random = LiveColumns(), np.random.default_rng(1)
    miners = [device for device in of.devices if device.kind is DeviceKind.MINER]
    plants = [device for device in of.devices if device.kind is DeviceKind.PLANT]
    good = bytes(len(MINER))
    for device in (*miners, *plants):
        columns.add(device.id, PERIOD)
    report = Report(BEGIN, BEGIN, DeviceState.HASHING, MINER, tuple(MIDDLE), good)
    for row in range(len(miners)):
        columns.ingest(row, report)
    for sweep in range(round(hours * 3600 / PERIOD)):
        at = BEGIN + PERIOD * sweep
        values = MIDDLE + NOISE * random.normal(size=(len(miners), len(MINER)))
        columns.values[: values.size] = np.round(values, 1).ravel()
        columns.answered[: len(miners)] = at
        for row in range(len(plants)):
            columns.ingest(len(miners) + row, Report(at, at, DeviceState.RUNNING, PLANT, RUNNING, bytes(len(PLANT))))
        await store.history.append(columns, at + 1.0)
    await store.close()


async def bench(application: QApplication, miners: int, hours: float, folder: Path) -> None:
    """Record, open offline, measure."""
    of = site(tanks=max(miners // 208, 1), rows=16, slots=13)
    of = dataclasses.replace(of, target_hashrate=of.target_hashrate * 1.02)
    await record(folder, of, hours)
    theme = ThemeSource(load_theme("dark"))
    application.setStyleSheet(stylesheet(theme.theme))
    outside = Outside(
        clock=lambda: BEGIN + 3600 * hours + 60,
        open_history=LateHistory,
        open_archive=LateArchive,
        rules=(rule(),),
        profiles=profiles(),
        clipboard=application.clipboard(),
        set_theme=lambda _: None,
        scan=no_scan,
    )
    workbench = Workbench(theme, outside)
    workbench.window.resize(1920, 1080)
    await workbench.open_record(folder)
    workbench.window.show()
    workbench.show_console()
    await asyncio.sleep(2.0)
    write(f"{len(of.devices)} devices, {len(MINER)} series each, {hours:g} h on record, 1920x1080 offscreen")
    moments = BEGIN + np.random.default_rng(2).uniform(1200, 3600 * hours - 1200, FRAMES)
    for display in ("site", "fleet"):
        workbench.context.navigation.show(display)
        await asyncio.sleep(1.0)
        await measure(workbench, display, "dragged, keyframe", moments, exact=False)
        await measure(workbench, display, "exact", moments, exact=True)
        await play(workbench, display, hours)
    await workbench.close()


async def measure(workbench: Workbench, display: str, what: str, moments: np.ndarray, *, exact: bool) -> None:
    """CPU of one frame after another."""
    rewinder, screen = workbench.context.current.rewinder, workbench.screen
    times, walls = [], []
    for moment in moments.tolist():
        frames, began, wall = screen.frames, time.process_time(), time.monotonic()
        workbench.time._leave(moment)
        rewinder._ask(moment, exact=exact)
        while rewinder.is_busy or screen.frames == frames:
            await asyncio.sleep(0.001)
            if time.monotonic() - wall > 0.5 and not rewinder.is_busy:
                break
        await asyncio.sleep(0.004)
        times.append(1000 * (time.process_time() - began))
        walls.append(1000 * (time.monotonic() - wall))
    cpu, wall_ms = sorted(times[3:]), sorted(walls[3:])
    p95 = int(0.95 * len(cpu))
    write(
        f"{display:8} {what:18} CPU median {statistics.median(cpu):6.1f} ms  p95 {cpu[p95]:6.1f} ms;"
        f"  wall median {statistics.median(wall_ms):6.1f} ms"
    )


async def play(workbench: Workbench, display: str, hours: float) -> None:
    """Ten seconds of playing at 3,600x, over and over the hours on record."""
    travel, rewinder, screen = workbench.time, workbench.context.current.rewinder, workbench.screen
    frames, cpu, wall = screen.frames, time.process_time(), time.monotonic()
    for frame in range(round(10 / FRAME_SECONDS)):
        moment = BEGIN + 600 + (SPEED * FRAME_SECONDS * frame) % (3600 * hours - 1800)
        travel._head = replace(travel._head, live=False, at=moment)
        rewinder.play(moment, exact=False)
        travel._on_moved()
        await asyncio.sleep(max(wall + FRAME_SECONDS * (frame + 1) - time.monotonic(), 0))
    seconds = time.monotonic() - wall
    share = 100 * (time.process_time() - cpu) / seconds
    shown = (screen.frames - frames) / seconds
    write(f"{display:8} playing at 3,600x   {share:6.1f} % of a core, {shown:.1f} pictures/s shown of 10 asked")


def write(line: str) -> None:
    """One line of the result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure with the numbers of the command line."""
    miners = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    hours = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
    application = QApplication(sys.argv[:1])
    load_fonts()
    with TemporaryDirectory() as folder, asyncio.Runner(loop_factory=lambda: QEventLoop(application)) as runner:
        runner.run(bench(application, miners, hours, Path(folder)))


if __name__ == "__main__":
    main()
