"""The Site display: limit tiles, heat map of every miner, where the hashrate goes, incidents, worst miners."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from widgets.charts.cell_tip import TipSource
from widgets.charts.heat_map import RING, TankHeatMap
from widgets.charts.loss_bar import LossBar
from widgets.controls.chip import Chip
from widgets.controls.elided import ElidedLabel
from widgets.controls.key_hint import KeyHint
from widgets.controls.panel import Panel
from widgets.controls.segments import Segments
from widgets.tables.incident_queue import IncidentQueue
from widgets.tables.worst_miners import WorstMiners
from widgets.theme.fonts import LABEL
from widgets.theme.tokens import GAP, MARGIN, PANEL_HEAD, ThemeSource
from widgets.tiles.limit_tile import LimitTile
from widgets.view_models.common import LimitTileView
from widgets.view_models.site import HeatMetric, SiteView

METRICS = (
    (HeatMetric.DEVIATION, "Deviation"),
    (HeatMetric.HASHRATE, "Hashrate"),
    (HeatMetric.CHIP_TEMP, "Chip temp"),
    (HeatMetric.EFFICIENCY, "Efficiency"),
    (HeatMetric.AGE, "Age"),
)
SIDE_WIDTHS = ((1500, 480), (1150, 372), (0, 320))
"""Width of the side panels from a width of the display on."""
LOW = 800
"""Below this height tiles give up their trend and panels their margins."""
NARROW = 1500
"""Below this width a tile says the deviation where its reference stood."""
LOSSES_HEIGHT = 96
LOSSES_LOW = 88


class SiteDisplay(QWidget):
    """One site on one screen. Queue, list and map share one selection."""

    device_chosen = Signal(str)
    """The selected miner; empty when cleared."""
    device_opened = Signal(str)
    incident_chosen = Signal(str)
    incident_opened = Signal(str)
    metric_chosen = Signal(str)
    devices_marked = Signal(object)
    """Tuple of the device ids inside the lasso."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._view: SiteView | None = None
        self._low = False
        self.tiles: list[LimitTile] = []
        self.heat_map = TankHeatMap(theme)
        self.metrics = Segments(theme, METRICS)
        self.losses = LossBar(theme)
        self.queue = IncidentQueue(theme)
        self.worst = WorstMiners(theme)
        self._build()
        self._connect()
        self.setAccessibleName("Site")
        self.setFocusProxy(self.heat_map)

    # -- building ---------------------------------------------------------------------------------------------

    def _build(self) -> None:
        theme = self._source
        outer = QVBoxLayout(self)
        outer.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        outer.setSpacing(GAP)
        self._tile_row = QHBoxLayout()
        self._tile_row.setSpacing(GAP)
        outer.addLayout(self._tile_row)
        columns = QHBoxLayout()
        columns.setSpacing(GAP)
        outer.addLayout(columns, 1)
        columns.addLayout(self._build_left(theme), 1)
        self._side = QWidget(self)
        columns.addWidget(self._side)
        self._build_side(theme)

    def _build_left(self, theme: ThemeSource) -> QVBoxLayout:
        left = QVBoxLayout()
        left.setSpacing(GAP)
        self._map_panel = Panel(theme, "Tanks")
        self._marked = Chip(theme, inverse=True)
        self._map_panel.slot.addWidget(self._marked)
        self._map_panel.slot.addWidget(self.metrics)
        self._map_panel.body.addWidget(self.heat_map)
        left.addWidget(self._map_panel, 1)
        self._loss_panel = Panel(theme, "Losses")
        self._loss_panel.body.setContentsMargins(MARGIN - 1, MARGIN, MARGIN - 1, 0)
        self._loss_panel.body.addWidget(self.losses, 0, Qt.AlignmentFlag.AlignTop)
        left.addWidget(self._loss_panel)
        return left

    def _build_side(self, theme: ThemeSource) -> None:
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(GAP)
        self._queue_panel = Panel(theme, "Incidents")
        self._pending = Chip(theme, inverse=True)
        self._order = Chip(theme, "severity, then deadline")
        self._queue_panel.slot.addWidget(self._pending)
        self._queue_panel.slot.addWidget(self._order)
        self._queue_panel.slot.addWidget(KeyHint(theme, "Enter"))
        self._queue_panel.body.addWidget(self.queue)
        side.addWidget(self._queue_panel, 464)
        self._worst_panel = Panel(theme, "Worst miners")
        self._worst_panel.set_note("incident groups first, then by deviation")
        self._worst_panel.body.addWidget(self.worst, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(MARGIN, 6, MARGIN, 6)
        foot.setSpacing(GAP)
        self._worst_note = ElidedLabel(theme, size=LABEL, role="secondary")
        foot.addWidget(self._worst_note, 1)
        self._worst_keys = KeyHint(theme, "J K", "move")
        foot.addWidget(self._worst_keys)
        foot.addWidget(KeyHint(theme, "Enter", "faceplate"))
        self._worst_panel.body.addLayout(foot)
        side.addWidget(self._worst_panel, 340)

    def _connect(self) -> None:
        self.heat_map.device_chosen.connect(self._choose_device)
        self.heat_map.device_opened.connect(self.device_opened)
        self.heat_map.incident_chosen.connect(self._choose_incident)
        self.heat_map.lasso_chosen.connect(self._mark)
        self.metrics.chosen.connect(self.metric_chosen)
        self.queue.incident_chosen.connect(self._choose_incident)
        self.queue.incident_opened.connect(self.incident_opened)
        self.queue.pending_changed.connect(self._show_pending)
        self.worst.device_chosen.connect(self._choose_device)
        self.worst.device_opened.connect(self.device_opened)
        self.worst.incident_opened.connect(self.incident_opened)

    # -- showing ----------------------------------------------------------------------------------------------

    def set_tip_source(self, source: TipSource) -> None:
        """Ask `source` what the pointer reads over a miner."""
        self.heat_map.set_tip_source(source)

    def show_view(self, view: SiteView) -> None:
        """Show a new frame; the selection stays."""
        before, self._view = self._view, view
        self._show_tiles(view)
        self._map_panel.set_note(view.heat.title)
        self.metrics.set_current(view.heat.metric)
        self.heat_map.show_view(view.heat)
        self._loss_panel.set_title(view.losses.title)
        self._loss_panel.set_note(view.losses.note)
        self._loss_panel.set_right_note(view.losses.right)
        self.losses.show_view(view.losses)
        self._queue_panel.set_note(view.queue_note)
        self.queue.set_empty("No open incidents")
        self.queue.show_items(view.queue)
        self.worst.set_empty("No miner is measured yet")
        self.worst.show_rows(view.worst)
        self._worst_note.set_text(view.worst_note)
        if before is None or before.selected != view.selected:
            self.set_selected(view.selected)

    def set_selected(self, device: str) -> None:
        """Select a miner everywhere, without a signal."""
        self.heat_map.set_selected(device)
        self.worst.set_chosen(device)
        incident = self.heat_map.incident_of(device)
        if incident:
            self._highlight(incident)

    def _show_tiles(self, view: SiteView) -> None:
        while len(self.tiles) < len(view.tiles):
            self.tiles.append(LimitTile(self._source, self))
            self._tile_row.addWidget(self.tiles[-1], 1)
        for index, tile in enumerate(self.tiles):
            tile.setVisible(index < len(view.tiles))
        for tile, shown in zip(self.tiles, view.tiles, strict=False):
            tile.show_view(self._fitted(shown))

    def _fitted(self, tile: LimitTileView) -> LimitTileView:
        if self._low:
            tile = replace(tile, spark=None)
        if self.width() < NARROW and tile.deviation:
            tile = replace(tile, reference=tile.deviation, deviation="")
        return tile

    def _show_pending(self, pending: int) -> None:
        self._pending.set_text(f"order frozen, {pending} pending" if pending else "")
        self._order.set_text("" if pending else "severity, then deadline")

    # -- one selection ----------------------------------------------------------------------------------------

    def _choose_device(self, device: str) -> None:
        self.set_selected(device)
        self.device_chosen.emit(device)

    def _choose_incident(self, incident: str) -> None:
        self._highlight(incident)
        self.incident_chosen.emit(incident)

    def _highlight(self, incident: str) -> None:
        self.queue.set_chosen(incident)
        self.heat_map.set_highlighted(incident)

    def _mark(self, devices: tuple[str, ...]) -> None:
        self._marked.set_text(f"{len(devices):,} marked, Esc clears" if devices else "")
        self.devices_marked.emit(devices)

    # -- size -------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow screens get narrower side panels, low ones tiles without a trend."""
        super().resizeEvent(event)
        side = next(width for least, width in SIDE_WIDTHS if self.width() >= least)
        self._side.setFixedWidth(side)
        low = self.height() < LOW
        sides = MARGIN - RING - 1
        self._map_panel.body.setContentsMargins(sides, 4 if low else sides + 1, sides, 0 if low else sides + 1)
        self._loss_panel.setFixedHeight(LOSSES_LOW if low else LOSSES_HEIGHT)
        self._loss_panel.body.setContentsMargins(MARGIN - 1, 8 if low else MARGIN, MARGIN - 1, 0)
        self._worst_keys.setVisible(side >= SIDE_WIDTHS[0][1])
        self._low = low
        if self._view is not None:
            self._show_tiles(self._view)
        self._queue_panel.setMinimumHeight(PANEL_HEAD + 2 * 48)
