"""What one poll of one device brings: values with unit, quality, source and the two times."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType

from drivers.core.points import POINTS, Unit


class Quality(IntEnum):
    """One byte beside each value. The number is stored, so a code never changes its meaning.

    Below 16 a value is there; from 32 on there is none, and the code says why.
    """

    GOOD = 0
    SUSPECT = 1
    """A value came, but outside the range its profile allows, or its unit looks wrong."""
    PARTIAL = 2
    """A value came from a reply that was cut or needed repair."""
    STALE = 16
    """The last value, older than two polls: shown with its age, never used to decide."""
    NOT_POLLED = 32
    UNREACHABLE = 33
    TIMED_OUT = 34
    REFUSED = 35
    MALFORMED = 36
    REJECTED = 37
    UNSUPPORTED = 38
    NOT_REPORTED = 39
    """The reply was good and did not hold this value."""

    @property
    def has_value(self) -> bool:
        """Whether a number stands beside this code."""
        return self < Quality.NOT_POLLED

    @property
    def is_fresh(self) -> bool:
        """Whether the number may be used to decide something."""
        return self < Quality.STALE


class Source(StrEnum):
    """Where a value comes from: how it was obtained, or which place it was measured at."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    NAMEPLATE = "nameplate"
    CHIP = "chip"
    PCB = "pcb"
    INLET = "inlet"
    OUTLET = "outlet"
    COOLANT = "coolant"
    AMBIENT = "ambient"


class DeviceState(IntEnum):
    """What a device is doing. The number is stored."""

    UNKNOWN = 0
    HASHING = 1
    IDLE = 2
    ASLEEP = 3
    TUNING = 4
    BOOTING = 5
    STOPPED = 6
    UNREACHABLE = 7
    RUNNING = 8
    """A device that is no miner and answers."""

    @property
    def label(self) -> str:
        """The word of the vocabulary."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Signal:
    """One series of a device: the point, the part that carries it, and where the value comes from.

    Attributes:
        point: A key of `POINTS`.
        part: Names the board, fan, outlet, phase, bank or sensor; empty for the device as a whole.
        source: How or where the value is obtained.
    """

    point: str
    part: str = ""
    source: Source = Source.MEASURED

    @property
    def unit(self) -> Unit:
        """The unit of the point."""
        return POINTS[self.point].unit


@dataclass(frozen=True, slots=True)
class Layout:
    """The series that one device reports, in the order of a report's values.

    A driver builds a layout once and hands out the same object until the device changes shape (a board
    appears), so a consumer compares identity, not contents.
    """

    signals: tuple[Signal, ...]
    index: Mapping[tuple[str, str], int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {(signal.point, signal.part): at for at, signal in enumerate(self.signals)}
        if len(index) != len(self.signals):
            raise ValueError("a layout names the same point and part twice")
        object.__setattr__(self, "index", MappingProxyType(index))

    def __len__(self) -> int:
        return len(self.signals)


@dataclass(frozen=True, slots=True)
class Reading:
    """One value with all that is known about it.

    Attributes:
        point: Canonical name.
        part: Board, fan, outlet, phase; empty for the whole device.
        value: In `unit`; None when the quality says that there is none.
        unit: Unit of the value.
        quality: Good, suspect, or the reason why the value is missing.
        source: How or where it was measured.
        asked: UTC seconds when the question left.
        answered: UTC seconds when the reply was complete.
    """

    point: str
    part: str
    value: float | None
    unit: Unit
    quality: Quality
    source: Source
    asked: float
    answered: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one successful poll brought, as parallel sequences in the order of the layout.

    Attributes:
        asked: UTC seconds when the first byte of the question left.
        answered: UTC seconds when the last byte of the reply had arrived.
        state: What the device is doing.
        layout: The series reported.
        values: One float for each series, NaN where there is none.
        quality: One `Quality` byte for each series.
        texts: Facts that are no numbers (pool address, worker, firmware fault text) as the device wrote them.
    """

    asked: float
    answered: float
    state: DeviceState
    layout: Layout
    values: Sequence[float]
    quality: bytes
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def readings(self) -> tuple[Reading, ...]:
        """The report as single readings: for people and scripts, not for the polling path."""
        return tuple(
            Reading(
                point=signal.point,
                part=signal.part,
                value=None if math.isnan(value) else value,
                unit=signal.unit,
                quality=Quality(quality),
                source=signal.source,
                asked=self.asked,
                answered=self.answered,
            )
            for signal, value, quality in zip(self.layout.signals, self.values, self.quality, strict=True)
        )
