"""The door for samples that did not come by a poll: they become head rows of the windows that they belong to."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import groupby
from uuid import UUID

import numpy as np

from console.store.history.late import LateSamples, held_slots, late_rows
from console.store.history.levels import WINDOWS_IN_DAY, slots_in_window
from console.store.history.month import MonthFile, month_of_window
from console.store.history.month_files import MonthFiles
from console.store.history.quantise import Codes, Floats
from console.store.history.threads import InThread
from console.store.history.window import Arrangement
from drivers.core.reading import Layout

WINDOWS_AT_ONCE = WINDOWS_IN_DAY
"""Windows worked on together: bounds memory."""


class LateSamplesWriter:
    """Keeps samples in slots that hold no value.

    Args:
        files: The months.
        arrangement: How the series of a shard are laid out.
        in_thread: Where samples are looked at.
        alone: Keeps sweeps and other late samples away; entered for each day, so that sweeps get their turn.
    """

    def __init__(
        self,
        files: MonthFiles,
        arrangement: Callable[[MonthFile, int], Arrangement],
        in_thread: InThread,
        alone: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self._alone = alone
        self._files = files
        self._arrangement = arrangement
        self._in_thread = in_thread

    async def insert(
        self, device: UUID, layout: Layout, times: Floats, values: Floats, quality: Codes, period_ms: int
    ) -> int:
        """Keep samples of a device with this stored period; returns how many are durable now.

        Raises:
            StoreFull: Those of the days before the one that failed are kept.
        """
        late: LateSamples = await self._in_thread(LateSamples.of, times, values, quality, period_ms)
        per_window = slots_in_window(period_ms)
        stored = 0
        for month, windows in groupby(np.unique(late.slots // per_window).tolist(), month_of_window):
            async with self._files.lend(month) as file:
                for some in _batches(list(windows)):
                    part = late.within(some[0] * per_window, (some[-1] + 1) * per_window)
                    async with self._alone():
                        stored += await self._insert(file, device, layout, part, some, period_ms)
        return stored

    async def _insert(
        self, file: MonthFile, device: UUID, layout: Layout, late: LateSamples, windows: Sequence[int], period_ms: int
    ) -> int:
        held = await held_slots(file, self._arrangement, self._in_thread, device, layout, windows, period_ms)
        free: LateSamples = await self._in_thread(late.without, held)
        if not free.count:
            return 0
        stored = file.registry.layout(layout)
        seat = file.registry.seat(device, stored, period_ms)
        rows = await self._in_thread(late_rows, free, seat, period_ms, file.registry.scales_of(stored))
        await file.append((rows,))
        return free.count


def _batches(windows: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(windows), WINDOWS_AT_ONCE):
        yield windows[first : first + WINDOWS_AT_ONCE]
