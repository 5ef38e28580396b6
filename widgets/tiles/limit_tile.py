"""The tile: label, figure, unit, deviation, the value on its band, its trend."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.controls.clickable import Clickable
from widgets.controls.elided import plain_tip
from widgets.theme.fonts import FIGURE, LABEL, SECONDARY_FIGURE, SEMIBOLD, SMALL
from widgets.theme.severity_shapes import describe, paint_severity
from widgets.theme.strokes import fill_frame, focus_ring, hatch
from widgets.theme.text import RIGHT, draw_text, text_width
from widgets.theme.tokens import ThemeSource
from widgets.tiles.gauge import paint_gauge
from widgets.tiles.sparkline import Spark
from widgets.view_models.common import AckState, LimitTileView

HEIGHT = 120
HEIGHT_WITHOUT_SPARK = 96
PADDING = 12
MARK = 14
NARROW = 150
"""Width in pixels inside the padding below which the figure shrinks, so that its deviation still fits."""
NARROW_FIGURE = 21
SPARK_TOP = 78
SPARK_MARGIN = 6


class LimitTile(Clickable):
    """One value with everything that says whether it is normal. Without a trend it needs 96 px, with one 120.

    Args:
        theme: The theme in force.
        parent: Qt's parent.
        framed: Draw the tile's own frame; off inside another frame.
    """

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None, *, framed: bool = True) -> None:
        super().__init__(parent, clickable=False)
        self._source = theme
        self._framed = framed
        self._view: LimitTileView | None = None
        self._spark = Spark()
        self.setMinimumWidth(112)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        theme.blinked.connect(self._on_blink)

    def show_view(self, view: LimitTileView) -> None:
        """Show a value. Paints only when something changed."""
        if view is self._view:
            return
        grew = self._view is None or (self._view.spark is None) != (view.spark is None)
        self._view = view
        mark = f", {describe(view.mark)}" if view.mark is not None else ""
        stale = f", {view.stale}" if view.stale else ""
        self.setAccessibleName(f"{view.label} {view.figure} {view.unit}{mark}{stale}")
        self.setAccessibleDescription(", ".join(part for part in (view.reference, view.deviation) if part))
        self.setToolTip(plain_tip("\n".join((self.accessibleName(), self.accessibleDescription())).strip()))
        if grew:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """210 px wide on a desk screen; the height depends on the trend."""
        return QSize(210, HEIGHT_WITHOUT_SPARK if self._view is not None and self._view.spark is None else HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The whole tile."""
        theme, view = self._source.theme, self._view
        painter = QPainter(self)
        rect = QRectF(self.rect())
        if self._framed:
            fill_frame(painter, rect, theme.panel, theme.hairline)
        if self.hasFocus():
            focus_ring(painter, rect, theme.focus)
        if view is None:
            return
        padding = PADDING if rect.width() >= NARROW + 2 * PADDING else PADDING - 2
        inner = QRectF(padding, 8, rect.width() - 2 * padding, rect.height() - 16)
        self._paint_label(painter, QRectF(inner.left(), 9, inner.width(), 16), view)
        self._paint_figure(painter, QRectF(inner.left(), 25, inner.width(), 28), view)
        if view.gauge is not None:
            paint_gauge(painter, QRectF(inner.left(), 60, inner.width(), 18), view.gauge, theme, stale=bool(view.stale))
        if view.spark is not None:
            area = QRectF(inner.left(), SPARK_TOP + SPARK_MARGIN - 2, inner.width(), rect.height() - SPARK_TOP - 12)
            self._spark.paint(painter, area, view.spark, theme, view.gauge)

    def _paint_label(self, painter: QPainter, line: QRectF, view: LimitTileView) -> None:
        theme = self._source.theme
        left = line.left()
        if view.mark is not None:
            mark = QRectF(left, line.top() + 1, MARK, MARK)
            filled = view.mark.ack is AckState.NEW
            paint_severity(painter, mark, view.mark, theme, blink_on=self._source.blink_on, digit=filled)
            left += MARK + 6
        room = line.right() - left
        label = min(text_width(view.label, LABEL), room)
        draw_text(painter, QRectF(left, line.top(), room, line.height()), view.label, LABEL, theme.secondary)
        rest = QRectF(left + label + 6, line.top(), room - label - 6, line.height())
        if rest.width() >= text_width(view.reference, SMALL):
            draw_text(painter, rest, view.reference, SMALL, theme.secondary, align=RIGHT)

    def _paint_figure(self, painter: QPainter, line: QRectF, view: LimitTileView) -> None:
        theme = self._source.theme
        size = FIGURE if line.width() >= NARROW else NARROW_FIGURE
        if text_width(view.figure, size, SEMIBOLD) > line.width():
            size = SECONDARY_FIGURE
        if view.stale:
            width = min(text_width(view.figure, size, SEMIBOLD), line.width())
            painter.fillRect(QRectF(line.left() - 3, line.top() + 2, width + 6, line.height() - 4), hatch(theme.hatch))
        missing = not any(character.isdigit() for character in view.figure)
        colour = theme.secondary if view.stale or missing else theme.text
        used = draw_text(painter, line, view.figure, size, colour, SEMIBOLD)
        base = QRectF(line.left() + used + 4, line.top() + 9, line.width() - used - 4, 16)
        unit = text_width(view.unit, SMALL)
        if unit <= base.width():
            draw_text(painter, base, view.unit, SMALL, theme.secondary)
        right = view.stale or view.deviation
        base.setLeft(base.left() + unit + 6)
        if base.width() >= text_width(right, SMALL) or (view.stale and base.width() > 40):
            draw_text(painter, base, right, SMALL, theme.secondary, align=RIGHT)

    def _on_blink(self) -> None:
        if self._view is not None and self._view.mark is not None and self._view.mark.ack is AckState.NEW:
            self.update()
