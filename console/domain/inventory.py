"""A site: its devices, their places, and the four graphs that tie them together."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from drivers.core.identity import Address, DeviceKind


@dataclass(frozen=True, slots=True)
class SnmpAccess:
    """How a PDU is read: the version, and the keyring entry that holds the community or the v3 user.

    The secret "public" names the well-known read community and needs no keyring entry.
    """

    version: str = "2c"
    secret: str = "public"


@dataclass(frozen=True, slots=True)
class Device:
    """One asset. Its identity is ours and stays when boards, addresses and names change.

    Attributes:
        id: UUIDv7, minted once.
        name: The site's own name, unique on the site.
        kind: Miner, PDU, plant or meter.
        address: Host and port.
        profile: Profile id; empty until identified.
        place: Path in the site's naming, `hall/tank or rack/row/slot`; empty when not placed.
        serial: As reported or entered.
        mac: As reported or entered, lower case with colons.
        model: As reported.
        asset: The owner's asset code.
        unit: Modbus device id (1 to 247); only for Modbus devices.
        snmp: How to read it by SNMP; only for SNMP devices.
        login: The keyring entry of its own login; empty where it has none (see `credentials.login_entry`).
        web_port: Port of its web interface where `address` is another protocol's; 0 for the family's usual one.
    """

    id: UUID
    name: str
    kind: DeviceKind
    address: Address
    profile: str = ""
    place: str = ""
    serial: str = ""
    mac: str = ""
    model: str = ""
    asset: str = ""
    unit: int = 1
    snmp: SnmpAccess | None = None
    login: str = ""
    web_port: int = 0


@dataclass(frozen=True, slots=True)
class CredentialGroup:
    """The login of a group of devices: those of one profile, below one place, or both; without either all miners.

    Attributes:
        entry: The keyring entry that holds the login; never the login itself.
        profile: Profile id; empty for miners of any profile.
        place: Path in the site's naming; empty for the whole site.
    """

    entry: str
    profile: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Loop:
    """A cooling loop: the plant that drives it and the places (or device names) it cools."""

    name: str
    plant: tuple[str, ...]
    cools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """One edge of the power tree. `source` is `device/outlet` or a device; `verified` the day somebody checked it."""

    source: str
    target: str
    verified: date | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One edge of the network tree: `switch/port` to device."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """Business hours of a contract, in the site's zone.

    Attributes:
        days: Monday is 0.
        opens: Minutes after local midnight.
        closes: Minutes after local midnight, later than `opens`.
        holidays: Days without business.
    """

    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    opens: int = 8 * 60
    closes: int = 17 * 60
    holidays: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Contract:
    """One site's own contract: the tier and the calendar that "next business day" is counted in."""

    tier: str
    calendar: Calendar = field(default_factory=Calendar)


@dataclass(frozen=True, slots=True)
class Site:
    """A site as its file describes it.

    Attributes:
        id: UUIDv7 of the site.
        name: What operators call it.
        zone: IANA time zone.
        rated_mw: Rated electrical power, MW (the rating, never the load).
        target_hashrate: TH/s.
    """

    id: UUID
    name: str
    zone: str
    rated_mw: float
    target_hashrate: float
    devices: tuple[Device, ...] = ()
    loops: tuple[Loop, ...] = ()
    feeds: tuple[Feed, ...] = ()
    links: tuple[Link, ...] = ()
    contract: Contract | None = None
    credentials: tuple[CredentialGroup, ...] = ()

    def device(self, name: str) -> Device:
        """The device of that name; raises KeyError when the site has none."""
        for device in self.devices:
            if device.name == name:
                return device
        raise KeyError(name)
