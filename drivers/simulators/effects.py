"""Standing faults turned into flags over the rows of a site, and the reading of a fault's target."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from drivers.core.identity import DeviceKind
from drivers.simulators.blueprint import Blueprint, Entry
from drivers.simulators.faults import Fault, FaultKind
from drivers.simulators.models import BOARDS
from drivers.simulators.topology import Flags, Floats, Topology

FANS = 4
PUMPS = 2
FREEZABLE = (
    "supply_temp",
    "return_temp",
    "flow",
    "pressure",
    "pressure_drop",
    "level",
    "leak",
    "heat",
    "pump_speed",
    "pump_state",
    "heartbeat",
    "ambient_temp",
)
"""Points of a plant that `frozen_sensor` takes one by one."""


@dataclass(slots=True)
class Effects:
    """What the standing faults do, by row.

    `hung` and `slow` are keyed by device name and hold for every kind, `trickling` for miners; `frozen` holds `device`
    or `device/point`.
    `wrong_clock` (seconds ahead) and `empty_log` are about the logs of plants, by name.
    """

    dead: Flags
    broken: Flags
    pool_lost: Flags
    frozen_miner: Flags
    dead_board: Flags
    dead_fan: Flags
    outlet_off: Flags
    bank_tripped: Flags
    pump_tripped: Flags
    leak: Flags
    hung: set[str] = field(default_factory=set)
    slow: dict[str, float] = field(default_factory=dict)
    trickling: dict[str, float] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)
    wrong_clock: dict[str, float] = field(default_factory=dict)
    empty_log: set[str] = field(default_factory=set)


class FaultReader:
    """Knows the names of a site and turns faults into `Effects`."""

    def __init__(self, blueprint: Blueprint, topology: Topology) -> None:
        self._topology = topology
        self._devices = {entry.name: entry for entry in blueprint.devices}
        self._rows: dict[str, int] = {}
        for entries in (blueprint.miners, blueprint.pdus, blueprint.plants, blueprint.meters):
            self._rows.update({entry.name: row for row, entry in enumerate(entries)})
        self._places = np.array([entry.place for entry in blueprint.miners], np.str_)
        self._miners = blueprint.miners
        self._loop_cools = {loop.name: loop.cools for loop in blueprint.loops}
        self._loop_rows = {name: row for row, name in enumerate(topology.loops)}
        self._apply: Mapping[FaultKind, Callable[[Effects, Fault], None]] = {
            FaultKind.DEAD_MINER: self._dead,
            FaultKind.HUNG_API: self._hung,
            FaultKind.BROKEN_JSON: self._broken,
            FaultKind.SLOW_DEVICE: self._slow,
            FaultKind.TRICKLING: self._trickling,
            FaultKind.DEAD_BOARD: self._dead_board,
            FaultKind.DEAD_FAN: self._dead_fan,
            FaultKind.POOL_LOSS: self._pool_loss,
            FaultKind.OUTLET_OFF: self._outlet_off,
            FaultKind.BREAKER_TRIP: self._breaker_trip,
            FaultKind.PUMP_TRIP: self._pump_trip,
            FaultKind.LEAK: self._leak,
            FaultKind.FROZEN_SENSOR: self._frozen,
            FaultKind.WRONG_CLOCK: self._wrong_clock,
            FaultKind.EMPTY_LOG: self._empty_log,
        }

    def read(self, faults: Iterable[Fault]) -> Effects:
        """The combined flags of these faults. Raises ValueError where a target is not on the site."""
        miners, topology = len(self._places), self._topology
        effects = Effects(
            dead=np.zeros(miners, np.bool_),
            broken=np.zeros(miners, np.bool_),
            pool_lost=np.zeros(miners, np.bool_),
            frozen_miner=np.zeros(miners, np.bool_),
            dead_board=np.zeros((miners, BOARDS), np.bool_),
            dead_fan=np.zeros((miners, FANS), np.bool_),
            outlet_off=np.zeros(len(topology.pdu_of_outlet), np.bool_),
            bank_tripped=np.zeros((len(topology.outlet_start) - 1) * topology.banks, np.bool_),
            pump_tripped=np.zeros((len(topology.loops), PUMPS), np.bool_),
            leak=np.zeros(len(topology.loops), np.bool_),
        )
        for fault in faults:
            self._apply[fault.kind](effects, fault)
        return effects

    def check(self, fault: Fault) -> None:
        """Raises ValueError when the fault's target or amount makes no sense on this site."""
        self.read((fault,))

    def _miner_rows(self, target: str) -> Flags:
        """Miners meant by a name, a place, a loop or `*`."""
        entry = self._devices.get(target)
        chosen = np.zeros(len(self._places), np.bool_)
        if entry is not None and entry.kind is DeviceKind.MINER:
            chosen[self._rows[target]] = True
        elif target == "*":
            chosen[:] = True
        elif target in self._loop_cools:
            for place in self._loop_cools[target]:
                chosen |= self._miner_rows(place)
        else:
            chosen = (self._places == target) | np.char.startswith(self._places, f"{target}/")
        if not chosen.any():
            raise ValueError(f"no miner of this site is meant by {target!r}")
        return chosen

    def _device_names(self, target: str) -> tuple[str, ...]:
        if target in self._devices:
            return (target,)
        return tuple(self._miners[row].name for row in np.flatnonzero(self._miner_rows(target)))

    def _split(self, target: str, kind: DeviceKind) -> tuple[Entry, int]:
        """`device/number` of that kind."""
        name, _, number = target.rpartition("/")
        entry = self._devices.get(name)
        if entry is None or entry.kind is not kind or not number.isascii() or not number.isdigit():
            raise ValueError(f"{target!r} is no {kind} and number, as in PDU-01/3")
        return entry, int(number)

    def _loop_row(self, target: str) -> int:
        """The loop of that name, or the one that a plant of that name drives."""
        if target in self._loop_rows:
            return self._loop_rows[target]
        entry = self._devices.get(target)
        if entry is None or entry.kind is not DeviceKind.PLANT:
            raise ValueError(f"{target!r} is neither a plant nor a loop of this site")
        row = int(self._topology.loop_of_plant[self._rows[target]])
        if row < 0:
            raise ValueError(f"the plant {target} drives no loop")
        return row

    def _dead(self, effects: Effects, fault: Fault) -> None:
        effects.dead |= self._miner_rows(fault.target)

    def _broken(self, effects: Effects, fault: Fault) -> None:
        effects.broken |= self._miner_rows(fault.target)

    def _pool_loss(self, effects: Effects, fault: Fault) -> None:
        effects.pool_lost |= self._miner_rows(fault.target)

    def _hung(self, effects: Effects, fault: Fault) -> None:
        effects.hung.update(self._device_names(fault.target))

    def _slow(self, effects: Effects, fault: Fault) -> None:
        delay = 2.0 if fault.amount is None else fault.amount
        effects.slow.update(dict.fromkeys(self._device_names(fault.target), delay))

    def _trickling(self, effects: Effects, fault: Fault) -> None:
        delay = 1.0 if fault.amount is None else fault.amount
        rows = np.flatnonzero(self._miner_rows(fault.target))
        effects.trickling.update(dict.fromkeys((self._miners[row].name for row in rows), delay))

    def _dead_board(self, effects: Effects, fault: Fault) -> None:
        effects.dead_board[self._miner_rows(fault.target), _part(fault, 2, BOARDS)] = True

    def _dead_fan(self, effects: Effects, fault: Fault) -> None:
        effects.dead_fan[self._miner_rows(fault.target), _part(fault, 1, FANS)] = True

    def _outlet_off(self, effects: Effects, fault: Fault) -> None:
        entry, number = self._split(fault.target, DeviceKind.PDU)
        start, stop = self._topology.outlet_start[self._rows[entry.name] :][:2]
        if not 1 <= number <= stop - start:
            raise ValueError(f"{entry.name} has outlets 1 to {stop - start}, not {number}")
        effects.outlet_off[start + number - 1] = True

    def _breaker_trip(self, effects: Effects, fault: Fault) -> None:
        entry, number = self._split(fault.target, DeviceKind.PDU)
        if not 1 <= number <= self._topology.banks:
            raise ValueError(f"{entry.name} has banks 1 to {self._topology.banks}, not {number}")
        effects.bank_tripped[self._rows[entry.name] * self._topology.banks + number - 1] = True

    def _pump_trip(self, effects: Effects, fault: Fault) -> None:
        name, _, number = fault.target.rpartition("/")
        if name and number in {"1", "2"}:
            effects.pump_tripped[self._loop_row(name), int(number) - 1] = True
        else:
            effects.pump_tripped[self._loop_row(fault.target), PUMPS - 1] = True

    def _leak(self, effects: Effects, fault: Fault) -> None:
        effects.leak[self._loop_row(fault.target)] = True

    def _plant_name(self, target: str) -> str:
        entry = self._devices.get(target)
        if entry is None or entry.kind is not DeviceKind.PLANT:
            raise ValueError(f"{target!r} is no plant of this site; only plants keep a log")
        return entry.name

    def _wrong_clock(self, effects: Effects, fault: Fault) -> None:
        effects.wrong_clock[self._plant_name(fault.target)] = 600.0 if fault.amount is None else fault.amount

    def _empty_log(self, effects: Effects, fault: Fault) -> None:
        effects.empty_log.add(self._plant_name(fault.target))

    def _frozen(self, effects: Effects, fault: Fault) -> None:
        name, _, point = fault.target.rpartition("/")
        plant = self._devices.get(name)
        if plant is not None and plant.kind is DeviceKind.PLANT:
            if point not in FREEZABLE:
                raise ValueError(f"{name} has no sensor {point!r}; it has {', '.join(FREEZABLE)}")
            effects.frozen.add(fault.target)
        elif fault.target in self._devices and self._devices[fault.target].kind is not DeviceKind.MINER:
            effects.frozen.add(fault.target)
        else:
            effects.frozen_miner |= self._miner_rows(fault.target)


def _part(fault: Fault, default: int, most: int) -> int:
    number = default if fault.amount is None else int(fault.amount)
    if not 1 <= number <= most:
        raise ValueError(f"{fault.kind} takes 1 to {most}, not {number}")
    return number - 1


def floats(rows: int, value: float = 0.0) -> Floats:
    """A column of one value."""
    return np.full(rows, value)
