"""Explicit table: profile to driver; with what installed driver packages add to it."""

import logging
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Final

from drivers.cooling.plant import PlantDriver
from drivers.core.device import Driver
from drivers.core.errors import ProfileError
from drivers.core.identity import Address
from drivers.core.profile import Profile
from drivers.core.profile_file import load_profiles
from drivers.family import ENTRY_POINTS, Access, Family
from drivers.meters.meter import MeterDriver
from drivers.miners.antminer.driver import FAMILY as ANTMINER
from drivers.miners.auradine import driver as auradine
from drivers.miners.avalon.driver import FAMILY as AVALON
from drivers.miners.bitaxe import driver as bitaxe
from drivers.miners.braiins.driver import FAMILY as BRAIINS
from drivers.miners.epic import driver as epic
from drivers.miners.long_tail import driver as long_tail
from drivers.miners.luxos.driver import FAMILY as LUXOS
from drivers.miners.mara import driver as mara
from drivers.miners.sealminer.driver import FAMILY as SEALMINER
from drivers.miners.vnish.driver import FAMILY as VNISH
from drivers.miners.whatsminer.v2 import FAMILY as WHATSMINER_V2
from drivers.miners.whatsminer.v3 import FAMILY as WHATSMINER_V3
from drivers.packages import Packages, load_packages
from drivers.pdus.snmp_pdu import SnmpPduDriver

_log = logging.getLogger(__name__)


def _pdu(profile: Profile, address: Address, access: Access) -> Driver:
    return SnmpPduDriver(profile, address, access.connections.snmp, access.snmp)


def _plant(profile: Profile, address: Address, access: Access) -> Driver:
    return PlantDriver(profile, address, access.connections.modbus(address), access.unit)


def _meter(profile: Profile, address: Address, access: Access) -> Driver:
    return MeterDriver(profile, address, access.connections.modbus(address), access.unit)


FAMILIES: Final[tuple[Family, ...]] = (
    epic.FAMILY,
    auradine.FAMILY,
    mara.FAMILY,
    bitaxe.FAMILY,
    BRAIINS,
    VNISH,
    LUXOS,
    AVALON,
    SEALMINER,
    WHATSMINER_V3,
    WHATSMINER_V2,
    ANTMINER,
    long_tail.FAMILY,
    Family("snmp-pdu", _pdu),
    Family("plant", _plant),
    Family("meter", _meter),
)
"""The families that come with the product. Of two that recognise one device the earlier is asked first."""

DRIVERS: Final[Mapping[str, Family]] = {family.driver: family for family in FAMILIES}
"""The product's families by the `driver` that profiles name."""


@cache
def packages() -> Packages:
    """What the installed driver packages bring; each one's problem is logged once. Runs their code.

    Raises:
        ProfileError: A profile of the product itself cannot be used.
    """
    found = load_packages(entry_points(group=ENTRY_POINTS), DRIVERS, load_profiles())
    for problem in found.problems:
        _log.warning("driver package %s: %s", problem.package, problem.text)
    return found


@cache
def families() -> Mapping[str, Family]:
    """Every family by its driver, those of packages last. Raises ProfileError as `packages`."""
    return MappingProxyType({**DRIVERS, **{family.driver: family for family in packages().families}})


@cache
def all_profiles() -> Mapping[str, Profile]:
    """Every profile by id: the product's, and those of driver packages. Raises ProfileError as `packages`."""
    return MappingProxyType({**load_profiles(), **packages().profiles})


def open_driver(profile: Profile, address: Address, access: Access) -> Driver:
    """A driver for one device; nothing is sent before its first read.

    Args:
        profile: What the device is.
        address: Where it answers.
        access: The connections of this process, and what the device's own settings say.

    Raises:
        ProfileError: The profile names a driver that does not exist.
    """
    family = DRIVERS.get(profile.driver) or families().get(profile.driver)
    if family is None:
        raise ProfileError(
            f"{profile.id}.toml: profile.driver: {profile.driver!r} is no driver; use one of {', '.join(families())}"
        )
    return family.open(profile, address, access)
