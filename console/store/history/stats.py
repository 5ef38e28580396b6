"""Samples reduced to buckets: mean, low, high and count of each, and what quality went in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from console.store.history.bands import Steps
from console.store.history.quantise import Codes, Floats, Integers
from drivers.core.points import PointKind
from drivers.core.reading import Quality

Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stats:
    """Figures of buckets, series x buckets, in units of the point.

    Attributes:
        mean: Mean of the good samples of a gauge, the last of a counter or enumeration; NaN where there is none.
        low, high: Smallest and greatest good sample; NaN where there is none.
        count: Good samples.
        quality: The worst that went in, or why nothing did.

    A column that was not asked for when decoding is empty (no series, no buckets).
    """

    mean: Floats
    low: Floats
    high: Floats
    count: Integers
    quality: Codes

    @classmethod
    def joined(cls, parts: Sequence["Stats"]) -> "Stats":
        """One after another along the buckets; a part with fewer series is filled up with NOT_POLLED."""
        series = max(len(part.quality) for part in parts)
        grown = [part.grown(series) for part in parts]
        return cls(
            np.concatenate([part.mean for part in grown], axis=1),
            np.concatenate([part.low for part in grown], axis=1),
            np.concatenate([part.high for part in grown], axis=1),
            np.concatenate([part.count for part in grown], axis=1),
            np.concatenate([part.quality for part in grown], axis=1),
        )

    @classmethod
    def stacked(cls, parts: Mapping[int, "Stats"]) -> "Stats":
        """Series below one another, each part from its row on; the rows between them were not polled."""
        buckets = max(part.quality.shape[1] for part in parts.values())
        found = cls.nothing(max(row + len(part.quality) for row, part in parts.items()), buckets)
        for row, part in parts.items():
            at = slice(row, row + len(part.quality)), slice(0, part.quality.shape[1])
            found.mean[at], found.low[at], found.high[at] = part.mean, part.low, part.high
            found.count[at], found.quality[at] = part.count, part.quality
        return found

    @classmethod
    def nothing(cls, series: int, buckets: int) -> "Stats":
        """Nobody was polled."""
        shape = (series, buckets)
        missing = np.full(shape, np.nan)
        quality = np.full(shape, Quality.NOT_POLLED, np.uint8)
        return cls(missing, missing.copy(), missing.copy(), np.zeros(shape, np.int64), quality)

    def grown(self, series: int) -> "Stats":
        """With more series, which nobody polled."""
        more = series - len(self.quality)
        if more <= 0:
            return self
        added = Stats.nothing(more, self.quality.shape[1])
        return Stats(
            np.concatenate([self.mean, added.mean]),
            np.concatenate([self.low, added.low]),
            np.concatenate([self.high, added.high]),
            np.concatenate([self.count, added.count]),
            np.concatenate([self.quality, added.quality]),
        )

    def of_rows(self, rows: slice) -> "Stats":
        """Some of the series; a view."""
        return Stats(self.mean[rows], self.low[rows], self.high[rows], self.count[rows], self.quality[rows])

    def part(self, buckets: slice) -> "Stats":
        """Some of the buckets; a view."""
        return Stats(
            self.mean[:, buckets],
            self.low[:, buckets],
            self.high[:, buckets],
            self.count[:, buckets],
            self.quality[:, buckets],
        )


def reduce_raw(steps: Steps, quality: Codes, slots_per_bucket: int, scale: Floats | float, kind: PointKind) -> Stats:
    """Samples (series x slots, in steps) to buckets of that many slots; the slots must be a whole multiple.

    `scale` is steps per unit: one number, or one for each series as a column.
    """
    fresh = quality < Quality.STALE
    if slots_per_bucket == 1:
        values = np.where(fresh, steps / scale, np.nan)
        return Stats(values, values.copy(), values.copy(), fresh.astype(np.int64), _single(quality, fresh))
    slices = [slice(at, None, slots_per_bucket) for at in range(slots_per_bucket)]
    if not quality.any():
        return _all_good(steps, slices, scale, kind)
    gappy: Flags = np.asarray(quality.any(axis=1))
    whole = ~gappy
    found = _empty_like(quality[:, ::slots_per_bucket])
    mixed = _with_gaps(steps[gappy], quality[gappy], fresh[gappy], slices, _rows_of(scale, gappy), kind)
    _put(found, gappy, mixed)
    if whole.any():
        _put(found, whole, _all_good(steps[whole], slices, _rows_of(scale, whole), kind))
    return found


def _rows_of(scale: Floats | float, rows: Flags) -> Floats | float:
    return scale[rows] if isinstance(scale, np.ndarray) else scale


def _single(quality: Codes, fresh: Flags) -> Codes:
    return np.where(fresh | (quality >= Quality.NOT_POLLED), quality, np.uint8(Quality.NOT_POLLED))


def _empty_like(quality: Codes) -> Stats:
    shape = quality.shape
    return Stats(
        np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape, np.int64), np.empty(shape, np.uint8)
    )


def _put(found: Stats, rows: Flags, part: Stats) -> None:
    found.mean[rows] = part.mean
    found.low[rows] = part.low
    found.high[rows] = part.high
    found.count[rows] = part.count
    found.quality[rows] = part.quality


def _all_good(steps: Steps, slices: Sequence[slice], scale: Floats | float, kind: PointKind) -> Stats:
    # One pass over whole columns for each slot of a bucket: numpy is slow over a short last axis.
    first = steps[:, slices[0]]
    low, high = first.copy(), first.copy()
    total = first.astype(np.int64)
    for at in slices[1:]:
        column = steps[:, at]
        np.minimum(low, column, out=low)
        np.maximum(high, column, out=high)
        total += column
    shape = total.shape
    middle = total / len(slices) if kind is PointKind.GAUGE else steps[:, slices[-1]].astype(np.float64)
    return Stats(
        middle / scale, low / scale, high / scale, np.full(shape, len(slices), np.int64), np.zeros(shape, np.uint8)
    )


def _with_gaps(
    steps: Steps,
    quality: Codes,
    fresh: Flags,
    slices: Sequence[slice],
    scale: Floats | float,
    kind: PointKind,
) -> Stats:
    shape = steps[:, slices[0]].shape
    low = np.full(shape, np.iinfo(np.int64).max)
    high = np.full(shape, np.iinfo(np.int64).min)
    total, last, count = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    worst = np.zeros(shape, np.uint8)
    reason = np.full(shape, Quality.NOT_POLLED, np.uint8)
    for at in slices:
        column, good, code = steps[:, at].astype(np.int64), fresh[:, at], quality[:, at]
        np.minimum(low, column, out=low, where=good)
        np.maximum(high, column, out=high, where=good)
        np.add(total, column, out=total, where=good)
        np.copyto(last, column, where=good)
        np.maximum(worst, code, out=worst, where=good)
        np.maximum(reason, code, out=reason)
        count += good
    some = count > 0
    middle = total / np.maximum(count, 1) if kind is PointKind.GAUGE else last.astype(np.float64)
    found = [np.where(some, column / scale, np.nan) for column in (middle, low, high)]
    return Stats(found[0], found[1], found[2], count, np.where(some, worst, reason))


def reduce_stats(stats: Stats, buckets: int, kind: PointKind = PointKind.GAUGE) -> Stats:
    """Every `buckets` neighbours as one: means weighted by their counts, or the last of what is no gauge.

    The number of buckets must be a whole multiple.
    """
    slices = [slice(at, None, buckets) for at in range(buckets)]
    shape = stats.count[:, slices[0]].shape
    low, high = np.full(shape, np.nan), np.full(shape, np.nan)
    total, last, count = np.zeros(shape), np.full(shape, np.nan), np.zeros(shape, np.int64)
    worst = np.zeros(shape, np.uint8)
    reason = np.full(shape, Quality.NOT_POLLED, np.uint8)
    for at in slices:
        mean, weight = stats.mean[:, at], stats.count[:, at]
        some = weight > 0
        low = np.fmin(low, stats.low[:, at])
        high = np.fmax(high, stats.high[:, at])
        total += np.where(some, mean * weight, 0.0)
        np.copyto(last, mean, where=some)
        np.maximum(worst, stats.quality[:, at], out=worst, where=some)
        np.maximum(reason, stats.quality[:, at], out=reason)
        count += weight
    some = count > 0
    if kind is PointKind.GAUGE:
        last = np.where(some, total / np.maximum(count, 1), np.nan)
    return Stats(last, low, high, count, np.where(some, worst, reason))


def combined(one: Stats, other: Stats, gauges: Flags, later: Flags) -> Stats:
    """Buckets of the same series and time that hold different samples, such as those of two seats of a device.

    Means are weighted by their counts; of what is no gauge the later one's last value stands. What has good samples
    beats a value that is too old, which beats a reason.

    `gauges` says which buckets are of a gauge, `later` in which ones the other's samples are the later ones.
    """
    both = (one.count > 0) & (other.count > 0)
    valued, others = one.quality < Quality.NOT_POLLED, other.quality < Quality.NOT_POLLED
    taken = (one.count == 0) & ((other.count > 0) | (others & ~valued))
    weighted = (one.mean * one.count + other.mean * other.count) / np.maximum(one.count + other.count, 1)
    last = np.where(later, other.mean, one.mean)
    mean = np.where(both, np.where(gauges, weighted, last), np.where(taken, other.mean, one.mean))
    worst = np.maximum(one.quality, other.quality)
    return Stats(
        mean,
        np.where(both, np.fmin(one.low, other.low), np.where(taken, other.low, one.low)),
        np.where(both, np.fmax(one.high, other.high), np.where(taken, other.high, one.high)),
        one.count + other.count,
        np.where(both | ~(valued | others), worst, np.where(taken, other.quality, one.quality)),
    )
