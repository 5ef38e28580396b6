"""The canonical points: one name, one unit and one storage quantum for each thing a device can report."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Unit(StrEnum):
    """Units after normalisation at the driver; nothing above a driver converts units."""

    TERAHASH = "TH/s"
    WATT = "W"
    JOULE_PER_TERAHASH = "J/TH"
    CELSIUS = "degC"
    RPM = "rpm"
    COUNT = "count"
    SHARES = "shares"
    SECOND = "s"
    MEGAHERTZ = "MHz"
    HERTZ = "Hz"
    VOLT = "V"
    AMPERE = "A"
    KILOPASCAL = "kPa"
    LITRE_PER_MINUTE = "L/min"
    PERCENT = "%"
    KILOWATT_HOUR = "kWh"
    KILOWATT = "kW"
    RATIO = "1"
    CODE = ""


class PointKind(StrEnum):
    """How a point behaves over time, which decides how it is stored and rolled up."""

    GAUGE = "gauge"
    COUNTER = "counter"
    ENUMERATION = "enumeration"


@dataclass(frozen=True, slots=True)
class Point:
    """One canonical point.

    Attributes:
        name: The name that outside programs rely on.
        unit: The unit of every value of this point.
        kind: Gauge, counter (only grows, may reset) or enumeration.
        quantum: Smallest stored step, in the unit; storage rounds to it, displays never show more.
        label: What an operator reads.
        codes: Names of an enumeration's values; the value stored is the index.
    """

    name: str
    unit: Unit
    kind: PointKind
    quantum: float
    label: str
    codes: tuple[str, ...] = ()

    def code(self, name: str) -> float:
        """The stored value of an enumeration's name; raises ValueError for a name it does not have."""
        return float(self.codes.index(name))


def _gauge(name: str, unit: Unit, quantum: float, label: str) -> Point:
    return Point(name, unit, PointKind.GAUGE, quantum, label)


def _counter(name: str, unit: Unit, quantum: float, label: str) -> Point:
    return Point(name, unit, PointKind.COUNTER, quantum, label)


def _states(name: str, label: str, *codes: str) -> Point:
    return Point(name, Unit.CODE, PointKind.ENUMERATION, 1.0, label, codes)


_ALL = (
    _gauge("hashrate", Unit.TERAHASH, 0.01, "Hashrate"),
    _gauge("hashrate_avg", Unit.TERAHASH, 0.01, "Hashrate, long average"),
    _gauge("hashrate_nominal", Unit.TERAHASH, 0.01, "Hashrate, nominal"),
    _gauge("power", Unit.WATT, 1.0, "Power"),
    _gauge("power_limit", Unit.WATT, 1.0, "Power limit"),
    _gauge("efficiency", Unit.JOULE_PER_TERAHASH, 0.01, "Efficiency"),
    _gauge("chip_temp", Unit.CELSIUS, 0.1, "Chip temperature"),
    _gauge("board_temp", Unit.CELSIUS, 0.1, "Board temperature"),
    _gauge("inlet_temp", Unit.CELSIUS, 0.1, "Inlet temperature"),
    _gauge("outlet_temp", Unit.CELSIUS, 0.1, "Outlet temperature"),
    _gauge("ambient_temp", Unit.CELSIUS, 0.1, "Ambient temperature"),
    _gauge("fan_speed", Unit.RPM, 1.0, "Fan speed"),
    _gauge("chips", Unit.COUNT, 1.0, "Chips found"),
    _counter("hw_errors", Unit.COUNT, 1.0, "Hardware errors"),
    _gauge("faults", Unit.COUNT, 1.0, "Faults reported"),
    _counter("accepted", Unit.SHARES, 1.0, "Accepted shares"),
    _counter("rejected", Unit.SHARES, 1.0, "Rejected shares"),
    _counter("stale", Unit.SHARES, 1.0, "Stale shares"),
    _counter("uptime", Unit.SECOND, 1.0, "Uptime"),
    _gauge("frequency", Unit.MEGAHERTZ, 0.01, "Frequency"),
    _gauge("voltage", Unit.VOLT, 0.01, "Voltage"),
    _states("pool_state", "Pool", "dead", "alive", "disabled", "unknown"),
    _counter("energy", Unit.KILOWATT_HOUR, 0.1, "Energy"),
    _gauge("current", Unit.AMPERE, 0.01, "Current"),
    _states("outlet_state", "Outlet", "off", "on", "unknown"),
    _gauge("outlet_power", Unit.WATT, 1.0, "Outlet power"),
    _gauge("humidity", Unit.PERCENT, 0.1, "Humidity"),
    _gauge("supply_temp", Unit.CELSIUS, 0.1, "Supply temperature"),
    _gauge("return_temp", Unit.CELSIUS, 0.1, "Return temperature"),
    _gauge("flow", Unit.LITRE_PER_MINUTE, 1.0, "Flow"),
    _gauge("flow_minimum", Unit.LITRE_PER_MINUTE, 1.0, "Minimum flow"),
    _gauge("pressure", Unit.KILOPASCAL, 0.1, "Pressure"),
    _gauge("pressure_drop", Unit.KILOPASCAL, 0.1, "Pressure drop"),
    _gauge("pump_speed", Unit.PERCENT, 0.1, "Pump speed"),
    _states("pump_state", "Pump", "stopped", "running", "tripped", "unknown"),
    _gauge("level", Unit.PERCENT, 0.1, "Level"),
    _states("leak", "Leak", "dry", "leak", "unknown"),
    _gauge("heat", Unit.KILOWATT, 0.1, "Heat carried"),
    _counter("heartbeat", Unit.COUNT, 1.0, "Heartbeat"),
    _gauge("power_factor", Unit.RATIO, 0.001, "Power factor"),
    _gauge("frequency_hz", Unit.HERTZ, 0.01, "Grid frequency"),
    _states(
        "state",
        "State",
        "unknown",
        "hashing",
        "idle",
        "asleep",
        "tuning",
        "booting",
        "stopped",
        "unreachable",
        "running",
    ),  # the names of `reading.DeviceState`
)

POINTS: Mapping[str, Point] = MappingProxyType({point.name: point for point in _ALL})
"""Every canonical point by name (the list of the design, section 8)."""
