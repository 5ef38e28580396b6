"""Find and identify devices on a network: politely, and without credentials unless --login names them.

With --folder what is found is held against that site's inventory; with --save new devices are added to it, and new
addresses of known ones taken over. What is in doubt changes nothing.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from console.cli import device_json
from console.cli import login as login_options
from console.collector.discovery import (
    IN_FLIGHT,
    PORTS,
    RATE,
    SNMP_TIMEOUT_S,
    Found,
    Place,
    Progress,
    places,
    scan,
)
from console.domain.inventory import Device
from console.domain.sightings import Match, Sighting, Standing, TakenIn, match_sightings
from console.support.environment import allow_open_files
from console.support.plain_text import visible_lines
from drivers.core.errors import ProfileError
from drivers.identification import Asking
from drivers.registry import all_profiles
from drivers.transports.connections import Connections
from drivers.transports.snmp import SnmpTarget

FOUND_PROBLEMS = 1
USAGE = 2
ENVIRONMENT = 3
_SHOW_EVERY_S = 0.5


class FolderError(Exception):
    """A site folder cannot be read or written; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a scan.

    Attributes:
        found: Devices, in the order of the targets.
        scanned: Places that were asked.
        seconds: How long it took.
        matches: What each of `found` is to the inventory; empty without a folder.
        saved: What was taken into the inventory; None where nothing was to be.
    """

    found: list[Found]
    scanned: int
    seconds: float
    matches: list[Match]
    saved: TakenIn | None = None


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
    parser.add_argument("--rate", type=_positive, default=RATE, help="new hosts a second at most (default %(default)g)")
    parser.add_argument("--in-flight", type=_count, default=IN_FLIGHT, help="hosts asked at a time")
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help="say what is known there, moved, new or in doubt")
    parser.add_argument(
        "--save", action="store_true", help="add what is new to the folder and take over new addresses of what moved"
    )
    parser.add_argument(
        "--no-public", action="store_true", help="do not try the SNMP community public; without --login ask no agent"
    )
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
    """Scan and report; finding nothing is no error, but conflicts and duplicates are problems found (1)."""
    if arguments.save and arguments.folder is None:
        print("--save needs --folder FOLDER: into which inventory?", file=sys.stderr)
        return USAGE
    try:
        targets = places(arguments.targets, arguments.port or PORTS)
        hides = arguments.no_public and arguments.login is None
        snmp = None if hides else login_options.snmp_target(arguments, login_options.read_login(arguments))
        all_profiles()
        outcome = asyncio.run(_carry_out(arguments, targets, snmp))
    except (LookupError, ValueError) as error:
        print(error.args[0], file=sys.stderr)
        return ENVIRONMENT if isinstance(error, ProfileError) else USAGE
    except (FolderError, OSError) as error:
        print(f"terrahash scan: {error}", file=sys.stderr)
        return ENVIRONMENT
    print(json.dumps(_object(outcome)) if arguments.json else visible_lines(_table(outcome)))
    in_doubt = {Standing.CONFLICT, Standing.DUPLICATE}
    return FOUND_PROBLEMS if any(match.standing in in_doubt for match in outcome.matches) else 0


async def _carry_out(arguments: argparse.Namespace, targets: list[Place], snmp: SnmpTarget | None) -> Outcome:
    folder: Path | None = arguments.folder
    devices = await _inventory(folder) if folder is not None else ()
    started = time.monotonic()
    found = await _scan(arguments, targets, snmp)
    seconds = time.monotonic() - started
    if folder is None:
        return Outcome(found, len(targets), seconds, [])
    matches = match_sightings(devices, [_sighting(item) for item in found])
    return Outcome(found, len(targets), seconds, matches, await _save(folder, matches) if arguments.save else None)


async def _inventory(folder: Path) -> Sequence[Device]:
    from console.cli import scan_folder  # the database takes longer to load than a small scan

    return await scan_folder.read_inventory(folder)


async def _save(folder: Path, matches: Sequence[Match]) -> TakenIn:
    from console.cli import scan_folder

    return await scan_folder.save(folder, matches)


def _sighting(found: Found) -> Sighting:
    """What was found, as the inventory is asked about it."""
    identity = found.identity
    return Sighting(found.address, identity.kind, identity.profile, identity.model, identity.serial, identity.mac)


async def _scan(arguments: argparse.Namespace, targets: list[Place], snmp: SnmpTarget | None) -> list[Found]:
    shown = 0.0

    def show(progress: Progress) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= _SHOW_EVERY_S or progress.asked == progress.total:
            shown = now
            print(f"{progress.asked}/{progress.total} asked, {progress.found} found", file=sys.stderr)

    allow_open_files()
    async with Connections(snmp_timeout=SNMP_TIMEOUT_S) as connections:
        asking = Asking(connections, all_profiles(), snmp, public=not arguments.no_public)
        return await scan(targets, asking, in_flight=arguments.in_flight, rate=arguments.rate, on_progress=show)


def _object(outcome: Outcome) -> dict[str, object]:
    found = [_found(item) for item in outcome.found]
    for at, match in enumerate(outcome.matches):
        found[at] |= {
            "standing": match.standing.value,
            "device": match.device.name if match.device is not None else None,
            "reason": match.reason or None,
        }
    written: dict[str, object] = {
        "scanned": outcome.scanned,
        "seconds": round(outcome.seconds, 3),
        "found": found,
    }
    if outcome.saved is not None:
        written["saved"] = {
            "added": list(outcome.saved.added),
            "moved": list(outcome.saved.moved),
            "completed": list(outcome.saved.completed),
        }
    return written


def _found(item: Found) -> dict[str, object]:
    return {
        **device_json.device(item.address, item.identity),
        "mac_source": item.mac_source or None,
        "ports": list(item.ports),
        "also": [{"address": str(address), "profile": profile} for address, profile in item.also],
        "note": item.note or None,
    }


def _table(outcome: Outcome) -> str:
    lines = [
        f"{item.address!s:<24} {item.identity.kind.value:<6} {item.identity.make:<15} {item.identity.model:<24}"
        f" {item.identity.profile or 'no profile'}" + (f" ({item.note})" if item.note else "")
        for item in outcome.found
    ]
    for at, match in enumerate(outcome.matches):
        name = f" {match.device.name}" if match.device is not None else ""
        lines[at] += f"  {match.standing.value}{name}" + (f": {match.reason}" if match.reason else "")
    lines.append(f"{len(outcome.found)} found at {outcome.scanned} addresses in {outcome.seconds:.1f} s")
    if outcome.saved is not None:
        saved = outcome.saved
        lines.append(
            f"{len(saved.added)} added, {len(saved.moved)} with a new address, "
            f"{len(saved.completed)} with a serial number, MAC address or model that was not known"
        )
    return "\n".join(lines)
