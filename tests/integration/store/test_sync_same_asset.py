"""A miner that two people entered on two laptops is one miner after they meet, with all of its history."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from console.domain.inventory import Device
from console.settings.installation import installation
from console.store.site_store import SiteStore
from console.store.sync.files import open_receiver
from console.store.sync.givers import FolderGiver
from console.store.sync.receive import Received, receive
from console.store.sync.source import FolderSource
from drivers.core.identity import Address, DeviceKind
from drivers.core.reading import Layout, Signal
from tests.stores_apart import Laptop, quiet
from tests.unit.console.services.scene import build_site

HOUR = 3600.0
BEGIN = datetime(2026, 10, 5, 8, tzinfo=UTC).timestamp()
LAYOUT = Layout((Signal("hashrate"),))
SITE = build_site(pdus=1, outlets=1)
SERIAL = "NGSB-77-1001"


async def merge(giving: Path, taking: Path) -> Received:
    async with FolderSource(giving) as source, open_receiver(taking) as receiver:
        return await receive(FolderGiver(source, await source.offer(installation())), receiver, quiet)


async def enter_and_record(folder: Path, device: Device, at: float, value: float) -> None:
    """Somebody enters a miner and records an hour of it."""
    store = await SiteStore.open(folder)
    site = await store.site()
    await store.save_site(replace(site, devices=(*site.devices, device)))
    times = at + np.arange(0.0, HOUR, 5.0)
    values = np.full((len(times), 1), value)
    await store.history.insert(device.id, LAYOUT, times, values, np.zeros(values.shape, np.uint8))
    await store.history.flush(at + 24 * HOUR)
    await store.close()


def miner(name: str, *, serial: str = SERIAL, mac: str = "") -> Device:
    return Device(uuid4(), name, DeviceKind.MINER, Address("127.0.0.1", 4028), serial=serial, mac=mac)


@pytest.fixture
def become(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda name: monkeypatch.setenv("TERRAHASH_HOME", str(tmp_path / f"home of {name}"))


@pytest.fixture
async def laptops(tmp_path: Path, become: Callable[[str], None]) -> list[Path]:
    """Two laptops with the same site."""
    folders = [tmp_path / "alice", tmp_path / "bob"]
    become("alice")
    store = await SiteStore.open(folders[0])
    await store.save_site(SITE)
    await store.close()
    await merge(folders[0], folders[1])
    return folders


async def test_that_both_entries_are_one_device_with_the_history_of_both(
    laptops: list[Path], become: Callable[[str], None]
) -> None:
    alice, bob = laptops
    first, second = sorted((miner("T14-118"), miner("T14 118 (new)")), key=lambda one: one.id)
    become("alice")
    await enter_and_record(alice, first, BEGIN, 100.0)
    become("bob")
    await enter_and_record(bob, second, BEGIN + HOUR, 90.0)
    # Whoever held his reader open sees it at once.
    held = await SiteStore.open(alice, read_only=True)
    assert len(await held.reader.read(second.id, [("hashrate", "")], BEGIN, BEGIN + 2 * HOUR)) == 0
    received = await merge(bob, alice)
    assert [conflict.field for conflict in received.events.conflicts] == ["entered twice"]
    for identity in (first.id, second.id):
        (history,) = await held.reader.read(identity, [("hashrate", "")], BEGIN, BEGIN + 2 * HOUR)
        assert history.values[:720].tolist() == [100.0] * 720
        assert history.values[720:].tolist() == [90.0] * 720
    matrix = await held.reader.matrix("hashrate", BEGIN, BEGIN + 2 * HOUR)
    assert matrix.devices == (first.id,)
    state = await held.reader.state_at(BEGIN + 1.5 * HOUR)
    assert (state.shape.devices, state.values.tolist()[0]) == ((first.id,), 90.0)
    names = [device.name for device in (await held.site()).devices]
    assert "T14-118" in names or "T14 118 (new)" in names
    assert len(names) == len(SITE.devices) + 1
    await held.close()
    await merge(alice, bob)
    assert await Laptop(alice, 0).dump() == await Laptop(bob, 0).dump()


async def test_that_what_is_learned_later_joins_them_as_well(
    laptops: list[Path], become: Callable[[str], None]
) -> None:
    alice, bob = laptops
    mac = "aa:bb:cc:00:11:22"
    become("alice")
    await enter_and_record(alice, miner("T14-118", serial="", mac=mac), BEGIN, 100.0)
    unknown = miner("T14-118 too", serial="")
    become("bob")
    await enter_and_record(bob, unknown, BEGIN + HOUR, 90.0)
    await merge(bob, alice)
    await merge(alice, bob)
    store = await SiteStore.open(bob)
    site = await store.site()
    assert len(site.devices) == len(SITE.devices) + 2
    learned = tuple(replace(one, mac=mac) if one.id == unknown.id else one for one in site.devices)
    await store.save_site(replace(site, devices=learned))
    assert len((await store.site()).devices) == len(SITE.devices) + 1
    # Somebody who has not looked again saves both once more; they stay one.
    await store.save_site(replace(site, devices=learned))
    assert len((await store.site()).devices) == len(SITE.devices) + 1
    await store.close()
    await merge(bob, alice)
    assert await Laptop(alice, 0).dump() == await Laptop(bob, 0).dump()
