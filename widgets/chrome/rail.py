"""The navigation rail: every display with its worst severity. Folds to icons in a narrow window."""

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from widgets.controls.clickable import Clickable
from widgets.controls.elided import ElidedLabel, plain_tip
from widgets.controls.key_hint import KeyHint
from widgets.theme.fonts import BODY, MEDIUM, REGULAR, SMALL
from widgets.theme.icons import paint_icon
from widgets.theme.severity_shapes import describe, paint_severity
from widgets.theme.strokes import focus_ring, hairline
from widgets.theme.text import RIGHT, draw_text
from widgets.theme.tokens import RAIL, RAIL_FOLDED, ThemeSource
from widgets.view_models.common import AckState
from widgets.view_models.shell import RailItem

ROW = 32
ICON = 18
MARK = 14
FOLD_BELOW = 1500
"""Window width in pixels below which the rail shows icons only."""
HINTS = (("Ctrl+K", "palette"), ("?", "keys"), ("F11", "kiosk"))


class _Row(Clickable):
    """One display."""

    def __init__(self, theme: ThemeSource, item: RailItem) -> None:
        super().__init__()
        self._source = theme
        self._item = item
        self._chosen = False
        self._folded = False
        self.setFixedHeight(ROW)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._describe()
        theme.changed.connect(self.update)
        theme.blinked.connect(self._on_blink)

    @property
    def item(self) -> RailItem:
        return self._item

    def show_item(self, item: RailItem) -> None:
        if item != self._item:
            self._item = item
            self._describe()
            self.update()

    def set_state(self, chosen: bool, folded: bool) -> None:
        if (chosen, folded) != (self._chosen, self._folded):
            self._chosen, self._folded = chosen, folded
            self._describe()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, item = self._source.theme, self._item
        painter = QPainter(self)
        rect = QRectF(self.rect())
        if self._chosen or self.underMouse():
            painter.fillRect(rect, theme.selected if self._chosen else theme.raised)
        if self._chosen:
            painter.fillRect(QRectF(0, 0, 2, rect.height()), theme.text)
        ink = theme.text if self._chosen else theme.secondary
        x = (rect.width() - ICON) / 2 if self._folded else 16
        paint_icon(painter, QRectF(x, (ROW - ICON) / 2, ICON, ICON), item.icon, ink)
        right = rect.width() - 8
        if item.mark is not None:
            place = QRectF(right - MARK, (ROW - MARK) / 2, MARK, MARK)
            if self._folded:
                place = QRectF(rect.width() - MARK - 3, 2, MARK, MARK)
            digit = item.mark.ack is AckState.NEW
            paint_severity(painter, place, item.mark, theme, blink_on=self._source.blink_on, digit=digit)
            right -= MARK + 4
        if not self._folded:
            if item.count:
                right -= draw_text(
                    painter, QRectF(x, 0, right - x, ROW), item.count, SMALL, theme.secondary, align=RIGHT
                )
            room = QRectF(x + ICON + 12, 0, right - x - ICON - 16, ROW)
            draw_text(painter, room, item.label, BODY, ink, MEDIUM if self._chosen else REGULAR)
        if self.hasFocus():
            focus_ring(painter, rect.adjusted(1, 1, -1, -1), theme.focus)

    def _describe(self) -> None:
        parts = [self._item.label, self._item.count]
        if self._item.mark is not None:
            parts.append(describe(self._item.mark))
        self.setAccessibleName(", ".join(part for part in parts if part))
        self.setAccessibleDescription("shown" if self._chosen else "")
        self.setToolTip(plain_tip(self.accessibleName()) if self._folded else "")

    def _on_blink(self) -> None:
        if self._item.mark is not None and self._item.mark.ack is AckState.NEW:
            self.update()


class Rail(QWidget):
    """All displays by group. One stop for Tab, up and down move inside, Enter opens."""

    display_chosen = Signal(str)

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._rows: list[_Row] = []
        self._groups: list[QWidget] = []
        self._shape: tuple[tuple[str, str], ...] = ()
        self._current = ""
        self._folded = False
        self._watched: QObject | None = None
        self.setAccessibleName("displays")
        self.setFixedWidth(RAIL)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 8, 1, 8)
        self._column.setSpacing(0)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self._column.addLayout(self._list)
        self._column.addStretch(1)
        self._foot = self._make_foot()
        self._column.addWidget(self._foot)
        theme.changed.connect(self.update)

    @property
    def folded(self) -> bool:
        """Whether only icons are shown."""
        return self._folded

    def show_items(self, items: tuple[RailItem, ...]) -> None:
        """Show the displays; rows are made anew only when displays came or went."""
        shape = tuple((item.id, item.group) for item in items)
        if shape != self._shape:
            self._shape = shape
            self._build(items)
        for row, item in zip(self._rows, items, strict=True):
            row.show_item(item)

    def set_current(self, display: str) -> None:
        """Mark the display that is shown."""
        self._current = display
        self._mark()

    def set_folded(self, folded: bool) -> None:
        """Show icons only, or icons with words."""
        if folded == self._folded:
            return
        self._folded = folded
        self.setFixedWidth(RAIL_FOLDED if folded else RAIL)
        for group in self._groups:
            group.setVisible(not folded)
        self._foot.setVisible(not folded)
        self._mark()

    def showEvent(self, event: QShowEvent) -> None:
        """Follow the width of the window this rail came into."""
        window = self.window()
        if window is not self._watched:
            if self._watched is not None:
                self._watched.removeEventFilter(self)
            self._watched = window
            window.installEventFilter(self)
        self.set_folded(window.width() < FOLD_BELOW)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The window changed its size."""
        if event.type() is QEvent.Type.Resize and watched is self._watched:
            self.set_folded(self.window().width() < FOLD_BELOW)
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down move between the displays."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        focused = self.focusWidget()
        if step is None or not isinstance(focused, _Row) or focused not in self._rows:
            super().keyPressEvent(event)
            return
        index = min(max(self._rows.index(focused) + step, 0), len(self._rows) - 1)
        self._rows[index].setFocus(Qt.FocusReason.TabFocusReason)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Background and the hairline at the right."""
        theme = self._source.theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.panel)
        hairline(painter, theme.hairline, self.width() - 1, 0, self.width() - 1, self.height())

    def _build(self, items: tuple[RailItem, ...]) -> None:
        for old in (*self._rows, *self._groups):
            self._list.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._rows, self._groups = [], []
        group = ""
        for item in items:
            if item.group != group:
                group = item.group
                self._groups.append(self._make_group(group))
                self._list.addWidget(self._groups[-1])
            row = _Row(self._source, item)
            row.clicked.connect(self._choose)
            self._rows.append(row)
            self._list.addWidget(row)
        self._mark()

    def _make_group(self, name: str) -> QWidget:
        holder = QWidget()
        holder.setFixedHeight(28)
        holder.setVisible(not self._folded)
        row = QHBoxLayout(holder)
        row.setContentsMargins(16, 8, 12, 4)
        row.addWidget(ElidedLabel(self._source, name, size=SMALL, role="equipment"))
        return holder

    def _make_foot(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(16, 0, 8, 0)
        column.setSpacing(4)
        first, second = QHBoxLayout(), QHBoxLayout()
        for line, hints in ((first, HINTS[:1]), (second, HINTS[1:])):
            line.setSpacing(5)
            for key, word in hints:
                line.addWidget(KeyHint(self._source, key, word))
            line.addStretch(1)
            column.addLayout(line)
        return holder

    def _choose(self) -> None:
        row = self.sender()
        if isinstance(row, _Row):
            self.display_chosen.emit(row.item.id)

    def _mark(self) -> None:
        """Show which display is current; Tab enters the rail there."""
        known = any(row.item.id == self._current for row in self._rows)
        for index, row in enumerate(self._rows):
            chosen = row.item.id == self._current
            row.set_state(chosen, self._folded)
            entry = chosen or (not known and index == 0)
            row.setFocusPolicy(Qt.FocusPolicy.StrongFocus if entry else Qt.FocusPolicy.ClickFocus)
