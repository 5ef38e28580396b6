"""Stores that went apart and were merged again: whatever happened, and in whatever order, they become equal."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from console.domain.incident_life import allowed
from console.domain.incidents import EventKind
from console.domain.inventory import Site
from console.store.records.chain import verify_chain
from console.store.records.projections import projection_problems, rebuild
from tests.property.replica import SITE, Replica, a_device, close_all, open_replicas

EDITS = ("rename", "place", "remove", "add", "same name", "feed", "site", "order")
DECISIONS = (EventKind.ACKNOWLEDGED, EventKind.NOTED, EventKind.MITIGATED, EventKind.RESOLVED, EventKind.REOPENED)

edits = st.tuples(st.just("edit"), st.sampled_from(EDITS), st.integers(0, 1))
decisions = st.tuples(st.just("decide"), st.sampled_from(DECISIONS), st.integers(0, 1))
others = st.one_of(
    st.tuples(st.just("detect"), st.just(""), st.integers(1, 2)),
    st.tuples(st.just("alarm"), st.sampled_from(["raise", "clear"]), st.integers(1, 2)),
    st.tuples(st.just("gap"), st.just(""), st.integers(1, 2)),
    st.tuples(st.just("take"), st.just(""), st.integers(0, 2)),
    st.tuples(st.just("wait"), st.just(""), st.sampled_from([1, 60, 4000, -500])),
)
steps = st.lists(st.tuples(st.integers(0, 2), st.one_of(edits, decisions, others)), min_size=15, max_size=40)


@settings(max_examples=8, deadline=None)
@given(steps)
def test_that_merging_is_idempotent_commutative_and_associative(
    played: Sequence[tuple[int, tuple[str, str, int]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder), played))


async def play(folder: Path, played: Sequence[tuple[int, tuple[str, str, int]]]) -> None:
    replicas = await open_replicas(folder, 3)
    orders = await open_replicas(folder, 3, first=3)
    try:
        await replicas[0].inventory.save(SITE)
        await replicas[0].detect(100)
        for other in replicas[1:]:
            await other.take_from(replicas[0])
        for number, (what, how, which) in played:
            await step(replicas, replicas[number], what, how, which)
        for target, order in zip(orders, list(permutations(replicas))[::2], strict=True):
            for source in order:
                await target.take_from(source)
        await check(replicas, orders)
    finally:
        await close_all([*replicas, *orders])


async def check(replicas: Sequence[Replica], orders: Sequence[Replica]) -> None:
    wanted = await orders[0].dump()
    for target in orders[1:]:
        assert await target.dump() == wanted, "the order of merges makes no difference"
    for target in (replicas[0], replicas[1]):
        await target.take_from(orders[0])
        assert await target.dump() == wanted, "nor does who merged into whom"
        again = await target.log.merge(await orders[0].log.read_since({}))
        assert (again.added, again.conflicts) == (0, ()), "twice is the same as once"
        assert await target.dump() == wanted
        await target.database.write(rebuild)
        assert await target.dump() == wanted, "the tables follow from the log alone"
        assert await target.database.read(verify_chain) == []
        assert await target.database.read(projection_problems) == []
    every = {row[:2] for replica in replicas for row in await replica.log.read_since({})}
    assert {row[:2] for row in await orders[0].log.read_since({})} == every, "nothing is lost"


async def step(replicas: Sequence[Replica], replica: Replica, what: str, how: str, which: int) -> None:
    match what:
        case "edit":
            await replica.edit(lambda site: edited(site, how, which, replica.number))
        case "detect":
            known = {incident.id.int for incident in await replica.incidents.incidents()}
            number = which + 10 * replica.number + 100
            if number not in known:
                await replica.detect(number)
        case "decide":
            await decide(replica, EventKind(how), which)
        case "alarm":
            await replica.put_alarm(which, cleared=how == "clear")
        case "gap":
            start = 1_000_000.0 * which
            await replica.attendance.record_gap(start, start + 10 * (replica.number + 1), "no collector ran")
        case "take":
            if replicas[which] is not replica:
                await replica.take_from(replicas[which])
        case _:
            replica.at += which


async def decide(replica: Replica, kind: EventKind, which: int) -> None:
    known = await replica.incidents.incidents()
    if known:
        incident = known[which % len(known)]
        if not allowed(incident, kind):
            await replica.decide(incident, kind, "seen")


def edited(site: Site, how: str, which: int, who: int) -> Site:
    devices = site.devices
    one = devices[which % len(devices)] if devices else None
    match how:
        case "rename" if one is not None:
            changed = replace(one, name=f"N{which}-{who}")
        case "place" if one is not None:
            changed = replace(one, place=f"hall/{who}", serial=f"S{who}")
        case "remove" if one is not None:
            return replace(site, devices=tuple(device for device in devices if device is not one))
        case "add" if a_device(10 + which).id not in {device.id for device in devices}:
            return replace(site, devices=(a_device(10 + which), *devices))
        case "same name" if "twin" not in {device.name for device in devices}:
            if a_device(20 + who).id not in {device.id for device in devices}:
                return replace(site, devices=(*devices, a_device(20 + who, "twin")))
            return site
        case "feed":
            return replace(site, feeds=tuple(replace(feed, target=f"T{who}") for feed in site.feeds[:1]))
        case "site":
            return replace(site, name=f"Pecos {which}", rated_mw=float(who))
        case "order":
            return replace(site, devices=devices[1:] + devices[:1])
        case _:
            return site
    names = {device.name for device in devices if device is not one}
    return (
        site
        if changed.name in names
        else replace(site, devices=tuple(changed if device is one else device for device in devices))
    )
