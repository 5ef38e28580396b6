"""Pumps, flows, tanks and dry coolers of all loops, stepped together.

Conservation of energy per tank, C dT/dt = Q - F c (T - T_supply); pumps in parallel on a system curve with
flow ~ (sum of speeds)^1.5 and pressure drop ~ flow squared (affinity laws, fitted to one pump of two at 97 %
giving 55 % of the flow).
"""

import numpy as np

from drivers.simulators.effects import PUMPS, Effects, floats
from drivers.simulators.topology import NO_LOOP, Floats, Topology, sum_by

HEAT_CAPACITY = 1.76
"""Of the coolant, kJ per litre and kelvin (single-phase dielectric fluid, 0.80 kg/L x 2.2 kJ/kg K)."""
DESIGN_RISE = 10.0
"""Kelvin between supply and return at full heat and full flow."""
SUPPLY_SETPOINT = 40.0
PUMP_SPEED = 72.0
"""Per cent, each of two pumps in normal running."""
PUMP_SPEED_ALONE = 97.0
PUMP_LAG = 2.5
COOLER_LAG = 25.0
COOLER_EFFECT = 0.62
"""Greatest share of (return - ambient) that the dry cooler takes out of the coolant."""
COOLER_DROOP = 0.15
"""Kelvin of supply temperature for each kelvin of rise above the design."""
DRIFT = 0.03
"""Share of the flow that goes on by natural circulation when no pump runs."""
PUMP_POWER = 45.0
"""kW of one pump at 100 %, for 1,456 miners; scales with the design flow."""
PUMP_POWER_FLOW = 9240.0
LEAK_RATE = 0.08
"""Per cent of level lost each second."""
REFILL_RATE = 0.02
LEVEL = 80.0


class Hydraulics:
    """State of every loop and tank.

    Attributes:
        tank_temp: Coolant leaving each tank, degC.
        supply_temp: Coolant leaving each loop's cooler, degC.
        return_temp: Mixed coolant back from the tanks, degC.
        tank_flow: L/min.
        share: Flow of each tank over its design flow.
        pump_speed: Per cent, loops x pumps.
        level: Per cent of each loop's surge tank.
        carried: kJ that each loop's coolant has taken out of its tanks since the start.
    """

    def __init__(self, topology: Topology, design_heat: Floats, litres: Floats, ambient: float) -> None:
        loops = len(topology.loops)
        self._topology = topology
        self._endless = np.array([name == NO_LOOP for name in topology.loops], np.bool_)
        self._loop_of_tank = topology.loop_of_tank
        self._litres = litres
        self._design_flow = design_heat / (HEAT_CAPACITY * DESIGN_RISE) * 60.0
        """L/min of each tank that carries its design heat (kW) at the design rise."""
        self.design_flow = self._per_loop(self._design_flow)
        self.ambient = ambient
        self.pump_speed = np.full((loops, PUMPS), PUMP_SPEED)
        self.pump_state = np.ones((loops, PUMPS), np.int64)
        self.level = floats(loops, LEVEL)
        self.leak = np.zeros(loops, np.bool_)
        self.supply_temp = floats(loops, SUPPLY_SETPOINT)
        self.return_temp = floats(loops, SUPPLY_SETPOINT)
        self.tank_temp = floats(len(topology.tanks), SUPPLY_SETPOINT + DESIGN_RISE)
        self.carried = floats(loops)
        self.share = floats(len(topology.tanks), 1.0)
        self.tank_flow = self._design_flow.copy()
        self.flow = self.design_flow.copy()

    def _per_loop(self, of_tanks: Floats) -> Floats:
        return sum_by(self._loop_of_tank, of_tanks, len(self._topology.loops))

    @property
    def heat_capacity(self) -> Floats:
        """kJ/K of each tank."""
        return self._litres * HEAT_CAPACITY

    @property
    def flow_share(self) -> Floats:
        """Flow of each loop over its design flow."""
        share: Floats = np.maximum((self.pump_speed.sum(axis=1) / (PUMPS * PUMP_SPEED)) ** 1.5, DRIFT)
        return share

    @property
    def heat(self) -> Floats:
        """Heat that each loop's coolant carries now, kW."""
        return self.flow / 60.0 * HEAT_CAPACITY * (self.return_temp - self.supply_temp)

    @property
    def pressure_drop(self) -> Floats:
        """Across the tanks of each loop, kPa: 148 at design flow."""
        return 148.0 * self.flow_share**2

    @property
    def pressure(self) -> Floats:
        """In the supply header, kPa; falls with the pumps and with the level."""
        return (70.0 + 142.0 * self.flow_share**2) * np.clip(self.level / LEVEL, 0.0, 1.05)

    @property
    def power(self) -> Floats:
        """What each loop's pumps and cooler fans draw, kW."""
        size = self.design_flow / PUMP_POWER_FLOW
        pumps = PUMP_POWER * size * ((self.pump_speed / 100.0) ** 3).sum(axis=1)
        return np.where(self._endless, 0.0, pumps + 0.012 * np.maximum(self.heat, 0.0))

    def settle(self, heat: Floats) -> None:
        """Put everything where it ends up under this constant heat (kW per tank)."""
        for _ in range(60):
            self._distribute()
            self.tank_temp = self._supply_of_tank() + heat * 60.0 / (self.tank_flow * HEAT_CAPACITY)
            self._mix()
            self.supply_temp = self._supply_target()

    def step(self, seconds: float, heat: Floats, effects: Effects) -> None:
        """Advance by at most a few seconds under this heat (kW per tank)."""
        self._drive_pumps(seconds, effects)
        self._distribute()
        taken = self.tank_flow / 60.0 * HEAT_CAPACITY * (self.tank_temp - self._supply_of_tank())
        self.tank_temp = self.tank_temp + seconds * (heat - taken) / self.heat_capacity
        self.carried += seconds * self._per_loop(taken)
        self._mix()
        self.supply_temp += (self._supply_target() - self.supply_temp) * (1.0 - np.exp(-seconds / COOLER_LAG))
        self.leak = effects.leak
        falling = np.where(self.leak, -LEAK_RATE, REFILL_RATE) * seconds
        self.level = np.clip(self.level + falling, 0.0, LEVEL)

    def _drive_pumps(self, seconds: float, effects: Effects) -> None:
        running = ~effects.pump_tripped
        alone = running.sum(axis=1, keepdims=True) < PUMPS
        wanted = np.where(running, np.where(alone, PUMP_SPEED_ALONE, PUMP_SPEED), 0.0)
        self.pump_speed += (wanted - self.pump_speed) * (1.0 - np.exp(-seconds / PUMP_LAG))
        self.pump_speed[~running & (self.pump_speed < 1.0)] = 0.0
        self.pump_state = np.where(running, 1, 2)

    def _distribute(self) -> None:
        """Share the flow among a loop's tanks: the farther from the pumps, the less, more so at low pressure."""
        share = self.flow_share[self._loop_of_tank]
        weight = 1.0 - (0.015 + 0.6 * np.maximum(1.0 - share, 0.0)) * self._topology.tank_rank
        mean = self._per_loop(weight * self._design_flow) / np.maximum(self.design_flow, 1e-9)
        self.share = np.where(self._endless[self._loop_of_tank], 1.0, share * weight / mean[self._loop_of_tank])
        self.tank_flow = self._design_flow * self.share
        self.flow = self._per_loop(self.tank_flow)

    def _mix(self) -> None:
        self.return_temp = np.where(
            self.flow > 0.0,
            self._per_loop(self.tank_flow * self.tank_temp) / np.maximum(self.flow, 1e-9),
            self.supply_temp,
        )

    def _supply_of_tank(self) -> Floats:
        supply: Floats = self.supply_temp[self._loop_of_tank]
        return supply

    def _supply_target(self) -> Floats:
        """What the dry cooler can hold: the set-point with its droop, or all it can at this ambient."""
        rise = np.maximum(self.return_temp - self.supply_temp, 0.0)
        held = SUPPLY_SETPOINT + COOLER_DROOP * np.maximum(rise - DESIGN_RISE, 0.0)
        coldest = self.return_temp - COOLER_EFFECT * np.maximum(self.return_temp - self.ambient, 0.0)
        return np.where(self._endless, SUPPLY_SETPOINT, np.maximum(held, coldest))
