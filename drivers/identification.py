"""Who answers at an address, or at several ports of one host: told without sending any credential.

Every port is asked in the protocols that it is known by, any other port in all of them. What comes back is a clue that
each family is shown; those that recognise it are then asked who exactly it is. Several answers of one host are one
device.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from drivers.agents import identify_agent, identify_registers
from drivers.core.errors import DeviceError, Malformed, Refused, Rejected, TimedOut, Unreachable, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.profile import Profile
from drivers.family import PUBLIC, Access, Clue, Family, Page
from drivers.miners.reply import first, text
from drivers.probing import ANSWER_S, CONNECT_S, GUESS_S, ask_info, ask_page, ask_version, knock
from drivers.registry import families, open_driver
from drivers.transports.connections import Connections
from drivers.transports.snmp import SnmpTarget

_log = logging.getLogger(__name__)

_TELLING: Final = (Unsupported, Refused, Rejected, Malformed, Unreachable, TimedOut)
"""Errors of a probe, the most telling first: somebody answered, nobody is there, silence."""

_ORDER: Final = ("cgminer", "http", "whatsminer-v3", "modbus-tcp", "snmp")
"""In which protocols are tried on one port: those first whose listeners bear with a stranger's question."""
_MINERS: Final = frozenset({"cgminer", "http", "whatsminer-v3"})
_ALSO_WEB: Final = frozenset({80, 4028, 8080})
"""Ports of web interfaces, whatever the profiles say: a page tells families whose profile speaks something else."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How devices are asked.

    Attributes:
        connections: The connections of this process.
        profiles: What can be recognised.
        snmp: How SNMP agents let themselves be read; None where nobody has said.
        public: Whether the community `public` is tried where nobody has said; without it no agent is asked then.
        connect_s: Seconds for a connection.
    """

    connections: Connections
    profiles: Mapping[str, Profile]
    snmp: SnmpTarget | None = None
    public: bool = True
    connect_s: float = CONNECT_S


@dataclass(frozen=True, slots=True)
class Recognised:
    """One device.

    Attributes:
        address: Where it is read: the port of its profile's protocol.
        identity: Who it is.
        ports: Those that answered.
        also: Other profiles that fit the same host, and where.
        note: Why it could not be asked who exactly it is; empty when it was.
    """

    address: Address
    identity: Identity
    ports: tuple[int, ...] = ()
    also: tuple[tuple[Address, str], ...] = ()
    note: str = ""


async def identify(
    address: Address,
    connections: Connections,
    profiles: Mapping[str, Profile],
    *,
    snmp: SnmpTarget | None = None,
    public: bool = True,
) -> Identity:
    """Who answers at one address. Sends no credential but the community or user given in `snmp`.

    Raises:
        DeviceError: Nobody understood any of the protocols; the error of the most telling attempt.
    """
    found = await recognise([address], Asking(connections, profiles, snmp, public))
    if found.identity.profile and found.address != address:
        title = profiles[found.identity.profile].title
        raise Unsupported(str(address), f"{title} is read at {found.address}; correct the address")
    return found.identity


async def recognise(places: Sequence[Address], asking: Asking) -> Recognised:
    """The one device that answers at these ports of one host.

    Raises:
        DeviceError: No known device does; the error of the most telling attempt.
    """
    seen = _Seen()
    await asyncio.gather(*(_look(place, asking, seen) for place in places))
    found = [item for family in _recognising(seen, asking) if (item := await _ask_family(family, seen, asking))]
    found += [Recognised(address, identity) for address, identity in seen.told]
    if not found and seen.versions:
        address, version = _first(seen.versions, places)
        found = [Recognised(address, unknown_miner(version))]
    if found:
        return _one(sorted(found, key=lambda item: bool(item.note)), seen.ports)
    if seen.pages:
        seen.errors.append(Unsupported(str(places[0]), "a web server of no known family answers"))
    if not seen.errors:
        raise Unsupported(str(places[0]), "no profile is known")
    raise min(seen.errors, key=lambda error: _TELLING.index(type(error)) if type(error) in _TELLING else 0)


async def expect(profile: Profile, address: Address, asking: Asking) -> None:
    """Make sure, before a login goes there, that a device of this profile answers at an address.

    What no family recognises by itself (the long tail) is taken at the word of whoever named its profile.

    Raises:
        DeviceError: Nobody answers, or (`Refused`) something else does; nothing secret was sent.
    """
    family = families().get(profile.driver)
    if family is None or family.recognise is None:
        return
    # Only in the protocol of the profile: on a port of its own choice every other one would be waited for in vain.
    alike = {name: other for name, other in asking.profiles.items() if other.protocol == profile.protocol}
    found = await recognise([address], replace(asking, profiles=alike))
    if profile.id not in {found.identity.profile, *(also for _, also in found.also)}:
        other = found.identity.profile or found.identity.firmware or "something unknown"
        text = f"{other} answers and not {profile.id}: the login is not sent; correct the profile or the address"
        raise Refused(str(address), text)


def unknown_miner(version: Mapping[str, object]) -> Identity:
    """What a miner of no known family says about itself in its answer to `version`; its profile stays empty."""
    said = first(version, "VERSION")
    names = [key for key in said if key not in {"API", "Type", "Model", "CompileTime", "Miner"}]
    firmware = f"{names[0]} {text(said[names[0]])}".strip() if names else text(said.get("Miner"))
    return Identity(DeviceKind.MINER, model=text(said.get("Type")) or text(said.get("Model")), firmware=firmware)


@dataclass(slots=True)
class _Seen:
    """What the ports of one host answered."""

    versions: dict[Address, Mapping[str, object]] = field(default_factory=dict)
    pages: dict[Address, Page] = field(default_factory=dict)
    infos: dict[Address, Mapping[str, object]] = field(default_factory=dict)
    told: list[tuple[Address, Identity]] = field(default_factory=list)
    errors: list[DeviceError] = field(default_factory=list)

    @property
    def ports(self) -> tuple[int, ...]:
        told = (address for address, _ in self.told)
        return tuple(sorted({place.port for place in (*self.versions, *self.pages, *self.infos, *told)}))

    def at(self, protocol: str, usual: int = 0) -> Address | None:
        """Where a protocol was answered: at the usual port, if there, since one host may have several web servers."""
        answers: Mapping[str, Iterable[Address]] = {
            "cgminer": self.versions,
            "http": self.pages,
            "whatsminer-v3": self.infos,
        }
        return min(answers.get(protocol, ()), key=lambda place: (place.port != usual, place), default=None)

    def clues(self) -> list[Clue]:
        """One for each page, since a host may have several web servers."""
        version = next(iter(self.versions.values()), {})
        info = next(iter(self.infos.values()), {})
        if self.pages:
            return [Clue(address, version, page, info) for address, page in sorted(self.pages.items())]
        return [Clue(address, version, None, info) for address in [*self.versions, *self.infos][:1]]


async def _look(place: Address, asking: Asking, seen: _Seen) -> None:
    """Ask one port until one protocol is understood."""
    protocols, is_usual = _protocols(place.port, asking)
    if any(protocol != "snmp" for protocol in protocols):
        try:
            await knock(place, seconds=asking.connect_s)
        except Unreachable as error:
            seen.errors.append(error)
            protocols = [protocol for protocol in protocols if protocol == "snmp"]
    for protocol in protocols:
        try:
            await _ask(place, protocol, asking, seen, ANSWER_S if is_usual else GUESS_S)
        except DeviceError as error:
            seen.errors.append(error)
        else:
            return


async def _ask(place: Address, protocol: str, asking: Asking, seen: _Seen, seconds: float) -> None:
    """Ask one port in one protocol; raises a `DeviceError`."""
    if protocol == "cgminer":
        seen.versions[place] = await ask_version(place, seconds=seconds)
    elif protocol == "http":
        seen.pages[place] = await ask_page(place, seconds=seconds)
    elif protocol == "whatsminer-v3":
        seen.infos[place] = await ask_info(place, seconds=seconds)
    elif protocol == "modbus-tcp":
        seen.told.append((place, await identify_registers(place, asking.connections, asking.profiles)))
    else:
        target = asking.snmp or PUBLIC
        seen.told.append((place, await identify_agent(place, asking.connections, asking.profiles, target)))


def _protocols(port: int, asking: Asking) -> tuple[list[str], bool]:
    """What a port is asked in, in order; and whether it is a port that these are known by."""
    known = {profile.protocol for profile in asking.profiles.values()}
    usual = {profile.protocol for profile in asking.profiles.values() if profile.port == port}
    if known & _MINERS:
        known.add("http")
        if port in _ALSO_WEB:
            usual.add("http")
    if asking.snmp is None and not asking.public:
        known.discard("snmp")
    return [protocol for protocol in _ORDER if protocol in (usual or known) & known], bool(usual)


def _recognising(seen: _Seen, asking: Asking) -> list[Family]:
    drivers = {profile.driver for profile in asking.profiles.values()}
    clues = seen.clues()
    return [
        family
        for family in families().values()
        if family.driver in drivers and any(_recognises(family, clue) for clue in clues)
    ]


def _recognises(family: Family, clue: Clue) -> bool:
    if family.recognise is None:
        return False
    try:
        return family.recognise(clue)
    except Exception as error:  # noqa: BLE001 - a driver package's mistake must not end a scan of the others
        _log.warning("driver %s: recognising %s failed: %r", family.driver, clue.address, error)
        return False


async def _ask_family(family: Family, seen: _Seen, asking: Asking) -> Recognised | None:
    """The family's profile that fits, or the likeliest with the reason why it could not be asked; None for none."""
    mine = [profile for profile in asking.profiles.values() if profile.driver == family.driver]
    host = seen.clues()[0].address.host
    likeliest: Recognised | None = None
    for profile in sorted(mine, key=lambda profile: (seen.at(profile.protocol) is None, profile.id)):
        address = seen.at(profile.protocol, profile.port) or Address(host, profile.port)
        try:
            identity = await _identity(profile, address, seen, asking)
        except Unsupported:
            continue
        except DeviceError as error:
            known = Identity(profile.kind, profile.make, profile=profile.id)
            likeliest = likeliest or Recognised(address, known, note=error.text)
            continue
        if identity.profile:
            return Recognised(address, identity)
    return likeliest


async def _identity(profile: Profile, address: Address, seen: _Seen, asking: Asking) -> Identity:
    web = seen.at("http")
    web_port = web.port if web is not None and profile.protocol != "http" else 0
    driver = open_driver(
        profile, address, Access(asking.connections, snmp=asking.snmp or PUBLIC, login=None, web_port=web_port)
    )
    try:
        return await driver.identify()
    except DeviceError:
        raise
    except Exception as error:
        _log.warning("driver %s: identifying %s failed: %r", profile.driver, address, error)
        raise Malformed(str(address), f"the driver {profile.driver} failed: {error!r}") from error
    finally:
        await driver.close()


def _first(
    answers: Mapping[Address, Mapping[str, object]], places: Sequence[Address]
) -> tuple[Address, Mapping[str, object]]:
    place = next(place for place in places if place in answers)
    return place, answers[place]


def _one(found: Sequence[Recognised], ports: tuple[int, ...]) -> Recognised:
    """The first, with what only the others know of the same device."""
    best, others = found[0], found[1:]
    identity = best.identity
    for other in others:
        if other.identity.kind is identity.kind:
            identity = replace(
                identity, mac=identity.mac or other.identity.mac, serial=identity.serial or other.identity.serial
            )
    also = tuple((other.address, other.identity.profile) for other in others if other.identity.profile)
    return replace(best, identity=identity, ports=ports, also=also)
