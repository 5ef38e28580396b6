"""Copy a site folder into one file, also while its collector runs."""

import argparse
import json
import sys
from pathlib import Path

from console.cli.progress_line import progress_line
from console.services.ports import StoreFull
from console.store.care.backup import BackupDone, back_up
from console.store.care.progress import Cancelled
from console.store.engine import StoreError
from console.support.plain_text import visible

ENVIRONMENT = 3
INTERRUPTED = 130
MB = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="site folder")
    parser.add_argument("file", type=Path, metavar="FILE", help="the backup; an older one of that name is replaced")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Copy; 0 when the backup is whole, 3 when it cannot be made, 130 after Ctrl+C. No half file is left."""
    try:
        with progress_line() as progress:
            done = back_up(arguments.folder, arguments.file, progress)
    except Cancelled:
        print("terrahash backup: called off; nothing was written", file=sys.stderr)
        return INTERRUPTED
    except (StoreError, StoreFull, OSError) as error:
        print(f"terrahash backup: {error}", file=sys.stderr)
        return ENVIRONMENT
    _report(arguments, done)
    return 0


def _report(arguments: argparse.Namespace, done: BackupDone) -> None:
    manifest = done.manifest
    if arguments.json:
        answer = {
            "file": str(done.file),
            "bytes": done.size,
            "site": manifest.site_name,
            "site_id": manifest.site_id,
            "taken_at": manifest.taken_at,
            "databases": {member.name: member.size for member in manifest.members},
        }
        print(json.dumps(answer))
        return
    size = sum(member.size for member in manifest.members)
    site = visible(manifest.site_name) or str(arguments.folder)
    print(f"{site}: {len(manifest.members)} databases of {size / MB:.1f} MB in {done.file} ({done.size / MB:.1f} MB)")
