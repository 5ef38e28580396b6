"""The heat map: every miner in its place, as a bin of the metric shown, a hatch, or a hollow cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.domain.telemetry import Floats
from console.presenters import cases, coolant, formatting
from console.presenters.miners import Inventory, MinerFigures, members
from console.presenters.places import Places, Tank
from console.presenters.source import Connection, SiteState
from console.presenters.standing import Standing, StandingIndex
from console.presenters.tiles import loop_title
from widgets.view_models.site import CellCode, HeatMapView, HeatMetric, HeatScope, LoopFact, LoopView, TankView

DEVIATION_EDGES = np.array([-50.0, -35.0, -20.0, -10.0, -5.0, 5.0, 15.0, 25.0])
"""Percent of expected; below the first edge is the first bin, and the sixth (-5 to +5) is normal."""

CHIP_EDGES = np.arange(45.0, 90.0, 5.0)
AGE_EDGES = np.array([2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0])
MAGNITUDE_BINS = 10
WHOLE_TANK_SHARE = 0.4
"""From this share of its cells on, an incident brackets the tank as a whole."""

_NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """How a metric becomes bins: its values, the edges between them, and its legend."""

    values: Floats
    edges: Floats
    ramp: str
    legend: tuple[str, ...]
    note: str


class HeatMap:
    """Presents the heat map of one site; keeps the empty grids of its tanks."""

    def __init__(self, inventory: Inventory, standing: StandingIndex) -> None:
        self._inventory = inventory
        self._standing = standing
        self._places: Places | None = None
        self._grids: list[NDArray[np.uint8]] = []
        self._ids: list[tuple[str, ...]] = []
        self._ranges: dict[HeatMetric, tuple[float, float]] = {}

    def view(self, state: SiteState, metric: HeatMetric, now: float) -> HeatMapView:
        """The map of a metric."""
        places = self._inventory.places(state)
        self._lay_out(places)
        figures = self._inventory.figures(state, now)
        scale = self._scale(metric, figures)
        codes = bins(scale, figures, metric)
        scopes = scopes_by_tank(state, places)
        standing = self._standing.of(state)
        readings = coolant.by_tank(state, self._inventory, standing)
        tanks = tuple(
            self._tank(at, tank, codes, figures, scopes.get(at, ()), readings.get(tank.id))
            for at, tank in enumerate(places.tanks)
        )
        return HeatMapView(
            title=_title(places),
            metric=metric,
            ramp=scale.ramp,
            bins=len(scale.edges) + 1,
            legend=scale.legend,
            legend_note=scale.note,
            missing=int(np.count_nonzero(codes == CellCode.MISSING)),
            not_hashing=int(np.count_nonzero(codes == CellCode.NOT_HASHING)),
            loops=loop_lines(state, self._inventory, standing, now),
            tanks=tanks,
            stale=_stale(state, now),
            empty="" if places.tanks else "No miners placed. Give each miner its place in the site file and import it.",
        )

    def _lay_out(self, places: Places) -> None:
        if places is self._places:
            return
        self._places = places
        self._grids, self._ids = [], []
        for tank in places.tanks:
            size = tank.rows * tank.columns
            ids = [""] * size
            for cell, miner in zip(tank.cells.tolist(), tank.miners.tolist(), strict=True):
                ids[cell] = str(places.miners[miner].id)
            self._grids.append(np.full(size, CellCode.EMPTY, np.uint8))
            self._ids.append(tuple(ids))

    def _tank(
        self,
        at: int,
        tank: Tank,
        codes: NDArray[np.uint8],
        figures: MinerFigures,
        scopes: Sequence[HeatScope],
        outlet: coolant.TankCoolant | None,
    ) -> TankView:
        cells = self._grids[at].copy()
        cells[tank.cells] = codes[tank.miners]
        inside = figures.deviation[tank.miners]
        there = inside[np.isfinite(inside) & ~figures.missing[tank.miners]]
        return TankView(
            id=tank.id,
            title=tank.title,
            loop=loop_title(tank.loop),
            columns=tank.columns,
            rows=tank.rows,
            cells=cells.reshape(tank.rows, tank.columns),
            devices=self._ids[at],
            outlet=formatting.NO_DATA if outlet is None else outlet.text,
            outlet_share=None if outlet is None else outlet.share,
            outlet_abnormal=0 if outlet is None else outlet.abnormal,
            deviation=formatting.deviation(float(there.mean())) if len(there) else "",
            foot=tank.foot,
            scopes=tuple(scopes),
            gap_after=tank.gap_after,
            outlet_band=None if outlet is None else outlet.band,
        )

    def _scale(self, metric: HeatMetric, figures: MinerFigures) -> Scale:
        match metric:
            case HeatMetric.DEVIATION:
                legend = tuple(formatting.signed(edge, 0) for edge in DEVIATION_EDGES)
                return Scale(figures.deviation, DEVIATION_EDGES, "deviation", legend, _deviation_note(figures))
            case HeatMetric.CHIP_TEMP:
                return _magnitude(figures.chip_temp, CHIP_EDGES, "hottest chip, °C")
            case HeatMetric.AGE:
                return _magnitude(figures.age, AGE_EDGES, "age of the newest reading, s")
            case HeatMetric.HASHRATE:
                return _magnitude(figures.hashrate, self._edges(metric, figures.hashrate), "hashrate, TH/s")
            case HeatMetric.EFFICIENCY:
                return _magnitude(figures.efficiency, self._edges(metric, figures.efficiency), "efficiency, J/TH")

    def _edges(self, metric: HeatMetric, values: Floats) -> Floats:
        """Round boundaries over the values, kept until they no longer fit, so that colours do not wander."""
        there = values[np.isfinite(values) & (values > 0)]
        if not len(there):
            return np.linspace(0.0, 1.0, MAGNITUDE_BINS - 1)
        low, high = (float(edge) for edge in np.percentile(there, (2.0, 98.0)))
        kept = self._ranges.get(metric)
        if kept is None or low < kept[0] or high > kept[1] or (high - low) < (kept[1] - kept[0]) / 4:
            kept = self._ranges[metric] = (low - 0.1 * abs(low), high + 0.1 * abs(high))
        return nice_edges(*kept)


def nice_edges(low: float, high: float) -> Floats:
    """Nine round boundaries that cover low to high."""
    least = max(high - low, 1e-6) / (MAGNITUDE_BINS - 2)
    power = 10.0 ** np.floor(np.log10(least))
    step = next(nice * power for nice in _NICE_STEPS if nice * power >= least * (1 - 1e-9))
    first = float(np.floor(low / step) * step)
    edges: Floats = first + step * np.arange(MAGNITUDE_BINS - 1, dtype=np.float64)
    return edges


def _magnitude(values: Floats, edges: Floats, note: str) -> Scale:
    decimals = 0 if float(np.diff(edges).min()) >= 1 else 1
    return Scale(values, edges, "magnitude", tuple(formatting.number(edge, decimals) for edge in edges), note)


def _deviation_note(figures: MinerFigures) -> str:
    expected = figures.expected[np.isfinite(figures.expected)]
    if len(expected) and float(np.ptp(expected)) < 0.5:
        return f"% of expected hashrate ({formatting.number(float(expected[0]), 1)} TH/s); never a severity colour"
    return "% of expected hashrate; never a severity colour"


def bins(scale: Scale, figures: MinerFigures, metric: HeatMetric) -> NDArray[np.uint8]:
    """One code for each miner: its bin, hatched when nothing is known of it, hollow when it rests."""
    with np.errstate(invalid="ignore"):
        codes = np.searchsorted(scale.edges, scale.values, side="right").astype(np.uint8)
    codes[~np.isfinite(scale.values)] = CellCode.MISSING
    if metric is HeatMetric.AGE:
        return codes
    if metric is not HeatMetric.CHIP_TEMP:
        codes[figures.resting] = CellCode.NOT_HASHING
    codes[figures.missing] = CellCode.MISSING
    return codes


def scopes_by_tank(state: SiteState, places: Places) -> dict[int, tuple[HeatScope, ...]]:
    """The extent of every open incident with several miners, by tank; the worst drawn last, on top."""
    found: dict[int, list[HeatScope]] = {}
    for incident in reversed(state.open_incidents()):
        inside = members(places, incident.devices)
        if len(inside) < 2:
            continue
        tank_of = places.tank_of[inside]
        for at in np.unique(tank_of[tank_of >= 0]).tolist():
            tank = places.tanks[at]
            cells = tank.cells[np.isin(tank.miners, inside)]
            rows = (int(cells.min()) // tank.columns, int(cells.max()) // tank.columns)
            if len(cells) >= WHOLE_TANK_SHARE * len(tank.miners):
                rows = (0, tank.rows - 1)
            label = f"{formatting.number(len(cells))} of {formatting.number(len(tank.miners))}"
            found.setdefault(at, []).append(HeatScope(cases.mark(incident), rows, label, str(incident.id)))
    return {at: tuple(scopes) for at, scopes in found.items()}


def loop_lines(state: SiteState, inventory: Inventory, standing: Standing, now: float) -> tuple[LoopView, ...]:
    """The line above each loop's tanks, in drawing order."""
    places = inventory.places(state)
    figures = inventory.figures(state, now)
    loops = []
    for name in dict.fromkeys(tank.loop for tank in places.tanks):
        inside = np.concatenate([tank.miners for tank in places.tanks if tank.loop == name])
        given = float(np.nansum(np.where(figures.missing[inside], 0.0, figures.hashrate[inside])))
        expected = float(np.nansum(figures.expected[inside]))
        hashrate = LoopFact("hashrate", _against(given, expected))
        facts, mark = coolant.loop_facts(state, inventory, standing, name)
        loops.append(LoopView(loop_title(name), mark, (*facts, hashrate)))
    return tuple(loops)


def _against(given: float, expected: float) -> str:
    _, unit = formatting.hashrate(max(given, expected))
    scale = 1000.0 if unit == "PH/s" else 1.0
    text = formatting.number(given / scale, 1)
    return f"{text} of {formatting.number(expected / scale, 1)} {unit}" if expected > 0 else f"{text} {unit}"


def _title(places: Places) -> str:
    if not places.tanks:
        return formatting.count(len(places.miners), "miner")
    sizes = {len(tank.miners) for tank in places.tanks}
    tanks = formatting.count(len(places.tanks), "tank")
    each = f" x {formatting.number(sizes.pop())}" if len(sizes) == 1 else ""
    loose = len(places.miners) - places.placed
    outside = f", {formatting.number(loose)} not placed" if loose else ""
    return f"{formatting.count(places.placed, 'miner')} in place, {tanks}{each}{outside}"


def _stale(state: SiteState, now: float) -> str:
    """The age that covers the map when nothing on it is fresh any more."""
    frame = state.frame
    if not len(frame.answered) or not np.isfinite(frame.answered).any():
        return ""
    if state.connection is Connection.CLOSED or not bool(frame.stale(now, 3.0).all()):
        return ""
    return f"stale {formatting.age(now - float(np.nanmax(frame.answered)))}"
