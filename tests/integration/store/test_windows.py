"""Sweeps become parts and keyframes when their window is over, and tiles when their hour is; nothing read changes."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from console.domain.telemetry import LiveColumns
from console.store.history import flush, window
from console.store.history.keyframes import decode_keyframe
from console.store.history.month import month_path, months
from console.store.site_store import SiteStore
from drivers.core.reading import DeviceState, Quality
from tests.integration.store.sampling import (
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

WINDOW = int(HOUR) // 600


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SiteStore]:
    store = await SiteStore.open(tmp_path)
    await store.save_site(a_site(device(1), device(2)))
    yield store
    await store.close()


@pytest.fixture
def month(tmp_path: Path, store: SiteStore) -> Path:
    return month_path(tmp_path, "2027-01")


@pytest.fixture
def columns() -> LiveColumns:
    return columns_of(1, 2)


async def fill(store: SiteStore, columns: LiveColumns, start: float, seconds: int, step: int = 5) -> None:
    for second in range(0, seconds, step):
        for row in (0, 1):
            columns.ingest(row, a_report(start + second + row))
        await store.history.append(columns, start + second + 2)


async def read(store: SiteStore, point: str, start: float, stop: float, number: int = 1) -> list[float]:
    (history,) = await store.reader.read(UUID(int=number), [(point, "")], start, stop)
    return [float(value) for value in history.values]


async def test_that_a_window_that_is_over_leaves_parts_and_a_keyframe_in_place_of_its_head_rows(
    store: SiteStore, columns: LiveColumns, month: Path
) -> None:
    await fill(store, columns, HOUR, 620)
    assert months(month.parents[1]) == [month.stem]
    before = await read(store, "accepted", HOUR, HOUR + 620)
    await store.history.flush(HOUR + 629)
    assert rows(month, "SELECT DISTINCT window FROM head ORDER BY window") == [(WINDOW,), (WINDOW + 1,)]
    await store.history.flush(HOUR + 630)
    assert rows(month, "SELECT DISTINCT window FROM head") == [(WINDOW + 1,)]
    parts = rows(month, "SELECT level, point, chunk, window FROM part ORDER BY level, point")
    points = ("accepted", "chip_temp", "hashrate", "state")
    assert parts == [(level, point, 0, WINDOW) for level in (0, 1) for point in points]
    assert rows(month, "SELECT shard, window FROM keyframe") == [(0, WINDOW)]
    assert await read(store, "accepted", HOUR, HOUR + 620) == before


async def test_that_an_hour_s_windows_are_joined_and_its_parts_go(
    store: SiteStore, columns: LiveColumns, month: Path
) -> None:
    await fill(store, columns, HOUR + 1200, 1500, 10)
    before = await read(store, "accepted", HOUR, HOUR + 3600)
    await store.history.flush(HOUR + 3630)
    assert rows(month, "SELECT count(*) FROM part WHERE level = 0") == [(0,)]
    assert rows(month, "SELECT point, hour, rev FROM tile WHERE level = 0 AND point = 'state'") == [
        ("state", 500_000, 0)
    ]
    np.testing.assert_array_equal(await read(store, "accepted", HOUR, HOUR + 3600), before)


async def test_that_a_keyframe_holds_the_newest_of_every_series_and_who_answered_when(
    store: SiteStore, columns: LiveColumns, month: Path
) -> None:
    await fill(store, columns, HOUR, 300)
    columns.lose(1, Quality.TIMED_OUT, DeviceState.UNREACHABLE)
    for second in range(300, 1200, 5):
        columns.ingest(0, a_report(HOUR + second))
        await store.history.append(columns, HOUR + second + 2)
    await store.history.flush(HOUR + 1300)
    (first,), (second_body,) = rows(month, "SELECT body FROM keyframe ORDER BY window")
    assert isinstance(first, bytes)
    assert isinstance(second_body, bytes)
    keyframe = decode_keyframe(first)
    assert keyframe.answered.tolist() == [(HOUR + 595) * 1000, (HOUR + 295) * 1000]
    assert keyframe.state.tolist() == [DeviceState.HASHING, DeviceState.UNREACHABLE]
    expected = values_at(HOUR + 595)
    assert keyframe.steps[:5].tolist() == [
        round(expected[0] * 100), round(expected[1] * 10), round(expected[2] * 10), round(expected[3]), 1,
    ]  # fmt: skip
    assert keyframe.quality.tolist() == [0] * 5 + [Quality.TIMED_OUT] * 5
    later = decode_keyframe(second_body)
    assert later.answered.tolist() == [(HOUR + 1195) * 1000, (HOUR + 295) * 1000], "what was known is carried over"


async def test_that_the_state_of_a_device_is_stored_with_its_samples(store: SiteStore, columns: LiveColumns) -> None:
    await fill(store, columns, HOUR, 10)
    columns.lose(0, Quality.TIMED_OUT, DeviceState.UNREACHABLE)
    await store.history.append(columns, HOUR + 13)
    (state,) = await store.reader.read(UUID(int=1), [("state", "")], HOUR, HOUR + 15)
    assert state.values[:2].tolist() == [DeviceState.HASHING] * 2
    assert state.quality.tolist() == [0, 0, Quality.TIMED_OUT]


async def test_that_a_device_which_never_answered_is_on_record_with_its_reason(
    store: SiteStore, columns: LiveColumns
) -> None:
    columns.lose(0, Quality.REFUSED, DeviceState.UNKNOWN)
    columns.lose(1, Quality.UNREACHABLE, DeviceState.UNREACHABLE)
    for second in (2, 7, 12):
        assert await store.history.append(columns, HOUR + second) == 0
    columns.ingest(1, a_report(HOUR + 16))
    await store.history.append(columns, HOUR + 17)
    for _ in range(2):
        one, other = [
            (await store.reader.read(UUID(int=number), [("state", "")], HOUR, HOUR + 20))[0] for number in (1, 2)
        ]
        assert one.quality.tolist() == [Quality.REFUSED] * 4
        assert other.quality.tolist() == [Quality.UNREACHABLE] * 3 + [0]
        await store.history.flush(HOUR + 4000)


async def test_that_a_clock_set_back_an_hour_loses_and_doubles_nothing(
    store: SiteStore, columns: LiveColumns, month: Path
) -> None:
    start = HOUR + 3600
    await fill(store, columns, start - 1200, 1200)
    await store.history.flush(start + 40)
    await fill(store, columns, start, 900)
    back = start - 3600
    await fill(store, columns, back + 900, 3600)
    columns.lose(0, Quality.TIMED_OUT, DeviceState.UNREACHABLE)
    await store.history.append(columns, back + 4502)
    for at in (back + 4520, start + 1300, start + 7300):
        accepted = await read(store, "accepted", back, start + 900)
        assert accepted[:180] == pytest.approx([np.nan] * 180, nan_ok=True)
        assert accepted[180:] == [back + 900 + second for second in range(0, 3600, 5)]
        await store.history.flush(at)
    revisions = rows(month, "SELECT DISTINCT hour, rev FROM tile WHERE level = 0 AND point = 'accepted' ORDER BY 1, 2")
    assert revisions == [(500_000, 0), (500_000, 1), (500_001, 0)]
    assert rows(month, "SELECT count(*) FROM head") == [(0,)]


async def test_that_a_stopped_clock_s_losses_are_recorded_after_it_was_set_back(
    store: SiteStore, columns: LiveColumns
) -> None:
    await fill(store, columns, HOUR + 3600, 20)
    columns.lose(0, Quality.TIMED_OUT, DeviceState.UNREACHABLE)
    for second in (2, 7):
        await store.history.append(columns, HOUR + second)
    (history,) = await store.reader.read(UUID(int=1), [("hashrate", "")], HOUR, HOUR + 10)
    assert history.quality.tolist() == [Quality.TIMED_OUT] * 2


async def test_that_encoding_that_stands_still_holds_up_no_sweep_and_loses_nothing(
    store: SiteStore, columns: LiveColumns, month: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def stalled(*arguments: object) -> object:
        begun.set()
        go_on.wait()
        return window.close_window(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(flush, "close_window", stalled)
    await fill(store, columns, HOUR, 660)
    await asyncio.to_thread(begun.wait)
    await fill(store, columns, HOUR + 660, 1500)
    assert rows(month, "SELECT count(DISTINCT window) FROM head") == [(4,)]
    late = samples(HOUR - 60, HOUR)
    assert await store.history.insert(UUID(int=1), LAYOUT, *late) == 12 * len(LAYOUT)
    go_on.set()
    await store.history.flush(HOUR + 4000)
    assert rows(month, "SELECT count(*) FROM head") == [(0,)]
    assert await read(store, "accepted", HOUR, HOUR + 2160) == [HOUR + at for at in range(0, 2160, 5)]
    assert await read(store, "accepted", HOUR - 60, HOUR) == late[0].tolist()


async def test_that_a_damaged_part_costs_only_itself_when_its_window_is_closed_again(
    store: SiteStore, columns: LiveColumns, tmp_path: Path, month: Path, expected_log: list[str]
) -> None:
    expected_log.append("2027-01: samples of accepted are left out")
    await fill(store, columns, HOUR, 60)
    await store.history.flush(HOUR + 700)
    (file,) = store.history._files
    damage = "UPDATE part SET body = substr(body, 1, length(body) - 1) WHERE level = 0 AND point = 'accepted'"
    await file.database.write(lambda connection: connection.exec_driver_sql(damage).rowcount)
    await fill(store, columns, HOUR + 60, 60)
    await store.history.flush(HOUR + 800)
    (accepted,) = await store.reader.read(UUID(int=1), [("accepted", "")], HOUR, HOUR + 120)
    assert accepted.quality.tolist() == [Quality.NOT_POLLED] * 12 + [Quality.GOOD] * 12
    assert await read(store, "hashrate", HOUR, HOUR + 120) == [values_at(HOUR + at)[0] for at in range(0, 120, 5)]
