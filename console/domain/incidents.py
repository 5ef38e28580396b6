"""Incidents: cases with an owner and clocks, each the fold of its events. Times are UTC seconds since the epoch."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from console.domain.alarms import Severity


class IncidentState(StrEnum):
    """The life of an incident."""

    DETECTED = "detected"
    ALERTED = "alerted"
    ACKNOWLEDGED = "acknowledged"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self not in {IncidentState.RESOLVED, IncidentState.CLOSED, IncidentState.CANCELLED}


class ClockName(StrEnum):
    """The three clocks of a contract."""

    RESPONSE = "response"
    MITIGATION = "mitigation"
    RESOLUTION = "resolution"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When each clock runs out, as UTC seconds; kept, not counted down, so a restart changes nothing."""

    response: float
    mitigation: float
    resolution: float


class EventKind(StrEnum):
    """What can happen to an incident."""

    DETECTED = "detected"
    ALERTED = "alerted"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    NOTED = "noted"
    GREW = "grew"
    """More devices joined, or the severity or cause became clearer."""
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CLOSED = "closed"
    MERGED = "merged"
    """Its alarms moved into the incident of their common cause, which the text names; this one is cancelled."""


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """One row of the append-only log.

    Attributes:
        incident: Whose.
        version: 1 for the first event of the incident, then without a gap: an append that would skip or repeat a
            version is refused, so two people cannot overwrite each other.
        kind: What happened.
        at: UTC seconds.
        actor: A person, "rule NAME", "triage" or "console".
        text: Note or reason, in the actor's words.
        severity, category, title, cause, where, devices, onset_at, deadlines: Set by DETECTED, and by GREW and
            REOPENED where they change; None otherwise.
    """

    incident: UUID
    version: int
    kind: EventKind
    at: float
    actor: str
    text: str = ""
    severity: Severity | None = None
    category: str | None = None
    title: str | None = None
    cause: str | None = None
    where: str | None = None
    devices: tuple[UUID, ...] | None = None
    onset_at: float | None = None
    deadlines: Deadlines | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """The projection of an incident's events: a replay gives exactly this.

    Attributes:
        id: UUIDv7.
        number: Short number people say aloud (INC-1873), unique among those of its origin, in order of detection.
        version: Of the last event folded in; commands carry it, and a stale one is refused.
        devices: All devices inside, the cause first where one device is the cause.
        cause: One clause, or "cause uncertain: A or B".
        where: Loop, tanks, PDU.
        deadlines: Of the current severity.
        events: Everything that happened, oldest first.
        set_aside: Versions of the events that the life of the incident did not allow when they came: somebody else,
            on another computer, had decided before. They stay in `events` and change nothing.
        tag: Tells numbers of different origins apart; empty for those of the origin that made the site.
    """

    id: UUID
    number: int
    version: int
    severity: Severity
    category: str
    state: IncidentState
    title: str
    cause: str
    where: str
    owner: str
    devices: tuple[UUID, ...]
    onset_at: float
    detected_at: float
    alerted_at: float | None
    acknowledged_at: float | None
    mitigated_at: float | None
    resolved_at: float | None
    deadlines: Deadlines
    events: tuple[IncidentEvent, ...]
    set_aside: tuple[int, ...] = ()
    tag: str = ""

    @property
    def label(self) -> str:
        """INC-1873, or INC-14-8f3a where another installation than the site's founder gave the number."""
        return f"INC-{self.number}-{self.tag}" if self.tag else f"INC-{self.number}"
