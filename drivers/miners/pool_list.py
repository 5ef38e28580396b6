"""The pools that a miner lists, whatever its firmware calls them; the developer's own are set aside."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from drivers.core.points import POINTS
from drivers.miners.reply import MAX_POOLS, Fields, number, rows, text
from drivers.miners.reporter import Understood

_FEE: Final = re.compile(r"(?<![a-z])(?:dev(?:eloper)?|firmware|luxos)[\s._-]*fee|\.bos\.braiins\.com", re.IGNORECASE)
"""In the address, the user or the name of a pool by which a firmware takes its developer's share."""
_STATES: Final[Mapping[str, str]] = {
    "alive": "alive",
    "active": "alive",
    "working": "alive",
    "rejecting": "alive",
    "dead": "dead",
    "offline": "dead",
    "disabled": "disabled",
}
"""States of the point `pool_state` by the words of all firmware; a pool that rejects shares does answer."""


@dataclass(frozen=True, slots=True)
class ListedPool:
    """One pool of a miner's list.

    Attributes:
        url: As the firmware writes it.
        user: Worker or account.
        state: The firmware's word, such as `Alive`; empty where it tells none.
        in_use: Whether the firmware says that it mines there; None where it does not say.
        priority: The lowest is preferred; NaN where the list is in order.
        is_fee: Whether the firmware marks it as not the owner's.
    """

    url: str
    user: str
    state: str = ""
    in_use: bool | None = None
    priority: float = math.nan
    is_fee: bool = False


def names_a_fee(*words: str) -> bool:
    """Whether address, user or name of a pool is that of a firmware's developer."""
    return any(_FEE.search(word) for word in words)


def cgminer_pools(content: Fields) -> Sequence[ListedPool]:
    """The pools in the answer to CGMiner's `pools`."""
    return [_cgminer_pool(pool) for pool in rows(content, "POOLS")]


def _cgminer_pool(pool: Fields) -> ListedPool:
    in_use = pool.get("Stratum Active")
    names = [text(pool.get(key)) for key in ("URL", "Stratum URL", "User", "Name", "Group", "Group Name")]
    return ListedPool(
        url=names[0] or names[1],
        user=names[2],
        state=text(pool.get("Status")),
        in_use=in_use if isinstance(in_use, bool) else None,
        priority=number(pool.get("Priority")),
        is_fee=names_a_fee(*names),
    )


def own_pools(pools: Iterable[ListedPool]) -> Sequence[ListedPool]:
    """The owner's pools in their order, as many as are shown; firmware also lists its slots that hold no pool."""
    return [pool for pool in pools if not pool.is_fee and (pool.url or pool.user)][:MAX_POOLS]


def put_pools(understood: Understood, pools: Sequence[ListedPool]) -> None:
    """Take the state of every pool, and the address and worker in use. A part is the place in the list, from 1."""
    own = own_pools(pools)
    for place, pool in enumerate(own, 1):
        state = _STATES.get(pool.state.casefold(), "unknown")
        understood.put("pool_state", POINTS["pool_state"].code(state), str(place))
    used = pool_in_use(own)
    if used is not None:
        understood.tell("pool", used.url)
        understood.tell("worker", used.user)
    fees = dict.fromkeys(pool.url or pool.user for pool in pools if pool.is_fee)
    understood.tell("fee_pool", "; ".join(filter(None, fees)))


def pool_in_use(pools: Sequence[ListedPool]) -> ListedPool | None:
    """The pool that the firmware says it mines at; where it never says, the living one of the first priority."""
    if any(pool.in_use is not None for pool in pools):
        return next((pool for pool in pools if pool.in_use), None)
    alive = [pool for pool in pools if _STATES.get(pool.state.casefold()) == "alive"]
    return min(alive, key=lambda pool: pool.priority if pool.priority == pool.priority else math.inf, default=None)
