"""A running clock: its text and, under it, the thin bar of the budget used."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPen

from widgets.theme.fonts import BODY, SEMIBOLD, SMALL
from widgets.theme.text import baseline, draw_runs, draw_text, runs_width
from widgets.theme.tokens import Theme
from widgets.view_models.common import ClockPhase, ClockView

BAR = 3.0
TEXT = 14.0
SPACE = 3.0


def paint_clock(
    painter: QPainter, rect: QRectF, clock: ClockView, theme: Theme, severity: int = 0, *, beside: bool = False
) -> None:
    """Draw a clock centred vertically in `rect`: figure, label, bar.

    Args:
        painter: Where to draw.
        rect: At least 20 px high, or 14 with `beside`.
        clock: What to draw.
        theme: The colours.
        severity: Colour of the bar once the budget is spent; 0 keeps it neutral.
        beside: The bar stands right of the text, for table rows.
    """
    runs = [
        (clock.text, BODY, SEMIBOLD, theme.text),
        (f" {clock.label}" if clock.label else "", SMALL, 400, theme.secondary),
    ]
    if beside:
        used = min(runs_width(runs) + 8, rect.width() * 0.62)
        bar = QRectF(rect.left() + max(88.0, used), rect.center().y() - 1, 0, BAR)
        bar.setRight(rect.right())
        line = QRectF(rect.left(), rect.top(), bar.left() - rect.left() - 6, rect.height())
    else:
        top = rect.center().y() - (TEXT + SPACE + BAR) / 2
        line = QRectF(rect.left(), top, rect.width(), TEXT)
        bar = QRectF(rect.left(), round(top + TEXT + SPACE), rect.width(), BAR)
    if runs_width(runs) <= line.width():
        draw_runs(painter, line.left(), baseline(line, BODY, SEMIBOLD), runs)
    else:
        draw_text(painter, line, clock.text, BODY, theme.text, SEMIBOLD)
    paint_bar(painter, bar, clock, theme, severity)


def paint_bar(painter: QPainter, rect: QRectF, clock: ClockView, theme: Theme, severity: int = 0) -> None:
    """Draw the bar alone: filled neutrally, outlined from 75 %, in the severity's colour from 100 %."""
    if rect.width() < 2:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.border, 0))
    painter.fillRect(rect, theme.border)
    share = min(max(clock.share, 0.0), 1.0)
    over = clock.phase is ClockPhase.OVER
    fill = theme.severity(severity) if over else theme.text if clock.phase is ClockPhase.WARNING else theme.secondary
    if clock.phase in {ClockPhase.PAUSED, ClockPhase.DONE}:
        fill = theme.equipment
    painter.fillRect(QRectF(rect.left(), rect.top(), rect.width() * (1.0 if over else share), rect.height()), fill)
    if clock.phase is ClockPhase.WARNING:
        painter.setPen(QPen(theme.text, 1.0))
        painter.drawRect(rect.adjusted(-0.5, -1.5, 0.5, 1.5))
    painter.restore()
