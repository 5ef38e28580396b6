"""Which alarms and incidents stand at a device now, indexed once for each change."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from console.domain.alarms import Alarm
from console.domain.incidents import Incident
from console.presenters.source import SiteState


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands now.

    Attributes:
        severity: Worst severity of the standing alarms by (device, point, part).
        by_device: Standing alarms of each device, worst first.
        incidents: Open incidents of each device, in default order.
    """

    severity: Mapping[tuple[UUID, str, str], int]
    by_device: Mapping[UUID, tuple[Alarm, ...]]
    incidents: Mapping[UUID, tuple[Incident, ...]]

    def point(self, device: UUID, point: str, part: str | None = None) -> int:
        """Severity 1 to 4 of a point (of one part, or of any); 0 when no alarm stands at it."""
        if part is not None:
            whole = self.severity.get((device, point, ""), 0)
            own = self.severity.get((device, point, part), 0)
            return min((severity for severity in (whole, own) if severity), default=0)
        severities = [
            severity for (owner, name, _), severity in self.severity.items() if owner == device and name == point
        ]
        return min(severities, default=0)

    def incident(self, device: UUID) -> Incident | None:
        """The first open incident of a device; None for none."""
        return next(iter(self.incidents.get(device, ())), None)


class StandingIndex:
    """Remembers the index until alarms or incidents are other objects."""

    def __init__(self) -> None:
        self._alarms: Mapping[UUID, Alarm] | None = None
        self._incidents: Mapping[UUID, Incident] | None = None
        self._standing = Standing({}, {}, {})

    def of(self, state: SiteState) -> Standing:
        """What stands in this state."""
        if self._alarms is not state.alarms or self._incidents is not state.incidents:
            self._alarms, self._incidents = state.alarms, state.incidents
            self._standing = read_standing(state)
        return self._standing


def read_standing(state: SiteState) -> Standing:
    """Index what stands in a state."""
    severity: dict[tuple[UUID, str, str], int] = {}
    alarms: dict[UUID, list[Alarm]] = {}
    for alarm in state.alarms.values():
        if alarm.cleared_at is not None:
            continue
        alarms.setdefault(alarm.device, []).append(alarm)
        rule = state.rules.get(alarm.rule)
        key = (alarm.device, "" if rule is None else rule.point, alarm.part)
        severity[key] = min(severity.get(key, 4), int(alarm.severity))
    incidents: dict[UUID, list[Incident]] = {}
    for incident in state.open_incidents():
        for device in incident.devices:
            incidents.setdefault(device, []).append(incident)
    return Standing(
        severity,
        {device: tuple(sorted(found, key=lambda alarm: alarm.severity)) for device, found in alarms.items()},
        {device: tuple(found) for device, found in incidents.items()},
    )
