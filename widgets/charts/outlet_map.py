"""The outlets of a PDU bank by bank, with the one that feeds this device."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.theme.fonts import BOLD, LABEL, REGULAR, SEMIBOLD, SMALL
from widgets.theme.strokes import hatch
from widgets.theme.text import CENTRE, Run, draw_runs, draw_text, runs_width
from widgets.theme.tokens import Theme, ThemeSource
from widgets.view_models.device import OutletState, OutletView

BANK_LABEL = 28
ROW = 22
CELL_HEIGHT = 16
PITCH = 16.4
LINE = 22
CENTRE_BIN = 5


class OutletMap(QWidget):
    """One row per bank; filled is on, hollow is off, hatched is unknown; this device's own outlet is inverse."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._view: OutletView | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_view(self, view: OutletView) -> None:
        """Show where a device hangs."""
        if view == self._view:
            return
        self._view = view
        facts = ", ".join(f"{label} {value}".strip() for label, value in view.facts)
        self.setAccessibleName(f"{view.title}: {facts}, {view.note}")
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        """Banks, facts, note."""
        view = self._view
        if view is None:
            return QSize(460, LINE)
        lines = (1 if view.facts else 0) + (1 if view.note else 0)
        return QSize(460, ROW * len(view.banks) + LINE * lines + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Banks, facts, note."""
        view, theme = self._view, self._source.theme
        if view is None:
            return
        painter = QPainter(self)
        widest = max((len(bank) for bank in view.banks), default=1)
        pitch = min(PITCH, (self.width() - BANK_LABEL) / max(1, widest))
        for row, bank in enumerate(view.banks):
            top = row * ROW
            draw_text(painter, QRectF(0, top, BANK_LABEL, CELL_HEIGHT), f"b{row + 1}", SMALL, theme.secondary)
            for place, state in enumerate(bank):
                cell = QRectF(BANK_LABEL + place * pitch, top, pitch - 2.4, CELL_HEIGHT)
                own = view.own == (row, place)
                _paint_outlet(painter, cell, state, place + 1 if own else 0, theme)
        y = float(ROW * len(view.banks))
        if view.facts:
            self._paint_facts(painter, y, view, theme)
            y += LINE
        draw_text(painter, QRectF(0, y, self.width(), LINE), view.note, LABEL, theme.secondary)

    def _paint_facts(self, painter: QPainter, top: float, view: OutletView, theme: Theme) -> None:
        x = 0.0
        for label, value in view.facts:
            runs: list[Run] = [
                (f"{label} " if label else "", LABEL, REGULAR, theme.secondary),
                (value, LABEL, SEMIBOLD, theme.text),
            ]
            if x + runs_width(runs) > self.width():
                break
            x = draw_runs(painter, x, top + LINE / 2 + 4, runs) + 16


def _paint_outlet(painter: QPainter, cell: QRectF, state: int, number: int, theme: Theme) -> None:
    """One outlet; a number other than 0 makes it the device's own."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    neutral = theme.deviation[CENTRE_BIN]
    if number:
        cell = cell.adjusted(-1.2, -1, 1.2, 1)
        painter.setBrush(theme.text)
        painter.drawRoundedRect(cell, 2, 2)
        draw_text(painter, cell.adjusted(-4, 0, 4, 0), str(number), 10, theme.window, BOLD, CENTRE)
    elif state == OutletState.ON:
        painter.setBrush(neutral)
        painter.drawRoundedRect(cell, 2, 2)
    elif state == OutletState.OFF:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.equipment, 1.0))
        painter.drawRoundedRect(cell.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
    else:
        painter.fillRect(cell, hatch(theme.hatch, 6))
    painter.restore()
