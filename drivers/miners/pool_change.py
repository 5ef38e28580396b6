"""A change of pools: how many a firmware keeps, and whether it keeps those that it was given."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from drivers.core.operation import PreconditionFailed, Seen

Account: TypeAlias = tuple[str, str]
"""Address of a pool, and the user there. Passwords are told by no miner, or as asterisks."""

_PLAIN: Final = "stratum+tcp://"


def check_count(count: int, most: int) -> None:
    """Raise `PreconditionFailed` for no pool, or more than the firmware keeps."""
    if not 1 <= count <= most:
        raise PreconditionFailed(f"this firmware keeps 1 to {most} pools, not {count}")


def plain_url(url: str) -> str:
    """A pool's address without what firmware adds or leaves off: the usual scheme and a slash at the end."""
    return url.strip().removeprefix(_PLAIN).rstrip("/")


def seen_pools(found: Iterable[Account], wanted: Sequence[Account]) -> Seen:
    """The pools that a miner keeps, those without an address left out; whether they are the wanted ones, in order."""
    kept = [(url, user) for url, user in found if url]
    shown = ", ".join(f"{url} as {user}" for url, user in kept)
    return Seen(shown or "no pool", [_compared(one) for one in kept] == [_compared(one) for one in wanted])


def _compared(account: Account) -> Account:
    url, user = account
    return plain_url(url).casefold(), user
