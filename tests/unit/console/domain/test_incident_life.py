"""An incident is the fold of its events, and says what may happen to it next."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from console.domain.alarms import Severity
from console.domain.incident_life import allowed, fold, is_person, queue_order, running_clock, stopped_at
from console.domain.incidents import ClockName, Deadlines, EventKind, Incident, IncidentEvent, IncidentState

CASE = UUID(int=7)
DETECTED = IncidentEvent(
    CASE, 1, EventKind.DETECTED, 100.0, "triage", "", Severity.SEV3, "cooling", "t", "c", "w", (uuid4(),), 90.0,
    Deadlines(200.0, 200.0, 900.0),
)  # fmt: skip


def after(*kinds: EventKind, actor: str = "J. Reyes") -> Incident:
    events = [DETECTED]
    for version, kind in enumerate(kinds, start=2):
        events.append(IncidentEvent(CASE, version, kind, 100.0 + version, actor))
    return fold(events, 12)


def test_that_a_detection_carries_the_description() -> None:
    incident = after()
    assert (incident.label, incident.state, incident.severity) == ("INC-12", IncidentState.DETECTED, Severity.SEV3)
    assert (incident.onset_at, incident.detected_at) == (90.0, 100.0)


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ((EventKind.ALERTED,), IncidentState.ALERTED),
        ((EventKind.ALERTED, EventKind.ACKNOWLEDGED), IncidentState.ACKNOWLEDGED),
        ((EventKind.ACKNOWLEDGED, EventKind.ALERTED), IncidentState.ACKNOWLEDGED),
        ((EventKind.MITIGATED,), IncidentState.MITIGATED),
        ((EventKind.MITIGATED, EventKind.ACKNOWLEDGED), IncidentState.MITIGATED),
        ((EventKind.RESOLVED, EventKind.ACKNOWLEDGED), IncidentState.RESOLVED),
        ((EventKind.RESOLVED, EventKind.MITIGATED), IncidentState.RESOLVED),
        ((EventKind.RESOLVED, EventKind.RESOLVED), IncidentState.RESOLVED),
        ((EventKind.RESOLVED, EventKind.REOPENED), IncidentState.DETECTED),
        ((EventKind.RESOLVED, EventKind.CLOSED), IncidentState.CLOSED),
        ((EventKind.MERGED,), IncidentState.CANCELLED),
        ((EventKind.NOTED, EventKind.ASSIGNED, EventKind.GREW), IncidentState.DETECTED),
    ],
)
def test_that_events_lead_to_their_state(kinds: tuple[EventKind, ...], state: IncidentState) -> None:
    incident = after(*kinds)
    assert incident.state is state
    assert incident.version == len(kinds) + 1


@pytest.mark.parametrize(
    ("kinds", "set_aside"),
    [
        ((EventKind.ACKNOWLEDGED, EventKind.ACKNOWLEDGED), (3,)),
        ((EventKind.RESOLVED, EventKind.ACKNOWLEDGED, EventKind.NOTED, EventKind.MITIGATED), (3, 5)),
        ((EventKind.MITIGATED, EventKind.MITIGATED), (3,)),
        ((EventKind.MERGED, EventKind.MERGED, EventKind.RESOLVED), (3, 4)),
        ((EventKind.REOPENED, EventKind.CLOSED), (2, 3)),
        ((EventKind.ALERTED, EventKind.ALERTED, EventKind.GREW, EventKind.NOTED), ()),
    ],
)
def test_that_what_contradicts_an_earlier_decision_stays_on_record_and_is_set_aside(
    kinds: tuple[EventKind, ...], set_aside: tuple[int, ...]
) -> None:
    incident = after(*kinds)
    assert incident.set_aside == set_aside
    assert [event.kind for event in incident.events[1:]] == list(kinds)


def test_that_growth_seen_in_two_places_adds_up_and_makes_nothing_milder() -> None:
    here, there = uuid4(), uuid4()
    first = DETECTED.devices or ()
    soon = Deadlines(110.0, 120.0, 130.0)
    incident = fold(
        [
            DETECTED,
            IncidentEvent(CASE, 2, EventKind.GREW, 101.0, "triage", severity=Severity.SEV1, devices=(*first, here),
                          deadlines=soon),
            IncidentEvent(CASE, 3, EventKind.GREW, 102.0, "triage", severity=Severity.SEV2, devices=(*first, there),
                          deadlines=Deadlines(900.0, 900.0, 900.0)),
        ],
        12,
    )  # fmt: skip
    assert incident.devices == (*first, here, there)
    assert (incident.severity, incident.deadlines) == (Severity.SEV1, soon)


def test_that_numbers_of_another_origin_carry_its_tag() -> None:
    assert fold([DETECTED], 12, "8f3a").label == "INC-12-8f3a"


def test_that_resolving_also_ends_the_impact_and_counts_as_the_response_of_a_person() -> None:
    incident = after(EventKind.RESOLVED)
    assert incident.resolved_at == incident.mitigated_at == incident.acknowledged_at == 102.0
    assert after(EventKind.RESOLVED, actor="triage").acknowledged_at is None


def test_that_machines_are_no_persons() -> None:
    assert [is_person(actor) for actor in ("triage", "console", "rule pump-tripped", "", "M. Okafor")] == [
        False,
        False,
        False,
        False,
        True,
    ]


def test_that_a_worse_severity_takes_the_acknowledgement_back_and_a_better_one_does_not() -> None:
    known = [DETECTED, IncidentEvent(CASE, 2, EventKind.ACKNOWLEDGED, 110.0, "J. Reyes")]
    worse = IncidentEvent(CASE, 3, EventKind.GREW, 120.0, "triage", severity=Severity.SEV1)
    assert fold([*known, worse], 1).acknowledged_at is None
    assert fold([*known, worse], 1).state is IncidentState.ALERTED
    better = replace(worse, severity=Severity.SEV4)
    assert fold([*known, better], 1).acknowledged_at == 110.0


@pytest.mark.parametrize(
    "events",
    [
        [],
        [replace(DETECTED, version=2)],
        [replace(DETECTED, kind=EventKind.NOTED)],
        [replace(DETECTED, severity=None)],
        [DETECTED, IncidentEvent(CASE, 3, EventKind.NOTED, 1.0, "a")],
        [DETECTED, IncidentEvent(UUID(int=8), 2, EventKind.NOTED, 1.0, "a")],
    ],
)
def test_that_a_broken_history_is_refused(events: list[IncidentEvent]) -> None:
    with pytest.raises(ValueError, match=r"incident|INC-|detection"):
        fold(events, 1)


def test_that_refusals_are_sentences_for_operators() -> None:
    assert allowed(after(), EventKind.ACKNOWLEDGED) == ""
    assert allowed(after(), EventKind.NOTED) == ""
    assert (
        allowed(after(EventKind.ACKNOWLEDGED), EventKind.ACKNOWLEDGED) == "INC-12 is already acknowledged by J. Reyes."
    )
    assert allowed(after(EventKind.MITIGATED), EventKind.MITIGATED) == "INC-12 is already mitigated."
    assert allowed(after(EventKind.RESOLVED), EventKind.RESOLVED) == "INC-12 is already resolved."
    assert allowed(after(), EventKind.CLOSED) == "INC-12 is detected; resolve it before closing it."
    assert allowed(after(), EventKind.REOPENED) == "INC-12 is detected; only a resolved incident reopens."
    assert "recorded by the console" in allowed(after(), EventKind.GREW)


def test_that_the_running_clock_is_the_next_one_to_be_stopped() -> None:
    assert running_clock(after()) is ClockName.RESPONSE
    assert running_clock(after(EventKind.ACKNOWLEDGED)) is ClockName.MITIGATION
    assert running_clock(after(EventKind.MITIGATED)) is ClockName.RESOLUTION
    assert running_clock(after(EventKind.RESOLVED)) is None
    assert stopped_at(after(EventKind.ACKNOWLEDGED), ClockName.RESPONSE) == 102.0
    assert stopped_at(after(EventKind.ACKNOWLEDGED), ClockName.MITIGATION) is None


def test_that_the_queue_is_ordered_by_severity_then_deadline_then_age() -> None:
    first = fold([replace(DETECTED, severity=Severity.SEV1)], 1)
    soon = fold([replace(DETECTED, deadlines=Deadlines(150.0, 150.0, 900.0))], 2)
    old = fold([replace(DETECTED, at=50.0)], 3)
    assert sorted([after(), old, soon, first], key=queue_order) == [first, soon, old, after()]
