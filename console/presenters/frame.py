"""A whole site at one instant as flat arrays, and the shape that says which number belongs to which device.

The collector owns the growing columns; here they are frozen: a frame never changes after it was made, so several
presenters share what was worked out from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.domain.telemetry import STALE_AFTER_PERIODS, Codes, Floats, Indices
from drivers.core.reading import DeviceState, Quality, Signal, Source

Flags: TypeAlias = NDArray[np.bool_]

_GUESSES = (Source.NAMEPLATE, Source.ESTIMATED)


@dataclass(frozen=True, slots=True)
class RowShape:
    """One device's row: who, and its series from `start` on, in their order."""

    device: UUID
    start: int
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class PointSeries:
    """All series of one point over the site.

    Attributes:
        at: Where each series stands in the flat arrays, ordered by device row.
        rows: The device row of each series.
        parts: The part of each series.
        single_rows, single_at: Device rows that have one series for the whole device, and where it stands.
        group_rows, group_first: Device rows that only have parts, and where their parts begin in `group_at`.
        group_at: Positions of the parts of those rows.
    """

    at: Indices
    rows: Indices
    parts: tuple[str, ...]
    single_rows: Indices
    single_at: Indices
    group_rows: Indices
    group_first: Indices
    group_at: Indices


class FrameShape:
    """How the arrays of a frame are laid out.

    Attributes:
        revision: Frames of the same revision index alike.
        series: Length of the value arrays.
        devices: Device of each row.
        rows: Row of each device.
    """

    def __init__(self, revision: int, series: int, rows: Sequence[RowShape]) -> None:
        self.revision = revision
        self.series = series
        self.devices: tuple[UUID, ...] = tuple(row.device for row in rows)
        self.rows: dict[UUID, int] = {device: at for at, device in enumerate(self.devices)}
        self._shapes = tuple(rows)
        self._points: dict[str, PointSeries] = {}
        self._guessed: dict[str, Flags] = {}
        self._series: dict[str, list[tuple[int, int, str]]] = _series_by_point(self._shapes)

    def __len__(self) -> int:
        return len(self.devices)

    def signals(self, row: int) -> tuple[Signal, ...]:
        """The series of a device, in order; empty before its first report."""
        return self._shapes[row].signals

    def start(self, row: int) -> int:
        """Where the device's first series stands."""
        return self._shapes[row].start

    def point(self, name: str) -> PointSeries:
        """All series of a point; empty arrays when no device reports it."""
        known = self._points.get(name)
        if known is None:
            known = _point_series(self._series.get(name, []))
            self._points[name] = known
        return known

    def position(self, row: int, point: str, part: str = "") -> int:
        """Where one series stands in the arrays; raises KeyError when the device has none such."""
        shape = self._shapes[row]
        for offset, signal in enumerate(shape.signals):
            if signal.point == point and signal.part == part:
                return shape.start + offset
        raise KeyError((point, part))

    def guessed(self, point: str) -> Flags:
        """Rows whose series of the whole device is a nameplate figure or an estimate, not a measurement."""
        known = self._guessed.get(point)
        if known is None:
            known = np.zeros(len(self._shapes), np.bool_)
            for row, shape in enumerate(self._shapes):
                known[row] = any(
                    signal.point == point and not signal.part and signal.source in _GUESSES for signal in shape.signals
                )
            self._guessed[point] = known
        return known

    def parts(self, row: int, point: str) -> tuple[tuple[str, int], ...]:
        """Part and position of every series of a point on one device."""
        shape = self._shapes[row]
        return tuple(
            (signal.part, shape.start + offset) for offset, signal in enumerate(shape.signals) if signal.point == point
        )


def _series_by_point(shapes: Sequence[RowShape]) -> dict[str, list[tuple[int, int, str]]]:
    """Position, row and part of every series, by point, in row order."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    layouts: dict[tuple[Signal, ...], list[tuple[str, str]]] = {}
    for row, shape in enumerate(shapes):
        names = layouts.get(shape.signals)
        if names is None:
            names = layouts[shape.signals] = [(signal.point, signal.part) for signal in shape.signals]
        for at, (point, part) in enumerate(names, shape.start):
            found.setdefault(point, []).append((at, row, part))
    return found


def _point_series(series: Sequence[tuple[int, int, str]]) -> PointSeries:
    at = np.array([item[0] for item in series], np.int64)
    rows = np.array([item[1] for item in series], np.int64)
    parts = tuple(item[2] for item in series)
    whole = np.array([not part for part in parts], np.bool_)
    single_rows, single_at = rows[whole], at[whole]
    rest = ~np.isin(rows, single_rows) if len(rows) else whole
    group_rows, group_first = np.unique(rows[rest], return_index=True)
    return PointSeries(at, rows, parts, single_rows, single_at, group_rows, group_first, at[rest])


@dataclass(frozen=True)
class Frame:
    """Everything the collector knew at one instant.

    Attributes:
        shape: Which number belongs to whom.
        tick: Number of the snapshot.
        at: UTC seconds when it was taken.
        values: Newest value of every series; NaN where there is none.
        quality: `Quality` of every series.
        answered: UTC seconds of each device's last good report; NaN before the first.
        state: `DeviceState` of every device.
        period: Effective poll period of every device, seconds.
    """

    shape: FrameShape
    tick: int
    at: float
    values: Floats
    quality: Codes
    answered: Floats
    state: Codes
    period: Floats
    _whole: dict[str, tuple[Floats, Codes]] = field(default_factory=dict, repr=False, compare=False)

    def whole(self, point: str) -> tuple[Floats, Codes]:
        """One value and quality for each device: the series of the whole device, else the greatest of its parts.

        A device without such a series carries NaN and `NOT_REPORTED`. The arrays are shared: never write to them.
        """
        known = self._whole.get(point)
        if known is None:
            known = self._work_out(point)
            self._whole[point] = known
        return known

    def _work_out(self, point: str) -> tuple[Floats, Codes]:
        series = self.shape.point(point)
        values = np.full(len(self.shape), np.nan)
        quality = np.full(len(self.shape), Quality.NOT_REPORTED, np.uint8)
        values[series.single_rows] = self.values[series.single_at]
        quality[series.single_rows] = self.quality[series.single_at]
        if len(series.group_rows):
            values[series.group_rows] = np.fmax.reduceat(self.values[series.group_at], series.group_first)
            quality[series.group_rows] = np.maximum.reduceat(self.quality[series.group_at], series.group_first)
        return values, quality

    def value(self, row: int, point: str, part: str = "") -> float:
        """One number; NaN when the device has no such series or no value for it."""
        try:
            return float(self.values[self.shape.position(row, point, part)])
        except KeyError:
            return float("nan")

    def age(self, now: float) -> Floats:
        """Seconds since each device's last good report; NaN when it never gave one."""
        return np.maximum(now - self.answered, 0.0)

    def stale(self, now: float, periods: float = STALE_AFTER_PERIODS) -> Flags:
        """Devices whose newest report is older than so many of their poll periods, or that never gave one."""
        with np.errstate(invalid="ignore"):
            # Snapshots come once a second, so a reading is up to one second older than its poll made it.
            return ~(self.age(now) <= periods * self.period + 1.0)

    def silent(self) -> Flags:
        """Devices that do not answer or never did."""
        silent: Flags = (self.state == DeviceState.UNREACHABLE) | (self.state == DeviceState.UNKNOWN)
        return silent


def empty_frame() -> Frame:
    """A frame of no devices, before the first snapshot."""
    return Frame(
        FrameShape(-1, 0, ()),
        0,
        0.0,
        np.empty(0),
        np.empty(0, np.uint8),
        np.empty(0),
        np.empty(0, np.uint8),
        np.empty(0),
    )
