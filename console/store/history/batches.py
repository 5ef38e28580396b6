"""Decoding of many bands at once: those of equal shape are stacked, so that numpy is called for a hundred at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from console.store.history.bands import ALL_AROUND, HAS_QUALITY, OF_BOTH_KINDS, Cells, Matrix, body_of
from console.store.history.codec import from_planes
from console.store.history.quantise import Codes, Floats, Integers
from drivers.core.reading import Quality

_FRAMES = 64
_CELLS = 65_536
"""Frames or samples decoded together: enough that a call costs nothing for each, few enough to stay in the cache."""


class Shape(NamedTuple):
    """What bands have in common that are decoded alike."""

    slots: int
    series: int
    base_width: int
    """Bytes of a base."""
    width: int
    """Bytes of a residual."""
    flags: int
    divisor: int
    number: int
    """Which band of its matrix it is, where that matters."""
    apart: int
    """Whatever else must be equal."""

    @property
    def has_quality(self) -> bool:
        """Whether there are qualities: else all are good."""
        return bool(self.flags & HAS_QUALITY)

    @property
    def all_around(self) -> bool:
        """Whether every residual is a distance from its base."""
        return bool(self.flags & ALL_AROUND)

    @property
    def of_both_kinds(self) -> bool:
        """Whether a bit for each series says of which kind it is."""
        return bool(self.flags & OF_BOTH_KINDS)


@dataclass(slots=True)
class Batch:
    """Bodies of bands of equal shape, and where their series stand: matrix, and first row in it."""

    shape: Shape
    bodies: list[bytes]
    places: list[tuple[int, int]]


def gather(
    matrices: Sequence[Matrix], rows: Integers | None = None, *, apart: Integers | None = None, cells: int = 1 << 62
) -> Iterator[Batch]:
    """Decompress the bands that hold the wanted rows (all, when None), and group them by shape.

    Matrices whose number in `apart` differs never share a batch; a batch holds up to about `cells` samples. With rows
    the matrices of a batch have bands of equal size.

    Raises:
        CorruptBlob: A frame is damaged, or does not hold what its header says.
    """
    growing: dict[Shape, Batch] = {}
    for number, matrix in enumerate(matrices):
        key = 0 if apart is None else int(apart[number])
        for at in _wanted(matrix, rows):
            band = matrix.band(at)
            first = 0 if rows is None else at * matrix.rows
            shape = Shape(matrix.slots, band.series, band.base_width, band.width, band.flags, band.divisor, first, key)
            batch = growing.get(shape)
            if batch is None:
                batch = growing[shape] = Batch(shape, [], [])
            batch.bodies.append(body_of(band, matrix.slots))
            batch.places.append((number, at * matrix.rows))
            count = len(batch.bodies)
            if count == _FRAMES or count * shape.series * shape.slots >= cells:
                yield growing.pop(shape)
    yield from growing.values()


def _wanted(matrix: Matrix, rows: Integers | None) -> Sequence[int]:
    if rows is None:
        return range(len(matrix.entries))
    return sorted({int(row) // matrix.rows for row in rows if row < matrix.series})


def decode_matrices(matrices: Sequence[Matrix], rows: Integers | None = None) -> list[Cells]:
    """The cells of all series of each matrix, or of the given rows alone; what is not wanted is not decompressed.

    A row beyond a matrix belongs to a series that came later: all its slots are NOT_POLLED.

    Raises:
        CorruptBlob: A frame is damaged, or does not hold what its header says.
    """
    rows = _unless_all(matrices, rows)
    found = [Cells(np.zeros(quality.shape, np.int64), quality) for quality in _unpolled(matrices, rows)]
    for piece in _pieces(matrices, rows):
        cells = found[piece.matrix]
        cells.steps[piece.rows] = piece.steps
        if piece.quality is not None:
            cells.quality[piece.rows] = piece.quality
    return found


def decode_values(
    matrices: Sequence[Matrix], scales: Sequence[float], rows: Integers | None = None
) -> list[tuple[Floats, Codes]]:
    """The same as values, NaN where the quality says that there is none; `scales` are steps per unit of each matrix.

    Raises:
        CorruptBlob: A frame is damaged, or does not hold what its header says.
    """
    rows = _unless_all(matrices, rows)
    # Of all series each is decoded, of rows some may lie beyond the matrix.
    blank = np.empty if rows is None else _nans
    found: list[tuple[Floats, Codes]] = [(blank(quality.shape), quality) for quality in _unpolled(matrices, rows)]
    for piece in _pieces(matrices, rows):
        values, quality = found[piece.matrix]
        if isinstance(piece.rows, slice):
            np.divide(piece.steps, scales[piece.matrix], out=values[piece.rows])
        else:
            values[piece.rows] = piece.steps / scales[piece.matrix]
        if piece.quality is not None:
            quality[piece.rows] = piece.quality
            values[quality >= Quality.NOT_POLLED] = np.nan
    return found


def _unless_all(matrices: Sequence[Matrix], rows: Integers | None) -> Integers | None:
    """None when the rows are all series of every matrix, in order."""
    if rows is None or not all(matrix.series == len(rows) for matrix in matrices):
        return rows
    return None if (rows == np.arange(len(rows))).all() else rows


def _nans(shape: tuple[int, ...]) -> Floats:
    return np.full(shape, np.nan)


def _unpolled(matrices: Sequence[Matrix], rows: Integers | None) -> Iterator[Codes]:
    """Qualities to begin with: good, and NOT_POLLED beyond the matrix."""
    for matrix in matrices:
        quality = np.zeros((matrix.series if rows is None else len(rows), matrix.slots), np.uint8)
        if rows is not None:
            quality[rows >= matrix.series] = Quality.NOT_POLLED
        yield quality


class _Piece(NamedTuple):
    """Decoded series of one matrix, and where they go."""

    matrix: int
    rows: slice | Integers
    steps: Integers
    quality: Codes | None


def _pieces(matrices: Sequence[Matrix], rows: Integers | None) -> Iterator[_Piece]:
    if rows is None:
        for batch in gather(matrices, cells=_CELLS):
            steps, quality = decode_batch(batch)
            for at, (number, row) in enumerate(batch.places):
                place = slice(row, row + batch.shape.series)
                yield _Piece(number, place, steps[at], None if quality is None else quality[at])
        return
    for batch in gather(matrices, rows):
        first = batch.shape.number
        wanted = np.flatnonzero((rows >= first) & (rows < first + batch.shape.series))
        steps, quality = decode_batch(batch, rows[wanted] - first)
        for at, (number, _) in enumerate(batch.places):
            yield _Piece(number, wanted, steps[at], None if quality is None else quality[at])


def decode_batch(batch: Batch, chosen: Integers | None = None) -> tuple[Integers, Codes | None]:
    """Steps and qualities (None when all are good), bands x series x slots; of the chosen series of each, if given."""
    parts = split(batch)
    bases, around, planes, quality = parts.bases, parts.around, parts.planes, parts.quality
    if chosen is not None:
        bases = bases[:, chosen]
        around = None if around is None else around[:, chosen]
        planes = None if planes is None else planes[:, :, chosen]
        quality = None if quality is None else quality[:, chosen]
    steps = np.empty((*bases.shape, batch.shape.slots), np.int64)
    if planes is None:
        steps[:] = bases[..., None]
        return steps, quality
    residuals = from_planes(planes)
    if batch.shape.all_around:
        np.multiply(residuals, batch.shape.divisor, out=steps, dtype=np.int64)
    else:
        np.cumsum(residuals, axis=-1, dtype=np.int64, out=steps)
        if around is not None:
            steps[around] = residuals[around]
        if batch.shape.divisor != 1:
            steps *= batch.shape.divisor
    steps += bases[..., None]
    return steps, quality


@dataclass(frozen=True, slots=True)
class Parts:
    """What the bodies of a batch consist of.

    Attributes:
        around: Bands x series: distances from the base; None when all series are of the kind the shape says.
        bases: Bands x series.
        planes: Planes x bands x series x slots of the residuals; None when all are 0.
        quality: Bands x series x slots; None when all are good.
    """

    around: NDArray[np.bool_] | None
    bases: Integers
    planes: Codes | None
    quality: Codes | None


def split(batch: Batch) -> Parts:
    """Take the bodies of a batch apart without copying the residuals."""
    shape, count = batch.shape, len(batch.bodies)
    slots, series, width = shape.slots, shape.series, shape.width
    bodies = np.frombuffer(b"".join(batch.bodies), np.uint8).reshape(count, len(batch.bodies[0]))
    at = 0
    around: NDArray[np.bool_] | None = None
    if shape.of_both_kinds:
        at = -(-series // 8)
        around = np.unpackbits(bodies[:, :at], axis=1, count=series).astype(np.bool_)
    bases: Integers = np.zeros((count, series), np.int64)
    if shape.base_width:
        stop = at + shape.base_width * series
        planes = bodies[:, at:stop].reshape(count, shape.base_width, series).swapaxes(0, 1)
        np.cumsum(from_planes(planes), axis=-1, dtype=np.int64, out=bases)
        at = stop
    residuals: Codes | None = None
    if width:
        stop = at + width * series * slots
        residuals = bodies[:, at:stop].reshape(count, width, series, slots).swapaxes(0, 1)
        at = stop
    quality = bodies[:, at:].reshape(count, series, slots) if shape.has_quality else None
    return Parts(around, bases, residuals, quality)
