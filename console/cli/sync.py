"""Merge stores of one site: write a bundle, take one in, or bring two folders to the same state."""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

import msgspec

from console.cli.conflicts import sentence
from console.cli.incident_desk import DeskError, read_cases
from console.cli.sync_work import Exported, both_ways, export, folder_state, take_in
from console.link.client import LinkLost
from console.services.ports import StoreFull
from console.services.sync_report import SyncReport
from console.settings.installation import InstallationError
from console.store.engine import StoreError
from console.store.lock import FolderBusy
from console.store.sync.refusal import PlaceUnusable, SyncRefused
from console.support.plain_text import visible, visible_lines

FOUND_PROBLEMS, USAGE, ENVIRONMENT = 1, 2, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="site folder")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--export", type=Path, metavar="FILE", help="write a signed bundle; works beside a collector")
    what.add_argument(
        "--import", dest="bundle", type=Path, metavar="FILE", help="take a bundle in, also while collecting"
    )
    what.add_argument("--with", dest="other", type=Path, metavar="FOLDER", help="both ways between two folders")
    what.add_argument("--state", action="store_true", help="what this folder has, as JSON for a peer's --since")
    since = parser.add_mutually_exclusive_group()
    since.add_argument("--since", type=Path, metavar="STATE", help="export only what the folder of that --state lacks")
    since.add_argument("--for", dest="peer", type=Path, metavar="FOLDER", help="export only what that folder lacks")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Do it; 1 when a bundle or folder is refused, 3 when a folder is in use or a file cannot be used."""
    if arguments.export is None and (arguments.since is not None or arguments.peer is not None):
        print("--since and --for go with --export", file=sys.stderr)
        return USAGE
    meter = _Meter()
    try:
        answer = asyncio.run(_work(arguments, meter))
    except (PlaceUnusable, FolderBusy, DeskError, StoreError, StoreFull, InstallationError, LinkLost, OSError) as error:
        return _refuse(meter, error, ENVIRONMENT)
    except SyncRefused as error:
        return _refuse(meter, error, FOUND_PROBLEMS)
    except KeyboardInterrupt:
        meter.end()
        print("stopped; what was taken in stays, and the same command brings the rest", file=sys.stderr)
        raise
    meter.end()
    print(answer)
    return 0


async def _work(arguments: argparse.Namespace, meter: "_Meter") -> str:
    folder: Path = arguments.folder
    if arguments.state:
        return msgspec.json.encode(await folder_state(folder)).decode()
    if arguments.export is not None:
        done = await export(folder, arguments.export, meter.show, since=arguments.since, peer=arguments.peer)
        return _exported_json(done) if arguments.json else _exported_text(done, arguments.export)
    if arguments.bundle is not None:
        report = await take_in(folder, arguments.bundle, meter.show)
        return msgspec.json.encode(report).decode() if arguments.json else await _text(report, folder)
    here, there = await both_ways(folder, arguments.other, meter.show)
    if arguments.json:
        return _both_json(here, there)
    return "\n".join((await _text(here, folder), await _text(there, arguments.other)))


def _both_json(here: SyncReport, there: SyncReport) -> str:
    answer: dict[str, object] = {
        "added": here.added + there.added,
        "conflicts": here.conflicts + there.conflicts,
        "from": here.sender,
        "here": msgspec.to_builtins(here),
        "there": msgspec.to_builtins(there),
    }
    return json.dumps(answer)


def _exported_json(done: Exported) -> str:
    return json.dumps(
        {
            "added": 0,
            "conflicts": 0,
            "from": done.sender,
            "site": done.site,
            "fingerprint": done.fingerprint,
            "file": str(done.path),
            "bytes": done.size,
            "rows": done.rows,
            "history_until": done.history_until,
            "beside_collector": done.beside_collector,
        }
    )


def _exported_text(done: Exported, path: Path) -> str:
    what = ", ".join(f"{count:,} {kind}" for kind, count in done.rows.items()) or "nothing that the other side lacks"
    lines = [f"{path}: {what} ({done.size / 1e6:,.1f} MB) of {visible(done.site)}"]
    lines.append(f"signed by {visible(done.sender)}, key {done.fingerprint}")
    if done.history_until:
        beside = "; a collector is writing, and what it has not finished is not in it" if done.beside_collector else ""
        lines.append(f"history up to {done.history_until}{beside}")
    return "\n".join(lines)


async def _text(report: SyncReport, folder: Path) -> str:
    rows = sum(report.rows.values())
    mine = report.sender == report.exporter.name
    sender = f"{visible(report.sender)}{f' (key {report.exporter.fingerprint})' if mine else ''}"
    lines = [f"{folder}: {report.events:,} events and {rows:,} rows of history are new, from {sender}"]
    if report.history_until:
        beside = "; a collector was writing then" if report.beside_collector else ""
        lines.append(f"  its history went up to {report.history_until}{beside}")
    lines += [
        f"  first seen here: {visible(origin.name) or 'no name'}, key {origin.fingerprint or 'not told'}"
        for origin in report.new_origins
    ]
    if report.own_returned:
        lines.append("  records of this folder itself came back: it had been restored from an older backup")
    if report.conflicts:
        lines.append(
            f"  {_times(report.conflicts)} made twice without knowing of each other; what stands and what does not:"
        )
        labels = (await read_cases(folder)).labels()
        lines += [f"    {sentence(conflict, labels)}" for conflict in report.conflict_list]
    return "\n".join(lines)


def _times(count: int) -> str:
    return "1 decision was" if count == 1 else f"{count:,} decisions were"


def _refuse(meter: "_Meter", error: Exception, code: int) -> int:
    meter.end()
    print(f"terrahash sync: {visible_lines(str(error))}", file=sys.stderr)
    return code


class _Meter:
    """Progress on stderr: one line that is written over on a terminal, now and then a line elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._next = time.monotonic() + 1.0
        self._shown = False

    def show(self, what: str, done: int, total: int) -> None:
        """Say how far it is, but not too often."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (0.2 if self._terminal else 5.0)
        text = f"{what}: {done:,}{f' of {total:,}' if total else ''} rows"
        print(
            f"\r{text:60}" if self._terminal else text, end="" if self._terminal else "\n", file=sys.stderr, flush=True
        )
        self._shown = self._terminal

    def end(self) -> None:
        """Leave the line."""
        if self._shown:
            print(file=sys.stderr)
            self._shown = False
