"""One plot of a stack: where it stands, its scales, and its lines, which pyqtgraph draws."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsScene

from widgets.charts.plot_scale import value_range, value_ticks
from widgets.controls.time_axis import Tick, ticks
from widgets.theme.polyline import decimate, envelope, runs
from widgets.theme.tokens import Theme
from widgets.view_models.common import PlotView, Trace

HEAD = 28
"""Line with title, unit and summary, and the room under it."""
FOOT = 20
"""Labels of the time axis."""
LEFT = 48
RIGHT = 52
TICK_ROOM = 100
VALUE_ROOM = 28
MOST_VALUES = 6
LIMIT_ROOM = 18
"""Pixels over the highest limit, for its name."""
DASHES = ((), (5.0, 3.0), (4.0, 3.0), (2.0, 3.0))
"""Dashes in pixels of the first, second, third and further series."""


class PlotArea:
    """A plot inside the scene of its stack.

    The lines are pyqtgraph curves of width 1, reduced to a minimum and a maximum per pixel column.

    Attributes:
        view: What is shown.
        area: The plot without its labels, in the scene's pixels.
        low, high: Ends of the value axis.
        value_marks: Round values with their text.
        time_marks: Round times with their text.
    """

    def __init__(self, scene: QGraphicsScene) -> None:
        self.view: PlotView | None = None
        self.area = QRectF()
        self.low, self.high = 0.0, 1.0
        self.value_marks: list[tuple[float, str]] = []
        self.time_marks: tuple[Tick, ...] = ()
        self.gaps: list[QRectF] = []
        self.envelopes: list[QPainterPath] = []
        self._start, self._stop = 0.0, 1.0
        self._box: Any = pg.ViewBox(enableMouse=False, enableMenu=False, defaultPadding=0.0)
        self._box.setZValue(0)
        self._box.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._box.setAcceptHoverEvents(False)
        self._curves: list[Any] = []
        scene.addItem(self._box)

    def remove(self, scene: QGraphicsScene) -> None:
        """Take the plot out of its scene."""
        scene.removeItem(self._box)

    def place(self, rect: QRectF, *, foot: bool) -> None:
        """Give the plot its room; without `foot` it has no labels of time."""
        bottom = FOOT if foot else 6
        self.area = rect.adjusted(LEFT, HEAD, -RIGHT, -bottom)
        self._box.setGeometry(self.area)

    def show_view(self, view: PlotView, start: float, stop: float, tz: str, theme: Theme) -> None:
        """Show a plot between two instants."""
        self.view = view
        self._start, self._stop = start, max(stop, start + 1e-3)
        self.low, self.high = value_range(view, start, stop)
        free = 1 - LIMIT_ROOM / max(self.area.height(), 2.0 * LIMIT_ROOM)
        for limit in view.limits:
            if self.low < limit.value <= self.high:
                self.high = max(self.high, self.low + (limit.value - self.low) / free)
        self.value_marks = value_ticks(
            self.low, self.high, min(MOST_VALUES, max(2, int(self.area.height() / VALUE_ROOM)))
        )
        self.time_marks = ticks(start, stop, tz, max(1, int(self.area.width() / TICK_ROOM)))
        self._box.setRange(xRange=(0.0, self._stop - start), yRange=(self.low, self.high), padding=0.0)
        self._show_lines(view, theme)

    def x(self, at: float) -> float:
        """Pixel of an instant."""
        return self.area.left() + (at - self._start) / (self._stop - self._start) * self.area.width()

    def y(self, value: float) -> float:
        """Pixel of a value."""
        return self.area.bottom() - (value - self.low) / (self.high - self.low) * self.area.height()

    def at(self, x: float) -> float:
        """Instant of a pixel, kept inside the plot."""
        share = min(max((x - self.area.left()) / max(self.area.width(), 1.0), 0.0), 1.0)
        return self._start + share * (self._stop - self._start)

    def pen(self, index: int, theme: Theme) -> QPen:
        """The pen of a series: told apart by lightness and dash, never by hue."""
        assert self.view is not None
        colour = (theme.plot1, theme.plot2, theme.plot3)[min(index, 2)]
        pen = QPen(colour, 1.0)
        pen.setCosmetic(True)
        if self.view.traces[index].dashed:
            pen.setDashPattern(DASHES[min(max(index, 1), len(DASHES) - 1)])
        return pen

    def _show_lines(self, view: PlotView, theme: Theme) -> None:
        columns = max(1, round(self.area.width()))
        while len(self._curves) < len(view.traces):
            curve = pg.PlotCurveItem(connect="finite", antialias=True)
            curve.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
            self._box.addItem(curve, ignoreBounds=True)
            self._curves.append(curve)
        self.envelopes = []
        for index, trace in enumerate(view.traces):
            times, values = decimate(trace.times, trace.values, self._start, self._stop, columns)
            curve = self._curves[index]
            curve.setZValue(len(view.traces) - index)
            curve.setData(times - self._start, values, pen=self.pen(index, theme))
            curve.setVisible(True)
            if trace.low is not None and trace.high is not None:
                self.envelopes.append(self._envelope(trace, columns))
        for curve in self._curves[len(view.traces) :]:
            curve.setVisible(False)
        self.gaps = self._find_gaps(view.traces[0]) if view.traces else []

    def _envelope(self, trace: Trace, columns: int) -> QPainterPath:
        """The area between the lowest and the highest of each period, in the scene's pixels."""
        assert trace.low is not None
        assert trace.high is not None
        shown = (trace.times >= self._start - 1) & (trace.times <= self._stop + 1)
        step = max(1, int(np.count_nonzero(shown) / (2 * columns)))
        times = trace.times[shown][::step]
        scale = self.area.width() / (self._stop - self._start)
        return envelope(
            self.area.left() + (times - self._start) * scale,
            self.y_all(trace.low[shown][::step]),
            self.y_all(trace.high[shown][::step]),
        )

    def y_all(self, values: "np.ndarray[Any, np.dtype[np.float64]]") -> "np.ndarray[Any, np.dtype[np.float64]]":
        """Pixels of many values."""
        return self.area.bottom() - (values - self.low) / (self.high - self.low) * self.area.height()

    def _find_gaps(self, trace: Trace) -> list[QRectF]:
        """Where the first series has no record, wider than 3 px: hatched."""
        found = []
        if len(trace.times) == 0:
            return [QRectF(self.area)]
        blanks = runs(np.where(np.isfinite(trace.values), np.nan, 0.0))
        for first, last in blanks:
            left = float(trace.times[max(first - 1, 0)])
            right = float(trace.times[min(last, len(trace.times) - 1)])
            x1, x2 = max(self.x(left), self.area.left()), min(self.x(right), self.area.right())
            if x2 - x1 > 3:
                found.append(QRectF(x1, self.area.top(), x2 - x1, self.area.height()))
        return found
