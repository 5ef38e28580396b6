"""The scrubber of the time bar: the site's hashrate over the range, incident marks, the play head."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from widgets.controls.elided import plain_tip
from widgets.controls.time_axis import clock_text, moment_text, ticks
from widgets.theme.fonts import SEMIBOLD, SMALL
from widgets.theme.polyline import decimate, polygons
from widgets.theme.severity_shapes import describe, paint_severity
from widgets.theme.strokes import fill_frame, focus_ring, hatch
from widgets.theme.text import CENTRE, draw_text, text_width
from widgets.theme.tokens import TIME_BAR, Theme, ThemeSource
from widgets.view_models.common import AckState, EventMark
from widgets.view_models.shell import TimeBarView

TRACK_TOP = 20
TRACK = 14
MARK = 14
TICK_ROOM = 110
HEAD_ROOM = 8
"""Pixels kept free at the right for half of the play head."""
POLL = 5.0
"""Seconds that left and right move: one poll."""
MINUTE = 60.0
BAND_ALPHA = 0.6


@dataclass(frozen=True, slots=True)
class _Scale:
    """Time to pixels."""

    start: float
    stop: float
    width: float

    def x(self, at: float) -> float:
        return (at - self.start) / max(self.stop - self.start, 1e-9) * self.width

    def at(self, x: float) -> float:
        share = min(max(x / max(self.width, 1.0), 0.0), 1.0)
        return self.start + share * (self.stop - self.start)


class TimeStrip(QWidget):
    """The range as a track. Dragging scrubs, the wheel asks for a longer or shorter range.

    Left and right move one poll, with Shift one minute; Home goes to the start of the range, End goes live.
    """

    moment_chosen = Signal(float)
    """UTC seconds under the pointer while scrubbing."""
    live_asked = Signal()
    zoomed = Signal(int)
    """-1 for a shorter range, +1 for a longer one."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._view: TimeBarView | None = None
        self._ground: QPixmap | None = None
        self._ground_key: tuple[object, ...] = ()
        self._wheel = 0
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
        head = scale.x(view.at)
        if not view.live:
            ahead = QRectF(head, TRACK_TOP, max(0.0, scale.width - head), TRACK)
            painter.fillRect(ahead, hatch(theme.hatch))
        for mark in view.marks:
            if not mark.closed and view.start <= mark.at <= view.stop:
                x = min(max(scale.x(mark.at), MARK / 2), self.width() - MARK / 2)
                place = QRectF(round(x - MARK / 2), 3, MARK, MARK)
                digit = mark.mark.ack is AckState.NEW
                paint_severity(painter, place, mark.mark, theme, blink_on=self._source.blink_on, digit=digit)
        self._paint_head(painter, head, view, theme)
        if self.hasFocus():
            focus_ring(painter, QRectF(0, TRACK_TOP - 2, self.width(), TRACK + 4), theme.focus, 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to scrub."""
        self._scrub(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub."""
        self._scrub(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A notch up shortens the range, a notch down lengthens it."""
        self._wheel += event.angleDelta().y()
        while abs(self._wheel) >= 120:
            step = 1 if self._wheel > 0 else -1
            self._wheel -= 120 * step
            self.zoomed.emit(-step)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the play head or the range."""
        view = self._view
        key = Qt.Key(event.key())
        if view is None:
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_End:
            self.live_asked.emit()
        elif key == Qt.Key.Key_Home:
            self.moment_chosen.emit(view.start)
        elif key in {Qt.Key.Key_Plus, Qt.Key.Key_Minus}:
            self.zoomed.emit(-1 if key == Qt.Key.Key_Plus else 1)
        elif key in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            step = MINUTE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else POLL
            wanted = view.at + (step if key == Qt.Key.Key_Right else -step)
            self.moment_chosen.emit(min(max(wanted, view.start), view.stop))
        else:
            super().keyPressEvent(event)

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
        """What the pointer reads at a pixel: incidents there, then the time."""
        view = self._view
        if view is None:
            return ""
        scale = self._scale(view)
        near = [mark for mark in view.marks if abs(scale.x(mark.at) - x) <= MARK / 2]
        lines = [mark.tip or describe(mark.mark) for mark in near]
        return "\n".join([*lines, moment_text(scale.at(x), view.tz)])

    def _scale(self, view: TimeBarView) -> _Scale:
        return _Scale(view.start, view.stop, float(self.width() - HEAD_ROOM))

    def _scrub(self, event: QMouseEvent) -> None:
        if self._view is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self.moment_chosen.emit(self._scale(self._view).at(event.position().x()))

    def _background(self, view: TimeBarView, scale: _Scale) -> QPixmap:
        """Track, hashrate, ticks and closed incidents: drawn once per change of range, data or theme."""
        ratio = self.devicePixelRatioF()
        closed = tuple(mark for mark in view.marks if mark.closed)
        key = (id(view.strip), view.start, view.stop, view.tz, closed, self.width(), ratio, id(self._source.theme))
        if self._ground is not None and key == self._ground_key:
            return self._ground
        ground = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        ground.setDevicePixelRatio(ratio)
        ground.fill(Qt.GlobalColor.transparent)
        painter = QPainter(ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, view, scale, closed)
        painter.end()
        self._ground, self._ground_key = ground, key
        return ground

    def _paint_ground(self, painter: QPainter, view: TimeBarView, scale: _Scale, closed: tuple[EventMark, ...]) -> None:
        theme = self._source.theme
        track = QRectF(0, TRACK_TOP, scale.width, TRACK)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.sunken)
        painter.drawRoundedRect(track, 2, 2)
        for line in self._lines(view, scale):
            area = QPainterPath()
            area.addPolygon(line)
            area.lineTo(line.last().x(), track.bottom())
            area.lineTo(line.first().x(), track.bottom())
            painter.setOpacity(BAND_ALPHA)
            painter.fillPath(area, theme.band)
            painter.setOpacity(1.0)
            painter.setPen(QPen(theme.equipment, 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(line)
        for tick in ticks(view.start, view.stop, view.tz, int(self.width() / TICK_ROOM)):
            x = round(scale.x(tick.at)) + 0.5
            painter.setPen(QPen(theme.equipment, 1.0))
            painter.drawLine(QLineF(x, track.top(), x, track.bottom()))
            if x + 4 + text_width(tick.label, SMALL) < self.width():
                draw_text(painter, QRectF(x + 4, track.top(), 100, TRACK), tick.label, SMALL, theme.secondary)
        painter.setPen(QPen(theme.plot3, 1.5))
        for mark in closed:
            x = scale.x(mark.at)
            painter.drawLine(QLineF(x, 14, x, 19))

    def _lines(self, view: TimeBarView, scale: _Scale) -> list[QPolygonF]:
        """The site's hashrate in pixels; the track spans from 80 % of its highest value to just over it."""
        strip = view.strip
        if strip is None or not np.isfinite(strip.values).any():
            return []
        times, values = decimate(strip.times, strip.values, view.start, view.stop, self.width())
        top = float(np.nanmax(values)) if np.isfinite(values).any() else 1.0
        bottom = min(float(np.nanmin(values)), 0.8 * top) if np.isfinite(values).any() else 0.0
        span = max((top - bottom) * 1.12, 1e-9)
        ys = TRACK_TOP + TRACK - (values - bottom) / span * TRACK
        xs = (times - view.start) / max(view.stop - view.start, 1e-9) * scale.width
        return polygons(xs, ys)

    def _paint_head(self, painter: QPainter, x: float, view: TimeBarView, theme: Theme) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x = min(max(x, 6.0), self.width() - 6.0)
        painter.setPen(QPen(theme.text, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(QLineF(x, 17, x, 35))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.text)
        bottom = float(self.height())
        painter.drawPolygon(
            QPolygonF([QPointF(x - 6, bottom), QPointF(x + 6, bottom), QPointF(x + 6, bottom - 3),
                       QPointF(x, bottom - 9), QPointF(x - 6, bottom - 3)])
        )  # fmt: skip
        painter.restore()
        if not view.live:
            text = clock_text(view.at, view.tz)
            width = text_width(text, SMALL, SEMIBOLD) + 10
            flag = QRectF(min(max(x - width / 2, 0.0), self.width() - width), 0, width, 16)
            fill_frame(painter, flag, theme.text, theme.text, 3)
            draw_text(painter, flag, text, SMALL, theme.window, SEMIBOLD, CENTRE)

    def _on_blink(self) -> None:
        if self._view is not None and any(m.mark.ack is AckState.NEW and not m.closed for m in self._view.marks):
            self.update()
