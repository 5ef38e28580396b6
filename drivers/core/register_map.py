"""A Modbus profile's own part: which register holds which point, in which form.

Pure data and arithmetic; the transport fetches blocks of registers and `RegisterPoint.decode` reads a value out.
"""

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from drivers.core.device import Tier
from drivers.core.points import POINTS
from drivers.core.profile import Limits, Profile
from drivers.core.profile_section import Section
from drivers.core.reading import Quality, Signal, Source

MAX_READ = 125
"""Registers that one Modbus request may ask for (Modbus application protocol V1.1b3, 6.3 and 6.4)."""

_WORDS: Mapping[str, int] = MappingProxyType(
    {"bit": 1, "u16": 1, "i16": 1, "u32": 2, "i32": 2, "f32": 2, "u64": 4, "i64": 4, "f64": 4}
)
_STRUCT: Mapping[str, struct.Struct] = MappingProxyType(
    {
        name: struct.Struct(f">{code}")
        for name, code in {"u32": "I", "i32": "i", "f32": "f", "u64": "Q", "i64": "q", "f64": "d"}.items()
    }
)


class RegisterTable(StrEnum):
    """The four tables of the Modbus data model."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"


@dataclass(frozen=True, slots=True)
class RegisterPoint:
    """One value and where it stands.

    Attributes:
        signal: Point, part and source.
        table: Which of the four tables.
        address: As on the wire, counted from 0.
        type: `bit`, `u16`, `i16`, `u32`, `i32`, `f32`, `u64`, `i64` or `f64`.
        little: Whether the word with the low half comes first.
        bit: For a flag inside a register, its number from 0.
        scale: Value = raw x scale + offset, in the unit of the point.
        offset: See `scale`.
        invalid: Raw values that mean "not available".
        low: Smallest value that the sensor can show.
        high: Greatest value that the sensor can show.
        codes: Raw value to stored code, for enumerations.
        tier: The lightest poll that asks for it.
        optional: Whether the series exists only where the device has had a value for it.
    """

    signal: Signal
    table: RegisterTable
    address: int
    type: str
    little: bool = False
    bit: int | None = None
    scale: float = 1.0
    offset: float = 0.0
    invalid: frozenset[int] = frozenset()
    low: float = -math.inf
    high: float = math.inf
    codes: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    tier: Tier = Tier.FAST
    optional: bool = False

    @property
    def words(self) -> int:
        """Registers (or coils) that the value takes."""
        return _WORDS[self.type]

    def raw(self, registers: Sequence[int]) -> float | int:
        """The number that the registers of this point hold, before scale and meaning."""
        if self.bit is not None:
            return registers[0] >> self.bit & 1
        if self.type in {"u16", "bit"}:
            return registers[0]
        if self.type == "i16":
            return registers[0] - 0x10000 if registers[0] & 0x8000 else registers[0]
        words = registers[::-1] if self.little else registers
        value: float | int = _STRUCT[self.type].unpack(struct.pack(f">{len(words)}H", *words))[0]
        return value

    def decode(self, registers: Sequence[int]) -> tuple[float, Quality]:
        """Value in the unit of the point, and its quality; NaN where the registers say there is none."""
        raw = self.raw(registers)
        if raw in self.invalid:
            return math.nan, Quality.NOT_REPORTED
        if self.codes or POINTS[self.signal.point].codes:
            return self._code(int(raw)) if math.isfinite(raw) else (math.nan, Quality.NOT_REPORTED)
        value = raw * self.scale + self.offset
        if not math.isfinite(value):
            return math.nan, Quality.NOT_REPORTED
        return value, Quality.GOOD if self.low <= value <= self.high else Quality.SUSPECT

    def _code(self, raw: int) -> tuple[float, Quality]:
        code = self.codes.get(raw)
        if code is not None:
            return code, Quality.GOOD
        names = POINTS[self.signal.point].codes
        if "unknown" in names:
            return float(names.index("unknown")), Quality.SUSPECT
        return math.nan, Quality.NOT_REPORTED


@dataclass(frozen=True, slots=True)
class RegisterIdentity:
    """The register that tells the variant of a device: raw value to model name."""

    table: RegisterTable
    address: int
    models: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """All registers of a profile.

    Attributes:
        points: In the order of the file.
        gap: Registers nobody asked for that a block may carry to save a request.
        max_read: Registers the device gives in one answer.
        identity: Where the variant is told; None when nowhere.
        frozen_s: Seconds after which an unchanged heartbeat means that the controller has stopped; 0 when not known.
        address_base: What the document counts the first register as.
        word_order: "big" or "little", where a point does not say otherwise.
    """

    points: tuple[RegisterPoint, ...]
    gap: int
    max_read: int
    identity: RegisterIdentity | None
    frozen_s: float
    address_base: int = 0
    word_order: str = "big"

    @classmethod
    def of(cls, profile: Profile) -> "RegisterMap":
        """The map of a loaded profile; raises ProfileError."""
        return parse_registers(Section(profile.options, profile.id, "options", {}), profile.limits)


def parse_registers(section: Section, limits: Mapping[str, Limits]) -> RegisterMap:
    """Check and read `[options]` of a Modbus profile; raises ProfileError."""
    base = section.whole("address_base", 0, 1, 0)
    order = section.choice("word_order", ("big", "little"), "big")
    points: list[RegisterPoint] = []
    seen: set[tuple[str, str]] = set()
    for item in section.sections("point"):
        for point in _parse_points(item, base, order, limits):
            key = (point.signal.point, point.signal.part)
            if key in seen:
                item.fail("point", f"{key[0]} {key[1]!r} stands in the file twice", "give it another part")
            seen.add(key)
            points.append(point)
    if not points:
        section.fail("point", "names no register", "add [[options.point]] tables")
    result = RegisterMap(
        points=tuple(points),
        gap=section.whole("gap", 0, MAX_READ, 8),
        max_read=section.whole("max_read", 1, MAX_READ, MAX_READ),
        identity=_parse_identity(section.section("identify"), base) if section.has("identify") else None,
        frozen_s=_parse_heartbeat(section.section("heartbeat")),
        address_base=base,
        word_order=order,
    )
    section.finish(("identify",))
    return result


def _parse_points(item: Section, base: int, order: str, limits: Mapping[str, Limits]) -> Iterator[RegisterPoint]:
    """One point, or as many as `repeat` says: each follows the one before, `{n}` in its part counts from 1."""
    repeat = item.whole("repeat", 1, 1000, 1)
    if repeat > 1 and "{n}" not in item.text("part", ""):
        item.fail("part", "must tell the repeated points apart", 'write {n} in it, such as part = "tank {n}"')
    first = _parse_point(item, base, order, limits)
    for at in range(repeat):
        signal = replace(first.signal, part=first.signal.part.replace("{n}", str(at + 1)))
        yield replace(first, signal=signal, address=first.address + at * first.words)


def _parse_point(item: Section, base: int, order: str, limits: Mapping[str, Limits]) -> RegisterPoint:
    name = item.choice("point", POINTS)
    table = RegisterTable(item.choice("table", list(RegisterTable), "holding"))
    bits = table in {RegisterTable.COIL, RegisterTable.DISCRETE}
    kind = "bit" if bits else item.choice("type", [kind for kind in _WORDS if kind != "bit"], "u16")
    bit = item.whole("bit", 0, 15) if item.has("bit") else None
    if bit is not None and kind != "u16":
        item.fail("bit", "stands beside a type that has no bits", 'use type = "u16"')
    band = limits.get(name, Limits())
    low, high = item.optional_number("range_low"), item.optional_number("range_high")
    point = RegisterPoint(
        signal=Signal(name, item.text("part", ""), Source(item.choice("source", list(Source), "measured"))),
        table=table,
        address=item.whole("address", base, 65536 + base - _WORDS[kind]) - base,
        type=kind,
        little=item.choice("word_order", ("big", "little"), order) == "little",
        bit=bit,
        scale=item.number("scale", 1.0),
        offset=item.number("offset", 0.0),
        invalid=frozenset(item.wholes("invalid")),
        low=_first(low, band.range_low, -math.inf),
        high=_first(high, band.range_high, math.inf),
        codes=parse_codes(item, name),
        tier=Tier(item.choice("tier", list(Tier), "fast")),
        optional=item.flag("optional"),
    )
    item.finish()
    return point


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)


def parse_codes(item: Section, name: str) -> Mapping[int, float]:
    """The table `codes` of an enumeration point: raw value of the device to the stored code of the point."""
    point = POINTS[name]
    table = item.section("codes")
    codes: dict[int, float] = {}
    for key in table.keys():
        word = table.choice(key, point.codes) if point.codes else table.text(key)
        if not point.codes or not key.lstrip("-").isdigit():
            table.fail(key, f"{name} has no such code", "codes map whole numbers to the names of the point")
        codes[int(key)] = point.code(word)
    if point.codes and not codes:
        item.fail("codes", "is missing for a point that is an enumeration", f"map numbers to {', '.join(point.codes)}")
    return MappingProxyType(codes)


def _parse_identity(section: Section, base: int) -> RegisterIdentity:
    names = section.section("models")
    result = RegisterIdentity(
        table=RegisterTable(section.choice("table", ("input", "holding"), "holding")),
        address=section.whole("address", base, 65535 + base) - base,
        models=MappingProxyType({_whole_key(names, key): names.text(key) for key in names.keys()}),
    )
    section.finish()
    return result


def _whole_key(section: Section, key: str) -> int:
    if not key.isdigit():
        section.fail(key, "must be a whole number", "write the raw value of the register as the key")
    return int(key)


def _parse_heartbeat(section: Section) -> float:
    seconds = section.number("frozen_s", 0.0)
    section.finish()
    return seconds
