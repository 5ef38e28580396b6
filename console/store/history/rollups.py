"""Roll-ups: mean, low, high and count of each bucket of samples, as columns that are decoded one by one.

Layout of a blob (format 1), little endian: format byte, how much finer than a step the mean is kept (u8, 16, or 1 when
all means are whole steps), scale in steps per unit (f64), lengths of the columns `low`, `high` and `count` (u32 each),
then the matrices of `bands`: the mean with the qualities (its checksum covers what stands before it), then the others.
Low and high stand for themselves, in steps; where all means are whole steps, which counters and states are, they are
kept as distances from the mean. A bucket without a good sample has count 0, no values, and the reason as its quality.

A long tile of which mostly a part is asked for (a month of a year's days) is made of blocks along its buckets (format
2): format byte, number of blocks (u8), buckets (u16) and length (u32) of each, CRC-32 of all that, then a blob of
format 1 for each.
"""

import struct
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np

from console.store.history.bands import Cells, Matrix, encode_matrix, filled_up, read_matrix, rows_in_band
from console.store.history.batches import decode_matrices, decode_values
from console.store.history.codec import CorruptBlob
from console.store.history.quantise import GREATEST, Codes, Floats, Integers
from console.store.history.stats import Flags, Stats, combined, reduce_raw, reduce_stats
from console.store.history.tiles import SERIES
from drivers.core.reading import Quality

__all__ = [
    "COLUMNS",
    "COUNT",
    "HIGH",
    "LOW",
    "MEAN",
    "Stats",
    "combined",
    "decode_rollup",
    "decode_rollups",
    "encode_rollup",
    "reduce_raw",
    "reduce_stats",
]

MEAN: Final = "mean"
LOW: Final = "low"
HIGH: Final = "high"
COUNT: Final = "count"
COLUMNS: Final = (MEAN, LOW, HIGH, COUNT)
"""What can be decoded alone; the qualities come with every column."""

FINER = 16
"""Steps of a mean in one step of its point."""

_FORMAT = 1
_BLOCKS = 2
_HEAD = struct.Struct("<BBd3I")
_BLOCKS_HEAD = struct.Struct("<BB")
_BLOCK = struct.Struct("<HI")
_CRC = struct.Struct("<I")


def encode_rollup(stats: Stats, scale: float, blocks: Sequence[int] = ()) -> bytes:
    """The blob of series x buckets; `scale` is steps per unit of the point.

    `blocks` are the buckets of each block, together those of the stats, when parts are to be read alone.
    """
    if len(blocks) < 2:
        return _encode(stats, scale)
    stops = list(accumulate(blocks))
    parts = [_encode(stats.part(slice(stop - size, stop)), scale) for size, stop in zip(blocks, stops, strict=True)]
    head = _BLOCKS_HEAD.pack(_BLOCKS, len(parts))
    head += b"".join(_BLOCK.pack(size, len(part)) for size, part in zip(blocks, parts, strict=True))
    return b"".join((head, _CRC.pack(zlib.crc32(head)), *parts))


def _encode(stats: Stats, scale: float) -> bytes:
    rows = rows_in_band(stats.count.shape[1])
    some = stats.count > 0
    quality = np.where(some, stats.quality, np.maximum(stats.quality, np.uint8(Quality.NOT_POLLED)))
    mean, low, high = (
        _to_steps(column, some, per_unit)
        for column, per_unit in ((stats.mean, scale * FINER), (stats.low, scale), (stats.high, scale))
    )
    if not some.all():
        mean, low, high = (filled_up(column, quality) for column in (mean, low, high))
    finer = FINER
    if not (mean & (FINER - 1)).any():
        finer, mean = 1, mean // FINER
        low, high = mean - low, high - mean
    others = [encode_matrix(column, None, rows) for column in (low, high, stats.count)]
    head = _HEAD.pack(_FORMAT, finer, scale, *(len(column) for column in others))
    return b"".join((encode_matrix(mean, quality, rows, head), *others))


def _to_steps(values: Floats, some: Flags, scale: float) -> Integers:
    steps = np.rint(np.where(some, values, 0.0) * scale)
    return np.clip(steps, -GREATEST * FINER, GREATEST * FINER).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Rollup:
    """A blob of format 1: the matrices of the columns that are wanted."""

    finer: int
    scale: float
    matrices: Mapping[str, Matrix]

    @property
    def shape(self) -> tuple[int, int]:
        """Series and buckets."""
        return self.matrices[MEAN].series, self.matrices[MEAN].slots


def _read(blob: memoryview, others: Collection[str]) -> _Rollup:
    """Check a blob of format 1, and find the mean and the other columns that are wanted."""
    if len(blob) < _HEAD.size or blob[0] != _FORMAT:
        raise CorruptBlob(f"no roll-up of a known format: {bytes(blob[:1]).hex() or 'empty'}")
    _, finer, scale, *lengths = _HEAD.unpack_from(blob)
    if finer not in {1, FINER} or not (np.isfinite(scale) and scale > 0):
        raise CorruptBlob("a roll-up has a scale that means nothing")
    mean = read_matrix(blob, _HEAD.size)
    if mean.size + sum(lengths) != len(blob) or mean.series > SERIES:
        raise CorruptBlob("a roll-up's size does not follow from its header")
    found = {MEAN: mean}
    at = mean.size
    for name, length in zip(COLUMNS[1:], lengths, strict=True):
        if name in others:
            column = found[name] = read_matrix(blob[at : at + length])
            if column.size != length or (column.series, column.slots) != (mean.series, mean.slots):
                raise CorruptBlob("a column does not fit its roll-up")
        at += length
    return _Rollup(finer, scale, found)


def _read_blocks(blob: bytes, others: Collection[str], buckets: range | None) -> tuple[int, list[_Rollup]]:
    """The blocks that hold some of the buckets, one at least, and the bucket that the first of them begins with."""
    view = memoryview(blob)
    if blob[:1] != bytes([_BLOCKS]):
        return 0, [_read(view, others)]
    if len(blob) < _BLOCKS_HEAD.size:
        raise CorruptBlob("a roll-up ends within its header")
    _, count = _BLOCKS_HEAD.unpack_from(blob)
    at = _BLOCKS_HEAD.size + count * _BLOCK.size
    if not count or len(blob) < at + _CRC.size or zlib.crc32(view[:at]) != _CRC.unpack_from(blob, at)[0]:
        raise CorruptBlob("a roll-up fails its checksum")
    sizes = list(_BLOCK.iter_unpack(view[_BLOCKS_HEAD.size : at]))
    at += _CRC.size
    if at + sum(length for _, length in sizes) != len(blob):
        raise CorruptBlob("a roll-up's size does not follow from its header")
    stop, first = 0, 0
    found: list[_Rollup] = []
    for number, (size, length) in enumerate(sizes):
        start, stop = stop, stop + size
        overlaps = buckets is None or (start < buckets.stop and stop > buckets.start)
        if overlaps or (number == count - 1 and not found):
            first = first if found else start
            found.append(_read(view[at : at + length], others))
            if found[-1].shape != (found[0].shape[0], size):
                raise CorruptBlob("a block does not fit its roll-up")
        at += length
    return first, found


def decode_rollup(
    blob: bytes, columns: Collection[str] = COLUMNS, rows: Integers | None = None, buckets: range | None = None
) -> Stats:
    """The wanted columns of all series, or of the given rows alone; the others come empty, qualities always come.

    A row beyond the tile belongs to a series that came later: NOT_POLLED. With `buckets` just these, fewer where the
    tile ends before them; blocks that hold none of them are not decoded.

    Raises:
        CorruptBlob: Wrong format, checksum or size.
    """
    return decode_rollups((blob,), columns, rows, buckets)[0]


def decode_rollups(
    blobs: Sequence[bytes],
    columns: Collection[str] = COLUMNS,
    rows: Integers | None = None,
    buckets: range | None = None,
) -> list[Stats]:
    """The same of many blobs at once, which is quicker than one after another. Raises `CorruptBlob`."""
    others = [name for name in COLUMNS[1:] if name in columns]
    blocks = [_read_blocks(blob, others, buckets) for blob in blobs]
    parts = iter(_decode([rollup for _, rollups in blocks for rollup in rollups], columns, rows))
    found: list[Stats] = []
    for first, rollups in blocks:
        stats = [next(parts) for _ in rollups]
        whole = stats[0] if len(stats) == 1 else Stats.joined(stats)
        if buckets is not None:
            whole = whole.part(slice(max(0, buckets.start - first), max(0, buckets.stop - first)))
        found.append(whole)
    return found


def _decode(rollups: Sequence[_Rollup], columns: Collection[str], rows: Integers | None) -> list[Stats]:
    means = decode_values([one.matrices[MEAN] for one in rollups], [one.scale * one.finer for one in rollups], rows)
    counts: Sequence[Cells | None] = [None] * len(rollups)
    if COUNT in columns:
        counts = decode_matrices([one.matrices[COUNT] for one in rollups], rows)
    sides = {
        side: decode_values([one.matrices[side] for one in rollups], [one.scale for one in rollups], rows)
        for side in (LOW, HIGH)
        if side in columns
    }
    return [
        _stats(rollup, means[at], {side: found[at][0] for side, found in sides.items()}, counts[at], MEAN in columns)
        for at, rollup in enumerate(rollups)
    ]


def _stats(
    rollup: _Rollup, mean: tuple[Floats, Codes], sides: Mapping[str, Floats], count: Cells | None, with_mean: bool
) -> Stats:
    values, quality = mean
    missing = quality >= Quality.NOT_POLLED if quality.any() else None
    low, high = (_side(rollup, values, sides.get(side), sign, missing) for side, sign in ((LOW, -1), (HIGH, 1)))
    counted = np.empty((0, 0), np.int64)
    if count is not None:
        counted = count.steps if missing is None else np.where(missing, 0, count.steps)
    return Stats(values if with_mean else np.empty((0, 0)), low, high, counted, quality)


def _side(rollup: _Rollup, mean: Floats, stored: Floats | None, sign: int, missing: Flags | None) -> Floats:
    if stored is None:
        return np.empty((0, 0))
    found = stored
    if rollup.finer == 1:
        # In whole steps, so that the figure is the very float that a sample of that many steps has.
        steps = np.rint(mean * rollup.scale) + sign * np.rint(stored * rollup.scale)
        found = steps / rollup.scale
    if missing is not None:
        found[missing] = np.nan
    return found
