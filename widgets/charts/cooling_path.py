"""The way of the coolant through a miner, and the fans of an air-cooled one."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.theme.fonts import LABEL, MEDIUM, REGULAR, SECONDARY_FIGURE, SEMIBOLD, SMALL
from widgets.theme.icons import paint_icon
from widgets.theme.strokes import fill_frame, hatch
from widgets.theme.text import CENTRE, RIGHT, Run, draw_runs, draw_text, runs_width, text_width
from widgets.theme.tokens import Theme, ThemeSource
from widgets.view_models.device import CoolingView, FanView

PATH = 112
FACTS = 34
FAN_ROW = 22
TANK = 180.0
CENTRE_BIN = 5


class CoolingPath(QWidget):
    """Inlet, boards, outlet; or one bar per fan. Temperatures of inlet and outlet stand apart, never averaged."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._cooling: CoolingView | None = None
        self._fans: tuple[FanView, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_view(self, cooling: CoolingView | None, fans: tuple[FanView, ...]) -> None:
        """Show what there is of both."""
        if cooling == self._cooling and fans == self._fans:
            return
        self._cooling, self._fans = cooling, fans
        words = [f"{fan.title} {fan.text}" for fan in fans]
        if cooling is not None:
            words = [f"inlet {cooling.inlet or 'not measured'}, outlet {cooling.outlet or 'not measured'}", *words]
        self.setAccessibleName("cooling: " + ", ".join(words))
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        """Path, facts and fans under each other."""
        height = (PATH + FACTS if self._cooling is not None else 0) + FAN_ROW * len(self._fans)
        return QSize(484, max(height, FAN_ROW))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The whole picture."""
        theme = self._source.theme
        painter = QPainter(self)
        top = 0.0
        if self._cooling is not None:
            self._paint_path(painter, self._cooling, theme)
            self._paint_facts(painter, self._cooling, theme)
            top = PATH + FACTS
        for fan in self._fans:
            self._paint_fan(painter, QRectF(0, top, self.width(), FAN_ROW), fan, theme)
            top += FAN_ROW

    def _paint_path(self, painter: QPainter, view: CoolingView, theme: Theme) -> None:
        right = float(self.width())
        tank = QRectF((right - TANK) / 2, 8, TANK, 96)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.equipment, 4.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(QPointF(8, 56), QPointF(tank.left(), 56))
        painter.drawLine(QPointF(tank.right(), 56), QPointF(right - 8, 56))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.equipment)
        for middle in ((8 + tank.left()) / 2, (tank.right() + right - 8) / 2):
            painter.drawPolygon(QPolygonF([QPointF(middle, 50), QPointF(middle + 12, 56), QPointF(middle, 62)]))
        painter.restore()
        fill_frame(painter, tank, theme.window, theme.equipment, 3)
        self._paint_boards(painter, tank, view, theme)
        _paint_end(painter, QRectF(8, 34, tank.left() - 20, 70), "inlet", view.inlet, view.inlet_note, 0, theme)
        room = QRectF(tank.right() + 12, 34, right - 8 - tank.right() - 12, 70)
        _paint_end(painter, room, "outlet", view.outlet, view.outlet_note, view.outlet_abnormal, theme, right=True)

    def _paint_boards(self, painter: QPainter, tank: QRectF, view: CoolingView, theme: Theme) -> None:
        count = max(1, len(view.boards))
        width = min(36.0, (tank.width() - 20) / count - 8)
        gap = (tank.width() - count * width) / (count + 1)
        for index, level in enumerate(view.boards):
            place = QRectF(tank.left() + gap + index * (width + gap), tank.top() + 16, width, tank.height() - 32)
            if level < 0:
                painter.fillRect(place, hatch(theme.hatch))
                continue
            ground = theme.deviation[min(CENTRE_BIN + level, len(theme.deviation) - 1)]
            painter.fillRect(place, ground)
            draw_text(painter, place, str(index + 1), LABEL, theme.ink_on(ground), SEMIBOLD, CENTRE)

    def _paint_facts(self, painter: QPainter, view: CoolingView, theme: Theme) -> None:
        x = 0.0
        middle = PATH + 16.0
        if view.chip:
            chip = QRectF(0, middle - 9, text_width(view.chip, SMALL) + 28, 18)
            fill_frame(painter, chip, theme.panel, theme.border, 3)
            paint_icon(painter, QRectF(6, middle - 6, 12, 12), "slash", theme.secondary)
            draw_text(painter, chip.adjusted(22, 0, 0, 0), view.chip, SMALL, theme.secondary)
            x = chip.right() + 12
        for label, value in view.facts:
            runs: list[Run] = [
                (f"{label} ", LABEL, REGULAR, theme.secondary),
                (value, LABEL, SEMIBOLD, theme.text),
            ]
            if x + runs_width(runs) > self.width():
                break
            x = draw_runs(painter, x, round(middle + 4), runs) + 14

    def _paint_fan(self, painter: QPainter, line: QRectF, fan: FanView, theme: Theme) -> None:
        draw_text(painter, line, fan.title, LABEL, theme.secondary)
        draw_text(painter, line, fan.text, LABEL, theme.severity(fan.abnormal), MEDIUM, RIGHT)
        track = QRectF(64, line.center().y() - 3, self.width() - 64 - 96, 6)
        painter.fillRect(track, theme.sunken)
        if fan.share is None:
            painter.fillRect(track, hatch(theme.hatch))
            return
        filled = QRectF(track)
        filled.setWidth(track.width() * min(max(fan.share, 0.0), 1.0))
        painter.fillRect(filled, theme.severity(fan.abnormal) if fan.abnormal else theme.equipment)


def _paint_end(
    painter: QPainter,
    room: QRectF,
    label: str,
    figure: str,
    note: str,
    abnormal: int,
    theme: Theme,
    *,
    right: bool = False,
) -> None:
    """One end of the path: label over the pipe, figure and two lines of notes under it."""
    unit, _, second = note.partition("\n")
    edge = room.right() if right else room.left()

    def line(y: float, runs: list[Run]) -> None:
        start = edge - runs_width(runs) if right else edge
        draw_runs(painter, start, y, runs)

    line(room.top() + 8, [(label, SMALL, REGULAR, theme.secondary)])
    shown = figure or "no data"
    ink = theme.severity(abnormal) if figure else theme.secondary
    size = SECONDARY_FIGURE if figure else LABEL
    line(room.top() + 48, [(shown, size, SEMIBOLD, ink), (f" {unit}", SMALL, REGULAR, theme.secondary)])
    line(room.top() + 66, [(second, SMALL, REGULAR, theme.secondary)])
