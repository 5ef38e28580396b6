"""Writes a site as the TOML of the design, section 9."""

import json
from collections.abc import Iterable, Sequence

from console.domain.inventory import Contract, CredentialGroup, Device, Feed, Site
from console.exchange.contract_text import write_days, write_hours

_CONTROL = {code: f"\\u{code:04x}" for code in (0x7F,)}


def write_site(site: Site) -> str:
    """The site file; reading it gives the same site again, UUIDs apart."""
    head = [
        "[site]",
        f"name = {_text(site.name)}",
        f"zone = {_text(site.zone)}",
        f"rated_mw = {_number(site.rated_mw)}",
        f"target_hashrate = {_number(site.target_hashrate)}",
    ]
    tables: list[Iterable[str]] = [head]
    tables += [_device(device) for device in site.devices]
    tables += [
        ["[[loop]]", f"name = {_text(loop.name)}", f"plant = {_list(loop.plant)}", f"cools = {_list(loop.cools)}"]
        for loop in site.loops
    ]
    tables += [_feed(feed) for feed in site.feeds]
    tables += [_credential(group) for group in site.credentials]
    tables += [["[[link]]", f"from = {_text(link.source)}", f"to = {_text(link.target)}"] for link in site.links]
    if site.contract is not None:
        tables.append(_contract(site.contract))
    return "\n\n".join("\n".join(table) for table in tables) + "\n"


def _device(device: Device) -> list[str]:
    lines = [
        "[[device]]",
        f"name = {_text(device.name)}",
        f"kind = {_text(device.kind)}",
        f"address = {_text(str(device.address))}",
    ]
    optional = (
        ("profile", device.profile),
        ("place", device.place),
        ("serial", device.serial),
        ("mac", device.mac),
        ("model", device.model),
        ("asset", device.asset),
    )
    lines += [f"{key} = {_text(value)}" for key, value in optional if value]
    if device.unit != 1:
        lines.append(f"unit = {device.unit}")
    if device.snmp is not None:
        lines.append(f"snmp = {{ version = {_text(device.snmp.version)}, secret = {_text(device.snmp.secret)} }}")
    if device.login:
        lines.append(f"login = {_text(device.login)}")
    if device.web_port:
        lines.append(f"web_port = {device.web_port}")
    return lines


def _credential(group: CredentialGroup) -> list[str]:
    lines = ["[[credential]]", f"entry = {_text(group.entry)}"]
    lines += [f"{key} = {_text(value)}" for key, value in (("profile", group.profile), ("place", group.place)) if value]
    return lines


def _feed(feed: Feed) -> list[str]:
    lines = ["[[feed]]", f"from = {_text(feed.source)}", f"to = {_text(feed.target)}"]
    return lines if feed.verified is None else [*lines, f"verified = {feed.verified.isoformat()}"]


def _contract(contract: Contract) -> list[str]:
    calendar = contract.calendar
    holidays = _list([day.isoformat() for day in calendar.holidays])
    return [
        "[contract]",
        f"tier = {_text(contract.tier)}",
        (
            f"calendar = {{ days = {_text(write_days(calendar.days))}, hours = {_text(write_hours(calendar))}, "
            f"holidays = {holidays} }}"
        ),
    ]


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).translate(_CONTROL)


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(_text(text) for text in texts)}]"


def _number(number: float) -> str:
    return str(int(number)) if number.is_integer() else repr(number)
