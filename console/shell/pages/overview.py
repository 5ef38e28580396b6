"""The Overview page."""

from PySide6.QtWidgets import QWidget

from console.presenters.overview import OverviewSite, overview_view
from console.shell.context import Context
from widgets.displays.overview import OverviewDisplay
from widgets.theme.tokens import ThemeSource


class OverviewPage:
    """All sites of this console."""

    def __init__(self, theme: ThemeSource, context: Context) -> None:
        self._context = context
        self._display = OverviewDisplay(theme)
        self._display.site_opened.connect(self._open_site)
        self._display.incident_opened.connect(self._open_incident)

    @property
    def widget(self) -> QWidget:
        """The display."""
        return self._display

    def refresh(self) -> None:
        """Show every site that has said something."""
        sites = [
            OverviewSite(
                state,
                site.presenters.inventory,
                site.presenters.standing,
                site.presenters.record,
                site.latency(),
                site.moment(self._context.now),
            )
            for site in self._context.sites
            if (state := site.feed.shown()) is not None
        ]
        self._display.show_view(overview_view(sites))

    def leave(self) -> None:
        """Nothing runs for this page."""

    def _open_site(self, site_id: str) -> None:
        for at, site in enumerate(self._context.sites):
            state = site.feed.shown()
            if state is not None and str(state.site.id) == site_id:
                self._context.navigation.open_site(at)

    def _open_incident(self, incident: str) -> None:
        for at, site in enumerate(self._context.sites):
            state = site.feed.shown()
            if state is not None and any(str(known) == incident for known in state.incidents):
                self._context.navigation.open_incident(incident, at)
                return
