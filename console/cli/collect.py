"""Poll a site folder without a window, and serve the consoles that attach."""

import argparse
import asyncio
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from console.link.launch import LOG_FILE
from console.services.ports import StoreFull
from console.site import Summary, run_site
from console.store.engine import StoreError
from console.store.lock import FolderBusy
from console.support import log
from console.support.environment import run as run_loop

ENVIRONMENT = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="site folder")
    parser.add_argument("--for", dest="seconds", type=float, metavar="S", help="end after so many seconds")
    parser.add_argument("--no-poll", action="store_true", help="serve consoles only: ask no device, write no history")
    parser.add_argument("--json", action="store_true", help="a summary as one JSON object on stdout at the end")
    parser.add_argument("--detached", action="store_true", help=f"log to FOLDER/{LOG_FILE} instead of stderr")


def run(arguments: argparse.Namespace) -> int:
    """Collect until the time is over, Ctrl-C, SIGTERM, or a console's request."""
    folder: Path = arguments.folder
    if not folder.is_dir():
        print(f"{folder} is no folder; make one with `terrahash site import {folder} FILE.toml`", file=sys.stderr)
        return ENVIRONMENT
    log.set_up(file=folder / LOG_FILE if arguments.detached else None, stream=not arguments.detached)
    try:
        summary = run_loop(_collect(folder, poll=not arguments.no_poll, seconds=arguments.seconds))
    except (FolderBusy, StoreError, StoreFull) as error:
        print(error, file=sys.stderr)
        return ENVIRONMENT
    if arguments.json:
        print(json.dumps(asdict(summary)))
    return 0


async def _collect(folder: Path, *, poll: bool, seconds: float | None) -> Summary:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(number, stop.set)
    return await run_site(folder, poll=poll, duration=seconds, stop=stop)
