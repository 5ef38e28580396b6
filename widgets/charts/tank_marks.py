"""What lies over the tanks under the hand: hover, selection, lasso, the cover of stale data."""

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from widgets.charts.tank_painter import paint_notice
from widgets.theme.strokes import hatch
from widgets.theme.tokens import Theme

STALE_COVER = 0.4
LASSO_ALPHA = 36


@dataclass(frozen=True, slots=True)
class Marks:
    """Rectangles in the map's pixels; None where there is nothing to draw."""

    lasso: Iterable[QRectF]
    hover: QRectF | None
    chosen: QRectF | None
    drag: QRectF | None


def paint_marks(painter: QPainter, marks: Marks, theme: Theme) -> None:
    """Marked cells, the hovered one, the selected one in its double frame, the lasso being pulled."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(_sharp(theme.text, 1.5))
    for box in marks.lasso:
        painter.drawRect(box)
    if marks.hover is not None:
        painter.setPen(_sharp(theme.text, 1))
        painter.drawRect(marks.hover.adjusted(-0.5, -0.5, 0.5, 0.5))
    if marks.chosen is not None:
        for colour, width in ((theme.window, 6), (theme.text, 2)):
            painter.setPen(_sharp(colour, width))
            painter.drawRect(marks.chosen.adjusted(-2, -2, 2, 2))
    if marks.drag is not None:
        veil = QColor(theme.text)
        veil.setAlpha(LASSO_ALPHA)
        painter.fillRect(marks.drag, veil)
        painter.setPen(QPen(theme.text, 1, Qt.PenStyle.DashLine))
        painter.drawRect(marks.drag)


def paint_stale(painter: QPainter, area: QRectF, text: str, theme: Theme) -> None:
    """The whole map under a hatch, the age in its middle."""
    painter.save()
    painter.setOpacity(STALE_COVER)
    painter.fillRect(area, theme.sunken)
    painter.setOpacity(1.0)
    painter.fillRect(area, hatch(theme.hatch))
    painter.restore()
    paint_notice(painter, area, text, theme)


def _sharp(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen
