"""One point of many devices brought to one figure a slot, piece by piece."""

import numpy as np

from console.services.ports import Aggregate, Total
from console.store.history.quantise import Floats, Integers
from console.store.history.rollups import Stats
from console.store.reading.grid import Slots


class Sums:
    """Sum, smallest, greatest and number of series in each slot."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self._sum: Floats = np.zeros(slots.count)
        self._low: Floats = np.full(slots.count, np.inf)
        self._high: Floats = np.full(slots.count, -np.inf)
        self._count: Integers = np.zeros(slots.count, np.int64)

    def add(self, slots: Slots, figures: Stats) -> None:
        """Take in some series over some of the slots. Without low and high only the sum is right."""
        at = self.slots.place_of(slots)
        missing = np.isnan(figures.mean)
        if missing.any():
            self._sum[at] += np.where(missing, 0.0, figures.mean).sum(axis=0)
            self._count[at] += len(missing) - missing.sum(axis=0)
        else:
            self._sum[at] += figures.mean.sum(axis=0)
            self._count[at] += len(missing)
        self._low[at] = np.fmin(self._low[at], np.fmin.reduce(figures.low, axis=0, initial=np.inf))
        self._high[at] = np.fmax(self._high[at], np.fmax.reduce(figures.high, axis=0, initial=-np.inf))

    def total(self, point: str, times: int) -> Total:
        """The sums, and those of `times` neighbours averaged; NaN where nobody had a good sample."""
        sums = np.where(self._count > 0, self._sum, np.nan).reshape(-1, times)
        some = ~np.isnan(sums)
        means = np.where(
            some.any(axis=1), np.where(some, sums, 0.0).sum(axis=1) / np.maximum(some.sum(axis=1), 1), np.nan
        )
        count = self._count.reshape(-1, times).max(axis=1, initial=0)
        return Total(point, self.slots.start, self.slots.step * times, means, count)

    def aggregate(self, point: str) -> Aggregate:
        """Mean, smallest and greatest in each slot; NaN where nobody had a good sample."""
        some = self._count > 0
        return Aggregate(
            point,
            self.slots.start,
            self.slots.step,
            np.where(some, self._sum / np.maximum(self._count, 1), np.nan),
            np.where(some, self._low, np.nan),
            np.where(some, self._high, np.nan),
            self._count,
        )
