"""What stands left and right of the scrubber: badges, round buttons, the speed, the clock of the past."""

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from widgets.controls.clickable import Clickable
from widgets.controls.elided import plain_tip
from widgets.theme.fonts import BOLD, LABEL, MEDIUM, SEMIBOLD, SMALL, TITLE
from widgets.theme.icons import paint_icon
from widgets.theme.strokes import CLEAR, fill_frame, focus_ring
from widgets.theme.text import CENTRE, draw_text, text_width
from widgets.theme.tokens import ThemeSource
from widgets.view_models.shell import SPEEDS

BADGE_WIDTH = 46
BADGE_HEIGHT = 20
BUTTON = 24
CHEVRON = 10
LONGEST = ("picture of 00:00:00", "00 d 00 h behind live", "00 d 00 h before the end")
"""What stands beside the clock of the past, at its longest."""


class Badge(Clickable):
    """A word on inverse ground: LIVE, PAST."""

    def __init__(
        self, theme: ThemeSource, word: str, tip: str = "", parent: QWidget | None = None, *, clickable: bool = True
    ) -> None:
        super().__init__(parent, clickable=clickable)
        self._source = theme
        self._word = word
        self.setFixedSize(BADGE_WIDTH, BADGE_HEIGHT)
        self.setAccessibleName(word.lower())
        self.setToolTip(plain_tip(tip))
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, word, focus ring."""
        theme = self._source.theme
        painter = QPainter(self)
        rect = QRectF(self.rect())
        fill_frame(painter, rect, theme.text, theme.text, 3)
        draw_text(painter, rect, self._word, SMALL, theme.window, BOLD, CENTRE)
        if self.hasFocus():
            focus_ring(painter, rect, theme.secondary, 3)


class IconButton(Clickable):
    """A 24 px icon."""

    def __init__(self, theme: ThemeSource, icon: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._icon = icon
        self.setFixedSize(BUTTON, BUTTON)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.set_icon(icon, name)
        theme.changed.connect(self.update)

    def set_icon(self, icon: str, name: str) -> None:
        """Change what the button shows and does."""
        self._icon = icon
        self.setAccessibleName(name)
        self.setToolTip(plain_tip(name))
        self.update()

    def sizeHint(self) -> QSize:
        """A square."""
        return QSize(BUTTON, BUTTON)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The icon, lifted under the pointer."""
        theme = self._source.theme
        painter = QPainter(self)
        rect = QRectF(self.rect())
        lifted = self.underMouse()
        fill_frame(painter, rect, theme.raised if lifted else theme.window, theme.raised if lifted else theme.window)
        paint_icon(painter, rect.adjusted(4, 4, -4, -4), self._icon, theme.text if lifted else theme.secondary)
        if self.hasFocus():
            focus_ring(painter, rect, theme.focus)


class SpeedButton(Clickable):
    """How fast the past plays; a click offers the others."""

    chosen = Signal(float)
    """Seconds of the past in one of the present."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._label = ""
        self.speed = 0.0
        width = max(text_width(label, LABEL, MEDIUM) for _, label in SPEEDS)
        self.setFixedSize(round(width) + CHEVRON + 14, BUTTON)
        self._menu = QMenu(self)
        group = QActionGroup(self._menu)
        self._actions = {}
        for speed, label in SPEEDS:
            action = self._menu.addAction(label)
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, wanted=speed: self.chosen.emit(wanted))
            group.addAction(action)
            self._actions[speed] = action
        self.clicked.connect(self.open_menu)
        theme.changed.connect(self.update)

    def set_speed(self, speed: float) -> None:
        """Show a speed; no signal."""
        if speed != self.speed:
            self.speed = speed
            self._label = dict(SPEEDS).get(speed, f"{speed:,.0f}x")
            if speed in self._actions:
                self._actions[speed].setChecked(True)
            self.setAccessibleName(f"speed {self._label}")
            self.setToolTip(plain_tip("Speed of playing ([ slower, ] faster)"))
            self.update()

    def move_speed(self, step: int) -> None:
        """The next slower (-1) or faster (1) speed."""
        speeds = [speed for speed, _ in SPEEDS]
        nearest = min(range(len(speeds)), key=lambda at: abs(speeds[at] - self.speed))
        wanted = min(max(nearest + step, 0), len(speeds) - 1)
        if wanted != nearest:
            self.chosen.emit(speeds[wanted])

    def open_menu(self) -> None:
        """Offer the speeds under the button."""
        self._menu.popup(self.mapToGlobal(QPoint(0, self.height() + 2)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Frame, speed, chevron."""
        theme = self._source.theme
        painter = QPainter(self)
        rect = QRectF(self.rect())
        fill_frame(painter, rect, theme.raised if self.underMouse() else theme.window, theme.border)
        room = rect.adjusted(5, 0, -CHEVRON - 6, 0)
        draw_text(painter, room, self._label, LABEL, theme.text, MEDIUM)
        place = QRectF(rect.right() - CHEVRON - 4, rect.center().y() - CHEVRON / 2, CHEVRON, CHEVRON)
        paint_icon(painter, place, "chev", theme.secondary)
        if self.hasFocus():
            focus_ring(painter, rect, theme.focus)


class PastClock(Clickable):
    """The moment shown, and how far back it is; a click asks for another one."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._clock = ""
        self._behind = ""
        self._short = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(BUTTON)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setToolTip(plain_tip("Go to another moment (Ctrl+G)"))
        theme.changed.connect(self.update)

    def show_moment(self, clock: str, behind: str) -> None:
        """Show a moment and its distance."""
        if (clock, behind) == (self._clock, self._behind):
            return
        self._clock, self._behind = clock, behind
        self.setAccessibleName(f"{clock} {behind}".strip())
        self.updateGeometry()
        self.update()

    def set_short(self, short: bool) -> None:
        """Leave the distance out, where there is no room."""
        if short != self._short:
            self._short = short
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """Both texts."""
        width = text_width(self._clock, TITLE, SEMIBOLD) + 8
        if not self._short:
            # Room for the longest, so that the bar beside it does not move while the past plays.
            width += max(text_width(text, SMALL) for text in (*LONGEST, self._behind)) + 8
        return QSize(round(width) + 2, BUTTON)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Clock, distance."""
        theme = self._source.theme
        painter = QPainter(self)
        rect = QRectF(self.rect())
        fill_frame(painter, rect, theme.raised if self.underMouse() else theme.window, CLEAR)
        used = draw_text(painter, rect.adjusted(4, 0, 0, 0), self._clock, TITLE, theme.text, SEMIBOLD)
        if self._behind and not self._short:
            draw_text(painter, rect.adjusted(used + 12, 0, 0, 0), self._behind, SMALL, theme.secondary)
        if self.hasFocus():
            focus_ring(painter, rect, theme.focus)
