"""Reading goes on beside damage, in a folder that nobody can write, and in files that an earlier version left."""

import asyncio
import os
import shutil
import sqlite3
import tarfile
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from console.store.engine import StoreError
from console.store.history.codec import CorruptBlob
from console.store.history.month import month_path
from console.store.reading.history_reader import FolderReader, open_reader
from console.store.site_store import SiteStore
from drivers.core.reading import Quality
from tests.integration.store.sampling import DAY, LAYOUT, a_site, device, samples, values_at
from tests.integration.store.sweeper import SECONDS, START, values

ONE, TWO = UUID(int=1), UUID(int=2)
SERIES = [("hashrate", ""), ("accepted", "")]


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """Two hours of two devices with every roll-up, closed."""
    store = await SiteStore.open(tmp_path)
    await store.save_site(a_site(device(1), device(2)))
    for whose in (ONE, TWO):
        await store.history.insert(whose, LAYOUT, *samples(DAY, DAY + 7200))
    await store.history.flush(DAY + 2 * 86400)
    await store.close()
    return tmp_path


@pytest.fixture
async def reader(folder: Path) -> AsyncIterator[FolderReader]:
    reader = open_reader(folder)
    yield reader
    await reader.close()


def damage(folder: Path, table: str, where: str) -> None:
    """Cut the last byte off some blobs."""
    with closing(sqlite3.connect(month_path(folder, "2027-01"))) as month, month:
        changed = month.execute(f"UPDATE {table} SET body = substr(body, 1, length(body) - 1) WHERE {where}").rowcount
        assert changed > 0


async def test_that_a_damaged_tile_costs_only_its_own_hour_and_is_told_once(
    folder: Path, reader: FolderReader, expected_log: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    expected_log.append("2027-01: hashrate: a tile's size does not follow from its header")
    damage(folder, "tile", f"level = 0 AND point = 'hashrate' AND hour = {int(DAY // 3600)}")
    for _ in range(3):
        hashrate, accepted = await reader.read(ONE, SERIES, DAY, DAY + 7200)
        assert (hashrate.quality[:720] == Quality.MALFORMED).all()
        assert np.isnan(hashrate.values[:720]).all()
        assert not hashrate.quality[720:].any()
        assert not accepted.quality.any()
    assert len([record for record in caplog.records if "damaged" in record.getMessage()]) == 1


async def test_that_a_strict_reader_raises_for_a_damaged_tile(folder: Path) -> None:
    damage(folder, "tile", "level = 0 AND point = 'hashrate'")
    strict = open_reader(folder, strict=True)
    try:
        with pytest.raises(CorruptBlob, match="size does not follow"):
            await strict.read(ONE, SERIES, DAY, DAY + 60)
        assert len(await strict.read(ONE, SERIES[1:], DAY, DAY + 60)) == 1
    finally:
        await strict.close()


@pytest.mark.parametrize(("level", "step"), [(1, 60.0), (2, 3600.0)])
async def test_that_a_damaged_roll_up_is_worked_out_anew_of_what_is_finer(
    folder: Path, reader: FolderReader, expected_log: list[str], level: int, step: float
) -> None:
    expected_log.append("a roll-up")
    (before,) = await reader.read(ONE, SERIES[:1], DAY, DAY + 7200, step)
    damage(folder, "tile", f"level = {level}")
    (after,) = await reader.read(ONE, SERIES[:1], DAY, DAY + 7200, step)
    np.testing.assert_allclose(after.values, before.values, atol=0.001)
    np.testing.assert_array_equal(after.low, before.low)
    figures = await reader.aggregate("hashrate", DAY, DAY + 7200, step)
    assert figures.count.tolist() == [2] * len(figures.count)


async def test_that_a_damaged_keyframe_is_worked_out_anew_of_the_samples(
    folder: Path, reader: FolderReader, expected_log: list[str]
) -> None:
    expected_log.append("a keyframe")
    before = await reader.state_at(DAY + 1500, exact=False)
    damage(folder, "keyframe", "1")
    after = await reader.state_at(DAY + 1500, exact=False)
    np.testing.assert_array_equal(after.values, before.values)
    np.testing.assert_array_equal(after.answered, before.answered)
    assert after.values[: len(LAYOUT)].tolist() == values_at(DAY + 1196)


async def test_that_a_file_that_is_no_database_is_named(folder: Path, reader: FolderReader) -> None:
    path = month_path(folder, "2027-01")
    path.write_bytes(b"nothing of the kind" * 1000)
    with pytest.raises(StoreError, match=r"2027-01\.sqlite cannot be read"):
        await reader.read(ONE, SERIES, DAY, DAY + 60)


async def test_that_a_file_still_without_tables_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "history").mkdir()
    month_path(tmp_path, "2027-01").touch()
    reader = open_reader(tmp_path)
    try:
        assert await reader.read(ONE, SERIES, DAY, DAY + 60) == []
        assert await reader.extent() is None
        assert await reader.texts(ONE, DAY, DAY + 60) == []
        assert (await reader.state_at(DAY)).shape.devices == ()
        assert (await reader.target_hours(DAY, DAY + 86400)).devices == ()
    finally:
        await reader.close()


async def ask_everything(reader: FolderReader, start: float, whose: UUID, point: str) -> list[object]:
    """One of each question."""
    (history,) = await reader.read(whose, [(point, "")], start, start + 3600)
    (hourly,) = await reader.read(whose, [(point, "")], start, start + 7200, 3600.0)
    matrix = await reader.matrix(point, start, start + 3600, 60.0)
    total = await reader.total(point, start, start + 3600, 600.0)
    figures = await reader.aggregate(point, start, start + 86400, 86400.0)
    hours = await reader.target_hours(start, start + 86400)
    state = await reader.state_at(start + 3000)
    frame = await reader.state_at(start + 3000, exact=False)
    texts = await reader.texts(whose, start, start + 60)
    arrays = (history.values, hourly.values, matrix.values, total.values, figures.mean, state.values, frame.values)
    return [
        *(np.nan_to_num(array, nan=-1.0).round(6).tolist() for array in arrays),
        len(hours.devices),
        len(texts),
        await reader.extent(),
    ]


async def test_that_a_folder_that_nobody_can_write_answers_everything_and_stays_as_it_is(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = open_reader(folder)
    expected = await ask_everything(reader, DAY, ONE, "hashrate")
    await reader.close()
    disc = tmp_path_factory.mktemp("disc") / "site"
    await asyncio.to_thread(shutil.copytree, folder, disc, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    before = sorted(os.listdir(disc / "history"))  # noqa: PTH208 - nobody waits here
    # Whoever runs as root may write anywhere; to SQLite the folder is one of a disc all the same.
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    reader = open_reader(disc)
    assert await ask_everything(reader, DAY, ONE, "hashrate") == expected
    await reader.close()
    assert sorted(os.listdir(disc / "history")) == before  # noqa: PTH208 - nobody waits here


async def test_that_files_of_the_first_version_are_read_as_they_are(tmp_path: Path) -> None:
    with tarfile.open(Path(__file__).with_name("version1.tar.gz")) as archive:
        archive.extractall(tmp_path, filter="data")
    reader = open_reader(tmp_path, strict=True)
    try:
        (history,) = await reader.read(ONE, [("hashrate", "")], START, START + 10_800)
        polled = history.quality < Quality.NOT_POLLED
        assert history.values[polled].tolist() == [values(0, sweep)[0] for sweep in range(30)]
        (hourly,) = await reader.read(ONE, [("hashrate", "")], START, START + 3600, 3600.0)
        in_hour = int(3600 // SECONDS)
        assert hourly.values[0] == pytest.approx(np.mean([values(0, sweep)[0] for sweep in range(in_hour)]))
        for sweep in (3, 17, 29):
            at = START + sweep * SECONDS + 4
            state = await reader.state_at(at)
            assert len(state.shape.devices) == 40
            assert state.values[:3].tolist() == values(0, sweep)
            assert (state.quality == Quality.GOOD).all()
        assert await reader.extent() == (START, START + 10_800)
        await ask_everything(reader, START, ONE, "hashrate")
    finally:
        await reader.close()
