"""The Fleet page."""

from PySide6.QtWidgets import QWidget

from console.shell.context import Context
from widgets.displays.fleet import FleetDisplay
from widgets.theme.tokens import ThemeSource


class FleetPage:
    """Every device of a site in one table."""

    def __init__(self, theme: ThemeSource, context: Context) -> None:
        self._context = context
        self._display = FleetDisplay(theme)
        self._display.device_opened.connect(context.navigation.open_device)

    @property
    def widget(self) -> QWidget:
        """The display."""
        return self._display

    def refresh(self) -> None:
        """Show all devices."""
        shown = self._context.shown()
        if shown is not None:
            site, state, now = shown
            self._display.show_view(site.presenters.fleet.view(state, now))

    def leave(self) -> None:
        """Nothing runs for this page."""
