"""A family of devices as the registry knows it: how it is recognised without credentials, and how it is opened.

A driver package outside this one offers a `Family` through the entry point group `terrahash.drivers`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Final, TypeAlias

from drivers.core.credentials import Login
from drivers.core.device import Driver
from drivers.core.identity import Address
from drivers.core.profile import Profile
from drivers.transports.connections import Connections
from drivers.transports.snmp import SnmpTarget

ENTRY_POINTS: Final = "terrahash.drivers"
PUBLIC: Final = SnmpTarget()
"""The well-known read community: no secret, so it may be tried without being told."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a driver needs besides the address.

    Attributes:
        connections: The connections of this process.
        unit: Modbus device id.
        snmp: How an SNMP agent lets itself be read.
        login: What a person has set for this very device; None where nobody has, and then none is sent.
        web_port: Port of the device's web interface where its first port is another protocol; 0 takes the usual one.
    """

    connections: Connections
    unit: int = 1
    snmp: SnmpTarget = PUBLIC
    login: Login | None = None
    web_port: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What a web server answered to a plain GET without credentials.

    Attributes:
        status: HTTP status.
        headers: By lower-case name.
        body: At most 64 KiB.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Clue:
    """What was seen at an address without any credential.

    Attributes:
        address: Where.
        version: The answer to CGMiner's `version`, with its STATUS; empty where that protocol is not spoken.
        page: The answer to GET /; None where HTTP is not spoken.
        info: The answer to Whatsminer's `get.device.info` (version 3); empty where that protocol is not spoken.
    """

    address: Address
    version: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    page: Page | None = None
    info: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


Opener: TypeAlias = Callable[[Profile, Address, Access], Driver]
Recogniser: TypeAlias = Callable[[Clue], bool]


@dataclass(frozen=True, slots=True)
class Family:
    """One family of devices.

    Attributes:
        driver: What `driver` in a profile names.
        open: Makes a driver; nothing is sent before its first read.
        recognise: Whether a clue is of this family; None for families that are told in another way (SNMP, Modbus).
        profiles: Folder of the family's own profiles, for families that do not come with the product.
    """

    driver: str
    open: Opener
    recognise: Recogniser | None = None
    profiles: Traversable | None = None
