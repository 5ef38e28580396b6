"""The pools in the answer to CGMiner's `pools`, with the firmware developer's own set aside."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.core.points import POINTS
from drivers.miners.reply import MAX_POOLS, NOTHING, Fields, rows, text
from drivers.miners.reporter import Understood

_FEE: Final = re.compile(r"\b(?:dev(?:eloper)?|firmware|luxos)[\s._-]*fee", re.IGNORECASE)
"""In the address, the user or the name of a pool by which a firmware takes its developer's share."""
_STATES: Final[Mapping[str, float]] = {
    name: POINTS["pool_state"].code(name) for name in ("alive", "dead", "disabled", "unknown")
}


def is_fee_pool(pool: Fields) -> bool:
    """Whether a pool is the firmware developer's."""
    return any(_FEE.search(text(pool.get(key))) for key in ("URL", "User", "Name", "Group", "Group Name"))


def own_pools(content: Fields) -> tuple[Sequence[Fields], Sequence[Fields]]:
    """The owner's pools in the device's order, and those of the firmware's developer."""
    found = rows(content, "POOLS")
    fee = [pool for pool in found if is_fee_pool(pool)]
    return [pool for pool in found if pool not in fee][:MAX_POOLS], fee


def put_pools(understood: Understood, content: Fields) -> None:
    """Take the state of every pool, and the address and worker in use. A part is the place in the list, from 1."""
    pools, fee = own_pools(content)
    for place, pool in enumerate(pools, 1):
        state = text(pool.get("Status")).casefold()
        understood.put("pool_state", _STATES.get(state, _STATES["unknown"]), str(place))
    used = next((pool for pool in pools if pool.get("Stratum Active") is True), NOTHING)
    understood.tell("pool", text(used.get("URL")))
    understood.tell("worker", text(used.get("User")))
    understood.tell("fee_pool", "; ".join(text(pool.get("URL")) for pool in fee))
