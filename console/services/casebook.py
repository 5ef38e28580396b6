"""The open cases in memory: which alarms belong to which incident, and which alarms wait for one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from console.domain.alarms import Alarm, AlarmRule, Condition, Test
from console.domain.grouping import Root, own_root
from console.domain.incident_life import REOPEN_WITHIN
from console.domain.incident_text import CATEGORY_OF_TREE
from console.domain.incidents import Incident, IncidentState
from console.domain.topology import SITE_NODE, Topology, TreeKind

JOIN_SECONDS = 300.0
"""A cause without standing evidence takes in further alarms for this long after the last one."""
JOIN_AT_MOST = 24 * 3600.0
"""And no cause takes in anything after a day."""


@dataclass(slots=True, eq=False)
class Case:
    """One open incident with what the log does not carry.

    Attributes:
        incident: As the log returned it last.
        root: Its cause.
        alarms: Its alarms that stand, by id.
        story: Every alarm it had since it was opened or restored, by id: the title keeps what has cleared.
        devices: Every device that was ever inside, in order of joining.
        grew_at: When the last alarm joined, UTC seconds.
        told_at: When the log last heard of its devices and title.
        untold: Whether it has grown since.
        recovered_at: Since when the cause has been gone while some devices still fail; None while it lasts.
    """

    incident: Incident
    root: Root
    alarms: dict[UUID, Alarm] = field(default_factory=dict)
    story: dict[UUID, Alarm] = field(default_factory=dict)
    devices: dict[UUID, None] = field(default_factory=dict)
    grew_at: float = 0.0
    told_at: float = 0.0
    untold: bool = False
    recovered_at: float | None = None

    def evidence_stands(self, rules: Mapping[str, AlarmRule]) -> bool:
        """Whether equipment says now that it has failed; what it said before it fell silent is no evidence."""
        return any(
            rules[alarm.rule].direct_evidence and alarm.condition is not Condition.UNKNOWN
            for alarm in self.alarms.values()
        )

    def is_group(self) -> bool:
        """Whether the cause can spread to other devices."""
        return self.root.tree is not None


class CaseBook:
    """Alarms and cases by id. Changes nothing in the log; `Triage` tells it what the log has accepted.

    Attributes:
        cases: Open cases by incident.
        closed: Incidents resolved less than a day ago: the same cause continues them.
        pending: Standing alarms without an incident, in order of arrival.
    """

    def __init__(self, topology: Topology, rules: Mapping[str, AlarmRule]) -> None:
        self.topology = topology
        self.rules = rules
        self.cases: dict[UUID, Case] = {}
        self.closed: dict[UUID, Incident] = {}
        self.pending: dict[UUID, Alarm] = {}
        self._case_of: dict[UUID, UUID] = {}
        self._at_place: dict[tuple[TreeKind | None, str], UUID] = {}

    def alarms(self) -> list[Alarm]:
        """Every standing alarm."""
        return [alarm for case in self.cases.values() for alarm in case.alarms.values()] + list(self.pending.values())

    def absorb(self, alarm: Alarm) -> Alarm:
        """Take in what the evaluator says; returns the alarm with its incident and acknowledgement."""
        incident = self._case_of.get(alarm.id)
        case = None if incident is None else self.cases.get(incident)
        known = self.pending.get(alarm.id) if case is None else case.alarms.get(alarm.id)
        if known is not None:
            alarm = replace(
                alarm,
                incident=known.incident,
                acknowledged_at=known.acknowledged_at,
                acknowledged_by=known.acknowledged_by,
                severity=min(alarm.severity, known.severity),
            )
        elif alarm.cleared_at is not None:
            return alarm
        home = self.pending if case is None else case.alarms
        if alarm.cleared_at is None:
            home[alarm.id] = alarm
        else:
            home.pop(alarm.id, None)
            self._case_of.pop(alarm.id, None)
        return alarm

    def open(self, case: Case) -> None:
        """Add a case that the log has accepted."""
        self.cases[case.incident.id] = case
        self._at_place[case.root.tree, case.root.label] = case.incident.id

    def assign(self, alarm: Alarm, case: Case, now: float) -> Alarm:
        """Put an alarm into a case; returns it as it now stands."""
        moved = replace(alarm, incident=case.incident.id)
        self.pending.pop(alarm.id, None)
        before = self._case_of.get(alarm.id)
        if before is not None and before in self.cases:
            self.cases[before].alarms.pop(alarm.id, None)
        self._case_of[alarm.id] = case.incident.id
        case.alarms[alarm.id] = moved
        case.story[alarm.id] = moved
        case.devices[alarm.device] = None
        case.grew_at = now
        case.untold = True
        if alarm.device_name == case.root.label or alarm.device in self.topology.loop_of:
            self._widen(case, own_root(alarm, self.rules[alarm.rule], self.topology))
        return moved

    def silent(self) -> frozenset[UUID]:
        """Devices with a standing silence."""
        return frozenset(alarm.device for alarm in self.alarms() if self.rules[alarm.rule].test is Test.SILENT)

    def _widen(self, case: Case, own: Root) -> None:
        """The cause is seen at more of its nodes; what is no evidence does not widen what is."""
        same_place = own.label == case.root.label and own.tree == case.root.tree
        if same_place and (own.direct or not case.root.direct):
            case.root = case.root.with_nodes(own.nodes, own.direct)

    def at_place(self, root: Root) -> Case | None:
        """The open case of the same place; None when there is none."""
        incident = self._at_place.get((root.tree, root.label))
        return None if incident is None else self.cases.get(incident)

    def spreading(self, now: float) -> list[Case]:
        """The open cases whose cause may still bring about new alarms."""
        return [case for case in self.cases.values() if case.is_group() and self.takes_in(case, now)]

    def takes_in(self, case: Case, now: float) -> bool:
        """Whether a cause may still bring about new alarms."""
        if now - case.incident.detected_at > JOIN_AT_MOST:
            return False
        return case.evidence_stands(self.rules) or now - case.grew_at <= JOIN_SECONDS or case.recovered_at is not None

    def relapse_of(self, where: str, category: str, now: float) -> Incident | None:
        """The incident of the same cause that was resolved less than a day ago."""
        same = [
            incident
            for incident in self.closed.values()
            if incident.where == where
            and incident.category == category
            and incident.state is IncidentState.RESOLVED
            and incident.resolved_at is not None
            and now - incident.resolved_at <= REOPEN_WITHIN
        ]
        return max(same, key=lambda incident: incident.number, default=None)

    def settle(self, incident: Incident) -> None:
        """Take over an incident as the log returned it."""
        case = self.cases.get(incident.id)
        if incident.state.is_open:
            if case is not None:
                case.incident = incident
            return
        if case is not None:
            del self.cases[incident.id]
            if self._at_place.get((case.root.tree, case.root.label)) == incident.id:
                del self._at_place[case.root.tree, case.root.label]
        if incident.state is IncidentState.RESOLVED:
            self.closed[incident.id] = incident

    def forget_old(self, now: float) -> None:
        """Drop resolved incidents that can no longer relapse."""
        old = [key for key, one in self.closed.items() if now - (one.resolved_at or 0.0) > REOPEN_WITHIN]
        for key in old:
            del self.closed[key]

    def restore(self, incidents: Sequence[Incident], alarms: Iterable[Alarm], now: float) -> None:
        """Rebuild the cases from the log after a start."""
        members: dict[UUID, list[Alarm]] = {}
        for alarm in alarms:
            if alarm.rule not in self.rules:
                continue
            if alarm.incident is None:
                self.pending[alarm.id] = alarm
            else:
                members.setdefault(alarm.incident, []).append(alarm)
        for incident in incidents:
            if not incident.state.is_open:
                self.settle(incident)
                continue
            mine = members.get(incident.id, [])
            case = Case(
                incident,
                self.root_of(incident, mine),
                devices=dict.fromkeys(incident.devices),
                grew_at=max((alarm.raised_at for alarm in mine), default=incident.detected_at),
                told_at=now,
            )
            self.open(case)
            for alarm in mine:
                self._case_of[alarm.id] = incident.id
                case.alarms[alarm.id] = case.story[alarm.id] = alarm
                case.untold |= alarm.device not in case.devices
                case.devices[alarm.device] = None
        self.forget_old(now)

    def take_over(self, before: "CaseBook") -> None:
        """Take over everything from the book of the site as it was before."""
        self.closed, self.pending = before.closed, before.pending
        self._case_of = {alarm: case.incident.id for case in before.cases.values() for alarm in case.alarms}
        for case in before.cases.values():
            self.open(case)

    def root_of(self, incident: Incident, alarms: Sequence[Alarm]) -> Root:
        """The cause of a stored incident: what its own evidence says, else the node it names, else its device."""
        own = [own_root(alarm, self.rules[alarm.rule], self.topology) for alarm in alarms]
        direct = [root for root in own if root.direct] or [root for root in own if root.label == incident.where]
        if direct:
            return direct[0].with_nodes(frozenset[str]().union(*(root.nodes for root in direct)), direct[0].direct)
        node = SITE_NODE if incident.where == self.topology.site.name else incident.where
        for kind, tree in self.topology.trees.items():
            if CATEGORY_OF_TREE[kind] == incident.category and node in tree:
                return Root(kind, frozenset({node}), "site" if node == SITE_NODE else node)
        name = incident.where.partition(", ")[0]
        return own[0] if own and own[0].label == name else Root(None, frozenset({name}), name)
