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

_NARROW = 1 << 30
"""Steps below which differences fit 32 bits, too."""


def scale_of(point: str) -> float:
    """Steps per unit of a point. Dividing by it gives the nearest float of a decimal, multiplying by 0.1 would not."""
    scale = 1.0 / POINTS[point].quantum
    return float(round(scale)) if scale >= 1 else scale


def to_steps(values: Floats, quality: Codes, scale: Floats | float) -> tuple[NDArray[np.signedinteger], Codes]:
    """Round values to steps: int32 where all of them fit, else int64. The codes are new only where they differ.

    A value that cannot be kept exactly (beyond `GREATEST` steps, infinite) is cut and becomes SUSPECT. NaN beside a
    quality that promises a value becomes NOT_REPORTED; a value beside a quality that denies one is dropped.
    """
    with np.errstate(over="ignore"):  # an overflow becomes infinite, and is cut below
        steps = values * scale
    np.rint(steps, out=steps)
    if not steps.size:
        return steps.astype(np.int32), quality
    codes = quality
    # NaN goes through min and max, so that the usual case is told by two passes.
    least, greatest = steps.min(), steps.max()
    if quality.any() or not (-GREATEST <= least and greatest <= GREATEST):
        codes = _settle(steps, quality)
        least, greatest = steps.min(), steps.max()
    return steps.astype(np.int32 if -_NARROW < least and greatest < _NARROW else np.int64), codes


def _settle(steps: Floats, quality: Codes) -> Codes:
    """Codes for values that are missing or beyond; their steps are changed in place."""
    codes = quality.copy()
    missing = np.isnan(steps)
    codes[missing & (codes < Quality.NOT_POLLED)] = Quality.NOT_REPORTED
    steps[codes >= Quality.NOT_POLLED] = 0.0
    beyond = np.abs(steps) > GREATEST
    if beyond.any():
        np.clip(steps, -GREATEST, GREATEST, out=steps)
        codes[beyond] = Quality.SUSPECT
    return codes


def to_values(steps: NDArray[np.signedinteger], quality: Codes, scale: Floats | float) -> Floats:
    """The values of steps; NaN where the quality says that there is none."""
    values: Floats = steps / scale
    values[quality >= Quality.NOT_POLLED] = np.nan
    return values
