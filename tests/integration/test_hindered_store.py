"""A disk that is full, and a file that somebody else holds: polling and the link go on, writing resumes by itself."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from console.domain.incidents import Incident
from console.link.messages import Acknowledge, AddNote, Answer
from console.store.care.ballast import FILE
from console.store.reading.history_reader import open_reader
from drivers.core.identity import DeviceKind
from drivers.core.reading import Quality
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from tests.integration.live_site import Place, Watcher, gone, live_site

pytestmark = [pytest.mark.integration, pytest.mark.timeout(150)]

DISK_MB = 24
"""Room for the store's logs, which are reused at a few megabytes each."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("mount") is not None
    if mounted:
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(disk)]
        mounted = subprocess.run(command, check=False).returncode == 0
    if not mounted:
        pytest.skip("a small disk needs the right to mount one")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
async def small_place(small_disk: Path) -> AsyncIterator[Place]:
    async with live_site(small_disk, demo_site(24, ports=Ports.free(), story=False, speed=4.0)) as made:
        yield made


async def incident_of(watcher: Watcher, place: Place) -> Incident:
    """One incident that stands, from a pump that has tripped."""
    await watcher.until(lambda: watcher.answered() == 30)
    place.commands.carry_out({"do": "fault", "kind": "pump_trip", "target": "PLC-B/2"})
    await watcher.until(lambda: bool(watcher.incidents) and watcher.health.stored_at > 0)
    return min(watcher.incidents.values(), key=lambda incident: incident.severity)


async def note(watcher: Watcher, incident: Incident, text: str) -> Answer:
    return await watcher.link.send(AddNote(watcher.link.next_request(), incident.id, "ana", text))


async def goes_on(watcher: Watcher) -> None:
    """Devices are asked and columns are shown, whatever the store does."""
    polls, ticks = watcher.health.polls, len(watcher.ticks)
    await watcher.until(lambda: watcher.health.polls > polls + 10 and len(watcher.ticks) > ticks + 1)


async def good_flow(place: Place, watcher: Watcher, start: float, stop: float) -> int:
    """Good samples of a plant's flow in [start, stop), as the history gives them now."""
    assert watcher.welcome is not None
    plant = next(device for device in watcher.welcome.site.devices if device.kind is DeviceKind.PLANT)
    reader = open_reader(place.folder)
    (flow,) = await reader.read(plant.id, [("flow", "")], start, stop)
    await reader.close()
    return int(np.count_nonzero(flow.quality == Quality.GOOD))


def fill(disk: Path) -> Path:
    """Take every byte that is left."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return filler


async def test_that_a_full_disk_stops_writing_alone_and_says_so(small_place: Place) -> None:
    place = small_place
    process = await place.collect()
    watcher = await place.watch()
    incident = await incident_of(watcher, place)
    link = watcher.link
    answer = await link.send(Acknowledge(link.next_request(), incident.id, incident.version, "ana", "before"))
    assert answer.error == ""
    began = time.time() - 5

    lost = watcher.health.lost
    filler = fill(place.folder)
    await watcher.until(lambda: "waits in memory" in watcher.health.store_error)
    full = time.time()
    assert "is full" in watcher.health.store_error
    await goes_on(watcher)
    assert not (place.folder / FILE).exists(), "the reserve was given back"
    assert (await note(watcher, incident, "during")).error == "", "decisions have the reserve's room"
    fill(place.folder)
    refused = await note(watcher, incident, "nobody reads this")
    assert "is full" in refused.error
    assert not refused.incidents
    place.commands.carry_out({"do": "fault", "kind": "leak", "target": "PLC-A"})
    await goes_on(watcher)
    await watcher.until(lambda: watcher.health.waiting_samples > 0)
    stored_at = watcher.health.stored_at
    assert await good_flow(place, watcher, began, full) > 0, "the history is readable meanwhile"
    assert await good_flow(place, watcher, full + 1, time.time()) == 0, "and not written"

    freed = time.time()
    filler.unlink()
    await watcher.until(lambda: watcher.health.store_error == "" and watcher.health.stored_at > stored_at)
    await watcher.until(lambda: any("leak" in one.title.lower() for one in watcher.incidents.values()))
    assert (await note(watcher, incident, "after")).error == ""
    assert await good_flow(place, watcher, full + 1, freed) > 0, "what waited in memory is written"
    assert (watcher.health.waiting_samples, watcher.health.lost_samples) == (0, 0)
    assert watcher.health.lost == lost, "no report was replaced before it was in memory"
    assert (place.folder / FILE).exists(), "the reserve is made anew"
    again = time.time()
    await watcher.until(lambda: watcher.health.stored_at > again + 2)
    assert await good_flow(place, watcher, again - 1, again + 2) > 0

    os.kill(process, signal.SIGKILL)
    await gone(process)
    process = await place.collect()
    await watcher.until(lambda: watcher.live)
    texts = [event.text for event in watcher.incidents[incident.id].events]
    assert "before" in texts
    assert "during" in texts
    assert "after" in texts
    assert "nobody reads this" not in texts
    await place.stop(watcher, process)


async def test_that_a_file_that_somebody_holds_delays_only_what_is_written_and_is_said_in_time(place: Place) -> None:
    process = await place.collect()
    watcher = await place.watch()
    incident = await incident_of(watcher, place)
    (month,) = (place.folder / "history").glob("*.sqlite")
    before = watcher.health.stored_at
    with closing(sqlite3.connect(month, isolation_level=None)) as held:
        held.execute("BEGIN EXCLUSIVE")
        began = time.time()
        await goes_on(watcher)
        assert (await note(watcher, incident, "the other file is free")).error == ""
        await asyncio.sleep(max(0.0, began + 3.0 - time.time()))  # a slow disk, as long as one waits for it in silence
        held.execute("ROLLBACK")
    await watcher.until(lambda: watcher.health.stored_at > began)
    assert watcher.health.stored_at > before
    assert watcher.health.store_error == ""
    assert watcher.health.lost == 0, "devices were asked later rather than in vain"

    holds = [sqlite3.connect(file, isolation_level=None) for file in (place.folder / "console.sqlite", month)]
    try:
        for hold in holds:
            hold.execute("BEGIN EXCLUSIVE")
        refused = asyncio.create_task(note(watcher, incident, "too late"))
        await watcher.until(lambda: watcher.health.store_error != "")
        assert "Another program holds a file" in watcher.health.store_error
        assert "Another program holds a file" in (await refused).error
        await goes_on(watcher)
    finally:
        for hold in holds:
            hold.close()
    released = time.time()
    await watcher.until(lambda: watcher.health.store_error == "" and watcher.health.stored_at > released)
    assert (await note(watcher, incident, "now")).error == ""
    await place.stop(watcher, process)
    log = (place.folder / "collector.log").read_text()
    assert "Traceback" not in log
