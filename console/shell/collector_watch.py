"""Keeps a site's collector alive: starts it, notices when it is gone, restarts it, and says so all the while."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from console.link.messages import SILENT_AFTER_SECONDS
from console.link.state import LinkPhase
from console.presenters import formatting
from console.shell.feed import SiteFeed
from widgets.view_models.shell import NoticeView

log = logging.getLogger(__name__)

CHECK_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0

Start = Callable[[Path], Awaitable[object]]
"""Starts the collector of a folder and waits until it listens; any error means that it did not."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Seconds without a collector, of which the last one ended at `until` (UTC seconds)."""

    seconds: float
    until: float


class CollectorWatch:
    """Watches the collector of one site.

    Args:
        feed: The site.
        start: Starts its collector; None where somebody else sees to that.
        clock: UTC seconds.
        on_started: Called when a collector listens again, so that the link need not wait for its next attempt.
    """

    def __init__(
        self, feed: SiteFeed, start: Start | None, clock: Callable[[], float], on_started: Callable[[], None]
    ) -> None:
        self._feed = feed
        self._start = start
        self._clock = clock
        self._on_started = on_started
        self._began = clock()
        self._lost_at = math.nan
        self._pause = FIRST_PAUSE_SECONDS
        self._next_at = math.nan
        self._starting = False
        self._error = ""
        self._asked = asyncio.Event()
        self.gap: Gap | None = None

    def restart_now(self) -> None:
        """The operator does not want to wait."""
        self._asked.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            if self._feed.link_state.phase is LinkPhase.LIVE:
                self._recovered()
            else:
                await self._without()
            self._asked.clear()
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._asked.wait()
            except TimeoutError:
                continue

    def _recovered(self) -> None:
        if math.isfinite(self._lost_at):
            now = self._clock()
            self.gap = Gap(now - self._lost_at, now)
            log.info("%s: the collector is back after %.0f s", self._feed.folder, now - self._lost_at)
        self._lost_at = self._next_at = math.nan
        self._pause, self._error = FIRST_PAUSE_SECONDS, ""

    async def _without(self) -> None:
        """No collector answers: start one at once when there never was one, else after the silence allowed."""
        now = self._clock()
        never = math.isnan(self._feed.heard_at)
        if not never and math.isnan(self._lost_at):
            self._lost_at = self._feed.heard_at
            log.warning("%s: the collector is lost: %s", self._feed.folder, self._feed.link_state.reason)
        if math.isnan(self._next_at):
            # The link tries first: nobody starts a second collector beside a running one.
            tried = self._feed.link_state.phase is LinkPhase.LOST or now - self._began > SILENT_AFTER_SECONDS
            if never and not tried:
                return
            self._next_at = now if never else self._lost_at + SILENT_AFTER_SECONDS
        if self._start is None or not (self._asked.is_set() or now >= self._next_at):
            return
        await self._try_start(self._start)

    async def _try_start(self, start: Start) -> None:
        self._starting = True
        try:
            await start(self._feed.folder)
        except (OSError, RuntimeError) as error:
            self._error = str(error).splitlines()[0] if str(error) else type(error).__name__
            log.error("%s: the collector could not be started: %s", self._feed.folder, error)  # noqa: TRY400
        else:
            self._on_started()
        finally:
            self._starting = False
        self._next_at = self._clock() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

    def notice(self) -> NoticeView:
        """What the notice bar says; empty while all is well."""
        now = self._clock()
        if self._feed.link_state.phase is LinkPhase.LIVE:
            return self._after_gap(now)
        if math.isnan(self._lost_at):
            if self._error:
                text = f"The collector of {self._feed.name} does not start: {self._error}. {self._when(now)}"
                return NoticeView(text, "Start collector", 2)
            return self._coming_up(now)
        since = self._time(self._lost_at)
        text = f"The collector of {self._feed.name} has not answered since {since}; the values shown are from then."
        if self._start is None:
            return NoticeView(f"{text} Its owner starts it again.", "", 1)
        why = f" The last start failed: {self._error}." if self._error else ""
        return NoticeView(f"{text}{why} {self._when(now)}", "Restart collector", 1)

    def _coming_up(self, now: float) -> NoticeView:
        """An empty window must not look broken while the first collector starts."""
        if not math.isnan(self._feed.heard_at) or now - self._began < 1.0:
            return NoticeView()
        return NoticeView(f"The collector of {self._feed.name} is coming up; the first values follow in a moment.")

    def _after_gap(self, now: float) -> NoticeView:
        if self.gap is None or now - self.gap.until > 60.0:
            return NoticeView()
        start = self._time(self.gap.until - self.gap.seconds)
        length = formatting.age(self.gap.seconds)
        return NoticeView(
            f"The collector of {self._feed.name} is back. From {start} on, {length} were not recorded and stay a gap."
        )

    def _when(self, now: float) -> str:
        if self._starting:
            return "It is being started."
        if math.isnan(self._next_at) or self._next_at <= now:
            return "It is started again at once."
        return f"It is started again in {formatting.age(self._next_at - now)}."

    def _time(self, at: float) -> str:
        state = self._feed.source.present
        return formatting.clock(at, "UTC" if state is None else state.site.zone)
