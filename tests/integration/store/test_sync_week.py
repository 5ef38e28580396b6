"""Two laptops and a NOC edit and record apart for a week; merged in whatever order, they hold and say the same."""

import itertools
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from console.domain.inventory import Site
from console.services.triage import Triage
from console.settings.installation import installation
from console.store.site_store import SiteStore
from console.store.sync.files import open_receiver
from console.store.sync.givers import BundleGiver, FolderGiver, export_bundle
from console.store.sync.receive import Received, receive
from console.store.sync.source import FolderSource
from drivers.core.reading import Layout, Signal
from tests.stores_apart import Laptop, quiet
from tests.unit.console.services.scene import RULES, HandClock, Scene, build_site

BEGIN = datetime(2026, 10, 29, tzinfo=UTC).timestamp()
"""A Thursday: the week goes over the end of a month, and over a change of clocks in Europe and in Texas."""

DAYS = 7
HOUR, DAY = 3600.0, 86400.0
LAYOUT = Layout((Signal("hashrate"), Signal("hashrate_nominal"), Signal("chip_temp", "0")))
SITE = build_site(pdus=1, outlets=3)
MINERS = [device.id for device in SITE.devices if device.name.startswith("M")]
NAMES = ("noc", "alice", "bob")

AT_WORK = {"noc": (0, 1), "alice": (8,), "bob": (8, 13)}
"""Hours of each day in which each records; at eight two laptops stand before the same miners."""


@pytest.fixture
def become(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda name: monkeypatch.setenv("TERRAHASH_HOME", str(tmp_path / f"home of {name}"))


async def merge(giving: Path, taking: Path) -> Received:
    """Take in, straight from one folder, what the other lacks."""
    async with FolderSource(taking) as target:
        known = await target.state()
    async with FolderSource(giving) as source, open_receiver(taking) as receiver:
        return await receive(FolderGiver(source, await source.offer(installation(), since=known)), receiver, quiet)


async def merge_by_bundle(giving: Path, taking: Path) -> Received:
    """The same by way of a whole bundle."""
    path = giving.with_suffix(".bundle")
    async with FolderSource(giving) as source:
        offer = await source.offer(installation())
        await export_bundle(source, offer, path, installation(), quiet, program="0", at=BEGIN)
    async with BundleGiver(path) as giver, open_receiver(taking) as receiver:
        return await receive(giver, receiver, quiet)


async def work_a_day(store: SiteStore, who: str, day: int) -> None:
    """Samples of some hours, an edit, and an incident that somebody takes up and another ends."""
    start = BEGIN + day * DAY
    number = NAMES.index(who)
    for hour in AT_WORK[who]:
        times = start + hour * HOUR + np.arange(0.0, HOUR, 5.0)
        for place, miner in enumerate(MINERS):
            hashrate = np.full(len(times), 100.0 if (day + place + number) % 3 else 60.0)
            values = np.column_stack([hashrate, np.full(len(times), 100.0), 60.0 + place + np.sin(times / 600.0)])
            await store.history.insert(miner, LAYOUT, times, values, np.zeros(values.shape, np.uint8))
    await store.history.flush(start + DAY + 60.0)
    site = await store.site()
    await store.save_site(_edited(site, who, day))
    clock = HandClock(start + 9 * HOUR)
    triage = Triage(store.incident_log, site, RULES, clock)
    await triage.restore()
    if (day + number) % 3 == 0:
        alarm = Scene(site).alarm("pump-tripped", "PLC-B", str(number + 1))
        await triage.take_in([replace(alarm, raised_at=clock.now(), onset_at=clock.now())], clock.now())
    for incident in triage.open_incidents():
        await triage.note(incident.id, who, f"{who} on day {day}")
    await store.record_gap(start + 20 * HOUR, start + 20 * HOUR + 60.0 + number, f"{who} drives home")


def _edited(site: Site, who: str, day: int) -> Site:
    """Every day each gives a miner of his own an asset code, and all the same miner another place."""
    mine = f"M1-{NAMES.index(who) + 1}"
    devices = [replace(device, asset=f"{who}-{day}") if device.name == mine else device for device in site.devices]
    if day == 3:
        devices = [replace(one, model=f"S21 {who}") if one.name == "PLC-A" else one for one in devices]
    return replace(site, devices=tuple(devices))


async def live_a_week(folder: Path, become: Callable[[str], None]) -> list[Path]:
    """The three folders at the end of the week, each as its owner left it."""
    folders = [folder / name for name in NAMES]
    become("noc")
    store = await SiteStore.open(folders[0])
    await store.save_site(SITE)
    await store.close()
    for name, mine in zip(NAMES[1:], folders[1:], strict=True):
        become(name)
        async with FolderSource(folders[0]) as source, open_receiver(mine) as receiver:
            await receive(FolderGiver(source, await source.offer(installation())), receiver, quiet)
    stores = []
    for name, mine in zip(NAMES, folders, strict=True):
        become(name)
        stores.append(await SiteStore.open(mine))
    for day in range(DAYS):
        for name, store in zip(NAMES, stores, strict=True):
            await work_a_day(store, name, day)
    for store in stores:
        await store.close()
    return folders


async def figures(folder: Path) -> list[Any]:
    """What reports would say."""
    store = await SiteStore.open(folder, read_only=True)
    try:
        begin, end = BEGIN, BEGIN + DAYS * DAY
        hours = await store.reader.target_hours(begin, end)
        total = await store.reader.total("hashrate", begin, end, HOUR)
        records = await store.records_at(time.time())
        return [
            sorted(zip(hours.devices, hours.counted.tolist(), hours.at_target.tolist(), strict=True)),
            np.nan_to_num(total.values).tolist(),
            total.count.tolist(),
            [(incident.number, incident.state, len(incident.events)) for incident in records.incidents],
            [(device.name, device.asset, device.model) for device in records.site.devices],
            [conflict.id for conflict in await store.conflicts()],
        ]
    finally:
        await store.close()


async def meet(folders: Sequence[Path], order: Sequence[int], way: Callable[[Path, Path], Any]) -> int:
    """Everybody meets everybody in this order, both ways; returns how much was new to anybody."""
    added = 0
    for one, other in [(order[0], order[1]), (order[1], order[2]), (order[2], order[0])]:
        added += (await way(folders[one], folders[other])).added
        added += (await way(folders[other], folders[one])).added
    return added


@pytest.mark.timeout(180)
async def test_that_a_week_apart_is_joined_alike_in_every_order(tmp_path: Path, become: Callable[[str], None]) -> None:
    folders = await live_a_week(tmp_path, become)
    become("noc")
    alone = [await figures(folder) for folder in folders]
    joined: list[dict[str, list[Any]]] = []
    said: list[Any] = []
    for number, order in enumerate(itertools.permutations(range(3))):
        here = [Path(shutil.copytree(folder, tmp_path / f"{number}" / folder.name)) for folder in folders]
        assert await meet(here, order, merge_by_bundle if number == 5 else merge)
        if number == 0:
            assert await meet(here, order, merge) == 0
        joined += [await Laptop(folder, 0).dump() for folder in here]
        said += [await figures(folder) for folder in here[number % 3 :]]
        shutil.rmtree(tmp_path / f"{number}")
    for name in joined[0]:
        assert all(dump[name] == joined[0][name] for dump in joined), name
    assert all(dump.keys() == joined[0].keys() for dump in joined)
    assert all(one == said[0] for one in said)
    _check_sense(alone, said[0])


def _check_sense(alone: Sequence[Any], together: Any) -> None:
    """Nobody's hours are lost, everybody's own edits stand, and what all three changed is shown as a conflict."""
    for store in alone:
        for mine, ours in zip(store[0], together[0], strict=True):
            assert mine[0] == ours[0]
            assert mine[1] <= ours[1]
        assert all(mine <= ours for mine, ours in zip(store[2], together[2], strict=True))
    assets = {name: asset for name, asset, _ in together[4]}
    assert [assets[f"M1-{number}"] for number in (1, 2, 3)] == ["noc-6", "alice-6", "bob-6"]
    assert {name: model for name, _, model in together[4]}["PLC-A"] == "S21 bob"
    assert len(together[5]) >= 2
    assert len(together[3]) == sum(len(store[3]) for store in alone)
