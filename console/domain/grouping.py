"""Which alarms have one cause: by direct evidence first, then by the lowest common node of a tree.

The thresholds are the proposals of the incident study, section 4.5.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from console.domain.alarm_subjects import outlet_of
from console.domain.alarms import Alarm, AlarmRule, Test
from console.domain.topology import SITE_NODE, Topology, Tree, TreeKind

LEAST_FAILING = 3
FAILING_SHARE = 0.6
"""A node is a cause when at least three and 60 % of what can be judged below it fail."""
COVERS = 0.8
"""Going down the tree, a child takes over when it still covers this share of the failures."""
WINDOW = 120.0
"""Seconds within which failures belong together."""
SITE_SILENT_SHARE = 0.5
"""From this share of silent devices on, our own link to the site is the first suspect."""


@dataclass(frozen=True, slots=True)
class Root:
    """The cause of an incident, as far as it is known.

    Attributes:
        tree: The tree that spreads it; None when it is one device's own affair.
        nodes: The nodes from which it spreads.
        label: What operators call the place: loop, tank, PDU, switch, device.
        direct: The equipment itself says that it failed, rather than its dependants.
        rivals: Other nodes that explain the same failures equally well.
    """

    tree: TreeKind | None
    nodes: frozenset[str]
    label: str
    direct: bool = False
    rivals: tuple[str, ...] = ()

    def with_nodes(self, nodes: Iterable[str], direct: bool) -> "Root":
        """The same cause, seen at more nodes."""
        return Root(self.tree, self.nodes | frozenset(nodes), self.label, self.direct or direct, self.rivals)


@dataclass(frozen=True, slots=True)
class Group:
    """Failures with a common node.

    Attributes:
        root: The node and its tree.
        failing: Devices that fail below it.
        judged: How many devices below it could be judged at all.
    """

    root: Root
    failing: frozenset[UUID]
    judged: int


def own_root(alarm: Alarm, rule: AlarmRule, topology: Topology) -> Root:
    """The cause as the alarm's own device would have it: its loop, its outlet, or the device itself."""
    loop = topology.loop_of.get(alarm.device)
    if loop is not None:
        return Root(TreeKind.COOLING, frozenset({loop}), loop, rule.direct_evidence)
    name, power = alarm.device_name, topology.tree(TreeKind.POWER)
    if name in power and power.children(name):
        outlet = f"{name}/{outlet_of(alarm.part)}"
        node = outlet if outlet in power else name
        return Root(TreeKind.POWER, frozenset({node}), name, rule.direct_evidence)
    return Root(None, frozenset({name}), name)


def explains(root: Root, alarm: Alarm, rule: AlarmRule, topology: Topology) -> bool:
    """Whether a cause can bring about this alarm: a tree the rule names, and the device at or below its nodes."""
    if root.tree is None or root.tree.value not in rule.explained_by:
        return False
    if SITE_NODE in root.nodes:
        return True
    tree = topology.tree(root.tree)
    name = tree.names.get(alarm.device)
    return name is not None and (name in root.nodes or not root.nodes.isdisjoint(tree.ancestors(name)))


def find_groups(
    alarms: Iterable[Alarm], rules: Mapping[str, AlarmRule], topology: Topology, silent: frozenset[UUID]
) -> list[Group]:
    """Common causes of alarms that no direct evidence explains, none of them overlapping another.

    Args:
        alarms: Standing alarms that belong to no group yet.
        rules: By id.
        topology: The trees.
        silent: Devices without an answer: they cannot be judged for anything but their silence.
    """
    recent = _recent(list(alarms))
    found: list[Group] = []
    for kind, tree in topology.trees.items():
        explained = [alarm for alarm in recent if kind.value in rules[alarm.rule].explained_by]
        loud = frozenset(alarm.device for alarm in explained if rules[alarm.rule].test is not Test.SILENT)
        quiet = frozenset(alarm.device for alarm in explained if rules[alarm.rule].test is Test.SILENT)
        found.extend(_groups_of(tree, loud, silent - loud))
        found.extend(_groups_of(tree, quiet, frozenset()))
    return _settle_rivals(found, silent, topology)


def _recent(alarms: list[Alarm]) -> list[Alarm]:
    newest = max((alarm.raised_at for alarm in alarms), default=0.0)
    return [alarm for alarm in alarms if alarm.raised_at >= newest - WINDOW]


def _groups_of(tree: Tree, failing: frozenset[UUID], unknown: frozenset[UUID]) -> list[Group]:
    if len(failing) < LEAST_FAILING:
        return []
    counts, blind = _count_above(tree, failing), _count_above(tree, unknown)
    judged = {node: len(tree.members(node)) - blind[node] for node in counts}
    causes = {
        node
        for node, count in counts.items()
        if count >= LEAST_FAILING and count >= FAILING_SHARE * judged[node] and tree.children(node)
    }
    groups = []
    for top in (node for node in causes if causes.isdisjoint(tree.ancestors(node))):
        node = _lowest(tree, top, causes, counts)
        root = Root(tree.kind, frozenset({node}), topology_label(node))
        groups.append(Group(root, failing & tree.members(node), judged[node]))
    return groups


def _count_above(tree: Tree, devices: Iterable[UUID]) -> Counter[str]:
    """How many of the devices stand at the ends below each node."""
    counts: Counter[str] = Counter()
    for device in devices:
        name = tree.names.get(device)
        if name is not None and not tree.children(name):
            counts.update(tree.ancestors(name))
    return counts


def _lowest(tree: Tree, node: str, causes: set[str], counts: Counter[str]) -> str:
    while True:
        lower = [child for child in tree.children(node) if child in causes and counts[child] >= COVERS * counts[node]]
        if not lower:
            return node
        node = max(lower, key=lambda child: counts[child])


def topology_label(node: str) -> str:
    """What a node is called: the site's root is "site"."""
    return "site" if node == SITE_NODE else node


def _settle_rivals(groups: list[Group], silent: frozenset[UUID], topology: Topology) -> list[Group]:
    """Of groups over the same failures keep the best: own evidence, then the lowest; an equal one stays as rival."""
    settled: list[Group] = []
    for group in sorted(groups, key=lambda group: _rank(group, silent, topology)):
        rival = next((other for other in settled if _overlap(other, group)), None)
        if rival is None:
            settled.append(group)
        elif _rank(rival, silent, topology) == _rank(group, silent, topology) and rival.root.label != group.root.label:
            root = rival.root
            doubted = Root(root.tree, root.nodes, root.label, root.direct, (*root.rivals, group.root.label))
            settled[settled.index(rival)] = Group(doubted, rival.failing, rival.judged)
    return settled


def _rank(group: Group, silent: frozenset[UUID], topology: Topology) -> tuple[bool, int, int]:
    """Smaller is better: the node itself is silent; more failures covered; fewer devices below."""
    assert group.root.tree is not None
    tree = topology.tree(group.root.tree)
    own = any(tree.devices.get(node) in silent for node in group.root.nodes)
    return (not own, -len(group.failing), group.judged)


def _overlap(one: Group, other: Group) -> bool:
    common = len(one.failing & other.failing)
    return common >= COVERS * min(len(one.failing), len(other.failing))


def site_is_silent(silent: frozenset[UUID], topology: Topology) -> bool:
    """Whether so many devices are silent that the link to the site is the first suspect."""
    devices = len(topology.site.devices)
    return len(silent) >= LEAST_FAILING and len(silent) >= SITE_SILENT_SHARE * devices


SITE_ROOT = Root(TreeKind.NETWORK, frozenset({SITE_NODE}), "site")
