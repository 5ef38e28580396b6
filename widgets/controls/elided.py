"""A line of plain text that shortens itself: for anything that comes from devices, files or people."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.theme.fonts import BODY, REGULAR
from widgets.theme.text import LEFT, draw_text, fit, metrics, text_width
from widgets.theme.tokens import ThemeSource


class ElidedLabel(QWidget):
    """One line of text with an ellipsis where it does not fit; the whole text is then the tooltip.

    Args:
        theme: The theme in force.
        text: Shown as it is: markup is never interpreted.
        parent: Qt's parent.
        size: Pixels.
        weight: 400 to 700.
        role: Role of the theme that gives the colour: "text", "secondary", "equipment".
        align: Left, right or centre.
    """

    def __init__(
        self,
        theme: ThemeSource,
        text: str = "",
        parent: QWidget | None = None,
        *,
        size: int = BODY,
        weight: int = REGULAR,
        role: str = "text",
        align: Qt.AlignmentFlag = LEFT,
    ) -> None:
        super().__init__(parent)
        self._source = theme
        self._text = text
        self._size = size
        self._weight = weight
        self._role = role
        self._align = align
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)
        theme.changed.connect(self.update)

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text

    def set_text(self, text: str) -> None:
        """Change the text."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self._set_tip()
            self.updateGeometry()
            self.update()

    def set_role(self, role: str) -> None:
        """Change the role that gives the colour."""
        if role != self._role:
            self._role = role
            self.update()

    def sizeHint(self) -> QSize:
        """The whole text in one line."""
        width = text_width(self._text, self._size, self._weight)
        return QSize(round(width + 1), round(metrics(self._size, self._weight).height() + 2))

    def minimumSizeHint(self) -> QSize:
        """Room for an ellipsis."""
        return QSize(min(self.sizeHint().width(), 2 * self._size), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The tooltip appears when the text no longer fits."""
        self._set_tip()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text."""
        painter = QPainter(self)
        colour = getattr(self._source.theme, self._role)
        draw_text(painter, QRectF(self.rect()), self._text, self._size, colour, self._weight, self._align)

    def _set_tip(self) -> None:
        shortened = fit(self._text, self._size, self._weight, self.width()) != self._text
        self.setToolTip(plain_tip(self._text) if shortened else "")


def plain_tip(text: str) -> str:
    """A tooltip that shows `text` as it is: Qt guesses markup in tooltips and offers no way to say otherwise."""
    if not text:
        return ""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")
    return f'<span style="white-space: pre-wrap">{escaped}</span>'
