"""terrahash demo: a virtual site, its collector and the console in one go; everything ends with it."""

import argparse
import asyncio
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from console.cli.console import has_display, window_size

if TYPE_CHECKING:
    from console.shell.workbench import Workbench

ENVIRONMENT = 3
USAGE = 2
SUMMARY_SECONDS = 5.0
PICTURE = "terrahash-demo.png"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("--miners", type=int, default=300, metavar="N", help="miners (default %(default)s)")
    parser.add_argument("--for", dest="seconds", type=float, metavar="S", help="end after so many seconds")
    parser.add_argument("--speed", type=float, default=1.0, metavar="X", help="simulated seconds in a real one")
    parser.add_argument(
        "--firmware",
        choices=("mixed", "stock"),
        default="mixed",
        help="what the miners run: some tanks of other firmwares, or stock alone (default %(default)s)",
    )
    parser.add_argument("--headless", action="store_true", help="the real window on Qt's offscreen platform")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep the site folder here")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help="write a picture of the window at the end")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark", help="colours (default %(default)s)")
    parser.add_argument("--size", type=window_size, metavar="WxH", help="size of the window in pixels")
    parser.add_argument("--display", default="", metavar="NAME", help="display shown first: site, fleet, incidents...")
    parser.add_argument("--json", action="store_true", help="a summary as one JSON object on stdout at the end")


def run(arguments: argparse.Namespace) -> int:
    """Start everything, show it, end everything."""
    began = time.time()
    from console.support import log
    from console.support.interrupts import hold_interrupts, release_interrupts

    log.set_up()
    if not 2 <= arguments.miners <= 60_000:
        print(f"terrahash demo: --miners must be 2 to 60,000, not {arguments.miners}", file=sys.stderr)
        return USAGE
    headless = arguments.headless or not (has_display() or "QT_QPA_PLATFORM" in os.environ)
    hold_interrupts()
    try:
        with _folder(arguments.folder) as folder:
            return _run(arguments, folder, headless=headless, began=began)
    except (OSError, RuntimeError) as error:
        print(f"terrahash demo: {error}", file=sys.stderr)
        return ENVIRONMENT
    finally:
        release_interrupts()


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    """The site folder: the one asked for, or one that goes away with the demo."""
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=True)
        yield wanted.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="terrahash-demo-", ignore_cleanup_errors=True) as made:
        yield Path(made).resolve()


def _run(arguments: argparse.Namespace, folder: Path, *, headless: bool, began: float) -> int:
    from console.virtual_site import VirtualSite
    from drivers.simulators.mix import MIX

    mix = MIX if arguments.firmware == "mixed" else ()
    virtual = VirtualSite(folder, arguments.miners, arguments.speed, mix)
    tally = _Tally(began, quiet=not headless)
    try:
        virtual.write()
        virtual.start()
        # Qt takes more than a second to load; devices and collector come up in the meantime.
        from console.desktop import Look, Session, run_console

        picture = arguments.screenshot or (Path(PICTURE).resolve() if headless else None)
        session = Session(
            duration=arguments.seconds,
            screenshot=picture,
            virtual=virtual,
            on_tick=tally.show,
            tick=SUMMARY_SECONDS,
            on_end=tally.finish,
            display=arguments.display,
        )
        code = run_console((), look=Look(arguments.theme, arguments.size, headless), session=session)
    finally:
        asyncio.run(virtual.stop())
    if picture is not None:
        print(f"picture of the window: {picture}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(tally.result))
    return code


class _Tally:
    """What the demo has seen: a line every few seconds, and the figures at the end."""

    def __init__(self, began: float, *, quiet: bool) -> None:
        self._began = began
        self._quiet = quiet
        self.result: dict[str, object] = {}

    def show(self, workbench: "Workbench") -> None:
        """One line on stderr."""
        if self._quiet or not workbench.context.sites:
            return
        print(summary_line(workbench, time.time() - self._began), file=sys.stderr, flush=True)

    def finish(self, workbench: "Workbench") -> None:
        """Keep the figures."""
        feed = workbench.context.sites[0].feed
        state = feed.source.present
        latency = feed.latency.latency()
        first = feed.latency.first_painted_at
        counts = [0, 0, 0, 0]
        if state is not None:
            for case in state.incidents.values():
                counts[int(case.severity) - 1] += 1
        health = None if state is None else state.health
        self.result = {
            "devices": 0 if state is None else len(state.site.devices),
            "polls": 0 if health is None else health.polls,
            "readings": 0 if health is None else health.stored_samples,
            "lost": 0 if health is None else health.lost,
            "failures": 0 if health is None else health.failures,
            "incidents": {str(at): count for at, count in enumerate(counts, 1)},
            "latency_s": {
                name: _rounded(value)
                for name, value in (("p50", latency.p50), ("p95", latency.p95), ("max", latency.greatest))
            },
            "first_frame_s": None if first is None else _rounded(first - self._began),
            "frames": workbench.screen.frames,
            "frame_ms": _rounded(1000 * workbench.screen.busy_seconds / max(workbench.screen.frames, 1)),
        }
        self.show(workbench)


def summary_line(workbench: "Workbench", seconds: float) -> str:
    """Time, miners polled, hashrate, incidents, latency."""
    from console.presenters import cases, formatting
    from console.presenters.figures import site_figures

    feed = workbench.context.sites[0].feed
    state = feed.source.present
    head = f"{seconds:5.0f} s"
    if state is None:
        return f"{head}  waiting for the collector"
    figures = site_figures(state, feed.inventory, time.time())
    latency = feed.latency.latency()
    known, answered = state.health.known.get("miner", 0), state.health.answered.get("miner", 0)
    parts = [
        f"{answered:,} of {known:,} miners",
        formatting.hashrate_text(figures.hashrate),
        "incidents " + " ".join(f"Sev{at}:{count}" for at, count in enumerate(cases.counts(state), 1)),
        f"lost {state.health.lost}",
    ]
    if math.isfinite(latency.p95):
        parts.append(f"reading to screen p50 {latency.p50:.2f} s, p95 {latency.p95:.2f} s")
    return f"{head}  {', '.join(parts)}"


def _rounded(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None
