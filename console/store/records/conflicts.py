"""What two people decided without knowing of each other: what stands, and what was set aside. Nothing is lost."""

from hashlib import blake2b
from typing import NamedTuple

from sqlalchemy import Connection, select

from console.store import schema


class Conflict(NamedTuple):
    """One row of the table `conflict`, in the order of its columns; worked out from the events.

    Attributes:
        id: The same wherever the same events are.
        at: UTC seconds of the later of the two decisions.
        kind: "incident", "alarm", "device", "site", "feeds" or "links".
        entity: Id or name of what both are about.
        field: What both have set; for an incident the kind of the event that was set aside.
        kept: What stands, as JSON.
        dropped: What was set aside, as JSON.
    """

    id: str
    at: float
    kind: str
    entity: str
    field: str
    kept: bytes
    dropped: bytes


def conflict_id(kind: str, entity: str, field: str, *references: str) -> str:
    """An id that follows from what the conflict is between; `references` name its events."""
    text = "\x1f".join((kind, entity, field, *references))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def read_conflicts(connection: Connection) -> list[Conflict]:
    """Every conflict, the newest first."""
    table = schema.conflict
    query = select(table).order_by(table.c.at.desc(), table.c.id)
    return [Conflict(*row) for row in connection.execute(query)]
