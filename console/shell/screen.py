"""Brings state to the screen: at most twice a second, only the visible display, and never an error unseen."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, QTimer

from console.presenters.cases import worst_mark
from console.presenters.formatting import clock as clock_text
from console.presenters.formatting import number
from console.presenters.header import header_view
from console.presenters.source import SiteState
from console.presenters.status import recent_alarms, status_view
from console.presenters.time_bar import Playing, time_bar_view
from console.shell.context import Context, OpenSite
from console.shell.feed import SiteFeed
from console.shell.incident_desk import IncidentDesk
from console.shell.main_window import MainWindow
from console.shell.navigation import DEVICE, FLEET, INCIDENTS, OVERVIEW, SITE
from console.shell.notices import Notices
from console.shell.operations import Trouble
from console.shell.strip import SiteStrip
from console.shell.time_travel import TimeTravel, shown_at
from widgets.view_models.shell import RailItem

log = logging.getLogger(__name__)

PERIOD_SECONDS = 0.5

_DISPLAYS = (
    (OVERVIEW, "Monitor", "Overview", "overview"),
    (SITE, "Monitor", "Site", "site"),
    (FLEET, "Monitor", "Fleet", "fleet"),
    (DEVICE, "Monitor", "Device", "device"),
    (INCIDENTS, "Respond", "Incidents", "incidents"),
)


class Screen(QObject):
    """Refreshes the window.

    A message makes a picture at once when the last one is half a second old; otherwise the next tick brings it. The
    tick also moves clocks and ages when no message comes at all. A moment of the past is shown as soon as it has been
    read, up to ten times a second while playing: then only what shows the past is built anew.
    """

    def __init__(
        self,
        window: MainWindow,
        context: Context,
        notices: Notices,
        desk: IncidentDesk,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.time = TimeTravel(context, self.refresh_bar, self.refresh_now, notices.trouble, self)
        self._window = window
        self._context = context
        self._notices = notices
        self._desk = desk
        self._strips: dict[int, SiteStrip] = {}
        self._last = -PERIOD_SECONDS
        self._broken: set[str] = set()
        self.frames = 0
        self.busy_seconds = 0.0
        """Frames shown, and the CPU time spent on building them."""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(lambda: self.refresh())
        self._past = QTimer(self)
        self._past.setSingleShot(True)
        self._past.setInterval(0)
        self._past.timeout.connect(self._refresh_past)
        self._tick = QTimer(self)
        self._tick.setInterval(round(1000 * PERIOD_SECONDS))
        self._tick.timeout.connect(self.refresh_when_due)
        window.painted.connect(self._painted)

    def start(self) -> None:
        """Begin to refresh."""
        self._tick.start()
        self._soon.start()

    def stop(self) -> None:
        """No more pictures: the window is closing."""
        self.time.close()
        for timer in (self._tick, self._soon, self._past):
            timer.stop()

    def note_change(self, feed: SiteFeed) -> None:
        """Something of a site changed."""
        if self._tick.isActive() and time.monotonic() - self._last >= 0.9 * PERIOD_SECONDS:
            self._soon.start()

    def refresh_when_due(self) -> None:
        """The tick: nothing to do when a message has brought a picture in the meantime."""
        if time.monotonic() - self._last >= 0.8 * PERIOD_SECONDS:
            # What shows the past stands still: it is built anew when another moment, or more of it, has been read.
            self.refresh(page=not self._shows_past)

    def refresh_now(self) -> None:
        """The operator changed what is shown: he does not wait for the tick."""
        if self._tick.isActive():
            self._soon.start()

    def note_past(self) -> None:
        """Another moment of the past has been read."""
        if self._tick.isActive():
            self._past.start()

    def refresh_bar(self) -> None:
        """The play head or the range has moved: the hand does not wait for the displays to follow."""
        if self._tick.isActive() and not self._past.isActive():
            self._guard("the time bar", self._time_bar)

    def _refresh_past(self) -> None:
        """Build what shows the past; header, rail, status line and notices stay with the tick."""
        if self._soon.isActive():
            return
        began = time.thread_time()
        self._guard("the time bar", self._time_bar)
        self._page()
        self.frames += 1
        self.busy_seconds += time.thread_time() - began

    def _page(self) -> None:
        page = self._window.page
        if page is not None and not self._window.shows_start:
            self._guard("the display", page.refresh)

    def refresh(self, *, page: bool = True) -> None:
        """Build one picture. A part that fails is named once and leaves the others alone."""
        began = time.thread_time()
        self._last = time.monotonic()
        self._context.now = self._context.clock()
        for site in self._context.sites:
            self._guard("a site's data", partial(site.feed.apply, self._context.now))
        if self._context.sites:
            self._guard("the header", self._header)
            self._guard("the rail", self._rail)
            self._guard("the time bar", self._time_bar)
            self._guard("the status line", self._status)
            if page:
                self._page()
        self._guard("the notice bar", self._notice)
        self.frames += 1
        self.busy_seconds += time.thread_time() - began

    def _guard(self, part: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            if part not in self._broken:
                log.exception("%s cannot be shown", part)
                self._broken.add(part)
                text = f"{part.capitalize()} cannot be shown: {error}. The log has the details; the rest goes on."
                self._notices.trouble(Trouble(text, repr(error)))
        else:
            self._broken.discard(part)

    def _header(self) -> None:
        site = self._context.current
        state = site.feed.source.present
        if state is not None:
            latency = site.feed.latency.latency()
            view = header_view(state, site.feed.inventory, latency, self._context.user, self._context.now)
            self._window.header.show_view(replace(view, live_mark=self._shows_past and not site.feed.source.is_offline))

    def _rail(self) -> None:
        state = self._context.current.feed.source.present
        opened = [] if state is None else state.open_incidents()
        self._window.rail.show_items(
            tuple(
                RailItem(
                    name, group, label, icon,
                    count=number(len(opened)) if name == INCIDENTS and opened else "",
                    mark=worst_mark(opened) if name == INCIDENTS else None,
                )
                for name, group, label, icon in _DISPLAYS
            )
        )  # fmt: skip

    @property
    def _shows_past(self) -> bool:
        return not self.time.head.live

    def _time_bar(self) -> None:
        site = self._context.current
        state = site.feed.source.present
        if state is None:
            return
        place = self._context.navigation.place.site
        strip = self._strips.get(place)
        if strip is None:
            strip = self._strips[place] = SiteStrip(site, self._context.clock, self.refresh_now)
        end, head = self.time.end(), self.time.head
        recorded = strip.recorded(state, self.time.axis.range(end))
        shown = replace(head, shown=shown_at(site))
        view = time_bar_view(state, shown, self.time.axis, recorded, end, self._context.now)
        self._window.time_bar.show_view(view)
        self._window.set_past(not head.live)
        self._title(site, state, head)

    def _title(self, site: OpenSite, state: SiteState, head: Playing) -> None:
        past = "" if head.live else f" - PAST {clock_text(head.at, state.site.zone)}"
        title = f"{site.feed.name} - TerraHash Console{past}"
        if title != self._window.windowTitle():
            self._window.setWindowTitle(title)

    def _status(self) -> None:
        site = self._context.current
        state = site.feed.source.present
        if state is not None:
            now = self._context.now
            view = status_view(state, site.feed.latency.latency(), recent_alarms(state, now), now, site.locked)
            self._window.status.show_view(view)

    def _notice(self) -> None:
        self._window.notice.show_view(self._notices.view())

    def _painted(self) -> None:
        if self._window.isMinimized() or not self._window.isVisible():
            return
        for site in self._context.sites:
            site.feed.latency.painted()
            self._desk.announce_painted(site.feed)
