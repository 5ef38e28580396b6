"""Turning a series into what a row of pixels can show: at most a minimum and a maximum per pixel column."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath, QPolygonF

Floats = NDArray[np.float64]


def decimate(times: Floats, values: Floats, start: float, stop: float, columns: int) -> tuple[Floats, Floats]:
    """The part of a series inside [start, stop], with its neighbours, as at most two points per pixel column.

    The smallest and the largest value of each column survive, in the order of their times, so no spike is lost.
    NaN marks a gap and survives where a whole column is NaN. Series that are already short come back unchanged.

    Args:
        times: UTC seconds, ascending.
        values: As many, in the plot's unit.
        start: Left end, UTC seconds.
        stop: Right end, UTC seconds.
        columns: Pixel columns of the plot.
    """
    first = max(int(np.searchsorted(times, start, "left")) - 1, 0)
    last = min(int(np.searchsorted(times, stop, "right")) + 1, len(times))
    times, values = times[first:last], values[first:last]
    if columns < 1 or len(times) <= 2 * columns or stop <= start:
        return times, values
    slot = np.clip((times - start) * (columns / (stop - start)), -1, columns).astype(np.int64)
    edges = np.flatnonzero(np.diff(slot, prepend=slot[0] - 1))
    finite = np.isfinite(values)
    lows = np.minimum.reduceat(np.where(finite, values, np.inf), edges)
    highs = np.maximum.reduceat(np.where(finite, values, -np.inf), edges)
    empty = lows > highs
    lows[empty] = highs[empty] = np.nan
    ends = np.append(edges[1:], len(values))
    rising = values[ends - 1] >= values[edges]
    out_times = np.repeat(times[edges], 2)
    out_values = np.empty(2 * len(edges))
    out_values[0::2] = np.where(rising, lows, highs)
    out_values[1::2] = np.where(rising, highs, lows)
    return out_times, out_values


def runs(values: Floats) -> list[tuple[int, int]]:
    """First and one past the last index of each unbroken run of finite values."""
    finite = np.concatenate(([False], np.isfinite(values), [False]))
    edges = np.flatnonzero(np.diff(finite.astype(np.int8)))
    return [(int(first), int(last)) for first, last in zip(edges[0::2], edges[1::2], strict=True)]


def polygons(xs: Floats, ys: Floats) -> list[QPolygonF]:
    """Lines in pixels, one per unbroken run; a lone point becomes a line of one pixel so that it is seen."""
    made = []
    for first, last in runs(ys):
        if last - first == 1:
            x, y = float(xs[first]), float(ys[first])
            made.append(QPolygonF([QPointF(x - 0.5, y), QPointF(x + 0.5, y)]))
        else:
            pairs = zip(xs[first:last].tolist(), ys[first:last].tolist(), strict=True)
            made.append(QPolygonF([QPointF(x, y) for x, y in pairs]))
    return made


def envelope(xs: Floats, lows: Floats, highs: Floats) -> QPainterPath:
    """The area between two lines in pixels, one closed piece per unbroken run."""
    path = QPainterPath()
    for first, last in runs(lows + highs):
        upper = zip(xs[first:last].tolist(), highs[first:last].tolist(), strict=True)
        lower = zip(xs[first:last][::-1].tolist(), lows[first:last][::-1].tolist(), strict=True)
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in (*upper, *lower)]))
        path.closeSubpath()
    return path
