"""Where the history of a device has nothing, although something may be had of it. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from console.services.ports import History
from drivers.core.reading import Quality


def holes(
    series: Sequence[History], earliest: float, since: float, until: float, least: float
) -> list[tuple[float, float]]:
    """Times within [earliest, until) in which none of the series has a value, oldest first.

    Args:
        series: Series of one device on one grid; none when nothing of it is stored.
        earliest: UTC seconds before which nothing is looked for.
        since: When the device is known to have answered last. A hole that nothing was stored before begins here at
            the earliest: who was added to the site today has no hole of yesterday.
        until: When it answered again.
        least: Seconds below which a hole is not worth filling.
    """
    begin = max(earliest, since)
    if not series:
        return [(begin, until)] if until - begin >= least else []
    grid = series[0]
    there: NDArray[np.bool_] = np.any([one.quality < Quality.NOT_POLLED for one in series], axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate(([True], there, [True])).astype(np.int8)))
    found: list[tuple[float, float]] = []
    for first, after in edges.reshape(-1, 2).tolist():
        start = grid.start + grid.step * first if first else begin
        stop = min(grid.start + grid.step * after, until)
        if stop - max(start, earliest) >= least:
            found.append((max(start, earliest), stop))
    return found
