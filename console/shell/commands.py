"""The actions of the window and where they lead: keys, palette, sheet of keys, theme, time."""

from collections.abc import Callable
from functools import partial

from console.shell.actions import Action, Shortcuts, plain_keys, sheet
from console.shell.context import Context
from console.shell.dialogs import KeySheet, give_back_focus
from console.shell.incident_desk import IncidentDesk
from console.shell.main_window import MainWindow
from console.shell.moment_dialog import MomentDialog, MomentQuestion
from console.shell.navigation import DEVICE, FLEET, INCIDENTS, OVERVIEW, SITE
from console.shell.pages.incidents import IncidentsPage
from console.shell.palette import Entry, Palette
from console.shell.time_travel import TimeTravel
from widgets.theme.tokens import ThemeSource

_DISPLAYS = ((OVERVIEW, "Overview"), (SITE, "Site"), (FLEET, "Fleet"), (DEVICE, "Device"), (INCIDENTS, "Incidents"))


class Commands:
    """Everything that can be done from anywhere in the window."""

    def __init__(
        self,
        theme: ThemeSource,
        window: MainWindow,
        context: Context,
        desk: IncidentDesk,
        incidents: IncidentsPage,
        time_travel: TimeTravel,
        set_theme: Callable[[str], None],
        find_devices: Callable[[], None],
    ) -> None:
        self._theme = theme
        self._window = window
        self._context = context
        self._desk = desk
        self._incidents = incidents
        self._time = time_travel
        self._set_theme = set_theme
        self._find_devices = find_devices
        self.actions = self._make()
        self._shortcuts = Shortcuts(window, self.actions)
        window.set_plain_keys(plain_keys(self.actions))

    def _make(self) -> tuple[Action, ...]:
        show = self._context.navigation.show
        displays = tuple(
            Action(f"show_{name}", f"Show {label}", f"Ctrl+{at}", partial(show, name))
            for at, (name, label) in enumerate(_DISPLAYS, 1)
        )
        return (
            *displays,
            Action("palette", "Find an action or a device", "Ctrl+K", self.open_palette),
            Action("find", "Find devices on the network", "Ctrl+F", self.open_finder),
            Action("up", "One level up", "Backspace", self._context.navigation.up, plain=True),
            Action("acknowledge", "Acknowledge the first incident", "Space A", self._act("acknowledge"), plain=True),
            Action("note", "Acknowledge with a note", "Shift+A", self._act("acknowledge_note"), plain=True),
            Action("mitigate", "Mark the incident as mitigated", "M", self._act("mitigate"), plain=True),
            Action("resolve", "Resolve the incident", "F", self._act("resolve"), plain=True),
            Action("pause", "Pause the displays, or follow live", "Ctrl+P", self.toggle_live),
            Action("play", "Play the past from here, or stop", "Ctrl+Space", self._in_time(self._time.toggle_playing)),
            Action("moment", "Go to a moment", "Ctrl+G", self._in_time(self.open_moment)),
            Action(
                "earlier", "To the incident or alarm before", "Alt+Left", self._in_time(partial(self._time.step, -1))
            ),
            Action("later", "To the next incident or alarm", "Alt+Right", self._in_time(partial(self._time.step, 1))),
            Action("live", "Follow live", "Ctrl+End", self._in_time(self._time.go_live), also="End"),
            Action("theme", "Dark or light theme", "Ctrl+T", self.toggle_theme),
            Action("full_screen", "Full screen", "F11", self._window.toggle_full_screen),
            Action("keys", "Show all keys", "?", self.open_sheet),
            Action("close", "Close the console", "Ctrl+Q", self._window.close_asked.emit),
        )

    def _act(self, action: str) -> Callable[[], None]:
        """Keys reach the visible display first; these act on the selection from any other one."""

        def run() -> None:
            if self._context.sites:
                self._desk.act_on_selected(action)

        return run

    def _in_time(self, run: Callable[[], None]) -> Callable[[], None]:
        """Nothing moves in time before a site is open."""

        def moved() -> None:
            if self._context.sites and self._context.current.feed.source.present is not None:
                run()

        return moved

    def go_live(self) -> None:
        """Follow the present."""
        self._time.set_live(live=True)

    def toggle_live(self) -> None:
        """Hold the displays, or follow the present again."""
        if self._context.sites:
            self._time.set_live(live=not self._time.head.live)

    def open_moment(self) -> None:
        """Ask for a moment to show."""
        site = self._context.current
        state = site.feed.source.present
        if state is None:
            return
        dialog = MomentDialog(
            MomentQuestion(self._time.head.at, self._time.end(), site.record_begin, state.site.zone), self._window
        )
        dialog.chosen.connect(self._time.choose)
        give_back_focus(dialog)
        dialog.open()

    def toggle_theme(self) -> None:
        """Dark to light, or back."""
        self._set_theme("light" if self._theme.theme.name == "dark" else "dark")

    def open_palette(self) -> None:
        """Show the palette over the window."""
        palette = Palette(self._entries(), self._window)
        at = self._window.mapToGlobal(self._window.rect().center())
        palette.move(at.x() - palette.width() // 2, at.y() - self._window.height() // 3)
        give_back_focus(palette)
        palette.open()

    def open_finder(self) -> None:
        """Look for devices, for the inventory of the current site."""
        if self._context.sites:
            self._find_devices()

    def open_sheet(self) -> None:
        """Show all keys."""
        dialog = KeySheet(sheet(self.actions), self._window)
        give_back_focus(dialog)
        dialog.open()

    def _entries(self) -> list[Entry]:
        entries = [Entry(action.text, action.keys, action.run) for action in self.actions]
        navigation = self._context.navigation
        for at, site in enumerate(self._context.sites):
            state = site.feed.source.present
            if state is None:
                continue
            entries.append(Entry(state.site.name, "site", partial(navigation.open_site, at)))
            entries.extend(
                Entry(case.label, case.title, partial(navigation.open_incident, str(case.id), at))
                for case in state.open_incidents()
            )
            entries.extend(
                Entry(
                    device.name, f"{device.kind.value} {device.place}".strip(),
                    partial(navigation.open_device, str(device.id), at),
                )
                for device in state.site.devices
            )  # fmt: skip
        return entries
