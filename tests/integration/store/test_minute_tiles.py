"""A tile of minutes holds fewer series than a raw tile: whoever writes, reads, checks or repairs it counts alike."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from console.store.care.progress import Progress
from console.store.care.remaking import remake
from console.store.care.verify import verify
from console.store.history.levels import HOUR, MINUTE, RAW, SERIES_IN_TILE, parts_of_tile, tiles_of_part
from console.store.history.month import month_path
from console.store.history.quantise import Floats
from console.store.site_store import SiteStore
from drivers.core.reading import Layout, Quality, Signal
from tests.integration.store.sampling import DAY, a_site, device, rows

SERIES = 300
LAYOUT = Layout(tuple(Signal("chip_temp", str(part)) for part in range(SERIES)))
PARTS = [("chip_temp", str(part)) for part in range(SERIES)]
TIMES = np.arange(DAY + 3600, DAY + 3600 + 1200, 10.0) + 1.0
VALUES = np.random.default_rng(3).uniform(40, 80, (len(TIMES), SERIES)).round(1)
MINUTES = VALUES.reshape(-1, 6, SERIES).mean(axis=1).T
OVER = DAY + 86400 + 30
TILES = "SELECT chunk, hour, hash FROM tile WHERE level = {} AND point = 'chip_temp' ORDER BY 1, 2"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SiteStore]:
    store = await SiteStore.open(tmp_path)
    await store.save_site(a_site(device(1)))
    await store.history.insert(UUID(int=1), LAYOUT, TIMES, VALUES, np.zeros(VALUES.shape, np.uint8))
    yield store
    await store.close()


@pytest.fixture
def month(tmp_path: Path) -> Path:
    return month_path(tmp_path, "2027-01")


async def minutes(store: SiteStore, parts: list[tuple[str, str]] = PARTS) -> Floats:
    found = await store.reader.read(UUID(int=1), parts, DAY + 3600, DAY + 3600 + 1200, 60.0)
    assert {history.step for history in found} == {60.0}
    return np.stack([history.values for history in found])


def test_that_tiles_and_parts_name_each_other() -> None:
    for level in (MINUTE, HOUR):
        tiles = [*tiles_of_part(level, 0), *tiles_of_part(level, 1)]
        assert tiles == list(range(len(tiles)))
        ranks = [tile * SERIES_IN_TILE[level] for tile in tiles]
        places = [parts_of_tile(level, tile) for tile in tiles]
        assert [part * SERIES_IN_TILE[RAW] + row for part, row in places] == ranks


async def test_that_minutes_are_read_alike_from_parts_and_from_tiles(store: SiteStore, month: Path) -> None:
    await store.history.flush(DAY + 3600 + 1200 + 40)
    assert rows(month, "SELECT DISTINCT chunk FROM part WHERE level = 1 AND point = 'chip_temp'") == [(0,), (1,)]
    running = await minutes(store)
    np.testing.assert_allclose(running, MINUTES, atol=0.01)
    await store.history.flush(OVER)
    assert [row[0] for row in rows(month, TILES.format(MINUTE))] == [0, 1, 2, 3, 4]
    assert [row[0] for row in rows(month, TILES.format(HOUR))] == [0, 1]
    np.testing.assert_array_equal(await minutes(store), running)
    some = [3, 70, 71, 255, 256, 299]
    np.testing.assert_array_equal(await minutes(store, [PARTS[at] for at in some]), running[some])
    total = await store.reader.total("chip_temp", DAY + 3600, DAY + 3600 + 1200, 60.0)
    np.testing.assert_allclose(total.values, running.sum(axis=0))


async def test_that_late_samples_come_into_their_tile_alone(store: SiteStore, month: Path, tmp_path: Path) -> None:
    await store.history.flush(OVER)
    before = {row[0]: row[2] for row in rows(month, TILES.format(MINUTE))}
    late = np.full((len(TIMES), SERIES), np.nan)
    late[:, 70] = 50.0
    quality = np.where(np.isnan(late), np.uint8(Quality.NOT_POLLED), np.uint8(0))
    await store.history.insert(UUID(int=1), LAYOUT, TIMES + 1800, late, quality)
    await store.history.flush(OVER)
    after = {row[0]: row[2] for row in rows(month, TILES.format(MINUTE))}
    assert [tile for tile in before if before[tile] != after[tile]] == [1]
    np.testing.assert_allclose(await minutes(store), MINUTES, atol=0.01)
    await store.close()
    assert [one.detail for one in verify(tmp_path, full=True, progress=Progress()) if not one.ok] == []


async def test_that_lost_minutes_take_nothing_from_the_hours_that_stand(
    store: SiteStore, month: Path, tmp_path: Path
) -> None:
    await store.history.flush(OVER)
    (file,) = store.history._files
    hours, tiles = rows(month, TILES.format(HOUR)), rows(month, TILES.format(MINUTE))
    drop = "DELETE FROM tile WHERE level = 0 OR (level = 1 AND chunk = 1)"
    await file.database.write(lambda connection: connection.exec_driver_sql(drop).rowcount)
    await store.close()
    await remake(tmp_path, "2027-01", [int(DAY // 86400)], Progress(), OVER)
    assert rows(month, TILES.format(HOUR)) == hours
    assert rows(month, TILES.format(MINUTE)) == [row for row in tiles if row[0] != 1]
    assert [one.detail for one in verify(tmp_path, full=True, progress=Progress()) if not one.ok] == []
