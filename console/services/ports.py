"""What the use cases need from the outside world. The composition roots plug the adapters in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.domain.alarms import Alarm
from console.domain.incidents import Incident, IncidentEvent
from console.domain.telemetry import LiveColumns
from drivers.core.reading import Signal


class Clock(Protocol):
    """The only source of time; tests turn it by hand."""

    def now(self) -> float:
        """UTC seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds that never step back."""


class ConflictError(Exception):
    """Somebody else changed the incident first; the text says who and what. Nothing was written."""


class StoreFull(Exception):
    """The disk takes no more. Nothing was written; reading goes on; writing may be tried again."""


class StoreBusy(StoreFull):
    """Another program has held a file for too long. Everything else is as with a full disk."""


@dataclass(frozen=True, slots=True)
class History:
    """Samples of one series on a regular grid.

    Attributes:
        device: Whose.
        signal: Point, part and source.
        start: UTC seconds of the first slot.
        step: Seconds between slots.
        values: float64, NaN where there is no sample.
        quality: uint8 `Quality` for each slot.
        low: Smallest sample in each slot (equal to `values` at the stored period).
        high: Greatest sample in each slot.
    """

    device: UUID
    signal: Signal
    start: float
    step: float
    values: NDArray[np.float64]
    quality: NDArray[np.uint8]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def times(self) -> NDArray[np.float64]:
        """UTC seconds of each slot's start."""
        return self.start + self.step * np.arange(len(self.values), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of one point over many devices on a regular grid.

    Attributes:
        point: Canonical name.
        start: UTC seconds of the first slot.
        step: Seconds between slots.
        values: Sum over the devices that have a good sample in the slot; NaN where none has.
        count: How many series went into each sum: a lower count tells missing data from a lower sum.
    """

    point: str
    start: float
    step: float
    values: NDArray[np.float64]
    count: NDArray[np.int64]

    @property
    def times(self) -> NDArray[np.float64]:
        """UTC seconds of each slot's start."""
        return self.start + self.step * np.arange(len(self.values), dtype=np.float64)


class HistoryReader(Protocol):
    """Reads samples; safe beside a writer and in a read-only folder."""

    async def read(
        self, device: UUID, points: Sequence[tuple[str, str]], start: float, stop: float, step: float = 0.0
    ) -> list[History]:
        """Samples of (point, part) series of one device in [start, stop).

        Step 0 means the stored period; a greater one is rounded up to whole slots, each the mean of its good
        samples with their low and high (counters and enumerations: the last good sample). A series nobody stored
        is left out; the others stand in the order asked, all on one grid.
        """

    async def total(
        self,
        point: str,
        start: float,
        stop: float,
        step: float = 0.0,
        *,
        devices: Collection[UUID] | None = None,
    ) -> Total:
        """One point summed over devices (all that report it, when None) in each slot of [start, stop).

        A device counts with its series without a part, or with the sum of its parts. A step of up to an hour is
        rounded up to whole slots that divide the hour: each device's mean in a slot, summed. Beyond an hour the
        hourly sums are averaged.
        """

    async def extent(self) -> tuple[float, float] | None:
        """UTC seconds from the first stored hour to the end of the last; None while there is no history."""


class HistoryWriter(Protocol):
    """Keeps samples. One writer per folder."""

    async def append(self, columns: LiveColumns, at: float) -> int:
        """Store the sweep that is due at UTC second `at`; returns the number of samples that are now durable.

        Encoding happens off the event loop. When this returns, the samples survive kill -9 and power loss.
        Raises `StoreFull`.
        """


class IncidentLog(Protocol):
    """The append-only log of incidents and alarms. What it returns is durable."""

    async def append(self, events: Sequence[IncidentEvent], alarms: Sequence[Alarm] = ()) -> list[Incident]:
        """Write events, and alarms as they now stand, in one transaction; return the incidents that the events touch.

        Alarms are inserted or replaced by id. A crash leaves both or neither: no incident without its alarms.

        Raises:
            ConflictError: An event's version is not the successor of the stored one.
            StoreFull: The disk takes no more.
        """

    async def incidents(self, *, open_only: bool = False) -> list[Incident]:
        """All incidents, oldest first, folded from their events."""

    async def alarms(self, *, standing_only: bool = False) -> list[Alarm]:
        """All alarms, oldest first."""
