"""The arrangement of the heat map with the largest cells: how many loops side by side, how many tanks in a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from widgets.charts.tank_layout import GAP_ROW, Box, LoopPlace, TankLayout, TankPlace
from widgets.view_models.site import HeatMapView, TankView

COLUMN_GAP = 8
"""Smallest distance between two tanks, px."""
BAND_GAP = 24
"""Distance between two loops side by side, px."""
LOOP_GAP = 12
"""Smallest distance between two loops above each other, px."""
LINE_GAP = 8
"""Distance between two lines of tanks of one loop, px."""
LOOP_LINE = 32
LOOP_LINE_COMPACT = 22
HEAD = 30
HEAD_COMPACT = 23
FOOT = 16
LEGEND = 26
PITCH_MIN = 5
PITCH_MAX = 48
COMFORT = 20
"""Pitch above which order counts more than size, px."""
COMPACT_BELOW = 10
"""Pitch below which heads and feet give their room to the cells, px."""
WIDER = 1.6
"""A cell is at most this much wider than high."""
HIGHER = 1.3
"""A cell is at most this much higher than wide."""
SPREAD = 4.0
"""Tanks are spread over the full width while their gap stays below this many cells."""
ABREAST_MOST = 4


@dataclass(frozen=True, slots=True)
class _Group:
    """One loop: its position in the view (-1 for none) and its tanks in lines."""

    loop: int
    lines: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """One way to arrange the loops.

    Attributes:
        bands: Groups side by side, band under band.
        width: Of one group, px.
        missing: Height that is missing for the smallest cells, px.
    """

    bands: tuple[tuple[_Group, ...], ...]
    width: int
    compact: bool
    pitch_x: int
    pitch_y: int
    missing: int

    @property
    def worth(self) -> tuple[int, int, int, int, int]:
        """Larger is better: nothing to scroll, cells up to comfort, full heads, few lines, area."""
        smallest = min(self.pitch_x, self.pitch_y, COMFORT)
        lines = sum(len(group.lines) for band in self.bands for group in band)
        return (-self.missing, smallest, int(not self.compact), -lines, self.pitch_x * self.pitch_y)


def lay_out(view: HeatMapView, width: int, height: int) -> TankLayout:
    """Place the tanks of `view` in a map of `width` x `height` px.

    The result may be higher than `height`: cells never get smaller than `PITCH_MIN`.
    """
    loops = _loops(view)
    if not loops:
        return TankLayout(PITCH_MIN, PITCH_MIN, False, width, height, max(0, height - LEGEND), (), ())
    plans = list(_plans(view.tanks, loops, width, height))
    usable = [plan for plan in plans if plan.pitch_x >= PITCH_MIN] or plans[:1]
    normal = [plan for plan in usable if not plan.compact and min(plan.pitch_x, plan.pitch_y) >= COMPACT_BELOW]
    return _place(view.tanks, max(normal or usable, key=lambda plan: plan.worth), width, height)


def _loops(view: HeatMapView) -> list[tuple[int, tuple[int, ...]]]:
    names = {loop.name: index for index, loop in enumerate(view.loops)}
    found: dict[str, list[int]] = {}
    for index, tank in enumerate(view.tanks):
        found.setdefault(tank.loop, []).append(index)
    ordered = sorted(found, key=lambda name: names.get(name, len(names)))
    return [(names.get(name, -1), tuple(found[name])) for name in ordered]


def _plans(
    tanks: Sequence[TankView], loops: Sequence[tuple[int, tuple[int, ...]]], width: int, height: int
) -> Iterator[_Plan]:
    most = max(len(members) for _, members in loops)
    for abreast in range(1, min(len(loops), ABREAST_MOST) + 1):
        room = (width - (abreast - 1) * BAND_GAP) // abreast
        for columns in range(1, most + 1):
            groups = [_Group(loop, tuple(_lines(members, columns))) for loop, members in loops]
            bands = tuple(tuple(groups[start : start + abreast]) for start in range(0, len(groups), abreast))
            for compact in (False, True):
                yield _plan(tanks, bands, room, height, compact)


def _lines(members: tuple[int, ...], columns: int) -> Iterator[tuple[int, ...]]:
    """The tanks of a loop in lines of nearly equal length: seven in four columns stand as four and three."""
    count = -(-len(members) // columns)
    length = -(-len(members) // count)
    for start in range(0, len(members), length):
        yield members[start : start + length]


def _plan(
    tanks: Sequence[TankView], bands: tuple[tuple[_Group, ...], ...], width: int, height: int, compact: bool
) -> _Plan:
    widest = max(tank.columns for tank in tanks)
    used = max(len(line) for band in bands for group in band for line in group.lines)
    pitch_x = (width + used - (used - 1) * COLUMN_GAP) // used // widest
    needs = [[_needs(tanks, group, compact) for group in band] for band in bands]
    room = height - LEGEND - LOOP_GAP * len(bands)

    def spare(pitch: int) -> int:
        return room - sum(max(fixed + rows * pitch for fixed, rows in band) for band in needs)

    pitch_y = max((pitch for pitch in range(PITCH_MIN, PITCH_MAX + 1) if spare(pitch) >= 0), default=PITCH_MIN)
    pitch_x = min(pitch_x, int(pitch_y * WIDER), PITCH_MAX)
    pitch_y = min(pitch_y, max(int(pitch_x * HIGHER), PITCH_MIN))
    return _Plan(bands, width, compact, pitch_x, pitch_y, max(0, -spare(PITCH_MIN)))


def _needs(tanks: Sequence[TankView], group: _Group, compact: bool) -> tuple[int, int]:
    """Height of a loop: px that do not depend on the cells, and cell rows."""
    head, foot, loop_line = _heights(compact)
    gaps = sum(GAP_ROW for line in group.lines if _has_gap(tanks, line))
    fixed = loop_line + (head + foot) * len(group.lines) + LINE_GAP * (len(group.lines) - 1) + gaps
    return fixed, sum(_rows_of(tanks, line) for line in group.lines)


def _heights(compact: bool) -> tuple[int, int, int]:
    """Height of a tank's head and foot and of a loop's line, px."""
    return (HEAD_COMPACT, 0, LOOP_LINE_COMPACT) if compact else (HEAD, FOOT, LOOP_LINE)


def _rows_of(tanks: Sequence[TankView], line: Sequence[int]) -> int:
    return max(tanks[index].rows for index in line)


def _has_gap(tanks: Sequence[TankView], line: Sequence[int]) -> bool:
    return any(tanks[index].gap_after >= 0 for index in line)


def _place(tanks: Sequence[TankView], plan: _Plan, width: int, height: int) -> TankLayout:
    blocks = [
        max(fixed + rows * plan.pitch_y for fixed, rows in (_needs(tanks, group, plan.compact) for group in band))
        for band in plan.bands
    ]
    free = max(0, height - LEGEND - LOOP_GAP * len(blocks) - sum(blocks))
    between = LOOP_GAP + min(free // len(blocks), LOOP_GAP + 4)
    loops: list[LoopPlace] = []
    places: list[TankPlace] = []
    y = line = 0
    for band, block in zip(plan.bands, blocks, strict=True):
        for position, group in enumerate(band):
            x = position * (plan.width + BAND_GAP)
            loops.append(LoopPlace(group.loop, Box(x, y, plan.width, _heights(plan.compact)[2])))
            places.extend(_place_group(tanks, plan, group, (x, y), line))
        line += max(len(group.lines) for group in band)
        y += block + between
    legend = max(y - between + LOOP_GAP, height - LEGEND)
    places.sort(key=lambda place: place.index)
    return TankLayout(
        plan.pitch_x, plan.pitch_y, plan.compact, width, legend + LEGEND, legend, tuple(loops), tuple(places)
    )


def _place_group(
    tanks: Sequence[TankView], plan: _Plan, group: _Group, corner: tuple[int, int], first_line: int
) -> Iterator[TankPlace]:
    head, foot, loop_line = _heights(plan.compact)
    slot = max(tank.columns for tank in tanks) * plan.pitch_x - 1
    step = slot + _gap(plan, slot)
    y = corner[1] + loop_line
    for number, line in enumerate(group.lines, start=first_line):
        for position, index in enumerate(line):
            tank, x = tanks[index], corner[0] + position * step
            tall = tank.rows * plan.pitch_y - 1 + (GAP_ROW if tank.gap_after >= 0 else 0)
            cells = Box(x, y + head, tank.columns * plan.pitch_x - 1, tall)
            yield TankPlace(index, Box(x, y, slot, head + tall + foot), cells, number)
        gap = GAP_ROW if _has_gap(tanks, line) else 0
        y += head + _rows_of(tanks, line) * plan.pitch_y + gap + foot + LINE_GAP


def _gap(plan: _Plan, slot: int) -> int:
    """Distance between tanks: over the full width where that does not tear them apart."""
    most = max(len(line) for band in plan.bands for group in band for line in group.lines)
    if most < 2:
        return COLUMN_GAP
    spread = (plan.width - most * slot) // (most - 1)
    return spread if COLUMN_GAP <= spread <= SPREAD * plan.pitch_x else COLUMN_GAP
