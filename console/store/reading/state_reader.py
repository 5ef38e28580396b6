"""The state of a whole site at an instant: the keyframe before it, and what was polled since."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from console.services.ports import PastShape, PastState
from console.store.history.levels import RAW, STEP_SECONDS, window_of, window_start
from console.store.history.registry import STATE
from console.store.history.rollups import MEAN, Stats
from console.store.reading.blobs import WindowBlobs, fetch_keyframes, fetch_last_keyframes, fetch_window
from console.store.reading.catalogue import Catalogue, StoredShard
from console.store.reading.collecting import Collector
from console.store.reading.damage import Complain, Damage
from console.store.reading.files import Files, StoredFile
from console.store.reading.grid import Slots
from console.store.reading.instant import (
    Moment,
    Places,
    decode_frames,
    lay_answers,
    lay_frame,
    lay_newer,
    lay_states,
    mark_stale,
    newest_in_window,
)
from console.store.reading.rollup_tiles import read_tiles
from console.store.reading.shapes import Shaper
from console.store.reading.sources import Pick, Source, shared_blocks
from drivers.core.reading import Quality

_KEYFRAME_PATIENCE: Final = 60.0
"""Seconds of silence that a keyframe forgives: it knows nothing of the rhythm in which devices were polled."""


class StateReader:
    """Answers `SiteReader.state_at`."""

    def __init__(self, files: Files, damage: Damage) -> None:
        self._files = files
        self._damage = damage
        self._collector = Collector(damage)
        self._shapers: WeakKeyDictionary[Catalogue, Shaper] = WeakKeyDictionary()

    async def at(self, at: float, *, exact: bool) -> PastState:
        """Every series at UTC second `at`; see `SiteReader.state_at`."""
        as_of = at if exact else float(window_start(window_of(at)))
        inside = as_of if exact else as_of - 1.0
        files = await self._files.months(inside, inside) or await self._files.months(as_of, as_of)
        catalogue = await files[0].catalogue() if files else None
        if catalogue is None:
            return _nothing(at, as_of)
        shaper = await self._shaper(catalogue)
        if catalogue.version.finest != RAW:
            return await self._rolled(files[0], catalogue, shaper, at)
        window = window_of(as_of)
        moment = await self._at_end(files[0], catalogue, window - 1)
        if exact:
            await self._lay_window(files[0], list(catalogue.shards.values()), shaper.places, moment, window, as_of)
        least = 0.0 if exact else _KEYFRAME_PATIENCE
        return await asyncio.to_thread(_finished, shaper, moment, at, as_of, least)

    async def _shaper(self, catalogue: Catalogue) -> Shaper:
        found = self._shapers.get(catalogue)
        if found is None:
            found = self._shapers[catalogue] = await asyncio.to_thread(Shaper, catalogue)
        return found

    async def _at_end(self, file: StoredFile, catalogue: Catalogue, window: int) -> Moment:
        """The moment at which a window ended: its keyframes, and where there are none yet what was polled in it."""
        places = (await self._shaper(catalogue)).places
        if window_start(window) < file.start:
            return await self._carried(file, places, window)
        moment = Moment.nothing(places)
        rows = await file.read(partial(fetch_keyframes, catalogue=catalogue, window=window))
        complain = self._damage.of(file.name)
        laid = await asyncio.to_thread(_lay_frames, places, moment, rows, complain)
        missing = [shard for key, shard in catalogue.shards.items() if key not in laid]
        if missing:
            earlier = await file.read(partial(fetch_last_keyframes, catalogue=catalogue, before=window))
            rows = [(shard, body) for shard, body in earlier if shard.key not in laid]
            await asyncio.to_thread(_lay_answers, places, moment, rows, complain)
            await self._lay_window(file, missing, places, moment, window, float(window_start(window + 1)) - 1e-3)
        return moment

    async def _carried(self, file: StoredFile, places: Places, window: int) -> Moment:
        """The end of a window of the month before, laid out as the seats of this one."""
        moment = Moment.nothing(places)
        before = await self._files.months(file.start - 1.0, file.start - 1.0)
        catalogue = await before[0].catalogue() if before else None
        if catalogue is not None and catalogue.version.finest == RAW:
            earlier = await self._at_end(before[0], catalogue, window)
            await asyncio.to_thread(_carry, (await self._shaper(catalogue)).places, earlier, places, moment)
        return moment

    async def _lay_window(
        self, file: StoredFile, shards: Sequence[StoredShard], places: Places, moment: Moment, window: int, upto: float
    ) -> None:
        """Lay what was polled in a window up to UTC second `upto` over a moment; shard by shard, to bound memory."""
        complain = self._damage.of(file.name)
        for shard in shards:
            last = int((upto - window_start(window)) // shard.period)
            await file.take(
                partial(fetch_window, catalogue=places.catalogue, shard=shard, window=window),
                partial(_lay_polls, places, moment, upto=last, complain=complain),
            )

    async def _rolled(self, file: StoredFile, catalogue: Catalogue, shaper: Shaper, at: float) -> PastState:
        """The minute or hour that holds the instant, where the samples themselves were deleted."""
        level = catalogue.version.finest
        slots = Slots(float(STEP_SECONDS[level]), int(at // STEP_SECONDS[level]), 1)
        moment = Moment.nothing(shaper.places)
        for shard in catalogue.shards.values():
            for point in shard.points:
                ranks = np.arange(len(shard.ranked(point).seats))
                source = Source(file, catalogue, shard, (Pick(point, ranks),), ranks)
                figures, _ = await read_tiles(source, level, slots, self._damage, (MEAN,))
                await asyncio.to_thread(_lay_figures, shaper.places, moment, source, figures, slots.stop)
        for point in sorted({point for shard in catalogue.shards.values() for point in shard.points}):
            await self._lay_shared(file, catalogue, shaper.places, moment, point, level, slots)
        return await asyncio.to_thread(shaper.state, moment, at, slots.start)

    async def _lay_shared(
        self,
        file: StoredFile,
        catalogue: Catalogue,
        places: Places,
        moment: Moment,
        point: str,
        level: int,
        slots: Slots,
    ) -> None:
        """What several seats of a device hold of one slot is the figure of each that has any."""
        table = catalogue.series(point)
        everywhere = np.ones(len(table.place_row), np.bool_)
        blocks = shared_blocks(file, catalogue, point, everywhere, np.arange(len(table.devices)))
        for block in [one for whole in blocks for one in whole.origins if len(one.sources) > 1]:
            figures = await self._collector.of_origin(block, level, slots)
            for source in block.sources:
                at = places.series_of(source.shard).start + source.shard.ranked(point).at[source.picks[0].ranks]
                there = (moment.quality[at] < Quality.NOT_POLLED) & (figures.count[source.rows, 0] > 0)
                moment.values[at[there]] = figures.mean[source.rows[there], 0]
                moment.quality[at[there]] = figures.quality[source.rows[there], 0]


def _nothing(at: float, as_of: float) -> PastState:
    """Nothing is on record of that month."""
    empty = np.empty(0)
    codes = np.empty(0, np.uint8)
    return PastState(at, as_of, PastShape((), (), np.empty(0, np.int64), 0), empty, codes, empty, codes, empty)


def _finished(shaper: Shaper, moment: Moment, at: float, as_of: float, least: float) -> PastState:
    mark_stale(shaper.places, moment, as_of, least)
    return shaper.state(moment, at, as_of)


def _lay_frames(
    places: Places, moment: Moment, rows: Sequence[tuple[StoredShard, bytes]], complain: Complain
) -> set[tuple[str, int]]:
    """Lay keyframes; returns of which shards."""
    frames = decode_frames(rows, complain)
    for shard, frame in frames:
        lay_frame(places, moment, shard, frame)
    return {shard.key for shard, _ in frames}


def _lay_answers(places: Places, moment: Moment, rows: Sequence[tuple[StoredShard, bytes]], complain: Complain) -> None:
    """Of keyframes that are too old to show, when the devices had answered."""
    for shard, frame in decode_frames(rows, complain):
        lay_answers(places, moment, shard, frame)


def _lay_polls(places: Places, moment: Moment, blobs: WindowBlobs, upto: int, complain: Complain) -> None:
    lay_newer(places, moment, newest_in_window(places, blobs, upto, complain), blobs.window)


def _lay_figures(places: Places, moment: Moment, source: Source, figures: Stats, until: float) -> None:
    """One slot of a point; who has a value answered by its end."""
    (pick,) = source.picks
    ranked = source.shard.ranked(pick.point)
    at = places.series_of(source.shard).start + ranked.at
    moment.values[at], moment.quality[at] = figures.mean[:, 0], figures.quality[:, 0]
    there = ranked.seats[figures.quality[:, 0] < Quality.NOT_POLLED]
    moment.answered[places.seats_of(source.shard).start + there] = until
    if pick.point == STATE.point:
        lay_states(places, moment, source.shard, at)


def _carry(before: Places, earlier: Moment, places: Places, moment: Moment) -> None:
    """Take what was known in another file's layout; a device goes on where it has a seat with the same series."""
    seats = dict(before.numbered_seats())
    for key, number in places.numbered_seats():
        known = seats.get(key)
        if known is not None:
            theirs = slice(before.starts[known], before.starts[known + 1])
            mine = slice(places.starts[number], places.starts[number + 1])
            moment.values[mine], moment.quality[mine] = earlier.values[theirs], earlier.quality[theirs]
            moment.answered[number], moment.state[number] = earlier.answered[known], earlier.state[known]
