"""Where miners stand: places `hall/tank/row/slot` read into grids, worked out once for each inventory."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from console.domain.inventory import Device, Feed, Loop, Site
from console.domain.telemetry import Indices
from drivers.core.identity import DeviceKind

_DEFAULT_COLUMNS = 13
_MOST_COLUMNS = 64
_MOST_ROWS = 512
"""A site file with row 10,000,000 is a typing error, not a tank: such a miner counts as not placed."""

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Tank:
    """One tank or rack as a grid of cells.

    Attributes:
        id: Place path, `B/T14`.
        title: Last name of the path, `T14`.
        loop: Name of the cooling loop; empty for none.
        columns, rows: Size of the grid.
        miners: Index in `Places.miners` of each miner inside.
        cells: Cell of each of those miners, row-major.
        foot: "PDU 27, 28": what feeds it.
        gap_after: Cell row after which the next PDU begins; -1 for none.
    """

    id: str
    title: str
    loop: str
    columns: int
    rows: int
    miners: Indices
    cells: Indices
    foot: str
    gap_after: int


@dataclass(frozen=True)
class Places:
    """All miners of a site and the tanks they stand in.

    Attributes:
        miners: Every miner, in the order of the inventory.
        index: Index in `miners` by device id.
        tanks: By loop in the order of the site file, then by natural order of their names.
        tank_of: Index in `tanks` of each miner; -1 when it is not placed.
        placed: How many stand in a tank.
        profiles: Profile ids of the miners, each once, in the order of the inventory.
    """

    miners: tuple[Device, ...]
    index: dict[UUID, int]
    tanks: tuple[Tank, ...]
    tank_of: Indices
    placed: int
    profiles: tuple[str, ...] = ()


def natural(text: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key by which T9 comes before T10."""
    return tuple((0, int(part)) if part.isdecimal() else (1, part.casefold()) for part in _DIGITS.split(text) if part)


def read_places(site: Site) -> Places:
    """Work out the grids of a site."""
    miners = tuple(device for device in site.devices if device.kind is DeviceKind.MINER)
    index = {device.id: at for at, device in enumerate(miners)}
    grouped: dict[str, list[tuple[int, int, int]]] = {}
    for at, device in enumerate(miners):
        placed = _parse(device.place)
        if placed is not None:
            path, row, slot = placed
            grouped.setdefault(path, []).append((at, row, slot))
    feeds = _feeds_by_target(site.feeds)
    loops = {path: _loop_of(path, (miners[at] for at, _, _ in cells), site.loops) for path, cells in grouped.items()}
    order = {loop.name: at for at, loop in enumerate(site.loops)}
    paths = sorted(grouped, key=lambda path: (order.get(loops[path], len(order)), natural(path)))
    tanks = tuple(_tank(path, loops[path], grouped[path], miners, feeds) for path in paths)
    tank_of = np.full(len(miners), -1, np.int64)
    for at, tank in enumerate(tanks):
        tank_of[tank.miners] = at
    profiles = tuple(dict.fromkeys(device.profile for device in miners if device.profile))
    return Places(miners, index, tanks, tank_of, int(np.count_nonzero(tank_of >= 0)), profiles)


def _parse(place: str) -> tuple[str, int, int] | None:
    """Tank path, row and slot, both from 1; row 0 where the path names a slot alone, slot 0 where it names none."""
    parts = [part for part in place.split("/") if part]
    if not parts:
        return None
    numbers: list[int] = []
    while len(parts) > 1 and len(numbers) < 2 and parts[-1].isdecimal():
        numbers.insert(0, int(parts.pop()))
    row, slot = (numbers[0], numbers[1]) if len(numbers) == 2 else (0, numbers[0] if numbers else 0)
    if row > _MOST_ROWS or slot > _MOST_ROWS * _MOST_COLUMNS or (row and not 0 < slot <= _MOST_COLUMNS):
        return None
    return "/".join(parts), row, slot


def _tank(
    path: str,
    loop: str,
    members: Sequence[tuple[int, int, int]],
    miners: Sequence[Device],
    feeds: dict[str, str],
) -> Tank:
    """Lay a tank out. Two miners in one slot (a typing error) share the cell: the later one is drawn."""
    if all(row > 0 for _, row, _ in members):
        columns = max(slot for _, _, slot in members)
        cells = [(row - 1) * columns + slot - 1 for _, row, slot in members]
    else:
        numbered = all(slot > 0 for _, _, slot in members)
        cells = [slot - 1 if numbered else at for at, (_, _, slot) in enumerate(members)]
        columns = min(_DEFAULT_COLUMNS, max(cells) + 1)
    rows = max(cells) // columns + 1
    sources = [feeds.get(miners[at].name, "").rpartition("/")[0] for at, _, _ in members]
    return Tank(
        id=path,
        title=path.rpartition("/")[2],
        loop=loop,
        columns=columns,
        rows=rows,
        miners=np.array([at for at, _, _ in members], np.int64),
        cells=np.array(cells, np.int64),
        foot=_foot(sorted({source for source in sources if source}, key=natural)),
        gap_after=_gap(sources, [cell // columns for cell in cells]),
    )


def _feeds_by_target(feeds: Iterable[Feed]) -> dict[str, str]:
    return {feed.target: feed.source for feed in feeds}


def _foot(sources: Sequence[str]) -> str:
    """Like "PDU-27" and "PDU-28" together: "PDU 27, 28"."""
    split = [source.rpartition("-") for source in sources]
    stems = {stem for stem, _, _ in split}
    if len(sources) > 1 and len(stems) == 1 and "" not in stems:
        return f"{stems.pop()} {', '.join(tail for _, _, tail in split)}"
    return ", ".join(sources)


def _gap(sources: Sequence[str], rows: Sequence[int]) -> int:
    """The row after which another PDU feeds the tank, when the PDUs divide it by rows; else -1."""
    by_source: dict[str, tuple[int, int]] = {}
    for source, row in zip(sources, rows, strict=True):
        if source:
            low, high = by_source.get(source, (row, row))
            by_source[source] = (min(low, row), max(high, row))
    if len(by_source) != 2:
        return -1
    (_, upper_last), (lower_first, _) = sorted(by_source.values())
    return upper_last if upper_last < lower_first else -1


def _loop_of(path: str, members: Iterable[Device], loops: Sequence[Loop]) -> str:
    names = {device.name for device in members}
    for loop in loops:
        for cooled in loop.cools:
            if path == cooled or path.startswith(f"{cooled}/") or cooled in names:
                return loop.name
    return ""
