"""The upper part of the Incidents display: counts, filters, search, the frozen-order chip and the table."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from widgets.controls.chip import Chip
from widgets.controls.key_hint import KeyHint
from widgets.controls.panel import Panel
from widgets.controls.segments import Segments
from widgets.displays.incident_parts import ConfirmBar, SeverityCounts
from widgets.tables.incident_table import IncidentTable
from widgets.theme.tokens import ThemeSource
from widgets.view_models.incidents import IncidentRow, IncidentsView

SEARCH_WIDTH = 200
SEARCH_NARROW = 140
NARROW = 1400
FILTERED_OUT = "No incident passes this filter. Press 0 to show all."
ORDER = "order: severity, deadline, oldest"


class QueuePanel(Panel):
    """The queue with everything that narrows it. Severity 1 passes every filter."""

    filter_chosen = Signal(str)
    """"open", "mine", "unacknowledged" or "closed"; a severity "1" to "4", "0" for all; "search:" and the text."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(theme, "Incident queue", parent)
        self._view: IncidentsView | None = None
        self._severity = 0
        self.table = IncidentTable(theme)
        self.counts = SeverityCounts(theme)
        self.states = Segments(theme, _states(0))
        self.frozen = Chip(theme, inverse=True, clickable=True)
        self.filter_note = Chip(theme, icon="filter", clickable=True)
        self._order = Chip(theme, ORDER)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search  /")
        self.search.setAccessibleName("Search the queue")
        self.search.setFixedSize(SEARCH_WIDTH, 26)
        self.search.setStyleSheet("min-height: 20px;")
        self.search.installEventFilter(self)
        self.confirm = ConfirmBar(theme)
        self._keys = KeyHint(theme, "1-4", "filter")
        for part in (self.counts, self._keys, self.states, self.filter_note, self._order, self.frozen, self.search):
            self.slot.addWidget(part)
        self.body.addWidget(self.confirm)
        self.body.addWidget(self.table, 1)
        self.states.chosen.connect(self.filter_chosen)
        self.search.textChanged.connect(self._search)
        self.frozen.clicked.connect(self.table.apply_order)
        self.filter_note.clicked.connect(self.clear_filter)
        self.table.pending_changed.connect(self._show_pending)

    @property
    def filtered(self) -> bool:
        """Whether a severity or a text narrows the queue."""
        return bool(self._severity or self.search.text().strip())

    def show_view(self, view: IncidentsView) -> None:
        """Show the newest queue."""
        self._view = view
        self.set_note(view.note)
        self.counts.show_counts(view.counts, view.rows)
        self.states.set_choices(_states(sum(1 for row in view.rows if row.unacknowledged)))
        self._refresh()

    def choose_severity(self, severity: int) -> None:
        """Show one severity (and always severity 1); 0, or the same again, shows all."""
        self._severity = 0 if severity == self._severity else severity
        self._refresh()
        self.filter_chosen.emit(str(self._severity))

    def clear_filter(self) -> None:
        """Show everything."""
        self.search.clear()
        if self._severity:
            self.choose_severity(0)

    def start_search(self) -> None:
        """Put the cursor into the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def set_narrow(self, narrow: bool) -> None:
        """Leave out what only explains."""
        self._keys.setVisible(not narrow)
        self._order.set_text("" if narrow or self.table.pending else ORDER)
        self.search.setFixedWidth(SEARCH_NARROW if narrow else SEARCH_WIDTH)

    def _passes(self, row: IncidentRow) -> bool:
        if row.mark.severity == 1:
            return True
        needle = self.search.text().strip().casefold()
        text = f"{row.label} {row.title} {row.cause} {row.where} {row.owner}".casefold()
        return self._severity in {0, row.mark.severity} and needle in text

    def _refresh(self) -> None:
        if self._view is None:
            return
        rows = tuple(row for row in self._view.rows if self._passes(row))
        self.table.set_empty(FILTERED_OUT if self.filtered else self._view.empty)
        self.table.show_rows(rows)
        note = self._view.filter_note
        if self.filtered:
            hidden = sum(1 for row in self._view.rows if row.mark.severity == 1) - sum(
                1 for row in rows if row.mark.severity == 1
            )
            note = f"{len(rows):,} of {self._view.total:,}; {hidden} Sev1 hidden"
        self.filter_note.set_text(note)

    def _search(self, text: str) -> None:
        self._refresh()
        self.filter_chosen.emit(f"search:{text.strip()}")

    def _show_pending(self, pending: int) -> None:
        changes = "1 change" if pending == 1 else f"{pending} changes"
        self.frozen.set_text(f"order frozen, {changes} pending" if pending else "")
        self._order.set_text("" if pending or self.width() < NARROW else ORDER)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc in the search clears it and goes back to the rows; Enter and Down go to the rows."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.search.clear()
                self.table.setFocus()
                return True
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down}:
                self.table.setFocus()
                return True
        return super().eventFilter(watched, event)


def _states(unacknowledged: int) -> tuple[tuple[str, str], ...]:
    new = f"Unacknowledged {unacknowledged}" if unacknowledged else "Unacknowledged"
    return (("open", "Open"), ("mine", "Mine"), ("unacknowledged", new), ("closed", "Closed"))
