"""Drawing plain text: elided to its rectangle, never interpreted as markup, with measurements remembered."""

from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from widgets.theme.fonts import REGULAR, font

LEFT = Qt.AlignmentFlag.AlignLeft
RIGHT = Qt.AlignmentFlag.AlignRight
CENTRE = Qt.AlignmentFlag.AlignHCenter

Run = tuple[str, int, int, QColor]
"""A stretch of text: the text, its size in pixels, its weight, its colour."""


@lru_cache(maxsize=64)
def metrics(size: int, weight: int = REGULAR) -> QFontMetricsF:
    """Measures of the family at a size and weight."""
    return QFontMetricsF(font(size, weight))


@lru_cache(maxsize=8192)
def text_width(text: str, size: int, weight: int = REGULAR) -> float:
    """Advance of a text in pixels."""
    return metrics(size, weight).horizontalAdvance(text)


@lru_cache(maxsize=8192)
def _elided(text: str, size: int, weight: int, width: int) -> str:
    return metrics(size, weight).elidedText(text, Qt.TextElideMode.ElideRight, width)


def fit(text: str, size: int, weight: int, width: float) -> str:
    """The text in one line, shortened with an ellipsis when it is wider than `width` pixels."""
    line = " ".join(text.splitlines()) if "\n" in text or "\r" in text else text
    if text_width(line, size, weight) <= width + 0.5:
        return line
    return _elided(line, size, weight, max(0, int(width)))


def draw_text(
    painter: QPainter,
    rect: QRectF,
    text: str,
    size: int,
    colour: QColor,
    weight: int = REGULAR,
    align: Qt.AlignmentFlag = LEFT,
) -> float:
    """Draw one line centred vertically in `rect`, elided, and return the width it took."""
    if not text:
        return 0.0
    shown = fit(text, size, weight, rect.width())
    width = text_width(shown, size, weight)
    x = rect.left()
    if align is RIGHT:
        x = rect.right() - width
    elif align is CENTRE:
        x = rect.center().x() - width / 2
    painter.setFont(font(size, weight))
    painter.setPen(colour)
    painter.drawText(QPointF(x, baseline(rect, size, weight)), shown)
    return width


def baseline(rect: QRectF, size: int, weight: int = REGULAR) -> float:
    """The baseline, on a whole pixel, that centres the capitals of a line in `rect`."""
    return float(round(rect.center().y() + metrics(size, weight).capHeight() / 2))


def runs_width(runs: Sequence[Run]) -> float:
    """Advance of several runs in pixels."""
    return sum(text_width(text, size, weight) for text, size, weight, _ in runs)


def draw_runs(painter: QPainter, x: float, line: float, runs: Sequence[Run]) -> float:
    """Draw runs one after the other on the baseline `line` from `x`; returns where the last one ends."""
    for text, size, weight, colour in runs:
        painter.setFont(font(size, weight))
        painter.setPen(colour)
        painter.drawText(QPointF(x, line), text)
        x += text_width(text, size, weight)
    return x
