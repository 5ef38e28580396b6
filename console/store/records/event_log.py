"""The one log of everything that people and rules decide: appended here, merged from elsewhere, never changed."""

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from sqlalchemy import Connection, select

from console.domain.hybrid_clock import HybridClock
from console.store import schema
from console.store.database import Database
from console.store.engine import insert_rows
from console.store.records.chain import ChainError, Head, NewEvent, StoredEvent, chain_problem, link_events
from console.store.records.conflicts import Conflict
from console.store.records.projections import Touched, check_bodies, related, work_out
from console.store.records.replacement import apply
from console.store.records.snapshots import drop_snapshots


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What a merge has done.

    Attributes:
        added: Events that were not known before.
        conflicts: Those that the new events have brought about.
        touched: Whose incidents, alarms, devices the new events are about.
    """

    added: int
    conflicts: tuple[Conflict, ...]
    touched: Touched


class EventLog:
    """The log of one site folder. Whoever appends holds `writing` from before he reads what he decides upon.

    Args:
        database: The console file.
        origin: Whose events are appended here.
        wall: UTC seconds now.

    Attributes:
        writing: Held by one writer at a time.
        merges: How often something new was merged: whoever remembers tables looks again when it has grown.
    """

    def __init__(self, database: Database, origin: UUID, wall: Callable[[], float] = time.time) -> None:
        self.writing = asyncio.Lock()
        self.merges = 0
        self.origin = origin
        self.wall = wall
        self._database = database
        self._clock = HybridClock(wall)

    def append(self, connection: Connection, events: Sequence[NewEvent]) -> list[StoredEvent]:
        """Add events to the end of the own chain in the caller's transaction; returns the rows.

        Times are hybrid: later than everything in the log, also when the wall clock was set back. Raises ValueError
        for a time of happening that is no number.
        """
        if not events:
            return []
        if not all(math.isfinite(event.at) for event in events):
            raise ValueError("an event needs the time at which it happened")
        if not self._clock.last:
            for head in heads(connection).values():
                self._clock.observe(head.hlc)
        rows = link_events(str(self.origin), head_of(connection, str(self.origin)), events, self._times())
        insert_rows(connection, schema.event, rows)
        return rows

    def _times(self) -> Iterator[int]:
        while True:
            yield self._clock.tick()

    async def vector(self) -> dict[UUID, int]:
        """The newest `seq` of each origin: what this store knows."""
        return await self._database.read(lambda connection: {key: head.seq for key, head in heads(connection).items()})

    async def read_since(self, vector: Mapping[UUID, int]) -> list[StoredEvent]:
        """Every event that a store with this `vector` does not have, by origin and `seq`."""
        return await self._database.read(lambda connection: events_since(connection, vector))

    async def merge(self, rows: Sequence[StoredEvent]) -> MergeResult:
        """Take in events of any origins, in any order, known ones too; then work out again what they touch.

        Everything is checked before anything is written. Twice is the same as once, and the order of merges does not
        matter.

        Raises:
            ChainError: Rows that do not continue what is known of their origin, were changed, differ from what is
                known, or whose body cannot be read.
            ClockAhead: Rows dated too far in the future.
            StoreFull: The disk takes no more.
        """
        async with self.writing:
            ordered = await asyncio.to_thread(lambda: sorted(rows, key=lambda row: (row.origin, row.seq)))
            known, same = await self._database.read(lambda connection: _known(connection, ordered))
            new = await asyncio.to_thread(self._checked, ordered, known, same)
            if not new:
                return MergeResult(0, (), Touched())
            touched = Touched.by(new)
            before = await self._database.read(lambda connection: related(connection, touched))
            worked_out = await asyncio.to_thread(lambda: work_out([*before, *new], touched))

            def write(connection: Connection) -> tuple[Conflict, ...]:
                insert_rows(connection, schema.event, new)
                drop_snapshots(connection, min(row.at for row in new))
                return apply(connection, worked_out)

            conflicts = await self._database.write(write)
            self.merges += 1
            self._clock.observe(max(row.hlc for row in new))
            return MergeResult(len(new), conflicts, touched)

    def _checked(
        self, rows: Sequence[StoredEvent], known: Mapping[UUID, Head], same: Mapping[tuple[str, int], bytes]
    ) -> list[StoredEvent]:
        """The rows that are new, all of them sound."""
        new: list[StoredEvent] = []
        for origin, group in groupby(rows, key=lambda row: row.origin):
            head = known.get(UUID(origin), Head())
            fresh: dict[int, StoredEvent] = {}
            for row in group:
                there = same.get((origin, row.seq)) or (fresh[row.seq].hash if row.seq in fresh else None)
                if there is not None and there != row.hash:
                    raise ChainError(
                        f"Event {row.seq} of origin {origin} differs from the one known here: two stores have written "
                        "as the same origin, or one was changed."
                    )
                if row.seq > head.seq:
                    fresh[row.seq] = row
            problem = chain_problem(head, list(fresh.values()))
            if problem:
                raise ChainError(problem)
            for row in fresh.values():
                self._clock.check(row.hlc, f"Event {row.seq} of origin {origin}")
            new.extend(fresh.values())
        check_bodies(new)
        return new


def heads(connection: Connection) -> dict[UUID, Head]:
    """The newest event of each origin."""
    found: dict[UUID, Head] = {}
    event = schema.event.c
    origin = connection.execute(select(event.origin).order_by(event.origin).limit(1)).scalar()
    while origin is not None:
        found[UUID(origin)] = head_of(connection, origin)
        after = select(event.origin).where(event.origin > origin).order_by(event.origin).limit(1)
        origin = connection.execute(after).scalar()
    return found


def head_of(connection: Connection, origin: str) -> Head:
    """The newest event of an origin; the begin of a chain when it has none."""
    event = schema.event.c
    newest = select(event.seq, event.hlc, event.hash).where(event.origin == origin).order_by(event.seq.desc()).limit(1)
    row = connection.execute(newest).first()
    return Head() if row is None else Head(row.seq, row.hlc, row.hash)


def events_since(connection: Connection, vector: Mapping[UUID, int]) -> list[StoredEvent]:
    """Every event above a version vector, by origin and `seq`."""
    event = schema.event.c
    found: list[StoredEvent] = []
    for origin in sorted(str(key) for key in heads(connection)):
        newer = select(schema.event).where(event.origin == origin, event.seq > vector.get(UUID(origin), 0))
        found += [StoredEvent(*row) for row in connection.execute(newer.order_by(event.seq))]
    return found


def _known(
    connection: Connection, rows: Sequence[StoredEvent]
) -> tuple[dict[UUID, Head], dict[tuple[str, int], bytes]]:
    """The heads of all chains, and the hashes of those of `rows` (by origin and `seq`) that are stored already."""
    known = heads(connection)
    event = schema.event.c
    same: dict[tuple[str, int], bytes] = {}
    for origin, group in groupby(rows, key=lambda row: row.origin):
        numbers = [row.seq for row in group]
        if UUID(origin) in known and numbers[0] <= known[UUID(origin)].seq:
            stored = select(event.seq, event.hash).where(
                event.origin == origin, event.seq.between(numbers[0], numbers[-1])
            )
            same |= {(origin, seq): digest for seq, digest in connection.execute(stored)}
    return known, same
