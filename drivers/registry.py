"""Explicit table: profile to driver, and who answers at an address."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from drivers.cooling.plant import PlantDriver
from drivers.core.device import Driver
from drivers.core.errors import (
    DeviceError,
    Malformed,
    ProfileError,
    Refused,
    Rejected,
    TimedOut,
    Unreachable,
    Unsupported,
)
from drivers.core.identity import Address, Identity
from drivers.core.object_map import ObjectMap
from drivers.core.profile import Profile
from drivers.family import PUBLIC, Access, Family
from drivers.meters.meter import MeterDriver
from drivers.miners.antminer import AntminerDriver
from drivers.miners.antminer import identify as identify_miner
from drivers.pdus.snmp_pdu import (
    SYS_OBJECT_ID,
    SnmpPduDriver,
    has_probe,
    identity_of,
    identity_oids,
    physical_address,
)
from drivers.transports.cgminer import DEADLINE_S, CgminerTransport
from drivers.transports.connections import Connections
from drivers.transports.snmp import SnmpTarget

_PROBE_DEADLINE_S: Final = 1.5
"""For a miner's answer on a port that says nothing about its protocol."""


_TELLING: Final = (Unsupported, Refused, Rejected, Malformed, Unreachable, TimedOut)
"""Errors of a probe, the most telling first: somebody answered, nobody is there, silence."""


def _antminer(profile: Profile, address: Address, _access: Access) -> Driver:
    return AntminerDriver(profile, address)


def _pdu(profile: Profile, address: Address, access: Access) -> Driver:
    return SnmpPduDriver(profile, address, access.connections.snmp, access.snmp)


def _plant(profile: Profile, address: Address, access: Access) -> Driver:
    return PlantDriver(profile, address, access.connections.modbus(address), access.unit)


def _meter(profile: Profile, address: Address, access: Access) -> Driver:
    return MeterDriver(profile, address, access.connections.modbus(address), access.unit)


FAMILIES: Final[tuple[Family, ...]] = (
    Family("antminer", _antminer),
    Family("snmp-pdu", _pdu),
    Family("plant", _plant),
    Family("meter", _meter),
)
"""The families that come with the product."""

DRIVERS: Final[Mapping[str, Family]] = {family.driver: family for family in FAMILIES}
"""The `driver` of a profile, and its family."""


def open_driver(profile: Profile, address: Address, access: Access) -> Driver:
    """A driver for one device; nothing is sent before its first read.

    Args:
        profile: What the device is.
        address: Where it answers.
        access: The connections of this process, and what the device's own settings say.

    Raises:
        ProfileError: The profile names a driver that does not exist.
    """
    family = DRIVERS.get(profile.driver)
    if family is None:
        raise ProfileError(
            f"{profile.id}.toml: profile.driver: {profile.driver!r} is no driver; use one of {', '.join(DRIVERS)}"
        )
    return family.open(profile, address, access)


async def identify(
    address: Address, connections: Connections, profiles: Mapping[str, Profile], *, snmp: SnmpTarget | None = None
) -> Identity:
    """Who answers at an address. Sends no credentials but the community or user given in `snmp`.

    A port that a protocol is known by is asked in that protocol only; any other port is tried in all of them.

    Raises:
        DeviceError: Nobody understood any of the protocols; the error of the most telling attempt.
    """
    probes: dict[str, Callable[[], Awaitable[Identity]]] = {
        "cgminer": lambda: _identify_miner(address, profiles),
        "modbus-tcp": lambda: _identify_registers(address, connections, profiles),
        "snmp": lambda: _identify_agent(address, connections, profiles, snmp or PUBLIC),
    }
    usual = {profile.protocol for profile in profiles.values() if profile.port == address.port}
    known = usual or {profile.protocol for profile in profiles.values()}
    errors: list[DeviceError] = []
    for protocol in (protocol for protocol in probes if protocol in known):
        try:
            return await probes[protocol]()
        except DeviceError as error:
            errors.append(error)
    if not errors:
        raise Unsupported(str(address), "no profile is known")
    raise min(errors, key=lambda error: _TELLING.index(type(error)) if type(error) in _TELLING else 0)


def _of(profiles: Mapping[str, Profile], protocol: str) -> list[Profile]:
    return [profile for profile in profiles.values() if profile.protocol == protocol]


async def _identify_miner(address: Address, profiles: Mapping[str, Profile]) -> Identity:
    known = _of(profiles, "cgminer")
    if not known:
        raise Unsupported(str(address), "no profile for miners of this protocol")
    deadline = DEADLINE_S if address.port == known[0].port else _PROBE_DEADLINE_S
    return await identify_miner(CgminerTransport(address, deadline=deadline), known[0])


async def _identify_registers(address: Address, connections: Connections, profiles: Mapping[str, Profile]) -> Identity:
    """A family with an identification register is told by it; the one without comes last."""
    families = sorted(_of(profiles, "modbus-tcp"), key=lambda profile: "identify" not in profile.options)
    errors: list[DeviceError] = [Unsupported(str(address), "no profile for Modbus devices")]
    for profile in families:
        try:
            return await open_driver(profile, address, Access(connections)).identify()
        except DeviceError as error:
            errors.append(error)
            if isinstance(error, Unreachable):
                break
    raise errors[-1]


async def _identify_agent(
    address: Address, connections: Connections, profiles: Mapping[str, Profile], target: SnmpTarget
) -> Identity:
    """The family whose own identifier the agent reports; else the first whose probe has a value."""
    maps = [(profile, ObjectMap.of(profile)) for profile in _of(profiles, "snmp")]
    oids = list(dict.fromkeys(oid for _, objects in maps for oid in identity_oids(objects)))
    values = await connections.snmp.get(address, target, oids or [SYS_OBJECT_ID])
    own = values.get(SYS_OBJECT_ID)
    named = [item for item in maps if own in item[1].sys_object_ids]
    probed = [item for item in sorted(maps, key=lambda item: item[0].id, reverse=True) if has_probe(item[1], values)]
    for profile, objects in named + probed:
        mac = await physical_address(connections.snmp, address, target)
        return identity_of(profile, objects, values, mac)
    raise Unsupported(str(address), f"an SNMP agent of no known family answers (sysObjectID {own!r})")
