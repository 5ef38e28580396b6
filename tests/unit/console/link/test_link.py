"""Consoles and a collector over a real socket."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from console.link.client import Link, LinkLost, LinkPhase
from console.link.messages import (
    AddNote,
    AlarmsChanged,
    Shape,
    Snapshot,
    Welcome,
)
from drivers.core.reading import Signal
from tests.unit.console.link.ends import SITE, Collector, Console, OpenConsole, Raw, alarm


async def test_that_a_console_first_gets_the_whole_state_then_the_shape_then_columns(
    collector: Collector, open_console: OpenConsole
) -> None:
    collector.show()
    console = await open_console()
    await console.until(lambda: len(console.messages) >= 3)
    welcome, shape, snapshot = console.messages[:3]
    assert isinstance(welcome, Welcome)
    assert welcome.site == SITE
    assert isinstance(shape, Shape)
    assert shape.rows[0].signals == (Signal("power"), Signal("hashrate"))
    assert isinstance(snapshot, Snapshot)
    assert snapshot.tick == 1


async def test_that_the_shape_travels_only_when_it_changed(collector: Collector, open_console: OpenConsole) -> None:
    console = await open_console()
    collector.show()
    collector.show()
    collector.show(revision=2)
    await console.until(lambda: console.tick() == 3)
    assert sum(isinstance(each, Shape) for each in console.messages) == 2
    assert collector.shapes == 2


async def test_that_a_request_is_carried_out_and_answered(collector: Collector, open_console: OpenConsole) -> None:
    console = await open_console()
    requests = [AddNote(console.link.next_request(), uuid4(), "ana", f"note {n}") for n in range(20)]
    answers = await asyncio.gather(*(console.link.send(request) for request in requests))
    assert [answer.request for answer in answers] == [request.request for request in requests]
    assert collector.handled == requests, "requests of one console are carried out in its order"


async def test_that_a_fault_in_a_request_is_answered_and_ends_nothing(
    collector: Collector, open_console: OpenConsole, expected_log: list[str]
) -> None:
    expected_log.append("the request AddNote failed")
    console = await open_console()
    answer = await console.link.send(AddNote(console.link.next_request(), uuid4(), "ana", "bug"))
    assert "fault" in answer.error
    assert not (await console.link.send(AddNote(console.link.next_request(), uuid4(), "ana", "ok"))).error


async def test_that_a_request_without_a_connection_fails_at_once(tmp_path: Path) -> None:
    link = Link(tmp_path, "console 1")
    with pytest.raises(LinkLost, match="no connection"):
        await link.send(AddNote(link.next_request(), uuid4(), "ana", "x"))


async def test_that_a_stalled_console_loses_no_event_and_gets_only_the_newest_columns(
    collector: Collector, open_console: OpenConsole
) -> None:
    quick = await open_console()
    stalled = await Raw.greet(collector)
    stalled.stall()
    for number in range(200):
        collector.server.publish_alarms((alarm(number),))
        collector.show(series=20_000)
        await asyncio.sleep(0)
    await quick.until(lambda: len(quick.rules()) == 200 and quick.tick() == 200)
    assert quick.rules() == [f"rule-{n}" for n in range(200)]

    stalled.go_on()
    seen = await stalled.until(lambda message: isinstance(message, Snapshot) and message.tick == 200)
    late = [alarm.rule for each in seen if isinstance(each, AlarmsChanged) for alarm in each.alarms]
    assert late == [f"rule-{n}" for n in range(200)], "every event, in sequence"
    assert sum(isinstance(each, Snapshot) for each in seen) < 20, "columns are replaced, not queued"
    await stalled.close()


async def test_that_a_console_too_far_behind_gets_a_new_welcome(
    collector: Collector, open_console: OpenConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.link.server.RING_EVENTS", 8)
    stalled = await Raw.greet(collector)
    stalled.stall()
    for number in range(3):
        collector.show(series=200_000)
        collector.server.publish_alarms((alarm(number),))
    for number in range(3, 100):
        collector.server.publish_alarms((alarm(number),))
    stalled.go_on()
    seen = await stalled.until(lambda message: isinstance(message, Welcome | AlarmsChanged) and message.sequence == 100)
    assert [type(each) for each in seen if isinstance(each, Welcome)] == [Welcome, Welcome]
    await stalled.close()


async def test_that_a_console_comes_back_after_a_break_and_misses_nothing(
    collector: Collector, open_console: OpenConsole
) -> None:
    console = await open_console()
    collector.server.publish_alarms((alarm(0),))
    await console.until(lambda: console.rules() == ["rule-0"])
    for session in tuple(collector.server._sessions):
        session.drop()
    for number in range(1, 5):
        collector.server.publish_alarms((alarm(number),))
    await console.until(lambda: len(console.rules()) == 5)
    assert console.rules() == [f"rule-{n}" for n in range(5)]
    assert console.welcomes() == 1, "what it had still holds"
    assert [state.phase for state in console.states[-3:]] == [LinkPhase.LOST, LinkPhase.CONNECTING, LinkPhase.LIVE]
    assert console.states[-3].reason == "the collector has ended"


async def test_that_another_collector_process_starts_afresh(tmp_path: Path) -> None:
    first = Collector(tmp_path)
    await first.server.start()
    console = Console(tmp_path)
    await console.until(lambda: console.phase() is LinkPhase.LIVE)
    first.server.publish_alarms((alarm(0),))
    await console.until(lambda: len(console.rules()) == 1)
    await first.server.close()
    second = Collector(tmp_path)
    await second.server.start()
    second.server.publish_alarms((alarm(1),))
    await console.until(lambda: console.welcomes() == 2)
    await console.close()
    await second.server.close()


async def test_that_without_a_collector_the_link_says_so_and_backs_off(tmp_path: Path) -> None:
    console = Console(tmp_path)
    await console.until(lambda: sum(state.phase is LinkPhase.LOST for state in console.states) >= 3)
    lost = [state for state in console.states if state.phase is LinkPhase.LOST]
    assert all(state.reason == "no collector is running for this folder" for state in lost)
    assert 0 < lost[0].retry_in < lost[2].retry_in <= 5.0
    await console.close()
