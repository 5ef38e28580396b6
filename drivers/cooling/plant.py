"""Cooling plant: pumps, flows and temperatures of a loop, and the heat it carries."""

import math
from typing import Final

from drivers.core.identity import Address
from drivers.core.profile import Profile
from drivers.core.reading import Quality, Signal, Source
from drivers.core.register_map import RegisterMap
from drivers.transports.modbus import ModbusConnection
from drivers.transports.register_device import RegisterDevice

_SECONDS_PER_MINUTE: Final = 60.0


class PlantDriver(RegisterDevice):
    """A coolant distribution unit or pump controller behind a Modbus map.

    The heat is computed where the profile names the coolant and the device does not report it itself:
    kW = L/min / 60 x kg/L x kJ/(kg K) x (return - supply), marked as estimated.
    """

    def __init__(self, profile: Profile, address: Address, connection: ModbusConnection, unit: int = 1) -> None:
        registers = RegisterMap.of(profile)
        reported = {(point.signal.point, point.signal.part) for point in registers.points}
        self._fluid = registers.fluid
        self._computes = self._fluid is not None and ("heat", "") not in reported
        if self._computes:
            self.derived = (Signal("heat", "", Source.ESTIMATED),)
        super().__init__(profile, address, connection, unit)
        self._inputs = [self.layout.index.get((point, "")) for point in ("flow", "supply_temp", "return_temp")]

    def derive(self, values: list[float], quality: bytearray) -> None:
        """Heat from flow and temperature rise; missing when one of the three is."""
        flow, supply, back = self._inputs
        if not self._computes or self._fluid is None or flow is None or supply is None or back is None:
            return
        worst = max(quality[flow], quality[supply], quality[back])
        heat = (
            values[flow]
            / _SECONDS_PER_MINUTE
            * self._fluid.density
            * self._fluid.heat_capacity
            * (values[back] - values[supply])
        )
        values[-1] = heat
        quality[-1] = worst if math.isfinite(heat) or worst >= Quality.NOT_POLLED else Quality.NOT_REPORTED
