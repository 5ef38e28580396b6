"""What drivers of miners with commands share: when a restart is believed, and what speaks against a command."""

import pytest

from drivers.core.operation import PreconditionFailed
from drivers.miners.commanding import BeginAnew


class Uptimes:
    """The uptimes that a miner tells, s, one for each look."""

    def __init__(self, *told: float) -> None:
        self._told = list(told)

    async def __call__(self) -> float:
        return self._told.pop(0)


async def restarted() -> str:
    return "OK"


async def shows_a_restart(*told: float) -> bool:
    """Whether the last of several looks, all at one instant, shows that the uptime has begun anew."""
    operation = BeginAnew(Uptimes(*told), restarted, "192.0.2.7:80")
    seen = [await operation.look() for _ in told]
    return seen[-1].holds


@pytest.mark.parametrize(
    ("before", "after", "is_believed"),
    [
        (7_201, 7_200, False),
        (7_201, 7_190, True),
        (7_200, 7_140, False),
        (7_200, 7_200, False),
        (7_200, 7_080, True),
        (7_200, 0, True),
        (86_461, 86_399, True),
    ],
    ids=[
        "a second of rounding", "ten seconds behind", "a minute behind, told in minutes", "no time gone by",
        "two minutes behind", "at nought", "a minute behind, told in seconds",
    ],
)  # fmt: skip
async def test_that_a_restart_is_believed_only_beyond_what_rounding_may_hide(
    before: float, after: float, is_believed: bool
) -> None:
    assert await shows_a_restart(before, after) is is_believed


@pytest.mark.parametrize(("uptime", "is_refused"), [(3, True), (7, False), (120, True), (180, False)])
async def test_that_what_has_only_just_started_is_not_restarted(uptime: float, is_refused: bool) -> None:
    operation = BeginAnew(Uptimes(uptime), restarted, "192.0.2.7:80")
    before = await operation.look()
    if is_refused:
        with pytest.raises(PreconditionFailed, match="only just started"):
            operation.check(before)
    else:
        operation.check(before)
