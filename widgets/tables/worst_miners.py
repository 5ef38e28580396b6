"""The worst miners of a site: incident groups first, their members indented, then by deviation."""

from PySide6.QtCore import QEvent, QRectF, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from widgets.tables.frozen_rows import FrozenRows
from widgets.tables.painted_table import PADDING, PaintedTable
from widgets.tables.row_model import Column
from widgets.theme.fonts import BODY, REGULAR, SEMIBOLD
from widgets.theme.icons import paint_icon
from widgets.theme.severity_shapes import describe, paint_severity
from widgets.theme.text import LEFT, RIGHT, draw_text
from widgets.theme.tokens import ThemeSource
from widgets.view_models.common import AckState
from widgets.view_models.site import WorstRow

MARK = 14
INDENT = 12
COLUMNS = (
    Column("mark", "", 36),
    Column("name", "Miner", 88, stretch=3),
    Column("deviation", "Dev %", 64, numeric=True, stretch=1),
    Column("hashrate", "TH/s", 60, numeric=True, stretch=1),
    Column("chip_temp", "Chip °C", 66, numeric=True, stretch=1, drop=2),
    Column("state", "State", 92, stretch=2, drop=1),
)


class WorstMiners(PaintedTable):
    """Rows of miners and bold rows of groups. The order stands still while the pointer is inside."""

    device_chosen = Signal(str)
    device_opened = Signal(str)
    incident_opened = Signal(str)
    """Enter or double click on a group with an incident."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        self._frozen: FrozenRows[WorstRow] = FrozenRows(lambda row: f"{int(row.group)}{row.id or row.name}")
        self._chosen = ""
        super().__init__(theme, COLUMNS, parent)
        self.setAccessibleName("Worst miners")
        self.row_entered.connect(self._enter)
        self.row_opened.connect(self._open)
        theme.blinked.connect(self._blink)

    def show_rows(self, rows: tuple[WorstRow, ...]) -> None:
        """Show the newest list."""
        self._frozen.take(rows, self.pointer_inside)
        self._settle()

    def set_chosen(self, device: str) -> None:
        """Select a miner without a signal; one that is not listed clears."""
        self._chosen = device
        self.select_row(self._frozen.index_of(f"0{device}") if device else -1)

    def cell_text(self, row: int, column: int) -> str:
        """A cell in words."""
        item = self._frozen.rows[row]
        mark = describe(item.mark) if item.mark else "group" if item.group else ""
        return (mark, item.name, item.deviation, item.hashrate, item.chip_temp, item.state)[column]

    def paint_cell(self, painter: QPainter, box: QRectF, row: int, column: Column) -> None:
        """Shape or stack, then texts; groups bold, members indented."""
        theme, item = self.source.theme, self._frozen.rows[row]
        if column.id == "mark":
            place = QRectF(box.left() + PADDING, box.center().y() - MARK / 2, MARK, MARK)
            if item.mark is not None:
                fresh = item.mark.ack is AckState.NEW
                paint_severity(painter, place, item.mark, theme, blink_on=self.source.blink_on, digit=fresh)
            elif item.group:
                paint_icon(painter, place, "stack", theme.text)
            return
        inner = box.adjusted(PADDING, 0, -PADDING, 0)
        if column.id == "name" and self._is_member(row):
            inner.setLeft(inner.left() + INDENT)
        ink = theme.secondary if column.id == "state" and not item.group else theme.text
        weight = SEMIBOLD if item.group else REGULAR
        text = self.cell_text(row, self.rows.place_of(column))
        draw_text(painter, inner, text, BODY, ink, weight, RIGHT if column.numeric else LEFT)

    def _is_member(self, row: int) -> bool:
        """A miner under a group that belongs to the same incident shape as its neighbours above."""
        rows = self._frozen.rows
        if rows[row].group or rows[row].mark is None:
            return False
        above = row - 1
        while above >= 0 and not rows[above].group and rows[above].mark == rows[row].mark:
            above -= 1
        return above >= 0 and rows[above].group and bool(rows[above].id)

    def leaveEvent(self, event: QEvent) -> None:
        """The waiting changes happen."""
        super().leaveEvent(event)
        self._frozen.apply()
        self._settle()

    def _settle(self) -> None:
        self.set_count(len(self._frozen.rows))
        self.set_chosen(self._chosen)

    def _enter(self, row: int) -> None:
        item = self._frozen.rows[row]
        self._chosen = "" if item.group else item.id
        self.device_chosen.emit(self._chosen)

    def _open(self, row: int) -> None:
        item = self._frozen.rows[row]
        if item.group and item.id:
            self.incident_opened.emit(item.id)
        elif item.id and not item.group:
            self.device_opened.emit(item.id)

    def _blink(self) -> None:
        if any(row.mark is not None and row.mark.ack is AckState.NEW for row in self._frozen.rows):
            self.viewport().update()
