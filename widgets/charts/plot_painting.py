"""What stands around the lines of a plot: ground, band, grid, limits, marks, labels, cursor."""

import re
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from widgets.charts.plot_area import HEAD, LEFT, RIGHT, PlotArea
from widgets.charts.plot_scale import reading
from widgets.controls.time_axis import clock_text
from widgets.theme import text as lettering
from widgets.theme.fonts import LABEL, REGULAR, SEMIBOLD, SMALL
from widgets.theme.severity_shapes import paint_severity
from widgets.theme.strokes import fill_frame, hatch
from widgets.theme.text import CENTRE, Run, draw_runs, draw_text, fit, runs_width, text_width
from widgets.theme.tokens import Theme
from widgets.view_models.common import PlotView, Trace

BAND_ALPHA = 0.55
MARK = 14
LABEL_STEP = 12.0
DOUBTFUL = 2.5
"""Radius of the mark of a doubtful sample, px."""
DOUBTFUL_STEP = 6.0
FIGURE = re.compile(r"(?<![\w.])[−-]?\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The cursor over all plots of a stack: UTC seconds; None while there is none."""

    at: float | None
    tz: str


def paint_ground(painter: QPainter, plot: PlotArea, theme: Theme) -> None:
    """Draw what lies behind the lines."""
    view, area = plot.view, plot.area
    if view is None:
        return
    painter.fillRect(area, theme.sunken)
    painter.save()
    painter.setClipRect(area)
    if view.band is not None:
        top, bottom = plot.y(min(view.band[1], plot.high)), plot.y(max(view.band[0], plot.low))
        if bottom > top:
            painter.setOpacity(BAND_ALPHA)
            painter.fillRect(QRectF(area.left(), top, area.width(), bottom - top), theme.band)
            painter.setOpacity(1.0)
    for gap in plot.gaps:
        painter.fillRect(gap, hatch(theme.border))
    painter.setPen(QPen(theme.hairline, 1.0))
    for value, _ in plot.value_marks:
        y = round(plot.y(value)) + 0.5
        painter.drawLine(QLineF(area.left(), y, area.right(), y))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for path in plot.envelopes:
        painter.fillPath(path, theme.border)
    painter.restore()


def paint_front(painter: QPainter, plot: PlotArea, theme: Theme, cursor: Cursor, blink_on: bool, foot: bool) -> None:
    """Draw what lies over the lines."""
    view = plot.view
    if view is None:
        return
    _paint_head(painter, plot.area, view, theme)
    _paint_value_axis(painter, plot, theme)
    flag = _flag(plot, cursor) if cursor.at is not None else None
    if foot:
        _paint_time_axis(painter, plot, theme, flag)
    if view.empty:
        draw_text(painter, plot.area.adjusted(12, 0, -12, 0), view.empty, LABEL, theme.secondary, align=CENTRE)
        return
    _paint_doubtful(painter, plot, view, theme)
    _paint_limits(painter, plot, view, theme)
    _paint_marks(painter, plot, view, theme, blink_on)
    if cursor.at is None:
        _paint_end_labels(painter, plot, _last_values(view), theme)
        return
    _paint_cursor(painter, plot, view, theme, cursor.at)
    if flag is not None and foot:
        fill_frame(painter, flag, theme.raised, theme.border, 3)
        draw_text(painter, flag, clock_text(cursor.at, cursor.tz), SMALL, theme.text, SEMIBOLD, CENTRE)


def _paint_head(painter: QPainter, area: QRectF, view: PlotView, theme: Theme) -> None:
    line = QRectF(area.left() - LEFT, area.top() - HEAD, area.width() + LEFT + RIGHT, 20)
    used = draw_text(painter, line, view.title, LABEL, theme.text, SEMIBOLD)
    unit = QRectF(line.left() + used + 5, line.top(), 80, line.height())
    used += 5 + draw_text(painter, unit, view.unit, SMALL, theme.secondary)
    room = line.width() - used - 16
    runs = _with_bold_figures(view.summary, theme)
    width = runs_width(runs)
    base = round(line.center().y() + 4)
    if width <= room:
        draw_runs(painter, line.right() - width, base, runs)
    elif room > 60:
        shown = fit(view.summary, SMALL, REGULAR, room)
        draw_runs(painter, line.right() - room, base, [(shown, SMALL, REGULAR, theme.secondary)])


def _with_bold_figures(text: str, theme: Theme) -> list[Run]:
    """The text with its first figure in bold: the value now; what follows are its references."""
    found = FIGURE.search(text)
    if found is None:
        return [(text, SMALL, REGULAR, theme.secondary)]
    return [
        (text[: found.start()], SMALL, REGULAR, theme.secondary),
        (found.group(), SMALL, SEMIBOLD, theme.text),
        (text[found.end() :], SMALL, REGULAR, theme.secondary),
    ]


def _paint_value_axis(painter: QPainter, plot: PlotArea, theme: Theme) -> None:
    for value, text in plot.value_marks:
        line = QRectF(plot.area.left() - LEFT, plot.y(value) - 8, LEFT - 6, 16)
        draw_text(painter, line, text, SMALL, theme.secondary, align=lettering.RIGHT)


def _flag(plot: PlotArea, cursor: Cursor) -> QRectF:
    """Where the cursor's time stands under the plot."""
    assert cursor.at is not None
    width = text_width(clock_text(cursor.at, cursor.tz), SMALL, SEMIBOLD) + 10
    left = min(max(plot.x(cursor.at) - width / 2, plot.area.left()), plot.area.right() - width)
    return QRectF(round(left), round(plot.area.bottom() + 4), round(width), 16)


def _paint_time_axis(painter: QPainter, plot: PlotArea, theme: Theme, flag: QRectF | None) -> None:
    area = plot.area
    painter.setPen(QPen(theme.equipment, 1.0))
    for tick in plot.time_marks:
        x = round(plot.x(tick.at)) + 0.5
        painter.drawLine(QLineF(x, area.bottom(), x, area.bottom() + 4))
    for tick in plot.time_marks:
        width = text_width(tick.label, SMALL)
        x = min(max(plot.x(tick.at) - width / 2, area.left()), area.right() - width)
        label = QRectF(x, area.bottom() + 4, width + 1, 16)
        if flag is None or not flag.intersects(label):
            draw_text(painter, label, tick.label, SMALL, theme.secondary)


def _paint_doubtful(painter: QPainter, plot: PlotArea, view: PlotView, theme: Theme) -> None:
    """Hollow marks, thinned to what the eye can tell apart; what lies outside the scale stands at its edge."""
    area = plot.area
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.equipment, 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for trace in view.traces:
        if trace.doubtful is None:
            continue
        times, values = trace.doubtful
        columns = np.round((np.array([plot.x(at) for at in times.tolist()]) - area.left()) / DOUBTFUL_STEP)
        _, kept = np.unique(columns, return_index=True)
        for at in kept.tolist():
            x = plot.x(float(times[at]))
            y = min(max(plot.y(float(values[at])), area.top() + DOUBTFUL), area.bottom() - DOUBTFUL)
            if area.left() <= x <= area.right():
                painter.drawEllipse(QPointF(x, y), DOUBTFUL, DOUBTFUL)
    painter.restore()


def _paint_limits(painter: QPainter, plot: PlotArea, view: PlotView, theme: Theme) -> None:
    area = plot.area
    pen = QPen(theme.secondary, 1.0)
    pen.setDashPattern([2, 3])
    taken: list[QRectF] = []
    for limit in view.limits:
        if not plot.low <= limit.value <= plot.high:
            continue
        y = round(plot.y(limit.value)) + 0.5
        painter.setPen(pen)
        painter.drawLine(QLineF(area.left(), y, area.right(), y))
        top = y - 16 if y - 16 >= area.top() else y + 1
        label = QRectF(area.left() + 6, top, text_width(limit.label, SMALL) + 10, 16)
        for other in taken:
            if other.intersects(label):
                label.moveLeft(other.right())
        taken.append(label)
        draw_text(painter, label, limit.label, SMALL, theme.secondary)


def _paint_marks(painter: QPainter, plot: PlotArea, view: PlotView, theme: Theme, blink_on: bool) -> None:
    area = plot.area
    for mark in view.marks:
        x = plot.x(mark.at)
        if not area.left() <= x <= area.right():
            continue
        colour = theme.plot3 if mark.closed else theme.severity(mark.mark.severity)
        if mark.mark.severity == 3 and theme.sev3_outline.alpha() and not mark.closed:
            colour = theme.sev3_outline
        pen = QPen(colour, 1.0)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        column = round(x) + 0.5
        painter.drawLine(QLineF(column, area.top(), column, area.bottom()))
        if not mark.closed:
            place = QRectF(round(x - MARK / 2), area.top() + 1, MARK, MARK)
            paint_severity(painter, place, mark.mark, theme, blink_on=blink_on)


def _last_values(view: PlotView) -> list[tuple[int, float, str]]:
    """Index, last finite value and label of each series that has a label."""
    found = []
    for index, trace in enumerate(view.traces):
        finite = np.flatnonzero(np.isfinite(trace.values))
        if trace.label and finite.size:
            found.append((index, float(trace.values[finite[-1]]), trace.label))
    return found


def _paint_end_labels(painter: QPainter, plot: PlotArea, labels: list[tuple[int, float, str]], theme: Theme) -> None:
    """Write names or values at the right edge, pushed apart where they would lie on each other."""
    area = plot.area
    placed = -1e9
    for index, value, text in sorted(labels, key=lambda item: -item[1]):
        middle = min(max(plot.y(value), area.top() + 2), area.bottom() - 2)
        middle = max(middle, placed + LABEL_STEP)
        placed = middle
        line = QRectF(area.right() + 4, middle - 8, RIGHT - 4, 16)
        draw_text(painter, line, text, SMALL, plot.pen(index, theme).color())


def _paint_cursor(painter: QPainter, plot: PlotArea, view: PlotView, theme: Theme, at: float) -> None:
    area = plot.area
    x = plot.x(at)
    if not area.left() - 1 <= x <= area.right() + 1:
        return
    painter.setPen(QPen(theme.text, 1.0))
    column = round(x) + 0.5
    painter.drawLine(QLineF(column, area.top(), column, area.bottom()))
    labels = []
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.sunken, 1.5))
    for index, trace in enumerate(view.traces):
        value = value_at(trace, at)
        if value is None:
            continue
        painter.setBrush(plot.pen(index, theme).color())
        painter.drawEllipse(QPointF(x, plot.y(value)), 3.5, 3.5)
        labels.append((index, value, reading(value, plot.low, plot.high)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.restore()
    _paint_end_labels(painter, plot, labels, theme)


def value_at(trace: Trace, at: float) -> float | None:
    """The sample nearest to an instant; None where the record has a gap or does not reach."""
    if len(trace.times) == 0:
        return None
    right = int(np.searchsorted(trace.times, at))
    candidates = [index for index in (right - 1, right) if 0 <= index < len(trace.times)]
    nearest = min(candidates, key=lambda index: abs(float(trace.times[index]) - at))
    value = float(trace.values[nearest])
    if not np.isfinite(value) or at < trace.times[0] - 1 or at > trace.times[-1] + _step(trace):
        return None
    return value


def _step(trace: Trace) -> float:
    """How far past its last sample a series still speaks: two of its usual steps."""
    return 2 * float(np.median(np.diff(trace.times[-8:]))) if len(trace.times) > 1 else 60.0
