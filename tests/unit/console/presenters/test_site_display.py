"""The Site display: heat map, losses, worst miners, tiles, tips."""

import dataclasses
import math

import numpy as np
import pytest

from console.domain.alarms import Severity
from console.presenters.cell_tip import cell_tip
from console.presenters.coolant import medians_by_group
from console.presenters.figures import site_figures
from console.presenters.heat_map import HeatMap, nice_edges
from console.presenters.losses import loss_view
from console.presenters.miners import Inventory
from console.presenters.record import SiteRecord
from console.presenters.site_display import SitePresenter
from console.presenters.source import SiteState
from console.presenters.standing import StandingIndex
from console.presenters.worst import worst_rows
from drivers.core.reading import DeviceState
from tests.unit.console.presenters.sites import (
    EXPECTED,
    NOW,
    alarm,
    incident,
    set_state,
    set_value,
    silence,
    site,
    state_of,
    with_alarms,
    with_incidents,
)  # fmt: skip
from widgets.view_models.common import AckState
from widgets.view_models.site import CellCode, HeatMapView, HeatMetric


def _heat(state: SiteState, metric: HeatMetric = HeatMetric.DEVIATION, now: float = NOW) -> HeatMapView:
    return HeatMap(Inventory(), StandingIndex()).view(state, metric, now)


def _cell(view: HeatMapView, tank: int, row: int, column: int) -> int:
    return int(view.tanks[tank].cells[row, column])


@pytest.mark.parametrize(
    ("deviation", "bin_"),
    [
        (-60, 0),
        (-50.1, 0),
        (-49, 1),
        (-34, 2),
        (-19, 3),
        (-9, 4),
        (-4, 5),
        (0, 5),
        (4.9, 5),
        (5.1, 6),
        (16, 7),
        (30, 8),
    ],
)
def test_that_deviation_falls_into_its_bin(deviation: float, bin_: int) -> None:
    state = set_value(state_of(), "T1-001", "hashrate", EXPECTED * (1 + deviation / 100))
    view = _heat(state)
    assert _cell(view, 0, 0, 0) == bin_
    assert view.ramp == "deviation"
    assert view.bins == 9
    assert len(view.legend) == 8


def test_that_silence_is_hatched_and_rest_is_hollow_and_neither_is_a_bin() -> None:
    state = set_state(silence(state_of(), ["T1-001"]), "T1-002", DeviceState.IDLE)
    view = _heat(state)
    assert _cell(view, 0, 0, 0) == CellCode.MISSING
    assert _cell(view, 0, 0, 1) == CellCode.NOT_HASHING
    assert (view.missing, view.not_hashing) == (1, 1)


@pytest.mark.parametrize("metric", list(HeatMetric))
def test_that_a_silent_miner_never_takes_the_lowest_colour_in_any_metric(metric: HeatMetric) -> None:
    state = silence(state_of(), ["T1-001"])
    rows = state.frame.answered.copy()
    rows[0] = np.nan
    state = dataclasses.replace(state, frame=dataclasses.replace(state.frame, answered=rows, _whole={}))
    assert _cell(_heat(state, metric), 0, 0, 0) == CellCode.MISSING


def test_that_a_cell_keeps_no_colour_longer_than_three_polls_and_the_whole_map_says_how_old_it_is() -> None:
    state = state_of()
    assert _heat(state, now=NOW + 10).stale == ""
    late = _heat(state, now=NOW + 130)
    assert late.stale == "stale 2 m 12 s"
    assert _cell(late, 0, 0, 0) == CellCode.MISSING


def test_that_empty_slots_are_no_miners() -> None:
    plain = site()
    fewer = dataclasses.replace(plain, devices=(*plain.devices[:4], *plain.devices[5:]))
    view = _heat(state_of(fewer))
    assert _cell(view, 0, 1, 1) == CellCode.EMPTY
    assert view.tanks[0].devices[4] == ""


def test_that_an_incident_brackets_its_rows_and_counts_its_miners() -> None:
    state = state_of()
    case = incident(state, ["T2-004", "T2-005"])
    view = _heat(with_incidents(state, case))
    scope = view.tanks[1].scopes[0]
    assert scope.rows == (1, 1)
    assert scope.label == "2 of 12"
    assert scope.incident == str(case.id)
    assert view.tanks[0].scopes == ()


def test_that_an_incident_over_most_of_a_tank_brackets_all_of_it() -> None:
    state = state_of()
    case = incident(state, [f"T2-{number:03}" for number in range(1, 7)])
    assert _heat(with_incidents(state, case)).tanks[1].scopes[0].rows == (0, 3)


def test_that_the_line_of_a_loop_shows_its_plant_with_what_stands_there() -> None:
    state = set_value(state_of(), "PLC-B", "pump_state", 2.0, "2")
    case = incident(state, ["PLC-B", "T2-001"])
    loud = with_alarms(with_incidents(state, case), alarm(state, "PLC-B", "2", case))
    loop = _heat(loud).loops[1]
    facts = {fact.label: fact for fact in loop.facts}
    assert facts["pumps"].value == "1 72 %, 2 tripped"
    assert facts["pumps"].abnormal == 1
    assert facts["flow"].value == "900 L/min"
    assert facts["flow"].abnormal == 0
    assert facts["hashrate"].value == "1,200.0 of 1,200.0 TH/s"
    assert loop.mark is not None
    assert loop.mark.severity == 1


def test_that_a_site_without_places_says_how_to_get_some() -> None:
    plain = site()
    loose = dataclasses.replace(plain, devices=tuple(dataclasses.replace(d, place="") for d in plain.devices))
    view = _heat(state_of(loose))
    assert view.tanks == ()
    assert "No miners placed" in view.empty


@pytest.mark.parametrize(("low", "high"), [(0.1, 0.2), (90.0, 110.0), (5.0, 5.0), (0.0, 3000.0)])
def test_that_magnitude_boundaries_are_round_and_cover_the_values(low: float, high: float) -> None:
    edges = nice_edges(low, high)
    assert len(edges) == 9
    assert edges[0] <= low
    assert edges[-1] >= high - 1e-9
    assert (np.diff(edges) > 0).all()


def test_that_every_missing_terahash_is_counted_once_with_its_root_cause() -> None:
    state = set_value(state_of(), "T2-001", "hashrate", 40.0)
    state = set_state(set_value(state, "T1-001", "hashrate", 0.0), "T1-001", DeviceState.IDLE)
    state = silence(state, ["T1-002"])
    first = incident(state, ["T2-001", "T2-002"], 1)
    second = incident(state, ["T2-001"], 2, Severity.SEV3)
    view = loss_view(with_incidents(state, first, second), Inventory(), NOW)
    labels = {part.label: part.value for part in view.parts}
    assert labels == {
        "INC-1 Pump 2 tripped": "−60.0 TH/s",
        "not hashing, 1": "−100.0 TH/s",
        "unreachable, 1": "−100.0 TH/s",
    }
    assert sum(part.share for part in view.parts) == pytest.approx(1.0)
    assert view.title == "Where the 260.0 TH/s are"


def test_that_what_nobody_explains_is_named_and_a_full_site_misses_nothing() -> None:
    state = state_of(dataclasses.replace(site(), target_hashrate=2500.0))
    view = loss_view(state, Inventory(), NOW)
    assert [(part.label, part.pattern) for part in view.parts] == [("boards and tuning", "dim")]
    assert loss_view(state_of(), Inventory(), NOW).empty == "Nothing is missing"
    none = state_of(dataclasses.replace(site(), target_hashrate=0.0))
    assert loss_view(none, Inventory(), NOW).empty == "Nothing is missing"


def test_that_worst_miners_come_by_incident_first_and_then_by_deviation() -> None:
    state = state_of()
    for name, hashrate in (("T2-001", 40.0), ("T2-002", 60.0), ("T1-005", 70.0), ("T1-006", 50.0)):
        state = set_value(state, name, "hashrate", hashrate)
    case = incident(state, ["T2-001", "T2-002"])
    state = with_incidents(state, case)
    rows, note = worst_rows(state, Inventory(), StandingIndex().of(state), NOW)
    assert [(row.name.strip(), row.group) for row in rows] == [
        ("T2", True),
        ("T2-001", False),
        ("T2-002", False),
        ("T1-006", False),
        ("T1-005", False),
    ]
    assert rows[0].id == str(case.id)
    assert rows[1].deviation == "−60.0"
    assert note.startswith("4 of 4 shown")


def test_that_power_comes_from_the_meter_and_efficiency_from_the_whole_of_it() -> None:
    figures = site_figures(state_of(), Inventory(), NOW)
    assert figures.power == 60_000.0
    assert figures.power_from == "meter"
    assert figures.hashrate == 2400.0
    assert figures.efficiency == pytest.approx(25.0)
    silent = site_figures(set_value(state_of(), "M-01", "power", np.nan), Inventory(), NOW)
    assert np.isnan(silent.power)


def test_that_tiles_show_flow_against_its_minimum_and_carry_the_shape_of_an_alarm() -> None:
    state = set_value(state_of(), "PLC-B", "flow", 366.0)
    state = with_alarms(state, dataclasses.replace(alarm(state, "PLC-B", "2")))
    view = SitePresenter(Inventory(), StandingIndex(), SiteRecord()).view(state, HeatMetric.DEVIATION, "", NOW)
    tiles = {tile.label: tile for tile in view.tiles}
    assert tiles["Loop B flow"].figure == "366"
    assert tiles["Loop B flow"].deviation == "61 %"
    assert tiles["Loop B flow"].mark is not None
    assert tiles["Loop A flow"].mark is None
    assert tiles["Hashrate"].unit == "TH/s"
    assert len(view.tiles) <= 8


def test_that_the_queue_counts_the_clock_of_the_first_incident() -> None:
    state = state_of()
    case = incident(state, ["T2-001", "T2-002"], acknowledged_at=NOW - 300)
    presenter = SitePresenter(Inventory(), StandingIndex(), SiteRecord())
    view = presenter.view(with_incidents(state, case), HeatMetric.DEVIATION, "", NOW)
    item = view.queue[0]
    assert item.clock.text == "23:41"
    assert item.clock.label == "mitigation"
    assert item.mark.ack is AckState.ACKNOWLEDGED
    assert item.mark.group
    assert item.scope == "2 miners"
    assert item.owner == "unassigned"
    assert "UTC" in item.clock.tip
    assert "CST" in item.clock.tip


def test_that_the_tip_names_place_values_and_incident_and_nothing_old() -> None:
    state = state_of()
    state = with_incidents(state, incident(state, ["T2-001", "T2-002"]))
    device = str(state.site.device("T2-001").id)
    tip = cell_tip(state, Inventory(), StandingIndex().of(state), device, NOW)
    assert tip is not None
    assert tip.title == "T2-001"
    assert tip.note == "tank T2, row 1, slot 1, 2 s"
    assert dict(tip.rows)["Hottest chip"] == "62.0 °C, limit 75"
    assert dict(tip.rows)["Outlet"] == "PDU-03 outlet 13"
    gone = silence(state, ["T2-001"])
    silent = cell_tip(gone, Inventory(), StandingIndex().of(gone), device, NOW)
    assert silent is not None
    assert "Hashrate" not in dict(silent.rows)
    assert cell_tip(state, Inventory(), StandingIndex().of(state), "", NOW) is None


def test_that_medians_by_group_are_those_of_each_group_alone() -> None:
    values = np.array([3.0, 1.0, np.nan, 2.0, 10.0, 20.0, np.nan, 7.0])
    group = np.array([0, 0, 0, 0, 1, 1, 2, -1])
    medians = medians_by_group(values, group, 3)
    assert medians[:2].tolist() == [2.0, 15.0]
    assert np.isnan(medians[2])


def test_that_a_plants_incident_carries_the_losses_of_all_it_cools() -> None:
    state = set_value(set_value(state_of(), "T2-001", "hashrate", 40.0), "T2-005", "hashrate", 90.0)
    view = loss_view(with_incidents(state, incident(state, ["PLC-B", "T2-001"])), Inventory(), NOW)
    assert [(part.label, part.value) for part in view.parts] == [("INC-1873 Pump 2 tripped", "−70.0 TH/s")]


def test_that_a_tank_shows_the_coolant_that_its_plant_measures() -> None:
    state = set_value(state_of(), "PLC-B", "outlet_temp", 56.6, "tank 1")
    assert [tank.outlet for tank in _heat(state).tanks] == ["49.8 °C", "56.6 °C"]


def test_that_a_tank_without_a_measured_outlet_says_what_it_shows_instead() -> None:
    state = set_value(state_of(), "PLC-B", "outlet_temp", math.nan, "tank 1")
    assert [tank.outlet for tank in _heat(state).tanks] == ["49.8 °C", "chips 62.0 °C"]
