"""Incidents as they were: all are held as they are now, and those that went on after an instant are folded again."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, select

from console.domain.incident_life import fold
from console.domain.incidents import EventKind, Incident
from console.store import schema
from console.store.records.chain import StoredEvent
from console.store.records.incident_events import INCIDENT, Incidents, by_entity
from console.store.records.replacement import chunks


@dataclass(slots=True)
class _Held:
    """An incident as it is now, and as it was when somebody last asked.

    Attributes:
        now: With all its events.
        first, last: UTC seconds of its first and last event.
        then: With as many events as `count`.
        count: See above.
    """

    now: Incident
    first: float
    last: float
    then: Incident | None = None
    count: int = 0

    def at(self, moment: float) -> Incident | None:
        """The incident with its events until `moment`; None before its detection."""
        events = [event for event in self.now.events if event.at <= moment]
        if not events or events[0].kind is not EventKind.DETECTED:
            return None
        if self.then is None or self.count != len(events):
            numbered = [replace(event, version=version) for version, event in enumerate(events, start=1)]
            self.then, self.count = fold(numbered, self.now.number, self.now.tag), len(events)
        return self.then


class PastIncidents:
    """Every incident of a folder."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._order: list[_Held] = []
        self._first = np.zeros(0)

    def fetch(self, connection: Connection, entities: Collection[str] | None) -> Sequence[Row[Any]]:
        """All events of these incidents, of every incident when None; made sense of elsewhere than on the loop."""
        query = select(schema.event).where(schema.event.c.kind == INCIDENT)
        if entities is None:
            return connection.execute(query).all()
        event = schema.event.c
        return [row for some in chunks(entities) for row in connection.execute(query.where(event.entity.in_(some)))]

    def take_in(self, rows: Iterable[Row[Any]], founder: str) -> None:
        """Take in all events of the incidents that are new or have changed."""
        folding = Incidents(founder)
        for entity, mine in by_entity(StoredEvent._make(row) for row in rows).items():
            incident = folding.fold(mine)
            if incident is not None:
                times = [row.at for row in mine]
                self._held[entity] = _Held(incident, min(times), max(times))
        self._order = sorted(self._held.values(), key=lambda held: (held.now.tag, held.now.number, held.now.id))
        self._first = np.array([held.first for held in self._order])

    def at(self, moment: float) -> tuple[Incident, ...]:
        """Every incident that had been detected by `moment`, as it was then."""
        found: list[Incident] = []
        for index in np.flatnonzero(self._first <= moment).tolist():
            held = self._order[index]
            incident = held.now if held.last <= moment else held.at(moment)
            if incident is not None:
                found.append(incident)
        return tuple(found)
