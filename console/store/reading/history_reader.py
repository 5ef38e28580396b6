"""Reads samples out of a site folder, beside its writer or where nobody writes. Decoding runs in threads."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from math import ceil
from pathlib import Path
from uuid import UUID

import numpy as np

from console.services.ports import Aggregate, History, Matrix, PastState, TargetHours, TextChange, Total
from console.store.history.levels import DAY, HOUR, RAW, SECONDS_IN_DAY, SECONDS_IN_HOUR, STEP_SECONDS
from console.store.history.rollups import COLUMNS, HIGH, LOW, MEAN
from console.store.reading.catalogue import Catalogue
from console.store.reading.collecting import Collector, Opened, SelectedPoint, select_point, select_series
from console.store.reading.damage import Damage
from console.store.reading.extent import stored_extent
from console.store.reading.files import Files, StoredFile
from console.store.reading.grid import WORDS, Plan, Slots, divisor_step, level_for, plan_for
from console.store.reading.state_reader import StateReader
from console.store.reading.sums import Sums
from console.store.reading.targets import count_target_hours
from console.store.reading.words import changes_since, fetch_texts

SHOWN = (MEAN, LOW, HIGH)
"""The columns that answers show."""


_KEPT = 8 * 1024 * 1024
"""Bytes up to which a piece of memory that is set free is kept for the next one."""


def keep_freed_memory() -> None:
    """Let glibc keep what decoding sets free, where it would give it back and fetch it anew, page by page, each time.

    It takes the size of the largest mapped piece ever set free as its measure (mallopt(3), M_MMAP_THRESHOLD), so one
    that is never touched is enough. Without it a third of the time of a fleet's hours went into page faults
    (measured). Other allocators take no notice.
    """
    np.empty(_KEPT, np.uint8)


def open_reader(folder: Path, *, strict: bool = False) -> "FolderReader":
    """A reader of a site folder's history; opens files as they are asked for. Close it when done.

    A damaged blob is logged once, and its slots are MALFORMED; when `strict`, reading raises `CorruptBlob`.
    """
    return FolderReader(folder, strict=strict)


class FolderReader:
    """The `SiteReader` of a site folder.

    Every method raises `StoreError` when a file cannot be read, and `CorruptBlob` for a damaged blob when strict.
    """

    def __init__(self, folder: Path, *, strict: bool = False) -> None:
        keep_freed_memory()
        self._files = Files(folder)
        self._damage = Damage(strict=strict)
        self._collector = Collector(self._damage)
        self._states = StateReader(self._files, self._damage)

    async def read(
        self, device: UUID, points: Sequence[tuple[str, str]], start: float, stop: float, step: float = 0.0
    ) -> list[History]:
        """Samples of (point, part) series of one device in [start, stop); see `HistoryReader.read`."""
        months, years = await self._opened(start, stop, step)
        asset = self._files.assets.standing(device)
        selection = await asyncio.to_thread(select_series, months, years, asset, points)
        plan = plan_for(start, stop, step, selection.periods_ms, finest_of(months))
        found = await self._collector.whole(selection, plan, SHOWN)
        return [
            History(
                device,
                signal,
                plan.slots.start,
                plan.slots.step,
                found.mean[row],
                found.quality[row],
                found.low[row],
                found.high[row],
            )
            for row, signal in enumerate(selection.signals)
        ]

    async def matrix(
        self, point: str, start: float, stop: float, step: float = 0.0, *, devices: Collection[UUID] | None = None
    ) -> Matrix:
        """Every series of a point of these devices (all, when None) on one grid; see `SiteReader.matrix`."""
        months, years = await self._opened(start, stop, step)
        selection = await asyncio.to_thread(
            select_point, months, years, point, self._files.assets.all_standing(devices), counting=False
        )
        plan = plan_for(start, stop, step, selection.periods_ms, finest_of(months))
        found = await self._collector.whole(selection, plan, SHOWN)
        return Matrix(
            point,
            selection.devices,
            selection.parts,
            plan.slots.start,
            plan.slots.step,
            found.mean,
            found.quality,
            found.low,
            found.high,
        )

    async def level(self, start: float, stop: float, step: float) -> str:
        """What `read` and `matrix` take their answer from: raw, minute, hour or day."""
        months = await self._catalogued(await self._files.months(start, stop))
        return WORDS[max(finest_of(months), level_for(step))]

    async def total(
        self,
        point: str,
        start: float,
        stop: float,
        step: float = 0.0,
        *,
        devices: Collection[UUID] | None = None,
    ) -> Total:
        """Sum over devices in each slot; see `HistoryReader.total`."""
        months, _ = await self._opened(start, stop, 0.0)
        selection = await asyncio.to_thread(
            select_point, months, (), point, self._files.assets.all_standing(devices), counting=True
        )
        plan = _divided(start, stop, min(step, SECONDS_IN_HOUR), selection, finest_of(months))
        times = max(1, ceil(round(step / SECONDS_IN_HOUR, 6)))
        whole = Slots.over(start, stop, times * plan.slots.step)
        sums = await self._summed(selection, Plan(plan.level, plan.base, whole.finer(plan.slots.step)), (MEAN,))
        return sums.total(point, times)

    async def aggregate(
        self, point: str, start: float, stop: float, step: float, *, devices: Collection[UUID] | None = None
    ) -> Aggregate:
        """Mean, smallest and greatest over devices in each slot; see `SiteReader.aggregate`.

        The step is rounded up to whole slots that divide the hour, beyond an hour the day, beyond a day to whole days.
        """
        months, years = await self._opened(start, stop, step)
        selection = await asyncio.to_thread(
            select_point, months, years, point, self._files.assets.all_standing(devices), counting=True
        )
        plan = _divided(start, stop, step, selection, finest_of(months))
        return (await self._summed(selection, plan, SHOWN)).aggregate(point)

    async def _summed(self, selection: SelectedPoint, plan: Plan, columns: Collection[str]) -> Sums:
        sums = Sums(plan.slots)
        if plan.level == DAY:
            for slots in plan.slots.pieces(len(selection.devices), plan.base):
                figures = await self._collector.whole(selection, Plan(DAY, plan.base, slots), COLUMNS)
                await asyncio.to_thread(sums.add, slots, figures)
            return sums
        for held in selection.months:
            async for piece in self._collector.pieces(held, plan, plan.slots, columns):
                await asyncio.to_thread(sums.add, piece.slots, piece.figures)
        return sums

    async def target_hours(self, start: float, stop: float, *, devices: Collection[UUID] | None = None) -> TargetHours:
        """Hours at target in [start, stop), widened to whole UTC days; see `SiteReader.target_hours`."""
        days = Slots.over(start, stop, float(SECONDS_IN_DAY))
        years = await self._catalogued(await self._files.years(days.start, days.stop))
        return await count_target_hours(years, days, self._files.assets.all_standing(devices), self._damage)

    async def texts(self, device: UUID, start: float, stop: float) -> list[TextChange]:
        """What a device said at `start`, and its changes until `stop`; see `SiteReader.texts`."""
        changes: list[TextChange] = []
        months = await self._catalogued(await self._files.months(0.0, stop))
        entries = self._files.assets.entries(device)
        for file, _ in reversed(months):
            changes = [*await file.read(partial(fetch_texts, entries=entries, stop=stop)), *changes]
            # Every month's file begins with all texts, unless nothing was collected then.
            if changes and changes[0].at <= start:
                break
        return changes_since(changes, start)

    async def state_at(self, at: float, *, exact: bool = True) -> PastState:
        """Every series as it was at UTC second `at`; see `SiteReader.state_at`.

        A row for each device that has a seat in that month's file. Of several seats or origins the one speaks that
        was heard of last. What was not polled for two periods with no reason on record is STALE; what nobody polled
        since the keyframe before is NOT_POLLED. Where the samples were deleted, the minute or hour stands in.
        """
        return await self._states.at(at, exact=exact)

    async def extent(self) -> tuple[float, float] | None:
        """UTC seconds from the first stored hour to the end of the last; None while there is no history."""
        months = await self._catalogued(await self._files.months(0.0, float("inf")))
        first = await _first_extent(months)
        last = await _first_extent(reversed(months))
        return None if first is None or last is None else (first[0], last[1])

    async def _opened(self, start: float, stop: float, step: float) -> tuple[Opened, Opened]:
        """The months' and, where whole days are asked for, the years' files of [start, stop)."""
        if level_for(step) != DAY:
            return await self._catalogued(await self._files.months(start, stop)), ()
        whole = Slots.over(start, stop, STEP_SECONDS[DAY])
        months = await self._files.months(whole.start, whole.stop)
        return await self._catalogued(months), await self._catalogued(await self._files.years(whole.start, whole.stop))

    async def _catalogued(self, files: Sequence[StoredFile]) -> list[tuple[StoredFile, Catalogue]]:
        """Those of the files that have tables, each with its registry as it is now."""
        found = [(file, await file.catalogue()) for file in files]
        return [(file, catalogue) for file, catalogue in found if catalogue is not None]

    async def close(self) -> None:
        """Close all files; the reader may be used again afterwards."""
        await self._files.close()


async def _first_extent(files: Iterable[tuple[StoredFile, Catalogue]]) -> tuple[float, float] | None:
    """The extent of the first of these files that holds anything."""
    for file, catalogue in files:
        found = await file.read(partial(stored_extent, catalogue=catalogue))
        if found is not None:
            return found
    return None


def finest_of(months: Opened) -> int:
    """The finest level that all these months hold: what one of them has lost the answer cannot have."""
    return max((catalogue.version.finest for _, catalogue in months), default=RAW)


def _divided(start: float, stop: float, step: float, selection: SelectedPoint, finest: int) -> Plan:
    """A plan whose slots never straddle two months: they divide the hour, beyond an hour the day."""
    plan = plan_for(start, stop, step, selection.periods_ms, finest)
    whole = {HOUR: SECONDS_IN_DAY, DAY: plan.slots.step}.get(plan.level, SECONDS_IN_HOUR)
    return Plan(plan.level, plan.base, Slots.over(start, stop, divisor_step(step, plan.base, whole)))
