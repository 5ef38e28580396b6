"""The command palette: every action, every display and every device by name, found by a few letters."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

MOST_SHOWN = 40
WIDTH = 560
HEIGHT = 420


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the palette.

    Attributes:
        text: What is searched and shown.
        note: Shown after it: the key of an action, the place of a device.
        run: Called when it is chosen.
    """

    text: str
    note: str
    run: Callable[[], None]


def rank(query: str, entries: Iterable[Entry]) -> list[Entry]:
    """The entries that hold every word of the query: beginnings before beginnings of words before the rest."""
    words = query.casefold().split()
    found: list[tuple[int, int, str, Entry]] = []
    for at, entry in enumerate(entries):
        text = entry.text.casefold()
        haystack = f"{text} {entry.note.casefold()}"
        if all(word in haystack for word in words):
            first = words[0] if words else ""
            score = 0 if text.startswith(first) else 1 if f" {first}" in text else 2
            found.append((score, len(text) if words else at, text, entry))
    found.sort(key=lambda item: item[:3])
    return [item[3] for item in found[:MOST_SHOWN]]


class Palette(QDialog):
    """A field and the lines that match it. Up and down choose, Return runs, Esc closes."""

    def __init__(self, entries: Sequence[Entry], parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Commands")
        self.setFixedSize(WIDTH, HEIGHT)
        self.setStyleSheet("Palette { border: 1px solid palette(mid); }")
        self._entries = entries
        self._shown: list[Entry] = []
        self.field = QLineEdit()
        self.field.setPlaceholderText("Action, display or device")
        self.field.setAccessibleName("command")
        self.list = QListWidget()
        self.list.setAccessibleName("matches")
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._foot = QLabel()
        self._foot.setTextFormat(Qt.TextFormat.PlainText)
        self._foot.setProperty("role", "secondary")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        for part in (self.field, self.list, self._foot):
            column.addWidget(part)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(lambda _: self.run_chosen())
        self._search("")

    def run_chosen(self) -> None:
        """Close, then do what the chosen line says."""
        at = self.list.currentRow()
        if 0 <= at < len(self._shown):
            chosen = self._shown[at]
            self.accept()
            chosen.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the list while the hand stays in the field."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            key = event.key()
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}.get(
                Qt.Key(key)
            )
            if step is not None and self._shown:
                row = self.list.currentRow() + step
                self.list.setCurrentRow(min(max(row, 0), len(self._shown) - 1))
                return True
            if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self.run_chosen()
                return True
        return super().eventFilter(watched, event)

    def _search(self, query: str) -> None:
        self._shown = rank(query, self._entries)
        self.list.clear()
        for entry in self._shown:
            self.list.addItem(QListWidgetItem(f"{entry.text}    {entry.note}".rstrip()))
        self.list.setCurrentRow(0)
        self._foot.setText(
            f"{len(self._shown)} of {len(self._entries):,}" if self._shown else "Nothing matches; Esc closes"
        )
