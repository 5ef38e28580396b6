"""A site as fields that are edited one by one: what a device, a feed or a loop is in the event log, and back.

Kinds of events: "device" (entity: its id), "site" (entity: its id; loops and groups of credentials are fields of
it), "feeds" (entity: the device that feeds, each feed a field) and "links" (entity: the switch, each link a field).
Fields that have their default value are left out when a thing is first written.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import TypeVar
from uuid import UUID

import msgspec

from console.domain.inventory import Contract, CredentialGroup, Device, Feed, Link, Loop, Site, SnmpAccess
from console.store.records.fields import PLACE
from drivers.core.identity import Address, DeviceKind

DEVICE, SITE, FEEDS, LINKS, ALIAS = "device", "site", "feeds", "links", "alias"
INVENTORY = (DEVICE, SITE, FEEDS, LINKS, ALIAS)
"""Kinds of events that make up a site."""

LOOP = "loop "
"""Begin of the name of a site's field that is a loop."""

CREDENTIAL = "credential "
"""Begin of the name of a site's field that is a group of credentials."""

SPACE = 1 << 20
"""Between the positions of neighbours, so that twenty times something fits in between before all move."""

_DEFAULTS: Mapping[str, object] = {
    "profile": "", "place": "", "serial": "", "mac": "", "model": "", "asset": "", "unit": 1, "snmp": None,
    "login": "", "web_port": 0,
}  # fmt: skip

T = TypeVar("T")
Values = dict[str, object]


class _DeviceFields(msgspec.Struct):
    name: str
    kind: DeviceKind
    host: str
    port: int
    position: int = 0
    unit: int = 1
    profile: str = ""
    place: str = ""
    serial: str = ""
    mac: str = ""
    model: str = ""
    asset: str = ""
    snmp: SnmpAccess | None = None
    login: str = ""
    web_port: int = 0


class _SiteFields(msgspec.Struct):
    name: str
    zone: str
    rated_mw: float
    target_hashrate: float
    contract: Contract | None = None


class _LoopFields(msgspec.Struct):
    plant: tuple[str, ...]
    cools: tuple[str, ...]
    at: int = 0


class _CredentialFields(msgspec.Struct):
    entry: str
    at: int = 0


class _FeedFields(msgspec.Struct):
    at: int = 0
    verified: date | None = None


class _LinkFields(msgspec.Struct):
    at: int = 0


def device_fields(device: Device, position: int) -> Values:
    """Every field of a device."""
    return {
        "name": device.name,
        "kind": device.kind.value,
        "host": device.address.host,
        "port": device.address.port,
        "position": position,
        "unit": device.unit,
        "profile": device.profile,
        "place": device.place,
        "serial": device.serial,
        "mac": device.mac,
        "model": device.model,
        "asset": device.asset,
        "snmp": msgspec.to_builtins(device.snmp) if device.snmp is not None else None,
        "login": device.login,
        "web_port": device.web_port,
    }


def without_defaults(fields: Values) -> Values:
    """The fields of a device that is new, without those that say nothing."""
    return {key: value for key, value in fields.items() if key not in _DEFAULTS or _DEFAULTS[key] != value}


def build_device(entity: str, values: Values) -> tuple[int, Device]:
    """Position and device out of its fields. Raises `msgspec.ValidationError` while some are missing, ValueError."""
    fields = msgspec.convert(values, _DeviceFields)
    device = Device(
        UUID(entity), fields.name, fields.kind, Address(fields.host, fields.port), fields.profile, fields.place,
        fields.serial, fields.mac, fields.model, fields.asset, fields.unit, fields.snmp,
        fields.login, fields.web_port,
    )  # fmt: skip
    return fields.position, device


def site_fields(site: Site, places: Mapping[str, int]) -> Values:
    """The fields of the site itself; `places` gives the position of each loop and group, by its field."""
    own: Values = {
        "name": site.name,
        "zone": site.zone,
        "rated_mw": site.rated_mw,
        "target_hashrate": site.target_hashrate,
        "contract": msgspec.to_builtins(site.contract) if site.contract is not None else None,
    }
    for loop in site.loops:
        own[LOOP + loop.name] = {"plant": list(loop.plant), "cools": list(loop.cools), PLACE: places[LOOP + loop.name]}
    for group in site.credentials:
        own[credential_key(group)] = {"entry": group.entry, PLACE: places[credential_key(group)]}
    return own


def list_fields(site: Site) -> list[str]:
    """The names of the fields that are loops, then of those that are groups of credentials, each in order."""
    return [*(LOOP + loop.name for loop in site.loops), *map(credential_key, site.credentials)]


def credential_key(group: CredentialGroup) -> str:
    """The field of a group: whom it is for names it, so that two who set its login apart meet in one field."""
    return CREDENTIAL + edge_key(group.profile, group.place)


def build_site_itself(entity: str, values: Values) -> tuple[Site, tuple[Loop, ...]]:
    """The site without devices, and its loops in order. Raises as `build_device` does."""
    own = {key: value for key, value in values.items() if not key.startswith((LOOP, CREDENTIAL))}
    fields = msgspec.convert(own, _SiteFields)
    loops = []
    groups = []
    for key, value in values.items():
        if key.startswith(LOOP):
            held = msgspec.convert(value, _LoopFields)
            loops.append((held.at, key, Loop(key.removeprefix(LOOP), held.plant, held.cools)))
        elif key.startswith(CREDENTIAL):
            login = msgspec.convert(value, _CredentialFields)
            groups.append((login.at, key, CredentialGroup(login.entry, *edge_ends(key.removeprefix(CREDENTIAL)))))
    site = Site(
        UUID(entity), fields.name, fields.zone, fields.rated_mw, fields.target_hashrate, contract=fields.contract,
        credentials=tuple(group for _, _, group in sorted(groups, key=lambda item: item[:2])),
    )  # fmt: skip
    return site, tuple(loop for _, _, loop in sorted(loops, key=lambda item: item[:2]))


def edge_key(source: str, target: str) -> str:
    """The field of a feed or link; the same for an edge that stands twice, which is one."""
    return msgspec.json.encode((source, target)).decode()


def edge_ends(key: str) -> tuple[str, str]:
    """Source and target of a field; raises `msgspec.DecodeError`."""
    return msgspec.json.decode(key, type=tuple[str, str])


def feed_fields(feed: Feed, position: int) -> Values:
    """The value of a feed's field."""
    return {PLACE: position, "verified": feed.verified.isoformat() if feed.verified is not None else None}


def link_fields(_link: Link, position: int) -> Values:
    """The value of a link's field."""
    return {PLACE: position}


def build_feed(key: str, value: object) -> tuple[int, Feed]:
    """Position and feed out of a field. Raises `msgspec.DecodeError`, `msgspec.ValidationError`."""
    source, target = edge_ends(key)
    held = msgspec.convert(value, _FeedFields)
    return held.at, Feed(source, target, held.verified)


def build_link(key: str, value: object) -> tuple[int, Link]:
    """Position and link out of a field. Raises as `build_feed` does."""
    source, target = edge_ends(key)
    return msgspec.convert(value, _LinkFields).at, Link(source, target)


def owner(source: str) -> str:
    """The device of `device/outlet`: whose event a feed or link is kept in."""
    return source.partition("/")[0]


def positions(things: Sequence[T], key: Callable[[T], str], before: Mapping[str, int]) -> dict[str, int]:
    """A position for everything of a list, in its order; as many as possible keep the one they had."""
    names = list(dict.fromkeys(map(key, things)))
    staying = _longest_rise([(before[name], name) for name in names if name in before])
    found: dict[str, int] = {}
    last, waiting = 0, list[str]()
    for name in names:
        if name not in staying:
            waiting.append(name)
            continue
        if not _place_between(found, waiting, last, before[name]):
            return {other: (number + 1) * SPACE for number, other in enumerate(names)}
        found[name] = last = before[name]
        waiting = []
    _place_between(found, waiting, last, last + (len(waiting) + 1) * SPACE)
    return found


def _place_between(found: dict[str, int], names: Iterable[str], low: int, high: int) -> bool:
    waiting = list(names)
    step = (high - low) // (len(waiting) + 1)
    if waiting and step < 1:
        return False
    for number, name in enumerate(waiting, start=1):
        found[name] = low + number * step
    return True


def _longest_rise(numbered: Sequence[tuple[int, str]]) -> set[str]:
    """The names of a longest subsequence whose positions rise (patience sorting)."""
    ends: list[int] = []
    at_end: list[int] = []
    earlier: list[int] = []
    for index, (position, _) in enumerate(numbered):
        place = bisect_left(ends, position)
        earlier.append(at_end[place - 1] if place else -1)
        if place == len(ends):
            ends.append(position)
            at_end.append(index)
        else:
            ends[place], at_end[place] = position, index
    chosen: set[str] = set()
    at = at_end[-1] if at_end else -1
    while at >= 0:
        chosen.add(numbered[at][1])
        at = earlier[at]
    return chosen
