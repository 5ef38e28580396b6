"""One miner entered on two laptops is one asset: which device ids mean the same, found alike by everybody who asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from drivers.core.identity import DeviceKind

_EMPTY_MACS = frozenset({"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"})
_SHORTEST_SERIAL = 4
"""Shorter ones, such as "0" or "n/a", are no serial numbers."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A device as it was first entered.

    What it was first known by counts, not what it is known by now: boards and addresses move between assets later.

    Attributes:
        device: Its id.
        entered_by: The origin that entered it.
        kind, unit: Devices behind one gateway share its MAC address and differ in these.
        serial, mac: The first that was told; empty until then.
    """

    device: UUID
    entered_by: str
    kind: DeviceKind
    unit: int = 1
    serial: str = ""
    mac: str = ""


def same_assets(entries: Iterable[Entry], told: Iterable[tuple[UUID, UUID]] = ()) -> dict[UUID, UUID]:
    """Every device that is another one under a second id: its id to the smallest id of that asset.

    Two devices are the same when different origins entered them with the same serial number, or, where not both
    have told one, with the same MAC address. One origin never enters an asset twice: it has the first before it.

    Args:
        entries: In any order.
        told: Pairs that a person said are the same.
    """
    roots: dict[UUID, UUID] = {}
    known = sorted(entries, key=lambda entry: entry.device)
    for name in ("serial", "mac"):
        for group in _groups(known, name).values():
            for at, entry in enumerate(group):
                for other in group[at + 1 :]:
                    if _same(entry, other):
                        _join(roots, entry.device, other.device)
    for first, second in told:
        _join(roots, first, second)
    return {device: root for device in roots if (root := _root(roots, device)) != device}


def canonical(device: UUID, same: Mapping[UUID, UUID]) -> UUID:
    """The id that stands for the asset of a device."""
    return same.get(device, device)


def _groups(entries: Iterable[Entry], name: str) -> dict[tuple[str, DeviceKind, int], list[Entry]]:
    found: dict[tuple[str, DeviceKind, int], list[Entry]] = {}
    for entry in entries:
        value = _serial(entry) if name == "serial" else _mac(entry)
        if value:
            found.setdefault((value, entry.kind, entry.unit), []).append(entry)
    return found


def _same(one: Entry, other: Entry) -> bool:
    if one.entered_by == other.entered_by:
        return False
    first, second = _serial(one), _serial(other)
    return first == second if first and second else bool(_mac(one)) and _mac(one) == _mac(other)


def known_serial(told: str) -> str:
    """A serial number as it is compared; empty for what is none, such as "0" or "n/a"."""
    text = told.strip().upper()
    return text if len(text) >= _SHORTEST_SERIAL and len(set(text)) > 1 else ""


def known_mac(told: str) -> str:
    """A MAC address as it is compared; empty for those that many devices share."""
    text = told.strip().lower()
    return "" if text in _EMPTY_MACS else text


def _serial(entry: Entry) -> str:
    return known_serial(entry.serial)


def _mac(entry: Entry) -> str:
    return known_mac(entry.mac)


def _root(roots: dict[UUID, UUID], device: UUID) -> UUID:
    while roots.setdefault(device, device) != device:
        device = roots[device]
    return device


def _join(roots: dict[UUID, UUID], one: UUID, other: UUID) -> None:
    first, second = sorted((_root(roots, one), _root(roots, other)))
    roots[second] = first
