"""The inventory as it was: held as it is now, and whatever was edited after an instant is folded up to it."""

from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection, select

from console.domain.inventory import Device, Site
from console.store import schema
from console.store.records.chain import StoredEvent
from console.store.records.inventory import Rows, build_kept
from console.store.records.inventory_edits import Kept
from console.store.records.inventory_fields import DEVICE, FEEDS, LINKS, SITE
from console.store.records.inventory_projection import devices_of, feeds_of, fold_things, links_of, newest_site
from console.store.records.replacement import chunks

KINDS = (DEVICE, SITE, FEEDS, LINKS)
_MOST_SITES = 4


class Mention(NamedTuple):
    """That an event is about something: enough to know whether it happened after an instant."""

    at: float
    kind: str
    entity: str


class PastInventory:
    """The inventory of a folder at any instant."""

    def __init__(self) -> None:
        self._kept = Kept()
        self._mentions: list[Mention] = []
        self._times: list[float] = []
        self._first = 0.0
        self._sites: OrderedDict[int, Site] = OrderedDict()

    def take_in(self, rows: Rows, mentions: Sequence[Mention]) -> None:
        """Hold the inventory as it stands in the tables, with `mentions` of all that is new in the log."""
        self._kept = build_kept(rows)
        self._mentions = sorted([*self._mentions, *mentions])
        self._times = [mention.at for mention in self._mentions]
        self._first = min((mention.at for mention in self._mentions if mention.kind == SITE), default=0.0)
        self._sites.clear()

    def fetch(self, connection: Connection, moment: float) -> list[StoredEvent] | None:
        """The events until `moment` of everything that was edited after it; None when they are not needed."""
        moment, count = self._place(moment)
        if count == len(self._times) or count in self._sites:
            return None
        touched: dict[str, set[str]] = defaultdict(set)
        for mention in self._mentions[count:]:
            touched[mention.kind].add(mention.entity)
        found: list[StoredEvent] = []
        event = schema.event.c
        for kind, entities in touched.items():
            mine = select(schema.event).where(event.kind == kind, event.at <= moment)
            if kind != DEVICE:
                found += [StoredEvent(*row) for row in connection.execute(mine)]
                continue
            for some in chunks(entities):
                found += [StoredEvent(*row) for row in connection.execute(mine.where(event.entity.in_(some)))]
        return found

    def at(self, moment: float, events: Sequence[StoredEvent] | None) -> Site | None:
        """The site at an instant, out of what `fetch` gave for it; None when there is none at all.

        Before the first edit it is as it was first entered: whatever was polled then had been entered somewhere.
        """
        _, count = self._place(moment)
        if self._kept.site is None or count == len(self._times):
            return self._kept.site
        if events is not None:
            self._sites[count] = self._undone(self._kept.site, count, events)
            while len(self._sites) > _MOST_SITES:
                self._sites.popitem(last=False)
        return self._sites[count]

    def _place(self, moment: float) -> tuple[float, int]:
        since = max(moment, self._first)
        return since, bisect_right(self._times, since)

    def _undone(self, site: Site, count: int, events: Sequence[StoredEvent]) -> Site:
        """The site without the edits from number `count` on."""
        by_kind: dict[str, list[StoredEvent]] = defaultdict(list)
        for event in events:
            by_kind[event.kind].append(event)
        touched = {mention.kind for mention in self._mentions[count:]}
        if SITE in touched and by_kind[SITE]:
            newest = max(by_kind[SITE], key=lambda event: event.order)
            itself = newest_site(newest.entity, fold_things(by_kind[SITE]))
            if itself is not None:
                site = replace(itself[0], devices=site.devices, feeds=site.feeds, links=site.links, loops=itself[1])
        if FEEDS in touched:
            site = replace(site, feeds=feeds_of(fold_things(by_kind[FEEDS])))
        if LINKS in touched:
            site = replace(site, links=links_of(fold_things(by_kind[LINKS])))
        if DEVICE in touched:
            edited = {mention.entity for mention in self._mentions[count:] if mention.kind == DEVICE}
            site = replace(site, devices=self._devices(site, edited, by_kind[DEVICE]))
        return site

    def _devices(self, site: Site, edited: Collection[str], events: Sequence[StoredEvent]) -> tuple[Device, ...]:
        positions: Mapping[str, int] = self._kept.positions
        placed = [(positions[str(device.id)], device) for device in site.devices if str(device.id) not in edited]
        then, _ = devices_of(fold_things(events))
        return tuple(device for _, device in sorted([*placed, *then], key=lambda item: (item[0], item[1].id)))
