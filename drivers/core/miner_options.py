"""The own part of a CGMiner or HTTP miner profile: what its sensors measure, its fault codes, its work modes.

Most air-cooled models need no map: every sensor is a chip or a board sensor. In a hydro model some of the same keys
carry the coolant at the inlet and at the outlet, in an order that differs by model; they are told apart here and never
averaged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final

from drivers.core.profile import Profile, folded_model
from drivers.core.profile_section import Section

SENSOR_KEYS = ("temp_chip", "temp_pcb", "temp_pic")
"""Keys of a stock Antminer's `stats` that hold four sensors of a board, as `a-b-c-d`."""
SENSORS = 4
"""Sensors of a board under each of those keys."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """Positions in one of the four-sensor keys; of several the hottest counts.

    Attributes:
        key: One of `SENSOR_KEYS`.
        at: Positions, counted from 0.
    """

    key: str
    at: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SensorMap:
    """Which sensors of a model stand at the inlet and at the outlet of a board.

    Attributes:
        inlet: Coolant (or air) into the board.
        outlet: Coolant (or air) out of the board.
        is_liquid: Whether they measure the coolant itself, so that they are no chip and no board sensors.
    """

    inlet: Sensor
    outlet: Sensor
    is_liquid: bool


@dataclass(frozen=True, slots=True)
class FaultCode:
    """What a fault code of the firmware means.

    Attributes:
        code: As the firmware writes it; `*` stands for any text (the number of a board).
        text: What it means, for an operator.
        stops: Whether the firmware stops hashing for it.
    """

    code: str
    text: str
    stops: bool


@dataclass(frozen=True, slots=True)
class MinerOptions:
    """`[options]` of a miner profile.

    Attributes:
        sensors: Maps by folded model name.
        ordinary: Folded names of liquid-cooled models whose sensors are chip and board sensors, as in air-cooled ones.
        faults: Meanings of fault codes; the first that matches counts.
        work_modes: The firmware's number of each work mode, by name.
        service_port: Port of the second web server, which tells warnings and power; 0 where there is none.
        newer: How the folded names of models begin whose firmware may have that server, and may know the newer shape
            of answers; empty where any may. Others are not asked, which spares a large site several questions each.
    """

    sensors: Mapping[str, SensorMap] = field(default_factory=lambda: MappingProxyType({}))
    ordinary: frozenset[str] = frozenset()
    faults: tuple[FaultCode, ...] = ()
    work_modes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    service_port: int = 0
    newer: tuple[str, ...] = ()

    def is_newer(self, model: str) -> bool:
        """Whether a model, as it is reported, may have what newer firmware has."""
        folded = folded_model(model)
        return not self.newer or folded.startswith(self.newer)

    def fault(self, code: str) -> FaultCode:
        """The meaning of a code; one that the profile does not know says so, and stops nothing."""
        known = next((fault for fault in self.faults if fnmatchcase(code, fault.code)), None)
        return FaultCode(code, known.text, known.stops) if known else FaultCode(code, "unknown code", stops=False)


_READ: Final[dict[int, tuple[Profile, MinerOptions]]] = {}
"""By the profile's identity, for a profile has no hash; keeping the profile keeps its identity its own."""


def miner_options(profile: Profile) -> MinerOptions:
    """The options of a checked profile, read once for all miners of it; raises ProfileError."""
    known = _READ.get(id(profile))
    if known is None:
        options = parse_miner_options(Section(profile.options, profile.id, "options", {}))
        known = _READ[id(profile)] = profile, options
    return known[1]


def parse_miner_options(section: Section) -> MinerOptions:
    """Check and read `[options]` of a miner profile; raises ProfileError."""
    sensors: dict[str, SensorMap] = {}
    for name in ("coolant", "air"):
        for item in section.sections(name):
            model = folded_model(item.text("model"))
            if model in sensors:
                item.fail("model", f"{model!r} stands in the file twice", "remove one")
            inlet, outlet = (_parse_sensor(item.section(side)) for side in ("inlet", "outlet"))
            sensors[model] = SensorMap(inlet, outlet, is_liquid=name == "coolant")
            item.finish()
    modes = section.section("work_modes")
    service = section.section("service")
    options = MinerOptions(
        sensors=MappingProxyType(sensors),
        ordinary=frozenset(map(folded_model, section.texts("ordinary"))) if section.has("ordinary") else frozenset(),
        faults=tuple(_parse_fault(item) for item in section.sections("fault")),
        work_modes=MappingProxyType({name: modes.whole(name, 0, 255) for name in modes.keys()}),
        service_port=service.whole("port", 1, 65535) if service.has("port") else 0,
        newer=tuple(map(folded_model, section.texts("newer"))) if section.has("newer") else (),
    )
    for part in (modes, service, section):
        part.finish()
    return options


def _parse_sensor(section: Section) -> Sensor:
    key = section.choice("key", SENSOR_KEYS)
    if section.has("positions"):
        positions = section.wholes("positions")
        if not positions or not all(1 <= position <= SENSORS for position in positions):
            section.fail("positions", f"{list(positions)} are no sensors", f"use numbers from 1 to {SENSORS}")
    else:
        positions = (section.whole("position", 1, SENSORS),)
    section.finish()
    return Sensor(key, tuple(position - 1 for position in positions))


def _parse_fault(section: Section) -> FaultCode:
    fault = FaultCode(section.text("code"), section.text("text"), section.flag("stops"))
    section.finish()
    return fault
