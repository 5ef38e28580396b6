"""The append-only log of incidents, and the alarms as they stand."""

import asyncio
from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import Connection, func, select

from console.domain.alarms import Alarm
from console.domain.incident_life import fold
from console.domain.incidents import EventKind, Incident, IncidentEvent
from console.services.ports import ConflictError
from console.store import schema
from console.store.database import Database
from console.store.engine import insert_rows

_EVENT = msgspec.json.Decoder(IncidentEvent)
_ALARM = msgspec.json.Decoder(Alarm)


class SqlIncidentLog:
    """The `IncidentLog` of a site folder. What an append returns is durable."""

    def __init__(self, database: Database, origin: UUID) -> None:
        self._database = database
        self._origin = str(origin)

    async def append(self, events: Sequence[IncidentEvent], alarms: Sequence[Alarm] = ()) -> list[Incident]:
        """Write events, and alarms as they now stand, in one transaction.

        Returns the incidents that the events touch, in order of first mention; alarms are inserted or replaced by
        id. A DETECTED event gets the next number. Raises `ConflictError`, `StoreFull`, and ValueError for an event
        that its incident's life does not allow; then nothing was written.
        """
        rows = [_alarm_row(alarm) for alarm in alarms]

        def write(connection: Connection) -> list[Incident]:
            incidents = self._append(connection, events) if events else []
            insert_rows(connection, schema.alarm, rows, "OR REPLACE")
            return incidents

        return await self._database.write(write) if events or rows else []

    def _append(self, connection: Connection, events: Sequence[IncidentEvent]) -> list[Incident]:
        wanted = list(dict.fromkeys(event.incident for event in events))
        kept = _events_of(connection, wanted)
        numbers = _numbers(connection)
        sequence = connection.execute(
            select(func.coalesce(func.max(schema.incident_event.c.seq), 0)).where(
                schema.incident_event.c.origin == self._origin
            )
        ).scalar_one()
        rows: list[tuple[object, ...]] = []
        for sequence_number, event in enumerate(events, start=sequence + 1):
            history = kept.setdefault(event.incident, [])
            _check_version(event, history, numbers)
            if event.kind is EventKind.DETECTED:
                numbers[event.incident] = max(numbers.values(), default=0) + 1
            history.append(event)
            rows.append(
                (
                    self._origin,
                    sequence_number,
                    str(event.incident),
                    event.version,
                    event.kind.value,
                    event.at,
                    msgspec.json.encode(event),
                )
            )
        incidents = [fold(kept[incident], numbers[incident]) for incident in wanted]
        insert_rows(connection, schema.incident_event, rows)
        insert_rows(connection, schema.incident, [_row(incident) for incident in incidents], "OR REPLACE")
        return incidents

    async def incidents(self, *, open_only: bool = False) -> list[Incident]:
        """All incidents by number, folded from their events off the event loop."""

        def read(connection: Connection) -> tuple[dict[UUID, int], list[bytes]]:
            numbers = _numbers(connection, open_only=open_only)
            bodies = select(schema.incident_event.c.body).order_by(
                schema.incident_event.c.incident, schema.incident_event.c.version
            )
            if open_only:
                chosen = select(schema.incident.c.id).where(schema.incident.c.open == 1)
                bodies = bodies.where(schema.incident_event.c.incident.in_(chosen))
            return numbers, list(connection.scalars(bodies))

        numbers, bodies = await self._database.read(read)
        return await asyncio.to_thread(_fold_all, numbers, bodies)

    async def alarms(self, *, standing_only: bool = False) -> list[Alarm]:
        """All alarms by onset, oldest first; `standing_only` leaves out those that have cleared."""
        query = select(schema.alarm.c.body).order_by(schema.alarm.c.onset_at, schema.alarm.c.id)
        if standing_only:
            query = query.where(schema.alarm.c.standing == 1)
        bodies = await self._database.read(lambda connection: list(connection.scalars(query)))
        return await asyncio.to_thread(lambda: [_ALARM.decode(body) for body in bodies])


def _events_of(connection: Connection, incidents: Sequence[UUID]) -> dict[UUID, list[IncidentEvent]]:
    query = (
        select(schema.incident_event.c.body)
        .where(schema.incident_event.c.incident.in_([str(incident) for incident in incidents]))
        .order_by(schema.incident_event.c.incident, schema.incident_event.c.version)
    )
    return _grouped(connection.scalars(query))


def _grouped(bodies: Iterable[bytes]) -> dict[UUID, list[IncidentEvent]]:
    found: dict[UUID, list[IncidentEvent]] = {}
    for body in bodies:
        event = _EVENT.decode(body)
        found.setdefault(event.incident, []).append(event)
    return found


def _numbers(connection: Connection, *, open_only: bool = False) -> dict[UUID, int]:
    query = select(schema.incident.c.id, schema.incident.c.number).order_by(schema.incident.c.number)
    if open_only:
        query = query.where(schema.incident.c.open == 1)
    return {UUID(incident): number for incident, number in connection.execute(query)}


def _check_version(event: IncidentEvent, history: Sequence[IncidentEvent], numbers: dict[UUID, int]) -> None:
    if event.version == len(history) + 1:
        return
    label = f"INC-{numbers[event.incident]}" if event.incident in numbers else "The incident"
    if event.version > len(history) + 1:
        raise ConflictError(f"{label} is at version {len(history)}; version {event.version} would leave a gap.")
    last = history[event.version - 1]
    raise ConflictError(f"{label} was changed first: {last.actor} wrote “{last.kind.value}”. Look again, then decide.")


def _row(incident: Incident) -> tuple[object, ...]:
    return (str(incident.id), incident.number, int(incident.state.is_open))


def _alarm_row(alarm: Alarm) -> tuple[object, ...]:
    standing = int(alarm.cleared_at is None)
    return (str(alarm.id), str(alarm.device), standing, alarm.onset_at, msgspec.json.encode(alarm))


def _fold_all(numbers: dict[UUID, int], bodies: Sequence[bytes]) -> list[Incident]:
    events = _grouped(bodies)
    return [fold(events[incident], number) for incident, number in numbers.items()]
