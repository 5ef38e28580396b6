"""What the pointer reads over a cell: a small card that never covers its own scope."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from widgets.theme.fonts import BODY, LABEL, SEMIBOLD
from widgets.theme.severity_shapes import describe, paint_severity
from widgets.theme.strokes import fill_frame, hairline
from widgets.theme.text import RIGHT, draw_text, text_width
from widgets.theme.tokens import ThemeSource
from widgets.view_models.site import CellTipView

PAD_X = 12
PAD_Y = 8
ROW = 18
HEAD = 20
MARK = 16
WIDTH_MIN = 220
WIDTH_MAX = 380
DISTANCE = 10
DELAY_MS = 150

TipSource = Callable[[str], CellTipView | None]
"""Answers the tip of a device, or None for no tip."""


class CellTip(QWidget):
    """The card. A child of the window it floats in; the pointer passes through it."""

    def __init__(self, theme: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._source = theme
        self._view: CellTipView | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("cell")
        self.hide()
        theme.changed.connect(self.update)

    @property
    def view(self) -> CellTipView | None:
        """What is shown; None while hidden."""
        return None if self.isHidden() else self._view

    def show_at(self, view: CellTipView, avoid: QRect) -> None:
        """Show beside `avoid` (in the parent's pixels), on the side where there is room."""
        self._view = view
        facts = "; ".join(f"{label} {value}" for label, value in view.rows)
        mark = f"; {describe(view.mark)}" if view.mark else ""
        self.setAccessibleDescription(f"{view.title} {view.note}: {facts}{mark}")
        self.resize(self.sizeHint())
        self.move(self._place(avoid))
        self.show()
        self.raise_()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the longest row, within limits."""
        if self._view is None:
            return QSize(WIDTH_MIN, HEAD + 2 * PAD_Y)
        head = text_width(self._view.title, BODY, SEMIBOLD) + 8 + text_width(self._view.note, LABEL)
        head += MARK + 8 if self._view.mark else 0
        rows = [text_width(label, LABEL) + 20 + text_width(value, LABEL, SEMIBOLD) for label, value in self._view.rows]
        width = min(max(WIDTH_MIN, round(max([head, *rows])) + 2 * PAD_X), WIDTH_MAX)
        return QSize(width, HEAD + ROW * len(self._view.rows) + 2 * PAD_Y + 2)

    def _place(self, avoid: QRect) -> QPoint:
        room = self.window().rect().adjusted(4, 4, -4, -4)
        middle_y = min(max(avoid.center().y() - self.height() // 2, room.top()), room.bottom() - self.height())
        middle_x = min(max(avoid.center().x() - self.width() // 2, room.left()), room.right() - self.width())
        for corner in (
            QPoint(avoid.right() + DISTANCE, middle_y),
            QPoint(avoid.left() - DISTANCE - self.width(), middle_y),
            QPoint(middle_x, avoid.top() - DISTANCE - self.height()),
            QPoint(middle_x, avoid.bottom() + DISTANCE),
        ):
            if room.contains(QRect(corner, self.size())):
                return corner
        return QPoint(middle_x, max(room.top(), room.bottom() - self.height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Frame, title line, then label and value rows between hairlines."""
        if self._view is None:
            return
        theme = self._source.theme
        painter = QPainter(self)
        fill_frame(painter, QRectF(self.rect()), theme.sunken, theme.border)
        left, right = PAD_X, self.width() - PAD_X
        head = QRectF(left, PAD_Y, right - left - (MARK + 8 if self._view.mark else 0), 16)
        used = draw_text(painter, head, self._view.title, BODY, theme.text, SEMIBOLD) + 8
        draw_text(painter, head.adjusted(used, 0, 0, 0), self._view.note, LABEL, theme.secondary)
        if self._view.mark:
            mark = QRectF(right - MARK, PAD_Y, MARK, MARK)
            paint_severity(painter, mark, self._view.mark, theme, blink_on=self._source.blink_on)
        y = PAD_Y + HEAD
        for index, (label, value) in enumerate(self._view.rows):
            if index:
                hairline(painter, theme.hairline, left, y, right - 1, y)
            row = QRectF(left, y, right - left, ROW)
            used = draw_text(painter, row, label, LABEL, theme.secondary) + 12
            draw_text(painter, row.adjusted(used, 0, 0, 0), value, LABEL, theme.text, align=RIGHT)
            y += ROW


class TipControl(QObject):
    """Shows the tip of what lies under pointer or cursor after a moment.

    Args:
        theme: The theme in force.
        widget: The widget that is pointed at; the tip floats in its window.
        target: Answers the device under pointer or cursor and what the tip must leave in sight, in the window's pixels;
            None for nothing.
    """

    def __init__(self, theme: ThemeSource, widget: QWidget, target: Callable[[], tuple[str, QRect] | None]) -> None:
        super().__init__(widget)
        self._source = theme
        self._widget = widget
        self._target = target
        self._answer: TipSource | None = None
        self._tip: CellTip | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._show)

    @property
    def view(self) -> CellTipView | None:
        """The tip in sight; None when there is none."""
        return self._tip.view if self._tip is not None else None

    @property
    def box(self) -> QRect:
        """Where the tip stands in the window."""
        return self._tip.geometry() if self._tip is not None else QRect()

    def set_source(self, source: TipSource) -> None:
        """Ask `source` from now on."""
        self._answer = source

    def restart(self) -> None:
        """Hide, and show again after the delay."""
        self.hide()
        self._timer.start()

    def hide(self) -> None:
        """Hide now, and show nothing later."""
        self._timer.stop()
        if self._tip is not None:
            self._tip.hide()

    def _show(self) -> None:
        target = self._target()
        if target is None or self._answer is None or not self._widget.isVisible():
            return
        view = self._answer(target[0])
        if view is None:
            return
        if self._tip is None or self._tip.parentWidget() is not self._widget.window():
            self._tip = CellTip(self._source, self._widget.window())
        self._tip.show_at(view, target[1])
