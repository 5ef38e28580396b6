"""Everything of the heat map that is no cell: loop lines, tank heads and feet, legend."""

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from widgets.charts.cell_stamps import ramp_colours
from widgets.charts.tank_layout import Box, LoopPlace, TankLayout, TankPlace
from widgets.theme.fonts import BODY, LABEL, REGULAR, SEMIBOLD, SMALL, font
from widgets.theme.strokes import hatch
from widgets.theme.text import RIGHT, draw_runs, draw_text, fit, text_width
from widgets.theme.tokens import Theme
from widgets.view_models.site import HeatMapView, LoopFact, LoopView, TankView

MARK = 16
FACT_SPACE = 24
NAME_ROOM = 34
"""Width kept for the title of a tank, px."""
LEGEND_BIN = 28
LEGEND_NOTE_AT = 10
LEGEND_STEP = 18


def rect_of(box: Box) -> QRectF:
    """A layout box as Qt draws it."""
    return QRectF(box.x, box.y, box.width, box.height)


def paint_loop_line(painter: QPainter, place: LoopPlace, loop: LoopView, theme: Theme) -> None:
    """Name and facts of a loop over a hairline; the severity mark is drawn live, because it blinks."""
    box = place.box
    x = float(box.x + (MARK + 8 if loop.mark else 0))
    line = box.y + 13
    x = draw_runs(painter, x, line, [(loop.name, BODY, SEMIBOLD, theme.text)]) + FACT_SPACE
    for fact in loop.facts:
        needed = text_width(f"{fact.label} ", LABEL) + text_width(fact.value, LABEL, _weight(fact))
        if x + needed > box.right:
            break
        runs = [
            (f"{fact.label} ", LABEL, REGULAR, theme.secondary),
            (fact.value, LABEL, _weight(fact), theme.severity(fact.abnormal)),
        ]
        x = draw_runs(painter, x, line, runs) + FACT_SPACE
    painter.setPen(QPen(theme.hairline, 1))
    below = box.y + min(21, box.height - 3) + 0.5
    painter.drawLine(QLineF(box.x, below, box.right, below))


def _weight(fact: LoopFact) -> int:
    return SEMIBOLD if fact.abnormal else REGULAR


def loop_mark_box(place: LoopPlace) -> QRectF:
    """Where the severity mark of a loop line stands."""
    return QRectF(place.box.x, place.box.y + 1, MARK, MARK)


def paint_tank_head(painter: QPainter, layout: TankLayout, place: TankPlace, tank: TankView, theme: Theme) -> None:
    """Title, outlet temperature on its band, mean deviation; narrow tanks leave out what does not fit."""
    box = place.outer
    line = box.y + 11
    right = float(box.x + place.cells.width)
    draw_runs(painter, box.x, line, [(fit(tank.title, BODY, SEMIBOLD, place.cells.width), BODY, SEMIBOLD, theme.text)])
    taken = box.x + max(NAME_ROOM, text_width(tank.title, BODY, SEMIBOLD) + 6)
    deviation = text_width(tank.deviation, LABEL)
    if tank.deviation and taken + deviation <= right:
        draw_runs(painter, right - deviation, line, [(tank.deviation, LABEL, REGULAR, theme.text)])
        right -= deviation + 4
    if tank.outlet and taken + text_width(tank.outlet, LABEL) <= right:
        colour = theme.severity(tank.outlet_abnormal) if tank.outlet_abnormal else theme.secondary
        draw_runs(painter, taken, line, [(tank.outlet, LABEL, REGULAR, colour)])
    below = box.y + (15 if layout.compact else 17)
    _paint_outlet_band(painter, QRectF(box.x, below, place.cells.width, 4), tank, theme)


def _paint_outlet_band(painter: QPainter, bar: QRectF, tank: TankView, theme: Theme) -> None:
    if tank.outlet_share is None:
        painter.fillRect(bar, hatch(theme.hatch, 4))
        return
    painter.fillRect(bar, theme.sunken)
    if tank.outlet_band is not None:
        low, high = (min(max(share, 0.0), 1.0) for share in tank.outlet_band)
        painter.fillRect(QRectF(bar.x() + low * bar.width(), bar.y(), (high - low) * bar.width(), 4), theme.band)
    share = min(max(tank.outlet_share, 0.0), 1.0)
    colour = theme.severity(tank.outlet_abnormal)
    painter.fillRect(QRectF(round(bar.x() + share * (bar.width() - 3)), bar.y() - 2, 3, 8), colour)


def paint_tank_foot(painter: QPainter, layout: TankLayout, place: TankPlace, tank: TankView, theme: Theme) -> None:
    """The supplies at the left, the labels of the incident scopes at the right."""
    if layout.compact:
        return
    box = QRectF(place.cells.x, place.cells.bottom + 2, place.cells.width, 13)
    label = ", ".join(scope.label for scope in tank.scopes if scope.label)
    used = 0.0
    if label:
        used = draw_text(painter, box, label, SMALL, theme.text, align=RIGHT) + 8
    if used < box.width() - 24:
        room = QRectF(box.x(), box.y(), box.width() - used, box.height())
        if text_width(tank.foot, SMALL) <= room.width() or not label:
            draw_text(painter, room, tank.foot, SMALL, theme.secondary)


def paint_legend(painter: QPainter, layout: TankLayout, view: HeatMapView, theme: Theme) -> None:
    """The ramp with its boundaries, what it means, and the signs that are no bin."""
    top = layout.legend
    signs = _signs_width(view)
    step = int(min(LEGEND_BIN, max(10, (layout.width - signs) // max(1, view.bins))))
    for index, colour in enumerate(ramp_colours(theme, view.ramp, view.bins)):
        painter.fillRect(QRectF(index * step, top, step, 10), colour)
    end = -20.0
    for index, boundary in enumerate(view.legend):
        width = text_width(boundary, SMALL)
        middle = (index + 1) * step
        if middle - width / 2 < end + 4:
            continue
        draw_runs(painter, middle - width / 2, top + 22, [(boundary, SMALL, REGULAR, theme.secondary)])
        end = middle + width / 2
    x = float(view.bins * step + LEGEND_NOTE_AT)
    note_room = layout.width - signs - x - LEGEND_STEP
    if note_room > 40:
        x += draw_text(painter, QRectF(x, top - 2, note_room, 14), view.legend_note, SMALL, theme.secondary)
    _paint_signs(painter, x + LEGEND_STEP + 6, top - 1, view, theme)


def _sign_texts(view: HeatMapView) -> tuple[str, str, str, str]:
    return (f"unreachable {view.missing:,}", f"not hashing {view.not_hashing:,}", "selected", "incident scope")


def _signs_width(view: HeatMapView) -> float:
    return sum(text_width(text, SMALL) + 18 + LEGEND_STEP for text in _sign_texts(view))


def _paint_signs(painter: QPainter, x: float, top: float, view: HeatMapView, theme: Theme) -> None:
    missing, idle, chosen, scope = _sign_texts(view)
    box = QRectF(x, top, 12, 12)
    painter.fillRect(box, theme.sunken)
    painter.fillRect(box, hatch(theme.hatch, 5, 1.6))
    x = _sign_text(painter, x, top, missing, theme)
    painter.setPen(QPen(theme.equipment, 1))
    painter.drawRect(QRectF(x + 0.5, top + 1.5, 10, 10))
    x = _sign_text(painter, x, top, idle, theme)
    painter.setPen(QPen(theme.text, 2))
    painter.drawRect(QRectF(x, top, 12, 12))
    x = _sign_text(painter, x, top, chosen, theme)
    painter.setPen(QPen(theme.severity(1), 1.5))
    paint_bracket(painter, QRectF(x, top, 12, 12), 3)
    _sign_text(painter, x, top, scope, theme)


def _sign_text(painter: QPainter, x: float, top: float, text: str, theme: Theme) -> float:
    return draw_runs(painter, x + 18, top + 10, [(text, SMALL, REGULAR, theme.secondary)]) + LEGEND_STEP


def paint_bracket(painter: QPainter, box: QRectF, leg: float) -> None:
    """Top and bottom bracket of a scope in the painter's pen, with legs of `leg` px."""
    for edge, reach in ((box.top(), leg), (box.bottom(), -leg)):
        painter.drawPolyline(
            [
                QPointF(box.left(), edge + reach),
                QPointF(box.left(), edge),
                QPointF(box.right(), edge),
                QPointF(box.right(), edge + reach),
            ]
        )


def paint_notice(painter: QPainter, box: QRectF, text: str, theme: Theme) -> None:
    """A sentence in the middle of an empty or covered map."""
    face = font(BODY, SEMIBOLD)
    painter.setFont(face)
    room = QRectF(0, 0, min(box.width() - 24, text_width(text, BODY, SEMIBOLD) + 24), 36)
    room.moveCenter(box.center())
    painter.setPen(QPen(theme.border, 1))
    painter.setBrush(theme.panel)
    painter.drawRoundedRect(room, 4, 4)
    painter.setPen(theme.text)
    painter.drawText(room, Qt.AlignmentFlag.AlignCenter, fit(text, BODY, SEMIBOLD, room.width() - 12))
