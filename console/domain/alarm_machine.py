"""The state machine of alarms (ISA-18.2 with UNKNOWN), for all subjects of one rule at once.

NORMAL -> PENDING_ON -> ACTIVE -> PENDING_OFF -> NORMAL; without fresh data a standing alarm is UNKNOWN and never
clears; a latched one goes from PENDING_OFF to LATCHED and waits there for its reset.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.domain.telemetry import Codes, Floats, Indices

NORMAL, PENDING_ON, ACTIVE, PENDING_OFF, UNKNOWN, LATCHED = range(6)

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Delays:
    """Delays of a rule, seconds, and whether its alarms latch."""

    on: float
    off: float
    latched: bool


@dataclass(frozen=True, slots=True)
class Moves:
    """Which subjects changed in a way that somebody else has to hear of; positions in the rule's arrays."""

    raised: Indices
    cleared: Indices
    latched: Indices
    lost: Indices
    back: Indices


class Machine:
    """Phases of all subjects of one rule.

    Attributes:
        phase: One of the six phases for each subject.
        since: UTC seconds when the pending phase began.
        onset: UTC seconds of the first bad sample of the present occurrence.
    """

    def __init__(self, subjects: int) -> None:
        self.phase: Codes = np.zeros(subjects, np.uint8)
        self.since: Floats = np.zeros(subjects)
        self.onset: Floats = np.zeros(subjects)

    def shift(self, seconds: float) -> None:
        """Move pending times: time in which nobody watched does not count towards a delay."""
        self.since += seconds

    def step(self, bad: Flags, good: Flags, known: Flags, now: float, sampled: Floats, delays: Delays) -> Moves | None:
        """One evaluation; None when nothing stands, waits or breaks its limit.

        Args:
            bad: Beyond the limit, on fresh data.
            good: Back inside by the deadband, on fresh data; between the two a standing alarm stays.
            known: Has fresh data.
            now: UTC seconds.
            sampled: UTC seconds of each subject's sample.
            delays: Of the rule.
        """
        at = np.flatnonzero(bad | (self.phase != NORMAL))
        if not len(at):
            return None
        was = self.phase[at]
        phase = self._pend(at, was, bad[at], known[at], now, sampled)
        raised = (phase == PENDING_ON) & bad[at] & (now - self.since[at] >= delays.on)
        phase[raised] = ACTIVE
        ended = self._settle(at, was, phase, bad[at], good[at], known[at], now, delays)
        self.phase[at] = phase
        returned = (was == UNKNOWN) & (phase != UNKNOWN) & ~ended
        return Moves(
            raised=at[raised],
            cleared=at[ended & (phase == NORMAL)],
            latched=at[ended & (phase == LATCHED)],
            lost=at[(phase == UNKNOWN) & (was != UNKNOWN)],
            back=at[returned | ((was == LATCHED) & (phase == ACTIVE))],
        )

    def _pend(self, at: Indices, was: Codes, bad: Flags, known: Flags, now: float, sampled: Floats) -> Codes:
        """NORMAL and PENDING_ON. A pending alarm without data keeps waiting: it is neither raised nor forgotten."""
        phase = was.copy()
        begun = (was == NORMAL) & bad
        phase[begun] = PENDING_ON
        self.since[at[begun]] = now
        self.onset[at[begun]] = sampled[at[begun]]
        phase[(was == PENDING_ON) & known & ~bad] = NORMAL
        return phase

    def _settle(
        self, at: Indices, was: Codes, phase: Codes, bad: Flags, good: Flags, known: Flags, now: float, delays: Delays
    ) -> Flags:
        """What stood before: lost, back, going or gone. Returns which have ended now."""
        stood = (was == ACTIVE) | (was == PENDING_OFF) | (was == UNKNOWN)
        phase[(stood | (was == LATCHED)) & ~known] = UNKNOWN
        phase[stood & known & ~good] = ACTIVE
        phase[(was == LATCHED) & bad] = ACTIVE
        going = stood & known & good
        starts = going & (was != PENDING_OFF)
        self.since[at[starts]] = now
        phase[going] = PENDING_OFF
        ended: Flags = going & (now - self.since[at] >= delays.off)
        phase[ended] = LATCHED if delays.latched else NORMAL
        return ended
