"""Hybrid logical clock: times that never repeat or step back, and that order the events of all origins.

A time is one integer: 48 bits of milliseconds since the epoch, then 16 bits that count within a millisecond. It stays
close to the wall clock, yet is always greater than every time seen before, one's own and others' (Kulkarni et al.,
"Logical Physical Clocks", 2014).
"""

from collections.abc import Callable

COUNTER_BITS = 16

MOST_AHEAD = 24 * 3600.0
"""Seconds that somebody else's time may lie ahead of the wall clock here. Beyond it one of the two clocks is wrong,
and to follow it would let that one win every later edit."""


class ClockAhead(ValueError):
    """A foreign time lies too far in the future; the text says how far and what to do."""


def hybrid_time(at: float) -> int:
    """The first hybrid time of the millisecond of UTC second `at`; 0 for times before the epoch."""
    return max(int(at * 1000.0), 0) << COUNTER_BITS


def wall_time(hybrid: int) -> float:
    """UTC seconds of a hybrid time, to the millisecond."""
    return (hybrid >> COUNTER_BITS) / 1000.0


class HybridClock:
    """Gives out hybrid times.

    Args:
        wall: UTC seconds now; may step back.
        last: Greatest hybrid time that is known already, such as that of a stored log.
    """

    def __init__(self, wall: Callable[[], float], last: int = 0) -> None:
        self._wall = wall
        self._last = last

    @property
    def last(self) -> int:
        """The greatest time given out or observed."""
        return self._last

    def tick(self) -> int:
        """The next time: greater than every one before. A full counter carries into the millisecond."""
        self._last = max(hybrid_time(self._wall()), self._last + 1)
        return self._last

    def check(self, foreign: int, whose: str) -> None:
        """Raise `ClockAhead` when a time of somebody else (`whose`, for the sentence) lies too far ahead."""
        ahead = wall_time(foreign) - self._wall()
        if ahead > MOST_AHEAD:
            raise ClockAhead(
                f"{whose} is dated {ahead / 3600.0:,.0f} hours ahead of this computer's clock; at most "
                f"{MOST_AHEAD / 3600.0:.0f} are believed. Set the clock that is wrong, then try again."
            )

    def observe(self, known: int) -> None:
        """From now on give out only times after this one."""
        self._last = max(self._last, known)
