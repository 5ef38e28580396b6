"""What the use cases need from the outside world. The composition roots plug the adapters in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.domain.alarms import Alarm
from console.domain.incidents import Incident, IncidentEvent
from console.domain.inventory import Site
from console.domain.telemetry import Codes, LiveColumns
from drivers.core.reading import Layout, Signal


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


class UnreadableRecord(Exception):
    """A site folder cannot be read back: damaged, newer than this program, incomplete. One sentence with a remedy."""


class StoreBusy(StoreFull):
    """Another program has held a file for too long. Everything else is as with a full disk."""


class SweepWaits(StoreFull):
    """The disk did not take a sweep: it waits in memory, and is written first when there is room again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a history writer holds in memory because the disk did not take it.

    Attributes:
        sweeps, samples, size: How much; `size` in bytes.
        since: UTC seconds of the oldest; 0 when nothing waits.
        lost: Samples given up since start because the memory for them was used up.
    """

    sweeps: int = 0
    samples: int = 0
    size: int = 0
    since: float = 0.0
    lost: int = 0


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


@dataclass(frozen=True, slots=True)
class Matrix:
    """One point of many series on one grid, for drawing many curves and for figures over a site.

    Attributes:
        point: Canonical name.
        devices: Device of each row.
        parts: Part of each row.
        start: UTC seconds of the first slot.
        step: Seconds between slots.
        values: Rows x slots, NaN where there is no sample.
        quality: Rows x slots, `Quality`.
        low, high: Smallest and greatest sample in each slot, rows x slots.
    """

    point: str
    devices: tuple[UUID, ...]
    parts: tuple[str, ...]
    start: float
    step: float
    values: NDArray[np.float64]
    quality: NDArray[np.uint8]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One point over many series, reduced to one figure a slot.

    Attributes:
        point: Canonical name.
        start: UTC seconds of the first slot.
        step: Seconds between slots.
        mean: Mean of the series' own means; NaN where none has a good sample.
        low, high: Smallest and greatest sample of any.
        count: Series that went in.
    """

    point: str
    start: float
    step: float
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    count: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TargetHours:
    """How many hours each miner reached its target, out of daily figures.

    Attributes:
        devices: Miners.
        counted: Hours with enough samples to judge.
        at_target: Of those, hours whose mean hashrate reached the target share of the nominal.
        excluded: Hours set aside (maintenance, curtailment); not in `counted`.
        share: The target share, 0.95.
    """

    devices: tuple[UUID, ...]
    counted: NDArray[np.int64]
    at_target: NDArray[np.int64]
    excluded: NDArray[np.int64]
    share: float


@dataclass(frozen=True, slots=True)
class TextChange:
    """A device's text (pool, worker, firmware) became `value` at UTC second `at`."""

    device: UUID
    name: str
    at: float
    value: str


@dataclass(frozen=True, eq=False)
class PastShape:
    """Which number of a `PastState` belongs to which device; the same object for states that index alike.

    Attributes:
        devices: Device of each row.
        signals: The series of each row, in order.
        starts: Where each row's first series stands.
        series: Length of the flat arrays.
    """

    devices: tuple[UUID, ...]
    signals: tuple[tuple[Signal, ...], ...]
    starts: NDArray[np.int64]
    series: int


@dataclass(frozen=True, eq=False)
class PastState:
    """Every series of a site as it was at an instant, in the form of the live columns.

    Attributes:
        at: The instant asked for, UTC seconds.
        as_of: What the state truly is of: `at` when exact, else the keyframe before it.
        shape: How the arrays are laid out.
        values: NaN where there is none.
        quality: `Quality` of each series.
        answered: UTC seconds of each device's last good report before the instant, by row; NaN when not known.
        state: `DeviceState` of each row.
        period: Stored period of each row, seconds.
    """

    at: float
    as_of: float
    shape: PastShape
    values: NDArray[np.float64]
    quality: NDArray[np.uint8]
    answered: NDArray[np.float64]
    state: NDArray[np.uint8]
    period: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Records:
    """What people and rules had decided at an instant.

    Attributes:
        site: The inventory as it was.
        alarms: Standing then, and those that cleared within the day before.
        incidents: Folded from their events until then.
    """

    site: Site
    alarms: tuple[Alarm, ...]
    incidents: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """A whole site at one instant."""

    state: PastState
    records: Records


KEYFRAME_SECONDS = 600.0
"""Keyframes stand at the whole multiples of this, in UTC seconds."""


class Archive(Protocol):
    """A site folder as it was at any instant; read-only, beside a collector or without one."""

    async def at(self, moment: float, *, exact: bool = True) -> Past:
        """The site at UTC second `moment`; `exact=False` takes the keyframe before it, which is quick to drag."""

    async def span(self) -> tuple[float, float] | None:
        """UTC seconds of the first and the last thing on record; None while there is nothing."""

    async def gaps(self, start: float, stop: float) -> Sequence[tuple[float, float, str]]:
        """Times within [start, stop) in which nothing was collected: begin, end, reason."""

    async def close(self) -> None:
        """Close the files."""


class HistoryReader(Protocol):
    """Reads samples; safe beside a writer and in a read-only folder. Chooses the coarsest level that still answers."""

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


class SiteReader(HistoryReader, Protocol):
    """Reads a whole site: many series at once, figures, and the state at an instant."""

    async def matrix(
        self, point: str, start: float, stop: float, step: float = 0.0, *, devices: Collection[UUID] | None = None
    ) -> Matrix:
        """Every series of a point of these devices (all, when None) on one grid; steps as in `read`."""

    async def aggregate(
        self, point: str, start: float, stop: float, step: float, *, devices: Collection[UUID] | None = None
    ) -> Aggregate:
        """One point over devices (all that report it, when None): mean, smallest and greatest in each slot."""

    async def target_hours(self, start: float, stop: float, *, devices: Collection[UUID] | None = None) -> TargetHours:
        """Hours at target in [start, stop), which is widened to whole UTC days; reads daily figures alone."""

    async def texts(self, device: UUID, start: float, stop: float) -> list[TextChange]:
        """Changes of a device's texts in [start, stop), oldest first, after what stood at `start`."""

    async def state_at(self, at: float, *, exact: bool = True) -> PastState:
        """Every series as it was at UTC second `at`: exact to the stored period, or of the keyframe before it."""


class HistoryWriter(Protocol):
    """Keeps samples. One writer per folder."""

    async def append(self, columns: LiveColumns, at: float) -> int:
        """Store the sweep that is due at UTC second `at`; returns the number of samples that are now durable.

        Encoding happens off the event loop. When this returns, the samples survive kill -9 and power loss, and so do
        those that waited.

        Raises:
            SweepWaits: The disk did not take it; it waits in memory.
            StoreFull: Nothing was written, and nothing of it waits.
        """

    @property
    def waiting(self) -> Waiting:
        """What waits in memory because the disk did not take it."""


class LateWriter(Protocol):
    """Keeps samples that did not come by a poll."""

    async def insert(
        self, device: UUID, layout: Layout, times: NDArray[np.float64], values: NDArray[np.float64], quality: Codes
    ) -> int:
        """Keep samples that came late or from a device's own log; returns how many are now durable.

        `times` are UTC seconds in any order; `values` and `quality` are times x the layout's signals. A sample lies
        over what its slot held before only if that slot held no value. Raises `StoreFull`.
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
