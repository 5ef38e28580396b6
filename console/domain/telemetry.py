"""The live state of a whole site as flat arrays: every series of every device, with quality and age.

A device owns one contiguous block of the arrays, in the order of its layout, so taking in a report is two slice
assignments, a rule over one point is one fancy index, and a snapshot is the arrays' own bytes. Devices of one model
share one layout, so finding the series of a point is work for each layout and not for each device.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeAlias, TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from drivers.core.reading import DeviceState, Layout, Quality, Report, Source

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.uint8]
Indices: TypeAlias = NDArray[np.int64]

ScalarT = TypeVar("ScalarT", bound=np.generic)

NO_LAYOUT = -1
"""Layout number of a device that has not reported yet."""

STALE_AFTER_PERIODS = 2.0
"""A value older than this many poll periods is stale (style guide, principle 3)."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What a device says in words (pool, worker, firmware), newest of each name.

    Attributes:
        at: UTC seconds of the report that last changed any of them.
        values: Name and text.
    """

    at: float
    values: Mapping[str, str]


NO_TEXTS = Texts(0.0, MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Block:
    """The part of the flat arrays that belongs to one device."""

    device: UUID
    row: int
    start: int
    layout: Layout

    @property
    def stop(self) -> int:
        """One past the last series."""
        return self.start + len(self.layout)


@dataclass(frozen=True, slots=True)
class PointColumn:
    """All series of one point over the whole site, as parallel arrays.

    Attributes:
        point: Canonical name.
        at: Where each series stands in the flat arrays.
        row: The device row of each series; ascending, so parts of one device are neighbours.
        part_names: Every distinct part.
        part: For each series its place in `part_names`.
    """

    point: str
    at: Indices
    row: Indices
    part_names: tuple[str, ...]
    part: Indices

    @property
    def parts(self) -> tuple[str, ...]:
        """The part of each series, in words; made anew at every call."""
        return tuple([self.part_names[number] for number in self.part.tolist()])


class _Growing(Generic[ScalarT]):
    """An array whose room doubles, so that adding one by one costs the same for the last as for the first."""

    def __init__(self, dtype: type[ScalarT]) -> None:
        self._room: NDArray[ScalarT] = np.empty(64, dtype)
        self.view: NDArray[ScalarT] = self._room[:0]

    def extend(self, count: int, fill: float) -> NDArray[ScalarT]:
        """The array with `count` more elements; earlier views may be cut off from it."""
        before = len(self.view)
        after = before + count
        if after > len(self._room):
            room = np.empty(max(after, 2 * len(self._room)), self._room.dtype)
            room[:before] = self.view
            self._room = room
        self._room[before:after] = fill
        self.view = self._room[:after]
        return self.view


class LiveColumns:
    """The newest value, quality and time of every series of a site.

    Single-threaded: whoever owns it writes and reads it on one thread. Rows are handed out in the order of
    `add` and never reused; a device whose layout changes gets a new block and its old one goes dead until the
    device takes up its old layout again. The arrays are replaced when the site grows: hold on to `LiveColumns`,
    not to one of its arrays.

    Attributes:
        revision: Grows with each change of shape; two sides with equal revisions index alike.
        values: Newest value of every series; NaN where there is none.
        quality: `Quality` of every series.
        brought: Whether the device's newest report brought the series; a lighter poll leaves out some, and they keep
            their values.
        answered: UTC seconds of each device's last good report; NaN before the first.
        state: `DeviceState` of every device.
        period: Effective poll period of every device, seconds; infinite once the device was removed.
        reason: Why the newest poll of every device brought nothing, as `Quality`: GOOD after a good report, NOT_POLLED
            before the first poll ended.
        texts: What every device says in words; the object is another one whenever a text has changed.
        texts_revision: Grows with each change of a text.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.devices: list[UUID] = []
        self._values = _Growing(np.float64)
        self._quality = _Growing(np.uint8)
        self._brought = _Growing(np.bool_)
        self._answered = _Growing(np.float64)
        self._state = _Growing(np.uint8)
        self._period = _Growing(np.float64)
        self._reason = _Growing(np.uint8)
        self.values: Floats = self._values.view
        self.quality: Codes = self._quality.view
        self.brought: NDArray[np.bool_] = self._brought.view
        self.answered: Floats = self._answered.view
        self.state: Codes = self._state.view
        self.period: Floats = self._period.view
        self.reason: Codes = self._reason.view
        self.texts: list[Texts] = []
        self.texts_revision = 0
        self._rows: dict[UUID, int] = {}
        self._blocks: list[Block | None] = []
        self._dead: dict[int, list[Block]] = {}
        self._columns: dict[str, PointColumn] = {}
        self._layouts: dict[Layout, int] = {}
        self._layout_number = _Growing(np.int64)
        self._start = _Growing(np.int64)

    def add(self, device: UUID, period: float) -> int:
        """Give a device a row before it has reported anything; returns the row. Adding it again changes nothing."""
        known = self._rows.get(device)
        if known is not None:
            if np.isinf(self.period[known]):
                self.period[known] = period
                self._reshaped()
            return known
        row = len(self.devices)
        self.devices.append(device)
        self._rows[device] = row
        self._blocks.append(None)
        self._layout_number.extend(1, NO_LAYOUT)
        self._start.extend(1, 0)
        self.answered = self._answered.extend(1, np.nan)
        self.state = self._state.extend(1, DeviceState.UNKNOWN)
        self.period = self._period.extend(1, period)
        self.reason = self._reason.extend(1, Quality.NOT_POLLED)
        self.texts.append(NO_TEXTS)
        self._reshaped()
        return row

    def remove(self, device: UUID) -> None:
        """Take a device out: its row stays, with nothing in it. Raises KeyError when it was never added."""
        row = self._rows[device]
        self._bury(row)
        self._blocks[row] = None
        self._layout_number.view[row] = NO_LAYOUT
        self.answered[row] = np.nan
        self.state[row] = DeviceState.UNKNOWN
        self.reason[row] = Quality.NOT_POLLED
        self.texts[row] = NO_TEXTS
        self.period[row] = np.inf
        self._reshaped()

    def row(self, device: UUID) -> int:
        """The row of a device; raises KeyError when it was never added."""
        return self._rows[device]

    def block(self, device: UUID) -> Block | None:
        """The device's series; None before its first report."""
        return self._blocks[self._rows[device]]

    def blocks(self) -> tuple[Block, ...]:
        """All live blocks in row order."""
        return tuple(block for block in self._blocks if block is not None)

    def arrangement(self) -> tuple[tuple[Layout, ...], Indices, Indices]:
        """Every distinct layout; for each row the number of its layout, and where its block starts.

        The number is `NO_LAYOUT` before the first report.
        """
        return tuple(self._layouts), self._layout_number.view, self._start.view

    def lay_out(self, row: int, layout: Layout) -> Block:
        """Give a device a block, all series not polled yet: its earlier one of that layout, or a new one at the end."""
        self._bury(row)
        graves = self._dead.get(row, [])
        earlier = next((block for block in graves if block.layout == layout), None)
        if earlier is not None:
            graves.remove(earlier)
        block = Block(self.devices[row], row, len(self.values) if earlier is None else earlier.start, layout)
        if earlier is None:
            self.values = self._values.extend(len(layout), np.nan)
            self.quality = self._quality.extend(len(layout), Quality.NOT_POLLED)
            self.brought = self._brought.extend(len(layout), False)
        self.quality[block.start : block.stop] = Quality.NOT_POLLED
        self._blocks[row] = block
        self._layout_number.view[row] = self._layouts.setdefault(layout, len(self._layouts))
        self._start.view[row] = block.start
        self._reshaped()
        return block

    def _bury(self, row: int) -> None:
        """Empty the device's block, which then belongs to nobody."""
        block = self._blocks[row]
        if block is not None:
            self.values[block.start : block.stop] = np.nan
            self.quality[block.start : block.stop] = Quality.NOT_REPORTED
            self._dead.setdefault(row, []).append(block)

    def _reshaped(self) -> None:
        self.revision += 1
        self._columns.clear()

    def ingest(self, row: int, report: Report) -> None:
        """Take in a good report. What a lighter poll did not ask for keeps its value and quality."""
        block = self._blocks[row]
        if block is None or block.layout is not report.layout:
            block = self._adopt(row, report.layout)
        if Quality.NOT_POLLED in report.quality:
            quality = np.frombuffer(report.quality, np.uint8)
            asked = np.flatnonzero(quality != Quality.NOT_POLLED)
            self.values[block.start + asked] = np.asarray(report.values)[asked]
            self.quality[block.start + asked] = quality[asked]
            self.brought[block.start : block.stop] = quality != Quality.NOT_POLLED
        else:
            self.values[block.start : block.stop] = report.values
            self.quality[block.start : block.stop] = np.frombuffer(report.quality, np.uint8)
            self.brought[block.start : block.stop] = True
        self.answered[row] = report.answered
        self.state[row] = report.state
        self.reason[row] = Quality.GOOD
        if report.texts:
            self._hear(row, report)

    def _hear(self, row: int, report: Report) -> None:
        """Keep what a device says in words. A lighter poll leaves out some of it, which stays."""
        known = self.texts[row].values
        if any(known.get(name) != text for name, text in report.texts.items()):
            self.texts[row] = Texts(report.answered, MappingProxyType({**known, **report.texts}))
            self.texts_revision += 1

    def _adopt(self, row: int, layout: Layout) -> Block:
        """Equal layouts of two drivers are one shape; only a different one moves the block."""
        block = self._blocks[row]
        if block is not None and block.layout == layout:
            block = Block(block.device, row, block.start, layout)
            self._blocks[row] = block
            return block
        return self.lay_out(row, layout)

    def lose(self, row: int, reason: Quality, state: DeviceState) -> None:
        """The device failed to answer: every value becomes missing for that reason; its last time stays."""
        block = self._blocks[row]
        if block is not None:
            self.values[block.start : block.stop] = np.nan
            self.quality[block.start : block.stop] = reason
        self.state[row] = state
        self.reason[row] = reason

    def column(self, point: str) -> PointColumn:
        """Every series of one point; empty when no device reports it."""
        cached = self._columns.get(point)
        if cached is None:
            cached = self._columns[point] = self._find(point)
        return cached

    def _find(self, point: str) -> PointColumn:
        """Layout by layout: all devices of one layout have the point at the same places of their blocks."""
        at, row, part = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        names: dict[str, int] = {}
        for layout, number in self._layouts.items():
            places = [place for place, signal in enumerate(layout.signals) if signal.point == point]
            if not places:
                continue
            rows = np.flatnonzero(self._layout_number.view == number)
            at.append((self._start.view[rows][:, None] + np.array(places, np.int64)).ravel())
            row.append(np.repeat(rows, len(places)))
            numbers = [names.setdefault(layout.signals[place].part, len(names)) for place in places]
            part.append(np.tile(np.array(numbers, np.int64), len(rows)))
        flat_row = np.concatenate(row)
        order = np.argsort(flat_row, kind="stable")
        return PointColumn(point, np.concatenate(at)[order], flat_row[order], tuple(names), np.concatenate(part)[order])

    def whole(self, point: str) -> tuple[Floats, Codes]:
        """One value and quality for each device row: the series without a part, or the greatest of the parts.

        A device that has no such series carries NaN and `NOT_REPORTED`. The quality is that of the worst part.
        """
        values = np.full(len(self.devices), np.nan)
        quality = np.full(len(self.devices), Quality.NOT_REPORTED, np.uint8)
        column = self.column(point)
        if not len(column.at):
            return values, quality
        rows, first = np.unique(column.row, return_index=True)
        values[rows] = np.fmax.reduceat(self.values[column.at], first)
        quality[rows] = np.maximum.reduceat(self.quality[column.at], first)
        return values, quality

    def age(self, now: float) -> Floats:
        """Seconds since each device's last good report; NaN when it never gave one."""
        return now - self.answered

    def source(self, row: int, point: str, part: str = "") -> Source | None:
        """Where a series of a device comes from; None when it has no such series."""
        block = self._blocks[row]
        at = None if block is None else block.layout.index.get((point, part))
        return None if block is None or at is None else block.layout.signals[at].source
