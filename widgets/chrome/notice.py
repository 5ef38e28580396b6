"""A bar under the time bar: what happened to the console itself, and the one thing to do about it."""

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from widgets.controls.button import Button
from widgets.controls.elided import ElidedLabel
from widgets.theme.fonts import MEDIUM
from widgets.theme.icons import paint_icon
from widgets.theme.severity_shapes import paint_severity
from widgets.theme.strokes import hairline
from widgets.theme.tokens import MARGIN, ThemeSource
from widgets.view_models.common import AckState, SeverityMark
from widgets.view_models.shell import NoticeView

HEIGHT = 40
ICON = 18


class Notice(QWidget):
    """One sentence with at most one button; hidden while there is nothing to say. It never takes the focus."""

    action_clicked = Signal()

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._view = NoticeView()
        self.setFixedHeight(HEIGHT)
        self._text = ElidedLabel(theme, weight=MEDIUM)
        self._button = Button(theme, "")
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN + ICON + 10, 0, MARGIN, 1)
        row.setSpacing(MARGIN)
        row.addWidget(self._text, 1)
        row.addWidget(self._button)
        self._button.clicked.connect(self.action_clicked)
        self.setVisible(False)
        theme.changed.connect(self.update)

    def show_view(self, view: NoticeView) -> None:
        """Show a sentence, or hide with an empty one."""
        if view == self._view:
            return
        self._view = view
        self._text.set_text(view.text)
        self._button.set_label(view.action)
        self._button.setVisible(bool(view.action))
        self.setAccessibleName(view.text)
        self.setVisible(bool(view.text))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Background, sign, hairlines; the severity's shape before an alarming sentence, else a plain sign."""
        theme = self._source.theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.raised)
        hairline(painter, theme.border, 0, self.height() - 1, self.width(), self.height() - 1)
        place = QRectF(MARGIN, (self.height() - 1 - ICON) / 2, ICON, ICON)
        if self._view.severity:
            paint_severity(painter, place, SeverityMark(self._view.severity, AckState.NEW), theme)
            painter.fillRect(QRectF(0, 0, 3, self.height()), theme.severity(self._view.severity))
        else:
            paint_icon(painter, place, "info", theme.secondary)
