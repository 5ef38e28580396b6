"""The trends of a page: read once from history, moved on by every frame, read again when the range changes."""

from collections.abc import Callable, Sequence

from console.presenters.source import SiteState
from console.presenters.trends import PlotPlan, SeriesKey, Tail, series_of, step_for
from console.shell.context import OpenSite
from console.shell.history_loader import Histories

READ_AGAIN_SECONDS = 30.0
"""Live values carry a trend between reads; the read brings what other programs wrote and thins long ranges."""


class Trends:
    """Samples of the series that one page shows.

    Args:
        subject: What is shown, for messages: "the device", "the incident".
        clock: UTC seconds.
        on_loaded: Called when samples have come.
    """

    def __init__(self, subject: str, clock: Callable[[], float], on_loaded: Callable[[], None]) -> None:
        self._subject = subject
        self._clock = clock
        self._on_loaded = on_loaded
        self._wanted: tuple[tuple[SeriesKey, ...], float] = ((), 0.0)
        self._site: OpenSite | None = None
        self._read_at = 0.0
        self.histories: Histories | None = None
        self.tail: Tail | None = None

    def follow(self, site: OpenSite, state: SiteState, plans: Sequence[PlotPlan], axis: tuple[float, float]) -> None:
        """Keep what these plots need over this range."""
        keys = series_of(plans)
        span = axis[1] - axis[0]
        # A range that grows with the present (an open incident) is the same range until it has grown by a half.
        same_span = self._wanted[1] <= span <= 1.5 * self._wanted[1] or span == self._wanted[1]
        if keys != self._wanted[0] or not same_span or site is not self._site:
            if site is not self._site or not same_span:
                self.histories, self.tail = None, None
            # What was read of a series that is still wanted stays on the screen until the next read brings the rest.
            self.tail = Tail(keys) if self.tail is None else self.tail.of(keys)
            self._wanted, self._site = (keys, span), site
            self._read_at = 0.0
        if self.tail is not None and site.feed.source.moment.live:
            self.tail.take_in(state.frame)
            self.tail.forget_before(axis[0])
        now = self._clock()
        if keys and now - self._read_at >= READ_AGAIN_SECONDS and not site.history.is_loading(self._subject):
            self._read_at = now
            site.history.load(self._subject, keys, axis, step_for(span), self._loaded)

    def leave(self) -> None:
        """Stop reading and forget, so that coming back shows nothing old."""
        if self._site is not None:
            self._site.history.cancel(self._subject)
        self._wanted, self._site = ((), 0.0), None
        self.histories = self.tail = None

    def _loaded(self, histories: Histories) -> None:
        self.histories = histories
        self._on_loaded()
