"""The frame around a part of a display: a 36 px head with title, note and a slot at the right, and a body."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from widgets.theme.fonts import BODY, LABEL, SEMIBOLD
from widgets.theme.strokes import fill_frame, hairline
from widgets.theme.text import RIGHT, draw_text, text_width
from widgets.theme.tokens import MARGIN, PANEL_HEAD, ThemeSource


class Panel(QWidget):
    """A titled frame. Put content into `body`, switches and chips into `slot`.

    An empty title leaves the head away.
    """

    def __init__(self, theme: ThemeSource, title: str, parent: QWidget | None = None, *, padding: int = 0) -> None:
        super().__init__(parent)
        self._source = theme
        self._title = title
        self._note = ""
        self._right = ""
        self.setAccessibleName(title)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        self._head = QWidget(self)
        self._head.setFixedHeight(PANEL_HEAD - 1)
        self._head.setVisible(bool(title))
        self.slot = QHBoxLayout(self._head)
        self.slot.setContentsMargins(0, 0, MARGIN - 1, 0)
        self.slot.setSpacing(8)
        self.slot.addStretch(1)
        outer.addWidget(self._head)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(padding, padding, padding, padding)
        self.body.setSpacing(0)
        outer.addLayout(self.body, 1)
        theme.changed.connect(self.update)

    def set_title(self, title: str) -> None:
        """Change the title; an empty one takes the head away."""
        if title != self._title:
            self._title = title
            self.setAccessibleName(title)
            self._head.setVisible(bool(title))
            self.update()

    def set_note(self, note: str) -> None:
        """The secondary text after the title."""
        if note != self._note:
            self._note = note
            self.setAccessibleDescription(note)
            self.update()

    def set_right_note(self, note: str) -> None:
        """Secondary text at the right edge of the head, before the slot's widgets."""
        if note != self._right:
            self._right = note
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Frame, head line, title, note."""
        theme = self._source.theme
        painter = QPainter(self)
        fill_frame(painter, QRectF(self.rect()), theme.panel, theme.hairline)
        if not self._title:
            return
        hairline(painter, theme.hairline, 1, PANEL_HEAD - 1, self.width() - 2, PANEL_HEAD - 1)
        right = self._slot_left()
        if self._right:
            width = min(text_width(self._right, LABEL), max(0.0, right - MARGIN - 120))
            draw_text(
                painter, QRectF(right - width, 0, width, PANEL_HEAD), self._right, LABEL, theme.secondary, align=RIGHT
            )
            right -= width + MARGIN
        room = QRectF(MARGIN, 0, max(0.0, right - MARGIN), PANEL_HEAD)
        used = draw_text(painter, room, self._title, BODY, theme.text, SEMIBOLD)
        room.setLeft(room.left() + used + 8)
        if self._note and room.width() > 24:
            draw_text(painter, room, self._note, LABEL, theme.secondary)

    def _slot_left(self) -> float:
        """Where the slot's widgets begin, in this widget's pixels."""
        widgets = [
            widget
            for index in range(self.slot.count())
            if (item := self.slot.itemAt(index)) is not None and (widget := item.widget()) is not None
        ]
        lefts = [widget.geometry().left() for widget in widgets if not widget.isHidden()]
        return float(min(lefts) + 1 - 8) if lefts else float(self.width() - MARGIN)
