"""An SNMP profile's own part: which object holds which point, with the values that mean "not available"."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from drivers.core.device import Tier
from drivers.core.points import POINTS
from drivers.core.profile import Limits, Profile
from drivers.core.profile_section import Section
from drivers.core.reading import Quality, Signal, Source
from drivers.core.register_map import parse_codes

_GREATEST = 2.0**64
"""No SNMP number is greater (Counter64)."""
_OID = re.compile(r"1(\.\d{1,10}){2,40}")


@dataclass(frozen=True, slots=True)
class PartRule:
    """Names the row of a table after another column: the first rule whose column holds a number above 0 wins."""

    column: str
    part: str


@dataclass(frozen=True, slots=True)
class ObjectPoint:
    """One scalar, or one column of a table.

    Attributes:
        point: Canonical name.
        oid: The whole object identifier of a scalar, or the column without the row's index.
        table: Whether it is a column.
        part: Part of a scalar; of a column the pattern, `{index}` standing for the row.
        parts: Rules that name rows after other columns; the pattern is used when none applies.
        source: Where the value comes from.
        scale: Value = raw x scale, in the unit of the point.
        invalid: Raw values that mean "this device does not have it".
        low: Smallest value that can be.
        high: Greatest value that can be.
        codes: Raw value to stored code, for enumerations.
        tier: The lightest poll that asks for it.
    """

    point: str
    oid: str
    table: bool
    part: str
    parts: tuple[PartRule, ...]
    source: Source
    scale: float
    invalid: frozenset[int]
    low: float
    high: float
    codes: Mapping[int, float]
    tier: Tier

    def signal(self, part: str) -> Signal:
        """The series of one row."""
        return Signal(self.point, part, self.source)

    def decode(self, raw: float) -> tuple[float, Quality]:
        """Value in the unit of the point, and its quality; NaN where the device has none."""
        if raw in self.invalid or not -_GREATEST <= raw <= _GREATEST:
            return math.nan, Quality.UNSUPPORTED
        names = POINTS[self.point].codes
        if names:
            code = self.codes.get(int(raw))
            if code is not None:
                return code, Quality.GOOD
            if "unknown" in names:
                return float(names.index("unknown")), Quality.SUSPECT
            return math.nan, Quality.NOT_REPORTED
        value = raw * self.scale
        return value, Quality.GOOD if self.low <= value <= self.high else Quality.SUSPECT


@dataclass(frozen=True, slots=True)
class ObjectMap:
    """All objects of an SNMP profile.

    Attributes:
        sys_object_ids: Values of sysObjectID.0 that mean this family.
        probe: An object that a device of this family has and that is not "not available".
        model: Objects that tell the model, the first that answers wins.
        serial: Objects that tell the serial number.
        firmware: Objects that tell the firmware.
        points: In the order of the file; where two give the same series the first that the device has wins.
    """

    sys_object_ids: frozenset[str]
    probe: str
    model: tuple[str, ...]
    serial: tuple[str, ...]
    firmware: tuple[str, ...]
    points: tuple[ObjectPoint, ...]

    @classmethod
    def of(cls, profile: Profile) -> "ObjectMap":
        """The map of a loaded profile; raises ProfileError."""
        return parse_objects(Section(profile.options, profile.id, "options", {}), profile.limits)


def parse_objects(section: Section, limits: Mapping[str, Limits]) -> ObjectMap:
    """Check and read `[options]` of an SNMP profile; raises ProfileError."""
    identity = section.section("identity")
    points: list[ObjectPoint] = []
    seen: set[tuple[str, str]] = set()
    for item in section.sections("point"):
        alternative = item.flag("alternative")
        point = _parse_point(item, limits)
        key = (point.point, point.part)
        if key in seen and not alternative:
            item.fail(
                "point",
                f"{key[0]} {key[1]!r} stands in the file twice",
                "give it another part, or write alternative = true when it stands in for the first",
            )
        seen.add(key)
        points.append(point)
    if not points:
        section.fail("point", "names no object", "add [[options.point]] tables")
    result = ObjectMap(
        sys_object_ids=frozenset(_oids(section, "sys_object_id")),
        probe=_oid(section, "probe"),
        model=_oids(identity, "model"),
        serial=_oids(identity, "serial"),
        firmware=_oids(identity, "firmware"),
        points=tuple(points),
    )
    identity.finish()
    section.finish()
    return result


def _oid(section: Section, key: str) -> str:
    value = section.text(key)
    if not _OID.fullmatch(value):
        section.fail(key, f"{value!r} is no object identifier", "write it in numbers, 1.3.6.1...")
    return value


def _oids(section: Section, key: str) -> tuple[str, ...]:
    values = section.texts(key)
    for value in values:
        if not _OID.fullmatch(value):
            section.fail(key, f"{value!r} is no object identifier", "write it in numbers, 1.3.6.1...")
    return values


def _parse_point(item: Section, limits: Mapping[str, Limits]) -> ObjectPoint:
    name = item.choice("point", POINTS)
    if item.has("oid") == item.has("column"):
        item.fail("", "needs either oid or column", "oid for a single object, column for a table")
    table = item.has("column")
    band = limits.get(name, Limits())
    point = ObjectPoint(
        point=name,
        oid=_oid(item, "column" if table else "oid"),
        table=table,
        part=item.text("part", "{index}" if table else ""),
        parts=tuple(_parse_rule(rule) for rule in item.sections("part_from")),
        source=Source(item.choice("source", list(Source), "measured")),
        scale=item.number("scale", 1.0),
        invalid=frozenset(item.wholes("invalid")),
        low=-math.inf if band.range_low is None else band.range_low,
        high=math.inf if band.range_high is None else band.range_high,
        codes=MappingProxyType(dict(parse_codes(item, name))),
        tier=Tier(item.choice("tier", list(Tier), "fast")),
    )
    item.finish()
    return point


def _parse_rule(section: Section) -> PartRule:
    rule = PartRule(_oid(section, "column"), section.text("part"))
    section.finish()
    return rule
