"""Where the operator is: which display of which site, which device, which incident, and the way back up."""

from collections.abc import Callable
from dataclasses import dataclass, replace

OVERVIEW = "overview"
SITE = "site"
FLEET = "fleet"
DEVICE = "device"
INCIDENTS = "incidents"

_MOST_STEPS = 64


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the console.

    Attributes:
        display: Id of the display.
        site: Index of the site among those of this console.
        device: Device id; kept when another display is shown, so that the selection is one.
        incident: Incident id; likewise.
    """

    display: str
    site: int = 0
    device: str = ""
    incident: str = ""


class Navigation:
    """Moves between places and remembers the way.

    Args:
        start: The first place.
        on_change: Called after every move.
    """

    def __init__(self, start: Place, on_change: Callable[[Place], None]) -> None:
        self._place = start
        self._way: list[Place] = []
        self._on_change = on_change

    @property
    def place(self) -> Place:
        """Where the operator is."""
        return self._place

    def show(self, display: str) -> None:
        """Go to a display; the selection stays."""
        self._go(replace(self._place, display=display))

    def open_site(self, site: int) -> None:
        """Go to a site's display; what was selected belongs to another site."""
        other = site != self._place.site
        self._go(Place(SITE, site, "" if other else self._place.device, "" if other else self._place.incident))

    def open_device(self, device: str, site: int | None = None) -> None:
        """Go to a device's faceplate."""
        self._go(replace(self._place, display=DEVICE, device=device, site=self._place.site if site is None else site))

    def open_incident(self, incident: str, site: int | None = None) -> None:
        """Go to an incident's detail."""
        at = self._place.site if site is None else site
        self._go(replace(self._place, display=INCIDENTS, incident=incident, site=at))

    def choose_device(self, device: str) -> None:
        """Select a device where the operator is."""
        self._stay(replace(self._place, device=device))

    def choose_incident(self, incident: str) -> None:
        """Select an incident where the operator is."""
        self._stay(replace(self._place, incident=incident))

    def up(self) -> None:
        """One step back; from a first place, one level up: device, site, overview."""
        while self._way:
            before = self._way.pop()
            if before.display != self._place.display or before.device != self._place.device:
                self._place = before
                self._on_change(before)
                return
        above = {DEVICE: SITE, INCIDENTS: SITE, FLEET: SITE, SITE: OVERVIEW}.get(self._place.display, OVERVIEW)
        if above != self._place.display:
            self._place = replace(self._place, display=above)
            self._on_change(self._place)

    def _go(self, place: Place) -> None:
        if place == self._place:
            return
        if place.display != self._place.display or place.device != self._place.device:
            self._way.append(self._place)
            del self._way[:-_MOST_STEPS]
        self._place = place
        self._on_change(place)

    def _stay(self, place: Place) -> None:
        if place != self._place:
            self._place = place
            self._on_change(place)
