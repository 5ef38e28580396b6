"""What a scan saw, held against the inventory: known, moved, new, in conflict, or seen twice."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from console.domain.inventory import Device, Site
from console.domain.same_asset import known_mac, known_serial
from drivers.core.identity import Address, DeviceKind


class Standing(StrEnum):
    """How a sighting stands to the inventory."""

    KNOWN = "known"
    """A device of the inventory, at its address."""
    MOVED = "moved"
    """A device of the inventory, told by its serial number or MAC address, at another address."""
    NEW = "new"
    """No device of the inventory."""
    CONFLICT = "conflict"
    """The address belongs to one device, and another one answers there; a person has to decide."""
    DUPLICATE = "duplicate"
    """One serial number or MAC address answers at several addresses; a person has to decide."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A device that answered.

    Attributes:
        address: Where it is read.
        kind: Miner, PDU, plant or meter.
        profile: Profile id; empty where none is known.
        model: As reported.
        serial: As reported; empty where it told none.
        mac: As reported, or as this computer has learnt it; empty where neither is known.
    """

    address: Address
    kind: DeviceKind
    profile: str = ""
    model: str = ""
    serial: str = ""
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """One sighting and what it means.

    Attributes:
        sighting: What was seen.
        standing: What it is.
        device: The device of the inventory that it is, or whose address it answers at; None for a new one.
        reason: One sentence where a person has to decide, or should know something; empty otherwise.
    """

    sighting: Sighting
    standing: Standing
    device: Device | None = None
    reason: str = ""


_NOT_HEXADECIMAL = re.compile(r"[^0-9a-f]")
_MAC_DIGITS = 12
_ROUNDS = 16
"""So many devices that wait for each other's addresses are followed; in a longer row they are conflicts."""


def plain_mac(told: str) -> str:
    """A MAC address in lower case with colons, however it was told; empty for one that names no device."""
    digits = _NOT_HEXADECIMAL.sub("", told.lower())
    if len(digits) != _MAC_DIGITS:
        return ""
    return known_mac(":".join(digits[at : at + 2] for at in range(0, _MAC_DIGITS, 2)))


def match_sightings(devices: Sequence[Device], sightings: Sequence[Sighting]) -> list[Match]:
    """Every sighting with its meaning, in order. Neither the devices nor the sightings need be unique."""
    known = _Inventory(devices)
    twice = _seen_twice(sightings)
    elsewhere = {device.id for device in devices}
    for left in reversed(range(_ROUNDS)):
        found = [
            _duplicate(sighting, known, twice[at]) if at in twice else _match(sighting, known, elsewhere)
            for at, sighting in enumerate(sightings)
        ]
        moved = {item.device.id for item in found if item.device is not None and item.standing is Standing.MOVED}
        if elsewhere <= moved:
            break
        # An address is free only where its device has really gone, which others in its way may prevent.
        elsewhere = elsewhere & moved if left > 1 else set()
    return found


def _duplicate(sighting: Sighting, known: "_Inventory", others: Sequence[str]) -> Match:
    device = known.owner(sighting) or known.resident(sighting)
    return Match(sighting, Standing.DUPLICATE, device, f"it also answers at {', '.join(others)}")


def _match(sighting: Sighting, known: "_Inventory", elsewhere: Collection[UUID]) -> Match:
    """The meaning of one sighting; the addresses of devices that are `elsewhere` are free."""
    owner, resident = known.owner(sighting), known.resident(sighting)
    if owner is not None:
        if resident is None or resident.id == owner.id or resident.id in elsewhere:
            reason = _other_profile(owner, sighting)
            stays = owner.address == sighting.address or (reason and owner.address.host == sighting.address.host)
            return Match(sighting, Standing.KNOWN if stays else Standing.MOVED, owner, reason)
        return Match(sighting, Standing.CONFLICT, resident, f"{owner.name} answers at the address of {resident.name}")
    if resident is None:
        return Match(sighting, Standing.NEW)
    if resident.id in elsewhere:
        return Match(sighting, Standing.NEW, None, f"this was the address of {resident.name}, which has moved")
    reason = _stranger(resident, sighting)
    if reason:
        return Match(sighting, Standing.CONFLICT, resident, reason)
    return Match(sighting, Standing.KNOWN, resident, _other_profile(resident, sighting))


def _stranger(resident: Device, sighting: Sighting) -> str:
    """Why what answers at a device's address is not that device; empty when it may be."""
    if resident.kind is not sighting.kind:
        return f"a {sighting.kind} answers at the address of {resident.name}, which is a {resident.kind}"
    for name, told, kept in (
        ("serial number", known_serial(sighting.serial), known_serial(resident.serial)),
        ("MAC address", plain_mac(sighting.mac), plain_mac(resident.mac)),
    ):
        if told and kept:
            return "" if told == kept else f"{name} {told} answers at the address of {resident.name}, which has {kept}"
    return ""


def _other_profile(device: Device, sighting: Sighting) -> str:
    if device.profile and sighting.profile and device.profile != sighting.profile:
        return f"it answers as {sighting.profile}, and is entered as {device.profile}"
    return ""


class _Inventory:
    """Devices by what they are told by."""

    def __init__(self, devices: Sequence[Device]) -> None:
        self._serials = _unique(devices, lambda device: known_serial(device.serial))
        self._macs = _unique(devices, lambda device: plain_mac(device.mac))
        self._addresses: dict[Address, list[Device]] = defaultdict(list)
        self._hosts: dict[str, list[Device]] = defaultdict(list)
        for device in devices:
            self._addresses[device.address].append(device)
            self._hosts[device.address.host].append(device)

    def owner(self, sighting: Sighting) -> Device | None:
        """The device that has the serial number, else the MAC address, where nothing speaks against it."""
        serial, mac = known_serial(sighting.serial), plain_mac(sighting.mac)
        found = self._serials.get((sighting.kind, serial)) if serial else None
        if found is None and mac:
            found = self._macs.get((sighting.kind, mac))
            if found is not None and serial and known_serial(found.serial):
                return None
        return found

    def resident(self, sighting: Sighting) -> Device | None:
        """The device whose address it is, else the one of another firmware that has the host to itself."""
        here = self._addresses.get(sighting.address)
        if here:
            return next((device for device in here if device.kind is sighting.kind), here[0])
        alone = self._hosts.get(sighting.address.host, [])
        if len(alone) != 1 or alone[0].kind is not sighting.kind or not _other_profile(alone[0], sighting):
            return None
        return alone[0]


def _unique(devices: Iterable[Device], key: Callable[[Device], str]) -> Mapping[tuple[DeviceKind, str], Device]:
    """Devices by what is theirs alone: units behind one gateway share its MAC address."""
    found: dict[tuple[DeviceKind, str], list[Device]] = defaultdict(list)
    for device in devices:
        if key(device):
            found[device.kind, key(device)].append(device)
    return {name: mine[0] for name, mine in found.items() if len(mine) == 1}


def _seen_twice(sightings: Sequence[Sighting]) -> Mapping[int, list[str]]:
    """By the number of a sighting the other addresses at which the same device answers."""
    groups: dict[tuple[DeviceKind, str, str], list[int]] = defaultdict(list)
    for at, sighting in enumerate(sightings):
        serial, mac = known_serial(sighting.serial), plain_mac(sighting.mac)
        for name, value in (("serial", serial), ("mac", mac)):
            if value:
                groups[sighting.kind, name, value].append(at)
    found: dict[int, list[str]] = defaultdict(list)
    for (_, name, _), mine in groups.items():
        for at in mine:
            for other in mine:
                if other != at and (name == "serial" or _may_be_one(sightings[at], sightings[other])):
                    address = str(sightings[other].address)
                    if address not in found[at]:
                        found[at].append(address)
    return {at: others for at, others in found.items() if others}


def _may_be_one(one: Sighting, other: Sighting) -> bool:
    """Whether two with one MAC address can be one device: not where both tell serial numbers that differ."""
    first, second = known_serial(one.serial), known_serial(other.serial)
    return not first or not second or first == second


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What of a scan was taken into an inventory, by the names of the devices.

    Attributes:
        added: New ones.
        moved: Those with a new address.
        completed: Those of which serial number, MAC address or model were not known before.
    """

    added: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    completed: tuple[str, ...] = ()

    def __add__(self, other: "TakenIn") -> "TakenIn":
        """Both together."""
        return TakenIn(self.added + other.added, self.moved + other.moved, self.completed + other.completed)


def take_in_sightings(site: Site, sightings: Sequence[Sighting], mint: Callable[[], UUID]) -> tuple[Site, TakenIn]:
    """The site with new devices added and new addresses taken over; conflicts and duplicates change nothing.

    What has no profile is not added: nothing could be read of it.

    Args:
        site: As it stands.
        sightings: What was seen.
        mint: Makes the id of a new device.
    """
    changed: dict[UUID, Device] = {}
    added: list[Device] = []
    moved, completed = [], []
    names = _Names(device.name for device in site.devices)
    serials = {known_serial(device.serial) for device in site.devices}
    macs = {plain_mac(device.mac) for device in site.devices}
    for match in match_sightings(site.devices, sightings):
        seen = match.sighting
        if match.standing is Standing.NEW and seen.profile:
            added.append(_entered(seen, names.next(seen.kind), mint()))
        elif match.device is not None and match.standing in {Standing.KNOWN, Standing.MOVED}:
            told = _completed(match.device, seen, serials, macs)
            if match.standing is Standing.MOVED:
                # The address is where that profile's protocol is spoken: they go together.
                changed[told.id] = replace(told, address=seen.address, profile=seen.profile or told.profile)
                moved.append(told.name)
            elif told != match.device:
                changed[told.id] = told
                completed.append(told.name)
    devices = (*(changed.get(device.id, device) for device in site.devices), *added)
    report = TakenIn(tuple(device.name for device in added), tuple(moved), tuple(completed))
    return (replace(site, devices=devices) if changed or added else site), report


class _Names:
    """Free names of the form MINER-001."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._numbers: dict[DeviceKind, int] = defaultdict(int)

    def next(self, kind: DeviceKind) -> str:
        while True:
            self._numbers[kind] += 1
            name = f"{kind.value.upper()}-{self._numbers[kind]:03}"
            if name not in self._taken:
                self._taken.add(name)
                return name


def _entered(seen: Sighting, name: str, identity: UUID) -> Device:
    serial = seen.serial.strip() if known_serial(seen.serial) else ""
    mac = plain_mac(seen.mac)
    return Device(identity, name, seen.kind, seen.address, seen.profile, serial=serial, mac=mac, model=seen.model)


def _completed(device: Device, seen: Sighting, serials: Collection[str], macs: Collection[str]) -> Device:
    """A device with what it told and nobody knew; never with what belongs to another one."""
    serial, mac = known_serial(seen.serial), plain_mac(seen.mac)
    return replace(
        device,
        serial=device.serial or ("" if not serial or serial in serials else seen.serial.strip()),
        mac=device.mac or ("" if mac in macs else mac),
        model=device.model or seen.model,
    )
