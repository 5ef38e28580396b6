"""Which login is set for which device, and where it is still the vendor's default.

Nothing is sent to anybody, unless --test-default and --device name the devices that a technician wants tried: each gets
the vendor's first default once. Firmware that counts failed logins counts this one too.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.cli.command_desk import site_of
from console.cli.incident_desk import DeskError
from console.collector.logins import Logins, LoginStanding
from console.domain.inventory import Device
from console.settings.secrets import read_secret
from console.support.plain_text import visible_lines
from drivers.core.device import ChecksLogin
from drivers.core.errors import DeviceError, ProfileError
from drivers.core.profile import Profile
from drivers.family import Access
from drivers.registry import all_profiles, open_driver
from drivers.transports.connections import Connections

OK, FOUND_PROBLEMS, USAGE, ENVIRONMENT = range(4)


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of trying a vendor's default on one device: taken, not taken, or why that is not known."""

    device: str
    taken: bool | None
    text: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="site folder")
    parser.add_argument("--device", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    parser.add_argument(
        "--test-default", action="store_true", help="try the vendor's default login on the named devices, once each"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Report; 1 when a default is in use or a login is missing, 2 for wrong usage, 3 when the folder cannot be read."""
    try:
        return asyncio.run(_work(arguments))
    except DeskError as error:
        print(visible_lines(str(error)), file=sys.stderr)
        return error.code
    except ProfileError as error:
        print(error, file=sys.stderr)
        return ENVIRONMENT


async def _work(arguments: argparse.Namespace) -> int:
    site, profiles = await site_of(arguments.folder), all_profiles()
    names = set(arguments.device)
    if arguments.test_default and not names:
        raise DeskError("name the devices to try with --device NAME; none are tried unasked", USAGE)
    devices = [device for device in site.devices if device.name in names or not names]
    if missing := names - {device.name for device in devices}:
        raise DeskError(f"this site has no device {min(missing)!r}", USAGE)
    logins = Logins(lambda: site, profiles, read_secret)
    everybody = [(device, await asyncio.to_thread(logins.standing, device)) for device in devices]
    found = [(device, standing) for device, standing in everybody if standing.is_known]
    trials: list[Trial] = []
    if arguments.test_default:
        async with Connections() as connections:
            trials = [await _try_default(device, logins, profiles, connections) for device in devices]
    if arguments.json:
        print(json.dumps(_object(found, trials)))
    else:
        print(visible_lines(_text(found, trials)))
    bad = any(standing.problem or standing.is_default for _, standing in found) or any(one.taken for one in trials)
    return FOUND_PROBLEMS if bad else OK


async def _try_default(
    device: Device, logins: Logins, profiles: Mapping[str, Profile], connections: Connections
) -> Trial:
    defaults, profile = logins.defaults(device), profiles.get(device.profile)
    if profile is None or not defaults:
        return Trial(device.name, None, "no default login is known for it")
    access = Access(connections, unit=device.unit, login=defaults[0], web_port=device.web_port)
    driver = open_driver(profile, device.address, access)
    if not isinstance(driver, ChecksLogin):
        return Trial(device.name, None, "this family tells nobody whether a login is right without changing something")
    try:
        taken = await driver.check_login()
    except DeviceError as error:
        return Trial(device.name, None, error.text)
    finally:
        await driver.close()
    return Trial(
        device.name, taken, "takes the vendor's default: change it" if taken else "refuses the vendor's default"
    )


def _object(found: Sequence[tuple[Device, LoginStanding]], trials: Sequence[Trial]) -> dict[str, object]:
    return {
        "devices": [
            {
                "device": device.name,
                "entry": standing.entry or None,
                "problem": standing.problem or None,
                "default": standing.is_default,
            }
            for device, standing in found
        ],
        "tested": [{"device": trial.device, "default_taken": trial.taken, "text": trial.text} for trial in trials],
    }


def _text(found: Sequence[tuple[Device, LoginStanding]], trials: Sequence[Trial]) -> str:
    """Devices that stand alike on one line: a site has thousands."""
    alike: dict[str, list[str]] = {}
    for device, standing in found:
        alike.setdefault(standing.text, []).append(device.name)
    lines = [
        f"{text}: {len(names):,} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
        for text, names in alike.items()
    ]
    lines += [f"{trial.device}: {trial.text}" for trial in trials]
    return "\n".join(lines) or "no device of this site knows logins"
