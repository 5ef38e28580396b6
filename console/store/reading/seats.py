"""Series that stand in several seats of one origin, because a device's layout or stored period changed."""

import numpy as np

from console.store.history.quantise import Integers
from console.store.history.rollups import Stats, combined
from console.store.history.stats import Flags
from console.store.reading.figures import columns_of, rows_of


class SeatsTogether:
    """Figures of series x slots, put together of those of the seats: each seat has samples that no other has.

    Attributes:
        figures: What is known by now.
        shared: Where several seats have good samples of a series that is no gauge. The seat that was given later is
            taken for the one that spoke last there, which what is finer may tell better.
    """

    def __init__(self, gauges: Flags, slots: int) -> None:
        self.figures = Stats.nothing(len(gauges), slots)
        self.shared: Flags = np.zeros((len(gauges), slots), np.bool_)
        self._gauges = gauges[:, None]
        self._age = np.full((len(gauges), slots), -1)

    def add(self, rows: Integers, at: slice, ages: Integers, figures: Stats) -> None:
        """Take in some series of one seat each, over some slots; `ages` say which seat was given later."""
        known = rows_of(self.figures, rows).part(at)
        some = figures.count > 0
        age = self._age[rows, at]
        self.shared[rows, at] |= some & (known.count > 0) & ~self._gauges[rows]
        both = combined(known, figures, self._gauges[rows], ages[:, None] > age)
        self._age[rows, at] = np.where(some, np.maximum(age, ages[:, None]), age)
        for mine, theirs in zip(columns_of(self.figures), columns_of(both), strict=True):
            mine[rows, at] = theirs

    def settle(self, rows: Integers, at: slice, told: Stats) -> None:
        """Take the last value of shared slots from figures that were worked out of what is finer."""
        better = self.shared[rows, at] & (told.count > 0)
        self.figures.mean[rows, at] = np.where(better, told.mean, self.figures.mean[rows, at])
