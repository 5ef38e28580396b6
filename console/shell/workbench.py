"""Puts one console together: window, pages, actions, sites; opens sites and closes everything in order."""

import asyncio
import getpass
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PySide6.QtGui import QClipboard
from PySide6.QtWidgets import QWidget

from console.domain.alarms import AlarmRule
from console.link.client import Link
from console.link.messages import Stop
from console.link.state import LinkLost, LinkPhase
from console.presenters.header import User
from console.presenters.past import PastStates
from console.presenters.source import LiveSource
from console.presenters.time_bar import span_for
from console.services.ports import Archive, HistoryReader
from console.shell.beginnings import Scan
from console.shell.collector_watch import CollectorWatch, Start
from console.shell.command_desk import CommandDesk
from console.shell.command_dialog import CommandAsker
from console.shell.commands import Commands
from console.shell.context import Context, OpenSite
from console.shell.device_finder import DeviceFinder
from console.shell.dialogs import Asker, KeepCollectingDialog, finished
from console.shell.feed import SiteFeed
from console.shell.history_loader import HistoryLoader
from console.shell.incident_desk import IncidentDesk
from console.shell.main_window import MainWindow
from console.shell.navigation import OVERVIEW, SITE, Navigation, Place
from console.shell.notices import Notices
from console.shell.operations import Operations
from console.shell.pages.device import DevicePage
from console.shell.pages.fleet import FleetPage
from console.shell.pages.incidents import IncidentsPage
from console.shell.pages.overview import OverviewPage
from console.shell.pages.page import Page
from console.shell.pages.site import SitePage
from console.shell.rewinder import Rewinder
from console.shell.screen import Screen
from drivers.core.profile import Profile
from widgets.theme.tokens import ThemeSource

log = logging.getLogger(__name__)


class FolderHistory(HistoryReader, Protocol):
    """History of a folder, to be closed."""

    async def close(self) -> None:
        """Give the files back."""


@dataclass(frozen=True)
class Outside:
    """What the composition root plugs in.

    Attributes:
        clock: UTC seconds.
        open_history: Opens the history of a site folder.
        open_archive: Opens its past.
        rules: Alarm rules, for guidance.
        profiles: Device families by id, for bands and nameplates.
        clipboard: The system's.
        set_theme: Puts "dark" or "light" in force.
        scan: Finds devices on a network.
    """

    clock: Callable[[], float]
    open_history: Callable[[Path], FolderHistory]
    open_archive: Callable[[Path], Archive]
    rules: Iterable[AlarmRule]
    profiles: Mapping[str, Profile]
    clipboard: QClipboard
    set_theme: Callable[[str], None]
    scan: Scan


@dataclass
class _Opened:
    """One open folder and what runs for it; no link where nobody collects."""

    site: OpenSite
    link: Link | None
    history: FolderHistory
    owns_collector: bool


class Workbench:
    """One console window on any number of sites."""

    def __init__(self, theme: ThemeSource, outside: Outside) -> None:
        self._outside = outside
        self._opened: list[_Opened] = []
        self._closing = False
        self.closed = asyncio.Event()
        """Set when the operator has closed the window."""
        self.notices = Notices(outside.clock)
        self.operations = Operations(self.notices.trouble)
        self.window = MainWindow(theme)
        navigation = Navigation(Place(OVERVIEW), self._moved)
        user = User(_user_name(), "operator")
        self.context = Context([], navigation, user, outside.clock, self._refresh)
        self._asker = Asker(self.window)
        self.desk = IncidentDesk(
            self.context,
            self._link_of,
            self.operations,
            self._asker.ask,
            self.notices.trouble,
            f"console {os.getpid()}",
        )
        self._commanding = CommandDesk(
            self.context,
            self._link_of,
            self.operations,
            self._asker.ask,
            CommandAsker(self.window).ask,
            self.notices.trouble,
        )
        self.finder = DeviceFinder(self.context, self._link_of, self.operations, outside.scan, self.window)
        self._pages = self._make_pages(theme)
        self.window.add_pages(self._pages)
        self.screen = Screen(self.window, self.context, self.notices, self.desk, self.window)
        self.time = self.screen.time
        self.notices.watch_present(lambda: self.time.left_at, self.time.go_live)
        self.commands = Commands(
            theme, self.window, self.context, self.desk, self.incidents, self.time, outside.set_theme, self.finder.open
        )
        self._connect()

    def _make_pages(self, theme: ThemeSource) -> dict[str, Page]:
        self.incidents = IncidentsPage(theme, self.context, self.desk)
        return {
            "overview": OverviewPage(theme, self.context),
            "site": SitePage(theme, self.context),
            "fleet": FleetPage(theme, self.context),
            "device": DevicePage(theme, self.context, self._commanding, self._outside.clipboard),
            "incidents": self.incidents,
        }

    def _connect(self) -> None:
        window, navigation = self.window, self.context.navigation
        window.header.incident_opened.connect(navigation.open_incident)
        window.header.counts_clicked.connect(self._show_severity)
        window.header.site_clicked.connect(lambda: navigation.show(OVERVIEW))
        window.rail.display_chosen.connect(navigation.show)
        self._connect_time()
        window.notice.action_clicked.connect(self._act_on_notice)
        window.close_asked.connect(self._close_asked)

    def _connect_time(self) -> None:
        bar, travel = self.window.time_bar, self.time
        bar.live_toggled.connect(travel.set_live)
        bar.moment_chosen.connect(travel.choose)
        bar.dragged.connect(travel.drag)
        bar.released.connect(travel.release)
        bar.span_chosen.connect(travel.choose_span)
        bar.panned.connect(travel.pan)
        bar.play_toggled.connect(travel.toggle_playing)
        bar.speed_chosen.connect(travel.set_speed)
        bar.stepped.connect(travel.step)
        bar.moment_asked.connect(self.commands.open_moment)

    # -- sites ------------------------------------------------------------------------------------------------

    def open_site(self, folder: Path, start_collector: Start | None, *, owns_collector: bool = True) -> SiteFeed:
        """Open a folder: attach to its collector, starting one where there is none.

        Args:
            folder: The site folder.
            start_collector: Starts its collector; None where somebody else sees to that.
            owns_collector: Whether closing this console may stop the collector.
        """
        site, history = self._prepare(folder)
        feed = site.feed
        link = Link(folder, f"console {os.getpid()}")
        link_name = f"The link to {folder.name}"

        def connect() -> None:
            """Try at once; the link keeps what it knows, and no event is lost."""
            if feed.link_state.phase is not LinkPhase.LIVE:
                self.operations.replace(link_name, link.run(feed.on_message, feed.on_state))

        watch = CollectorWatch(feed, start_collector, self._outside.clock, connect)
        self._opened.append(_Opened(site, link, history, owns_collector))
        self.context.sites.append(site)
        self.notices.watch(feed, watch)
        connect()
        self.operations.start(f"Watching the collector of {folder.name}", watch.run())
        return feed

    async def open_record(self, folder: Path) -> SiteFeed:
        """Open a folder as it is: nobody collects, and the end of its record stands for the present.

        Raises:
            UnreadableRecord: The folder cannot be read, or nothing was ever recorded in it.
        """
        site, history = self._prepare(folder)
        rewinder = site.rewinder
        try:
            await site.end_with_record()
        except BaseException:
            await rewinder.archive.close()
            await history.close()
            raise
        self._opened.append(_Opened(site, None, history, owns_collector=False))
        self.context.sites.append(site)
        self.time.choose_span(span_for(site.record_end - site.record_begin))
        return site.feed

    def _prepare(self, folder: Path) -> tuple[OpenSite, FolderHistory]:
        """A site with its history and its past; nothing of it runs yet."""
        outside = self._outside
        feed = SiteFeed(folder, LiveSource(outside.rules, outside.profiles), outside.clock, self.screen.note_change)
        history = outside.open_history(folder)
        rewinder = Rewinder(
            folder.name,
            outside.open_archive(folder),
            feed.source,
            PastStates(outside.rules, outside.profiles, str(folder)),
            self.operations,
            self.screen.note_past,
            self.time.failed,
        )
        return OpenSite(feed, HistoryLoader(history, self.operations), rewinder), history

    def show_console(self) -> None:
        """Show the displays: the site where there is one, the Overview where there are several."""
        several = len(self.context.sites) > 1
        self.context.navigation.show(OVERVIEW if several else SITE)
        self.window.show_page(self.context.navigation.place.display)
        self.screen.start()

    def show_start(self, start: QWidget) -> None:
        """Show the start page."""
        self.window.show_start(start)

    def _link_of(self, feed: SiteFeed) -> Link:
        found = next(opened.link for opened in self._opened if opened.site.feed is feed)
        if found is None:
            raise LinkLost("nobody collects this folder")
        return found

    # -- what the operator does -------------------------------------------------------------------------------

    def _moved(self, place: Place) -> None:
        if self.context.sites:
            self.window.show_page(place.display)
            self._refresh()

    def _refresh(self) -> None:
        self.screen.refresh_now()

    def _show_severity(self, severity: int) -> None:
        self.context.navigation.show("incidents")
        self.incidents.choose_severity(severity)

    def _act_on_notice(self) -> None:
        self.notices.act()
        self._refresh()

    # -- the end ----------------------------------------------------------------------------------------------

    def _close_asked(self) -> None:
        if self._closing:
            return
        self._closing = True
        self.operations.start("Closing", self._close_when_decided())

    async def _close_when_decided(self) -> None:
        """Ask whether to go on collecting, where this console may decide it."""
        live = [
            opened
            for opened in self._opened
            if opened.owns_collector and opened.site.feed.link_state.phase is LinkPhase.LIVE
        ]
        if live:
            dialog = KeepCollectingDialog([opened.site.feed.name for opened in live], self.window)
            chosen = await result_of(dialog)
            if chosen == 0:
                self._closing = False
                return
            if chosen == KeepCollectingDialog.STOP:
                await asyncio.gather(*(self._stop_collector(opened) for opened in live))
        self.closed.set()

    async def _stop_collector(self, opened: _Opened) -> None:
        if opened.link is None:
            return
        try:
            await opened.link.send(Stop(opened.link.next_request(), "the operator closed the last console"))
        except LinkLost as error:
            log.info("%s: stopping the collector: %s", opened.site.feed.folder, error)

    async def close(self) -> None:
        """End everything that runs, then close the window."""
        self.screen.stop()
        await self.operations.close()
        for opened in self._opened:
            await opened.history.close()
            await opened.site.rewinder.archive.close()
        self.window.close_for_good()


async def result_of(dialog: KeepCollectingDialog) -> int:
    """The code of the button that was pressed; 0 for none."""
    await finished(dialog)
    dialog.deleteLater()
    return dialog.result()


def _user_name() -> str:
    """Who is logged in, for acknowledgements; a service without a user is "console user"."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "console user"
