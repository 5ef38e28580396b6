"""The trends of a page: read once from history, moved on by every frame, read again when the range changes."""

from collections.abc import Callable, Sequence

from console.presenters.source import SiteState
from console.presenters.trends import PlotPlan, SeriesKey, Tail, series_of, step_for
from console.shell.context import OpenSite
from console.shell.history_loader import Histories

READ_AGAIN_SECONDS = 30.0
"""Live values carry a trend between reads; the read brings what other programs wrote and thins long ranges."""

SPARE = 0.5
"""Share of the range that is read beyond both ends in the past: dragging a little asks for nothing new."""


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
        self._covered: tuple[float, float] | None = None
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
            self._read_at, self._covered = 0.0, None
        if site.feed.source.moment.live:
            self._follow_present(site, state, axis)
        else:
            self._follow_past(site, axis)

    def _follow_present(self, site: OpenSite, state: SiteState, axis: tuple[float, float]) -> None:
        if self.tail is not None:
            self.tail.take_in(state.frame)
            self.tail.forget_before(axis[0])
        back = self._covered is not None
        if (back or self._clock() - self._read_at >= READ_AGAIN_SECONDS) and self._read(site, axis):
            self._covered = None

    def _follow_past(self, site: OpenSite, axis: tuple[float, float]) -> None:
        """Nothing is added to the past: read once with some to spare, and again only where that does not reach."""
        covered = self._covered
        if covered is None or axis[0] < covered[0] or axis[1] > covered[1]:
            spare = SPARE * (axis[1] - axis[0])
            wider = (axis[0] - spare, axis[1] + spare)
            if self._read(site, wider):
                self._covered = wider

    def _read(self, site: OpenSite, axis: tuple[float, float]) -> bool:
        """Begin to read; False when there is nothing to read or the last read is still on its way."""
        keys = self._wanted[0]
        if not keys or site.history.is_loading(self._subject):
            return False
        self._read_at = self._clock()
        site.history.load(self._subject, keys, axis, step_for(self._wanted[1]), self._loaded)
        return True

    def leave(self) -> None:
        """Stop reading and forget, so that coming back shows nothing old."""
        if self._site is not None:
            self._site.history.cancel(self._subject)
        self._wanted, self._site, self._covered = ((), 0.0), None, None
        self.histories = self.tail = None

    def _loaded(self, histories: Histories) -> None:
        self.histories = histories
        self._on_loaded()
