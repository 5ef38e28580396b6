"""What the time bar shows of one site's record: its hashrate, its gaps, where it begins."""

import math
from collections.abc import Callable

from console.presenters.record import KEPT_SECONDS, thinned
from console.presenters.source import SiteState
from console.presenters.time_bar import Recorded
from console.services.ports import Total
from console.shell.context import OpenSite
from console.shell.record_filler import RecordFiller, devices_of
from console.shell.rewinder import Survey
from drivers.core.identity import DeviceKind
from widgets.view_models.common import Trace

STRIP_POINTS = 700
FILL_AGAIN_SECONDS = 60.0
FILL_AFTER_SECONDS = 2.0
"""The first picture comes first: the history behind it may take its time."""

LONG_AGAIN_SECONDS = 600.0
ANCHOR_SECONDS = 3600.0
"""The sparklines of the past reach back a day from a moment that moves in steps of this."""


class SiteStrip:
    """The time bar's strip of one site, and the figures that its tiles draw.

    Args:
        site: Whose.
        clock: UTC seconds.
        on_loaded: Called when history has come.
    """

    def __init__(self, site: OpenSite, clock: Callable[[], float], on_loaded: Callable[[], None]) -> None:
        self._site = site
        self._clock = clock
        self._on_loaded = on_loaded
        self._live = RecordFiller(site.history, site.feed.record, "the site", self._loaded)
        self._past = RecordFiller(site.history, site.past_record, "the site then", on_loaded)
        self._fill_at = clock() + FILL_AFTER_SECONDS
        self._anchor = math.nan
        self._survey = Survey()
        self._surveyed: tuple[float, float, float] = (math.nan, math.nan, -math.inf)
        self._long: Total | None = None
        self._long_of: tuple[float, float, float] = (math.nan, math.nan, -math.inf)
        self._thinned: tuple[Total | None, Trace | None] = (None, None)
        self._cached: tuple[tuple[float, float], Trace | None] | None = None

    def recorded(self, state: SiteState, axis: tuple[float, float]) -> Recorded:
        """What is on record of the range; what has to be read comes with a later picture."""
        now = self._clock()
        ready = now >= self._fill_at or self._site.feed.source.is_past
        if ready:
            self._look_around(axis, now)
            self._fill(state, now)
        return Recorded(
            begins=self._survey.begins,
            ends=self._site.record_end,
            strip=self._trace(state, axis, now),
            gaps=self._survey.gaps,
        )

    def _trace(self, state: SiteState, axis: tuple[float, float], now: float) -> Trace | None:
        """The hashrate over the range; the same object until the range has moved by a pixel."""
        start, stop = axis
        if start < now - KEPT_SECONDS or self._site.feed.source.is_offline:
            return self._read_long(state, axis, now)
        if self._cached is None or self._cached[0] != axis:
            self._cached = (axis, self._site.feed.record.trace("hashrate", start, stop, STRIP_POINTS))
        return self._cached[1]

    def _read_long(self, state: SiteState, axis: tuple[float, float], now: float) -> Trace | None:
        """A range that the console has no memory of is read, with half of it to spare on both sides."""
        start, stop = axis
        first, last, at = self._long_of
        fresh = min(stop, now) <= last or (stop > now and now - at < LONG_AGAIN_SECONDS)
        same = math.isclose(last - first, 2 * (stop - start), rel_tol=0.5)
        if not (same and fresh and first <= start) and not self._site.history.is_loading("the time bar"):
            spare = (stop - start) / 2
            wanted = (start - spare, min(stop + spare, now))
            self._long_of = (wanted[0], wanted[1], now)
            miners = devices_of(state, DeviceKind.MINER)
            self._site.history.total(
                "the time bar", "hashrate", wanted, (stop - start) / STRIP_POINTS, miners, self._keep_long
            )
        if self._thinned[0] is not self._long:
            trace = None if self._long is None else thinned(self._long.times, self._long.values, 2 * STRIP_POINTS)
            self._thinned = (self._long, trace)
        return self._thinned[1]

    def _keep_long(self, total: Total) -> None:
        self._long = total
        self._on_loaded()

    def _look_around(self, axis: tuple[float, float], now: float) -> None:
        """Gaps and the beginning of the record, read for the range with some to spare, and again now and then."""
        first, last, at = self._surveyed
        if first <= axis[0] and axis[1] <= last and now - at < FILL_AGAIN_SECONDS:
            return
        spare = axis[1] - axis[0]
        if self._site.rewinder.survey(axis[0] - spare, axis[1] + spare, self._keep_survey):
            self._surveyed = (axis[0] - spare, axis[1] + spare, now)

    def _keep_survey(self, survey: Survey) -> None:
        self._survey = survey
        self._site.record_begin = survey.begins
        self._on_loaded()

    def _fill(self, state: SiteState, now: float) -> None:
        """What the history holds of the day before this console was opened, and of the day before what is shown."""
        source = self._site.feed.source
        if not source.is_offline and not self._live.is_complete and now >= self._fill_at:
            self._fill_at = now + FILL_AGAIN_SECONDS
            self._live.fill(state, now)
        shown = source.shown
        if source.is_past and shown is not None and self._site.rewinder.is_settled:
            anchor = math.ceil(source.moment.at / ANCHOR_SECONDS) * ANCHOR_SECONDS
            if anchor != self._anchor:
                self._anchor = anchor
                self._past.start_over()
                self._past.fill(shown, min(anchor, now))

    def _loaded(self) -> None:
        self._cached = None
        self._on_loaded()
