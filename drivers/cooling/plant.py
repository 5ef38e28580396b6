"""Cooling plant behind a Modbus map: pumps, flows and temperatures of a loop."""

import math

from drivers.core.identity import Address
from drivers.core.profile import Profile
from drivers.core.reading import Quality
from drivers.transports.modbus import ModbusConnection
from drivers.transports.register_device import RegisterDevice


class PlantDriver(RegisterDevice):
    """A coolant distribution unit or pump controller.

    Its heartbeat proves that the controller runs. When it stands still for longer than the profile allows, a gateway
    is repeating old registers: every value is then stale, although Modbus still answers.
    """

    def __init__(self, profile: Profile, address: Address, connection: ModbusConnection, unit: int = 1) -> None:
        super().__init__(profile, address, connection, unit)
        signals = [point.signal for point in self.map.points]
        self._heartbeat = next((at for at, signal in enumerate(signals) if signal.point == "heartbeat"), -1)
        self._last_beat = math.nan
        self._last_change = math.nan

    def judge(self, values: list[float], quality: bytearray, answered: float) -> None:
        """Call every value stale while the heartbeat stands still."""
        at = self._heartbeat
        if at < 0 or not self.map.frozen_s or not Quality(quality[at]).has_value:
            return
        if values[at] != self._last_beat:
            self._last_beat, self._last_change = values[at], answered
        elif answered - self._last_change > self.map.frozen_s:
            for other, code in enumerate(quality):
                if other != at and Quality(code).is_fresh:
                    quality[other] = Quality.STALE
