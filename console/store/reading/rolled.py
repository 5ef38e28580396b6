"""Figures of minutes and hours: out of roll-ups where there are any, else worked out of what is finer."""

import asyncio
from collections.abc import Collection
from functools import partial

import numpy as np
from sqlalchemy import Connection

from console.store.history.levels import MINUTE, RAW, SECONDS_IN_HOUR, STEP_SECONDS
from console.store.history.rollups import COLUMNS, Stats
from console.store.reading.blobs import stored_hours
from console.store.reading.damage import Damage
from console.store.reading.figures import lay_under, plain, reduce_rows
from console.store.reading.grid import HOURS_IN_DAY, Slots, runs
from console.store.reading.raw import Canvas, decode_raw
from console.store.reading.rollup_tiles import read_tiles, wanted_of
from console.store.reading.sources import Source


async def read_raw(source: Source, slots: Slots, damage: Damage) -> Canvas:
    """The samples of a source at its stored period."""
    wanted, complain = wanted_of(source, RAW, slots), damage.of(source.file.name)
    return await source.file.read(
        lambda connection: decode_raw(connection, wanted, Canvas(source, slots.first, slots.count), complain)
    )


async def read_rolled(
    source: Source, level: int, slots: Slots, damage: Damage, columns: Collection[str] = COLUMNS
) -> Stats:
    """Figures of a source at level MINUTE or HOUR; what was not rolled up yet is worked out of the level below.

    Other columns than those asked for are NaN.
    """
    found, coverages = await read_tiles(source, level, slots, damage, columns)
    mine = slots.within(source.file.start, source.file.stop)
    for coverage in coverages:
        holes = runs(np.flatnonzero(~coverage.covered[slots.place_of(mine)]))
        lacking = source if len(coverage.series) == len(source.rows) else source.only(np.sort(coverage.series))
        rows = plain(np.sort(coverage.series))
        for run in holes:
            hole = Slots(slots.step, mine.first + int(run[0]), len(run))
            for piece in await _pieces_below(lacking, level, hole):
                part = await _from_below(lacking, level, piece, damage)
                await asyncio.to_thread(lay_under, found, rows, slots.place_of(piece), part, columns)
    return found


async def _pieces_below(source: Source, level: int, hole: Slots) -> list[Slots]:
    """Those parts of a hole for which something finer is stored, in pieces that are decoded at a time."""
    step = source.shard.period if level == MINUTE else STEP_SECONDS[level - 1]
    there = await source.file.read(partial(_hours_below, source=source, level=level, hole=hole))
    per_hour = max(1, round(SECONDS_IN_HOUR / hole.step))
    found: list[Slots] = []
    for run in runs(np.array(sorted(there), np.int64)):
        first = max(hole.first, int(run[0]) * per_hour)
        stop = min(hole.first + hole.count, (int(run[-1]) + 1) * per_hour)
        found += Slots(hole.step, first, stop - first).pieces(len(source.rows), step)
    return found


def _hours_below(connection: Connection, source: Source, level: int, hole: Slots) -> set[int]:
    """The hours of a hole for which something finer than `level` is stored."""
    hours = hole.hours
    found: set[int] = set()
    for finer in range(RAW, level):
        wanted = wanted_of(source, finer, hole)
        spanned = HOURS_IN_DAY if finer == MINUTE else 1
        for hour in stored_hours(connection, wanted):
            found.update(range(hour, hour + spanned))
    return {hour for hour in found if hours.first <= hour <= hours.last}


async def _from_below(source: Source, level: int, slots: Slots, damage: Damage) -> Stats:
    """Slots of a level worked out of the next finer one."""
    if level == MINUTE:
        finer = slots.finer(source.shard.period)
        canvas = await read_raw(source, finer, damage)
        return await asyncio.to_thread(canvas.reduced, finer.count // slots.count)
    finer = slots.finer(STEP_SECONDS[level - 1])
    figures = await read_rolled(source, level - 1, finer, damage)
    return await asyncio.to_thread(reduce_rows, figures, finer.count // slots.count, source.gauges)
