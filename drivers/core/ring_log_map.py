"""A Modbus profile's `[log]`: where a device keeps a ring of records, and which field of a record holds which point.

Pure data and arithmetic; the transport fetches the registers, `Ring` knows where a record stands.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from drivers.core.profile import Profile
from drivers.core.profile_section import Section
from drivers.core.reading import Layout
from drivers.core.register_map import RegisterMap, RegisterPoint, RegisterTable

_UNIX, _UNIX_MS = struct.Struct(">I"), struct.Struct(">Q")


class TimeFormat(StrEnum):
    """How a device writes a time. All are UTC: a clock in local time repeats an hour each autumn."""

    UNIX = "unix"
    """u32, seconds since 1970."""
    UNIX_MS = "unix-ms"
    """u64, milliseconds since 1970."""
    CALENDAR = "calendar"
    """Six registers: year, month, day, hour, minute, second."""

    @property
    def words(self) -> int:
        """Registers that a time takes."""
        return {TimeFormat.UNIX: 2, TimeFormat.UNIX_MS: 4, TimeFormat.CALENDAR: 6}[self]

    @property
    def resolution(self) -> float:
        """Seconds of the last digit; what is finer is cut off."""
        return 0.001 if self is TimeFormat.UNIX_MS else 1.0

    def decode(self, registers: Sequence[int], *, little: bool) -> float:
        """Seconds since the epoch by the device's clock; NaN where the registers hold no time."""
        if self is TimeFormat.CALENDAR:
            year, month, day, hour, minute, second = registers
            try:
                return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
            except ValueError:
                return math.nan
        words = registers[::-1] if little else registers
        packed = struct.pack(f">{len(words)}H", *words)
        if not any(packed) or set(packed) == {0xFF}:
            return math.nan
        if self is TimeFormat.UNIX:
            return float(_UNIX.unpack(packed)[0])
        return float(_UNIX_MS.unpack(packed)[0]) / 1000.0


@dataclass(frozen=True, slots=True)
class RingLogMap:
    """A ring of records in the registers of a device.

    Attributes:
        table: Input or holding registers, for head and ring alike.
        records: Register that tells how many records the ring holds.
        write_index: Register that tells the place, from 0, where the next record will stand.
        clock: First register of the device's clock, in `time_format`.
        clock_set: Register that counts how often the clock was set; None where there is none.
        ring: First register of place 0.
        record_words: Registers of one record.
        capacity: Places of the ring.
        interval_s: Seconds between two records.
        tolerance_s: How far the device's clock may be off ours, seconds, before its log is refused.
        time_format: Of the clock and of the records.
        little: Whether the low word of a time comes first.
        time_at: Where in a record its time stands.
        record_clock_set: Where in a record the count of `clock_set` stands that held when it was written.
        fields: The points of a record; their `address` counts from the start of the record.
        max_read: Registers that the device gives in one answer.
        layout: The series that the fields give, in their order.
    """

    table: RegisterTable
    records: int
    write_index: int
    clock: int
    clock_set: int | None
    ring: int
    record_words: int
    capacity: int
    interval_s: float
    tolerance_s: float
    time_format: TimeFormat
    little: bool
    time_at: int
    record_clock_set: int
    fields: tuple[RegisterPoint, ...]
    max_read: int
    layout: Layout

    @classmethod
    def of(cls, profile: Profile) -> "RingLogMap | None":
        """The ring log of a loaded profile, None when it names none; raises ProfileError."""
        if not profile.log:
            return None
        return parse_ring_log(Section(profile.log, profile.id, "log", {}), RegisterMap.of(profile))

    @property
    def head(self) -> tuple[int, int]:
        """First register and number of registers that hold everything but the records."""
        ends = [(self.records, 1), (self.write_index, 1), (self.clock, self.time_format.words)]
        if self.clock_set is not None:
            ends.append((self.clock_set, 1))
        start = min(at for at, _ in ends)
        return start, max(at + words for at, words in ends) - start

    @property
    def records_in_a_read(self) -> int:
        """Records that one request may ask for."""
        return self.max_read // self.record_words


def parse_ring_log(section: Section, registers: RegisterMap) -> RingLogMap:
    """Check and read `[log]` of a Modbus profile; raises ProfileError."""
    base = registers.address_base
    table = RegisterTable(section.choice("table", ("input", "holding"), "input"))
    time = section.section("time")
    time_format = TimeFormat(time.choice("format", list(TimeFormat)))
    record_words = section.whole("record_words", 1, registers.max_read)
    taken = _Taken(record_words)
    time_at = time.whole("at", 0, record_words - 1)
    taken.claim(time, "at", time_at, time_format.words)
    clock_set = _register(section, "clock_set", base) if section.has("clock_set") else None
    record_clock_set = section.whole("record_clock_set", 0, record_words - 1) if clock_set is not None else 0
    if clock_set is not None:
        taken.claim(section, "record_clock_set", record_clock_set, 1)
    fields = _parse_fields(section, registers, taken)
    result = RingLogMap(
        table=table,
        records=_register(section, "records", base),
        write_index=_register(section, "write_index", base),
        clock=_register(section, "clock", base, time_format.words),
        clock_set=clock_set,
        ring=_register(section, "ring", base),
        record_words=record_words,
        capacity=section.whole("capacity", 2, 65535),
        interval_s=section.number("interval_s"),
        tolerance_s=section.number("tolerance_s", 900.0),
        time_format=time_format,
        little=registers.word_order == "little",
        time_at=time_at,
        record_clock_set=record_clock_set,
        fields=fields,
        max_read=registers.max_read,
        layout=Layout(tuple(field.signal for field in fields)),
    )
    _check_places(section, result)
    time.finish()
    section.finish()
    return result


def _register(section: Section, key: str, base: int, words: int = 1) -> int:
    return section.whole(key, base, 65536 + base - words) - base


class _Taken:
    """Which registers of a record are spoken for."""

    def __init__(self, record_words: int) -> None:
        self._record_words = record_words
        self._owner: dict[int, str] = {}

    def claim(self, section: Section, key: str, at: int, words: int, *, shared: bool = False) -> None:
        """Take registers of the record; a bit shares its register with other bits."""
        if at + words > self._record_words:
            section.fail(key, f"{at} + {words} registers reach beyond the record", "correct it, or record_words")
        for word in range(at, at + words):
            other = self._owner.setdefault(word, "bit" if shared else section.path)
            if other != ("bit" if shared else section.path):
                section.fail(key, f"register {word} of the record is already taken", "give each field its own place")


def _parse_fields(section: Section, registers: RegisterMap, taken: _Taken) -> tuple[RegisterPoint, ...]:
    known: Mapping[tuple[str, str], RegisterPoint] = {
        (point.signal.point, point.signal.part): point for point in registers.points
    }
    fields: dict[tuple[str, str], RegisterPoint] = {}
    for item in section.sections("field"):
        key = (item.text("point"), item.text("part", ""))
        polled = known.get(key)
        if polled is None:
            item.fail("point", f"{key[0]} {key[1]!r} is not polled", "name a point of [[options.point]], with its part")
        if key in fields:
            item.fail("point", f"{key[0]} {key[1]!r} stands in the log twice", "remove one")
        fields[key] = field = _parse_field(item, polled)
        taken.claim(item, "at", field.address, field.words, shared=field.bit is not None)
        item.finish()
    if not fields:
        section.fail("field", "names no point", "add [[log.field]] tables")
    return tuple(fields.values())


def _parse_field(item: Section, polled: RegisterPoint) -> RegisterPoint:
    """A field is written as its point is polled, except for what it says itself."""
    wide = ("u16", "i16", "u32", "i32", "f32", "u64", "i64", "f64")
    kind = item.choice("type", wide, "u16" if polled.type == "bit" else polled.type)
    bit = item.whole("bit", 0, 15) if item.has("bit") else polled.bit
    if bit is not None and kind != "u16":
        item.fail("bit", "stands beside a type that has no bits", 'use type = "u16"')
    return replace(
        polled,
        address=item.whole("at", 0, 124),
        type=kind,
        bit=bit,
        scale=item.number("scale", polled.scale),
        offset=item.number("offset", polled.offset),
        invalid=frozenset(item.wholes("invalid")) if item.has("invalid") else polled.invalid,
    )


def _check_places(section: Section, log: RingLogMap) -> None:
    """Everything must stand within the registers there are, head and ring apart."""
    stop = log.ring + log.capacity * log.record_words
    if stop > 65536:
        section.fail("capacity", f"{log.capacity} records end at register {stop}", "there are 65536: correct it")
    start, count = log.head
    if count > log.max_read:
        section.fail("clock", f"the head takes {count} registers", f"one request gives {log.max_read}")
    if start < stop and log.ring < start + count:
        section.fail("ring", "overlaps the registers of the head", "correct ring, capacity or the head's registers")
    if log.interval_s <= 0:
        section.fail("interval_s", "must be above 0", "write the seconds between two records")
    if log.tolerance_s < 0:
        section.fail("tolerance_s", "must not be below 0", "write the seconds that the clock may be off")
