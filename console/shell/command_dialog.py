"""The question before a command: its arguments, the reason, and what will happen; nothing is sent before Send."""

import asyncio

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from console.presenters.commands import LABELS
from console.shell.command_desk import CommandQuestion, CommandWish
from console.shell.command_fields import fields_of
from console.shell.dialogs import finished, heading, plain

WIDTH = 520
LONGEST_REASON = 200


class CommandDialog(QDialog):
    """One command to one device. Send works as soon as every field and the reason are filled in; Esc sends nothing."""

    def __init__(self, question: CommandQuestion, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = f"{LABELS[question.capability]}: {question.name}"
        self.setWindowTitle(title)
        self.setMinimumWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(heading(title))
        column.addWidget(plain(question.about, role="secondary"))
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        column.addLayout(form)
        self.fields = fields_of(question, form)
        self.reason = QLineEdit()
        self.reason.setMaxLength(LONGEST_REASON)
        self.reason.setAccessibleName("reason")
        self.reason.setPlaceholderText("kept with the command")
        form.addRow("Reason", self.reason)
        column.addWidget(plain(_what_happens(question.offer.confirm_s), role="secondary"))
        self.send = QPushButton("Send")
        self.send.setDefault(True)
        buttons = QDialogButtonBox()
        buttons.addButton(self.send, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QPushButton("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.fields.changed.connect(self._check)
        self.reason.textChanged.connect(self._check)
        self._check()
        self.reason.setFocus()

    @property
    def wish(self) -> CommandWish:
        """What is to be sent."""
        return CommandWish(self.fields.arguments(), self.reason.text().strip())

    def _check(self) -> None:
        self.send.setEnabled(bool(self.reason.text().strip()) and self.fields.complete)


class CommandAsker:
    """Shows such questions over a window, one after another, and waits for the answers without blocking."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._turn = asyncio.Lock()

    async def ask(self, question: CommandQuestion) -> CommandWish | None:
        """What is to be sent, or None when the operator thinks better of it."""
        async with self._turn:
            dialog = CommandDialog(question, self._window)
            accepted = await finished(dialog)
            wish = dialog.wish
            dialog.deleteLater()
            return wish if accepted else None


def _what_happens(confirm_s: float) -> str:
    wait = f"{confirm_s:.0f} s" if confirm_s < 120 else f"{confirm_s / 60:.0f} min"
    return f"One write, never repeated, then read back for up to {wait}. The intent is recorded first."
