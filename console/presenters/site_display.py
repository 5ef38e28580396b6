"""The Site display: tiles, heat map, losses, queue and worst miners of one site."""

from console.presenters import cases, formatting
from console.presenters.cell_tip import cell_tip
from console.presenters.figures import site_figures
from console.presenters.heat_map import HeatMap
from console.presenters.losses import loss_view
from console.presenters.miners import Inventory
from console.presenters.record import SiteRecord
from console.presenters.source import SiteState
from console.presenters.standing import StandingIndex
from console.presenters.tiles import SiteTiles
from console.presenters.worst import worst_rows
from widgets.view_models.site import CellTipView, HeatMetric, SiteView

QUEUE_ROWS = 30


class SitePresenter:
    """Presents one site. Keeps what is worked out of its inventory; the state itself comes with each call."""

    def __init__(self, inventory: Inventory, standing: StandingIndex, record: SiteRecord) -> None:
        self._inventory = inventory
        self._standing = standing
        self._heat = HeatMap(inventory, standing)
        self._tiles = SiteTiles(inventory, record)

    def view(self, state: SiteState, metric: HeatMetric, selected: str, now: float) -> SiteView:
        """The display for a metric and a selected device or incident."""
        standing = self._standing.of(state)
        figures = site_figures(state, self._inventory, now)
        worst, worst_note = worst_rows(state, self._inventory, standing, now)
        queue = state.open_incidents()
        return SiteView(
            tiles=self._tiles.tiles(state, figures, standing, now),
            heat=self._heat.view(state, metric, now),
            losses=loss_view(state, self._inventory, now),
            queue=tuple(cases.queue_item(case, state, now) for case in queue[:QUEUE_ROWS]),
            queue_note=f"{formatting.number(len(queue))} open",
            worst=worst,
            worst_note=worst_note,
            selected=selected,
        )

    def tip(self, state: SiteState, device: str, now: float) -> CellTipView | None:
        """What the pointer reads over a cell."""
        return cell_tip(state, self._inventory, self._standing.of(state), device, now)
