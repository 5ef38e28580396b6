"""A button of 28 px with an optional icon and key; a blocked one is dashed, has a padlock and says why."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from widgets.controls.clickable import CLICK_KEYS
from widgets.controls.elided import plain_tip
from widgets.controls.key_hint import key_width, paint_key
from widgets.theme.fonts import BODY, REGULAR, SEMIBOLD
from widgets.theme.icons import paint_icon
from widgets.theme.strokes import CLEAR, fill_frame, focus_ring
from widgets.theme.text import draw_text, text_width
from widgets.theme.tokens import CONTROL, ThemeSource

PADDING = 12
ICON = 14
SPACE = 6


class Button(QAbstractButton):
    """A push button. `clicked` is Qt's; a blocked button keeps focus and tooltip but does nothing.

    Args:
        theme: The theme in force.
        text: The label; "&" is shown as it is.
        parent: Qt's parent.
        icon: Name of an icon before the label.
        key: Key shown after the label.
        primary: The one action expected next: inverse.
        left: Label at the left instead of the middle, for buttons of one width under each other.
    """

    def __init__(
        self,
        theme: ThemeSource,
        text: str,
        parent: QWidget | None = None,
        *,
        icon: str = "",
        key: str = "",
        primary: bool = False,
        left: bool = False,
    ) -> None:
        super().__init__(parent)
        self._source = theme
        self._label = text
        self._icon = icon
        self._key = key
        self._primary = primary
        self._left = left
        self._blocked = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(CONTROL)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(text)
        theme.changed.connect(self.update)

    @property
    def blocked(self) -> str:
        """Why the button does nothing; empty when it works."""
        return self._blocked

    def set_label(self, text: str) -> None:
        """Change the label."""
        if text != self._label:
            self._label = text
            self.setAccessibleName(text)
            self.updateGeometry()
            self.update()

    def set_primary(self, primary: bool) -> None:
        """Make it the one action expected next, or not."""
        if primary != self._primary:
            self._primary = primary
            self.updateGeometry()
            self.update()

    def set_blocked(self, reason: str) -> None:
        """Block with a reason, or release with an empty one."""
        if reason != self._blocked:
            self._blocked = reason
            self.setToolTip(plain_tip(reason))
            self.setAccessibleDescription(f"blocked: {reason}" if reason else "")
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as icon, label and key need."""
        return QSize(round(self._content_width()) + 2 * PADDING + 2, CONTROL)

    def nextCheckState(self) -> None:
        """A push button has no state to toggle."""

    def hitButton(self, pos: object) -> bool:
        """A blocked button takes no click."""
        return not self._blocked

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter clicks as Space does; a blocked button takes neither."""
        if self._blocked and event.key() in CLICK_KEYS:
            event.accept()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Frame, icon, label, key, focus ring."""
        theme = self._source.theme
        painter = QPainter(self)
        rect = QRectF(self.rect())
        lifted = self.underMouse() and not self._blocked
        if self._blocked:
            fill_frame(painter, rect, CLEAR, theme.border, dashed=True)
        elif self._primary:
            fill_frame(painter, rect, theme.text, theme.text)
        else:
            fill = theme.sunken if self.isDown() else theme.selected if lifted else theme.raised
            fill_frame(painter, rect, fill, theme.border)
        ink = theme.equipment if self._blocked else theme.window if self._primary else theme.text
        x = PADDING if self._left else max(PADDING / 2, (rect.width() - self._content_width()) / 2)
        icon = "lock" if self._blocked else self._icon
        if icon:
            paint_icon(painter, QRectF(x, rect.center().y() - ICON / 2, ICON, ICON), icon, ink)
            x += ICON + SPACE
        room = QRectF(x, 0, rect.width() - x - 4, rect.height())
        x += draw_text(painter, room, self._label, BODY, ink, self._weight) + SPACE
        if self._key and not self._left:
            paint_key(painter, x, rect.center().y(), self._key, theme)
        if self.hasFocus():
            focus_ring(painter, rect, theme.secondary if self._primary else theme.focus)

    @property
    def _weight(self) -> int:
        return SEMIBOLD if self._primary and not self._blocked else REGULAR

    def _content_width(self) -> float:
        width = text_width(self._label, BODY, self._weight)
        if self._icon or self._blocked:
            width += ICON + SPACE
        if self._key and not self._left:
            width += SPACE + key_width(self._key)
        return width
