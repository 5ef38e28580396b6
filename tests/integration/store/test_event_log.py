"""The event log: one chain for each origin, times that never step back, and merging that refuses what cannot be."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection

from console.domain.hybrid_clock import ClockAhead, HybridClock, hybrid_time, wall_time
from console.domain.incidents import EventKind, IncidentState
from console.store.records.chain import ChainError, Head, NewEvent, link_events, verify_chain
from console.store.records.conflicts import Conflict, read_conflicts
from console.store.records.projections import projection_problems
from tests.property.replica import NOON, SITE, Replica, a_device, close_all, open_replicas


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Replica, Replica]]:
    """Two stores of one site, equal at first."""
    left, right = await open_replicas(tmp_path, 2)
    await left.inventory.save(SITE)
    await right.take_from(left)
    yield left, right
    await close_all([left, right])


async def conflicts(replica: Replica) -> list[Conflict]:
    return await replica.database.read(read_conflicts)


async def problems(replica: Replica) -> list[str]:
    return await replica.database.read(verify_chain)


def test_that_hybrid_times_never_repeat_or_step_back() -> None:
    wall = [1000.0]
    clock = HybridClock(lambda: wall[0])
    first, second = clock.tick(), clock.tick()
    assert (wall_time(first), second - first) == (1000.0, 1)
    wall[0] -= 3600.0
    third = clock.tick()
    assert third == second + 1
    clock.observe(hybrid_time(2000.0))
    assert clock.tick() > hybrid_time(2000.0)
    with pytest.raises(ClockAhead, match="is dated 48 hours ahead of this computer's clock"):
        clock.check(hybrid_time(wall[0] + 48 * 3600.0), "Event 1")


async def test_that_times_go_on_after_a_restart_with_a_clock_set_back(pair: tuple[Replica, Replica]) -> None:
    left, _ = pair
    newest = (await left.log.read_since({}))[-1].hlc
    again = Replica(left.database.path, 0)
    again.at = NOON - 7 * 86400.0
    try:
        await again.attendance.record_gap(1.0, 2.0, "no collector ran")
        assert (await again.log.read_since({}))[-1].hlc == newest + 1
        assert await problems(again) == []
    finally:
        await again.database.close()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("UPDATE event SET body = x'7b7d' WHERE seq = 3", "Event 3 of origin .* was changed after it was written"),
        ("DELETE FROM event WHERE seq = 2", "Event 3 of origin .* does not follow event 1"),
        ("UPDATE event SET at = at + 1 WHERE seq = 1", "Event 1 of origin .* was changed"),
        ("UPDATE event SET previous = zeroblob(32) WHERE seq = 4", "Event 4 of origin .* does not continue"),
        ("UPDATE event SET hlc = 1 WHERE seq = 4", "Event 4 of origin .* is not later"),
    ],
)
async def test_that_a_changed_log_is_told(pair: tuple[Replica, Replica], change: str, sentence: str) -> None:
    left, _ = pair
    assert await problems(left) == []

    def tamper(connection: Connection) -> None:
        connection.exec_driver_sql("DROP TRIGGER event_is_never_changed")
        connection.exec_driver_sql("DROP TRIGGER event_is_never_deleted")
        connection.exec_driver_sql(change)

    await left.database.write(tamper)
    (problem,) = await problems(left)
    assert re.match(sentence, problem)


async def test_that_a_table_that_does_not_follow_from_the_log_is_told(pair: tuple[Replica, Replica]) -> None:
    left, _ = pair
    await left.detect(11)
    assert await left.database.read(projection_problems) == []

    def tamper(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE incident SET open = 0")
        connection.exec_driver_sql("DELETE FROM feed")

    await left.database.write(tamper)
    problems = await left.database.read(projection_problems)
    assert [problem.split(" does")[0] for problem in problems] == ["The table incident", "The table feed"]


async def test_that_what_cannot_be_is_refused_before_anything_changes(pair: tuple[Replica, Replica]) -> None:
    left, right = pair
    await left.edit(lambda site: replace(site, name="Pecos-3"))
    await left.attendance.record_gap(1.0, 2.0, "no collector ran")
    first, second = await left.log.read_since(await right.log.vector())
    before, stored = await right.dump(), await right.log.read_since({})
    known = Head(stored[-1].seq, stored[-1].hlc, stored[-1].hash)
    unreadable = link_events(first.origin, known, [NewEvent(NOON, "incident", "x", b"{}")], [known.hlc + 1])
    foreign = link_events(str(UUID(int=9)), Head(), [NewEvent(NOON, "origin", "somebody", b"{}")], [known.hlc])
    gap = NewEvent(*first[3:7])
    late = link_events(first.origin, known, [gap], [hybrid_time(NOON + 25 * 3600.0)])
    for rows, sentence in (
        ([second], "does not follow event"),
        ([first._replace(body=second.body), second], "was changed after it was written"),
        ([stored[0]._replace(hash=bytes(32))], "differs from the one known here"),
        ([first._replace(previous=bytes(32)), second], "does not continue the chain"),
        (unreadable, r"\(incident\) cannot be read"),
        (foreign, r"\(origin\) cannot be read"),
        ([first, second, first._replace(hash=bytes(32))], "differs"),
    ):
        with pytest.raises(ChainError, match=sentence):
            await right.log.merge(rows)
    with pytest.raises(ClockAhead, match="25 hours ahead"):
        await right.log.merge(late)
    assert await right.dump() == before
    assert await right.log.read_since({}) == stored
    assert (await right.log.merge([second, first, first])).added == 2


async def test_that_kinds_of_a_newer_program_are_kept_unread(pair: tuple[Replica, Replica]) -> None:
    left, right = pair

    def write(connection: Connection) -> None:
        left.log.append(connection, [NewEvent(NOON, "of tomorrow", "x", b"\x00")])

    await left.database.write(write)
    assert (await right.take_from(left)).added == 1
    assert await problems(right) == []


async def test_that_of_two_acknowledgements_the_earlier_one_stands(pair: tuple[Replica, Replica]) -> None:
    left, right = pair
    incident = await left.detect(11)
    await right.take_from(left)
    right.at += 60
    await right.decide(incident, EventKind.ACKNOWLEDGED, "mine")
    left.at += 30
    await left.decide(incident, EventKind.ACKNOWLEDGED, "on it")
    result = await left.take_from(right)
    (merged,) = await left.incidents.incidents()
    assert (merged.owner, merged.acknowledged_at, merged.state) == ("person 0", NOON + 30, IncidentState.ACKNOWLEDGED)
    assert [event.text for event in merged.events[1:]] == ["on it", "mine"], "both stay on record"
    assert merged.set_aside == (3,)
    assert [conflict.field for conflict in result.conflicts] == ["acknowledged"]
    assert b"person 0" in result.conflicts[0].kept
    assert b"person 1" in result.conflicts[0].dropped
    resolved = await left.decide(merged, EventKind.RESOLVED)
    assert (resolved.version, resolved.state) == (4, IncidentState.RESOLVED), "and life goes on"


async def test_that_numbers_of_different_origins_do_not_meet(pair: tuple[Replica, Replica]) -> None:
    left, right = pair
    ours, theirs = await left.detect(11), await right.detect(12)
    assert (ours.number, theirs.number) == (1, 1)
    await left.take_from(right)
    await right.take_from(left)
    assert await left.incidents.incidents() == await right.incidents.incidents()


async def test_that_two_edits_of_one_field_are_a_conflict_and_of_two_fields_are_none(
    pair: tuple[Replica, Replica],
) -> None:
    left, right = pair
    one = SITE.devices[0]
    await left.edit(lambda site: replace(site, devices=(replace(one, place="hall/1", asset="A"), *site.devices[1:])))
    right.at += 1
    await right.edit(lambda site: replace(site, devices=(replace(one, place="hall/2", serial="S"), *site.devices[1:])))
    await left.take_from(right)
    merged = (await left.inventory.site()).devices[0]
    assert (merged.place, merged.asset, merged.serial) == ("hall/2", "A", "S")
    (conflict,) = await conflicts(left)
    assert (conflict.field, conflict.kept, conflict.dropped) == ("place", b'"hall/2"', b'"hall/1"')
    await left.edit(lambda site: replace(site, devices=(replace(merged, place="hall/3"), *site.devices[1:])))
    assert len(await conflicts(left)) == 1, "an edit that knows what it replaces is none"


async def test_that_a_device_removed_here_and_edited_there_stays_removed_and_is_a_conflict(
    pair: tuple[Replica, Replica],
) -> None:
    left, right = pair
    one = SITE.devices[0]
    await left.edit(lambda site: replace(site, devices=site.devices[1:]))
    right.at += 1
    await right.edit(lambda site: replace(site, devices=(replace(one, place="hall/2"), *site.devices[1:])))
    await left.take_from(right)
    assert one.id not in {device.id for device in (await left.inventory.site()).devices}
    (conflict,) = await conflicts(left)
    assert (conflict.field, conflict.entity) == ("removed", str(one.id))
    assert b"hall/2" in conflict.dropped
    await left.edit(lambda site: replace(site, devices=(one, *site.devices)))
    assert (await left.inventory.site()).devices[0] == one, "it can be entered again"


async def test_that_two_devices_given_one_name_are_both_kept(pair: tuple[Replica, Replica]) -> None:
    left, right = pair
    await left.edit(lambda site: replace(site, devices=(*site.devices, a_device(7, "twin"))))
    await right.edit(lambda site: replace(site, devices=(*site.devices, a_device(8, "twin"))))
    await left.take_from(right)
    await right.take_from(left)
    assert await left.dump() == await right.dump()
    names = [device.name for device in (await left.inventory.site()).devices[3:]]
    assert names == ["twin", "twin (006c)"]
    assert [conflict.field for conflict in await conflicts(left)] == ["name given twice"]
    await left.edit(lambda site: replace(site, devices=(*site.devices[:3], a_device(7, "first"), site.devices[4])))
    assert [device.name for device in (await left.inventory.site()).devices[3:]] == ["first", "twin"]
    assert await conflicts(left) == []


async def test_that_saving_what_is_stored_writes_nothing_and_one_change_one_event(
    pair: tuple[Replica, Replica],
) -> None:
    left, _ = pair
    before = await left.log.vector()
    await left.inventory.save(SITE)
    assert await left.log.read_since(before) == []
    await left.edit(lambda site: replace(site, devices=(site.devices[2], *site.devices[:2])))
    (moved,) = await left.log.read_since(before)
    assert (moved.kind, moved.entity) == ("device", str(SITE.devices[2].id))
    assert [device.name for device in (await left.inventory.site()).devices] == ["T3", "T1", "T2"]


async def test_that_a_gap_found_by_two_copies_ends_with_the_first_that_came_back(
    pair: tuple[Replica, Replica],
) -> None:
    left, right = pair
    await left.attendance.record_gap(100.0, 900.0, "no collector ran")
    await right.attendance.record_gap(100.0, 400.0, "no collector ran")
    await left.take_from(right)
    assert [(gap.start, gap.stop) for gap in await left.attendance.gaps(0.0, 1000.0)] == [(100.0, 400.0)]
