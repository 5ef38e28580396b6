"""Rack PDUs over SNMP: outlets, phases, banks and probes as the profile names them and the device has them."""

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from drivers.core.device import Tier
from drivers.core.errors import TimedOut, Unsupported
from drivers.core.identity import Address, Identity
from drivers.core.object_map import ObjectMap, ObjectPoint
from drivers.core.profile import Profile
from drivers.core.reading import DeviceState, Layout, Quality, Report
from drivers.transports.snmp import SnmpTarget, SnmpTransport, SnmpValue

DEADLINE_S: Final = 6.0
"""For one poll; the first one also walks the tables."""
SYS_OBJECT_ID: Final = "1.3.6.1.2.1.1.2.0"
_PHYSICAL_ADDRESS: Final = "1.3.6.1.2.1.2.2.1.6"
_INTERFACES: Final = 16


@dataclass(frozen=True, slots=True)
class _Cell:
    """One object that is read: the point it carries and its identifier."""

    point: ObjectPoint
    oid: str


class SnmpPduDriver:
    """Polls one PDU. The rows of its tables are found by the first poll and kept until `close`."""

    def __init__(self, profile: Profile, address: Address, transport: SnmpTransport, target: SnmpTarget) -> None:
        self._profile = profile
        self._address = address
        self._transport = transport
        self._target = target
        self._map = ObjectMap.of(profile)
        self._cells: tuple[_Cell, ...] = ()
        self._layout = Layout(())

    @property
    def profile(self) -> Profile:
        """The profile of the family."""
        return self._profile

    @property
    def address(self) -> Address:
        """Where the agent answers."""
        return self._address

    async def identify(self) -> Identity:
        """Ask who it is; raises a `DeviceError`, `Unsupported` when it is no PDU of this family."""
        oids = identity_oids(self._map)
        values = await self._transport.get(self._address, self._target, oids)
        if not belongs(self._map, values):
            raise Unsupported(str(self._address), f"the agent is no {self._profile.title}")
        mac = await physical_address(self._transport, self._address, self._target)
        return identity_of(self._profile, self._map, values, mac)

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one deadline; raises a `DeviceError`."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                if not self._cells:
                    await self._discover()
                return await self._poll(tier)
        except TimeoutError:
            raise TimedOut(str(self._address), f"no complete answer within {DEADLINE_S:g} s") from None

    async def _poll(self, tier: Tier) -> Report:
        asked = time.time()
        wanted = [cell for cell in self._cells if tier is Tier.FULL or cell.point.tier is tier]
        found = await self._transport.get(self._address, self._target, [cell.oid for cell in wanted])
        if not found:
            await self.close()
            raise Unsupported(str(self._address), "the agent has none of the profile's objects")
        answered = time.time()
        asked_oids = {cell.oid for cell in wanted}
        values: list[float] = []
        quality = bytearray()
        for cell in self._cells:
            if cell.oid in asked_oids:
                value, code = decode(cell.point, found.get(cell.oid))
            else:
                value, code = math.nan, Quality.NOT_POLLED
            values.append(value)
            quality.append(code)
        return Report(asked, answered, DeviceState.RUNNING, self._layout, values, bytes(quality))

    async def _discover(self) -> None:
        """Find the rows of every table. Where two objects give the same series, the first with a value is taken."""
        chosen: dict[tuple[str, str], tuple[_Cell, bool]] = {}
        scalars = [point.oid for point in self._map.points if not point.table]
        found = dict(await self._transport.get(self._address, self._target, scalars))
        columns: dict[str, Mapping[str, SnmpValue]] = {}
        for point in self._map.points:
            cells = await self._rows(point, found, columns) if point.table else {point.part: point.oid}
            for part, oid in cells.items():
                usable = decode(point, found.get(oid))[1].has_value
                before = chosen.get((point.point, part))
                if before is None or (usable and not before[1]):
                    chosen[point.point, part] = (_Cell(point, oid), usable)
        self._cells = tuple(cell for cell, _ in chosen.values())
        self._layout = Layout(tuple(cell.point.signal(part) for (_, part), (cell, _) in chosen.items()))

    async def _rows(
        self, point: ObjectPoint, found: dict[str, SnmpValue], columns: dict[str, Mapping[str, SnmpValue]]
    ) -> Mapping[str, str]:
        """The object identifiers of a column by the part they carry; remembers the values on the way."""
        names = [point.oid, *(rule.column for rule in point.parts)]
        for name in names:
            if name not in columns and (name == point.oid or columns[point.oid]):
                columns[name] = await self._transport.column(self._address, self._target, name)
        rows: dict[str, str] = {}
        for index, value in columns[point.oid].items():
            oid = f"{point.oid}.{index}"
            found[oid] = value
            rows.setdefault(_part(point, index, columns), oid)
        return rows

    async def close(self) -> None:
        """Forget the rows; the sockets belong to the transport that all PDUs share."""
        self._cells = ()
        self._layout = Layout(())


def _part(point: ObjectPoint, index: str, columns: Mapping[str, Mapping[str, SnmpValue]]) -> str:
    for rule in point.parts:
        value = columns.get(rule.column, {}).get(index)
        if isinstance(value, int) and value > 0:
            return rule.part.replace("{value}", str(value))
    return point.part.replace("{index}", index)


def decode(point: ObjectPoint, raw: SnmpValue | None) -> tuple[float, Quality]:
    """The value of an object in the unit of its point; what the agent does not have (None) is unsupported."""
    if raw is None:
        return math.nan, Quality.UNSUPPORTED
    if isinstance(raw, int):
        return point.decode(raw)
    try:
        return point.decode(float(raw))
    except ValueError:
        return math.nan, Quality.NOT_REPORTED


def identity_oids(objects: ObjectMap) -> list[str]:
    """What must be asked to tell whether an agent belongs to a family, and who it is."""
    return list(dict.fromkeys([SYS_OBJECT_ID, objects.probe, *objects.model, *objects.serial, *objects.firmware]))


def belongs(objects: ObjectMap, values: Mapping[str, SnmpValue]) -> bool:
    """Whether the agent's own identifier is one of the family's or, where it is not known, the probe has a value."""
    return values.get(SYS_OBJECT_ID) in objects.sys_object_ids or has_probe(objects, values)


def has_probe(objects: ObjectMap, values: Mapping[str, SnmpValue]) -> bool:
    """Whether the object that marks the family has a value that is not "not available"."""
    value = values.get(objects.probe)
    return value is not None and value != -1


def identity_of(profile: Profile, objects: ObjectMap, values: Mapping[str, SnmpValue], mac: str) -> Identity:
    """The identity in what the agent answered."""
    return Identity(
        kind=profile.kind,
        make=profile.make,
        model=_first_text(values, objects.model),
        firmware=_first_text(values, objects.firmware),
        mac=mac,
        serial=_first_text(values, objects.serial),
        profile=profile.id,
    )


def _first_text(values: Mapping[str, SnmpValue], oids: tuple[str, ...]) -> str:
    for oid in oids:
        value = values.get(oid)
        if isinstance(value, bytes):
            text = "".join(letter for letter in value[:200].decode("utf-8", "replace") if letter.isprintable()).strip()
            if text:
                return text
    return ""


async def physical_address(transport: SnmpTransport, address: Address, target: SnmpTarget) -> str:
    """The first hardware address of the agent's interfaces, with colons; empty when it tells none."""
    rows = await transport.column(address, target, _PHYSICAL_ADDRESS, limit=_INTERFACES)
    for value in rows.values():
        if isinstance(value, bytes) and len(value) == 6 and any(value):
            return value.hex(":")
    return ""
