"""One door for any span and step: every level, the running day and a thinned month answer what the samples say."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from console.services.ports import History
from console.store.history.month import month_path
from console.store.history.years import year_path
from console.store.reading.history_reader import FolderReader, open_reader
from console.store.site_store import SiteStore
from drivers.core.reading import Layout, Quality, Signal
from tests.integration.store.sampling import DAY, LAYOUT, a_site, device, values_at

DAY_SECONDS = 86400.0
STOP = DAY + 2.5 * DAY_SECONDS
"""In the middle of the third day: two are closed, of the third there are hours, windows and head rows."""

ONE, TWO = UUID(int=1), UUID(int=2)


def times_of(number: int) -> NDArray[np.float64]:
    """A sample a minute; the second device is out for the first six hours of each day."""
    times = np.arange(DAY, STOP, 60.0) + 1.0
    return times if number == 1 else times[(times - DAY) % DAY_SECONDS >= 6 * 3600]


async def fill(store: SiteStore, numbers: Sequence[int] = (1, 2)) -> None:
    for number in numbers:
        times = times_of(number)
        values = np.array([values_at(at + number) for at in times.tolist()])
        await store.history.insert(UUID(int=number), LAYOUT, times, values, np.zeros(values.shape, np.uint8))
    await store.history.flush(STOP - 300)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the tests read, and copy before they change it."""
    import asyncio  # noqa: PLC0415 - the fixture is of the module, and its loop its own

    folder = tmp_path_factory.mktemp("levels")

    async def work() -> None:
        store = await SiteStore.open(folder)
        await store.save_site(a_site(device(1), device(2)))
        await fill(store)
        await store.close()

    asyncio.run(work())
    return folder


@pytest.fixture
async def reader(filled: Path) -> AsyncIterator[FolderReader]:
    reader = open_reader(filled, strict=True)
    yield reader
    await reader.close()


def buckets(number: int, series: int, start: float, stop: float, step: float) -> NDArray[np.float64]:
    """Mean, low, high and last of the samples of each bucket, worked out the plain way."""
    times = times_of(number)
    values = np.array([values_at(at + number)[series] for at in times.tolist()])
    found = []
    for begin in np.arange(start, stop, step):
        mine = values[(times >= begin) & (times < begin + step)]
        found.append([mine.mean(), mine.min(), mine.max(), mine[-1]] if len(mine) else [np.nan] * 4)
    return np.array(found).T


@pytest.mark.parametrize("step", [60.0, 300.0, 3600.0, 4 * 3600.0, DAY_SECONDS])
@pytest.mark.parametrize("number", [1, 2])
async def test_that_every_step_answers_what_the_samples_say(reader: FolderReader, number: int, step: float) -> None:
    start, stop = DAY - step, np.ceil(STOP / step) * step
    gauge, counter = await reader.read(UUID(int=number), [("hashrate", ""), ("accepted", "")], start, stop, step)
    assert (gauge.start, gauge.step) == (start, step)
    mean, low, high, _ = buckets(number, 0, start, stop, step)
    np.testing.assert_allclose(gauge.values, mean, atol=0.01)
    np.testing.assert_allclose(gauge.low, low)
    np.testing.assert_allclose(gauge.high, high)
    np.testing.assert_allclose(counter.values, buckets(number, 3, start, stop, step)[3])
    assert ((gauge.quality == Quality.GOOD) == ~np.isnan(mean)).all()


async def test_that_the_stored_period_gives_every_sample(reader: FolderReader) -> None:
    (history,) = await reader.read(ONE, [("accepted", "")], DAY, STOP)
    polled = history.quality == Quality.GOOD
    assert history.step == 5.0
    assert polled.sum() == len(times_of(1))
    np.testing.assert_array_equal(history.values[polled], times_of(1) + 1)


@pytest.mark.parametrize("step", [0.0, 60.0, 3600.0, DAY_SECONDS])
async def test_that_a_matrix_holds_what_each_device_reads(reader: FolderReader, step: float) -> None:
    start = DAY + 5 * 3600 if step < DAY_SECONDS else DAY
    stop = start + max(3 * 3600.0, step)
    matrix = await reader.matrix("chip_temp", start, stop, step)
    assert sorted(zip(matrix.devices, matrix.parts, strict=True)) == [(ONE, "0"), (ONE, "1"), (TWO, "0"), (TWO, "1")]
    for row, (whose, part) in enumerate(zip(matrix.devices, matrix.parts, strict=True)):
        (history,) = await reader.read(whose, [("chip_temp", part)], start, stop, step)
        assert (matrix.start, matrix.step) == (history.start, history.step)
        np.testing.assert_array_equal(matrix.values[row], history.values)
        np.testing.assert_array_equal(matrix.quality[row], history.quality)
        np.testing.assert_array_equal(matrix.low[row], history.low)


@pytest.mark.parametrize("step", [0.0, 60.0, 3600.0, DAY_SECONDS, 2 * DAY_SECONDS])
async def test_that_figures_over_devices_are_those_of_the_matrix(reader: FolderReader, step: float) -> None:
    start, stop = (DAY, STOP) if step >= 3600 else (DAY + 5.5 * 3600, DAY + 6.5 * 3600)
    matrix = await reader.matrix("hashrate", start, stop, step)
    figures = await reader.aggregate("hashrate", start, stop, step)
    there = ~np.isnan(matrix.values)
    assert (figures.start, figures.step) == (matrix.start, matrix.step)
    assert figures.count.tolist() == there.sum(axis=0).tolist()
    with np.errstate(invalid="ignore"):
        expected = np.where(there, matrix.values, 0).sum(axis=0) / there.sum(axis=0)
    np.testing.assert_allclose(figures.mean, expected)
    np.testing.assert_array_equal(figures.low, np.fmin.reduce(matrix.low, axis=0))
    np.testing.assert_array_equal(figures.high, np.fmax.reduce(matrix.high, axis=0))


async def test_that_totals_are_sums_of_means(reader: FolderReader) -> None:
    total = await reader.total("hashrate", DAY, DAY + DAY_SECONDS, 3600.0)
    expected = sum(np.nan_to_num(buckets(number, 0, DAY, DAY + DAY_SECONDS, 3600.0)[0]) for number in (1, 2))
    np.testing.assert_allclose(total.values, expected, atol=0.02)
    assert total.count.tolist() == [1] * 6 + [2] * 18


def thin(folder: Path, *levels: int) -> None:
    """What retention leaves of a month."""
    with closing(sqlite3.connect(month_path(folder, "2027-01"))) as month, month:
        month.execute(f"DELETE FROM tile WHERE level IN ({','.join(map(str, levels))})")
        month.execute(f"DELETE FROM part WHERE level IN ({','.join(map(str, levels))})")
        month.execute("DELETE FROM head")
        month.execute("DELETE FROM keyframe")


async def read_copy(folder: Path, start: float, stop: float, step: float) -> tuple[History, str]:
    reader = open_reader(folder, strict=True)
    try:
        (history,) = await reader.read(ONE, [("hashrate", "")], start, stop, step)
        return history, await reader.level(start, stop, step)
    finally:
        await reader.close()


async def test_that_minutes_stand_in_for_samples_that_were_deleted_and_hours_for_minutes(
    filled: Path, tmp_path: Path
) -> None:
    copied(filled, tmp_path)
    thin(tmp_path, 0)
    history, level = await read_copy(tmp_path, DAY, DAY + 600, 0.0)
    assert (history.step, level) == (60.0, "minute")
    np.testing.assert_allclose(history.values, buckets(1, 0, DAY, DAY + 600, 60.0)[0])
    thin(tmp_path, 1)
    history, level = await read_copy(tmp_path, DAY, DAY + 7200, 60.0)
    assert (history.step, level) == (3600.0, "hour")
    np.testing.assert_allclose(history.values, buckets(1, 0, DAY, DAY + 7200, 3600.0)[0], atol=0.01)


def copied(folder: Path, to: Path) -> None:
    (to / "history").mkdir(exist_ok=True)
    for path in (folder / "history").glob("*.sqlite"):
        (to / "history" / path.name).write_bytes(path.read_bytes())


async def test_that_days_outlive_their_months(filled: Path, tmp_path: Path) -> None:
    copied(filled, tmp_path)
    month_path(tmp_path, "2027-01").unlink()
    history, _ = await read_copy(tmp_path, DAY, DAY + 2 * DAY_SECONDS, DAY_SECONDS)
    np.testing.assert_allclose(history.values, buckets(1, 0, DAY, DAY + 2 * DAY_SECONDS, DAY_SECONDS)[0], atol=0.01)


async def test_that_a_month_without_any_roll_up_answers_out_of_its_samples(filled: Path, tmp_path: Path) -> None:
    copied(filled, tmp_path)
    year_path(tmp_path, "2027").unlink()
    with closing(sqlite3.connect(month_path(tmp_path, "2027-01"))) as month, month:
        month.execute("DELETE FROM tile WHERE level > 0")
        month.execute("DELETE FROM part WHERE level > 0")
    history, _ = await read_copy(tmp_path, DAY, DAY + 2 * DAY_SECONDS, DAY_SECONDS)
    np.testing.assert_allclose(history.values, buckets(1, 0, DAY, DAY + 2 * DAY_SECONDS, DAY_SECONDS)[0], atol=0.01)


async def test_that_a_file_that_is_replaced_is_read_anew(filled: Path, tmp_path: Path) -> None:
    copied(filled, tmp_path)
    reader = open_reader(tmp_path)
    try:
        assert (await reader.read(ONE, [("hashrate", "")], DAY, DAY + 60))[0].step == 5.0
        other = tmp_path / "other"
        other.mkdir()
        copied(filled, other)
        thin(other, 0)
        month_path(other, "2027-01").replace(month_path(tmp_path, "2027-01"))
        assert (await reader.read(ONE, [("hashrate", "")], DAY, DAY + 60))[0].step == 60.0
    finally:
        await reader.close()


async def test_that_a_slot_that_lies_in_two_months_takes_from_both(tmp_path: Path) -> None:
    turn = 1_801_440_000.0  # 2027-02-01 00:00 UTC
    store = await SiteStore.open(tmp_path)
    try:
        await store.save_site(a_site(device(1)))
        times = np.arange(turn - 7200, turn + 7200, 60.0) + 1.0
        values = np.array([values_at(at) for at in times.tolist()])
        await store.history.insert(ONE, LAYOUT, times, values, np.zeros(values.shape, np.uint8))
        for step in (7 * 60.0, 7 * 3600.0):
            gauge, counter = await store.reader.read(
                ONE, [("hashrate", ""), ("accepted", "")], turn - 60, turn + 60, step
            )
            begin = np.floor((turn - 60) / step) * step
            assert begin < turn < begin + step
            mine = (times >= begin) & (times < begin + step)
            assert gauge.values[0] == pytest.approx(values[mine, 0].mean(), abs=0.01)
            assert gauge.high[0] == values[mine, 0].max()
            assert counter.values[0] == values[mine, 3][-1]
    finally:
        await store.close()


WIDE = Layout((Signal("power"), Signal("power", "0"), Signal("power", "1")))


async def test_that_two_origins_are_read_as_one_slot_by_slot_and_no_device_counts_twice(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    for folder, first, last, value in ((mine, 0, 1200, 10.0), (theirs, 600, 1800, 20.0)):
        store = await SiteStore.open(folder)
        await store.save_site(a_site(device(1)))
        times = np.arange(DAY + first, DAY + last, 5.0) + 1.0
        values = np.full((len(times), 3), value)
        await store.history.insert(ONE, WIDE, times, values, np.zeros(values.shape, np.uint8))
        await store.history.flush(DAY + 2 * DAY_SECONDS)
        await store.close()
    for name in ("2027-01", "2027"):
        with closing(sqlite3.connect(mine / "history" / f"{name}.sqlite")) as file, file:
            file.execute("ATTACH ? AS theirs", (str(theirs / "history" / f"{name}.sqlite"),))
            for table in ("point", "layout", "shard", "seat", "tile", "keyframe"):
                file.execute(f"INSERT OR IGNORE INTO {table} SELECT * FROM theirs.{table}")
    reader = open_reader(mine, strict=True)
    try:
        (history,) = await reader.read(ONE, [("power", "1")], DAY, DAY + 1800)
        assert history.values.tolist() == [10.0] * 240 + [20.0] * 120
        total = await reader.total("power", DAY, DAY + 1800, 60.0)
        assert total.values.tolist() == [10.0] * 20 + [20.0] * 10
        assert total.count.tolist() == [1] * 30
        matrix = await reader.matrix("power", DAY, DAY + 1800, 60.0)
        assert sorted(matrix.parts) == ["", "0", "1"]
        state = await reader.state_at(DAY + 1500)
        assert state.shape.devices == (ONE,)
        assert state.values.tolist() == [20.0] * 3
        assert (await reader.state_at(DAY + 300)).values.tolist() == [10.0] * 3
    finally:
        await reader.close()
