"""Hostile devices among healthy ones, from the socket to the screen's snapshot, the commands and the log."""

import asyncio
import csv
import io
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from console.domain.inventory import Device, Site
from console.exchange.problems import ExchangeError
from console.exchange.site_file import read_site
from console.link.messages import Acknowledge
from console.store.site_store import SiteStore
from drivers.core.identity import DeviceKind
from drivers.core.reading import Quality
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from tests.integration.hostile_miner import MALICES, SPREADSHEET, UNIDENTIFIED, Besiegers, hostile_miners
from tests.integration.live_site import Place, Watcher, live_site

pytestmark = [pytest.mark.integration, pytest.mark.timeout(150)]

FORBIDDEN = "\x1b\x07\x9b\x00\u202e"
HEALTHY = 24


@dataclass(frozen=True, slots=True)
class Siege:
    """A live site with hostile miners in it."""

    place: Place
    besiegers: Besiegers


@pytest.fixture
async def siege(tmp_path: Path) -> AsyncIterator[Siege]:
    async with hostile_miners() as besiegers:
        extra = "".join(
            f'[[device]]\nname = "{name}"\nkind = "miner"\naddress = "{address}"\n'
            + ("" if name == UNIDENTIFIED else 'profile = "antminer-stock"\n')
            for name, address in besiegers.addresses.items()
        )
        text = demo_site(HEALTHY, ports=Ports.free(), story=False)
        async with live_site(tmp_path, text, extra=extra) as made:
            yield Siege(made, besiegers)


def hashrates(watcher: Watcher) -> dict[str, tuple[Quality, float]]:
    """By miner, as a console is told: quality of its hashrate, and UTC seconds of its last report."""
    if watcher.snapshot is None or watcher.shape is None or watcher.welcome is None:
        return {}
    names = {device.id: device.name for device in watcher.welcome.site.devices if device.kind is DeviceKind.MINER}
    answered = np.frombuffer(watcher.snapshot.answered)
    quality = np.frombuffer(watcher.snapshot.quality, np.uint8)
    found = {}
    for row, device in enumerate(watcher.shape.rows):
        for at, signal in enumerate(device.signals, start=device.start):
            if device.device in names and signal.point == "hashrate" and not signal.part:
                found[names[device.device]] = (Quality(quality[at]), float(answered[row]))
    return found


async def terrahash(*words: str) -> str:
    """Everything that a command writes, on either stream."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "console", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    return out.decode()


async def test_that_hostile_devices_harm_nobody_and_each_is_told_for_what_it_is(siege: Siege) -> None:
    place = siege.place
    process = await place.collect()
    watcher = await place.watch()
    await watcher.until(lambda: len(hashrates(watcher)) == HEALTHY + len(MALICES))
    siege.besiegers.turned.set()
    turned = time.time()
    await watcher.until(
        lambda: all(hashrates(watcher)[name][0] in malice.quality for name, malice in MALICES.items()), seconds=60
    )
    await watcher.until(
        lambda: all(
            grade is Quality.GOOD and answered > turned
            for name, (grade, answered) in hashrates(watcher).items()
            if name not in MALICES
        ),
        seconds=60,
    )
    assert watcher.health.lost == 0
    await place.stop(watcher, process)
    (identified,) = [device for device in (await stored_site(place)).devices if device.name == UNIDENTIFIED]
    assert identified.profile == "antminer-stock"
    assert SPREADSHEET in identified.model
    assert not set(FORBIDDEN) & set(identified.model)

    log = (place.folder / "collector.log").read_text()
    assert not set(FORBIDDEN) & set(log)
    assert "Traceback" not in log
    assert "a fault in" not in log
    await expect_harmless_output(siege)


async def stored_site(place: Place) -> Site:
    store = await SiteStore.open(place.folder, read_only=True)
    try:
        return await store.site()
    finally:
        await store.close()


async def expect_harmless_output(siege: Siege) -> None:
    """What the commands print of such a site."""
    folder = str(siege.place.folder)
    table = await terrahash("site", "export", folder, "--csv")
    cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    polled = [
        await terrahash("poll", siege.besiegers.addresses[name], "--profile", "antminer-stock")
        for name in ("hostile-names", "hostile-model", "not-json")
    ]
    assert "hashing" in polled[0]
    for text in (table, *polled, await terrahash("alarms", folder), await terrahash("incidents", folder)):
        assert not set(FORBIDDEN) & set(text)


async def test_that_hostile_words_of_people_reach_no_terminal(place: Place) -> None:
    site = await stored_site(place)
    named = replace(site, name="evil\x1b[31m\u202e", devices=tuple(evil(device) for device in site.devices))
    store = await SiteStore.open(place.folder)
    await store.save_site(named)
    await store.close()
    process = await place.collect()
    watcher = await place.watch()
    place.commands.carry_out({"do": "fault", "kind": "pump_trip", "target": "PLC-B/2"})
    await watcher.until(lambda: bool(watcher.incidents))
    incident = next(iter(watcher.incidents.values()))
    link = watcher.link
    answer = await link.send(Acknowledge(link.next_request(), incident.id, incident.version, "ana\x1b[2J", "\x9b31m"))
    assert not answer.error
    written = [
        await terrahash("incidents", str(place.folder)),
        await terrahash("alarms", str(place.folder)),
        await terrahash("incidents", str(place.folder), "acknowledge", incident.label),
        (place.folder / "collector.log").read_text(),
    ]
    await place.stop(watcher, process)
    for text in written:
        assert not set(FORBIDDEN) & set(text)
    assert r"\x1b[2J" in written[2], "the refusal names who was first"


def evil(device: Device) -> Device:
    return replace(device, name=f"{device.name}\x1b[31m\u202e") if device.kind is DeviceKind.PLANT else device


def test_that_names_nobody_can_see_are_refused_at_import() -> None:
    text = demo_site(2, ports=Ports(4028, 1161, 1502), story=False).replace('name = "T01-001"', r'name = "T\u001b[31m"')
    with pytest.raises(ExchangeError, match="nobody can see"):
        read_site(text)
