"""The whole of a virtual site's physics: one clock, one step, every part acting on the next."""

import numpy as np

from drivers.simulators.blueprint import Blueprint
from drivers.simulators.effects import Effects, FaultReader
from drivers.simulators.electricity import Electricity
from drivers.simulators.faults import Fault, FaultKind, FaultSchedule
from drivers.simulators.hydraulics import Hydraulics
from drivers.simulators.mining import Mining
from drivers.simulators.personality import Controls
from drivers.simulators.topology import Floats, build_topology, sum_by

LONGEST_STEP = 2.0
"""Simulated seconds; longer ones are split, so that the explicit integration stays true."""


class World:
    """Miners, tanks, loops and power tree of one site under its standing faults.

    Attributes:
        now: Simulated seconds since the start.
        revision: Grows with each step and each change of faults: what was rendered before is old.
    """

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.topology = build_topology(blueprint)
        rng = np.random.default_rng(blueprint.options.seed)
        self.mining = Mining(blueprint, rng)
        self.electricity = Electricity(self.topology, rng)
        tanks = len(self.topology.tanks)
        tank = self.topology.tank_of_miner
        design_heat = np.maximum(sum_by(tank, self.mining.design_power, tanks) / 1000.0, 1e-3)
        litres = np.maximum(np.bincount(tank, minlength=tanks) * blueprint.options.coolant_litres, 0.1)
        self.hydraulics = Hydraulics(self.topology, design_heat, litres, blueprint.options.ambient)
        self.now = 0.0
        self.revision = 1
        self._reader = FaultReader(blueprint, self.topology)
        for fault in blueprint.faults:
            self._reader.check(fault)
        self._schedule = FaultSchedule(blueprint.faults)
        self.effects: Effects = self._reader.read(())
        self._controls: dict[int, Controls] = {}
        self._obeyed: dict[int, tuple[bool, float, int, int]] = {}
        self._settle()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that stand now."""
        return self._schedule.standing

    @property
    def heat(self) -> Floats:
        """What the miners give to each tank, kW."""
        return sum_by(self.topology.tank_of_miner, self.mining.power, len(self.topology.tanks)) / 1000.0

    def _settle(self) -> None:
        """Start warm and steady, with the faults of second 0 standing in an otherwise healthy site."""
        tank = self.topology.tank_of_miner
        for _ in range(3):
            self.hydraulics.settle(self.heat)
            self.mining.settle(self.hydraulics.tank_temp, self.hydraulics.share, tank, self.effects)
        self.hydraulics.carried[:] = 0.0
        if self._schedule.advance(0.0):
            self.effects = self._reader.read(self._schedule.standing)
        # Long enough for chips of a dead board to cool and short enough to leave the tanks as they are.
        for _ in range(10):
            self._advance(1.0)
        self.now = 0.0
        self.hydraulics.carried[:] = 0.0

    def set_fault(self, fault: Fault) -> None:
        """Put a fault in effect, or plan it when its `at` lies ahead. Raises ValueError for an unknown target."""
        self._reader.check(fault)
        self._schedule.set(fault)
        self._take_over()

    def clear_fault(self, kind: FaultKind | None, target: str) -> int:
        """End faults (see `FaultSchedule.clear`); how many there were."""
        cleared = self._schedule.clear(kind, target)
        self._take_over()
        return cleared

    def _take_over(self) -> None:
        self._schedule.advance(self.now)
        self.effects = self._reader.read(self._schedule.standing)
        self.revision += 1

    def follow(self, row: int, controls: Controls) -> None:
        """Let commands to the miner of that row act on it from the next step on."""
        self._controls[row] = controls
        self._obeyed[row] = False, 1.0, controls.restarts, controls.reboots

    def _obey(self) -> None:
        """Take over what commands have set since the last step."""
        mining = self.mining
        for row, controls in self._controls.items():
            wanted = controls.asleep, controls.power_share, controls.restarts, controls.reboots
            before = self._obeyed[row]
            if wanted == before:
                continue
            self._obeyed[row] = wanted
            mining.asleep[row] = controls.asleep
            mining.limit(row, controls.power_share)
            if controls.reboots != before[3]:
                mining.reboot(row)
            elif controls.restarts != before[2] or (before[0] and not controls.asleep):
                mining.restart(row)

    def step(self, seconds: float) -> None:
        """Advance by simulated seconds of any length."""
        self._obey()
        left = seconds
        while left > 1e-9:
            part = min(left, LONGEST_STEP)
            if self._schedule.advance(self.now + part):
                self.effects = self._reader.read(self._schedule.standing)
            self._advance(part)
            self.now += part
            left -= part
        self.revision += 1

    def _advance(self, seconds: float) -> None:
        hydraulics, mining, effects = self.hydraulics, self.mining, self.effects
        powered = self.electricity.powered(effects)
        tank = self.topology.tank_of_miner
        mining.step(seconds, powered, hydraulics.tank_temp, hydraulics.share, tank, effects)
        hydraulics.step(seconds, self.heat, effects)
        self.electricity.step(seconds, mining.power, self.plant_power())

    def plant_power(self) -> Floats:
        """W that each plant draws; a loop with two plants shares its power between them."""
        loop = self.topology.loop_of_plant
        plants = np.maximum(np.bincount(loop[loop >= 0], minlength=len(self.topology.loops)), 1)
        watts = self.hydraulics.power * 1000.0 / plants
        return np.where(loop >= 0, watts[loop], 0.0) if len(loop) else np.zeros(0)
