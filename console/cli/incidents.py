"""The incident queue of a site folder: list, acknowledge, note, mitigate, resolve."""

import argparse
import asyncio
import getpass
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from console.cli import conflicts
from console.cli.incident_desk import ACTIONS, OK, USAGE, Cases, Deed, DeskError, carry_out, iso, read_cases
from console.domain.clocks import deadline, duration, time_left
from console.domain.incident_life import queue_order, running_clock
from console.domain.incidents import Incident
from console.store.records.conflicts import Conflict
from console.store.records.incident_events import INCIDENT
from console.support.plain_text import visible, visible_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="site folder")
    parser.add_argument("action", nargs="?", default="list", choices=("list", *ACTIONS), help="what to do (list)")
    parser.add_argument("incident", nargs="?", metavar="INCIDENT", help="number, as INC-12 or 12, for an action")
    parser.add_argument("--open", action="store_true", help="list only what is open")
    parser.add_argument("--note", default="", metavar="TEXT", help="goes into the timeline with the action")
    parser.add_argument("--actor", default="", metavar="NAME", help="who does it (your login name)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """List, or act on one incident; prints what stands afterwards."""
    if (arguments.action == "list") != (arguments.incident is None):
        print("name one incident with an action: terrahash incidents FOLDER acknowledge INC-12", file=sys.stderr)
        return USAGE
    try:
        cases, shown = asyncio.run(_work(arguments))
    except DeskError as error:
        print(visible_lines(str(error)), file=sys.stderr)
        return error.code
    if arguments.json:
        told = [conflicts.as_json(conflict) for conflict in _conflicts(shown, cases)]
        print(json.dumps({"incidents": [as_json(incident, cases) for incident in shown], "conflicts": told}))
    else:
        _print_table(shown, cases)
    return OK


def _conflicts(shown: Sequence[Incident], cases: Cases) -> list[Conflict]:
    """What was set aside in these incidents when stores were merged."""
    ids = {str(incident.id) for incident in shown}
    return [conflict for conflict in cases.conflicts if conflict.kind == INCIDENT and conflict.entity in ids]


async def _work(arguments: argparse.Namespace) -> tuple[Cases, list[Incident]]:
    folder: Path = arguments.folder
    cases = await read_cases(folder)
    if arguments.action == "list":
        shown = [incident for incident in cases.incidents if incident.state.is_open or not arguments.open]
        return cases, sorted(shown, key=lambda incident: (not incident.state.is_open, queue_order(incident)))
    actor = arguments.actor or getpass.getuser()
    deed = Deed(arguments.action, cases.incident(arguments.incident), actor, arguments.note)
    return cases, [await carry_out(folder, deed)]


def as_json(incident: Incident, cases: Cases) -> dict[str, object]:
    """The answer of the design, section 8, with a few fields beside."""
    return {
        "id": str(incident.id),
        "number": incident.number,
        "label": incident.label,
        "version": incident.version,
        "severity": int(incident.severity),
        "category": incident.category,
        "state": incident.state.value,
        "title": incident.title,
        "cause": incident.cause,
        "where": incident.where,
        "owner": incident.owner,
        "devices": cases.names(incident.devices),
        "onset_at": iso(incident.onset_at),
        "detected_at": iso(incident.detected_at),
        "alerted_at": iso(incident.alerted_at),
        "acknowledged_at": iso(incident.acknowledged_at),
        "mitigated_at": iso(incident.mitigated_at),
        "resolved_at": iso(incident.resolved_at),
        "deadlines": {
            "response": iso(incident.deadlines.response),
            "mitigation": iso(incident.deadlines.mitigation),
            "resolution": iso(incident.deadlines.resolution),
        },
        "events": [
            {
                "at": iso(event.at),
                "kind": event.kind.value,
                "actor": event.actor,
                "text": event.text,
                "set_aside": event.version in incident.set_aside,
            }
            for event in incident.events
        ],
    }


def _print_table(incidents: list[Incident], cases: Cases) -> None:
    if not incidents:
        print("no incidents")
        return
    now = time.time()
    for incident in incidents:
        devices = len(incident.devices)
        scope = f"{devices:,} device{'' if devices == 1 else 's'}"
        print(
            f"{incident.label:9} Sev{int(incident.severity)} {_clock(incident, cases, now):26} "
            f"{incident.state.value:13} {visible(incident.owner) or 'unassigned':14} {scope:14} "
            f"{visible(incident.title)}"
        )
    labels = cases.labels()
    for conflict in _conflicts(incidents, cases):
        print(conflicts.sentence(conflict, labels))


def _clock(incident: Incident, cases: Cases, now: float) -> str:
    clock = running_clock(incident)
    if clock is None:
        ended = incident.resolved_at or incident.events[-1].at
        return f"after {duration(ended - incident.detected_at)}"
    due = deadline(incident.deadlines, clock)
    return f"{time_left(clock, incident.severity, due, now, cases.site.zone)} {clock.value}"
