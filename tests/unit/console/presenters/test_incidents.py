"""The Incidents display."""

import dataclasses

import pytest

from console.domain.alarms import Condition, Severity
from console.domain.incidents import EventKind, IncidentEvent, IncidentState
from console.presenters.incidents import Evidence, IncidentFilter, IncidentsPresenter
from console.presenters.miners import Inventory
from console.presenters.source import SiteState
from console.presenters.standing import StandingIndex
from tests.unit.console.presenters.sites import NOW, alarm, incident, state_of, with_alarms, with_incidents
from widgets.view_models.common import ClockPhase
from widgets.view_models.incidents import IncidentDetail, IncidentsView


def _view(
    state: SiteState, chosen: IncidentFilter | None = None, selected: str = "", now: float = NOW
) -> IncidentsView:
    presenter = IncidentsPresenter(Inventory(), StandingIndex())
    return presenter.view(state, chosen or IncidentFilter(), selected, Evidence(), now)


def _detail(state: SiteState, selected: str, now: float = NOW) -> IncidentDetail:
    detail = _view(state, selected=selected, now=now).detail
    assert detail is not None
    return detail


def _three() -> SiteState:
    state = state_of()
    return with_incidents(
        state,
        incident(state, ["T1-001"], 3, Severity.SEV3),
        incident(state, ["T1-002"], 1, Severity.SEV1),
        incident(state, ["T1-003"], 2, Severity.SEV2, acknowledged_at=NOW - 10),
    )


def test_that_the_queue_comes_by_severity_and_counts_what_is_open() -> None:
    view = _view(_three())
    assert [row.label for row in view.rows] == ["INC-1", "INC-2", "INC-3"]
    assert view.counts == (1, 1, 1, 0)
    assert view.note == "3 open, 0 resolved today"
    assert view.filter_note == ""
    assert [row.unacknowledged for row in view.rows] == [True, False, True]
    assert view.rows[0].age == "06:19"
    assert view.rows[0].detected == "14:01:13"


def test_that_a_filter_says_what_it_hides_and_never_hides_severity_1() -> None:
    view = _view(_three(), IncidentFilter(severity=3))
    assert [row.label for row in view.rows] == ["INC-1", "INC-3"]
    assert view.filter_note == "2 of 3; 0 Sev1 hidden"
    searched = _view(_three(), IncidentFilter(search="nothing like it"))
    assert searched.filter_note == "0 of 3; 1 Sev1 hidden"
    assert "Press 0" in searched.empty


@pytest.mark.parametrize(("states", "labels"), [("mine", []), ("unacknowledged", ["INC-1", "INC-3"]), ("closed", [])])
def test_that_the_queue_can_be_narrowed(states: str, labels: list[str]) -> None:
    assert [row.label for row in _view(_three(), IncidentFilter(states, user="M. Okafor")).rows] == labels


def test_that_an_empty_queue_names_the_last_case() -> None:
    state = state_of()
    assert _view(state).empty == "No open incidents."
    over = dataclasses.replace(
        incident(state, ["T1-001"], 1869), state=IncidentState.RESOLVED, mitigated_at=NOW - 60, resolved_at=NOW - 30
    )
    assert _view(with_incidents(state, over)).empty == "No open incidents. Last resolved INC-1869, 14:07:02."


def test_that_the_detail_shows_three_clocks_guidance_and_what_is_affected() -> None:
    state = state_of()
    names = ["PLC-B", *(f"T2-{number:03}" for number in range(1, 13)), "T1-001"]
    case = incident(state, names, acknowledged_at=NOW - 301)
    state = with_alarms(with_incidents(state, case), alarm(state, "PLC-B", "2", case))
    detail = _detail(state, str(case.id))
    assert [(clock.label, clock.text, clock.phase) for clock in detail.clocks] == [
        ("response", "01:18 taken", ClockPhase.DONE),
        ("mitigation", "23:41", ClockPhase.NEUTRAL),
        ("resolution", "3 h 53 m", ClockPhase.NEUTRAL),
    ]
    assert detail.guidance == ("Keep miners cool first.", "Reset only at the drive.")
    assert detail.affected_note == "13 miners, 2 tanks"
    assert [(node.depth, node.title, node.text) for node in detail.affected] == [
        (0, "PLC-B", "pumps 1 72 %, 2 71 %"),
        (1, "T1", "1 of 12"),
        (1, "T2", "12 of 12"),
    ]
    assert detail.affected[0].mark is not None
    assert detail.evidence_note == "13:47 to 14:07, one time axis"


def test_that_a_deadline_passed_is_over_and_its_bar_full() -> None:
    state = state_of()
    case = incident(state, ["T1-001"])
    clock = _detail(with_incidents(state, case), str(case.id), NOW + 1800).clocks[0]
    assert clock.text == "+00:06:19 over"
    assert clock.phase is ClockPhase.OVER


def test_that_actions_say_why_they_are_blocked() -> None:
    state = state_of()
    case = incident(state, ["PLC-B"], acknowledged_at=NOW - 10)
    standing = alarm(state, "PLC-B", "2", case)
    actions = {
        action.id: action
        for action in _detail(with_alarms(with_incidents(state, case), standing), str(case.id)).actions
    }
    assert "already acknowledged" in actions["acknowledge"].blocked
    assert actions["mitigate"].primary
    assert "still standing" in actions["resolve"].blocked
    assert actions["note"].blocked == ""
    silent = dataclasses.replace(standing, condition=Condition.UNKNOWN)
    blocked = _detail(with_alarms(with_incidents(state, case), silent), str(case.id)).actions[-1].blocked
    assert "no fresh data" in blocked


def test_that_evidence_starts_with_the_alarms_own_point_and_ends_with_the_miners() -> None:
    state = state_of()
    case = incident(state, ["PLC-B", "T2-001", "T2-002"])
    plans = IncidentsPresenter(Inventory(), StandingIndex()).plans(with_incidents(state, case), str(case.id))
    assert [plan.point for plan in plans] == ["flow", "return_temp", "hashrate"]
    assert [line.label for line in plans[2].lines] == ["T2-001", "T2-002"]


def test_that_a_selection_that_is_gone_shows_no_detail() -> None:
    assert _view(state_of(), selected="00000000-0000-0000-0000-0000000000aa").detail is None


def test_that_the_timeline_marks_what_was_set_aside_when_stores_were_merged() -> None:
    state = state_of()
    case = incident(state, ["T1-001"], 1)
    late = IncidentEvent(case.id, 2, EventKind.ACKNOWLEDGED, NOW - 5, "B. Ito", "mine")
    case = dataclasses.replace(case, version=2, events=(*case.events[:1], late), set_aside=(2,))
    item = _detail(with_incidents(state, case), str(case.id)).timeline[-1]
    assert item.title == "Acknowledged, set aside: decided before elsewhere"
    assert (item.actor, item.state_change) == ("B. Ito", False)
