import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from widgets.displays.fleet import FleetDisplay
from widgets.tables import csv_text
from widgets.tables.fleet_order import FleetOrder, ascending, matching
from widgets.theme.tokens import ThemeSource
from widgets.view_models import samples_fleet
from widgets.view_models.fleet import FleetView

LEFT = Qt.MouseButton.LeftButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
VIEW = samples_fleet.fleet(600)


@pytest.fixture
def display(qtbot: QtBot, theme: ThemeSource) -> FleetDisplay:
    made = FleetDisplay(theme)
    qtbot.addWidget(made)
    made.resize(1760, 900)
    made.show_view(VIEW)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    made.grid.setFocus()
    return made


def names(display: FleetDisplay) -> list[str]:
    return [display.grid.device_at(row) for row in range(len(display.grid.order.rows))]


def sort_by(qtbot: QtBot, display: FleetDisplay, column: str) -> None:
    head = display.grid.head
    section = [found.id for found in display.grid.rows.columns].index(column)
    at = QPoint(head.sectionViewportPosition(section) + 20, 12)
    qtbot.mouseClick(head.viewport(), LEFT, pos=at)


def click_row(qtbot: QtBot, display: FleetDisplay, row: int, held: Qt.KeyboardModifier | None = None) -> None:
    at = QPoint(200, display.grid.rowViewportPosition(row) + 8)
    qtbot.mouseClick(display.grid.viewport(), LEFT, held or Qt.KeyboardModifier.NoModifier, at)


def hotter(view: FleetView, seed: int) -> FleetView:
    """The same devices with other temperatures."""
    values = np.random.default_rng(seed).normal(60, 5, len(view.ids))
    columns = tuple(replace(column, sort=values) if column.id == "chip_temp" else column for column in view.columns)
    return replace(view, columns=columns)


# -- order ------------------------------------------------------------------------------------------------------


def test_that_a_click_on_a_head_sorts_up_then_down_then_not_at_all(qtbot: QtBot, display: FleetDisplay) -> None:
    heat = {column.id: column.sort for column in VIEW.columns}["chip_temp"]
    where = {device: row for row, device in enumerate(VIEW.ids)}
    sort_by(qtbot, display, "chip_temp")
    up = [heat[where[device]] for device in names(display)]
    known = [value for value in up if not np.isnan(value)]
    assert known == sorted(known)
    assert all(np.isnan(value) for value in up[len(known) :])
    sort_by(qtbot, display, "chip_temp")
    down = [heat[where[device]] for device in names(display)]
    assert down[: len(known)] == known[::-1]
    assert all(np.isnan(value) for value in down[len(known) :])
    sort_by(qtbot, display, "chip_temp")
    assert names(display) == list(VIEW.ids)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=60), st.booleans())
def test_that_sorting_puts_missing_values_last_in_both_directions(values: list[float], descending: bool) -> None:
    keys = np.array(values, dtype=np.float64)
    ordered = keys[ascending(keys, descending)]
    known = ordered[~np.isnan(ordered)]
    assert not np.any(np.isnan(ordered[: len(known)]))
    steps = known[1:] >= known[:-1] if not descending else known[1:] <= known[:-1]
    assert bool(np.all(steps))


def test_that_severity_sorts_with_the_healthy_ones_last(qtbot: QtBot, display: FleetDisplay) -> None:
    sort_by(qtbot, display, "mark")
    marks = VIEW.marks[display.grid.order.rows]
    assert marks[0] > 0
    assert marks[-1] == 0
    assert not np.any(np.diff((marks == 0).astype(int)) < 0)


def test_that_the_order_stands_still_while_the_pointer_is_inside(qtbot: QtBot, display: FleetDisplay) -> None:
    sort_by(qtbot, display, "chip_temp")
    qtbot.mouseMove(display.grid.viewport(), QPoint(300, 100))
    qtbot.waitUntil(lambda: display.grid.pointer_inside)
    before = names(display)
    display.show_view(hotter(VIEW, 3))
    assert names(display) == before
    assert display.pending.accessibleName().startswith("order frozen, ")
    qtbot.mouseMove(display.totals, QPoint(5, 5))
    qtbot.waitUntil(lambda: names(display) != before)
    assert display.pending.isHidden()


def test_that_devices_added_under_the_pointer_come_last_and_removed_ones_go(
    qtbot: QtBot, display: FleetDisplay
) -> None:
    sort_by(qtbot, display, "hashrate")
    qtbot.mouseMove(display.grid.viewport(), QPoint(300, 100))
    qtbot.waitUntil(lambda: display.grid.pointer_inside)
    before = names(display)
    more = samples_fleet.fleet(605)
    display.show_view(more)
    assert names(display)[:600] == before
    assert set(names(display)[600:]) == set(more.ids) - set(VIEW.ids)
    display.show_view(VIEW)
    assert names(display) == before


def test_that_selected_devices_stay_selected_when_the_order_changes(qtbot: QtBot, display: FleetDisplay) -> None:
    click_row(qtbot, display, 2)
    click_row(qtbot, display, 5, CONTROL)
    chosen = {"T01-003", "T01-006"}
    assert display.grid.chosen == chosen
    sort_by(qtbot, display, "chip_temp")
    assert {display.grid.device_at(row) for row in display.grid.selected_rows} == chosen
    display.show_view(hotter(VIEW, 9))
    display.grid.apply_order()
    assert {display.grid.device_at(row) for row in display.grid.selected_rows} == chosen


def test_that_a_selection_survives_a_search_that_hides_it(qtbot: QtBot, display: FleetDisplay) -> None:
    click_row(qtbot, display, 0)
    display.grid.search("t02-")
    assert display.grid.selected_rows == []
    click_row(qtbot, display, 0, CONTROL)
    display.grid.search("")
    assert {display.grid.device_at(row) for row in display.grid.selected_rows} == {"T01-001", "T02-001"}


# -- search -----------------------------------------------------------------------------------------------------


def test_that_slash_searches_every_word_in_any_order_and_escape_shows_all(qtbot: QtBot, display: FleetDisplay) -> None:
    qtbot.keyClick(display.grid, Qt.Key.Key_Slash)
    assert display.search.hasFocus()
    qtbot.keyClicks(display.search, "S19 t01-01")
    qtbot.keyClick(display.search, Qt.Key.Key_Return)
    assert names(display) == [f"T01-{number:03d}" for number in range(10, 20)]
    assert display.grid.hasFocus()
    qtbot.keyClick(display.grid, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(names(display)) == 600)


def test_that_typing_alone_filters_after_a_moment(qtbot: QtBot, display: FleetDisplay) -> None:
    qtbot.keyClicks(display.search, "t03-")
    qtbot.waitUntil(lambda: len(names(display)) == 600 - 2 * 208)


def test_that_a_search_without_a_match_says_so(display: FleetDisplay) -> None:
    display.grid.search("nothing like it")
    assert names(display) == []
    display.grab()


def test_that_sixty_thousand_rows_are_searched_sorted_and_selected(qtbot: QtBot, display: FleetDisplay) -> None:
    large = samples_fleet.fleet(60_000)
    display.show_view(large)
    display.grid.search("10.31.7.")
    expected = int(matching(large.search, "10.31.7.").sum())
    assert 0 < len(names(display)) == expected < 60_000
    display.grid.search("")
    sort_by(qtbot, display, "chip_temp")
    display.grid.selectAll()
    assert len(display.grid.chosen) == 60_000
    display.show_view(hotter(large, 4))
    assert len(display.grid.selected_rows) == 60_000
    qtbot.keyClick(display.grid, Qt.Key.Key_End, CONTROL)
    assert display.grid.current_row == 59_999
    display.grab()


def test_that_a_view_with_other_devices_applies_a_search_again() -> None:
    order = FleetOrder()
    order.take(samples_fleet.fleet(100), frozen=False)
    order.search_for("t01-00")
    assert len(order.rows) == 9
    order.take(samples_fleet.fleet(5), frozen=False)
    assert order.rows.tolist() == [0, 1, 2, 3, 4]


# -- totals, opening, empty -------------------------------------------------------------------------------------


def test_that_totals_follow_what_is_shown(display: FleetDisplay) -> None:
    assert display.totals.texts()[1] == "600 devices"
    display.grid.search("t01-001")
    texts = display.totals.texts()
    assert texts[1] == "1 of 600"
    value = {column.id: column.sort for column in VIEW.columns}["hashrate"][0]
    assert f"sum {value:,.1f} TH/s" in texts


def test_that_enter_and_double_click_open_the_device(qtbot: QtBot, display: FleetDisplay) -> None:
    click_row(qtbot, display, 3)
    with qtbot.waitSignal(display.device_opened) as opened:
        qtbot.keyClick(display.grid, Qt.Key.Key_Return)
    assert opened.args == ["T01-004"]
    click_row(qtbot, display, 7)
    with qtbot.waitSignal(display.device_opened) as opened:
        qtbot.mouseDClick(display.grid.viewport(), LEFT, pos=QPoint(200, display.grid.rowViewportPosition(7) + 8))
    assert opened.args == ["T01-008"]


def test_that_an_empty_fleet_says_how_to_fill_it(qtbot: QtBot, display: FleetDisplay) -> None:
    display.show_view(samples_fleet.no_devices())
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_J):
        qtbot.keyClick(display.grid, key)
    assert names(display) == []
    display.grab()


# -- copying ----------------------------------------------------------------------------------------------------


def copied(qtbot: QtBot, display: FleetDisplay) -> list[list[str]]:
    with qtbot.waitSignal(display.copied, timeout=20_000):
        qtbot.keyClick(display.grid, Qt.Key.Key_C, CONTROL)
    return list(csv.reader(io.StringIO(QGuiApplication.clipboard().text())))


def test_that_control_c_copies_what_is_shown_with_its_head(qtbot: QtBot, display: FleetDisplay) -> None:
    display.grid.search("t01-01")
    rows = copied(qtbot, display)
    assert rows[0][:3] == ["severity", "Name", "Kind"]
    assert [row[1] for row in rows[1:]] == names(display)


def test_that_control_c_copies_the_selected_rows_when_there_are_several(qtbot: QtBot, display: FleetDisplay) -> None:
    click_row(qtbot, display, 1)
    click_row(qtbot, display, 3, SHIFT)
    assert [row[1] for row in copied(qtbot, display)[1:]] == ["T01-002", "T01-003", "T01-004"]


def test_that_a_hostile_name_is_copied_as_text(qtbot: QtBot, display: FleetDisplay) -> None:
    hostile = '=HYPERLINK("http://x","y")'
    columns = tuple(replace(column, text=[hostile] * 600) if column.id == "name" else column for column in VIEW.columns)
    display.show_view(replace(VIEW, columns=columns))
    display.grid.search("t01-001")
    assert copied(qtbot, display)[1][1] == f"'{hostile}"


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "|calc", "＝1"])
def test_that_no_cell_begins_as_a_formula(text: str) -> None:
    read = next(csv.reader(io.StringIO(csv_text.line([text]), newline="")))
    assert read[0] == f"'{text}"


@pytest.mark.parametrize(
    ("text", "written"), [("−58.8", "-58.8"), ("2,912", "2912"), ("+0.5", "+0.5"), ("45.0", "45.0"), ("", "")]
)
def test_that_numbers_stay_numbers(text: str, written: str) -> None:
    assert csv_text.cell(text) == written


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_that_every_text_comes_back_as_one_cell_that_is_no_formula(texts: list[str]) -> None:
    written = csv_text.line(texts)
    read = list(csv.reader(io.StringIO(written, newline=""), strict=True))
    assert len(read) == 1
    assert len(read[0]) == len(texts)
    for cell in read[0]:
        assert cell[:1] not in {"=", "@", "\t", "\r"}


def test_that_focus_stays_in_the_search_while_frames_arrive(qtbot: QtBot, display: FleetDisplay) -> None:
    display.search.setFocus()
    qtbot.keyClicks(display.search, "t0")
    display.show_view(hotter(VIEW, 1))
    assert QApplication.focusWidget() is display.search
    assert display.search.text() == "t0"
