"""What a virtual miner at an address is made of, and what becomes of a question to it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from drivers.simulators.personality import HttpQuestion, Personality, VirtualMiner, Wire


class Manner(IntEnum):
    """What becomes of a question."""

    ANSWERS = 0
    RESETS = 1
    """Nobody is there: the connection is reset, a datagram is lost."""
    HANGS = 2
    """Takes the question, does nothing, and never answers."""
    CUTS = 3
    """The reply ends in the middle."""
    SLOW = 4
    HANGS_AFTER = 5
    """Does what the question says, and never answers."""
    DROPS = 6
    """Does what the question says, and closes the connection without an answer."""
    DEAF = 7
    """Takes the connection and reads nothing."""
    TRICKLES = 8
    """Answers one byte at a time."""


Question: TypeAlias = bytes | HttpQuestion
"""As it came over the wire; of a framed question the body."""


class Conduct(NamedTuple):
    """What becomes of one question.

    Attributes:
        manner: Itself.
        delay: Real seconds by which a slow answer is late, and between two bytes of one that trickles.
    """

    manner: Manner = Manner.ANSWERS
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Resident:
    """A virtual miner at its address.

    Attributes:
        personality: Its firmware.
        miner: Its state.
        conduct: Asked once for each connection (None), and once for each whole question.
    """

    personality: Personality
    miner: VirtualMiner
    conduct: Callable[[Wire, Question | None], Conduct]


Directory: TypeAlias = Callable[[str], Resident | None]
"""Who lives at a loopback address; None for nobody."""
