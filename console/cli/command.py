"""Command devices through a folder's collector: enable them first, then one write each, read back and recorded.

Every device is read-only until somebody enables it with a reason. A command needs a running collector, because that
one knows the device as it is now; decisions (enable, disable, allow-pool, forbid-pool) need none.
"""

import argparse
import asyncio
import getpass
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from console.cli.attached import NoCollector, attached
from console.cli.command_desk import Decision, decide_directly, site_of
from console.cli.incident_desk import ENVIRONMENT, FOUND_PROBLEMS, OK, USAGE, DeskError, iso
from console.domain.commanding import CommandRecord, CommandState
from console.domain.inventory import Device
from console.link.client import Link, LinkLost
from console.link.messages import AskOffers, GiveCommand, Offers
from console.store.lock import FolderBusy
from console.support.plain_text import visible_lines
from drivers.core.command import Capability

DECISIONS = ("enable", "disable", "allow-pool", "forbid-pool")
_CAPABILITIES = {capability.value.replace("_", "-"): capability for capability in Capability}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="site folder")
    parser.add_argument("action", choices=("list", *DECISIONS, *_CAPABILITIES), help="list shows what a device offers")
    parser.add_argument("--device", action="append", default=[], metavar="NAME", help="device, may be repeated")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; kept with the command")
    parser.add_argument("--actor", default="", metavar="NAME", help="who does it (your login name)")
    switch = parser.add_mutually_exclusive_group()
    switch.add_argument("--on", action="store_true", default=None, dest="on", help="locate, set-immersion")
    switch.add_argument("--off", action="store_false", default=None, dest="on", help="locate, set-immersion")
    parser.add_argument("--mode", metavar="NAME", help="set-power-mode")
    parser.add_argument("--watts", type=float, metavar="W", help="set-power-target")
    parser.add_argument("--percent", metavar="N|auto", help="set-fans")
    parser.add_argument(
        "--pool", action="append", metavar="URL[,USER]", help="set-pools (with USER), allow-pool; may be repeated"
    )
    parser.add_argument("--file", type=Path, metavar="IMAGE", help="update-firmware")
    parser.add_argument("--version", metavar="TEXT", help="what the device must report after update-firmware")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Do it; 1 when something was refused, rejected or stays unknown, 2 for wrong usage, 3 without a collector."""
    actor = arguments.actor or getpass.getuser()
    try:
        if arguments.action in DECISIONS:
            return asyncio.run(_decide(arguments, actor))
        if arguments.action == "list":
            return asyncio.run(_list(arguments))
        return asyncio.run(_command(arguments, actor))
    except DeskError as error:
        print(visible_lines(str(error)), file=sys.stderr)
        return error.code
    except NoCollector as error:
        reason = f" ({error})" if str(error) else ""
        print(f"no collector answers on this folder{reason}; start one: terrahash collect FOLDER", file=sys.stderr)
        return ENVIRONMENT
    except (LinkLost, FolderBusy) as error:
        print(visible_lines(str(error)), file=sys.stderr)
        return ENVIRONMENT


async def _decide(arguments: argparse.Namespace, actor: str) -> int:
    subjects: Sequence[str] = arguments.pool or [] if arguments.action.endswith("pool") else arguments.device
    if not subjects:
        raise DeskError("name --pool URL or --device NAME", USAGE)
    decision = Decision(arguments.action, tuple(subjects), actor, arguments.reason)
    site = await site_of(arguments.folder)
    devices = [_device(site.devices, name) for name in subjects] if not decision.is_on_pools else []
    try:
        async with attached(arguments.folder) as link:
            answer = await link.send(decision.request(link.next_request(), devices))
            if answer.error:
                raise DeskError(answer.error)
    except NoCollector:
        await decide_directly(arguments.folder, decision, devices)
    print(json.dumps({arguments.action: list(subjects)}) if arguments.json else f"{arguments.action}: {len(subjects)}")
    return OK


async def _list(arguments: argparse.Namespace) -> int:
    if len(arguments.device) != 1:
        raise DeskError("name one device with --device NAME", USAGE)
    device = _device((await site_of(arguments.folder)).devices, arguments.device[0])
    async with attached(arguments.folder) as link:
        offers = await link.offers(AskOffers(link.next_request(), device.id))
    if arguments.json:
        print(json.dumps(_offers_json(device, offers)))
    else:
        print(visible_lines(_offers_text(device, offers)))
    return OK if not offers.error else FOUND_PROBLEMS


async def _command(arguments: argparse.Namespace, actor: str) -> int:
    if not arguments.device:
        raise DeskError("name the devices with --device NAME; none means nothing is sent", USAGE)
    site = await site_of(arguments.folder)
    devices = [_device(site.devices, name) for name in arguments.device]
    capability, given = _CAPABILITIES[arguments.action], _given(arguments)
    answers: list[dict[str, object]] = []
    async with attached(arguments.folder) as link:
        for device in devices:
            answers.append(await _give(link, device, capability, given, actor, arguments.reason))
            if not arguments.json:
                print(visible_lines(f"{device.name}: {answers[-1]['state']}: {answers[-1]['text']}"))
    if arguments.json:
        print(json.dumps({"commands": answers}))
    return OK if all(answer["state"] == CommandState.CONFIRMED for answer in answers) else FOUND_PROBLEMS


async def _give(
    link: Link, device: Device, capability: Capability, given: dict[str, object], actor: str, reason: str
) -> dict[str, object]:
    ended = await link.give(GiveCommand(link.next_request(), device.id, capability.value, given, actor, reason))
    if ended.record is None:
        return {"device": device.name, "state": "refused", "text": ended.error, "sent": False}
    return {"device": device.name, **_record_json(ended.record)}


def _device(devices: Sequence[Device], name: str) -> Device:
    for device in devices:
        if device.name == name:
            return device
    raise DeskError(f"this site has no device {name!r}", USAGE)


def _given(arguments: argparse.Namespace) -> dict[str, object]:
    """The arguments that were given, for `read_command`, which checks them."""
    given: dict[str, object] = {
        name: getattr(arguments, name)
        for name in ("on", "mode", "watts", "version")
        if getattr(arguments, name) is not None
    }
    if arguments.file is not None:
        given["file"] = str(arguments.file.absolute())
    if arguments.percent is not None:
        given["percent"] = None if arguments.percent == "auto" else _number(arguments.percent)
    if arguments.pool is not None:
        given["pools"] = [dict(zip(("url", "user"), pool.split(",", 1), strict=False)) for pool in arguments.pool]
    return given


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DeskError(f"--percent takes a number or auto, not {text!r}", USAGE) from None


def _record_json(record: CommandRecord) -> dict[str, object]:
    return {
        "id": str(record.id),
        "command": record.text,
        "state": record.state.value,
        "text": record.outcome,
        "sent": record.sent,
        "before": record.before,
        "after": record.after,
        "by": record.by,
        "reason": record.reason,
        "at": iso(record.at),
        "ended": iso(record.ended) if record.ended else None,
    }


def _offers_json(device: Device, offers: Offers) -> dict[str, object]:
    control = offers.control
    return {
        "device": device.name,
        "enabled": control is not None and control.enabled,
        "offers": [
            {
                "command": capability.value,
                "offered": not offer.unsupported,
                "why_not": offer.unsupported or None,
                "modes": list(offer.modes),
                "low": offer.low,
                "high": offer.high,
                "needs_login": offer.needs_login,
            }
            for capability, offer in offers.offers.items()
        ],
        "allowed_pools": list(offers.allowed_pools),
        "login": offers.login,
        "commands": [_record_json(record) for record in offers.commands],
        "error": offers.error or None,
    }


def _offers_text(device: Device, offers: Offers) -> str:
    control = offers.control
    enabled = control is not None and control.enabled
    lines = [f"{device.name}: commands are {'enabled' if enabled else 'not enabled (read-only)'}"]
    lines += [f"  login: {offers.login}"] if offers.login else []
    lines += [offers.error] if offers.error else []
    for capability, offer in offers.offers.items():
        detail = offer.unsupported or ", ".join(offer.modes)
        if offer.low is not None and offer.high is not None:
            detail = f"{offer.low:g} to {offer.high:g}"
        lines.append(
            f"  {'-' if offer.unsupported else '+'} {capability.value.replace('_', '-'):<18} {detail}".rstrip()
        )
    lines += [f"  {iso(one.at)} {one.text}: {one.state.value}: {one.outcome} ({one.by})" for one in offers.commands]
    return "\n".join(lines)
