"""Version 2: one log of events for incidents, alarms, inventory and gaps. Frozen: a later change is a later version."""

from sqlalchemy import Connection

info = "Incidents, alarms, inventory and gaps become one chained log of events that two stores can merge."

_CONSOLE = (
    (
        "CREATE TABLE event (origin TEXT NOT NULL, seq INTEGER NOT NULL, hlc INTEGER NOT NULL, at REAL NOT NULL,"
        " kind TEXT NOT NULL, entity TEXT NOT NULL, body BLOB NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL,"
        " PRIMARY KEY (origin, seq))"
    ),
    "CREATE INDEX event_entity ON event (kind, entity, hlc)",
    "CREATE INDEX event_at ON event (at)",
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
)


def upgrade_console(connection: Connection) -> None:
    """Make the tables of the event log and carry over what the first version kept."""
    for statement in _CONSOLE:
        connection.exec_driver_sql(statement)


def upgrade_history(_connection: Connection) -> None:
    """History files stay as they are."""
