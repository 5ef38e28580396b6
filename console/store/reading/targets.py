"""Hours at target out of the daily figures of the years' files."""

import asyncio
from collections.abc import Collection, Sequence
from functools import partial
from uuid import UUID

import numpy as np

from console.services.ports import TargetHours
from console.store.history.codec import CorruptBlob
from console.store.history.kpi import HOURS_AT_TARGET, HOURS_COUNTED, HOURS_EXCLUDED, TARGET_SHARE
from console.store.history.levels import KPI, SECONDS_IN_DAY, SECONDS_IN_HOUR
from console.store.history.quantise import Floats, Integers
from console.store.history.tiles import SERIES, decode_tiles
from console.store.reading.blobs import Blobs, Hours, Wanted, fetch
from console.store.reading.catalogue import Catalogue, StoredShard
from console.store.reading.damage import Complain, Damage
from console.store.reading.files import StoredFile
from console.store.reading.grid import Slots

_POINTS = (HOURS_COUNTED, HOURS_AT_TARGET, HOURS_EXCLUDED)


class _Days:
    """Figures of devices by day, with the best of several origins for each.

    Attributes:
        devices: Row of each device.
        figures: Points x rows x days; NaN where there is none.
    """

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.devices: dict[UUID, int] = {}
        self.figures: Floats = np.full((len(_POINTS), 0, slots.count), np.nan)

    def rows(self, devices: Sequence[UUID]) -> Integers:
        """The rows of devices; room is made for new ones."""
        found = np.array([self.devices.setdefault(device, len(self.devices)) for device in devices], np.int64)
        more = len(self.devices) - self.figures.shape[1]
        if more:
            room = np.full((len(_POINTS), more, self.slots.count), np.nan)
            self.figures = np.concatenate([self.figures, room], axis=1)
        return found

    def lay(self, rows: Integers, days: slice, figures: Floats) -> None:
        """Take in the days of one origin: of several it counts which saw the most hours, so that all sides agree."""
        known = self.figures[:, rows, days]
        seen, other = known[0] + known[2], figures[0] + figures[2]
        more = np.isnan(seen) | (other > seen) | ((other == seen) & (figures[1] > known[1]))
        better = ~np.isnan(other) & more
        self.figures[:, rows, days] = np.where(better, figures, known)


async def count_target_hours(
    years: Sequence[tuple[StoredFile, Catalogue]], slots: Slots, devices: Collection[UUID] | None, damage: Damage
) -> TargetHours:
    """Hours at target of devices over whole UTC days."""
    days = _Days(slots)
    for file, catalogue in years:
        mine = slots.within(file.start, file.stop)
        for shard in catalogue.shards.values():
            if HOURS_COUNTED in shard.points:
                ranks = await asyncio.to_thread(_ranks, shard, devices)
                if len(ranks):
                    blobs = await file.read(partial(fetch, wanted=_wanted(file, catalogue, shard, ranks, mine)))
                    await asyncio.to_thread(_lay, days, shard, ranks, mine, blobs, damage.of(file.name))
    return await asyncio.to_thread(_summed, days)


def _ranks(shard: StoredShard, devices: Collection[UUID] | None) -> Integers:
    """Which of the shard's figures belong to these devices; all when None. Every figure has the same ranks."""
    seats = shard.ranked(HOURS_COUNTED).seats
    if devices is None:
        return np.arange(len(seats))
    wanted = frozenset(devices)
    return np.flatnonzero([shard.devices[seat] in wanted for seat in seats.tolist()])


def _wanted(file: StoredFile, catalogue: Catalogue, shard: StoredShard, ranks: Integers, slots: Slots) -> Wanted:
    chunks = np.unique(ranks // SERIES).tolist()
    hours = Hours(int(file.start // SECONDS_IN_HOUR), slots.hours.last)
    return Wanted(catalogue, shard, KPI, _POINTS, chunks, hours, hours)


def _lay(days: _Days, shard: StoredShard, ranks: Integers, slots: Slots, blobs: Blobs, complain: Complain) -> None:
    seats = shard.ranked(HOURS_COUNTED).seats[ranks]
    rows = days.rows([shard.devices[seat] for seat in seats.tolist()])
    for chunk in np.unique(ranks // SERIES).tolist():
        mine = np.flatnonzero(ranks // SERIES == chunk)
        figures = np.full((len(_POINTS), len(mine), slots.count), np.nan)
        for number, point in enumerate(_POINTS):
            tiles = [tile for tile in blobs.tiles if (tile.point, tile.chunk) == (point, chunk)]
            for tile in tiles:
                values = _decode(tile.body, ranks[mine] % SERIES, complain)
                if values is not None:
                    first = tile.hour * SECONDS_IN_HOUR // SECONDS_IN_DAY
                    here = slots.overlap(first, values.shape[1])
                    part = values[:, here.first - first : here.first - first + here.count]
                    figures[number, :, slots.place_of(here)] = part
        days.lay(rows[mine], days.slots.place_of(slots), figures)


def _decode(body: bytes, rows: Integers, complain: Complain) -> Floats | None:
    try:
        ((values, _),) = decode_tiles((body,), rows)
    except CorruptBlob as error:
        complain("daily figures", error)
        return None
    return values


def _summed(days: _Days) -> TargetHours:
    counted, reached, excluded = np.nan_to_num(days.figures).sum(axis=2).astype(np.int64)
    return TargetHours(tuple(days.devices), counted, reached, excluded, TARGET_SHARE)
