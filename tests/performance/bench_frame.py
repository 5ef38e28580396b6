"""Time of one console frame: a snapshot of 3,000 devices applied, presented and painted. Target: 16 ms median.

Run: `python tests/performance/bench_frame.py [MINERS] [FRAMES]`. Prints medians and 95th percentiles of CPU time
on Qt's offscreen platform at 1920x1080, for the Site display and, beside it, for the others.
"""

import asyncio
import dataclasses
import os
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from PySide6.QtWidgets import QApplication

from console.domain.inventory import Site
from console.link.messages import DeviceShape, Health, IncidentsChanged, Shape, Snapshot, Welcome
from console.link.state import LinkPhase, LinkState
from console.shell.workbench import Outside, Workbench
from tests.unit.console.presenters.made_past import MadeArchive
from tests.unit.console.presenters.sites import frame_of, incident, profiles, rule, site, state_of
from tests.unit.console.shell.no_history import NoHistory
from tests.unit.console.shell.no_scan import no_scan
from widgets.theme.fonts import load_fonts
from widgets.theme.stylesheet import stylesheet
from widgets.theme.tokens import ThemeSource, load_theme

DISPLAYS = ("site", "overview", "fleet", "device", "incidents")


NOISES = (("steady", 0.01), ("every cell changes", 0.08))
"""A site in order, whose readings wander by one percent, and the worst there can be: all cells in other bins."""


def messages(of: Site, frames: int, spread: float) -> tuple[Welcome, Shape, list[Snapshot]]:
    """A site's announcement and the snapshots that follow: every device has answered, with other values."""
    first = frame_of(of, time.time())
    rows = tuple(
        DeviceShape(device.id, 5.0, first.shape.start(row), first.shape.signals(row))
        for row, device in enumerate(of.devices)
    )
    noise = np.random.default_rng(1)
    now = time.time()
    snapshots = []
    for tick in range(frames):
        values = first.values * noise.normal(1.0, spread, len(first.values))
        answered = np.full(len(of.devices), now + tick)
        snapshots.append(
            Snapshot(
                1,
                tick + 1,
                now + tick,
                now + tick,
                values.tobytes(),
                first.quality.tobytes(),
                answered.tobytes(),
                first.state.tobytes(),
                first.period.tobytes(),
                Health(known={"miner": len(of.devices)}),
            )
        )
    welcome = Welcome(1, UUID(int=1), 0, 1, "/bench", now, of, (), ())
    return welcome, Shape(1, first.shape.series, rows), snapshots


async def bench(application: QApplication, miners: int, frames: int, folder: Path) -> None:
    """Measure every display."""
    of = site(tanks=max(miners // 208, 1), rows=16, slots=13)
    of = dataclasses.replace(of, target_hashrate=of.target_hashrate * 1.02)
    theme = ThemeSource(load_theme("dark"))
    application.setStyleSheet(stylesheet(theme.theme))
    clock = [time.time()]
    outside = Outside(
        clock=lambda: clock[0],
        open_history=lambda _: NoHistory(),
        open_archive=lambda _: MadeArchive(),
        rules=(rule(),),
        profiles=profiles(),
        clipboard=application.clipboard(),
        set_theme=lambda _: None,
        scan=no_scan,
    )
    workbench = Workbench(theme, outside)
    workbench.window.resize(1920, 1080)
    feed = workbench.open_site(folder, None)
    workbench.operations.cancel(f"The link to {folder.name}")
    feed.on_state(LinkState(LinkPhase.LIVE))
    runs = {name: messages(of, frames, spread) for name, spread in NOISES}
    welcome, shape, _ = runs["steady"]
    for message in (welcome, shape):
        feed.on_message(message)
    state = state_of(of)
    names = ["PLC-B", *(device.name for device in of.devices if device.place.startswith("B/T2"))]
    feed.on_message(IncidentsChanged(1, (incident(state, names),)))
    workbench.window.show()
    workbench.show_console()
    workbench.screen.stop()
    write(f"{len(of.devices)} devices, {shape.series} series, {frames} frames each, 1920x1080 offscreen")
    for name, (_, _, snapshots) in runs.items():
        for display in DISPLAYS:
            workbench.context.navigation.show(display)
            times = [_frame(application, workbench, snapshot, clock) for snapshot in snapshots]
            sorted_ms = sorted(1000 * seconds for seconds in times[3:])
            p95 = sorted_ms[int(0.95 * len(sorted_ms))]
            write(f"{name:20} {display:10} median {statistics.median(sorted_ms):6.1f} ms   p95 {p95:6.1f} ms")
    await workbench.close()


def write(line: str) -> None:
    """One line of the result."""
    sys.stdout.write(f"{line}\n")


def _frame(application: QApplication, workbench: Workbench, snapshot: Snapshot, clock: list[float]) -> float:
    clock[0] = snapshot.at + 0.5
    feed = workbench.context.sites[0].feed
    began = time.process_time()
    feed.on_message(snapshot)
    workbench.screen.refresh()
    application.sendPostedEvents()
    application.processEvents()
    return time.process_time() - began


def main() -> None:
    """Measure with the numbers of the command line."""
    miners = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    frames = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    application = QApplication(sys.argv[:1])
    load_fonts()
    with TemporaryDirectory() as folder:
        asyncio.run(bench(application, miners, frames, Path(folder)))


if __name__ == "__main__":
    main()
