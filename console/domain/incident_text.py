"""What an incident is called, how severe it is and what caused it, from its alarms."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from console.domain.alarm_text import sentence
from console.domain.alarms import Alarm, AlarmRule, Severity
from console.domain.grouping import LEAST_FAILING, Root
from console.domain.topology import SITE_NODE, Topology, TreeKind
from drivers.core.identity import DeviceKind

SEV1_SHARE = 0.10
SEV2_SHARE = 0.02
"""Shares of the site's hash power that make a group Sev1 and Sev2."""
CLAUSES = 2
"""Clauses in a title; the timeline has the rest."""
CATEGORY_OF_TREE = {TreeKind.POWER: "power", TreeKind.COOLING: "cooling", TreeKind.NETWORK: "network"}


@dataclass(frozen=True, slots=True)
class Description:
    """The words and the weight of an incident."""

    severity: Severity
    category: str
    title: str
    cause: str
    where: str


@dataclass(frozen=True, slots=True)
class Weights:
    """Nominal hash power of each miner, TH/s, and of the site."""

    of: Mapping[UUID, float]
    total: float

    def share(self, devices: Collection[UUID]) -> float:
        """Share of the site's hash power, 0 to 1."""
        return 0.0 if self.total <= 0 else sum(self.of.get(device, 0.0) for device in devices) / self.total


def equal_weights(topology: Topology) -> Weights:
    """Every miner counts the same, for sites whose models are not known."""
    miners = {device.id: 1.0 for device in topology.site.devices if device.kind is DeviceKind.MINER}
    return Weights(miners, float(len(miners)))


def describe(
    root: Root,
    alarms: Sequence[Alarm],
    devices: Collection[UUID],
    rules: Mapping[str, AlarmRule],
    topology: Topology,
    weights: Weights,
) -> Description:
    """The description of an incident with this cause.

    Args:
        root: Its cause.
        alarms: Its alarms, at least one, oldest first.
        devices: Every device inside.
        rules: By id.
        topology: The trees.
        weights: Hash power by device.
    """
    own = _own(root, alarms, topology)
    told = own or list(alarms)
    return Description(
        severity=_severity(root, alarms, devices, topology, weights),
        category=_category(root, told, rules, bool(own)),
        title=_title(root, own, alarms, devices, rules, topology),
        cause=_cause(root, told, rules, bool(own)),
        where=_where(root, alarms[0], topology),
    )


def _own(root: Root, alarms: Sequence[Alarm], topology: Topology) -> list[Alarm]:
    """The alarms of the cause itself: of the device, of the loop's plant, of the PDU; direct evidence first."""

    def belongs(alarm: Alarm) -> bool:
        return alarm.device_name == root.label or topology.loop_of.get(alarm.device) == root.label

    return [alarm for alarm in alarms if belongs(alarm)]


def _severity(
    root: Root, alarms: Sequence[Alarm], devices: Collection[UUID], topology: Topology, weights: Weights
) -> Severity:
    worst = min(alarm.severity for alarm in alarms)
    if root.tree is None or len(devices) < LEAST_FAILING:
        return worst
    share = weights.share(devices)
    if share >= SEV1_SHARE or SITE_NODE in root.nodes:
        return Severity.SEV1
    tank = root.tree is TreeKind.COOLING and not topology.cooled_places().isdisjoint(root.nodes)
    if share >= SEV2_SHARE or tank:
        return min(worst, Severity.SEV2)
    return min(worst, Severity.SEV3)


def _category(root: Root, told: Sequence[Alarm], rules: Mapping[str, AlarmRule], own: bool) -> str:
    if root.tree is not None and not own:
        return CATEGORY_OF_TREE[root.tree]
    direct = [alarm for alarm in told if rules[alarm.rule].direct_evidence]
    return rules[(direct or told)[0].rule].category


def _title(
    root: Root,
    own: Sequence[Alarm],
    alarms: Sequence[Alarm],
    devices: Collection[UUID],
    rules: Mapping[str, AlarmRule],
    topology: Topology,
) -> str:
    label = topology.site.name if SITE_NODE in root.nodes else root.label
    if SITE_NODE in root.nodes and root.tree is TreeKind.NETWORK:
        return f"{label}: site unreachable, {len(devices):,} of {len(topology.site.devices):,} devices silent"
    if own:
        return f"{label}: {', '.join(_clauses(own, rules)[:CLAUSES])}"
    common = Counter(alarm.rule for alarm in alarms).most_common(1)[0][0]
    hit = len({alarm.device for alarm in alarms if alarm.rule == common})
    return f"{label}: {hit:,} of {_below(root, topology):,} {rules[common].plural}"


def _below(root: Root, topology: Topology) -> int:
    if root.tree is None:
        return 1
    tree = topology.tree(root.tree)
    return len(frozenset().union(*(tree.members(node) for node in root.nodes)))


def _clauses(own: Sequence[Alarm], rules: Mapping[str, AlarmRule]) -> list[str]:
    """One clause for each rule, causes first; several parts of one rule are counted instead of listed."""
    by_rule: dict[str, list[Alarm]] = {}
    for alarm in own:
        by_rule.setdefault(alarm.rule, []).append(alarm)
    order = sorted(by_rule, key=lambda rule: (not rules[rule].direct_evidence, by_rule[rule][0].severity))
    clauses: list[str] = []
    told: set[tuple[UUID, str]] = set()
    for name in order:
        rule, same = rules[name], by_rule[name]
        first = same[0]
        parts = {(alarm.device, alarm.part) for alarm in same if alarm.part}
        if parts and parts <= told:
            continue  # an outlet that is off also draws nothing: said once
        told |= parts
        if len(same) > CLAUSES and rule.per_part:
            clauses.append(f"{len(same)} {rule.plural}")
        else:
            clauses.append(sentence(rule.clause, rule, first.device_name, first.part, first.value, first.limit))
    return clauses


def _cause(root: Root, told: Sequence[Alarm], rules: Mapping[str, AlarmRule], own: bool) -> str:
    if root.rivals:
        return f"cause uncertain: {' or '.join((root.label, *root.rivals))}"
    if SITE_NODE in root.nodes:
        return "link to the site, or the whole site"
    if root.tree is not None and not own:
        path = {TreeKind.POWER: "power feed", TreeKind.COOLING: "coolant", TreeKind.NETWORK: "network link"}
        return f"common {path[root.tree]}: {root.label}"
    direct = [alarm for alarm in told if rules[alarm.rule].direct_evidence]
    if direct:
        return _clauses(direct, rules)[0]
    return rules[told[0].rule].cause.rstrip(".")


def _where(root: Root, first: Alarm, topology: Topology) -> str:
    if root.tree is not None:
        return topology.site.name if SITE_NODE in root.nodes else root.label
    place = next((device.place for device in topology.site.devices if device.id == first.device), "")
    return f"{root.label}, {place}" if place else root.label
