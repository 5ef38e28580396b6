"""The past in the form that every presenter is given: nothing newer than the moment, and unknown where unknown."""

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest

from console.presenters.header import User as Person
from console.presenters.header import data_age, header_view
from console.presenters.incidents import Evidence, IncidentFilter, IncidentsPresenter
from console.presenters.miners import Inventory
from console.presenters.moment_text import MomentError, moment_words, parse_moment
from console.presenters.past import ArchiveSource, PastStates
from console.presenters.record import SiteRecord
from console.presenters.site_display import SitePresenter
from console.presenters.source import CollectorHealth, Connection, Latency, LiveSource, SiteState
from console.presenters.standing import StandingIndex
from console.presenters.time_bar import Axis, Playing, Recorded, onset, time_bar_view
from console.services.ports import Past, PastState
from drivers.core.reading import DeviceState
from tests.unit.console.presenters.made_past import TRIPPED, MadeArchive, past_shape, past_state
from tests.unit.console.presenters.sites import EXPECTED, NOW, frame_of, profiles, rule, site, state_of
from widgets.view_models.site import HeatMetric

ZONE = "America/Chicago"


def states() -> PastStates:
    return PastStates((rule(),), profiles(), "/sites/pecos")


async def state_at(moment: float, *, exact: bool = True) -> SiteState:
    return states().state(await MadeArchive().at(moment, exact=exact))


async def test_that_a_past_state_carries_what_the_store_says_without_a_copy() -> None:
    past = await MadeArchive().at(NOW - 100)
    state = states().state(past)
    assert state.frame.values is past.state.values
    assert state.frame.at == NOW - 100
    assert state.connection is Connection.RECORDED
    assert [case.detected_at for case in state.open_incidents()] == [TRIPPED]
    assert (await state_at(TRIPPED - 1)).open_incidents() == []


async def test_that_states_of_one_shape_and_inventory_share_what_was_worked_out_of_them() -> None:
    archive, made = MadeArchive(), states()
    first = made.state(await archive.at(NOW - 500))
    archive.site = dataclasses.replace(archive.site)
    second = made.state(await archive.at(NOW - 100))
    assert second.frame.shape is first.frame.shape
    assert second.site is first.site
    assert second.devices is first.devices


def test_that_another_shape_of_the_same_site_is_told_apart() -> None:
    archive, made = MadeArchive(), states()
    records = archive.records(NOW)
    frames = [
        made.state(Past(past_state(archive.site, shape, NOW, NOW), records)).frame
        for shape in (past_shape(archive.site), past_shape(archive.site))
    ]
    assert frames[0].shape is not frames[1].shape
    assert frames[0].shape.rows == frames[1].shape.rows


async def test_that_the_present_goes_on_behind_the_past_and_comes_back_at_once() -> None:
    live = LiveSource()
    live.welcome(site(), (), (), "/sites/pecos", NOW)
    live.take_in(frame_of(site()), CollectorHealth())
    source = ArchiveSource(live)
    assert source.moment.live
    source.pause(NOW)
    source.show(await state_at(NOW - 3600))
    newest = frame_of(site(), NOW + 5)
    live.take_in(newest, CollectorHealth())
    assert source.present is not None
    assert source.present.frame is newest
    assert source.shown is not None
    assert source.shown.frame.at == NOW - 3600
    assert (source.moment.live, source.moment.at) == (False, NOW - 3600)
    source.go_live()
    assert source.shown is source.present
    assert source.moment.live


async def test_that_a_record_without_a_collector_ends_where_it_ends() -> None:
    source = ArchiveSource(LiveSource())
    newest = dataclasses.replace(await state_at(NOW - 10), connection=Connection.CLOSED)
    source.take_newest(newest)
    assert source.present is newest
    assert source.shown is newest
    source.show(await state_at(NOW - 3600))
    assert source.moment.at == NOW - 3600
    source.go_live()
    assert (source.moment.live, source.moment.at) == (False, NOW - 10)
    assert source.is_offline


async def test_that_ages_and_clocks_count_from_the_moment_shown() -> None:
    state = await state_at(TRIPPED + 60)
    at = state.frame.at
    presenter = SitePresenter(Inventory(), StandingIndex(), SiteRecord())
    view = presenter.view(state, HeatMetric.AGE, "", at)
    assert view.heat.stale == ""
    assert [item.clock.text for item in view.queue] == ["29:00"]
    incidents = IncidentsPresenter(Inventory(), StandingIndex()).view(state, IncidentFilter(), "", Evidence(), at)
    assert [row.age for row in incidents.rows] == ["01:00"]
    assert data_age(state, Latency(), at)[0] == "2 s"


async def test_that_a_keyframe_is_shown_as_of_its_own_second() -> None:
    state = await state_at(NOW - 100, exact=False)
    assert state.frame.at == (NOW - 100) // 600 * 600
    assert not state.frame.stale(state.frame.at).any()


async def test_that_what_was_unknown_then_is_unknown_and_what_came_later_does_not_fill_it() -> None:
    archive, made, inventory = MadeArchive(), states(), Inventory(recalls=False)
    later = made.state(await archive.at(NOW))
    assert float(np.nansum(inventory.figures(later, NOW).expected)) == 2400.0
    before = await archive.at(NOW - 3600)
    blank = PastState(
        before.state.at,
        before.state.as_of,
        before.state.shape,
        np.full_like(before.state.values, np.nan),
        before.state.quality,
        np.full_like(before.state.answered, np.nan),
        np.full_like(before.state.state, DeviceState.UNKNOWN),
        before.state.period,
    )
    state = made.state(Past(blank, before.records))
    figures = inventory.figures(state, state.frame.at)
    assert figures.missing.all()
    assert np.isnan(figures.hashrate).all()
    assert np.isnan(figures.age).all()
    assert set(figures.expected) == {EXPECTED}  # the nameplate, not what the miners said later
    view = SitePresenter(inventory, StandingIndex(), SiteRecord()).view(state, HeatMetric.DEVIATION, "", NOW - 3600)
    assert view.heat.tanks[0].deviation == ""
    assert view.tiles[0].figure == "no data"


async def test_that_nothing_can_be_done_to_an_incident_of_the_past() -> None:
    state = await state_at(NOW - 100)
    case = state.open_incidents()[0]
    view = IncidentsPresenter(Inventory(), StandingIndex()).view(
        state, IncidentFilter(), str(case.id), Evidence(), NOW - 100, "the window shows the PAST"
    )
    assert view.detail is not None
    assert {action.blocked for action in view.detail.actions} == {"the window shows the PAST"}
    assert view.detail.locked == "the window shows the PAST"


async def test_that_the_header_of_a_closed_record_counts_its_clocks_to_the_end_of_it() -> None:
    state = dataclasses.replace(await state_at(TRIPPED + 60), connection=Connection.CLOSED)
    view = header_view(state, Inventory(), Latency(), Person("M. Okafor", "operator"), NOW + 86400)
    assert view.top is not None
    assert view.top.clock.text == "29:00"
    assert view.stale


# -- the range ------------------------------------------------------------------------------------------------


def test_that_the_range_follows_a_head_that_leaves_it_and_no_farther_than_needed() -> None:
    live = Axis(3600.0)
    assert live.around(NOW - 1800, NOW) is live
    earlier = live.around(NOW - 86400, NOW)
    start, stop = earlier.range(NOW)
    assert start < NOW - 86400 < start + 600
    assert stop - start == 3600
    assert earlier.around(NOW - 86400 + 60, NOW) is earlier
    assert earlier.around(NOW - 60, NOW).range(NOW)[1] > NOW


def test_that_a_longer_range_keeps_the_head_in_its_place() -> None:
    axis = Axis(3600.0, NOW - 80000.0)
    start, _ = axis.range(NOW)
    wider = axis.of(14400.0, start + 900, NOW)
    assert wider.range(NOW)[0] == pytest.approx(start + 900 - 3600)


def test_that_gaps_and_the_beginning_of_the_record_reach_the_bar() -> None:
    recorded = Recorded(NOW - 7200, gaps=((NOW - 600, NOW - 300, "no collector ran"),))
    view = time_bar_view(state_of(), Playing(live=False, at=NOW - 60), Axis(14400.0), recorded, NOW)
    assert view.begins == NOW - 7200
    assert view.gaps[0].tip == "no record from 13:57:32 on for 05:00\nno collector ran"
    assert view.now == NOW


def test_that_a_picture_older_than_the_head_is_called_that() -> None:
    head = Playing(live=False, at=NOW - 100, shown=NOW - 400)
    view = time_bar_view(state_of(), head, Axis(3600.0), Recorded(), NOW)
    assert view.behind == "picture of 14:00:52"


def test_that_a_moment_of_another_day_or_year_names_it() -> None:
    for back, words in ((86400.0, "12 Nov 14:07:32 CST"), (400 * 86400.0, "9 Oct 2025 15:07:32 CDT")):
        view = time_bar_view(state_of(), Playing(live=False, at=NOW - back), Axis(3600.0), Recorded(), NOW)
        assert view.clock == words


async def test_that_steps_go_from_onset_to_onset() -> None:
    state = await state_at(NOW)
    assert onset([state], NOW, -1) == TRIPPED
    assert onset([state], TRIPPED, -1) is None
    assert onset([state], TRIPPED - 100, 1) == TRIPPED
    assert onset([state], NOW, 1) is None


# -- typed moments --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("14:03", "2026-11-13T20:03:00"),
        ("14:03:48", "2026-11-13T20:03:48"),
        ("23:00", "2026-11-13T05:00:00"),
        ("20:03Z", "2026-11-13T20:03:00"),
        ("13 Nov 14:03", "2026-11-13T20:03:00"),
        ("24 dec 18:00", "2025-12-25T00:00:00"),
        ("9 November 2025, 08:00", "2025-11-09T14:00:00"),
        ("2026-11-13 14:03:48", "2026-11-13T20:03:48"),
        ("2026-11-13T20:03:48Z", "2026-11-13T20:03:48"),
        ("2026-07-01", "2026-07-01T05:00:00"),
        ("2026-11-13 21:03 +01:00", "2026-11-13T20:03:00"),
        ("-10m", "2026-11-13T19:57:32"),
        ("-2 h", "2026-11-13T18:07:32"),
        ("−1d", "2026-11-12T20:07:32"),
    ],
)
def test_that_a_typed_moment_is_understood_in_the_zone_of_the_site(text: str, meant: str) -> None:
    found = parse_moment(text, NOW, NOW, ZONE)
    assert datetime.fromtimestamp(found, UTC).replace(tzinfo=None).isoformat() == meant


@pytest.mark.parametrize(
    "text", ["", "yesterday", "25:00", "14:61", "14:03:61", "31 Feb", "32 Nov", "13 Xyz", "2026-13-01"]
)
def test_that_what_names_no_moment_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(MomentError, match=r"\.$"):
        parse_moment(text, NOW, NOW, ZONE)


def test_that_a_time_alone_is_of_the_day_shown() -> None:
    assert parse_moment("08:00", NOW - 5 * 86400, NOW, ZONE) == parse_moment("2026-11-08 08:00", NOW, NOW, ZONE)


def test_that_a_moment_is_named_in_the_zone_of_the_site_and_as_it_is_stored() -> None:
    assert moment_words(NOW, ZONE) == "Fri 13 Nov 2026 14:07:32 CST, 20:07:32 UTC"
    assert moment_words(NOW + 6 * 3600, ZONE) == "Fri 13 Nov 2026 20:07:32 CST, 2026-11-14 02:07:32 UTC"
