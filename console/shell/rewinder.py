"""One site's way into the past: asks the archive, one question at a time, and drops answers nobody waits for."""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from console.presenters.past import ArchiveSource, PastStates
from console.services.ports import KEYFRAME_SECONDS, Archive, UnreadableRecord
from console.shell.operations import Operations, Trouble

QUICK_SECONDS = 0.06
"""An exact answer that takes no longer than this is given while dragging too, in place of the keyframe before it."""

REST = 3.0
"""While playing, slow answers are this many times their own length apart."""

EASE = 0.3
"""Share of the newest measurement in the running mean of how long an exact answer takes."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What is on record: from UTC second `begins` to `ends` (NaN when nothing is), without the `gaps` in a range."""

    begins: float = math.nan
    ends: float = math.nan
    gaps: Sequence[tuple[float, float, str]] = ()


class Rewinder:
    """Shows instants of a site's record.

    The newest question wins: while one is being answered, only the last one asked meanwhile is kept. What was in
    work when the hand moved on is still shown, so that a drag shows something all the way; what was in work before
    the operator jumped elsewhere or went live is not.

    Args:
        name: The site's, for messages.
        archive: The site folder's record.
        source: Where the answers are shown.
        states: Turns them into states.
        operations: Runs the reads.
        on_shown: Called when another instant is shown.
        on_trouble: Shows why one could not be read.
    """

    def __init__(
        self,
        name: str,
        archive: Archive,
        source: ArchiveSource,
        states: PastStates,
        operations: Operations,
        on_shown: Callable[[], None],
        on_trouble: Callable[[Trouble], None],
    ) -> None:
        self._name = name
        self.archive = archive
        self.source = source
        self.states = states
        self._operations = operations
        self._on_shown = on_shown
        self._on_trouble = on_trouble
        self._wanted: tuple[float, bool] | None = None
        self._shown: tuple[float, bool] | None = None
        self._journey = 0
        self._running = False
        self._exact_seconds = QUICK_SECONDS
        self._answered_at = -math.inf

    @property
    def is_busy(self) -> bool:
        """Whether a question is being answered."""
        return self._running

    @property
    def is_settled(self) -> bool:
        """Whether nothing else is wanted than what is shown, and that is exact to the stored period."""
        return not self._running and (self._shown is None or self._shown[1])

    def jump(self, moment: float) -> None:
        """Show this very instant; answers to earlier questions are dropped."""
        self._journey += 1
        self._ask(moment, exact=True)

    def drag(self, moment: float) -> None:
        """Show what can be shown quickly of this instant: the keyframe before it, or itself where that is as quick."""
        self._ask(moment, exact=self._exact_seconds <= QUICK_SECONDS)

    def play(self, moment: float, *, exact: bool) -> None:
        """The next picture of many: skipped while the last one is still being read, or has just cost a lot."""
        rested = time.monotonic() - self._answered_at
        slow = exact and self._exact_seconds > QUICK_SECONDS and rested < REST * self._exact_seconds
        keyframe = moment // KEYFRAME_SECONDS * KEYFRAME_SECONDS
        if self._running or slow or (not exact and self._is_shown(keyframe)):
            return
        self._ask(moment, exact=exact)

    def _is_shown(self, moment: float) -> bool:
        shown = self.source.shown
        return self._shown is not None and shown is not None and shown.frame.at == moment

    def settle(self, moment: float) -> None:
        """The hand rests here: show the very instant, unless it is shown already."""
        if self._wanted != (moment, True) and (self._running or self._shown != (moment, True)):
            self._ask(moment, exact=True)

    def leave(self) -> None:
        """Back to the present: no answer is wanted any more."""
        self._journey += 1
        self._wanted = self._shown = None

    def survey(self, start: float, stop: float, done: Callable[[Survey], None]) -> bool:
        """Read where the record begins and ends, and its gaps within [start, stop]; False while that is being read."""
        name = f"Reading what is on record of {self._name}"
        if self._operations.is_running(name):
            return False
        self._operations.replace(name, self._survey(start, stop, done))
        return True

    async def _survey(self, start: float, stop: float, done: Callable[[Survey], None]) -> None:
        try:
            span = await self.archive.span()
            gaps = await self.archive.gaps(start, stop)
        except UnreadableRecord as error:
            self._on_trouble(Trouble(f"The record of {self._name} cannot be read: {error}"))
            return
        begins, ends = (math.nan, math.nan) if span is None else span
        done(Survey(begins, ends, gaps))

    def _ask(self, moment: float, *, exact: bool) -> None:
        self._wanted = (moment, exact)
        if not self._running:
            self._running = self._operations.start(f"Reading the past of {self._name}", self._answer()) is not None

    async def _answer(self) -> None:
        try:
            while self._wanted is not None:
                (moment, exact), self._wanted = self._wanted, None
                await self._show(moment, exact=exact, journey=self._journey)
        finally:
            self._running = False
            self._answered_at = time.monotonic()

    async def _show(self, moment: float, *, exact: bool, journey: int) -> None:
        began = time.monotonic()
        try:
            past = await self.archive.at(moment, exact=exact)
        except UnreadableRecord as error:
            if journey == self._journey:
                self._on_trouble(Trouble(f"{self._name} cannot be shown as it was then: {error}"))
            return
        if journey != self._journey:
            return
        if exact:
            taken = time.monotonic() - began
            self._exact_seconds += EASE * (taken - self._exact_seconds)
        if not exact and self._is_shown(past.state.as_of):
            return
        known = self.states.knows(past)
        state = self.states.state(past) if known else await asyncio.to_thread(self.states.state, past)
        if journey == self._journey:
            self.source.show(state)
            self._shown = (moment, exact)
            self._on_shown()
