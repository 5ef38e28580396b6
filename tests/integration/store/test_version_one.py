"""A history that the first version wrote reads the same in this one, and gets the roll-ups that it never had.

The folder (`version1.tar.gz`) holds two hours as tiles of format 1 and one as head rows of format 1.
"""

import tarfile
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from console.__main__ import main
from console.store.engine import connect_writer
from console.store.history.month import month_path
from console.store.history.years import year_path
from console.store.site_store import SiteStore
from drivers.core.reading import Quality
from tests.integration.store.killing import check_everything
from tests.integration.store.sampling import rows
from tests.integration.store.sweeper import SECONDS, START, values

SWEEPS = 30
DAY = START // 86400 * 86400
ONE = UUID(int=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with tarfile.open(Path(__file__).with_name("version1.tar.gz")) as archive:
        archive.extractall(tmp_path / "site", filter="data")
    return tmp_path / "site"


@pytest.fixture
async def store(folder: Path) -> AsyncIterator[SiteStore]:
    store = await SiteStore.open(folder)
    yield store
    await store.close()


def expected(sweeps: int) -> list[float]:
    return [values(0, sweep)[0] for sweep in range(sweeps)]


async def test_that_head_rows_by_hour_become_head_rows_by_window(store: SiteStore, folder: Path) -> None:
    month = month_path(folder, "2027-01")
    assert rows(month, "SELECT DISTINCT hex(substr(body, 1, 1)) FROM head") == [("02",)]
    windows = sorted({int(START + sweep * SECONDS) // 600 for sweep in range(24, 30)})
    assert rows(month, "SELECT DISTINCT window FROM head ORDER BY 1") == [(window,) for window in windows]
    await check_everything(folder, SWEEPS)


async def test_that_what_was_stored_reads_the_same_at_every_stage(store: SiteStore, folder: Path) -> None:
    for at in (START, START + 7200 + 700, START + 10800 + 40, START + 2 * 86400):
        await store.history.flush(at)
        await check_everything(folder, SWEEPS)


async def test_that_days_of_the_first_version_get_their_roll_ups(store: SiteStore, folder: Path) -> None:
    month, year = month_path(folder, "2027-01"), year_path(folder, "2027")
    await store.history.flush(DAY + 86400 + 30)
    assert rows(month, "SELECT count(*) FROM part UNION ALL SELECT count(*) FROM head") == [(0,), (0,)]
    assert rows(month, "SELECT value FROM meta WHERE key = 'unrolled'") == []
    assert rows(month, "SELECT level, count(DISTINCT point) FROM tile GROUP BY level") == [(0, 3), (1, 3), (2, 3)]
    assert rows(year, "SELECT level, count(DISTINCT point) FROM tile GROUP BY level") == [(3, 3), (4, 5)]
    (hours,) = await store.reader.read(ONE, [("hashrate", "")], START, START + 9000, 3600.0)
    means = [np.mean(expected(SWEEPS)[first : first + 12]) for first in (0, 12, 24)]
    np.testing.assert_allclose(hours.values, means, atol=0.001)
    (day,) = await store.reader.read(ONE, [("hashrate", "")], DAY, DAY + 86400, 86400.0)
    np.testing.assert_allclose(day.values, [np.mean(expected(SWEEPS))], atol=0.001)
    keyframes = rows(month, "SELECT count(*) FROM keyframe")
    assert keyframes == [(SWEEPS * SECONDS // 600,)]


async def test_that_roll_ups_still_to_be_made_are_made_after_a_restart(folder: Path) -> None:
    store = await SiteStore.open(folder)
    await store.close()
    again = await SiteStore.open(folder)
    try:
        await again.history.flush(DAY + 86400 + 30)
        (minutes,) = await again.reader.read(ONE, [("hashrate", "")], START, START + 600, 60.0)
        assert np.flatnonzero(minutes.quality < Quality.NOT_POLLED).tolist() == [0, 5]
    finally:
        await again.close()


def test_that_a_folder_of_the_first_version_can_be_looked_after(folder: Path, tmp_path: Path) -> None:
    """Verified, measured, backed up and restored as it is; opening it for writing brings it to this version."""
    assert main(["verify", str(folder), "--full"]) == 0
    assert main(["storage", str(folder)]) == 0
    assert main(["backup", str(folder), str(tmp_path / "kept.zip")]) == 0
    assert main(["restore", str(tmp_path / "kept.zip"), str(tmp_path / "again")]) == 0
    assert main(["verify", str(tmp_path / "again"), "--full"]) == 0
    month = month_path(folder, "2027-01")
    with closing(connect_writer(month)) as connection:
        connection.execute("UPDATE tile SET body = zeroblob(9) WHERE rowid = 1")
    assert main(["verify", str(folder), "--repair", "--full"]) == 0
