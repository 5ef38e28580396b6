"""The incident queue as a table: severity, clock, state, owner, title, cause, where, scope, age."""

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QWidget

from widgets.controls.clock_bar import paint_clock
from widgets.controls.gear import paint_gear
from widgets.tables.frozen_rows import FrozenRows
from widgets.tables.painted_table import PADDING, PaintedTable
from widgets.tables.row_model import Column, Index
from widgets.theme.fonts import BODY, LABEL, REGULAR, SEMIBOLD, SMALL
from widgets.theme.severity_shapes import describe, paint_severity
from widgets.theme.text import LEFT, RIGHT, draw_text, text_width
from widgets.theme.tokens import ThemeSource
from widgets.view_models.common import AckState
from widgets.view_models.incidents import IncidentRow

ROW_HEIGHT = 24
MARK = 20
COLUMNS = (
    Column("mark", "Sev", 44),
    Column("clock", "Clock", 204),
    Column("state", "State", 120, stretch=1),
    Column("automation", "Automation", 84),
    Column("owner", "Owner", 100),
    Column("title", "Title", 280, stretch=4),
    Column("cause", "Cause", 168, stretch=3, drop=1),
    Column("where", "Where", 120, stretch=1, drop=4),
    Column("scope", "Scope", 96, numeric=True),
    Column("age", "Age", 80, numeric=True),
    Column("detected", "Detected", 80, numeric=True, drop=5),
    Column("label", "Id", 88, numeric=True, drop=2),
)
SECONDARY = {"cause", "where", "detected", "label"}


class IncidentTable(PaintedTable):
    """The queue. Its order stands still while the pointer is inside or the user has selected something.

    Values change in place; new incidents come last and closed ones stay, dimmed, until the order is applied by a click
    on the chip, by Esc, or when the hand leaves.
    """

    incident_chosen = Signal(str)
    """The selected incident; empty when the selection was cleared."""
    incident_opened = Signal(str)
    pending_changed = Signal(int)
    """How many changes wait."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        self._frozen: FrozenRows[IncidentRow] = FrozenRows(lambda row: row.id)
        self._chosen: tuple[str, ...] = ()
        self._held = False
        super().__init__(theme, COLUMNS, parent, row_height=ROW_HEIGHT, many=True)
        self.setAccessibleName("Incident queue")
        self.row_entered.connect(self._enter)
        self.row_opened.connect(lambda row: self.incident_opened.emit(self._frozen.rows[row].id))
        theme.blinked.connect(self._blink)

    # -- content ----------------------------------------------------------------------------------------------

    @property
    def shown(self) -> tuple[IncidentRow, ...]:
        """The rows in the order shown."""
        return self._frozen.rows

    @property
    def pending(self) -> int:
        """Changes that wait for the hand to leave."""
        return self._frozen.pending

    @property
    def chosen_rows(self) -> tuple[IncidentRow, ...]:
        """The selected incidents that are still in the queue, top down."""
        return tuple(
            self._frozen.rows[row] for row in self.selected_rows if self._frozen.rows[row].id not in self._frozen.gone
        )

    def show_rows(self, rows: tuple[IncidentRow, ...]) -> None:
        """Show the newest queue."""
        self._frozen.take(rows, self.pointer_inside or self._held)
        self._settle()

    def set_chosen(self, incident: str) -> None:
        """Select an incident without a signal and without freezing the order; empty clears."""
        if not self._held:
            self._chosen = (incident,) if incident else ()
            self._select_chosen()

    def apply_order(self) -> None:
        """Let the waiting changes happen; the selection stays with its incidents and no longer freezes."""
        self._held = False
        self._frozen.apply()
        self._settle()

    def _settle(self) -> None:
        self.set_count(len(self._frozen.rows))
        self._select_chosen()
        self.pending_changed.emit(self._frozen.pending)

    def _select_chosen(self) -> None:
        rows = [row for incident in self._chosen if (row := self._frozen.index_of(incident)) >= 0]
        self.select_rows(rows)

    # -- the hand ---------------------------------------------------------------------------------------------

    def _enter(self, row: int) -> None:
        self._held = True
        self._chosen = tuple(self._frozen.rows[at].id for at in self.selected_rows)
        self.incident_chosen.emit(self._frozen.rows[row].id if row >= 0 else "")

    def leaveEvent(self, event: QEvent) -> None:
        """Without a selection of the user's the waiting changes happen."""
        super().leaveEvent(event)
        if not self._held:
            self.apply_order()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc applies the waiting changes; a second one clears the selection."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self._held or self.pending:
            self.apply_order()
        elif self._chosen:
            self._chosen = ()
            self._select_chosen()
            self.incident_chosen.emit("")
        else:
            event.ignore()

    # -- picture ----------------------------------------------------------------------------------------------

    def cell_text(self, row: int, column: int) -> str:
        """A cell in words."""
        item, name = self._frozen.rows[row], COLUMNS[column].id
        if name == "mark":
            return describe(item.mark)
        if name == "clock":
            return f"{item.clock.text} {item.clock.label}".strip()
        return str(getattr(item, name))

    def tip_text(self, index: Index) -> str:
        """The absolute deadline over the clock; else what does not fit."""
        if COLUMNS[index.column()].id == "clock":
            return self._frozen.rows[index.row()].clock.tip
        return super().tip_text(index)

    def paint_cell(self, painter: QPainter, box: QRectF, row: int, column: Column) -> None:
        """Shape, clock with bar, automation ring, texts."""
        theme, item = self.source.theme, self._frozen.rows[row]
        inner = box.adjusted(PADDING, 0, -PADDING, 0)
        if column.id == "mark":
            place = QRectF(box.left() + 12, box.center().y() - MARK / 2, MARK, MARK)
            paint_severity(painter, place, item.mark, theme, blink_on=self.source.blink_on)
        elif column.id == "clock":
            paint_clock(painter, inner, item.clock, theme, item.mark.severity, beside=True)
        elif column.id == "automation":
            self._paint_automation(painter, inner, item.automation)
        elif column.id == "scope":
            self._paint_scope(painter, inner, item.scope)
        else:
            text = item.title if column.id == "title" else str(getattr(item, column.id))
            quiet = column.id in SECONDARY or text == "unassigned" or item.id in self._frozen.gone
            weight = SEMIBOLD if column.id == "title" and self._stands_out(item) else REGULAR
            ink = theme.secondary if quiet else theme.text
            draw_text(painter, inner, text, BODY, ink, weight, RIGHT if column.numeric else LEFT)

    def _stands_out(self, item: IncidentRow) -> bool:
        return item.unacknowledged or item.mark.severity == 1

    def _paint_automation(self, painter: QPainter, inner: QRectF, text: str) -> None:
        theme = self.source.theme
        if "/" not in text:
            draw_text(painter, inner, text, BODY, theme.equipment)
            return
        paint_gear(painter, QRectF(inner.left(), inner.center().y() - 7, 14, 14), theme)
        draw_text(painter, inner.adjusted(18, 0, 0, 0), text, LABEL, theme.text)

    def _paint_scope(self, painter: QPainter, inner: QRectF, text: str) -> None:
        figure, _, unit = text.partition(" ")
        used = text_width(unit, SMALL) + 4 if unit else 0.0
        draw_text(painter, inner, unit, SMALL, self.source.theme.secondary, align=RIGHT)
        draw_text(painter, inner.adjusted(0, 0, -used, 0), figure, BODY, self.source.theme.text, align=RIGHT)

    def _blink(self) -> None:
        if any(row.mark.ack is AckState.NEW for row in self._frozen.rows):
            self.viewport().update()
