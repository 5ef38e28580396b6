"""The history writer of a site folder: sweeps become head rows at once, full hours become tiles in the background."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar
from uuid import UUID

from console.domain.inventory import Site
from console.domain.telemetry import Block, LiveColumns
from console.services.ports import StoreFull, Waiting
from console.store.history.backlog import Backlog
from console.store.history.flush import Flusher
from console.store.history.month import MonthFile, month_of, months
from console.store.history.sweep import HeadRow, Picks, Plan, Snapshot, Tracker
from console.store.history.tiles import HOUR
from drivers.core.identity import DeviceKind

P = ParamSpec("P")
T = TypeVar("T")

FEW_MINERS = 5000
"""Up to so many miners are stored every 5 s, more every 10 s."""

AHEAD_SECONDS = 300.0
"""How long before its first second the file of a month is made."""

_log = logging.getLogger(__name__)


def stored_period(kind: DeviceKind, miners: int) -> float:
    """Seconds between the stored slots of a device, on a site with that many miners."""
    if kind is DeviceKind.MINER:
        return 5.0 if miners <= FEW_MINERS else 10.0
    return 10.0 if kind is DeviceKind.PDU else 1.0


class Historian:
    """The `HistoryWriter` of a site folder. One task at a time may append; it belongs to one set of columns.

    The stored period follows from a device's kind, as told by `know`; a device nobody told of is taken for a miner.
    """

    def __init__(self, folder: Path, origin: UUID) -> None:
        self._folder = folder
        self._origin = origin
        self._periods: Mapping[UUID, float] = {}
        self._news: Mapping[UUID, float] | None = None
        self._default_period = stored_period(DeviceKind.MINER, 0)
        self._tracker = Tracker(lambda device: self._periods.get(device, self._default_period))
        self._columns: LiveColumns | None = None
        self._blocks: tuple[int, tuple[Block, ...]] = (-1, ())
        self._plans: dict[str, tuple[int, Plan]] = {}
        self._files: dict[str, MonthFile] = {}
        self._backlog = Backlog()
        self._threads = ThreadPoolExecutor(2, "history")
        self._one_at_a_time = asyncio.Lock()
        self._opening = asyncio.Lock()
        self._flusher = Flusher(self._in_thread)
        self._background: asyncio.Task[None] | None = None
        self._sweep: asyncio.Task[int] | None = None

    @property
    def waiting(self) -> Waiting:
        """What waits in memory because the disk did not take it; see `Backlog`."""
        return self._backlog.state

    async def resume(self) -> None:
        """Open the files that may hold head rows of unfinished hours. Call once, before the first append."""
        for month in months(self._folder)[-2:]:
            await self._file(month)

    def know(self, site: Site) -> None:
        """Take the kinds of a site's devices, and how many miners there are; counts from the next append on."""
        miners = sum(device.kind is DeviceKind.MINER for device in site.devices)
        self._news = {device.id: stored_period(device.kind, miners) for device in site.devices}

    def _take_news(self) -> None:
        """Between two appends, when no thread looks at the periods."""
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
        async with self._one_at_a_time:
            if self._sweep is not None and not self._sweep.done():
                await asyncio.wait([self._sweep])
            self._take_news()
            self._sweep = asyncio.create_task(self._store(self._copy(columns), at), name="history: sweep")
            stored = await asyncio.shield(self._sweep)
        self._tend(at)
        return stored

    async def _store(self, snapshot: Snapshot, at: float) -> int:
        picks = await self._in_thread(self._tracker.pick, snapshot, at)
        stored = 0
        for month, hours in _by_month(picks).items():
            file = await self._file(month)
            rows, count = await self._in_thread(self._encode, file, snapshot, picks, hours)
            await file.append(rows, file.registry.additions())
            stored += count
        self._tracker.keep(snapshot, picks)
        return stored

    def _copy(self, columns: LiveColumns) -> Snapshot:
        if columns is not self._columns:
            self._columns = columns
            self._tracker = Tracker(lambda device: self._periods.get(device, self._default_period))
            self._plans.clear()
            self._blocks = (-1, ())
        if self._blocks[0] != columns.revision:
            self._blocks = (columns.revision, columns.blocks())
        return Snapshot.of(columns, self._blocks[1])

    def _encode(self, file: MonthFile, snapshot: Snapshot, picks: Picks, hours: list[int]) -> tuple[list[HeadRow], int]:
        revision, plan = self._plans.get(file.month, (-1, None))
        if plan is None or revision != snapshot.revision:
            plan = Plan(snapshot.blocks, self._tracker.period_ms, file.registry)
            self._plans[file.month] = (snapshot.revision, plan)
        return plan.encode(snapshot, picks, hours)

    async def _file(self, month: str) -> MonthFile:
        async with self._opening:
            if month not in self._files:
                self._files[month] = await MonthFile.open(self._folder, month, self._origin)
            return self._files[month]

    async def prepare(self, at: float) -> None:
        """Open the file of the month of UTC second `at` before its first sweep, which would have to wait for it.

        On a full disk nothing happens: the append that needs the file will say so.
        """
        try:
            await self._file(month_of(int(at // HOUR)))
        except StoreFull as error:
            _log.info("The month's file could not be made ahead of time: %s", error)

    async def _in_thread(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(*arguments, **named))

    def _tend(self, at: float) -> None:
        """Start the background work that has come due, unless some is going on."""
        if self._background is not None:
            if not self._background.done():
                return
            failure = None if self._background.cancelled() else self._background.exception()
            self._background = None
            if failure is not None:
                _log.error("Head rows could not be turned into tiles; they stay: %s", failure, exc_info=failure)
        next_month = month_of(int((at + AHEAD_SECONDS) // HOUR))
        if next_month not in self._files or self._flusher.is_due(self._files.values(), at):
            self._background = asyncio.create_task(self._work(at), name="history: tiles")

    async def _work(self, at: float) -> None:
        await self.prepare(at + AHEAD_SECONDS)
        try:
            await self._flusher.run(list(self._files.values()), at)
        except StoreFull as error:
            _log.warning("Full hours wait as head rows: %s", error)
        await self._close_past_months(at)

    async def _close_past_months(self, at: float) -> None:
        current = month_of(int(at // HOUR))
        for month in [name for name, file in self._files.items() if name < current and not file.hours]:
            self._plans.pop(month, None)
            await self._files.pop(month).close()

    async def flush(self, at: float) -> None:
        """Turn every hour that is over at UTC second `at` into tiles now. Raises `StoreFull`."""
        await self._settle()
        await self._flusher.run(list(self._files.values()), at)

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
            for file in self._files.values():
                await file.close()
            self._files.clear()
            self._threads.shutdown()


def _by_month(picks: Picks) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for hour in picks.hours:
        found.setdefault(month_of(hour), []).append(hour)
    return found
