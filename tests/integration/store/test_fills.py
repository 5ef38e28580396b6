"""What was filled from devices' own logs is on record, goes along in a merge, and is refused where it is nonsense."""

from pathlib import Path
from uuid import UUID

import pytest

from console.services.fills import Fill
from console.store.records.chain import ChainError, Head, NewEvent, link_events
from console.store.site_store import SiteStore

FIRST = Fill(UUID(int=1), 1000.0, 1600.25, 60, 780, -3.0)
SECOND = Fill(UUID(int=2), 1500.0, 2500.0, 100, 1300, 0.0)


async def test_that_fills_are_kept_and_found_by_the_time_they_are_about(tmp_path: Path) -> None:
    store = await SiteStore.open(tmp_path)
    for fill in (SECOND, FIRST):
        await store.record_fill(fill)
    await store.close()
    store = await SiteStore.open(tmp_path, read_only=True)
    try:
        assert await store.fills(0.0, 3000.0) == [FIRST, SECOND]
        assert await store.fills(1600.25, 1700.0) == [SECOND]
        assert await store.fills(0.0, 1500.0) == [FIRST]
        assert await store.fills(2500.0, 9000.0) == []
    finally:
        await store.close()


async def test_that_a_merge_brings_the_fills_of_the_other_side_along(tmp_path: Path) -> None:
    one, other = await SiteStore.open(tmp_path / "one"), await SiteStore.open(tmp_path / "other")
    try:
        await one.record_fill(FIRST)
        await other.event_log.merge(await one.event_log.read_since({}))
        assert await other.fills(0.0, 3000.0) == [FIRST]
    finally:
        await one.close()
        await other.close()


async def test_that_a_fill_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    store = await SiteStore.open(tmp_path)
    try:
        nonsense = [NewEvent(1.0, "fill", str(UUID(int=1)), b'{"start": "noon"}')]
        rows = link_events(str(UUID(int=9)), Head(), nonsense, iter([1 << 16]))
        with pytest.raises(ChainError, match="fill"):
            await store.event_log.merge(rows)
        assert await store.fills(0.0, 3000.0) == []
    finally:
        await store.close()
