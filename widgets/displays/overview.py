"""The Overview: all sites of this console, worst first, and the incidents of all of them."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from widgets.controls.key_hint import KeyHint
from widgets.controls.panel import Panel
from widgets.displays.site_tile import SiteTile
from widgets.tables.incident_queue import IncidentQueue
from widgets.theme.fonts import TITLE
from widgets.theme.text import CENTRE, draw_text
from widgets.theme.tokens import GAP, MARGIN, ThemeSource
from widgets.view_models.site import OverviewView

QUEUE = 480
QUEUE_NARROW = 380
NARROW = 1360


class OverviewDisplay(QWidget):
    """Site tiles in a grid and one queue. A site opens with a click or Enter, its first incident too."""

    site_opened = Signal(str)
    incident_opened = Signal(str)

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._tiles: list[SiteTile] = []
        self._columns = 0
        self.setAccessibleName("overview")
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, GAP, 0)
        self._grid = QGridLayout()
        self._grid.setSpacing(GAP)
        column.addLayout(self._grid)
        self._column = column
        self._scroll.setWidget(inner)
        self._queue_panel = Panel(theme, "Incidents")
        self._queue_panel.slot.addWidget(KeyHint(theme, "Enter"))
        self._queue = IncidentQueue(theme)
        self._queue.set_empty("No open incidents")
        self._queue_panel.body.addWidget(self._queue)
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        row.setSpacing(0)
        row.addWidget(self._scroll, 1)
        row.addWidget(self._queue_panel)
        self._queue.incident_opened.connect(self.incident_opened)
        theme.changed.connect(self.update)

    def show_view(self, view: OverviewView) -> None:
        """Show the sites in the order given."""
        while len(self._tiles) < len(view.sites):
            tile = SiteTile(self._source)
            tile.clicked.connect(self._open_site)
            tile.incident_opened.connect(self.incident_opened)
            self._tiles.append(tile)
            self._columns = 0
        for index, tile in enumerate(self._tiles):
            tile.setVisible(index < len(view.sites))
        for tile, site in zip(self._tiles, view.sites, strict=False):
            tile.show_view(site)
        self._arrange(len(view.sites))
        self._queue_panel.set_note(view.queue_note)
        self._queue.show_items(view.queue)
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit queue and columns to the width."""
        self._queue_panel.setFixedWidth(QUEUE_NARROW if self.width() < NARROW else QUEUE)
        self._arrange(sum(not tile.isHidden() for tile in self._tiles))

    def paintEvent(self, event: QPaintEvent) -> None:
        """How to fill it, while it is empty."""
        if any(not tile.isHidden() for tile in self._tiles):
            return
        painter = QPainter(self)
        room = QRectF(self._scroll.geometry())
        text = "No site is open. Open a site folder, scan a network, or try the virtual site."
        draw_text(painter, room, text, TITLE, self._source.theme.secondary, align=CENTRE)

    def _arrange(self, count: int) -> None:
        """Lay the tiles out: one below the other where it is narrow, up to three beside each other."""
        room = self.width() - self._queue_panel.width() - 2 * MARGIN
        for tile in self._tiles:
            tile.set_roomy(count == 1)
        self._column.setAlignment(self._grid, Qt.AlignmentFlag(0) if count == 1 else Qt.AlignmentFlag.AlignTop)
        columns = 1 if count <= 1 else min(count, 3 if count > 4 else 2, max(1, room // 420))
        if columns == self._columns or count == 0:
            return
        self._columns = columns
        for index, tile in enumerate(self._tiles):
            self._grid.removeWidget(tile)
            self._grid.addWidget(tile, index // columns, index % columns)
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    def _open_site(self) -> None:
        tile = self.sender()
        if isinstance(tile, SiteTile) and tile.site:
            self.site_opened.emit(tile.site)
