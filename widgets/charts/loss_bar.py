"""Where the missing hashrate is: one bar by cause, with the figures under it."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.theme.fonts import LABEL, REGULAR, SEMIBOLD
from widgets.theme.strokes import hatch
from widgets.theme.text import CENTRE, draw_runs, draw_text, fit, text_width
from widgets.theme.tokens import Theme, ThemeSource
from widgets.view_models.site import LossPart, LossView

BAR = 14
GAP = 2
SWATCH = 10
KEY_SPACE = 24
KEY_TOP = 25
HEIGHT = 40


class LossBar(QWidget):
    """The bar. Patterns, not colours, tell the causes apart."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._view: LossView | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Missing hashrate by cause")
        theme.changed.connect(self.update)

    def show_view(self, view: LossView) -> None:
        """Show the newest shares."""
        self._view = view
        facts = ", ".join(f"{part.label} {part.value}" for part in view.parts)
        self.setAccessibleDescription(facts or view.empty)
        self.update()

    def sizeHint(self) -> QSize:
        """The bar and one line of keys."""
        return QSize(480, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bar and keys."""
        if self._view is None:
            return
        painter = QPainter(self)
        theme = self._source.theme
        if not self._view.parts:
            painter.fillRect(QRectF(0, 0, self.width(), BAR), theme.sunken)
            room = QRectF(0, BAR, self.width(), HEIGHT - BAR)
            draw_text(painter, room, self._view.empty, LABEL, theme.secondary, align=CENTRE)
            return
        across = self.width() - GAP * (len(self._view.parts) - 1)
        x = 0.0
        for part in self._view.parts:
            width = max(2.0, part.share * across)
            _fill(painter, QRectF(x, 0, width, BAR), part, theme)
            x += width + GAP
        self._paint_keys(painter, self._view.parts, theme)

    def _paint_keys(self, painter: QPainter, parts: tuple[LossPart, ...], theme: Theme) -> None:
        wanted = [
            SWATCH + 6 + text_width(f"{part.label} ", LABEL) + text_width(part.value, LABEL, SEMIBOLD) for part in parts
        ]
        shorten = min(1.0, (self.width() - KEY_SPACE * (len(parts) - 1)) / max(1.0, sum(wanted)))
        x = 0.0
        for part, width in zip(parts, wanted, strict=True):
            slot = width * shorten
            _fill(painter, QRectF(x, KEY_TOP, SWATCH, SWATCH), part, theme)
            value = text_width(part.value, LABEL, SEMIBOLD)
            label = fit(part.label, LABEL, REGULAR, slot - SWATCH - 6 - value - (0 if shorten == 1.0 else 4))
            runs = [(f"{label} ", LABEL, REGULAR, theme.secondary), (part.value, LABEL, SEMIBOLD, theme.text)]
            draw_runs(painter, x + SWATCH + 6, KEY_TOP + 9, runs)
            x += slot + KEY_SPACE


def _fill(painter: QPainter, box: QRectF, part: LossPart, theme: Theme) -> None:
    if part.pattern == "hatch":
        painter.fillRect(box, theme.sunken)
        painter.fillRect(box, hatch(theme.hatch, 5, 1.6))
        return
    colours = {"solid": theme.text, "light": theme.plot2, "dim": theme.plot3}
    painter.fillRect(box, colours.get(part.pattern, theme.plot3))
