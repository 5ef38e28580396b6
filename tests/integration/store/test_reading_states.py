"""The state of a site at an instant is what a live display showed then: from sweeps, windows, hours and keyframes."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from console.domain.telemetry import LiveColumns
from console.services.ports import PastState
from console.store.history.month import month_path
from console.store.reading.history_reader import open_reader
from console.store.site_store import SiteStore
from drivers.core.reading import DeviceState, Layout, Quality, Report, Signal
from tests.integration.store.sampling import HOUR, LAYOUT, a_report, a_site, columns_of, device, samples, values_at

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)
GROWN = Layout((*LAYOUT.signals, Signal("chip_temp", "2")))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SiteStore]:
    store = await SiteStore.open(tmp_path)
    await store.save_site(a_site(device(1), device(2), device(3)))
    yield store
    await store.close()


def series_of(state: PastState, whose: UUID) -> slice:
    row = state.shape.devices.index(whose)
    start = int(state.shape.starts[row])
    return slice(start, start + len(state.shape.signals[row]))


class Played:
    """Some minutes of a site with everything that can happen, and what the live columns held after each sweep."""

    def __init__(self, store: SiteStore) -> None:
        self._store = store
        self.columns = columns_of(1, 2, 3)
        self.seen: dict[float, dict[UUID, tuple[list[float], list[int], int]]] = {}

    async def run(self, begin: float, sweeps: int) -> None:
        for number in range(sweeps):
            at = begin + 5.0 * number
            self._poll(number, at)
            await self._store.history.append(self.columns, at + 4.0)
            self.seen[at + 4.0] = {whose: self._now(whose) for whose in (ONE, TWO, THREE)}

    def _poll(self, number: int, at: float) -> None:
        self.columns.ingest(0, a_report(at + 1, values_at(at)))
        if 20 <= number < 30:
            self.columns.lose(1, Quality.TIMED_OUT, DeviceState.UNREACHABLE)
        elif 30 <= number < 34:
            self.columns.lose(1, Quality.REFUSED, DeviceState.UNKNOWN)
        elif number % 12 == 3 or number < 3:
            self.columns.ingest(1, a_report(at + 2, values_at(at + 1)))
        else:
            light = bytes([0, 0, Quality.NOT_POLLED, Quality.NOT_POLLED])
            self.columns.ingest(1, Report(at, at + 2, DeviceState.IDLE, LAYOUT, [float(number)] * 4, light))
        if number < 50:
            self.columns.ingest(2, a_report(at + 1, values_at(at + 2)))
        elif number >= 60:
            values = [*values_at(at + 2), 70.0]
            self.columns.ingest(2, Report(at, at + 1, DeviceState.TUNING, GROWN, values, bytes(5)))
        else:
            self.columns.lose(2, Quality.UNREACHABLE, DeviceState.UNREACHABLE)

    def _now(self, whose: UUID) -> tuple[list[float], list[int], int]:
        block = self.columns.block(whose)
        assert block is not None
        mine = slice(block.start, block.stop)
        values, quality = self.columns.values[mine].tolist(), self.columns.quality[mine].tolist()
        return values, quality, int(self.columns.state[block.row])


async def check(store: SiteStore, played: Played, every: int = 1) -> None:
    reader = open_reader(store.folder, strict=True)
    try:
        for at in list(played.seen)[::every]:
            state = await reader.state_at(at)
            assert (state.at, state.as_of) == (at, at)
            for row, whose in enumerate(state.shape.devices):
                values, quality, doing = played.seen[at][whose]
                mine = series_of(state, whose)
                np.testing.assert_array_equal(state.values[mine], values, err_msg=f"{at - HOUR} {whose}")
                assert state.quality[mine].tolist() == quality, (at - HOUR, whose)
                assert state.state[row] == doing
    finally:
        await reader.close()


async def test_that_every_instant_shows_what_was_live_then_in_whatever_form_it_is_kept(store: SiteStore) -> None:
    played = Played(store)
    await played.run(HOUR + 400, 160)
    await check(store, played)
    await store.history.flush(HOUR + 400 + 800 + 10)
    await check(store, played, 3)
    await store.history.flush(HOUR + 3600 + 100)
    await check(store, played, 3)


async def test_that_a_keyframe_is_the_state_at_the_end_of_its_window(store: SiteStore) -> None:
    played = Played(store)
    await played.run(HOUR + 400, 100)
    for _ in range(2):
        exact = await store.reader.state_at(HOUR + 599.9)
        frame = await store.reader.state_at(HOUR + 777.0, exact=False)
        assert (frame.at, frame.as_of) == (HOUR + 777, HOUR + 600)
        np.testing.assert_array_equal(frame.values, exact.values)
        np.testing.assert_array_equal(frame.quality, exact.quality)
        np.testing.assert_array_equal(frame.state, exact.state)
        np.testing.assert_array_equal(frame.answered, exact.answered)
        await store.history.flush(HOUR + 3600 + 100)


async def test_that_states_of_one_layout_share_their_shape(store: SiteStore) -> None:
    played = Played(store)
    await played.run(HOUR, 40)
    shapes = {id((await store.reader.state_at(HOUR + at)).shape) for at in (50.0, 90.0, 120.0, 199.0)}
    assert len(shapes) == 1
    state = await store.reader.state_at(HOUR + 199)
    assert set(state.shape.devices) == {ONE, TWO, THREE}
    assert state.shape.series == len(state.values) == 12
    assert all(signals == LAYOUT.signals for signals in state.shape.signals)
    assert state.period.tolist() == [5.0] * 3


async def test_that_what_nobody_polled_turns_stale_and_then_is_no_longer_shown(store: SiteStore) -> None:
    columns = columns_of(1)
    for number in range(20):
        columns.ingest(0, a_report(HOUR + 5 * number + 1))
        await store.history.append(columns, HOUR + 5 * number + 2)
    await store.close()  # a collector that went away leaves no reason
    reader = open_reader(store.folder, strict=True)
    try:
        for at, quality, known in (
            (HOUR + 99, Quality.GOOD, True),
            (HOUR + 109, Quality.GOOD, True),
            (HOUR + 120, Quality.STALE, True),
            (HOUR + 900, Quality.STALE, True),
            (HOUR + 1300, Quality.NOT_POLLED, False),
        ):
            state = await reader.state_at(at)
            assert state.quality.tolist() == [quality] * 4, at - HOUR
            assert bool(~np.isnan(state.values).any()) is known
        assert (await reader.state_at(HOUR + 900)).answered.tolist() == [HOUR + 95]
    finally:
        await reader.close()


async def test_that_a_keyframe_long_ago_still_tells_when_a_device_had_answered(store: SiteStore) -> None:
    await store.history.insert(ONE, LAYOUT, *samples(HOUR, HOUR + 600))
    await store.history.insert(TWO, LAYOUT, *samples(HOUR + 7200, HOUR + 7300))
    await store.history.flush(HOUR + 20_000)
    state = await store.reader.state_at(HOUR + 7290)
    row = state.shape.devices.index(ONE)
    assert state.answered[row] == HOUR + 595
    assert (state.quality[series_of(state, ONE)] == Quality.NOT_POLLED).all()
    assert (state.quality[series_of(state, TWO)] == Quality.GOOD).all()


async def test_that_the_first_minutes_of_a_month_know_the_month_before(store: SiteStore) -> None:
    turn = 1_801_440_000.0
    columns = LiveColumns()
    columns.add(ONE, 5.0)
    columns.add(TWO, 5.0)
    for number in range(-10, 10):
        at = turn + 5.0 * number
        if number == -5:
            columns.ingest(1, a_report(at + 1, values_at(7)))
        light = bytes([0, 0, 0, Quality.NOT_POLLED if number > -9 else 0])
        columns.ingest(0, Report(at, at + 1, DeviceState.HASHING, LAYOUT, values_at(at), light))
        columns.lose(1, Quality.TIMED_OUT, DeviceState.UNREACHABLE) if number > 0 else None
        await store.history.append(columns, at + 2)
    state = await store.reader.state_at(turn + 48)
    mine = series_of(state, ONE)
    assert state.quality[mine].tolist() == [Quality.GOOD] * 4
    assert state.values[mine].tolist() == [*values_at(turn + 45)[:3], values_at(turn - 45)[3]]
    assert state.state[state.shape.devices.index(TWO)] == DeviceState.UNREACHABLE
    assert state.answered[state.shape.devices.index(TWO)] == turn - 25
    frame = await store.reader.state_at(turn + 48, exact=False)
    assert frame.as_of == turn
    assert frame.values[series_of(frame, ONE)].tolist() == [*values_at(turn - 5)[:3], values_at(turn - 45)[3]]


async def test_that_minutes_stand_in_where_the_samples_were_deleted(store: SiteStore) -> None:
    await store.history.insert(ONE, LAYOUT, *samples(HOUR, HOUR + 7200))
    await store.history.flush(HOUR + 3 * 86400)
    await store.close()
    with closing(sqlite3.connect(month_path(store.folder, "2027-01"))) as month, month:
        month.execute("DELETE FROM tile WHERE level = 0")
        month.execute("DELETE FROM keyframe")
    reader = open_reader(store.folder, strict=True)
    try:
        state = await reader.state_at(HOUR + 130)
        assert (state.at, state.as_of) == (HOUR + 130, HOUR + 120)
        expected = np.mean([values_at(at + 1)[0] for at in np.arange(HOUR + 120, HOUR + 180, 5)])
        assert state.values[0] == pytest.approx(expected, abs=0.01)
        assert state.values[3] == HOUR + 176
    finally:
        await reader.close()


async def test_that_nothing_on_record_is_an_empty_state(store: SiteStore) -> None:
    for at in (HOUR, HOUR - 40 * 86400):
        for exact in (True, False):
            state = await store.reader.state_at(at, exact=exact)
            assert state.shape.devices == ()
            assert len(state.values) == len(state.quality) == len(state.answered) == 0


async def test_that_texts_begin_with_what_stood_and_skip_what_was_only_said_again(store: SiteStore) -> None:
    turn = 1_801_440_000.0
    columns = columns_of(1)
    for at, pool in ((turn - 20, "a"), (turn - 15, "b"), (turn - 10, "b"), (turn + 5, "b"), (turn + 10, "c")):
        columns.ingest(0, a_report(at, texts={"pool": pool, "firmware": "1"}))
        await store.history.append(columns, at + 1)
    found = await store.reader.texts(ONE, turn - 12, turn + 60)
    assert [(change.name, change.value, change.at - turn) for change in found] == [
        ("firmware", "1", -20.0),
        ("pool", "b", -15.0),
        ("pool", "c", 10.0),
    ]
    assert [change.value for change in await store.reader.texts(ONE, turn + 7, turn + 8)] == ["1", "b"]
    assert await store.reader.texts(TWO, turn - 60, turn + 60) == []
