"""What must hold between the tables of a site: names and addresses once, every reference known."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from console.domain.inventory import CredentialGroup, Device, Feed, Link, Loop
from console.exchange.problems import Problems, instead
from drivers.core.identity import DeviceKind


@dataclass(slots=True)
class Written:
    """What a file holds, each with its line."""

    devices: list[tuple[Device, int]] = field(default_factory=list)
    loops: list[tuple[Loop, int]] = field(default_factory=list)
    feeds: list[tuple[Feed, int]] = field(default_factory=list)
    links: list[tuple[Link, int]] = field(default_factory=list)
    credentials: list[tuple[CredentialGroup, int]] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)
    """Names of devices with a problem of their own: references to them are not one more."""

    def is_unknown(self, name: str, devices: dict[str, Device]) -> bool:
        """Whether a reference leads nowhere."""
        return bool(name) and name not in devices and name not in self.unreadable


def check(written: Written, problems: Problems) -> None:
    """Note everything that does not fit together."""
    check_devices(written.devices, problems)
    devices = {device.name: device for device, _ in written.devices}
    _check_loops(written, devices, problems)
    _check_feeds(written, devices, problems)
    _check_credentials(written.credentials, problems)
    seen: dict[Link, int] = {}
    for link, line in written.links:
        if written.is_unknown(link.target, devices):
            problems.add(line, _unknown(link.target, devices, "to"))
        if link in seen:
            problems.add(line, f'the link from "{link.source}" to "{link.target}" already stands in line {seen[link]}')
        seen.setdefault(link, line)


def check_devices(devices: Sequence[tuple[Device, int]], problems: Problems) -> None:
    """Names, addresses, serials and MACs belong to one device each."""
    seen: dict[tuple[str, str], tuple[str, int]] = {}
    for device, line in devices:
        marks = (
            ("name", device.name),
            ("address", f"{device.address}" if device.unit == 1 else f"{device.address} unit {device.unit}"),
            ("serial", device.serial),
            ("mac", device.mac),
        )
        for mark in marks:
            if not mark[1]:
                continue
            if mark in seen:
                other, at = seen[mark]
                what = "another device" if mark[0] == "name" else f'"{other}"'
                problems.add(line, f'{mark[0]} "{mark[1]}" already belongs to {what} in line {at}; change one of them')
            else:
                seen[mark] = (device.name, line)


def _check_credentials(groups: Sequence[tuple[CredentialGroup, int]], problems: Problems) -> None:
    seen: dict[tuple[str, str], int] = {}
    for group, line in groups:
        meant = (group.profile, group.place)
        if meant in seen:
            problems.add(line, f"a login for the same devices already stands in line {seen[meant]}; keep one of them")
        seen.setdefault(meant, line)


def _check_loops(written: Written, devices: dict[str, Device], problems: Problems) -> None:
    places = {
        "/".join(parts[:depth])
        for device in devices.values()
        if device.place
        for parts in [device.place.split("/")]
        for depth in range(1, len(parts) + 1)
    }
    seen: dict[str, int] = {}
    for loop, line in written.loops:
        if loop.name in seen:
            problems.add(line, f'loop "{loop.name}" already stands in line {seen[loop.name]}; change one of the names')
        seen.setdefault(loop.name, line)
        for name in loop.plant:
            if written.is_unknown(name, devices):
                problems.add(line, _unknown(name, devices, "plant"))
            elif name in devices and devices[name].kind is not DeviceKind.PLANT:
                problems.add(line, f'"{name}" cannot drive a loop: it is a {devices[name].kind}; name a plant')
        for name in loop.cools:
            if written.is_unknown(name, devices) and name.strip("/") not in places and not written.unreadable:
                remedy = instead(
                    name, places if len(places) <= 50 else (), "check it, or give the devices there a place"
                )
                problems.add(line, f'nothing stands at "{name}" and no device has that name; {remedy}')


def _check_feeds(written: Written, devices: dict[str, Device], problems: Problems) -> None:
    seen: dict[tuple[str, str], int] = {}
    for feed, line in written.feeds:
        outlet_of = feed.source.rpartition("/")[0] or feed.source
        if written.is_unknown(feed.source, devices) and written.is_unknown(outlet_of, devices):
            problems.add(line, _unknown(feed.source, devices, "from"))
        if written.is_unknown(feed.target, devices):
            problems.add(line, _unknown(feed.target, devices, "to"))
        edge = (feed.source, feed.target)
        if edge in seen:
            problems.add(line, f'the feed from "{edge[0]}" to "{edge[1]}" already stands in line {seen[edge]}')
        seen.setdefault(edge, line)


def _unknown(name: str, devices: dict[str, Device], key: str) -> str:
    # Looking for a near name among thousands of devices, once for each problem, would take minutes.
    remedy = instead(name, devices if len(devices) <= 50 else (), "check the name, or add the device")
    return f'"{key}" names "{name}", which is no device of this file; {remedy}'
