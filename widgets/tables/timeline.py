"""The timeline of an incident: what happened when, and who did it."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from widgets.tables.painted_table import PaintedTable
from widgets.tables.row_model import Column
from widgets.theme.fonts import BODY, LABEL, SEMIBOLD, SMALL
from widgets.theme.text import RIGHT, draw_text, text_width
from widgets.theme.tokens import ThemeSource
from widgets.view_models.incidents import TimelineItem

ROW_HEIGHT = 40
MARGIN = 12
TIME = 56
DOT_AT = MARGIN + TIME + 14
TEXT_AT = DOT_AT + 14


class Timeline(PaintedTable):
    """Events, oldest first; a full dot is a change of state. Stays at the newest unless somebody scrolled away."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        self._items: tuple[TimelineItem, ...] = ()
        self._follows = True
        column = (Column("event", "Event", 160, stretch=1),)
        super().__init__(theme, column, parent, row_height=ROW_HEIGHT, plain=True)
        self.head.hide()
        self.setAccessibleName("Timeline")
        self.set_empty("Nothing happened yet")

    def show_items(self, items: tuple[TimelineItem, ...], *, anew: bool) -> None:
        """Show the events; `anew` for another incident, which begins at its newest event."""
        bar = self.verticalScrollBar()
        self._follows = anew or bar.value() >= bar.maximum()
        if items == self._items:
            return
        self._items = items
        self.set_count(len(items))
        if anew:
            self.select_row(-1)
        if self._follows:
            self.scrollToBottom()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The newest event stays in sight."""
        super().resizeEvent(event)
        if self._follows:
            self.scrollToBottom()

    def cell_text(self, row: int, column: int) -> str:
        """An event in words."""
        item = self._items[row]
        return ", ".join(part for part in (item.time, item.title, item.text, item.actor) if part)

    def paint_cell(self, painter: QPainter, box: QRectF, row: int, column: Column) -> None:
        """Time, dot on its line, title and actor, text."""
        theme, item = self.source.theme, self._items[row]
        time = QRectF(box.left() + MARGIN, box.top() + 2, TIME, 20)
        draw_text(painter, time, item.time, LABEL, theme.secondary)
        self._paint_dot(painter, QRectF(box.left() + DOT_AT, box.top(), 0, ROW_HEIGHT), row, item.state_change)
        left = box.left() + TEXT_AT
        line = QRectF(left, box.top() + 2, box.right() - MARGIN - left, 20)
        actor = min(text_width(item.actor, SMALL), line.width() / 2)
        by = line.adjusted(line.width() - actor, 0, 0, 0)
        draw_text(painter, by, item.actor, SMALL, theme.equipment, align=RIGHT)
        draw_text(painter, line.adjusted(0, 0, -actor - 8, 0), item.title, BODY, theme.text, SEMIBOLD)
        draw_text(painter, line.translated(0, 18), item.text, LABEL, theme.secondary)

    def _paint_dot(self, painter: QPainter, line: QRectF, row: int, full: bool) -> None:
        theme = self.source.theme
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.border, 1))
        middle = line.top() + 12
        top = middle if row == 0 else line.top()
        bottom = middle if row == len(self._items) - 1 else line.bottom()
        painter.drawLine(QPointF(line.left(), top), QPointF(line.left(), bottom))
        painter.setPen(QPen(theme.secondary, 1.5))
        painter.setBrush(theme.text if full else theme.panel)
        radius = 4 if full else 3
        painter.drawEllipse(QPointF(line.left(), middle), radius, radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.restore()
