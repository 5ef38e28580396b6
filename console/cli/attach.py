"""The link to a folder's collector on stdin and stdout, as `ssh HOST terrahash attach FOLDER` uses it."""

import argparse
import asyncio
import sys
from pathlib import Path

from console.link.endpoint import NoCollector
from console.link.launch import StartFailed, start_collector
from console.link.relay import relay
from console.support import log
from console.support.environment import run as run_loop

ENVIRONMENT = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="site folder")
    parser.add_argument(
        "--no-start", action="store_true", help="fail when no collector is running, instead of starting one"
    )
    parser.add_argument(
        "--json", action="store_true", help="accepted for uniformity: stdout carries the link's own messages"
    )


def run(arguments: argparse.Namespace) -> int:
    """Relay until either side ends."""
    folder: Path = arguments.folder
    if not folder.is_dir():
        print(f"{folder} is no folder", file=sys.stderr)
        return ENVIRONMENT
    log.set_up()
    try:
        # The standard loop is enough for one pipe and drains it the same way on every system.
        return run_loop(_attach(folder, start=not arguments.no_start), loop_factory=asyncio.new_event_loop)
    except (NoCollector, StartFailed) as error:
        print(error, file=sys.stderr)
        return ENVIRONMENT


async def _attach(folder: Path, *, start: bool) -> int:
    if start:
        await start_collector(folder)
    await relay(folder, sys.stdin.buffer, sys.stdout.buffer)
    return 0
