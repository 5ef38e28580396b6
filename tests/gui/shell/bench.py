"""A console window with one site that is fed by hand."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from console.link.messages import AlarmsChanged, FromCollector, IncidentsChanged
from console.link.state import LinkPhase, LinkState
from console.shell.beginnings import FoundDevice
from console.shell.feed import SiteFeed
from console.shell.workbench import Outside, Workbench
from tests.unit.console.presenters.made_past import MadeArchive
from tests.unit.console.presenters.sites import NOW, alarm, incident, profiles, rule, site, state_of
from tests.unit.console.shell.no_history import NoHistory
from tests.unit.console.shell.test_feed import shape, snapshot, welcome
from widgets.theme.fonts import load_fonts
from widgets.theme.tokens import ThemeSource, load_theme


class Console:
    """The workbench, its site, and the clock that a test turns."""

    def __init__(self, folder: Path) -> None:
        load_fonts()
        self.now = NOW
        self.theme = ThemeSource(load_theme("dark"))
        self.history = NoHistory()
        self.archive = MadeArchive()
        self.themes: list[str] = []
        self.scanned: list[str] = []
        self.found: Sequence[FoundDevice] = ()
        outside = Outside(
            clock=lambda: self.now,
            open_history=lambda _: self.history,
            open_archive=lambda _: self.archive,
            rules=(rule(),),
            profiles=profiles(),
            clipboard=QGuiApplication.clipboard(),
            set_theme=self.set_theme,
            scan=self.scan,
        )
        self.workbench = Workbench(self.theme, outside)
        self.workbench.window.resize(1600, 900)
        self.folder = folder

    async def scan(self, targets: str, on_progress: Callable[[int, int, int], None]) -> Sequence[FoundDevice]:
        """Finds what a test has put into `found`."""
        self.scanned.append(targets)
        on_progress(254, 254, len(self.found))
        return self.found

    def set_theme(self, name: str) -> None:
        self.themes.append(name)
        self.theme.set(load_theme(name))

    def open(self) -> SiteFeed:
        """Open the site, attached and with its first snapshot."""
        feed = self.workbench.open_site(self.folder, None)
        self.workbench.operations.cancel(f"The link to {self.folder.name}")
        feed.on_state(LinkState(LinkPhase.LIVE))
        self.say(feed, [welcome(site()), shape(site()), snapshot(site())])
        self.workbench.window.show()
        self.workbench.show_console()
        return feed

    def say(self, feed: SiteFeed, messages: Sequence[FromCollector]) -> None:
        """The collector sends messages."""
        for message in messages:
            feed.on_message(message)

    def trip(self, feed: SiteFeed) -> str:
        """A pump trips: one incident with its alarm; returns the incident's id."""
        state = state_of()
        case = incident(state, ["PLC-B", "T2-001", "T2-002"])
        self.say(feed, [AlarmsChanged(1, (alarm(state, "PLC-B", "2", case),)), IncidentsChanged(2, (case,))])
        return str(case.id)


@asynccontextmanager
async def console(folder: Path) -> AsyncIterator[Console]:
    """A console that is closed in order at the end."""
    made = Console(folder)
    try:
        yield made
    finally:
        await made.workbench.close()
        made.workbench.window.deleteLater()
