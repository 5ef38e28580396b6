"""The Incidents display."""

from dataclasses import dataclass

from widgets.view_models.common import ClockView, PlotView, SeverityMark


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One row of the queue.

    Attributes:
        id: Incident id.
        version: Of the state shown; commands carry it.
        sort_key: Default order: severity, soonest deadline, oldest.
        unacknowledged: Title drawn bold.
    """

    id: str
    version: int
    mark: SeverityMark
    clock: ClockView
    state: str
    automation: str
    owner: str
    title: str
    cause: str
    where: str
    scope: str
    age: str
    detected: str
    label: str
    unacknowledged: bool
    sort_key: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One event: a full dot for a change of state."""

    time: str
    title: str
    text: str
    actor: str
    state_change: bool


@dataclass(frozen=True, slots=True)
class AffectedNode:
    """A box of the affected tree.

    Attributes:
        id: Node id.
        depth: 0 at the top.
        title: "Pump B2".
        text: "tripped, 412 of 1,456".
        mark: The root carries it.
        share: Affected share, 0 to 1; None draws no bar.
        device: Device id for Enter; empty for none.
    """

    id: str
    depth: int
    title: str
    text: str
    mark: SeverityMark | None = None
    share: float | None = None
    device: str = ""


@dataclass(frozen=True, slots=True)
class ActionView:
    """A button with its key; a blocked one stays focusable and says why.

    Attributes:
        note: What stands beside a free one: "allowed, no effect on hashing".
        level: Approval it needs: "A0" to "A4"; empty for none.
    """

    id: str
    label: str
    key: str
    blocked: str = ""
    primary: bool = False
    note: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """Everything about the selected incident.

    Attributes:
        clocks: Response, mitigation, resolution.
        guidance: Numbered sentences: what to do and what not.
        guidance_note: Rule and cause.
        affected_note: "412 miners, 3 tanks".
        tz: IANA zone that labels the time axis of the evidence.
        locked: Why nothing can be done to it, notes included: it is of the past; empty while something can.
    """

    id: str
    version: int
    mark: SeverityMark
    title: str
    subtitle: str
    clocks: tuple[ClockView, ...]
    actions: tuple[ActionView, ...]
    timeline: tuple[TimelineItem, ...]
    affected: tuple[AffectedNode, ...]
    affected_note: str
    guidance: tuple[str, ...]
    guidance_note: str
    evidence: tuple[PlotView, ...]
    evidence_note: str
    tz: str = ""
    locked: str = ""


@dataclass(frozen=True, slots=True)
class IncidentsView:
    """The Incidents display.

    Attributes:
        rows: All rows that pass the filter, in default order; the table freezes the order itself.
        counts: Open by severity, 1 to 4.
        total: Open incidents before the filter.
        filter_note: "20 of 56; 0 Sev1 hidden"; empty without a filter.
        note: "9 open, 14 closed today".
        detail: The selected one; None for none.
        empty: "No open incidents. Last closed INC-1869, 11:47."
    """

    rows: tuple[IncidentRow, ...]
    counts: tuple[int, int, int, int]
    total: int
    filter_note: str
    note: str
    detail: IncidentDetail | None
    empty: str = ""
