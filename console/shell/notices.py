"""What the notice bar says: the newest trouble for a while, else what lasts, the worst first."""

import math
from collections.abc import Callable, Sequence

from console.domain.alarms import Severity
from console.presenters import formatting
from console.presenters.source import SiteState
from console.presenters.status import STRETCHED
from console.shell.collector_watch import CollectorWatch
from console.shell.feed import SiteFeed
from console.shell.operations import Trouble
from widgets.view_models.shell import NoticeView

TROUBLE_SECONDS = 12.0
DISMISS = "Dismiss"


class Notices:
    """Decides what the notice bar shows, and what its button does."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._trouble: tuple[float, Trouble] | None = None
        self._watches: list[tuple[SiteFeed, CollectorWatch]] = []
        self._action: Callable[[], None] | None = None
        self._left_at: Callable[[], float] = lambda: math.nan
        self._go_live: Callable[[], None] | None = None

    def watch(self, feed: SiteFeed, watch: CollectorWatch) -> None:
        """Also tell what happens to this site's collector."""
        self._watches.append((feed, watch))

    def trouble(self, trouble: Trouble) -> None:
        """Something failed just now."""
        self._trouble = (self._clock(), trouble)

    def act(self) -> None:
        """The bar's button was pressed."""
        if self._action is not None:
            self._action()

    def view(self) -> NoticeView:
        """The one thing to say now."""
        said = [(notice, action) for notice, action in self._all() if notice.text]
        if not said:
            self._action = None
            return NoticeView()
        notice, self._action = said[0]
        return notice

    def watch_present(self, left_at: Callable[[], float], go_live: Callable[[], None]) -> None:
        """While the window shows the past, say what of severity 1 happens in the present, and offer to go there."""
        self._left_at = left_at
        self._go_live = go_live

    def _meanwhile(self) -> list[tuple[NoticeView, Callable[[], None] | None]]:
        left_at = self._left_at()
        if math.isnan(left_at):
            return []
        return [
            (
                NoticeView(f"New in {state.site.name} while you look at the past: {case.title}", "Go live", 1),
                self._go_live,
            )
            for feed, _ in self._watches
            if (state := feed.source.present) is not None
            for case in state.open_incidents()
            if case.severity is Severity.SEV1 and case.acknowledged_at is None and case.detected_at >= left_at
        ]

    def _all(self) -> Sequence[tuple[NoticeView, Callable[[], None] | None]]:
        every: list[tuple[NoticeView, Callable[[], None] | None]] = []
        if self._trouble is not None:
            at, trouble = self._trouble
            if self._clock() - at <= TROUBLE_SECONDS:
                every.append((NoticeView(trouble.text, DISMISS, 0), self._dismiss))
        every.extend(self._meanwhile())
        lost = [(watch.notice(), watch.restart_now) for _, watch in self._watches]
        every.extend(sorted(lost, key=lambda pair: pair[0].severity or 9))
        for feed, _ in self._watches:
            state = feed.source.present
            if state is not None:
                every.extend((notice, None) for notice in lasting(state))
        return every

    def _dismiss(self) -> None:
        self._trouble = None


def lasting(state: SiteState) -> list[NoticeView]:
    """What lasts as long as the collector says so: nothing is written, the period is stretched."""
    health = state.health
    found = []
    if health.store_error:
        text = f"Nothing is being recorded for {state.site.name}: {health.store_error}. Live values go on."
        found.append(NoticeView(text, "", 1))
    if health.stretch > 1.25 * STRETCHED:
        times = formatting.number(health.stretch, 1)
        found.append(
            NoticeView(
                f"{state.site.name} has more devices than this machine can poll in time: "
                f"every device is asked {times} times less often than set."
            )
        )
    return found
