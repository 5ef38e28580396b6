"""What operators do with incidents, and what happens to incidents over time and over restarts."""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import pytest

from console.domain.alarms import Condition, Severity
from console.domain.incidents import EventKind, Incident, IncidentState
from console.services.ports import ConflictError, StoreFull
from tests.unit.console.services.scene import START, Killed, Scene, build_site, kinds


async def tripped() -> tuple[Scene, Incident]:
    scene = Scene(build_site())
    await scene.take_in(scene.alarm("pump-tripped", "PLC-B", "2"))
    return scene, await scene.only()


async def test_that_an_incident_goes_from_detection_to_resolution_with_all_its_stamps() -> None:
    scene, incident = await tripped()
    scene.clock.at += 1
    (incident,) = await scene.triage.painted([incident.id], "NOC-1")
    assert (incident.state, incident.alerted_at) == (IncidentState.ALERTED, START + 1)
    scene.clock.at += 60
    (incident,) = await scene.triage.acknowledge(incident.id, incident.version, "M. Okafor", "on it")
    assert (incident.state, incident.owner) == (IncidentState.ACKNOWLEDGED, "M. Okafor")
    scene.clock.at += 60
    (incident,) = await scene.triage.note(incident.id, "D. Lindqvist", "walking to pump skid B")
    (incident,) = await scene.triage.mitigate(incident.id, incident.version, "M. Okafor")
    assert incident.mitigated_at == START + 121
    await scene.take_in(scene.clear("pump-tripped", "PLC-B", "2"))
    resolved = next(one for one in await scene.log.incidents() if one.id == incident.id)
    assert resolved.state is IncidentState.RESOLVED
    assert resolved.events[-1].actor == "triage"
    assert kinds(resolved) == [
        EventKind.DETECTED,
        EventKind.ALERTED,
        EventKind.ACKNOWLEDGED,
        EventKind.NOTED,
        EventKind.MITIGATED,
        EventKind.RESOLVED,
    ]


async def test_that_painting_twice_alerts_once() -> None:
    scene, incident = await tripped()
    assert len(await scene.triage.painted([incident.id, incident.id, uuid4()], "NOC-1")) == 1
    assert await scene.triage.painted([incident.id], "NOC-2") == []


async def test_that_acknowledging_acknowledges_the_alarms_inside() -> None:
    scene, incident = await tripped()
    await scene.triage.acknowledge(incident.id, incident.version, "M. Okafor")
    assert {alarm.acknowledged_by for alarm in scene.log.kept.values()} == {"M. Okafor"}
    changes = await scene.take_in()
    assert [alarm.acknowledged_by for alarm in changes.alarms] == ["M. Okafor"], "every console hears of it"


async def test_that_the_second_acknowledgement_learns_who_was_first() -> None:
    scene, incident = await tripped()
    await scene.triage.acknowledge(incident.id, incident.version, "M. Okafor")
    with pytest.raises(ConflictError, match=r"INC-1 was changed first: M\. Okafor wrote “acknowledged”"):
        await scene.triage.acknowledge(incident.id, incident.version, "J. Reyes")
    with pytest.raises(ValueError, match=r"INC-1 is already acknowledged by M\. Okafor"):
        await scene.triage.acknowledge(incident.id, incident.version + 1, "J. Reyes")


async def test_that_growth_alone_does_not_make_an_acknowledgement_stale() -> None:
    scene, incident = await tripped()
    await scene.take_in(scene.alarm("miner-chip-temperature-high", "M4-1"))
    await scene.wait(6)
    grown = await scene.only()
    assert grown.version > incident.version
    (acknowledged,) = await scene.triage.acknowledge(incident.id, incident.version, "M. Okafor")
    assert acknowledged.state is IncidentState.ACKNOWLEDGED


async def test_that_an_acknowledgement_that_lost_against_the_resolution_stays_out() -> None:
    scene, incident = await tripped()
    await scene.take_in(scene.clear("pump-tripped", "PLC-B", "2"))
    with pytest.raises(ConflictError):
        await scene.triage.acknowledge(incident.id, incident.version, "M. Okafor")
    with pytest.raises(ValueError, match="already resolved; there is nothing left to acknowledge"):
        await scene.triage.acknowledge(incident.id, incident.version + 1, "M. Okafor")
    assert await scene.open() == []


async def test_that_what_gets_worse_after_the_acknowledgement_must_be_acknowledged_again() -> None:
    scene = Scene(build_site())
    await scene.take_in(scene.alarm("coolant-level-low", "PLC-B"))
    incident = await scene.only()
    await scene.triage.acknowledge(incident.id, incident.version, "M. Okafor")
    scene.clock.at += 3600
    await scene.take_in(scene.alarm("coolant-flow-low", "PLC-B"))
    worse = await scene.only()
    assert (worse.severity, worse.state, worse.acknowledged_at) == (Severity.SEV2, IncidentState.ALERTED, None)
    assert worse.deadlines.response == incident.detected_at + 3600, "counted from the detection, with the new budget"
    with pytest.raises(ConflictError):
        await scene.triage.mitigate(incident.id, incident.version + 1, "M. Okafor")


async def test_that_nobody_resolves_while_an_alarm_stands_or_its_data_is_unknown() -> None:
    scene, incident = await tripped()
    with pytest.raises(ValueError, match="INC-1 cannot be resolved: 1 alarm still standing"):
        await scene.triage.resolve(incident.id, incident.version, "M. Okafor")
    await scene.take_in(scene.change("pump-tripped", "PLC-B", "2", condition=Condition.UNKNOWN))
    with pytest.raises(ValueError, match="no fresh data on 1 alarm"):
        await scene.triage.resolve(incident.id, incident.version, "M. Okafor")


async def test_that_a_leak_waits_for_a_person_and_is_reset_by_his_resolution() -> None:
    scene = Scene(build_site())
    leak = scene.alarm("coolant-leak", "PLC-A")
    await scene.take_in(leak)
    await scene.take_in(scene.change("coolant-leak", "PLC-A", condition=Condition.NORMAL))
    await scene.wait(60)
    incident = await scene.only()
    assert incident.severity is Severity.SEV1
    (resolved,) = await scene.triage.resolve(incident.id, incident.version, "D. Lindqvist", "hose replaced")
    assert resolved.state is IncidentState.RESOLVED
    assert resolved.acknowledged_at == scene.clock.at, "who resolves has responded"
    assert scene.reset == [leak.id]
    assert scene.log.kept[leak.id].cleared_at == scene.clock.at


async def test_that_the_same_cause_within_a_day_continues_the_incident() -> None:
    scene, incident = await tripped()
    await scene.wait(600, 60)
    await scene.take_in(scene.clear("pump-tripped", "PLC-B", "2"))
    scene.clock.at += 3600
    await scene.take_in(scene.alarm("pump-tripped", "PLC-B", "2"))
    again = await scene.only()
    assert again.id == incident.id
    assert again.state is IncidentState.DETECTED
    assert again.deadlines.resolution == incident.deadlines.resolution + 3600
    assert again.deadlines.response == scene.clock.at + 1800
    assert "the same cause again, 1 h 00 m after it was resolved" in again.events[-1].text


async def test_that_the_same_cause_a_day_later_is_a_new_incident() -> None:
    scene, incident = await tripped()
    await scene.take_in(scene.clear("pump-tripped", "PLC-B", "2"))
    scene.clock.at += 86401
    await scene.take_in(scene.alarm("pump-tripped", "PLC-B", "2"))
    assert (await scene.only()).number == incident.number + 1


async def test_that_a_restart_changes_nothing_about_an_incident() -> None:
    scene, incident = await tripped()
    await scene.take_in(scene.alarm("miner-chip-temperature-high", "M4-1"))
    await scene.wait(6)
    before = await scene.only()
    scene.clock.at += 60
    restored = await scene.restart(scene.clock.at - 60)
    assert {alarm.rule for alarm in restored} == {"pump-tripped", "miner-chip-temperature-high"}
    assert await scene.only() == before
    await scene.take_in(scene.alarm("miner-chip-temperature-high", "M3-2"))
    await scene.wait(6)
    after = await scene.only()
    assert after.id == incident.id
    assert scene.names(after) == {"PLC-B", "M4-1", "M3-2"}
    assert after.deadlines == incident.deadlines


async def test_that_a_group_without_evidence_is_known_again_after_a_restart() -> None:
    scene = Scene(build_site(switch_ports=16, pdus=6))
    onset = scene.clock.at
    scene.clock.at += 60
    gone = [f"M1-{outlet}" for outlet in range(1, 16)]
    await scene.take_in(*(scene.alarm("miner-unreachable", name, onset=onset) for name in gone))
    await scene.wait(20)
    group = await scene.only()
    await scene.restart(scene.clock.at)
    await scene.take_in(scene.alarm("miner-unreachable", "M1-16", onset=scene.clock.at - 60))
    await scene.wait(6)
    assert len((await scene.only()).devices) == 16
    assert (await scene.only()).id == group.id


async def test_that_a_deadline_missed_during_a_gap_is_told_once() -> None:
    scene, _ = await tripped()
    scene.clock.at += 1860
    await scene.restart(START + 600)
    incident = await scene.only()
    assert [event.text for event in incident.events if event.kind is EventKind.NOTED] == [
        "response deadline 2026-11-13 20:30:00 UTC passed, missed while unobserved 01:00",
        "mitigation deadline 2026-11-13 20:30:00 UTC passed, missed while unobserved 01:00",
    ]
    await scene.restart(START + 600)
    await scene.wait(5)
    assert (await scene.only()).version == incident.version


async def test_that_a_deadline_that_passes_under_watch_is_noted_without_blame() -> None:
    scene, _ = await tripped()
    await scene.wait(1805, 5)
    notes = [event.text for event in (await scene.only()).events if event.kind is EventKind.NOTED]
    assert notes == [
        "response deadline 2026-11-13 20:30:00 UTC passed",
        "mitigation deadline 2026-11-13 20:30:00 UTC passed",
    ]


async def test_that_a_missed_deadline_is_noted_once_the_disk_has_room_again() -> None:
    scene, _ = await tripped()
    await scene.wait(1790, 10)
    scene.log.full = True
    scene.clock.at += 20
    for _ in range(2):
        with pytest.raises(StoreFull):
            await scene.take_in()
    scene.log.full = False
    await scene.wait(2)
    assert kinds(await scene.only()).count(EventKind.NOTED) == 2


async def test_that_a_full_disk_loses_no_alarm() -> None:
    scene = Scene(build_site())
    scene.log.full = True
    with pytest.raises(StoreFull):
        await scene.take_in(scene.alarm("pump-tripped", "PLC-B", "2"))
    scene.log.full = False
    await scene.wait(1)
    incident = await scene.only()
    assert [alarm.incident for alarm in scene.log.kept.values()] == [incident.id]


async def until_killed(scene: Scene, transactions: int, work: Callable[[], Awaitable[object]]) -> None:
    """Do something, and die before the transaction after so many; then start again on what was written."""
    scene.log.transactions_left = transactions
    with contextlib.suppress(Killed):
        await work()
    scene.log.transactions_left = None
    await scene.restart(scene.clock.at)


def cases_without_alarms(scene: Scene, incidents: Sequence[Incident]) -> list[str]:
    told = {alarm.incident for alarm in scene.log.kept.values() if alarm.cleared_at is None}
    return [incident.title for incident in incidents if incident.id not in told]


@pytest.mark.parametrize("transactions", range(4))
async def test_that_a_crash_between_any_two_transactions_leaves_no_case_without_alarms(transactions: int) -> None:
    scene = Scene(build_site())
    trip = scene.alarm("pump-tripped", "PLC-B", "2")
    hot = scene.alarm("miner-chip-temperature-high", "M4-1")
    await until_killed(scene, transactions, lambda: scene.take_in(trip, hot))
    assert not cases_without_alarms(scene, await scene.open())
    await scene.take_in(trip, hot)
    await scene.wait(6)
    incident = await scene.only()
    assert scene.names(incident) == {"PLC-B", "M4-1"}

    over = (scene.clear("pump-tripped", "PLC-B", "2"), scene.clear("miner-chip-temperature-high", "M4-1"))
    await until_killed(scene, transactions, lambda: scene.take_in(*over))
    assert not cases_without_alarms(scene, await scene.open())
    if await scene.open():
        await scene.take_in(*over)
    assert await scene.open() == [], "nobody has to close it by hand"
    assert all(alarm.cleared_at is not None for alarm in scene.log.kept.values())


async def test_that_an_acknowledgement_refused_by_a_full_disk_acknowledges_nothing() -> None:
    scene, incident = await tripped()
    scene.log.full = True
    with pytest.raises(StoreFull):
        await scene.triage.acknowledge(incident.id, incident.version, "ana")
    scene.log.full = False
    assert all(alarm.acknowledged_at is None for alarm in scene.triage.standing())
    (acknowledged,) = await scene.triage.acknowledge(incident.id, incident.version, "ana")
    assert acknowledged.owner == "ana"
    assert all(alarm.acknowledged_by == "ana" for alarm in scene.log.kept.values())


async def test_that_a_note_is_taken_at_any_version_and_on_a_resolved_incident() -> None:
    scene, incident = await tripped()
    await scene.take_in(scene.clear("pump-tripped", "PLC-B", "2"))
    await scene.restart()
    (noted,) = await scene.triage.note(incident.id, "J. Reyes", "strainer was blocked")
    assert noted.state is IncidentState.RESOLVED
    assert noted.events[-1].text == "strainer was blocked"
    with pytest.raises(ValueError, match="A note needs some text"):
        await scene.triage.note(incident.id, "J. Reyes", "  ")


async def test_that_an_unknown_incident_is_said_to_be_unknown() -> None:
    scene = Scene(build_site())
    with pytest.raises(ValueError, match="There is no such incident"):
        await scene.triage.resolve(uuid4(), 1, "J. Reyes")


async def test_that_a_changed_site_keeps_its_open_cases() -> None:
    scene, incident = await tripped()
    scene.triage.use(scene.site)
    await scene.take_in(scene.alarm("miner-chip-temperature-high", "M4-1"))
    await scene.wait(6)
    assert (await scene.only()).id == incident.id
    assert len((await scene.only()).devices) == 2
