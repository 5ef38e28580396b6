"""The figures of a whole site: hashrate, power, efficiency, temperatures, flows."""

import math
from dataclasses import dataclass

import numpy as np

from console.domain.inventory import Device
from console.domain.telemetry import Floats, Indices
from console.presenters.losses import site_target
from console.presenters.miners import Inventory, greatest, median, total
from console.presenters.source import SiteState


@dataclass(frozen=True, slots=True)
class LoopFigures:
    """One cooling loop by its plant: temperatures degC, flow and its minimum L/min; NaN for what is not reported."""

    name: str
    plant: Device
    row: int
    flow: float
    minimum: float
    supply: float
    back: float


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """A site in a few numbers; NaN for what is not known.

    Attributes:
        hashrate, target: TH/s.
        power: W.
        power_from: "meter", "PDUs", "miners"; empty when not known.
        efficiency: J/TH of the whole power.
        hottest, middle: Hottest chip of the site and the median of the miners' hottest chips, degC.
        pue: Metered power over the miners' power; NaN where either is not measured.
        loops: By loop of the site.
    """

    hashrate: float
    target: float
    power: float
    power_from: str
    efficiency: float
    hottest: float
    middle: float
    pue: float
    loops: tuple[LoopFigures, ...]

    def named(self) -> dict[str, float]:
        """What the record keeps."""
        kept = {
            "hashrate": self.hashrate,
            "power": self.power,
            "efficiency": self.efficiency,
            "chip_temp": self.hottest,
            "pue": self.pue,
        }
        for loop in self.loops:
            kept[f"flow/{loop.name}"] = loop.flow
            kept[f"supply_temp/{loop.name}"] = loop.supply
            kept[f"return_temp/{loop.name}"] = loop.back
        return kept


def site_figures(state: SiteState, inventory: Inventory, now: float) -> SiteFigures:
    """Sum a site up; once for a frame and an instant."""
    return inventory.once("site", state, now, lambda: _sum_up(state, inventory, now))


def _sum_up(state: SiteState, inventory: Inventory, now: float) -> SiteFigures:
    figures = inventory.figures(state, now)
    rows = inventory.rows(state)
    seen = ~figures.missing
    hashrate = total(np.where(seen, figures.hashrate, np.nan))
    chips = np.where(seen, figures.chip_temp, np.nan)
    miners = total(np.where(seen, figures.power, np.nan))
    whole, _ = state.frame.whole("power")
    metered = _metered(whole, rows.meters)
    pdus = total(whole[rows.pdus]) if len(whole) else math.nan
    power, power_from = _first((metered, "meter"), (pdus, "PDUs"), (miners, "miners"))
    with_power = total(np.where(seen & np.isfinite(figures.power), figures.hashrate, np.nan))
    behind = hashrate if power_from in {"meter", "PDUs"} else with_power
    equipment, _ = _first((pdus, ""), (miners, ""))
    return SiteFigures(
        hashrate=hashrate,
        target=site_target(state, figures),
        power=power,
        power_from=power_from,
        efficiency=power / behind if behind > 0 else math.nan,
        hottest=greatest(chips),
        middle=median(chips),
        pue=metered / equipment if equipment > 0 else math.nan,
        loops=_loops(state, inventory),
    )


def _metered(power: Floats, meters: Indices) -> float:
    """Power through the meters at the top; NaN unless every one of them answers.

    A sum that leaves out a silent meter would look like a fall in load.
    """
    if not len(meters) or not len(power):
        return math.nan
    values = power[meters]
    return float(values.sum()) if np.isfinite(values).all() else math.nan


def _first(*choices: tuple[float, str]) -> tuple[float, str]:
    return next((choice for choice in choices if math.isfinite(choice[0])), (math.nan, ""))


def _loops(state: SiteState, inventory: Inventory) -> tuple[LoopFigures, ...]:
    found = []
    for loop in state.site.loops:
        for name in loop.plant:
            plant = inventory.device_named(state, name)
            row = None if plant is None else state.row(plant.id)
            if plant is not None and row is not None:
                found.append(_loop(state, loop.name, plant, row))
                break
    return tuple(found)


def _loop(state: SiteState, name: str, plant: Device, row: int) -> LoopFigures:
    frame = state.frame
    minimum = frame.value(row, "flow_minimum")
    profile = state.profiles.get(plant.profile)
    limits = None if profile is None else profile.limits.get("flow")
    if not math.isfinite(minimum) and limits is not None and limits.alarm_low is not None:
        minimum = limits.alarm_low
    return LoopFigures(
        name,
        plant,
        row,
        frame.value(row, "flow"),
        minimum,
        frame.value(row, "supply_temp"),
        frame.value(row, "return_temp"),
    )
