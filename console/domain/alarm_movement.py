"""When each value of a rule changed last: the memory of a FROZEN rule."""

import numpy as np

from console.domain.alarm_machine import Flags
from console.domain.telemetry import Floats

Key = tuple[int, str]
"""Device row and part."""


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

    def inherit(self, before: "Movement", places: dict[Key, int], keys: list[Key]) -> None:
        """Take over the memory of an earlier shape, where `places` says who stood where."""
        for at, key in enumerate(keys):
            was = places.get(key)
            if was is not None:
                self.last[at] = before.last[was]
                self.changed_at[at] = before.changed_at[was]
                self.moved[at] = before.moved[was]

    def judge(self, values: Floats, now: float, delay: float) -> tuple[Flags, Flags]:
        """Which stand still for longer than `delay` seconds, and which are known to move."""
        changed = ~np.isnan(values) & (values != self.last)
        self.moved |= changed & ~np.isnan(self.last)
        self.last[changed] = values[changed]
        self.changed_at[changed] = now
        frozen: Flags = now - self.changed_at > delay
        return frozen, ~frozen & self.moved
