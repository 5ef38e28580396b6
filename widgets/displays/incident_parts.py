"""Small parts of the Incidents display: counts, guidance, notes, the question before a weighty action."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

from widgets.controls.button import Button
from widgets.controls.elided import ElidedLabel
from widgets.controls.panel import Panel
from widgets.theme.fonts import BODY, SEMIBOLD
from widgets.theme.severity_shapes import paint_absent, paint_severity
from widgets.theme.strokes import fill_frame, focus_ring
from widgets.theme.text import draw_text, text_width
from widgets.theme.tokens import GAP, MARGIN, ThemeSource
from widgets.view_models.common import AckState, SeverityMark
from widgets.view_models.incidents import IncidentRow

MARK = 18
CONFIRM_HEIGHT = 40
PLACEHOLDER = "Write a note, Ctrl+Enter adds it"
_WEIGHT = {AckState.NEW: 0, AckState.ACKNOWLEDGED: 1, AckState.RETURNED: 2}


class SeverityCounts(QWidget):
    """Open incidents by severity: a shape and a number each."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._counts = (0, 0, 0, 0)
        self._acks: dict[int, AckState] = {}
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        theme.blinked.connect(self.update)

    def show_counts(self, counts: tuple[int, int, int, int], rows: Sequence[IncidentRow]) -> None:
        """Show counts; each shape takes the worst state of its rows."""
        acks: dict[int, AckState] = {}
        for row in rows:
            known = acks.get(row.mark.severity, AckState.RETURNED)
            acks[row.mark.severity] = min(known, row.mark.ack, key=_WEIGHT.__getitem__)
        if (counts, acks) != (self._counts, self._acks):
            self._counts, self._acks = counts, acks
            named = (f"{count} of severity {place}" for place, count in enumerate(counts, start=1))
            self.setAccessibleName("open: " + ", ".join(named))
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """Four shapes and their numbers."""
        width = sum(MARK + 6 + text_width(str(count), BODY) + 12 for count in self._counts)
        return QSize(round(width), 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Shapes and numbers."""
        painter = QPainter(self)
        theme = self._source.theme
        x = 0.0
        for severity, count in enumerate(self._counts, start=1):
            box = QRectF(x, (self.height() - MARK) / 2, MARK, MARK)
            if count:
                mark = SeverityMark(severity, self._acks.get(severity, AckState.ACKNOWLEDGED))
                paint_severity(painter, box, mark, theme, blink_on=self._source.blink_on)
            else:
                paint_absent(painter, box, severity, theme)
            x += MARK + 6
            ink = theme.text if count else theme.equipment
            x += draw_text(painter, QRectF(x, 0, 60, self.height()), str(count), BODY, ink) + 12


class Guidance(QScrollArea):
    """Numbered sentences: what to do, and what not."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._sentences: tuple[str, ...] | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Guidance")

    def show_sentences(self, sentences: tuple[str, ...]) -> None:
        """Show the guidance of an incident."""
        if sentences == self._sentences:
            return
        self._sentences = sentences
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(MARGIN, 8, MARGIN, 8)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for number, sentence in enumerate(sentences or ("No rule gives guidance for this incident.",), start=1):
            if sentences:
                grid.addWidget(_plain(f"{number}."), number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(_plain(sentence), number, 1)
        grid.setRowStretch(grid.rowCount(), 1)
        self.setWidget(page)


def _plain(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


class _NoteField(QPlainTextEdit):
    """Ctrl+Enter adds the note, Esc leaves the field and keeps the draft."""

    finished = Signal()
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter, Esc; the rest is typing."""
        enter = event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.finished.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class Notes(Panel):
    """A field for a note; what is being written is kept for each incident."""

    note_written = Signal(str, str)
    """Incident id and text."""
    left = Signal()
    """Esc: the hand goes back to the queue."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(theme, "Notes", parent)
        self._drafts: dict[str, str] = {}
        self._incident = ""
        self.set_note("shown in the timeline")
        self.field = _NoteField()
        self.field.setPlaceholderText(PLACEHOLDER)
        self.field.setAccessibleName("Note")
        self.field.setTabChangesFocus(True)
        self.field.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.field.finished.connect(self._add)
        self.field.left.connect(self.left)
        self.body.setContentsMargins(MARGIN - 1, 8, MARGIN - 1, 10)
        self.body.addWidget(self.field)

    def set_locked(self, reason: str) -> None:
        """Take no note, for a reason, or take notes again with an empty one. The draft stays."""
        if self.field.isReadOnly() == bool(reason):
            return
        self.field.setReadOnly(bool(reason))
        self.field.setPlaceholderText(f"No notes: {reason}" if reason else PLACEHOLDER)

    def show_incident(self, incident: str) -> None:
        """Keep the draft of the incident before, and show that of this one."""
        if incident == self._incident:
            return
        if self._incident:
            self._drafts[self._incident] = self.field.toPlainText()
        self._incident = incident
        self.field.setPlainText(self._drafts.pop(incident, ""))

    def _add(self) -> None:
        text = self.field.toPlainText().strip()
        if text and self._incident and not self.field.isReadOnly():
            self.field.clear()
            self.note_written.emit(self._incident, text)


class ConfirmBar(QWidget):
    """A question inside the queue: Enter confirms, Esc cancels, nothing else does anything."""

    confirmed = Signal()
    cancelled = Signal()

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._text = ElidedLabel(theme, weight=SEMIBOLD)
        self._yes = Button(theme, "Acknowledge", key="Enter", primary=True)
        self._no = Button(theme, "Cancel", key="Esc")
        for button in (self._yes, self._no):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._yes.clicked.connect(self.confirmed)
        self._no.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, 4, MARGIN, 4)
        row.setSpacing(GAP)
        row.addWidget(self._text, 1)
        row.addWidget(self._yes)
        row.addWidget(self._no)
        self.setFixedHeight(CONFIRM_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hide()
        theme.changed.connect(self.update)

    def ask(self, question: str) -> None:
        """Show a question and take the keys."""
        self._text.set_text(question)
        self.setAccessibleName(question)
        self.show()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter, Esc."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and not event.isAutoRepeat():
            self.confirmed.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A question that is left is answered with no."""
        super().focusOutEvent(event)
        if self.isVisible() and event.reason() is not Qt.FocusReason.ActiveWindowFocusReason:
            self.cancelled.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A raised bar with the ring of focus."""
        painter = QPainter(self)
        theme = self._source.theme
        fill_frame(painter, QRectF(self.rect()), theme.raised, theme.border, 0)
        if self.hasFocus():
            focus_ring(painter, QRectF(self.rect()), theme.focus, 2)
