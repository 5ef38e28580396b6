"""The Fleet display: one table of every device, with search, totals and a copy of what is shown."""

import re

import numpy as np
from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from widgets.controls.button import Button
from widgets.controls.chip import Chip
from widgets.controls.key_hint import KeyHint
from widgets.controls.panel import Panel
from widgets.tables.fleet_grid import FleetGrid
from widgets.tables.painted_table import PADDING
from widgets.theme.fonts import LABEL, SEMIBOLD
from widgets.theme.strokes import hairline
from widgets.theme.text import LEFT, RIGHT, draw_text
from widgets.theme.tokens import MARGIN, ROW, ThemeSource
from widgets.view_models.fleet import FleetColumn, FleetView

SEARCH_WIDTH = 240
COPY_ROWS = 400
"""Rows written to the copy between two turns of the event loop."""
SEARCH_DELAY_MS = 60


class TotalsRow(QWidget):
    """The line under the table: number of rows, and each column's total under its column."""

    def __init__(self, theme: ThemeSource, grid: FleetGrid, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._grid = grid
        self.setFixedHeight(ROW + 4)
        self.setAccessibleName("Totals")
        theme.changed.connect(self.update)
        grid.order_changed.connect(self._refresh)
        grid.horizontalScrollBar().valueChanged.connect(self.update)

    def texts(self) -> list[str]:
        """What stands under each column."""
        view, order = self._grid.view, self._grid.order
        if view is None:
            return []
        shown, every = len(order.rows), len(view.ids)
        count = f"{shown:,} of {every:,}" if shown != every else f"{every:,} devices"
        filtered = shown != every
        totals = [_total(column, order.rows if filtered else None) for column in view.columns]
        if totals and not totals[0]:
            totals[0] = count
        return ["", *totals]

    def paintEvent(self, event: QPaintEvent) -> None:
        """A line above, bold figures under their columns."""
        painter = QPainter(self)
        theme = self._source.theme
        hairline(painter, theme.border, 0, 0, self.width(), 0)
        for index, (text, column) in enumerate(zip(self.texts(), self._grid.rows.columns, strict=False)):
            left, width = self._grid.columnViewportPosition(index), self._grid.columnWidth(index)
            box = QRectF(left + PADDING, 0, width - 2 * PADDING, self.height())
            if column.numeric:
                box.setLeft(box.left() - 48)
            align = RIGHT if column.numeric else LEFT
            draw_text(painter, box, text, LABEL, theme.text, SEMIBOLD, align)

    def _refresh(self) -> None:
        self.setAccessibleDescription(", ".join(text for text in self.texts() if text))
        self.update()


_TOTAL = re.compile(r"(sum|mean) ")


def _total(column: FleetColumn, rows: np.ndarray[tuple[int], np.dtype[np.intp]] | None) -> str:
    """The column's own total, or the same kind of total over the shown rows."""
    kind = _TOTAL.match(column.total)
    if rows is None or kind is None:
        return column.total if rows is None else ""
    values = column.sort[rows]
    values = values[np.isfinite(values)]
    if not len(values):
        return ""
    figure = values.sum() if kind[1] == "sum" else values.mean()
    return f"{kind[1]} {figure:,.1f} {column.unit}".strip()


class FleetDisplay(QWidget):
    """Every device. `/` searches, a click on a head sorts, Enter opens, Ctrl+C copies rows as CSV."""

    device_opened = Signal(str)
    device_chosen = Signal(str)
    copied = Signal(int)
    """So many rows are on the clipboard."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self.grid = FleetGrid(theme)
        self.totals = TotalsRow(theme, self.grid)
        self.pending = Chip(theme, inverse=True, clickable=True)
        self.copy_button = Button(theme, "Copy as CSV", key="Ctrl+C")
        self.search = QLineEdit()
        self._copy: list[str] = []
        self._to_copy: list[int] = []
        self._copying = QTimer(self)
        self._copying.timeout.connect(self._copy_some)
        self._searching = QTimer(self)
        self._searching.setSingleShot(True)
        self._searching.setInterval(SEARCH_DELAY_MS)
        self._searching.timeout.connect(lambda: self.grid.search(self.search.text()))
        self._build(theme)
        self.grid.device_opened.connect(self.device_opened)
        self.grid.device_chosen.connect(self.device_chosen)
        self.grid.order_changed.connect(self._show_order)
        self.pending.clicked.connect(self.grid.apply_order)
        self.copy_button.clicked.connect(self.copy_rows)
        self.search.textChanged.connect(lambda _: self._searching.start())
        self.setAccessibleName("Fleet")
        self.setFocusProxy(self.grid)

    def _build(self, theme: ThemeSource) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        self._panel = Panel(theme, "Fleet")
        self.search.setPlaceholderText("Search name, model, place, address  /")
        self.search.setAccessibleName("Search the fleet")
        self.search.setFixedSize(SEARCH_WIDTH, 26)
        self.search.setStyleSheet("min-height: 20px;")
        self.search.installEventFilter(self)
        self.copy_button.setFixedHeight(26)
        self._copied_note = Chip(theme)
        keys = KeyHint(theme, "Enter", "faceplate")
        for part in (self.pending, self._copied_note, keys, self.copy_button, self.search):
            self._panel.slot.addWidget(part)
        self._panel.body.addWidget(self.grid, 1)
        self._panel.body.addWidget(self.totals)
        outer.addWidget(self._panel)

    def show_view(self, view: FleetView) -> None:
        """Show a new frame."""
        self._panel.set_note(view.note)
        self.grid.show_view(view)

    def _show_order(self) -> None:
        pending = self.grid.order.pending
        self.pending.set_text(f"order frozen, {pending:,} rows would move" if pending else "")

    # -- copying ----------------------------------------------------------------------------------------------

    def copy_rows(self) -> None:
        """Put the selected rows, or all that are shown when fewer than two are selected, on the clipboard as CSV."""
        selected = self.grid.selected_rows
        self._to_copy = selected if len(selected) > 1 else list(range(len(self.grid.order.rows)))
        self._copy = [self.grid.csv_head()]
        self._copied_note.set_text("copying")
        self._copying.start(0)

    def _copy_some(self) -> None:
        part, self._to_copy = self._to_copy[:COPY_ROWS], self._to_copy[COPY_ROWS:]
        self._copy.append(self.grid.csv_lines(part))
        if self._to_copy:
            return
        self._copying.stop()
        text = "".join(self._copy)
        self._copy = []
        QGuiApplication.clipboard().setText(text)
        count = max(0, text.count("\r\n") - 1)
        self._copied_note.set_text(f"{count:,} rows copied")
        self.copied.emit(count)

    # -- keys -------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Search, copy, apply the order."""
        if event.key() == Qt.Key.Key_Slash:
            self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.search.selectAll()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
        elif event.key() == Qt.Key.Key_Escape and (self.grid.order.pending or self.search.text()):
            self.grid.apply_order()
            self.search.clear()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """In the search: Esc clears and goes back to the rows, Enter and Down go to the rows."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.search.clear()
            if event.key() in {Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down}:
                self._searching.stop()
                self.grid.search(self.search.text())
                self.grid.setFocus()
                return True
        return super().eventFilter(watched, event)
