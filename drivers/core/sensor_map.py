"""A CGMiner profile's own part: what each temperature sensor of a liquid-cooled model measures.

Air-cooled models need none: every sensor is a chip or a board sensor. In a hydro model some of the same keys carry the
coolant at the inlet and at the outlet, in an order that differs by model; they are told apart here and never averaged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from drivers.core.profile import Profile
from drivers.core.profile_section import Section

SENSOR_KEYS = ("temp_chip", "temp_pcb", "temp_pic")
"""Keys of a stock Antminer's `stats` that hold four sensors of a board, as `a-b-c-d`."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """One position in one of the four-sensor keys.

    Attributes:
        key: One of `SENSOR_KEYS`.
        at: Position, counted from 0.
    """

    key: str
    at: int


@dataclass(frozen=True, slots=True)
class SensorMap:
    """Which sensors of a model measure the coolant.

    Attributes:
        inlet: Coolant into the board.
        outlet: Coolant out of the board.
    """

    inlet: Sensor
    outlet: Sensor


def sensor_maps(profile: Profile) -> Mapping[str, SensorMap]:
    """Maps by model name, case-folded; raises ProfileError."""
    return parse_sensors(Section(profile.options, profile.id, "options", {}))


def parse_sensors(section: Section) -> Mapping[str, SensorMap]:
    """Check and read `[options]` of a CGMiner profile; raises ProfileError."""
    maps: dict[str, SensorMap] = {}
    for item in section.sections("coolant"):
        model = item.text("model").casefold()
        if model in maps:
            item.fail("model", f"{model!r} stands in the file twice", "remove one")
        maps[model] = SensorMap(_parse_sensor(item.section("inlet")), _parse_sensor(item.section("outlet")))
        item.finish()
    section.finish()
    return MappingProxyType(maps)


def _parse_sensor(section: Section) -> Sensor:
    sensor = Sensor(section.choice("key", SENSOR_KEYS), section.whole("position", 1, 4) - 1)
    section.finish()
    return sensor
