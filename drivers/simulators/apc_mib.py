"""The objects of APC rack PDUs: rPDU2, and the older rPDU and sPDU branches beside it.

Source: PowerNet-MIB (enterprise 318), branches rPDU2 (.1.1.26), rPDU (.1.1.12), sPDU (.1.1.4); identity texts shaped
like those of recorded devices. Note the opposite outlet codes: rPDU2 1 off, 2 on; the older branches 1 on, 2 off.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from drivers.simulators.electricity import LINE_VOLTAGE, LINES, POWER_FACTOR
from drivers.transports import snmp_ber
from drivers.transports.snmp_ber import GAUGE, INTEGER, Oid

APC: Final[Oid] = (1, 3, 6, 1, 4, 1, 318)
SYSTEM: Final[Oid] = (1, 3, 6, 1, 2, 1, 1)
RPDU2: Final[Oid] = (*APC, 1, 1, 26)
RPDU: Final[Oid] = (*APC, 1, 1, 12)
SPDU: Final[Oid] = (*APC, 1, 1, 4)
AOS: Final[Oid] = (*APC, 1, 4, 2, 4, 1, 4)
LEGACY_PROFILE: Final = "apc-rpdu"


@dataclass(frozen=True, slots=True)
class PduView:
    """One PDU's numbers of this moment, in the units of the MIB's base (A, V, W, kWh, degC, %)."""

    name: str
    serial: str
    ticks: int
    power: float
    energy: float
    line_current: list[float]
    line_voltage: list[float]
    line_power: list[float]
    bank_current: list[float]
    bank_limit: float
    outlet_on: list[bool]
    outlet_power: list[float]
    temperature: float
    humidity: float


Reader: TypeAlias = Callable[[PduView], bytes]
Object: TypeAlias = tuple[Oid, Reader]


def _number(read: Callable[[PduView], float], tag: int = INTEGER) -> Reader:
    return lambda view: snmp_ber.integer(round(read(view)), tag)


def _item(column: Callable[[PduView], list[float]], at: int, scale: float = 1.0, tag: int = INTEGER) -> Reader:
    """One row of a column, from 0."""
    return lambda view: snmp_ber.integer(round(column(view)[at] * scale), tag)


def _outlet_state(at: int, on: int, off: int) -> Reader:
    yes, no = snmp_ber.integer(on), snmp_ber.integer(off)
    return lambda view: yes if view.outlet_on[at] else no


def _bank_state(at: int) -> Reader:
    return lambda view: snmp_ber.integer(_load_state(view.bank_current[at], view.bank_limit))


def _fixed(value: int) -> Reader:
    encoded = snmp_ber.integer(value)
    return lambda view: encoded


def _text(read: Callable[[PduView], str]) -> Reader:
    return lambda view: snmp_ber.tlv(snmp_ber.OCTETS, read(view).encode("latin-1", "replace"))


def _constant(text: str) -> Reader:
    encoded = snmp_ber.tlv(snmp_ber.OCTETS, text.encode("ascii"))
    return lambda view: encoded


def _load_state(amperes: float, limit: float) -> int:
    """1 low, 2 normal, 3 near overload, 4 overload."""
    if amperes <= 0.05:
        return 1
    return 4 if amperes > limit else 3 if amperes > 0.9 * limit else 2


@dataclass(frozen=True, slots=True)
class PduModel:
    """What tells one family from another on the wire."""

    model: str
    object_id: Oid
    application: str
    firmware: str
    describes: str


SECOND_GENERATION: Final = PduModel(
    "APDU9967",
    (*APC, 1, 3, 4, 6),
    "apc_hw21_rpdu2g_2.5.0.6.bin",
    "v2.5.0.6",
    "APC Web/SNMP Management Card (MB:v4.2.9 PF:v2.5.0.8 PN:apc_hw21_aos_2.5.0.8.bin AF1:v2.5.0.6"
    " AN1:apc_hw21_rpdu2g_2.5.0.6.bin MN:APDU9967 HR:01 SN: {serial} MD:04/11/2023) ",
)
FIRST_GENERATION: Final = PduModel(
    "AP7900B",
    (*APC, 1, 3, 4, 8),
    "apc_hw05_rpdu2g_680.bin",
    "v6.8.0",
    "APC Web/SNMP Management Card (MB:v4.1.0 PF:v6.8.2 PN:apc_hw05_aos_682.bin AF1:v6.8.0"
    " AN1:apc_hw05_rpdu2g_680.bin MN:AP7900B HR:B2 SN: {serial} MD:08/07/2017) ",
)


def objects(profile: str, outlets: int, banks: int) -> list[Object]:
    """Every object of a PDU of that profile, in lexicographic order."""
    legacy = profile == LEGACY_PROFILE
    model = FIRST_GENERATION if legacy else SECOND_GENERATION
    found = [*_system(model), *_rpdu(model, outlets, banks), *_spdu(model, outlets)]
    if legacy:
        found += [((*RPDU2, 4, 3, 1, column, 1), _fixed(-1)) for column in (5, 6, 9)]
    else:
        found += [*_rpdu2_device(model, outlets, banks), *_rpdu2_loads(banks), *_rpdu2_outlets(outlets)]
    return sorted(found, key=lambda item: item[0])


def _system(model: PduModel) -> Iterator[Object]:
    yield (*SYSTEM, 1, 0), _text(lambda view: model.describes.format(serial=view.serial))
    object_id = snmp_ber.oid(model.object_id)
    yield (*SYSTEM, 2, 0), lambda view: object_id
    yield (*SYSTEM, 3, 0), _number(lambda view: view.ticks, snmp_ber.TICKS)
    yield (*SYSTEM, 4, 0), _text(lambda view: "Unknown")
    yield (*SYSTEM, 5, 0), _text(lambda view: view.name)
    yield (*SYSTEM, 6, 0), _text(lambda view: "Unknown")
    yield (*AOS, 1), _text(lambda view: "v2.5.0.8")
    yield (*AOS, 2), _text(lambda view: model.firmware)


def _rpdu(model: PduModel, outlets: int, banks: int) -> Iterator[Object]:
    """The first generation's branch; later PDUs keep it for old readers."""
    yield (*RPDU, 1, 1, 0), _text(lambda view: view.name)
    yield (*RPDU, 1, 3, 0), _text(lambda view: model.firmware)
    yield (*RPDU, 1, 5, 0), _text(lambda view: model.model)
    yield (*RPDU, 1, 6, 0), _text(lambda view: view.serial)
    yield (*RPDU, 1, 8, 0), _fixed(outlets)
    yield (*RPDU, 1, 9, 0), _fixed(LINES)
    yield (*RPDU, 1, 15, 0), _fixed(round(LINE_VOLTAGE * math.sqrt(3)))
    yield (*RPDU, 1, 16, 0), _number(lambda view: view.power)
    load = (*RPDU, 2, 3, 1, 1)
    for line in range(LINES):
        yield (*load, 2, line + 1), _item(lambda view: view.line_current, line, 10, GAUGE)
        yield (*load, 3, line + 1), _fixed(1)
        yield (*load, 4, line + 1), _fixed(line + 1)
        yield (*load, 5, line + 1), _fixed(0)
    for bank in range(banks):
        row = LINES + bank + 1
        yield (*load, 2, row), _item(lambda view: view.bank_current, bank, 10, GAUGE)
        yield (*load, 3, row), _fixed(1)
        yield (*load, 4, row), _fixed(0)
        yield (*load, 5, row), _fixed(bank + 1)
    for row in range(1, LINES + banks + 1):
        yield (*load, 1, row), _fixed(row)
    for outlet in range(outlets):
        yield (*RPDU, 3, 5, 1, 1, 1, outlet + 1), _fixed(outlet + 1)
        yield (*RPDU, 3, 5, 1, 1, 2, outlet + 1), _constant(f"Outlet {outlet + 1}")
        yield (*RPDU, 3, 5, 1, 1, 4, outlet + 1), _outlet_state(outlet, on=1, off=2)
    yield (*RPDU, 4, 1, 3, 0), _fixed(1)


def _spdu(model: PduModel, outlets: int) -> Iterator[Object]:
    yield (*SPDU, 1, 4, 0), _text(lambda view: model.model)
    yield (*SPDU, 1, 5, 0), _text(lambda view: view.serial)
    for outlet in range(outlets):
        yield (*SPDU, 4, 2, 1, 1, outlet + 1), _fixed(outlet + 1)
        yield (*SPDU, 4, 2, 1, 3, outlet + 1), _outlet_state(outlet, on=1, off=2)


def _rpdu2_device(model: PduModel, outlets: int, banks: int) -> Iterator[Object]:
    yield (*RPDU2, 2, 1, 1, 1), _fixed(1)
    yield (*RPDU2, 2, 1, 2, 1), _fixed(1)
    yield (*RPDU2, 2, 1, 3, 1), _text(lambda view: view.name)
    yield (*RPDU2, 2, 1, 6, 1), _text(lambda view: model.firmware)
    yield (*RPDU2, 2, 1, 8, 1), _text(lambda view: model.model)
    yield (*RPDU2, 2, 1, 9, 1), _text(lambda view: view.serial)
    properties = (*RPDU2, 4, 2, 1)
    for column, value in ((1, 1), (2, 1), (4, outlets), (5, outlets), (6, outlets), (7, LINES), (8, banks)):
        yield (*properties, column, 1), _fixed(value)
    status = (*RPDU2, 4, 3, 1)
    yield (*status, 1, 1), _fixed(1)
    yield (*status, 2, 1), _fixed(1)
    yield (*status, 3, 1), _text(lambda view: view.name)
    yield (*status, 4, 1), _number(lambda view: 2 if view.power > 0 else 1)
    yield (*status, 5, 1), _number(lambda view: view.power / 10)
    yield (*status, 9, 1), _number(lambda view: view.energy * 10)
    yield (*status, 11, 1), _fixed(2)
    yield (*status, 12, 1), _fixed(1)
    sensor = (*RPDU2, 10, 2, 2, 1)
    yield (*sensor, 1, 1), _fixed(1)
    yield (*sensor, 2, 1), _fixed(1)
    yield (*sensor, 3, 1), _text(lambda view: "Aisle")
    yield (*sensor, 6, 1), _fixed(2)
    yield (*sensor, 8, 1), _number(lambda view: view.temperature * 10)
    yield (*sensor, 10, 1), _number(lambda view: view.humidity)


def _rpdu2_loads(banks: int) -> Iterator[Object]:
    phase, limits, bank_status = (*RPDU2, 6, 3, 1), (*RPDU2, 8, 1, 1), (*RPDU2, 8, 3, 1)
    for line in range(LINES):
        for column, value in ((1, line + 1), (2, 1), (3, line + 1), (4, 2)):
            yield (*phase, column, line + 1), _fixed(value)
        yield (*phase, 5, line + 1), _item(lambda view: view.line_current, line, 10)
        yield (*phase, 6, line + 1), _item(lambda view: view.line_voltage, line)
        yield (*phase, 7, line + 1), _item(lambda view: view.line_power, line, 0.1)
    for bank in range(banks):
        row = bank + 1
        for column, value in ((1, row), (2, 1), (3, row)):
            yield (*limits, column, row), _fixed(value)
            yield (*bank_status, column, row), _fixed(value)
        yield (*limits, 6, row), _number(lambda view: 0.9 * view.bank_limit)
        yield (*limits, 7, row), _number(lambda view: view.bank_limit)
        yield (*bank_status, 4, row), _bank_state(bank)
        yield (*bank_status, 5, row), _item(lambda view: view.bank_current, bank, 10)


def _rpdu2_outlets(outlets: int) -> Iterator[Object]:
    switched, metered = (*RPDU2, 9, 2, 3, 1), (*RPDU2, 9, 4, 3, 1)
    for outlet in range(outlets):
        row = outlet + 1
        for table in (switched, metered):
            for column, value in ((1, row), (2, 1), (4, row)):
                yield (*table, column, row), _fixed(value)
            yield (*table, 3, row), _constant(f"Outlet {row}")
        yield (*switched, 5, row), _outlet_state(outlet, on=2, off=1)
        yield (*metered, 6, row), _item(lambda view: view.outlet_power, outlet, 10 / (LINE_VOLTAGE * POWER_FACTOR))
        yield (*metered, 7, row), _item(lambda view: view.outlet_power, outlet)
