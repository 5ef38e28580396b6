"""What the plant controllers and meters of a virtual site hold in their Modbus registers now.

Written against the manufacturers' documents: docs/devices/generic-cdu.md (revision 1) for the CDU, Carlo Gavazzi
"EM24-DIN Ethernet communication protocol" for the meter (INT32 with the low word first).
"""

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from drivers.simulators.blueprint import Entry
from drivers.simulators.electricity import LINE_VOLTAGE, POWER_FACTOR
from drivers.simulators.hydraulics import LEAK_RATE, PUMP_SPEED, SUPPLY_SETPOINT
from drivers.simulators.world import World

CDU_INPUT: Final = 172
CDU_HOLDING: Final = 6
CDU_MARK: Final = 0x4344
CDU_TANKS: Final = 32
SUPPLY_LIMIT: Final = 45.0
LEVEL_LOW: Final = 40.0
MINIMUM_FLOW_SHARE: Final = 0.91
"""Of the design flow: what is commissioned as the loop's minimum."""
METER_INPUT: Final = 0x60
METER_IDENTIFICATION_AT: Final = 0x0B
METER_IDENTIFICATION: Final = 1651
GRID_FREQUENCY: Final = 60.0
NOT_CONNECTED: Final = 0x8000
NOT_CONNECTED_FLOW: Final = 0xFFFF
CDU_PLACES: Final = {
    "heartbeat": (2, 1),
    "supply_temp": (10, 1),
    "return_temp": (11, 1),
    "flow": (12, 2),
    "pressure": (14, 1),
    "pressure_drop": (15, 1),
    "level": (16, 1),
    "leak": (17, 1),
    "heat": (18, 2),
    "ambient_temp": (24, 1),
}
"""Address and count of each point that can freeze alone."""
CDU_PUMP_PLACES: Final = {"pump_speed": (20, 22), "pump_state": (21, 23)}


@dataclass(slots=True)
class Bank:
    """The registers of one device as they stand on the wire.

    Attributes:
        input: Input registers, big endian.
        holding: Holding registers, big endian.
        alone: Registers that read differently when asked alone: address to contents.
    """

    input: bytes
    holding: bytes
    alone: dict[int, bytes] = field(default_factory=dict)


def _short(value: float) -> int:
    return int(np.clip(round(value), -32767, 32767)) & 0xFFFF


def _unsigned(value: float, most: int = 0xFFFE) -> int:
    return int(np.clip(round(value), 0, most))


def _long(value: float) -> tuple[int, int]:
    whole = _unsigned(value, 0xFFFFFFFE)
    return whole >> 16, whole & 0xFFFF


def _pack(words: list[int]) -> bytes:
    return struct.pack(f">{len(words)}H", *words)


class Registers:
    """The register banks of all plants and meters, made anew after each step when somebody asks."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = np.random.default_rng(world.blueprint.options.seed + 2)
        self._kept: dict[str, tuple[int, Bank]] = {}
        self._started = time.monotonic()

    def plant(self, row: int) -> Bank:
        """The registers of a plant controller."""
        entry = self._world.blueprint.plants[row]
        return self._kept_or(entry, row, self._cdu)

    def meter(self, row: int) -> Bank:
        """The registers of a meter."""
        entry = self._world.blueprint.meters[row]
        return self._kept_or(entry, row, self._em24)

    def _kept_or(self, entry: Entry, row: int, make: Callable[[int], Bank]) -> Bank:
        kept = self._kept.get(entry.name)
        if kept is not None and (kept[0] == self._world.revision or entry.name in self._world.effects.frozen):
            return kept[1]
        bank = make(row)
        if kept is not None:
            self._freeze(entry.name, kept[1], bank)
        self._kept[entry.name] = (self._world.revision, bank)
        return bank

    def _freeze(self, name: str, old: Bank, new: Bank) -> None:
        """Single frozen points keep their old registers."""
        for target in self._world.effects.frozen:
            device, _, point = target.rpartition("/")
            if device != name:
                continue
            pumps = CDU_PUMP_PLACES.get(point)
            places = [CDU_PLACES[point]] if pumps is None else [(at, 1) for at in pumps]
            for at, count in places:
                span = slice(2 * at, 2 * (at + count))
                new.input = new.input[: span.start] + old.input[span] + new.input[span.stop :]

    def _noise(self, size: float) -> float:
        return float(self._rng.normal(0.0, size))

    def _cdu(self, row: int) -> Bank:
        world, loop = self._world, int(self._world.topology.loop_of_plant[row])
        hydraulics = world.hydraulics
        words = [0] * CDU_INPUT
        words[0], words[1] = CDU_MARK, 1
        words[2] = int(time.monotonic() - self._started) & 0xFFFF
        minimum = 0.0
        if loop >= 0:
            flow, supply, level = (
                float(value[loop]) for value in (hydraulics.flow, hydraulics.supply_temp, hydraulics.level)
            )
            minimum = MINIMUM_FLOW_SHARE * float(hydraulics.design_flow[loop])
            leaking = bool(hydraulics.leak[loop])
            states = hydraulics.pump_state[loop].tolist()
            words[3] = self._status(states, leaking, level, supply, flow < minimum)
            words[10] = _short(10 * (supply + self._noise(0.04)))
            words[11] = _short(10 * (float(hydraulics.return_temp[loop]) + self._noise(0.04)))
            words[12:14] = _long(10 * flow * (1 + self._noise(0.002)))
            words[14] = _unsigned(10 * (float(hydraulics.pressure[loop]) + self._noise(0.3)))
            words[15] = _short(10 * (float(hydraulics.pressure_drop[loop]) + self._noise(0.3)))
            words[16] = _unsigned(10 * max(level + self._noise(LEAK_RATE / 2), 0.0))
            words[17] = int(leaking)
            words[18:20] = _long(10 * max(float(hydraulics.heat[loop]), 0.0))
            for pump, speed in enumerate(hydraulics.pump_speed[loop].tolist()):
                words[20 + 2 * pump] = _unsigned(10 * speed)
                words[21 + 2 * pump] = states[pump]
        words[24] = _short(10 * (hydraulics.ambient + self._noise(0.05)))
        self._tanks(words, loop)
        speed = _unsigned(10 * PUMP_SPEED)
        holding = [_short(10 * SUPPLY_SETPOINT), speed, speed, _short(10 * SUPPLY_LIMIT), *_long(10 * minimum)]
        return Bank(_pack(words), _pack(holding))

    @staticmethod
    def _status(states: list[int], leaking: bool, level: float, supply: float, flow_low: bool) -> int:
        bits = (1 in states, 2 in states, leaking, level < LEVEL_LOW, supply > SUPPLY_LIMIT, flow_low)
        return sum(1 << bit for bit, is_set in enumerate(bits) if is_set)

    def _tanks(self, words: list[int], loop: int) -> None:
        tanks = self._world.topology.tanks_of_loop(loop)[:CDU_TANKS]
        hydraulics = self._world.hydraulics
        words[100 : 100 + CDU_TANKS] = [NOT_CONNECTED] * CDU_TANKS
        words[140 : 140 + CDU_TANKS] = [NOT_CONNECTED_FLOW] * CDU_TANKS
        for at, tank in enumerate(tanks.tolist()):
            words[100 + at] = _short(10 * (float(hydraulics.tank_temp[tank]) + self._noise(0.04)))
            words[140 + at] = _unsigned(10 * float(hydraulics.tank_flow[tank]))

    def _em24(self, row: int) -> Bank:
        electricity = self._world.electricity
        power = electricity.meter_power[row]
        pdus = len(self._world.blueprint.pdus)
        voltage = electricity.voltage[pdus + row] + self._rng.normal(0.0, 0.15, 3)
        total = float(power.sum())
        words = [0] * METER_INPUT

        def put(address: int, value: float) -> None:
            whole = int(np.clip(round(value), -(2**31), 2**31 - 1)) & 0xFFFFFFFF
            words[address : address + 2] = [whole & 0xFFFF, whole >> 16]

        for line in range(3):
            put(0x00 + 2 * line, 10 * voltage[line])
            put(0x06 + 2 * line, 10 * LINE_VOLTAGE * 3**0.5)
            put(0x0C + 2 * line, 1000 * power[line] / (voltage[line] * POWER_FACTOR))
            put(0x12 + 2 * line, 10 * power[line])
            put(0x18 + 2 * line, 10 * power[line] / POWER_FACTOR)
            words[0x2E + line] = words[0x31] = _short(1000 * POWER_FACTOR)
        put(0x24, 10 * float(voltage.mean()))
        put(0x26, 10 * LINE_VOLTAGE * 3**0.5)
        put(0x28, 10 * total)
        put(0x2A, 10 * total / POWER_FACTOR)
        words[0x33] = _unsigned(10 * (GRID_FREQUENCY + self._noise(0.015)))
        put(0x34, 10 * float(electricity.meter_energy[row]))
        contents = _pack(words)
        return Bank(contents, contents, {METER_IDENTIFICATION_AT: _pack([METER_IDENTIFICATION])})
