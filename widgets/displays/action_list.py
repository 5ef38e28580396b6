"""What can be done to a device: each action with its interlock or what it will do, and the approval it needs."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from widgets.controls.button import Button
from widgets.controls.chip import Chip
from widgets.controls.elided import ElidedLabel
from widgets.theme.fonts import LABEL
from widgets.theme.tokens import MARGIN, ThemeSource
from widgets.view_models.incidents import ActionView

ROW = 36
BUTTON = 184


class _ActionRow(QWidget):
    """One action."""

    requested = Signal(str)

    def __init__(self, theme: ThemeSource, action: ActionView) -> None:
        super().__init__()
        self._id = action.id
        self.setFixedHeight(ROW)
        self._button = Button(theme, action.label, key=action.key, left=True)
        self._button.setFixedWidth(BUTTON)
        self._reason = ElidedLabel(theme, size=LABEL)
        self._level = Chip(theme)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(MARGIN)
        row.addWidget(self._button)
        row.addWidget(self._reason, 1)
        row.addWidget(self._level)
        self._button.clicked.connect(self._ask)
        self.show_action(action)

    def show_action(self, action: ActionView) -> None:
        self._button.set_label(action.label)
        self._button.set_blocked(action.blocked)
        self._reason.set_text(action.blocked or action.note)
        self._reason.set_role("text" if action.blocked else "secondary")
        self._level.set_text(action.level)

    def _ask(self) -> None:
        self.requested.emit(self._id)


class ActionList(QWidget):
    """The actions under each other. A blocked one stays reachable with Tab and says why."""

    action_requested = Signal(str)

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._rows: list[_ActionRow] = []
        self._ids: tuple[str, ...] = ()
        self._empty = ElidedLabel(theme, "This device takes no commands.", size=LABEL, role="secondary")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(MARGIN, 8, MARGIN, 8)
        self._column.setSpacing(0)
        self._column.addWidget(self._empty)
        self.setAccessibleName("actions")

    def show_actions(self, actions: tuple[ActionView, ...]) -> None:
        """Show the actions; rows are made anew only when actions came or went."""
        ids = tuple(action.id for action in actions)
        if ids != self._ids:
            self._ids = ids
            for row in self._rows:
                self._column.removeWidget(row)
                row.hide()
                row.deleteLater()
            self._rows = [_ActionRow(self._source, action) for action in actions]
            for row in self._rows:
                row.requested.connect(self.action_requested)
                self._column.addWidget(row)
            self._empty.setVisible(not ids)
        for row, action in zip(self._rows, actions, strict=True):
            row.show_action(action)
