"""The Device and Overview displays in every state they can be in."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from widgets.charts.chip_board import ChipBoard
from widgets.controls.button import Button
from widgets.controls.segments import Segments
from widgets.displays.device import DeviceDisplay
from widgets.displays.device_lists import HistoryList
from widgets.displays.overview import OverviewDisplay
from widgets.displays.site_tile import SiteTile, TopStrip
from widgets.gallery import PAGES
from widgets.tables.part_grid import PartGrid
from widgets.theme.tokens import ThemeSource, load_theme
from widgets.tiles.limit_tile import LimitTile
from widgets.view_models import samples_device, samples_shell
from widgets.view_models.common import LimitTileView
from widgets.view_models.device import DeviceView, PartTable

LEFT = Qt.MouseButton.LeftButton
HOSTILE = "<b>x</b> SLA < 10"


@pytest.fixture
def device(qtbot: QtBot, theme: ThemeSource) -> DeviceDisplay:
    made = DeviceDisplay(theme)
    made.show_view(samples_device.miner())
    qtbot.addWidget(made)
    made.resize(1760, 968)
    with qtbot.waitExposed(made):
        made.show()
    return made


def _button(display: QWidget, name: str) -> Button:
    return next(button for button in display.findChildren(Button) if button.accessibleName() == name)


def test_that_a_free_action_asks_and_a_blocked_one_says_why(qtbot: QtBot, device: DeviceDisplay) -> None:
    with qtbot.waitSignal(device.action_requested) as asked:
        qtbot.mouseClick(_button(device, "Locate (blink LED)"), LEFT)
    assert asked.args == ["locate"]
    blocked = _button(device, "Reboot")
    with qtbot.assertNotEmitted(device.action_requested):
        qtbot.mouseClick(blocked, LEFT)
    assert blocked.accessibleDescription() == "blocked: coolant flow 61 % of minimum"


def test_that_action_buttons_live_on_while_their_reasons_change(device: DeviceDisplay) -> None:
    before = _button(device, "Reboot")
    view = samples_device.miner()
    freed = tuple(replace(action, blocked="") for action in view.actions)
    device.show_view(replace(view, actions=freed))
    assert _button(device, "Reboot") is before
    assert before.blocked == ""


def test_that_backspace_goes_up_from_anywhere_inside(qtbot: QtBot, device: DeviceDisplay) -> None:
    for inside in (device, _button(device, "Locate (blink LED)"), device.findChild(PartGrid)):
        with qtbot.waitSignal(device.up_requested):
            qtbot.keyClick(inside, Qt.Key.Key_Backspace)


def test_that_a_span_is_chosen_in_seconds(qtbot: QtBot, device: DeviceDisplay) -> None:
    switch = next(s for s in device.findChildren(Segments) if s.current == "1200")
    with qtbot.waitSignal(device.span_chosen) as chosen:
        qtbot.keyClick(switch, Qt.Key.Key_Right)
    assert chosen.args == [14400.0]


def test_that_history_opens_incidents_and_nothing_else(qtbot: QtBot, device: DeviceDisplay) -> None:
    history = device.findChild(HistoryList)
    with qtbot.waitSignal(device.incident_opened) as opened:
        qtbot.mouseClick(history, LEFT, pos=QPoint(200, 10))
    assert opened.args == ["INC-1873"]
    with qtbot.assertNotEmitted(device.incident_opened):
        qtbot.mouseClick(history, LEFT, pos=QPoint(200, 32))
    with qtbot.waitSignal(device.incident_opened):
        qtbot.keyClick(history, Qt.Key.Key_Return)


def test_that_a_silent_device_keeps_no_needle(device: DeviceDisplay) -> None:
    device.show_view(samples_device.miner(silent="unknown, last answer 14:05:10"))
    tiles = [tile for tile in device.findChildren(LimitTile) if tile.isVisible()]
    assert tiles
    assert all(tile.accessibleName().endswith("stale") for tile in tiles)


def test_that_a_device_without_boards_shows_its_parts_as_tables(device: DeviceDisplay) -> None:
    device.show_view(samples_device.pdu())
    assert not any(board.isVisible() for board in device.findChildren(ChipBoard))
    names = {grid.accessibleName() for grid in device.findChildren(PartGrid) if grid.isVisible()}
    assert names == {"Banks, limit 80.0 A", "Outlets, 24 of 24 on"}
    device.show_view(samples_device.miner())
    assert sum(board.isVisible() for board in device.findChildren(ChipBoard)) == 3


def test_that_boards_without_chip_temperatures_say_what_is_known(device: DeviceDisplay) -> None:
    device.show_view(samples_device.miner(chips=False))
    names = [board.accessibleName() for board in device.findChildren(ChipBoard)]
    assert names[0].startswith("Board 1: 110 of 110 chips")
    assert names[1] == "Board 2: no answer"


def _hostile(view: DeviceView) -> DeviceView:
    """A device that says only markup."""
    tile = LimitTileView(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    table = PartTable(HOSTILE, HOSTILE, (HOSTILE, HOSTILE), ((HOSTILE, HOSTILE),) * 3, (0, 9 % 5, 0))
    return replace(
        view, name=HOSTILE, state=HOSTILE, place=HOSTILE, subtitle=HOSTILE * 9, head_facts=((HOSTILE, HOSTILE),),
        tiles=(tile,) * 8, boards_note=HOSTILE, cooling_note=HOSTILE, tables=(table,), texts=((HOSTILE, HOSTILE),) * 4,
        chip_note=HOSTILE, actions=tuple(replace(a, label=HOSTILE, blocked=HOSTILE) for a in view.actions),
        history=tuple(replace(h, text=HOSTILE, time=HOSTILE) for h in view.history),
        plots=tuple(replace(p, title=HOSTILE, summary=HOSTILE, unit=HOSTILE) for p in view.plots),
    )  # fmt: skip


def test_that_whatever_a_device_says_is_plain_text(device: DeviceDisplay) -> None:
    device.show_view(_hostile(samples_device.miner()))
    assert not device.grab().isNull()
    names = [tile.accessibleName() for tile in device.findChildren(LimitTile) if tile.isVisible()]
    assert all(name.startswith(HOSTILE) for name in names)
    tips = [widget.toolTip() for widget in device.findChildren(QWidget) if widget.toolTip()]
    assert tips
    assert not any("<b>" in tip for tip in tips)


@pytest.mark.parametrize("size", [(1318, 632), (1760, 968), (2400, 1328)])
def test_that_nothing_is_cut_off_at_the_sides(device: DeviceDisplay, size: tuple[int, int]) -> None:
    device.resize(*size)
    assert device.minimumSizeHint().width() <= size[0]
    for tile in device.findChildren(LimitTile):
        if tile.isVisible():
            assert tile.mapTo(device, QPoint(tile.width(), 0)).x() <= size[0]


def test_that_tab_reaches_every_control_and_each_has_a_name(qtbot: QtBot, device: DeviceDisplay) -> None:
    device.activateWindow()
    device.setFocus()
    seen: list[QWidget] = []
    for _ in range(80):
        qtbot.keyClick(QApplication.focusWidget() or device, Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        if focused is None or focused in seen:
            break
        seen.append(focused)
    assert all(widget.accessibleName() for widget in seen)
    for kind in (Button, Segments, HistoryList, PartGrid):
        for widget in device.findChildren(kind):
            assert not widget.isVisible() or widget in seen, widget.accessibleName()


def test_that_a_click_on_a_site_opens_it_and_a_click_on_its_foot_the_incident(qtbot: QtBot, theme: ThemeSource) -> None:
    display = OverviewDisplay(theme)
    display.show_view(samples_shell.overview(4))
    qtbot.addWidget(display)
    display.resize(1760, 968)
    with qtbot.waitExposed(display):
        display.show()
    tile = display.findChildren(SiteTile)[1]
    with qtbot.waitSignal(display.site_opened) as opened:
        qtbot.mouseClick(tile, LEFT, pos=QPoint(300, 120))
    assert opened.args == ["sweetwater-3"]
    with qtbot.waitSignal(display.incident_opened) as incident:
        qtbot.mouseClick(tile.findChild(TopStrip), LEFT)
    assert incident.args == ["INC-0311"]
    with qtbot.waitSignal(display.site_opened):
        qtbot.keyClick(tile, Qt.Key.Key_Return)


def test_that_a_silent_site_shows_its_age_and_no_old_figure(qtbot: QtBot, theme: ThemeSource) -> None:
    display = OverviewDisplay(theme)
    display.show_view(samples_shell.overview(4))
    qtbot.addWidget(display)
    with qtbot.waitExposed(display):
        display.show()
    silent = display.findChildren(SiteTile)[3]
    assert "no data since 13:52:07" in silent.accessibleName()
    assert not any(tile.isVisible() for tile in silent.findChildren(LimitTile))


@pytest.mark.parametrize("name", sorted(PAGES))
def test_that_every_page_of_the_gallery_paints_in_both_themes(qtbot: QtBot, theme: ThemeSource, name: str) -> None:
    page = PAGES[name](theme)
    qtbot.addWidget(page)
    page.resize(1366, 768)
    with qtbot.waitExposed(page):
        page.show()
    dark = page.grab().toImage()
    theme.set(load_theme("light"))
    light = page.grab().toImage()
    assert dark.size() == light.size()
    assert dark != light
