"""What a site's history takes on the disk, how long the disk lasts, and how long history is kept."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from console.cli.progress_line import progress_line
from console.services.ports import StoreFull
from console.store.care.forecast import Forecast, forecast
from console.store.care.policy import LEVEL_NAMES, Policy, PolicyError, as_text, changed
from console.store.care.progress import Cancelled, Progress
from console.store.care.retention import Freed, Kept, retain
from console.store.care.settings import keep_policy, policy_of
from console.store.care.sizes import Storage, measure
from console.store.engine import StoreError
from console.store.lock import FolderBusy, FolderLock
from console.store.site_store import SiteStore

FOUND_PROBLEMS = 1
USAGE = 2
ENVIRONMENT = 3
INTERRUPTED = 130
MB = 1_000_000
WARNING_DAYS = 30
"""A disk that will be full sooner is a problem."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="site folder")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument(
        "--keep", metavar="POLICY", help=f"look ahead with another policy: raw=90d,minute=2y ({', '.join(LEVEL_NAMES)})"
    )
    parser.add_argument("--save", action="store_true", help="keep that policy in the folder from now on")
    parser.add_argument("--apply", action="store_true", help="delete now what the saved policy gives up")


def run(arguments: argparse.Namespace) -> int:
    """Measure and look ahead.

    1 when the disk will be full within 30 days, 2 for a policy that cannot be read, 3 when the folder cannot be read
    or a collector has it (with --save or --apply), 130 after Ctrl+C.
    """
    try:
        with progress_line() as progress:
            code, text = _run(arguments, progress)
    except Cancelled:
        print("terrahash storage: called off", file=sys.stderr)
        return INTERRUPTED
    except PolicyError as error:
        print(f"terrahash storage: {error}", file=sys.stderr)
        return USAGE
    except (StoreError, StoreFull, FolderBusy, OSError) as error:
        print(f"terrahash storage: {error}", file=sys.stderr)
        return ENVIRONMENT
    print(text)
    return code


def _run(arguments: argparse.Namespace, progress: Progress) -> tuple[int, str]:
    folder: Path = arguments.folder
    if arguments.save and not arguments.keep:
        raise PolicyError("--save needs the policy to keep: --keep raw=90d,minute=2y")
    storage = measure(folder, progress)
    policy = policy_of(folder)
    if arguments.keep:
        policy = changed(policy, arguments.keep)
    done: Sequence[Freed | Kept] = ()
    if arguments.save or arguments.apply:
        with FolderLock(folder, "storage"):
            if arguments.save:
                asyncio.run(_save(folder, policy))
            if arguments.apply:
                done = retain(folder, policy_of(folder), time.time(), progress)
        storage = measure(folder, progress)
    ahead = forecast(storage, policy, time.time())
    if arguments.json:
        text = json.dumps(_answer(storage, policy, ahead, done))
    else:
        text = "\n".join([*_table(storage), "", *_outlook(storage, policy, ahead), *_report(done)])
    soon = ahead.full_in_days is not None and ahead.full_in_days < WARNING_DAYS
    return FOUND_PROBLEMS if soon else 0, text


async def _save(folder: Path, policy: Policy) -> None:
    store = await SiteStore.open(folder)  # which brings an older folder to the tables of today
    await store.close()
    await keep_policy(folder, policy)


def _answer(storage: Storage, policy: Policy, ahead: Forecast, done: Sequence[Freed | Kept]) -> dict[str, object]:
    return {
        "bytes": storage.console + sum(file.size for file in storage.files),
        "console_bytes": storage.console,
        "files": [{"name": file.name, "bytes": file.size, "levels": dict(file.levels)} for file in storage.files],
        "free_bytes": storage.free,
        "total_bytes": storage.total,
        "growth_bytes_per_day": ahead.growth,
        "growth_by_level": dict(storage.growth),
        "full_in_days": ahead.full_in_days,
        "keep_days": {name: policy.days(name) for name in LEVEL_NAMES},
        "settled_bytes": ahead.settled,
        "releases": [
            {"name": release.name, "due": release.due, "bytes": release.size, "levels": dict(release.levels)}
            for release in ahead.releases
        ],
        "freed": [asdict(one) for one in done if isinstance(one, Freed)],
        "kept": [asdict(one) for one in done if isinstance(one, Kept)],
    }


def _table(storage: Storage) -> list[str]:
    columns = (*LEVEL_NAMES, "other")
    lines = [f"{'MB':10}{'total':>10}" + "".join(f"{name:>10}" for name in columns)]
    lines += [
        f"{file.name:10}{file.size / MB:10.1f}" + "".join(f"{file.levels.get(name, 0) / MB:10.1f}" for name in columns)
        for file in storage.files
    ]
    lines.append(f"{'decisions':10}{storage.console / MB:10.1f}")
    return lines


def _outlook(storage: Storage, policy: Policy, ahead: Forecast) -> list[str]:
    growth = ", ".join(f"{level} {gained / MB:.2f}" for level, gained in storage.growth.items())
    days = ahead.full_in_days
    full = "will not be full within 20 years" if days is None else f"will be full in {days:,} days"
    lines = [
        f"kept: {as_text(policy)}",
        f"growth: {ahead.growth / MB:.2f} MB a day" + (f" ({growth})" if growth else ""),
        f"free: {storage.free / MB:.0f} of {storage.total / MB:.0f} MB; the disk {full}",
        f"levels that are not kept for ever settle at {ahead.settled / MB:.0f} MB",
    ]
    for release in ahead.releases[:6]:
        when = datetime.fromtimestamp(release.due, UTC).strftime("%Y-%m-%d")
        what = "due since" if release.due <= time.time() else "from"
        levels = ", ".join(release.levels)
        lines.append(f"given back: {release.size / MB:.1f} MB of {release.name} ({levels}) {what} {when}")
    return lines


def _report(done: Sequence[Freed | Kept]) -> list[str]:
    return [
        f"deleted: {', '.join(one.levels) or 'all'} of {one.name}, {(one.before - one.after) / MB:.1f} MB"
        if isinstance(one, Freed)
        else f"stays: {one.name}, {one.reason}"
        for one in done
    ]
