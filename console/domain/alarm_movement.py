"""When each value of a rule changed last: the memory of a FROZEN rule."""

import numpy as np

from console.domain.alarm_machine import Flags
from console.domain.telemetry import Floats, Indices


class Movement:
    """Last value and last change of each subject.

    Attributes:
        last: Last value seen, NaN before the first.
        changed_at: UTC seconds of the last change.
        moved: Whether a change was ever seen; before that nothing is known.
    """

    def __init__(self, subjects: int) -> None:
        self.last: Floats = np.full(subjects, np.nan)
        self.changed_at: Floats = np.full(subjects, np.nan)
        self.moved: Flags = np.zeros(subjects, np.bool_)

    def inherit(self, before: "Movement", here: Indices, there: Indices) -> None:
        """Take over the memory of an earlier shape, whose subjects `there` stand `here` now."""
        self.last[here] = before.last[there]
        self.changed_at[here] = before.changed_at[there]
        self.moved[here] = before.moved[there]

    def judge(self, values: Floats, now: float, delay: float) -> tuple[Flags, Flags]:
        """Which stand still for longer than `delay` seconds, and which are known to move."""
        changed = ~np.isnan(values) & (values != self.last)
        self.moved |= changed & ~np.isnan(self.last)
        self.last[changed] = values[changed]
        self.changed_at[changed] = now
        frozen: Flags = now - self.changed_at > delay
        return frozen, ~frozen & self.moved
