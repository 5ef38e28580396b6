"""Hours at target out of the daily figures of the years' files."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from console.services.ports import TargetHours
from console.store import schema
from console.store.history.codec import CorruptBlob
from console.store.history.kpi import HOURS_AT_TARGET, HOURS_COUNTED, HOURS_EXCLUDED, TARGET_SHARE
from console.store.history.levels import KPI
from console.store.history.quantise import Floats, Integers
from console.store.history.tiles import SERIES, decode_tiles
from console.store.reading.catalogue import Catalogue, SeriesTable
from console.store.reading.damage import Complain, Damage
from console.store.reading.files import StoredFile
from console.store.reading.grid import HOURS_IN_DAY, Slots

_POINTS = (HOURS_COUNTED, HOURS_AT_TARGET, HOURS_EXCLUDED)

_DAYS_IN_TILE = 31
"""At most: a tile is of one month."""

_AT_ONCE = 32
"""Chunks decoded together."""


async def count_target_hours(
    years: Sequence[tuple[StoredFile, Catalogue]], slots: Slots, devices: Collection[UUID] | None, damage: Damage
) -> TargetHours:
    """Hours at target of devices over whole UTC days."""
    found: list[tuple[Sequence[UUID], Floats]] = []
    for file, catalogue in years:
        table = catalogue.series(HOURS_COUNTED)
        chosen = await asyncio.to_thread(table.chosen, devices)
        shards = {table.shards[number].id for number in np.unique(table.place_shard[chosen[table.place_row]]).tolist()}
        if shards:
            mine = slots.within(file.start, file.stop)
            chunks = await file.read(partial(_fetch, shards=shards, days=mine))
            sums = await asyncio.to_thread(_sums, table, mine, chunks, damage.of(file.name))
            everybody = bool(chosen.all())
            some = table.devices if everybody else [table.devices[row] for row in np.flatnonzero(chosen).tolist()]
            found.append((some, sums if everybody else sums[:, chosen]))
    return await asyncio.to_thread(_answer, found)


class _Place(NamedTuple):
    """One chunk of a shard in one month, which begins with `hour`."""

    origin: str
    shard: int
    chunk: int
    hour: int


def _fetch(connection: Connection, shards: Collection[int], days: Slots) -> dict[_Place, dict[str, bytes]]:
    """The figures of the months that some days lie in; one query for all shards, since each costs a millisecond."""
    tile = schema.tile.c
    query = select(tile.origin, tile.shard, tile.chunk, tile.hour, tile.point, tile.body).where(
        tile.level == KPI,
        tile.point.in_(_POINTS),
        tile.shard.in_(sorted(shards)),
        tile.hour > (days.first - _DAYS_IN_TILE) * HOURS_IN_DAY,
        tile.hour < (days.first + days.count) * HOURS_IN_DAY,
    )
    found: dict[_Place, dict[str, bytes]] = {}
    for origin, shard, chunk, hour, point, body in connection.execute(query):
        found.setdefault(_Place(origin, shard, chunk, hour), {})[point] = body
    return found


def _sums(table: SeriesTable, days: Slots, chunks: dict[_Place, dict[str, bytes]], complain: Complain) -> Floats:
    """Points x devices of the table: each figure summed over the days.

    A device that has its figures at one place only, which is the rule, is summed at once; of others the best place of
    each day counts.
    """
    sums = np.zeros((len(_POINTS), len(table.devices)))
    contested = _Contested(days)
    places = {shard.key: number for number, shard in enumerate(table.shards)}
    edges = np.searchsorted(table.place_shard, np.arange(len(places) + 1))
    for place, figures in _decoded(days, chunks, complain):
        number = places[place.origin, place.shard]
        first = int(edges[number]) + place.chunk * SERIES
        here = slice(first, min(first + figures.shape[1], int(edges[number + 1])))
        rows, alone = table.place_row[here], table.alone[here]
        mine = figures[:, : len(rows)]
        if alone.all():
            sums[:, rows] += _over_days(mine)
            continue
        sums[:, rows[alone]] += _over_days(mine[:, alone])
        contested.lay(rows[~alone], place.hour // HOURS_IN_DAY, mine[:, ~alone])
    for row, best in contested.best.items():
        sums[:, row] += np.nan_to_num(best).sum(axis=1)
    return sums


def _decoded(
    days: Slots, chunks: dict[_Place, dict[str, bytes]], complain: Complain
) -> Iterator[tuple[_Place, Floats]]:
    """The figures (points x series x days from the place's first) of each chunk; NaN outside of the wanted days."""
    waiting = iter(chunks.items())
    while some := list(islice(waiting, _AT_ONCE)):
        bodies = [bodies[point] for _, bodies in some for point in _POINTS if point in bodies]
        values = iter(_decode_all(bodies, complain))
        for place, mine in some:
            columns = [next(values) if point in mine else None for point in _POINTS]
            shape = _largest([column for column in columns if column is not None])
            figures = np.full((len(_POINTS), *shape), np.nan)
            wanted = days.overlap(place.hour // HOURS_IN_DAY, shape[1])
            first = wanted.first - place.hour // HOURS_IN_DAY
            for number, column in enumerate(columns):
                if column is not None:
                    at = slice(first, min(first + wanted.count, column.shape[1]))
                    figures[number, : len(column), at] = column[:, at]
            yield place, figures


def _largest(columns: Sequence[Floats]) -> tuple[int, int]:
    return max((len(column) for column in columns), default=0), max((column.shape[1] for column in columns), default=0)


def _decode_all(bodies: Sequence[bytes], complain: Complain) -> list[Floats | None]:
    """Many tiles at once; None for a damaged one."""
    if not bodies:
        return []
    try:
        return [values for values, _ in decode_tiles(bodies)]
    except CorruptBlob as error:
        if len(bodies) == 1:
            complain("daily figures", error)
            return [None]
    return [one for body in bodies for one in _decode_all([body], complain)]


def _over_days(figures: Floats) -> Floats:
    # A product with ones: numpy is slow to sum over so short an axis.
    sums: Floats = np.nan_to_num(figures, copy=False) @ np.ones(figures.shape[2])
    return sums


class _Contested:
    """Days of devices that have figures at several places.

    Attributes:
        best: Points x days of each row.
    """

    def __init__(self, days: Slots) -> None:
        self._days = days
        self.best: dict[int, Floats] = {}

    def lay(self, rows: Integers, first: int, figures: Floats) -> None:
        """Take in one place: of several it counts which saw the most hours, so that all sides agree."""
        mine = self._days.overlap(first, figures.shape[2])
        at, here = self._days.place_of(mine), slice(mine.first - first, mine.first - first + mine.count)
        for number, row in enumerate(rows.tolist()):
            best = self.best.setdefault(row, np.full((len(_POINTS), self._days.count), np.nan))
            known, new = best[:, at], figures[:, number, here]
            np.copyto(known, new, where=_better(known, new))


def _better(known: Floats, new: Floats) -> NDArray[np.bool_]:
    seen, other = known[0] + known[2], new[0] + new[2]
    more = np.isnan(seen) | (other > seen) | ((other == seen) & (new[1] > known[1]))
    better: NDArray[np.bool_] = ~np.isnan(other) & more
    return better


def _answer(found: Sequence[tuple[Sequence[UUID], Floats]]) -> TargetHours:
    """One row for each device; what the files of several years say of one is added up."""
    if len(found) == 1:
        devices, sums = found[0]
    else:
        rows: dict[UUID, int] = {}
        for some, _ in found:
            for device in some:
                rows.setdefault(device, len(rows))
        devices, sums = tuple(rows), np.zeros((len(_POINTS), len(rows)))
        for some, mine in found:
            sums[:, [rows[device] for device in some]] += mine
    counted, reached, excluded = np.rint(sums).astype(np.int64)
    return TargetHours(tuple(devices), counted, reached, excluded, TARGET_SHARE)
