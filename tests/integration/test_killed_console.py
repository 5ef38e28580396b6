"""Consoles that die or stall under load: the collector, its history and the other consoles do not notice."""

import asyncio
import importlib.util
import json
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable
from functools import partial
from uuid import UUID

import numpy as np
import pytest

from console.domain.incidents import Incident
from console.link.messages import AddNote
from console.store.reading.history_reader import open_reader
from console.store.site_store import SiteStore
from drivers.core.identity import DeviceKind
from drivers.core.reading import Quality
from tests.integration.live_site import Place, Watcher
from tests.integration.stored_ledger import POINT_OF_KIND

pytestmark = [pytest.mark.integration, pytest.mark.timeout(150)]

CLIENT = (sys.executable, "-m", "tests.integration.link_client")
CONSOLE = (sys.executable, "-m", "console")
LONGEST_HOLE = 2
"""Slots without a report in a row that a loaded machine explains: a device's next poll may fall behind a border."""


class Heard:
    """What a link client in another process has written so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.welcome = -1
        self.ticks: list[int] = []
        self.events: list[int] = []

    def has_ticked(self, times: int) -> bool:
        return len(self.ticks) >= times

    async def until(self, fulfilled: Callable[[], bool]) -> None:
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            while not fulfilled():
                line = json.loads(await self.process.stdout.readline())
                self.welcome = line.get("welcome", self.welcome)
                self.ticks += [line["tick"]] if "tick" in line else []
                self.events += [line["event"]] if "event" in line else []


async def client_of(place: Place) -> Heard:
    heard = Heard(await place.spawn(*CLIENT, str(place.folder)))
    await heard.until(lambda: bool(heard.ticks))
    return heard


async def longest_holes(place: Place, watcher: Watcher, start: float, stop: float) -> dict[UUID, int]:
    """The longest run of slots without a good sample in [start, stop), by device (of the miners, every tenth)."""
    assert watcher.welcome is not None
    reader = open_reader(place.folder)
    holes: dict[UUID, int] = {}
    for number, device in enumerate(watcher.welcome.site.devices):
        if device.kind is DeviceKind.MINER and number % 10:
            continue
        point = POINT_OF_KIND[device.kind]
        (history,) = await reader.read(device.id, [(point, "")], start, stop)
        good = np.flatnonzero(history.quality == Quality.GOOD)
        edges = np.concatenate([[-1], good, [len(history.quality)]])
        holes[device.id] = int(np.diff(edges).max()) - 1
    await reader.close()
    return holes


async def test_that_killed_clients_leave_no_gap_and_the_next_one_is_live(busy_place: Place) -> None:
    place = busy_place
    process = await place.collect()
    watcher = await place.watch()
    await watcher.until(lambda: watcher.answered() == 208)
    begun = time.time()
    boot = None if watcher.welcome is None else watcher.welcome.boot
    for _ in range(3):
        victim = await client_of(place)
        await victim.until(partial(victim.has_ticked, 2))
        victim.process.kill()
        await victim.process.wait()
    stopped = time.time()
    await watcher.until(lambda: watcher.health.stored_at > stopped + 1)

    holes = await longest_holes(place, watcher, begun, stopped)
    assert max(holes.values()) <= LONGEST_HOLE, holes
    assert watcher.welcome is not None
    assert watcher.welcome.boot == boot, "one collector all the while"
    assert watcher.health.lost == 0
    await place.stop(watcher, process)
    store = await SiteStore.open(place.folder, read_only=True)
    assert await store.gaps(0.0, time.time()) == []
    await store.close()


@pytest.mark.skipif(importlib.util.find_spec("PySide6") is None, reason="the window needs PySide6")
async def test_that_a_killed_window_leaves_no_gap_and_the_next_one_shows_the_site(place: Place) -> None:
    process = await place.collect()
    watcher = await place.watch()
    await watcher.until(lambda: watcher.answered() == 30)
    begun = time.time()
    for fault in ({"kind": "pump_trip", "target": "PLC-B/2"}, {"kind": "leak", "target": "PLC-A"}):
        before = set(watcher.incidents)
        place.commands.carry_out({"do": "fault", **fault})
        await watcher.until(partial(has_others, watcher, before))
        new = max(set(watcher.incidents) - before)
        assert watcher.incidents[new].alerted_at is None, "nobody has seen it"
        window = await place.spawn(*CONSOLE, str(place.folder), "--headless")
        # The window tells the collector which incidents it has painted: only then are they alerted.
        await watcher.until(partial(is_alerted, watcher, new))
        window.kill()
        await window.wait()
    stopped = time.time()
    await watcher.until(lambda: watcher.health.stored_at > stopped + 1)
    holes = await longest_holes(place, watcher, begun, stopped)
    assert max(holes.values()) <= LONGEST_HOLE, holes
    assert watcher.health.lost == 0
    await place.stop(watcher, process)


async def test_that_a_stalled_console_gets_every_event_later_and_holds_up_nobody(place: Place) -> None:
    process = await place.collect()
    watcher = await place.watch()
    place.commands.carry_out({"do": "fault", "kind": "pump_trip", "target": "PLC-B/2"})
    await watcher.until(lambda: bool(watcher.incidents) and watcher.answered() == 30)
    stalled = await client_of(place)
    seen = stalled.ticks[-1]
    os.kill(stalled.process.pid, signal.SIGSTOP)
    ticks, incident = len(watcher.ticks), worst(watcher)
    try:
        stop = time.monotonic() + 5.0
        count = 0
        while time.monotonic() < stop:
            count += 1
            answer = await watcher.link.send(AddNote(watcher.link.next_request(), incident.id, "ana", f"note {count}"))
            assert not answer.error
            await watcher.until(partial(has_note, watcher, f"note {count}"))
            await asyncio.sleep(0.05)
        assert len(watcher.ticks) - ticks >= 3, "the other console's columns went on"
        assert watcher.sequences == list(range(watcher.sequences[0], watcher.sequences[0] + len(watcher.sequences)))
        assert watcher.health.lost == 0
    finally:
        os.kill(stalled.process.pid, signal.SIGCONT)
    last = watcher.sequences[-1]
    await stalled.until(lambda: bool(stalled.events) and stalled.events[-1] >= last)
    assert stalled.events == list(range(stalled.welcome + 1, stalled.events[-1] + 1)), "every one, in order"
    newest = watcher.snapshot.tick if watcher.snapshot is not None else 0
    await stalled.until(lambda: stalled.ticks[-1] >= newest)
    assert len([tick for tick in stalled.ticks if tick > seen]) > 0
    await place.stop(watcher, process)


def has_others(watcher: Watcher, before: set[UUID]) -> bool:
    return bool(set(watcher.incidents) - before)


def is_alerted(watcher: Watcher, incident: UUID) -> bool:
    return watcher.incidents[incident].alerted_at is not None


def has_note(watcher: Watcher, text: str) -> bool:
    return any(event.text == text for event in worst(watcher).events)


def worst(watcher: Watcher) -> Incident:
    return min(watcher.incidents.values(), key=lambda incident: incident.severity)
