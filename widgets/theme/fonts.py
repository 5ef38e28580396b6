"""The one type family of the program, bundled so that it looks the same on every machine."""

from functools import lru_cache

from PySide6.QtGui import QFont, QFontDatabase

from resources import resource

FAMILY = "Inter"
FILES = ("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf", "Inter-Bold.otf")

SMALL = 11
"""Units, axes, captions."""
LABEL = 12
BODY = 13
TITLE = 15
SECONDARY_FIGURE = 18
FIGURE = 24

REGULAR = 400
MEDIUM = 500
SEMIBOLD = 600
BOLD = 700


def load_fonts() -> None:
    """Register the bundled faces. The composition root calls this once, after it made the application.

    Raises:
        RuntimeError: A font file of the installation is missing or damaged.
    """
    for name in FILES:
        if QFontDatabase.addApplicationFontFromData(resource("fonts", name).read_bytes()) < 0:
            raise RuntimeError(f"the bundled font {name} cannot be loaded; reinstall the program")
    font.cache_clear()


@lru_cache(maxsize=64)
def font(size: int, weight: int = REGULAR) -> QFont:
    """The family at a size in pixels and a weight of 400, 500, 600 or 700, with tabular figures."""
    made = QFont(FAMILY)
    made.setStyleHint(QFont.StyleHint.SansSerif)
    made.setPixelSize(size)
    made.setWeight(QFont.Weight(weight))
    made.setFeature(QFont.Tag("tnum"), 1)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made
