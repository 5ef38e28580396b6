"""Incidents and alarms in the event log: the optimistic check for local writers, and what stands."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, func, select
from sqlalchemy import Row as FetchedRow

from console.domain.alarms import Alarm
from console.domain.incident_life import apply as after
from console.domain.incident_life import fold
from console.domain.incidents import Incident, IncidentEvent
from console.services.ports import ConflictError
from console.store import schema
from console.store.database import Database
from console.store.records.alarm_events import alarm_events, alarm_row
from console.store.records.chain import NewEvent, StoredEvent
from console.store.records.event_log import EventLog
from console.store.records.incident_events import INCIDENT, Incidents, by_entity, incident_event
from console.store.records.origins import read_founder
from console.store.records.replacement import Replacement, Row, WorkedOut, apply, chunks
from console.store.records.snapshots import keep_snapshot

_ALARM = msgspec.json.Decoder(Alarm)


class SqlIncidentLog:
    """The `IncidentLog` of a site folder. What an append returns is durable."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def append(self, events: Sequence[IncidentEvent], alarms: Sequence[Alarm] = ()) -> list[Incident]:
        """Write events, and alarms as they now stand, in one transaction.

        Returns the incidents that the events touch, in order of first mention; alarms are inserted or replaced by
        id. A DETECTED event gets the next number of this origin. Raises `ConflictError`, `StoreFull`, and ValueError
        for an event that its incident's life does not allow; then nothing was written.
        """
        if not events and not alarms:
            return []
        async with self._log.writing:
            wanted = list(dict.fromkeys(event.incident for event in events))
            alarm_ids = [str(alarm.id) for alarm in alarms]
            known = await self._database.read(lambda connection: self._known(connection, wanted, alarm_ids))
            plan = await asyncio.to_thread(_plan, known, events, alarms, self._log.wall())

            def write(connection: Connection) -> None:
                keep_snapshot(connection, plan.events)
                self._log.append(connection, plan.events)
                apply(connection, plan.rows)

            await self._database.write(write)
        return plan.incidents

    def _known(self, connection: Connection, incidents: Sequence[UUID], alarms: Sequence[str]) -> "_Known":
        event, alarm, incident = schema.event.c, schema.alarm.c, schema.incident.c
        rows: list[StoredEvent] = []
        for entities in chunks(map(str, incidents)):
            mine = select(schema.event).where(event.kind == INCIDENT, event.entity.in_(entities))
            rows += [StoredEvent(*row) for row in connection.execute(mine)]
        stored: dict[str, tuple[float, float, bytes]] = {}
        for ids in chunks(alarms):
            bodies = select(alarm.id, alarm.first_at, alarm.changed_at, alarm.body).where(alarm.id.in_(ids))
            stored |= {key: (first, last, body) for key, first, last, body in connection.execute(bodies)}
        origin = str(self._log.origin)
        if not incidents:
            return _Known({}, stored, 0, origin, Incidents(""))
        newest = select(func.coalesce(func.max(incident.number), 0)).where(incident.origin == origin)
        number = connection.execute(newest).scalar_one()
        return _Known(by_entity(rows), stored, number, origin, Incidents(read_founder(connection)))

    async def incidents(self, *, open_only: bool = False) -> list[Incident]:
        """All incidents, those of the site's founder first, by number; folded off the event loop."""

        def read(connection: Connection) -> tuple[Sequence[FetchedRow[Any]], str]:
            rows = select(schema.event).where(schema.event.c.kind == INCIDENT)
            if open_only:
                rows = rows.where(schema.event.c.entity.in_(select(schema.incident.c.id).where(incident.open == 1)))
            return connection.execute(rows).all(), read_founder(connection)

        incident = schema.incident.c
        rows, founder = await self._database.read(read)
        return await asyncio.to_thread(_fold_all, rows, Incidents(founder))

    async def alarms(self, *, standing_only: bool = False) -> list[Alarm]:
        """All alarms by onset, oldest first; `standing_only` leaves out those that have cleared."""
        query = select(schema.alarm.c.body).order_by(schema.alarm.c.onset_at, schema.alarm.c.id)
        if standing_only:
            query = query.where(schema.alarm.c.standing == 1)
        bodies = await self._database.read(lambda connection: list(connection.scalars(query)))
        return await asyncio.to_thread(lambda: [_ALARM.decode(body) for body in bodies])


class _Known(msgspec.Struct):
    """What is stored of the incidents and alarms that are about to change.

    Attributes:
        events: Rows of each incident, in order.
        alarms: Times of the first and the last event, and body of each alarm.
        number: The greatest that this origin has given.
        origin: Whose numbers are given out.
        folding: Folds incidents.
    """

    events: Mapping[str, list[StoredEvent]]
    alarms: Mapping[str, tuple[float, float, bytes]]
    number: int
    origin: str
    folding: Incidents


class _Plan(msgspec.Struct):
    """What an append writes, and the incidents it returns."""

    events: list[NewEvent]
    rows: WorkedOut
    incidents: list[Incident]


def _plan(known: _Known, events: Sequence[IncidentEvent], alarms: Sequence[Alarm], now: float) -> _Plan:
    incidents, new, incident_rows = _next_incidents(known, events)
    alarm_rows: list[Row] = []
    for alarm in alarms:
        stored = known.alarms.get(str(alarm.id))
        changes = alarm_events(alarm, None if stored is None else _ALARM.decode(stored[2]), now)
        if changes:
            new += changes
            alarm_rows.append(
                alarm_row(alarm, [*([] if stored is None else stored[:2]), *(change.at for change in changes)])
            )
    rows = WorkedOut(
        [
            Replacement(schema.incident, incident_rows, ()),
            Replacement(schema.alarm, alarm_rows, ()),
        ]
    )
    return _Plan(new, rows, incidents)


def _next_incidents(known: _Known, events: Sequence[IncidentEvent]) -> tuple[list[Incident], list[NewEvent], list[Row]]:
    standing: dict[UUID, Incident] = {}
    origins: dict[UUID, str] = {}
    new: list[NewEvent] = []
    number = known.number
    for event in events:
        before = standing.get(event.incident) or _fold(known, event.incident)
        _check_version(event, before)
        given = 0
        if before is None:
            given = number = number + 1
            standing[event.incident] = fold([event], number, known.folding.tag(known.origin))
            origins[event.incident] = known.origin
        else:
            standing[event.incident] = after(before, event)
            rows = known.events.get(str(event.incident))
            origins[event.incident] = rows[0].origin if rows else known.origin
        new.append(incident_event(event, given))
    table: list[Row] = [
        (str(key), incident.number, origins[key], int(incident.state.is_open)) for key, incident in standing.items()
    ]
    return list(standing.values()), new, table


def _fold(known: _Known, incident: UUID) -> Incident | None:
    rows = known.events.get(str(incident))
    return known.folding.fold(rows) if rows else None


def _check_version(event: IncidentEvent, before: Incident | None) -> None:
    version = 0 if before is None else before.version
    if event.version == version + 1:
        return
    label = "The incident" if before is None else before.label
    if before is None or event.version > version + 1:
        raise ConflictError(f"{label} is at version {version}; version {event.version} would leave a gap.")
    last = before.events[event.version - 1]
    raise ConflictError(f"{label} was changed first: {last.actor} wrote “{last.kind.value}”. Look again, then decide.")


def _fold_all(rows: Iterable[FetchedRow[Any]], folding: Incidents) -> list[Incident]:
    incidents = [folding.fold(mine) for mine in by_entity(StoredEvent._make(row) for row in rows).values()]
    found = [incident for incident in incidents if incident is not None]
    return sorted(found, key=lambda incident: (incident.tag, incident.number, incident.id))
