"""Who answers SNMP or Modbus TCP at an address, told by what the profiles say about identification."""

from collections.abc import Mapping

from drivers.core.errors import DeviceError, Unreachable, Unsupported
from drivers.core.identity import Address, Identity
from drivers.core.object_map import ObjectMap
from drivers.core.profile import Profile
from drivers.family import Access
from drivers.pdus.snmp_pdu import SYS_OBJECT_ID, has_probe, identity_of, identity_oids, physical_address
from drivers.registry import open_driver
from drivers.transports.connections import Connections
from drivers.transports.snmp import SnmpTarget


async def identify_registers(address: Address, connections: Connections, profiles: Mapping[str, Profile]) -> Identity:
    """The Modbus device there. A family with an identification register is told by it; the one without comes last.

    Raises a `DeviceError`.
    """
    known = sorted(_of(profiles, "modbus-tcp"), key=lambda profile: "identify" not in profile.options)
    errors: list[DeviceError] = [Unsupported(str(address), "no profile for Modbus devices")]
    for profile in known:
        try:
            return await open_driver(profile, address, Access(connections)).identify()
        except DeviceError as error:
            errors.append(error)
            if isinstance(error, Unreachable):
                break
    raise errors[-1]


async def identify_agent(
    address: Address, connections: Connections, profiles: Mapping[str, Profile], target: SnmpTarget
) -> Identity:
    """The family whose own identifier the agent reports; else the first whose probe has a value.

    Raises a `DeviceError`.
    """
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


def _of(profiles: Mapping[str, Profile], protocol: str) -> list[Profile]:
    return [profile for profile in profiles.values() if profile.protocol == protocol]
