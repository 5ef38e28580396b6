"""Every action of the console with its key and its words: for shortcuts, the palette and the sheet of keys alike."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True, slots=True)
class Action:
    """Something the operator can do from anywhere.

    Attributes:
        id: Stable name.
        text: What it does, as the palette shows it.
        key: Its key, empty for none. Several are separated by a blank.
        run: Does it.
        plain: The key belongs first to whatever has the focus (a text field, a table, a display with keys of its
            own); the window answers it only when nobody there did. A shortcut would take it away from them.
        also: A further key that belongs first to whatever has the focus.
    """

    id: str
    text: str
    key: str
    run: Callable[[], None]
    plain: bool = False
    also: str = ""

    @property
    def keys(self) -> str:
        """All its keys as the sheet and the palette show them."""
        return ", ".join([*self.key.split(), *self.also.split()])


DISPLAY_KEYS = (
    ("Space, A", "acknowledge the selected incidents"),
    ("Shift+A", "write a note"),
    ("M", "mitigated"),
    ("F", "resolve"),
    ("J, K", "next, previous row"),
    ("1 to 4, 0", "filter by severity, show all"),
    ("/", "search"),
    ("Enter", "open the selected row or cell"),
    ("Arrows", "move slot by slot on the map; with Ctrl tank by tank"),
    ("Esc", "clear the selection"),
    ("Left, Right", "on the time bar: one poll; with Shift one minute"),
    ("Home, End", "on the time bar: start of the range, live"),
    ("Space, [ and ]", "on the time bar: play or stop, slower and faster"),
    ("Page Up, Down", "on the time bar: half a range earlier, later"),
    ("+, −, wheel", "on the time bar: shorter, longer range"),
    ("Tab", "next control"),
)
"""Keys that the displays themselves answer, for the sheet."""


class Shortcuts:
    """Binds the actions with a modifier or a function key to one window; they work wherever the focus is."""

    def __init__(self, window: QWidget, actions: Iterable[Action]) -> None:
        self._shortcuts: list[QShortcut] = []
        for action in actions:
            for key in () if action.plain else action.key.split():
                shortcut = QShortcut(QKeySequence(key), window)
                shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
                shortcut.setAutoRepeat(False)
                shortcut.activated.connect(action.run)
                self._shortcuts.append(shortcut)


def plain_keys(actions: Iterable[Action]) -> dict[str, Callable[[], None]]:
    """What each plain key does, by the key's own text."""
    return {
        key: action.run
        for action in actions
        for key in (*(action.key.split() if action.plain else ()), *action.also.split())
    }


def sheet(actions: Iterable[Action]) -> list[tuple[str, str]]:
    """Keys and meanings: those of the window, then those of the displays."""
    own = [(action.keys, action.text) for action in actions if action.key]
    return [*own, *DISPLAY_KEYS]
