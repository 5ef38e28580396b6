"""The live state of a whole site as flat arrays: every series of every device, with quality and age.

A device owns one contiguous block of the arrays, in the order of its layout, so taking in a report is two slice
assignments, a rule over one point is one fancy index, and a snapshot is the arrays' own bytes.
"""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from drivers.core.reading import DeviceState, Layout, Quality, Report, Source

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.uint8]
Indices: TypeAlias = NDArray[np.int64]

STALE_AFTER_PERIODS = 2.0
"""A value older than this many poll periods is stale (style guide, principle 3)."""


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
        parts: The part of each series.
    """

    point: str
    at: Indices
    row: Indices
    parts: tuple[str, ...]


class LiveColumns:
    """The newest value, quality and time of every series of a site.

    Single-threaded: whoever owns it writes and reads it on one thread. Rows are handed out in the order of
    `add` and never reused; a device whose layout changes gets a new block and its old one goes dead.

    Attributes:
        revision: Grows with each change of shape; two sides with equal revisions index alike.
        values: Newest value of every series; NaN where there is none.
        quality: `Quality` of every series.
        answered: UTC seconds of each device's last good report; NaN before the first.
        state: `DeviceState` of every device.
        period: Effective poll period of every device, seconds.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.values: Floats = np.empty(0)
        self.quality: Codes = np.empty(0, np.uint8)
        self.answered: Floats = np.empty(0)
        self.state: Codes = np.empty(0, np.uint8)
        self.period: Floats = np.empty(0)
        self.devices: list[UUID] = []
        self._rows: dict[UUID, int] = {}
        self._blocks: list[Block | None] = []
        self._columns: dict[str, PointColumn] = {}

    def add(self, device: UUID, period: float) -> int:
        """Give a device a row before it has reported anything; returns the row. Adding it again changes nothing."""
        known = self._rows.get(device)
        if known is not None:
            return known
        row = len(self.devices)
        self.devices.append(device)
        self._rows[device] = row
        self._blocks.append(None)
        self.answered = np.append(self.answered, np.nan)
        self.state = np.append(self.state, np.uint8(DeviceState.UNKNOWN))
        self.period = np.append(self.period, period)
        self._reshaped()
        return row

    def row(self, device: UUID) -> int:
        """The row of a device; raises KeyError when it was never added."""
        return self._rows[device]

    def block(self, device: UUID) -> Block | None:
        """The device's series; None before its first report."""
        return self._blocks[self._rows[device]]

    def blocks(self) -> tuple[Block, ...]:
        """All live blocks in row order."""
        return tuple(block for block in self._blocks if block is not None)

    def lay_out(self, row: int, layout: Layout) -> Block:
        """Give a device a (new) block at the end of the arrays, all series not polled yet."""
        block = Block(self.devices[row], row, len(self.values), layout)
        self._blocks[row] = block
        self.values = np.concatenate([self.values, np.full(len(layout), np.nan)])
        self.quality = np.concatenate([self.quality, np.full(len(layout), Quality.NOT_POLLED, np.uint8)])
        self._reshaped()
        return block

    def _reshaped(self) -> None:
        self.revision += 1
        self._columns.clear()

    def ingest(self, row: int, report: Report) -> None:
        """Take in a good report. What a lighter poll did not ask for keeps its value and quality."""
        block = self._blocks[row]
        if block is None or block.layout is not report.layout:
            block = self._adopt(row, report.layout)
        quality = np.frombuffer(report.quality, np.uint8)
        if Quality.NOT_POLLED in report.quality:
            asked = np.flatnonzero(quality != Quality.NOT_POLLED)
            self.values[block.start + asked] = np.asarray(report.values)[asked]
            self.quality[block.start + asked] = quality[asked]
        else:
            self.values[block.start : block.stop] = report.values
            self.quality[block.start : block.stop] = quality
        self.answered[row] = report.answered
        self.state[row] = report.state

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

    def column(self, point: str) -> PointColumn:
        """Every series of one point; empty when no device reports it."""
        cached = self._columns.get(point)
        if cached is None:
            found = [
                (block.start + at, block.row, signal.part)
                for block in self._blocks
                if block is not None
                for at, signal in enumerate(block.layout.signals)
                if signal.point == point
            ]
            cached = PointColumn(
                point,
                np.array([at for at, _, _ in found], np.int64),
                np.array([row for _, row, _ in found], np.int64),
                tuple(part for _, _, part in found),
            )
            self._columns[point] = cached
        return cached

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
