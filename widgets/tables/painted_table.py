"""A table that paints its own rows: selection, keys and accessibility are Qt's, the picture is ours and fast."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from widgets.controls.elided import plain_tip
from widgets.tables.row_model import Column, Index, RowModel
from widgets.theme.fonts import BODY, MEDIUM, SMALL
from widgets.theme.strokes import focus_ring, hairline
from widgets.theme.text import CENTRE, LEFT, RIGHT, draw_text, text_width
from widgets.theme.tokens import ROW, TABLE_HEAD, ThemeSource

PADDING = 8
EDGE = 2
"""Width of the text-coloured edge of a selected row, px."""


class TableHead(QHeaderView):
    """The head of a painted table: small secondary titles, an arrow at the sorted column."""

    def __init__(self, theme: ThemeSource, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._source = theme
        self.setFixedHeight(TABLE_HEAD)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(24)
        theme.changed.connect(self.viewport().update)

    def sizeHint(self) -> QSize:
        """24 px high."""
        return QSize(super().sizeHint().width(), TABLE_HEAD)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        """Title, sort arrow, line below."""
        model = self.model()
        if not isinstance(model, RowModel) or section >= len(model.columns):
            return
        theme, column, box = self._source.theme, model.columns[section], QRectF(rect)
        painter.fillRect(box, theme.panel)
        inner = box.adjusted(PADDING, 0, -PADDING, 0)
        sorted_here = self.isSortIndicatorShown() and self.sortIndicatorSection() == section
        if sorted_here:
            down = self.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
            arrow = "↓" if down else "↑"
            align = LEFT if column.numeric else RIGHT
            draw_text(painter, inner, arrow, SMALL, theme.text, align=align)
        ink = theme.text if sorted_here else theme.secondary
        draw_text(painter, inner, column.title, SMALL, ink, MEDIUM, RIGHT if column.numeric else LEFT)
        hairline(painter, theme.border, box.left(), box.bottom() - 1, box.right(), box.bottom() - 1)


class PaintedTable(QTableView):
    """Base of the tables. Subclasses answer `paint_cell` and `cell_text` and call `set_count`.

    Args:
        theme: The theme in force.
        columns: Left to right.
        parent: Qt's parent.
        row_height: Px.
        many: Several rows may be selected.
        plain: No lines between rows, no lift under the pointer.
    """

    row_opened = Signal(int)
    """Enter or double click on a row."""
    row_entered = Signal(int)
    """The user moved to a row, by click or key."""

    def __init__(
        self,
        theme: ThemeSource,
        columns: Sequence[Column],
        parent: QWidget | None = None,
        *,
        row_height: int = ROW,
        many: bool = False,
        plain: bool = False,
    ) -> None:
        super().__init__(parent)
        self.source = theme
        self._all = tuple(columns)
        self._empty = ""
        self._hover = -1
        self._plain = plain
        self.rows = RowModel(columns, self.cell_text, self)
        self.setModel(self.rows)
        self.head = TableHead(theme, self)
        self.setHorizontalHeader(self.head)
        vertical = self.verticalHeader()
        vertical.hide()
        vertical.setMinimumSectionSize(row_height)
        vertical.setDefaultSectionSize(row_height)
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        mode = QAbstractItemView.SelectionMode
        self.setSelectionMode(mode.ExtendedSelection if many else mode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.viewport().setMouseTracking(True)
        self.doubleClicked.connect(lambda index: self.row_opened.emit(index.row()))
        theme.changed.connect(self._restyle)

    # -- for subclasses ---------------------------------------------------------------------------------------

    def cell_text(self, row: int, column: int) -> str:
        """The text of a cell, for assistive technology, copying and tooltips."""
        raise NotImplementedError

    def paint_cell(self, painter: QPainter, box: QRectF, row: int, column: Column) -> None:
        """Draw one cell; the row's background is already there."""
        raise NotImplementedError

    def paint_row_under(self, painter: QPainter, box: QRectF, row: int) -> None:
        """Draw something under a whole row. Nothing by default."""

    # -- for everybody ----------------------------------------------------------------------------------------

    @property
    def current_row(self) -> int:
        """The row of the cursor; -1 for none."""
        return self.currentIndex().row()

    @property
    def selected_rows(self) -> list[int]:
        """Selected rows, ascending."""
        found: set[int] = set()
        for part in self.selectionModel().selection().toList():
            found.update(range(part.top(), part.bottom() + 1))
        return sorted(found)

    @property
    def pointer_inside(self) -> bool:
        """Whether the pointer is over the rows."""
        return self.viewport().underMouse()

    def set_count(self, count: int) -> None:
        """Show `count` rows and repaint."""
        self.rows.set_count(count)
        self.viewport().update()

    def set_empty(self, text: str) -> None:
        """What stands where there are no rows."""
        if text != self._empty:
            self._empty = text
            self.viewport().update()

    def select_row(self, row: int) -> None:
        """Select a row without a signal of ours; -1 clears."""
        selection = self.selectionModel()
        if row < 0 or row >= self.rows.rowCount():
            selection.clear()
            return
        if self.current_row == row and self.selected_rows == [row]:
            return
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        selection.setCurrentIndex(self.rows.index(row, 0), flags)

    def select_rows(self, rows: Sequence[int]) -> None:
        """Select rows without a signal of ours; the cursor stays where it is when it is among them."""
        wanted = sorted(set(rows))
        if wanted == self.selected_rows:
            return
        selection = self.selectionModel()
        if not wanted:
            selection.clear()
            return
        chosen = QItemSelection()
        start = previous = wanted[0]
        for row in [*wanted[1:], -1]:
            if row != previous + 1:
                chosen.select(self.rows.index(start, 0), self.rows.index(previous, len(self.rows.columns) - 1))
                start = row
            previous = row
        if self.current_row not in wanted:
            current = self.rows.index(wanted[0], 0)
            selection.setCurrentIndex(current, QItemSelectionModel.SelectionFlag.NoUpdate)
        selection.select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def step(self, by: int) -> None:
        """Move the cursor by rows, as J and K do."""
        count = self.rows.rowCount()
        if count:
            target = min(max(self.current_row + by, 0), count - 1) if self.current_row >= 0 else 0
            self.select_row(target)
            self.scrollTo(self.rows.index(target, 0))
            self.row_entered.emit(target)

    # -- Qt ---------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Rows in sight, then the focus ring."""
        painter = QPainter(self.viewport())
        theme = self.source.theme
        area = event.rect()
        if not self.rows.rowCount():
            box = QRectF(self.viewport().rect())
            box.setHeight(min(box.height(), 96))
            draw_text(painter, box, self._empty, BODY, theme.secondary, align=CENTRE)
        else:
            first = max(0, self.rowAt(max(0, area.top())))
            last = self.rowAt(area.bottom())
            last = self.rows.rowCount() - 1 if last < 0 else last
            visible = [
                (column, self.columnViewportPosition(index), self.columnWidth(index))
                for index, column in enumerate(self.rows.columns)
                if not self.isColumnHidden(index)
            ]
            chosen = self.selectionModel()
            for row in range(first, last + 1):
                self._paint_row(painter, row, visible, chosen.isRowSelected(row))
        if self.hasFocus() and self.current_row < 0:
            focus_ring(painter, QRectF(self.viewport().rect()), theme.focus)

    def _paint_row(self, painter: QPainter, row: int, visible: Sequence[tuple[Column, int, int]], chosen: bool) -> None:
        theme = self.source.theme
        top, height = self.rowViewportPosition(row), self.rowHeight(row)
        box = QRectF(0, top, self.viewport().width(), height)
        if chosen or (row == self._hover and not self._plain):
            painter.fillRect(box, theme.selected if chosen else theme.raised)
        self.paint_row_under(painter, box, row)
        if not self._plain:
            hairline(painter, theme.hairline, 0, box.bottom() - 1, box.right(), box.bottom() - 1)
        for column, left, width in visible:
            self.paint_cell(painter, QRectF(left, top, width, height - 1), row, column)
        if chosen:
            painter.fillRect(QRectF(0, top, EDGE, height - 1), theme.text)
        if self.hasFocus() and row == self.current_row:
            focus_ring(painter, box.adjusted(0, 0, 0, -1), theme.focus, 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the columns their widths."""
        super().resizeEvent(event)
        self.fit_columns()

    def fit_columns(self) -> None:
        """Hide the columns that do not fit, last ones first, and give the rest to those that stretch."""
        columns = self.rows.columns
        room = self.viewport().width()
        shown = set(range(len(columns)))
        for index in sorted(shown, key=lambda index: -columns[index].drop):
            if columns[index].drop and sum(columns[other].width for other in shown) > room:
                shown.discard(index)
        spare = max(0, room - sum(columns[index].width for index in shown))
        shares = sum(columns[index].stretch for index in shown)
        for index, column in enumerate(columns):
            self.setColumnHidden(index, index not in shown)
            extra = spare * column.stretch // shares if shares else 0
            self.setColumnWidth(index, column.width + extra)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """J and K move, Enter opens; letters never search."""
        key = Qt.Key(event.key())
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key in {Qt.Key.Key_J, Qt.Key.Key_K} and plain:
            self.step(1 if key is Qt.Key.Key_J else -1)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if self.current_row >= 0:
                self.row_opened.emit(self.current_row)
        elif event.matches(QKeySequence.StandardKey.Copy) or self._is_foreign(event):
            event.ignore()
        else:
            before = self.current_row
            super().keyPressEvent(event)
            if self.current_row != before:
                self.row_entered.emit(self.current_row)

    def _is_foreign(self, event: QKeyEvent) -> bool:
        """A key that belongs to the display: letters, digits, Space, Backspace, Esc."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        foreign = {Qt.Key.Key_Backspace, Qt.Key.Key_Space, Qt.Key.Key_Escape, Qt.Key.Key_Slash}
        return Qt.Key(event.key()) in foreign or event.text().strip().isalnum()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt selects; the row is announced."""
        super().mousePressEvent(event)
        row = self.rowAt(round(event.position().y()))
        if row >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self.row_entered.emit(row)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Lift the row under the pointer."""
        super().mouseMoveEvent(event)
        self._set_hover(self.rowAt(round(event.position().y())))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is lifted any more."""
        super().leaveEvent(event)
        self._set_hover(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:
        """Tooltips say what does not fit into its cell, or what a cell wants to add."""
        if event.type() is QEvent.Type.ToolTip:
            index = self.indexAt(self.viewport().mapFromGlobal(self.cursor().pos()))
            self.viewport().setToolTip(plain_tip(self.tip_text(index)) if index.isValid() else "")
        return super().viewportEvent(event)

    def tip_text(self, index: Index) -> str:
        """The tooltip of a cell: its text where it is wider than the cell."""
        text = self.cell_text(index.row(), index.column())
        fits = text_width(text, BODY) <= self.columnWidth(index.column()) - 2 * PADDING
        return "" if fits else text

    def _set_hover(self, row: int) -> None:
        if row != self._hover:
            self._hover = row
            self.viewport().update()

    def _restyle(self) -> None:
        self.viewport().update()
