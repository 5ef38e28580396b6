"""Tiles of format 1, which earlier versions wrote: read, never written.

Layout of a blob, little endian: format byte, width of the differences in bytes, flags, a spare byte, number of series
(u16), slots (u16), size of the plain body (u32), scale in steps per unit (f64), CRC-32 of all that and the frame
(u32), then a zstd frame of: the first integer of each series (i64), the byte planes of the differences from slot to
slot, and one quality byte for each sample unless all are good. Planes are series-major.
"""

import struct
import zlib
from dataclasses import dataclass

import numpy as np

from console.store.history.bands import Cells
from console.store.history.codec import CorruptBlob, decompress, unpack
from console.store.history.quantise import Codes, Integers
from drivers.core.reading import Quality

FORMAT = 1
_HEAD = struct.Struct("<BBBBHHId")
_CRC = struct.Struct("<I")
_ALL_GOOD = 1
_WIDTHS = (0, 1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class _TileHead:
    width: int
    all_good: bool
    series: int
    slots: int
    size: int
    scale: float


def _read_head(blob: bytes) -> _TileHead:
    start = _HEAD.size + _CRC.size
    if len(blob) < start or blob[0] != FORMAT:
        raise CorruptBlob(f"no tile of format {FORMAT}: {blob[:1].hex() or 'empty'}")
    _, width, flags, _, series, slots, size, scale = _HEAD.unpack_from(blob)
    (expected,) = _CRC.unpack_from(blob, _HEAD.size)
    if zlib.crc32(memoryview(blob)[start:], zlib.crc32(blob[: _HEAD.size])) != expected:
        raise CorruptBlob("a tile fails its checksum")
    all_good = bool(flags & _ALL_GOOD)
    if width not in _WIDTHS or size != series * 8 + series * slots * (width + (0 if all_good else 1)):
        raise CorruptBlob("a tile's size does not follow from its header")
    return _TileHead(width, all_good, series, slots, size, scale)


def decode_hour(blob: bytes, rows: Integers | None = None) -> tuple[Cells, float]:
    """Steps and qualities of all series, or of the given rows alone, and the scale. Raises `CorruptBlob`."""
    head = _read_head(blob)
    body = np.frombuffer(decompress(memoryview(blob)[_HEAD.size + _CRC.size :], head.size), np.uint8)
    wanted = np.arange(head.series) if rows is None else rows
    inside = wanted < head.series
    found = _rows(head, body, wanted[inside])
    if inside.all():
        return found, head.scale
    steps = np.zeros((len(wanted), head.slots), np.int64)
    quality = np.full((len(wanted), head.slots), Quality.NOT_POLLED, np.uint8)
    steps[inside] = found.steps
    quality[inside] = found.quality
    return Cells(steps, quality), head.scale


def _rows(head: _TileHead, body: Codes, rows: Integers) -> Cells:
    cells = head.series * head.slots
    first = body[: head.series * 8].view("<i8")[rows]
    steps = np.zeros((len(rows), head.slots), np.int64)
    at = head.series * 8
    if head.width:
        planes = body[at : at + head.width * cells].reshape(head.width, head.series, head.slots)
        steps[:] = unpack(planes[:, rows], head.width)
        at += head.width * cells
    steps[:, 0] = first
    np.cumsum(steps, axis=1, out=steps)
    if head.all_good:
        return Cells(steps, np.zeros((len(rows), head.slots), np.uint8))
    return Cells(steps, body[at:].reshape(head.series, head.slots)[rows])
