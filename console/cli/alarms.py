"""The alarm journal of a site folder; acknowledging an alarm acknowledges the incident it belongs to."""

import argparse
import asyncio
import getpass
import json
import sys
from dataclasses import replace
from pathlib import Path

from console.cli.incident_desk import ACTIONS, OK, USAGE, Cases, Deed, DeskError, carry_out, iso, read_cases
from console.domain.alarms import Alarm
from console.support.plain_text import visible, visible_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="site folder")
    parser.add_argument("action", nargs="?", default="list", choices=("list", *ACTIONS), help="what to do (list)")
    parser.add_argument("alarm", nargs="?", metavar="ALARM", help="id of the alarm whose incident an action concerns")
    parser.add_argument("--standing", action="store_true", help="list only what stands")
    parser.add_argument("--device", metavar="NAME", help="list only the alarms of one device")
    parser.add_argument("--note", default="", metavar="TEXT", help="goes into the incident's timeline")
    parser.add_argument("--actor", default="", metavar="NAME", help="who does it (your login name)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """List the journal, or act on the incident of one alarm."""
    if (arguments.action == "list") != (arguments.alarm is None):
        print("name one alarm by its id with an action: terrahash alarms FOLDER acknowledge ID", file=sys.stderr)
        return USAGE
    try:
        shown = asyncio.run(_work(arguments))
    except DeskError as error:
        print(visible_lines(str(error)), file=sys.stderr)
        return error.code
    if arguments.json:
        print(json.dumps({"alarms": [as_json(alarm) for alarm in shown]}))
    elif not shown:
        print("no alarms")
    else:
        for alarm in shown:
            print(
                f"{iso(alarm.raised_at)} {_stand(alarm):26} Sev{int(alarm.severity)} {visible(alarm.title)}{_by(alarm)}"
            )
    return OK


async def _work(arguments: argparse.Namespace) -> list[Alarm]:
    folder: Path = arguments.folder
    cases = await read_cases(folder)
    if arguments.action != "list":
        return [await _act(arguments, cases)]
    return [
        alarm
        for alarm in cases.alarms
        if (alarm.cleared_at is None or not arguments.standing) and arguments.device in (None, alarm.device_name)
    ]


async def _act(arguments: argparse.Namespace, cases: Cases) -> Alarm:
    alarm = next((one for one in cases.alarms if str(one.id) == arguments.alarm.lower()), None)
    if alarm is None:
        raise DeskError(f"There is no alarm {arguments.alarm} in this folder.", USAGE)
    if alarm.incident is None:
        raise DeskError(f"“{alarm.title}” belongs to no incident; there is nothing to {arguments.action}.")
    actor = arguments.actor or getpass.getuser()
    incident = cases.incident(str(alarm.incident))
    await carry_out(arguments.folder, Deed(arguments.action, incident, actor, arguments.note))
    after = await read_cases(arguments.folder)
    return next((one for one in after.alarms if one.id == alarm.id), replace(alarm))


def _by(alarm: Alarm) -> str:
    return f" (acknowledged by {visible(alarm.acknowledged_by)})" if alarm.acknowledged_by else ""


def _stand(alarm: Alarm) -> str:
    return alarm.condition.value if alarm.cleared_at is None else f"cleared {iso(alarm.cleared_at) or ''}"[:26]


def as_json(alarm: Alarm) -> dict[str, object]:
    """One alarm with ISO 8601 times in UTC."""
    return {
        "id": str(alarm.id),
        "rule": alarm.rule,
        "device": alarm.device_name,
        "part": alarm.part,
        "severity": int(alarm.severity),
        "condition": alarm.condition.value,
        "title": alarm.title,
        "value": alarm.value,
        "limit": alarm.limit,
        "onset_at": iso(alarm.onset_at),
        "raised_at": iso(alarm.raised_at),
        "cleared_at": iso(alarm.cleared_at),
        "acknowledged_at": iso(alarm.acknowledged_at),
        "acknowledged_by": alarm.acknowledged_by,
        "incident": None if alarm.incident is None else str(alarm.incident),
    }
