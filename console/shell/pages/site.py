"""The Site page."""

from uuid import UUID

from PySide6.QtWidgets import QWidget

from console.shell.context import Context
from widgets.displays.site import SiteDisplay
from widgets.theme.tokens import ThemeSource
from widgets.view_models.site import CellTipView, HeatMetric


class SitePage:
    """One site."""

    def __init__(self, theme: ThemeSource, context: Context) -> None:
        self._context = context
        self._metric = HeatMetric.DEVIATION
        self._display = SiteDisplay(theme)
        self._display.device_opened.connect(context.navigation.open_device)
        self._display.device_chosen.connect(context.navigation.choose_device)
        self._display.incident_opened.connect(context.navigation.open_incident)
        self._display.incident_chosen.connect(context.navigation.choose_incident)
        self._display.metric_chosen.connect(self._choose_metric)
        self._display.set_tip_source(self._tip)

    @property
    def widget(self) -> QWidget:
        """The display."""
        return self._display

    def refresh(self) -> None:
        """Show the site as it is."""
        shown = self._context.shown()
        if shown is not None:
            site, state, now = shown
            selected = self._context.navigation.place.device
            self._display.show_view(site.presenters.site.view(state, self._metric, selected, now))

    def leave(self) -> None:
        """Nothing runs for this page."""

    def show_metric(self, metric: HeatMetric) -> None:
        """Show another metric on the map; the selection stays."""
        self._metric = metric
        self._context.refresh()

    def _choose_metric(self, metric: str) -> None:
        self.show_metric(HeatMetric(metric))

    def _tip(self, device: str) -> CellTipView | None:
        shown = self._context.shown()
        if shown is None or not device or UUID(device) not in shown[1].devices:
            return None
        site, state, now = shown
        return site.presenters.site.tip(state, device, now)
