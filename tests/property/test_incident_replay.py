"""Whatever happens to incidents, the log alone gives back exactly what was told."""

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from console.domain.alarms import Condition
from console.domain.incident_life import fold
from console.domain.incidents import Incident
from console.services.ports import ConflictError
from tests.unit.console.services.scene import Scene, build_site

RULES = (
    ("pump-tripped", "PLC-B", "2"),
    ("coolant-flow-low", "PLC-B", ""),
    ("coolant-leak", "PLC-A", ""),
    ("pdu-outlet-off", "PDU-1", "1"),
    ("miner-chip-temperature-high", "M2-1", ""),
    ("miner-chip-temperature-high", "M2-2", ""),
    ("miner-unreachable", "M1-1", ""),
    ("miner-dead-board", "M2-1", "3"),
)
ACTS = ("acknowledge", "note", "mitigate", "resolve", "painted")

steps = st.lists(
    st.one_of(
        st.tuples(st.just("raise"), st.integers(0, len(RULES) - 1)),
        st.tuples(st.just("clear"), st.integers(0, len(RULES) - 1)),
        st.tuples(st.just("unknown"), st.integers(0, len(RULES) - 1)),
        st.tuples(st.just("wait"), st.sampled_from([1, 12, 40, 400, 4000, 90_000])),
        st.tuples(st.sampled_from(ACTS), st.integers(0, 5)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_that_a_replay_equals_what_was_told(played: Sequence[tuple[str, int]]) -> None:
    asyncio.run(play(played))


async def play(played: Sequence[tuple[str, int]]) -> None:
    scene = Scene(build_site(pdus=2, outlets=3))
    told: dict[object, Incident] = {}
    for what, number in played:
        await step(scene, what, number, told)
        for incident in (await scene.take_in()).incidents:
            told[incident.id] = incident
        await check(scene, told)


async def step(scene: Scene, what: str, number: int, told: dict[object, Incident]) -> None:
    if what == "wait":
        scene.clock.at += number
    elif what == "restart":
        await scene.restart(scene.clock.at)
    elif what in ACTS:
        await act(scene, what, number)
    else:
        await alarm(scene, what, RULES[number], told)


async def alarm(scene: Scene, what: str, key: tuple[str, str, str], told: dict[object, Incident]) -> None:
    stands = key in scene.standing
    changed = []
    if what == "raise" and not stands:
        changed = [scene.alarm(*key)]
    elif what == "clear" and stands:
        changed = [scene.clear(*key)]
    elif what == "unknown" and stands:
        changed = [scene.change(*key, condition=Condition.UNKNOWN)]
    for incident in (await scene.take_in(*changed)).incidents:
        told[incident.id] = incident


async def act(scene: Scene, what: str, number: int) -> None:
    known = await scene.log.incidents()
    if not known:
        return
    incident = known[number % len(known)]
    triage = scene.triage
    try:
        match what:
            case "acknowledge":
                await triage.acknowledge(incident.id, incident.version, "A")
            case "note":
                await triage.note(incident.id, "B", "seen")
            case "mitigate":
                await triage.mitigate(incident.id, max(1, incident.version - 1), "A")
            case "resolve":
                await triage.resolve(incident.id, incident.version, "A")
            case _:
                await triage.painted([incident.id], "NOC-1")
    except (ConflictError, ValueError) as refused:
        if not str(refused).startswith("INC-"):
            raise


async def check(scene: Scene, told: dict[object, Incident]) -> None:
    stored = {incident.id: incident for incident in await scene.log.incidents()}
    assert told == stored
    for incident in stored.values():
        assert fold(incident.events, incident.number) == incident
        assert [event.version for event in incident.events] == list(range(1, incident.version + 1))
        if incident.mitigated_at is not None:
            assert incident.mitigated_at >= incident.detected_at
    open_ids = {incident.id for incident in stored.values() if incident.state.is_open}
    assert set(scene.triage.book.cases) == open_ids
    for alarm in scene.triage.standing():
        assert alarm.incident is None or alarm.incident in open_ids
