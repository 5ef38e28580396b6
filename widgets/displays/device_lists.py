"""Short lists of the Device display: its history, and facts that are no numbers."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.controls.clickable import CLICK_KEYS
from widgets.theme.fonts import BODY, LABEL
from widgets.theme.severity_shapes import describe, paint_severity
from widgets.theme.strokes import focus_ring, hairline
from widgets.theme.text import RIGHT, draw_text, text_width
from widgets.theme.tokens import MARGIN, ROW, ThemeSource
from widgets.view_models.common import AckState
from widgets.view_models.device import HistoryItem

MARK = 14
TIME = 112


class HistoryList(QWidget):
    """Incidents and changes, newest first; Enter or a click opens an incident."""

    incident_opened = Signal(str)

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._items: tuple[HistoryItem, ...] = ()
        self._at = 0
        self._hover = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("history")
        theme.changed.connect(self.update)

    def show_items(self, items: tuple[HistoryItem, ...]) -> None:
        """Show a history."""
        if items == self._items:
            return
        self._items = items
        self._at = min(self._at, max(0, len(items) - 1))
        words = [
            f"{item.time} {item.text}" + (f" ({describe(item.mark)})" if item.mark is not None else "")
            for item in items
        ]
        self.setAccessibleDescription("; ".join(words) or "nothing recorded")
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        """A row each."""
        return QSize(320, ROW * max(1, len(self._items)) + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows."""
        theme = self._source.theme
        painter = QPainter(self)
        if not self._items:
            room = QRectF(MARGIN, 0, self.width() - 2 * MARGIN, ROW)
            draw_text(painter, room, "Nothing recorded yet.", LABEL, theme.secondary)
            return
        for index, item in enumerate(self._items):
            line = QRectF(0, index * ROW, self.width(), ROW)
            if item.incident and index == self._hover:
                painter.fillRect(line, theme.raised)
            if item.mark is not None:
                filled = item.mark.ack is AckState.NEW
                paint_severity(painter, QRectF(MARGIN, line.top() + 4, MARK, MARK), item.mark, theme, digit=filled)
            ink = theme.secondary if item.incident and item.mark is None else theme.text
            draw_text(painter, QRectF(36 + 8, line.top(), TIME - 8, ROW), item.time, BODY, theme.secondary)
            draw_text(painter, QRectF(36 + TIME, line.top(), self.width() - 48 - TIME, ROW), item.text, BODY, ink)
            if index < len(self._items) - 1:
                hairline(painter, theme.hairline, 0, line.bottom() - 1, self.width(), line.bottom() - 1)
            if self.hasFocus() and index == self._at:
                focus_ring(painter, line, theme.focus, 2)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click opens an incident."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._open(int(event.position().y()) // ROW)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Lift what would open."""
        self._set_hover(int(event.position().y()) // ROW)

    def leaveEvent(self, event: object) -> None:
        """Nothing is lifted any more."""
        self._set_hover(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down move, Enter opens."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is not None and self._items:
            self._at = min(max(self._at + step, 0), len(self._items) - 1)
            self.update()
        elif event.key() in CLICK_KEYS:
            self._open(self._at)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        self.update()

    def _set_hover(self, index: int) -> None:
        if index != self._hover:
            self._hover = index
            opens = 0 <= index < len(self._items) and bool(self._items[index].incident)
            self.setCursor(Qt.CursorShape.PointingHandCursor if opens else Qt.CursorShape.ArrowCursor)
            self.update()

    def _open(self, index: int) -> None:
        if 0 <= index < len(self._items) and self._items[index].incident:
            self.incident_opened.emit(self._items[index].incident)


class FactList(QWidget):
    """Names and values, as they are: what devices say is never markup."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._facts: tuple[tuple[str, str], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_facts(self, facts: tuple[tuple[str, str], ...]) -> None:
        """Show facts."""
        if facts == self._facts:
            return
        self._facts = facts
        self.setAccessibleName(", ".join(f"{label}: {value}" for label, value in facts))
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        """A row each."""
        return QSize(320, ROW * len(self._facts) + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows."""
        theme = self._source.theme
        painter = QPainter(self)
        for index, (label, value) in enumerate(self._facts):
            line = QRectF(MARGIN, index * ROW, self.width() - 2 * MARGIN, ROW)
            used = min(text_width(label, LABEL), line.width() * 0.5)
            draw_text(painter, QRectF(line.left(), line.top(), used + 1, ROW), label, LABEL, theme.secondary)
            draw_text(painter, line.adjusted(used + MARGIN, 0, 0, 0), value, BODY, theme.text, align=RIGHT)
            if index < len(self._facts) - 1:
                hairline(painter, theme.hairline, line.left(), line.bottom() - 1, line.right(), line.bottom() - 1)
