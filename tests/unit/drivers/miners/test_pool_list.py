"""Pools as miners list them: which is in use, in which state, and which is the firmware developer's."""

import math

import pytest

from drivers.core.points import POINTS
from drivers.core.reading import Signal
from drivers.miners.pool_list import ListedPool, cgminer_pools, names_a_fee, pool_in_use, put_pools
from drivers.miners.reporter import Understood


def pool(name: str, state: str = "Alive", *, in_use: bool | None = None, priority: float = math.nan) -> ListedPool:
    return ListedPool(f"stratum+tcp://{name}:1", name, state, in_use=in_use, priority=priority)


@pytest.mark.parametrize(
    ("pools", "used"),
    [
        ([pool("a", in_use=False), pool("b", in_use=True)], "b"),
        ([pool("a", in_use=False), pool("b", in_use=False)], ""),
        ([pool("a", "Dead"), pool("b"), pool("c")], "b"),
        ([pool("a", priority=2), pool("b", priority=1)], "b"),
        ([pool("a"), pool("b", priority=7)], "b"),
        ([pool("a", "Dead")], ""),
        ([], ""),
    ],
    ids=["said", "none said to be", "the living one", "by priority", "one without priority", "none lives", "no pool"],
)
def test_that_the_pool_in_use_is_the_one_that_is_said_to_be_or_the_living_one_of_first_priority(
    pools: list[ListedPool], used: str
) -> None:
    found = pool_in_use(pools)
    assert (found.user if found is not None else "") == used


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Alive", "alive"),
        ("active", "alive"),
        ("Rejecting", "alive"),
        ("OFFLINE", "dead"),
        ("Disabled", "disabled"),
        ("Sick", "unknown"),
        ("", "unknown"),
    ],
)
def test_that_one_state_has_one_name_whatever_the_firmware_calls_it(word: str, state: str) -> None:
    understood = Understood()
    put_pools(understood, [pool("a", word)])
    assert understood.readings[Signal("pool_state", "1")] == POINTS["pool_state"].code(state)


def test_that_the_developers_pools_are_told_apart_and_not_counted() -> None:
    rows = [
        {"URL": "stratum+tcp://fee.example:1", "User": "luxos_devfee", "Stratum Active": True},
        {"Stratum URL": "stratum+tcp://own.example:1", "User": "rig.1", "Stratum Active": False, "Status": "Alive"},
        {"URL": "", "User": "DevFee"},
    ]
    understood = Understood()
    put_pools(understood, cgminer_pools({"POOLS": rows}))
    assert {signal.part for signal in understood.readings} == {"1"}
    assert understood.texts == {"fee_pool": "stratum+tcp://fee.example:1; DevFee"}


@pytest.mark.parametrize("word", ["devfee", "Dev Fee", "x.dev-fee.example", "stratum.eu.bos.braiins.com:3333"])
def test_that_a_developers_pool_is_known_by_its_name(word: str) -> None:
    assert names_a_fee("stratum+tcp://pool.example:1", word)


@pytest.mark.parametrize("word", ["coffeeshop", "devon", "development.feed", "braiins.com"])
def test_that_an_owners_name_is_none_of_a_developer(word: str) -> None:
    assert not names_a_fee(word)
