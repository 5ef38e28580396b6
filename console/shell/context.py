"""What every page of the shell works with."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from console.presenters.device import DevicePresenter
from console.presenters.fleet import FleetPresenter
from console.presenters.header import User
from console.presenters.incidents import IncidentsPresenter
from console.presenters.miners import Inventory
from console.presenters.record import SiteRecord
from console.presenters.site_display import SitePresenter
from console.presenters.source import Connection, Latency, SiteState
from console.presenters.standing import StandingIndex
from console.services.ports import UnreadableRecord
from console.shell.feed import SiteFeed
from console.shell.history_loader import HistoryLoader
from console.shell.navigation import Navigation
from console.shell.rewinder import Rewinder

PAST_REASON = "the window shows the PAST; End goes live"
"""Why nothing can be done to what is shown."""

OFFLINE_REASON = "the folder was opened without collecting; nothing can be changed in it"


@dataclass
class Presenters:
    """The presenters of one site, and what they remember of it.

    The past has its own: each set remembers what it worked out of one inventory and one shape.
    """

    inventory: Inventory
    standing: StandingIndex
    record: SiteRecord
    site: SitePresenter = field(init=False)
    fleet: FleetPresenter = field(init=False)
    device: DevicePresenter = field(init=False)
    incidents: IncidentsPresenter = field(init=False)

    def __post_init__(self) -> None:
        self.site = SitePresenter(self.inventory, self.standing, self.record)
        self.fleet = FleetPresenter(self.inventory, self.standing)
        self.device = DevicePresenter(self.inventory, self.standing)
        self.incidents = IncidentsPresenter(self.inventory, self.standing)


@dataclass
class OpenSite:
    """A site of this console: its stream, its history, its past, its presenters."""

    feed: SiteFeed
    history: HistoryLoader
    rewinder: Rewinder
    record_begin: float = math.nan
    """UTC seconds of the first thing on record; NaN while not known."""
    record_end: float = math.nan
    """UTC seconds of the last, where nobody collects any more; NaN where the present is the end."""
    _live: Presenters = field(init=False)
    _past: Presenters = field(init=False)

    def __post_init__(self) -> None:
        self._live = Presenters(self.feed.inventory, self.feed.standing, self.feed.record)
        self._past = Presenters(Inventory(recalls=False), StandingIndex(), SiteRecord())

    async def end_with_record(self) -> None:
        """Let the end of the record stand for the present: nobody collects.

        Raises:
            UnreadableRecord: The folder cannot be read, or nothing was ever recorded in it.
        """
        archive, states = self.rewinder.archive, self.rewinder.states
        span = await archive.span()
        if span is None:
            raise UnreadableRecord(f"{self.feed.folder} holds no record yet: open it with its collector first.")
        newest = await archive.at(span[1])
        self.feed.source.take_newest(await asyncio.to_thread(states.state, newest, Connection.CLOSED))
        self.record_begin, self.record_end = span

    @property
    def presenters(self) -> Presenters:
        """Those of what is shown."""
        return self._past if self.feed.source.is_past else self._live

    @property
    def past_record(self) -> SiteRecord:
        """The site's own figures before the moment of the past that is shown."""
        return self._past.record

    def moment(self, now: float) -> float:
        """The instant that the displays show: now while live, else the one that stands still."""
        shown = self.feed.source.moment
        return now if shown.live else shown.at

    def latency(self) -> Latency:
        """Reading to screen; nothing in the past."""
        return self.feed.latency.latency() if self.feed.source.moment.live else Latency()

    @property
    def locked(self) -> str:
        """Why nothing can be done to what is shown; empty while it is the present."""
        if self.feed.source.is_offline:
            return OFFLINE_REASON
        return "" if self.feed.source.moment.live else PAST_REASON


@dataclass
class Context:
    """The console as its pages see it.

    Attributes:
        sites: In the order they were opened.
        navigation: Where the operator is.
        user: Who sits here.
        clock: UTC seconds.
        now: UTC seconds of the picture being made: every part of one picture shows the same instant, and what is
            worked out for it is worked out once.
        refresh: Ask for a new picture of the visible page.
    """

    sites: list[OpenSite]
    navigation: Navigation
    user: User
    clock: Callable[[], float]
    refresh: Callable[[], None]
    now: float = 0.0

    @property
    def current(self) -> OpenSite:
        """The site that the displays show."""
        return self.sites[self.navigation.place.site]

    def shown(self) -> tuple[OpenSite, SiteState, float] | None:
        """The current site, its state and instant; None before its first state."""
        site = self.current
        state = site.feed.shown()
        return None if state is None else (site, state, site.moment(self.now))
