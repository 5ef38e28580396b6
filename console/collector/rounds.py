"""Work that comes round every second, and how late the event loop is."""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable

from console.services.ports import Clock

log = logging.getLogger(__name__)

REPEAT_FAULT_AFTER = 600
"""Rounds after which the same fault is logged again."""

LAG_STEP = 0.05


async def every(seconds: float, clock: Clock, name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do some work at each whole multiple of `seconds` on the monotonic clock, until cancelled.

    Rounds never overlap; those that pass meanwhile are left out. A fault in the work is logged and the next round
    comes all the same: a bug in one part must not end the polling.
    """
    faults = 0
    while True:
        now = clock.monotonic()
        await asyncio.sleep((math.floor(now / seconds) + 1) * seconds - now)
        try:
            await work()
        except Exception:
            if faults % REPEAT_FAULT_AFTER == 0:
                log.exception("a fault in the work %r; it goes on", name)
            faults += 1


class LoopLag:
    """Measures how late the loop runs what was due."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._worst = 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            before = self._clock.monotonic()
            await asyncio.sleep(LAG_STEP)
            self._worst = max(self._worst, self._clock.monotonic() - before - LAG_STEP)

    def take(self) -> float:
        """The greatest delay since the last call, seconds."""
        worst, self._worst = self._worst, 0.0
        return worst


class Rate:
    """Events per second over the last ten calls of `sample`."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=11)

    def sample(self, now: float, total: int) -> float:
        """Take a total in at monotonic second `now`; returns the mean rate since the oldest sample."""
        self._samples.append((now, total))
        first_at, first = self._samples[0]
        return (total - first) / (now - first_at) if now > first_at else 0.0
