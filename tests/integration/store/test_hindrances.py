"""A reader that holds on, a clock that is stepped back, encoding that stalls: nobody waits, nothing is lost."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from console.domain.incidents import EventKind, IncidentEvent
from console.domain.telemetry import LiveColumns
from console.store.engine import PAGE_SIZE
from console.store.history.codec import compress
from console.store.history.window import close_window
from console.store.records.chain import verify_chain
from console.store.records.event_log import EventLog
from console.store.records.incident_log import SqlIncidentLog
from console.store.records.projections import rebuild
from console.store.site_store import SiteStore
from drivers.core.reading import DeviceState, Quality, Report
from tests.integration.store.killing import check_everything, read_back
from tests.integration.store.sweeper import DEVICES, LAYOUT, SECONDS, START, ingest, values
from tests.integration.store.test_site_store import acknowledged, detected

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

NEXT_DAYS = 3 * 86_400.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SiteStore]:
    store = await SiteStore.open(tmp_path)
    yield store
    await store.close()


async def append(store: SiteStore, columns: LiveColumns, sweeps: range) -> None:
    for sweep in sweeps:
        assert await store.history.append(columns, ingest(columns, sweep)) == DEVICES * len(LAYOUT)


def month_file(folder: Path) -> Path:
    (path,) = (folder / "history").glob("????-??.sqlite")
    return path


# A reader that holds on.


async def test_that_a_reader_that_holds_on_stops_nobody_and_sees_one_state(store: SiteStore, tmp_path: Path) -> None:
    columns = LiveColumns()
    await append(store, columns, range(20))
    path = month_file(tmp_path)
    log = path.with_name(path.name + "-wal")
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as holder:
        holder.execute("BEGIN")
        heads = holder.execute("SELECT count(*), max(sequence) FROM head").fetchone()
        parts = holder.execute("SELECT count(*) FROM part").fetchone()
        await append(store, columns, range(20, 500))
        assert holder.execute("SELECT count(*), max(sequence) FROM head").fetchone() == heads
        assert holder.execute("SELECT count(*) FROM part").fetchone() == parts
        await check_everything(tmp_path, 500)
        held = log.stat().st_size
    assert held > 1000 * PAGE_SIZE, "the reader has kept the log from being folded into the file"
    await append(store, columns, range(500, 700))
    assert log.stat().st_size <= held + 1_000_000
    await store.history.flush(START + 700 * SECONDS + NEXT_DAYS)
    await check_everything(tmp_path, 700)


# A clock that is stepped back.


async def test_that_a_clock_stepped_back_an_hour_loses_and_doubles_nothing(store: SiteStore, tmp_path: Path) -> None:
    """The second time through the hour, reports fall between those of the first time."""
    columns = LiveColumns()
    each_hour = 3600 // SECONDS
    await append(store, columns, range(3 * each_hour))
    shift = 60.0
    for sweep in range(2 * each_hour, 4 * each_hour):
        at = START + sweep * SECONDS + shift
        for device in range(DEVICES):
            report = Report(at, at + 1, DeviceState.HASHING, LAYOUT, values(device, sweep + 5000), bytes(3))
            columns.ingest(device, report)
        assert await store.history.append(columns, at + 2) == DEVICES * len(LAYOUT)
    for _ in range(2):
        for device in (0, 7, DEVICES - 1):
            await expect_both_passes(store, device, each_hour, shift)
        await store.history.flush(START + NEXT_DAYS)


async def expect_both_passes(store: SiteStore, device: int, each_hour: int, shift: float) -> None:
    """What was stored before the step stands in its slots, and what came after it in its own."""
    series = [("hashrate", ""), ("chip_temp", "0"), ("accepted", "")]
    found = await store.reader.read(UUID(int=device + 1), series, START, START + 4 * each_hour * SECONDS)
    for at, history in enumerate(found):
        slots = np.full(len(history.values), np.nan)
        for sweep in range(3 * each_hour):
            slots[sweep * SECONDS // 5] = values(device, sweep)[at]
        for sweep in range(2 * each_hour, 4 * each_hour):
            slots[int(sweep * SECONDS + shift) // 5] = values(device, sweep + 5000)[at]
        np.testing.assert_array_equal(history.values, slots)
        np.testing.assert_array_equal(history.quality == Quality.GOOD, ~np.isnan(slots))


async def test_that_roll_ups_count_both_passes_of_an_hour_that_came_twice(store: SiteStore) -> None:
    columns = LiveColumns()
    each_hour = 3600 // SECONDS
    await append(store, columns, range(each_hour))
    await store.history.flush(START + 3700.0)
    for sweep in range(each_hour):
        at = START + sweep * SECONDS + 60
        columns.ingest(0, Report(at, at + 1, DeviceState.HASHING, LAYOUT, values(0, sweep + 3), bytes(3)))
        await store.history.append(columns, at + 2)
    await store.history.flush(START + NEXT_DAYS)
    (hour,) = await store.reader.read(UUID(int=1), [("hashrate", "")], START, START + 3600, 3600.0)
    both = [values(0, sweep)[0] for sweep in range(each_hour)] + [values(0, s + 3)[0] for s in range(each_hour)]
    assert hour.values[0] == pytest.approx(np.mean(both), abs=0.01)
    assert (hour.low[0], hour.high[0]) == pytest.approx((min(both), max(both)), abs=0.01)


async def test_that_decisions_keep_their_order_when_the_clock_is_stepped_back(tmp_path: Path) -> None:
    store = await SiteStore.open(tmp_path)
    wall = [START]
    log = EventLog(store._database, store.origin, lambda: wall[0])
    incidents = SqlIncidentLog(store._database, log)
    try:
        await incidents.append([detected(11, START)])
        wall[0] -= 3600.0
        await incidents.append([replace(acknowledged(11, 2), at=wall[0])])
        (after,) = await incidents.append([noted(11, 3, wall[0] + 1)])
        rows = [row for row in await log.read_since({}) if row.kind == "incident"]
        assert [row.hlc for row in rows] == sorted({row.hlc for row in rows})
        assert [event.version for event in after.events] == [1, 2, 3]
        assert await store._database.read(verify_chain) == []
        await store._database.write(rebuild)
        assert await incidents.incidents() == [after]
    finally:
        await store.close()


def noted(incident: int, version: int, at: float) -> IncidentEvent:
    return IncidentEvent(UUID(int=incident), version, EventKind.NOTED, at, "Ben", "the clock was wrong")


# Encoding that stalls.


class Gate:
    """Holds up whoever calls the function it stands before, until it is opened."""

    def __init__(self, inner: Callable[..., Any]) -> None:
        self._inner = inner
        self._open = threading.Event()
        self.reached = threading.Event()

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.reached.set()
        assert self._open.wait(60)
        return self._inner(*arguments, **named)

    def open(self) -> None:
        self._open.set()

    async def until_reached(self) -> None:
        assert await asyncio.to_thread(self.reached.wait, 20)


async def turns_of_the_loop(count: int) -> None:
    """The loop is alive: it comes round this often, with timers."""
    for _ in range(count):
        await asyncio.sleep(0.001)


async def test_that_stalled_tiles_hold_up_no_sweep(
    store: SiteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(close_window)
    monkeypatch.setattr("console.store.history.flush.close_window", gate)
    columns = LiveColumns()
    try:
        await append(store, columns, range(5))
        await gate.until_reached()
        await append(store, columns, range(5, 60))
        await check_everything(tmp_path, 60)
    finally:
        gate.open()
    await append(store, columns, range(60, 62))
    await store.history.flush(START + NEXT_DAYS)
    await check_everything(tmp_path, 62)


async def test_that_a_stalled_sweep_leaves_the_loop_free_and_is_not_lost(
    store: SiteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = LiveColumns()
    await append(store, columns, range(3))
    gate = Gate(compress)
    monkeypatch.setattr("console.store.history.heads.compress", gate)
    try:
        stalled = asyncio.create_task(store.history.append(columns, ingest(columns, 3)))
        await gate.until_reached()
        await turns_of_the_loop(50)
        assert not stalled.done()
        # What reports meanwhile belongs to the sweep after the stalled one.
        ingest(columns, 4)
        assert not np.isnan(await read_back(tmp_path, 3)).any()
    finally:
        gate.open()
    assert await stalled == DEVICES * len(LAYOUT)
    assert await store.history.append(columns, START + 4 * SECONDS + 2) == DEVICES * len(LAYOUT)
    await check_everything(tmp_path, 5)
