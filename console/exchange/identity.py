"""Whose UUID a device of a file has: the one it had before, found by what stays the same about it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from console.domain.inventory import Device, Site

_ALIASES: tuple[Callable[[Device], str], ...] = (
    lambda device: device.serial.casefold(),
    lambda device: device.mac.casefold(),
    lambda device: device.name,
    lambda device: f"{device.address}/{device.unit}",
)
"""From what stays longest to what changes first."""


def with_known_identities(
    devices: Sequence[Device], existing: Site | None, *, keep: Collection[str] = ()
) -> tuple[Device, ...]:
    """Devices under the UUIDs they had, new ones under new UUIDs.

    A device is known again by its serial, else MAC, name, address; never across kinds, nor when both sides have a
    serial (or MAC) and they differ: then the asset in that place was exchanged. What the console found out by itself
    (profile, serial, MAC, model) stays where the new description is silent, and so do the fields in `keep`, of which
    it cannot speak.
    """
    known = {device.id: device for device in existing.devices} if existing is not None else {}
    found: dict[int, Device] = {}
    for alias in _ALIASES:
        by_alias = {alias(device): device for device in known.values() if alias(device)}
        for at, device in enumerate(devices):
            before = by_alias.get(alias(device))
            if at not in found and before is not None and before.id in known and _may_be(device, before):
                found[at] = known.pop(before.id)
    return tuple(
        _completed(device, found[at], keep) if at in found else replace(device, id=new_identity())
        for at, device in enumerate(devices)
    )


def new_identity() -> UUID:
    """A new UUIDv7."""
    return uuid7()


def _may_be(device: Device, before: Device) -> bool:
    if device.kind is not before.kind:
        return False
    pairs = ((device.serial, before.serial), (device.mac, before.mac))
    return not any(one and other and one.casefold() != other.casefold() for one, other in pairs) or bool(
        device.serial and device.serial.casefold() == before.serial.casefold()
    )


def _completed(device: Device, before: Device, keep: Collection[str]) -> Device:
    kept: dict[str, Any] = {name: getattr(before, name) for name in keep}
    return replace(
        replace(device, **kept),
        id=before.id,
        profile=device.profile or before.profile,
        serial=device.serial or before.serial,
        mac=device.mac or before.mac,
        model=device.model or before.model,
    )
