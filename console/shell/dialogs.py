"""Questions: small windows that never block the loop, never take an answer for granted, and always say what happens."""

import asyncio
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from console.shell.incident_desk import Question

WIDTH = 480


def plain(text: str, *, role: str = "") -> QLabel:
    """A label that shows text as it is: device and user text may look like markup."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    return label


def heading(text: str) -> QLabel:
    """The title inside the window as well: not every window manager draws one."""
    label = plain(text)
    label.setStyleSheet("font-weight: 600; font-size: 15px;")
    return label


def give_back_focus(dialog: QDialog) -> None:
    """When the dialog closes, its window is the active one again, also where no window manager sees to it."""
    window = dialog.parentWidget()
    if window is not None:
        dialog.finished.connect(window.activateWindow)


class QuestionDialog(QDialog):
    """One question with at most one text field. Return (Ctrl+Return in the text) does it, Esc does not."""

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(question.title)
        self.setMinimumWidth(WIDTH)
        self._needs_note = question.needs_note
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(heading(question.title))
        column.addWidget(plain(question.text))
        self.note = QPlainTextEdit()
        self.note.setAccessibleName("note")
        self.note.setPlaceholderText("Note (needed)" if question.needs_note else "Note (optional)")
        self.note.setFixedHeight(84)
        self.note.setTabChangesFocus(True)
        self.note.setVisible(question.note)
        column.addWidget(self.note)
        buttons = QDialogButtonBox()
        self.yes = QPushButton(question.button)
        self.yes.setDefault(True)
        self.no = QPushButton("Cancel")
        buttons.addButton(self.yes, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(self.no, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.note.textChanged.connect(self._check)
        self._check()
        (self.note if question.note else self.yes).setFocus()

    def _check(self) -> None:
        self.yes.setEnabled(not self._needs_note or bool(self.note.toPlainText().strip()))


class Asker:
    """Shows questions over a window, one after another, and waits for the answers without blocking."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._turn = asyncio.Lock()

    async def ask(self, question: Question) -> str | None:
        """The note, "" for none, or None when the operator thinks better of it."""
        async with self._turn:
            dialog = QuestionDialog(question, self._window)
            accepted = await finished(dialog)
            note = dialog.note.toPlainText().strip()
            dialog.deleteLater()
            return note if accepted else None


async def finished(dialog: QDialog) -> bool:
    """Open a dialog and wait until it is closed; True when it was accepted. A cancelled wait closes it."""
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def finish(result: int) -> None:
        if not answer.done():
            answer.set_result(result == QDialog.DialogCode.Accepted.value)

    dialog.finished.connect(finish)
    give_back_focus(dialog)
    dialog.open()
    try:
        return await answer
    finally:
        dialog.close()


class KeepCollectingDialog(QDialog):
    """Asked when the last console closes: the collector can go on without it."""

    KEEP = 1
    STOP = 2

    def __init__(self, names: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keep collecting?")
        self.setMinimumWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        sites = ", ".join(names)
        column.addWidget(heading("Keep collecting?"))
        column.addWidget(
            plain(
                f"The collector of {sites} can go on without this window: history, alarms and clocks continue, "
                "and the next console attaches to it. Stopped, it leaves a gap in the history."
            )
        )
        buttons = QDialogButtonBox()
        for label, code in (("Keep collecting", self.KEEP), ("Stop collecting", self.STOP)):
            button = QPushButton(label)
            button.setDefault(code == self.KEEP)
            button.clicked.connect(lambda _=False, result=code: self.done(result))
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        buttons.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        column.addWidget(buttons)


class KeySheet(QDialog):
    """All keys on one sheet."""

    def __init__(self, keys: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        grid = QGridLayout(self)
        grid.setContentsMargins(24, 20, 24, 20)
        grid.setHorizontalSpacing(20)
        grid.setVerticalSpacing(7)
        half = -(-len(keys) // 2)
        for at, (key, text) in enumerate(keys):
            column, row = 2 * (at // half), at % half
            shown = plain(key)
            shown.setWordWrap(False)
            shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            meaning = plain(text, role="secondary")
            meaning.setWordWrap(False)
            grid.addWidget(shown, row, column)
            grid.addWidget(meaning, row, column + 1)
