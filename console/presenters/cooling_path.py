"""The way of the coolant through one miner; inlet and outlet are never averaged."""

import math

from console.domain.inventory import Device
from console.presenters import coolant, formatting
from console.presenters.source import SiteState
from console.presenters.standing import Standing
from drivers.core.identity import DeviceKind
from drivers.core.profile import Limits, Model
from widgets.view_models.device import CoolingView

_LOOP_FACTS = (("flow", "flow"), ("supply", "supply_temp"), ("level", "level"), ("leak", "leak"))


def cooling_view(state: SiteState, device: Device, model: Model | None, standing: Standing) -> CoolingView | None:
    """Inlet, boards, outlet and the loop behind them; None for one that reports neither."""
    row = state.row(device.id)
    if row is None or device.kind is not DeviceKind.MINER:
        return None
    inlet, outlet = (_greatest(state, row, point) for point in ("inlet_temp", "outlet_temp"))
    immersed = model is not None and model.cooling != "air"
    if not math.isfinite(inlet) and not math.isfinite(outlet) and not immersed:
        return None
    limits = coolant.limits_of(state, device, "outlet_temp")
    high = "" if limits is None or limits.alarm_high is None else f"\nhigh {formatting.number(limits.alarm_high, 1)} °C"
    return CoolingView(
        inlet=_figure(inlet),
        inlet_note="°C, inlet" if math.isfinite(inlet) else "inlet not measured",
        outlet=_figure(outlet),
        outlet_note=f"°C, outlet{high}" if math.isfinite(outlet) else "outlet not measured",
        outlet_abnormal=standing.point(device.id, "outlet_temp"),
        boards=_boards(state, device, row),
        facts=_facts(state, device),
        chip="no fans fitted" if immersed and not state.frame.shape.parts(row, "fan_speed") else "",
    )


def _greatest(state: SiteState, row: int, point: str) -> float:
    values, _ = state.frame.whole(point)
    return float(values[row])


def _figure(value: float) -> str:
    return formatting.number(value, 1) if math.isfinite(value) else ""


def _boards(state: SiteState, device: Device, row: int) -> tuple[int, ...]:
    """A bin for each board: normal, above normal, above the alarm limit, above the trip limit; -1 for none."""
    limits = coolant.limits_of(state, device, "chip_temp")
    found = [float(state.frame.values[at]) for part, at in state.frame.shape.parts(row, "chip_temp") if part]
    return tuple(_bin(value, limits) for value in found)


def _bin(value: float, limits: Limits | None) -> int:
    if not math.isfinite(value):
        return -1
    if limits is None:
        return 0
    steps = (limits.normal_high, limits.alarm_high, limits.trip_high)
    return sum(1 for step in steps if step is not None and value > step)


def _facts(state: SiteState, device: Device) -> tuple[tuple[str, str], ...]:
    """What the loop that cools the miner carries."""
    tank = device.place.rsplit("/", 2)[0]
    for loop in state.site.loops:
        if not any(tank == cooled or tank.startswith(f"{cooled}/") or cooled == device.name for cooled in loop.cools):
            continue
        plant = next((found for found in state.site.devices if found.name in loop.plant), None)
        row = None if plant is None else state.row(plant.id)
        if row is None:
            return ()
        return tuple(
            (f"{loop.name} {label}" if at == 0 else label, formatting.value_with_unit(point, value))
            for at, (label, point) in enumerate(_LOOP_FACTS)
            if math.isfinite(value := state.frame.value(row, point))
        )
    return ()
