"""Where everything of the heat map stands: boxes of loops, tanks and cells, and which cell lies under a point."""

from dataclasses import dataclass

from widgets.view_models.site import HeatMapView, TankView

GAP_ROW = 4
"""Height of the gap between the two power supplies of a tank, px."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in whole pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column right of the box."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below the box."""
        return self.y + self.height

    def contains(self, x: float, y: float) -> bool:
        """Whether the point lies inside."""
        return self.x <= x < self.right and self.y <= y < self.bottom

    def touches(self, other: "Box") -> bool:
        """Whether the two overlap."""
        across = self.x < other.right and other.x < self.right
        return across and self.y < other.bottom and other.y < self.bottom


@dataclass(frozen=True, slots=True)
class TankPlace:
    """One tank on the map.

    Attributes:
        index: Position in `HeatMapView.tanks`.
        outer: Head, cells and foot.
        cells: The cells alone, the last column and row without their trailing gap.
        line: Number of the line of tanks, counted over the whole map; loops side by side share lines.
    """

    index: int
    outer: Box
    cells: Box
    line: int


@dataclass(frozen=True, slots=True)
class LoopPlace:
    """One loop's line of facts. `index` is -1 where the tanks name a loop that has no line of its own."""

    index: int
    box: Box


@dataclass(frozen=True, slots=True)
class TankLayout:
    """The whole map.

    Attributes:
        pitch_x, pitch_y: Distance from cell to cell, px; a cell is one pixel smaller.
        compact: Small heads, no feet.
        height: Height that the map needs, px.
        legend: Top of the legend, px.
    """

    pitch_x: int
    pitch_y: int
    compact: bool
    width: int
    height: int
    legend: int
    loops: tuple[LoopPlace, ...]
    tanks: tuple[TankPlace, ...]

    def row_offset(self, tank: TankView, row: int) -> int:
        """Top of a cell row below the top of the tank's cells, px."""
        return row * self.pitch_y + (GAP_ROW if 0 <= tank.gap_after < row else 0)

    def cell_box(self, tank: TankView, place: TankPlace, row: int, column: int) -> Box:
        """The box of one cell, without its gap."""
        return Box(
            place.cells.x + column * self.pitch_x,
            place.cells.y + self.row_offset(tank, row),
            self.pitch_x - 1,
            self.pitch_y - 1,
        )

    def cell_at(self, tank: TankView, place: TankPlace, x: float, y: float) -> tuple[int, int] | None:
        """Row and column under a point; None outside the cells and on the gap between the supplies."""
        column, below = int((x - place.cells.x) // self.pitch_x), y - place.cells.y
        gap_top = (tank.gap_after + 1) * self.pitch_y if tank.gap_after >= 0 else None
        if gap_top is not None and below >= gap_top:
            if below < gap_top + GAP_ROW:
                return None
            below -= GAP_ROW
        row = int(below // self.pitch_y)
        inside = 0 <= column < tank.columns and 0 <= row < tank.rows and x >= place.cells.x and y >= place.cells.y
        return (row, column) if inside else None


def shape_of(view: HeatMapView) -> tuple[object, ...]:
    """What the layout depends on: an equal shape needs no new one."""
    tanks = tuple((tank.loop, tank.columns, tank.rows, tank.gap_after) for tank in view.tanks)
    return (tuple(loop.name for loop in view.loops), tanks)
