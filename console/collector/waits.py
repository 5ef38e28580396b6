"""Who waits for his turn and for how long: the schedule's figures as arrays, so that looking at all costs nothing."""

import math

import numpy as np
from numpy.typing import NDArray

from console.domain.telemetry import Floats, Indices


class Waits:
    """What of each row decides how far the site is stretched. Rows that were never added count for nothing."""

    def __init__(self) -> None:
        self._due: Floats = np.full(64, math.inf)
        self._asked: Floats = np.full(64, math.nan)
        self._period: Floats = np.full(64, math.nan)
        self._effective: Floats = np.full(64, math.nan)
        self._awake: NDArray[np.bool_] = np.zeros(64, np.bool_)

    def add(self, row: int, period: float, due: float) -> None:
        """A device that was never asked counts as asked one period before its first turn."""
        while row >= len(self._due):
            room = np.full(len(self._due), math.nan)
            self._due = np.concatenate([self._due, np.full(len(room), math.inf)])
            self._asked, self._period, self._effective = (
                np.concatenate([known, room]) for known in (self._asked, self._period, self._effective)
            )
            self._awake = np.concatenate([self._awake, np.zeros(len(room), np.bool_)])
        self._due[row], self._asked[row] = due, due - period
        self._period[row] = self._effective[row] = period
        self._awake[row] = True

    def remove(self, row: int) -> None:
        """A device that has gone."""
        self._due[row], self._awake[row] = math.inf, False

    def hold(self, row: int, until: float) -> None:
        """A device whose turn was put off on purpose."""
        self._due[row] = until

    def start(self, row: int, now: float, effective: float) -> None:
        """A poll leaves; while it is under way the device does not wait."""
        self._due[row], self._asked[row], self._effective[row] = math.inf, now, effective

    def finish(self, row: int, due: float, *, asleep: bool) -> None:
        """A poll is over; an asleep device is asked more rarely on purpose and tells nothing about capacity."""
        self._due[row], self._awake[row] = due, not asleep

    def overdue(self, before: float, now: float) -> tuple[Indices, Floats]:
        """Rows whose turn came before that second and that wait still, and the seconds since each was asked."""
        rows = np.flatnonzero((self._due < before) & self._awake)
        return rows, now - self._asked[rows]

    def stretch(self, before: float, now: float) -> float:
        """Effective over configured period, the mean of the devices that answer; 1.0 when there is none."""
        if not self._awake.any():
            return 1.0
        ratio = self._effective / self._period
        rows, passed = self.overdue(before, now)
        ratio[rows] = np.maximum(ratio[rows], passed / self._period[rows])
        return float(ratio[self._awake].mean())
