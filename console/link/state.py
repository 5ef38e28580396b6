"""How a console stands to its collector."""

from dataclasses import dataclass
from enum import StrEnum


class LinkPhase(StrEnum):
    """The three phases of a link."""

    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class LinkState:
    """Where the link stands.

    Attributes:
        phase: Connecting, live or lost.
        reason: Why it is lost, as a sentence for the operator; empty otherwise.
        retry_in: Seconds until the next attempt; 0 when none is planned.
        attempt: Attempts in a row that failed.
    """

    phase: LinkPhase
    reason: str = ""
    retry_in: float = 0.0
    attempt: int = 0


class LinkLost(ConnectionError):
    """A request could not be sent or its answer did not come; nobody knows whether it was carried out."""
