"""The performance profiles of a LuxOS miner, which are its power modes."""

from typing import Final

from drivers.miners.reply import Fields, rows, text

_MOST: Final = 64
_BOARD_NUMBERS: Final = frozenset({"0", "1", "2", "3"})
"""Names that `profileset` takes for the number of a board (Luxor's documentation)."""


def profile_names(content: Fields) -> tuple[str, ...]:
    """The names in the answer to `profiles` that can be sent back as they are."""
    names = (text(row.get("Profile Name")) for row in rows(content, "PROFILES")[:_MOST])
    return tuple(dict.fromkeys(name for name in names if is_sendable(name)))


def is_sendable(name: str) -> bool:
    """Whether a name means a profile and nothing else: no list, no place relative to another, no board."""
    return bool(name) and "," not in name and name not in _BOARD_NUMBERS and name[0] not in "+-"
