"""Roll-ups: mean, low, high and count of each bucket of samples, as columns that are decoded one by one.

Layout of a blob, little endian: format byte, how much finer than a step the mean is kept (u8, 16, or 1 when all means
are whole steps), scale in steps per unit (f64), lengths of the columns `low`, `high` and `count` (u32 each), then the
matrices of `bands`: the mean with the qualities (its checksum covers what stands before it), then the others. Low and
high are kept as distances in steps from the whole step below the mean, which are small and not negative. A bucket
without a good sample has count 0, no values, and the reason as its quality.
"""

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from console.store.history.bands import Cells, Matrix, Steps, encode_matrix, read_matrix, rows_in_band
from console.store.history.batches import decode_matrices
from console.store.history.codec import CorruptBlob
from console.store.history.quantise import GREATEST, Codes, Floats, Integers
from drivers.core.points import PointKind
from drivers.core.reading import Quality

Flags: TypeAlias = NDArray[np.bool_]

MEAN: Final = "mean"
LOW: Final = "low"
HIGH: Final = "high"
COUNT: Final = "count"
COLUMNS: Final = (MEAN, LOW, HIGH, COUNT)
"""What can be decoded alone; the qualities come with every column."""

FINER = 16
"""Steps of a mean in one step of its point."""

_FORMAT = 1
_FINER_BITS = 4
_HEAD = struct.Struct("<BBd3I")


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


def encode_rollup(stats: Stats, scale: float) -> bytes:
    """The blob of series x buckets; `scale` is steps per unit of the point."""
    rows = rows_in_band(stats.count.shape[1])
    some = stats.count > 0
    quality = np.where(some, stats.quality, np.maximum(stats.quality, np.uint8(Quality.NOT_POLLED)))
    mean = _to_steps(stats.mean, some, scale * FINER)
    whole = mean >> _FINER_BITS
    finer = FINER
    if not (mean & (FINER - 1)).any():
        finer, mean = 1, whole
    low = np.where(some, whole - _to_steps(stats.low, some, scale), 0)
    high = np.where(some, _to_steps(stats.high, some, scale) - whole, 0)
    others = [encode_matrix(column, None, rows) for column in (low, high, stats.count)]
    head = _HEAD.pack(_FORMAT, finer, scale, *(len(column) for column in others))
    return b"".join((encode_matrix(mean, quality, rows, head), *others))


def _to_steps(values: Floats, some: Flags, scale: float) -> Integers:
    steps = np.rint(np.where(some, values, 0.0) * scale)
    return np.clip(steps, -GREATEST * FINER, GREATEST * FINER).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Rollup:
    finer: int
    scale: float
    matrices: dict[str, Matrix]


def _read(blob: bytes) -> _Rollup:
    if len(blob) < _HEAD.size or blob[0] != _FORMAT:
        raise CorruptBlob(f"no roll-up of format {_FORMAT}: {blob[:1].hex() or 'empty'}")
    view = memoryview(blob)
    _, finer, scale, *lengths = _HEAD.unpack_from(blob)
    mean = read_matrix(view, _HEAD.size)
    if finer not in {1, FINER} or not (np.isfinite(scale) and scale > 0):
        raise CorruptBlob("a roll-up has a scale that means nothing")
    if mean.size + sum(lengths) != len(blob):
        raise CorruptBlob("a roll-up's size does not follow from its header")
    found = {MEAN: mean}
    at = mean.size
    for name, length in zip(COLUMNS[1:], lengths, strict=True):
        found[name] = read_matrix(view[at : at + length])
        at += length
        if found[name].size != length or (found[name].series, found[name].slots) != (mean.series, mean.slots):
            raise CorruptBlob("a column does not fit its roll-up")
    return _Rollup(finer, scale, found)


def decode_rollup(blob: bytes, columns: Collection[str] = COLUMNS, rows: Integers | None = None) -> Stats:
    """The wanted columns of all series, or of the given rows alone; the others come empty, qualities always come.

    A row beyond the tile belongs to a series that came later: NOT_POLLED. Raises `CorruptBlob`.
    """
    return decode_rollups((blob,), columns, rows)[0]


def decode_rollups(
    blobs: Sequence[bytes], columns: Collection[str] = COLUMNS, rows: Integers | None = None
) -> list[Stats]:
    """The same of many blobs at once, which is quicker than one after another. Raises `CorruptBlob`."""
    rollups = [_read(blob) for blob in blobs]
    means = decode_matrices([rollup.matrices[MEAN] for rollup in rollups], rows)
    others = {
        name: decode_matrices([rollup.matrices[name] for rollup in rollups], rows)
        for name in COLUMNS[1:]
        if name in columns
    }
    return [
        _stats(rollup, mean, {name: cells[at].steps for name, cells in others.items()}, MEAN in columns)
        for at, (rollup, mean) in enumerate(zip(rollups, means, strict=True))
    ]


def _stats(rollup: _Rollup, mean: Cells, others: dict[str, Integers], with_mean: bool) -> Stats:
    missing = mean.quality >= Quality.NOT_POLLED
    gaps = bool(missing.any())

    def values(steps: Integers, per_unit: float) -> Floats:
        found: Floats = steps / per_unit
        if gaps:
            found[missing] = np.nan
        return found

    empty = np.empty((0, 0))
    scale = rollup.scale
    whole = mean.steps >> _FINER_BITS if rollup.finer == FINER else mean.steps
    return Stats(
        values(mean.steps, scale * rollup.finer) if with_mean else empty,
        values(whole - others[LOW], scale) if LOW in others else empty,
        values(whole + others[HIGH], scale) if HIGH in others else empty,
        _counts(others[COUNT], missing, gaps) if COUNT in others else np.empty((0, 0), np.int64),
        mean.quality,
    )


def _counts(counts: Integers, missing: Flags, gaps: bool) -> Integers:
    # A row beyond the tile has no count of its own.
    if gaps:
        counts[missing] = 0
    return counts
