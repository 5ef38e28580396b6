"""What a console that attaches is told at once: every alarm that stands, every open incident and the latest closed."""

from collections.abc import Iterable
from uuid import UUID

from console.domain.alarms import Alarm
from console.domain.incidents import Incident

CLOSED_KEPT = 200
"""Incidents that are over and still told; the rest is in the history."""


class Standing:
    """Alarms and incidents as they stand, kept up to date with what is published."""

    def __init__(self) -> None:
        self._alarms: dict[UUID, Alarm] = {}
        self._open: dict[UUID, Incident] = {}
        self._closed: dict[UUID, Incident] = {}

    def take_alarms(self, alarms: Iterable[Alarm]) -> None:
        """Alarms that are new or changed; one that has cleared is no longer told."""
        for alarm in alarms:
            if alarm.cleared_at is None:
                self._alarms[alarm.id] = alarm
            else:
                self._alarms.pop(alarm.id, None)

    def take_incidents(self, incidents: Iterable[Incident]) -> None:
        """Incidents that are new or changed."""
        for incident in incidents:
            self._open.pop(incident.id, None)
            self._closed.pop(incident.id, None)
            (self._open if incident.state.is_open else self._closed)[incident.id] = incident
        while len(self._closed) > CLOSED_KEPT:
            del self._closed[next(iter(self._closed))]

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """Every alarm that stands."""
        return tuple(self._alarms.values())

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """The latest closed and every open incident, in the order of their numbers."""
        return tuple(sorted([*self._closed.values(), *self._open.values()], key=lambda incident: incident.number))
