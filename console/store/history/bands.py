"""Matrices of integers in bands: some series together as one zstd frame that is decoded without the others.

Layout of a matrix, little endian: number of series (u16), slots (u16), series in a band (u16), then for each band its
entry - width of the bases and of the residuals in bytes (u8 each), flags (u8), divisor (u16), length (u32) and CRC-32
(u32) of its frame -, the CRC-32 of all that (u32), then the frames. The plain body of a band holds one bit for each
series when they are of both kinds, the byte planes of the bases (as differences from series to series), the byte planes
of the residuals (series-major) and, unless all are good, one quality byte for each sample.

A series is of one of two kinds, whichever is the smaller: its residuals are differences from slot to slot, its base the
first integer; or they are distances from its base, an integer near the mean. Noise is half a bit a sample shorter so.
What all residuals of a band are a multiple of (a device that reports its fans in steps of 30 rpm) is divided out.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from console.store.history.codec import (
    CorruptBlob,
    compress_planes,
    decompress,
    narrow,
    pack,
    to_planes,
    width_of,
    zigzag,
)
from console.store.history.quantise import Codes, Floats, Integers
from drivers.core.reading import Quality

Steps: TypeAlias = NDArray[np.signedinteger]

_FRONT = struct.Struct("<HHH")
_ENTRY = struct.Struct("<BBBHII")
_CRC = struct.Struct("<I")
_WIDTHS = (0, 1, 2, 4, 8)

HAS_QUALITY = 1
"""Not all samples are good: quality bytes follow."""
ALL_AROUND = 2
"""All series are distances from their bases."""
OF_BOTH_KINDS = 4
"""Series of both kinds: one bit for each says which."""
_FLAGS = (0, HAS_QUALITY, ALL_AROUND, ALL_AROUND | HAS_QUALITY, OF_BOTH_KINDS, OF_BOTH_KINDS | HAS_QUALITY)

_CELLS = 16_384
"""Samples in a band. Half as many cost 1 % more bytes and read a day of one series no quicker (measured)."""

_MOST_ROWS = 256

_MOST_CELLS = 1 << 24
"""More than any matrix has; what claims more is not worth the memory."""

_MOST_DIVIDED = 65_535

_BITS_FOR_ONE_KIND = 0.02
"""Bits a sample that a band may cost more for being of one kind."""

_FEWEST_SLOTS = 16
"""With fewer slots all series are kept as differences: what a base near the mean gains is not worth finding it."""

_SAMPLED = 16
"""Slots looked at to choose a series' kind and base."""


@dataclass(frozen=True, slots=True)
class Band:
    """A band as its entry tells it, with its frame."""

    series: int
    base_width: int
    width: int
    flags: int
    divisor: int
    crc: int
    frame: memoryview

    def size(self, slots: int) -> int:
        """Bytes of the plain body."""
        kinds = -(-self.series // 8) if self.flags & OF_BOTH_KINDS else 0
        cells = self.series * slots
        return kinds + self.base_width * self.series + cells * (self.width + (self.flags & HAS_QUALITY))


@dataclass(frozen=True, slots=True)
class Matrix:
    """An encoded matrix, its frames not yet touched.

    Attributes:
        series: Rows.
        slots: Columns.
        rows: Series in each band, fewer in the last.
        size: Bytes of the whole, with what stands before it.
        blob: The whole.
        entries: Of each band: width of the bases, of the residuals, flags, divisor, length and checksum of its frame.
        begins: Where in the blob each frame begins.
    """

    series: int
    slots: int
    rows: int
    size: int
    blob: memoryview
    entries: Sequence[tuple[int, int, int, int, int, int]]
    begins: Sequence[int]

    def band(self, number: int) -> Band:
        """One of the bands; raises `CorruptBlob` when its entry means nothing."""
        base_width, width, flags, divisor, length, crc = self.entries[number]
        if base_width not in _WIDTHS or width not in _WIDTHS or flags not in _FLAGS or not divisor:
            raise CorruptBlob("a band's entry means nothing")
        begin = self.begins[number]
        series = min(self.rows, self.series - number * self.rows)
        return Band(series, base_width, width, flags, divisor, crc, self.blob[begin : begin + length])


@dataclass(frozen=True, slots=True)
class Cells:
    """Decoded integers and qualities, series x slots. Beside a missing quality the integer means nothing."""

    steps: Integers
    quality: Codes


def rows_in_band(slots: int) -> int:
    """How many series of that many slots go into a band."""
    return max(1, min(_MOST_ROWS, _CELLS // max(1, slots)))


def encode_matrix(steps: Steps, quality: Codes | None, rows: int, head: bytes = b"") -> bytes:
    """Series x slots in bands of `rows` series. Integers beside a missing quality are not kept.

    `head` is put before it, and is covered by its checksum.
    """
    series, slots = steps.shape
    there = None if quality is None or not quality.any() else quality
    filled = narrow(steps if there is None else filled_up(steps, there))
    around, bases, residuals = _predict(filled, rows)
    entries: list[bytes] = []
    frames: list[bytes] = []
    for first in range(0, series, rows):
        mine = slice(first, first + rows)
        codes = None if there is None else there[mine]
        entry, frame = _encode_band(residuals[mine], bases[mine], around[mine], codes)
        entries.append(entry)
        frames.append(frame)
    front = head + _FRONT.pack(series, slots, rows) + b"".join(entries)
    return b"".join((front, _CRC.pack(zlib.crc32(front)), *frames))


def filled_up(steps: Steps, quality: Codes) -> Steps:
    """Each missing integer replaced by the one before it (the first one there is, at the start): differences of 0."""
    there = quality < Quality.NOT_POLLED
    gappy = np.flatnonzero(~there.all(axis=1))
    if not len(gappy):
        return steps
    mine = there[gappy]
    last = np.maximum.accumulate(np.where(mine, np.arange(steps.shape[1]), -1), axis=1)
    first = np.where(mine.any(axis=1), mine.argmax(axis=1), 0)
    source = np.where(last < 0, first[:, None], last)
    filled = steps.copy()
    found = np.take_along_axis(steps[gappy], source, axis=1)
    found[~mine.any(axis=1)] = 0
    filled[gappy] = found
    return filled


def _predict(filled: Steps, rows: int) -> tuple[NDArray[np.bool_], Steps, Steps]:
    """Which series lie around their base, the bases, and the residuals; `rows` is the size of a band."""
    slots = filled.shape[1]
    bases = filled[:, 0].copy()
    around = np.zeros(len(filled), np.bool_)
    residuals = np.zeros_like(filled)
    np.subtract(filled[:, 1:], filled[:, :-1], out=residuals[:, 1:])
    if slots < _FEWEST_SLOTS or not residuals.any():
        return around, bases, residuals
    chosen = np.arange(1, slots, max(1, slots // _SAMPLED))
    sampled = filled.T[chosen].astype(np.int64)
    middle = np.rint(sampled.sum(axis=0) / len(chosen)).astype(np.int64)
    distance = np.abs(sampled - middle)
    change = np.abs(residuals.T[chosen]).sum(axis=0, dtype=np.int64)
    around = _kinds(distance.sum(axis=0) / len(chosen), change / len(chosen), rows)
    if around.any():
        nearest = sampled[distance.argmin(axis=0), np.arange(len(filled))]
        bases[around] = nearest[around]
        if around.all():
            np.subtract(filled, bases[:, None], out=residuals)
        else:
            residuals[around] = filled[around] - bases[around, None]
    return around, bases, residuals


def _kinds(distance: Floats, change: Floats, rows: int) -> NDArray[np.bool_]:
    """Which series lie around their base: those whose distances from it are shorter than their changes.

    A band of one kind is decoded twice as quickly, so where that costs next to nothing it gets one.
    """
    far, fast = np.log2(1.0 + distance), np.log2(1.0 + change)
    around: NDArray[np.bool_] = distance * 10 < change * 9
    for first in range(0, len(around), rows):
        mine = slice(first, first + rows)
        shortest = np.where(around[mine], far[mine], fast[mine]).sum()
        allowed = shortest + _BITS_FOR_ONE_KIND * len(far[mine])
        if far[mine].sum() <= allowed:
            around[mine] = True
        elif fast[mine].sum() <= allowed:
            around[mine] = False
    return around


def _divisor(residuals: Steps) -> int:
    """The greatest number, up to `_MOST_DIVIDED`, that divides all; looks at all only if it divides some of them."""
    some = int(np.gcd.reduce(residuals[::8, ::8], axis=None))
    if not 1 < some <= _MOST_DIVIDED or (residuals % some).any():
        return 1
    return some


def _encode_band(
    residuals: Steps, bases: Steps, around: NDArray[np.bool_], quality: Codes | None
) -> tuple[bytes, bytes]:
    divisor = _divisor(residuals)
    folded = zigzag(residuals if divisor == 1 else residuals // divisor)
    width = width_of(int(folded.max()) if folded.size else 0)
    base_width, base_planes = pack(_changes(bases))
    flags = 0
    kinds = b""
    if around.all():
        flags = ALL_AROUND
    elif around.any():
        flags = OF_BOTH_KINDS
        kinds = np.packbits(around).tobytes()
    codes = b""
    if quality is not None and quality.any():
        flags |= HAS_QUALITY
        codes = quality.tobytes()
    planes = (kinds + base_planes, *to_planes(folded, width), codes)
    frame = compress_planes(planes) if any(planes) else b""
    return _ENTRY.pack(base_width, width, flags, divisor, len(frame), zlib.crc32(frame)), frame


def _changes(bases: Steps) -> Integers:
    found = bases.astype(np.int64)
    found[1:] -= bases[:-1]
    return found


def read_matrix(blob: memoryview, head: int = 0) -> Matrix:
    """Check the front of an encoded matrix and find its frames; `head` bytes stand before it.

    Raises:
        CorruptBlob: The front is damaged.
    """
    entries = head + _FRONT.size
    if len(blob) < entries:
        raise CorruptBlob("a matrix ends within its header")
    series, slots, rows = _FRONT.unpack_from(blob, head)
    if not rows or series * slots > _MOST_CELLS:
        raise CorruptBlob(f"a matrix has {series} series of {slots} slots in bands of {rows}")
    at = entries + _ENTRY.size * -(-series // rows)
    if len(blob) < at + _CRC.size:
        raise CorruptBlob("a matrix ends within its header")
    if zlib.crc32(blob[:at]) != _CRC.unpack_from(blob, at)[0]:
        raise CorruptBlob("a matrix fails its checksum")
    found: list[tuple[int, int, int, int, int, int]] = list(_ENTRY.iter_unpack(blob[entries:at]))
    *begins, size = accumulate([length for *_, length, _ in found], initial=at + _CRC.size)
    if size > len(blob):
        raise CorruptBlob("a matrix ends within its frames")
    return Matrix(series, slots, rows, size, blob, found, begins)


def body_of(band: Band, slots: int) -> bytes:
    """The plain body of a band; raises `CorruptBlob` before allocating more than its entry says."""
    size = band.size(slots)
    if zlib.crc32(band.frame) != band.crc:
        raise CorruptBlob("a band fails its checksum")
    if not size:
        if len(band.frame):
            raise CorruptBlob("an empty band has a frame")
        return b""
    return decompress(band.frame, size)
