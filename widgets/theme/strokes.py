"""Small marks that painted widgets share: frames, hairlines, the focus ring, the hatch of missing data."""

from functools import lru_cache

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen

from widgets.theme.tokens import RADIUS

HATCH_STEP = 8
FOCUS_WIDTH = 2.0
CLEAR = QColor(0, 0, 0, 0)


def fill_frame(
    painter: QPainter, rect: QRectF, fill: QColor, border: QColor, radius: float = RADIUS, *, dashed: bool = False
) -> None:
    """Fill a rounded rectangle and draw a crisp 1 px border just inside it."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(border, 1.0)
    if dashed:
        pen.setDashPattern([3, 3])
    painter.setPen(pen)
    painter.setBrush(fill)
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
    painter.restore()


def focus_ring(painter: QPainter, rect: QRectF, colour: QColor, radius: float = RADIUS) -> None:
    """Draw the 2 px focus ring just inside a rectangle."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, FOCUS_WIDTH))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)
    painter.restore()


def hairline(painter: QPainter, colour: QColor, x1: float, y1: float, x2: float, y2: float) -> None:
    """Draw a 1 px line on the pixel grid, horizontal or vertical."""
    painter.setPen(QPen(colour, 1.0))
    painter.drawLine(QLineF(x1 + 0.5, y1 + 0.5, x2 + 0.5, y2 + 0.5))


def hatch(colour: QColor, step: int = HATCH_STEP, width: float = 1.0) -> QBrush:
    """A diagonal hatch: stale or missing data, the past; `step` is its period in pixels."""
    return QBrush(_hatch(colour.rgba(), step, width))


@lru_cache(maxsize=32)
def _hatch(rgba: int, step: int, width: float) -> QImage:
    tile = QImage(step, step, QImage.Format.Format_ARGB32_Premultiplied)
    tile.fill(Qt.GlobalColor.transparent)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor.fromRgba(rgba), width))
    for offset in (-step, 0, step):
        painter.drawLine(QPointF(offset - 1, step + 1), QPointF(offset + step + 1, -1))
    painter.end()
    return tile
