"""One site on the Overview: figures on their bands, incidents, health, and its first incident."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from widgets.controls.clickable import Clickable
from widgets.controls.clock_bar import paint_clock
from widgets.controls.elided import plain_tip
from widgets.theme.fonts import BODY, LABEL, SECONDARY_FIGURE, SEMIBOLD, SMALL, TITLE
from widgets.theme.severity_shapes import describe, paint_absent, paint_severity
from widgets.theme.strokes import fill_frame, focus_ring, hairline, hatch
from widgets.theme.text import CENTRE, draw_text, text_width
from widgets.theme.tokens import MARGIN, ThemeSource
from widgets.tiles.limit_tile import HEIGHT as TILE
from widgets.tiles.limit_tile import LimitTile
from widgets.view_models.common import AckState, SeverityMark
from widgets.view_models.site import QueueItem, SiteTileView

HEAD = 56
FACTS = 46
STRIP = 56
MARK = 20
CLOCK = 124
FIGURE_WIDTH = 190
"""Smallest width in pixels of one figure."""
COUNT_SPACE = 14
ROOMY_COLUMNS = 3
"""Figures beside each other where one site has the whole display."""


class TopStrip(Clickable):
    """The site's first incident at the foot of its tile."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent, clickable=False)
        self._source = theme
        self._item: QueueItem | None = None
        self.setFixedHeight(STRIP)
        self.setAccessibleName("no open incident")
        theme.changed.connect(self.update)
        theme.blinked.connect(self._on_blink)

    @property
    def incident(self) -> str:
        """Id of the incident shown; empty for none."""
        return self._item.id if self._item is not None else ""

    def show_item(self, item: QueueItem | None) -> None:
        """Show an incident, or that there is none."""
        if item == self._item:
            return
        self._item = item
        self.set_clickable(item is not None)
        if item is None:
            self.setAccessibleName("no open incident")
        else:
            self.setAccessibleName(f"{describe(item.mark)}: {item.title}, {item.clock.label} {item.clock.text}")
        self.setToolTip(plain_tip(f"{item.title}\n{item.clock.tip}".strip()) if item is not None else "")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Shape, title over facts, clock."""
        theme, item = self._source.theme, self._item
        painter = QPainter(self)
        rect = QRectF(self.rect())
        hairline(painter, theme.hairline, 1, 0, self.width() - 2, 0)
        if item is None:
            draw_text(painter, rect.adjusted(MARGIN + 4, 0, 0, 0), "No open incident", LABEL, theme.secondary)
            return
        painter.fillRect(rect.adjusted(1, 1, -1, -1), theme.raised)
        place = QRectF(MARGIN + 4, rect.center().y() - MARK / 2, MARK, MARK)
        paint_severity(painter, place, item.mark, theme, blink_on=self._source.blink_on)
        clock = QRectF(rect.right() - CLOCK - MARGIN - 4, 0, CLOCK, rect.height())
        left = place.right() + 12
        room = clock.left() - left - 12
        draw_text(painter, QRectF(left, 8, room, 20), item.title, BODY, theme.text, SEMIBOLD)
        facts = ", ".join(part for part in (item.label, item.owner, item.scope) if part)
        draw_text(painter, QRectF(left, 28, room, 18), facts, LABEL, theme.secondary)
        paint_clock(painter, clock, item.clock, theme, item.mark.severity)
        if self.hasFocus():
            focus_ring(painter, rect, theme.focus)

    def _on_blink(self) -> None:
        if self._item is not None and self._item.mark.ack is AckState.NEW:
            self.update()


class SiteTile(Clickable):
    """A site; the click (or Enter) opens it, its foot opens its first incident."""

    incident_opened = Signal(str)

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._view: SiteTileView | None = None
        self._figures: list[LimitTile] = []
        self._columns = 0
        self._roomy = False
        column = QVBoxLayout(self)
        column.setContentsMargins(1, HEAD, 1, 1)
        column.setSpacing(0)
        self._holder = QWidget()
        self._holder.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._grid = QGridLayout(self._holder)
        self._grid.setContentsMargins(4, 0, 4, 0)
        self._grid.setSpacing(0)
        column.addWidget(self._holder, 1)
        column.addSpacing(FACTS)
        self._strip = TopStrip(theme)
        column.addWidget(self._strip)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._strip.clicked.connect(self._open_incident)
        theme.changed.connect(self.update)
        theme.blinked.connect(self._on_blink)

    @property
    def site(self) -> str:
        """Id of the site shown; empty before the first view."""
        return self._view.id if self._view is not None else ""

    def set_roomy(self, roomy: bool) -> None:
        """Let the figures of the only site fill the height: fewer columns, tall trends."""
        if roomy == self._roomy:
            return
        self._roomy = roomy
        vertical = QSizePolicy.Policy.Expanding if roomy else QSizePolicy.Policy.Preferred
        self.setSizePolicy(QSizePolicy.Policy.Expanding, vertical)
        self._columns = 0
        self._arrange()

    def show_view(self, view: SiteTileView) -> None:
        """Show a site."""
        if view is self._view:
            return
        self._view = view
        while len(self._figures) < len(view.figures):
            self._figures.append(LimitTile(self._source, framed=False))
            self._columns = 0
        for index, tile in enumerate(self._figures):
            tile.setVisible(index < len(view.figures) and not view.stale)
        for tile, figure in zip(self._figures, view.figures, strict=False):
            tile.show_view(figure)
        self._arrange()
        self._strip.show_item(view.top)
        counts = ", ".join(f"{found.count} of severity {found.severity}" for found in view.counts if found.count)
        state = view.stale or ", ".join(f"{figure.label} {figure.figure} {figure.unit}" for figure in view.figures)
        self.setAccessibleName(f"site {view.name}: {state}; incidents: {counts or 'none'}")
        self.update()

    def sizeHint(self) -> QSize:
        """Head, figures, facts, foot."""
        rows = -(-len(self._figures) // max(1, self._columns))
        return QSize(620, HEAD + max(1, rows) * TILE + FACTS + STRIP + 8)

    def minimumSizeHint(self) -> QSize:
        """Two figures beside each other."""
        return QSize(2 * FIGURE_WIDTH, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Figures stand in as many columns as fit."""
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Frame, head, counts, facts; a hatch over a silent site."""
        theme, view = self._source.theme, self._view
        painter = QPainter(self)
        rect = QRectF(self.rect())
        fill_frame(painter, rect, theme.panel, theme.hairline)
        if view is None:
            return
        left = self._paint_counts(painter, rect.right() - MARGIN - 4, view)
        name = QRectF(MARGIN + 4, 10, left - MARGIN - 20, 24)
        draw_text(painter, name, view.name, SECONDARY_FIGURE, theme.text, SEMIBOLD)
        draw_text(painter, name.translated(0, 22), view.summary, LABEL, theme.secondary)
        self._paint_facts(painter, view)
        if view.stale:
            room = QRectF(MARGIN + 4, HEAD + 8, rect.width() - 2 * MARGIN - 8, self._strip.y() - FACTS - HEAD - 16)
            painter.fillRect(room, hatch(theme.hatch))
            width = text_width(view.stale, TITLE, SEMIBOLD) + 32
            label = QRectF(room.center().x() - width / 2, room.center().y() - 18, width, 36)
            fill_frame(painter, label, theme.panel, theme.border)
            draw_text(painter, label, view.stale, TITLE, theme.text, SEMIBOLD, CENTRE)
        if self.hasFocus():
            focus_ring(painter, rect, theme.focus)

    def _paint_counts(self, painter: QPainter, right: float, view: SiteTileView) -> float:
        """Counts by severity, right-aligned; returns where they begin."""
        theme = self._source.theme
        for found in reversed(view.counts):
            text = f"{found.count:,}"
            width = text_width(text, TITLE, SEMIBOLD)
            ink = theme.text if found.count else theme.equipment
            draw_text(painter, QRectF(right - width, 14, width + 1, MARK), text, TITLE, ink, SEMIBOLD)
            place = QRectF(right - width - 6 - MARK, 14, MARK, MARK)
            if found.count:
                mark = SeverityMark(found.severity, found.ack)
                paint_severity(painter, place, mark, theme, blink_on=self._source.blink_on)
            else:
                paint_absent(painter, place, found.severity, theme)
            right = place.left() - COUNT_SPACE
        return right

    def _paint_facts(self, painter: QPainter, view: SiteTileView) -> None:
        theme = self._source.theme
        top = self._strip.y() - FACTS
        x = float(MARGIN + 4)
        for label, value in view.facts:
            width = max(text_width(label, SMALL), text_width(value, BODY, SEMIBOLD))
            if x + width > self.width() - MARGIN:
                return
            draw_text(painter, QRectF(x, top + 2, width + 1, 16), label, SMALL, theme.secondary)
            draw_text(painter, QRectF(x, top + 18, width + 1, 18), value, BODY, theme.text, SEMIBOLD)
            x += width + 32

    def _arrange(self) -> None:
        """Lay the figures out in columns."""
        count = len(self._figures)
        if not count or self._view is None:
            return
        fitting = max(2, min(count, ROOMY_COLUMNS if self._roomy else count, self.width() // FIGURE_WIDTH))
        rows = -(-count // fitting)
        columns = -(-count // rows)
        if columns == self._columns:
            return
        self._columns = columns
        vertical = QSizePolicy.Policy.Expanding if self._roomy else QSizePolicy.Policy.Fixed
        for index, tile in enumerate(self._figures):
            tile.setSizePolicy(QSizePolicy.Policy.Expanding, vertical)
            self._grid.removeWidget(tile)
            self._grid.addWidget(tile, index // columns, index % columns)
        self.updateGeometry()

    def _open_incident(self) -> None:
        if self._strip.incident:
            self.incident_opened.emit(self._strip.incident)

    def _on_blink(self) -> None:
        counts = self._view.counts if self._view is not None else ()
        if any(found.count and found.ack is AckState.NEW for found in counts):
            self.update(0, 0, self.width(), HEAD)
