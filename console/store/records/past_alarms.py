"""Alarms as they were: those of an hour are read once, and folded from their events up to the instant asked for."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

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
_MOST_HOURS = 240
_MOST_LIVES = 20_000
_SNAPSHOT_WITHIN = 24 * HOUR

_ALARM = msgspec.json.Decoder(Alarm)


@dataclass(slots=True)
class _Life:
    """All events of one alarm in order, with what they made of it as far as somebody asked.

    Attributes:
        rows: Its events.
        folded: Alarm by the number of events from the first on.
    """

    rows: list[StoredEvent]
    folded: dict[int, Alarm | None] = field(default_factory=dict)

    def at(self, moment: float) -> Alarm | None:
        """The alarm at an instant; None before it was raised."""
        then = [row for row in self.rows if row.at <= moment]
        count = len(then)
        if count and then[-1] is not self.rows[count - 1]:
            return fold_alarm(then)  # times of happening that do not follow the order of the log
        if count not in self.folded:
            self.folded[count] = fold_alarm(then)
        return self.folded[count]


@dataclass(slots=True)
class Fetched:
    """What was read for an instant and is not held yet.

    Attributes:
        present: The alarms of the hour; None when they are held.
        rows: Events of those alarms.
        hours: Hours of which cleared alarms were read.
        cleared: Their ids, ends and bodies.
    """

    present: set[str] | None = None
    rows: list[Sequence[Any]] = field(default_factory=list)
    hours: range = range(0)
    cleared: Sequence[Sequence[Any]] = ()


class PastAlarms:
    """The alarms of a folder, hour by hour."""

    def __init__(self) -> None:
        self._lives: OrderedDict[str, _Life] = OrderedDict()
        self._present: OrderedDict[int, set[str]] = OrderedDict()
        self._cleared: OrderedDict[int, dict[str, Alarm]] = OrderedDict()

    def forget(self, entities: Collection[str], since: float) -> None:
        """Something happened to these alarms, at `since` or later."""
        first, changed = since // HOUR, frozenset(entities)
        for entity in changed:
            self._lives.pop(entity, None)
        for hour, present in list(self._present.items()):
            if hour >= first or not changed.isdisjoint(present):
                del self._present[hour]
        for hour, cleared in list(self._cleared.items()):
            if hour >= first or not changed.isdisjoint(cleared):
                del self._cleared[hour]

    def fetch(self, connection: Connection, moment: float) -> Fetched:
        """Read what is not held yet of the hour of `moment`, and of the day before it."""
        hour = int(moment // HOUR)
        missing = [one for one in _day_until(hour) if one not in self._cleared]
        fetched = Fetched()
        alarm, event = schema.alarm.c, schema.event.c
        if missing:
            fetched.hours = range(missing[0], missing[-1] + 1)
            span = (alarm.cleared_at >= missing[0] * HOUR) & (alarm.cleared_at < (missing[-1] + 1) * HOUR)
            fetched.cleared = connection.execute(select(alarm.id, alarm.cleared_at, alarm.body).where(span)).all()
        present = self._present.get(hour)
        if present is None:
            present = _standing(connection, hour * HOUR) | _changed_after_all(connection, hour)
            fetched.present = present
        for some in chunks(present - self._lives.keys()):
            mine = select(schema.event).where(event.kind == ALARM, event.entity.in_(some))
            fetched.rows += connection.execute(mine).all()
        return fetched

    def take_in(self, fetched: Fetched, moment: float) -> None:
        """Hold what was read."""
        for entity, rows in by_entity(StoredEvent._make(row) for row in fetched.rows).items():
            self._lives[entity] = _Life(rows)
        for one in fetched.hours:
            self._cleared[one] = {}
        for key, cleared_at, body in fetched.cleared:
            self._cleared[int(cleared_at // HOUR)][key] = _ALARM.decode(body)
        hour = int(moment // HOUR)
        if fetched.present is not None:
            self._present[hour] = fetched.present & self._lives.keys()
        self._limit(hour)

    def _limit(self, hour: int) -> None:
        """Let go of what was used least lately; what the hour needs stays."""
        self._present.move_to_end(hour)
        for one in _day_until(hour):
            self._cleared.move_to_end(one)
        while len(self._present) > _MOST_HOURS:
            self._present.popitem(last=False)
        while len(self._cleared) > _MOST_HOURS:
            self._cleared.popitem(last=False)
        if len(self._lives) > max(_MOST_LIVES, 2 * len(self._present[hour])):
            for entity in self._lives.keys() - self._present[hour]:
                del self._lives[entity]

    def at(self, moment: float) -> tuple[Alarm, ...]:
        """Alarms that stood at `moment` or had cleared within the day before, by onset."""
        hour = int(moment // HOUR)
        present = self._present[hour]
        found = [alarm for entity in present if (alarm := self._lives[entity].at(moment)) is not None]
        for one in _day_until(hour):
            found += [alarm for key, alarm in self._cleared[one].items() if key not in present]
        return tuple(sorted(_shown(found, moment), key=lambda alarm: (alarm.onset_at, alarm.id)))


def _day_until(hour: int) -> range:
    return range(hour - _HOURS_BEFORE, hour + 1)


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
    stood = select(alarm.id).where(alarm.first_at < hour + HOUR)
    return {
        *connection.scalars(stood.where(alarm.standing == 1)),
        *connection.scalars(stood.where(alarm.cleared_at >= hour)),
    }


def _changed_after_all(connection: Connection, hour: int) -> set[str]:
    """Alarms that had cleared within the day before the hour ends, and of which something was said later."""
    alarm = schema.alarm.c
    span = alarm.cleared_at.between((hour - _HOURS_BEFORE) * HOUR, (hour + 1) * HOUR)
    return set(connection.scalars(select(alarm.id).where(span, alarm.changed_at >= hour * HOUR)))
