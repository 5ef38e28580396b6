"""Incidents as events of the log: what a body holds, and incidents, rows and conflicts out of events."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from console.domain.alarms import Severity
from console.domain.incident_life import fold
from console.domain.incidents import Deadlines, EventKind, Incident, IncidentEvent
from console.store import schema
from console.store.records.chain import NewEvent, StoredEvent
from console.store.records.conflicts import Conflict, conflict_id
from console.store.records.replacement import ConflictsOf, Replacement, Row, WorkedOut

INCIDENT = "incident"
"""Kind of these events; the entity is the incident's id."""

_TAG_DIGITS = 4

_HARMLESS = frozenset({EventKind.NOTED, EventKind.GREW, EventKind.ALERTED})


class _Body(msgspec.Struct, omit_defaults=True):
    """What an incident's event holds beside its time; `number` only with a detection. The version is its position."""

    kind: EventKind
    actor: str
    text: str = ""
    number: int = 0
    severity: Severity | None = None
    category: str | None = None
    title: str | None = None
    cause: str | None = None
    where: str | None = None
    devices: tuple[UUID, ...] | None = None
    onset_at: float | None = None
    deadlines: Deadlines | None = None


_BODY = msgspec.json.Decoder(_Body)


def check_incident(row: StoredEvent) -> None:
    """Raise ValueError (`msgspec.DecodeError` is one) for a row that is no event of an incident."""
    UUID(row.entity)
    body = _BODY.decode(row.body)
    if (body.number > 0) != (body.kind is EventKind.DETECTED):
        raise ValueError("a detection, and nothing else, gives a number")


def incident_event(event: IncidentEvent, number: int) -> NewEvent:
    """An event for the log; `number` is of a DETECTED and 0 for all others."""
    body = _Body(
        event.kind, event.actor, event.text, number, event.severity, event.category, event.title, event.cause,
        event.where, event.devices, event.onset_at, event.deadlines,
    )  # fmt: skip
    return NewEvent(event.at, INCIDENT, str(event.incident), msgspec.json.encode(body))


def read_event(row: StoredEvent, version: int) -> IncidentEvent:
    """The event of a row that stands at this position of its incident."""
    body = _BODY.decode(row.body)
    return IncidentEvent(
        UUID(row.entity), version, body.kind, row.at, body.actor, body.text, body.severity, body.category, body.title,
        body.cause, body.where, body.devices, body.onset_at, body.deadlines,
    )  # fmt: skip


def short_tag(origin: str) -> str:
    """What stands behind a number that another origin than the founder gave."""
    return origin.replace("-", "")[-_TAG_DIGITS:]


class Incidents:
    """Folds incidents; knows who founded the site, because his numbers go without a tag.

    Args:
        founder: Origin that made the site; empty while no origin says so: then nobody's numbers have a tag.
    """

    def __init__(self, founder: str) -> None:
        self._founder = founder

    def fold(self, rows: Sequence[StoredEvent]) -> Incident | None:
        """The incident of these rows, which stand in their order; None while its detection has not come."""
        first = _BODY.decode(rows[0].body) if rows else None
        if first is None or first.kind is not EventKind.DETECTED:
            return None
        events = [read_event(row, version) for version, row in enumerate(rows, start=1)]
        return fold(events, first.number, self.tag(rows[0].origin))

    def tag(self, origin: str) -> str:
        """The tag of an origin's numbers."""
        return "" if self._founder in {"", origin} else short_tag(origin)


def by_entity(rows: Iterable[StoredEvent]) -> dict[str, list[StoredEvent]]:
    """Rows of each entity in their order; entities in order of first mention."""
    found: dict[str, list[StoredEvent]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.order):
        found[row.entity].append(row)
    return found


def incident_row(rows: Sequence[StoredEvent], incident: Incident) -> Row:
    """The row of an incident; `rows` are its events in order."""
    return (rows[0].entity, incident.number, rows[0].origin, int(incident.state.is_open))


def work_out_incidents(events: Iterable[StoredEvent]) -> WorkedOut:
    """Rows and conflicts of every incident that `events` are about, out of all its events."""
    of = by_entity(events)
    folding = Incidents("")
    rows: list[Row] = []
    conflicts: list[Conflict] = []
    for mine in of.values():
        incident = folding.fold(mine)
        if incident is not None:
            rows.append(incident_row(mine, incident))
            conflicts += _conflicts(mine, incident)
    return WorkedOut([Replacement(schema.incident, rows, set(of))], [ConflictsOf(INCIDENT, conflicts, set(of))])


def _conflicts(rows: Sequence[StoredEvent], incident: Incident) -> list[Conflict]:
    return [_conflict(rows, incident, version) for version in incident.set_aside]


def _conflict(rows: Sequence[StoredEvent], incident: Incident, version: int) -> Conflict:
    """Between an event that was set aside and the decision before it that stands."""
    row, event = rows[version - 1], incident.events[version - 1]
    standing = next(
        before
        for before in reversed(incident.events[: version - 1])
        if before.version not in incident.set_aside and before.kind not in _HARMLESS
    )
    return Conflict(
        conflict_id(INCIDENT, row.entity, event.kind.value, f"{row.origin}/{row.seq}"),
        event.at,
        INCIDENT,
        row.entity,
        event.kind.value,
        _decision(standing),
        _decision(event),
    )


def _decision(event: IncidentEvent) -> bytes:
    return msgspec.json.encode({"kind": event.kind, "at": event.at, "actor": event.actor, "text": event.text})
