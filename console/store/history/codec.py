"""Integers packed for zstd: zigzag, then one plane for each byte, in as few bytes as the greatest needs."""

import numpy as np
import zstandard
from numpy.typing import NDArray

from console.store.history.quantise import Integers

_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
_SMALL = 1 << 30
"""Below this magnitude differences and zigzag fit 32 bits, which is half the work of 64."""


class CorruptBlob(ValueError):
    """A stored blob fails its checksum or does not hold what its header says."""


def narrow(steps: Integers) -> NDArray[np.signedinteger]:
    """The same integers in 32 bits where their differences fit, else in 64."""
    if steps.size and (int(steps.max()) >= _SMALL or int(steps.min()) <= -_SMALL):
        return steps
    return steps.astype(np.int32)


def pack(differences: NDArray[np.signedinteger]) -> tuple[int, bytes]:
    """Width in bytes (1, 2, 4, 8; 0 when all are zero) and the byte planes, lowest first."""
    bits = differences.dtype.itemsize * 8
    folded = ((differences << 1) ^ (differences >> (bits - 1))).view(_UNSIGNED[bits // 8])
    greatest = int(folded.max()) if folded.size else 0
    if greatest == 0:
        return 0, b""
    width = next(width for width in _UNSIGNED if greatest < 1 << (8 * width))
    if width == 1:
        return 1, folded.astype(np.uint8).tobytes()
    flat = np.ascontiguousarray(folded.astype(_UNSIGNED[width])).view(np.uint8).reshape(-1, width)
    return width, flat.T.tobytes()


def unpack(planes: NDArray[np.uint8], width: int) -> Integers:
    """Undo `pack`: `planes` has one leading axis of `width` planes over any shape of integers."""
    if width == 0:
        raise ValueError("integers of width 0 are all zero and have no planes")
    folded = planes[0].astype(np.uint64)
    for byte in range(1, width):
        folded |= planes[byte].astype(np.uint64) << np.uint64(8 * byte)
    steps: Integers = (folded >> np.uint64(1)).view(np.int64) ^ -(folded & np.uint64(1)).view(np.int64)
    return steps


def compress(body: bytes, level: int) -> bytes:
    """One zstd frame that states its size."""
    return zstandard.ZstdCompressor(level=level, write_content_size=True).compress(body)


def decompress(frame: bytes | memoryview, expected: int) -> bytes:
    """Exactly `expected` bytes out of a frame; raises `CorruptBlob` for anything else, before allocating more."""
    try:
        parameters = zstandard.get_frame_parameters(frame)
        if parameters.content_size != expected:
            raise CorruptBlob(f"the frame holds {parameters.content_size} bytes where its header says {expected}")
        return zstandard.ZstdDecompressor().decompress(frame)
    except zstandard.ZstdError as error:
        raise CorruptBlob(f"the frame cannot be decompressed: {error}") from error
