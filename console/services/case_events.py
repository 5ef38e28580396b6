"""Writes the events of incidents: detection, growth, merging, resolution, deadlines that passed."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from console.domain.alarms import Alarm
from console.domain.clocks import deadline, deadlines, duration, resumed
from console.domain.identifiers import new_id
from console.domain.incident_life import stopped_at
from console.domain.incident_text import Description, Weights, describe
from console.domain.incidents import ClockName, EventKind, Incident, IncidentEvent
from console.domain.inventory import Site
from console.services.casebook import Case, CaseBook
from console.services.triage_plan import Opening

TRIAGE = "triage"
CONSOLE = "console"


class EventWriter:
    """Builds events from cases; writes nothing itself."""

    def __init__(self, book: CaseBook, site: Site, weights: Weights) -> None:
        self._book = book
        self._site = site
        self._weights = weights

    def event(self, incident: Incident, kind: EventKind, at: float, actor: str, text: str = "") -> IncidentEvent:
        """The next plain event of an incident."""
        return IncidentEvent(incident.id, incident.version + 1, kind, at, actor, text)

    def _describe(self, case_root: Opening | Case, alarms: Sequence[Alarm], devices: Iterable[UUID]) -> Description:
        book = self._book
        ordered = sorted(alarms, key=lambda alarm: alarm.raised_at)
        return describe(case_root.root, ordered, tuple(devices), book.rules, book.topology, self._weights)

    def detected(self, opening: Opening, now: float) -> tuple[IncidentEvent, dict[UUID, None]]:
        """The event that opens an incident or continues one that was resolved; and its devices, the cause first."""
        alarms = [*opening.alarms, *(alarm for case in opening.merged for alarm in case.alarms.values())]
        devices = _cause_first(opening, alarms)
        said = self._describe(opening, alarms, devices)
        relapse = None if opening.residual_of else self._book.relapse_of(said.where, said.category, now)
        if relapse is not None:
            devices = dict.fromkeys((*relapse.devices, *devices))
            return self._reopened(relapse, said, devices, now), devices
        residual = opening.residual_of
        at = now if residual else min(alarm.raised_at for alarm in alarms)
        event = IncidentEvent(
            new_id(now),
            1,
            EventKind.DETECTED,
            at,
            TRIAGE if len(alarms) > 1 else f"rule {alarms[0].rule}",
            f"residual of {residual.incident.label}" if residual else _grouped(alarms),
            said.severity,
            said.category,
            said.title,
            said.cause,
            said.where,
            tuple(devices),
            min(alarm.onset_at for alarm in alarms),
            deadlines(said.severity, at, self._site.contract, self._site.zone),
        )
        return event, devices

    def _reopened(self, before: Incident, said: Description, devices: dict[UUID, None], now: float) -> IncidentEvent:
        clocks = resumed(
            before.deadlines,
            said.severity,
            before.resolved_at or now,
            now,
            self._site.contract,
            self._site.zone,
        )
        return IncidentEvent(
            before.id,
            before.version + 1,
            EventKind.REOPENED,
            now,
            TRIAGE,
            f"the same cause again, {duration(now - (before.resolved_at or now))} after it was resolved",
            said.severity,
            said.category,
            said.title,
            said.cause,
            said.where,
            tuple(devices),
            deadlines=clocks,
        )

    def merged(self, opening: Opening, into: IncidentEvent, now: float) -> list[IncidentEvent]:
        """The ends of the cases that turned out to be part of this one."""
        return [
            self.event(case.incident, EventKind.MERGED, now, TRIAGE, f"part of: {into.title}")
            for case in opening.merged
            if case.incident.id != into.incident
        ]

    def grew(self, case: Case, now: float, pause: float) -> IncidentEvent | None:
        """The growth of a case since the log last heard; None when nothing changed or it is not due yet."""
        said = self._describe(case, list(case.story.values()), case.devices)
        known = case.incident
        severity = min(said.severity, known.severity)
        if severity == known.severity and now - case.told_at < pause:
            return None
        case.untold = False
        more = len(case.devices) - len(known.devices)
        if severity == known.severity and not more and said.title == known.title and said.cause == known.cause:
            return None
        case.told_at = now
        worse = severity < known.severity
        return IncidentEvent(
            known.id,
            known.version + 1,
            EventKind.GREW,
            now,
            TRIAGE,
            _growth(more, worse, severity),
            severity if worse else None,
            None,
            said.title,
            said.cause,
            None,
            tuple(case.devices) if more else None,
            deadlines=deadlines(severity, known.detected_at, self._site.contract, self._site.zone) if worse else None,
        )

    def over(self, case: Case, now: float, residual: bool) -> IncidentEvent:
        """The automatic end of a case."""
        count = len(case.story)
        text = f"{count:,} alarm{'' if count == 1 else 's'} cleared"
        return self.event(
            case.incident,
            EventKind.RESOLVED,
            now,
            TRIAGE,
            f"cause gone, residual failures go on alone; {text}" if residual else text,
        )


def _cause_first(opening: Opening, alarms: Sequence[Alarm]) -> dict[UUID, None]:
    own = [alarm.device for alarm in alarms if alarm.device_name == opening.root.label]
    direct = opening.root.direct
    first = [alarm.device for alarm in opening.alarms[:1]] if direct and not own else own
    return dict.fromkeys((*first, *(alarm.device for alarm in alarms)))


def _grouped(alarms: Sequence[Alarm]) -> str:
    return f"{len(alarms):,} alarms, one cause" if len(alarms) > 1 else alarms[0].title


def _growth(more: int, worse: bool, severity: int) -> str:
    parts = [f"now Sev{severity}"] if worse else []
    if more:
        parts.append(f"{more:,} more device{'' if more == 1 else 's'}")
    return ", ".join(parts) or "more is known"


class DeadlineWatch:
    """Looks at an incident's deadlines again only when it changed or one more of them has passed."""

    def __init__(self) -> None:
        self._looked: dict[UUID, tuple[int, int]] = {}

    def missed(self, incidents: Iterable[Incident], now: float) -> list[IncidentEvent]:
        """The notes that are due now, as `missed_deadlines` says."""
        suspects: list[Incident] = []
        seen: dict[UUID, tuple[int, int]] = {}
        for incident in incidents:
            clocks = incident.deadlines
            passed = (now >= clocks.response) + (now >= clocks.mitigation) + (now >= clocks.resolution)
            seen[incident.id] = state = (incident.version, passed)
            if passed and self._looked.get(incident.id) != state:
                suspects.append(incident)
        notes = missed_deadlines(suspects, now, None)
        for note in notes:
            seen.pop(note.incident, None)  # looked at again until the log has taken the note
        self._looked = seen
        return notes


def missed_deadlines(incidents: Iterable[Incident], now: float, last_alive: float | None) -> list[IncidentEvent]:
    """A note for each running clock whose deadline has passed, once for each deadline.

    Args:
        incidents: Open incidents.
        now: UTC seconds.
        last_alive: Set at a start: what passed after it, passed while nobody watched.
    """
    events = []
    for incident in incidents:
        version = incident.version
        for name in ClockName:
            due = deadline(incident.deadlines, name)
            if now < due or stopped_at(incident, name) is not None:
                continue
            text = f"{name.value} deadline {datetime.fromtimestamp(due, UTC):%Y-%m-%d %H:%M:%S} UTC passed"
            if any(event.kind is EventKind.NOTED and event.text.startswith(text) for event in incident.events):
                continue
            if last_alive is not None and due > last_alive:
                text = f"{text}, missed while unobserved {duration(now - due)}"
            version += 1
            events.append(IncidentEvent(incident.id, version, EventKind.NOTED, now, CONSOLE, text))
    return events
