"""The tables of the inventory out of its events. The same events give the same rows, whoever works them out."""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

from console.domain.inventory import Device, Feed, Link, Loop, Site
from console.store import schema
from console.store.records.chain import StoredEvent
from console.store.records.conflicts import Conflict, conflict_id
from console.store.records.fields import Record, fold_record, present, read_change
from console.store.records.inventory_fields import (
    ALIAS,
    DEVICE,
    FEEDS,
    LINKS,
    SITE,
    build_device,
    build_feed,
    build_link,
    build_site_itself,
    edge_ends,
)
from console.store.records.replacement import ConflictsOf, Replacement, Row, WorkedOut
from console.store.records.same_devices import alias_rows_through, doubles_of, entered_twice
from drivers.core.identity import Address

NAME_TWICE = "name given twice"
"""Field of the conflict of two devices that were given one name."""

_ANY_DEVICE = {"name": "", "kind": "miner", "host": "", "port": 0}
_ANY_SITE = {"name": "", "zone": "", "rated_mw": 0.0, "target_hashrate": 0.0}
"""What an edit of a few fields is laid over to see whether they are of the right kind."""


def check_inventory(row: StoredEvent) -> None:
    """Raise ValueError (`msgspec.DecodeError` is one) for a row that edits no part of an inventory."""
    change = read_change(row.body)
    match row.kind:
        case "device":
            build_device(row.entity, {**_ANY_DEVICE, **present(change.set)})
        case "site":
            build_site_itself(row.entity, {**_ANY_SITE, **present(change.set)})
        case "feeds":
            _ = [build_feed(key, value) for key, value in present(change.set).items()]
        case "links":
            _ = [build_link(key, value) for key, value in present(change.set).items()]
        case _:
            _ = [edge_ends(key) for key in change.set]


def fold_things(events: Iterable[StoredEvent]) -> dict[str, Record]:
    """Every thing of one kind out of its events, in order of first mention."""
    of: dict[str, list[StoredEvent]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event.order):
        of[event.entity].append(event)
    return {entity: fold_record(mine) for entity, mine in of.items()}


def fold_kinds(events: Iterable[StoredEvent]) -> dict[str, dict[str, Record]]:
    """Every thing of several kinds, by kind."""
    by_kind: dict[str, list[StoredEvent]] = defaultdict(list)
    for event in events:
        by_kind[event.kind].append(event)
    return {kind: fold_things(mine) for kind, mine in by_kind.items()}


def work_out_inventory(events: Sequence[StoredEvent], kinds: Collection[str]) -> WorkedOut:
    """The tables of these kinds out of all their events."""
    by_kind: dict[str, list[StoredEvent]] = defaultdict(list)
    for event in events:
        by_kind[event.kind].append(event)
    done = WorkedOut()
    if DEVICE in kinds or ALIAS in kinds:
        done.add(_devices(by_kind[DEVICE], by_kind[ALIAS]))
    if SITE in kinds:
        done.add(_site(by_kind[SITE]))
    if FEEDS in kinds:
        records = fold_things(by_kind[FEEDS])
        done.replacements.append(Replacement(schema.feed, feed_rows(feeds_of(records))))
        done.conflicts.append(_conflicts(FEEDS, records))
    if LINKS in kinds:
        records = fold_things(by_kind[LINKS])
        done.replacements.append(Replacement(schema.link, link_rows(links_of(records))))
        done.conflicts.append(_conflicts(LINKS, records))
    return done


def _devices(events: Sequence[StoredEvent], aliases: Sequence[StoredEvent]) -> WorkedOut:
    records = fold_things(events)
    doubles = doubles_of(sorted(events, key=lambda event: event.order), records)
    placed, clashes = devices_of({entity: record for entity, record in records.items() if entity not in doubles})
    rows = [device_row(position, device) for position, device in placed]
    found = ConflictsOf(DEVICE, [*_conflicts(DEVICE, records).conflicts, *clashes, *entered_twice(doubles, records)])
    known = alias_rows_of(sorted([*aliases, *events], key=lambda event: event.order))
    return WorkedOut(
        [Replacement(schema.device, rows), Replacement(schema.alias, alias_rows_through(known, doubles))], [found]
    )


def devices_of(records: Mapping[str, Record]) -> tuple[list[tuple[int, Device]], list[Conflict]]:
    """Devices with their positions, in order, each with a name of its own; and where two had been given one."""
    built = []
    for entity, record in records.items():
        if record.is_removed:
            continue
        try:
            position, device = build_device(entity, record.values())
        except (msgspec.ValidationError, ValueError):
            continue  # its first edits are on another computer and have not come yet
        built.append((position, device, record))
    named: dict[str, tuple[Device, Record]] = {}
    placed: list[tuple[int, Device]] = []
    clashes: list[Conflict] = []
    for position, device, record in sorted(built, key=lambda item: item[1].id):
        alone = device
        if device.name in named:
            alone = _renamed(device, named)
            clashes.append(_name_twice(device, record, *named[device.name]))
        named[alone.name] = (alone, record)
        placed.append((position, alone))
    return sorted(placed, key=lambda item: (item[0], item[1].id)), clashes


def _renamed(device: Device, taken: Container[str]) -> Device:
    digits, length = device.id.hex, 4
    while (name := f"{device.name} ({digits[-length:]})") in taken:
        length += 1
    return replace(device, name=name)


def _name_twice(device: Device, record: Record, owner: Device, owners: Record) -> Conflict:
    entity = str(device.id)
    return Conflict(
        conflict_id(DEVICE, entity, NAME_TWICE, str(owner.id), device.name),
        max(record.fields["name"].at, owners.fields["name"].at),
        DEVICE,
        entity,
        NAME_TWICE,
        msgspec.json.encode({"name": device.name, "device": str(owner.id)}),
        msgspec.json.encode({"name": device.name, "device": entity}),
    )


def _conflicts(kind: str, records: Mapping[str, Record]) -> ConflictsOf:
    return ConflictsOf(kind, [conflict for record in records.values() for conflict in record.conflicts])


def device_row(position: int, device: Device) -> Row:
    """A row of the table of devices."""
    return (
        str(device.id),
        position,
        device.name,
        device.kind.value,
        device.address.host,
        device.address.port,
        device.unit,
        device.profile,
        device.place,
        device.serial,
        device.mac,
        device.model,
        device.asset,
        msgspec.json.encode(device.snmp).decode() if device.snmp is not None else None,
        device.login,
        device.web_port,
    )


def alias_rows_of(events: Iterable[StoredEvent]) -> list[Row]:
    """What every device was ever known by; `events` stand in their order, and the newest owner of a name wins."""
    owners: dict[tuple[str, str], str] = {}
    values: dict[str, dict[str, object]] = defaultdict(dict)
    for event in events:
        change = read_change(event.body)
        if event.kind == ALIAS:
            owners |= {edge_ends(key): str(value) for key, value in change.set.items()}
            continue
        values[event.entity].update(change.set)
        owners |= dict.fromkeys(names_in(values[event.entity], change.set), event.entity)
    return [(kind, value, device) for (kind, value), device in sorted(owners.items())]


def names_in(values: Mapping[str, object], changed: Container[str]) -> list[tuple[str, str]]:
    """Kind and value of each of a device's names that one of its `changed` fields has made."""
    found = [(key, str(values[key])) for key in ("serial", "mac", "name") if key in changed and values.get(key)]
    if "host" in values and ("host" in changed or "port" in changed or "unit" in changed):
        address = Address(str(values["host"]), int(str(values["port"])))
        found.append(("address", f"{address}/{values.get('unit', 1)}"))
    return found


def _site(events: Sequence[StoredEvent]) -> WorkedOut:
    records = fold_things(events)
    done = WorkedOut(conflicts=[_conflicts(SITE, records)])
    newest = max(events, key=lambda event: event.order, default=None)
    found = None if newest is None else newest_site(newest.entity, records)
    if found is None:
        return done
    site, loops = found
    done.replacements += [Replacement(schema.site, [site_row(site)]), Replacement(schema.loop, loop_rows(loops))]
    return done


def newest_site(entity: str, records: Mapping[str, Record]) -> tuple[Site, tuple[Loop, ...]] | None:
    """The site itself with its loops; None while part of its edits have not come."""
    try:
        return build_site_itself(entity, records[entity].values())
    except msgspec.ValidationError:
        return None


def site_row(site: Site) -> Row:
    """The row of the site."""
    contract = msgspec.json.encode(site.contract).decode() if site.contract is not None else None
    credentials = msgspec.json.encode(site.credentials).decode() if site.credentials else None
    return (str(site.id), site.name, site.zone, site.rated_mw, site.target_hashrate, contract, credentials)


def feeds_of(records: Mapping[str, Record]) -> tuple[Feed, ...]:
    """The power tree in order."""
    found = [(*build_feed(key, value), key) for record in records.values() for key, value in record.values().items()]
    return tuple(feed for _, feed, _ in sorted(found, key=lambda item: (item[0], item[2])))


def links_of(records: Mapping[str, Record]) -> tuple[Link, ...]:
    """The network tree in order."""
    found = [(*build_link(key, value), key) for record in records.values() for key, value in record.values().items()]
    return tuple(link for _, link, _ in sorted(found, key=lambda item: (item[0], item[2])))


def loop_rows(loops: Iterable[Loop]) -> list[Row]:
    """Rows of the table of loops."""
    return [(at, loop.name, _text(loop.plant), _text(loop.cools)) for at, loop in enumerate(loops)]


def feed_rows(feeds: Iterable[Feed]) -> list[Row]:
    """Rows of the table of feeds."""
    return [
        (at, feed.source, feed.target, feed.verified.isoformat() if feed.verified else None)
        for at, feed in enumerate(feeds)
    ]


def link_rows(links: Iterable[Link]) -> list[Row]:
    """Rows of the table of links."""
    return [(at, link.source, link.target) for at, link in enumerate(links)]


def _text(names: tuple[str, ...]) -> str:
    return msgspec.json.encode(names).decode()
