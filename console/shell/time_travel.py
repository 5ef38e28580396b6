"""What the time bar does: live, standing still, dragged, played; one moment for all sites of the window."""

import math
import time
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer

from console.presenters.time_bar import Axis, Playing, onset
from console.shell.context import Context, OpenSite
from console.shell.operations import Trouble

FIRST_SPAN = 14400.0
REST_MILLISECONDS = 150
"""A hand that has not moved for so long gets the very instant, not the keyframe before it."""

FRAME_SECONDS = 0.1
SLOWEST_FRAME = 1.0
POLL_SECONDS = 5.0
"""Nothing changes sooner in the past than devices were polled."""

KEYFRAMES_FROM = 3600.0
"""Speed from which keyframes are enough: they are six of a second's pictures."""

LIVE_WITHIN = 1.5
"""Seconds before the present that count as the present: nothing is on record yet after them."""


class TimeTravel(QObject):
    """Where the window stands in time.

    Args:
        context: The open sites.
        on_moved: Called when the head or the range has moved: the bar alone is drawn anew.
        on_left: Called when what is shown has changed at once: live again, or held.
        on_trouble: Shows what cannot be done.
    """

    def __init__(
        self,
        context: Context,
        on_moved: Callable[[], None],
        on_left: Callable[[], None],
        on_trouble: Callable[[Trouble], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._on_moved = on_moved
        self._on_left = on_left
        self._on_trouble = on_trouble
        self._head = Playing(live=True, at=0.0)
        self._axis = Axis(FIRST_SPAN)
        self._began = (0.0, 0.0)
        self.left_at = math.nan
        """UTC seconds at which the present was left; NaN while it is shown."""
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MILLISECONDS)
        self._rest.timeout.connect(self._settle)
        self._frames = QTimer(self)
        self._frames.timeout.connect(self._advance)

    # -- where ------------------------------------------------------------------------------------------------

    @property
    def head(self) -> Playing:
        """The play head."""
        if not self._head.live:
            return self._head
        if self._is_offline:
            return replace(self._head, live=False, at=self.end())
        return replace(self._head, at=self._context.clock())

    @property
    def axis(self) -> Axis:
        """The range that the bar shows."""
        return self._axis

    def end(self) -> float:
        """UTC seconds of the newest moment there is: now, or the end of the record where nobody collects."""
        return self._context.current.record_end if self._is_offline else self._context.clock()

    @property
    def _is_offline(self) -> bool:
        return bool(self._context.sites) and self._context.current.feed.source.is_offline

    # -- what the operator does -------------------------------------------------------------------------------

    def set_live(self, live: bool) -> None:
        """Follow the present, or hold the displays at this moment."""
        if live:
            self.go_live()
        elif self._head.live and not self._is_offline:
            self._leave(self._context.clock())
            self._on_left()

    def go_live(self) -> None:
        """Follow the present; without a collector, show the end of the record."""
        self._stop()
        self.left_at = math.nan
        self._axis = Axis(self._axis.span)
        self._head = replace(self._head, live=True, playing=False)
        for site in self._context.sites:
            site.rewinder.leave()
            site.feed.source.go_live()
        self._on_left()

    def choose(self, moment: float) -> None:
        """Show this very moment; the newest one there is goes live."""
        moment = self._within(moment)
        if moment >= self.end() - LIVE_WITHIN:
            self.go_live()
            return
        self._stop()
        self._leave(moment)
        self._axis = self._axis.around(moment, self.end())
        for site in self._context.sites:
            site.rewinder.jump(moment)
        self._on_moved()

    def drag(self, moment: float) -> None:
        """The hand draws the head along: quick pictures, and the very instant when it rests."""
        moment = self._within(moment)
        self._stop()
        self._leave(moment)
        for site in self._context.sites:
            site.rewinder.drag(moment)
        self._rest.start()
        self._on_moved()

    def release(self) -> None:
        """The hand lets go: the very instant, or live when it let go at the present."""
        if self._head.live:
            return
        if self._head.at >= self.end() - LIVE_WITHIN:
            self.go_live()
            return
        self._settle()
        self._axis = self._axis.around(self._head.at, self.end())
        self._on_moved()

    def step(self, direction: int) -> None:
        """Go to the next (1) or former (-1) incident or alarm."""
        site = self._context.current
        states = [state for state in (site.feed.source.present, site.feed.source.shown) if state is not None]
        found = onset(states, self.head.at, direction)
        if found is None or found > self.end():
            which = "later" if direction > 0 else "earlier"
            self._on_trouble(Trouble(f"There is no {which} incident or alarm on record."))
        else:
            self.choose(found)

    # -- playing ----------------------------------------------------------------------------------------------

    def toggle_playing(self) -> None:
        """Play from here, or stop; while live, stop the picture."""
        if self.head.playing:
            self.stop_playing()
        elif self.head.live:
            self.set_live(live=False)
        else:
            self._play()

    def _play(self) -> None:
        head = self.head
        if head.at >= self.end() - LIVE_WITHIN:
            self.choose(self._axis.range(self.end())[0])
            head = self.head
        self._rest.stop()
        self._leave(head.at)
        self._head = replace(self._head, playing=True)
        self._begin_run()
        self._on_moved()

    def stop_playing(self) -> None:
        """Stand still where the head is."""
        self._stop()
        self._settle()
        self._on_moved()

    def set_speed(self, speed: float) -> None:
        """Play so many seconds of the past in one."""
        self._head = replace(self._head, speed=speed)
        if self._head.playing:
            self._begin_run()
        self._on_moved()

    def _begin_run(self) -> None:
        self._began = (time.monotonic(), self._head.at)
        every = min(max(FRAME_SECONDS, POLL_SECONDS / self._head.speed), SLOWEST_FRAME)
        self._frames.start(round(1000 * every))

    def _advance(self) -> None:
        began, start = self._began
        moment = start + self._head.speed * (time.monotonic() - began)
        if moment >= self.end() - LIVE_WITHIN:
            self.go_live()
            return
        self._head = replace(self._head, at=moment)
        self._axis = self._axis.around(moment, self.end())
        for site in self._context.sites:
            site.rewinder.play(moment, exact=self._head.speed < KEYFRAMES_FROM)
        self._on_moved()

    # -- the range --------------------------------------------------------------------------------------------

    def choose_span(self, span: float) -> None:
        """Show a longer or shorter range; the head keeps its place in it."""
        self._axis = Axis(span) if self._head.live else self._axis.of(span, self.head.at, self.end())
        self._on_moved()

    def pan(self, share: float) -> None:
        """Show what lies a share of the range later, or earlier; the head stays where it is in time."""
        begins = self._context.current.record_begin
        moved = self._axis.moved(share, self.end())
        if share < 0 and math.isfinite(begins) and moved.range(self.end())[1] < begins:
            return
        self._axis = moved
        self._on_moved()

    # -- the way ----------------------------------------------------------------------------------------------

    def failed(self, trouble: Trouble) -> None:
        """A moment could not be read: stand where the displays stand, and say why."""
        self._stop()
        if not self._head.live:
            self._head = replace(self._head, at=self._context.current.feed.source.moment.at)
        self._on_trouble(trouble)
        self._on_moved()

    def _leave(self, moment: float) -> None:
        """From now on the window shows the past, also while the first picture of it is still being read."""
        if self._head.live:
            self.left_at = self._context.clock()
        self._head = replace(self._head, live=False, at=moment)
        for site in self._context.sites:
            if site.feed.source.moment.live:
                site.feed.source.pause(self._context.clock())

    def _settle(self) -> None:
        if not self._head.live and not self._head.playing:
            for site in self._context.sites:
                site.rewinder.settle(self._head.at)

    def _stop(self) -> None:
        self._frames.stop()
        self._rest.stop()
        self._head = replace(self._head, playing=False)

    def close(self) -> None:
        """No more moves: the window is closing."""
        self._stop()

    def _within(self, moment: float) -> float:
        site = self._context.current
        begins = site.record_begin if math.isfinite(site.record_begin) else -math.inf
        return min(max(moment, begins), self.end())


def shown_at(site: OpenSite) -> float:
    """UTC seconds of what the displays of a site truly show; NaN for the present."""
    shown = site.feed.source.moment
    return math.nan if shown.live else shown.at
