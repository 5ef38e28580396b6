"""Minutes, hours, days and daily figures are those of the samples, whatever happens while they are made."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from console.services.ports import StoreFull
from console.store.history.days import DayTiles
from console.store.history.month import month_path
from console.store.history.quantise import Codes, Floats
from console.store.history.years import YearFile, year_path
from console.store.site_store import SiteStore
from drivers.core.identity import DeviceKind
from drivers.core.reading import Layout, Signal
from tests.integration.store.sampling import DAY, a_report, a_site, columns_of, device, rows

MINER = Layout((Signal("hashrate"), Signal("hashrate_nominal"), Signal("power"), Signal("accepted")))
BOARDS = Layout((Signal("hashrate", "0"), Signal("hashrate", "1"), Signal("hashrate_nominal"), Signal("power")))
PERIOD = 10.0
ALL = "SELECT level, shard, point, chunk, hour, rev, hash, seq FROM tile ORDER BY 1, 2, 3, 4, 5, 6"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SiteStore]:
    store = await SiteStore.open(tmp_path)
    await store.save_site(a_site(device(1), device(2), device(3)))
    yield store
    await store.close()


@pytest.fixture
def month(tmp_path: Path) -> Path:
    return month_path(tmp_path, "2027-01")


@pytest.fixture
def year(tmp_path: Path) -> Path:
    return year_path(tmp_path, "2027")


def day_of(seed: int, start: float, stop: float) -> tuple[Floats, Floats, Codes]:
    """A miner of 100 TH/s and 3 kW that hashes at 90 % in every fourth hour."""
    times = np.arange(start, stop, PERIOD) + 1.0
    random = np.random.default_rng(seed)
    slow = (times // 3600).astype(int) % 4 == 0
    hashrate = np.where(slow, 90.0, 100.0) + random.uniform(-1, 1, len(times)).round(2)
    power = 3000.0 + random.integers(-50, 50, len(times))
    values = np.stack([hashrate, np.full(len(times), 100.0), power, np.arange(len(times), dtype=float)], axis=1)
    return times, values, np.zeros(values.shape, np.uint8)


async def keep(store: SiteStore, number: int, parts: Sequence[tuple[Floats, Floats, Codes]]) -> None:
    for times, values, quality in parts:
        await store.history.insert(UUID(int=number), MINER, times, values, quality)


async def read(store: SiteStore, point: str, start: float, stop: float, step: float, number: int = 1) -> Floats:
    (history,) = await store.reader.read(UUID(int=number), [(point, "")], start, stop, step)
    assert history.step == step
    return history.values


async def test_that_a_day_s_roll_ups_are_those_of_its_samples(store: SiteStore, month: Path, year: Path) -> None:
    day = day_of(1, DAY, DAY + 86400)
    await keep(store, 1, [day])
    await store.history.flush(DAY + 86400 + 30)
    assert rows(month, "SELECT count(*) FROM part UNION ALL SELECT count(*) FROM head") == [(0,), (0,)]
    levels = rows(month, "SELECT level, count(*) FROM tile GROUP BY level")
    assert levels == [(0, 24 * 4), (1, 4), (2, 4)]
    assert rows(year, "SELECT level, count(*) FROM tile GROUP BY level") == [(3, 4), (4, 5)]
    hashrate = day[1][:, 0]
    for step in (60, 3600, 86400):
        (history,) = await store.reader.read(UUID(int=1), [("hashrate", "")], DAY, DAY + 86400, float(step))
        shape = (-1, step // int(PERIOD))
        np.testing.assert_allclose(history.values, hashrate.reshape(shape).mean(axis=1), atol=0.002)
        np.testing.assert_allclose(history.low, hashrate.reshape(shape).min(axis=1))
        np.testing.assert_allclose(history.high, hashrate.reshape(shape).max(axis=1))
        accepted = await read(store, "accepted", DAY, DAY + 86400, float(step))
        assert accepted.tolist() == day[1][:, 3].reshape(shape)[:, -1].tolist()


async def test_that_daily_figures_tell_hours_at_target_energy_and_hash(store: SiteStore, year: Path) -> None:
    two_hours_missing = [day_of(2, DAY, DAY + 3600), day_of(3, DAY + 3 * 3600, DAY + 86400)]
    await keep(store, 1, [day_of(1, DAY, DAY + 86400)])
    await keep(store, 2, two_hours_missing)
    board = day_of(4, DAY, DAY + 86400)
    values = np.stack([board[1][:, 0] / 2, board[1][:, 0] / 2, board[1][:, 1], board[1][:, 2]], axis=1)
    await store.history.insert(UUID(int=3), BOARDS, board[0], values, np.zeros(values.shape, np.uint8))
    await store.history.flush(DAY + 86400 + 30)
    found = await store.reader.target_hours(DAY, DAY + 86400)
    hours = zip(found.counted.tolist(), found.at_target.tolist(), strict=True)
    assert dict(zip(found.devices, hours, strict=True)) == {
        UUID(int=1): (24, 18), UUID(int=2): (22, 16), UUID(int=3): (24, 18),
    }  # fmt: skip
    assert found.excluded.tolist() == [0, 0, 0]
    assert rows(year, "SELECT DISTINCT point FROM tile WHERE level = 4 ORDER BY 1") == [
        ("kpi_energy",), ("kpi_hash",), ("kpi_hours_at_target",), ("kpi_hours_counted",), ("kpi_hours_excluded",),
    ]  # fmt: skip


async def test_that_days_follow_one_another_in_the_same_tiles(store: SiteStore, month: Path, year: Path) -> None:
    for number in range(3):
        start = DAY + number * 86400
        await keep(store, 1, [day_of(number, start, start + 7200)])
        await store.history.flush(start + 86400 + 30)
    assert rows(month, "SELECT level, count(*) FROM tile WHERE level > 0 GROUP BY level") == [(1, 12), (2, 4)]
    days = await read(store, "hashrate", DAY, DAY + 3 * 86400, 86400.0)
    expected = [
        day_of(number, DAY + number * 86400, DAY + number * 86400 + 7200)[1][:, 0].mean() for number in range(3)
    ]
    np.testing.assert_allclose(days, expected, atol=0.002)
    hours = await read(store, "hashrate", DAY, DAY + 3 * 86400, 3600.0)
    assert np.flatnonzero(~np.isnan(hours)).tolist() == [0, 1, 24, 25, 48, 49]


async def test_that_making_roll_ups_again_changes_no_row(store: SiteStore, month: Path, year: Path) -> None:
    await keep(store, 1, [day_of(1, DAY, DAY + 7200)])
    await keep(store, 2, [day_of(2, DAY + 3600, DAY + 10800)])
    await store.history.flush(DAY + 86400 + 30)
    before = rows(month, ALL), rows(year, ALL)
    keyframes = rows(month, "SELECT window, body FROM keyframe ORDER BY 1")
    await store.history.recompute(DAY, DAY + 86400)
    assert (rows(month, ALL), rows(year, ALL)) == before
    assert rows(month, "SELECT window, body FROM keyframe ORDER BY 1") == keyframes
    assert rows(month, "SELECT count(*) FROM part") == [(0,)]


async def test_that_roll_ups_that_were_lost_are_made_again(store: SiteStore, month: Path, year: Path) -> None:
    await keep(store, 1, [day_of(1, DAY, DAY + 7200)])
    await store.history.flush(DAY + 86400 + 30)
    contents = "SELECT level, point, chunk, hour, hash FROM tile ORDER BY 1, 2, 3, 4"
    before = rows(month, contents), rows(year, contents)
    (file,) = store.history._files
    drop = "DELETE FROM tile WHERE level > 0"
    await file.database.write(lambda connection: connection.exec_driver_sql(drop).rowcount)
    await store.history._years._open["2027"].database.write(
        lambda connection: connection.exec_driver_sql(drop).rowcount
    )
    await store.history.recompute(DAY, DAY + 86400)
    assert (rows(month, contents), rows(year, contents)) == before


async def test_that_a_day_that_a_full_disk_cut_off_is_done_again(
    store: SiteStore, month: Path, year: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(store, 1, [day_of(1, DAY, DAY + 7200)])
    await keep(store, 2, [day_of(2, DAY, DAY + 7200)])
    put = YearFile.put
    calls = 0

    async def full(self: YearFile, tiles: Sequence[object]) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise StoreFull("no room")
        await put(self, tiles)  # type: ignore[arg-type]

    monkeypatch.setattr(YearFile, "put", full)
    for _ in range(2):
        calls = 0
        with pytest.raises(StoreFull):
            await store.history.flush(DAY + 86400 + 30)
        assert rows(month, "SELECT count(*) > 0 FROM part WHERE level = 1") == [(1,)]
        np.testing.assert_allclose((await read(store, "hashrate", DAY, DAY + 7200, 3600.0)), [90, 100], atol=0.1)
    monkeypatch.setattr(YearFile, "put", put)
    await store.history.flush(DAY + 86400 + 30)
    assert rows(month, "SELECT count(*) FROM part") == [(0,)]
    assert (await store.reader.target_hours(DAY, DAY + 86400)).counted.tolist() == [2, 2]


async def test_that_a_day_that_was_cut_off_is_done_after_a_restart(
    store: SiteStore, tmp_path: Path, month: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(store, 1, [day_of(1, DAY, DAY + 7200)])
    close_day = DayTiles.close_day

    async def killed(*_: object) -> None:
        raise StoreFull("no room")

    monkeypatch.setattr(DayTiles, "close_day", killed)
    with pytest.raises(StoreFull):
        await store.history.flush(DAY + 86400 + 30)
    await store.close()
    monkeypatch.setattr(DayTiles, "close_day", close_day)
    again = await SiteStore.open(tmp_path)
    try:
        await again.history.flush(DAY + 86400 + 30)
        assert rows(month, "SELECT level, count(*) FROM tile WHERE level > 0 GROUP BY level") == [(1, 4), (2, 4)]
    finally:
        await again.close()


async def test_that_a_device_that_changes_its_period_within_a_day_keeps_the_whole_day(
    store: SiteStore, month: Path
) -> None:
    first, second = day_of(1, DAY, DAY + 3600), day_of(1, DAY + 3600, DAY + 7200)
    await keep(store, 1, [first])
    await store.save_site(a_site(device(1, DeviceKind.PLANT), device(2)))
    await store.history.append(columns_of(1), DAY + 7200)
    await keep(store, 1, [second])
    await store.history.flush(DAY + 86400 + 30)
    assert rows(month, "SELECT period_ms FROM shard ORDER BY id") == [(5000,), (1000,)]
    (day,) = await read(store, "hashrate", DAY, DAY + 86400, 86400.0)
    assert day == pytest.approx(np.concatenate([first[1][:, 0], second[1][:, 0]]).mean(), abs=0.002)
    assert (await store.reader.target_hours(DAY, DAY + 86400)).counted.tolist() == [2]


async def test_that_sweeps_reach_the_year_too(store: SiteStore, year: Path) -> None:
    columns = columns_of(1)
    for second in range(0, 60, 5):
        columns.ingest(0, a_report(DAY + second))
        await store.history.append(columns, DAY + second + 1)
    await store.history.flush(DAY + 86400 + 30)
    state = await read(store, "state", DAY, DAY + 86400, 86400.0)
    assert state.tolist() == [1.0]
    assert rows(year, "SELECT DISTINCT hour * 3600 FROM tile") == [(1_798_761_600,)]
