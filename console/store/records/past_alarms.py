"""Alarms as they were: those of an hour are read once, and folded from their events up to the instant asked for."""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection, select

from console.domain.alarms import Alarm
from console.store import schema
from console.store.records.alarm_events import ALARM, fold_alarm
from console.store.records.chain import StoredEvent
from console.store.records.incident_events import by_entity
from console.store.records.replacement import chunks
from console.store.records.snapshots import HOUR, newest_snapshot

CLEARED_WITHIN = 24 * HOUR
"""Seconds for which an alarm is still shown after it has cleared."""

_HOURS_BEFORE = 24
_MOST_PAGES = 8
_MOST_CLEARED = 64
_SNAPSHOT_WITHIN = 24 * HOUR

_ALARM = msgspec.json.Decoder(Alarm)


@dataclass(slots=True)
class _Page:
    """All events of the alarms that stood, or of which something happened, in one hour.

    Attributes:
        rows: Of each alarm, in order.
        folded: Alarm and how many of its events went in, by id.
    """

    rows: dict[str, list[StoredEvent]]
    folded: dict[str, tuple[int, Alarm | None]] = field(default_factory=dict)

    def at(self, entity: str, moment: float) -> Alarm | None:
        """An alarm at an instant; None before it was raised."""
        rows = [row for row in self.rows[entity] if row.at <= moment]
        count, alarm = self.folded.get(entity, (0, None))
        if count != len(rows):
            alarm = fold_alarm(rows)
            self.folded[entity] = (len(rows), alarm)
        return alarm


@dataclass(slots=True)
class Fetched:
    """What was read for an instant: rows of the hour's page, None when it is held already, and of cleared alarms."""

    rows: list[StoredEvent] | None = None
    cleared: dict[int, list[tuple[str, bytes]]] = field(default_factory=dict)


class PastAlarms:
    """The alarms of a folder, hour by hour."""

    def __init__(self) -> None:
        self._pages: OrderedDict[int, _Page] = OrderedDict()
        self._cleared: OrderedDict[int, dict[str, Alarm]] = OrderedDict()

    def forget(self, entities: Collection[str], since: float) -> None:
        """Something happened to these alarms, at `since` or later."""
        for hour in [
            hour for hour, page in self._pages.items() if hour >= since // HOUR or page.rows.keys() & entities
        ]:
            del self._pages[hour]
        for hour in [hour for hour, known in self._cleared.items() if hour >= since // HOUR or known.keys() & entities]:
            del self._cleared[hour]

    def fetch(self, connection: Connection, moment: float) -> Fetched:
        """Read what is not held yet of the hour of `moment`, and of the day before it."""
        hour = int(moment // HOUR)
        fetched = Fetched()
        alarm = schema.alarm.c
        for one in range(hour - _HOURS_BEFORE, hour + 1):
            if one not in self._cleared:
                span = alarm.cleared_at.between(one * HOUR, (one + 1) * HOUR)
                fetched.cleared[one] = [
                    (key, body) for key, body in connection.execute(select(alarm.id, alarm.body).where(span))
                ]
        if hour not in self._pages:
            entities = _standing(connection, hour * HOUR) | _changed_after_all(connection, hour)
            event = schema.event.c
            rows: list[StoredEvent] = []
            for some in chunks(entities):
                mine = select(schema.event).where(event.kind == ALARM, event.entity.in_(some))
                rows += [StoredEvent(*row) for row in connection.execute(mine)]
            fetched.rows = rows
        return fetched

    def take_in(self, fetched: Fetched, moment: float) -> None:
        """Hold what was read."""
        for hour, known in fetched.cleared.items():
            self._cleared[hour] = {key: _ALARM.decode(body) for key, body in known}
        if fetched.rows is not None:
            self._pages[int(moment // HOUR)] = _Page(by_entity(fetched.rows))
        while len(self._pages) > _MOST_PAGES:
            self._pages.popitem(last=False)
        while len(self._cleared) > _MOST_CLEARED:
            self._cleared.popitem(last=False)

    def at(self, moment: float) -> tuple[Alarm, ...]:
        """Alarms that stood at `moment` or had cleared within the day before, by onset."""
        hour = int(moment // HOUR)
        page = self._pages[hour]
        found = [alarm for entity in page.rows if (alarm := page.at(entity, moment)) is not None]
        for one in range(hour - _HOURS_BEFORE, hour + 1):
            found += [alarm for key, alarm in self._cleared[one].items() if key not in page.rows]
        return tuple(sorted(_shown(found, moment), key=lambda alarm: (alarm.onset_at, alarm.id)))


def _shown(alarms: Iterable[Alarm], moment: float) -> list[Alarm]:
    return [
        alarm for alarm in alarms if alarm.cleared_at is None or moment - CLEARED_WITHIN < alarm.cleared_at <= moment
    ]


def _standing(connection: Connection, hour: float) -> set[str]:
    """Every alarm that may have stood at some time of the hour that begins with UTC second `hour`."""
    alarm, event = schema.alarm.c, schema.event.c
    snapshot = newest_snapshot(connection, hour)
    if snapshot is not None and hour - snapshot.at <= _SNAPSHOT_WITHIN:
        since = select(event.entity).where(event.kind == ALARM, event.at > snapshot.at, event.at < hour + HOUR)
        return {*snapshot.alarms, *connection.scalars(since.distinct())}
    stood = select(alarm.id).where(alarm.onset_at < hour + HOUR)
    return {
        *connection.scalars(stood.where(alarm.standing == 1)),
        *connection.scalars(stood.where(alarm.cleared_at >= hour)),
    }


def _changed_after_all(connection: Connection, hour: int) -> set[str]:
    """Alarms that had cleared within the day before the hour ends, and of which something was said later."""
    alarm = schema.alarm.c
    span = alarm.cleared_at.between((hour - _HOURS_BEFORE) * HOUR, (hour + 1) * HOUR)
    return set(connection.scalars(select(alarm.id).where(span, alarm.changed_at >= hour * HOUR)))
