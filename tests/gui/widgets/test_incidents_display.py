from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from widgets.displays.incidents import IncidentsDisplay
from widgets.theme.tokens import ThemeSource
from widgets.view_models import samples_incidents
from widgets.view_models.common import AckState, SeverityMark
from widgets.view_models.incidents import IncidentRow, IncidentsView

LEFT = Qt.MouseButton.LeftButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Key = Qt.Key
NEW_1 = SeverityMark(1, AckState.NEW)


@pytest.fixture
def display(qtbot: QtBot, theme: ThemeSource) -> IncidentsDisplay:
    made = IncidentsDisplay(theme)
    qtbot.addWidget(made)
    made.resize(1760, 968)
    made.show_view(samples_incidents.incidents())
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    made.queue.table.setFocus()
    return made


def order(display: IncidentsDisplay) -> list[str]:
    return [row.id for row in display.queue.table.shown]


def click(qtbot: QtBot, display: IncidentsDisplay, row: int, held: Qt.KeyboardModifier | None = None) -> None:
    table = display.queue.table
    at = QPoint(400, table.rowViewportPosition(row) + 10)
    qtbot.mouseClick(table.viewport(), LEFT, held or Qt.KeyboardModifier.NoModifier, at)


def press(qtbot: QtBot, key: Qt.Key, held: Qt.KeyboardModifier | None = None) -> None:
    focused = QApplication.focusWidget()
    assert focused is not None
    qtbot.keyClick(focused, key, held or Qt.KeyboardModifier.NoModifier)


def view_of(rows: tuple[IncidentRow, ...], select: str = "INC-1873") -> IncidentsView:
    view = samples_incidents.incidents()
    assert view.detail is not None
    mark = next((row.mark for row in rows if row.id == select), view.detail.mark)
    return replace(view, rows=rows, detail=replace(view.detail, id=select, mark=mark))


# -- selection and order ----------------------------------------------------------------------------------------


def test_that_a_click_chooses_an_incident_and_j_and_k_move(qtbot: QtBot, display: IncidentsDisplay) -> None:
    with qtbot.waitSignal(display.incident_chosen) as chosen:
        click(qtbot, display, 2)
    assert chosen.args == ["INC-1868"]
    for key, expected in ((Key.Key_J, "INC-1870"), (Key.Key_K, "INC-1868"), (Key.Key_K, "INC-1871")):
        with qtbot.waitSignal(display.incident_chosen) as chosen:
            press(qtbot, key)
        assert chosen.args == [expected]


def test_that_the_order_follows_updates_while_no_hand_is_there(display: IncidentsDisplay) -> None:
    rows = samples_incidents.rows()
    display.show_view(view_of(rows[::-1]))
    assert order(display) == [row.id for row in rows[::-1]]


def test_that_a_selection_of_the_user_freezes_the_order_and_the_chip_counts(
    qtbot: QtBot, display: IncidentsDisplay
) -> None:
    before = order(display)
    click(qtbot, display, 1)
    rows = samples_incidents.rows()
    fresh = replace(rows[0], id="INC-1900", label="INC-1900", mark=NEW_1, unacknowledged=True)
    display.show_view(view_of((fresh, *rows[:3], *rows[4:]), "INC-1871"))
    assert order(display) == [*before, "INC-1900"]
    assert display.queue.frozen.accessibleName() == "order frozen, 2 changes pending"
    assert display.queue.table.chosen_rows[0].id == "INC-1871"


def test_that_a_click_on_the_chip_applies_the_order_and_keeps_the_selection(
    qtbot: QtBot, display: IncidentsDisplay
) -> None:
    click(qtbot, display, 1)
    rows = samples_incidents.rows()
    display.show_view(view_of(rows[::-1], "INC-1871"))
    qtbot.mouseClick(display.queue.frozen, LEFT)
    assert order(display) == [row.id for row in rows[::-1]]
    assert [row.id for row in display.queue.table.chosen_rows] == ["INC-1871"]
    assert display.queue.frozen.isHidden()


def test_that_escape_applies_the_order(qtbot: QtBot, display: IncidentsDisplay) -> None:
    click(qtbot, display, 1)
    display.show_view(view_of(samples_incidents.rows()[::-1], "INC-1871"))
    press(qtbot, Key.Key_Escape)
    assert order(display)[0] == "INC-1852"


def test_that_the_pointer_alone_freezes_and_leaving_applies(qtbot: QtBot, display: IncidentsDisplay) -> None:
    before = order(display)
    qtbot.mouseMove(display.queue.table.viewport(), QPoint(300, 30))
    qtbot.waitUntil(lambda: display.queue.table.pointer_inside)
    display.show_view(view_of(samples_incidents.rows()[::-1]))
    assert order(display) == before
    qtbot.mouseMove(display.evidence, QPoint(40, 40))
    qtbot.waitUntil(lambda: order(display) == before[::-1])


def test_that_an_action_goes_to_the_row_that_was_selected_whatever_arrives_between(
    qtbot: QtBot, display: IncidentsDisplay
) -> None:
    click(qtbot, display, 1)
    rows = samples_incidents.rows()
    more = tuple(replace(rows[0], id=f"INC-2{n:03d}", mark=NEW_1, unacknowledged=True) for n in range(5))
    display.show_view(view_of((*more, *rows), "INC-1871"))
    with qtbot.waitSignal(display.action_requested) as requested:
        press(qtbot, Key.Key_Space)
    assert requested.args == ["acknowledge", "INC-1871", 3]


# -- acknowledging ----------------------------------------------------------------------------------------------


def collected(display: IncidentsDisplay) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    display.action_requested.connect(lambda action, incident, version: found.append((action, incident, version)))
    return found


def test_that_severity_one_is_acknowledged_only_after_enter(qtbot: QtBot, display: IncidentsDisplay) -> None:
    rows = samples_incidents.rows()
    display.show_view(view_of((replace(rows[0], mark=NEW_1, unacknowledged=True), *rows[1:])))
    found = collected(display)
    click(qtbot, display, 0)
    press(qtbot, Key.Key_Space)
    assert display.queue.confirm.isVisible()
    press(qtbot, Key.Key_Space)
    assert not found
    press(qtbot, Key.Key_Return)
    assert found == [("acknowledge", "INC-1873", 3)]
    assert not display.queue.confirm.isVisible()
    assert display.queue.table.hasFocus()


def test_that_several_are_acknowledged_only_after_enter_and_only_those_that_need_it(
    qtbot: QtBot, display: IncidentsDisplay
) -> None:
    found = collected(display)
    click(qtbot, display, 1)
    click(qtbot, display, 6, SHIFT)
    press(qtbot, Key.Key_A)
    assert not found
    assert "2 incidents" in display.queue.confirm.accessibleName()
    press(qtbot, Key.Key_Return)
    assert [incident for _, incident, _ in found] == ["INC-1871", "INC-1864"]


def test_that_escape_answers_the_question_with_no(qtbot: QtBot, display: IncidentsDisplay) -> None:
    found = collected(display)
    click(qtbot, display, 1)
    click(qtbot, display, 6, CONTROL)
    press(qtbot, Key.Key_Space)
    press(qtbot, Key.Key_Escape)
    assert not found
    assert display.queue.confirm.isHidden()
    assert len(display.queue.table.chosen_rows) == 2


def test_that_leaving_the_question_answers_it_with_no(qtbot: QtBot, display: IncidentsDisplay) -> None:
    found = collected(display)
    click(qtbot, display, 1)
    click(qtbot, display, 6, CONTROL)
    press(qtbot, Key.Key_Space)
    display.notes.field.setFocus()
    assert display.queue.confirm.isHidden()
    assert not found


def test_that_an_incident_that_closed_meanwhile_is_not_acknowledged(qtbot: QtBot, display: IncidentsDisplay) -> None:
    found = collected(display)
    click(qtbot, display, 1)
    rows = samples_incidents.rows()
    display.show_view(view_of((rows[0], *rows[2:]), "INC-1871"))
    assert "INC-1871" in order(display)
    press(qtbot, Key.Key_Space)
    assert not found


# -- other actions ----------------------------------------------------------------------------------------------


def test_that_m_asks_for_mitigated_with_the_version_that_was_seen(qtbot: QtBot, display: IncidentsDisplay) -> None:
    click(qtbot, display, 0)
    with qtbot.waitSignal(display.action_requested) as requested:
        press(qtbot, Key.Key_M)
    assert requested.args == ["mitigate", "INC-1873", 3]


def test_that_a_blocked_action_takes_the_focus_and_says_why_instead_of_acting(
    qtbot: QtBot, display: IncidentsDisplay
) -> None:
    found = collected(display)
    click(qtbot, display, 0)
    press(qtbot, Key.Key_F)
    button = display.head.button("resolve")
    assert button is not None
    assert button.hasFocus()
    assert display.head._subheading.text == "Resolve is blocked: 28 alarms of this incident still stand"
    qtbot.mouseClick(button, LEFT)
    press(qtbot, Key.Key_Space)
    assert not found


def test_that_a_button_asks_for_its_action(qtbot: QtBot, display: IncidentsDisplay) -> None:
    button = display.head.button("mitigate")
    assert button is not None
    with qtbot.waitSignal(display.action_requested) as requested:
        qtbot.mouseClick(button, LEFT)
    assert requested.args == ["mitigate", "INC-1873", 3]


def test_that_enter_goes_to_the_case_and_backspace_back(qtbot: QtBot, display: IncidentsDisplay) -> None:
    click(qtbot, display, 0)
    press(qtbot, Key.Key_Return)
    button = display.head.button("mitigate")
    assert button is not None
    assert button.hasFocus()
    press(qtbot, Key.Key_Backspace)
    assert display.queue.table.hasFocus()


# -- notes ------------------------------------------------------------------------------------------------------


def test_that_a_note_is_added_with_control_enter_and_the_field_is_empty_again(
    qtbot: QtBot, display: IncidentsDisplay
) -> None:
    click(qtbot, display, 0)
    press(qtbot, Key.Key_A, SHIFT)
    assert display.notes.field.hasFocus()
    qtbot.keyClicks(display.notes.field, "strainer m f 1")
    press(qtbot, Key.Key_Return)
    with qtbot.waitSignal(display.note_written) as written:
        press(qtbot, Key.Key_Return, CONTROL)
    assert written.args == ["INC-1873", "strainer m f 1"]
    assert display.notes.field.toPlainText() == ""


def test_that_a_draft_is_kept_for_each_incident(qtbot: QtBot, display: IncidentsDisplay) -> None:
    display.notes.field.setFocus()
    qtbot.keyClicks(display.notes.field, "first")
    display.show_view(view_of(samples_incidents.rows(), "INC-1871"))
    assert display.notes.field.toPlainText() == ""
    qtbot.keyClicks(display.notes.field, "second")
    display.show_view(view_of(samples_incidents.rows(), "INC-1873"))
    assert display.notes.field.toPlainText() == "first"
    display.show_view(view_of(samples_incidents.rows(), "INC-1871"))
    assert display.notes.field.toPlainText() == "second"


def test_that_updates_do_not_disturb_what_is_being_typed(qtbot: QtBot, display: IncidentsDisplay) -> None:
    display.notes.field.setFocus()
    qtbot.keyClicks(display.notes.field, "half a sen")
    display.show_view(view_of(samples_incidents.rows()[::-1]))
    assert display.notes.field.hasFocus()
    qtbot.keyClicks(display.notes.field, "tence")
    assert display.notes.field.toPlainText() == "half a sentence"


# -- filters ----------------------------------------------------------------------------------------------------


def test_that_a_severity_key_filters_and_never_hides_severity_one(qtbot: QtBot, display: IncidentsDisplay) -> None:
    with qtbot.waitSignal(display.filter_chosen) as chosen:
        press(qtbot, Key.Key_3)
    assert chosen.args == ["3"]
    assert order(display) == ["INC-1873", "INC-1868", "INC-1870"]
    assert display.queue.filter_note.accessibleName() == "3 of 9; 0 Sev1 hidden"
    press(qtbot, Key.Key_0)
    assert len(order(display)) == 9
    assert display.queue.filter_note.isHidden()


def test_that_search_narrows_while_typing_and_escape_clears(qtbot: QtBot, display: IncidentsDisplay) -> None:
    press(qtbot, Key.Key_Slash)
    assert display.queue.search.hasFocus()
    qtbot.keyClicks(display.queue.search, "lindqvist")
    assert order(display) == ["INC-1873", "INC-1861", "INC-1866", "INC-1852"]
    press(qtbot, Key.Key_Escape)
    assert display.queue.table.hasFocus()
    assert len(order(display)) == 9


def test_that_letters_in_the_search_act_on_nothing(qtbot: QtBot, display: IncidentsDisplay) -> None:
    found = collected(display)
    click(qtbot, display, 0)
    press(qtbot, Key.Key_Slash)
    qtbot.keyClicks(display.queue.search, "amf 1")
    assert not found
    assert display.queue.search.text() == "amf 1"


# -- picture ----------------------------------------------------------------------------------------------------


def test_that_text_from_devices_is_never_markup(display: IncidentsDisplay) -> None:
    nasty = "<b>flow</b> < 10 & > 5 <img src=x>"
    view = samples_incidents.incidents()
    assert view.detail is not None
    rows = tuple(replace(row, title=nasty, cause=nasty) for row in view.rows)
    display.show_view(replace(view, rows=rows, detail=replace(view.detail, title=nasty, guidance=(nasty,))))
    labels = display.guidance.findChildren(QLabel)
    assert any(label.text() == nasty for label in labels)
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels)
    assert display.head._heading.text == nasty
    display.grab()


def test_that_an_empty_queue_says_so_and_asks_for_nothing(qtbot: QtBot, display: IncidentsDisplay) -> None:
    found = collected(display)
    display.show_view(samples_incidents.no_incidents())
    for key in (Key.Key_Space, Key.Key_J, Key.Key_M, Key.Key_Return, Key.Key_1):
        press(qtbot, key)
    assert not found
    assert not display.head.isVisible()
    display.grab()


@pytest.mark.parametrize(("width", "height"), [(1318, 656), (1760, 968), (2400, 1328)])
def test_that_every_part_has_room_on_every_screen(display: IncidentsDisplay, width: int, height: int) -> None:
    display.resize(width, height)
    display.grab()
    for part in (display.queue.table, display.head, display.timeline, display.notes.field, display.affected):
        assert part.isVisible()
        assert part.height() >= 24
        corner = part.mapTo(display, QPoint(part.width(), part.height()))
        assert corner.x() <= width
        assert corner.y() <= height


def test_that_enter_on_a_node_opens_its_device(qtbot: QtBot, display: IncidentsDisplay) -> None:
    display.affected.setFocus()
    press(qtbot, Key.Key_Down)
    press(qtbot, Key.Key_Down)
    press(qtbot, Key.Key_Right)
    with qtbot.waitSignal(display.device_opened) as opened:
        press(qtbot, Key.Key_Return)
    assert opened.args == ["PLC-B"]


def test_that_everything_that_takes_focus_has_an_accessible_name(display: IncidentsDisplay) -> None:
    parts = (
        display.queue.table,
        display.queue.search,
        display.queue.states,
        display.timeline,
        display.notes.field,
        display.affected,
        display.guidance,
    )
    assert all(part.accessibleName() for part in parts)


def test_that_ten_thousand_incidents_are_shown_and_scrolled(qtbot: QtBot, display: IncidentsDisplay) -> None:
    display.show_view(replace(view_of(samples_incidents.many_rows(10_000), "INC-0"), total=10_000))
    press(qtbot, Key.Key_End, CONTROL)
    assert display.queue.table.current_row == 9_999
    display.grab()
