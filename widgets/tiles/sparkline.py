"""A small trend without axes, over the normal band."""

from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from widgets.theme.polyline import decimate, polygons
from widgets.theme.tokens import Theme
from widgets.view_models.common import Gauge, Trace

DOT = 2.5
LINE = 1.2


class Spark:
    """The lines of a trace for one size, made once per new trace and drawn many times."""

    def __init__(self) -> None:
        self._key: tuple[int, int, int, int, Gauge | None] | None = None
        self._trace: Trace | None = None
        self._lines: list[QPolygonF] = []
        self._end: QPointF | None = None
        self._band: QRectF | None = None

    def paint(self, painter: QPainter, rect: QRectF, trace: Trace, theme: Theme, gauge: Gauge | None = None) -> None:
        """Draw a trace into `rect`, the band behind it, a dot on its last value.

        Args:
            painter: Where to draw.
            rect: The room of the line; the band spans its whole width.
            trace: The series; NaN breaks the line.
            theme: The colours.
            gauge: Gives the band and the colour of the last dot.
        """
        key = (round(rect.left()), round(rect.top()), round(rect.width()), round(rect.height()), gauge)
        if trace is not self._trace or key != self._key:
            self._trace, self._key = trace, key
            self._build(rect, trace, gauge)
        painter.save()
        if self._band is not None:
            painter.fillRect(self._band, theme.band)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.plot1, LINE))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for line in self._lines:
            painter.drawPolyline(line)
        if self._end is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.severity(gauge.abnormal if gauge is not None else 0))
            painter.drawEllipse(self._end, DOT, DOT)
        painter.restore()

    def _build(self, rect: QRectF, trace: Trace, gauge: Gauge | None) -> None:
        self._lines, self._end, self._band = [], None, None
        finite = np.isfinite(trace.values)
        if not finite.any():
            return
        start, stop = float(trace.times[0]), float(trace.times[-1])
        times, values = decimate(trace.times, trace.values, start, stop, max(1, round(rect.width())))
        low, high = _range(float(trace.values[finite].min()), float(trace.values[finite].max()), gauge)
        right = rect.right() - DOT
        xs = rect.left() + (times - start) * ((right - rect.left()) / max(stop - start, 1e-9))
        scale = rect.height() / (high - low)
        self._lines = polygons(xs, rect.bottom() - (values - low) * scale)
        if bool(finite[-1]):
            self._end = QPointF(right, rect.bottom() - (float(trace.values[-1]) - low) * scale)
        if gauge is not None and (gauge.normal_low is not None or gauge.normal_high is not None):
            bottom = low if gauge.normal_low is None else max(low, gauge.normal_low)
            top = high if gauge.normal_high is None else min(high, gauge.normal_high)
            upper, lower = rect.bottom() - (top - low) * scale, rect.bottom() - (bottom - low) * scale
            self._band = QRectF(rect.left(), upper, rect.width(), max(2.0, lower - upper))


@lru_cache(maxsize=256)
def _range(low: float, high: float, gauge: Gauge | None) -> tuple[float, float]:
    """The values at the lower and upper edge: data and closed band with a little air."""
    if gauge is not None:
        low = min([low, *(edge for edge in (gauge.normal_low, gauge.normal_high) if edge is not None)])
        high = max([high, *(edge for edge in (gauge.normal_low, gauge.normal_high) if edge is not None)])
    air = (high - low) * 0.08 or max(abs(high), 1.0) * 0.5
    return low - air, high + air
