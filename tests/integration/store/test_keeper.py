"""What an open folder does by itself: history waits while the disk is full, and what is old enough goes."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from console.domain.telemetry import LiveColumns
from console.services.ports import StoreBusy, SweepWaits
from console.store.care.keeper import Keeper
from console.store.care.policy import Policy
from console.store.care.retention import Freed, Kept
from console.store.care.settings import keep_policy, policy_of
from console.store.history.backlog import Backlog, WaitingSweep
from console.store.history.sweep import HeadRow
from console.store.site_store import SiteStore
from tests.integration.store.kept_site import HOUR, hashrate, new_site, report, write_hours
from tests.integration.store.synthetic_month import make_history

FIRST_OF_2020 = 438_288
"""Hour since the epoch of 2020-01-01."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new_site(tmp_path / "site")
    return tmp_path / "site"


class Writer:
    """A store with three devices that report once a minute."""

    def __init__(self, store: SiteStore, ids: list[UUID]) -> None:
        self.store = store
        self.columns = LiveColumns()
        self.rows = [self.columns.add(identity, 5.0) for identity in ids]
        self.sweeps = 0

    @classmethod
    async def open(cls, folder: Path) -> "Writer":
        store = await SiteStore.open(folder)
        return cls(store, [device.id for device in (await store.site()).devices])

    async def sweep(self) -> int:
        at = HOUR + 60.0 * self.sweeps
        self.sweeps += 1
        for number, row in enumerate(self.rows):
            self.columns.ingest(row, report(at, number))
        return await self.store.history.append(self.columns, at + 2)


async def test_that_sweeps_wait_in_order_while_history_is_held_and_are_written_first(folder: Path) -> None:
    writer = await Writer.open(folder)
    history = writer.store.history
    try:
        stored = await writer.sweep()
        history.hold("no room")
        for _ in range(3):
            with pytest.raises(SweepWaits, match="no room"):
                await writer.sweep()
        assert (history.waiting.sweeps, history.waiting.samples, history.waiting.lost) == (3, 3 * stored, 0)
        assert history.waiting.since == HOUR + 62
        history.hold("")
        assert await writer.sweep() == 4 * stored
        assert history.waiting.sweeps == 0
    finally:
        await writer.store.close()
    assert len(await hashrate(folder, HOUR, HOUR + 600)) == 5


async def test_that_a_clean_stop_writes_what_waits(folder: Path) -> None:
    writer = await Writer.open(folder)
    writer.store.history.hold("no room")
    for _ in range(4):
        with pytest.raises(SweepWaits):
            await writer.sweep()
    await writer.store.close()
    assert len(await hashrate(folder, HOUR, HOUR + 600)) == 4


def test_that_the_oldest_sweeps_give_way_when_memory_is_used_up_and_are_counted() -> None:
    backlog = Backlog(limit=100)
    sweeps = [WaitingSweep("2027-01", (HeadRow(0, number, bytes(40)),), 7, float(number)) for number in range(4)]
    for sweep in sweeps:
        backlog.keep(sweep)
    assert backlog.state.sweeps == 2
    assert backlog.state.size == 80
    assert backlog.state.lost == 14
    batch = backlog.batch()
    assert [sweep.at for sweep in batch] == [2.0, 3.0]
    backlog.keep(sweeps[0])
    backlog.written(batch)
    assert backlog.state.sweeps == 1
    assert backlog.state.lost == 14, "one that was given up while it was being written is not lost"


def test_that_a_batch_stays_within_one_month() -> None:
    backlog = Backlog()
    for month in ("2027-01", "2027-01", "2027-02"):
        backlog.keep(WaitingSweep(month, (HeadRow(0, 1, b"x"),), 1, 1.0))
    assert len(backlog.batch()) == 2


async def test_that_what_is_old_enough_goes_while_history_is_written(folder: Path) -> None:
    await asyncio.to_thread(make_history, folder, "2020-01", FIRST_OF_2020)
    writer = await Writer.open(folder)
    try:
        await writer.sweep()
        keeper = Keeper(folder, writer.store.history, writer.store.record_care)
        (done,) = await keeper.retain()
        assert isinstance(done, Freed)
        assert done.levels == ("raw", "keyframe", "minute")
        await writer.sweep()
        (event,) = [one for one in await writer.store.event_log.read_since({}) if one.kind == "care"]
        assert event.entity == "retention"
        assert b"2020-01" in event.body
        assert await keeper.retain() == []
    finally:
        await writer.store.close()


async def test_that_a_month_that_is_being_replaced_takes_no_late_samples_and_others_do(folder: Path) -> None:
    await asyncio.to_thread(make_history, folder, "2020-01", FIRST_OF_2020)
    writer = await Writer.open(folder)
    try:
        await writer.sweep()
        history = writer.store.history
        async with history.resting("2020-01"):
            with pytest.raises(StoreBusy, match="2020-01"):
                await history._files.file("2020-01")
            await writer.sweep()
        await history._files.file("2020-01")
        with pytest.raises(StoreBusy, match="wait to become tiles"):
            async with history.resting("2027-01"):
                raise AssertionError("it has head rows")
    finally:
        await writer.store.close()


async def test_that_a_file_in_use_stays_for_now(folder: Path) -> None:
    await write_hours(folder, [HOUR - 7200])
    writer = await Writer.open(folder)
    try:
        await writer.sweep()
        keeper = Keeper(folder, writer.store.history, writer.store.record_care, now=lambda: HOUR + 400 * 86_400.0)
        (kept,) = await keeper.retain()
        assert isinstance(kept, Kept)
    finally:
        await writer.store.close()


async def test_that_the_folder_keeps_a_policy_of_its_own(folder: Path) -> None:
    assert await asyncio.to_thread(policy_of, folder) == Policy()
    policy = Policy(raw=30, keyframe=30, minute=365)
    await keep_policy(folder, policy)
    assert await asyncio.to_thread(policy_of, folder) == policy


async def test_that_the_room_of_a_refused_write_is_found_by_the_reserve(folder: Path, expected_log: list[str]) -> None:
    expected_log.append("is full")
    writer = await Writer.open(folder)
    keeper = Keeper(folder, writer.store.history, writer.store.record_care)
    try:
        await keeper.watch_room(refused=False)
        assert (folder / "reserve.ballast").exists()
        await keeper.watch_room(refused=True)
        assert not (folder / "reserve.ballast").exists()
        with pytest.raises(SweepWaits, match="is full"):
            await writer.sweep()
        await keeper.watch_room(refused=True)
        assert await writer.sweep() > 0, "there is room, and the refusal is the one of before"
        await keeper.watch_room(refused=True)
        assert (folder / "reserve.ballast").exists()
    finally:
        await writer.store.close()
