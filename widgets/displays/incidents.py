"""The Incidents display: the queue on top, everything about the selected case below."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from widgets.charts.affected_tree import AffectedTree
from widgets.charts.linked_plots import LinkedPlots
from widgets.controls.elided import ElidedLabel
from widgets.controls.panel import Panel
from widgets.controls.segments import Segments
from widgets.displays.incident_head import IncidentHead
from widgets.displays.incident_parts import Guidance, Notes
from widgets.displays.incident_queue_panel import NARROW, QueuePanel
from widgets.tables.timeline import Timeline
from widgets.theme.text import CENTRE
from widgets.theme.tokens import GAP, MARGIN, PANEL_HEAD, TABLE_HEAD, ThemeSource
from widgets.view_models.incidents import IncidentDetail, IncidentRow, IncidentsView

QUEUE_HEIGHT = 280
QUEUE_LEAST_ROWS = 4
ROW = 24
NOTES_HEIGHT = 104
LOW = 800
SEVERITY_KEYS = {Qt.Key.Key_0: 0, Qt.Key.Key_1: 1, Qt.Key.Key_2: 2, Qt.Key.Key_3: 3, Qt.Key.Key_4: 4}
ACTION_KEYS = {
    Qt.Key.Key_Space: "acknowledge",
    Qt.Key.Key_A: "acknowledge",
    Qt.Key.Key_M: "mitigate",
    Qt.Key.Key_F: "resolve",
}
NOTHING = "Select an incident: its clocks, timeline, scope and evidence appear here."


class IncidentsDisplay(QWidget):
    """Queue and case.

    Space or A acknowledges (asks before severity 1 and before more than one), Shift+A writes a note, M mitigates,
    F resolves, 1 to 4 and 0 filter, / searches, J and K move, Enter goes to the case, Backspace back to the queue.
    """

    incident_chosen = Signal(str)
    """The selected incident; empty when cleared."""
    action_requested = Signal(str, str, int)
    """Action, incident id, version that the user saw."""
    note_written = Signal(str, str)
    """Incident id, text."""
    device_opened = Signal(str)
    filter_chosen = Signal(str)
    """As `QueuePanel.filter_chosen`."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._view: IncidentsView | None = None
        self._asked: tuple[IncidentRow, ...] = ()
        self.queue = QueuePanel(theme)
        self.head = IncidentHead(theme)
        self.timeline = Timeline(theme)
        self.notes = Notes(theme)
        self.affected = AffectedTree(theme)
        self.guidance = Guidance(theme)
        self.evidence = LinkedPlots(theme)
        self._events = Segments(theme, (("key", "Key"), ("all", "All")))
        self._events.set_current("all")
        self._build()
        self._connect()
        self.setAccessibleName("Incidents")
        self.setFocusProxy(self.queue.table)

    # -- building ---------------------------------------------------------------------------------------------

    def _build(self) -> None:
        theme = self._source
        outer = QVBoxLayout(self)
        outer.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        outer.setSpacing(GAP)
        outer.addWidget(self.queue)
        self._empty = Panel(theme, "")
        self._empty.body.addWidget(ElidedLabel(theme, NOTHING, role="secondary", align=CENTRE))
        outer.addWidget(self._empty, 1)
        self._case = QWidget()
        outer.addWidget(self._case, 1)
        case = QVBoxLayout(self._case)
        case.setContentsMargins(0, 0, 0, 0)
        case.setSpacing(GAP)
        case.addWidget(self.head)
        columns = QHBoxLayout()
        columns.setSpacing(GAP)
        case.addLayout(columns, 1)
        columns.addLayout(self._build_history(theme), 36)
        columns.addLayout(self._build_scope(theme), 42)
        columns.addWidget(self._build_evidence(theme), 68)
        self._case.hide()

    def _build_history(self, theme: ThemeSource) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(GAP)
        self._timeline_panel = Panel(theme, "Timeline")
        self._timeline_panel.slot.addWidget(self._events)
        self._timeline_panel.body.setContentsMargins(0, 8, 0, 0)
        self._timeline_panel.body.addWidget(self.timeline)
        column.addWidget(self._timeline_panel, 1)
        column.addWidget(self.notes)
        return column

    def _build_scope(self, theme: ThemeSource) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(GAP)
        self._affected_panel = Panel(theme, "Affected")
        self._affected_panel.body.addWidget(self.affected)
        column.addWidget(self._affected_panel, 300)
        self._guidance_panel = Panel(theme, "Guidance")
        self._guidance_panel.body.addWidget(self.guidance)
        column.addWidget(self._guidance_panel, 276)
        return column

    def _build_evidence(self, theme: ThemeSource) -> Panel:
        self._evidence_panel = Panel(theme, "Evidence")
        self._evidence_panel.body.setContentsMargins(0, 8, 0, 0)
        self._evidence_panel.body.addWidget(self.evidence)
        return self._evidence_panel

    def _connect(self) -> None:
        self.queue.table.incident_chosen.connect(self.incident_chosen)
        self.queue.table.incident_opened.connect(self._enter_case)
        self.queue.filter_chosen.connect(self.filter_chosen)
        self.queue.confirm.confirmed.connect(self._acknowledge_asked)
        self.queue.confirm.cancelled.connect(self._forget_question)
        self.head.action_requested.connect(self.request)
        self.notes.note_written.connect(self.note_written)
        self.notes.left.connect(self.queue.table.setFocus)
        self.affected.device_opened.connect(self.device_opened)
        self._events.chosen.connect(self._show_events)

    # -- showing ----------------------------------------------------------------------------------------------

    def show_view(self, view: IncidentsView) -> None:
        """Show a new frame."""
        before = self._view.detail if self._view is not None else None
        self._view = view
        self.queue.show_view(view)
        self._fit_queue(len(view.rows))
        detail = view.detail
        self._case.setVisible(detail is not None)
        self._empty.setVisible(detail is None)
        if detail is None:
            return
        self.queue.table.set_chosen(detail.id)
        self._show_detail(detail, anew=before is None or before.id != detail.id)

    def _show_detail(self, detail: IncidentDetail, *, anew: bool) -> None:
        self.head.show_detail(detail)
        self._events.set_choices((("key", "Key"), ("all", f"All {len(detail.timeline)}")))
        self._show_events(self._events.current, anew=anew)
        self.notes.show_incident(detail.id)
        self.notes.set_locked(detail.locked)
        self._affected_panel.set_note(detail.affected_note)
        self.affected.show_nodes(detail.affected, detail.mark.severity)
        self._guidance_panel.set_note(detail.guidance_note)
        self.guidance.show_sentences(detail.guidance)
        self._evidence_panel.set_note(detail.evidence_note)
        self.evidence.show_plots(detail.evidence, detail.tz)

    def _show_events(self, which: str, *, anew: bool = False) -> None:
        detail = self._view.detail if self._view is not None else None
        if detail is None:
            return
        items = detail.timeline
        if which == "key":
            items = tuple(item for item in items if item.state_change)
        self._timeline_panel.set_note("1 event" if len(items) == 1 else f"{len(items):,} events")
        self.timeline.show_items(items, anew=anew)

    def _fit_queue(self, rows: int) -> None:
        frame = PANEL_HEAD + TABLE_HEAD + 4
        wanted = frame + ROW * max(rows, QUEUE_LEAST_ROWS)
        most = QUEUE_HEIGHT if self.height() >= LOW else frame + ROW * QUEUE_LEAST_ROWS + ROW // 2
        confirm = self.queue.confirm.height() if self.queue.confirm.isVisible() else 0
        height = min(wanted, most) + confirm
        if self._view is not None and self._view.detail is None:
            height = min(wanted + confirm, max(most, self.height() * 2 // 3))
        self.queue.setFixedHeight(height)

    # -- actions ----------------------------------------------------------------------------------------------

    def request(self, action: str) -> None:
        """Ask for an action on the selection, as its key or button does."""
        detail = self._view.detail if self._view is not None else None
        if action == "note" and detail is not None and not detail.locked:
            self.notes.field.setFocus()
        elif action == "acknowledge":
            self._acknowledge(detail)
        elif detail is not None:
            offered = next((found for found in detail.actions if found.id == action), None)
            button = self.head.button(action)
            if offered is None or button is None:
                return
            if offered.blocked:
                button.setFocus(Qt.FocusReason.ShortcutFocusReason)
            else:
                self.action_requested.emit(action, detail.id, detail.version)

    def _acknowledge(self, detail: IncidentDetail | None) -> None:
        rows = [row for row in self.queue.table.chosen_rows if row.unacknowledged]
        if not rows or (detail is not None and detail.locked):
            button = self.head.button("acknowledge")
            if detail is not None and button is not None:
                button.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return
        self._asked = tuple(rows)
        if len(rows) == 1 and rows[0].mark.severity != 1:
            self._acknowledge_asked()
            return
        worst = sum(1 for row in rows if row.mark.severity == 1)
        what = rows[0].title if len(rows) == 1 else f"{len(rows)} incidents"
        also = "" if not worst else ", severity 1" if len(rows) == 1 else f", {worst} of severity 1"
        self.queue.confirm.ask(f"Acknowledge {what}{also}?")
        self._fit_queue(len(self.queue.table.shown))

    def _acknowledge_asked(self) -> None:
        asked = self._asked
        self._forget_question()
        for row in asked:
            self.action_requested.emit("acknowledge", row.id, row.version)

    def _forget_question(self) -> None:
        self._asked = ()
        if self.queue.confirm.isVisible():
            self.queue.confirm.hide()
            self.queue.table.setFocus()
            self._fit_queue(len(self.queue.table.shown))

    # -- keys -------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of the display; what it does not know goes to the window."""
        key, modifiers = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        plain = modifiers == Qt.KeyboardModifier.NoModifier
        if event.isAutoRepeat() and (key in ACTION_KEYS or key in SEVERITY_KEYS):
            return
        if plain and key in SEVERITY_KEYS:
            self.queue.choose_severity(SEVERITY_KEYS[key]) if key is not Qt.Key.Key_0 else self.queue.clear_filter()
        elif plain and key in ACTION_KEYS:
            self.request(ACTION_KEYS[key])
        elif key is Qt.Key.Key_A and modifiers == Qt.KeyboardModifier.ShiftModifier:
            self.request("note")
        elif key is Qt.Key.Key_Slash:
            self.queue.start_search()
        elif plain and key in {Qt.Key.Key_J, Qt.Key.Key_K}:
            self.queue.table.step(1 if key is Qt.Key.Key_J else -1)
        elif key is Qt.Key.Key_Backspace and not self.queue.isAncestorOf(self.focusWidget() or self):
            self.queue.table.setFocus()
        else:
            super().keyPressEvent(event)

    def _enter_case(self, incident: str) -> None:
        """Enter: the hand goes to the first thing that may be done, else to the timeline."""
        actions = self._view.detail.actions if self._view is not None and self._view.detail is not None else ()
        usable = [button for action in actions if not action.blocked and (button := self.head.button(action.id))]
        (usable[0] if usable else self.timeline).setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Low screens show fewer rows of the queue, narrow ones less explanation."""
        super().resizeEvent(event)
        low = self.height() < LOW
        self.notes.setFixedHeight(PANEL_HEAD + 48 if low else NOTES_HEIGHT)
        self.queue.set_narrow(self.width() < NARROW)
        self._fit_queue(len(self.queue.table.shown))
