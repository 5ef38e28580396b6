"""Where everything of the heat map stands: tanks in columns under their loop, the largest cells that fit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from widgets.view_models.site import HeatMapView, TankView

COLUMN_GAP = 8
"""Smallest distance between two tanks, px."""
LOOP_GAP = 12
"""Smallest distance between two loops, px."""
LINE_GAP = 8
"""Smallest distance between two lines of tanks of one loop, px."""
LOOP_LINE = 32
LOOP_LINE_COMPACT = 22
HEAD = 30
HEAD_COMPACT = 23
FOOT = 16
LEGEND = 38
PITCH_MIN = 5
PITCH_MAX = 30
GAP_ROW = 4
"""Height of the gap between the two power supplies of a tank, px."""
COMPACT_BELOW = 10
"""Pitch below which heads and feet give their room to the cells, px."""
WIDER = 1.6
"""A cell is at most this much wider than high."""
HIGHER = 1.3
"""A cell is at most this much higher than wide."""
SPREAD = 3.0
"""Columns are spread to the full width when their gap stays below this many times the cell pitch plus the gap."""


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
        line: Number of the line of tanks, counted over the whole map.
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


@dataclass(frozen=True, slots=True)
class _Group:
    loop: int
    tanks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Trial:
    columns: int
    compact: bool
    pitch_x: int
    pitch_y: int
    missing: int

    @property
    def worth(self) -> tuple[int, int, int, int]:
        """Larger is better: nothing to scroll, large cells, full heads, area."""
        return (
            -self.missing,
            min(self.pitch_x, self.pitch_y),
            int(not self.compact),
            self.pitch_x * self.pitch_y,
        )


def shape_of(view: HeatMapView) -> tuple[object, ...]:
    """What the layout depends on: an equal shape needs no new one."""
    tanks = tuple((tank.loop, tank.columns, tank.rows, tank.gap_after) for tank in view.tanks)
    return (tuple(loop.name for loop in view.loops), tanks)


def lay_out(view: HeatMapView, width: int, height: int) -> TankLayout:
    """Place the tanks of `view` in a map of `width` x `height` px.

    The result may be higher than `height`: cells never get smaller than `PITCH_MIN`.
    """
    groups = _groups(view)
    if not groups:
        return TankLayout(PITCH_MIN, PITCH_MIN, False, width, height, max(0, height - LEGEND), (), ())
    most = max(len(group.tanks) for group in groups)
    trials = [
        _trial(view.tanks, groups, columns, compact, width, height)
        for columns in range(1, most + 1)
        for compact in (False, True)
    ]
    usable = [trial for trial in trials if trial.pitch_x >= PITCH_MIN] or trials[:1]
    normal = [trial for trial in usable if not trial.compact and min(trial.pitch_x, trial.pitch_y) >= COMPACT_BELOW]
    best = max(normal or usable, key=lambda trial: trial.worth)
    return _place(view, groups, best, width, height)


def _groups(view: HeatMapView) -> list[_Group]:
    names = {loop.name: index for index, loop in enumerate(view.loops)}
    found: dict[str, list[int]] = {}
    for index, tank in enumerate(view.tanks):
        found.setdefault(tank.loop, []).append(index)
    ordered = sorted(found, key=lambda name: names.get(name, len(names)))
    return [_Group(names.get(name, -1), tuple(found[name])) for name in ordered]


def _lines(group: _Group, columns: int) -> Iterator[tuple[int, ...]]:
    """The tanks of a group in lines of nearly equal length: seven in four columns stand as four and three."""
    count = -(-len(group.tanks) // columns)
    length = -(-len(group.tanks) // count)
    for start in range(0, len(group.tanks), length):
        yield group.tanks[start : start + length]


def _rows_of(tanks: Sequence[TankView], line: Sequence[int]) -> int:
    return max(tanks[index].rows for index in line)


def _has_gap(tanks: Sequence[TankView], line: Sequence[int]) -> bool:
    return any(tanks[index].gap_after >= 0 for index in line)


def _trial(
    tanks: Sequence[TankView], groups: Sequence[_Group], columns: int, compact: bool, width: int, height: int
) -> _Trial:
    widest = max(tank.columns for tank in tanks)
    used = max(len(line) for group in groups for line in _lines(group, columns))
    fixed, rows = LEGEND - LOOP_GAP, 0
    for group in groups:
        fixed += LOOP_GAP + (LOOP_LINE_COMPACT if compact else LOOP_LINE) - LINE_GAP
        for line in _lines(group, columns):
            fixed += LINE_GAP + (HEAD_COMPACT if compact else HEAD + FOOT) + (GAP_ROW if _has_gap(tanks, line) else 0)
            rows += _rows_of(tanks, line)
    pitch_x = (width - (used - 1) * COLUMN_GAP + used) // used // widest
    pitch_y = max((height - fixed) // rows, PITCH_MIN)
    pitch_x, pitch_y = min(pitch_x, int(pitch_y * WIDER)), min(pitch_y, max(int(pitch_x * HIGHER), PITCH_MIN))
    missing = max(0, fixed + rows * PITCH_MIN - height)
    return _Trial(columns, compact, min(pitch_x, PITCH_MAX), min(pitch_y, PITCH_MAX), missing)


def _place(view: HeatMapView, groups: Sequence[_Group], trial: _Trial, width: int, height: int) -> TankLayout:
    slot = max(tank.columns for tank in view.tanks) * trial.pitch_x - 1
    lines = [list(_lines(group, trial.columns)) for group in groups]
    most = max(len(line) for group in lines for line in group)
    gap = COLUMN_GAP
    if most > 1:
        spread = (width - most * slot) // (most - 1)
        gap = spread if COLUMN_GAP <= spread <= SPREAD * trial.pitch_x + COLUMN_GAP else COLUMN_GAP
    head, foot, loop_line = (HEAD_COMPACT, 0, LOOP_LINE_COMPACT) if trial.compact else (HEAD, FOOT, LOOP_LINE)
    loops: list[LoopPlace] = []
    places: list[TankPlace] = []
    spare = max(0, height - _needed(view.tanks, lines, trial, head, foot, loop_line))
    between = LOOP_GAP + min(spare // len(groups), LOOP_GAP + 4)
    y = number = 0
    for group, group_lines in zip(groups, lines, strict=True):
        loops.append(LoopPlace(group.loop, Box(0, y, width, loop_line)))
        y += loop_line
        for line in group_lines:
            tall = _rows_of(view.tanks, line) * trial.pitch_y - 1 + (GAP_ROW if _has_gap(view.tanks, line) else 0)
            for position, index in enumerate(line):
                tank = view.tanks[index]
                x = position * (slot + gap)
                own = tank.rows * trial.pitch_y - 1 + (GAP_ROW if tank.gap_after >= 0 else 0)
                cells = Box(x, y + head, tank.columns * trial.pitch_x - 1, own)
                places.append(TankPlace(index, Box(x, y, slot, head + own + foot), cells, number))
            y += head + tall + foot + LINE_GAP
            number += 1
        y += between - LINE_GAP
    legend = max(y - between + LOOP_GAP, height - LEGEND + LOOP_GAP)
    places.sort(key=lambda place: place.index)
    return TankLayout(
        trial.pitch_x,
        trial.pitch_y,
        trial.compact,
        width,
        legend + LEGEND - LOOP_GAP,
        legend,
        tuple(loops),
        tuple(places),
    )


def _needed(
    tanks: Sequence[TankView],
    lines: Sequence[Sequence[tuple[int, ...]]],
    trial: _Trial,
    head: int,
    foot: int,
    loop_line: int,
) -> int:
    total = LEGEND - LOOP_GAP
    for group in lines:
        total += LOOP_GAP + loop_line - LINE_GAP
        for line in group:
            total += LINE_GAP + head + foot + _rows_of(tanks, line) * trial.pitch_y
            total += GAP_ROW if _has_gap(tanks, line) else 0
    return total
