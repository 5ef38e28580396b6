"""The graphs of a virtual site as index arrays: which tank, outlet, bank, loop and meter each thing belongs to."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from drivers.core.identity import DeviceKind
from drivers.simulators.blueprint import Blueprint, Entry

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

NO_LOOP = "(air)"
"""Miners that no loop cools are cooled by an endless supply at the set temperature."""


def sum_by(rows: Indices, values: Floats, count: int) -> Floats:
    """Sums of the values that share a row, for rows 0 to count - 1."""
    return np.bincount(rows, values, count).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Topology:
    """Index arrays; -1 means none.

    Attributes:
        tanks: Names of the tanks (the first two steps of a place), in loop order.
        tank_of_miner: Row of each miner's tank.
        loop_of_tank: Row of each tank's loop.
        tank_rank: Position of each tank in its loop, 0 nearest to the pumps, 1 farthest.
        loops: Names of the loops; the last one is `NO_LOOP` when some miner has none.
        loop_of_plant: Row of each plant's loop.
        outlet_start: First flat outlet row of each PDU, and one past the last PDU's.
        outlet_of_miner: Flat outlet row that feeds each miner.
        bank_of_outlet: Flat bank row of each outlet.
        pdu_of_outlet: PDU row of each outlet.
        line_of_outlet: Line (0, 1, 2) each outlet hangs on.
        banks: Banks of one PDU.
        pdus_of_meter: PDU rows behind each meter.
        plants_of_meter: Plant rows behind each meter.
        miners_of_meter: Miner rows directly behind each meter.
    """

    tanks: tuple[str, ...]
    tank_of_miner: Indices
    loop_of_tank: Indices
    tank_rank: Floats
    loops: tuple[str, ...]
    loop_of_plant: Indices
    outlet_start: Indices
    outlet_of_miner: Indices
    bank_of_outlet: Indices
    pdu_of_outlet: Indices
    line_of_outlet: Indices
    banks: int
    pdus_of_meter: tuple[Indices, ...]
    plants_of_meter: tuple[Indices, ...]
    miners_of_meter: tuple[Indices, ...]

    def tanks_of_loop(self, loop: int) -> Indices:
        """Rows of a loop's tanks in order."""
        return np.flatnonzero(self.loop_of_tank == loop)


def build_topology(blueprint: Blueprint) -> Topology:
    """Index a site. Raises ValueError where a feed names an outlet twice or one that a PDU does not have."""
    cooling = _cooling(blueprint)
    power = _power(blueprint)
    meters = _meters(blueprint)
    return Topology(*cooling, *power, *meters)


def tank_name(entry: Entry) -> str:
    """The tank or rack that a place lies in: its first two steps."""
    return "/".join(entry.place.split("/")[:2])


def _cooling(
    blueprint: Blueprint,
) -> tuple[tuple[str, ...], Indices, Indices, Floats, tuple[str, ...], Indices]:
    cooled = {name: (loop, at) for loop, entry in enumerate(blueprint.loops) for at, name in enumerate(entry.cools)}
    spots: dict[tuple[str, str], tuple[int, int]] = {}
    order: dict[str, tuple[int, int]] = {}
    names: list[str] = []
    for miner in blueprint.miners:
        tank = tank_name(miner)
        by_name = miner.name in cooled
        key = (tank, miner.name if by_name else "")
        if key not in spots:
            spots[key] = cooled[miner.name] if by_name else _coolest(tank, cooled, len(blueprint.loops))
        label = tank or NO_LOOP
        if spots[key][0] != order.get(label, spots[key])[0]:
            label = f"{label} ({blueprint.loops[spots[key][0]].name})"
        order.setdefault(label, spots[key])
        names.append(label)
    tanks = tuple(sorted(order, key=lambda name: order[name]))
    row_of = {name: row for row, name in enumerate(tanks)}
    loop_of_tank = np.array([order[name][0] for name in tanks], np.int64)
    loops = tuple(loop.name for loop in blueprint.loops) + ((NO_LOOP,) if len(blueprint.loops) in loop_of_tank else ())
    rank = np.zeros(len(tanks))
    for loop in range(len(loops)):
        of_loop = np.flatnonzero(loop_of_tank == loop)
        rank[of_loop] = np.linspace(0.0, 1.0, len(of_loop)) if len(of_loop) > 1 else 0.5
    plants = {name: loop for loop, entry in enumerate(blueprint.loops) for name in entry.plant}
    return (
        tanks,
        np.array([row_of[name] for name in names], np.int64),
        loop_of_tank,
        rank,
        loops,
        np.array([plants.get(plant.name, -1) for plant in blueprint.plants], np.int64),
    )


def _coolest(tank: str, cooled: dict[str, tuple[int, int]], none: int) -> tuple[int, int]:
    """The loop whose place holds this tank, the most precise place first."""
    steps = tank.split("/")
    for length in range(len(steps), 0, -1):
        found = cooled.get("/".join(steps[:length]))
        if found is not None:
            return found
    return none, 0


def _power(blueprint: Blueprint) -> tuple[Indices, Indices, Indices, Indices, Indices, int]:
    miner_row = {entry.name: row for row, entry in enumerate(blueprint.miners)}
    pdu_row = {entry.name: row for row, entry in enumerate(blueprint.pdus)}
    outlets = np.full(len(blueprint.pdus), max(blueprint.options.outlets, 1), np.int64)
    if not blueprint.options.outlets:
        for feed in blueprint.feeds:
            if feed.source in pdu_row:
                outlets[pdu_row[feed.source]] = max(outlets[pdu_row[feed.source]], feed.outlet)
    start = np.concatenate([[0], np.cumsum(outlets)]).astype(np.int64)
    outlet_of_miner = np.full(len(blueprint.miners), -1, np.int64)
    taken: set[int] = set()
    starts, counts = start.tolist(), outlets.tolist()
    for feed in blueprint.feeds:
        pdu, miner = pdu_row.get(feed.source), miner_row.get(feed.target)
        if pdu is None or miner is None or not feed.outlet:
            continue
        if feed.outlet > counts[pdu]:
            raise ValueError(f"{feed.source} has {counts[pdu]} outlets, and {feed.target} hangs on {feed.outlet}")
        outlet = starts[pdu] + feed.outlet - 1
        if outlet in taken:
            raise ValueError(f"outlet {feed.source}/{feed.outlet} feeds two miners")
        taken.add(outlet)
        outlet_of_miner[miner] = outlet
    banks = blueprint.options.banks
    pdu_of_outlet = np.repeat(np.arange(len(blueprint.pdus)), outlets)
    number = np.arange(len(pdu_of_outlet)) - np.repeat(start[:-1], outlets)
    bank = number * banks // np.repeat(outlets, outlets)
    return start, outlet_of_miner, pdu_of_outlet * banks + bank, pdu_of_outlet, number % 3, banks


def _meters(blueprint: Blueprint) -> tuple[tuple[Indices, ...], tuple[Indices, ...], tuple[Indices, ...]]:
    behind: dict[str, list[str]] = {}
    for feed in blueprint.feeds:
        behind.setdefault(feed.source, []).append(feed.target)
    rows = {
        kind: {entry.name: row for row, entry in enumerate(entries)}
        for kind, entries in (
            (DeviceKind.PDU, blueprint.pdus),
            (DeviceKind.PLANT, blueprint.plants),
            (DeviceKind.MINER, blueprint.miners),
        )
    }
    found: dict[DeviceKind, list[Indices]] = {kind: [] for kind in rows}
    for meter in blueprint.meters:
        names = behind.get(meter.name, [])
        for kind, of_kind in rows.items():
            found[kind].append(np.array([of_kind[name] for name in names if name in of_kind], np.int64))
    return tuple(found[DeviceKind.PDU]), tuple(found[DeviceKind.PLANT]), tuple(found[DeviceKind.MINER])
