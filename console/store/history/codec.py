"""Integers packed for zstd: zigzag, then one plane for each byte, in as few bytes as the greatest needs."""

import threading
from collections.abc import Sequence

import numpy as np
import zstandard
from numpy.typing import NDArray

from console.store.history.quantise import Integers

_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
_SIGNED = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}
_SMALL = 1 << 30
"""Below this magnitude differences and zigzag fit 32 bits, which is half the work of 64."""


class CorruptBlob(ValueError):
    """A stored blob fails its checksum or does not hold what its header says."""


_FOR_PLANES = zstandard.ZstdCompressionParameters(
    strategy=zstandard.STRATEGY_FAST, min_match=7, window_log=17, hash_log=8, chain_log=8, search_log=1
)
"""Planes of residuals are noise or nearly constant: short matches come by chance and cost more than they save."""


class _Tools(threading.local):
    """Compressors are costly to make and no two threads may share one."""

    def __init__(self) -> None:
        self.compressors: dict[int, zstandard.ZstdCompressor] = {}
        self.planes = zstandard.ZstdCompressor(compression_params=_FOR_PLANES)
        self.decompressor = zstandard.ZstdDecompressor()


_tools = _Tools()


def narrow(steps: NDArray[np.signedinteger]) -> NDArray[np.signedinteger]:
    """The same integers in 32 bits where their differences fit, else in 64."""
    if steps.size and (int(steps.max()) >= _SMALL or int(steps.min()) <= -_SMALL):
        return steps.astype(np.int64, copy=False)
    return steps.astype(np.int32, copy=False)


def zigzag(differences: NDArray[np.signedinteger]) -> NDArray[np.unsignedinteger]:
    """Signed integers as unsigned ones of the same width, small magnitudes first: 0, -1, 1, -2, 2."""
    bits = differences.dtype.itemsize * 8
    folded: NDArray[np.unsignedinteger] = ((differences << 1) ^ (differences >> (bits - 1))).view(_UNSIGNED[bits // 8])
    return folded


def width_of(greatest: int) -> int:
    """Bytes (1, 2, 4, 8) that an unsigned integer needs; 0 for 0."""
    return 0 if greatest == 0 else next(width for width in _UNSIGNED if greatest < 1 << (8 * width))


def to_planes(folded: NDArray[np.unsignedinteger], width: int) -> list[bytes]:
    """The byte planes of unsigned integers that fit `width` bytes, lowest first; none for width 0."""
    return [(folded >> (8 * byte)).astype(np.uint8).tobytes() for byte in range(width)]


def pack(differences: NDArray[np.signedinteger]) -> tuple[int, bytes]:
    """Width in bytes (1, 2, 4, 8; 0 when all are zero) and the byte planes, lowest first."""
    folded = zigzag(differences)
    width = width_of(int(folded.max()) if folded.size else 0)
    return width, b"".join(to_planes(folded, width))


def from_planes(planes: NDArray[np.uint8]) -> NDArray[np.signedinteger]:
    """Undo `zigzag` and `to_planes`, in integers of the stored width; `planes` has a leading axis of planes."""
    width = len(planes)
    if width not in _UNSIGNED:
        raise ValueError(f"integers have no {width} byte planes")
    folded = planes[0].astype(_UNSIGNED[width])
    for byte in range(1, width):
        folded |= planes[byte].astype(_UNSIGNED[width]) << (8 * byte)
    sign = -(folded & 1).view(_SIGNED[width])
    folded >>= 1
    steps: NDArray[np.signedinteger] = folded.view(_SIGNED[width])
    steps ^= sign
    return steps


def unpack(planes: NDArray[np.uint8], width: int) -> Integers:
    """Undo `pack`: `planes` has one leading axis of `width` planes over any shape of integers."""
    if width == 0:
        raise ValueError("integers of width 0 are all zero and have no planes")
    return from_planes(planes[:width]).astype(np.int64)


def _compressor(level: int) -> zstandard.ZstdCompressor:
    found = _tools.compressors.get(level)
    if found is None:
        found = zstandard.ZstdCompressor(level=level, write_content_size=True)
        _tools.compressors[level] = found
    return found


def compress(body: bytes, level: int) -> bytes:
    """One zstd frame that states its size."""
    return _compressor(level).compress(body)


def compress_planes(planes: Sequence[bytes]) -> bytes:
    """One zstd frame of several parts one after another, each in blocks of its own.

    Bytes of one block share one code, so that parts of unlike bytes together would cost a tenth more (measured).
    """
    there = [plane for plane in planes if plane]
    if len(there) == 1:
        return _tools.planes.compress(there[0])
    stream = _tools.planes.compressobj(size=sum(len(plane) for plane in there))
    found: list[bytes] = []
    for plane in there[:-1]:
        found += (stream.compress(plane), stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
    found += (stream.compress(there[-1]), stream.flush())
    return b"".join(found)


def decompress(frame: bytes | memoryview, expected: int) -> bytes:
    """Exactly `expected` bytes out of a frame; raises `CorruptBlob` for anything else, before allocating more."""
    try:
        parameters = zstandard.get_frame_parameters(frame)
        if parameters.content_size != expected:
            raise CorruptBlob(f"the frame holds {parameters.content_size} bytes where its header says {expected}")
        return _tools.decompressor.decompress(frame)
    except zstandard.ZstdError as error:
        raise CorruptBlob(f"the frame cannot be decompressed: {error}") from error
