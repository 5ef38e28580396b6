"""The history writer of a site folder: sweeps become head rows at once, windows, hours and days become tiles later."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import ParamSpec, TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.domain.inventory import Site
from console.domain.telemetry import Codes, LiveColumns
from console.services.ports import StoreFull, SweepWaits, Waiting
from console.store.database import Database
from console.store.history.backlog import WaitingSweep
from console.store.history.copies import Copies
from console.store.history.flush import LATE_SECONDS, Flusher
from console.store.history.late_writer import LateSamplesWriter
from console.store.history.levels import SECONDS_IN_DAY, SECONDS_IN_HOUR, WINDOWS_IN_DAY, window_of
from console.store.history.month import MonthFile, month_of_window
from console.store.history.month_files import MonthFiles
from console.store.history.outbox import Outbox
from console.store.history.periods import UNKNOWN_PERIOD, stored_period
from console.store.history.sweep import Picks, Plan, Snapshot, Tracker
from console.store.history.texts import NO_CHANGES, Changes, TextTracker
from console.store.history.years import YearFiles
from drivers.core.identity import DeviceKind
from drivers.core.reading import Layout

P = ParamSpec("P")
T = TypeVar("T")

AHEAD_SECONDS = 300.0
"""How long before its first second the file of a month is made."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A sweep ready to be written.

    Attributes:
        picks: What it is made of.
        sweeps: Its head rows, by month; empty when a month that it needs is not open.
        months: The months it needs.
        texts: What has changed of texts, for the newest month.
    """

    picks: Picks
    sweeps: tuple[WaitingSweep, ...]
    months: frozenset[str]
    texts: Changes


class Historian:
    """The `HistoryWriter` and `LateWriter` of a site folder. Appending belongs to one set of columns.

    The stored period follows from a device's kind, as told by `know`; a device nobody told of is taken for a miner.
    """

    def __init__(self, folder: Path, origin: UUID) -> None:
        self._periods: Mapping[UUID, float] = {}
        self._news: Mapping[UUID, float] | None = None
        self._tracker = Tracker(self._period)
        self._texts = TextTracker()
        self._copies = Copies()
        self._plans: dict[str, tuple[int, Plan]] = {}
        self._sweeping = ThreadPoolExecutor(1, "history: sweep")
        self._tiling = ThreadPoolExecutor(1, "history: tiles")
        self._one_at_a_time = asyncio.Lock()
        self._years = YearFiles(folder, origin)
        self._files = MonthFiles(folder, origin, self._in_thread)
        self._outbox = Outbox(self._files)
        self._flusher = Flusher(self._in_thread, self._years)
        self._late = LateSamplesWriter(self._files, self._flusher.arrangement, self._encoding, self._alone)
        self._tending = asyncio.Lock()
        self._background: asyncio.Task[None] | None = None
        self._sweep: asyncio.Task[int] | None = None

    @property
    def waiting(self) -> Waiting:
        """What waits in memory because the disk did not take it; see `Backlog`."""
        return self._outbox.waiting

    def hold(self, reason: str) -> None:
        """Write no samples from now on, for this reason: what comes waits in memory. Without a reason it goes on."""
        self._outbox.held = reason

    @asynccontextmanager
    async def resting(self, name: str) -> AsyncIterator[None]:
        """Keep the file of a past month or year closed while it is replaced; late samples for it are refused so long.

        Raises:
            StoreBusy: Something waits in it to become tiles.
        """
        async with self._tending:
            async with self._alone():
                file = await self._files.bar(name)
                await self._years.release(name)
                if file is not None:
                    self._plans.pop(name, None)
                    self._flusher.forget(file)
            try:
                yield
            finally:
                self._files.unbar(name)

    async def resume(self) -> None:
        """Open the months that hold unfinished work, and bring older ones into this version's form.

        Call once, before the first append.
        """
        await self._files.resume()

    def know(self, site: Site) -> None:
        """Take the kinds of a site's devices, and how many miners there are; counts from the next append on."""
        miners = sum(device.kind is DeviceKind.MINER for device in site.devices)
        self._news = {device.id: stored_period(device.kind, miners) for device in site.devices}

    def _period(self, device: UUID) -> float:
        return self._periods.get(device, UNKNOWN_PERIOD)

    def _take_news(self) -> None:
        """Between two sweeps, when no thread looks at the periods."""
        if self._news is not None:
            self._periods, self._news = self._news, None
            self._tracker.reclassify()
            self._plans.clear()

    async def append(self, columns: LiveColumns, at: float) -> int:
        """Store every report that is new since the last append; see `HistoryWriter.append`.

        To be called at least once per shortest poll period, so that no report is overtaken by the next of the same
        device. Each report goes into the slot of its own time; a slot without one stays NOT_POLLED, or carries the
        reason when the device failed to answer.

        A sweep that was begun is brought to its end even when its caller is cancelled: half of it may be written.
        """
        async with self._alone():
            snapshot, is_first = self._copies.snapshot(columns)
            if is_first:
                self._tracker = Tracker(self._period)
                self._texts = TextTracker()
                self._plans.clear()
            self._sweep = asyncio.create_task(self._store(snapshot, at), name="history: sweep")
            stored = await asyncio.shield(self._sweep)
        self._tend(at)
        return stored

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """No sweep meanwhile."""
        async with self._one_at_a_time:
            await self._sweep_over()
            yield

    async def _sweep_over(self) -> None:
        """A sweep whose caller was cancelled goes on; the next one waits for it."""
        if self._sweep is not None and not self._sweep.done():
            await asyncio.wait([self._sweep])
        self._take_news()

    async def _store(self, snapshot: Snapshot, at: float) -> int:
        file = await self._files.file(month_of_window(window_of(at)))
        encoded = await self._encoding(self._encode, snapshot, file, at, None)
        if not all(month in self._files for month in encoded.months):
            for month in encoded.months:
                await self._files.file(month)
            encoded = await self._encoding(self._encode, snapshot, file, at, encoded.picks)
        waits: StoreFull | None = None
        stored = 0
        try:
            stored = await self._outbox.write(encoded.sweeps, file, encoded.texts.rows)
        except StoreFull as error:
            waits = error
        self._tracker.keep(snapshot, encoded.picks)
        if waits is not None:
            raise SweepWaits(str(waits)) from waits
        self._texts.keep(encoded.texts, snapshot.texts)
        return stored

    def _encode(self, snapshot: Snapshot, newest: MonthFile, at: float, picks: Picks | None) -> _Encoded:
        picks = self._tracker.pick(snapshot, at) if picks is None else picks
        by_month: dict[str, list[int]] = {}
        for window in picks.windows:
            by_month.setdefault(month_of_window(window), []).append(window)
        months = frozenset(by_month)
        sweeps: list[WaitingSweep] = []
        for month, windows in by_month.items():
            file = self._files.get(month)
            if file is None:
                return _Encoded(picks, (), months, NO_CHANGES)
            rows, samples = self._plan(file, snapshot).encode(snapshot, picks, windows)
            sweeps.append(WaitingSweep(month, tuple(rows), samples, at))
        texts = self._texts.changes(newest, snapshot.devices, snapshot.texts)
        return _Encoded(picks, tuple(sweeps), months, texts)

    def _plan(self, file: MonthFile, snapshot: Snapshot) -> Plan:
        shape, plan = self._plans.get(file.name, (-1, None))
        if plan is None or shape != self._tracker.shape:
            plan = Plan(snapshot, self._tracker, file.registry)
            self._plans[file.name] = (self._tracker.shape, plan)
        return plan

    async def insert(
        self, device: UUID, layout: Layout, times: NDArray[np.float64], values: NDArray[np.float64], quality: Codes
    ) -> int:
        """Keep samples that came late or from a device's own log; see `LateWriter.insert`.

        They become head rows of their windows; with the next background work, another revision of their hours, whose
        roll-ups, keyframes and daily figures are worked out again.
        """
        if self._outbox.held:
            raise StoreFull(self._outbox.held)
        async with self._alone():  # for the news of periods
            period_ms = round(self._period(device) * 1000)
        return await self._late.insert(device, layout, times, values, quality, period_ms)

    async def prepare(self, at: float) -> None:
        """Open the file of the month of UTC second `at` before its first sweep, which would have to wait for it.

        On a full disk nothing happens: the append that needs the file will say so.
        """
        try:
            await self._files.file(month_of_window(window_of(at)))
        except StoreFull as error:
            _log.info("The month's file could not be made ahead of time: %s", error)

    async def _encoding(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Work for a sweep, which background work does not delay."""
        return await asyncio.get_running_loop().run_in_executor(self._sweeping, lambda: work(*arguments, **named))

    async def _in_thread(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._tiling, lambda: work(*arguments, **named))

    def _tend(self, at: float) -> None:
        """Start the background work that has come due, unless some is going on."""
        if self._background is not None:
            if not self._background.done():
                return
            failure = None if self._background.cancelled() else self._background.exception()
            self._background = None
            if failure is not None:
                _log.error("Head rows could not be turned into tiles; they stay: %s", failure, exc_info=failure)
        next_month = month_of_window(window_of(at + AHEAD_SECONDS))
        if next_month not in self._files or self._flusher.is_due(self._files, at):
            self._background = asyncio.create_task(self._work(at), name="history: tiles")

    async def _work(self, at: float) -> None:
        await self.prepare(at + AHEAD_SECONDS)
        async with self._tending:
            try:
                await self._flusher.run(list(self._files), at)
            except StoreFull as error:
                _log.warning("Windows that are over wait as head rows: %s", error)
            for file in await self._files.close(finished_before=month_of_window(window_of(at))):
                self._plans.pop(file.name, None)
                self._flusher.forget(file)

    async def flush(self, at: float) -> None:
        """Close every window, hour and day that is over at UTC second `at` now. Raises `StoreFull`."""
        await self._settle()
        async with self._tending:
            await self._flusher.run(list(self._files), at)

    async def finish(self, at: float) -> None:
        """Close the running window and hour as well, before the folder is carried away. Raises `StoreFull`.

        Samples that come later in them become another revision, as all late samples do.
        """
        await self.flush((at // SECONDS_IN_HOUR + 1) * SECONDS_IN_HOUR + LATE_SECONDS)

    async def recompute(self, start: float, stop: float, *, at: float | None = None) -> None:
        """Make minutes, hours, days, keyframes and daily figures of [start, stop) again out of what is kept of it.

        Days that are over at UTC second `at` (by default: at `stop`) get their tiles now, later ones with the day.
        Where raw samples were deleted, what was worked out from them before stays. Raises `StoreFull`.
        """
        await self._settle()
        moment = stop if at is None else at
        windows = range(window_of(start), window_of(stop - 1e-3) + 1)
        async with self._tending:
            for month, mine in groupby(windows, month_of_window):
                if month in await asyncio.to_thread(self._files.names):
                    file = await self._files.file(month)
                    await self._recompute(file, list(mine), moment)

    async def _recompute(self, file: MonthFile, windows: Sequence[int], at: float) -> None:
        for window in windows:
            for shard in list(file.registry.shards):
                await self._flusher.rebuild(file, shard, window, at)
        days = {window // WINDOWS_IN_DAY for window in windows}
        await self._flusher.close_days(file, [day for day in days if (day + 1) * SECONDS_IN_DAY <= at])

    def names(self) -> list[str]:
        """Every file of history that the folder has, `yyyy-mm` and `yyyy`. Touches the disk."""
        return sorted([*self._files.names(), *self._years.names()])

    @asynccontextmanager
    async def lend(self, name: str) -> AsyncIterator[Database]:
        """A file for rows that come from another store; made when it is new. Raises `StoreFull`, `StoreError`.

        Between its transactions sweeps are written as always.
        """
        if "-" not in name:
            yield (await self._years.named(name)).database
            return
        async with self._files.lend(name) as file:
            yield file.database

    async def _settle(self) -> None:
        if self._background is not None:
            await asyncio.wait([self._background])
            failure = None if self._background.cancelled() else self._background.exception()
            self._background = None
            if failure is not None:
                raise failure

    async def close(self) -> None:
        """End background work at its next step, close the files, end the threads. Head rows stay for the next start."""
        self._flusher.stop()
        if self._sweep is not None:
            await asyncio.wait([self._sweep])
        try:
            await self._settle()
        finally:
            await self._outbox.last_attempt()
            await self._files.close()
            await self._years.close()
            self._sweeping.shutdown()
            self._tiling.shutdown()
