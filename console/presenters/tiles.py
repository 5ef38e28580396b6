"""Tiles: a figure beside its target, on its band, with its last day."""

import math
from collections.abc import Iterable
from dataclasses import replace

from console.presenters import coolant, formatting
from console.presenters.figures import LoopFigures, SiteFigures
from console.presenters.miners import Inventory
from console.presenters.record import SiteRecord
from console.presenters.source import SiteState
from console.presenters.standing import Standing
from drivers.core.profile import Limits
from widgets.view_models.common import AckState, Gauge, LimitTileView, SeverityMark, Trace

MOST_TILES = 8
SPARK_SECONDS = 86400.0
NEEDLE_STEPS = 200


def gauge(value: float, limits: Limits | None, abnormal: int = 0) -> Gauge | None:
    """A value on the band of its profile; None where the profile gives no ends to draw it between."""
    if limits is None:
        return None
    strokes = tuple(
        limit for limit in (limits.trip_low, limits.alarm_low, limits.alarm_high, limits.trip_high) if limit is not None
    )
    edges = [edge for edge in (*strokes, limits.normal_low, limits.normal_high) if edge is not None]
    if not edges:
        return None
    low, high = _ends(edges, value, limits)
    return Gauge(
        value=value if math.isfinite(value) else None,
        low=low,
        high=high,
        normal_low=limits.normal_low,
        normal_high=limits.normal_high,
        limits=strokes,
        abnormal=abnormal,
    )


def _ends(edges: list[float], value: float, limits: Limits) -> tuple[float, float]:
    """The bar spans the limits with a quarter to spare, not the sensor's whole range, and always the value."""
    every = [*edges, value] if math.isfinite(value) else edges
    low, high = min(every), max(every)
    spare = (high - low) / 4 or max(abs(high), 1.0) / 4
    low, high = low - spare, high + spare
    if limits.range_low is not None:
        low = max(low, limits.range_low)
    if limits.range_high is not None:
        high = min(high, limits.range_high)
    return (low, high) if high > low else (low, low + 1.0)


def steady(tile: LimitTileView) -> LimitTileView:
    """The tile with its needle on one of as many places as a tile has pixels: smaller moves cannot be seen."""
    band = tile.gauge
    if band is None or band.value is None or band.high <= band.low:
        return tile
    step = (band.high - band.low) / NEEDLE_STEPS
    return replace(tile, gauge=replace(band, value=band.low + round((band.value - band.low) / step) * step))


def mark_of(severity: int) -> SeverityMark | None:
    """The shape for a severity, None for normal. In a tile it names the point, so it carries no acknowledgement."""
    return SeverityMark(severity, AckState.ACKNOWLEDGED) if severity else None


class SiteTiles:
    """The tiles of one site."""

    def __init__(self, inventory: Inventory, record: SiteRecord) -> None:
        self._inventory = inventory
        self._record = record
        self._shown: dict[int, LimitTileView] = {}

    def tiles(
        self, state: SiteState, figures: SiteFigures, standing: Standing, now: float
    ) -> tuple[LimitTileView, ...]:
        """Hashrate, power, efficiency, hottest chip, then the loops, then the power use effectiveness."""
        tiles = [
            self._hashrate(figures, now),
            self._power(state, figures, now),
            self._efficiency(figures, now),
            self._hottest(state, figures, standing, now),
        ]
        tiles.extend(self._flow(loop, standing, now) for loop in figures.loops)
        if math.isfinite(figures.pue):
            tiles.append(self._pue(figures, now))
        tiles.extend(self._supply(state, loop, standing, now) for loop in figures.loops)
        return tuple(self._unchanged(at, steady(tile)) for at, tile in enumerate(tiles[:MOST_TILES]))

    def _unchanged(self, at: int, tile: LimitTileView) -> LimitTileView:
        """The former object where nothing that can be seen has changed: the widget then paints nothing."""
        before = self._shown.get(at)
        if before is not None and before.spark is tile.spark and before == tile:
            return before
        self._shown[at] = tile
        return tile

    def _hashrate(self, figures: SiteFigures, now: float) -> LimitTileView:
        figure, unit = formatting.hashrate(figures.hashrate)
        share = figures.hashrate / figures.target if figures.target > 0 else math.nan
        target = formatting.hashrate(figures.target)[0] if figures.target > 0 else ""
        band = None
        if math.isfinite(share):
            band = Gauge(share, 0.0, 1.2, 0.95, 1.05, (1.0,))
        return LimitTileView(
            label="Hashrate",
            reference=f"target {target}" if target else "no target",
            figure=figure,
            unit=unit,
            deviation=formatting.deviation(100 * (share - 1)),
            gauge=band,
            spark=self._spark("hashrate", now),
        )

    def _power(self, state: SiteState, figures: SiteFigures, now: float) -> LimitTileView:
        figure, unit = formatting.power(figures.power)
        rated = state.site.rated_mw * 1e6
        share = figures.power / rated if rated > 0 else math.nan
        reference = f"rated {formatting.number(state.site.rated_mw, 1)} MW" if rated > 0 else figures.power_from
        return LimitTileView(
            label="Power",
            reference=reference,
            figure=figure,
            unit=unit,
            deviation=_power_note(share, figures.power_from),
            gauge=Gauge(share, 0.0, 1.2, None, None, (1.0,)) if math.isfinite(share) else None,
            spark=self._spark("power", now),
        )

    def _efficiency(self, figures: SiteFigures, now: float) -> LimitTileView:
        source = f"power by {figures.power_from}" if figures.power_from else ""
        return LimitTileView(
            label="Efficiency",
            reference=source,
            figure=formatting.number(figures.efficiency, 1),
            unit="J/TH",
            spark=self._spark("efficiency", now),
        )

    def _hottest(self, state: SiteState, figures: SiteFigures, standing: Standing, now: float) -> LimitTileView:
        limits = _common_limits(state, self._inventory.places(state).profiles, "chip_temp")
        abnormal = _worst_at(standing, "chip_temp")
        limit = None if limits is None else limits.alarm_high
        return LimitTileView(
            label="Hottest chip",
            reference="" if limit is None else f"limit {formatting.number(limit)}",
            figure=formatting.number(figures.hottest, 1),
            unit="°C",
            deviation=f"p50 {formatting.number(figures.middle, 1)} °C" if math.isfinite(figures.middle) else "",
            gauge=gauge(figures.hottest, limits, abnormal),
            spark=self._spark("chip_temp", now),
            mark=mark_of(abnormal),
        )

    def _flow(self, loop: LoopFigures, standing: Standing, now: float) -> LimitTileView:
        plant = loop.plant.id
        abnormal = _worse(standing.point(plant, "flow"), standing.point(plant, "pump_state"))
        least = loop.minimum
        known = math.isfinite(least) and least > 0
        shown = loop.flow if math.isfinite(loop.flow) else None
        return LimitTileView(
            label=f"{loop_title(loop.name)} flow",
            reference=f"min {formatting.number(least)}" if known else "",
            figure=formatting.number(loop.flow),
            unit="L/min",
            deviation=formatting.percent(100 * loop.flow / least) if known and shown is not None else "",
            gauge=Gauge(shown, 0.0, 1.6 * least, least, None, (least,), abnormal) if known else None,
            spark=self._spark(f"flow/{loop.name}", now),
            mark=mark_of(abnormal),
        )

    def _supply(self, state: SiteState, loop: LoopFigures, standing: Standing, now: float) -> LimitTileView:
        limits = coolant.limits_of(state, loop.plant, "supply_temp")
        plant = loop.plant.id
        abnormal = _worse(standing.point(plant, "supply_temp"), standing.point(plant, "return_temp"))
        low, high = (None, None) if limits is None else (limits.normal_low, limits.normal_high)
        normal = f"normal {formatting.number(low)}–{formatting.number(high)}" if low is not None and high else ""
        back = f"return {formatting.number(loop.back, 1)}" if math.isfinite(loop.back) else ""
        return LimitTileView(
            label=f"{loop_title(loop.name)} supply",
            reference=normal,
            figure=formatting.number(loop.supply, 1),
            unit="°C",
            deviation=back,
            gauge=gauge(loop.supply, limits, abnormal),
            spark=self._spark(f"supply_temp/{loop.name}", now),
            mark=mark_of(abnormal),
        )

    def _pue(self, figures: SiteFigures, now: float) -> LimitTileView:
        return LimitTileView(
            label="PUE",
            reference="metered",
            figure=formatting.number(figures.pue, 3),
            unit="",
            gauge=Gauge(figures.pue, 1.0, 1.2, 1.02, 1.05),
            spark=self._spark("pue", now),
        )

    def _spark(self, name: str, now: float) -> Trace | None:
        return self._record.trace(name, now - SPARK_SECONDS, now)


def _power_note(share: float, source: str) -> str:
    """The share of the rating, else who measured; nothing where nobody did."""
    if math.isfinite(share):
        return formatting.percent(100 * share)
    return f"by {source}" if source else ""


def _worse(*severities: int) -> int:
    """The worst of some severities; 0 is none."""
    return min((severity for severity in severities if severity), default=0)


def loop_title(name: str) -> str:
    """Like "Loop B" for LOOP-B; other names as they are."""
    stem, _, tail = name.partition("-")
    return f"Loop {tail}" if stem.casefold() == "loop" and tail else name


def _common_limits(state: SiteState, profiles: Iterable[str], point: str) -> Limits | None:
    """The band of a point for the miners of a site, taken from the first family that names one."""
    for profile_id in profiles:
        profile = state.profiles.get(profile_id)
        if profile is not None and point in profile.limits:
            return profile.limits[point]
    return None


def _worst_at(standing: Standing, point: str) -> int:
    """Worst severity of the alarms that stand at a point anywhere on the site."""
    return min((severity for (_, name, _), severity in standing.severity.items() if name == point), default=0)
