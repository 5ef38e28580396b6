"""The site file: the TOML of the design, section 9, read with every problem named by line, and written back."""

from collections.abc import Container, Iterable
from dataclasses import replace
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from console.domain.inventory import Contract, CredentialGroup, Device, Feed, Link, Loop, Site, SnmpAccess
from console.exchange.contract_text import read_contract
from console.exchange.fields import Fields
from console.exchange.identity import new_identity, with_known_identities
from console.exchange.problems import ExchangeError, Problem, Problems, instead
from console.exchange.site_checks import Written, check
from console.exchange.site_text import write_site
from console.exchange.toml_lines import Table, read_tables
from drivers.core.identity import Address, DeviceKind

__all__ = ["ExchangeError", "read_device", "read_site", "write_site"]

IGNORED = ("simulation", "fault")
"""Tables for the virtual site; the console does not read them."""

_KNOWN = {
    "site": ("name", "zone", "rated_mw", "target_hashrate"),
    "device": (
        "name", "kind", "address", "profile", "place", "serial", "mac", "model", "asset", "unit", "snmp",
        "login", "web_port",
    ),
    "loop": ("name", "plant", "cools"),
    "feed": ("from", "to", "verified"),
    "link": ("from", "to"),
    "contract": ("tier", "calendar"),
    "credential": ("entry", "profile", "place"),
}  # fmt: skip
_ONCE = ("site", "contract")
_VERSIONS = ("1", "2c", "3")


def read_site(source: Path | str, *, existing: Site | None = None, profiles: Container[str] | None = None) -> Site:
    """Read a site file (a path) or its text.

    Args:
        source: The file, or the TOML itself.
        existing: The site as it was: devices keep their UUIDs, and the site its own.
        profiles: Known profile ids; others are a problem. None takes any.

    Raises:
        ExchangeError: Every problem of the file with its line and remedy.
    """
    file = source.name if isinstance(source, Path) else "site file"
    problems = Problems(file)
    tables = [table for table in read_tables(_text_of(source), problems) if table.name not in IGNORED]
    for table in tables:
        _check_table(table, problems)
    written = Written()
    contract: Contract | None = None
    heads = [table for table in tables if table.name == "site"]
    _check_once(tables, problems)
    site = _site(Fields(heads[0], _KNOWN["site"], problems) if heads else None, existing, problems)
    for table in tables:
        if table.name in _KNOWN and table.name not in {"site", "contract"}:
            _take(Fields(table, _KNOWN[table.name], problems), written, profiles)
        elif table.name == "contract":
            contract = read_contract(Fields(table, _KNOWN["contract"], problems))
    check(written, problems)
    problems.raise_if_any()
    return replace(
        site,
        devices=with_known_identities([device for device, _ in written.devices], existing),
        loops=tuple(loop for loop, _ in written.loops),
        feeds=tuple(feed for feed, _ in written.feeds),
        links=tuple(link for link, _ in written.links),
        contract=contract,
        credentials=tuple(group for group, _ in written.credentials),
    )


def _text_of(source: Path | str) -> str:
    if isinstance(source, str):
        return source
    try:
        return source.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ExchangeError(source.name, [Problem(0, "it is not UTF-8 text; save it as UTF-8")]) from error


def _check_table(table: Table, problems: Problems) -> None:
    known = _KNOWN.get(table.name)
    if known is None:
        problems.add(table.line, f"[{table.name}] means nothing in a site file; {instead(table.name, _KNOWN)}")
    elif table.repeated == (table.name in _ONCE):
        right = f"[{table.name}]" if table.name in _ONCE else f"[[{table.name}]]"
        problems.add(table.line, f"write {right} with {'single' if table.name in _ONCE else 'double'} brackets")


def _check_once(tables: Iterable[Table], problems: Problems) -> None:
    first: dict[str, int] = {}
    for table in tables:
        if table.name in _ONCE and table.name in first:
            problems.add(table.line, f"[{table.name}] already stands in line {first[table.name]}; keep one of them")
        first.setdefault(table.name, table.line)


def _site(fields: Fields | None, existing: Site | None, problems: Problems) -> Site:
    identity = existing.id if existing is not None else new_identity()
    if fields is None:
        problems.add(1, "there is no [site] table; begin the file with [site], name, zone, rated_mw, target_hashrate")
        return Site(identity, "", "UTC", 0.0, 0.0)
    zone = fields.text("zone", required=True)
    if zone and not is_zone(zone):
        remedy = instead(zone, available_timezones(), 'use an IANA name such as "America/Chicago"')
        fields.wrong("zone", f'"{zone}" is no time zone; {remedy}')
    return Site(
        identity,
        fields.text("name", required=True),
        zone,
        fields.number("rated_mw", required=True),
        fields.number("target_hashrate", required=True),
    )


def is_zone(name: str) -> bool:
    """Whether an IANA time zone of that name exists."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found (a KeyError), not a key, a folder of zones
        return False
    return True


def _take(fields: Fields, written: Written, profiles: Container[str] | None) -> None:
    line = fields.table.line
    if fields.table.name == "device":
        device = read_device(fields, profiles)
        if device is None:
            written.unreadable.add(fields.text("name"))
        else:
            written.devices.append((device, line))
    elif fields.table.name == "loop":
        loop = Loop(fields.text("name", required=True), fields.texts("plant", required=True), fields.texts("cools"))
        written.loops.append((loop, line))
    elif fields.table.name == "feed":
        source, target = fields.text("from", required=True), fields.text("to", required=True)
        written.feeds.append((Feed(source, target, fields.day("verified")), line))
    elif fields.table.name == "credential":
        place = fields.text("place").strip("/")
        group = CredentialGroup(fields.text("entry", required=True), _profile(fields, profiles), place)
        written.credentials.append((group, line))
    else:
        link = Link(fields.text("from", required=True), fields.text("to", required=True))
        written.links.append((link, line))


def read_device(fields: Fields, profiles: Container[str] | None) -> Device | None:
    """One device without its identity (all zeros); None when it cannot be made sense of. Problems are noted."""
    name = fields.text("name", required=True)
    kind = _kind(fields)
    address = _address(fields)
    profile = _profile(fields, profiles)
    device = (
        Device(
            UUID(int=0),
            name,
            kind,
            address,
            profile=profile,
            place=fields.text("place").strip("/"),
            serial=fields.text("serial"),
            mac=fields.text("mac").lower().replace("-", ":"),
            model=fields.text("model"),
            asset=fields.text("asset"),
            unit=fields.whole("unit", 1, 247, 1),
            snmp=_snmp(fields),
            login=fields.text("login"),
            web_port=fields.whole("web_port", 1, 65535, 0),
        )
        if kind is not None and address is not None and name
        else None
    )
    if device is not None and device.snmp is None and kind is DeviceKind.PDU:
        return replace(device, snmp=SnmpAccess())
    return device


def _profile(fields: Fields, profiles: Container[str] | None) -> str:
    profile = fields.text("profile")
    if profile and profiles is not None and profile not in profiles:
        known = profiles if isinstance(profiles, Iterable) else ()
        fields.wrong("profile", f'there is no profile "{profile}"; {instead(profile, known)}')
    return profile


def _kind(fields: Fields) -> DeviceKind | None:
    word = fields.text("kind", required=True)
    if not word:
        return None
    try:
        return DeviceKind(word)
    except ValueError:
        fields.wrong("kind", f'"{word}" is no kind of device; {instead(word, list(DeviceKind))}')
        return None


def _address(fields: Fields) -> Address | None:
    text = fields.text("address", required=True)
    if not text:
        return None
    try:
        return Address.parse(text)
    except ValueError as error:
        fields.wrong("address", f'{error}; write it as "10.31.14.118:4028"')
        return None


def _snmp(fields: Fields) -> SnmpAccess | None:
    given = fields.inner("snmp")
    if given is None:
        return None
    known = ("version", "secret")
    for key in given:
        if key not in known:
            fields.wrong("snmp", f'"{key}" means nothing in snmp; {instead(key, known)}')
    version, secret = given.get("version", "2c"), given.get("secret", "public")
    if version not in _VERSIONS:
        fields.wrong("snmp", f'"{version}" is no SNMP version; {instead(str(version), _VERSIONS)}')
    if not isinstance(secret, str) or not secret:
        fields.wrong("snmp", 'secret must name a keyring entry, or be "public"')
    return SnmpAccess(str(version), str(secret))
