"""Reading-to-screen latency: from the arrival of a reply at the collector to the end of the paint that shows it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from console.presenters.source import Latency

WINDOW_SECONDS = 300.0
COUNT_AGAIN_SECONDS = 1.0
ROOM = 65_536
"""Replies kept: at 300 s that is 218 replies a second; beyond, the window is shorter."""


class LatencyMeter:
    """Counts every reply once, at the first paint that finished after its frame was put on the display.

    Both ends are wall-clock times of one machine. Replies that were already in the first frame are not counted:
    nobody knows how long they had waited for a console.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: NDArray[np.float64] | None = None
        self._waiting: list[NDArray[np.float64]] = []
        self._painted = np.full(ROOM, -np.inf)
        self._delays = np.zeros(ROOM, np.float64)
        self._next = 0
        self._counted: tuple[float, Latency] | None = None
        self.first_painted_at: float | None = None
        """UTC seconds at the end of the first paint that showed a device's reply; None before it."""

    def applied(self, answered: NDArray[np.float64]) -> None:
        """A frame was handed to the visible display; `answered` are its devices' times of arrival."""
        before = self._seen
        self._seen = answered
        if before is None or len(before) != len(answered):
            fresh = answered[np.isfinite(answered)] if before is None else _newer(before, answered)
            if before is None:
                self._note_first(fresh)
                return
        else:
            with np.errstate(invalid="ignore"):
                fresh = answered[(answered > before) | (np.isnan(before) & np.isfinite(answered))]
        if len(fresh):
            self._waiting.append(fresh)

    def forget(self) -> None:
        """The link or the window was away: what comes next has waited for other reasons than the screen."""
        self._seen = None
        self._waiting.clear()

    def painted(self) -> None:
        """A paint of the window has finished."""
        if not self._waiting:
            return
        now = self._clock()
        if self.first_painted_at is None:
            self.first_painted_at = now
        for fresh in self._waiting:
            self._keep(np.maximum(now - fresh, 0.0), now)
        self._waiting.clear()
        self._counted = None

    def latency(self) -> Latency:
        """Percentiles over the rolling window."""
        now = self._clock()
        if self._counted is None or now - self._counted[0] > COUNT_AGAIN_SECONDS:
            self._counted = (now, self._count(now))
        return self._counted[1]

    def _count(self, now: float) -> Latency:
        delays = self._delays[self._painted > now - WINDOW_SECONDS]
        if not len(delays):
            return Latency()
        p50, p95 = (float(value) for value in np.percentile(delays, (50.0, 95.0)))
        return Latency(p50, p95, float(delays.max()), len(delays))

    def _note_first(self, fresh: NDArray[np.float64]) -> None:
        """The first frame counts for the time of the first picture only."""
        if len(fresh):
            self._waiting.append(np.empty(0))

    def _keep(self, delays: NDArray[np.float64], now: float) -> None:
        delays = delays[-ROOM:]
        at = (self._next + np.arange(len(delays))) % ROOM
        self._delays[at] = delays
        self._painted[at] = now
        self._next = (self._next + len(delays)) % ROOM


def _newer(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replies that are newer than all that was known, when rows have come or gone and no longer match."""
    known = before[np.isfinite(before)]
    newest = float(known.max()) if len(known) else -np.inf
    with np.errstate(invalid="ignore"):
        return after[after > newest]
