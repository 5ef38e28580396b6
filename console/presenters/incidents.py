"""The Incidents display: the queue, and everything about the selected case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from console.domain import incident_life
from console.domain.incident_life import is_person, queue_order
from console.domain.incidents import ClockName, EventKind, Incident, IncidentEvent
from console.presenters import cases, formatting
from console.presenters.affected import affected_tree
from console.presenters.evidence import evidence_plans
from console.presenters.miners import Inventory
from console.presenters.source import SiteState
from console.presenters.standing import StandingIndex
from console.presenters.trends import PlotPlan, SeriesKey, Tail, plot_views
from console.services.ports import History
from widgets.view_models.incidents import ActionView, IncidentDetail, IncidentRow, IncidentsView, TimelineItem

EVIDENCE_BEFORE = 600.0
EVIDENCE_LEAST = 1200.0
MOST_CLOSED = 500

_STATE_CHANGES = frozenset(EventKind) - {EventKind.NOTED, EventKind.GREW, EventKind.ASSIGNED}
_EVENT_TITLES = {EventKind.GREW: "Grew", EventKind.NOTED: "Note"}

FILTERS: Mapping[str, Callable[[Incident], bool]] = {
    "open": lambda case: case.state.is_open,
    "unacknowledged": lambda case: case.state.is_open and case.acknowledged_at is None,
    "closed": lambda case: not case.state.is_open,
}


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """What the queue shows.

    Attributes:
        states: "open", "mine", "unacknowledged" or "closed".
        severity: 1 to 4; 0 for all. Severity 1 is never hidden.
        search: Text in title, cause, place, owner or number.
        user: Whose incidents "mine" are.
    """

    states: str = "open"
    severity: int = 0
    search: str = ""
    user: str = ""

    def passes(self, case: Incident) -> bool:
        """Whether the queue shows an incident."""
        if self.states == "mine":
            kept = case.state.is_open and case.owner == self.user
        else:
            kept = FILTERS.get(self.states, FILTERS["open"])(case)
        if self.severity and int(case.severity) not in {1, self.severity}:
            return False
        text = f"{case.label} {case.title} {case.cause} {case.where} {case.owner}".casefold()
        return kept and self.search.casefold() in text


@dataclass(frozen=True, slots=True)
class Evidence:
    """Samples behind the selected incident; `histories` None while they are read."""

    histories: Mapping[SeriesKey, History] | None = None
    tail: Tail | None = None


class IncidentsPresenter:
    """Presents the queue of one site and one selected incident."""

    def __init__(self, inventory: Inventory, standing: StandingIndex) -> None:
        self._inventory = inventory
        self._standing = standing

    def plans(self, state: SiteState, incident_id: str) -> tuple[PlotPlan, ...]:
        """The evidence plots of an incident; empty for none."""
        case = find(state, incident_id)
        return () if case is None else evidence_plans(state, case, self._inventory)

    def view(
        self,
        state: SiteState,
        chosen: IncidentFilter,
        selected: str,
        evidence: Evidence,
        now: float,
        blocked: str = "",
    ) -> IncidentsView:
        """The display; `blocked` says why nothing can be done at all: the state is of the past."""
        every = list(state.incidents.values())
        opened = [case for case in every if case.state.is_open]
        shown = sorted((case for case in every if chosen.passes(case)), key=queue_order)[-MOST_CLOSED:]
        case = find(state, selected)
        return IncidentsView(
            rows=tuple(_row(found, state, now) for found in shown),
            counts=cases.counts(state),
            total=len(opened),
            filter_note=_filter_note(chosen, shown, opened),
            note=_note(every, len(opened), state, now),
            detail=None if case is None else self._detail(case, state, evidence, now, blocked),
            empty="" if shown else _empty(every, state, chosen, now),
        )

    def _detail(self, case: Incident, state: SiteState, evidence: Evidence, now: float, blocked: str) -> IncidentDetail:
        nodes, note = affected_tree(state, case, self._inventory)
        start, stop = evidence_axis(case, now)
        zone = state.site.zone
        return IncidentDetail(
            id=str(case.id),
            version=case.version,
            mark=cases.mark(case),
            title=case.title,
            subtitle=_subtitle(case, state, now),
            clocks=tuple(cases.clock(case, name, state.site, now) for name in ClockName),
            actions=actions(case, state, blocked),
            locked=blocked,
            timeline=tuple(_timeline(event, case, state, now) for event in case.events),
            affected=nodes,
            affected_note=note,
            guidance=_guidance(case, state),
            guidance_note=case.cause,
            evidence=plot_views(
                self.plans(state, str(case.id)), evidence.histories, evidence.tail, state, (start, stop)
            ),
            evidence_note=f"{_minute(start, zone)} to {_minute(stop, zone)}, one time axis",
            tz=formatting.zone(zone).key,
        )


def _minute(at: float, zone: str) -> str:
    return formatting.local(at, zone).strftime("%H:%M")


def find(state: SiteState, incident_id: str) -> Incident | None:
    """The incident of that id; None when the site has none such."""
    return state.incidents.get(UUID(incident_id)) if incident_id else None


def evidence_axis(case: Incident, now: float) -> tuple[float, float]:
    """From ten minutes before the onset until now, or until a little after the case was over."""
    over = case.resolved_at
    stop = now if over is None else min(now, over + EVIDENCE_BEFORE)
    return min(case.onset_at - EVIDENCE_BEFORE, stop - EVIDENCE_LEAST), stop


def _row(case: Incident, state: SiteState, now: float) -> IncidentRow:
    return IncidentRow(
        id=str(case.id),
        version=case.version,
        mark=cases.mark(case),
        clock=cases.running_clock(case, state.site, now),
        state=case.state.value,
        automation="none",
        owner=cases.owner(case),
        title=case.title,
        cause=case.cause,
        where=case.where,
        scope=cases.scope(case, state),
        age=formatting.duration(now - case.detected_at),
        detected=formatting.time_or_date(case.detected_at, now, state.site.zone),
        label=case.label,
        unacknowledged=case.state.is_open and case.acknowledged_at is None,
        sort_key=queue_order(case),
    )


def _filter_note(chosen: IncidentFilter, shown: list[Incident], opened: list[Incident]) -> str:
    if not chosen.severity and not chosen.search and chosen.states in {"open", "closed"}:
        return ""
    inside = {case.id for case in shown}
    hidden = sum(1 for case in opened if int(case.severity) == 1 and case.id not in inside)
    return f"{formatting.number(len(shown))} of {formatting.number(len(opened))}; {hidden} Sev1 hidden"


def _note(every: list[Incident], opened: int, state: SiteState, now: float) -> str:
    today = formatting.local(now, state.site.zone).date()
    closed = sum(
        1
        for case in every
        if case.resolved_at is not None and formatting.local(case.resolved_at, state.site.zone).date() == today
    )
    return f"{formatting.number(opened)} open, {formatting.number(closed)} resolved today"


def _empty(every: list[Incident], state: SiteState, chosen: IncidentFilter, now: float) -> str:
    if chosen.states != "open" or chosen.severity or chosen.search:
        return "No incident passes this filter. Press 0 to show all."
    over = [case for case in every if case.resolved_at is not None]
    if not over:
        return "No open incidents."
    last = max(over, key=lambda case: case.resolved_at or 0.0)
    when = formatting.time_or_date(last.resolved_at or now, now, state.site.zone)
    return f"No open incidents. Last resolved {last.label}, {when}."


def _subtitle(case: Incident, state: SiteState, now: float) -> str:
    zone = state.site.zone
    when = f"{formatting.time_or_date(case.detected_at, now, zone)} {formatting.zone_label(case.detected_at, zone)}"
    parts = [case.label, case.category, f"owner {cases.owner(case)}", case.state.value, f"detected {when}"]
    return ", ".join(part for part in parts if part)


def actions(case: Incident, state: SiteState, blocked: str = "") -> tuple[ActionView, ...]:
    """What an operator may do now, each with the reason why not; `blocked` is one that holds for all of them."""
    acknowledge = blocked or incident_life.allowed(case, EventKind.ACKNOWLEDGED)
    mitigate = blocked or incident_life.allowed(case, EventKind.MITIGATED)
    resolve = blocked or incident_life.resolve_refusal(case, list(state.alarms.values()))
    return (
        ActionView("acknowledge", "Acknowledge", "Space", acknowledge, primary=not acknowledge),
        ActionView("mitigate", "Mitigated", "M", mitigate, primary=bool(acknowledge) and not mitigate),
        ActionView("note", "Note", "Shift+A", blocked),
        ActionView("resolve", "Resolve", "F", resolve, primary=bool(mitigate) and not resolve),
    )


def _timeline(event: IncidentEvent, case: Incident, state: SiteState, now: float) -> TimelineItem:
    is_set_aside = event.version in case.set_aside
    title = _EVENT_TITLES.get(event.kind, event.kind.value.capitalize())
    is_change = event.kind in _STATE_CHANGES and (is_person(event.actor) or event.kind is not EventKind.ALERTED)
    return TimelineItem(
        time=formatting.time_or_date(event.at, now, state.site.zone),
        title=f"{title}, set aside: decided before elsewhere" if is_set_aside else title,
        text=_event_text(event),
        actor=event.actor,
        state_change=is_change and not is_set_aside,
    )


def _event_text(event: IncidentEvent) -> str:
    if event.text:
        return event.text
    if event.devices is not None and event.kind is not EventKind.DETECTED:
        return formatting.count(len(event.devices), "device")
    return event.cause or event.title or ""


def _guidance(case: Incident, state: SiteState) -> tuple[str, ...]:
    """What to do and what not: the guidance of the rule that names the cause, else of the incident's first alarm."""
    mine = [alarm for alarm in state.alarms.values() if alarm.incident == case.id]
    mine.sort(key=lambda alarm: (not _is_evidence(state, alarm.rule), alarm.severity, alarm.raised_at))
    for alarm in mine:
        rule = state.rules.get(alarm.rule)
        if rule is not None:
            return rule.guidance or (rule.action,)
    return ()


def _is_evidence(state: SiteState, rule_id: str) -> bool:
    rule = state.rules.get(rule_id)
    return rule is not None and rule.direct_evidence
