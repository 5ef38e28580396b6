"""Version 4: which login a device takes, and its web port. Frozen: a later change is a later version."""

from sqlalchemy import Connection

info = "Names of logins for devices and for groups of them; ports of web interfaces."

_CONSOLE = (
    "ALTER TABLE site ADD COLUMN credentials TEXT",
    "ALTER TABLE device ADD COLUMN login TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE device ADD COLUMN web_port INTEGER NOT NULL DEFAULT 0",
)


def upgrade_console(connection: Connection) -> None:
    """Make room for names of logins and for web ports."""
    for statement in _CONSOLE:
        connection.exec_driver_sql(statement)


def upgrade_history(_connection: Connection) -> None:
    """History stays as it is."""
