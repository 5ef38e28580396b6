"""Check that everything in a site folder is as it was written; repair what is not."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from console.cli.progress_line import progress_line
from console.services.ports import StoreFull
from console.store.care.findings import Finding, all_well
from console.store.care.progress import Cancelled
from console.store.care.repair import Repair, repair
from console.store.care.verify import verify
from console.store.engine import StoreError
from console.store.lock import FolderBusy, FolderLock

FOUND_PROBLEMS = 1
ENVIRONMENT = 3
INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="site folder")
    parser.add_argument("--full", action="store_true", help="decode every tile and work out every roll-up again")
    parser.add_argument(
        "--repair", action="store_true", help="save what is readable of damaged files; no collector runs"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Check; 0 when all is well, 1 when not (after a repair: still not), 3 when it cannot be, 130 after Ctrl+C."""
    folder: Path = arguments.folder
    repairs: Sequence[Repair] = ()
    try:
        with progress_line() as progress:
            findings = verify(folder, full=arguments.full, progress=progress)
            if arguments.repair and not all_well(findings):
                with FolderLock(folder, "repair"):
                    repairs = asyncio.run(repair(folder, full=arguments.full, progress=progress))
                findings = verify(folder, full=arguments.full, progress=progress)
    except Cancelled:
        print("terrahash verify: called off", file=sys.stderr)
        return INTERRUPTED
    except (StoreError, StoreFull, FolderBusy, OSError) as error:
        print(f"terrahash verify: {error}", file=sys.stderr)
        return ENVIRONMENT
    ok = all_well(findings)
    if arguments.json:
        answer = {"ok": ok, "checks": [asdict(finding) for finding in findings]}
        print(json.dumps(answer | {"repairs": [asdict(one) for one in repairs]} if arguments.repair else answer))
    else:
        print("\n".join([*map(_line, findings), *(line for one in repairs for line in _lines(one))]))
    return 0 if ok else FOUND_PROBLEMS


def _line(finding: Finding) -> str:
    return f"{'ok  ' if finding.ok else 'BAD '}  {finding.name}: {finding.detail}"


def _lines(one: Repair) -> list[str]:
    lost = [f"        lost: {text}" for text in one.lost] or ["        nothing was lost"]
    aside = f"; the damaged file stays in {one.aside}" if one.aside else ""
    return [f"repaired: {one.name}{aside}", *lost]
