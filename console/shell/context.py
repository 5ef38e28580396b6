"""What every page of the shell works with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from console.presenters.device import DevicePresenter
from console.presenters.fleet import FleetPresenter
from console.presenters.header import User
from console.presenters.incidents import IncidentsPresenter
from console.presenters.site_display import SitePresenter
from console.presenters.source import SiteState
from console.shell.feed import SiteFeed
from console.shell.history_loader import HistoryLoader
from console.shell.navigation import Navigation


@dataclass
class OpenSite:
    """A site of this console: its stream, its history, its presenters."""

    feed: SiteFeed
    history: HistoryLoader
    site: SitePresenter = field(init=False)
    fleet: FleetPresenter = field(init=False)
    device: DevicePresenter = field(init=False)
    incidents: IncidentsPresenter = field(init=False)

    def __post_init__(self) -> None:
        inventory, standing = self.feed.inventory, self.feed.standing
        self.site = SitePresenter(inventory, standing, self.feed.record)
        self.fleet = FleetPresenter(inventory, standing)
        self.device = DevicePresenter(inventory, standing)
        self.incidents = IncidentsPresenter(inventory, standing)

    def moment(self, now: float) -> float:
        """The instant that the displays show: now while live, the held second while paused."""
        shown = self.feed.source.moment
        return now if shown.live else shown.at


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
