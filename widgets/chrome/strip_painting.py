"""How the scrubber of the time bar looks: track, hashrate, what is not on record, ticks, marks, the play head."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from widgets.controls.time_axis import clock_text, ticks
from widgets.theme.fonts import SEMIBOLD, SMALL
from widgets.theme.polyline import decimate, polygons
from widgets.theme.strokes import fill_frame, hatch
from widgets.theme.text import CENTRE, draw_text, text_width
from widgets.theme.tokens import Theme
from widgets.view_models.common import EventMark
from widgets.view_models.shell import TimeBarView

TRACK_TOP = 20
TRACK = 14
TICK_ROOM = 110
MARK = 14
HEAD_ROOM = 8
"""Pixels kept free at the right for half of the play head."""
BAND_ALPHA = 0.6
CLOSED_HEIGHTS = {1: 11.0, 2: 8.0, 3: 6.0, 4: 4.0}
"""Pixels of the tick of an incident that is over, by severity: the shape says it, a colour would alarm."""

SMALLEST_GAP = 2.0
"""Pixels a gap is drawn wide at least."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Time to pixels."""

    start: float
    stop: float
    width: float

    def x(self, at: float) -> float:
        """Pixels from the left."""
        return (at - self.start) / max(self.stop - self.start, 1e-9) * self.width

    def at(self, x: float) -> float:
        """UTC seconds at a pixel, within the range."""
        share = min(max(x / max(self.width, 1.0), 0.0), 1.0)
        return self.start + share * (self.stop - self.start)

    def inside(self, x: float) -> float:
        """The pixel, or the nearer end."""
        return min(max(x, 0.0), self.width)


def paint_ground(
    painter: QPainter, view: TimeBarView, scale: Scale, theme: Theme, width: int, closed: Sequence[EventMark]
) -> None:
    """What changes with the range and the data only: track, hashrate, gaps, ticks, incidents that are over."""
    track = QRectF(0, TRACK_TOP, scale.width, TRACK)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.sunken)
    painter.drawRoundedRect(track, 2, 2)
    _paint_hashrate(painter, view, scale, theme, width)
    _paint_absent(painter, view, scale, theme)
    for tick in ticks(view.start, view.stop, view.tz, int(width / TICK_ROOM)):
        x = round(scale.x(tick.at)) + 0.5
        painter.setPen(QPen(theme.equipment, 1.0))
        painter.drawLine(QLineF(x, track.top(), x, track.bottom()))
        if x + 4 + text_width(tick.label, SMALL) < width:
            draw_text(painter, QRectF(x + 4, track.top(), 100, TRACK), tick.label, SMALL, theme.secondary)
    painter.setPen(QPen(theme.plot3, 1.5))
    for mark in closed:
        x = scale.x(mark.at)
        painter.drawLine(QLineF(x, TRACK_TOP - 1 - CLOSED_HEIGHTS.get(mark.mark.severity, 4.0), x, TRACK_TOP - 1))


def _paint_hashrate(painter: QPainter, view: TimeBarView, scale: Scale, theme: Theme, width: int) -> None:
    for line in _lines(view, scale, width):
        area = QPainterPath()
        area.addPolygon(line)
        area.lineTo(line.last().x(), TRACK_TOP + TRACK)
        area.lineTo(line.first().x(), TRACK_TOP + TRACK)
        painter.setOpacity(BAND_ALPHA)
        painter.fillPath(area, theme.band)
        painter.setOpacity(1.0)
        painter.setPen(QPen(theme.equipment, 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(line)


def _lines(view: TimeBarView, scale: Scale, width: int) -> list[QPolygonF]:
    """The site's hashrate in pixels; the track spans from 80 % of its highest value to just over it."""
    strip = view.strip
    if strip is None or not np.isfinite(strip.values).any():
        return []
    times, values = decimate(strip.times, strip.values, view.start, view.stop, width)
    there = np.isfinite(values).any()
    top = float(np.nanmax(values)) if there else 1.0
    bottom = min(float(np.nanmin(values)), 0.8 * top) if there else 0.0
    span = max((top - bottom) * 1.12, 1e-9)
    ys = TRACK_TOP + TRACK - (values - bottom) / span * TRACK
    xs = (times - view.start) / max(view.stop - view.start, 1e-9) * scale.width
    return polygons(np.clip(xs, 0.0, scale.width), ys)


def _paint_absent(painter: QPainter, view: TimeBarView, scale: Scale, theme: Theme) -> None:
    """Gaps, and the time before the record begins: hatched, never drawn as if nothing had been wrong."""
    absent = [(gap.start, gap.stop) for gap in view.gaps]
    if isfinite(view.begins) and view.begins > view.start:
        absent.append((view.start, view.begins))
    for start, stop in absent:
        left, right = scale.inside(scale.x(start)), scale.inside(scale.x(stop))
        if stop <= view.start or start >= view.stop:
            continue
        place = QRectF(left, TRACK_TOP, max(right - left, SMALLEST_GAP), TRACK)
        painter.fillRect(place, theme.sunken)
        painter.fillRect(place, hatch(theme.border, 6, 1.5))


def paint_now(painter: QPainter, view: TimeBarView, scale: Scale, theme: Theme) -> None:
    """What was recorded after the moment shown, under hatch up to the present, and a line at the present."""
    if not isfinite(view.now):
        return
    head, end = scale.inside(scale.x(view.at)), scale.inside(scale.x(view.now))
    painter.fillRect(QRectF(head, TRACK_TOP, max(0.0, end - head), TRACK), hatch(theme.hatch))
    if view.now > view.stop:
        return
    x = round(end) + 0.5
    painter.setPen(QPen(theme.secondary, 1.0))
    painter.drawLine(QLineF(x, 6, x, TRACK_TOP + TRACK))
    width = text_width(view.now_label, SMALL)
    left = x + 4 if x + 4 + width <= scale.width + HEAD_ROOM else x - 6 - width
    near = [scale.x(mark.at) for mark in view.marks if not mark.closed]
    if not any(left - MARK < at < left + width + MARK for at in near):
        draw_text(painter, QRectF(left, 4, width + 2, 14), view.now_label, SMALL, theme.secondary)


def paint_head(painter: QPainter, x: float, width: int, height: int, theme: Theme) -> None:
    """The play head."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    x = min(max(x, 6.0), width - 6.0)
    painter.setPen(QPen(theme.text, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawLine(QLineF(x, 17, x, 35))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.text)
    bottom = float(height)
    painter.drawPolygon(
        QPolygonF([QPointF(x - 6, bottom), QPointF(x + 6, bottom), QPointF(x + 6, bottom - 3),
                   QPointF(x, bottom - 9), QPointF(x - 6, bottom - 3)])
    )  # fmt: skip
    painter.restore()


def paint_flag(painter: QPainter, x: float, at: float, tz: str, width: int, theme: Theme) -> None:
    """The time over the head, while a hand holds it."""
    text = clock_text(at, tz)
    wide = text_width(text, SMALL, SEMIBOLD) + 10
    flag = QRectF(min(max(x - wide / 2, 0.0), width - wide), 0, wide, 16)
    fill_frame(painter, flag, theme.text, theme.text, 3)
    draw_text(painter, flag, text, SMALL, theme.window, SEMIBOLD, CENTRE)
