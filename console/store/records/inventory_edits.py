"""What saving a site comes to: edits of the fields that differ, and the rows that change with them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from console.domain.inventory import Device, Feed, Link, Site
from console.store import schema
from console.store.records.chain import NewEvent
from console.store.records.fields import PLACE, REMOVED, Record, edit
from console.store.records.inventory_fields import (
    CREDENTIAL,
    DEVICE,
    FEEDS,
    LINKS,
    LOOP,
    SITE,
    Values,
    device_fields,
    edge_key,
    feed_fields,
    link_fields,
    list_fields,
    owner,
    positions,
    site_fields,
    without_defaults,
)
from console.store.records.inventory_projection import (
    device_row,
    feed_rows,
    link_rows,
    loop_rows,
    names_in,
    site_row,
)
from console.store.records.replacement import Replacement, Row, WorkedOut

Edge = TypeVar("Edge", Feed, Link)
Records = Mapping[str, Mapping[str, Record]]
"""By kind and entity."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The inventory as it is stored: the site, None before the first, and each device's position by its id."""

    site: Site | None = None
    positions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Differences:
    """How a site differs from what is stored.

    Attributes:
        devices: New, changed or moved.
        removed: Ids of devices that are gone.
        positions: Of every device, by id.
        kinds: Of "site", "feeds" and "links" those that differ.
    """

    devices: tuple[Device, ...]
    removed: tuple[str, ...]
    positions: Mapping[str, int]
    kinds: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.devices or self.removed or self.kinds)


@dataclass(slots=True)
class Edits:
    """Events to append, the rows they change, and the rows of names that devices go by from now on."""

    events: list[NewEvent] = field(default_factory=list)
    rows: WorkedOut = field(default_factory=WorkedOut)
    aliases: list[Row] = field(default_factory=list)


def differences(kept: Kept, site: Site) -> Differences:
    """What a site has that the stored one has not, and the other way round."""
    before = kept.site
    known = {} if before is None else {device.id: device for device in before.devices}
    changed = {device.id for device in site.devices if known.get(device.id) != device}
    here = {device.id for device in site.devices}
    places = kept.positions
    if before is None or [device.id for device in before.devices] != [device.id for device in site.devices]:
        places = positions(site.devices, lambda device: str(device.id), kept.positions)
        changed |= {
            device.id for device in site.devices if places[str(device.id)] != kept.positions.get(str(device.id))
        }
    kinds = set[str]()
    if before is None or _itself(before) != _itself(site):
        kinds.add(SITE)
    if before is None or before.feeds != site.feeds:
        kinds.add(FEEDS)
    if before is None or before.links != site.links:
        kinds.add(LINKS)
    return Differences(
        tuple(device for device in site.devices if device.id in changed),
        tuple(str(device) for device in known if device not in here),
        places,
        frozenset(kinds),
    )


def _itself(site: Site) -> tuple[object, ...]:
    return (
        site.id,
        site.name,
        site.zone,
        site.rated_mw,
        site.target_hashrate,
        site.contract,
        site.loops,
        site.credentials,
    )


def edits(kept: Kept, site: Site, differing: Differences, records: Records, at: float) -> Edits:
    """The events and rows of a save at UTC second `at`; `records` are of everything that differs, as it stands."""
    done = Edits()
    _edit_devices(done, kept, differing, records.get(DEVICE, {}), at)
    if SITE in differing.kinds:
        _edit_site(done, site, records.get(SITE, {}).get(str(site.id)), at)
    if FEEDS in differing.kinds:
        feeds = _each_once(site.feeds)
        _edit_edges(done, FEEDS, feeds, feed_fields, records.get(FEEDS, {}), at)
        done.rows.replacements.append(Replacement(schema.feed, feed_rows(feeds.values())))
    if LINKS in differing.kinds:
        links = _each_once(site.links)
        _edit_edges(done, LINKS, links, link_fields, records.get(LINKS, {}), at)
        done.rows.replacements.append(Replacement(schema.link, link_rows(links.values())))
    return done


def _each_once(edges: Sequence[Edge]) -> dict[str, Edge]:
    found: dict[str, Edge] = {}
    for edge in edges:
        found.setdefault(edge_key(edge.source, edge.target), edge)
    return found


def _edit_devices(done: Edits, kept: Kept, differing: Differences, records: Mapping[str, Record], at: float) -> None:
    known = {} if kept.site is None else {device.id: device for device in kept.site.devices}
    rows: list[Row] = []
    aliases: dict[tuple[str, str], str] = {}
    for device in differing.devices:
        entity = str(device.id)
        position = differing.positions[entity]
        fields = device_fields(device, position)
        record = records.get(entity)
        before = known.get(device.id)
        made = edit(at, DEVICE, entity, record, _new_values(fields, before, kept.positions.get(entity, 0), record))
        if made is not None:
            done.events.append(made[0])
            aliases |= dict.fromkeys(names_in(fields, made[1].set), entity)
        rows.append(device_row(position, device))
    for entity in differing.removed:
        gone = edit(at, DEVICE, entity, records.get(entity), {REMOVED: True})
        if gone is not None:
            done.events.append(gone[0])
    keys = [*(row[0] for row in rows), *differing.removed]
    done.rows.replacements.append(Replacement(schema.device, rows, keys))
    done.aliases += [(*key, device) for key, device in aliases.items()]


def _new_values(fields: Values, before: Device | None, position: int, record: Record | None) -> Values:
    if before is not None:
        old = device_fields(before, position)
        return {key: value for key, value in fields.items() if old[key] != value}
    if record is None:
        return without_defaults(fields)
    return {**fields, REMOVED: False} if record.is_removed else fields


def _edit_site(done: Edits, site: Site, record: Record | None, at: float) -> None:
    held = {} if record is None else record.values()
    before = {key: place_of(value) for key, value in held.items() if key.startswith((LOOP, CREDENTIAL))}
    values = site_fields(site, positions(list_fields(site), str, before))
    made = edit(at, SITE, str(site.id), record, {**dict.fromkeys(before), **values})
    if made is not None:
        done.events.append(made[0])
    done.rows.replacements += [
        Replacement(schema.site, [site_row(site)]),
        Replacement(schema.loop, loop_rows(site.loops)),
    ]


def _edit_edges(
    done: Edits,
    kind: str,
    edges: Mapping[str, Edge],
    fields: Callable[[Edge, int], Values],
    records: Mapping[str, Record],
    at: float,
) -> None:
    before = {key: place_of(value) for record in records.values() for key, value in record.values().items()}
    places = positions(list(edges), str, before)
    values: dict[str, Values] = defaultdict(dict)
    for entity, record in records.items():
        values[entity].update(dict.fromkeys(record.values()))
    for key, edge in edges.items():
        values[owner(edge.source)][key] = fields(edge, places[key])
    for entity, mine in values.items():
        made = edit(at, kind, entity, records.get(entity), mine)
        if made is not None:
            done.events.append(made[0])


def place_of(value: object) -> int:
    """The position in a value that stands in a list; 0 where it has none."""
    place = value.get(PLACE) if isinstance(value, dict) else None
    return place if isinstance(place, int) else 0
