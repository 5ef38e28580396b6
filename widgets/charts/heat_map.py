"""The heat map of a site: every miner a cell in its physical place."""

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from widgets.charts.cell_tip import TipControl, TipSource
from widgets.charts.tank_backing import TankBacking
from widgets.charts.tank_cursor import Slot, device_of, devices_inside, leap, slots_of, step
from widgets.charts.tank_fit import lay_out
from widgets.charts.tank_layout import Box, TankLayout, shape_of
from widgets.charts.tank_marks import Marks, paint_marks, paint_stale
from widgets.charts.tank_painter import loop_mark_box, paint_notice, rect_of
from widgets.charts.tank_scopes import ScopeBox, paint_scope, scope_boxes
from widgets.theme.severity_shapes import paint_severity
from widgets.theme.strokes import focus_ring
from widgets.theme.tokens import ThemeSource
from widgets.view_models.common import AckState
from widgets.view_models.site import CellTipView, HeatMapView

DRAG_STARTS = 5
"""Pixels the pressed pointer moves before a lasso begins."""
RING = 6
"""Room around the map for the focus ring and for brackets, px."""
_DIRECTIONS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class TankHeatMap(QAbstractScrollArea):
    """Tanks of cells under their loops, with scopes, selection, lasso, tip and legend.

    Arrows move slot by slot, Ctrl+arrow tank by tank, Enter opens the device, Esc clears; drag marks many,
    Ctrl adds. The whole map scrolls only when the smallest cells do not fit.
    """

    device_chosen = Signal(str)
    """The selected device; empty when cleared."""
    device_opened = Signal(str)
    incident_chosen = Signal(str)
    """The shape of a scope was clicked."""
    lasso_chosen = Signal(object)
    """Tuple of the device ids marked by dragging; empty when cleared."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._view: HeatMapView | None = None
        self._layout: TankLayout | None = None
        self._backing = TankBacking()
        self._scopes: tuple[ScopeBox, ...] = ()
        self._slots: dict[str, Slot] = {}
        self._selected = ""
        self._highlighted = ""
        self._cursor: Slot | None = None
        self._hover: Slot | None = None
        self._pressed: QPointF | None = None
        self._drag: QRectF | None = None
        self._lasso: frozenset[str] = frozenset()
        self._tips = TipControl(theme, self, self._tip_target)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName("Heat map of the tanks")
        theme.changed.connect(self._restyle)
        theme.blinked.connect(self._blink)

    @property
    def selected(self) -> str:
        """Id of the selected device; empty for none."""
        return self._selected

    @property
    def lassoed(self) -> tuple[str, ...]:
        """Ids marked by dragging, in no particular order."""
        return tuple(self._lasso)

    @property
    def tip(self) -> CellTipView | None:
        """The tip in sight; None when there is none."""
        return self._tips.view

    def set_tip_source(self, source: TipSource) -> None:
        """Ask `source` for the tip of a device; it answers None for no tip."""
        self._tips.set_source(source)

    def show_view(self, view: HeatMapView) -> None:
        """Show a new frame; selection and lasso stay with their devices."""
        before, self._view = self._view, view
        if before is None or [tank.devices for tank in before.tanks] != [tank.devices for tank in view.tanks]:
            self._index(view)
        if before is None or shape_of(before) != shape_of(view):
            self._relayout()
        else:
            self._refresh()

    def set_selected(self, device: str) -> None:
        """Select a device without a signal; an unknown one is remembered and drawn once it appears."""
        if device == self._selected:
            return
        self._selected = device
        self._cursor = self._slots.get(device, self._cursor)
        self._describe()
        self.viewport().update()

    def set_highlighted(self, incident: str) -> None:
        """Draw the scopes of an incident stronger; empty for none."""
        if incident != self._highlighted:
            self._highlighted = incident
            self.viewport().update()

    def incident_of(self, device: str) -> str:
        """Id of the incident whose scope holds a device; empty for none."""
        slot = self._slots.get(device)
        if slot is None or self._view is None:
            return ""
        scopes = self._view.tanks[slot.tank].scopes
        return next((scope.incident for scope in scopes if scope.rows[0] <= slot.row <= scope.rows[1]), "")

    def slot_rect(self, device: str) -> QRect:
        """Where a device's cell stands in the viewport; empty when it has none."""
        slot = self._slots.get(device)
        if slot is None or self._layout is None:
            return QRect()
        return self._rect_of(slot).translated(self._origin()).toRect()

    # -- state ------------------------------------------------------------------------------------------------

    def _index(self, view: HeatMapView) -> None:
        slots = slots_of(view.tanks)
        self._slots = slots
        self._lasso &= frozenset(slots)
        self._cursor = slots.get(self._selected)
        self._hover = None

    def _relayout(self) -> None:
        if self._view is None:
            return
        size = self.viewport().size()
        self._layout = lay_out(self._view, size.width() - 2 * RING, size.height() - 2 * RING)
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._layout.height + 2 * RING - size.height()))
        bar.setPageStep(size.height())
        bar.setSingleStep(32)
        self._tips.hide()
        self._refresh()

    def _refresh(self) -> None:
        if self._view is None or self._layout is None:
            return
        self._backing.draw(self._view, self._layout, self._source.theme, self.devicePixelRatioF())
        self._scopes = scope_boxes(self._layout, self._view.tanks)
        self.setAccessibleDescription(self._view.empty or self._view.title)
        self.viewport().update()

    def _restyle(self) -> None:
        self._backing.forget()
        self._refresh()

    def _blink(self) -> None:
        loops = self._view.loops if self._view is not None else ()
        marks = [scope.mark for scope in self._scopes if not scope.whole] + [loop.mark for loop in loops if loop.mark]
        if any(mark.ack is AckState.NEW for mark in marks):
            self.viewport().update()

    def _origin(self) -> QPointF:
        return QPointF(RING, RING - self.verticalScrollBar().value())

    def _rect_of(self, slot: Slot) -> QRectF:
        assert self._view is not None
        assert self._layout is not None
        place = self._layout.tanks[slot.tank]
        return rect_of(self._layout.cell_box(self._view.tanks[slot.tank], place, slot.row, slot.column))

    def _slot_at(self, at: QPointF) -> Slot | None:
        if self._view is None or self._layout is None or self._view.empty:
            return None
        point = at - self._origin()
        for place in self._layout.tanks:
            if place.outer.contains(point.x(), point.y()):
                found = self._layout.cell_at(self._view.tanks[place.index], place, point.x(), point.y())
                return Slot(place.index, *found) if found else None
        return None

    def _describe(self) -> None:
        if self._view is None or self._cursor is None:
            return
        tank = self._view.tanks[self._cursor.tank]
        where = f"{tank.title}, row {self._cursor.row + 1}, slot {self._cursor.column + 1}"
        self.viewport().setAccessibleName(f"{where}: {self._selected or 'empty slot'}")

    # -- painting ---------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """The drawn tanks, then what changes under the hand: scopes, selection, lasso, focus."""
        painter = QPainter(self.viewport())
        theme = self._source.theme
        area = QRectF(self.viewport().rect())
        view, layout = self._view, self._layout
        if view is not None and layout is not None and not view.empty:
            painter.save()
            painter.translate(self._origin())
            self._backing.paint(painter)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_scopes(painter, layout, view)
            paint_marks(painter, self._marks(), theme)
            painter.restore()
            if view.stale:
                paint_stale(painter, area, view.stale, theme)
        elif view is not None:
            paint_notice(painter, area, view.empty or "No miners placed", theme)
        if self.hasFocus():
            focus_ring(painter, area, theme.focus)

    def _paint_scopes(self, painter: QPainter, layout: TankLayout, view: HeatMapView) -> None:
        theme, blink_on = self._source.theme, self._source.blink_on
        for place in layout.loops:
            mark = view.loops[place.index].mark if place.index >= 0 else None
            if mark is not None:
                paint_severity(painter, loop_mark_box(place), mark, theme, blink_on=blink_on)
        leg = 24.0 if layout.compact else 34.5
        for scope in self._scopes:
            paint_scope(painter, scope, theme, leg, blink_on, strong=scope.incident == self._highlighted)

    def _marks(self) -> Marks:
        chosen = self._slots.get(self._selected) or (self._cursor if self.hasFocus() else None)
        return Marks(
            [self._rect_of(self._slots[device]) for device in self._lasso if device in self._slots],
            None if self._hover is None else self._rect_of(self._hover),
            None if chosen is None else self._rect_of(chosen),
            self._drag,
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out again for the new size."""
        self._relayout()

    # -- pointer ----------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a scope's shape chooses its incident; anything else waits for release or drag."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        point = event.position() - self._origin()
        for scope in self._scopes:
            if not scope.whole and scope.mark_box.contains(point):
                self.incident_chosen.emit(scope.incident)
                return
        self._pressed = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Hover, or pull the lasso."""
        if self._pressed is not None:
            pulled = event.position() - self._pressed
            if self._drag is not None or pulled.manhattanLength() >= DRAG_STARTS:
                origin = self._origin()
                self._drag = QRectF(self._pressed - origin, event.position() - origin).normalized()
                self._tips.hide()
                self.viewport().update()
            return
        self._set_hover(self._slot_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a click or a lasso."""
        if self._pressed is None or event.button() is not Qt.MouseButton.LeftButton:
            return
        self._pressed = None
        adds = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if self._drag is not None:
            inside = self._inside(self._drag)
            self._drag = None
            self._set_lasso(self._lasso | inside if adds else inside)
            return
        slot = self._slot_at(event.position())
        if slot is not None and self._view is not None and adds and device_of(self._view.tanks, slot):
            self._set_lasso(self._lasso ^ {device_of(self._view.tanks, slot)})
        elif slot is not None:
            self._choose(slot)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the device."""
        slot = self._slot_at(event.position())
        if slot is not None and self._view is not None:
            self._open(device_of(self._view.tanks, slot))

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer is gone, and its tip with it."""
        self._set_hover(None)

    def _inside(self, box: QRectF) -> frozenset[str]:
        if self._view is None or self._layout is None:
            return frozenset()
        marked = Box(round(box.x()), round(box.y()), round(box.width()), round(box.height()))
        return devices_inside(self._layout, self._view.tanks, marked)

    def _set_lasso(self, devices: frozenset[str]) -> None:
        self._lasso = devices
        self.lasso_chosen.emit(tuple(sorted(devices)))
        self.viewport().update()

    def _set_hover(self, slot: Slot | None) -> None:
        if slot == self._hover:
            return
        self._hover = slot
        if slot is None:
            self._tips.hide()
        else:
            self._tips.restart()
        self.viewport().update()

    # -- keys -------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, Home, End, Enter, Esc."""
        key = Qt.Key(event.key())
        if self._view is None or self._layout is None or not self._view.tanks:
            super().keyPressEvent(event)
        elif key in _DIRECTIONS:
            start = self._cursor or Slot(0, 0, 0)
            move = leap if event.modifiers() & Qt.KeyboardModifier.ControlModifier else step
            target = move(self._layout, self._view.tanks, start, *_DIRECTIONS[key]) if self._cursor else start
            self._go(target)
        elif key in {Qt.Key.Key_Home, Qt.Key.Key_End}:
            last = len(self._view.tanks) - 1
            end = Slot(last, self._view.tanks[last].rows - 1, self._view.tanks[last].columns - 1)
            self._go(Slot(0, 0, 0) if key is Qt.Key.Key_Home else end)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self._selected:
            self._open(self._selected)
        elif key is Qt.Key.Key_Escape and (self._selected or self._lasso or self._cursor):
            self._clear()
        else:
            super().keyPressEvent(event)

    def _go(self, slot: Slot) -> None:
        self._choose(slot)
        rect = self._rect_of(slot)
        bar = self.verticalScrollBar()
        if rect.top() < bar.value():
            bar.setValue(int(rect.top()) - 24)
        elif rect.bottom() + 2 * RING > bar.value() + self.viewport().height():
            bar.setValue(int(rect.bottom()) + 24 - self.viewport().height())
        self._hover = None
        self._tips.restart()

    def _choose(self, slot: Slot) -> None:
        assert self._view is not None
        self._cursor = slot
        self._selected = device_of(self._view.tanks, slot)
        self._describe()
        self.viewport().update()
        self.device_chosen.emit(self._selected)

    def _open(self, device: str) -> None:
        if device:
            self._tips.hide()
            self.device_opened.emit(device)

    def _clear(self) -> None:
        self._cursor = None
        self._selected = ""
        self._tips.hide()
        if self._lasso:
            self._set_lasso(frozenset())
        self.device_chosen.emit("")
        self.viewport().update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        self._tips.hide()
        self.viewport().update()

    def hideEvent(self, event: QHideEvent) -> None:
        """A hidden map shows no tip."""
        self._tips.hide()

    # -- tip --------------------------------------------------------------------------------------------------

    def _tip_target(self) -> tuple[str, QRect] | None:
        slot = self._hover or self._cursor
        if slot is None or self._view is None:
            return None
        device = device_of(self._view.tanks, slot)
        return (device, self._avoid(slot)) if device else None

    def _avoid(self, slot: Slot) -> QRect:
        """What the tip must leave in sight, in the window's pixels: the cell and the part of a tank in its scope."""
        rect = self._rect_of(slot)
        for scope in self._scopes:
            if not scope.whole and scope.box.contains(rect.center()):
                rect = rect.united(scope.box)
        corner = self.viewport().mapTo(self.window(), QPoint(0, 0))
        return rect.translated(self._origin()).translated(QPointF(corner)).toRect()
