"""Events as rows, and the hash chain of each origin.

`hash` is BLAKE2b-256 over the row's other columns, each with its length where it has one, and over `previous`, the
hash of the same origin's event before. Whoever changes, removes or adds a row in the middle breaks the chain after it.
The layout of what is hashed is part of the file format and stays for ever.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from console.store import schema

GENESIS = bytes(32)
"""`previous` of an origin's first event."""

_FIXED = struct.Struct(">16sQQd")
_LENGTH = struct.Struct(">I")
_ROWS_AT_ONCE = 5_000


class ChainError(ValueError):
    """Events that cannot be what their origin wrote; the text says which. Nothing was taken in."""


class NewEvent(NamedTuple):
    """An event before it has its place in the log.

    Attributes:
        at: UTC seconds of what happened.
        kind: "incident", "alarm", "device", ...: what `body` describes.
        entity: Whom it concerns: an id or a name, unique within the kind.
        body: JSON.
    """

    at: float
    kind: str
    entity: str
    body: bytes


class StoredEvent(NamedTuple):
    """One row of the table `event`, in the order of its columns.

    Attributes:
        origin: UUID of the origin, as text.
        seq: 1, 2, 3 without a gap for each origin.
        hlc: Hybrid time; grows with `seq`.
        at, kind, entity, body: As `NewEvent`.
        previous: `hash` of the origin's event before; `GENESIS` for its first.
        hash: Of everything above.
    """

    origin: str
    seq: int
    hlc: int
    at: float
    kind: str
    entity: str
    body: bytes
    previous: bytes
    hash: bytes

    @property
    def order(self) -> tuple[int, str, int]:
        """Sorts the events of all origins alike everywhere."""
        return (self.hlc, self.origin, self.seq)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest event of an origin: where its chain goes on."""

    seq: int = 0
    hlc: int = 0
    hash: bytes = GENESIS


def event_hash(
    origin: str, seq: int, hlc: int, at: float, kind: str, entity: str, body: bytes, previous: bytes
) -> bytes:
    """The hash that closes a row."""
    first, second = kind.encode(), entity.encode()
    return blake2b(
        b"".join(
            (
                _FIXED.pack(UUID(origin).bytes, seq, hlc, at),
                _LENGTH.pack(len(first)),
                first,
                _LENGTH.pack(len(second)),
                second,
                _LENGTH.pack(len(body)),
                body,
                previous,
            )
        ),
        digest_size=32,
    ).digest()


def link_events(origin: str, head: Head, events: Iterable[NewEvent], times: Iterable[int]) -> list[StoredEvent]:
    """Events as the next rows of a chain; `times` gives each its hybrid time."""
    rows: list[StoredEvent] = []
    seq, previous = head.seq, head.hash
    for (at, kind, entity, body), hlc in zip(events, times, strict=False):
        seq += 1
        digest = event_hash(origin, seq, hlc, at, kind, entity, body, previous)
        rows.append(StoredEvent(origin, seq, hlc, at, kind, entity, body, previous, digest))
        previous = digest
    return rows


def chain_problem(head: Head, rows: Sequence[StoredEvent]) -> str:
    """The first thing wrong with rows of one origin that should follow `head`, as a sentence; empty when all is well.

    Args:
        head: The newest event known of that origin.
        rows: By `seq`, ascending.
    """
    known = head
    for row in rows:
        problem = _row_problem(known, row)
        if problem:
            return f"Event {row.seq} of origin {row.origin} {problem}."
        known = Head(row.seq, row.hlc, row.hash)
    return ""


def _row_problem(before: Head, row: StoredEvent) -> str:
    if row.seq != before.seq + 1:
        return f"does not follow event {before.seq}: those between are missing"
    if row.previous != before.hash:
        return "does not continue the chain of the event before it"
    if row.hlc <= before.hlc:
        return "is not later than the event before it"
    if row.hash != event_hash(*row[:8]):
        return "was changed after it was written"
    return ""


def verify_chain(connection: Connection) -> list[str]:
    """Everything that is wrong with the stored log, one sentence for each origin whose chain is broken; [] when sound.

    Reads the whole log: some seconds for a million events. The present end of a chain cannot vouch for itself: what
    was cut off at the end shows only in comparison with another store or with a signed bundle.
    """
    table = schema.event
    query = select(table).order_by(table.c.origin, table.c.seq).execution_options(yield_per=_ROWS_AT_ONCE)
    rows = connection.execute(query)
    stored = (StoredEvent(*row) for row in rows)
    problems = (_first_problem(events) for _, events in groupby(stored, key=lambda row: row.origin))
    return [problem for problem in problems if problem]


def _first_problem(events: Iterable[StoredEvent]) -> str:
    known = Head()
    problem = ""
    for row in events:  # to the end also after a problem: the rows of one origin are read out of the same cursor
        problem = problem or chain_problem(known, [row])
        known = Head(row.seq, row.hlc, row.hash)
    return problem
