"""The inventory of a site folder: read it from a site file or CSV (also other tools'), write it out."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from console.cli import conflicts
from console.domain.inventory import Site
from console.exchange.foreign_csv import AWESOME_MINER, FOREMAN, dialect_of, read_miners, write_miners
from console.exchange.problems import ExchangeError, Problem
from console.exchange.site_csv import read_devices, write_devices
from console.exchange.site_file import read_site, write_site
from console.services.ports import StoreFull
from console.store.engine import StoreError
from console.store.lock import FolderBusy, FolderLock
from console.store.records.inventory_fields import INVENTORY
from console.store.site_store import CONSOLE_FILE, SiteStore
from console.support.plain_text import visible, visible_lines
from drivers.registry import all_profiles

FOUND_PROBLEMS = 1
FORMATS = ("toml", "csv", FOREMAN, AWESOME_MINER)
USAGE = 2
ENVIRONMENT = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the two actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="import|export")
    taken = actions.add_parser(
        "import",
        help="take in a site file (TOML), a device table (CSV), or miners as Foreman or Awesome Miner list them",
    )
    taken.add_argument("folder", type=Path, metavar="FOLDER", help="site folder; made when it is new")
    taken.add_argument("file", type=Path, metavar="FILE.toml|csv", help="what to take in")
    taken.add_argument(
        "--format", choices=FORMATS, help="what the file is; told by its name and first line when absent"
    )
    taken.add_argument("--json", action="store_true", help="one JSON object on stdout")
    given = actions.add_parser("export", help="write the site file to stdout")
    given.add_argument("folder", type=Path, metavar="FOLDER", help="site folder")
    given.add_argument("--format", choices=FORMATS, default="toml", help="what to write (default toml)")
    given.add_argument("--csv", action="store_const", const="csv", dest="format", help="the same as --format csv")
    given.add_argument("--json", action="store_true", help="one JSON object with the text on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Import or export; 1 when the file has problems, 2 for a file or folder that is not there, 3 when it cannot be."""
    try:
        return _import(arguments) if arguments.action == "import" else asyncio.run(_export(arguments))
    except ExchangeError as error:
        _report(arguments, error)
        return FOUND_PROBLEMS
    except (FileNotFoundError, IsADirectoryError) as error:
        print(f"terrahash site: {error.filename} is not there or is no file", file=sys.stderr)
        return USAGE
    except (StoreError, StoreFull, FolderBusy, OSError) as error:
        print(f"terrahash site: {error}", file=sys.stderr)
        return ENVIRONMENT


def _report(arguments: argparse.Namespace, error: ExchangeError) -> None:
    print(visible_lines(str(error)), file=sys.stderr)
    print(f"{len(error.problems)} problem(s); nothing was imported.", file=sys.stderr)
    if arguments.json:
        problems = [{"line": problem.line, "text": problem.text} for problem in error.problems]
        print(json.dumps({"error": "problems", "file": error.file, "problems": problems}))


def _import(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.folder
    content = arguments.file.read_bytes()
    if not (folder / CONSOLE_FILE).exists():  # a file with problems leaves no half-made folder behind
        _read(arguments, content, None)
    with FolderLock(folder, "site import"):
        existing, site = asyncio.run(_replace(arguments, content))
    _summary(arguments, existing, site)
    return 0


async def _replace(arguments: argparse.Namespace, content: bytes) -> tuple[Site | None, Site]:
    store = await SiteStore.open(arguments.folder)
    try:
        existing = await _existing(store)
        site = await asyncio.to_thread(_read, arguments, content, existing)
        await store.save_site(site)
    finally:
        await store.close()
    return existing, site


async def _existing(store: SiteStore) -> Site | None:
    try:
        return await store.site()
    except StoreError:
        return None


def _read(arguments: argparse.Namespace, content: bytes, existing: Site | None) -> Site:
    file: Path = arguments.file
    profiles = all_profiles()
    wanted = arguments.format or ("" if file.suffix.lower() == ".csv" else "toml")
    if wanted == "toml":
        return read_site(file, existing=existing, profiles=profiles)
    if existing is None:
        raise StoreError("A device table needs a site to go into: import a site file (TOML) first.")
    text = _decoded(content, file.name)
    wanted = wanted or dialect_of(text)
    if wanted == "csv":
        return read_devices(text, existing, file=file.name, profiles=profiles)
    return read_miners(text, existing, wanted, file=file.name, profiles=profiles)


def _decoded(content: bytes, file: str) -> str:
    """The text of a table; Windows programs write UTF-16 with a mark at its begin."""
    try:
        return content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExchangeError(file, [Problem(0, "it is not UTF-8 text; save it as UTF-8")]) from error


def _summary(arguments: argparse.Namespace, existing: Site | None, site: Site) -> None:
    before = {device.id: device for device in existing.devices} if existing is not None else {}
    after = {device.id: device for device in site.devices}
    counts = {
        "devices": len(after),
        "added": len(after.keys() - before.keys()),
        "removed": len(before.keys() - after.keys()),
        "changed": sum(before[key] != after[key] for key in before.keys() & after.keys()),
    }
    if arguments.json:
        print(json.dumps({"site": site.name, "folder": str(arguments.folder), **counts}))
    else:
        print(
            f"{visible(site.name)}: {counts['devices']} devices in {arguments.folder} "
            f"({counts['added']} new, {counts['changed']} changed, {counts['removed']} gone)"
        )


async def _export(arguments: argparse.Namespace) -> int:
    store = await SiteStore.open(arguments.folder, read_only=True)
    try:
        site = await store.site()
        found = [conflict for conflict in await store.conflicts() if conflict.kind in INVENTORY]
    finally:
        await store.close()
    names = {str(device.id): device.name for device in site.devices} | {str(site.id): site.name}
    text = _written(site, arguments.format)
    if arguments.json:
        told = [conflicts.as_json(conflict) for conflict in found]
        print(json.dumps({"site": site.name, "devices": len(site.devices), "text": text, "conflicts": told}))
    else:
        sys.stdout.write(visible_lines(text) if sys.stdout.isatty() else text)
        for conflict in found:
            print(conflicts.sentence(conflict, names), file=sys.stderr)
    return 0


def _written(site: Site, wanted: str) -> str:
    if wanted == "toml":
        return write_site(site)
    return write_devices(site) if wanted == "csv" else write_miners(site, wanted)
