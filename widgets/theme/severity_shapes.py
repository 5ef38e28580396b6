"""The severity shapes: square 1, triangle 2, diamond 3, circle 4; nothing else draws them.

Filled with a blinking border is new, an outline with a tick is acknowledged, a dashed outline with an arrow is
returned, a second outline behind is a group. Drawn on a 20 unit grid and scaled; pictures are cached by what they show.
"""

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from widgets.theme.fonts import font
from widgets.theme.tokens import Theme
from widgets.view_models.common import AckState, SeverityMark

GRID = 20.0
STROKE_NEW = 1.5
STROKE_ACKNOWLEDGED = 1.8
STROKE_RETURNED = 1.6
STROKE_GROUP = 1.2
SEV3_OUTLINE_EXTRA = 1.3
"""How far the dark outline of the light theme's diamond stands out on each side."""
NAMES = ("normal", "severity 1", "severity 2", "severity 3", "severity 4")
WORDS = {AckState.NEW: "new", AckState.ACKNOWLEDGED: "acknowledged", AckState.RETURNED: "returned"}


def describe(mark: SeverityMark) -> str:
    """The mark in words, for accessible names: "severity 1, acknowledged, group"."""
    return f"{NAMES[mark.severity]}, {WORDS[mark.ack]}" + (", group" if mark.group else "")


def shape_path(severity: int) -> QPainterPath:
    """The outline of a severity's shape on the 20 unit grid.

    Raises:
        ValueError: The severity is not 1 to 4.
    """
    path = QPainterPath()
    if severity == 1:
        path.addRoundedRect(QRectF(2.5, 2.5, 15, 15), 1, 1)
    elif severity == 2:
        _polygon(path, (10, 1.8), (18.6, 17.4), (1.4, 17.4))
    elif severity == 3:
        _polygon(path, (10, 0.9), (19.1, 10), (10, 19.1), (0.9, 10))
    elif severity == 4:
        path.addEllipse(QPointF(10, 10), 8, 8)
    else:
        raise ValueError(f"severity {severity} has no shape: it is 1 to 4")
    return path


def paint_severity(
    painter: QPainter, rect: QRectF, mark: SeverityMark, theme: Theme, *, blink_on: bool = True, digit: bool = True
) -> None:
    """Draw a mark into a square rectangle.

    Args:
        painter: Where to draw.
        rect: 20 px in headers and lists, 14 px in tables and tiles, 32 px in display heads.
        mark: What to draw.
        theme: The colours.
        blink_on: Phase of the blinking border; matters for new marks only.
        digit: Write the digit; small acknowledged shapes leave it out.
    """
    size = round(min(rect.width(), rect.height()))
    blink_on = blink_on or mark.ack is not AckState.NEW
    ratio = painter.device().devicePixelRatio() if painter.device() is not None else 1.0
    picture = _picture(mark, size, _Colours(theme), blink_on, digit, ratio)
    margin = _margin(size)
    painter.drawImage(QPointF(rect.center().x() - size / 2 - margin, rect.center().y() - size / 2 - margin), picture)


def paint_absent(painter: QPainter, rect: QRectF, severity: int, theme: Theme) -> None:
    """Draw the empty outline that stands beside a count of 0."""
    size = min(rect.width(), rect.height())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.center().x() - size / 2, rect.center().y() - size / 2)
    painter.scale(size / GRID, size / GRID)
    painter.setPen(_pen(theme.border, STROKE_NEW))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(shape_path(severity))
    painter.restore()


class _Colours:
    """A theme as a cache key: equal when every colour of the shapes is."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self._key = (
            theme.name,
            theme.panel.rgba(),
            theme.text.rgba(),
            *(theme.severity(n).rgba() for n in range(1, 5)),
        )

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Colours) and self._key == other._key


def _margin(size: int) -> int:
    """Room around the square for the group's second outline and for strokes."""
    return max(3, round(size * 0.25))


@lru_cache(maxsize=512)
def _picture(mark: SeverityMark, size: int, colours: _Colours, blink_on: bool, digit: bool, ratio: float) -> QImage:
    margin = _margin(size)
    side = round((size + 2 * margin) * ratio)
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    painter.translate(margin, margin)
    painter.scale(size / GRID, size / GRID)
    _draw(painter, mark, colours.theme, blink_on, digit)
    painter.end()
    return image


def _draw(painter: QPainter, mark: SeverityMark, theme: Theme, blink_on: bool, digit: bool) -> None:
    shape = shape_path(mark.severity)
    colour = theme.severity(mark.severity)
    if mark.group:
        painter.setPen(_pen(colour, STROKE_GROUP))
        painter.setBrush(theme.panel)
        painter.drawPath(shape.translated(3, -3))
    if mark.severity == 3 and theme.sev3_outline.alpha() and mark.ack is not AckState.NEW:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_pen(theme.sev3_outline, STROKE_ACKNOWLEDGED + 2 * SEV3_OUTLINE_EXTRA))
        painter.drawPath(shape)
    if mark.ack is AckState.NEW:
        _draw_new(painter, shape, mark.severity, theme, blink_on, digit)
    else:
        _draw_outline(painter, shape, mark, theme, digit)


def _draw_new(painter: QPainter, shape: QPainterPath, severity: int, theme: Theme, blink_on: bool, digit: bool) -> None:
    outlined = severity == 3 and theme.sev3_outline.alpha()
    border = theme.sev3_outline if outlined else theme.severity(severity)
    painter.setBrush(theme.severity(severity))
    painter.setPen(_pen(border if blink_on else theme.panel, STROKE_NEW if blink_on else 2 * STROKE_NEW))
    painter.drawPath(shape)
    if digit:
        ink = theme.sev3_text if outlined else theme.on_severity
        _digit(painter, severity, 10, 15.4 if severity == 2 else 14.2, 12, ink)


def _draw_outline(painter: QPainter, shape: QPainterPath, mark: SeverityMark, theme: Theme, digit: bool) -> None:
    colour = theme.severity(mark.severity)
    returned = mark.ack is AckState.RETURNED
    pen = _pen(colour, STROKE_RETURNED if returned else STROKE_ACKNOWLEDGED)
    if returned:
        pen.setDashPattern([2.6 / STROKE_RETURNED, 2.0 / STROKE_RETURNED])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.setBrush(theme.panel)
    painter.drawPath(shape)
    if digit:
        ink = theme.sev3_text if mark.severity == 3 else colour
        _digit(painter, mark.severity, 9.2, 14.6 if mark.severity == 2 else 13.4, 11, ink)
    sign = QPainterPath()
    if returned:
        sign.moveTo(16.5, 11.5)
        sign.lineTo(16.5, 18.5)
        sign.moveTo(13.9, 15.9)
        sign.lineTo(16.5, 18.5)
        sign.lineTo(19.1, 15.9)
    else:
        sign.moveTo(12.6, 17)
        sign.lineTo(15.2, 19.6)
        sign.lineTo(20.2, 13.8)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(_pen(theme.panel, 4 if returned else 5, flat=True))
    painter.drawPath(sign)
    painter.setPen(_pen(theme.text, (1.5 if returned else 1.8) if digit else 2.4, flat=True))
    painter.drawPath(sign)


def _digit(painter: QPainter, severity: int, x: float, baseline: float, size: int, ink: QColor) -> None:
    painter.setFont(font(size, 700))
    painter.setPen(ink)
    width = painter.fontMetrics().horizontalAdvance(str(severity))
    painter.drawText(QPointF(x - width / 2, baseline), str(severity))


def _polygon(path: QPainterPath, *points: tuple[float, float]) -> None:
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)
    path.closeSubpath()


def _pen(colour: QColor, width: float, *, flat: bool = False) -> QPen:
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin if flat else Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen
