"""What was filled in from devices' own logs: the record of it, and who keeps that."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Fill:
    """What a device's own log gave for a time in which nobody asked it.

    Attributes:
        device: Whose.
        start, stop: UTC seconds of the hole.
        records: Records of the log within it.
        samples: Values that were stored.
        clock_offset: Seconds that the device's clock was ahead of ours; taken off.
    """

    device: UUID
    start: float
    stop: float
    records: int
    samples: int
    clock_offset: float


class FillLog(Protocol):
    """Keeps what was filled in from devices' own logs."""

    async def record_fill(self, fill: Fill) -> None:
        """Keep one. Raises `StoreFull`."""
