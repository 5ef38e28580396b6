"""Whether a Whatsminer holds the pools that it was given; the same in both versions of its interface."""

from collections.abc import Sequence
from typing import Final

from drivers.core.command import Pool
from drivers.miners.reply import Fields
from drivers.miners.whatsminer_parser import first_text

POOLS: Final = 3
"""Pools that the firmware holds."""


def holds_pools(found: Sequence[Fields], wanted: Sequence[Pool]) -> bool:
    """Whether the pools and users are those, in that order; passwords are not told."""
    told = [(_plain(url), user) for url, user in _pairs(found)]
    return told == [(_plain(pool.url), pool.user) for pool in wanted]


def pools_text(found: Sequence[Fields]) -> str:
    """The pools for the record, without passwords."""
    return "; ".join(f"{url} {user}".strip() for url, user in _pairs(found)) or "no pools"


def _pairs(found: Sequence[Fields]) -> list[tuple[str, str]]:
    pairs = [(first_text(pool, ("URL", "url")), first_text(pool, ("User", "account"))) for pool in found]
    return [(url, user) for url, user in pairs if url]


def _plain(url: str) -> str:
    """A pool's address without what firmware adds or leaves off: the usual scheme, a slash at the end, letter case."""
    return url.strip().casefold().removeprefix("stratum+tcp://").rstrip("/")
