"""The head of the selected incident: what it is, its three clocks, what may be done."""

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from widgets.controls.button import Button
from widgets.controls.clock_bar import paint_bar
from widgets.controls.elided import ElidedLabel, plain_tip
from widgets.controls.panel import Panel
from widgets.theme.fonts import BODY, LABEL, SECONDARY_FIGURE, SEMIBOLD, SMALL
from widgets.theme.icons import paint_icon
from widgets.theme.severity_shapes import describe, paint_severity
from widgets.theme.text import draw_text
from widgets.theme.tokens import MARGIN, ThemeSource
from widgets.view_models.common import ClockPhase, ClockView, SeverityMark
from widgets.view_models.incidents import ActionView, IncidentDetail

HEIGHT = 64
HEIGHT_NARROW = 104
NARROW = 1400
MARK = 32
CLOCK = 164
CLOCK_NARROW = 136


class _Mark(QWidget):
    """The severity shape, 32 px."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._mark: SeverityMark | None = None
        self.setFixedSize(MARK + 12, MARK + 12)
        theme.changed.connect(self.update)
        theme.blinked.connect(self.update)

    def show_mark(self, mark: SeverityMark) -> None:
        """Show a mark."""
        if mark != self._mark:
            self._mark = mark
            self.setAccessibleName(describe(mark))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The shape."""
        if self._mark is not None:
            box = QRectF(2, 6, MARK, MARK)
            painter = QPainter(self)
            paint_severity(painter, box, self._mark, self._source.theme, blink_on=self._source.blink_on)


class _Clock(QWidget):
    """One clock: its name, the time, the bar."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._clock: ClockView | None = None
        self._severity = 0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        theme.changed.connect(self.update)

    def show_clock(self, clock: ClockView, severity: int) -> None:
        """Show a clock of an incident of `severity`."""
        if (clock, severity) != (self._clock, self._severity):
            self._clock, self._severity = clock, severity
            self.setAccessibleName(f"{clock.label} clock: {clock.text}")
            self.setToolTip(plain_tip(clock.tip))
            self.update()

    def sizeHint(self) -> QSize:
        """One column of the head."""
        return QSize(CLOCK, 40)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Label with a tick when done, text, bar."""
        if self._clock is None:
            return
        painter = QPainter(self)
        theme = self._source.theme
        top = self.height() / 2 - 19
        draw_text(painter, QRectF(0, top, self.width(), 16), self._clock.label.capitalize(), SMALL, theme.secondary)
        if self._clock.phase is ClockPhase.DONE:
            paint_icon(painter, QRectF(self.width() - 12, top + 2, 12, 12), "check", theme.secondary)
        draw_text(painter, QRectF(0, top + 16, self.width(), 16), self._clock.text, BODY, theme.text, SEMIBOLD)
        paint_bar(painter, QRectF(0, top + 35, self.width(), 3), self._clock, theme, self._severity)


class IncidentHead(Panel):
    """Mark, title, clocks, action buttons with keys. A blocked button says why while it is pointed at or focused."""

    action_requested = Signal(str)
    """Id of the action."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self._source = theme
        self._detail: IncidentDetail | None = None
        self._buttons: dict[str, Button] = {}
        self._clocks = [_Clock(theme) for _ in range(3)]
        self._mark = _Mark(theme)
        self._heading = ElidedLabel(theme, size=SECONDARY_FIGURE, weight=SEMIBOLD)
        self._subheading = ElidedLabel(theme, size=LABEL, role="secondary")
        self.setAccessibleName("Selected incident")
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addStretch(1)
        texts.addWidget(self._heading)
        texts.addWidget(self._subheading)
        texts.addStretch(1)
        first = QHBoxLayout()
        first.setSpacing(16)
        first.addWidget(self._mark)
        first.addLayout(texts, 1)
        for clock in self._clocks:
            first.addWidget(clock)
        self._actions = QHBoxLayout()
        self._actions.setSpacing(8)
        self._actions.addStretch(1)
        self._rows = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._rows.setContentsMargins(MARGIN, 0, MARGIN, 0)
        self._rows.setSpacing(24)
        self._rows.addLayout(first, 1)
        self._rows.addLayout(self._actions)
        self.body.addLayout(self._rows, 1)
        self.setFixedHeight(HEIGHT)

    def show_detail(self, detail: IncidentDetail) -> None:
        """Show an incident."""
        self._detail = detail
        self._mark.show_mark(detail.mark)
        self._heading.set_text(detail.title)
        self._show_subtitle()
        for index, clock in enumerate(self._clocks):
            clock.setVisible(index < len(detail.clocks))
        for clock, shown in zip(self._clocks, detail.clocks, strict=False):
            clock.show_clock(shown, detail.mark.severity)
        self._show_actions(detail.actions)

    def button(self, action: str) -> Button | None:
        """The button of an action; None when the incident has no such action."""
        found = self._buttons.get(action)
        return found if found is not None and not found.isHidden() else None

    def _show_actions(self, actions: tuple[ActionView, ...]) -> None:
        for action in actions:
            if action.id not in self._buttons:
                self._add_button(action)
            button = self._buttons[action.id]
            button.set_label(action.label)
            button.set_primary(action.primary)
            button.set_blocked(action.blocked)
        there = {action.id for action in actions}
        for name, button in self._buttons.items():
            button.setVisible(name in there)

    def _add_button(self, action: ActionView) -> None:
        button = Button(self._source, action.label, self, key=action.key, primary=action.primary)
        button.clicked.connect(lambda _=False, name=action.id: self.action_requested.emit(name))
        button.installEventFilter(self)
        self._buttons[action.id] = button
        self._actions.addWidget(button)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A blocked button under pointer or focus explains itself where the subtitle stands."""
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.Enter}:
            button = watched if isinstance(watched, Button) else None
            if button is not None and button.blocked:
                self._subheading.set_text(f"{button.accessibleName()} is blocked: {button.blocked}")
                self._subheading.set_role("text")
        elif event.type() in {QEvent.Type.FocusOut, QEvent.Type.Leave}:
            self._show_subtitle()
        return False

    def _show_subtitle(self) -> None:
        if self._detail is not None and not any(
            button.blocked and (button.hasFocus() or button.underMouse()) for button in self._buttons.values()
        ):
            self._subheading.set_text(self._detail.subtitle)
            self._subheading.set_role("secondary")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """On narrow screens the buttons stand in a line of their own."""
        super().resizeEvent(event)
        narrow = self.width() < NARROW
        directions = QBoxLayout.Direction
        self._rows.setDirection(directions.TopToBottom if narrow else directions.LeftToRight)
        self._rows.setSpacing(0 if narrow else 24)
        self._rows.setContentsMargins(MARGIN, 4 if narrow else 0, MARGIN, 8 if narrow else 0)
        self.setFixedHeight(HEIGHT_NARROW if narrow else HEIGHT)
        for clock in self._clocks:
            clock.setFixedWidth(CLOCK_NARROW if narrow else CLOCK)
