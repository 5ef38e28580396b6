"""A small framed word: a state, a place, a filter in force."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.controls.clickable import Clickable
from widgets.theme.fonts import REGULAR, SEMIBOLD, SMALL
from widgets.theme.icons import paint_icon
from widgets.theme.strokes import CLEAR, fill_frame, focus_ring
from widgets.theme.text import draw_text, text_width
from widgets.theme.tokens import ThemeSource

HEIGHT = 18
PADDING = 6
ICON = 12
RADIUS = 3


class Chip(Clickable):
    """A word in a frame; inverse for what must be seen first; clickable when asked."""

    def __init__(
        self,
        theme: ThemeSource,
        text: str = "",
        parent: QWidget | None = None,
        *,
        inverse: bool = False,
        icon: str = "",
        clickable: bool = False,
    ) -> None:
        super().__init__(parent, clickable=clickable)
        self._source = theme
        self._text = text
        self._inverse = inverse
        self._icon = icon
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)
        self.setVisible(bool(text))
        theme.changed.connect(self.update)

    def set_text(self, text: str) -> None:
        """Change the word; an empty one hides the chip."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.setVisible(bool(text))
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as word and icon need."""
        width = text_width(self._text, SMALL, self._weight) + 2 * PADDING + (ICON + 4 if self._icon else 0)
        return QSize(round(width + 0.5), HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Three letters and an ellipsis; less shows nothing of use."""
        return QSize(min(self.sizeHint().width(), 44), HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Frame, icon, word."""
        theme = self._source.theme
        painter = QPainter(self)
        rect = QRectF(self.rect())
        ink = theme.window if self._inverse else theme.secondary
        fill = theme.text if self._inverse else CLEAR
        fill_frame(painter, rect, fill, theme.text if self._inverse else theme.border, RADIUS)
        room = rect.adjusted(PADDING, 0, -PADDING + 1, 0)
        if self._icon:
            paint_icon(painter, QRectF(room.left(), rect.center().y() - ICON / 2, ICON, ICON), self._icon, ink)
            room.setLeft(room.left() + ICON + 4)
        draw_text(painter, room, self._text, SMALL, ink, self._weight)
        if self.hasFocus():
            focus_ring(painter, rect, theme.focus, RADIUS)

    @property
    def _weight(self) -> int:
        return SEMIBOLD if self._inverse else REGULAR
