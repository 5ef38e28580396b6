"""What triage would do now: which alarms open, join or leave which incident. Plans only; `Triage` carries it out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from console.domain.alarms import Alarm, Test
from console.domain.grouping import (
    SITE_ROOT,
    WINDOW,
    Root,
    explains,
    find_groups,
    own_root,
    site_is_silent,
)
from console.services.casebook import Case, CaseBook

SETTLE = 10.0
"""Seconds that an alarm without evidence of its own waits, so that a common cause can show itself."""
SETTLE_AT_MOST = 30.0
"""The longest wait while a burst below one node is still growing."""
SILENCE_SETTLES = 75.0
"""Seconds from the last answer until a silence opens an incident: by then every device behind the same fault, polled
fast or slowly, has missed its polls too."""
HOLDOFF = 900.0
"""Seconds after a cause is gone in which its devices boot and settle; what fails after that is a case of its own."""
RESIDUE = 0.2
"""A group counts as recovered when no evidence stands and at most this share of its devices still fails."""


@dataclass(slots=True)
class Opening:
    """A new incident to be opened (or an old one to be continued).

    Attributes:
        root: Its cause.
        alarms: Its alarms.
        merged: Open cases that turn out to be part of it.
        residual_of: The case whose recovery left these alarms behind.
    """

    root: Root
    alarms: list[Alarm]
    merged: list[Case] = field(default_factory=list)
    residual_of: Case | None = None


@dataclass(slots=True)
class Plan:
    """Everything to be done at one moment."""

    openings: list[Opening] = field(default_factory=list)
    joining: dict[UUID, list[Alarm]] = field(default_factory=dict)
    widening: dict[UUID, frozenset[str]] = field(default_factory=dict)
    recovered: list[Case] = field(default_factory=list)


def plan(book: CaseBook, now: float) -> Plan:
    """Sort every waiting alarm: into an open case, a new one, or back to waiting."""
    made = Plan()
    waiting = _join_open(book, made, list(book.pending.values()), now)
    waiting = _open_evident(book, made, waiting)
    waiting = _open_site(book, made, waiting, now)
    waiting = _open_groups(book, made, waiting, now)
    _open_single(book, made, waiting, now)
    _leave_behind(book, made, now)
    return made


def _join_open(book: CaseBook, made: Plan, waiting: Sequence[Alarm], now: float) -> list[Alarm]:
    spreading = book.spreading(now) if waiting else []
    left = []
    for alarm in waiting:
        rule = book.rules[alarm.rule]
        case = book.at_place(own_root(alarm, rule, book.topology))
        if case is None:
            case = next((one for one in spreading if explains(one.root, alarm, rule, book.topology)), None)
        if case is None:
            left.append(alarm)
        else:
            made.joining.setdefault(case.incident.id, []).append(alarm)
    return left


def _open_evident(book: CaseBook, made: Plan, waiting: Sequence[Alarm]) -> list[Alarm]:
    """Direct evidence opens at once and takes with it what it explains, also what was opened too early."""
    by_label: dict[str, Opening] = {}
    for alarm in waiting:
        rule = book.rules[alarm.rule]
        if not rule.direct_evidence:
            continue
        root = own_root(alarm, rule, book.topology)
        opening = by_label.setdefault(root.label, Opening(root, []))
        opening.root = opening.root.with_nodes(root.nodes, True)
    if not by_label:
        return list(waiting)
    left = []
    for alarm in waiting:
        taker = _taker(book, by_label.values(), alarm)
        if taker is None:
            left.append(alarm)
        else:
            taker.alarms.append(alarm)
    for opening in by_label.values():
        opening.merged = _premature(book, opening.root, opening.alarms)
        made.openings.append(opening)
    return left


def _taker(book: CaseBook, openings: Iterable[Opening], alarm: Alarm) -> Opening | None:
    rule = book.rules[alarm.rule]
    label = own_root(alarm, rule, book.topology).label
    for opening in openings:
        if opening.root.label == label:
            return opening
    return next((one for one in openings if explains(one.root, alarm, rule, book.topology)), None)


def _premature(book: CaseBook, root: Root, alarms: Sequence[Alarm]) -> list[Case]:
    """Open cases of the last two minutes, all of whose alarms this cause explains."""
    newest = max(alarm.raised_at for alarm in alarms)
    return [
        case
        for case in book.cases.values()
        if case.alarms
        and not case.evidence_stands(book.rules)
        and all(
            alarm.raised_at >= newest - WINDOW and explains(root, alarm, book.rules[alarm.rule], book.topology)
            for alarm in case.alarms.values()
        )
    ]


def _open_site(book: CaseBook, made: Plan, waiting: Sequence[Alarm], now: float) -> list[Alarm]:
    silences = [alarm for alarm in waiting if book.rules[alarm.rule].test is Test.SILENT]
    if not any(_settled(book, alarm, now) for alarm in silences) or not site_is_silent(book.silent(), book.topology):
        return list(waiting)
    opening = Opening(SITE_ROOT, silences, _premature(book, SITE_ROOT, silences))
    made.openings.append(opening)
    return [alarm for alarm in waiting if book.rules[alarm.rule].test is not Test.SILENT]


def _open_groups(book: CaseBook, made: Plan, waiting: Sequence[Alarm], now: float) -> list[Alarm]:
    if not any(_settled(book, alarm, now) for alarm in waiting):
        return list(waiting)
    singles = [alarm for case in book.cases.values() if not case.is_group() for alarm in case.alarms.values()]
    left = {alarm.id: alarm for alarm in waiting}
    for group in find_groups([*waiting, *singles], book.rules, book.topology, book.silent()):
        mine = [alarm for alarm in left.values() if explains(group.root, alarm, book.rules[alarm.rule], book.topology)]
        if not any(_settled(book, alarm, now) for alarm in mine):
            continue
        known = book.at_place(group.root)
        if known is None:
            made.openings.append(Opening(group.root, mine, _premature(book, group.root, mine)))
        else:
            made.joining.setdefault(known.incident.id, []).extend(mine)
            made.widening[known.incident.id] = group.root.nodes
        for alarm in mine:
            del left[alarm.id]
    return list(left.values())


def _settled(book: CaseBook, alarm: Alarm, now: float) -> bool:
    """Whether an alarm has waited long enough for a common cause."""
    if now - alarm.raised_at < SETTLE:
        return False
    silent = book.rules[alarm.rule].test is Test.SILENT
    return not silent or now - alarm.onset_at >= SILENCE_SETTLES


def _open_single(book: CaseBook, made: Plan, waiting: Sequence[Alarm], now: float) -> None:
    ripe = [alarm for alarm in waiting if _settled(book, alarm, now) and not _booting(book, alarm, now)]
    if not ripe:
        return
    growing = _growing_nodes(book, waiting, now)
    by_label: dict[str, Opening] = {}
    for alarm in ripe:
        if now - alarm.raised_at < SETTLE_AT_MOST and not growing.isdisjoint(_above(book, alarm)):
            continue
        root = own_root(alarm, book.rules[alarm.rule], book.topology)
        by_label.setdefault(root.label, Opening(root, [])).alarms.append(alarm)
    for alarm in waiting:
        opening = by_label.get(own_root(alarm, book.rules[alarm.rule], book.topology).label)
        if opening is not None and all(alarm.id != other.id for other in opening.alarms):
            opening.alarms.append(alarm)
    made.openings.extend(by_label.values())


def _above(book: CaseBook, alarm: Alarm) -> set[tuple[str, str]]:
    """The nodes that could explain an alarm, with their trees."""
    above: set[tuple[str, str]] = set()
    for kind in book.rules[alarm.rule].explained_by:
        tree = book.topology.tree(kind)
        name = tree.names.get(alarm.device)
        if name is not None:
            above.update((kind, node) for node in tree.ancestors(name)[:-1])
    return above


def _growing_nodes(book: CaseBook, waiting: Sequence[Alarm], now: float) -> set[tuple[str, str]]:
    """Nodes below which at least three alarms wait and one came a moment ago."""
    counts: dict[tuple[str, str], int] = {}
    fresh: set[tuple[str, str]] = set()
    for alarm in waiting:
        for node in _above(book, alarm):
            counts[node] = counts.get(node, 0) + 1
            if now - alarm.raised_at < SETTLE:
                fresh.add(node)
    return {node for node in fresh if counts[node] >= 3}


def _booting(book: CaseBook, alarm: Alarm, now: float) -> bool:
    """Whether the alarm's device comes back from a group incident that was resolved a moment ago."""
    rule = book.rules[alarm.rule]
    return any(
        len(incident.devices) > 1
        and alarm.device in incident.devices
        and now - (incident.resolved_at or 0.0) < HOLDOFF
        and explains(book.root_of(incident, ()), alarm, rule, book.topology)
        for incident in book.closed.values()
    )


def _leave_behind(book: CaseBook, made: Plan, now: float) -> None:
    """After the hold-off of a recovered group, what still fails becomes a case of its own."""
    for case in book.cases.values():
        if case.recovered_at is None or now - case.recovered_at < HOLDOFF:
            continue
        by_device: dict[UUID, list[Alarm]] = {}
        for alarm in case.alarms.values():
            by_device.setdefault(alarm.device, []).append(alarm)
        for alarms in by_device.values():
            root = own_root(alarms[0], book.rules[alarms[0].rule], book.topology)
            own = book.at_place(root)
            if own is None or own is case:
                made.openings.append(Opening(root, alarms, residual_of=case))
            else:
                made.joining.setdefault(own.incident.id, []).extend(alarms)
        made.recovered.append(case)


def has_recovered(case: Case, book: CaseBook) -> bool:
    """Whether the cause of a group is gone although some of its devices still fail."""
    if not case.is_group() or not case.alarms or case.evidence_stands(book.rules):
        return False
    failing = {alarm.device for alarm in case.alarms.values()}
    own = [alarm for alarm in case.alarms.values() if alarm.device_name == case.root.label]
    return not own and len(failing) <= RESIDUE * len(case.devices)
