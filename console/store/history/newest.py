"""The newest sample of every series of a window up to a slot, without decoding what is not needed for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from console.store.history.bands import Cells, Matrix
from console.store.history.batches import Batch, decode_batch, gather, split
from console.store.history.codec import from_planes
from console.store.history.quantise import Codes, Floats, Integers
from drivers.core.reading import Quality

NO_SLOT = -1
"""No slot holds what is asked for."""


@dataclass(frozen=True, slots=True)
class Newest:
    """What is newest of every series, by row of the tile.

    Attributes:
        values: Of the newest poll; NaN where it brought no value.
        quality: Of the newest poll; NOT_POLLED where there was none.
        slot: Slot of the newest poll within the window; `NO_SLOT` where there was none.
        answered: Slot of the newest sample with a value; `NO_SLOT` where there is none.
    """

    values: Floats
    quality: Codes
    slot: Integers
    answered: Integers

    @classmethod
    def nothing(cls, series: int) -> "Newest":
        """Nobody was polled."""
        return cls(
            np.full(series, np.nan),
            np.full(series, Quality.NOT_POLLED, np.uint8),
            np.full(series, NO_SLOT),
            np.full(series, NO_SLOT),
        )


def newest_of_cells(cells: Cells, scale: float) -> Newest:
    """The newest of decoded series x slots."""
    found = Newest.nothing(len(cells.steps))
    _fill(found, slice(None), cells.steps, cells.quality, scale)
    return found


def newest_of_matrices(matrices: Sequence[Matrix], scales: Floats, upto: Integers) -> list[Newest]:
    """The newest of each matrix up to and with its own slot `upto`; `scales` are its steps per unit.

    Raises:
        CorruptBlob: A frame is damaged, or does not hold what its header says.
    """
    found = [Newest.nothing(matrix.series) for matrix in matrices]
    for batch in gather(matrices, apart=upto):
        first_matrix = batch.places[0][0]
        last = int(upto[first_matrix])
        if batch.shape.has_quality:
            steps, codes = decode_batch(batch)
            quality = np.zeros(steps.shape, np.uint8) if codes is None else codes
            for at, (matrix, row) in enumerate(batch.places):
                mine = slice(row, row + steps.shape[1])
                _fill(found[matrix], mine, steps[at, :, : last + 1], quality[at, :, : last + 1], float(scales[matrix]))
            continue
        newest = _steps_at(batch, last)
        for at, (matrix, row) in enumerate(batch.places):
            one, mine = found[matrix], slice(row, row + newest.shape[1])
            one.values[mine] = newest[at] / scales[matrix]
            one.quality[mine] = Quality.GOOD
            one.slot[mine] = last
            one.answered[mine] = last
    return found


def _steps_at(batch: Batch, last: int) -> Integers:
    """Bands x series: the integers at a slot, where all are good."""
    parts = split(batch)
    if parts.planes is None:
        return parts.bases
    if batch.shape.all_around:
        moved = from_planes(parts.planes[..., last]).astype(np.int64)
    else:
        changes = from_planes(parts.planes[..., : last + 1])
        moved = changes.sum(axis=-1, dtype=np.int64)
        if parts.around is not None:
            np.copyto(moved, changes[..., last], where=parts.around)
    found: Integers = parts.bases + moved * batch.shape.divisor
    return found


def _fill(found: Newest, rows: slice, steps: Integers, quality: Codes, scale: float) -> None:
    slots = np.arange(steps.shape[1])
    newest = np.where(quality != Quality.NOT_POLLED, slots, NO_SLOT).max(axis=1, initial=NO_SLOT)
    there = np.where(quality < Quality.NOT_POLLED, slots, NO_SLOT).max(axis=1, initial=NO_SLOT)
    found.slot[rows] = newest
    found.answered[rows] = there
    at = np.maximum(newest, 0)[:, None]
    codes = np.where(newest == NO_SLOT, np.uint8(Quality.NOT_POLLED), np.take_along_axis(quality, at, axis=1)[:, 0])
    values = np.take_along_axis(steps, at, axis=1)[:, 0] / scale
    found.quality[rows] = codes
    found.values[rows] = np.where(codes < Quality.NOT_POLLED, values, np.nan)
