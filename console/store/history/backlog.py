"""Encoded sweeps that the disk did not take: they wait in memory, oldest first, until there is room."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from console.services.ports import Waiting
from console.store.history.sweep import HeadRow

LIMIT = 32 * 1024 * 1024
"""Bytes of head rows that may wait. 3,000 miners of 32 series, stored every 5 s, bring some 27 KB a second: twenty
minutes. With its log a transaction takes up to twice its size on the disk, so that all of it fits into the ballast."""

BATCH = 4 * 1024 * 1024
"""Bytes of head rows that are written in one transaction when there is room again."""


@dataclass(frozen=True, slots=True)
class WaitingSweep:
    """The head rows of one sweep within one month, and how many samples they hold."""

    month: str
    rows: tuple[HeadRow, ...]
    samples: int
    at: float

    @property
    def size(self) -> int:
        """Bytes of the blobs."""
        return sum(len(row.body) for row in self.rows)


class Backlog:
    """A queue bounded in bytes. When it overflows the oldest sweep is given up, and counted.

    Args:
        limit: Bytes of blobs.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._sweeps: deque[WaitingSweep] = deque()
        self._size = 0
        self._samples = 0
        self._lost = 0

    def __len__(self) -> int:
        return len(self._sweeps)

    @property
    def state(self) -> Waiting:
        """How much waits, since when, and how much was given up since start."""
        since = self._sweeps[0].at if self._sweeps else 0.0
        return Waiting(len(self._sweeps), self._samples, self._size, since, self._lost)

    def keep(self, sweep: WaitingSweep) -> None:
        """Let a sweep wait; the oldest ones make room for it."""
        self._sweeps.append(sweep)
        self._size += sweep.size
        self._samples += sweep.samples
        while self._size > self._limit:
            self._lost += self._take_out().samples

    def batch(self) -> Sequence[WaitingSweep]:
        """The oldest sweeps of one month, as many as go into one transaction; empty when none waits."""
        found: list[WaitingSweep] = []
        size = 0
        for sweep in self._sweeps:
            if found and (sweep.month != found[0].month or size + sweep.size > BATCH):
                break
            found.append(sweep)
            size += sweep.size
        return found

    def written(self, batch: Sequence[WaitingSweep]) -> None:
        """Those are durable now; the ones given up in the meantime are not counted as lost after all."""
        for sweep in batch:
            if self._sweeps and self._sweeps[0] is sweep:
                self._take_out()
            else:
                self._lost -= sweep.samples

    def _take_out(self) -> WaitingSweep:
        sweep = self._sweeps.popleft()
        self._size -= sweep.size
        self._samples -= sweep.samples
        return sweep
