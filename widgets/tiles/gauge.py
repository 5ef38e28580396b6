"""The analog bar: a value on its normal band between limits."""

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from widgets.theme.strokes import hatch
from widgets.theme.tokens import Theme
from widgets.view_models.common import Gauge

HEIGHT = 16
TRACK_TOP = 6
TRACK = 8
NEEDLE = 5.0


def paint_gauge(painter: QPainter, rect: QRectF, gauge: Gauge, theme: Theme, *, stale: bool = False) -> None:
    """Draw the bar, 16 px high, at the top of `rect`; without a value, or stale, it is hatched and has no needle.

    Args:
        painter: Where to draw.
        rect: Its width is the bar's length.
        gauge: Value, ends, band, limits.
        theme: The colours.
        stale: The value is older than two polls.
    """
    track = QRectF(rect.left(), rect.top() + TRACK_TOP, rect.width(), TRACK)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.sunken)
    painter.drawRoundedRect(track, 1, 1)
    painter.restore()
    _band(painter, track, gauge, theme)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.text, 1.5))
    for limit in gauge.limits:
        x = _place(track, gauge, limit)
        painter.drawLine(QLineF(x, rect.top() + 3, x, rect.top() + 17))
    if gauge.value is None or stale:
        painter.fillRect(track, hatch(theme.hatch))
    else:
        _needle(painter, rect.top(), _place(track, gauge, gauge.value), gauge.abnormal, theme)
    painter.restore()


def _band(painter: QPainter, track: QRectF, gauge: Gauge, theme: Theme) -> None:
    """The normal band, with an edge where the side is closed."""
    if gauge.normal_low is None and gauge.normal_high is None:
        return
    left = track.left() if gauge.normal_low is None else _place(track, gauge, gauge.normal_low)
    right = track.right() if gauge.normal_high is None else _place(track, gauge, gauge.normal_high)
    painter.fillRect(QRectF(left, track.top(), max(0.0, right - left), track.height()), theme.band)
    painter.setPen(QPen(theme.equipment, 1.0))
    for edge, closed in ((left, gauge.normal_low), (right, gauge.normal_high)):
        if closed is not None and track.left() < edge < track.right():
            x = round(edge) + 0.5
            painter.drawLine(QLineF(x, track.top() - 1, x, track.bottom() + 1))


def _needle(painter: QPainter, top: float, x: float, abnormal: int, theme: Theme) -> None:
    colour = theme.severity(abnormal)
    painter.setPen(QPen(colour, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawLine(QLineF(x, top + 4, x, top + 12))
    painter.setPen(QPen(theme.sev3_outline, 1.0) if abnormal == 3 and theme.sev3_outline.alpha() else Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([QPointF(x - NEEDLE, top), QPointF(x + NEEDLE, top), QPointF(x, top + 7)]))


def _place(track: QRectF, gauge: Gauge, value: float) -> float:
    """Where a value lies on the bar; values past an end stay at it."""
    span = gauge.high - gauge.low
    share = (value - gauge.low) / span if span > 0 else 0.0
    return track.left() + min(max(share, 0.0), 1.0) * track.width()
