"""A switch of several exclusive choices in one frame."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.theme.fonts import LABEL, MEDIUM
from widgets.theme.strokes import CLEAR, fill_frame, focus_ring, hairline
from widgets.theme.text import CENTRE, draw_text, text_width
from widgets.theme.tokens import RADIUS, ThemeSource

HEIGHT = 24
PADDING = 8


class Segments(QWidget):
    """Exclusive choices side by side; one stop for Tab, arrows move the choice.

    Args:
        theme: The theme in force.
        choices: Pairs of id and label, left to right.
        parent: Qt's parent.
    """

    chosen = Signal(str)
    """The id that the user chose; not emitted by `set_current`."""

    def __init__(self, theme: ThemeSource, choices: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._choices: tuple[tuple[str, str], ...] = ()
        self._edges: tuple[int, ...] = (0,)
        self._current = ""
        self._hover = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self.set_choices(choices)

    @property
    def current(self) -> str:
        """The id of the choice in force; empty when there is none."""
        return self._current

    def set_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Replace the choices; keeps the current one when it is still among them."""
        if tuple(choices) == self._choices:
            return
        self._choices = tuple(choices)
        edges = [0]
        for _, label in self._choices:
            edges.append(edges[-1] + round(text_width(label, LABEL, MEDIUM)) + 2 * PADDING + 1)
        self._edges = tuple(edges)
        ids = [choice for choice, _ in self._choices]
        if self._current not in ids:
            self._current = ids[0] if ids else ""
        self._describe()
        self.updateGeometry()
        self.update()

    def set_current(self, choice: str) -> None:
        """Show a choice as the one in force, without a signal. An unknown id shows none."""
        if choice != self._current:
            self._current = choice
            self._describe()
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as the labels need."""
        return QSize(self._edges[-1] + 1, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Frame, choices, separators."""
        theme = self._source.theme
        painter = QPainter(self)
        frame = QRectF(0, 0, self._edges[-1] + 1, HEIGHT)
        clip = QPainterPath()
        clip.addRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.save()
        painter.setClipPath(clip)
        for index, (choice, label) in enumerate(self._choices):
            cell = QRectF(self._edges[index], 0, self._edges[index + 1] - self._edges[index] + 1, HEIGHT)
            chosen = choice == self._current
            if chosen or index == self._hover:
                painter.fillRect(cell, theme.selected if chosen else theme.raised)
            draw_text(
                painter,
                cell,
                label,
                LABEL,
                theme.text if chosen else theme.secondary,
                MEDIUM if chosen else 400,
                CENTRE,
            )
            if index:
                hairline(painter, theme.border, self._edges[index], 0, self._edges[index], HEIGHT)
        painter.restore()
        fill_frame(painter, frame, CLEAR, theme.border)
        if self.hasFocus():
            focus_ring(painter, frame, theme.focus)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose what lies under the pointer."""
        index = self._index_at(event.position().x())
        if event.button() is Qt.MouseButton.LeftButton and index >= 0:
            self._choose(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Lift the choice under the pointer."""
        self._set_hover(self._index_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is lifted any more."""
        self._set_hover(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right move the choice."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or not self._choices:
            super().keyPressEvent(event)
            return
        ids = [choice for choice, _ in self._choices]
        index = ids.index(self._current) if self._current in ids else 0
        self._choose(min(max(index + step, 0), len(ids) - 1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        self.update()

    def _index_at(self, x: float) -> int:
        for index in range(len(self._choices)):
            if self._edges[index] <= x < self._edges[index + 1]:
                return index
        return -1

    def _set_hover(self, index: int) -> None:
        if index != self._hover:
            self._hover = index
            self.update()

    def _choose(self, index: int) -> None:
        choice = self._choices[index][0]
        if choice == self._current:
            return
        self.set_current(choice)
        self.chosen.emit(choice)

    def _describe(self) -> None:
        """Tell assistive technology what is chosen of what."""
        labels = dict(self._choices)
        self.setAccessibleName(labels.get(self._current, "no choice"))
        self.setAccessibleDescription("one of " + ", ".join(labels.values()))
