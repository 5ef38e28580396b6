"""Outlets, banks, lines and meters: where the power of the miners and of the plant is seen."""

import numpy as np

from drivers.simulators.effects import Effects, floats
from drivers.simulators.topology import Flags, Floats, Topology, sum_by

LINE_VOLTAGE = 240.0
"""Volts, line to neutral, at every outlet."""
POWER_FACTOR = 0.98
LINES = 3


class Electricity:
    """State of the power tree.

    Attributes:
        outlet_on: Relay state of each outlet.
        outlet_power: W of each outlet.
        bank_current: A on the most loaded line of each bank.
        line_power: W on each line, PDUs x 3.
        pdu_energy: kWh of each PDU since it was installed.
        meter_power: W on each line, meters x 3.
        meter_energy: kWh of each meter since it was installed.
    """

    def __init__(self, topology: Topology, rng: np.random.Generator) -> None:
        pdus, meters = len(topology.outlet_start) - 1, len(topology.pdus_of_meter)
        outlets = len(topology.pdu_of_outlet)
        self._topology = topology
        self._fed = np.flatnonzero(topology.outlet_of_miner >= 0)
        self._outlet = topology.outlet_of_miner[self._fed]
        self._bank_line = topology.bank_of_outlet * LINES + topology.line_of_outlet
        self._pdu_line = topology.pdu_of_outlet * LINES + topology.line_of_outlet
        self.outlet_on = np.ones(outlets, np.bool_)
        self.outlet_power = floats(outlets)
        self.bank_current = floats(pdus * topology.banks)
        self.line_power = np.zeros((pdus, LINES))
        self.pdu_energy = rng.uniform(2e5, 9e5, pdus)
        self.meter_power = np.zeros((meters, LINES))
        self.meter_energy = rng.uniform(2e6, 9e6, meters)
        self.voltage = rng.normal(LINE_VOLTAGE, 0.8, (pdus + meters, LINES))

    def powered(self, effects: Effects) -> Flags:
        """Which miners have power: fed by a closed relay behind a closed breaker, or by nothing we know."""
        self.outlet_on = ~effects.outlet_off
        live = self.outlet_on & ~effects.bank_tripped[self._topology.bank_of_outlet]
        powered = np.ones(len(self._topology.outlet_of_miner), np.bool_)
        powered[self._fed] = live[self._outlet]
        return powered

    def step(self, seconds: float, miner_power: Floats, plant_power: Floats) -> None:
        """Take over what miners (W) and plants (W) draw."""
        topology, pdus = self._topology, len(self.pdu_energy)
        self.outlet_power = floats(len(self.outlet_on))
        self.outlet_power[self._outlet] = miner_power[self._fed]
        bank_lines = sum_by(self._bank_line, self.outlet_power, pdus * topology.banks * LINES)
        current = bank_lines.reshape(-1, LINES) / (LINE_VOLTAGE * POWER_FACTOR)
        self.bank_current = current.max(axis=1, initial=0.0)
        self.line_power = sum_by(self._pdu_line, self.outlet_power, pdus * LINES).reshape(-1, LINES)
        hours = seconds / 3600.0
        self.pdu_energy += self.line_power.sum(axis=1) / 1000.0 * hours
        for meter in range(len(self.meter_energy)):
            evenly = plant_power[topology.plants_of_meter[meter]].sum()
            evenly += miner_power[topology.miners_of_meter[meter]].sum()
            self.meter_power[meter] = self.line_power[topology.pdus_of_meter[meter]].sum(axis=0) + evenly / LINES
        self.meter_energy += self.meter_power.sum(axis=1) / 1000.0 * hours
