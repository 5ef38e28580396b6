"""Gaps as events of the log."""

import math
from collections.abc import Iterable

import msgspec

from console.store import schema
from console.store.records.chain import NewEvent, StoredEvent
from console.store.records.incident_events import by_entity
from console.store.records.replacement import Replacement, Row, WorkedOut

GAP = "gap"
"""Kind of these events; the entity is the begin of the gap, in UTC seconds."""


class _Body(msgspec.Struct):
    stop: float
    reason: str


_BODY = msgspec.json.Decoder(_Body)


def check_gap(row: StoredEvent) -> None:
    """Raise ValueError (`msgspec.DecodeError` is one) for a row that is no gap."""
    _BODY.decode(row.body)
    if not math.isfinite(float(row.entity)):
        raise ValueError("a gap begins at a time")


def gap_event(start: float, stop: float, reason: str) -> NewEvent:
    """The event that records a gap; it happened when the gap ended."""
    return NewEvent(stop, GAP, repr(float(start)), msgspec.json.encode(_Body(float(stop), reason)))


def work_out_gaps(events: Iterable[StoredEvent]) -> WorkedOut:
    """The rows of every gap that `events` are about, out of all its events.

    Two copies of a folder may both have found nobody since the same moment: what was collected from then on by the
    one that came back first ends the gap of both.
    """
    rows: list[Row] = []
    starts: set[float] = set()
    for entity, mine in by_entity(events).items():
        newest = {row.origin: _BODY.decode(row.body) for row in mine}
        first = min(newest.values(), key=lambda gap: (gap.stop, gap.reason))
        starts.add(float(entity))
        rows.append((float(entity), first.stop, first.reason))
    return WorkedOut([Replacement(schema.gap, rows, starts)])
