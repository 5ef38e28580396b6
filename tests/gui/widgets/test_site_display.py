from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from widgets.displays.site import SiteDisplay
from widgets.theme.tokens import ThemeSource
from widgets.view_models import samples

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def display(qtbot: QtBot, theme: ThemeSource) -> SiteDisplay:
    made = SiteDisplay(theme)
    qtbot.addWidget(made)
    made.resize(1760, 968)
    made.show_view(samples.site())
    made.set_tip_source(samples.cell_tip)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    return made


def test_that_choosing_a_miner_in_the_map_selects_it_in_the_list_and_its_incident_in_the_queue(
    qtbot: QtBot, display: SiteDisplay
) -> None:
    at = display.heat_map.slot_rect("T13-197").center()
    with qtbot.waitSignal(display.device_chosen) as chosen:
        qtbot.mouseClick(display.heat_map.viewport(), LEFT, pos=at)
    assert chosen.args == ["T13-197"]
    assert display.worst.selected_rows == [2]
    assert display.queue.selected_rows == [0]


def test_that_choosing_a_miner_in_the_list_selects_it_in_the_map(qtbot: QtBot, display: SiteDisplay) -> None:
    at = QPoint(80, display.worst.rowViewportPosition(8) + 8)
    with qtbot.waitSignal(display.device_chosen) as chosen:
        qtbot.mouseClick(display.worst.viewport(), LEFT, pos=at)
    assert chosen.args == ["T08-073"]
    assert display.heat_map.selected == "T08-073"


def test_that_a_group_in_the_list_opens_its_incident(qtbot: QtBot, display: SiteDisplay) -> None:
    at = QPoint(80, display.worst.rowViewportPosition(0) + 8)
    qtbot.mouseClick(display.worst.viewport(), LEFT, pos=at)
    with qtbot.waitSignal(display.incident_opened) as opened:
        qtbot.mouseDClick(display.worst.viewport(), LEFT, pos=at)
    assert opened.args == ["INC-1873"]


def test_that_a_group_without_an_incident_opens_nothing(qtbot: QtBot, display: SiteDisplay) -> None:
    at = QPoint(80, display.worst.rowViewportPosition(4) + 8)
    qtbot.mouseClick(display.worst.viewport(), LEFT, pos=at)
    with qtbot.assertNotEmitted(display.incident_opened), qtbot.assertNotEmitted(display.device_opened):
        qtbot.mouseDClick(display.worst.viewport(), LEFT, pos=at)


def test_that_enter_in_the_queue_opens_the_incident(qtbot: QtBot, display: SiteDisplay) -> None:
    display.queue.setFocus()
    qtbot.keyClick(display.queue, Qt.Key.Key_J)
    with qtbot.waitSignal(display.incident_opened) as opened:
        qtbot.keyClick(display.queue, Qt.Key.Key_Return)
    assert opened.args == ["INC-1871"]


def test_that_the_metric_switch_asks_and_the_view_decides(qtbot: QtBot, display: SiteDisplay) -> None:
    display.metrics.setFocus()
    with qtbot.waitSignal(display.metric_chosen) as chosen:
        qtbot.keyClick(display.metrics, Qt.Key.Key_Right)
    assert chosen.args == ["hashrate"]
    display.show_view(samples.site())
    assert display.metrics.current == "deviation"


def test_that_switching_the_metric_keeps_the_selection(display: SiteDisplay) -> None:
    view = samples.site()
    magnitude = replace(view.heat, ramp="magnitude", bins=10, legend=tuple("123456789"))
    display.set_selected("T02-010")
    display.show_view(replace(view, heat=magnitude, selected="T02-010"))
    assert display.heat_map.selected == "T02-010"


def test_that_a_lasso_announces_its_devices_and_their_number(qtbot: QtBot, display: SiteDisplay) -> None:
    viewport, start = display.heat_map.viewport(), display.heat_map.slot_rect("T01-001").center()
    stop = display.heat_map.slot_rect("T01-015").center()
    qtbot.mousePress(viewport, LEFT, pos=start)
    qtbot.mouseMove(viewport, stop)
    with qtbot.waitSignal(display.devices_marked) as marked:
        qtbot.mouseRelease(viewport, LEFT, pos=stop)
    assert marked.args == [("T01-001", "T01-002", "T01-014", "T01-015")]


def test_that_the_queue_does_not_move_under_the_pointer(qtbot: QtBot, display: SiteDisplay) -> None:
    view = samples.site()
    qtbot.mouseMove(display.queue.viewport(), QPoint(60, 60))
    qtbot.waitUntil(lambda: display.queue.pointer_inside)
    display.show_view(replace(view, queue=view.queue[::-1]))
    assert display.queue.pending > 0
    with qtbot.waitSignal(display.incident_chosen) as chosen:
        qtbot.mouseClick(display.queue.viewport(), LEFT, pos=QPoint(60, 60))
    assert chosen.args == ["INC-1871"]
    qtbot.mouseMove(display.losses, QPoint(10, 10))
    qtbot.waitUntil(lambda: display.queue.pending == 0)


@pytest.mark.parametrize(("width", "height"), [(1318, 656), (1760, 968), (2400, 1328)])
def test_that_everything_fits_on_every_screen(display: SiteDisplay, width: int, height: int) -> None:
    display.resize(width, height)
    display.grab()
    assert display.heat_map.verticalScrollBar().maximum() == 0
    for part in (*display.tiles, display.heat_map, display.losses, display.queue, display.worst):
        corner = part.mapTo(display, QPoint(part.width(), part.height()))
        assert corner.x() <= width
        assert corner.y() <= height
    assert display.queue.height() >= 4 * 47


def test_that_tab_goes_through_the_display_in_reading_order(qtbot: QtBot, display: SiteDisplay) -> None:
    display.metrics.setFocus()
    seen = []
    for part in (display.heat_map, display.queue, display.worst):
        qtbot.keyClick(display.focusWidget(), Qt.Key.Key_Tab)
        seen.append(display.focusWidget() is part)
    assert seen == [True, True, True]


def test_that_every_part_has_an_accessible_name(display: SiteDisplay) -> None:
    parts = (display, display.heat_map, display.losses, display.queue, display.worst, *display.tiles)
    assert all(part.accessibleName() for part in parts)


def test_that_a_site_without_anything_says_how_to_begin(display: SiteDisplay) -> None:
    view = samples.site()
    nothing = replace(
        view,
        heat=samples.heat_map(empty="No miners placed. Open Commissioning to place them."),
        losses=replace(view.losses, parts=(), empty="no target set"),
        queue=(),
        worst=(),
        selected="",
    )
    display.show_view(nothing)
    display.grab()
    assert display.heat_map.selected == ""
