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


class _Layout:
    """The series of every device of one model, by point."""

    def __init__(self, signals: tuple[Signal, ...]) -> None:
        self.signals = signals
        self.index = {(signal.point, signal.part): at for at, signal in enumerate(signals)}
        self.points: dict[str, list[int]] = {}
        for at, signal in enumerate(signals):
            self.points.setdefault(signal.point, []).append(at)
        self.guesses = {signal.point for signal in signals if not signal.part and signal.source in _GUESSES}


class LayoutTable:
    """The layouts that the shapes of one collector have had; every shape adds what is new.

    A block of the arrays belongs to one device and one layout for good, so whatever starts where it did before has
    the layout that it had: only new blocks are looked at series by series.
    """

    def __init__(self) -> None:
        self.layouts: list[_Layout] = []
        self._numbers: dict[tuple[Signal, ...], int] = {}
        self._blocks: dict[tuple[UUID, int, int], int] = {}

    def number(self, row: RowShape) -> int:
        """The number of a row's layout in `layouts`."""
        block = (row.device, row.start, len(row.signals))
        number = self._blocks.get(block)
        if number is None:
            number = self._blocks[block] = self._of(row.signals)
        return number

    def _of(self, signals: tuple[Signal, ...]) -> int:
        number = self._numbers.get(signals)
        if number is None:
            number = self._numbers[signals] = len(self.layouts)
            self.layouts.append(_Layout(signals))
        return number


class FrameShape:
    """How the arrays of a frame are laid out.

    Args:
        revision: Frames of the same revision index alike.
        series: Length of the value arrays.
        rows: Every device's row.
        table: That of an earlier shape of the same collector; a new one when there is none.

    Attributes:
        table: To be handed to the shape that follows.
        devices: Device of each row.
        rows: Row of each device.
    """

    def __init__(self, revision: int, series: int, rows: Sequence[RowShape], table: LayoutTable | None = None) -> None:
        self.revision = revision
        self.series = series
        self.devices: tuple[UUID, ...] = tuple(row.device for row in rows)
        self.rows: dict[UUID, int] = {device: at for at, device in enumerate(self.devices)}
        self._starts: Indices = np.array([row.start for row in rows], np.int64)
        self.table = table if table is not None else LayoutTable()
        self._layouts = self.table.layouts
        self._of_row: Indices = np.array([self.table.number(row) for row in rows], np.int64)
        self._points: dict[str, PointSeries] = {}
        self._guessed: dict[str, Flags] = {}

    def __len__(self) -> int:
        return len(self.devices)

    def _layout(self, row: int) -> _Layout:
        return self._layouts[int(self._of_row[row])]

    def signals(self, row: int) -> tuple[Signal, ...]:
        """The series of a device, in order; empty before its first report."""
        return self._layout(row).signals

    def start(self, row: int) -> int:
        """Where the device's first series stands."""
        return int(self._starts[row])

    def point(self, name: str) -> PointSeries:
        """All series of a point; empty arrays when no device reports it."""
        known = self._points.get(name)
        if known is None:
            known = self._points[name] = self._find(name)
        return known

    def position(self, row: int, point: str, part: str = "") -> int:
        """Where one series stands in the arrays; raises KeyError when the device has none such."""
        return self.start(row) + self._layout(row).index[point, part]

    def source(self, row: int, point: str) -> Source:
        """How or where the series of the whole device is obtained; measured where it has none."""
        found = (signal.source for signal in self.signals(row) if signal.point == point and not signal.part)
        return next(found, Source.MEASURED)

    def guessed(self, point: str) -> Flags:
        """Rows whose series of the whole device is a nameplate figure or an estimate, not a measurement."""
        known = self._guessed.get(point)
        if known is None:
            guesses = [number for number, layout in enumerate(self._layouts) if point in layout.guesses]
            known = self._guessed[point] = np.isin(self._of_row, guesses)
        return known

    def parts(self, row: int, point: str) -> tuple[tuple[str, int], ...]:
        """Part and position of every series of a point on one device."""
        layout, start = self._layout(row), self.start(row)
        return tuple((layout.signals[at].part, start + at) for at in layout.points.get(point, ()))

    def _find(self, name: str) -> PointSeries:
        """Gather a point layout by layout: work for each model, not for each device."""
        at, rows, part_of = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        names: list[str] = []
        for number, layout in enumerate(self._layouts):
            offsets = layout.points.get(name)
            if offsets is None:
                continue
            mine = np.flatnonzero(self._of_row == number)
            at.append((self._starts[mine][:, None] + np.array(offsets, np.int64)).ravel())
            rows.append(np.repeat(mine, len(offsets)))
            part_of.append(np.tile(np.arange(len(names), len(names) + len(offsets)), len(mine)))
            names.extend(layout.signals[offset].part for offset in offsets)
        every_row = np.concatenate(rows)
        order = np.argsort(every_row, kind="stable")
        return _point_series(np.concatenate(at)[order], every_row[order], np.concatenate(part_of)[order], names)


def _point_series(at: Indices, rows: Indices, part_of: Indices, names: Sequence[str]) -> PointSeries:
    whole = np.array([not name for name in names], np.bool_)[part_of]
    single_rows, single_at = rows[whole], at[whole]
    rest = ~np.isin(rows, single_rows)
    group_rows, group_first = np.unique(rows[rest], return_index=True)
    parts = tuple(names[part] for part in part_of.tolist())
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

    def is_doubtful(self, row: int, point: str, part: str = "") -> bool:
        """Whether a value is there that may not be true: a wrong unit, out of the sensor's range."""
        try:
            return bool(self.quality[self.shape.position(row, point, part)] == Quality.SUSPECT)
        except KeyError:
            return False

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
