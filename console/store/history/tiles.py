"""Tiles: one point of up to 256 series over one hour as one blob, joined from the segments of its windows.

A segment (format 3) is one window of them, final when the window is over: format byte, scale in steps per unit (f64),
then a matrix of `bands`. A tile (format 2) holds up to six: format byte, a bit for each window there is, series (u16),
slots in a window (u16), the lengths of the segments (u32 each, 0 for none) and the CRC-32 of all that (u32), then the
segments as they were. So an hour is joined without compressing anything again, and one window or one series is decoded
without the rest. Tiles of format 1 stay readable.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from console.store.history import hour_tiles
from console.store.history.bands import Cells, Matrix, Steps, encode_matrix, read_matrix, rows_in_band
from console.store.history.batches import decode_matrices, decode_values
from console.store.history.codec import CorruptBlob
from console.store.history.levels import SERIES_IN_PART, WINDOWS_IN_HOUR
from console.store.history.newest import Newest, newest_of_cells, newest_of_matrices
from console.store.history.quantise import Codes, Floats, Integers, to_values
from drivers.core.reading import Quality

SERIES = SERIES_IN_PART
"""Series in a tile or a segment, at most."""

_TILE = 2
_SEGMENT = 3
_SEGMENT_HEAD = struct.Struct("<Bd")
_TILE_HEAD = struct.Struct("<BBHH6I")
_CRC = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class _Segment:
    """One window within a tile: its place in the hour, its scale, and its matrix."""

    place: int
    scale: float
    matrix: Matrix


@dataclass(frozen=True, slots=True)
class _Tile:
    """What a blob says about itself; `windows` is 1 for a segment that stands alone."""

    series: int
    slots: int
    windows: int
    segments: tuple[_Segment, ...]

    @property
    def scale(self) -> float:
        """Steps per unit, the same in all windows."""
        return self.segments[0].scale if self.segments else 1.0


def encode_segment(steps: Steps, quality: Codes, scale: float) -> bytes:
    """The segment of series x slots. Integers beside a missing quality are not kept."""
    return encode_matrix(steps, quality, rows_in_band(steps.shape[1]), _SEGMENT_HEAD.pack(_SEGMENT, scale))


def join_segments(parts: Mapping[int, bytes], series: int, slots_per_window: int) -> bytes:
    """The tile of an hour out of its segments, by place (0 to 5) in the hour.

    Windows may be absent, and earlier ones may hold fewer series than later ones: seats are only ever added.
    """
    bodies = [parts.get(place, b"") for place in range(WINDOWS_IN_HOUR)]
    there = sum(1 << place for place, body in enumerate(bodies) if body)
    head = _TILE_HEAD.pack(_TILE, there, series, slots_per_window, *(len(body) for body in bodies))
    return b"".join((head, _CRC.pack(zlib.crc32(head)), *bodies))


def encode_tile(steps: Steps, quality: Codes, scale: float) -> bytes:
    """A blob of any number of slots that is not made of windows."""
    return encode_segment(steps, quality, scale)


def _read_segment(blob: memoryview, place: int) -> _Segment:
    if len(blob) < _SEGMENT_HEAD.size or blob[0] != _SEGMENT:
        raise CorruptBlob(f"no segment of format {_SEGMENT}: {bytes(blob[:1]).hex() or 'empty'}")
    _, scale = _SEGMENT_HEAD.unpack_from(blob)
    matrix = read_matrix(blob, _SEGMENT_HEAD.size)
    if matrix.series > SERIES or matrix.size != len(blob) or not (np.isfinite(scale) and scale > 0):
        raise CorruptBlob("a segment's size or scale does not follow from its header")
    return _Segment(place, scale, matrix)


def _read_tile(blob: bytes, place: int | None = None) -> _Tile:
    """Check a tile's or a segment's header and find its matrices, those of one window or of all."""
    view = memoryview(blob)
    if blob[:1] == bytes([_SEGMENT]):
        segment = _read_segment(view, 0)
        return _Tile(segment.matrix.series, segment.matrix.slots, 1, (segment,))
    start = _TILE_HEAD.size + _CRC.size
    if len(blob) < start or blob[0] != _TILE:
        raise CorruptBlob(f"no tile of a known format: {blob[:1].hex() or 'empty'}")
    _, there, series, slots, *lengths = _TILE_HEAD.unpack_from(blob)
    if zlib.crc32(view[: _TILE_HEAD.size]) != _CRC.unpack_from(blob, _TILE_HEAD.size)[0]:
        raise CorruptBlob("a tile fails its checksum")
    if start + sum(lengths) != len(blob) or series > SERIES:
        raise CorruptBlob("a tile's size does not follow from its header")
    segments: list[_Segment] = []
    for number, length in enumerate(lengths):
        if bool(there >> number & 1) != bool(length):
            raise CorruptBlob("a tile's windows do not follow from its header")
        if length and place in {None, number}:
            segment = _read_segment(view[start : start + length], number)
            if segment.matrix.slots != slots or segment.matrix.series > series:
                raise CorruptBlob("a window does not fit its tile")
            segments.append(segment)
        start += length
    if any(segment.scale != segments[0].scale for segment in segments):
        raise CorruptBlob("the windows of a tile differ in scale")
    return _Tile(series, slots, WINDOWS_IN_HOUR, tuple(segments))


def decode_tile(blob: bytes, rows: Integers | None = None) -> tuple[Floats, Codes]:
    """Values (NaN where missing) and qualities of all series, or of the given rows alone.

    Of a tile that is all slots of its hour, of a segment those of its window. A row beyond the tile belongs to a series
    that came later: all its slots are NOT_POLLED, as are those of a window that is absent.

    Raises:
        CorruptBlob: Wrong format, checksum or size.
    """
    return decode_tiles((blob,), rows)[0]


def decode_tiles(blobs: Sequence[bytes], rows: Integers | None = None) -> list[tuple[Floats, Codes]]:
    """The same of many blobs at once, which is quicker than one after another. Raises `CorruptBlob`."""
    tiles = [_read_any(blob, rows) for blob in blobs]
    segments = [segment for tile in tiles if isinstance(tile, _Tile) for segment in tile.segments]
    parts = iter(decode_values([segment.matrix for segment in segments], [segment.scale for segment in segments], rows))
    found: list[tuple[Floats, Codes]] = []
    for tile in tiles:
        if not isinstance(tile, _Tile):
            cells, scale = tile
            found.append((to_values(cells.steps, cells.quality, scale), cells.quality))
        elif tile.windows == 1:
            found.append(next(parts))
        else:
            values = np.full(_shape(tile, rows), np.nan)
            quality = np.full(values.shape, Quality.NOT_POLLED, np.uint8)
            for segment in tile.segments:
                some, codes = next(parts)
                mine = slice(segment.place * tile.slots, (segment.place + 1) * tile.slots)
                values[: len(some), mine] = some
                quality[: len(some), mine] = codes
            found.append((values, quality))
    return found


def decode_steps(blobs: Sequence[bytes], rows: Integers | None = None) -> list[tuple[Cells, float]]:
    """The integers as they are stored, qualities and scale of many blobs. Raises `CorruptBlob`."""
    tiles = [_read_any(blob, rows) for blob in blobs]
    segments = [segment for tile in tiles if isinstance(tile, _Tile) for segment in tile.segments]
    parts = iter(decode_matrices([segment.matrix for segment in segments], rows))
    found: list[tuple[Cells, float]] = []
    for tile in tiles:
        if not isinstance(tile, _Tile):
            found.append(tile)
        elif tile.windows == 1:
            found.append((next(parts), tile.scale))
        else:
            steps = np.zeros(_shape(tile, rows), np.int64)
            whole = Cells(steps, np.full(steps.shape, Quality.NOT_POLLED, np.uint8))
            for segment in tile.segments:
                cells = next(parts)
                mine = slice(segment.place * tile.slots, (segment.place + 1) * tile.slots)
                whole.steps[: len(cells.steps), mine] = cells.steps
                whole.quality[: len(cells.steps), mine] = cells.quality
            found.append((whole, tile.scale))
    return found


def _read_any(blob: bytes, rows: Integers | None) -> "_Tile | tuple[Cells, float]":
    return hour_tiles.decode_hour(blob, rows) if blob[:1] == bytes([hour_tiles.FORMAT]) else _read_tile(blob)


def _shape(tile: _Tile, rows: Integers | None) -> tuple[int, int]:
    return tile.series if rows is None else len(rows), tile.windows * tile.slots


def decode_window_steps(blob: bytes, window_in_hour: int) -> Cells:
    """All samples of one window (0 to 5) as they are stored; no series where the tile lacks it. Raises `CorruptBlob`.

    A segment that stands alone is its window, whatever `window_in_hour` says.
    """
    if blob[:1] == bytes([hour_tiles.FORMAT]):
        cells = hour_tiles.decode_hour(blob)[0]
        slots = cells.steps.shape[1] // WINDOWS_IN_HOUR
        mine = slice(window_in_hour * slots, (window_in_hour + 1) * slots)
        return Cells(cells.steps[:, mine], cells.quality[:, mine])
    tile = _read_tile(blob, window_in_hour)
    if not tile.segments:
        return Cells(np.empty((0, tile.slots), np.int64), np.empty((0, tile.slots), np.uint8))
    return decode_matrices([tile.segments[0].matrix])[0]


def decode_window(blob: bytes, window_in_hour: int, upto_slot: int | None = None) -> Newest:
    """The newest of every series in one window (0 to 5) up to and with a slot of it, or to its end.

    A segment that stands alone is its window, whatever `window_in_hour` says.

    Raises:
        CorruptBlob: Wrong format, checksum or size.
    """
    return decode_windows((blob,), (window_in_hour,), (upto_slot,))[0]


def decode_windows(
    blobs: Sequence[bytes], windows_in_hour: Sequence[int], upto_slots: Sequence[int | None]
) -> list[Newest]:
    """The same of many blobs at once, which is far quicker than one after another. Raises `CorruptBlob`."""
    found: list[Newest | None] = []
    matrices: list[tuple[int, _Segment, int]] = []
    for blob, place, upto in zip(blobs, windows_in_hour, upto_slots, strict=True):
        if blob[:1] == bytes([hour_tiles.FORMAT]):
            found.append(_newest_of_hour(blob, place, upto))
            continue
        tile = _read_tile(blob, place)
        if tile.segments:
            last = tile.slots - 1 if upto is None else min(upto, tile.slots - 1)
            matrices.append((len(found), tile.segments[0], last))
            found.append(None)
        else:
            found.append(Newest.nothing(tile.series))
    newest = newest_of_matrices(
        [segment.matrix for _, segment, _ in matrices],
        np.array([segment.scale for _, segment, _ in matrices]),
        np.array([upto for _, _, upto in matrices], np.int64),
    )
    for (at, _, _), one in zip(matrices, newest, strict=True):
        found[at] = one
    return [one for one in found if one is not None]


def _newest_of_hour(blob: bytes, place: int, upto: int | None) -> Newest:
    cells, scale = hour_tiles.decode_hour(blob)
    slots = cells.steps.shape[1] // WINDOWS_IN_HOUR
    last = slots - 1 if upto is None else min(upto, slots - 1)
    mine = slice(place * slots, place * slots + last + 1)
    return newest_of_cells(Cells(cells.steps[:, mine], cells.quality[:, mine]), scale)


def series_of(blob: bytes) -> int:
    """How many series a tile or segment holds. Raises `CorruptBlob`."""
    if blob[:1] == bytes([hour_tiles.FORMAT]):
        return len(hour_tiles.decode_hour(blob)[0].steps)
    return _read_tile(blob).series
