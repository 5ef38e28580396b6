"""The Device display and its trends."""

import dataclasses

import numpy as np
import pytest

from console.presenters.device import DevicePresenter, DeviceTrends
from console.presenters.device_parts import part_title
from console.presenters.miners import Inventory
from console.presenters.source import Connection, SiteState
from console.presenters.standing import StandingIndex
from console.presenters.trends import LOADING, NOTHING, Tail, series_of, step_for
from console.services.ports import History
from drivers.core.reading import Quality, Signal
from tests.unit.console.presenters.sites import NOW, incident, set_value, silence, state_of, with_incidents
from widgets.view_models.device import DeviceView

WAITING = DeviceTrends(None, None, 1200.0)


def _view(state: SiteState, name: str, trends: DeviceTrends = WAITING) -> DeviceView:
    view = DevicePresenter(Inventory(), StandingIndex()).view(state, str(state.site.device(name).id), trends, NOW)
    assert view is not None
    return view


def test_that_a_miner_shows_state_boards_fans_outlet_and_incident() -> None:
    state = state_of()
    case = incident(state, ["T2-001", "T2-002"])
    view = _view(with_incidents(state, case), "T2-001")
    assert view.state == "hashing"
    assert view.place == "tank T2, row 1, slot 1"
    assert dict(view.head_facts)["in incident"] == "INC-1873, 1 of 2 miners"
    assert [board.title for board in view.boards] == ["Board 1", "Board 2"]
    assert view.boards[0].found == "110 of 110 chips"
    assert view.boards_note == "110 of 220 chips"
    assert view.fans[0].text == "5,400 rpm"
    assert view.outlet is not None
    assert view.outlet.title == "PDU-03, outlet 13"
    assert view.outlet.verified == "not verified"
    assert view.up == "T2"
    assert view.cooling is not None
    assert dict(view.cooling.facts)["LOOP-B flow"] == "900 L/min"
    assert view.history[0].incident == str(case.id)
    assert view.silent == ""


def test_that_a_silent_miner_says_since_when_and_every_figure_loses_its_needle() -> None:
    view = _view(silence(state_of(), ["T2-001"]), "T2-001")
    assert view.silent == "unknown, last answer 14:07:30"
    assert view.state == view.silent
    for tile in view.tiles:
        assert tile.stale
        assert tile.figure == "no data"
        assert tile.gauge is None or tile.gauge.value is None


def test_that_a_table_of_the_past_is_headed_then() -> None:
    now = _view(state_of(), "PLC-B")
    then = _view(dataclasses.replace(state_of(), connection=Connection.RECORDED), "PLC-B")
    assert [table.columns for table in now.tables if table.title == "Whole device"] == [("Value", "Now")]
    assert [table.columns for table in then.tables if table.title == "Whole device"] == [("Value", "Then")]


def test_that_a_plant_shows_its_parts_in_tables() -> None:
    view = _view(set_value(state_of(), "PLC-B", "pump_state", 2.0, "2"), "PLC-B")
    pumps = next(table for table in view.tables if "Pump" in table.columns)
    assert pumps.note == "1 of 2 running"
    assert pumps.title == "Pumps"
    assert pumps.rows[1][0] == "2"
    assert "tripped" in pumps.rows[1]
    assert view.boards == ()


def test_that_an_action_without_its_ground_says_why() -> None:
    actions = {action.id: action for action in _view(state_of(), "PLC-A").actions}
    assert actions["show_on_map"].blocked
    assert actions["show_incident"].blocked == "no open incident"
    assert actions["copy_address"].blocked == ""


def test_that_a_device_the_site_does_not_have_is_none() -> None:
    presenter = DevicePresenter(Inventory(), StandingIndex())
    assert presenter.view(state_of(), "", WAITING, NOW) is None
    assert presenter.view(state_of(), "00000000-0000-0000-0000-0000000000ff", WAITING, NOW) is None


def test_that_trends_wait_for_history_and_then_join_live_values_to_it() -> None:
    state = state_of()
    presenter = DevicePresenter(Inventory(), StandingIndex())
    device = str(state.site.device("T1-001").id)
    plans = presenter.plans(state, device, NOW)
    assert [plan.title for plan in plans] == ["Hashrate", "Hottest chip", "Fans"]
    assert _view(state, "T1-001").plots[0].empty == LOADING
    keys = series_of(plans)
    assert _view(state, "T1-001", DeviceTrends({}, None, 1200.0)).plots[0].empty == NOTHING
    tail = Tail(keys)
    tail.take_in(state.frame)
    tail.take_in(state.frame)
    history = History(
        keys[0][0], Signal("hashrate"), NOW - 20, 5.0, np.array([99.0, 98.0, np.nan]), np.zeros(3, np.uint8),
        np.array([99.0, 98.0, np.nan]), np.array([99.0, 98.0, np.nan]),
    )  # fmt: skip
    plot = _view(state, "T1-001", DeviceTrends({keys[0]: history}, tail, 1200.0)).plots[0]
    assert plot.traces[0].times.tolist() == [NOW - 20, NOW - 15, NOW - 2]
    assert plot.traces[0].values.tolist() == [99.0, 98.0, 100.0]
    assert plot.summary == "now 100.0, expected 100.0"
    assert plot.limits[0].label == "expected 100.0"
    assert (plot.start, plot.stop) == (NOW - 1200.0, NOW)


def test_that_a_doubtful_value_stands_beside_the_line_and_says_so() -> None:
    state = state_of()
    device = str(state.site.device("T1-001").id)
    keys = series_of(DevicePresenter(Inventory(), StandingIndex()).plans(state, device, NOW))
    values = np.array([99.0, 98.0, 97.0])
    quality = np.array([Quality.GOOD, Quality.SUSPECT, Quality.PARTIAL], np.uint8)
    history = History(keys[0][0], Signal("hashrate"), NOW - 20, 5.0, values, quality, values, values)
    tail = Tail(keys)
    row = state.row(keys[0][0])
    assert row is not None
    position = state.frame.shape.position(row, "hashrate", "")
    doubted = state.frame.quality.copy()
    doubted[position] = Quality.SUSPECT
    state = dataclasses.replace(state, frame=dataclasses.replace(state.frame, quality=doubted, _whole={}))
    tail.take_in(state.frame)
    view = _view(state, "T1-001", DeviceTrends({keys[0]: history}, tail, 1200.0))
    trace = view.plots[0].traces[0]
    np.testing.assert_array_equal(trace.values, [99.0, np.nan, 97.0, np.nan])
    assert trace.doubtful is not None
    assert trace.doubtful[0].tolist() == [NOW - 15, NOW - 2]
    assert trace.doubtful[1].tolist() == [98.0, 100.0]
    assert view.plots[0].summary == "now 100.0, expected 100.0, 2 doubtful"
    assert next(tile for tile in view.tiles if tile.label == "Hashrate").deviation == "doubtful"


def test_that_a_tail_forgets_what_has_left_the_picture() -> None:
    state = state_of()
    key = (state.site.devices[0].id, "hashrate", "")
    tail = Tail((key,))
    tail.take_in(state.frame)
    tail.take_in(dataclasses.replace(state.frame, answered=state.frame.answered + 60, _whole={}))
    tail.forget_before(NOW)
    assert tail.after(key, 0.0)[0].tolist() == [NOW + 58]


@pytest.mark.parametrize(("span", "step"), [(1200.0, 0.0), (14400.0, 12.0), (86400.0, 72.0)])
def test_that_long_spans_are_read_in_steps(span: float, step: float) -> None:
    assert step_for(span) == step


@pytest.mark.parametrize(
    ("part", "title"), [("1", "Board 1"), ("board2", "Board 2"), ("chain 3", "Board 3"), ("A", "A")]
)
def test_that_parts_are_named_by_their_number(part: str, title: str) -> None:
    assert part_title("Board", part) == title
