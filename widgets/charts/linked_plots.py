"""Plots under each other on one time axis with one cursor: pyqtgraph draws the lines, the theme everything around."""

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QStyleOptionGraphicsItem, QVBoxLayout, QWidget

from widgets.charts.plot_area import PlotArea
from widgets.charts.plot_painting import Cursor, paint_front, paint_ground
from widgets.theme.strokes import focus_ring
from widgets.theme.tokens import ThemeSource
from widgets.view_models.common import AckState, PlotView

MARGIN = 12
LOW_PLOT = 104
"""Below this height in pixels only the last plot labels its time axis."""
DRAG = 6
"""Pixels that a press must move to become a zoom."""
SHORTEST = 10.0
"""Seconds of the narrowest zoom."""


class _Layer(QGraphicsItem):
    """Everything behind (or before) the lines of all plots, as one item."""

    def __init__(self, owner: "LinkedPlots", *, front: bool) -> None:
        super().__init__()
        self._owner = owner
        self._front = front
        self._rect = QRectF()
        self.setZValue(100 if front else -100)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def set_rect(self, rect: QRectF) -> None:
        self.prepareGeometryChange()
        self._rect = rect

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self._front:
            self._owner.paint_over(painter)
        else:
            self._owner.paint_under(painter)


class LinkedPlots(QWidget):
    """A stack of plots on one time axis.

    Moving the pointer, or left and right, moves one cursor over all of them and prints the values at the right edge.
    Dragging zooms, a double click or Escape goes back to the whole range.
    """

    range_chosen = Signal(float, float)
    """The user zoomed to these UTC seconds: a history of finer steps may be fetched."""
    range_reset = Signal()

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._plots: tuple[PlotView, ...] = ()
        self._tz = ""
        self._areas: list[PlotArea] = []
        self._zoom: tuple[float, float] | None = None
        self._cursor: float | None = None
        self._drag: tuple[float, float] | None = None
        self._canvas: Any = pg.GraphicsView(parent=self, background=None)
        self._canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._canvas.setFrameShape(self._canvas.Shape.NoFrame)
        self._canvas.viewport().setMouseTracking(True)
        self._canvas.viewport().installEventFilter(self)
        self._scene: QGraphicsScene = self._canvas.scene()
        self._under, self._over = _Layer(self, front=False), _Layer(self, front=True)
        self._scene.addItem(self._under)
        self._scene.addItem(self._over)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._canvas)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(80)
        self.setAccessibleName("plots")
        theme.changed.connect(self._on_theme)
        theme.blinked.connect(self._on_blink)
        self._on_theme()

    @property
    def cursor_at(self) -> float | None:
        """UTC seconds under the cursor; None while there is none."""
        return self._cursor

    @property
    def shown_range(self) -> tuple[float, float]:
        """UTC seconds at the left and right edge."""
        if self._zoom is not None:
            return self._zoom
        return (self._plots[0].start, self._plots[0].stop) if self._plots else (0.0, 1.0)

    def show_plots(self, plots: tuple[PlotView, ...], tz: str) -> None:
        """Show plots, their axis labelled in the IANA zone `tz`. A zoom made by the user stays."""
        if plots is self._plots and tz == self._tz:
            return
        self._plots, self._tz = plots, tz
        while len(self._areas) < len(plots):
            self._areas.append(PlotArea(self._scene))
        while len(self._areas) > len(plots):
            self._areas.pop().remove(self._scene)
        self.setAccessibleDescription("; ".join(f"{plot.title} {plot.summary} {plot.unit}" for plot in plots))
        self._arrange()

    def reset_zoom(self) -> None:
        """Go back to the whole range."""
        if self._zoom is not None:
            self._zoom = None
            self._arrange()
            self.range_reset.emit()

    def sizeHint(self) -> QSize:
        """About 190 px per plot."""
        return QSize(560, 190 * max(1, len(self._plots)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the height among the plots."""
        self._arrange()

    def paint_under(self, painter: QPainter) -> None:
        """Ground, band and grid of all plots. Called by the scene."""
        for area in self._areas:
            paint_ground(painter, area, self._source.theme)

    def paint_over(self, painter: QPainter) -> None:
        """Labels, limits, marks and the cursor of all plots. Called by the scene."""
        theme = self._source.theme
        cursor = Cursor(self._cursor, self._tz)
        for index, area in enumerate(self._areas):
            paint_front(painter, area, theme, cursor, self._source.blink_on, self._has_foot(index))
        if self._drag is not None:
            self._paint_drag(painter, theme.text)
        if self.hasFocus():
            focus_ring(painter, QRectF(self.rect()), theme.focus)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The canvas under the pointer: cursor, zoom, reset."""
        kind = event.type()
        if isinstance(event, QMouseEvent):
            self._on_mouse(kind, event)
            return True
        if kind is QEvent.Type.Leave:
            self._set_cursor(None)
        return kind is QEvent.Type.Wheel and not event.isAccepted()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right move the cursor (with Shift ten times as far), Escape resets."""
        key = Qt.Key(event.key())
        if key in {Qt.Key.Key_Left, Qt.Key.Key_Right} and self._areas:
            start, stop = self.shown_range
            step = (stop - start) / max(self._areas[0].area.width(), 1.0)
            step *= 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            at = stop if self._cursor is None else self._cursor + (step if key == Qt.Key.Key_Right else -step)
            self._set_cursor(min(max(at, start), stop))
        elif key == Qt.Key.Key_Escape and (self._zoom is not None or self._cursor is not None):
            self._set_cursor(None)
            self.reset_zoom()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        self._repaint()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        self._repaint()

    def _has_foot(self, index: int) -> bool:
        return index == len(self._areas) - 1 or self.height() / max(1, len(self._areas)) >= LOW_PLOT

    def _arrange(self) -> None:
        """Place the plots and hand them their data."""
        size = QRectF(0, 0, self.width(), self.height())
        self._canvas.setSceneRect(size)
        self._canvas.setRange(size, padding=0, disableAutoPixel=False)
        for layer in (self._under, self._over):
            layer.set_rect(size)
        start, stop = self.shown_range
        top = 8.0
        height = (size.height() - top - 4) / max(1, len(self._areas))
        for index, (area, plot) in enumerate(zip(self._areas, self._plots, strict=True)):
            room = QRectF(MARGIN, top + index * height, size.width() - 2 * MARGIN, height)
            area.place(room, foot=self._has_foot(index))
            area.show_view(plot, start, stop, self._tz, self._source.theme)
        self._repaint()

    def _on_mouse(self, kind: QEvent.Type, event: QMouseEvent) -> None:
        x = event.position().x()
        left = event.button() is Qt.MouseButton.LeftButton
        if kind is QEvent.Type.MouseButtonDblClick and left:
            self._drag = None
            self.reset_zoom()
        elif kind is QEvent.Type.MouseButtonPress and left:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._drag = (x, x)
        elif kind is QEvent.Type.MouseMove:
            if self._drag is not None:
                self._drag = (self._drag[0], x)
            self._set_cursor(self._areas[0].at(x) if self._areas else None)
        elif kind is QEvent.Type.MouseButtonRelease and left and self._drag is not None:
            first, last = sorted((self._drag[0], x))
            self._drag = None
            self._zoom_to(first, last)
            self._repaint()

    def _zoom_to(self, first: float, last: float) -> None:
        if last - first < DRAG or not self._areas:
            return
        start, stop = self._areas[0].at(first), self._areas[0].at(last)
        if stop - start >= SHORTEST:
            self._zoom = (start, stop)
            self._arrange()
            self.range_chosen.emit(start, stop)

    def _paint_drag(self, painter: QPainter, colour: QColor) -> None:
        """The range being drawn with the pointer."""
        assert self._drag is not None
        left, right = sorted(self._drag)
        painter.setPen(QPen(colour, 1.0))
        for area in self._areas:
            if right - left >= DRAG:
                painter.drawRect(QRectF(left, area.area.top(), right - left, area.area.height()))

    def _set_cursor(self, at: float | None) -> None:
        if at != self._cursor:
            self._cursor = at
            self._repaint()

    def _repaint(self) -> None:
        self._canvas.viewport().update()

    def _on_theme(self) -> None:
        self._canvas.setBackground(self._source.theme.panel)
        self._arrange()

    def _on_blink(self) -> None:
        if any(m.mark.ack is AckState.NEW and not m.closed for plot in self._plots for m in plot.marks):
            self._repaint()
