"""A site with a fault is watched live, stopped, and opened again offline: every moment looks as it did."""

import asyncio
import math
import os
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from console.domain.alarms import Alarm
from console.domain.incidents import Incident
from console.link.launch import is_running
from console.link.messages import Acknowledge, Shape, Snapshot
from console.presenters.frame import Frame
from console.presenters.past import PastStates
from console.presenters.source import SiteState
from console.services.ports import UnreadableRecord
from console.shell.translate import frame, frame_shape
from console.store.archive import open_archive
from console.store.lock import LOCK_FILE
from drivers.core.points import POINTS
from drivers.core.reading import Quality
from tests.integration.live_site import Place, Watcher

pytestmark = pytest.mark.integration

DEVICES = 24 + 2 + 2 + 2
"""Miners, PDUs, plants, meters."""

POLLED_LIKE_SHOWN = 1.0
"""Seconds between two snapshots."""

PUMP_TRIP = {"do": "fault", "kind": "pump_trip", "target": "PLC-B/2"}
DEAD_MINER = {"do": "fault", "kind": "dead_miner", "target": "T01-003"}


@dataclass(frozen=True)
class Shown:
    """What a live console knew at a moment."""

    at: float
    frame: Frame
    alarms: dict[UUID, Alarm]
    incidents: dict[UUID, Incident]


class Memory:
    """Everything that was shown live, snapshot by snapshot."""

    def __init__(self, watcher: Watcher) -> None:
        self.shown: list[Shown] = []
        self._watcher = watcher
        watcher.on_snapshot = self._keep

    def _keep(self, snapshot: Snapshot, shape: Shape) -> None:
        made = frame(snapshot, frame_shape(shape, None))
        self.shown.append(Shown(snapshot.at, made, dict(self._watcher.alarms), dict(self._watcher.incidents)))

    def reports(self, device: UUID) -> dict[float, tuple[Frame, int]]:
        """The device's reports that were shown, by the second of its answer."""
        found: dict[float, tuple[Frame, int]] = {}
        for one in self.shown:
            row = one.frame.shape.rows.get(device)
            if row is not None and math.isfinite(one.frame.answered[row]):
                found.setdefault(float(one.frame.answered[row]), (one.frame, row))
        return found


async def record(place: Place) -> Memory:
    """Some seconds of a site in which a pump trips, a miner dies, and an operator acknowledges."""
    process = await place.collect()
    watcher = await place.watch()
    memory = Memory(watcher)
    await watcher.until(lambda: watcher.answered() == DEVICES)
    assert place.commands.carry_out(PUMP_TRIP)["ok"]
    assert place.commands.carry_out(DEAD_MINER)["ok"]
    await watcher.until(lambda: len(watcher.incidents) > 0)
    (incident, *_) = watcher.incidents.values()
    request = Acknowledge(watcher.link.next_request(), incident.id, incident.version, "M. Okafor")
    await watcher.link.send(request)
    seen = len(memory.shown)
    await watcher.until(lambda: len(memory.shown) >= seen + 12)
    await place.stop(watcher, process)
    await watcher.close()
    return memory


async def rewind(folder: Path, moments: list[float]) -> list[SiteState]:
    """The site as its record says, at each of the moments."""
    archive, states = open_archive(folder), PastStates()
    try:
        return [states.state(await archive.at(moment)) for moment in moments]
    finally:
        await archive.close()


async def test_that_every_moment_looks_as_it_did_when_it_was_live_in_a_folder_that_stays_as_it_is(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = await record(place)
    (place.folder / LOCK_FILE).unlink()
    before = files_of(place.folder)
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)  # as on read-only media, also for root
    states = await rewind(place.folder, [one.at for one in memory.shown])
    await same_extent(place.folder, memory)
    assert files_of(place.folder) == before
    first = next(at for at, one in enumerate(memory.shown) if np.isfinite(one.frame.answered).all())
    agreeing = unseen = 0
    for one, state in list(zip(memory.shown, states, strict=True))[first:]:
        assert state.frame.at == one.at
        same, other = same_values(memory, one, state)
        agreeing, unseen = agreeing + same, unseen + other
        same_decisions(one, state)
    assert agreeing > 100 * len(memory.shown[first:])
    assert unseen < 0.05 * DEVICES * len(memory.shown[first:])
    assert any(one.incidents for one in memory.shown)
    assert any(not one.incidents for one in memory.shown[first:])


async def same_extent(folder: Path, memory: Memory) -> None:
    """The record reaches from before the first snapshot to the last sweep."""
    archive = open_archive(folder)
    span = await archive.span()
    assert span is not None
    assert span[0] <= memory.shown[0].at
    assert span[1] == pytest.approx(memory.shown[-1].at, abs=15)
    newest = await archive.at(span[1])
    await archive.close()
    assert np.isfinite(newest.state.answered).sum() >= DEVICES - 1


def same_values(memory: Memory, one: Shown, state: SiteState) -> tuple[int, int]:
    """Each device as in the report of its slot; returns values that agree, and devices whose values were not shown.

    A report that was followed by another before the next snapshot was stored and never shown; of devices that are
    polled as often as snapshots come there are many.
    """
    agreeing = unseen = 0
    for device, row in state.frame.shape.rows.items():
        period = float(state.frame.period[row])
        answered = float(state.frame.answered[row])
        assert answered <= one.at + period, "a report of the future"
        live = float(one.frame.answered[one.frame.shape.rows[device]])
        assert answered >= live - 2 * period - 1e-3, "an older report than the live one"
        reports = memory.reports(device)
        # Reports in a steady rhythm are stored in successive slots: at most a period from the middle of theirs.
        slot = [at for at in reports if abs(at - answered - period / 2) <= period]
        found = max((compared_values(state, row, *reports[at]) for at in slot), default=-1)
        agreeing += max(found, 0)
        unseen += found < 0 and period > POLLED_LIKE_SHOWN
    return agreeing, unseen


def compared_values(state: SiteState, row: int, live: Frame, live_row: int) -> int:
    """How many values of a device agree with those of a report, to their quantum; -1 when one does not."""
    agreeing = 0
    for at, signal in enumerate(state.frame.shape.signals(row)):
        start = state.frame.shape.start(row)
        past = float(state.frame.values[start + at])
        if signal.point == "state" or int(state.frame.quality[start + at]) != Quality.GOOD:
            continue
        shown = live.value(live_row, signal.point, signal.part)
        if not abs(past - shown) <= POINTS[signal.point].quantum / 2 + 1e-9 * abs(shown):
            return -1
        agreeing += 1
    return agreeing


def same_decisions(one: Shown, state: SiteState) -> None:
    """Alarms and incidents to the millisecond: all events until the moment, none after it."""
    standing = {alarm.id for alarm in one.alarms.values() if alarm.cleared_at is None and alarm.raised_at <= one.at}
    recorded = {alarm.id: alarm for alarm in state.alarms.values() if alarm.cleared_at is None}
    late = {alarm.id for alarm in recorded.values() if alarm.raised_at > one.at - 1.5}
    assert standing <= set(recorded), "an alarm stood and is not on record"
    assert set(recorded) - late <= standing, "an alarm is on record that did not stand"
    for case in one.incidents.values():
        then = state.incidents[case.id]
        shared = min(case.version, then.version)
        assert then.events[:shared] == case.events[:shared]
        assert all(event.at <= one.at for event in then.events)
        assert all(event.at > one.at - 1.5 for event in then.events[shared:])
        assert all(event.at > one.at for event in case.events[shared:])


async def test_that_the_time_between_two_collectors_is_a_gap(place: Place) -> None:
    first = await place.collect()
    watcher = await place.watch()
    await watcher.until(lambda: watcher.health.stored_samples > 0)
    await place.stop(watcher, first)
    stopped = time.time()
    await watcher.close()
    await asyncio.sleep(2.5)
    second = await place.collect()
    again = await place.watch()
    await again.until(lambda: again.answered() == DEVICES)
    archive = open_archive(place.folder)
    gaps = await archive.gaps(stopped - 60, time.time() + 60)
    await archive.close()
    assert len(gaps) == 1
    begin, end, reason = gaps[0]
    assert begin <= stopped + 1
    assert end - begin >= 2
    assert reason
    await place.stop(again, second)
    await again.close()
    await looked_at_without_collecting(place.folder)


async def looked_at_without_collecting(folder: Path) -> None:
    """The window opens on the record, and no collector is started; a newer folder is refused with one sentence."""
    picture = folder / "picture.png"
    code, said = await console(folder, "--for", "1", "--screenshot", str(picture))
    assert (code, said) == (0, "")
    assert picture.stat().st_size > 10_000
    assert not await is_running(folder)
    with closing(sqlite3.connect(folder / "console.sqlite")) as database, database:
        database.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    code, said = await console(folder)
    assert code == 3
    assert said.count("\n") == 1
    assert "schema version 99" in said


async def console(folder: Path, *options: str) -> tuple[int | None, str]:
    """The exit code of the console without a collector, and what it said."""
    command = (sys.executable, "-m", "console", str(folder), "--offline", "--headless", *options)
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    return process.returncode, said.decode()


async def test_that_what_is_no_record_is_refused_with_one_sentence(tmp_path: Path) -> None:
    archive = open_archive(tmp_path)
    with pytest.raises(UnreadableRecord, match="is no site folder"):
        await archive.span()
    await archive.close()
    (tmp_path / "console.sqlite").write_bytes(b"this is not a database, and never was" * 300)
    archive = open_archive(tmp_path)
    with pytest.raises(UnreadableRecord) as refused:
        await archive.at(time.time())
    await archive.close()
    assert "\n" not in str(refused.value)


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder and what it holds."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
