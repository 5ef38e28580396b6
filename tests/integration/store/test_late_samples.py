"""Samples that come late, out of order or from a device's own log fill what is empty and cover nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from console.domain.telemetry import LiveColumns
from console.store.history.keyframes import decode_keyframe
from console.store.history.month import month_path, months
from console.store.site_store import SiteStore
from drivers.core.reading import DeviceState, Layout, Quality, Signal
from tests.integration.store.sampling import (
    DAY,
    HOUR,
    LAYOUT,
    a_report,
    a_site,
    columns_of,
    device,
    rows,
    samples,
    values_at,
)

ONE = UUID(int=1)
LOGGED = Layout((Signal("hashrate"), Signal("accepted")))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SiteStore]:
    store = await SiteStore.open(tmp_path)
    await store.save_site(a_site(device(1), device(2)))
    yield store
    await store.close()


@pytest.fixture
def month(tmp_path: Path) -> Path:
    return month_path(tmp_path, "2027-01")


@pytest.fixture
def columns() -> LiveColumns:
    return columns_of(1, 2)


async def fill(store: SiteStore, columns: LiveColumns, start: float, seconds: int) -> None:
    for second in range(0, seconds, 5):
        for row in (0, 1):
            columns.ingest(row, a_report(start + second + 1))
        await store.history.append(columns, start + second + 2)


async def accepted(store: SiteStore, start: float, stop: float, number: int = 1) -> list[float]:
    (history,) = await store.reader.read(UUID(int=number), [("accepted", "")], start, stop)
    return [float(value) for value in history.values]


async def test_that_a_log_in_any_order_fills_a_hole_and_covers_no_value_wherever_that_stands(
    store: SiteStore, columns: LiveColumns, month: Path
) -> None:
    await fill(store, columns, HOUR, 100)
    await fill(store, columns, HOUR + 3600, 60)
    times, values, quality = samples(HOUR - 100, HOUR + 3700)
    order = np.random.default_rng(1).permutation(len(times))
    for at in (HOUR + 3662, HOUR + 4300, HOUR + 7300):
        await store.history.flush(at)
        # The head row, the part or the tile of a poll stands: another value for its slot is not taken.
        assert await store.history.insert(ONE, LAYOUT, times[:40], values[:40] + 1, quality[:40]) in {20 * 4, 0}
    stored = await store.history.insert(ONE, LAYOUT, times[order], values[order], quality[order])
    assert stored == (len(times) - 40 - 12) * 4
    for at in (HOUR + 7300, HOUR + 7400):
        found = await accepted(store, HOUR - 100, HOUR + 3700)
        expected = times.tolist()
        assert found[20:] == expected[20:]
        assert found[:20] == [at + 1 for at in expected[:20]]
        assert await accepted(store, HOUR, HOUR + 100, 2) == times[20:40].tolist()
        await store.history.flush(at)
    revisions = rows(month, "SELECT hour, max(rev) FROM tile WHERE level = 0 AND point = 'accepted' GROUP BY hour")
    assert revisions == [(499_999, 0), (500_000, 1), (500_001, 1)]
    assert await store.history.insert(ONE, LAYOUT, times, values, quality) == 0


async def test_that_a_log_with_fewer_points_than_a_poll_finds_its_place(store: SiteStore, columns: LiveColumns) -> None:
    await fill(store, columns, HOUR, 20)
    times = HOUR + np.arange(0, 60, 5.0)
    values = np.stack([np.arange(12.0), 100 + np.arange(12.0)], axis=1)
    assert await store.history.insert(ONE, LOGGED, times, values, np.zeros((12, 2), np.uint8)) == 8 * 2
    for _ in range(2):
        hashrate, temperature = await store.reader.read(ONE, [("hashrate", ""), ("chip_temp", "0")], HOUR, HOUR + 60)
        assert hashrate.values[:4].tolist() == [values_at(HOUR + at)[0] for at in (1, 6, 11, 16)]
        assert hashrate.values[4:].tolist() == list(range(4, 12))
        assert temperature.quality.tolist() == [0] * 4 + [Quality.NOT_POLLED] * 8
        await store.history.flush(HOUR + 4000)


async def test_that_a_value_takes_the_place_of_a_reason_and_a_reason_that_of_nothing(
    store: SiteStore, columns: LiveColumns
) -> None:
    await fill(store, columns, HOUR, 10)
    columns.lose(0, Quality.TIMED_OUT, DeviceState.UNREACHABLE)
    for second in (12, 17):
        await store.history.append(columns, HOUR + second)
    times, values, quality = samples(HOUR, HOUR + 15)
    values[2, 1] = np.nan
    quality[2, 2] = Quality.NOT_REPORTED
    assert await store.history.insert(ONE, LAYOUT, times, values, quality) == 2
    for _ in range(2):
        found = await store.reader.read(
            ONE, [("hashrate", ""), ("chip_temp", "0"), ("chip_temp", "1")], HOUR, HOUR + 20
        )
        lost = Quality.TIMED_OUT
        assert [one.quality.tolist() for one in found] == [[0, 0, 0, lost], [0, 0, lost, lost], [0, 0, lost, lost]]
        await store.history.flush(HOUR + 4000)


async def test_that_roll_ups_figures_and_keyframes_follow_what_came_late(
    store: SiteStore, columns: LiveColumns, month: Path
) -> None:
    layout = Layout((Signal("hashrate"), Signal("hashrate_nominal"), Signal("power")))

    async def keep(number: int, start: float, stop: float) -> None:
        times = np.arange(start, stop, 10.0)
        values = np.tile([100.0, 100.0, 3000.0], (len(times), 1))
        await store.history.insert(UUID(int=number), layout, times, values, np.zeros(values.shape, np.uint8))

    await keep(1, DAY, DAY + 3600)
    await keep(2, DAY, DAY + 7200)
    await store.history.flush(DAY + 86400 + 30)
    assert (await store.reader.target_hours(DAY, DAY + 86400)).counted.tolist() == [1, 2]
    before = rows(month, "SELECT max(seq) FROM tile")[0][0]
    window = int(DAY) // 600 + 9
    query = f"SELECT body FROM keyframe WHERE window = {window}"
    ((body,),) = rows(month, query)
    assert isinstance(body, bytes)
    assert decode_keyframe(body).answered[0] == (DAY + 3590) * 1000
    await keep(1, DAY + 3600, DAY + 7200)
    await store.history.flush(DAY + 86400 + 60)
    assert (await store.reader.target_hours(DAY, DAY + 86400)).counted.tolist() == [2, 2]
    (hours,) = await store.reader.read(ONE, [("hashrate", "")], DAY, DAY + 7200, 3600.0)
    assert hours.values.tolist() == [100.0, 100.0]
    ((body,),) = rows(month, query)
    assert isinstance(body, bytes)
    assert decode_keyframe(body).answered[0] == (DAY + 5990) * 1000
    assert rows(month, f"SELECT count(*) FROM tile WHERE level > 0 AND seq <= {before}") == [(0,)]


async def test_that_late_samples_of_a_past_month_go_into_its_file(
    store: SiteStore, columns: LiveColumns, tmp_path: Path
) -> None:
    turn = 1_798_761_600.0  # 2027-01-01 00:00 UTC
    await fill(store, columns, HOUR, 10)
    times, values, quality = samples(turn - 30, turn + 30)
    assert await store.history.insert(ONE, LAYOUT, times, values, quality) == 12 * 4
    assert months(tmp_path) == ["2026-12", "2027-01"]
    await store.history.flush(HOUR)
    assert await accepted(store, turn - 30, turn + 30) == times.tolist()
    assert rows(month_path(tmp_path, "2026-12"), "SELECT count(*) FROM head") == [(0,)]


async def test_that_late_samples_survive_a_restart_before_they_are_worked_in(
    store: SiteStore, columns: LiveColumns, tmp_path: Path
) -> None:
    old = 1_780_000_000.0  # some months before
    await fill(store, columns, HOUR, 10)
    await fill(store, columns, HOUR - 31 * 86400, 10)
    times, values, quality = samples(old, old + 60)
    assert await store.history.insert(ONE, LAYOUT, times, values, quality) == 12 * 4
    await store.close()
    again = await SiteStore.open(tmp_path)
    try:
        await again.history.flush(HOUR + 90000)
        assert await accepted(again, old, old + 60) == times.tolist()
        found = [rows(month_path(tmp_path, name), "SELECT count(*) FROM head") for name in months(tmp_path)]
        assert found == [[(0,)]] * 3
    finally:
        await again.close()


async def test_that_of_several_samples_in_one_slot_the_latest_is_taken(store: SiteStore) -> None:
    times = HOUR + np.array([4.0, 1.0, 2.0])
    values = np.array([[3.0, 3.0], [1.0, 1.0], [2.0, 2.0]])
    assert await store.history.insert(ONE, LOGGED, times, values, np.zeros((3, 2), np.uint8)) == 2
    assert await accepted(store, HOUR, HOUR + 5) == [3.0]
    assert await store.history.insert(ONE, LOGGED, times[:0], values[:0], np.zeros((0, 2), np.uint8)) == 0
