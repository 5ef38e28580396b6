"""A key in its little frame, beside what it does."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.theme.fonts import MEDIUM, REGULAR, SMALL
from widgets.theme.strokes import fill_frame
from widgets.theme.text import CENTRE, draw_text, text_width
from widgets.theme.tokens import Theme, ThemeSource

HEIGHT = 18
PADDING = 4
RADIUS = 3


def key_width(key: str) -> int:
    """Width in pixels of a key's frame."""
    return round(text_width(key, SMALL, MEDIUM)) + 2 * PADDING + 2


def paint_key(painter: QPainter, x: float, middle: float, key: str, theme: Theme) -> float:
    """Draw a key with its left edge at `x`, centred on the line `middle`; returns its width."""
    rect = QRectF(round(x), round(middle - HEIGHT / 2), key_width(key), HEIGHT)
    fill_frame(painter, rect, theme.window, theme.border, RADIUS)
    draw_text(painter, rect, key, SMALL, theme.secondary, MEDIUM, CENTRE)
    return rect.width()


class KeyHint(QWidget):
    """A key and, after it, a word: `Ctrl+K` palette."""

    def __init__(self, theme: ThemeSource, key: str, word: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._key = key
        self._word = word
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"{key} {word}".strip())
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Key and word."""
        word = round(text_width(self._word, SMALL, REGULAR)) + 5 if self._word else 0
        return QSize(key_width(self._key) + word, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Key and word."""
        painter = QPainter(self)
        used = paint_key(painter, 0, self.height() / 2, self._key, self._source.theme)
        rect = QRectF(used + 4, 0, self.width() - used - 4, self.height())
        draw_text(painter, rect, self._word, SMALL, self._source.theme.equipment)
