"""Merging obeys its laws whatever three stores wrote apart: twice is once, order is nothing, and nothing is lost."""

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.store import schema
from tests.stores_apart import BEGIN, HOUR, Laptop, seats, tile

DEVICES = [UUID(int=0xD0 + number) for number in range(3)]
FEW = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))

note = st.tuples(
    st.just("device"),
    st.sampled_from([str(device) for device in DEVICES]),
    st.fixed_dictionaries({"set": st.dictionaries(st.sampled_from(["place", "asset", "model"]), st.text(max_size=3))}),
    st.floats(BEGIN, BEGIN + 7 * 86400),
)
deed = st.lists(note, max_size=4)
hour = st.integers(0, 3)


@st.composite
def written(draw: st.DrawFn) -> tuple[list[Any], list[tuple[int, int, int]], list[tuple[int, str]]]:
    """What one laptop did: events; rows as (level, hour, rewrites); texts as (second, value)."""
    tiles = draw(
        st.lists(st.tuples(st.sampled_from([0, 1]), hour, st.integers(0, 2)), max_size=4, unique_by=lambda t: t[:2])
    )
    texts = draw(st.lists(st.tuples(st.integers(0, 9), st.text(max_size=3)), max_size=3, unique_by=lambda t: t[0]))
    return draw(deed), tiles, texts


async def _write(laptop: Laptop, work: tuple[list[Any], list[tuple[int, int, int]], list[tuple[int, str]]]) -> None:
    events, tiles, texts = work
    await laptop.say(sorted(events, key=lambda event: event[3]))
    numbers = itertools.count(1)
    me = laptop.origin
    rows = [
        tile(me, next(numbers), level=level, hour=HOUR + at, rev=rev if level == 0 else 0)
        for level, at, again in tiles
        for rev in range(again + 1)
    ]
    frames = [(str(me), 0, (HOUR + at) * 6, next(numbers), bytes([at])) for _, at, _ in tiles[:1]]
    changes = [(str(me), str(DEVICES[0]), "pool", BEGIN + at, value, next(numbers)) for at, value in texts]
    if rows or changes:
        registry = seats(me, DEVICES)
        history: dict[Any, Any] = {
            **registry, schema.tile: rows, schema.keyframe: frames, schema.text_change: changes
        }  # fmt: skip
        await laptop.keep("2026-10", history)


async def _apart(folder: Path, works: Sequence[Any]) -> list[Laptop]:
    noc = await Laptop(folder / "0", 0).begin(founder=True)
    laptops = [noc]
    for number in range(1, len(works)):
        laptop = await Laptop(folder / str(number), number).begin()
        await laptop.take_from(noc)
        laptops.append(laptop)
    for laptop, work in zip(laptops, works, strict=True):
        await _write(laptop, work)
    return laptops


def _in_a_folder(work: Callable[[Path], Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(work(Path(folder)))


def _copy(laptop: Laptop, folder: Path) -> Laptop:
    shutil.copytree(laptop.folder, folder)
    return Laptop(folder, laptop.number)


@FEW
@given(st.tuples(written(), written()))
def test_that_taking_in_twice_is_the_same_as_once(works: tuple[Any, Any]) -> None:
    async def check(folder: Path) -> None:
        one, other = await _apart(folder, works)
        await other.export(folder / "b.bundle")
        await one.import_bundle(folder / "b.bundle")
        once = await one.dump()
        again = await one.import_bundle(folder / "b.bundle")
        assert again.added == 0
        assert await one.dump() == once

    _in_a_folder(check)


@FEW
@given(st.tuples(written(), written()))
def test_that_it_does_not_matter_who_takes_in_whom(works: tuple[Any, Any]) -> None:
    async def check(folder: Path) -> None:
        one, other = await _apart(folder, works)
        first, second = _copy(one, folder / "first"), _copy(other, folder / "second")
        await first.take_from(other)
        await second.take_from(one)
        assert await first.dump() == await second.dump()

    _in_a_folder(check)


@settings(FEW, max_examples=2)
@given(st.tuples(written(), written(), written()))
def test_that_it_does_not_matter_what_is_joined_first_and_nothing_is_lost(works: tuple[Any, Any, Any]) -> None:
    async def check(folder: Path) -> None:
        laptops = await _apart(folder, works)
        before = [await laptop.dump() for laptop in laptops]
        outcomes = []
        for order in itertools.permutations(range(3)):
            goal, *others = (_copy(laptops[at], folder / "".join(map(str, (*order, at)))) for at in order)
            for other in others:
                await goal.take_from(other)
            outcomes.append(await goal.dump())
            shutil.rmtree(goal.folder)
        left = _copy(laptops[1], folder / "left")
        await left.take_from(laptops[2])
        joined = _copy(laptops[0], folder / "joined")
        await joined.take_from(left)
        outcomes.append(await joined.dump())
        assert all(outcome == outcomes[0] for outcome in outcomes)
        _check_nothing_lost(before, outcomes[0])

    _in_a_folder(check)


def _check_nothing_lost(before: Sequence[dict[str, list[Any]]], after: dict[str, list[Any]]) -> None:
    for store in before:
        for name, rows in store.items():
            if name.split()[1] in {"event", "tile", "keyframe", "text_change", "seat"}:
                assert set(rows) <= set(after[name])
