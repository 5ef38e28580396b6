"""The value axis of a plot: its range, its round marks, its figures as text."""

import math

import numpy as np

from widgets.view_models.common import PlotView

AIR = 0.07
"""Share of the range left free above and below."""
REACH = 1.5
"""A limit further from the data than this many times its extent is left outside the picture."""
ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


def value_range(plot: PlotView, start: float, stop: float) -> tuple[float, float]:
    """Lower and upper end of the value axis for what is visible between two instants.

    Band and limits near the data are kept in the picture, because a value means nothing without them.
    """
    lows, highs = [], []
    for trace in plot.traces:
        first = max(int(np.searchsorted(trace.times, start, "left")) - 1, 0)
        last = int(np.searchsorted(trace.times, stop, "right")) + 1
        lower = trace.values if trace.low is None else trace.low
        upper = trace.values if trace.high is None else trace.high
        seen = np.concatenate((lower[first:last], upper[first:last]))
        seen = seen[np.isfinite(seen)]
        if seen.size:
            lows.append(float(seen.min()))
            highs.append(float(seen.max()))
    if not lows:
        lows, highs = _marks_of(plot), _marks_of(plot)
    if not lows:
        return 0.0, 1.0
    low, high = min(lows), max(highs)
    extent = max(high - low, 0.04 * max(abs(low), abs(high)), 1e-9)
    for mark in _marks_of(plot):
        if low - REACH * extent <= mark <= high + REACH * extent:
            lows.append(mark)
            highs.append(mark)
    low, high = min(lows), max(highs)
    air = (high - low) * AIR or extent * 0.5
    return (max(low - air, 0.0) if low >= 0 else low - air), high + air


def _marks_of(plot: PlotView) -> list[float]:
    """Values of the band's edges and the limits that are finite."""
    marks = [limit.value for limit in plot.limits]
    if plot.band is not None:
        marks += plot.band
    return [mark for mark in marks if math.isfinite(mark)]


def round_step(low: float, high: float, most: int) -> float:
    """The smallest round step that gives at most `most` marks between two values."""
    rough = max(high - low, 1e-12) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in ROUND if step * power >= rough * 0.999)


def value_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Round values between two ends with their text."""
    step = round_step(low, high, most)
    digits = digits_for(step)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [(index * step, figure(index * step, digits)) for index in range(first, last + 1)]


def digits_for(step: float) -> int:
    """Decimals that a step needs."""
    if step >= 1 and math.isclose(step, round(step)):
        return 0
    return next((digits for digits in range(1, 5) if math.isclose(step * 10**digits, round(step * 10**digits))), 4)


def figure(value: float, digits: int) -> str:
    """A number as the console writes it: thousands separated, minus as U+2212."""
    return f"{value:,.{digits}f}".replace("-", "−")


def reading(value: float, low: float, high: float) -> str:
    """A value under the cursor, with a tenth of the axis' own step as its last digit."""
    digits = digits_for(round_step(low, high, 40))
    return figure(value, 0 if abs(value) >= 1000 else min(max(digits, 1), 3))
