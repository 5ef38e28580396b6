"""From the series that are asked for to their figures, file after file, block after block."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.store.history.levels import DAY, HOUR, MINUTE, RAW, SECONDS_IN_DAY, SECONDS_IN_HOUR, STEP_SECONDS
from console.store.history.quantise import Integers
from console.store.history.rollups import COLUMNS, Stats
from console.store.reading.catalogue import Catalogue
from console.store.reading.damage import Damage
from console.store.reading.figures import columns_of, lay_under, nothing, reduce_rows, rows_of
from console.store.reading.files import StoredFile
from console.store.reading.grid import HOURS_IN_DAY, Plan, Slots, runs
from console.store.reading.rolled import read_raw, read_rolled
from console.store.reading.rollup_tiles import read_tiles
from console.store.reading.seats import SeatsTogether
from console.store.reading.sources import (
    Block,
    Series,
    Source,
    block_of_device,
    blocks_of,
    kind_of,
    signals_of,
)
from drivers.core.points import PointKind
from drivers.core.reading import Quality, Signal


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The wanted series as one file holds them.

    Attributes:
        file: The file.
        blocks: The series.
    """

    file: StoredFile
    blocks: list[Block]


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The wanted series, over all files.

    Attributes:
        gauges: By row of the answer, whether it is of a gauge.
        months: How the months' files hold them, ascending.
        years: How the years' files do.
    """

    gauges: NDArray[np.bool_]
    months: list[Held]
    years: list[Held]

    @property
    def periods_ms(self) -> set[int]:
        """Every stored period among them."""
        return {source.shard.period_ms for held in self.months for block in held.blocks for source in block.sources}


Opened: TypeAlias = Sequence[tuple[StoredFile, Catalogue]]
"""Files with their registries."""


@dataclass(frozen=True, slots=True, eq=False)
class SelectedPoint(Selection):
    """Every wanted series of one point: device and part of each row."""

    devices: tuple[UUID, ...]
    parts: tuple[str, ...]


def select_point(
    months: Opened, years: Opened, point: str, devices: Collection[UUID] | None, *, counting: bool
) -> SelectedPoint:
    """Find the series of a point; with `counting` only those that count in sums. Runs in a thread."""
    rows: dict[tuple[int, str], int] = {}

    def held(file: StoredFile, catalogue: Catalogue) -> Held:
        table = catalogue.series(point)
        chosen = table.chosen(devices)
        if counting:
            chosen &= table.counting
        keys = table.keys if chosen.all() else [table.keys[at] for at in np.flatnonzero(chosen).tolist()]
        numbers = np.full(len(table.keys), -1)
        numbers[chosen] = [rows.setdefault(key, len(rows)) for key in keys]
        wanted = chosen[table.place_row] & table.place_counts if counting else chosen[table.place_row]
        return Held(file, blocks_of(file, catalogue, point, wanted, numbers))

    in_months = [held(file, catalogue) for file, catalogue in months]
    in_years = [held(file, catalogue) for file, catalogue in years]
    known: dict[int, UUID] = {}
    for _, catalogue in (*months, *years):
        known.update(catalogue.devices)
    return SelectedPoint(
        np.full(len(rows), kind_of(point) is PointKind.GAUGE),
        in_months,
        in_years,
        tuple([known[number] for number, _ in rows]),
        tuple([part for _, part in rows]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class SelectedSeries(Selection):
    """Wanted series of one device: newest signal of each row, in the order asked."""

    signals: tuple[Signal, ...]


def select_series(months: Opened, years: Opened, device: UUID, series: Sequence[Series]) -> SelectedSeries:
    """Find those of the series that a device has. Runs in a thread."""
    signals: dict[Series, Signal] = {}
    for _, catalogue in (*years, *months):
        signals.update(signals_of(catalogue, device, series))
    wanted = [one for one in dict.fromkeys(series) if one in signals]

    def held(file: StoredFile, catalogue: Catalogue) -> Held:
        block = block_of_device(file, catalogue, device, wanted)
        return Held(file, [block] if block.sources else [])

    return SelectedSeries(
        np.array([kind_of(point) is PointKind.GAUGE for point, _ in wanted], np.bool_),
        [held(file, catalogue) for file, catalogue in months],
        [held(file, catalogue) for file, catalogue in years],
        tuple([signals[one] for one in wanted]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Figures of some rows over some slots of the answer."""

    rows: Integers
    slots: Slots
    figures: Stats


class Collector:
    """Reads blocks by a plan. Damaged blobs are told to `damage`."""

    def __init__(self, damage: Damage) -> None:
        self._damage = damage

    async def pieces(
        self, held: Held, plan: Plan, slots: Slots, columns: Collection[str] = COLUMNS
    ) -> AsyncIterator[Piece]:
        """Everything that a month's file has of these blocks at RAW, MINUTE or HOUR, one bounded piece at a time."""
        mine = slots.within(held.file.start, held.file.stop)
        for block in held.blocks:
            for piece in mine.pieces(len(block.rows), plan.base):
                yield Piece(block.rows, piece, await self._block(block, plan, piece, columns))

    async def _block(self, block: Block, plan: Plan, slots: Slots, columns: Collection[str]) -> Stats:
        if len(block.sources) == 1 and block.is_in_order:
            return await self._figures(block.sources[0], plan, slots, columns)
        # Origins take turns within a slot of the answer: what one has of it must not hide what the others have.
        base = block.common_period if plan.level == RAW else plan.base
        finer = slots.finer(base)
        times = round(slots.step / base)
        origins = block.origins
        needed = columns if times == 1 and len(origins) == len(block.sources) else COLUMNS
        found = nothing(len(block.rows), finer.count, needed)
        for mine in origins:
            if len(mine.sources) == 1:
                (source,) = mine.sources
                figures = await self._figures(source, Plan(plan.level, base, finer), finer, needed)
                await asyncio.to_thread(lay_under, found, source.rows, slice(None), figures, needed)
            else:
                figures = await self.of_origin(mine, plan.level, finer)
                await asyncio.to_thread(lay_under, found, slice(None), slice(None), figures, needed)
        return await asyncio.to_thread(reduce_rows, found, times, block.gauges)

    async def of_origin(self, block: Block, level: int, slots: Slots) -> Stats:
        """A block whose sources are of one origin, at RAW, MINUTE or HOUR, slot by slot of that level.

        Of RAW the slots are a whole number of every source's.
        """
        together = SeatsTogether(block.gauges, slots.count)
        for source in block.sources:
            figures = await self._figures(source, Plan(level, slots.step, slots), slots, COLUMNS)
            await asyncio.to_thread(together.add, source.rows, slice(None), source.ages, figures)
        finer = block.common_period if level == MINUTE else float(STEP_SECONDS.get(level - 1, 0))
        if together.shared.any() and finer and not slots.step % finer:
            for rows, at, hole in shared_slots(together, slots, finer):
                told = await self.of_origin(block.only(rows), level - 1, hole.finer(finer))
                told = await asyncio.to_thread(reduce_rows, told, round(slots.step / finer), block.gauges[rows])
                together.settle(rows, at, told)
        return together.figures

    async def _figures(self, source: Source, plan: Plan, slots: Slots, columns: Collection[str]) -> Stats:
        if plan.level == RAW:
            period = source.shard.period
            canvas = await read_raw(source, slots.finer(period), self._damage)
            return await asyncio.to_thread(canvas.reduced, round(slots.step / period))
        needed = columns if plan.times == 1 else COLUMNS
        figures = await read_rolled(source, plan.level, slots.finer(plan.base), self._damage, needed)
        return await asyncio.to_thread(reduce_rows, figures, plan.times, source.gauges)

    async def days(self, selection: Selection, slots: Slots) -> Stats:
        """Every row over whole days: what the years' files have, and of other days what the months' have."""
        found = nothing(len(selection.gauges), slots.count, COLUMNS)
        missing = np.ones(found.quality.shape, np.bool_)
        for held in selection.years:
            mine = slots.within(held.file.start, held.file.stop)
            at = slots.place_of(mine)
            for block in [one for whole in held.blocks for one in whole.origins]:
                figures = await self._days_of_origin(selection, block, mine, missing[:, at])
                await asyncio.to_thread(lay_under, found, block.rows, at, figures)
        for run in runs(np.flatnonzero(missing.any(axis=0))):
            hole = Slots(slots.step, slots.first + int(run[0]), len(run))
            lacking = np.logical_or.reduce(missing[:, slots.place_of(hole)], axis=1)
            await self._fill_days(selection, np.asarray(lacking), hole, slots, found)
        return found

    async def _days_of_origin(
        self, selection: Selection, block: Block, slots: Slots, missing: NDArray[np.bool_]
    ) -> Stats:
        """What a year's file has of one origin; takes what is there out of `missing`, by row of the answer."""
        together = SeatsTogether(block.gauges, slots.count)
        for source in block.sources:
            figures, coverages = await read_tiles(source, DAY, slots, self._damage)
            for coverage in coverages:
                missing[block.rows[source.rows[coverage.series]]] &= ~coverage.covered
            if len(block.sources) == 1 and block.is_in_order:
                return figures
            await asyncio.to_thread(together.add, source.rows, slice(None), source.ages, figures)
        if together.shared.any():
            for rows, at, hole in shared_slots(together, slots, SECONDS_IN_HOUR):
                told = await self._days_in_hours(selection, block, rows, hole)
                together.settle(rows, at, told)
        return together.figures

    async def _days_in_hours(self, selection: Selection, block: Block, rows: Integers, days: Slots) -> Stats:
        """The days of some rows of a block worked out of the hours of the same origin."""
        place = np.full(len(selection.gauges), -1)
        place[block.rows[rows]] = np.arange(len(rows))
        found = nothing(len(rows), days.count, COLUMNS)
        for held in selection.months:
            for month in [one for whole in held.blocks for one in whole.origins if one.origin == block.origin]:
                mine = np.flatnonzero(place[month.rows] >= 0)
                part = days.within(held.file.start, held.file.stop)
                if len(mine) and part.count:
                    hours = await self.of_origin(month.only(mine), HOUR, part.finer(SECONDS_IN_HOUR))
                    told = await asyncio.to_thread(reduce_rows, hours, HOURS_IN_DAY, month.gauges[mine])
                    lay_under(found, place[month.rows[mine]], days.place_of(part), told)
        return found

    async def _fill_days(
        self, selection: Selection, rows: NDArray[np.bool_], hole: Slots, slots: Slots, found: Stats
    ) -> None:
        hourly = Plan(HOUR, float(SECONDS_IN_HOUR), hole)
        for held in selection.months:
            blocks = [block.only(np.flatnonzero(rows[block.rows])) for block in held.blocks if rows[block.rows].any()]
            async for piece in self.pieces(Held(held.file, blocks), hourly, hole):
                await asyncio.to_thread(lay_under, found, piece.rows, slots.place_of(piece.slots), piece.figures)

    async def whole(self, selection: Selection, plan: Plan, columns: Collection[str] = COLUMNS) -> Stats:
        """Every row over every slot of a plan."""
        if plan.level == DAY:
            days = await self.days(selection, plan.slots.finer(plan.base))
            return await asyncio.to_thread(reduce_rows, days, plan.times, selection.gauges)
        straddling = bool(SECONDS_IN_DAY % plan.slots.step)
        needed = COLUMNS if straddling else columns
        found = nothing(len(selection.gauges), plan.slots.count, needed)
        for held in selection.months:
            async for piece in self.pieces(held, plan, plan.slots, needed):
                place = plan.slots.place_of(piece.slots)
                if straddling and piece.slots.start < held.file.start:
                    # The slot began in the month before, whose file has its other part.
                    await asyncio.to_thread(join_first, found, place.start, piece, selection.gauges)
                await asyncio.to_thread(lay_under, found, piece.rows, place, piece.figures, needed)
        return found


def shared_slots(together: SeatsTogether, slots: Slots, finer: float) -> Iterable[tuple[Integers, slice, Slots]]:
    """Rows, place and slots of what is to be settled, in pieces that are decoded at a time out of finer slots."""
    for run in runs(np.flatnonzero(together.shared.any(axis=0))):
        hole = Slots(slots.step, slots.first + int(run[0]), len(run))
        rows = np.flatnonzero(together.shared[:, slots.place_of(hole)].any(axis=1))
        for piece in hole.pieces(len(rows), finer):
            yield rows, slots.place_of(piece), piece


def join_first(found: Stats, slot: int, piece: Piece, gauges: NDArray[np.bool_]) -> None:
    """Let the first slot of a piece take in what was found of it before, which is then free to be overlaid."""
    both = Stats.joined([rows_of(found, piece.rows).part(slice(slot, slot + 1)), piece.figures.part(slice(0, 1))])
    one = reduce_rows(both, 2, gauges[piece.rows])
    for mine, theirs in zip(columns_of(piece.figures), columns_of(one), strict=True):
        mine[:, 0] = theirs[:, 0]
    found.quality[piece.rows, slot] = Quality.NOT_POLLED
