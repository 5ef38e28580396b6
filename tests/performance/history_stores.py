"""Site folders with a month of history, made quickly: tiles through the real encoders and files, without the polls.

Only what a question reads is made: a month of minutes and a day of raw samples of one chunk, a month of hours of one
point of every device, a month of daily figures of every device.
"""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import numpy as np

from console.store.history import kpi
from console.store.history.history_file import HistoryFile, NewTile
from console.store.history.levels import (
    HOUR,
    KPI,
    MINUTE,
    RAW,
    SECONDS_IN_DAY,
    SECONDS_IN_HOUR,
    SERIES_IN_TILE,
    WINDOW,
    WINDOWS_IN_DAY,
    WINDOWS_IN_HOUR,
    tiles_of_part,
)
from console.store.history.month import MonthFile, NewPart, month_path
from console.store.history.quantise import scale_of, to_steps
from console.store.history.rollups import encode_rollup
from console.store.history.stats import Stats, reduce_raw
from console.store.history.tiles import SERIES, encode_segment, encode_tile, join_segments
from console.store.history.years import DAY_MS, YearFile, year_path
from console.store.site_store import SiteStore
from drivers.core.points import POINTS
from drivers.core.reading import Layout
from tests.performance.history_site import Fleet, device_ids

MONTH = "2026-10"
DAY_BEGIN = 20_727
"""UTC days since the epoch until 2026-10-01."""

BEGIN = float(DAY_BEGIN * SECONDS_IN_DAY)
DAYS = 30
POINT = "hashrate"
PERIOD = 5.0


async def make_month(folder: Path, devices: int, layout: Layout) -> None:
    """A folder in which `POINT` of every device has hours and figures, and the first chunk minutes and a raw day."""
    store = await SiteStore.open(folder)
    origin = store.origin
    await store.close()
    random = np.random.default_rng(2)
    ids = device_ids(devices)
    month = await MonthFile.open(month_path(folder, MONTH), origin)
    await _seat(month, ids, layout)
    await _make_hours(month, random)
    await _make_minutes(month, random)
    await _make_raw(month)
    await month.close()
    await _make_figures(folder, origin, ids, random)


async def _seat(file: HistoryFile, devices: Sequence[UUID], layout: Layout) -> None:
    stored = file.registry.layout(layout)
    for device in devices:
        file.registry.seat(device, stored, round(PERIOD * 1000))
    await _write_seats(file)


async def _write_seats(file: HistoryFile) -> None:
    additions = file.registry.additions()
    await file.database.write(lambda connection: file.write_additions(connection, additions))
    file.registry.added(additions)


def _chunks(file: HistoryFile, level: int) -> list[tuple[int, int, int]]:
    """Shard, chunk and series of each tile of a point with one series a device."""
    size = SERIES_IN_TILE[level]
    return [
        (shard.id, first // size, min(size, len(shard.seats) - first))
        for shard in file.registry.shards.values()
        for first in range(0, len(shard.seats), size)
    ]


def _noise(random: np.random.Generator, shape: tuple[int, int], samples: int) -> Stats:
    """Figures of buckets of white noise of 2 % about 200 TH/s."""
    spread = 4.0
    mean = 200.0 + random.normal(0, spread / samples**0.5, shape)
    reach = spread * (2 * np.log(samples)) ** 0.5
    low, high = (mean + sign * np.abs(random.normal(reach, spread / 3, shape)) for sign in (-1, 1))
    return Stats(mean, low, high, np.full(shape, samples, np.int64), np.zeros(shape, np.uint8))


async def make_day_of_minutes(folder: Path, devices: int, layout: Layout) -> int:
    """A folder with all minutes of a day that is over, as they stand before it is closed; returns the raw samples."""
    store = await SiteStore.open(folder)
    origin = store.origin
    await store.close()
    month = await MonthFile.open(month_path(folder, MONTH), origin)
    await _seat(month, device_ids(devices), layout)
    fleet = Fleet(devices, layout, PERIOD)
    slots = round(WINDOW / PERIOD)
    for window in range(WINDOWS_IN_DAY):
        samples = fleet.window(slots).values
        parts: list[NewPart] = []
        for point in dict.fromkeys(signal.point for signal in layout.signals):
            at = [number for number, signal in enumerate(layout.signals) if signal.point == point]
            values = samples[:, at].reshape(-1, slots)
            for chunk, first in enumerate(range(0, len(values), SERIES)):
                mine = values[first : first + SERIES]
                steps, quality = to_steps(mine, np.zeros(mine.shape, np.uint8), scale_of(point))
                stats = reduce_raw(steps, quality, round(60 / PERIOD), scale_of(point), POINTS[point].kind)
                parts.append(NewPart(MINUTE, point, chunk, encode_rollup(stats, scale_of(point))))
        await month.close_window(0, DAY_BEGIN * WINDOWS_IN_DAY + window, 0, parts, None)
    await month.close()
    return devices * len(layout) * slots * WINDOWS_IN_DAY


async def _make_hours(file: MonthFile, random: np.random.Generator) -> None:
    hour = int(BEGIN // SECONDS_IN_HOUR)
    samples = round(SECONDS_IN_HOUR / PERIOD)
    scale = scale_of(POINT)
    for shard, chunk, series in _chunks(file, HOUR):
        body = encode_rollup(_noise(random, (series, DAYS * 24), samples), scale)
        await file.put_tiles([NewTile.of(HOUR, shard, POINT, chunk, hour, body)])


async def _make_minutes(file: MonthFile, random: np.random.Generator) -> None:
    samples = round(60 / PERIOD)
    tiles = tiles_of_part(MINUTE, 0)
    for day in range(DAYS):
        for shard, chunk, series in _chunks(file, MINUTE)[: len(tiles)]:
            body = encode_rollup(_noise(random, (series, 1440), samples), scale_of(POINT))
            await file.put_tiles([NewTile.of(MINUTE, shard, POINT, chunk, (DAY_BEGIN + day) * 24, body)])


async def _make_raw(file: MonthFile) -> None:
    shard, chunk, series = _chunks(file, RAW)[0]
    slots = round(600 / PERIOD)
    layout = file.registry.shards[shard].seats[0].layout
    fleet = Fleet(series, Layout(layout.signals[:1]), PERIOD)
    scale = scale_of(POINT)
    for hour in range(24):
        parts: dict[int, bytes] = {}
        for place in range(WINDOWS_IN_HOUR):
            window = fleet.window(slots)
            parts[place] = encode_segment(*to_steps(window.values[:, 0], window.quality, scale), scale)
        tile = NewTile.of(RAW, shard, POINT, chunk, DAY_BEGIN * 24 + hour, join_segments(parts, series, slots))
        await file.put_tiles([tile])


async def _make_figures(folder: Path, origin: UUID, devices: Sequence[UUID], random: np.random.Generator) -> None:
    """Daily figures: every hour counted, nearly all of them at target, none excluded."""
    file = await YearFile.open(year_path(folder, MONTH[:4]), origin)
    layout = file.registry.plain_layout(kpi.LAYOUT, kpi.SCALES)
    for device in devices:
        file.registry.seat(device, layout, DAY_MS)
    await _write_seats(file)
    for shard, chunk, series in _chunks(file, KPI):
        shape = (series, DAYS)
        figures = {
            kpi.HOURS_COUNTED: np.full(shape, 24, np.int32),
            kpi.HOURS_AT_TARGET: 24 - random.poisson(0.4, shape).astype(np.int32),
            kpi.HOURS_EXCLUDED: np.zeros(shape, np.int32),
        }
        good = np.zeros(shape, np.uint8)
        await file.put(
            [
                NewTile.of(KPI, shard, point, chunk, DAY_BEGIN * 24, encode_tile(steps, good, kpi.SCALES[point]))
                for point, steps in figures.items()
            ]
        )
    await file.close()
