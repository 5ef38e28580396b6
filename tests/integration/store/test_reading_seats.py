"""A device whose layout or stored period changes gets another seat: a slot that two seats share is made of both."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from console.services.ports import History
from console.store.care.findings import Finding
from console.store.care.progress import Progress
from console.store.care.verify import verify
from console.store.history.kpi import ENERGY, HASH
from console.store.history.month import month_path
from console.store.history.tiles import decode_tile
from console.store.history.years import year_path
from console.store.reading.history_reader import open_reader
from console.store.site_store import SiteStore
from drivers.core.identity import DeviceKind
from drivers.core.reading import Layout, Quality, Signal
from tests.integration.store.sampling import DAY, a_site, columns_of, device, rows

ONE = UUID(int=1)
HASHRATE, ACCEPTED = ("hashrate", ""), ("accepted", "")
SHORT = Layout((Signal("hashrate"), Signal("accepted")))
LONG = Layout((Signal("hashrate"), Signal("accepted"), Signal("power")))
"""The same device after an update of its firmware."""

HOUR, WHOLE_DAY = 3600.0, 86400.0
STOP = DAY + 6 * HOUR

Stay = tuple[float, Layout]
"""From when on a device reports in a layout."""

UPDATED = ((DAY, SHORT), (DAY + 1800, LONG))
UPDATED_WITHIN_A_MINUTE = ((DAY, SHORT), (DAY + HOUR + 30, LONG))
UPDATED_AT_THE_HOUR = ((DAY, SHORT), (DAY + HOUR, LONG))
THERE_AND_BACK = ((DAY, SHORT), (DAY + 1800, LONG), (DAY + 2415, SHORT))


def times_between(start: float, stop: float, period: float = 5.0) -> NDArray[np.float64]:
    return np.arange(start, stop, period) + 1.0


def said(times: NDArray[np.float64], since: float, layout: Layout) -> NDArray[np.float64]:
    """A hashrate that grows by one each minute, and a count that begins anew with each layout."""
    columns = (100.0 + (times - DAY) // 60, (times - since) // 5, times % 9)
    return np.stack(columns[: len(layout)], axis=1)


async def record(
    store: SiteStore, stays: Sequence[Stay], stop: float, period: float = 5.0
) -> list[NDArray[np.float64]]:
    """Keep what the device says in each stay; returns times and values of each sample, of hashrate and count."""
    kept: list[NDArray[np.float64]] = []
    for (start, layout), until in zip(stays, [*(at for at, _ in stays[1:]), stop], strict=True):
        times = times_between(start, until, period)
        values = said(times, start, layout)
        await store.history.insert(ONE, layout, times, values, np.zeros(values.shape, np.uint8))
        kept.append(np.column_stack([times, values[:, :2]]))
    return kept


async def a_folder(folder: Path, stays: Sequence[Stay], flushed: float) -> NDArray[np.float64]:
    store = await SiteStore.open(folder)
    await store.save_site(a_site(device(1)))
    kept = await record(store, stays, STOP)
    await store.history.flush(flushed)
    await store.close()
    return np.concatenate(kept)


def problems(folder: Path) -> list[Finding]:
    """What verify finds."""
    return [finding for finding in verify(folder, full=True, progress=Progress()) if not finding.ok]


def expected(samples: NDArray[np.float64], step: float) -> list[NDArray[np.float64]]:
    """Mean, smallest and greatest hashrate, and the last count, of each slot."""
    slots = np.floor((samples[:, 0] - DAY) / step)
    each = [samples[slots == slot] for slot in np.unique(slots)]
    return [
        np.array([mine[:, 1].mean() for mine in each]),
        np.array([mine[:, 1].min() for mine in each]),
        np.array([mine[:, 1].max() for mine in each]),
        np.array([mine[-1, 2] for mine in each]),
    ]


def agree(hashrate: History, accepted: History, wanted: Sequence[NDArray[np.float64]]) -> None:
    means, lows, highs, last = wanted
    some = len(means)
    assert (hashrate.quality[:some] == Quality.GOOD).all()
    np.testing.assert_allclose(hashrate.values[:some], means, rtol=0, atol=0.01)
    np.testing.assert_array_equal(hashrate.low[:some], lows)
    np.testing.assert_array_equal(hashrate.high[:some], highs)
    np.testing.assert_array_equal(accepted.values[:some], last)


@pytest.mark.parametrize("closed", [False, True], ids=["running day", "closed day"])
@pytest.mark.parametrize("stays", [UPDATED, UPDATED_WITHIN_A_MINUTE, UPDATED_AT_THE_HOUR, THERE_AND_BACK])
async def test_that_a_slot_that_two_seats_share_is_made_of_the_samples_of_both(
    stays: Sequence[Stay], closed: bool, tmp_path: Path
) -> None:
    samples = await a_folder(tmp_path, stays, DAY + 2 * WHOLE_DAY if closed else STOP + 30)
    reader = open_reader(tmp_path, strict=True)
    try:
        for step in (20.0, 60.0, HOUR, 2 * HOUR, WHOLE_DAY):
            span = DAY, max(STOP, DAY + step), step
            hashrate, accepted = await reader.read(ONE, [HASHRATE, ACCEPTED], *span)
            matrix = await reader.matrix("hashrate", *span)
            counts = await reader.matrix("accepted", *span)
            aggregate = await reader.aggregate("hashrate", *span)
            agree(hashrate, accepted, expected(samples, step))
            np.testing.assert_array_equal(matrix.values, [hashrate.values])
            np.testing.assert_array_equal(counts.values, [accepted.values])
            means, lows, highs, _ = expected(samples, aggregate.step)
            np.testing.assert_allclose(aggregate.mean[: len(means)], means, rtol=0, atol=0.01)
            np.testing.assert_array_equal(aggregate.low[: len(means)], lows)
            np.testing.assert_array_equal(aggregate.high[: len(means)], highs)
    finally:
        await reader.close()


async def test_that_the_seat_given_later_spoke_last_where_nothing_finer_is_left_to_tell(tmp_path: Path) -> None:
    samples = await a_folder(tmp_path, UPDATED_WITHIN_A_MINUTE, DAY + 2 * WHOLE_DAY)
    with closing(sqlite3.connect(month_path(tmp_path, "2027-01"))) as connection:
        connection.execute("DELETE FROM tile WHERE level < 2")
        connection.commit()
    reader = open_reader(tmp_path, strict=True)
    try:
        hashrate, accepted = await reader.read(ONE, [HASHRATE, ACCEPTED], DAY, STOP, HOUR)
        state = await reader.state_at(DAY + 2 * HOUR - 1)
    finally:
        await reader.close()
    wanted = expected(samples, HOUR)
    agree(hashrate, accepted, wanted)
    (signals,) = state.shape.signals
    shown = {(signal.point, signal.part): value for signal, value in zip(signals, state.values.tolist(), strict=True)}
    assert shown[HASHRATE] == pytest.approx(wanted[0][1], abs=0.01), "the hour stands in for what was deleted"
    assert shown[ACCEPTED] == wanted[3][1]


@pytest.mark.parametrize("step", [60.0, HOUR, WHOLE_DAY])
async def test_that_a_slot_with_two_stored_periods_is_made_of_both(step: float, tmp_path: Path) -> None:
    store = await SiteStore.open(tmp_path)
    await store.save_site(a_site(device(1)))
    change = DAY + 2 * HOUR + 70
    kept = await record(store, ((DAY, SHORT),), change)
    store.history.know(a_site(device(1, DeviceKind.PDU)))
    await store.history.append(columns_of(1), change)
    kept += await record(store, ((change, SHORT),), STOP, 10.0)
    await store.history.flush(DAY + 2 * WHOLE_DAY)
    await store.close()
    assert rows(month_path(tmp_path, "2027-01"), "SELECT period_ms FROM shard ORDER BY id") == [(5000,), (10_000,)]
    reader = open_reader(tmp_path, strict=True)
    try:
        hashrate, accepted = await reader.read(ONE, [HASHRATE, ACCEPTED], DAY, max(STOP, DAY + step), step)
    finally:
        await reader.close()
    agree(hashrate, accepted, expected(np.concatenate(kept), step))


async def test_that_verify_finds_a_day_of_two_seats_right(tmp_path: Path) -> None:
    await a_folder(tmp_path, THERE_AND_BACK, DAY + 2 * WHOLE_DAY)
    assert not problems(tmp_path)


MINER = Layout((Signal("hashrate"), Signal("hashrate_nominal"), Signal("power")))
BOARDS = Layout((Signal("hashrate", "1"), Signal("hashrate", "2"), Signal("hashrate_nominal"), Signal("power")))


async def test_that_daily_figures_weigh_an_hour_of_two_seats_by_its_samples(tmp_path: Path) -> None:
    """A miner at 60 of 100 TH/s and 3 kW reports by boards from 30 min and 30 s after the first hour on."""
    store = await SiteStore.open(tmp_path)
    await store.save_site(a_site(device(1)))
    change = DAY + HOUR + 1830
    for layout, values, start, stop in (
        (MINER, [60.0, 100.0, 3000.0], DAY, change),
        (BOARDS, [20.0, 40.0, 100.0, 3000.0], change, DAY + 2 * HOUR),
    ):
        times = times_between(start, stop)
        said = np.tile(values, (len(times), 1))
        await store.history.insert(ONE, layout, times, said, np.zeros(said.shape, np.uint8))
    await store.history.flush(DAY + 2 * WHOLE_DAY)
    hours = await store.reader.target_hours(DAY, DAY + WHOLE_DAY)
    await store.close()
    assert (hours.counted.tolist(), hours.at_target.tolist()) == ([2], [0])
    with closing(sqlite3.connect(year_path(tmp_path, "2027"))) as connection:
        bodies = dict(connection.execute("SELECT point, body FROM tile WHERE level = 4").fetchall())
    figures = {point: float(decode_tile(bodies[point])[0][0, -1]) for point in (ENERGY, HASH)}
    assert figures == pytest.approx({ENERGY: 6.0, HASH: 120.0}, abs=0.01)


async def test_that_boards_count_in_a_sum_only_while_their_miner_reports_no_whole(tmp_path: Path) -> None:
    store = await SiteStore.open(tmp_path)
    await store.save_site(a_site(device(1)))
    boards = Layout((Signal("hashrate", "1"), Signal("hashrate", "2")))
    both = Layout((Signal("hashrate"), Signal("hashrate", "1"), Signal("hashrate", "2")))
    for layout, values, start, stop in (
        (boards, [20.0, 40.0], DAY, DAY + HOUR),
        (both, [60.0, 20.0, 40.0], DAY + HOUR, DAY + 3 * HOUR),
        (boards, [20.0, 40.0], DAY + 3 * HOUR, DAY + 4 * HOUR),
    ):
        times = times_between(start, stop)
        said = np.tile(values, (len(times), 1))
        await store.history.insert(ONE, layout, times, said, np.zeros(said.shape, np.uint8))
    await store.history.flush(DAY + 2 * WHOLE_DAY)
    total = await store.reader.total("hashrate", DAY, DAY + 4 * HOUR, HOUR)
    await store.close()
    assert total.values.tolist() == [60.0, 60.0, 60.0, 60.0]
