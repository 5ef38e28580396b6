"""Devices that two laptops entered apart: which entries are one asset, out of the events alone.

Both entries stay in the log, and tiles stay with the id that they were recorded under. In the inventory one of them
stands for the asset; the table of aliases leads from the other to it (kind "device"), for whoever reads history.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from console.domain.same_asset import Entry, same_assets
from console.store import schema
from console.store.records.chain import StoredEvent
from console.store.records.conflicts import Conflict, conflict_id
from console.store.records.fields import Record, read_change
from console.store.records.inventory_fields import DEVICE
from console.store.records.replacement import Row, chunks
from drivers.core.identity import DeviceKind

ENTERED_TWICE = "entered twice"
"""Field of the conflict of two entries of one asset."""

SAME = "device"
"""Kind of the alias from another entry of an asset to the one that stands for it."""


def doubles_of(events: Iterable[StoredEvent], records: Mapping[str, Record]) -> dict[str, str]:
    """Every entry of a device that does not stand for its asset, and the one that does: the oldest not removed.

    Args:
        events: All edits of devices, in their order.
        records: The devices, folded from them.
    """
    same = same_assets(_entries(events, records))
    groups: dict[UUID, set[UUID]] = {}
    for device, first in same.items():
        groups.setdefault(first, {first}).add(device)
    found: dict[str, str] = {}
    for group in groups.values():
        entered = sorted(str(device) for device in group)
        standing = next((device for device in entered if not records[device].is_removed), entered[0])
        found |= {device: standing for device in entered if device != standing}
    return found


def _entries(events: Iterable[StoredEvent], records: Mapping[str, Record]) -> list[Entry]:
    entered_by: dict[str, str] = {}
    first: dict[tuple[str, str], str] = {}
    for event in events:
        entered_by.setdefault(event.entity, event.origin)
        for key, value in read_change(event.body).set.items():
            if key in {"serial", "mac"} and isinstance(value, str) and value:
                first.setdefault((event.entity, key), value)
    entries = []
    for entity, origin in entered_by.items():
        values = records[entity].values()
        kind, unit = values.get("kind"), values.get("unit", 1)
        if kind in set(DeviceKind) and isinstance(unit, int):
            serial, mac = first.get((entity, "serial"), ""), first.get((entity, "mac"), "")
            entries.append(Entry(UUID(entity), origin, DeviceKind(str(kind)), unit, serial, mac))
    return entries


def alias_rows_through(rows: Sequence[Row], doubles: Mapping[str, str]) -> list[Row]:
    """Rows of the table of aliases that lead to the entry that stands for an asset, and those from one to the other."""
    led = [(kind, value, doubles.get(str(device), device)) for kind, value, device in rows]
    return [*led, *((SAME, device, standing) for device, standing in sorted(doubles.items()))]


def entered_twice(doubles: Mapping[str, str], records: Mapping[str, Record]) -> list[Conflict]:
    """A conflict for each entry that gave way, so that nobody wonders where it went."""
    return [
        Conflict(
            conflict_id(DEVICE, device, ENTERED_TWICE, standing),
            max(_named_at(records[device]), _named_at(records[standing])),
            DEVICE,
            device,
            ENTERED_TWICE,
            _entry(standing, records),
            _entry(device, records),
        )
        for device, standing in sorted(doubles.items())
        if not records[device].is_removed
    ]


def meets_another(connection: Connection, aliases: Iterable[Row], devices: Collection[str]) -> bool:
    """Whether a serial number or MAC address that is about to be kept belongs to another entry already.

    So it does where one of the `devices` that are edited is known to be another entry of an asset.
    """
    alias = schema.alias.c
    for some in chunks(devices):
        double = select(alias.value).where(alias.kind == SAME, alias.value.in_(some)).limit(1)
        if connection.execute(double).first() is not None:
            return True
    coming = {(str(kind), str(value)): device for kind, value, device in aliases}
    for kind in ("serial", "mac"):
        for some in chunks(value for one, value in coming if one == kind):
            owners = select(alias.value, alias.device).where(alias.kind == kind, alias.value.in_(some))
            if any(coming[kind, value] != device for value, device in connection.execute(owners)):
                return True
    return False


def _entry(device: str, records: Mapping[str, Record]) -> bytes:
    return msgspec.json.encode({"device": device, "name": records[device].values().get("name", "")})


def _named_at(record: Record) -> float:
    held = record.fields.get("name")
    return held.at if held is not None else 0.0
