"""Incident scopes on the heat map: which tanks one bracket joins, and how it is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from widgets.charts.tank_layout import TankLayout
from widgets.charts.tank_painter import paint_bracket
from widgets.theme.severity_shapes import paint_severity
from widgets.theme.tokens import Theme
from widgets.view_models.common import AckState, SeverityMark
from widgets.view_models.site import HeatScope, TankView

MARK = 14
MARGIN_X = 4.5
MARGIN_TOP = 6.5
MARGIN_BOTTOM = 2.5
ROW_MARGIN = 2.0


@dataclass(frozen=True, slots=True)
class ScopeBox:
    """One drawn scope.

    Attributes:
        box: Its outline.
        mark: Shape and colour.
        incident: Incident id.
        whole: Whole tanks carry brackets; a part of a tank carries a frame with the severity shape at its corner.
    """

    box: QRectF
    mark: SeverityMark
    incident: str
    whole: bool

    @property
    def mark_box(self) -> QRectF:
        """Where the shape of a partial scope stands."""
        return QRectF(self.box.right() - MARK / 2 + 1, self.box.top() - MARK / 2, MARK, MARK)


def scope_boxes(layout: TankLayout, tanks: Sequence[TankView]) -> tuple[ScopeBox, ...]:
    """Every scope of the map; neighbours wholly inside one incident share a bracket."""
    found: list[ScopeBox] = []
    open_until = -1
    for place in layout.tanks:
        tank = tanks[place.index]
        for scope in tank.scopes:
            if not _whole(scope, tank):
                found.append(_partial(layout, place.index, tank, scope))
            elif place.index > open_until or not found:
                last = _last_neighbour(layout, tanks, place.index, scope)
                found.append(_joined(layout, place.index, last, scope))
                open_until = last
    return tuple(found)


def _whole(scope: HeatScope, tank: TankView) -> bool:
    return scope.rows[0] <= 0 and scope.rows[1] >= tank.rows - 1


def _last_neighbour(layout: TankLayout, tanks: Sequence[TankView], first: int, scope: HeatScope) -> int:
    line, last = layout.tanks[first].line, first
    for index in range(first + 1, len(tanks)):
        joined = any(_whole(other, tanks[index]) and other.incident == scope.incident for other in tanks[index].scopes)
        apart = layout.tanks[index].line != line or tanks[index].loop != tanks[first].loop
        if apart or not joined:
            break
        last = index
    return last


def _joined(layout: TankLayout, first: int, last: int, scope: HeatScope) -> ScopeBox:
    left, right = layout.tanks[first], layout.tanks[last]
    top = left.outer.y - (3.5 if layout.compact else MARGIN_TOP)
    bottom = max(left.outer.bottom, right.outer.bottom) + (2.0 if layout.compact else MARGIN_BOTTOM - 2)
    start = left.outer.x - MARGIN_X
    end = right.cells.right + MARGIN_X
    return ScopeBox(QRectF(start, top, end - start, bottom - top), scope.mark, scope.incident, True)


def _partial(layout: TankLayout, index: int, tank: TankView, scope: HeatScope) -> ScopeBox:
    cells = layout.tanks[index].cells
    first, last = max(0, scope.rows[0]), min(tank.rows - 1, scope.rows[1])
    top = cells.y + layout.row_offset(tank, first) - ROW_MARGIN
    bottom = cells.y + layout.row_offset(tank, last) + layout.pitch_y - 1 + ROW_MARGIN
    box = QRectF(cells.x - ROW_MARGIN, top, cells.width + 2 * ROW_MARGIN, bottom - top)
    return ScopeBox(box, scope.mark, scope.incident, False)


def paint_scope(
    painter: QPainter, scope: ScopeBox, theme: Theme, leg: float, blink_on: bool, *, strong: bool = False
) -> None:
    """Brackets around whole tanks, or a frame with its shape around rows of one tank; `strong` for the selected."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    colour = theme.severity(scope.mark.severity)
    if scope.mark.severity == 3 and theme.sev3_outline.alpha():
        painter.setPen(QPen(theme.sev3_outline, 3.5))
        _outline(painter, scope, leg)
    painter.setPen(QPen(colour, (1.5 if scope.whole else 1.2) + (1.0 if strong else 0.0)))
    _outline(painter, scope, leg)
    if not scope.whole:
        fresh = scope.mark.ack is AckState.NEW
        paint_severity(painter, scope.mark_box, scope.mark, theme, blink_on=blink_on, digit=fresh)


def _outline(painter: QPainter, scope: ScopeBox, leg: float) -> None:
    if scope.whole:
        paint_bracket(painter, scope.box, leg)
    else:
        painter.drawRect(scope.box)
