"""The cooling side of a site: what each loop carries, and how warm each tank is."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from console.domain.inventory import Device, Loop
from console.domain.telemetry import Floats, Indices
from console.presenters import formatting
from console.presenters.miners import Inventory
from console.presenters.source import SiteState
from console.presenters.standing import Standing
from drivers.core.points import POINTS
from drivers.core.profile import Limits
from widgets.view_models.common import AckState, SeverityMark
from widgets.view_models.site import LoopFact

_TANK_POINTS = (("outlet_temp", "outlet"), ("board_temp", "boards"), ("chip_temp", "chips"))
"""What says how warm a tank is where the plant does not measure it, best first, and the word that says so."""

_TANK_PART = "tank "
"""Parts of a plant that are tanks, numbered in the order of the loop's `cools` (docs/devices/generic-cdu.md)."""

_FACT_POINTS = (("flow", "flow"), ("supply_temp", "supply"), ("return_temp", "return"))


@dataclass(frozen=True, slots=True)
class TankCoolant:
    """How warm a tank is.

    Attributes:
        text: "56.6 °C".
        share: Place on the band from normal low to trip high, 0 to 1; None where no band is known.
        abnormal: Severity 1 to 4; 0 for none.
        band: The normal band as shares of the same bar; None where none is known.
    """

    text: str
    share: float | None
    abnormal: int
    band: tuple[float, float] | None


def limits_of(state: SiteState, device: Device, point: str) -> Limits | None:
    """The band of a point by the device's profile; None where the profile names none."""
    profile = state.profiles.get(device.profile)
    return None if profile is None else profile.limits.get(point)


def by_tank(state: SiteState, inventory: Inventory, standing: Standing) -> dict[str, TankCoolant]:
    """How warm each tank is: the coolant that leaves it where the plant measures it, else the median of its miners.

    Tanks of which nobody reports a temperature are left out.
    """
    places = inventory.places(state)
    rows = inventory.rows(state).miners
    found = _measured_tanks(state, inventory, standing)
    for point, word in _TANK_POINTS:
        if len(found) == len(places.tanks):
            break
        values, _ = state.frame.whole(point)
        if not len(values):
            continue
        medians = medians_by_group(np.where(rows >= 0, values[rows], np.nan), places.tank_of, len(places.tanks))
        for tank, warm in zip(places.tanks, medians.tolist(), strict=True):
            if tank.id not in found and np.isfinite(warm):
                limits = limits_of(state, places.miners[int(tank.miners[0])], point)
                abnormal = _tank_severity(limits, warm, standing, (places.miners[at] for at in tank.miners.tolist()))
                text = f"{word} {formatting.value_with_unit(point, warm)}"
                found[tank.id] = TankCoolant(text, share_of_band(limits, warm), abnormal, _normal(limits))
    return found


def _measured_tanks(state: SiteState, inventory: Inventory, standing: Standing) -> dict[str, TankCoolant]:
    """Coolant leaving each tank as the plant of its loop measures it."""
    found: dict[str, TankCoolant] = {}
    for loop in state.site.loops:
        for plant_name in loop.plant:
            plant = inventory.device_named(state, plant_name)
            row = None if plant is None else state.row(plant.id)
            if plant is None or row is None:
                continue
            limits = limits_of(state, plant, "outlet_temp")
            for part, at in state.frame.shape.parts(row, "outlet_temp"):
                number = part.removeprefix(_TANK_PART)
                warm = float(state.frame.values[at])
                if number == part or not number.isdecimal() or not np.isfinite(warm):
                    continue
                if 1 <= int(number) <= len(loop.cools):
                    found[loop.cools[int(number) - 1]] = TankCoolant(
                        formatting.value_with_unit("outlet_temp", warm),
                        share_of_band(limits, warm),
                        _plant_severity(limits, warm, standing, plant),
                        _normal(limits),
                    )
    return found


def _plant_severity(limits: Limits | None, value: float, standing: Standing, plant: Device) -> int:
    """Above the alarm limit: the severity of what stands at the plant; 0 while nobody was alarmed."""
    if limits is None or limits.alarm_high is None or value <= limits.alarm_high:
        return 0
    case = standing.incident(plant.id)
    return 0 if case is None else int(case.severity)


def medians_by_group(values: Floats, group: Indices, groups: int) -> Floats:
    """The median of what is there in each group, by one sort; NaN where nothing is."""
    there = np.isfinite(values) & (group >= 0)
    known, belongs = values[there], group[there]
    ordered = known[np.lexsort((known, belongs))]
    counts = np.bincount(belongs, minlength=groups)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    filled = counts > 0
    result = np.full(groups, np.nan)
    low, high = first + (counts - 1) // 2, first + counts // 2
    result[filled] = (ordered[low[filled]] + ordered[high[filled]]) / 2
    return result


def _tank_severity(limits: Limits | None, value: float, standing: Standing, miners: Iterable[Device]) -> int:
    """A tank is abnormal when its median is above the alarm limit; the severity is that of the incident inside."""
    if limits is None or limits.alarm_high is None or value <= limits.alarm_high:
        return 0
    severities = [int(case.severity) for miner in miners if (case := standing.incident(miner.id)) is not None]
    return min(severities, default=0)


def share_of_band(limits: Limits | None, value: float) -> float | None:
    """Where a value stands between the low normal limit and the trip (or alarm) limit, 0 to 1."""
    if limits is None:
        return None
    high = limits.trip_high if limits.trip_high is not None else limits.alarm_high
    low = limits.normal_low
    if low is None or high is None or high <= low:
        return None
    return float(min(max((value - low) / (high - low), 0.0), 1.0))


def _normal(limits: Limits | None) -> tuple[float, float] | None:
    if limits is None or limits.normal_low is None or limits.normal_high is None:
        return None
    low, high = share_of_band(limits, limits.normal_low), share_of_band(limits, limits.normal_high)
    return None if low is None or high is None else (low, high)


def loop_named(state: SiteState, name: str) -> Loop | None:
    """A loop of the site; None for miners that no loop cools."""
    return next((loop for loop in state.site.loops if loop.name == name), None)


def loop_facts(
    state: SiteState, inventory: Inventory, standing: Standing, name: str
) -> tuple[tuple[LoopFact, ...], SeverityMark | None]:
    """Flow, temperatures and pumps of a loop, and the shape of the worst thing that stands at its plant."""
    loop = loop_named(state, name)
    facts: list[LoopFact] = []
    mark: SeverityMark | None = None
    for plant_name in () if loop is None else loop.plant:
        plant = inventory.device_named(state, plant_name)
        row = None if plant is None else state.row(plant.id)
        if plant is None or row is None:
            continue
        for point, label in _FACT_POINTS:
            text = formatting.value_with_unit(point, state.frame.value(row, point))
            facts.append(LoopFact(label, text, standing.point(plant.id, point)))
        pumps = pump_text(state, row)
        if pumps:
            facts.append(LoopFact("pumps", pumps, standing.point(plant.id, "pump_state")))
        mark = _plant_mark(standing, plant) or mark
    return tuple(facts), mark


def _plant_mark(standing: Standing, plant: Device) -> SeverityMark | None:
    incident = standing.incident(plant.id)
    if incident is None:
        return None
    ack = AckState.NEW if incident.acknowledged_at is None else AckState.ACKNOWLEDGED
    return SeverityMark(int(incident.severity), ack)


def pump_text(state: SiteState, row: int) -> str:
    """Like "1 72 %, 2 tripped"; empty where the plant reports no pump."""
    frame = state.frame
    parts = []
    for part, at in frame.shape.parts(row, "pump_state"):
        code = formatting.bare_value("pump_state", float(frame.values[at]))
        speed = frame.value(row, "pump_speed", part)
        running = code == POINTS["pump_state"].codes[1] and np.isfinite(speed)
        parts.append(f"{part} {formatting.percent(speed)}" if running else f"{part} {code}".strip())
    return ", ".join(parts)
