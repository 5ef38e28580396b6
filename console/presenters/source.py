"""Where presenters get the state of a site from: live columns now; `past` reads the store at any other instant."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

from console.domain.alarms import Alarm, AlarmRule
from console.domain.incident_life import queue_order
from console.domain.incidents import Incident
from console.domain.inventory import Device, Site
from console.presenters.frame import Frame, FrameShape, empty_frame
from drivers.core.profile import Profile


class Connection(StrEnum):
    """How this console stands with the collector of a site."""

    STARTING = "starting"
    """Not yet attached since the folder was opened."""
    LIVE = "live"
    LOST = "lost"
    """Was attached and is not any more, or has said nothing for too long."""
    CLOSED = "closed"
    """No collector is wanted: a folder read without one."""
    RECORDED = "recorded"
    """The state is of the past: what the record says."""


@dataclass(frozen=True, slots=True)
class CollectorHealth:
    """What the collector says of itself (see the link's `Health`); rates per second, sizes in bytes, times in s."""

    polls: int = 0
    failures: int = 0
    lost: int = 0
    polls_per_second: float = 0.0
    in_flight: int = 0
    in_flight_cap: int = 0
    stretch: float = 1.0
    loop_lag: float = 0.0
    answered: Mapping[str, int] = field(default_factory=dict)
    known: Mapping[str, int] = field(default_factory=dict)
    store_bytes: int = 0
    stored_samples: int = 0
    store_error: str = ""
    gap_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Reading-to-screen latency over a rolling window: from a reply's arrival to the end of the paint, seconds.

    NaN before the first painted reading.
    """

    p50: float = float("nan")
    p95: float = float("nan")
    greatest: float = float("nan")
    readings: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """The instant that the displays show."""

    live: bool
    at: float


@dataclass(frozen=True)
class SiteState:
    """A site at one instant: what every presenter is given.

    Attributes:
        site: The inventory.
        devices: Its devices by id.
        frame: Every value.
        alarms: By id, standing ones and those that ended since the console attached.
        incidents: By id, open ones and closed ones.
        rules: Alarm rules by id.
        profiles: Device families by profile id.
        health: The collector on itself.
        connection: How this console stands with the collector.
        connected_at: UTC seconds of the last change of `connection`.
        folder: Site folder as text, for notices.
    """

    site: Site
    devices: Mapping[UUID, Device]
    frame: Frame = field(default_factory=empty_frame)
    alarms: Mapping[UUID, Alarm] = field(default_factory=dict)
    incidents: Mapping[UUID, Incident] = field(default_factory=dict)
    rules: Mapping[str, AlarmRule] = field(default_factory=dict)
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    health: CollectorHealth = field(default_factory=CollectorHealth)
    connection: Connection = Connection.STARTING
    connected_at: float = 0.0
    folder: str = ""

    @property
    def tense(self) -> str:
        """The word for the state's instant: "now", or "then" for one of the past."""
        return "then" if self.connection in {Connection.RECORDED, Connection.CLOSED} else "now"

    def row(self, device: UUID) -> int | None:
        """The device's row in the frame; None while the collector has not given it one."""
        return self.frame.shape.rows.get(device)

    def open_incidents(self) -> list[Incident]:
        """Open incidents in the default order: severity, soonest deadline, oldest."""
        return sorted((case for case in self.incidents.values() if case.state.is_open), key=queue_order)


class Source(Protocol):
    """Gives the state of one site at the instant that is shown."""

    @property
    def moment(self) -> Moment:
        """The instant shown."""

    @property
    def present(self) -> SiteState | None:
        """The newest state, whatever is shown; None before the first. Header, notices and status follow it."""

    @property
    def shown(self) -> SiteState | None:
        """The state at `moment`; None before the first. Displays follow it."""


class LiveSource:
    """The newest state of one site as the collector's messages build it, and the pause that holds an older one."""

    def __init__(self, rules: Iterable[AlarmRule] = (), profiles: Mapping[str, Profile] = MappingProxyType({})) -> None:
        self._rules = {rule.id: rule for rule in rules}
        self._profiles = dict(profiles)
        self._present: SiteState | None = None
        self._held: SiteState | None = None
        self._paused_at = 0.0
        self._shape: FrameShape | None = None
        self._connection = (Connection.STARTING, 0.0)

    @property
    def present(self) -> SiteState | None:
        """The newest state; None before the collector's welcome."""
        return self._present

    @property
    def shown(self) -> SiteState | None:
        """The newest state, or the held one while paused."""
        return self._held if self._held is not None else self._present

    @property
    def moment(self) -> Moment:
        """Live, or the second at which it was paused."""
        if self._held is not None:
            return Moment(live=False, at=self._paused_at)
        return Moment(live=True, at=self._present.frame.at if self._present else 0.0)

    def welcome(
        self, site: Site, alarms: Iterable[Alarm], incidents: Iterable[Incident], folder: str, now: float
    ) -> None:
        """Take over the whole state that a collector announces; what a former collector said is dropped."""
        before = self._present
        self._connection = (Connection.LIVE, now)
        self._shape = None
        self._present = SiteState(
            site=site,
            devices={device.id: device for device in site.devices},
            frame=before.frame if before is not None and before.site.id == site.id else empty_frame(),
            alarms={alarm.id: alarm for alarm in alarms},
            incidents={incident.id: incident for incident in incidents},
            rules=self._rules,
            profiles=self._profiles,
            health=CollectorHealth() if before is None else before.health,
            connection=Connection.LIVE,
            connected_at=now,
            folder=folder,
        )

    def connection(self, connection: Connection, now: float) -> None:
        """Note that the link came or went; the last state stays, with its age."""
        if self._connection[0] is connection:
            return
        self._connection = (connection, now)
        if self._present is not None:
            self._present = replace(self._present, connection=connection, connected_at=now)

    def reshape(self, shape: FrameShape) -> None:
        """Use this shape for the frames that follow."""
        self._shape = shape

    @property
    def shape(self) -> FrameShape | None:
        """The shape that frames must have; None before the first."""
        return self._shape

    def take_in(self, frame: Frame, health: CollectorHealth) -> None:
        """Show a new snapshot; raises ValueError before the welcome, which always comes first."""
        self._present = replace(self._known(), frame=frame, health=health)

    def alarms_changed(self, alarms: Iterable[Alarm]) -> None:
        """Take in alarms that are new or changed."""
        state = self._known()
        self._present = replace(state, alarms={**state.alarms, **{alarm.id: alarm for alarm in alarms}})

    def incidents_changed(self, incidents: Iterable[Incident]) -> list[Incident]:
        """Take in incidents that are new or changed; returns those that were not known before.

        An answer to a command and the event it caused come in either order, so an older version never replaces a
        newer one.
        """
        state = self._known()
        fresh = {case.id: case for case in incidents if _is_newer(case, state.incidents.get(case.id))}
        new = [case for case in fresh.values() if case.id not in state.incidents]
        self._present = replace(state, incidents={**state.incidents, **fresh})
        return new

    def devices_changed(self, devices: Iterable[Device]) -> None:
        """Take in devices that are new or whose facts changed."""
        state = self._known()
        merged = {**state.devices, **{device.id: device for device in devices}}
        self._present = replace(state, site=replace(state.site, devices=tuple(merged.values())), devices=merged)

    def pause(self, now: float) -> None:
        """Hold the displays at the state of now; nothing happens before the first state."""
        if self._held is None and self._present is not None:
            self._held, self._paused_at = self._present, now

    def go_live(self) -> None:
        """Follow the present again."""
        self._held = None

    def _known(self) -> SiteState:
        if self._present is None:
            raise ValueError("a change came before the collector's welcome")
        return self._present


def _is_newer(incident: Incident, known: Incident | None) -> bool:
    return known is None or incident.version >= known.version
