"""The design tokens as typed values, loaded from resources/themes, and the object that announces a change of theme."""

import tomllib
from dataclasses import dataclass, fields

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QColor

from resources import resource

ROW = 22
TABLE_HEAD = 24
PANEL_HEAD = 36
CONTROL = 28
HEADER = 48
TIME_BAR = 40
RAIL = 160
RAIL_FOLDED = 48
STATUS = 24
RADIUS = 4
GAP = 8
MARGIN = 12
TOUCH = 44
BLINK_MS = 500
"""Half a period of the 1 Hz blink."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Every colour by role (style guide, section Colour).

    `sev3_outline` is fully transparent where the theme gives the diamond no outline of its own.
    """

    name: str
    window: QColor
    panel: QColor
    text: QColor
    secondary: QColor
    equipment: QColor
    sev1: QColor
    sev2: QColor
    sev3: QColor
    sev4: QColor
    sev3_outline: QColor
    sev3_text: QColor
    on_severity: QColor
    sunken: QColor
    raised: QColor
    selected: QColor
    band: QColor
    band_selected: QColor
    hairline: QColor
    border: QColor
    plot1: QColor
    plot2: QColor
    plot3: QColor
    hatch: QColor
    focus: QColor
    deviation: tuple[QColor, ...]
    magnitude: tuple[QColor, ...]

    def severity(self, severity: int) -> QColor:
        """The colour of severity 1 to 4; the text colour for 0, which means normal."""
        return (self.text, self.sev1, self.sev2, self.sev3, self.sev4)[severity]

    def ink_on(self, ground: QColor) -> QColor:
        """Text or window colour, whichever has the higher contrast on a coloured ground."""
        return max((self.text, self.window), key=lambda ink: contrast(ink, ground))


def luminance(colour: QColor) -> float:
    """Relative luminance of an sRGB colour, 0 to 1 (WCAG 2.2)."""
    channels = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: QColor, second: QColor) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def load_theme(name: str) -> Theme:
    """Read a theme of resources/themes ("dark" or "light").

    Raises:
        FileNotFoundError: No theme of that name.
        KeyError: The file lacks a role.
    """
    data = tomllib.loads(resource("themes", f"{name}.toml").read_text(encoding="utf-8"))
    colours = data["colours"]
    roles = [field.name for field in fields(Theme) if field.name not in {"name", "deviation", "magnitude"}]
    return Theme(
        name=data["name"],
        deviation=tuple(QColor(value) for value in data["ramps"]["deviation"]),
        magnitude=tuple(QColor(value) for value in data["ramps"]["magnitude"]),
        **{role: QColor(colours[role]) if colours[role] else QColor(0, 0, 0, 0) for role in roles},
    )


class ThemeSource(QObject):
    """The theme in force. Widgets take it in their constructor and repaint on `changed`."""

    changed = Signal()
    blinked = Signal()
    """The phase of blinking borders changed: widgets that show a new mark repaint it."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._blink_on = True
        self._timer = QTimer(self)
        self._timer.setInterval(BLINK_MS)
        self._timer.timeout.connect(self._toggle)

    @property
    def theme(self) -> Theme:
        """The current theme."""
        return self._theme

    @property
    def blink_on(self) -> bool:
        """Whether the border of a new mark is drawn now; always, while blinking is off."""
        return self._blink_on

    def set(self, theme: Theme) -> None:
        """Put another theme in force."""
        self._theme = theme
        self.changed.emit()

    def set_blinking(self, blinking: bool) -> None:
        """Let the border of new marks blink at 1 Hz, or stand still (reduced motion, the state at the start)."""
        if blinking:
            self._timer.start()
            return
        self._timer.stop()
        if not self._blink_on:
            self._toggle()

    def _toggle(self) -> None:
        self._blink_on = not self._blink_on
        self.blinked.emit()
