"""Moving over the heat map by keys: slot by slot across tanks, or tank by tank."""

from collections.abc import Sequence
from dataclasses import dataclass

from widgets.charts.tank_layout import Box, TankLayout
from widgets.view_models.site import TankView


@dataclass(frozen=True, slots=True)
class Slot:
    """One cell: position of the tank in the view, row and column inside it."""

    tank: int
    row: int
    column: int


def device_of(tanks: Sequence[TankView], slot: Slot) -> str:
    """Device id in a slot; empty where the slot is empty."""
    tank = tanks[slot.tank]
    position = slot.row * tank.columns + slot.column
    return tank.devices[position] if position < len(tank.devices) else ""


def slots_of(tanks: Sequence[TankView]) -> dict[str, Slot]:
    """Slot of each device."""
    return {
        device: Slot(index, *divmod(position, tank.columns))
        for index, tank in enumerate(tanks)
        for position, device in enumerate(tank.devices)
        if device
    }


def devices_inside(layout: TankLayout, tanks: Sequence[TankView], box: Box) -> frozenset[str]:
    """Ids of the devices whose cells a box touches."""
    found: set[str] = set()
    for place in layout.tanks:
        if not place.cells.touches(box):
            continue
        tank = tanks[place.index]
        for position, device in enumerate(tank.devices):
            row, column = divmod(position, tank.columns)
            if device and layout.cell_box(tank, place, row, column).touches(box):
                found.add(device)
    return frozenset(found)


def step(layout: TankLayout, tanks: Sequence[TankView], slot: Slot, across: int, down: int) -> Slot:
    """The next slot in a direction; past the edge of a tank, the facing slot of the next tank; at the end, the same."""
    tank = tanks[slot.tank]
    row, column = slot.row + down, slot.column + across
    if 0 <= row < tank.rows and 0 <= column < tank.columns:
        return Slot(slot.tank, row, column)
    beyond = _neighbour(layout, slot.tank, across, down)
    if beyond is None:
        return slot
    target = tanks[beyond]
    if across:
        return Slot(beyond, min(slot.row, target.rows - 1), 0 if across > 0 else target.columns - 1)
    return Slot(beyond, 0 if down > 0 else target.rows - 1, min(slot.column, target.columns - 1))


def leap(layout: TankLayout, tanks: Sequence[TankView], slot: Slot, across: int, down: int) -> Slot:
    """The same slot of the next tank in a direction; at the end, the same tank."""
    beyond = _neighbour(layout, slot.tank, across, down)
    if beyond is None:
        return slot
    target = tanks[beyond]
    return Slot(beyond, min(slot.row, target.rows - 1), min(slot.column, target.columns - 1))


def _neighbour(layout: TankLayout, tank: int, across: int, down: int) -> int | None:
    here = layout.tanks[tank]
    if across:
        line = sorted((place for place in layout.tanks if place.line == here.line), key=lambda place: place.cells.x)
        at = [place.index for place in line].index(tank) + across
        return line[at].index if 0 <= at < len(line) else None
    others = [place for place in layout.tanks if place.line == here.line + down]
    if not others:
        return None
    return min(others, key=lambda place: abs(place.cells.x - here.cells.x)).index
