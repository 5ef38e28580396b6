"""The gear ring: automation at work."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from widgets.theme.tokens import Theme

TEETH = 8
RADIUS = 6.4
RING = 1.4
TOOTH = 2.2


def paint_gear(painter: QPainter, box: QRectF, theme: Theme) -> None:
    """Draw the ring on a 20 unit grid scaled to a square box, in secondary colour: automation is no alarm."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(box.center())
    painter.scale(box.width() / 20, box.height() / 20)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.secondary, RING))
    painter.drawEllipse(QPointF(0, 0), RADIUS, RADIUS)
    painter.setPen(QPen(theme.secondary, TOOTH))
    for _ in range(TEETH):
        painter.drawLine(QPointF(0, -8.6), QPointF(0, -6.2))
        painter.rotate(360 / TEETH)
    painter.restore()
