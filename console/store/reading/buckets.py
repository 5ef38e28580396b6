"""Samples of a grid brought to a coarser one: mean, low, high and the worst quality of what went in."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from console.store.history.quantise import Codes, Floats
from drivers.core.points import POINTS, PointKind
from drivers.core.reading import Quality


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid of slots.

    Attributes:
        start: UTC seconds of the first slot, a whole multiple of the step.
        step: Seconds.
        count: Slots.
    """

    start: float
    step: float
    count: int

    @classmethod
    def over(cls, start: float, stop: float, step: float, period: float) -> "Grid":
        """The slots that overlap [start, stop): the step is rounded up to whole stored periods."""
        whole = max(1, ceil(round(step / period, 6))) * period
        first = np.floor(start / whole) * whole
        return cls(float(first), whole, max(0, ceil(round((stop - first) / whole, 6))))

    @property
    def stop(self) -> float:
        """UTC seconds of the end of the last slot."""
        return self.start + self.step * self.count

    def parts(self, seconds: float) -> Iterator["Grid"]:
        """The grid in consecutive pieces of about that length, each whole slots."""
        most = max(1, round(seconds / self.step))
        for first in range(0, self.count, most):
            yield Grid(self.start + first * self.step, self.step, min(most, self.count - first))


@dataclass(slots=True)
class Samples:
    """One or more series on a grid, slots along the last axis; empty slots are NaN and NOT_POLLED."""

    values: Floats
    quality: Codes
    low: Floats
    high: Floats

    @classmethod
    def empty(cls, *shape: int) -> "Samples":
        """Nothing polled yet."""
        return cls(
            np.full(shape, np.nan),
            np.full(shape, Quality.NOT_POLLED, np.uint8),
            np.full(shape, np.nan),
            np.full(shape, np.nan),
        )

    def lay(self, at: slice, other: "Samples") -> None:
        """Lay newer samples over a part of the grid: a value beats none, a reason beats NOT_POLLED."""
        quality = self.quality[..., at]
        better = (other.quality < Quality.NOT_POLLED) | (
            (quality >= Quality.NOT_POLLED) & (other.quality != Quality.NOT_POLLED)
        )
        np.copyto(quality, other.quality, where=better)
        np.copyto(self.values[..., at], other.values, where=better)
        np.copyto(self.low[..., at], other.low, where=better)
        np.copyto(self.high[..., at], other.high, where=better)


def plain(values: Floats, quality: Codes) -> Samples:
    """Samples at the stored period, each its own low and high."""
    return Samples(values, quality, values, values)


def bucketed(values: Floats, quality: Codes, slots: int, point: str) -> Samples:
    """Every `slots` neighbours as one; the length must be a whole multiple.

    Gauges give the mean of their good samples; counters and enumerations the last, since a mean of states or of
    running totals means nothing. The quality is the worst that went in, or the reason when nothing did.
    """
    if slots == 1:
        return plain(values, quality)
    shape = (*values.shape[:-1], values.shape[-1] // slots, slots)
    value, code = values.reshape(shape), quality.reshape(shape)
    good = (code < Quality.STALE) & ~np.isnan(value)
    count = good.sum(axis=-1)
    some = count > 0
    if point in POINTS and POINTS[point].kind is not PointKind.GAUGE:
        last = slots - 1 - good[..., ::-1].argmax(axis=-1)
        middle = np.where(some, np.take_along_axis(value, last[..., None], axis=-1)[..., 0], np.nan)
    else:
        middle = np.where(some, np.where(good, value, 0.0).sum(axis=-1) / np.maximum(count, 1), np.nan)
    low = np.where(some, np.where(good, value, np.inf).min(axis=-1), np.nan)
    high = np.where(some, np.where(good, value, -np.inf).max(axis=-1), np.nan)
    worst = np.where(good, code, 0).max(axis=-1)
    missing = np.where(code >= Quality.NOT_POLLED, code, Quality.NOT_POLLED).max(axis=-1)
    return Samples(middle, np.where(some, worst, missing).astype(np.uint8), low, high)
