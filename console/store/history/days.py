"""Days that are over: minutes, hours, days and daily figures, out of the minutes of each window.

A day goes point by point. All that is written can be worked out again, and equals what stands already if it is; the
minute parts go last. So a crash anywhere, between two files too, leaves the day to be done again, with the same result.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from console.store.history import kpi
from console.store.history.codec import CorruptBlob
from console.store.history.history_file import NewTile
from console.store.history.kpi import DayFigures, HourSums, SeatMinutes
from console.store.history.levels import DAY, HOUR, KPI, MINUTE, SERIES_IN_TILE, WINDOWS_IN_DAY, tiles_of_part
from console.store.history.month import MonthFile, first_hour_of_month
from console.store.history.quantise import Codes, Floats, Integers, to_steps
from console.store.history.rollups import Stats, decode_rollups, encode_rollup, reduce_stats
from console.store.history.threads import InThread
from console.store.history.tiles import SERIES, decode_tile, encode_tile
from console.store.history.window import Arrangement, kind_of
from console.store.history.year_columns import YearColumns, YearTable, overlay
from console.store.history.years import DAY_MS, YearFile, YearFiles, first_day_of_year
from drivers.core.reading import Quality

_HOURS = 24
_MINUTES = 60
_MINUTES_IN_DAY = 1440
_MINUTES_IN_WINDOW = 10

_NO_ROWS: Integers = np.empty(0, np.int64)

_log = logging.getLogger(__name__)


class Arrangements(Protocol):
    """Knows how the series of a month's shards are laid out."""

    def __call__(self, file: MonthFile, shard: int) -> Arrangement:
        """The arrangement of a shard."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One (point, chunk of parts) of a shard on one day: where it stands and what is stored of it.

    `minutes` are the bodies of each tile of minutes that its series stand in; `shared` the rows whose minutes are to be
    put together with those of their devices' other seats.
    """

    shard: int
    point: str
    number: int
    series: int
    scale: float
    day: int
    parts: Mapping[int, bytes]
    minutes: Mapping[int, Sequence[bytes]]
    hours: Sequence[bytes]
    shared: Integers


@dataclass(frozen=True, slots=True)
class _ChunkDay:
    """What a chunk's day comes to.

    Attributes:
        tiles: To be written.
        day: The day as one bucket.
        last: The last minute of each series with a good sample; -1 when there is none.
        sums: What figures are made of.
        shared: Mean and count of each minute of the rows that `_Chunk.shared` names.
    """

    tiles: list[NewTile]
    day: Stats
    last: Integers
    sums: HourSums
    shared: SeatMinutes


class DayTiles:
    """Closes days; see `flush.DayCloser`."""

    def __init__(self, in_thread: InThread, arrangements: Arrangements, years: YearFiles) -> None:
        self._in_thread = in_thread
        self._arrangements = arrangements
        self._years = years

    async def close_day(self, file: MonthFile, day: int) -> None:
        """Make the tiles of a day out of its minute parts, which go. Raises `StoreFull`; what was done stays done."""
        windows = range(day * WINDOWS_IN_DAY, (day + 1) * WINDOWS_IN_DAY)
        year = await self._years.file(day)
        shards = {
            shard: await self._in_thread(self._arrangements, file, shard) for shard in sorted(file.registry.shards)
        }
        table = await self._in_thread(YearTable, file, year)
        figures = DayFigures()
        for point in sorted({point for arrangement in shards.values() for point in arrangement.spans}):
            columns = table.columns(point)
            for shard, arrangement in shards.items():
                if point in arrangement.spans:
                    await self._close_point(file, shard, arrangement, point, day, columns, figures)
            await self._in_thread(figures.settle, point)
            await self._write_days(year, columns, day)
        await self._write_figures(year, figures, day)
        for shard, arrangement in shards.items():
            for point in arrangement.spans:
                await file.forget_parts(MINUTE, shard, point, windows)
        file.days.discard(day)

    async def _close_point(
        self,
        file: MonthFile,
        shard: int,
        arrangement: Arrangement,
        point: str,
        day: int,
        columns: YearColumns,
        figures: DayFigures,
    ) -> None:
        parts = await file.parts(MINUTE, shard, [point], range(day * WINDOWS_IN_DAY, (day + 1) * WINDOWS_IN_DAY))
        month = first_hour_of_month(day)
        for number, rows in enumerate(arrangement.chunks(point)):
            mine = parts.get((point, number), {})
            if not mine and point not in kpi.INPUTS:
                continue
            stored = await file.tiles(MINUTE, shard, [point], tiles_of_part(MINUTE, number), [day * _HOURS])
            hours = await file.tiles(HOUR, shard, [point], [number], [month])
            places = arrangement.places(rows)
            shared = _shared_rows(file, shard, places[0]) if point in kpi.INPUTS else _NO_ROWS
            chunk = _Chunk(
                shard, point, number, rows.stop - rows.start, arrangement.scales[point], day, mine,
                {tile: bodies for (_, tile, _), bodies in stored.items()}, hours.get((point, number, month), []),
                shared,
            )  # fmt: skip
            closed = await self._in_thread(_close_chunk, file.name, chunk)
            if closed.tiles:
                await file.put_tiles(closed.tiles)
            if mine:
                columns.add(shard, *places, closed.day, closed.last)
            if point in kpi.INPUTS:
                figures.add(point, file.registry.shards[shard].seats, *places, closed.sums, closed.shared)

    async def _write_days(self, year: YearFile, columns: YearColumns, day: int) -> None:
        first = first_day_of_year(day)
        for shard, chunk, stats in columns.chunks():
            hour = first * _HOURS
            stored = await year.tiles(DAY, shard, [columns.point], [chunk], [hour])
            bodies = stored.get((columns.point, chunk, hour), [])
            scale = year.registry.scales[columns.point]
            tile = await self._in_thread(
                _day_tile, year.name, bodies, (shard, columns.point, chunk, hour), stats, day - first, scale
            )
            await year.put([tile])

    async def _write_figures(self, year: YearFile, figures: DayFigures, day: int) -> None:
        if not figures.devices:
            return
        layout = year.registry.plain_layout(kpi.LAYOUT, kpi.SCALES)
        seats = [year.registry.seat(device, layout, DAY_MS) for device in figures.devices]
        hour = first_hour_of_month(day)
        found = figures.figures()
        for shard in sorted({seat.shard for seat in seats}):
            known = year.registry.shards[shard]
            arrangement = Arrangement(list(known.seats), known.period_ms, year.registry.scales)
            mine = np.array([at for at, seat in enumerate(seats) if seat.shard == shard], np.int64)
            numbers = np.array([seats[at].number for at in mine.tolist()], np.int64)
            for point, (values, quality) in found.items():
                span = arrangement.spans[point]
                ranks = arrangement.row_of[arrangement.starts[numbers] + layout.points[point][0]] - span.start
                for chunk in np.unique(ranks // SERIES).tolist():
                    here = ranks // SERIES == chunk
                    place = (shard, point, chunk, hour)
                    stored = await year.tiles(KPI, shard, [point], [chunk], [hour])
                    rows = arrangement.chunks(point)[chunk]
                    new = _NewFigures(ranks[here] % SERIES, values[mine[here]], quality[mine[here]])
                    tile = await self._in_thread(
                        _figure_tile,
                        year.name,
                        stored.get(place[1:], []),
                        place,
                        rows.stop - rows.start,
                        new,
                        day - hour // _HOURS,
                    )
                    await year.put([tile])


def _read_stats(name: str, bodies: Sequence[bytes], series: int, at_least: int) -> Stats:
    """A stored roll-up with so many series and at least so many buckets; empty where it is missing or damaged."""
    found = Stats.nothing(series, at_least)
    for body in bodies:
        try:
            (stored,) = decode_rollups((body,))
        except CorruptBlob as error:
            _log.error("%s: a roll-up is made anew without what it held: %s", name, error)
            continue
        more = stored.quality.shape[1] - at_least
        found = Stats.joined([found, Stats.nothing(series, more)]) if more > 0 else found
        overlay(found, 0, stored)
    return found


def _put(base: Stats, first: int, rows: slice, later: Stats) -> None:
    """Set buckets of some rows of `base` from bucket `first` on; `later` has all rows."""
    at = slice(first, first + later.quality.shape[1])
    for column, new in (
        (base.mean, later.mean),
        (base.low, later.low),
        (base.high, later.high),
        (base.count, later.count),
        (base.quality, later.quality),
    ):
        column[rows, at] = new[rows]


def _close_chunk(name: str, chunk: _Chunk) -> _ChunkDay:
    minutes = Stats.nothing(chunk.series, _MINUTES_IN_DAY)
    for number, rows in _minute_tiles(chunk):
        if number in chunk.minutes:
            stored = _read_stats(name, chunk.minutes[number], rows.stop - rows.start, _MINUTES_IN_DAY)
            overlay(minutes, 0, stored, rows.start)
    for window, part in _decoded(name, chunk):
        overlay(minutes, window % WINDOWS_IN_DAY * _MINUTES_IN_WINDOW, part)
    kind = kind_of(chunk.point)
    hours = reduce_stats(minutes, _MINUTES, kind)
    tiles = _chunk_tiles(name, chunk, minutes, hours) if chunk.parts else []
    some = minutes.count > 0
    last = np.where(some.any(axis=1), _MINUTES_IN_DAY - 1 - some[:, ::-1].argmax(axis=1), -1)
    shared = SeatMinutes.of(minutes, chunk.shared)
    return _ChunkDay(tiles, reduce_stats(hours, _HOURS, kind), last, HourSums.of(minutes), shared)


def _shared_rows(file: MonthFile, shard: int, seats: Integers) -> Integers:
    """Those of some series whose devices have several seats in a month; `seats` are the series' own."""
    known = file.registry.shards[shard].seats
    return np.flatnonzero([len(file.registry.seats_of(known[seat].device)) > 1 for seat in seats.tolist()])


def _decoded(name: str, chunk: _Chunk) -> Iterable[tuple[int, Stats]]:
    """The minutes of each window; all at once, or one after another to leave out what is damaged."""
    try:
        return list(zip(chunk.parts, decode_rollups(list(chunk.parts.values())), strict=True))
    except CorruptBlob:
        found: list[tuple[int, Stats]] = []
        for window, body in chunk.parts.items():
            try:
                found += [(window, decode_rollups((body,))[0])]
            except CorruptBlob as error:
                _log.error("%s: minutes of window %d of %s are left out: %s", name, window, chunk.point, error)
        return found


def _minute_tiles(chunk: _Chunk) -> list[tuple[int, slice]]:
    """The tiles of minutes that the series of a chunk stand in, and which of its rows."""
    numbers, size = tiles_of_part(MINUTE, chunk.number), SERIES_IN_TILE[MINUTE]
    starts = range(0, chunk.series, size)
    return [(number, slice(at, min(at + size, chunk.series))) for number, at in zip(numbers, starts, strict=False)]


def _chunk_tiles(name: str, chunk: _Chunk, minutes: Stats, hours: Stats) -> list[NewTile]:
    """The minutes of the day, and the hours of the month with this day's laid in.

    Series of which no minute is left, although minutes or hours of them stand, keep what stands.
    """
    month = first_hour_of_month(chunk.day)
    first = chunk.day * _HOURS - month
    whole = _read_stats(name, chunk.hours, chunk.series, first + _HOURS)
    tiles: list[NewTile] = []
    for number, rows in _minute_tiles(chunk):
        polled = (minutes.quality[rows] != Quality.NOT_POLLED).any()
        stands = number in chunk.minutes or whole.count[rows, first : first + _HOURS].any()
        if polled or not stands:
            _put(whole, first, rows, hours)
            body = encode_rollup(minutes.of_rows(rows), chunk.scale)
            tiles.append(NewTile.of(MINUTE, chunk.shard, chunk.point, number, chunk.day * _HOURS, body))
    body = encode_rollup(whole, chunk.scale)
    return [*tiles, NewTile.of(HOUR, chunk.shard, chunk.point, chunk.number, month, body)]


def _day_tile(
    name: str, bodies: Sequence[bytes], place: tuple[int, str, int, int], day: Stats, at: int, scale: float
) -> NewTile:
    """The days of a year with one more laid in; `place` is shard, point, chunk and first hour."""
    whole = _read_stats(name, bodies, len(day.quality), at + 1)
    overlay(whole, at, day)
    return NewTile.of(DAY, *place, encode_rollup(whole, scale))


@dataclass(frozen=True, slots=True)
class _NewFigures:
    """One figure of one day for some rows of a chunk."""

    rows: Integers
    values: Floats
    quality: Codes


def _figure_tile(
    name: str, bodies: Sequence[bytes], place: tuple[int, str, int, int], series: int, new: _NewFigures, at: int
) -> NewTile:
    """One figure of a month's days with one more laid in; `place` is shard, point, chunk and first hour."""
    scale = kpi.SCALES[place[1]]
    values = np.full((series, at + 1), np.nan)
    quality = np.full((series, at + 1), Quality.NOT_POLLED, np.uint8)
    for body in bodies:
        try:
            stored, codes = decode_tile(body)
        except CorruptBlob as error:
            _log.error("%s: figures are made anew without what they held: %s", name, error)
            continue
        more = max(0, stored.shape[1] - values.shape[1])
        values = np.pad(values, ((0, 0), (0, more)), constant_values=np.nan)
        quality = np.pad(quality, ((0, 0), (0, more)), constant_values=Quality.NOT_POLLED)
        values[: len(stored), : stored.shape[1]] = stored
        quality[: len(stored), : stored.shape[1]] = codes
    values[new.rows, at], quality[new.rows, at] = new.values, new.quality
    steps, codes = to_steps(values, quality, scale)
    return NewTile.of(KPI, *place, encode_tile(steps, codes, scale))
