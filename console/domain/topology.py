"""The trees over one site: who feeds, cools and connects whom.

A name that is missing on one side never matches a name that is missing on the other: an empty place, source or
target makes no edge at all, so a typo leaves a device outside a tree instead of tying strangers together.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from console.domain.inventory import Device, Site


class TreeKind(StrEnum):
    """The trees known so far (pools follow with the pool drivers)."""

    POWER = "power"
    COOLING = "cooling"
    NETWORK = "network"


SITE_NODE = "/"
"""Name of the root of every tree; no device or place can be called so."""


class Tree:
    """One tree. A node is named as the site names it: `PDU-28`, `PDU-28/14`, `LOOP-B`, `B/T14`, `SW-05/17`.

    A device may have several parents (two feeds); a loop in the edges is cut where it would close.

    Attributes:
        kind: Which tree.
        devices: The device that a node is; nodes that are no devices are absent.
    """

    def __init__(self, kind: TreeKind, edges: Iterable[tuple[str, str]], devices: Iterable[Device]) -> None:
        self.kind = kind
        self._children: dict[str, list[str]] = {SITE_NODE: []}
        self._parents: dict[str, list[str]] = {}
        self._below: dict[str, frozenset[UUID]] = {}
        for parent, child in edges:
            if parent and child and parent != child and parent not in self._descent(child):
                self._connect(parent, child)
        for node in [node for node in self._children if node != SITE_NODE and node not in self._parents]:
            self._connect(SITE_NODE, node)
        self.devices = {device.name: device.id for device in devices if device.name in self._parents}

    def _connect(self, parent: str, child: str) -> None:
        known = self._children.setdefault(parent, [])
        self._children.setdefault(child, [])
        if child not in known:
            known.append(child)
            self._parents.setdefault(child, []).append(parent)

    def _descent(self, node: str) -> set[str]:
        """The node and all below it."""
        found: set[str] = set()
        open_nodes = [node]
        while open_nodes:
            at = open_nodes.pop()
            if at not in found:
                found.add(at)
                open_nodes.extend(self._children.get(at, ()))
        return found

    def __contains__(self, node: str) -> bool:
        return bool(node) and node in self._children

    def children(self, node: str) -> tuple[str, ...]:
        """Direct children; empty for a leaf and for a node this tree does not have."""
        return tuple(self._children.get(node, ()))

    def ancestors(self, node: str) -> tuple[str, ...]:
        """All nodes above, nearest first, the site last; empty for a node this tree does not have."""
        found: dict[str, None] = {}
        level = self._parents.get(node, [])
        while level:
            found.update(dict.fromkeys(level))
            level = [up for parent in level for up in self._parents.get(parent, []) if up not in found]
        return tuple(sorted(found, key=lambda name: name == SITE_NODE))

    def nodes(self) -> tuple[str, ...]:
        """Every node, the site first."""
        return tuple(self._children)

    @cached_property
    def names(self) -> dict[UUID, str]:
        """The node of each device."""
        return {device: name for name, device in self.devices.items()}

    def members(self, node: str) -> frozenset[UUID]:
        """The devices at the ends below a node: what it feeds, cools or connects. A leaf's is itself."""
        if node not in self._below:
            below = [name for name in self._descent(node) if not self._children.get(name)]
            self._below[node] = frozenset(self.devices[name] for name in below if name in self.devices)
        return self._below[node]


@dataclass(frozen=True, slots=True)
class Topology:
    """All trees of a site.

    Attributes:
        site: The site they were built from.
        trees: By kind.
        loop_of: The cooling loop that a plant device drives.
    """

    site: Site
    trees: dict[TreeKind, Tree]
    loop_of: dict[UUID, str]

    def tree(self, kind: str) -> Tree:
        """One tree by its kind or the kind's text; raises ValueError for an unknown one."""
        return self.trees[TreeKind(kind)]

    def cooled_places(self) -> frozenset[str]:
        """The places (tanks, rows) that loops cool, as the site file names them."""
        return frozenset(place for loop in self.site.loops for place in loop.cools if place)


def follow(topology: Topology, site: Site) -> Topology:
    """The trees of a changed site: the same ones as long as only facts about devices changed (model, serial, MAC).

    Building the trees of 30,000 devices takes most of a second.
    """
    before = topology.site
    same = (
        len(before.devices) == len(site.devices)
        and (before.loops, before.feeds, before.links) == (site.loops, site.feeds, site.links)
        and all(
            old is new or (old.id, old.name, old.place) == (new.id, new.name, new.place)
            for old, new in zip(before.devices, site.devices, strict=True)
        )
    )
    return replace(topology, site=site) if same else build_topology(site)


def build_topology(site: Site) -> Topology:
    """The trees of a site."""
    return Topology(
        site,
        {
            TreeKind.POWER: Tree(TreeKind.POWER, _fed(site), site.devices),
            TreeKind.COOLING: Tree(TreeKind.COOLING, _cooled(site), site.devices),
            TreeKind.NETWORK: Tree(TreeKind.NETWORK, _linked(site), site.devices),
        },
        _loop_of(site),
    )


def _fed(site: Site) -> Iterable[tuple[str, str]]:
    names = {device.name for device in site.devices}
    for feed in site.feeds:
        head, slash, outlet = feed.source.rpartition("/")
        if slash and outlet and feed.source not in names and head in names:
            yield head, feed.source
        yield feed.source, feed.target


def _linked(site: Site) -> Iterable[tuple[str, str]]:
    for link in site.links:
        head, slash, port = link.source.rpartition("/")
        if slash and port:
            yield head, link.source
        yield link.source, link.target


def _cooled(site: Site) -> Iterable[tuple[str, str]]:
    names = {device.name for device in site.devices}
    placed = _by_place(site)
    for loop in site.loops:
        for place in loop.cools:
            yield loop.name, place
            if place not in names:
                for name in placed.get(place, ()):
                    yield place, name


def _by_place(site: Site) -> dict[str, list[str]]:
    """Device names under every prefix of their places, cut at the slashes."""
    placed: dict[str, list[str]] = {}
    for device in site.devices:
        parts = [part for part in device.place.split("/") if part]
        for length in range(1, len(parts) + 1):
            placed.setdefault("/".join(parts[:length]), []).append(device.name)
    return placed


def _loop_of(site: Site) -> dict[UUID, str]:
    ids = {device.name: device.id for device in site.devices}
    return {ids[name]: loop.name for loop in site.loops for name in loop.plant if loop.name and name in ids}
