"""Make a site folder from a backup."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from console.cli.progress_line import progress_line
from console.services.ports import StoreFull
from console.store.care.archive_format import ArchiveError
from console.store.care.progress import Cancelled
from console.store.care.restore import FolderNotEmpty, restore
from console.store.engine import StoreError
from console.support.plain_text import visible

FOUND_PROBLEMS = 1
USAGE = 2
ENVIRONMENT = 3
INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a backup made by `terrahash backup`")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the site folder to make: new, or empty")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Restore; unless it is 0 the folder is as it was.

    1 for a damaged backup, 2 for a folder that holds something or a file that is not there, 3 when it cannot be
    written, 130 after Ctrl+C.
    """
    try:
        with progress_line() as progress:
            manifest = restore(arguments.file, arguments.folder, progress)
    except Cancelled:
        print("terrahash restore: called off; nothing was restored", file=sys.stderr)
        return INTERRUPTED
    except (FolderNotEmpty, FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        print(f"terrahash restore: {error}", file=sys.stderr)
        return USAGE
    except ArchiveError as error:
        print(f"terrahash restore: {error}", file=sys.stderr)
        return FOUND_PROBLEMS
    except (StoreError, StoreFull, OSError) as error:
        print(f"terrahash restore: {error}", file=sys.stderr)
        return ENVIRONMENT
    if arguments.json:
        answer = {
            "folder": str(arguments.folder),
            "site": manifest.site_name,
            "site_id": manifest.site_id,
            "taken_at": manifest.taken_at,
            "databases": {member.name: member.size for member in manifest.members},
        }
        print(json.dumps(answer))
    else:
        taken = datetime.fromtimestamp(manifest.taken_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        site = visible(manifest.site_name) or "the site"
        print(f"{site} as it was on {taken}: {len(manifest.members)} databases in {arguments.folder}")
    return 0
