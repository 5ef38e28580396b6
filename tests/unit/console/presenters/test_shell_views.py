"""Header, status line, time bar, Overview."""

import dataclasses

import numpy as np

from console.domain.alarms import Severity
from console.presenters.header import User, header_view
from console.presenters.miners import Inventory
from console.presenters.overview import OverviewSite, overview_view
from console.presenters.record import SiteRecord
from console.presenters.source import CollectorHealth, Connection, Latency
from console.presenters.standing import StandingIndex
from console.presenters.status import recent_alarms, status_view
from console.presenters.time_bar import Axis, Playing, Recorded, time_bar_view
from tests.unit.console.presenters.sites import (
    NOW,
    alarm,
    frame_of,
    incident,
    site,
    state_of,
    with_alarms,
    with_incidents,
)
from widgets.view_models.common import AckState

USER = User("M. Okafor", "operator, NOC-1")


def test_that_the_header_names_the_first_incident_and_counts_by_severity() -> None:
    state = state_of()
    bad = incident(state, ["T2-001"], 1, acknowledged_at=NOW - 60)
    new = incident(state, ["T1-001"], 2, Severity.SEV4)
    old = incident(state, ["T1-002"], 3, Severity.SEV4, acknowledged_at=NOW - 5)
    view = header_view(with_incidents(state, old, new, bad), Inventory(), Latency(), USER, NOW)
    assert view.top is not None
    assert view.top.id == str(bad.id)
    assert [count.count for count in view.counts] == [1, 0, 0, 2]
    assert view.counts[0].ack is AckState.ACKNOWLEDGED
    assert view.counts[3].ack is AckState.NEW
    assert view.summary == "10.2 MW rated, 24 miners, 2 tanks"
    assert (view.clock, view.date) == ("14:07:32", "Fri 13 Nov 2026 CST")
    assert view.tier == "Platinum"


def test_that_the_header_shows_the_oldest_fresh_age_and_the_latency() -> None:
    view = header_view(state_of(), Inventory(), Latency(1.0, 4.21, 6.0, 100), USER, NOW)
    assert (view.age, view.age_note, view.stale) == ("2 s", "p95 4.2 s", False)


def test_that_a_site_without_fresh_data_is_stale_with_its_age() -> None:
    view = header_view(state_of(), Inventory(), Latency(), USER, NOW + 128)
    assert (view.age_note, view.stale) == ("stale 2 m 10 s", True)


def test_that_a_site_that_never_answered_says_what_it_waits_for() -> None:
    frame = dataclasses.replace(frame_of(site()), answered=np.full(len(site().devices), np.nan))
    state = state_of(frame=frame)
    assert header_view(state, Inventory(), Latency(), USER, NOW).age_note == "waiting for the first poll"
    lost = dataclasses.replace(state, connection=Connection.LOST)
    assert header_view(lost, Inventory(), Latency(), USER, NOW).age_note == "collector lost"


def test_that_the_status_line_marks_only_what_is_abnormal() -> None:
    items = status_view(state_of(), Latency(0.4, 0.9, 1.2, 10), 3, NOW).items
    assert not any(item.abnormal for item in items)
    assert items[2].value == "24 of 24 miners, 2 of 2 plant"
    assert items[-1].value == "3 in 10 min"


def test_that_stretching_loss_gap_and_a_full_disk_stand_out() -> None:
    health = CollectorHealth(
        polls=1000, lost=5, stretch=1.31, known={"miner": 30_000}, answered={"miner": 29_000},
        store_error="the disk is full", gap_seconds=72.0, loop_lag=1.5,
    )  # fmt: skip
    state = dataclasses.replace(state_of(), health=health)
    items = {item.label: item for item in status_view(state, Latency(1.0, 3.0, 4.0, 9), 12, NOW).items}
    assert items["Poll"].value == "29,000 of 30,000 miners, period stretched 1.31 times"
    assert items["Lost"].value == "0.5 %, gap 1 m 12 s"
    assert items["Store"].tip == "the disk is full"
    assert items["Collector"].value == "running, 1.5 s behind"
    assert all(items[label].abnormal for label in ("Poll", "Lost", "Store", "Collector", "Screen", "Alarm rate"))


def test_that_only_alarms_of_the_last_ten_minutes_make_the_rate() -> None:
    state = state_of()
    assert recent_alarms(with_alarms(state, alarm(state, "T1-001")), NOW) == 1
    assert recent_alarms(with_alarms(state, alarm(state, "T1-001")), NOW + 600) == 0


def test_that_the_time_bar_marks_incidents_in_its_range_and_stands_at_the_held_moment() -> None:
    state = state_of()
    state = with_incidents(state, incident(state, ["T1-001"]), incident(state, ["T1-002"], 2, detected_at=NOW - 9000))
    view = time_bar_view(state, Playing(live=False, at=NOW - 100), Axis(3600.0), Recorded(), NOW)
    assert [mark.at for mark in view.marks] == [NOW - 379]
    assert view.at == NOW - 100
    assert view.start < NOW - 3400
    assert view.stop > NOW
    assert view.zone == "zone site (CST)"
    assert (view.clock, view.behind) == ("14:05:52 CST", "01:40 behind live")
    assert time_bar_view(state, Playing(live=True, at=0), Axis(14400.0), Recorded(), NOW).at == NOW


def test_that_the_overview_puts_the_incidents_of_all_sites_in_one_order() -> None:
    first = state_of()
    second = state_of()
    first = with_incidents(first, incident(first, ["T1-001"], 1, Severity.SEV2))
    second = with_incidents(second, incident(second, ["T1-001"], 2, Severity.SEV1))
    view = overview_view(
        [OverviewSite(state, Inventory(), StandingIndex(), SiteRecord(), Latency(), NOW) for state in (first, second)]
    )
    assert [item.label for item in view.queue] == ["INC-2", "INC-1"]
    assert view.queue_note == "2 open"
    assert [(found.count, found.ack) for found in view.sites[0].counts[1:2]] == [(1, AckState.NEW)]
    assert [found.count for found in view.sites[0].counts] == [0, 1, 0, 0]
    assert [figure.label for figure in view.sites[0].figures] == [
        "Hashrate",
        "Power",
        "Efficiency",
        "Hottest chip",
        "Coolant supply",
        "Coolant return",
    ]
