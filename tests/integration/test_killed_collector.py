"""kill -9 of the collector, again and again, under load: what it had called durable is there afterwards."""

import asyncio
import itertools
import os
import random
import signal
import time
from functools import partial
from uuid import UUID

import pytest

from console.domain.incidents import Incident
from console.link.messages import Acknowledge, AddNote
from console.store.site_store import SiteStore
from drivers.core.identity import DeviceKind
from tests.integration.live_site import Place, Watcher, gone
from tests.integration.stored_ledger import StoredLedger

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.mark.parametrize("kills", [6, pytest.param(50, marks=pytest.mark.long)])
async def test_that_kills_lose_no_sweep_and_no_decision(busy_place: Place, kills: int) -> None:
    place, dice = busy_place, random.Random(20)
    process = await place.collect()
    watcher = await place.watch()
    await watcher.until(lambda: watcher.welcome is not None)
    ledger = ledger_of(watcher)
    place.commands.carry_out({"do": "fault", "kind": "pump_trip", "target": "PLC-B/2"})
    promised: list[Incident] = []
    per_life: list[int] = []
    for life in range(kills):
        await watcher.until(lambda: bool(watcher.incidents) and watcher.health.stored_at > 0)
        promised = await decide(watcher, life, promised)
        already = len(ledger.readings)
        await watcher.until(partial(ledger.has_more_than, already))
        await asyncio.sleep(dice.uniform(0.0, 0.8))  # anywhere in the round of a second
        os.kill(process, signal.SIGKILL)
        await gone(process)
        await watcher.until(lambda: not watcher.live)
        ledger.collector_died()
        per_life.append(len(ledger.readings) - already)
        process = await place.collect()
        await watcher.until(lambda: watcher.live)
        expect_kept(promised, watcher)
    await watcher.until(lambda: watcher.health.stored_at > 0)
    await place.stop(watcher, process)

    assert all(count > 0 for count in per_life), "every life had something to lose"
    assert len(ledger.readings) > kills * 20
    assert await ledger.missing(place.folder) == []
    store = await SiteStore.open(place.folder, read_only=True)
    stored = {incident.id: incident for incident in await store.incident_log.incidents()}
    gaps = await store.gaps(0.0, time.time())
    await store.close()
    assert all(begins_with(stored[incident.id], incident) for incident in promised)
    assert all(gap.reason == "the collector ended unexpectedly" for gap in gaps)
    for earlier, later in itertools.pairwise(gaps):
        assert earlier.stop <= later.start


def ledger_of(watcher: Watcher) -> StoredLedger:
    """A ledger of what the watcher is told about plants, meters, PDUs and every tenth miner."""
    assert watcher.welcome is not None
    by_kind: dict[DeviceKind, list[UUID]] = {}
    for device in watcher.welcome.site.devices:
        by_kind.setdefault(device.kind, []).append(device.id)
    by_kind[DeviceKind.MINER] = by_kind[DeviceKind.MINER][::10]
    ledger = StoredLedger({device: kind for kind, devices in by_kind.items() for device in devices})
    watcher.on_snapshot = ledger.take
    return ledger


async def decide(watcher: Watcher, life: int, before: list[Incident]) -> list[Incident]:
    """Acknowledge what nobody has, and write a note; returns every incident as answered, which makes it durable."""
    link = watcher.link
    promised = {incident.id: incident for incident in before}
    for incident in list(watcher.incidents.values()):
        if incident.state.is_open and incident.acknowledged_at is None:
            answer = await link.send(Acknowledge(link.next_request(), incident.id, incident.version, "ana"))
            promised |= {one.id: one for one in answer.incidents}
    worst = min(watcher.incidents.values(), key=lambda one: one.severity)
    answer = await link.send(AddNote(link.next_request(), worst.id, "ben", f"life {life}"))
    assert not answer.error
    promised |= {one.id: one for one in answer.incidents}
    return list(promised.values())


def begins_with(now: Incident, before: Incident) -> bool:
    """Whether nothing that had happened has changed; clocks move only with a new severity."""
    same_clocks = now.deadlines == before.deadlines or now.severity != before.severity
    same_number = now.number == before.number and now.detected_at == before.detected_at
    return now.events[: len(before.events)] == before.events and same_number and same_clocks


def expect_kept(promised: list[Incident], watcher: Watcher) -> None:
    for incident in promised:
        assert begins_with(watcher.incidents[incident.id], incident), incident.label
