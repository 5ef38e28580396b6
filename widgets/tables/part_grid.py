"""A small read-only table of a device's parts: painted, so that a hundred outlets cost nothing."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from widgets.theme.fonts import BODY, LABEL, MEDIUM, REGULAR, SMALL
from widgets.theme.severity_shapes import paint_severity
from widgets.theme.strokes import focus_ring, hairline
from widgets.theme.text import RIGHT, draw_text, text_width
from widgets.theme.tokens import ROW, TABLE_HEAD, ThemeSource
from widgets.view_models.common import AckState, SeverityMark
from widgets.view_models.device import PartTable

PADDING = 10
MARK = 14


class PartGrid(QAbstractScrollArea):
    """Head and rows; the first column names the part, the others are aligned right. Plain text only."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._table: PartTable | None = None
        self._widths: list[float] = []
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        theme.changed.connect(self._repaint)

    def show_table(self, table: PartTable) -> None:
        """Show a table; widths are measured only when the shape of the table changes."""
        if table == self._table:
            return
        before = self._table
        self._table = table
        self.setAccessibleName(f"{table.title}, {table.note}".strip(", "))
        rows = (f"{row[0]}: {', '.join(row[1:])}" for row in table.rows[:60] if row)
        self.setAccessibleDescription("; ".join(rows))
        if before is None or before.columns != table.columns or len(before.rows) != len(table.rows):
            self._measure(table)
            self.updateGeometry()
        self._repaint()

    def content_height(self) -> int:
        """Pixels that head and all rows need."""
        return TABLE_HEAD + ROW * (len(self._table.rows) if self._table is not None else 0)

    def sizeHint(self) -> QSize:
        """All rows, up to twelve."""
        return QSize(300, min(self.content_height(), TABLE_HEAD + 12 * ROW))

    def minimumSizeHint(self) -> QSize:
        """Head and two rows."""
        return QSize(160, min(self.content_height(), TABLE_HEAD + 2 * ROW))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The scroll bar follows the height."""
        bar = self.verticalScrollBar()
        visible = self.viewport().height() - TABLE_HEAD
        bar.setRange(0, max(0, self.content_height() - TABLE_HEAD - visible))
        bar.setPageStep(max(ROW, visible))
        bar.setSingleStep(ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Head and the visible rows."""
        table, theme = self._table, self._source.theme
        if table is None:
            return
        painter = QPainter(self.viewport())
        width, height = self.viewport().width(), self.viewport().height()
        lefts = self._lefts(width)
        offset = self.verticalScrollBar().value()
        first = offset // ROW
        last = min(len(table.rows), first + (height - TABLE_HEAD) // ROW + 2)
        for index in range(first, last):
            top = TABLE_HEAD + index * ROW - offset
            self._paint_row(painter, table, index, top, lefts, width)
        painter.fillRect(QRectF(0, 0, width, TABLE_HEAD), theme.panel)
        for column, head in enumerate(table.columns):
            cell = QRectF(lefts[column] + PADDING, 0, lefts[column + 1] - lefts[column] - 2 * PADDING, TABLE_HEAD - 1)
            if column:
                draw_text(painter, cell, head, SMALL, theme.secondary, MEDIUM, RIGHT)
            else:
                draw_text(painter, cell, head, SMALL, theme.secondary, MEDIUM)
        hairline(painter, theme.border, 0, TABLE_HEAD - 1, width, TABLE_HEAD - 1)
        if self.hasFocus():
            focus_ring(painter, QRectF(self.viewport().rect()), theme.focus)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up, down, page keys, home and end scroll."""
        bar = self.verticalScrollBar()
        moves = {
            Qt.Key.Key_Up: bar.value() - ROW,
            Qt.Key.Key_Down: bar.value() + ROW,
            Qt.Key.Key_PageUp: bar.value() - bar.pageStep(),
            Qt.Key.Key_PageDown: bar.value() + bar.pageStep(),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: bar.maximum(),
        }
        wanted = moves.get(Qt.Key(event.key()))
        if wanted is None:
            event.ignore()
        else:
            bar.setValue(wanted)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        self._repaint()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        self._repaint()

    def _paint_row(
        self, painter: QPainter, table: PartTable, index: int, top: int, lefts: list[float], width: int
    ) -> None:
        theme = self._source.theme
        abnormal = table.abnormal[index] if index < len(table.abnormal) else 0
        for column, text in enumerate(table.rows[index][: len(table.columns)]):
            cell = QRectF(lefts[column] + PADDING, top, lefts[column + 1] - lefts[column] - 2 * PADDING, ROW)
            if column:
                draw_text(painter, cell, text, BODY, theme.text, align=RIGHT)
                continue
            if abnormal:
                mark = SeverityMark(abnormal, AckState.ACKNOWLEDGED)
                paint_severity(painter, QRectF(cell.left(), top + 4, MARK, MARK), mark, theme, digit=False)
                cell.setLeft(cell.left() + MARK + 6)
            draw_text(painter, cell, text, BODY, theme.text, MEDIUM if abnormal else REGULAR)
        if index < len(table.rows) - 1:
            hairline(painter, theme.hairline, 0, top + ROW - 1, width, top + ROW - 1)

    def _measure(self, table: PartTable) -> None:
        """Natural width of each column: its head or its widest of the first 200 rows."""
        self._widths = []
        for column, head in enumerate(table.columns):
            texts = [row[column] for row in table.rows[:200] if column < len(row)]
            widest = max((text_width(text, BODY) for text in texts), default=0.0)
            self._widths.append(max(widest, text_width(head, LABEL)) + 2 * PADDING)

    def _lefts(self, width: int) -> list[float]:
        """Left edge of each column and the right end of the last: the first column takes what is left over."""
        spare = width - sum(self._widths)
        widths = list(self._widths)
        if widths:
            widths[0] = max(widths[0] + spare, 60.0)
        lefts = [0.0]
        for each in widths:
            lefts.append(lefts[-1] + each)
        return lefts

    def _repaint(self) -> None:
        self.viewport().update()
