"""One site's stream: messages of the link in, state for the presenters out."""

import logging
import math
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from console.domain.incidents import Incident, IncidentState
from console.link.messages import (
    AlarmsChanged,
    DevicesChanged,
    FromCollector,
    IncidentsChanged,
    Shape,
    Snapshot,
    Welcome,
)
from console.link.state import LinkPhase, LinkState
from console.presenters.figures import site_figures
from console.presenters.miners import Inventory
from console.presenters.past import ArchiveSource
from console.presenters.record import SiteRecord
from console.presenters.source import Connection, LiveSource, SiteState
from console.presenters.standing import StandingIndex
from console.shell import translate
from console.shell.latency import LatencyMeter

log = logging.getLogger(__name__)


class SiteFeed:
    """Everything this console keeps of one site.

    A snapshot is only noted when it comes; it is turned into a frame when the next picture is made, so a collector
    that floods its consoles costs no more than the frames shown.

    Args:
        folder: The site folder.
        live: Where the state is kept that the messages build.
        clock: UTC seconds.
        on_change: Called after every message that changes what is shown.
    """

    def __init__(
        self, folder: Path, live: LiveSource, clock: Callable[[], float], on_change: Callable[["SiteFeed"], None]
    ) -> None:
        self.folder = folder
        self.live = live
        self.source = ArchiveSource(live)
        self.inventory = Inventory()
        self.standing = StandingIndex()
        self.record = SiteRecord()
        self.latency = LatencyMeter(clock)
        self.link_state = LinkState(LinkPhase.CONNECTING)
        self.heard_at = math.nan
        """UTC seconds of the last message; NaN before the first."""
        self.new_incidents: list[Incident] = []
        """Detected since somebody last took them from here."""
        self._clock = clock
        self._on_change = on_change
        self._snapshot: Snapshot | None = None
        self._shape: Shape | None = None
        self._was_live = False

    @property
    def name(self) -> str:
        """The site's name, the folder's before it is known."""
        state = self.source.present
        return self.folder.name if state is None else state.site.name

    def on_message(self, message: FromCollector) -> None:
        """Take in one message of the link."""
        self.heard_at = self._clock()
        match message:
            case Snapshot():
                self._snapshot = message
            case Shape():
                self._shape, self._snapshot = message, None
                return
            case Welcome():
                self._shape = self._snapshot = None
                self.live.welcome(message.site, message.alarms, message.incidents, message.folder, self.heard_at)
                self.latency.forget()
            case AlarmsChanged():
                self.live.alarms_changed(message.alarms)
            case IncidentsChanged():
                self.take_in(message.incidents)
            case DevicesChanged():
                self.live.devices_changed(message.devices)
            case _:
                return
        self._on_change(self)

    def take_in(self, incidents: tuple[Incident, ...]) -> None:
        """Incidents that changed, by an event or as the answer to a command."""
        self.new_incidents.extend(self.live.incidents_changed(incidents))

    def on_state(self, state: LinkState) -> None:
        """The link came or went."""
        self.link_state = state
        connection = translate.connection(state, was_live=self._was_live)
        if state.phase is LinkPhase.LIVE:
            self._was_live = True
        elif connection is Connection.LOST:
            self.latency.forget()
        self.live.connection(connection, self._clock())
        self._on_change(self)

    def apply(self, now: float) -> None:
        """Turn the newest snapshot into the frame that is shown next, at UTC second `now`."""
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is None or self.live.present is None:
            return
        shape = self.live.shape
        if self._shape is not None:
            shape, self._shape = translate.frame_shape(self._shape, shape), None
            self.live.reshape(shape)
        if shape is None:
            return
        try:
            frame = translate.frame(snapshot, shape)
        except translate.SnapshotMismatch as error:
            log.warning("%s: %s; the snapshot is dropped", self.folder, error)
            return
        self.live.take_in(frame, translate.health(snapshot.health))
        state = self.live.present
        self.record.append(frame.at, site_figures(state, self.inventory, now).named())
        self.latency.applied(frame.answered)

    def unseen(self) -> tuple[UUID, ...]:
        """Open incidents that no console has shown to anybody yet; none where nobody collects."""
        state = self.live.present
        if state is None:
            return ()
        return tuple(case.id for case in state.incidents.values() if case.state is IncidentState.DETECTED)

    def shown(self) -> SiteState | None:
        """The state that the displays follow."""
        return self.source.shown
