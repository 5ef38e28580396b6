"""What every display says of an incident in the same way: its shape, its clock, its owner, its scope."""

from console.domain import clocks, incident_life
from console.domain.incidents import ClockName, Incident, IncidentState
from console.domain.inventory import Site
from console.presenters import formatting
from console.presenters.source import SiteState
from drivers.core.identity import DeviceKind
from widgets.view_models.common import AckState, ClockPhase, ClockView, SeverityMark
from widgets.view_models.site import QueueItem

VIEWER_ZONE = "UTC"
UNASSIGNED = "unassigned"
WARNING_SHARE = 0.75


def mark(incident: Incident) -> SeverityMark:
    """The severity shape of an incident."""
    return SeverityMark(int(incident.severity), acknowledgement(incident), group=len(incident.devices) > 1)


def acknowledgement(incident: Incident) -> AckState:
    """New, acknowledged, or returned to normal before anybody acknowledged it."""
    if incident.acknowledged_at is not None:
        return AckState.ACKNOWLEDGED
    if incident.mitigated_at is not None or incident.state in {IncidentState.MITIGATED, IncidentState.RESOLVED}:
        return AckState.RETURNED
    return AckState.NEW


def running_clock(incident: Incident, site: Site, now: float) -> ClockView:
    """The clock that counts now; of a case that is over, the resolution clock."""
    return clock(incident, incident_life.running_clock(incident) or ClockName.RESOLUTION, site, now)


def clock(incident: Incident, name: ClockName, site: Site, now: float) -> ClockView:
    """One of the three clocks; a stopped one says how long it took."""
    due = clocks.deadline(incident.deadlines, name)
    stopped_at = _stopped_at(incident, name)
    at = now if stopped_at is None else stopped_at
    share = clocks.share_used(incident.detected_at, due, at)
    tip = _tip(due, site)
    if stopped_at is not None:
        taken = clocks.duration(stopped_at - incident.detected_at)
        return ClockView(name.value, f"{taken} taken", share, ClockPhase.OVER if share > 1 else ClockPhase.DONE, tip)
    text = clocks.time_left(name, incident.severity, due, now, site.zone)
    return ClockView(name.value, text, share, _phase(share), tip)


def _stopped_at(incident: Incident, name: ClockName) -> float | None:
    """When a clock stopped; the end of a case stops whatever still ran."""
    stopped = incident_life.stopped_at(incident, name)
    if stopped is None and not incident.state.is_open:
        return incident.resolved_at if incident.resolved_at is not None else incident.events[-1].at
    return stopped


def _phase(share: float) -> ClockPhase:
    if share >= 1:
        return ClockPhase.OVER
    return ClockPhase.WARNING if share >= WARNING_SHARE else ClockPhase.NEUTRAL


def _tip(due: float, site: Site) -> str:
    zones = dict.fromkeys((VIEWER_ZONE, formatting.zone(site.zone).key))
    return "deadline\n" + "\n".join(clocks.absolute(due, zone) for zone in zones)


def owner(incident: Incident) -> str:
    """Who holds the case; "unassigned" for nobody."""
    return incident.owner or UNASSIGNED


def scope_count(incident: Incident, state: SiteState) -> tuple[int, str]:
    """How many devices are inside, and the word for them: miners when there are any, else devices."""
    inside = [state.devices.get(device) for device in incident.devices]
    miners = sum(1 for device in inside if device is not None and device.kind is DeviceKind.MINER)
    if miners > 0:
        return miners, "miner" if miners == 1 else "miners"
    return len(inside), "device" if len(inside) == 1 else "devices"


def scope(incident: Incident, state: SiteState) -> str:
    """Like "412 miners", "1 device"."""
    amount, word = scope_count(incident, state)
    return f"{formatting.number(amount)} {word}"


def queue_item(incident: Incident, state: SiteState, now: float) -> QueueItem:
    """Two lines for a short queue."""
    return QueueItem(
        id=str(incident.id),
        mark=mark(incident),
        title=incident.title,
        label=incident.label,
        owner=owner(incident),
        scope=scope(incident, state),
        clock=running_clock(incident, state.site, now),
    )


def counts(state: SiteState) -> tuple[int, int, int, int]:
    """Open incidents of severity 1 to 4."""
    found = [0, 0, 0, 0]
    for incident in state.incidents.values():
        if incident.state.is_open:
            found[int(incident.severity) - 1] += 1
    return (found[0], found[1], found[2], found[3])


def worst_mark(incidents: list[Incident]) -> SeverityMark | None:
    """The shape that stands for several incidents: the worst severity, new before acknowledged; None for none."""
    if not incidents:
        return None
    order = [AckState.NEW, AckState.RETURNED, AckState.ACKNOWLEDGED]
    worst = min(incidents, key=lambda case: (case.severity, order.index(acknowledgement(case))))
    return mark(worst)
