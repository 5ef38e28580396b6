"""Background work on head rows: many become one while the hour runs, and tiles when it is over."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol, TypeVar

import numpy as np

from console.store.history.codec import CorruptBlob
from console.store.history.heads import Head, Losses, Section, decode_head, encode_head
from console.store.history.image import HourImage, NewTile
from console.store.history.month import MonthFile
from console.store.history.registry import Seat
from console.store.history.tiles import HOUR

T = TypeVar("T")

_log = logging.getLogger(__name__)

LATE_SECONDS = 30.0
"""How long after its end an hour waits for reports still on their way. Later ones become another revision."""

FOLD_EVERY = 64
"""Sweeps after which the head rows of the running hour are folded into one, so that reading it stays quick."""


class InThread(Protocol):
    """Runs a function in a worker thread."""

    def __call__(self, work: Callable[..., T], /, *arguments: object) -> Awaitable[T]:
        """The function's result."""


class Flusher:
    """Turns head rows into tiles; encoding runs in threads, only short transactions on the writer's connection."""

    def __init__(self, in_thread: InThread) -> None:
        self._in_thread = in_thread
        self._folded: dict[str, int] = {}
        self._stopping = False

    def stop(self) -> None:
        """Let `run` end after the shard it is at: what is left stays as head rows."""
        self._stopping = True

    def is_due(self, files: Iterable[MonthFile], at: float) -> bool:
        """Whether any hour is over, or enough sweeps have come to be folded."""
        return any(_over(file, at) or self._unfolded(file) >= FOLD_EVERY for file in files)

    async def run(self, files: Sequence[MonthFile], at: float) -> None:
        """Do what is due. Raises `StoreFull`; what was done before stays done."""
        for file in files:
            for hour in _over(file, at):
                await self._flush_hour(file, hour)
            if self._unfolded(file) >= FOLD_EVERY and not self._stopping:
                await self._fold(file)

    async def _flush_hour(self, file: MonthFile, hour: int) -> None:
        for shard in await file.shards_with_heads(hour):
            if self._stopping:
                return
            await self._flush(file, shard, hour)
        if not await file.shards_with_heads(hour):
            file.hours.discard(hour)

    def _unfolded(self, file: MonthFile) -> int:
        return file.sequence - self._folded.setdefault(file.month, file.sequence)

    async def _flush(self, file: MonthFile, shard: int, hour: int) -> None:
        heads = await file.heads(shard, hour)
        known = file.registry.shards[shard]
        bodies = [body for _, body in heads]
        tiles, damaged = await self._in_thread(
            build_tiles, list(known.seats), known.period_ms, dict(file.registry.scales), bodies
        )
        for reason in damaged:
            _log.error("%s: a head row of hour %d, shard %d is left out: %s", file.month, hour, shard, reason)
        await file.replace_by_tiles(shard, hour, heads[-1][0], tiles)

    async def _fold(self, file: MonthFile) -> None:
        """Fold the head rows that came since the last time. Rows folded once are left alone."""
        after, upto = self._folded[file.month], file.sequence
        for hour in sorted(file.hours):
            for shard in await file.shards_with_heads(hour):
                heads = [row for row in await file.heads(shard, hour, after) if row[0] <= upto]
                if len(heads) > 1:
                    try:
                        body = await self._in_thread(fold_heads, [body for _, body in heads])
                    except CorruptBlob as error:
                        _log.error("%s: head rows of hour %d, shard %d stay apart: %s", file.month, hour, shard, error)
                        continue
                    await file.replace_by_head(shard, hour, heads[0][0], heads[-1][0], body)
        self._folded[file.month] = upto


def _over(file: MonthFile, at: float) -> list[int]:
    return sorted(hour for hour in file.hours if (hour + 1) * HOUR + LATE_SECONDS <= at)


def build_tiles(
    seats: Sequence[Seat], period_ms: int, scales: dict[str, float], bodies: Sequence[bytes]
) -> tuple[list[NewTile], list[str]]:
    """The tiles of a shard's hour, and what is wrong with each head row that had to be left out."""
    image = HourImage(seats, period_ms, scales)
    damaged: list[str] = []
    for body in bodies:
        try:
            image.take_in(body)
        except CorruptBlob as error:
            damaged.append(str(error))
    image.take_in_losses()
    return image.tiles(), damaged


def fold_heads(bodies: Sequence[bytes]) -> bytes:
    """One head row with all that several hold, oldest first. Raises `CorruptBlob`."""
    sections: dict[int, list[Section]] = {}
    losses: list[Losses] = []
    for body in bodies:
        head = decode_head(body)
        losses.append(head.losses)
        for section in head.sections:
            sections.setdefault(section.layout, []).append(section)
    return encode_head(
        Head(
            tuple(_joined(same) for same in sections.values()),
            Losses(
                np.concatenate([loss.seats for loss in losses]),
                np.concatenate([loss.slots for loss in losses]),
                np.concatenate([loss.reasons for loss in losses]),
            ),
        )
    )


def _joined(parts: Sequence[Section]) -> Section:
    """Sections of one layout side by side, ordered by seat so that neighbours differ little; later ones stay later."""
    seats = np.concatenate([part.seats for part in parts])
    order = np.argsort(seats, kind="stable")
    return Section(
        parts[0].layout,
        seats[order],
        np.concatenate([part.slots for part in parts])[order],
        np.concatenate([part.steps for part in parts], axis=1)[:, order],
        np.concatenate([part.quality for part in parts], axis=1)[:, order],
    )
