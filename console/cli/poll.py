"""One normalised reading of one device.

Sends no credentials unless --login names them. Without --profile the device is asked who it is; without a port
the usual ports are tried. Exit code 1 when the device gave no reading.
"""

import argparse
import asyncio
import json
import sys
from dataclasses import dataclass, replace

from console.cli import device_json
from console.cli import login as login_options
from console.collector.discovery import PORTS
from console.support.plain_text import visible_lines
from drivers.core.errors import DeviceError, ProfileError, Unsupported
from drivers.core.identity import Address, Identity
from drivers.core.profile import Profile
from drivers.core.reading import DeviceState, Report
from drivers.family import PUBLIC, Access
from drivers.identification import Asking, recognise
from drivers.registry import all_profiles, open_driver
from drivers.transports.connections import Connections
from drivers.transports.snmp import SnmpTarget

FOUND_PROBLEMS = 1
USAGE = 2
ENVIRONMENT = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: who answered, the report, and the error that stands in its place."""

    address: Address
    identity: Identity | None = None
    report: Report | None = None
    error: DeviceError | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("address", metavar="ADDRESS[:PORT]", help="the device")
    parser.add_argument("--profile", metavar="ID", help="read it as this profile says; otherwise it is identified")
    parser.add_argument("--unit", type=int, default=1, help="Modbus device id (default 1)")
    login_options.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Poll and report; 0 when a reading came, 1 when not, 2 for wrong usage, 3 when profiles cannot be read."""
    try:
        profiles = all_profiles()
    except ProfileError as error:
        print(error, file=sys.stderr)
        return ENVIRONMENT
    profile = profiles.get(arguments.profile) if arguments.profile else None
    if arguments.profile and profile is None:
        print(f"there is no profile {arguments.profile!r}; known: {', '.join(sorted(profiles))}", file=sys.stderr)
        return USAGE
    try:
        places = _places(arguments.address, profile)
        snmp = login_options.snmp_target(arguments)
    except (LookupError, ValueError) as error:
        print(error.args[0], file=sys.stderr)
        return USAGE
    outcome = asyncio.run(_poll(places, profile, arguments.unit, snmp))
    print(json.dumps(_object(outcome)) if arguments.json else visible_lines(_text(outcome)))
    return 0 if outcome.error is None else FOUND_PROBLEMS


def _places(text: str, profile: Profile | None) -> list[Address]:
    try:
        return [Address.parse(text)]
    except ValueError:
        ports = PORTS if profile is None else (profile.port,)
        return [Address.parse(text, port) for port in ports]


async def _poll(places: list[Address], profile: Profile | None, unit: int, snmp: SnmpTarget | None) -> Outcome:
    """A reading of the one device at these ports of one host, or why there is none."""
    place, identity = places[0], None
    async with Connections() as connections:
        if profile is None:
            try:
                found = await recognise(places, Asking(connections, all_profiles(), snmp))
            except DeviceError as error:
                return Outcome(place, error=error)
            place, identity = found.address, found.identity
            profile = all_profiles().get(identity.profile)
        if profile is None:
            unknown = Unsupported(str(place), "the device answers, but no profile is known for it")
            return Outcome(place, identity, error=unknown)
        return await _read(place, profile, identity, Access(connections, unit=unit, snmp=snmp or PUBLIC))


async def _read(place: Address, profile: Profile, identity: Identity | None, access: Access) -> Outcome:
    try:
        driver = open_driver(profile, place, access)
        report = await driver.read()
        if identity is None:
            identity = await driver.identify()
    except DeviceError as error:
        return Outcome(place, identity, error=error)
    return Outcome(place, replace(identity, model=identity.model or report.texts.get("model", "")), report)


def _object(outcome: Outcome) -> dict[str, object]:
    report, error = outcome.report, outcome.error
    state = DeviceState.UNREACHABLE if error is not None and outcome.identity is None else DeviceState.UNKNOWN
    found: dict[str, object] = {
        "device": device_json.device(outcome.address, outcome.identity),
        "state": (report.state if report else state).label,
        "readings": [device_json.reading(item) for item in report.readings()] if report else [],
        "error": device_json.failure(error) if error else None,
    }
    if report is not None:
        found |= {
            "asked": device_json.moment(report.asked),
            "answered": device_json.moment(report.answered),
            "texts": dict(report.texts),
        }
    return found


def _text(outcome: Outcome) -> str:
    if outcome.error is not None or outcome.report is None:
        error = outcome.error
        return f"{outcome.address}: {type(error).__name__}: {error.text if error else ''}"
    identity = outcome.identity
    title = f"{identity.make} {identity.model}".strip() if identity else ""
    lines = [f"{outcome.address}  {title}  {outcome.report.state.label}"]
    for item in outcome.report.readings():
        written = device_json.reading(item)
        value = written["value"]
        shown = "-" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
        lines.append(
            f"  {item.point:<17} {item.part:<8} {shown:>12} {item.unit.value:<6}"
            f" {item.quality.name.lower():<13} {item.source.value}"
        )
    return "\n".join(lines)
