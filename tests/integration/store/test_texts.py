"""What devices say in words is kept whenever it becomes something else, and read back as of any time."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from console.domain.telemetry import LiveColumns
from console.services.ports import SweepWaits
from console.store.history import texts
from console.store.history.month import month_path
from console.store.site_store import SiteStore
from drivers.core.reading import DeviceState, Quality
from tests.integration.store.sampling import HOUR, a_report, a_site, columns_of, device, rows

ONE = UUID(int=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SiteStore]:
    store = await SiteStore.open(tmp_path)
    await store.save_site(a_site(device(1), device(2)))
    yield store
    await store.close()


async def hear(store: SiteStore, columns: LiveColumns, at: float, row: int = 0, **said: str) -> None:
    columns.ingest(row, a_report(at, texts=said))
    await store.history.append(columns, at + 1)


async def told(store: SiteStore, start: float, stop: float) -> list[tuple[float, str, str]]:
    return [(change.at, change.name, change.value) for change in await store.reader.texts(ONE, start, stop)]


async def test_that_only_changes_are_kept(store: SiteStore, tmp_path: Path) -> None:
    columns = columns_of(1, 2)
    await hear(store, columns, HOUR, pool="a", worker="w")
    await hear(store, columns, HOUR + 5, pool="a")
    await hear(store, columns, HOUR + 10, 1, pool="c")
    await hear(store, columns, HOUR + 15, pool="b", worker="w")
    assert await told(store, HOUR, HOUR + 60) == [(HOUR, "pool", "a"), (HOUR, "worker", "w"), (HOUR + 15, "pool", "b")]
    found = rows(month_path(tmp_path, "2027-01"), "SELECT seq FROM text_change ORDER BY seq")
    assert found == [(1,), (2,), (3,), (4,)]


async def test_that_a_restart_and_a_lost_device_repeat_nothing(store: SiteStore, tmp_path: Path) -> None:
    columns = columns_of(1, 2)
    await hear(store, columns, HOUR, pool="a")
    columns.lose(0, Quality.TIMED_OUT, DeviceState.UNREACHABLE)
    await store.history.append(columns, HOUR + 6)
    await store.close()
    again = await SiteStore.open(tmp_path)
    try:
        fresh = columns_of(1, 2)
        await hear(again, fresh, HOUR + 30, pool="a")
        await hear(again, fresh, HOUR + 40, pool="b")
        assert await told(again, HOUR, HOUR + 60) == [(HOUR, "pool", "a"), (HOUR + 40, "pool", "b")]
    finally:
        await again.close()


async def test_that_each_month_s_file_stands_alone(store: SiteStore, tmp_path: Path) -> None:
    turn = 1_798_761_600.0  # 2027-01-01 00:00 UTC
    columns = columns_of(1, 2)
    await hear(store, columns, turn - 20, pool="a")
    await hear(store, columns, turn + 20, 1, pool="c")
    query = "SELECT at, value FROM text_change ORDER BY device"
    assert rows(month_path(tmp_path, "2026-12"), query) == [(turn - 20, "a")]
    assert rows(month_path(tmp_path, "2027-01"), query) == [(turn, "a"), (turn + 20, "c")]


async def test_that_words_that_never_rest_do_not_fill_the_disk(store: SiteStore, tmp_path: Path) -> None:
    columns = columns_of(1)
    for number in range(30):
        await hear(store, columns, HOUR + 5 * number, firmware=f"{number}" * 1000)
    found = rows(month_path(tmp_path, "2027-01"), "SELECT max(length(value)), count(*) FROM text_change")
    assert found == [(texts.LONGEST, texts.IN_A_WINDOW)]
    await hear(store, columns, HOUR + 600, firmware="at rest")
    assert (await told(store, HOUR, HOUR + 1200))[-1] == (HOUR + 600, "firmware", "at rest")


async def test_that_many_changes_are_spread_over_sweeps(store: SiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "AT_ONCE", 1)
    columns = columns_of(2, 1)
    for row in (0, 1):
        columns.ingest(row, a_report(HOUR, texts={"pool": "a"}))
    await store.history.append(columns, HOUR + 1)
    assert await told(store, HOUR, HOUR + 60) == []
    await store.history.append(columns, HOUR + 2)
    assert await told(store, HOUR, HOUR + 60) == [(HOUR, "pool", "a")]


async def test_that_texts_heard_while_the_disk_was_full_are_kept_when_there_is_room(store: SiteStore) -> None:
    columns = columns_of(1)
    store.history.hold("no room")
    for number in range(2):
        with pytest.raises(SweepWaits):
            await hear(store, columns, HOUR + 5 * number, pool=f"{number}")
    store.history.hold("")
    await hear(store, columns, HOUR + 10)
    assert await told(store, HOUR, HOUR + 60) == [(HOUR + 5, "pool", "1")]
