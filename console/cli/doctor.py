"""Check the environment: Python, libraries, display, SQLite, keyring, disk, file limits and driver packages."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from console.support.selfcheck import Check, checks
from drivers.core.errors import ProfileError
from drivers.registry import packages

FOUND_PROBLEMS = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path(), metavar="FOLDER", help="where history will be kept"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Check, report, and exit with 1 when something needed is not as it should be."""
    found = [*(check() for check in checks(arguments.folder.resolve())), check_driver_packages()]
    ok = all(check.ok for check in found if check.needed)
    if arguments.json:
        print(json.dumps({"ok": ok, "checks": [asdict(check) for check in found]}))
    else:
        print("\n".join(map(_line, found)))
    return 0 if ok else FOUND_PROBLEMS


def check_driver_packages() -> Check:
    """Driver packages that were installed beside the product: what they bring, and what of them cannot be used."""
    name = "Driver packages"
    try:
        found = packages()
    except ProfileError as error:
        return Check(name, False, f"a profile of the product cannot be used: {error}", "install the program anew")
    drivers = ", ".join(family.driver for family in found.families) or "none"
    if not found.problems:
        return Check(name, True, drivers)
    bad = "; ".join(f"{problem.package}: {problem.text}" for problem in found.problems)
    return Check(name, False, f"{drivers}; not used: {bad}", "update or remove the packages named", needed=False)


def _line(check: Check) -> str:
    mark = "ok  " if check.ok else ("BAD " if check.needed else "note")
    return f"{mark}  {check.name}: {check.detail}" + (
        f"\n        {check.remedy}" if not check.ok and check.remedy else ""
    )
