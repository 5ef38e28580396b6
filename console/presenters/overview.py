"""The Overview: one tile for each site of this console, then the incidents of all of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from console.domain.incident_life import queue_order
from console.presenters import cases, coolant, formatting
from console.presenters.figures import SiteFigures, site_figures
from console.presenters.header import data_age, severity_counts, summary
from console.presenters.miners import Inventory
from console.presenters.record import SiteRecord
from console.presenters.source import Connection, Latency, SiteState
from console.presenters.standing import StandingIndex
from console.presenters.tiles import SiteTiles, gauge, loop_title
from widgets.view_models.common import LimitTileView
from widgets.view_models.site import OverviewView, SiteTileView

QUEUE_ROWS = 40


@dataclass(frozen=True)
class OverviewSite:
    """What the Overview needs of one site; `at` is the instant that its state is of, UTC seconds."""

    state: SiteState
    inventory: Inventory
    standing: StandingIndex
    record: SiteRecord
    latency: Latency
    at: float


_COLLECTOR_WORDS = {Connection.LIVE: "running", Connection.RECORDED: "as recorded", Connection.CLOSED: "none"}


def overview_view(sites: Sequence[OverviewSite]) -> OverviewView:
    """All sites, and their open incidents in one order."""
    queue = sorted(
        ((case, site) for site in sites for case in site.state.open_incidents()),
        key=lambda pair: queue_order(pair[0]),
    )
    return OverviewView(
        sites=tuple(_site_tile(site, site.at) for site in sites),
        queue=tuple(cases.queue_item(case, site.state, site.at) for case, site in queue[:QUEUE_ROWS]),
        queue_note=f"{formatting.number(len(queue))} open",
    )


def _site_tile(site: OverviewSite, now: float) -> SiteTileView:
    state = site.state
    figures = site_figures(state, site.inventory, now)
    standing = site.standing.of(state)
    age, note, stale = data_age(state, site.latency, now)
    common = SiteTiles(site.inventory, site.record).tiles(state, figures, standing, now)[:4]
    top = next(iter(state.open_incidents()), None)
    return SiteTileView(
        id=str(state.site.id),
        name=state.site.name,
        summary=summary(state, site.inventory),
        figures=(*common, *_coolant(site, figures, now)),
        counts=severity_counts(state),
        facts=(
            ("data age", age),
            ("collector", _COLLECTOR_WORDS.get(state.connection, state.connection.value)),
            ("automation", "off, reads only"),
            ("contract", "none" if state.site.contract is None else state.site.contract.tier),
        ),
        top=None if top is None else cases.queue_item(top, state, now),
        stale=note if stale else "",
    )


def _coolant(site: OverviewSite, figures: SiteFigures, now: float) -> tuple[LimitTileView, ...]:
    """Supply and return of the warmest loop: the one an operator would ask for first."""
    loops = [loop for loop in figures.loops if math.isfinite(loop.supply) or math.isfinite(loop.back)]
    if not loops:
        return ()
    loop = max(loops, key=lambda found: found.back if math.isfinite(found.back) else -math.inf)
    standing = site.standing.of(site.state)
    tiles = []
    for label, point, value in (("supply", "supply_temp", loop.supply), ("return", "return_temp", loop.back)):
        limits = coolant.limits_of(site.state, loop.plant, point)
        abnormal = standing.point(loop.plant.id, point)
        high = None if limits is None else limits.alarm_high
        tiles.append(
            LimitTileView(
                label=f"Coolant {label}",
                reference=loop_title(loop.name),
                figure=formatting.number(value, 1),
                unit="°C",
                deviation="" if high is None else f"limit {formatting.number(high)}",
                gauge=gauge(value, limits, abnormal),
                spark=site.record.trace(f"{point}/{loop.name}", now - 86400.0, now),
            )
        )
    return tuple(tiles)
