"""The collector as a process, on a virtual site over the real protocols, with real consoles."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from console.domain.alarms import Severity
from console.domain.incidents import EventKind, Incident, IncidentState
from console.link.endpoint import socket_path
from console.link.framing import FrameSplitter, frame, read_from_collector
from console.link.launch import StartFailed, is_running, start_collector
from console.link.messages import PROTOCOL, Acknowledge, AddNote, FromCollector, Hello, Refusal, Snapshot, Welcome
from console.store.lock import holder_of
from console.store.reading.history_reader import open_reader
from console.store.site_store import SiteStore
from drivers.core.reading import Quality
from tests.integration.live_site import Place, Watcher, alive, gone

pytestmark = pytest.mark.integration

DEVICES = 24 + 2 + 2 + 2
"""Miners, PDUs, plants, meters."""

PUMP_TRIP = {"do": "fault", "kind": "pump_trip", "target": "PLC-B/2"}


def the_incident(watcher: Watcher) -> Incident:
    (incident,) = watcher.incidents.values()
    return incident


async def until_one_incident(watcher: Watcher) -> None:
    await watcher.until(lambda: len(watcher.incidents) == 1)


async def test_that_a_site_is_live_and_its_history_is_written(place: Place) -> None:
    process = await place.collect()
    watcher = await place.watch()
    await watcher.until(lambda: watcher.answered() == DEVICES)
    await watcher.until(lambda: watcher.health.stored_samples > 0 and watcher.health.polls > 60)
    assert watcher.health.lost == 0
    assert watcher.health.known == {"plant": 2, "meter": 2, "pdu": 2, "miner": 24}
    assert watcher.health.store_error == ""
    assert watcher.welcome is not None
    assert watcher.welcome.process == process

    plant = next(device for device in watcher.welcome.site.devices if device.name == "PLC-B")
    reader = open_reader(place.folder)
    (flow,) = await reader.read(plant.id, [("flow", "")], time.time() - 60, time.time() + 1)
    await reader.close()
    good = flow.values[flow.quality == Quality.GOOD]
    assert len(good) >= 3
    assert np.all(good > 0)
    await place.stop(watcher, process)
    assert not await is_running(place.folder)
    assert holder_of(place.folder).pid == 0


async def test_that_a_pump_trip_is_one_incident_that_every_console_sees_and_one_acknowledges(place: Place) -> None:
    process = await place.collect()
    first, second = await place.watch(), await place.watch()
    await first.until(lambda: first.answered() == DEVICES)
    assert place.commands.carry_out(PUMP_TRIP)["ok"]
    await until_one_incident(first)
    await until_one_incident(second)
    incident = the_incident(first)
    assert incident.severity is Severity.SEV1
    assert incident.state is IncidentState.DETECTED
    assert "pump" in incident.cause

    link = first.link
    answer = await link.send(Acknowledge(link.next_request(), incident.id, incident.version, "ana", "on my way"))
    assert answer.error == ""
    await second.until(lambda: the_incident(second).state is IncidentState.ACKNOWLEDGED)
    again = await second.link.send(Acknowledge(1, incident.id, incident.version, "ben"))
    assert "ana" in again.error
    noted = await second.link.send(AddNote(2, incident.id, "ben", "spare pump is ready"))
    assert noted.incidents[0].events[-1].kind is EventKind.NOTED
    await first.until(lambda: the_incident(first).events[-1].kind is EventKind.NOTED)
    for watcher in (first, second):
        assert watcher.sequences == list(range(watcher.sequences[0], watcher.sequences[0] + len(watcher.sequences)))
    await place.stop(first, process)


async def test_that_a_killed_collector_leaves_a_gap_and_loses_no_incident(place: Place) -> None:
    process = await place.collect()
    watcher = await place.watch()
    await watcher.until(lambda: watcher.answered() == DEVICES)
    place.commands.carry_out(PUMP_TRIP)
    await watcher.until(lambda: len(watcher.incidents) == 1)
    incident = the_incident(watcher)
    link = watcher.link
    assert not (await link.send(Acknowledge(link.next_request(), incident.id, incident.version, "ana"))).error
    boot = watcher.welcome.boot if watcher.welcome is not None else None

    os.kill(process, signal.SIGKILL)
    await gone(process)
    killed = time.time()
    await watcher.until(lambda: not watcher.live)
    await asyncio.sleep(2.5)  # the gap itself
    second = await place.collect()
    await watcher.until(lambda: watcher.live and watcher.welcome is not None and watcher.welcome.boot != boot)
    assert the_incident(watcher).state is IncidentState.ACKNOWLEDGED
    assert the_incident(watcher).number == incident.number
    assert the_incident(watcher).deadlines == incident.deadlines, "the clocks have not moved"
    await watcher.until(lambda: watcher.health.gap_seconds > 2.0)
    await watcher.until(lambda: watcher.answered() == DEVICES)
    assert len(watcher.incidents) == 1, "what stood before is not raised again"
    await place.stop(watcher, second)

    store = await SiteStore.open(place.folder, read_only=True)
    (gap,) = await store.gaps(killed - 5, time.time())
    await store.close()
    assert gap.start == pytest.approx(killed, abs=2.0)
    assert gap.reason == "the collector ended unexpectedly"


async def test_that_sigterm_ends_it_cleanly(place: Place) -> None:
    process = await place.collect()
    watcher = await place.watch()
    await watcher.until(lambda: watcher.answered() > 0)
    os.kill(process, signal.SIGTERM)
    await gone(process)
    assert holder_of(place.folder).pid == 0
    assert not socket_path(place.folder).exists()
    await watcher.until(lambda: not watcher.live)


async def test_that_a_second_collector_leaves_the_first_alone(place: Place) -> None:
    first = await place.collect()
    command = [sys.executable, "-m", "console", "collect", str(place.folder)]
    result = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=20, check=False)
    assert result.returncode == 3
    assert str(first) in result.stderr
    assert await is_running(place.folder)
    assert alive(first)
    watcher = await place.watch()
    await place.stop(watcher, first)


async def test_that_a_collector_that_cannot_start_says_why(tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(StartFailed, match="code 3") as failure:
        await start_collector(empty)
    assert "site" in str(failure.value)


async def test_that_attach_carries_the_link_over_pipes(place: Place) -> None:
    process = await place.collect()
    watcher = await place.watch()
    await watcher.until(lambda: watcher.answered() == DEVICES)
    attach = await place.spawn(sys.executable, "-m", "console", "attach", str(place.folder))
    assert attach.stdin is not None
    assert attach.stdout is not None
    attach.stdin.write(frame(Hello(PROTOCOL, "far away")))
    splitter = FrameSplitter()
    seen: list[FromCollector | Refusal] = []
    async with asyncio.timeout(20):
        while not any(isinstance(message, Snapshot) for message in seen):
            seen += [read_from_collector(body) for body in splitter.feed(await attach.stdout.read(1 << 20))]
    assert isinstance(seen[0], Welcome)
    attach.stdin.close()
    assert await asyncio.wait_for(attach.wait(), 10) == 0
    await place.stop(watcher, process)


async def test_that_attaching_to_a_running_collector_starts_no_second_one(place: Place) -> None:
    process = await place.collect()
    watcher = await place.watch()
    assert await start_collector(place.folder) == 0
    attach = await place.spawn(sys.executable, "-m", "console", "attach", str(place.folder))
    assert attach.stdin is not None
    assert attach.stdout is not None
    attach.stdin.write(frame(Hello(PROTOCOL, "far away")))
    assert await asyncio.wait_for(attach.stdout.read(1), 20)
    await place.stop(watcher, process)
    await asyncio.wait_for(attach.wait(), 10)
    log = (place.folder / "collector.log").read_text()
    assert log.count("starts on") == 1, "nobody waited to take over"
    assert not await is_running(place.folder)


async def test_that_a_collector_ends_when_its_folder_disappears(place: Place) -> None:
    process = await place.collect()
    watcher = await place.watch()
    await watcher.until(lambda: watcher.answered() > 0)
    place.folder.rename(place.folder.with_name("elsewhere"))
    await gone(process)
    log = (place.folder.with_name("elsewhere") / "collector.log").read_text()
    assert "has been removed or moved" in log
    assert not place.folder.exists()
