"""Version 2: one log of events for incidents, alarms, inventory and gaps. Frozen: a later change is a later version.

What the first version kept becomes the first events of the folder's origin. Incidents keep their events, times and
numbers; of an alarm its begin and its end are known; the inventory is taken to have been as it is from the first.
"""

import json
import struct
from collections import defaultdict
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

info = "Incidents, alarms, inventory and gaps become one chained log of events that two stores can merge."

_TABLES = (
    (
        "CREATE TABLE event (origin TEXT NOT NULL, seq INTEGER NOT NULL, hlc INTEGER NOT NULL, at REAL NOT NULL,"
        " kind TEXT NOT NULL, entity TEXT NOT NULL, body BLOB NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL,"
        " PRIMARY KEY (origin, seq))"
    ),
    (
        "CREATE TABLE origin (id TEXT PRIMARY KEY, name TEXT NOT NULL, public_key BLOB NOT NULL,"
        " founder INTEGER NOT NULL, first_seen REAL NOT NULL)"
    ),
    "CREATE TABLE snapshot (hour INTEGER PRIMARY KEY, at REAL NOT NULL, body BLOB NOT NULL)",
    (
        "CREATE TABLE conflict (id TEXT PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, entity TEXT NOT NULL,"
        " field TEXT NOT NULL, kept BLOB NOT NULL, dropped BLOB NOT NULL)"
    ),
    "CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "ALTER TABLE incident RENAME TO old_incident",
    (
        "CREATE TABLE incident (id TEXT PRIMARY KEY, number INTEGER NOT NULL, origin TEXT NOT NULL,"
        " open INTEGER NOT NULL)"
    ),
    "DROP INDEX alarm_standing",
    "ALTER TABLE alarm RENAME TO old_alarm",
    (
        "CREATE TABLE alarm (id TEXT PRIMARY KEY, device TEXT NOT NULL, standing INTEGER NOT NULL,"
        " onset_at REAL NOT NULL, cleared_at REAL, first_at REAL NOT NULL, changed_at REAL NOT NULL,"
        " body BLOB NOT NULL)"
    ),
)

_AFTERWARDS = (
    "CREATE INDEX event_entity ON event (kind, entity)",
    "CREATE INDEX event_at ON event (kind, at)",
    "CREATE INDEX incident_number ON incident (origin, number)",
    "CREATE INDEX alarm_standing ON alarm (standing, onset_at)",
    "CREATE INDEX alarm_cleared ON alarm (cleared_at, first_at)",
    "CREATE INDEX conflict_entity ON conflict (kind, entity)",
    "DROP TABLE incident_event",
    "DROP TABLE old_incident",
    "DROP TABLE old_alarm",
    (
        "CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event"
        " BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END"
    ),
    (
        "CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event"
        " BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END"
    ),
)

_SPACE = 1 << 20
_DEFAULTS = {"profile": "", "place": "", "serial": "", "mac": "", "model": "", "asset": "", "unit": 1, "snmp": None}


class _Event(NamedTuple):
    after: float
    """UTC seconds that its place in the chain follows: `at`, or that of an earlier event of the same kind."""
    at: float
    kind: str
    entity: str
    body: dict[str, Any]


def upgrade_console(connection: Connection) -> None:
    """Make the tables of the event log and carry over what the first version kept."""
    for statement in _TABLES:
        connection.exec_driver_sql(statement)
    _move_devices_apart(connection)
    events = sorted(_events(connection), key=lambda event: event.after)
    if events:
        _write(connection, events)
    _work_out_incidents(connection)
    _work_out_alarms(connection)
    for statement in _AFTERWARDS:
        connection.exec_driver_sql(statement)


def upgrade_history(_connection: Connection) -> None:
    """History files stay as they are."""


def _events(connection: Connection) -> Iterator[_Event]:
    yield from _inventory(connection)
    yield from _incidents(connection)
    yield from _alarms(connection)
    for start, stop, reason in connection.exec_driver_sql("SELECT start, stop, reason FROM gap ORDER BY start"):
        yield _Event(stop, stop, "gap", repr(start), {"stop": stop, "reason": reason})


def _move_devices_apart(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE device SET position = (position + 1) * ?", (_SPACE,))


def _inventory(connection: Connection) -> Iterator[_Event]:
    for site in connection.exec_driver_sql("SELECT * FROM site").mappings():
        own = {key: site[key] for key in ("name", "zone", "rated_mw", "target_hashrate")}
        if site["contract"]:
            own["contract"] = json.loads(site["contract"])
        for loop in connection.exec_driver_sql("SELECT * FROM loop ORDER BY position").mappings():
            own[f"loop {loop['name']}"] = {
                "at": (loop["position"] + 1) * _SPACE,
                "plant": json.loads(loop["plant"]),
                "cools": json.loads(loop["cools"]),
            }
        yield _Event(0.0, 0.0, "site", site["id"], {"set": own})
    for device in connection.exec_driver_sql("SELECT * FROM device ORDER BY position").mappings():
        fields = {key: value for key, value in device.items() if key != "id"}
        fields["snmp"] = json.loads(fields["snmp"]) if fields["snmp"] else None
        kept = {key: value for key, value in fields.items() if key not in _DEFAULTS or _DEFAULTS[key] != value}
        yield _Event(0.0, 0.0, "device", device["id"], {"set": kept})
    yield from _edges(connection, "feeds", "SELECT position, source, target, verified FROM feed ORDER BY position")
    yield from _edges(connection, "links", "SELECT position, source, target FROM link ORDER BY position")
    aliases = connection.exec_driver_sql("SELECT kind, value, device FROM alias ORDER BY kind, value").all()
    if aliases:
        known = {_compact([kind, value]).decode(): device for kind, value, device in aliases}
        yield _Event(0.0, 0.0, "alias", "first version", {"set": known})


def _edges(connection: Connection, kind: str, query: str) -> Iterator[_Event]:
    owners: dict[str, dict[str, Any]] = defaultdict(dict)
    for position, source, target, *verified in connection.exec_driver_sql(query):
        value = {"at": (position + 1) * _SPACE} | ({"verified": verified[0]} if verified else {})
        owners[source.partition("/")[0]].setdefault(_compact([source, target]).decode(), value)
    for owner, edges in owners.items():
        yield _Event(0.0, 0.0, kind, owner, {"set": edges})


def _incidents(connection: Connection) -> Iterator[_Event]:
    numbers = {row.id: row.number for row in connection.exec_driver_sql("SELECT id, number FROM old_incident")}
    latest = 0.0
    rows = connection.exec_driver_sql("SELECT incident, kind, at, body FROM incident_event ORDER BY origin, seq")
    for incident, kind, at, stored in rows:
        body = {
            key: value
            for key, value in json.loads(stored).items()
            if value not in (None, "") and key not in {"incident", "version", "at"}
        }
        if kind == "detected":
            body["number"] = numbers[incident]
        latest = max(latest, at)
        yield _Event(latest, at, "incident", incident, body)


def _alarms(connection: Connection) -> Iterator[_Event]:
    for key, stored in connection.exec_driver_sql("SELECT id, body FROM old_alarm ORDER BY onset_at, id"):
        body = {name: value for name, value in json.loads(stored).items() if name != "id"}
        cleared = body["cleared_at"]
        if cleared is None:
            yield _Event(body["raised_at"], body["raised_at"], "alarm", key, body)
            continue
        first = body | {"condition": "active", "cleared_at": None, "acknowledged_at": None, "acknowledged_by": ""}
        yield _Event(body["raised_at"], body["raised_at"], "alarm", key, first)
        ended = {name: value for name, value in body.items() if first[name] != value}
        over = max(cleared, body["raised_at"])
        yield _Event(over, over, "alarm", key, ended)


def _write(connection: Connection, events: list[_Event]) -> None:
    """Chain the events, which stand in the order of their times, as those of the folder's origin."""
    origin = str(connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'origin'").scalar() or uuid7())
    connection.exec_driver_sql("INSERT OR IGNORE INTO meta VALUES ('origin', ?)", (origin,))
    rows: list[tuple[object, ...]] = []
    hlc, previous = 0, bytes(32)
    for seq, event in enumerate(events, start=1):
        hlc = max(max(int(event.after * 1000.0), 0) << 16, hlc + 1)
        body = _compact(event.body)
        digest = _hash(origin, seq, hlc, event, body, previous)
        rows.append((origin, seq, hlc, event.at, event.kind, event.entity, body, previous, digest))
        previous = digest
    connection.exec_driver_sql("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _hash(origin: str, seq: int, hlc: int, event: _Event, body: bytes, previous: bytes) -> bytes:
    parts = [struct.pack(">16sQQd", UUID(origin).bytes, seq, hlc, event.at)]
    for part in (event.kind.encode(), event.entity.encode(), body):
        parts += [struct.pack(">I", len(part)), part]
    return blake2b(b"".join([*parts, previous]), digest_size=32).digest()


def _compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=isinstance(value, dict)).encode()


def _work_out_incidents(connection: Connection) -> None:
    connection.exec_driver_sql(
        "INSERT INTO incident SELECT id, number, (SELECT value FROM meta WHERE key = 'origin'), open FROM old_incident"
    )


def _work_out_alarms(connection: Connection) -> None:
    rows: list[tuple[object, ...]] = []
    for key, device, standing, onset, body in connection.exec_driver_sql("SELECT * FROM old_alarm"):
        known = json.loads(body)
        changed = max(known["raised_at"], known["cleared_at"] or known["raised_at"])
        rows.append((key, device, standing, onset, known["cleared_at"], known["raised_at"], changed, body))
    if rows:
        connection.exec_driver_sql("INSERT INTO alarm VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
