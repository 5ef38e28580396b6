"""A small framed word: a state, a place, a filter in force."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.theme.fonts import REGULAR, SEMIBOLD, SMALL
from widgets.theme.icons import paint_icon
from widgets.theme.strokes import CLEAR, fill_frame, focus_ring
from widgets.theme.text import draw_text, text_width
from widgets.theme.tokens import ThemeSource

HEIGHT = 18
PADDING = 6
ICON = 12
RADIUS = 3


class Chip(QWidget):
    """A word in a frame; inverse for what must be seen first; clickable when asked."""

    clicked = Signal()

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
        super().__init__(parent)
        self._source = theme
        self._text = text
        self._inverse = inverse
        self._icon = icon
        self._clickable = clickable
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)
        self.setVisible(bool(text))
        if clickable:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.changed.connect(self.update)

    def set_text(self, text: str) -> None:
        """Change the word; an empty one hides the chip."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.setVisible(bool(text))
            self.updateGeometry()
            self.update()

    def set_inverse(self, inverse: bool) -> None:
        """Light on dark swapped, for what must be seen first."""
        if inverse != self._inverse:
            self._inverse = inverse
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

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click, where the chip takes clicks."""
        if self._clickable and event.button() is Qt.MouseButton.LeftButton:
            self.clicked.emit()
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space and Enter click."""
        if self._clickable and event.key() in {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        self.update()

    @property
    def _weight(self) -> int:
        return SEMIBOLD if self._inverse else REGULAR
