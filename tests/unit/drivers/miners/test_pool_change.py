"""Whether a miner keeps the pools that it was given."""

import pytest

from drivers.core.operation import PreconditionFailed
from drivers.miners.pool_change import Account, check_count, plain_url, seen_pools

GIVEN = [("stratum+tcp://a.pool.example:3333", "farm.07"), ("stratum+ssl://b.pool.example:443", "farm.07")]


@pytest.mark.parametrize(
    ("kept", "holds"),
    [
        (GIVEN, True),
        ([("A.pool.example:3333/", "farm.07"), ("stratum+ssl://b.pool.example:443", "farm.07"), ("", "")], True),
        (GIVEN[:1], False),
        (GIVEN[::-1], False),
        ([GIVEN[0], ("b.pool.example:443", "farm.07")], False),
        ([("stratum+tcp://a.pool.example:3333", "FARM.07"), GIVEN[1]], False),
    ],
    ids=["the same", "spelled otherwise", "one is missing", "another order", "without encryption", "another user"],
)
def test_that_pools_are_compared_by_what_they_are_and_not_by_how_they_are_spelled(
    kept: list[Account], holds: bool
) -> None:
    assert seen_pools(kept, GIVEN).holds is holds


def test_that_what_is_kept_is_shown() -> None:
    assert seen_pools(GIVEN[:1], GIVEN).text == "stratum+tcp://a.pool.example:3333 as farm.07"
    assert seen_pools([("", "")], GIVEN).text == "no pool"


def test_that_an_encrypted_pool_keeps_its_scheme() -> None:
    assert plain_url("stratum+tcp://p.example:3333/") == "p.example:3333"
    assert plain_url("stratum+ssl://p.example:443") == "stratum+ssl://p.example:443"


@pytest.mark.parametrize("count", [0, 4])
def test_that_no_pool_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(PreconditionFailed, match=f"keeps 1 to 3 pools, not {count}"):
        check_count(count, 3)
