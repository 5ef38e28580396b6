"""The short queue of a site: two lines and a clock for each open incident."""

from PySide6.QtCore import QEvent, QRectF, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from widgets.controls.clock_bar import paint_clock
from widgets.controls.gear import paint_gear
from widgets.tables.frozen_rows import FrozenRows
from widgets.tables.painted_table import PaintedTable
from widgets.tables.row_model import Column, Index
from widgets.theme.fonts import BODY, LABEL, MEDIUM, SEMIBOLD
from widgets.theme.severity_shapes import describe, paint_severity
from widgets.theme.text import RIGHT, draw_text, text_width
from widgets.theme.tokens import ThemeSource
from widgets.view_models.common import AckState
from widgets.view_models.site import QueueItem

ROW_HEIGHT = 47
MARK = 20
CLOCK = 116
CLOCK_NARROW = 104
NARROW = 420
MARGIN = 12
SPACE = 8


class IncidentQueue(PaintedTable):
    """Open incidents, worst first. The order stands still while the pointer is inside."""

    incident_chosen = Signal(str)
    incident_opened = Signal(str)
    pending_changed = Signal(int)
    """How many changes wait for the pointer to leave."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        self._frozen: FrozenRows[QueueItem] = FrozenRows(lambda item: item.id)
        self._chosen = ""
        super().__init__(theme, (Column("incident", "Incident", 200, stretch=1),), parent, row_height=ROW_HEIGHT)
        self.head.hide()
        self.setAccessibleName("Open incidents")
        self.row_entered.connect(self._enter)
        self.row_opened.connect(lambda row: self.incident_opened.emit(self._frozen.rows[row].id))
        theme.blinked.connect(self._blink)

    @property
    def pending(self) -> int:
        """Changes that wait."""
        return self._frozen.pending

    def show_items(self, items: tuple[QueueItem, ...]) -> None:
        """Show the newest queue."""
        self._frozen.take(items, self.pointer_inside)
        self._settle()

    def set_chosen(self, incident: str) -> None:
        """Select an incident without a signal; empty clears."""
        self._chosen = incident
        self.select_row(self._frozen.index_of(incident))

    def cell_text(self, row: int, column: int) -> str:
        """The item in words."""
        item = self._frozen.rows[row]
        steps = f", automation {item.automation}" if item.automation else ""
        timer = f"{item.clock.text} {item.clock.label}".strip()
        return f"{describe(item.mark)}: {item.title}, {item.label}, {item.owner}, {item.scope}{steps}, {timer}"

    def tip_text(self, index: Index) -> str:
        """The absolute deadline."""
        item = self._frozen.rows[index.row()]
        return "\n".join(line for line in (item.title, item.clock.tip) if line)

    def paint_cell(self, painter: QPainter, box: QRectF, row: int, column: Column) -> None:
        """Shape, title over facts, clock."""
        theme, item = self.source.theme, self._frozen.rows[row]
        fresh = item.mark.ack is AckState.NEW
        gone = item.id in self._frozen.gone
        mark = QRectF(box.left() + MARGIN, box.center().y() - MARK / 2, MARK, MARK)
        paint_severity(painter, mark, item.mark, theme, blink_on=self.source.blink_on)
        wide = CLOCK if box.width() >= NARROW else CLOCK_NARROW
        clock = QRectF(box.right() - MARGIN - wide, box.top(), wide, box.height())
        paint_clock(painter, clock, item.clock, theme, item.mark.severity)
        room = QRectF(mark.right() + SPACE, box.top() + 4, clock.left() - mark.right() - 2 * SPACE, 20)
        ink = theme.equipment if gone else theme.text
        draw_text(painter, room, item.title, BODY, ink, SEMIBOLD if fresh or self._is_first(row) else MEDIUM)
        self._paint_facts(painter, room.translated(0, 20), item)

    def _is_first(self, row: int) -> bool:
        return row == 0 and self._frozen.rows[0].mark.severity == 1

    def _paint_facts(self, painter: QPainter, room: QRectF, item: QueueItem) -> None:
        theme = self.source.theme
        scope = draw_text(painter, room, item.scope, LABEL, theme.secondary, align=RIGHT)
        room = room.adjusted(0, 0, -scope - SPACE, 0)
        used = draw_text(painter, room, item.label, LABEL, theme.secondary) + SPACE
        room.setLeft(room.left() + used)
        steps = 14 + 4 + text_width(item.automation, LABEL) + SPACE if item.automation else 0
        owner = draw_text(painter, room.adjusted(0, 0, -steps, 0), item.owner, LABEL, theme.secondary) + SPACE
        if item.automation:
            paint_gear(painter, QRectF(room.left() + owner, room.center().y() - 7, 14, 14), theme)
            room.setLeft(room.left() + owner + 18)
            draw_text(painter, room, item.automation, LABEL, theme.text)

    def leaveEvent(self, event: QEvent) -> None:
        """The waiting changes happen."""
        super().leaveEvent(event)
        self._frozen.apply()
        self._settle()

    def _settle(self) -> None:
        self.set_count(len(self._frozen.rows))
        self.select_row(self._frozen.index_of(self._chosen) if self._chosen else -1)
        self.pending_changed.emit(self._frozen.pending)

    def _enter(self, row: int) -> None:
        self._chosen = self._frozen.rows[row].id
        self.incident_chosen.emit(self._chosen)

    def _blink(self) -> None:
        if any(item.mark.ack is AckState.NEW for item in self._frozen.rows):
            self.viewport().update()
