"""The Incidents page."""

from PySide6.QtWidgets import QWidget

from console.presenters.incidents import Evidence, IncidentFilter, evidence_axis, find
from console.presenters.source import SiteState
from console.shell.context import Context, OpenSite
from console.shell.incident_desk import IncidentDesk
from console.shell.pages.trends import Trends
from widgets.displays.incidents import IncidentsDisplay
from widgets.theme.tokens import ThemeSource
from widgets.view_models.incidents import IncidentsView

STATES = ("open", "mine", "unacknowledged", "closed")


class IncidentsPage:
    """The queue and the selected case."""

    def __init__(self, theme: ThemeSource, context: Context, desk: IncidentDesk) -> None:
        self._context = context
        self._desk = desk
        self._filter = IncidentFilter(user=context.user.name)
        self._trends = Trends("the incident", context.clock, context.refresh)
        self._display = IncidentsDisplay(theme)
        self._display.incident_chosen.connect(context.navigation.choose_incident)
        self._display.action_requested.connect(self._act)
        self._display.note_written.connect(desk.add_note)
        self._display.device_opened.connect(context.navigation.open_device)
        self._display.filter_chosen.connect(self._filter_chosen)

    def _act(self, action: str, incident: str, version: int) -> None:
        """The display has asked already before an acknowledgement."""
        self._desk.act(action, incident, version, asked=action == "acknowledge")

    @property
    def widget(self) -> QWidget:
        """The display."""
        return self._display

    def refresh(self) -> None:
        """Show the queue; without a selection the first row's case."""
        shown = self._context.shown()
        if shown is None:
            return
        site, state, now = shown
        selected = self._selected(state)
        view = self._view(site, state, selected, now)
        if view.detail is None and view.rows:
            view = self._view(site, state, view.rows[0].id, now)
        self._display.show_view(view)

    def leave(self) -> None:
        """Stop reading history."""
        self._trends.leave()

    def choose_severity(self, severity: int) -> None:
        """Narrow the queue to one severity; the display always keeps severity 1."""
        self._display.queue.choose_severity(severity)

    def _filter_chosen(self, chosen: str) -> None:
        """The display narrows by severity and text itself; which states it is given is decided here."""
        if chosen in STATES:
            self._filter = IncidentFilter(chosen, user=self._context.user.name)
            self._context.refresh()

    def _selected(self, state: SiteState) -> str:
        selected = self._context.navigation.place.incident
        return selected if find(state, selected) is not None else ""

    def _view(self, site: OpenSite, state: SiteState, selected: str, now: float) -> IncidentsView:
        case = find(state, selected)
        if case is not None:
            self._trends.follow(site, state, site.presenters.incidents.plans(state, selected), evidence_axis(case, now))
        evidence = Evidence(self._trends.histories, self._trends.tail)
        return site.presenters.incidents.view(state, self._filter, selected, evidence, now, site.locked)
