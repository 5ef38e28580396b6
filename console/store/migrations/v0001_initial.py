"""Version 1: the first tables. Frozen: a later change is a later version."""

from sqlalchemy import Connection

info = "Inventory, incidents, alarms, gaps; history as head rows and hourly tiles."

_CONSOLE = (
    (
        "CREATE TABLE site (id TEXT PRIMARY KEY, name TEXT NOT NULL, zone TEXT NOT NULL, rated_mw REAL NOT NULL,"
        " target_hashrate REAL NOT NULL, contract TEXT)"
    ),
    (
        "CREATE TABLE device (id TEXT PRIMARY KEY, position INTEGER NOT NULL, name TEXT NOT NULL UNIQUE,"
        " kind TEXT NOT NULL, host TEXT NOT NULL, port INTEGER NOT NULL, unit INTEGER NOT NULL, profile TEXT NOT NULL,"
        " place TEXT NOT NULL,"
        " serial TEXT NOT NULL, mac TEXT NOT NULL, model TEXT NOT NULL, asset TEXT NOT NULL, snmp TEXT)"
    ),
    "CREATE TABLE alias (kind TEXT NOT NULL, value TEXT NOT NULL, device TEXT NOT NULL, PRIMARY KEY (kind, value))",
    "CREATE TABLE loop (position INTEGER PRIMARY KEY, name TEXT NOT NULL, plant TEXT NOT NULL, cools TEXT NOT NULL)",
    "CREATE TABLE feed (position INTEGER PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL, verified TEXT)",
    "CREATE TABLE link (position INTEGER PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL)",
    "CREATE TABLE incident (id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, open INTEGER NOT NULL)",
    (
        "CREATE TABLE incident_event (origin TEXT NOT NULL, seq INTEGER NOT NULL, incident TEXT NOT NULL,"
        " version INTEGER NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL, body BLOB NOT NULL,"
        " PRIMARY KEY (origin, seq), UNIQUE (incident, version))"
    ),
    (
        "CREATE TABLE alarm (id TEXT PRIMARY KEY, device TEXT NOT NULL, standing INTEGER NOT NULL,"
        " onset_at REAL NOT NULL, body BLOB NOT NULL)"
    ),
    "CREATE INDEX alarm_standing ON alarm (standing, onset_at)",
    "CREATE TABLE gap (start REAL PRIMARY KEY, stop REAL NOT NULL, reason TEXT NOT NULL)",
    "CREATE TABLE alive (id INTEGER PRIMARY KEY CHECK (id = 1), at REAL NOT NULL)",
    (
        "CREATE TRIGGER incident_event_is_never_changed BEFORE UPDATE ON incident_event"
        " BEGIN SELECT RAISE(ABORT, 'the incident log is append-only'); END"
    ),
    (
        "CREATE TRIGGER incident_event_is_never_deleted BEFORE DELETE ON incident_event"
        " BEGIN SELECT RAISE(ABORT, 'the incident log is append-only'); END"
    ),
)

_HISTORY = (
    "CREATE TABLE point (name TEXT PRIMARY KEY, scale REAL NOT NULL) WITHOUT ROWID",
    "CREATE TABLE layout (id INTEGER PRIMARY KEY, signals TEXT NOT NULL)",
    (
        "CREATE TABLE shard (origin TEXT NOT NULL, id INTEGER NOT NULL, period_ms INTEGER NOT NULL,"
        " PRIMARY KEY (origin, id))"
    ),
    (
        "CREATE TABLE seat (origin TEXT NOT NULL, shard INTEGER NOT NULL, seat INTEGER NOT NULL, device TEXT NOT NULL,"
        " layout INTEGER NOT NULL, PRIMARY KEY (origin, shard, seat))"
    ),
    "CREATE INDEX seat_device ON seat (device)",
    (
        "CREATE TABLE head (shard INTEGER NOT NULL, hour INTEGER NOT NULL, sequence INTEGER NOT NULL,"
        " body BLOB NOT NULL,"
        " PRIMARY KEY (shard, hour, sequence)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE tile (level INTEGER NOT NULL, origin TEXT NOT NULL, shard INTEGER NOT NULL,"
        " point TEXT NOT NULL, chunk INTEGER NOT NULL, hour INTEGER NOT NULL, rev INTEGER NOT NULL,"
        " hash BLOB NOT NULL, body BLOB NOT NULL,"
        " PRIMARY KEY (level, origin, shard, point, chunk, hour, rev))"
    ),
)


def upgrade_console(connection: Connection) -> None:
    """Make the tables of console.sqlite."""
    for statement in _CONSOLE:
        connection.exec_driver_sql(statement)


def upgrade_history(connection: Connection) -> None:
    """Make the tables of a month of history."""
    for statement in _HISTORY:
        connection.exec_driver_sql(statement)
