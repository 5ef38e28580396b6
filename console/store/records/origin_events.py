"""How an origin introduces itself in the event log."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from console.store import schema
from console.store.records.chain import StoredEvent
from console.store.records.replacement import Replacement, Row, WorkedOut

ORIGIN = "origin"
"""Kind of these events; the entity is the origin's id, and they stand in its own chain."""


class OriginBody(msgspec.Struct, omit_defaults=True):
    """Who an origin is: name of its installation, Ed25519 key as hexadecimal digits, whether it made the site."""

    name: str
    key: str
    founder: bool = False


class Origin(NamedTuple):
    """One row of the table `origin`, in the order of its columns."""

    id: str
    name: str
    public_key: bytes
    founder: int
    first_seen: float


_BODY = msgspec.json.Decoder(OriginBody)


def check_origin(row: StoredEvent) -> None:
    """Raise ValueError (`msgspec.DecodeError` is one) for a row that does not introduce its own origin."""
    bytes.fromhex(_BODY.decode(row.body).key)
    if row.entity != row.origin:
        raise ValueError("an origin introduces only itself")


def work_out_origins(events: Iterable[StoredEvent]) -> WorkedOut:
    """The table of origins out of all their introductions. An origin's first word counts, and one founder alone."""
    rows: dict[str, tuple[StoredEvent, OriginBody]] = {}
    for event in sorted(events, key=lambda event: event.order):
        if event.entity == event.origin:
            rows.setdefault(event.origin, (event, _BODY.decode(event.body)))
    founder = next((origin for origin, (_, body) in rows.items() if body.founder), "")
    table: list[Row] = [
        Origin(origin, body.name, bytes.fromhex(body.key), int(origin == founder), event.at)
        for origin, (event, body) in rows.items()
    ]
    return WorkedOut([Replacement(schema.origin, table)])
