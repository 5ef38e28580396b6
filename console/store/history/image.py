"""One hour of one shard put together from its head rows, ready to be cut into tiles."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from console.store.history.heads import Losses, decode_head
from console.store.history.quantise import Codes, Floats, Integers, to_values
from console.store.history.registry import Seat, rank, slots_per_hour
from console.store.history.tiles import SERIES, encode_tile
from drivers.core.reading import Quality


@dataclass(frozen=True, slots=True)
class NewTile:
    """A tile ready for its row."""

    point: str
    chunk: int
    digest: bytes
    body: bytes


class HourImage:
    """Series of a shard x all slots of an hour, in steps. Memory: 9 bytes a cell, see `registry.CELLS`.

    Args:
        seats: All seats of the shard, in order.
        period_ms: Its stored period.
        scales: Steps per unit of each point.
        only: One point, when the others are not wanted: they are not even decoded.
    """

    def __init__(
        self, seats: Sequence[Seat], period_ms: int, scales: Mapping[str, float], only: str | None = None
    ) -> None:
        self._seats = seats
        self._scales = scales
        self._only = only
        self._chosen = (
            None
            if only is None
            else {seat.layout.id: np.array(seat.layout.points.get(only, ()), np.int64) for seat in seats}
        )
        lengths = np.array(
            [len(seat.layout.signals if only is None else seat.layout.points.get(only, ())) for seat in seats], np.int64
        )
        self._first: Integers = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        shape = (int(self._first[-1]), slots_per_hour(period_ms))
        self._steps: Integers = np.zeros(shape, np.int64)
        self._quality: Codes = np.full(shape, Quality.NOT_POLLED, np.uint8)
        self._losses: list[Losses] = []

    def take_in(self, body: bytes) -> None:
        """Lay the samples of a head row over the image; rows come oldest first. Raises `CorruptBlob`."""
        head = decode_head(body, rows=self._chosen)
        for section in head.sections:
            at = self._first[section.seats] + np.arange(len(section.steps))[:, None]
            self._steps[at, section.slots] = section.steps
            self._quality[at, section.slots] = section.quality
        if len(head.losses.seats):
            self._losses.append(head.losses)

    def take_in_losses(self) -> None:
        """After all head rows: fill empty slots with the reasons. A sample beats a loss, whichever came first."""
        for loss in self._losses:
            self._lay(loss)
        self._losses.clear()

    def _lay(self, loss: Losses) -> None:
        lengths = self._first[loss.seats + np.int64(1)] - self._first[loss.seats]
        before = np.cumsum(lengths) - lengths
        rows = np.repeat(self._first[loss.seats] - before, lengths) + np.arange(lengths.sum())
        slots = np.repeat(loss.slots, lengths)
        empty = self._quality[rows, slots] == Quality.NOT_POLLED
        self._quality[rows[empty], slots[empty]] = np.repeat(loss.reasons, lengths)[empty]

    def rows(self, point: str) -> Integers:
        """Where the series of a point stand in the image, in the order of their ranks."""
        if self._only is not None:
            return np.arange(int(self._first[-1]))
        ranked = rank(self._seats, point)
        found: Integers = self._first[ranked.seats] + ranked.within
        return found

    def samples(self, point: str) -> tuple[Floats, Codes]:
        """Values and qualities of all series of a point, by rank."""
        rows = self.rows(point)
        return to_values(self._steps[rows], self._quality[rows], self._scales[point]), self._quality[rows]

    def tiles(self) -> list[NewTile]:
        """The tiles of the hour; a chunk in which nobody was polled gives none."""
        found: list[NewTile] = []
        for point in sorted({name for seat in self._seats for name in seat.layout.points}):
            rows = self.rows(point)
            for chunk, start in enumerate(range(0, len(rows), SERIES)):
                mine = rows[start : start + SERIES]
                quality = self._quality[mine]
                if (quality != Quality.NOT_POLLED).any():
                    body = encode_tile(self._steps[mine], quality, self._scales[point])
                    found.append(NewTile(point, chunk, hashlib.blake2b(body, digest_size=16).digest(), body))
        return found
