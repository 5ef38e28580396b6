"""Which board is which: firmware counts its boards from 0, 1, 6 or 11, depending on the control board."""

from collections.abc import Sequence
from typing import Final

from drivers.miners.reply import MAX_BOARDS, number

_BASES: Final = (0, 1, 6, 11)


def board_numbers(ids: Sequence[object]) -> list[str]:
    """The number of each board from 1 in slot order, from the firmware's ids; in their order where it has none."""
    found = [number(one) for one in ids]
    whole = [int(one) for one in found if 0 <= one < 64]
    if whole and len(whole) == len(found) == len(set(whole)):
        base = max(base for base in _BASES if base <= min(whole))
        if max(whole) - base < MAX_BOARDS:
            return [str(one - base + 1) for one in whole]
    return [str(at) for at in range(1, len(found) + 1)]
