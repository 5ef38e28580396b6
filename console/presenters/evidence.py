"""Which samples prove an incident: the point that raised it, and what it did to coolant, chips and hashrate."""

from console.domain.alarms import Alarm
from console.domain.incidents import Incident
from console.domain.inventory import Device
from console.presenters import coolant, formatting
from console.presenters.device_plots import newest
from console.presenters.miners import Inventory
from console.presenters.source import SiteState
from console.presenters.trends import Line, PlotPlan, band_of, limit_lines
from drivers.core.identity import DeviceKind
from drivers.core.points import POINTS

MOST_PLOTS = 3
MOST_MINERS = 3

_COMPANIONS: dict[DeviceKind, tuple[str, ...]] = {
    DeviceKind.PLANT: ("flow", "return_temp", "pump_speed"),
    DeviceKind.PDU: ("power", "current"),
    DeviceKind.MINER: ("hashrate", "chip_temp", "outlet_temp"),
    DeviceKind.METER: ("power", "voltage"),
}


def evidence_plans(state: SiteState, case: Incident, inventory: Inventory) -> tuple[PlotPlan, ...]:
    """Up to three plots: the alarm's own point first, then its companions, then the worst miners inside."""
    first = next(iter(case.devices), None)
    cause = None if first is None else state.devices.get(first)
    alarms = sorted(
        (alarm for alarm in state.alarms.values() if alarm.incident == case.id),
        key=lambda alarm: (alarm.device != first, alarm.onset_at),
    )
    plans: list[PlotPlan] = []
    if alarms:
        plans.extend(_alarm_plan(state, alarms[0]))
    if cause is not None:
        shown = {plan.point for plan in plans}
        for point in _COMPANIONS[cause.kind]:
            if point not in shown:
                plans.extend(_point_plan(state, [cause], point))
    miners = [
        device
        for found in case.devices
        if (device := state.devices.get(found)) is not None and device.kind is DeviceKind.MINER
    ]
    if cause is not None and cause.kind is not DeviceKind.MINER and miners:
        plans = plans[: MOST_PLOTS - 1]
        plans.extend(_point_plan(state, _earliest(miners), "hashrate"))
    return tuple(plans[:MOST_PLOTS])


def _earliest(miners: list[Device]) -> list[Device]:
    """The first miners that fell into the incident, one for each place above them while there are several.

    The incident's devices stand in the order in which they joined, so a growing incident keeps its plot.
    """
    by_place: dict[str, Device] = {}
    for device in miners:
        by_place.setdefault("/".join(device.place.split("/")[:2]), device)
    chosen = list(by_place.values())[:MOST_MINERS]
    return chosen + [device for device in miners if device not in chosen][: MOST_MINERS - len(chosen)]


def _alarm_plan(state: SiteState, alarm: Alarm) -> list[PlotPlan]:
    rule = state.rules.get(alarm.rule)
    device = state.devices.get(alarm.device)
    if rule is None or device is None or not rule.point or POINTS[rule.point].codes:
        return []
    return _point_plan(state, [device], rule.point, alarm.part)


def _point_plan(state: SiteState, devices: list[Device], point: str, part: str | None = None) -> list[PlotPlan]:
    lines = []
    for at, device in enumerate(devices):
        row = state.row(device.id)
        parts = () if row is None else tuple(name for name, _ in state.frame.shape.parts(row, point))
        if not parts:
            continue
        chosen = part if part in parts else ("" if "" in parts else parts[0])
        label = device.name if len(devices) > 1 else chosen
        lines.append(Line((device.id, point, chosen), label, dashed=at > 0))
    if not lines:
        return []
    limits = coolant.limits_of(state, devices[0], point)
    decimals = 0 if POINTS[point].quantum >= 1 else formatting.decimals_of(point)
    owner = f", {devices[0].name}" if len(devices) == 1 else ""
    title = f"{POINTS[point].label}{owner}"
    return [PlotPlan(title, point, tuple(lines), newest(state, lines), band_of(limits), limit_lines(limits, decimals))]
