"""Which slots an answer has, and which level of history it is taken from."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import ceil, lcm
from typing import Final

import numpy as np

from console.store.history.levels import (
    DAY,
    HOUR,
    MINUTE,
    RAW,
    SECONDS_IN_DAY,
    SECONDS_IN_HOUR,
    SECONDS_IN_MINUTE,
    STEP_SECONDS,
)
from console.store.history.quantise import Integers
from console.store.reading.blobs import Hours

CELLS: Final = 2_500_000
"""Samples that are decoded at a time, about: bounds memory, and keeps reading transactions short."""

FEWEST_ROWS: Final = 64
"""Series are decoded in bands; fewer cost as much as these."""

HOURS_IN_DAY: Final = SECONDS_IN_DAY // SECONDS_IN_HOUR

WORDS: Final = {RAW: "raw", MINUTE: "minute", HOUR: "hour", DAY: "day"}
"""What the levels are called outside the store."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Consecutive slots of one length, counted since the epoch.

    Attributes:
        step: Seconds.
        first: Number of the first slot.
        count: How many.
    """

    step: float
    first: int
    count: int

    @classmethod
    def over(cls, start: float, stop: float, step: float) -> "Slots":
        """The slots that overlap [start, stop)."""
        first = int(np.floor(round(start / step, 9)))
        return cls(step, first, max(0, ceil(round(stop / step, 9)) - first))

    @property
    def start(self) -> float:
        """UTC seconds of the first."""
        return self.first * self.step

    @property
    def stop(self) -> float:
        """UTC seconds of the end of the last."""
        return (self.first + self.count) * self.step

    @property
    def hours(self) -> Hours:
        """The hours that they touch."""
        return hours_between(self.start, self.stop)

    def within(self, start: float, stop: float) -> "Slots":
        """Those that overlap [start, stop)."""
        mine = Slots.over(max(start, self.start), min(stop, self.stop), self.step)
        return mine if start < self.stop and self.start < stop else Slots(self.step, self.first, 0)

    def overlap(self, first: int, count: int) -> "Slots":
        """Those among `count` slots of the same step from slot `first` on."""
        begin = max(first, self.first)
        stop = min(first + count, self.first + self.count)
        return Slots(self.step, begin, max(0, stop - begin))

    def finer(self, step: float) -> "Slots":
        """The same time in shorter slots."""
        times = round(self.step / step)
        return Slots(step, self.first * times, self.count * times)

    def place_of(self, others: "Slots") -> slice:
        """Where other slots of the same step stand among these."""
        first = others.first - self.first
        return slice(first, first + others.count)

    def pieces(self, rows: int, step: float) -> Iterable["Slots"]:
        """Consecutive pieces of so many series that one is decoded at a time out of slots of `step` seconds."""
        most = max(1, int(CELLS / max(rows, FEWEST_ROWS) * step / self.step))
        for at in range(0, self.count, most):
            yield Slots(self.step, self.first + at, min(most, self.count - at))


def hours_between(start: float, stop: float) -> Hours:
    """The hours that [start, stop) touches."""
    first = int(start // SECONDS_IN_HOUR)
    return Hours(first, max(first, ceil(stop / SECONDS_IN_HOUR) - 1))


@dataclass(frozen=True, slots=True)
class Plan:
    """How a question is answered.

    Attributes:
        level: RAW, MINUTE, HOUR or DAY.
        base: Seconds of a slot of that level; of RAW the least that all stored periods divide.
        slots: Those of the answer, each a whole number of `base`.
    """

    level: int
    base: float
    slots: Slots

    @property
    def times(self) -> int:
        """How many slots of the level make one of the answer."""
        return round(self.slots.step / self.base)


def plan_for(start: float, stop: float, step: float, periods_ms: Collection[int], finest: int) -> Plan:
    """The coarsest level that still answers, but none finer than `finest`, the finest that is kept of that time.

    The step is rounded up to whole slots of the level.
    """
    level = max(finest, level_for(step))
    base = lcm(*periods_ms) / 1000.0 if level == RAW and periods_ms else float(STEP_SECONDS.get(level, 1))
    times = max(1, ceil(round(step / base, 6)))
    return Plan(level, base, Slots.over(start, stop, times * base))


def level_for(step: float) -> int:
    """The coarsest level whose slots are no longer than `step` seconds."""
    if step >= SECONDS_IN_DAY:
        return DAY
    if step >= SECONDS_IN_HOUR:
        return HOUR
    return MINUTE if step >= SECONDS_IN_MINUTE else RAW


def divisor_step(step: float, base: float, whole: float) -> float:
    """The shortest whole number of `base` seconds that is no shorter than `step` and divides `whole`."""
    slots = max(1, ceil(round(step / base, 6)))
    most = round(whole / base)
    return next((count for count in range(slots, most + 1) if most % count == 0), most) * base


def runs(numbers: Integers) -> list[Integers]:
    """Ascending numbers cut wherever one is left out."""
    return [run for run in np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1) if len(run)]
