"""The life of an incident: its events folded into what it is now, and what may happen to it next."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from console.domain.alarms import Alarm, Condition
from console.domain.clocks import deadline
from console.domain.incidents import ClockName, EventKind, Incident, IncidentEvent, IncidentState

MACHINES = ("triage", "console", "rule ")
"""Actors that are no people: an event of theirs never counts as a human response."""

REOPEN_WITHIN = 24 * 3600.0
"""Seconds after resolution in which the same cause continues the same incident."""


def is_person(actor: str) -> bool:
    """Whether an actor's name stands for somebody who can own an incident."""
    return bool(actor) and not actor.startswith(MACHINES)


def fold(events: Sequence[IncidentEvent], number: int, tag: str = "") -> Incident:
    """The incident that its events describe; the same events always give the same incident.

    Args:
        events: Oldest first, as they stand after all that was merged: an event's version is its position.
        number: What people call it.
        tag: Of the origin that gave the number.

    Raises:
        ValueError: There are no events, the first is no complete DETECTED, or versions do not count 1, 2, 3.
    """
    if not events:
        raise ValueError("an incident without events cannot be folded")
    incident = _begin(events[0], number, tag)
    for event in events[1:]:
        incident = apply(incident, event)
    return incident


def apply(incident: Incident, event: IncidentEvent) -> Incident:
    """The incident after one more event; raises ValueError when it is not the next of this incident.

    What the state does not allow any more is set aside: of two acknowledgements the earlier one stands.
    """
    if event.incident != incident.id or event.version != incident.version + 1:
        raise ValueError(f"{incident.label}: event version {event.version} does not follow {incident.version}")
    stamped = replace(incident, version=event.version, events=(*incident.events, event))
    if is_contradictory(incident, event.kind):
        return replace(stamped, set_aside=(*incident.set_aside, event.version))
    change = _CHANGES.get(event.kind)
    return stamped if change is None else change(stamped, event)


def is_contradictory(incident: Incident, kind: EventKind) -> bool:
    """Whether an event of this kind contradicts what the incident has become; local writers are refused before."""
    match kind:
        case EventKind.NOTED | EventKind.ALERTED | EventKind.GREW:
            return False
        case EventKind.DETECTED:
            return True
        case EventKind.MERGED:
            return not incident.state.is_open
        case _:
            return bool(allowed(incident, kind))


def _begin(event: IncidentEvent, number: int, tag: str) -> Incident:
    if event.kind is not EventKind.DETECTED or event.version != 1:
        raise ValueError("the first event of an incident must be its detection, version 1")
    if event.severity is None or event.deadlines is None or event.devices is None:
        raise ValueError("a detection carries at least severity, deadlines and devices")
    return Incident(
        id=event.incident,
        number=number,
        version=1,
        severity=event.severity,
        category=event.category or "other",
        state=IncidentState.DETECTED,
        title=event.title or "",
        cause=event.cause or "",
        where=event.where or "",
        owner="",
        devices=event.devices,
        onset_at=event.at if event.onset_at is None else event.onset_at,
        detected_at=event.at,
        alerted_at=None,
        acknowledged_at=None,
        mitigated_at=None,
        resolved_at=None,
        deadlines=event.deadlines,
        events=(event,),
        tag=tag,
    )


def _alerted(incident: Incident, event: IncidentEvent) -> Incident:
    if incident.state is not IncidentState.DETECTED:
        return incident
    first = event.at if incident.alerted_at is None else incident.alerted_at
    return replace(incident, state=IncidentState.ALERTED, alerted_at=first)


def _answered(incident: Incident, event: IncidentEvent) -> Incident:
    """Whoever acts first has responded, also when he mitigates or resolves without acknowledging before."""
    if incident.acknowledged_at is not None or not is_person(event.actor):
        return incident
    return replace(incident, acknowledged_at=event.at, owner=incident.owner or event.actor)


def _acknowledged(incident: Incident, event: IncidentEvent) -> Incident:
    if not incident.state.is_open:
        return incident  # an acknowledgement that lost the race never opens a case again
    answered = _answered(incident, event)
    if incident.state is IncidentState.MITIGATED:
        return answered
    return replace(answered, state=IncidentState.ACKNOWLEDGED)


def _assigned(incident: Incident, event: IncidentEvent) -> Incident:
    return replace(incident, owner=event.text or event.actor)


def _described(incident: Incident, event: IncidentEvent) -> Incident:
    """Take over what a GREW or REOPENED event says anew."""
    return replace(
        incident,
        severity=incident.severity if event.severity is None else event.severity,
        category=incident.category if event.category is None else event.category,
        title=incident.title if event.title is None else event.title,
        cause=incident.cause if event.cause is None else event.cause,
        where=incident.where if event.where is None else event.where,
        devices=_union(incident.devices, event.devices),
        onset_at=incident.onset_at if event.onset_at is None else event.onset_at,
        deadlines=incident.deadlines if event.deadlines is None else event.deadlines,
    )


def _union(known: tuple[UUID, ...], more: tuple[UUID, ...] | None) -> tuple[UUID, ...]:
    """Devices only join, also where two computers saw different ones join."""
    if more is None or more[: len(known)] == known:
        return known if more is None else more
    return tuple(dict.fromkeys((*known, *more)))


def _grew(incident: Incident, event: IncidentEvent) -> Incident:
    """Growth keeps an acknowledgement, unless it got worse than what was acknowledged; it never makes a case milder."""
    if event.severity is not None and event.severity > incident.severity:
        event = replace(event, severity=None, deadlines=None)
    grown = _described(incident, event)
    if grown.severity >= incident.severity or not incident.state.is_open:
        return grown
    if incident.state in {IncidentState.DETECTED, IncidentState.ALERTED}:
        return grown
    return replace(grown, state=IncidentState.ALERTED, acknowledged_at=None, mitigated_at=None)


def _mitigated(incident: Incident, event: IncidentEvent) -> Incident:
    if not incident.state.is_open:
        return incident
    return replace(_answered(incident, event), state=IncidentState.MITIGATED, mitigated_at=event.at)


def _resolved(incident: Incident, event: IncidentEvent) -> Incident:
    if not incident.state.is_open:
        return incident
    mitigated = event.at if incident.mitigated_at is None else incident.mitigated_at
    answered = _answered(incident, event)
    return replace(answered, state=IncidentState.RESOLVED, mitigated_at=mitigated, resolved_at=event.at)


def _reopened(incident: Incident, event: IncidentEvent) -> Incident:
    """A relapse must be seen again: it is unacknowledged and waits for a screen."""
    return replace(
        _described(incident, event),
        state=IncidentState.DETECTED,
        acknowledged_at=None,
        mitigated_at=None,
        resolved_at=None,
    )


def _closed(incident: Incident, event: IncidentEvent) -> Incident:
    return replace(incident, state=IncidentState.CLOSED)


def _merged(incident: Incident, event: IncidentEvent) -> Incident:
    return replace(incident, state=IncidentState.CANCELLED)


_CHANGES: dict[EventKind, Callable[[Incident, IncidentEvent], Incident]] = {
    EventKind.ALERTED: _alerted,
    EventKind.ACKNOWLEDGED: _acknowledged,
    EventKind.ASSIGNED: _assigned,
    EventKind.GREW: _grew,
    EventKind.MITIGATED: _mitigated,
    EventKind.RESOLVED: _resolved,
    EventKind.REOPENED: _reopened,
    EventKind.CLOSED: _closed,
    EventKind.MERGED: _merged,
}


def allowed(incident: Incident, kind: EventKind) -> str:
    """Empty when an operator may do this now; else one sentence that says why not and what stands instead."""
    match kind:
        case EventKind.NOTED:
            return ""
        case EventKind.ACKNOWLEDGED:
            return _acknowledge_refusal(incident)
        case EventKind.MITIGATED if incident.state is IncidentState.MITIGATED:
            return f"{incident.label} is already mitigated."
        case EventKind.MITIGATED | EventKind.RESOLVED | EventKind.ASSIGNED:
            return _over(incident)
        case EventKind.REOPENED:
            resolved = incident.state is IncidentState.RESOLVED
            return "" if resolved else f"{incident.label} is {incident.state.value}; only a resolved incident reopens."
        case EventKind.CLOSED:
            resolved = incident.state is IncidentState.RESOLVED
            return "" if resolved else f"{incident.label} is {incident.state.value}; resolve it before closing it."
        case _:
            return f"{incident.label}: {kind.value} is recorded by the console, not by an operator."


def _over(incident: Incident) -> str:
    return "" if incident.state.is_open else f"{incident.label} is already {incident.state.value}."


def _acknowledge_refusal(incident: Incident) -> str:
    if not incident.state.is_open:
        return f"{incident.label} is already {incident.state.value}; there is nothing left to acknowledge."
    if incident.acknowledged_at is not None:
        return f"{incident.label} is already acknowledged by {incident.owner or 'somebody'}."
    return ""


def resolve_refusal(incident: Incident, alarms: Sequence[Alarm]) -> str:
    """Why an operator may not resolve now; empty when he may.

    Refused while an alarm of the incident is active or its data is unknown: a case is over when the equipment says
    so, not when it falls silent. A latched alarm whose condition has gone does not stand in the way.
    """
    over = _over(incident)
    if over:
        return over
    mine = [alarm for alarm in alarms if alarm.incident == incident.id and alarm.cleared_at is None]
    unknown = [alarm for alarm in mine if alarm.condition is Condition.UNKNOWN]
    active = [alarm for alarm in mine if alarm.condition not in {Condition.UNKNOWN, Condition.NORMAL}]
    if active:
        return f"{incident.label} cannot be resolved: {_count(active, 'alarm')} still standing ({active[0].title})."
    if unknown:
        name = unknown[0].device_name
        return f"{incident.label} cannot be resolved: no fresh data on {_count(unknown, 'alarm')} (first: {name})."
    return ""


def _count(alarms: Sequence[Alarm], word: str) -> str:
    return f"{len(alarms):,} {word}{'' if len(alarms) == 1 else 's'}"


def running_clock(incident: Incident) -> ClockName | None:
    """The clock an operator works against now: response, then mitigation, then resolution; None when it is over."""
    if not incident.state.is_open:
        return None
    if incident.acknowledged_at is None and incident.mitigated_at is None:
        return ClockName.RESPONSE
    return ClockName.MITIGATION if incident.mitigated_at is None else ClockName.RESOLUTION


def stopped_at(incident: Incident, name: ClockName) -> float | None:
    """When a clock was stopped, UTC seconds; None while it runs."""
    match name:
        case ClockName.RESPONSE:
            return incident.acknowledged_at if incident.acknowledged_at is not None else incident.mitigated_at
        case ClockName.MITIGATION:
            return incident.mitigated_at
        case ClockName.RESOLUTION:
            return incident.resolved_at


def queue_order(incident: Incident) -> tuple[float, float, float]:
    """Default order of the queue: severity, soonest deadline, oldest."""
    clock = running_clock(incident)
    due = float("inf") if clock is None else deadline(incident.deadlines, clock)
    return (float(incident.severity), due, incident.detected_at)
