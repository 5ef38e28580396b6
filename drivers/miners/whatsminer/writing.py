"""What the two versions of a Whatsminer's interface have in common where they are written to."""

from collections.abc import Sequence
from typing import Final

from drivers.core.command import Pool
from drivers.core.operation import Seen
from drivers.miners.pool_change import seen_pools
from drivers.miners.reply import Fields
from drivers.miners.whatsminer.parser import first_text

MOST_POOLS: Final = 3
WRITING_OFF: Final = (
    "the miner takes no writes over its API: switch the API on with the maker's tool (WhatsMinerTool), where the admin "
    "password must first be changed from the maker's own"
)


def holds_pools(found: Sequence[Fields], wanted: Sequence[Pool]) -> Seen:
    """The miner's pools, and whether they are the wanted ones; the firmware writes their keys in two ways."""
    kept = [(first_text(pool, ("URL", "url")), first_text(pool, ("User", "account"))) for pool in found]
    return seen_pools(kept, [(pool.url, pool.user) for pool in wanted])
