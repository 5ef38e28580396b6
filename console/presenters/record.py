"""The short memory of a console: a site's own figures over the last day, for sparklines and the time bar."""

from collections.abc import Mapping, Sequence

import numpy as np

from console.domain.telemetry import Floats
from widgets.view_models.common import Trace

STEP_SECONDS = 10.0
KEPT_SECONDS = 86400.0
SPARK_POINTS = 240
"""More points than a sparkline has pixels cost paint and show nothing."""


class SiteRecord:
    """Figures of one site by name, one sample for each step, the newest in place of an older one in the same step.

    What the console itself has not seen (before it was opened) is filled in from the history by `backfill`.
    """

    def __init__(self, step: float = STEP_SECONDS, kept: float = KEPT_SECONDS) -> None:
        self._step = step
        self._size = int(kept / step)
        self._values: dict[str, Floats] = {}
        self._newest = -1
        self._traces: dict[tuple[str, int, int, int], Trace | None] = {}

    def append(self, at: float, figures: Mapping[str, float]) -> None:
        """Note the figures of an instant; NaN for what is not known. Instants older than the record are dropped."""
        slot = int(at // self._step)
        if self._newest < 0:
            self._newest = slot
        self._move_to(slot)
        if slot <= self._newest - self._size:
            return
        for name, value in figures.items():
            self._of(name)[slot % self._size] = value

    def clear(self) -> None:
        """Forget everything: what follows is about another time."""
        self._values.clear()
        self._traces.clear()
        self._newest = -1

    def backfill(self, name: str, times: Floats, values: Floats) -> None:
        """Fill slots that hold nothing yet from history."""
        if not len(times):
            return
        if self._newest < 0:
            self._newest = int(float(times[-1]) // self._step)
        slots = (times // self._step).astype(np.int64)
        inside = (slots > self._newest - self._size) & (slots <= self._newest)
        self._traces.clear()
        kept = self._of(name)
        at = slots[inside] % self._size
        kept[at] = np.where(np.isnan(kept[at]), values[inside], kept[at])

    def trace(self, name: str, start: float, stop: float, points: int = SPARK_POINTS) -> Trace | None:
        """The figure from start to stop, thinned to about `points`; None where nothing is known.

        The same object until a new step begins or history comes in, so that nothing is drawn anew in between.
        """
        if name not in self._values:
            return None
        first = max(int(start // self._step), self._newest - self._size + 1)
        last = min(int(stop // self._step), self._newest)
        key = (name, first, last, points)
        if key not in self._traces:
            self._traces[key] = self._cut(name, first, last, points)
        return self._traces[key]

    def _cut(self, name: str, first: int, last: int, points: int) -> Trace | None:
        if last < first:
            return None
        slots = np.arange(first, last + 1)
        values = self._values[name][slots % self._size]
        times = slots * self._step
        there = np.isfinite(values)
        if not there.any():
            return None
        begin = int(there.argmax())
        return thinned(times[begin:].astype(np.float64), values[begin:], points)

    def names(self) -> Sequence[str]:
        """Figures noted so far."""
        return tuple(self._values)

    def _of(self, name: str) -> Floats:
        return self._values.setdefault(name, np.full(self._size, np.nan))

    def _move_to(self, slot: int) -> None:
        if slot <= self._newest:
            return
        passed = np.arange(self._newest + 1, slot + 1)[-self._size :] % self._size
        for values in self._values.values():
            values[passed] = np.nan
        self._newest = slot
        self._traces.clear()


def thinned(times: Floats, values: Floats, points: int) -> Trace:
    """A trace of about `points` points; where samples are joined, their least and greatest go along."""
    width = -(-len(times) // points)
    if width <= 1:
        return Trace(times, values)
    whole = len(times) // width * width
    if whole < len(times):
        pad = width - (len(times) - whole)
        times = np.concatenate([times, np.full(pad, times[-1])])
        values = np.concatenate([values, np.full(pad, np.nan)])
    grid = values.reshape(-1, width)
    counts = np.count_nonzero(np.isfinite(grid), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(grid, axis=1) / counts
    low = np.fmin.reduce(grid, axis=1)
    high = np.fmax.reduce(grid, axis=1)
    return Trace(times.reshape(-1, width)[:, -1], mean, low=low, high=high)
