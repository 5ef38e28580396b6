"""One hash board: every chip with its temperature, or bars of facts where the firmware reports no chips."""

import math
import re

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.theme.fonts import BODY, LABEL, MEDIUM, REGULAR, SEMIBOLD, SMALL
from widgets.theme.strokes import fill_frame, hatch
from widgets.theme.text import CENTRE, RIGHT, Run, baseline, draw_runs, draw_text, runs_width
from widgets.theme.tokens import Theme, ThemeSource
from widgets.view_models.device import BoardView

HEAD = 24
SPACE = 2
DIGITS = 10
"""Pixels of the figures inside the chips."""
FACT_ROW = 20
FACT_LABEL = 56
FACT_VALUE = 104
CENTRE_BIN = 5
"""Index of the neutral colour in the deviation ramp; chips go up from there."""
SMALLEST_CELL = 10
COUNTS = re.compile(r"(\d+)\D+(\d+)")


class ChipBoard(QWidget):
    """A board as a grid of chips; hatched where a chip or the whole board does not answer."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._view: BoardView | None = None
        self._steps: tuple[float, ...] = ()
        self._picture: QPixmap | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._forget)

    def show_board(self, view: BoardView, steps: tuple[float, ...]) -> None:
        """Show a board; `steps` are the temperatures in degC from which a chip takes the next colour."""
        if view == self._view and steps == self._steps:
            return
        self._view, self._steps = view, steps
        facts = ", ".join(f"{value} {unit}".strip() for value, unit in view.facts)
        state = "no answer" if view.missing else f"{view.found}, {facts}, hottest {view.hottest or 'not reported'}"
        self.setAccessibleName(f"{view.title}: {state}")
        self._fit_height()
        self._forget()

    def sizeHint(self) -> QSize:
        """The height follows the number of chips."""
        return QSize(484, self._wanted_height(484))

    def resizeEvent(self, event: object) -> None:
        """Chips grow with the width."""
        self._fit_height()
        self._forget()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The board, from a picture made once per change."""
        if self._view is None:
            return
        ratio = self.devicePixelRatioF()
        if self._picture is None:
            self._picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._picture)
            self._draw(painter, self._view, self._source.theme)
            painter.end()
        QPainter(self).drawPixmap(0, 0, self._picture)

    def _forget(self) -> None:
        self._picture = None
        self.update()

    def _fit_height(self) -> None:
        self.setFixedHeight(self._wanted_height(self.width()))

    def _wanted_height(self, width: int) -> int:
        view = self._view
        if view is None or not view.chips:
            return HEAD + 2 * FACT_ROW + 4
        pitch = self._pitch(width, view)
        return HEAD + math.ceil(len(view.chips) / max(1, view.chip_columns)) * pitch

    @staticmethod
    def _pitch(width: int, view: BoardView) -> int:
        return max(SMALLEST_CELL, (width + SPACE) // max(1, view.chip_columns))

    def _draw(self, painter: QPainter, view: BoardView, theme: Theme) -> None:
        self._draw_head(painter, view, theme)
        if view.missing:
            room = QRectF(0, HEAD, self.width(), self.height() - HEAD - 4)
            painter.fillRect(room, theme.sunken)
            painter.fillRect(room, hatch(theme.hatch))
            text = QRectF(room.center().x() - 44, room.center().y() - 10, 88, 20)
            fill_frame(painter, text, theme.panel, theme.border, 3)
            draw_text(painter, text, view.found or "no answer", SMALL, theme.text, MEDIUM, CENTRE)
        elif view.chips:
            self._draw_chips(painter, view, theme)
        else:
            self._draw_facts(painter, view, theme)

    def _draw_head(self, painter: QPainter, view: BoardView, theme: Theme) -> None:
        line = QRectF(0, 0, self.width(), HEAD)
        title = draw_text(painter, line, view.title, BODY, theme.text, SEMIBOLD)
        runs: list[Run] = []
        for value, unit in view.facts:
            runs += _fact_runs(value, unit, theme)
        if view.hottest and view.chips:
            ink = theme.severity(view.hottest_abnormal)
            runs += [("   hottest ", LABEL, REGULAR, theme.secondary), (view.hottest, LABEL, SEMIBOLD, ink)]
            runs.append((" °C", LABEL, REGULAR, theme.secondary))
        right = self.width()
        if view.chips:
            right = min(view.chip_columns * self._pitch(self.width(), view) - SPACE, right)
        while runs and runs_width(runs) > right - title - 12:
            runs = runs[3:]
        draw_runs(painter, right - runs_width(runs), baseline(line, LABEL), runs)

    def _draw_chips(self, painter: QPainter, view: BoardView, theme: Theme) -> None:
        pitch = self._pitch(self.width(), view)
        side = pitch - SPACE
        finite = [value for value in view.chips if math.isfinite(value)]
        hottest = view.chips.index(max(finite)) if finite else -1
        for index, value in enumerate(view.chips):
            row, column = divmod(index, max(1, view.chip_columns))
            cell = QRectF(column * pitch, HEAD + row * pitch, side, side)
            if not math.isfinite(value):
                painter.fillRect(cell, theme.sunken)
                painter.fillRect(cell, hatch(theme.hatch, 6))
                continue
            ground = theme.deviation[CENTRE_BIN + sum(value > step for step in self._steps)]
            painter.fillRect(cell, ground)
            if side >= 14:
                draw_text(
                    painter, cell.adjusted(-3, 0, 3, 0), f"{value:.0f}", DIGITS, theme.ink_on(ground), align=CENTRE
                )
            if index == hottest and view.hottest_abnormal:
                painter.setPen(QPen(theme.severity(view.hottest_abnormal), 2.0))
                painter.drawRect(cell)

    def _draw_facts(self, painter: QPainter, view: BoardView, theme: Theme) -> None:
        """Two bars: how many chips were found, and the hottest temperature on its steps."""
        counts = COUNTS.search(view.found)
        share = int(counts.group(1)) / max(1, int(counts.group(2))) if counts else None
        self._draw_fact(painter, 0, "chips", view.found, share, theme)
        top = self._steps[-1] + 15 if self._steps else 100.0
        try:
            warmth: float | None = (float(view.hottest) - 30.0) / (top - 30.0)
        except ValueError:
            warmth = None
        text = f"{view.hottest} °C" if view.hottest else "not reported"
        self._draw_fact(painter, 1, "hottest", text, warmth, theme, view.hottest_abnormal)

    def _draw_fact(
        self, painter: QPainter, row: int, label: str, text: str, share: float | None, theme: Theme, abnormal: int = 0
    ) -> None:
        line = QRectF(0, HEAD + row * FACT_ROW, self.width(), FACT_ROW)
        draw_text(painter, line, label, LABEL, theme.secondary)
        ink = theme.severity(abnormal)
        draw_text(painter, line, text, LABEL, ink, MEDIUM, RIGHT)
        track = QRectF(FACT_LABEL, line.center().y() - 3, self.width() - FACT_LABEL - FACT_VALUE, 6)
        painter.fillRect(track, theme.sunken)
        if share is None:
            painter.fillRect(track, hatch(theme.hatch))
            return
        filled = QRectF(track)
        filled.setWidth(track.width() * min(max(share, 0.0), 1.0))
        painter.fillRect(filled, theme.severity(abnormal) if abnormal else theme.equipment)


def _fact_runs(value: str, unit: str, theme: Theme) -> list[Run]:
    """A fact as three runs: what comes before its figure, the figure, the unit."""
    before, _, figure = value.rpartition(" ")
    lead = f"   {before} " if before else "   "
    return [
        (lead, LABEL, REGULAR, theme.secondary),
        (figure, LABEL, SEMIBOLD, theme.text),
        (f" {unit}", LABEL, REGULAR, theme.secondary),
    ]
