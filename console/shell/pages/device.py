"""The Device page."""

from uuid import UUID

from PySide6.QtGui import QClipboard
from PySide6.QtWidgets import QWidget

from console.presenters.device import SPANS, DeviceTrends
from console.shell.command_desk import CommandDesk
from console.shell.context import Context
from console.shell.navigation import FLEET, SITE
from console.shell.pages.trends import Trends
from widgets.displays.device import DeviceDisplay
from widgets.theme.tokens import ThemeSource


class DevicePage:
    """One device, its trends and its history."""

    def __init__(self, theme: ThemeSource, context: Context, commands: CommandDesk, clipboard: QClipboard) -> None:
        self._context = context
        self._commands = commands
        self._clipboard = clipboard
        self._span = SPANS[0][1]
        self._trends = Trends("the device", context.clock, context.refresh)
        self._display = DeviceDisplay(theme)
        self._display.span_chosen.connect(self._choose_span)
        self._display.action_requested.connect(self._act)
        self._display.incident_opened.connect(context.navigation.open_incident)
        self._display.up_requested.connect(context.navigation.up)

    @property
    def widget(self) -> QWidget:
        """The display."""
        return self._display

    def refresh(self) -> None:
        """Show the chosen device; the first of the site when none was chosen yet."""
        shown = self._context.shown()
        if shown is None:
            return
        site, state, now = shown
        device = self._context.navigation.place.device
        if not device or UUID(device) not in state.devices:
            if not state.site.devices:
                return
            device = str(state.site.devices[0].id)
        self._trends.follow(site, state, site.presenters.device.plans(state, device, now), (now - self._span, now))
        trends = DeviceTrends(self._trends.histories, self._trends.tail, self._span)
        commands = self._commands.of(state.devices[UUID(device)])
        view = site.presenters.device.view(state, device, trends, now, commands, site.locked)
        if view is not None:
            self._display.show_view(view)

    def leave(self) -> None:
        """Stop reading history."""
        self._trends.leave()

    def _choose_span(self, span: float) -> None:
        self._span = span
        self._context.refresh()

    def _act(self, action: str) -> None:
        shown = self._context.shown()
        device_id = self._context.navigation.place.device
        if shown is None or not device_id:
            return
        site, state, _ = shown
        device = state.devices.get(UUID(device_id))
        if device is None or self._commands.act(action, device):
            return
        match action:
            case "show_incident":
                incident = site.presenters.standing.of(state).incident(device.id)
                if incident is not None:
                    self._context.navigation.open_incident(str(incident.id))
            case "show_on_map":
                self._context.navigation.show(SITE)
            case "show_in_fleet":
                self._context.navigation.show(FLEET)
            case "copy_address":
                self._clipboard.setText(str(device.address))
            case _:
                raise ValueError(f"the Device display asks for an action that nobody offers: {action}")
