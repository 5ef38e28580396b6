"""A field for a moment, which says at once how it is understood."""

import math
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QPushButton, QVBoxLayout, QWidget

from console.presenters import formatting
from console.presenters.moment_text import EXAMPLES, MomentError, moment_words, parse_moment
from console.shell.dialogs import plain

WIDTH = 460


@dataclass(frozen=True, slots=True)
class MomentQuestion:
    """What the field starts from.

    Attributes:
        shown: The moment shown now, UTC seconds.
        end: The newest moment there is.
        begins: The first on record; NaN when not known.
        tz: IANA name of the site's zone.
    """

    shown: float
    end: float
    begins: float
    tz: str


class MomentDialog(QDialog):
    """Return goes there, Esc does not. What cannot be read, or is not on record, is said while it is typed."""

    chosen = Signal(float)
    """UTC seconds."""

    def __init__(self, question: MomentQuestion, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Go to a moment")
        self.setMinimumWidth(WIDTH)
        self._question = question
        self._moment = math.nan
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        heading = plain("Go to a moment")
        heading.setStyleSheet("font-weight: 600; font-size: 15px;")
        column.addWidget(heading)
        zone = formatting.zone_label(question.shown, question.tz)
        column.addWidget(plain(f"In the site's zone ({zone}), like {EXAMPLES}.", role="secondary"))
        self.field = QLineEdit(formatting.local(question.shown, question.tz).strftime("%Y-%m-%d %H:%M:%S"))
        self.field.setAccessibleName("moment")
        self.field.selectAll()
        column.addWidget(self.field)
        self.meaning = plain("")
        column.addWidget(self.meaning)
        buttons = QDialogButtonBox()
        self.go = QPushButton("Go there")
        self.go.setDefault(True)
        buttons.addButton(self.go, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QPushButton("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.field.textChanged.connect(self._understand)
        self._understand()
        self.field.setFocus()

    def _understand(self) -> None:
        asked = self._question
        try:
            self._moment = parse_moment(self.field.text(), asked.shown, asked.end, asked.tz)
        except MomentError as error:
            self._moment = math.nan
            self.meaning.setText(str(error))
        else:
            self.meaning.setText(f"{moment_words(self._moment, asked.tz)}{self._bounds()}")
        self.go.setEnabled(math.isfinite(self._moment))

    def _bounds(self) -> str:
        """What happens to a moment outside the record."""
        asked = self._question
        if self._moment < asked.begins:
            return f". The record begins {moment_words(asked.begins, asked.tz)}: that is shown."
        return ". That is still to come: the newest is shown." if self._moment > asked.end else ""

    def _accept(self) -> None:
        self.accept()
        self.chosen.emit(self._moment)
