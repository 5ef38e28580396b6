"""Version 3: windows of ten minutes, roll-ups, keyframes, texts. Frozen: a later change is a later version."""

from sqlalchemy import Connection

info = "Head rows by windows of ten minutes, roll-ups, keyframes of the whole site, texts as changes."

_HISTORY = (
    # A head row of format 1 counts its slots from the hour, one of format 2 from its window.
    "ALTER TABLE head RENAME COLUMN hour TO window",
    "UPDATE head SET window = window * 6",
    (
        "CREATE TABLE part (level INTEGER NOT NULL, shard INTEGER NOT NULL, point TEXT NOT NULL,"
        " chunk INTEGER NOT NULL, window INTEGER NOT NULL, body BLOB NOT NULL,"
        " PRIMARY KEY (level, shard, point, chunk, window)) WITHOUT ROWID"
    ),
    "ALTER TABLE tile ADD COLUMN seq INTEGER NOT NULL DEFAULT 0",
    "UPDATE tile SET seq = rowid",
    "CREATE INDEX tile_seq ON tile (origin, seq)",
    (
        "CREATE TABLE keyframe (origin TEXT NOT NULL, shard INTEGER NOT NULL, window INTEGER NOT NULL,"
        " seq INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (origin, shard, window))"
    ),
    "CREATE INDEX keyframe_window ON keyframe (window)",
    (
        "CREATE TABLE text_change (origin TEXT NOT NULL, device TEXT NOT NULL, name TEXT NOT NULL, at REAL NOT NULL,"
        " value TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (origin, device, name, at)) WITHOUT ROWID"
    ),
    # The days of these tiles have no roll-ups yet: they are made in the background.
    "INSERT INTO meta SELECT 'unrolled', '1' WHERE EXISTS (SELECT 1 FROM tile)",
)


def upgrade_console(_connection: Connection) -> None:
    """The console file stays as it is."""


def upgrade_history(connection: Connection) -> None:
    """Make room for roll-ups, keyframes and texts."""
    for statement in _HISTORY:
        connection.exec_driver_sql(statement)
