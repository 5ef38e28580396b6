"""Alarms as events of the log: each holds only the fields that changed; the newest of each field stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

from console.domain.alarms import Alarm, Condition
from console.store import schema
from console.store.records.chain import NewEvent, StoredEvent
from console.store.records.incident_events import by_entity
from console.store.records.replacement import Replacement, Row, WorkedOut

ALARM = "alarm"
"""Kind of these events; the entity is the alarm's id."""

_TIMES = ("raised_at", "cleared_at", "acknowledged_at")
_FIELDS = frozenset(Alarm.__dataclass_fields__)
_BODY = msgspec.json.Decoder(dict[str, object])


def check_alarm(row: StoredEvent) -> None:
    """Raise ValueError (`msgspec.DecodeError` is one) for a row that changes no fields of an alarm."""
    unknown = _BODY.decode(row.body).keys() - _FIELDS
    if unknown:
        raise ValueError(f"an alarm has no {', '.join(sorted(unknown))}")


def alarm_events(alarm: Alarm, before: Alarm | None, now: float) -> list[NewEvent]:
    """The events that bring an alarm from what was stored to what it is.

    Each happened when the alarm says so (raised, cleared, acknowledged), else at `now`. One that had cleared before it
    was first stored is raised all the same, so that the time between shows it.
    """
    if before is None and alarm.cleared_at is not None:
        raised = replace(alarm, condition=Condition.ACTIVE, cleared_at=None, acknowledged_at=None, acknowledged_by="")
        return [*_change(raised, None, now), *_change(alarm, raised, now)]
    return _change(alarm, before, now)


def _change(alarm: Alarm, before: Alarm | None, now: float) -> list[NewEvent]:
    if alarm == before:
        return []
    whole: dict[str, object] = msgspec.to_builtins(alarm)
    known: dict[str, object] = {} if before is None else msgspec.to_builtins(before)
    changed = {key: value for key, value in whole.items() if key not in known or known[key] != value}
    changed.pop("id", None)
    times = [float(str(changed[name])) for name in _TIMES if changed.get(name) is not None]
    return [NewEvent(max(times, default=now), ALARM, str(alarm.id), msgspec.json.encode(changed))]


def fold_alarm(rows: Sequence[StoredEvent]) -> Alarm | None:
    """An alarm out of its events, which stand in their order; None while the first of them has not come."""
    fields: dict[str, object] = {"id": rows[0].entity} if rows else {}
    for row in rows:
        fields |= _BODY.decode(row.body)
    try:
        return msgspec.convert(fields, Alarm)
    except msgspec.ValidationError:
        return None


def alarm_row(alarm: Alarm, times: Sequence[float]) -> Row:
    """The row of an alarm; `times` are those of its events, or at least of the first and last of them."""
    return (
        str(alarm.id),
        str(alarm.device),
        int(alarm.cleared_at is None),
        alarm.onset_at,
        alarm.cleared_at,
        min(times),
        max(times),
        msgspec.json.encode(alarm),
    )


def work_out_alarms(events: Iterable[StoredEvent]) -> WorkedOut:
    """The rows of every alarm that `events` are about, out of all its events."""
    of: Mapping[str, list[StoredEvent]] = by_entity(events)
    rows: list[Row] = []
    for mine in of.values():
        alarm = fold_alarm(mine)
        if alarm is not None:
            rows.append(alarm_row(alarm, [row.at for row in mine]))
    return WorkedOut([Replacement(schema.alarm, rows, set(of))])
