"""Commands in a real folder: the intent is durable before anything is sent, the outcome after, and a crash is seen."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pytest

from console.domain.commanding import CommandState
from console.domain.inventory import Device
from console.services.commander import Commander, CommandRefused
from console.services.ports import StoreFull
from console.store.site_store import SiteStore
from console.support.clock import SystemClock
from drivers.core.command import Capability, Command, CommandResult, Offer, Outcome, Permit, Pool, Reboot, SetPools
from drivers.core.identity import Address, DeviceKind

pytestmark = pytest.mark.integration
MINER = Device(UUID(int=7), "T1-001", DeviceKind.MINER, Address("127.0.0.1", 4028))
POOL = "stratum+tcp://pool.example:3333"


class Driver:
    """A driver that tells what stood in the store when it was asked to act."""

    def __init__(self, store: SiteStore) -> None:
        self.offers: Mapping[Capability, Offer] = {Capability.REBOOT: Offer(), Capability.SET_POOLS: Offer()}
        self.permits: list[Permit] = []
        self.states: list[CommandState] = []
        self.outcome = Outcome.CONFIRMED
        self.asked = asyncio.Event()
        self.released = asyncio.Event()
        self.released.set()
        self._store = store

    async def act(self, command: Command, permit: Permit) -> CommandResult:
        self.permits.append(permit)
        self.states += [record.state for record in await self._store.command_log.commands(0.0)]
        self.asked.set()
        await self.released.wait()
        return CommandResult(self.outcome, "read back", True, "before", "after", "OK")


async def commander(store: SiteStore, driver: Driver) -> Commander:
    made = Commander(store.command_log, SystemClock(), lambda _: driver)
    await made.restore()
    return made


async def test_that_the_intent_is_kept_before_the_device_hears_of_it_and_the_outcome_after(tmp_path: Path) -> None:
    store = await SiteStore.open(tmp_path)
    driver = Driver(store)
    desk = await commander(store, driver)
    await desk.enable([MINER], True, "eve", "commissioning")
    record = await desk.give(MINER, Reboot(), "eve", "stuck at 40 TH/s")
    assert driver.states == [CommandState.INTENDED]
    assert driver.permits == [Permit(record.id, "eve", "stuck at 40 TH/s")]
    assert record.state is CommandState.CONFIRMED
    assert record.outcome == "read back; it answered: OK"
    assert await store.command_log.commands(0.0) == [record]
    await store.close()
    again = await SiteStore.open(tmp_path)
    assert await again.command_log.commands(0.0) == [record]
    assert [(control.by, control.enabled) for control in await again.command_log.controls()] == [("eve", True)]
    await again.close()


async def test_that_nothing_is_sent_without_control_a_name_and_a_reason(tmp_path: Path) -> None:
    store = await SiteStore.open(tmp_path)
    driver = Driver(store)
    desk = await commander(store, driver)
    with pytest.raises(CommandRefused, match="read-only"):
        await desk.give(MINER, Reboot(), "eve", "stuck")
    with pytest.raises(CommandRefused, match="reason"):
        await desk.enable([MINER], True, "eve", "  ")
    await desk.enable([MINER], True, "eve", "commissioning")
    with pytest.raises(CommandRefused, match="nobody is named"):
        await desk.give(MINER, Reboot(), "", "stuck")
    with pytest.raises(CommandRefused, match="allow-list"):
        await desk.give(MINER, SetPools((Pool(POOL, "acme"),)), "eve", "new pool")
    assert driver.permits == []
    assert await store.command_log.commands(0.0) == []
    await desk.allow_pools([POOL], True, "eve", "contract with the pool")
    assert (await desk.give(MINER, SetPools((Pool(POOL, "acme"),)), "eve", "new pool")).sent
    await store.close()


async def test_that_nothing_is_sent_when_the_intent_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await SiteStore.open(tmp_path)
    driver = Driver(store)
    desk = await commander(store, driver)
    await desk.enable([MINER], True, "eve", "commissioning")

    async def full(record: object) -> None:
        raise StoreFull("no room on the disk")

    monkeypatch.setattr(store.command_log, "intend", full)
    with pytest.raises(StoreFull):
        await desk.give(MINER, Reboot(), "eve", "stuck")
    assert driver.permits == []
    await store.close()


async def test_that_an_outcome_which_a_full_disk_does_not_take_is_told_and_kept_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_log: list[str]
) -> None:
    store = await SiteStore.open(tmp_path)
    driver = Driver(store)
    desk = await commander(store, driver)
    await desk.enable([MINER], True, "eve", "commissioning")
    await desk.allow_pools([POOL], True, "eve", "contract with the pool")
    conclude = store.command_log.conclude

    async def full(record: object) -> None:
        raise StoreFull("no room on the disk")

    monkeypatch.setattr(store.command_log, "conclude", full)
    expected_log.append("is not on record yet: no room on the disk")
    sent = await desk.give(MINER, Reboot(), "eve", "stuck")
    assert sent.state is CommandState.CONFIRMED, "what was sent is told as it is"
    with pytest.raises(StoreFull):
        await desk.give(MINER, SetPools((Pool(POOL, "acme"),)), "eve", "new pool")
    assert len(driver.permits) == 1, "nothing more is sent before it is on record"
    monkeypatch.setattr(store.command_log, "conclude", conclude)
    await desk.give(MINER, SetPools((Pool(POOL, "acme"),)), "eve", "new pool")
    assert [record.state for record in await store.command_log.commands(0.0)] == 2 * [CommandState.CONFIRMED]
    await store.close()


async def test_that_a_second_command_waits_for_the_first_even_when_its_caller_has_gone(tmp_path: Path) -> None:
    store = await SiteStore.open(tmp_path)
    driver = Driver(store)
    desk = await commander(store, driver)
    await desk.enable([MINER], True, "eve", "commissioning")
    await desk.allow_pools([POOL], True, "eve", "contract with the pool")
    driver.released.clear()
    first = asyncio.create_task(desk.give(MINER, Reboot(), "eve", "stuck"))
    await driver.asked.wait()
    first.cancel()
    with pytest.raises(CommandRefused, match="another command is being carried out"):
        await desk.give(MINER, SetPools((Pool(POOL, "acme"),)), "bob", "new pool")
    driver.released.set()
    await desk.settled()
    assert [record.state for record in await store.command_log.commands(0.0)] == [CommandState.CONFIRMED]
    await store.close()


async def test_that_a_command_that_was_cut_off_is_unknown_after_the_next_start(tmp_path: Path) -> None:
    store = await SiteStore.open(tmp_path)
    driver = Driver(store)
    desk = await commander(store, driver)
    await desk.enable([MINER], True, "eve", "commissioning")
    driver.released.clear()
    given = asyncio.create_task(desk.give(MINER, Reboot(), "eve", "stuck"))
    await driver.asked.wait()
    next_start = Commander(store.command_log, SystemClock(), lambda _: driver)
    (cut_off,) = await next_start.restore()
    assert cut_off.state is CommandState.UNKNOWN
    assert "read the device before anything else" in cut_off.outcome
    assert await next_start.restore() == [], "it is said once"
    driver.released.set()
    await given
    await store.close()
