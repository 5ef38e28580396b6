"""The scrubber of the time bar: the pointer and the keys that move through time. `strip_painting` draws it."""

from math import isfinite

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from widgets.chrome.strip_painting import (
    HEAD_ROOM,
    MARK,
    TRACK,
    TRACK_TOP,
    Scale,
    paint_flag,
    paint_ground,
    paint_head,
    paint_now,
)
from widgets.controls.elided import plain_tip
from widgets.controls.time_axis import moment_text
from widgets.theme.severity_shapes import describe, paint_severity
from widgets.theme.strokes import focus_ring
from widgets.theme.tokens import TIME_BAR, ThemeSource
from widgets.view_models.common import AckState
from widgets.view_models.shell import TimeBarView

POLL = 5.0
"""Seconds that left and right move: one poll."""
MINUTE = 60.0
HALF = 0.5
"""Share of the range that a page moves it by."""
NOTCH = 0.1
"""Share of the range that a sideways notch of the wheel moves it by."""

_SPEED_KEYS = {Qt.Key.Key_BracketLeft: -1, Qt.Key.Key_BracketRight: 1}
_PAGE_KEYS = {Qt.Key.Key_PageUp: -HALF, Qt.Key.Key_PageDown: HALF}
_ZOOM_KEYS = {Qt.Key.Key_Plus: -1, Qt.Key.Key_Minus: 1}
_STEP_KEYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class TimeStrip(QWidget):
    """The range as a track. Dragging scrubs, the wheel asks for a longer or shorter range, sideways for another one.

    Left and right move one poll, with Shift one minute; Home goes to the start of the range, with Ctrl to the start of
    the record, End goes live; Page Up and Down move the range; Space plays or stops, [ and ] change the speed.
    """

    moment_chosen = Signal(float)
    """UTC seconds to show."""
    dragged = Signal(float)
    """UTC seconds under the pointer, or under a key that is held down; `released` follows a pointer."""
    released = Signal()
    live_asked = Signal()
    play_asked = Signal()
    speed_moved = Signal(int)
    """-1 for slower, +1 for faster."""
    panned = Signal(float)
    """Share of the range to move it by."""
    zoomed = Signal(int)
    """-1 for a shorter range, +1 for a longer one."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._view: TimeBarView | None = None
        self._ground: QPixmap | None = None
        self._ground_key: tuple[object, ...] = ()
        self._wheel = 0
        self._held = False
        self.setFixedHeight(TIME_BAR - 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("time")
        theme.changed.connect(self.update)
        theme.blinked.connect(self._on_blink)

    def show_view(self, view: TimeBarView) -> None:
        """Show a range and the play head."""
        if view is self._view:
            return
        self._view = view
        where = "live" if view.live else "shown"
        self.setAccessibleDescription(f"{where}, {moment_text(view.at, view.tz)}")
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(600, TIME_BAR - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Track, marks, play head."""
        theme, view = self._source.theme, self._view
        painter = QPainter(self)
        if view is None:
            painter.fillRect(QRectF(0, TRACK_TOP, self.width(), TRACK), theme.sunken)
            return
        scale = self._scale(view)
        painter.drawPixmap(0, 0, self._background(view, scale))
        if not view.live:
            paint_now(painter, view, scale, theme)
        for mark in view.marks:
            if not mark.closed and view.start <= mark.at <= view.stop:
                x = min(max(scale.x(mark.at), MARK / 2), self.width() - MARK / 2)
                place = QRectF(round(x - MARK / 2), 3, MARK, MARK)
                digit = mark.mark.ack is AckState.NEW
                paint_severity(painter, place, mark.mark, theme, blink_on=self._source.blink_on, digit=digit)
        if view.start <= view.at <= view.stop:
            paint_head(painter, scale.x(view.at), self.width(), self.height(), theme)
            if self._held:
                paint_flag(painter, scale.x(view.at), view.at, view.tz, self.width(), theme)
        if self.hasFocus():
            focus_ring(painter, QRectF(0, TRACK_TOP - 2, self.width(), TRACK + 4), theme.focus, 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to scrub."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._held = True
            self._scrub(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub."""
        self._scrub(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The hand lets go."""
        if event.button() is Qt.MouseButton.LeftButton and self._held:
            self._held = False
            self.update()
            self.released.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A notch up shortens the range, a notch down lengthens it; sideways moves it."""
        delta = event.angleDelta()
        if abs(delta.x()) > abs(delta.y()):
            self.panned.emit(-NOTCH * delta.x() / 120)
        else:
            self._wheel += delta.y()
            while abs(self._wheel) >= 120:
                step = 1 if self._wheel > 0 else -1
                self._wheel -= 120 * step
                self.zoomed.emit(-step)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the play head or the range."""
        view = self._view
        key = Qt.Key(event.key())
        if view is None or not self._move(view, key, event):
            super().keyPressEvent(event)

    def _move(self, view: TimeBarView, key: Qt.Key, event: QKeyEvent) -> bool:
        """Do what a key says; False for a key that says nothing here."""
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key in _STEP_KEYS and not event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._step(view, _STEP_KEYS[key], event)
        elif key is Qt.Key.Key_Home:
            self.moment_chosen.emit(view.begins if control and isfinite(view.begins) else view.start)
        elif key is Qt.Key.Key_End and not control:
            self.live_asked.emit()
        elif key is Qt.Key.Key_Space and not control:
            self.play_asked.emit()
        elif key in _PAGE_KEYS:
            self.panned.emit(_PAGE_KEYS[key])
        elif key in _ZOOM_KEYS:
            self.zoomed.emit(_ZOOM_KEYS[key])
        elif key in _SPEED_KEYS:
            self.speed_moved.emit(_SPEED_KEYS[key])
        else:
            return False
        return True

    def _step(self, view: TimeBarView, direction: int, event: QKeyEvent) -> None:
        """One poll or one minute; a key held down is like a hand that drags."""
        long = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        wanted = view.at + direction * (MINUTE if long else POLL)
        (self.dragged if event.isAutoRepeat() else self.moment_chosen).emit(wanted)

    def event(self, event: QEvent) -> bool:
        """The tooltip names the incident, or the time, under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip and self._view is not None:
            QToolTip.showText(event.globalPos(), plain_tip(self.tip_at(event.pos().x())), self)
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        self.update()

    def tip_at(self, x: float) -> str:
        """What the pointer reads at a pixel: incidents there, what is not on record, then the time."""
        view = self._view
        if view is None:
            return ""
        scale = self._scale(view)
        at = scale.at(x)
        lines = [mark.tip or describe(mark.mark) for mark in view.marks if abs(scale.x(mark.at) - x) <= MARK / 2]
        near = scale.at(2.0) - view.start
        lines.extend(gap.tip for gap in view.gaps if gap.start - near <= at <= gap.stop + near)
        if at < view.begins:
            lines.append(f"the record begins {moment_text(view.begins, view.tz)}")
        return "\n".join([*lines, moment_text(at, view.tz)])

    def _scale(self, view: TimeBarView) -> Scale:
        return Scale(view.start, view.stop, float(self.width() - HEAD_ROOM))

    def _scrub(self, event: QMouseEvent) -> None:
        if self._view is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self.dragged.emit(self._scale(self._view).at(event.position().x()))

    def _background(self, view: TimeBarView, scale: Scale) -> QPixmap:
        """Track, hashrate, gaps, ticks and closed incidents: drawn once per change of range, data or theme."""
        ratio = self.devicePixelRatioF()
        closed = tuple(mark for mark in view.marks if mark.closed and view.start <= mark.at <= view.stop)
        key = (
            id(view.strip), view.start, view.stop, view.tz, view.begins, view.gaps, closed, self.width(), ratio,
            id(self._source.theme),
        )  # fmt: skip
        if self._ground is not None and key == self._ground_key:
            return self._ground
        ground = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        ground.setDevicePixelRatio(ratio)
        ground.fill(Qt.GlobalColor.transparent)
        painter = QPainter(ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, view, scale, self._source.theme, self.width(), closed)
        painter.end()
        self._ground, self._ground_key = ground, key
        return ground

    def _on_blink(self) -> None:
        if self._view is not None and any(m.mark.ack is AckState.NEW and not m.closed for m in self._view.marks):
            self.update()
