"""The fleet as one table: every device a row, columns as arrays, sorted and filtered by index."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QItemSelection, QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHeaderView, QWidget

from widgets.tables.csv_text import line
from widgets.tables.fleet_order import FleetOrder
from widgets.tables.painted_table import PADDING, PaintedTable
from widgets.tables.row_model import Column
from widgets.theme.fonts import BODY, SEMIBOLD
from widgets.theme.severity_shapes import NAMES, paint_severity
from widgets.theme.text import LEFT, RIGHT, draw_text
from widgets.theme.tokens import ThemeSource
from widgets.view_models.common import AckState, SeverityMark
from widgets.view_models.fleet import FleetColumn, FleetView

MARK = 14
MARK_COLUMN = Column("mark", "", 36)
SHRINK = 0.86
"""Columns give up to this share of their width before the table scrolls sideways."""
NUMBER_WIDTH = 96
TEXT_WIDTH = 116
WIDTHS = {"name": 120, "kind": 68, "model": 176, "place": 136, "state": 96, "address": 168, "age": 80}


class FleetGrid(PaintedTable):
    """The table. Its order stands still while the pointer is inside; the selection stays with its devices."""

    device_chosen = Signal(str)
    device_opened = Signal(str)
    order_changed = Signal()
    """The shown rows, their order, or what waits changed."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        self._view: FleetView | None = None
        self._order = FleetOrder()
        self._chosen: frozenset[str] = frozenset()
        self._placing = False
        super().__init__(theme, (MARK_COLUMN,), parent, many=True)
        self.setAccessibleName("Fleet")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.head.setSectionsClickable(True)
        self.head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.head.setSortIndicatorShown(True)
        self.head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.head.sectionClicked.connect(self._sort)
        self.head.sectionResized.connect(lambda *_: self.order_changed.emit())
        self.selectionModel().selectionChanged.connect(self._remember)
        self.row_entered.connect(self._enter)
        self.row_opened.connect(lambda row: self.device_opened.emit(self.device_at(row)))
        theme.blinked.connect(self._blink)

    # -- content ----------------------------------------------------------------------------------------------

    @property
    def view(self) -> FleetView | None:
        """The newest view."""
        return self._view

    @property
    def order(self) -> FleetOrder:
        """Shown rows, sorting, search, what waits."""
        return self._order

    @property
    def chosen(self) -> frozenset[str]:
        """Ids of the selected devices, shown or not."""
        return self._chosen

    def device_at(self, row: int) -> str:
        """Id of the device in a shown row."""
        return "" if self._view is None else self._view.ids[int(self._order.rows[row])]

    def show_view(self, view: FleetView) -> None:
        """Show a new frame."""
        heads = (MARK_COLUMN, *(_head(column) for column in view.columns))
        self._view = view
        self._order.take(view, self.pointer_inside)
        if heads != self.rows.columns:
            self.rows.set_columns(heads)
            self.fit_columns()
        self.set_empty(view.empty)
        self._settle()

    def search(self, wanted: str) -> None:
        """Show only devices that hold every word."""
        self._order.search_for(wanted)
        if self._view is not None:
            self.set_empty(self._view.empty or "No device passes this search. Esc clears it.")
        self._settle()

    def apply_order(self) -> None:
        """Put the rows where they belong now."""
        self._order.apply()
        self._settle()

    def csv_lines(self, rows: Sequence[int]) -> str:
        """Shown rows as CSV text, without the head."""
        return "".join(line(self.cell_text(row, index) for index in range(len(self.rows.columns))) for row in rows)

    def csv_head(self) -> str:
        """The head of the CSV text: titles with units."""
        return line("severity" if column.id == "mark" else column.title for column in self.rows.columns)

    def _settle(self) -> None:
        self._placing = True
        self.set_count(len(self._order.rows))
        self._place_selection()
        self._placing = False
        self.order_changed.emit()

    # -- selection --------------------------------------------------------------------------------------------

    def _remember(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        """Keep what the user selects by device; rows hidden by a search stay selected."""
        if self._placing or self._view is None:
            return
        hidden = (
            self._chosen - {self._view.ids[row] for row in self._order.rows.tolist()} if self._chosen else frozenset()
        )
        self._chosen = hidden | {self.device_at(row) for row in self.selected_rows}

    def _place_selection(self) -> None:
        if self._view is None or (not self._chosen and not self.selectionModel().hasSelection()):
            return
        if len(self._chosen) > len(self._view.ids) // 2:
            inside = np.fromiter((device in self._chosen for device in self._view.ids), np.bool_, len(self._view.ids))
        else:
            inside = np.zeros(len(self._view.ids), dtype=np.bool_)
            index = {device: row for row, device in enumerate(self._view.ids) if device in self._chosen}
            inside[list(index.values())] = True
        self.select_rows(np.flatnonzero(inside[self._order.rows]).tolist())

    def _enter(self, row: int) -> None:
        if 0 <= row < len(self._order.rows):
            self.device_chosen.emit(self.device_at(row))

    # -- order ------------------------------------------------------------------------------------------------

    def _sort(self, section: int) -> None:
        """First click ascending, second descending, third the order of the inventory."""
        column = self.rows.columns[section].id
        if self._order.sorted_by != column:
            self._order.sort_by(column, False)
        elif not self._order.descending:
            self._order.sort_by(column, True)
        else:
            self._order.sort_by("", False)
        shown = section if self._order.sorted_by else -1
        direction = Qt.SortOrder.DescendingOrder if self._order.descending else Qt.SortOrder.AscendingOrder
        self.head.setSortIndicator(shown, direction)
        self._settle()
        self.scrollToTop()

    def leaveEvent(self, event: QEvent) -> None:
        """The waiting changes happen."""
        super().leaveEvent(event)
        if self._order.pending:
            self.apply_order()

    # -- picture ----------------------------------------------------------------------------------------------

    def cell_text(self, row: int, column: int) -> str:
        """A cell in words."""
        if self._view is None or row >= len(self._order.rows):
            return ""
        at = int(self._order.rows[row])
        if column == 0:
            mark = int(self._view.marks[at])
            return NAMES[mark] if mark else ""
        return self._view.columns[column - 1].text[at]

    def paint_cell(self, painter: QPainter, box: QRectF, row: int, column: Column) -> None:
        """Shape, then texts; stale rows in secondary colour."""
        view, theme = self._view, self.source.theme
        if view is None or row >= len(self._order.rows):
            return
        at = int(self._order.rows[row])
        if column.id == "mark":
            self._paint_mark(painter, box, at, view)
            return
        index = self.rows.place_of(column) - 1
        inner = box.adjusted(PADDING, 0, -PADDING, 0)
        ink = theme.secondary if view.stale[at] else theme.text
        weight = SEMIBOLD if column.id == "name" and view.marks[at] and not view.acknowledged[at] else 400
        text = view.columns[index].text[at]
        draw_text(painter, inner, text, BODY, ink, weight, RIGHT if column.numeric else LEFT)

    def _paint_mark(self, painter: QPainter, box: QRectF, at: int, view: FleetView) -> None:
        severity = int(view.marks[at])
        if severity:
            ack = AckState.ACKNOWLEDGED if view.acknowledged[at] else AckState.NEW
            place = QRectF(box.left() + 11, box.center().y() - MARK / 2, MARK, MARK)
            fresh = ack is AckState.NEW
            mark = SeverityMark(severity, ack)
            paint_severity(painter, place, mark, self.source.theme, blink_on=self.source.blink_on, digit=fresh)

    def fit_columns(self) -> None:
        """Their own widths, spread over the room when there is more."""
        mark, *others = self.rows.columns
        self.setColumnWidth(0, mark.width)
        wanted = sum(column.width for column in others)
        scale = max(SHRINK, (self.viewport().width() - mark.width) / wanted) if others else 1.0
        for index, column in enumerate(others, start=1):
            self.setColumnWidth(index, int(column.width * scale))

    def _blink(self) -> None:
        view = self._view
        if view is not None and np.any((view.marks > 0) & ~view.acknowledged):
            self.viewport().update()


def _head(column: FleetColumn) -> Column:
    title = f"{column.title} {column.unit}".strip()
    width = WIDTHS.get(column.id, NUMBER_WIDTH if column.numeric else TEXT_WIDTH)
    return Column(column.id, title, max(width, 8 * len(title)), numeric=column.numeric)
