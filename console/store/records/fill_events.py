"""Fills from devices' own logs as events."""

from uuid import UUID

import msgspec

from console.services.fills import Fill
from console.store.records.chain import NewEvent, StoredEvent

FILL = "fill"
"""Kind of these events; the entity is the device. They are read as they are: no table is worked out from them."""


class _Body(msgspec.Struct):
    start: float
    stop: float
    records: int
    samples: int
    clock_offset: float


_BODY = msgspec.json.Decoder(_Body)


def check_fill(row: StoredEvent) -> None:
    """Raise ValueError (`msgspec.DecodeError` is one) for a row that is no fill."""
    read_fill(row)


def fill_event(fill: Fill) -> NewEvent:
    """The event that records a fill; it is dated at the end of the hole."""
    body = _Body(fill.start, fill.stop, fill.records, fill.samples, fill.clock_offset)
    return NewEvent(fill.stop, FILL, str(fill.device), msgspec.json.encode(body))


def read_fill(row: StoredEvent) -> Fill:
    """The fill that a row records; raises ValueError."""
    body = _BODY.decode(row.body)
    return Fill(UUID(row.entity), body.start, body.stop, body.records, body.samples, body.clock_offset)
