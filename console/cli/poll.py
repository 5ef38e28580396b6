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
from drivers.core.credentials import Login
from drivers.core.errors import DeviceError, ProfileError, Unsupported
from drivers.core.identity import Address, Identity
from drivers.core.profile import Profile
from drivers.core.reading import DeviceState, Report
from drivers.family import PUBLIC, Access
from drivers.identification import Asking, expect, recognise
from drivers.registry import all_profiles, open_driver
from drivers.transports.connections import Connections
from drivers.transports.snmp import SnmpTarget

SNMP = "snmp"
AGENT_PORT = 161
FOUND_PROBLEMS = 1
USAGE = 2
ENVIRONMENT = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: who answered, as what it was read, the report, and the error that stands in its place."""

    address: Address
    identity: Identity | None = None
    report: Report | None = None
    error: DeviceError | None = None
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: where, as what (None where it has to say so itself), and with which secret."""

    places: list[Address]
    profile: Profile | None
    unit: int
    secret: str | None
    snmp: SnmpTarget | None

    def access(self, connections: Connections, profile: Profile) -> Access:
        """What a driver of the profile is given: the secret as a login, or as the community of an agent."""
        if profile.protocol == SNMP or self.secret is None:
            return Access(connections, unit=self.unit, snmp=self.snmp or PUBLIC)
        user = profile.default_logins[0].partition(":")[0] if profile.default_logins else ""
        return Access(connections, unit=self.unit, login=Login.parse(self.secret, user))


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
        question = _question(arguments, profile)
    except (LookupError, ValueError) as error:
        print(error.args[0], file=sys.stderr)
        return USAGE
    outcome = asyncio.run(_poll(question))
    print(json.dumps(_object(outcome)) if arguments.json else visible_lines(_text(outcome)))
    return 0 if outcome.error is None else FOUND_PROBLEMS


def _question(arguments: argparse.Namespace, profile: Profile | None) -> Question:
    places = _places(arguments.address, profile)
    secret = login_options.read_login(arguments)
    snmp = login_options.snmp_target(arguments, secret)
    return Question(places, profile, arguments.unit, secret, snmp)


def _places(text: str, profile: Profile | None) -> list[Address]:
    try:
        return [Address.parse(text)]
    except ValueError:
        ports = PORTS if profile is None else (profile.port,)
        return [Address.parse(text, port) for port in ports]


async def _poll(question: Question) -> Outcome:
    """A reading of the one device at these ports of one host, or why there is none."""
    place, identity, profile = question.places[0], None, question.profile
    async with Connections() as connections:
        # A secret is an agent's community only where an agent was named: a miner's login is no guess for one.
        is_agent = len(question.places) == 1 and place.port == AGENT_PORT
        asking = Asking(connections, all_profiles(), question.snmp if is_agent or question.secret is None else None)
        try:
            if profile is None:
                found = await recognise(question.places, asking)
                place, identity = found.address, found.identity
                profile = all_profiles().get(identity.profile)
            elif question.secret is not None and profile.protocol != SNMP:
                await expect(profile, place, asking)
        except DeviceError as error:
            return Outcome(place, error=error, profile=profile)
        if profile is None:
            unknown = Unsupported(str(place), "the device answers, but no profile is known for it")
            return Outcome(place, identity, error=unknown)
        return await _read(place, profile, identity, question.access(connections, profile))


async def _read(place: Address, profile: Profile, identity: Identity | None, access: Access) -> Outcome:
    driver = open_driver(profile, place, access)
    try:
        report = await driver.read()
        if identity is None:
            identity = await driver.identify()
    except DeviceError as error:
        return Outcome(place, identity, error=error, profile=profile)
    finally:
        await driver.close()
    named = replace(identity, model=identity.model or report.texts.get("model", ""))
    return Outcome(place, named, report, profile=profile)


def _object(outcome: Outcome) -> dict[str, object]:
    report, error = outcome.report, outcome.error
    state = DeviceState.UNREACHABLE if error is not None and outcome.identity is None else DeviceState.UNKNOWN
    profile = outcome.profile
    found: dict[str, object] = {
        "device": device_json.device(outcome.address, outcome.identity)
        | {
            "evidence": profile.evidence.value if profile is not None else None,
            "recordings": list(profile.recordings) if profile is not None else [],
        },
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
    if outcome.profile is not None:
        proof = "; ".join((outcome.profile.evidence.value, *outcome.profile.recordings))
        lines.append(f"  read as {outcome.profile.id}, which is proved as far as: {proof}")
    for item in outcome.report.readings():
        written = device_json.reading(item)
        value = written["value"]
        shown = "-" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
        lines.append(
            f"  {item.point:<17} {item.part:<8} {shown:>12} {item.unit.value:<6}"
            f" {item.quality.name.lower():<13} {item.source.value}"
        )
    return "\n".join(lines)
