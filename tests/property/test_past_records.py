"""What is told of an instant is what the log said until then, whatever came later and from wherever."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from console.services.ports import Records
from console.store.records.alarm_events import ALARM, fold_alarm
from console.store.records.chain import StoredEvent
from console.store.records.incident_events import INCIDENT, Incidents, by_entity
from console.store.records.inventory_fields import INVENTORY
from console.store.records.inventory_projection import devices_of, feeds_of, fold_kinds, newest_site
from console.store.records.origins import read_founder
from console.store.records.past_records import PastRecords
from tests.property.replica import NOON, SITE, Replica, close_all, open_replicas
from tests.property.test_event_merge import DECISIONS, EDITS, step

HOURS = 30

steps = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.one_of(
            st.tuples(st.just("edit"), st.sampled_from(EDITS), st.integers(0, 2)),
            st.tuples(st.just("detect"), st.just(""), st.integers(1, 3)),
            st.tuples(st.just("decide"), st.sampled_from(DECISIONS), st.integers(0, 2)),
            st.tuples(st.just("alarm"), st.sampled_from(["raise", "clear"]), st.integers(1, 4)),
            st.tuples(st.just("take"), st.just(""), st.integers(0, 1)),
            st.tuples(st.just("wait"), st.just(""), st.sampled_from([1, 600, 4000, 40_000, -500])),
        ),
    ),
    min_size=5,
    max_size=30,
)
moments = st.lists(st.floats(-1.0, HOURS * 3600.0), min_size=3, max_size=6)


@settings(max_examples=15, deadline=None)
@given(steps, moments)
def test_that_an_instant_is_the_fold_of_all_events_until_then(
    played: Sequence[tuple[int, tuple[str, str, int]]], asked: Sequence[float]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder), played, asked))


async def play(folder: Path, played: Sequence[tuple[int, tuple[str, str, int]]], asked: Sequence[float]) -> None:
    replicas = await open_replicas(folder, 2)
    one, other = replicas
    past = PastRecords(one.database)
    try:
        await one.inventory.save(SITE)
        await other.take_from(one)
        for number, (what, how, which) in played:
            await step(replicas, replicas[number], what, how, which)
            await past.at(one.at - 1.0)
        await one.take_from(other)
        fresh = PastRecords(one.database)
        for after in asked:
            wanted = await told(one, NOON + after)
            assert await past.at(NOON + after) == wanted
            assert await fresh.at(NOON + after) == wanted
    finally:
        await close_all(replicas)


async def told(replica: Replica, moment: float) -> Records:
    """The records at an instant, out of nothing but the events until then."""
    rows = await replica.log.read_since({})
    folding = Incidents(await replica.database.read(read_founder))
    since = max(moment, min(row.at for row in rows if row.kind == "site"))
    entered = fold_kinds(row for row in rows if row.kind in INVENTORY and row.at <= since)
    newest = max((row for row in rows if row.kind == "site" and row.at <= since), key=lambda row: row.order)
    found = newest_site(newest.entity, entered["site"])
    assert found is not None
    placed, _ = devices_of(entered["device"])
    site = replace(
        found[0], devices=tuple(device for _, device in placed), loops=found[1], feeds=feeds_of(entered["feeds"]),
        links=SITE.links,
    )  # fmt: skip
    then = [row for row in rows if row.at <= moment]
    incidents = [folding.fold(mine) for mine in by_entity(of(then, INCIDENT)).values()]
    alarms = [fold_alarm(mine) for mine in by_entity(of(then, ALARM)).values()]
    shown = [
        alarm
        for alarm in alarms
        if alarm is not None and (alarm.cleared_at is None or moment - 86400.0 < alarm.cleared_at <= moment)
    ]
    return Records(
        site,
        tuple(sorted(shown, key=lambda alarm: (alarm.onset_at, alarm.id))),
        tuple(sorted((one for one in incidents if one), key=lambda one: (one.tag, one.number, one.id))),
    )


def of(rows: Sequence[StoredEvent], kind: str) -> list[StoredEvent]:
    return [row for row in rows if row.kind == kind]
