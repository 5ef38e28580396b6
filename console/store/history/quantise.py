"""Between values and the integers that are stored: whole steps of each point's quantum."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from drivers.core.points import POINTS
from drivers.core.reading import Quality

Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.uint8]

GREATEST = 1 << 53
"""Steps. Up to here a float64 holds every integer exactly; what lies beyond is cut to it and marked SUSPECT."""


def scale_of(point: str) -> float:
    """Steps per unit of a point. Dividing by it gives the nearest float of a decimal, multiplying by 0.1 would not."""
    scale = 1.0 / POINTS[point].quantum
    return float(round(scale)) if scale >= 1 else scale


def to_steps(values: Floats, quality: Codes, scale: Floats | float) -> tuple[Integers, Codes]:
    """Round values to steps. The arrays returned are new.

    A value that cannot be kept exactly (beyond `GREATEST` steps, infinite) is cut and becomes SUSPECT. NaN beside a
    quality that promises a value becomes NOT_REPORTED; a value beside a quality that denies one is dropped.
    """
    with np.errstate(over="ignore"):  # an overflow becomes infinite, and is cut below
        steps = np.rint(values * scale)
    codes = quality.copy()
    missing = np.isnan(steps)
    if missing.any():
        codes[missing & (codes < Quality.NOT_POLLED)] = Quality.NOT_REPORTED
    absent = codes >= Quality.NOT_POLLED
    if absent.any():
        steps[absent] = 0.0
    beyond = np.abs(steps) > GREATEST
    if beyond.any():
        np.clip(steps, -GREATEST, GREATEST, out=steps)
        codes[beyond] = Quality.SUSPECT
    return steps.astype(np.int64), codes


def to_values(steps: Integers, quality: Codes, scale: Floats | float) -> Floats:
    """The values of steps; NaN where the quality says that there is none."""
    values: Floats = steps / scale
    values[quality >= Quality.NOT_POLLED] = np.nan
    return values
