"""Which alarms stood and which incidents were open at the begin of an hour, so that a past instant is found quickly.

A snapshot only names them; how they were at an instant is folded from their events. The first write after a full hour
keeps one, and what happens (or is merged) with an earlier time takes it away again: the tables answer then as well,
only slower.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, func, select

from console.store import schema
from console.store.engine import insert_rows
from console.store.records.chain import NewEvent

HOUR = 3600.0

_ID_BYTES = 16


class Snapshot(NamedTuple):
    """Who was there: ids of alarms that stood and of incidents that were open at UTC second `at`."""

    at: float
    alarms: tuple[str, ...]
    incidents: tuple[str, ...]


def keep_snapshot(connection: Connection, coming: Iterable[NewEvent]) -> None:
    """Before `coming` events are written: keep a snapshot of the hour that has begun, unless there is one.

    Snapshots that the new events would make wrong, because they happened before, are dropped.
    """
    times = [event.at for event in coming]
    newest = connection.execute(select(func.max(schema.snapshot.c.at))).scalar()
    hour = max(times, default=0.0) // HOUR
    if newest is None or hour * HOUR > newest:
        alarm = schema.alarm.c
        stood = select(alarm.id).where((alarm.standing == 1) | (alarm.cleared_at > hour * HOUR))
        alarms = sorted(connection.scalars(stood))
        incidents = sorted(connection.scalars(select(schema.incident.c.id).where(schema.incident.c.open == 1)))
        insert_rows(connection, schema.snapshot, [(int(hour), hour * HOUR, _packed(alarms, incidents))])
        newest = hour * HOUR
    if times and min(times) < newest:
        drop_snapshots(connection, min(times))


def drop_snapshots(connection: Connection, since: float) -> None:
    """Drop the snapshots of times after UTC second `since`: something happened then that they do not know."""
    connection.execute(schema.snapshot.delete().where(schema.snapshot.c.at > since))


def newest_snapshot(connection: Connection, at: float) -> Snapshot | None:
    """The newest snapshot of `at` or before; None when there is none."""
    table = schema.snapshot
    query = select(table.c.at, table.c.body).where(table.c.at <= at).order_by(table.c.hour.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _unpacked(row.at, row.body)


def _packed(alarms: list[str], incidents: list[str]) -> bytes:
    return len(alarms).to_bytes(4, "big") + b"".join(UUID(key).bytes for key in (*alarms, *incidents))


def _unpacked(at: float, body: bytes) -> Snapshot:
    alarms = int.from_bytes(body[:4], "big")
    ids = tuple(str(UUID(bytes=body[place : place + _ID_BYTES])) for place in range(4, len(body), _ID_BYTES))
    return Snapshot(at, ids[:alarms], ids[alarms:])
