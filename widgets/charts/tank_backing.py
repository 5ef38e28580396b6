"""The drawn tanks as one picture; a new frame redraws only the tanks that changed."""

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QImage, QPainter, QPixmap

from widgets.charts.cell_stamps import Stamps, make_stamps, tank_image
from widgets.charts.tank_layout import Box, LoopPlace, TankLayout, TankPlace
from widgets.charts.tank_painter import paint_legend, paint_loop_line, paint_tank_foot, paint_tank_head, rect_of
from widgets.theme.tokens import Theme
from widgets.view_models.site import HeatMapView, TankView


class TankBacking:
    """Keeps the picture of a heat map and what each part of it was drawn from."""

    def __init__(self) -> None:
        self._picture: QPixmap | None = None
        self._layout: TankLayout | None = None
        self._stamps: Stamps | None = None
        self._stamped_for: tuple[object, ...] = ()
        self._drawn: dict[tuple[str, int], object] = {}
        self.redrawn = 0
        """Parts redrawn by the last `draw`."""

    def forget(self) -> None:
        """Draw everything anew next time: the theme changed."""
        self._layout = None

    def paint(self, painter: QPainter) -> None:
        """Copy the picture."""
        if self._picture is not None:
            painter.drawPixmap(QPointF(0, 0), self._picture)

    def draw(self, view: HeatMapView, layout: TankLayout, theme: Theme, ratio: float) -> None:
        """Bring the picture up to a view."""
        key = (view.ramp, view.bins, layout.pitch_x, layout.pitch_y, ratio, theme.name)
        if self._picture is None or layout is not self._layout or key != self._stamped_for:
            self._start(layout, theme, ratio)
            self._stamps = make_stamps(theme, view.ramp, view.bins, layout.pitch_x, layout.pitch_y, ratio)
            self._stamped_for = key
        assert self._picture is not None
        assert self._stamps is not None
        self.redrawn = 0
        painter = QPainter(self._picture)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        for place in layout.loops:
            self._draw_loop(painter, place, view, theme)
        for tank_place in layout.tanks:
            self._draw_tank(painter, layout, tank_place, view.tanks[tank_place.index], theme, ratio)
        legend = (view.ramp, view.bins, view.legend, view.legend_note, view.missing, view.not_hashing)
        if self._changed(("legend", 0), legend):
            box = QRectF(0, layout.legend - 4, layout.width, layout.height - layout.legend + 4)
            painter.fillRect(box, theme.panel)
            paint_legend(painter, layout, view, theme)
        painter.end()

    def _start(self, layout: TankLayout, theme: Theme, ratio: float) -> None:
        self._picture = QPixmap(QSize(layout.width, layout.height) * ratio)
        self._picture.setDevicePixelRatio(ratio)
        self._picture.fill(theme.panel)
        self._layout = layout
        self._drawn.clear()

    def _changed(self, part: tuple[str, int], content: object) -> bool:
        if self._drawn.get(part) == content:
            return False
        self._drawn[part] = content
        self.redrawn += 1
        return True

    def _draw_loop(self, painter: QPainter, place: LoopPlace, view: HeatMapView, theme: Theme) -> None:
        if place.index < 0:
            return
        loop = view.loops[place.index]
        if self._changed(("loop", place.index), loop):
            painter.fillRect(rect_of(place.box), theme.panel)
            paint_loop_line(painter, place, loop, theme)

    def _draw_tank(
        self, painter: QPainter, layout: TankLayout, place: TankPlace, tank: TankView, theme: Theme, ratio: float
    ) -> None:
        assert self._stamps is not None
        head = (tank.title, tank.outlet, tank.outlet_share, tank.outlet_abnormal, tank.outlet_band, tank.deviation)
        if self._changed(("head", place.index), head):
            box = Box(place.outer.x, place.outer.y, place.outer.width, place.cells.y - place.outer.y)
            painter.fillRect(rect_of(box), theme.panel)
            paint_tank_head(painter, layout, place, tank, theme)
        if self._changed(("cells", place.index), tank.cells.tobytes()):
            self._draw_cells(painter, place, tank_image(tank, self._stamps, ratio))
        if self._changed(("foot", place.index), (tank.foot, tuple(scope.label for scope in tank.scopes))):
            top = place.cells.bottom
            painter.fillRect(QRectF(place.outer.x, top, place.outer.width, place.outer.bottom - top), theme.panel)
            paint_tank_foot(painter, layout, place, tank, theme)

    def _draw_cells(self, painter: QPainter, place: TankPlace, image: QImage) -> None:
        target = QRectF(place.cells.x, place.cells.y, place.cells.width + 1, place.cells.height + 1)
        if image.deviceIndependentSize() == target.size():
            painter.drawImage(target.topLeft(), image)
        else:
            # At a fractional density the image differs a little from its place: cells must stay under the pointer.
            painter.drawImage(target, image)
