"""Find and identify devices on a network: politely, and without credentials unless --login names them."""

import argparse
import asyncio
import json
import sys
import time

from console.cli import device_json
from console.cli import login as login_options
from console.collector.discovery import IN_FLIGHT, PORTS, RATE, Found, Progress, addresses, scan
from console.support.plain_text import visible_lines
from drivers.core.errors import ProfileError
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.transports.connections import Connections
from drivers.transports.snmp import SnmpTarget

USAGE = 2
ENVIRONMENT = 3
_SHOW_EVERY_S = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument(
        "targets",
        nargs="+",
        metavar="CIDR",
        help="network (10.31.14.0/24), range (10.31.14.10-40) or host; each may end in :PORT",
    )
    parser.add_argument(
        "--port",
        type=int,
        action="append",
        metavar="N",
        help=f"port to ask where a target names none, may be repeated (default {', '.join(map(str, PORTS))})",
    )
    parser.add_argument(
        "--rate", type=_positive, default=RATE, help="new questions a second at most (default %(default)g)"
    )
    parser.add_argument("--in-flight", type=_count, default=IN_FLIGHT, help="questions open at a time")
    login_options.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def run(arguments: argparse.Namespace) -> int:
    """Scan and report what was found; finding nothing is no error."""
    try:
        load_profiles()
    except ProfileError as error:
        print(error, file=sys.stderr)
        return ENVIRONMENT
    try:
        places = addresses(arguments.targets, arguments.port or PORTS)
        snmp = login_options.snmp_target(arguments)
    except (LookupError, ValueError) as error:
        print(error.args[0], file=sys.stderr)
        return USAGE
    started = time.monotonic()
    found = asyncio.run(_scan(places, snmp, arguments.rate, arguments.in_flight))
    seconds = time.monotonic() - started
    if arguments.json:
        written = [device_json.device(item.address, item.identity) for item in found]
        print(json.dumps({"scanned": len(places), "seconds": round(seconds, 3), "found": written}))
    else:
        print(visible_lines(_table(found, len(places), seconds)))
    return 0


async def _scan(places: list[Address], snmp: SnmpTarget | None, rate: float, in_flight: int) -> list[Found]:
    shown = 0.0

    def show(progress: Progress) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= _SHOW_EVERY_S or progress.asked == progress.total:
            shown = now
            print(f"{progress.asked}/{progress.total} asked, {progress.found} found", file=sys.stderr)

    async with Connections() as connections:
        return await scan(
            places, connections, load_profiles(), snmp=snmp, in_flight=in_flight, rate=rate, on_progress=show
        )


def _table(found: list[Found], scanned: int, seconds: float) -> str:
    lines = [
        f"{item.address!s:<24} {item.identity.kind.value:<6} {item.identity.make:<15} {item.identity.model:<24}"
        f" {item.identity.profile or 'no profile'}"
        for item in found
    ]
    return "\n".join([*lines, f"{len(found)} found at {scanned} addresses in {seconds:.1f} s"])
