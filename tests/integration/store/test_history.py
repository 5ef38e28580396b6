"""Sweeps are kept exactly, in the slot of each report's own time, through hours, months, restarts and readers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import Connection

from console.domain.inventory import Device, Site
from console.domain.telemetry import LiveColumns
from console.store.history.codec import CorruptBlob
from console.store.history.levels import RAW
from console.store.history.month import months
from console.store.reading.collecting import Collector, select_point
from console.store.reading.damage import Damage
from console.store.reading.files import Files
from console.store.reading.grid import plan_for
from console.store.reading.history_reader import open_reader
from console.store.site_store import SiteStore
from drivers.core.identity import Address, DeviceKind
from drivers.core.reading import DeviceState, Layout, Quality, Report, Signal

HOUR = 500_000 * 3600.0
"""The start of some hour in the middle of a month."""

SITE = UUID(int=1)
LAYOUT = Layout((Signal("hashrate"), Signal("chip_temp", "0"), Signal("chip_temp", "1"), Signal("accepted")))
GOOD = bytes(len(LAYOUT))


def device(number: int, kind: DeviceKind = DeviceKind.MINER) -> Device:
    return Device(UUID(int=number), f"D{number}", kind, Address("127.0.0.1", 10_000 + number))


def a_site(*devices: Device) -> Site:
    return Site(SITE, "Test", "UTC", 1.0, 1.0, devices)


def a_report(at: float, values: Sequence[float], quality: bytes = GOOD, layout: Layout = LAYOUT) -> Report:
    return Report(at - 0.1, at, DeviceState.HASHING, layout, values, quality)


def values_at(at: float) -> list[float]:
    return [100.0 + at % 7, 60.0 + at % 5, 61.0 + at % 3, float(int(at))]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SiteStore]:
    store = await SiteStore.open(tmp_path)
    await store.save_site(a_site(device(1), device(2), device(3, DeviceKind.PLANT)))
    yield store
    await store.close()


@pytest.fixture
def columns() -> LiveColumns:
    columns = LiveColumns()
    for number in (1, 2, 3):
        columns.add(UUID(int=number), 5.0)
    return columns


async def test_that_every_report_is_read_back_in_its_slot_with_its_quality(
    store: SiteStore, columns: LiveColumns
) -> None:
    stored = 0
    for second in range(60):
        at = HOUR + second
        if second % 5 == 2:
            columns.ingest(0, a_report(at + 0.25, values_at(at)))
        stored += await store.history.append(columns, at + 0.9)
    assert stored == 12 * len(LAYOUT)
    hashrate, accepted = await store.reader.read(UUID(int=1), [("hashrate", ""), ("accepted", "")], HOUR, HOUR + 60)
    expected = [values_at(HOUR + 5 * slot + 2) for slot in range(12)]
    assert hashrate.values.tolist() == [row[0] for row in expected]
    assert accepted.values.tolist() == [row[3] for row in expected]
    assert not hashrate.quality.any()
    assert (hashrate.start, hashrate.step) == (HOUR, 5.0)
    assert hashrate.signal == LAYOUT.signals[0]


async def test_that_a_slot_without_a_report_holds_no_value(store: SiteStore, columns: LiveColumns) -> None:
    columns.ingest(0, a_report(HOUR + 1, values_at(1)))
    await store.history.append(columns, HOUR + 2)
    await store.history.append(columns, HOUR + 7)
    columns.ingest(0, a_report(HOUR + 11, values_at(2)))
    await store.history.append(columns, HOUR + 12)
    (history,) = await store.reader.read(UUID(int=1), [("hashrate", "")], HOUR, HOUR + 20)
    assert history.quality.tolist() == [Quality.GOOD, Quality.NOT_POLLED, Quality.GOOD, Quality.NOT_POLLED]
    assert np.isnan(history.values).tolist() == [False, True, False, True]


async def test_that_a_silent_device_leaves_its_reason_and_a_late_answer_replaces_it(
    store: SiteStore, columns: LiveColumns
) -> None:
    columns.ingest(0, a_report(HOUR + 1, values_at(1)))
    await store.history.append(columns, HOUR + 2)
    columns.lose(0, Quality.TIMED_OUT, DeviceState.UNREACHABLE)
    for second in (4, 6, 9, 11):
        await store.history.append(columns, HOUR + second)
    columns.ingest(0, a_report(HOUR + 13, values_at(2)))
    await store.history.append(columns, HOUR + 14)
    (history,) = await store.reader.read(UUID(int=1), [("chip_temp", "1")], HOUR, HOUR + 20)
    assert history.quality.tolist() == [Quality.GOOD, Quality.TIMED_OUT, Quality.GOOD, Quality.NOT_POLLED]


async def test_that_what_a_light_poll_did_not_ask_for_is_not_stored_again(
    store: SiteStore, columns: LiveColumns
) -> None:
    columns.ingest(0, a_report(HOUR + 1, values_at(1)))
    await store.history.append(columns, HOUR + 2)
    light = bytes([0, 0, 0, Quality.NOT_POLLED])
    columns.ingest(0, a_report(HOUR + 6, [1.0, 2.0, 3.0, float("nan")], light))
    assert await store.history.append(columns, HOUR + 7) == 3
    (history,) = await store.reader.read(UUID(int=1), [("accepted", "")], HOUR, HOUR + 10)
    assert history.quality.tolist() == [Quality.GOOD, Quality.NOT_POLLED]


async def test_that_the_period_follows_the_kind_of_device(store: SiteStore, columns: LiveColumns) -> None:
    columns.ingest(0, a_report(HOUR + 3, values_at(1)))
    columns.ingest(2, a_report(HOUR + 3, values_at(1)))
    await store.history.append(columns, HOUR + 4)
    (miner,) = await store.reader.read(UUID(int=1), [("hashrate", "")], HOUR, HOUR + 5)
    (plant,) = await store.reader.read(UUID(int=3), [("hashrate", "")], HOUR, HOUR + 5)
    assert (miner.step, plant.step) == (5.0, 1.0)
    assert np.flatnonzero(plant.quality == Quality.GOOD).tolist() == [3]


async def fill(store: SiteStore, columns: LiveColumns, start: float, seconds: int) -> None:
    for second in range(0, seconds, 5):
        for row in (0, 1):
            columns.ingest(row, a_report(start + second + row, values_at(start + second + row)))
        await store.history.append(columns, start + second + 2)


async def test_that_a_full_hour_becomes_tiles_and_reads_the_same(store: SiteStore, columns: LiveColumns) -> None:
    await fill(store, columns, HOUR + 1800, 2400)
    before = await store.reader.read(UUID(int=2), [("hashrate", ""), ("chip_temp", "1")], HOUR + 1800, HOUR + 4200)
    await store.history.flush(HOUR + 3600 + 100)
    after = await store.reader.read(UUID(int=2), [("hashrate", ""), ("chip_temp", "1")], HOUR + 1800, HOUR + 4200)
    for one, other in zip(before, after, strict=True):
        assert not one.quality.any()
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(one.quality, other.quality)
    assert before[0].values[0] == values_at(HOUR + 1801)[0]


async def test_that_a_report_after_the_flush_joins_the_hour(store: SiteStore, columns: LiveColumns) -> None:
    await fill(store, columns, HOUR + 3500, 90)
    await store.history.flush(HOUR + 3600 + 100)
    columns.ingest(2, a_report(HOUR + 3599, values_at(5)))
    columns.ingest(0, a_report(HOUR + 3000, values_at(9)))
    await store.history.append(columns, HOUR + 3705)
    await store.history.flush(HOUR + 3600 + 110)
    (history,) = await store.reader.read(UUID(int=1), [("hashrate", "")], HOUR + 3000, HOUR + 3600)
    assert history.values[0] == values_at(9)[0]
    assert (history.quality == Quality.GOOD).sum() == 18 + 1


async def test_that_a_month_ends_without_a_seam(store: SiteStore, columns: LiveColumns, tmp_path: Path) -> None:
    turn = 1_793_491_200.0  # 2026-11-01 00:00 UTC
    await fill(store, columns, turn - 30, 60)
    assert months(tmp_path) == ["2026-10", "2026-11"]
    (history,) = await store.reader.read(UUID(int=1), [("accepted", "")], turn - 30, turn + 30)
    assert history.values.tolist() == [turn + second for second in range(-30, 30, 5)]
    await store.history.flush(turn + 7200)
    (history,) = await store.reader.read(UUID(int=1), [("accepted", "")], turn - 30, turn + 30)
    assert history.values.tolist() == [turn + second for second in range(-30, 30, 5)]


async def test_that_an_unfinished_hour_survives_a_restart(
    store: SiteStore, columns: LiveColumns, tmp_path: Path
) -> None:
    await fill(store, columns, HOUR, 100)
    await store.close()
    again = await SiteStore.open(tmp_path)
    try:
        fresh = LiveColumns()
        for number in (1, 2, 3):
            fresh.add(UUID(int=number), 5.0)
        await fill(again, fresh, HOUR + 100, 100)
        (history,) = await again.reader.read(UUID(int=1), [("accepted", "")], HOUR, HOUR + 200)
        assert history.values.tolist() == [HOUR + second for second in range(0, 200, 5)]
        await again.history.flush(HOUR + 7200)
        (history,) = await again.reader.read(UUID(int=1), [("accepted", "")], HOUR, HOUR + 200)
        assert history.values.tolist() == [HOUR + second for second in range(0, 200, 5)]
    finally:
        await again.close()


async def test_that_a_new_layout_continues_the_series(store: SiteStore, columns: LiveColumns) -> None:
    grown = Layout((*LAYOUT.signals, Signal("chip_temp", "2")))
    columns.ingest(0, a_report(HOUR + 1, values_at(1)))
    await store.history.append(columns, HOUR + 2)
    columns.ingest(0, a_report(HOUR + 6, [*values_at(6), 70.0], bytes(5), grown))
    await store.history.append(columns, HOUR + 7)
    old, new = await store.reader.read(UUID(int=1), [("chip_temp", "0"), ("chip_temp", "2")], HOUR, HOUR + 10)
    assert old.values.tolist() == [values_at(1)[1], values_at(6)[1]]
    assert new.quality.tolist() == [Quality.NOT_POLLED, Quality.GOOD]


async def test_that_a_coarser_step_gives_mean_low_and_high(store: SiteStore, columns: LiveColumns) -> None:
    await fill(store, columns, HOUR, 60)
    (fine,) = await store.reader.read(UUID(int=1), [("hashrate", "")], HOUR, HOUR + 60)
    (coarse,) = await store.reader.read(UUID(int=1), [("hashrate", "")], HOUR, HOUR + 60, 17.0)
    assert coarse.step == 20.0
    groups = fine.values.reshape(3, 4)
    np.testing.assert_allclose(coarse.values, groups.mean(axis=1))
    assert coarse.low.tolist() == groups.min(axis=1).tolist()
    assert coarse.high.tolist() == groups.max(axis=1).tolist()
    (counter,) = await store.reader.read(UUID(int=1), [("accepted", "")], HOUR, HOUR + 60, 20.0)
    assert counter.values.tolist() == [HOUR + 15, HOUR + 35, HOUR + 55]


async def test_that_totals_sum_devices_over_heads_and_tiles(store: SiteStore, columns: LiveColumns) -> None:
    await fill(store, columns, HOUR + 3540, 120)
    expected = [values_at(HOUR + at)[0] + values_at(HOUR + at + 1)[0] for at in range(3540, 3660, 5)]
    for _ in range(2):
        total = await store.reader.total("hashrate", HOUR + 3540, HOUR + 3660)
        np.testing.assert_allclose(total.values, expected)
        assert total.count.tolist() == [2] * 24
        one = await store.reader.total("hashrate", HOUR + 3540, HOUR + 3660, devices={UUID(int=2)})
        assert one.count.tolist() == [1] * 24
        parts = await store.reader.total("chip_temp", HOUR + 3540, HOUR + 3660, 60.0)
        assert parts.count.tolist() == [4, 4]
        await store.history.flush(HOUR + 3600 + 60)
    hourly = await store.reader.total("hashrate", HOUR, HOUR + 7200, 7200.0)
    assert hourly.step == 7200.0
    np.testing.assert_allclose(hourly.values, [np.mean(expected)], rtol=0.01)


async def test_that_another_reader_sees_what_was_acknowledged(
    store: SiteStore, columns: LiveColumns, tmp_path: Path
) -> None:
    reader = open_reader(tmp_path)
    try:
        assert await reader.extent() is None
        assert await reader.read(UUID(int=1), [("hashrate", "")], HOUR, HOUR + 5) == []
        for slot in range(5):
            await fill(store, columns, HOUR + 5 * slot, 5)
            (history,) = await reader.read(UUID(int=1), [("hashrate", "")], HOUR, HOUR + 25)
            assert (history.quality == Quality.GOOD).sum() == slot + 1
        assert await reader.extent() == (HOUR, HOUR + 3600)
        assert await reader.read(UUID(int=1), [("voltage", "")], HOUR, HOUR + 5) == []
        assert await reader.read(UUID(int=9), [("hashrate", "")], HOUR, HOUR + 5) == []
    finally:
        await reader.close()


async def test_that_folding_head_rows_changes_nothing_that_is_read(store: SiteStore, columns: LiveColumns) -> None:
    for second in range(200):
        if second % 5 == 0:
            columns.ingest(0, a_report(HOUR + second, values_at(second)))
        if second == 102:
            columns.lose(1, Quality.UNREACHABLE, DeviceState.UNREACHABLE)
        elif second % 5 == 1 and second < 100:
            columns.ingest(1, a_report(HOUR + second, values_at(second)))
        await store.history.append(columns, HOUR + second + 0.5)
    await store.history.flush(HOUR + 200)
    one, other = [
        (await store.reader.read(UUID(int=number), [("hashrate", "")], HOUR, HOUR + 200))[0] for number in (1, 2)
    ]
    assert one.values.tolist() == [values_at(second)[0] for second in range(0, 200, 5)]
    assert other.quality.tolist() == [Quality.GOOD] * 20 + [Quality.UNREACHABLE] * 20


async def test_that_a_damaged_head_row_costs_only_itself(
    store: SiteStore, columns: LiveColumns, tmp_path: Path, expected_log: list[str]
) -> None:
    expected_log.append("a head row of window 3000000, shard 0 is left out: a head row fails its checksum")
    await fill(store, columns, HOUR, 50)
    (month,) = store.history._files

    def damage(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE head SET body = substr(body, 1, length(body) - 1) WHERE sequence = 3")

    await month.database.write(damage)
    strict = open_reader(tmp_path, strict=True)
    with pytest.raises(CorruptBlob, match="checksum"):
        await strict.read(UUID(int=1), [("accepted", "")], HOUR, HOUR + 50)
    await strict.close()
    await store.history.flush(HOUR + 7200)
    (history,) = await store.reader.read(UUID(int=1), [("accepted", "")], HOUR, HOUR + 50)
    assert np.flatnonzero(history.quality == Quality.NOT_POLLED).tolist() == [2]


async def test_that_a_device_of_another_kind_goes_on_in_its_new_period(store: SiteStore, columns: LiveColumns) -> None:
    await fill(store, columns, HOUR, 20)
    await store.save_site(a_site(device(1, DeviceKind.PLANT), device(2), device(3)))
    for second in range(20, 40):
        columns.ingest(0, a_report(HOUR + second + 0.5, values_at(HOUR + second)))
        await store.history.append(columns, HOUR + second + 0.9)
    (history,) = await store.reader.read(UUID(int=1), [("accepted", "")], HOUR, HOUR + 40)
    assert history.step == 5.0
    assert history.values.tolist() == [
        HOUR + 0,
        HOUR + 5,
        HOUR + 10,
        HOUR + 15,
        *(HOUR + at for at in (24, 29, 34, 39)),
    ]
    (fine,) = await store.reader.read(UUID(int=2), [("accepted", "")], HOUR, HOUR + 20)
    assert not fine.quality.any()


async def test_that_a_device_that_joins_between_two_questions_of_a_reader_does_no_harm(
    store: SiteStore, columns: LiveColumns, tmp_path: Path
) -> None:
    columns.ingest(0, a_report(HOUR + 1, values_at(1)))
    await store.history.append(columns, HOUR + 2)
    files = Files(tmp_path)
    try:
        (file,) = await files.months(HOUR, HOUR + 10)
        catalogue = await file.catalogue()
        assert catalogue is not None
        selection = select_point([(file, catalogue)], (), "hashrate", None, counting=True)
        columns.ingest(1, a_report(HOUR + 6, values_at(6)))
        await store.history.append(columns, HOUR + 7)
        plan = plan_for(HOUR, HOUR + 10, 0.0, selection.periods_ms, RAW)
        found = await Collector(Damage(strict=True)).whole(selection, plan)
    finally:
        await files.close()
    assert found.quality.tolist() == [[Quality.GOOD, Quality.NOT_POLLED]]


async def test_that_a_sweep_whose_caller_is_cancelled_is_brought_to_its_end_and_the_next_one_follows(
    store: SiteStore, columns: LiveColumns
) -> None:
    for number in range(4, 24):
        row = columns.add(UUID(int=number), 5.0)
        at = HOUR + number
        columns.ingest(row, a_report(at, values_at(at)))
        sweep = asyncio.create_task(store.history.append(columns, at))
        await asyncio.sleep(number / 2000)  # into every step of a sweep, whichever it is on this machine
        sweep.cancel()
        await asyncio.wait([sweep])
        await store.history.append(columns, at + 0.1)
        (hashrate,) = await store.reader.read(UUID(int=number), [("hashrate", "")], HOUR, HOUR + 60)
        assert np.nansum(hashrate.values) == values_at(at)[0]
