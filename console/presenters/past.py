"""A site at an instant of the past, in the form that every presenter is given; and the source that shows it."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from uuid import UUID

from console.domain.alarms import AlarmRule
from console.domain.inventory import Device, Site
from console.presenters.frame import Frame, FrameShape, RowShape
from console.presenters.source import Connection, LiveSource, Moment, SiteState
from console.services.ports import Past, PastShape, PastState
from drivers.core.profile import Profile

MOST_SHAPES = 8
"""Shapes kept: dragging over the day on which a device was added goes from one to the other and back."""


class PastStates:
    """Turns what an archive says into states.

    A shape and an inventory are worked out once and shared by all instants that have them, because presenters
    remember what they worked out for as long as these are the same objects.

    Args:
        rules: Alarm rules, for guidance.
        profiles: Device families by profile id.
        folder: Site folder as text.
    """

    def __init__(
        self,
        rules: Iterable[AlarmRule] = (),
        profiles: Mapping[str, Profile] = MappingProxyType({}),
        folder: str = "",
    ) -> None:
        self._rules = {rule.id: rule for rule in rules}
        self._profiles = profiles
        self._folder = folder
        self._shapes: dict[int, tuple[PastShape, FrameShape]] = {}
        self._site: Site | None = None
        self._devices: Mapping[UUID, Device] = {}
        self._revision = 0

    def state(self, past: Past, connection: Connection = Connection.RECORDED) -> SiteState:
        """The state of the site as it was. May run in a thread, one at a time: a new shape takes a while."""
        site = self._known_site(past.records.site)
        return SiteState(
            site=site,
            devices=self._devices,
            frame=self.frame(past.state),
            alarms={alarm.id: alarm for alarm in past.records.alarms},
            incidents={incident.id: incident for incident in past.records.incidents},
            rules=self._rules,
            profiles=self._profiles,
            connection=connection,
            connected_at=past.state.as_of,
            folder=self._folder,
        )

    def knows(self, past: Past) -> bool:
        """Whether its shape was met before, so that the state is made in no time."""
        return id(past.state.shape) in self._shapes

    def frame(self, state: PastState) -> Frame:
        """Every value of an instant. The arrays are those of the state, not copies."""
        return Frame(
            shape=self._known_shape(state.shape),
            tick=0,
            at=state.as_of,
            values=state.values,
            quality=state.quality,
            answered=state.answered,
            state=state.state,
            period=state.period,
        )

    def _known_shape(self, shape: PastShape) -> FrameShape:
        key = id(shape)
        known = self._shapes.pop(key, None)
        if known is None:
            self._revision += 1
            rows = [
                RowShape(device, start, signals)
                for device, start, signals in zip(shape.devices, shape.starts.tolist(), shape.signals, strict=True)
            ]
            known = (shape, FrameShape(self._revision, shape.series, rows))
            while len(self._shapes) >= MOST_SHAPES:
                self._shapes.pop(next(iter(self._shapes)))
        self._shapes[key] = known
        return known[1]

    def _known_site(self, site: Site) -> Site:
        if self._site is None or (self._site is not site and self._site != site):
            self._site = site
            self._devices = {device.id: device for device in site.devices}
        return self._site


class ArchiveSource:
    """The present of a site, and in its place for the displays any instant of its record.

    Args:
        live: What the collector says. It goes on while the past is shown.
    """

    def __init__(self, live: LiveSource) -> None:
        self.live = live
        self._newest: SiteState | None = None
        self._past: SiteState | None = None

    @property
    def present(self) -> SiteState | None:
        """The newest state: the collector's, or the end of the record where no collector is wanted."""
        return self.live.present if self._newest is None else self._newest

    @property
    def shown(self) -> SiteState | None:
        """The instant of the past that was last shown, the held state while paused, else the present."""
        if self._past is not None:
            return self._past
        return self.live.shown if self._newest is None else self._newest

    @property
    def moment(self) -> Moment:
        """Live, or the instant that is shown."""
        past = self._newest if self._past is None else self._past
        return self.live.moment if past is None else Moment(live=False, at=past.frame.at)

    @property
    def is_offline(self) -> bool:
        """Whether there is no collector to follow: the record's end stands for the present."""
        return self._newest is not None

    @property
    def is_past(self) -> bool:
        """Whether what is shown comes out of the record, and not from the collector."""
        return self._past is not None or self._newest is not None

    def pause(self, now: float) -> None:
        """Hold the displays at the state of now."""
        self.live.pause(now)

    def go_live(self) -> None:
        """Follow the present again; without a collector, show the end of the record."""
        self._past = None
        self.live.go_live()

    def show(self, state: SiteState) -> None:
        """Show an instant of the past."""
        self._past = state

    def take_newest(self, state: SiteState) -> None:
        """The record ends with this state, and no collector continues it."""
        self._newest = state
