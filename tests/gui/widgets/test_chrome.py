"""The frame around every display, with real pointer and keys."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from widgets.chrome.blocks import Counts, TopBanner
from widgets.chrome.header import Header
from widgets.chrome.notice import Notice
from widgets.chrome.rail import Rail
from widgets.chrome.status_strip import StatusStrip
from widgets.controls.button import Button
from widgets.theme.tokens import RAIL, RAIL_FOLDED, ThemeSource
from widgets.view_models import samples_shell
from widgets.view_models.shell import NoticeView, StatusItem, StatusView

LEFT = Qt.MouseButton.LeftButton


def shown(qtbot: QtBot, widget: QWidget, width: int) -> None:
    qtbot.addWidget(widget)
    widget.resize(width, max(widget.height(), 40))
    with qtbot.waitExposed(widget):
        widget.show()


@pytest.fixture
def header(qtbot: QtBot, theme: ThemeSource) -> Header:
    made = Header(theme)
    made.show_view(samples_shell.header())
    shown(qtbot, made, 1920)
    return made


def test_that_a_click_on_a_count_names_its_severity(qtbot: QtBot, header: Header) -> None:
    counts = header.findChild(Counts)
    with qtbot.waitSignal(header.counts_clicked) as clicked:
        qtbot.mouseClick(counts, LEFT, pos=QPoint(60, 16))
    assert clicked.args == [2]


def test_that_counts_are_reached_by_keys(qtbot: QtBot, header: Header) -> None:
    counts = header.findChild(Counts)
    for _ in range(3):
        qtbot.keyClick(counts, Qt.Key.Key_Right)
    with qtbot.waitSignal(header.counts_clicked) as clicked:
        qtbot.keyClick(counts, Qt.Key.Key_Return)
    assert clicked.args == [4]


def test_that_one_click_on_the_banner_opens_the_incident(qtbot: QtBot, header: Header) -> None:
    with qtbot.waitSignal(header.incident_opened) as opened:
        qtbot.mouseClick(header.findChild(TopBanner), LEFT)
    assert opened.args == ["INC-1873"]


def test_that_a_quiet_site_offers_no_incident_to_open(qtbot: QtBot, header: Header) -> None:
    header.show_view(samples_shell.header(quiet=True))
    banner = header.findChild(TopBanner)
    assert isinstance(banner, TopBanner)
    with qtbot.assertNotEmitted(header.incident_opened):
        qtbot.mouseClick(banner, LEFT)
    assert banner.accessibleName() == "no open incident"
    assert banner.focusPolicy() == Qt.FocusPolicy.NoFocus


@pytest.mark.parametrize("width", [1366, 1920, 2560])
def test_that_the_header_fits_the_window(qtbot: QtBot, theme: ThemeSource, width: int) -> None:
    made = Header(theme)
    made.show_view(samples_shell.header())
    shown(qtbot, made, width)
    assert made.minimumSizeHint().width() <= width
    banner = made.findChild(TopBanner)
    assert isinstance(banner, TopBanner)
    assert banner.width() >= 300


def test_that_the_rail_folds_below_1500_pixels_and_unfolds_above(qtbot: QtBot, theme: ThemeSource) -> None:
    window, rail = QMainWindow(), Rail(theme)
    rail.show_items(samples_shell.rail())
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.addWidget(rail)
    window.setCentralWidget(holder)
    shown(qtbot, window, 1366)
    assert rail.width() == RAIL_FOLDED
    window.resize(1920, 1000)
    assert rail.width() == RAIL


def test_that_the_rail_opens_displays_by_pointer_and_by_keys(qtbot: QtBot, theme: ThemeSource) -> None:
    rail = Rail(theme)
    rail.show_items(samples_shell.rail())
    rail.set_current("site")
    shown(qtbot, rail, RAIL)
    rail.resize(RAIL, 900)
    rows = {row.item.id: row for row in rail._rows}
    with qtbot.waitSignal(rail.display_chosen) as chosen:
        qtbot.mouseClick(rows["fleet"], LEFT)
    assert chosen.args == ["fleet"]
    rows["site"].setFocus()
    qtbot.keyClick(rows["site"], Qt.Key.Key_Down)
    focused = QApplication.focusWidget()
    assert focused is rows["cooling"]
    with qtbot.waitSignal(rail.display_chosen) as chosen:
        qtbot.keyClick(focused, Qt.Key.Key_Return)
    assert chosen.args == ["cooling"]


def test_that_the_rail_is_one_stop_for_tab(qtbot: QtBot, theme: ThemeSource) -> None:
    rail = Rail(theme)
    rail.show_items(samples_shell.rail())
    rail.set_current("fleet")
    qtbot.addWidget(rail)
    stops = [row.item.id for row in rail._rows if row.focusPolicy() == Qt.FocusPolicy.StrongFocus]
    assert stops == ["fleet"]


def test_that_rail_rows_survive_an_update_of_their_counts(qtbot: QtBot, theme: ThemeSource) -> None:
    rail = Rail(theme)
    items = samples_shell.rail()
    rail.show_items(items)
    qtbot.addWidget(rail)
    before = list(rail._rows)
    rail.show_items(tuple(replace(item, count="3") for item in items))
    assert rail._rows == before
    assert rail._rows[0].accessibleName() == "Overview, 3"


def test_that_a_status_line_too_long_drops_the_normal_and_keeps_the_abnormal(qtbot: QtBot, theme: ThemeSource) -> None:
    strip = StatusStrip(theme)
    items = [StatusItem(f"Fact {n}", "value " * 4) for n in range(12)]
    items[11] = StatusItem("Lost", "0.6 %", abnormal=True)
    strip.show_view(StatusView((*items, StatusItem("Alarm rate", "3 in 10 min"))))
    shown(qtbot, strip, 700)
    strip.repaint()
    words = [item.label for _, item in strip._places]
    assert "Lost" in words
    assert words[-1] == "Alarm rate"
    assert len(words) < 12


def test_that_a_notice_hides_without_text_and_offers_its_action(qtbot: QtBot, theme: ThemeSource) -> None:
    holder = QWidget()
    column = QVBoxLayout(holder)
    notice = Notice(theme)
    column.addWidget(notice)
    shown(qtbot, holder, 900)
    assert notice.isHidden()
    notice.show_view(NoticeView("The disk is full; history stands still until there is room.", "Details", 1))
    assert notice.isVisible()
    with qtbot.waitSignal(notice.action_clicked):
        qtbot.mouseClick(notice.findChild(Button), LEFT)
    notice.show_view(NoticeView())
    assert notice.isHidden()


def test_that_borders_blink_only_while_motion_is_allowed(qtbot: QtBot, theme: ThemeSource) -> None:
    theme.set_blinking(True)
    with qtbot.waitSignal(theme.blinked, timeout=2000):
        pass
    theme.set_blinking(False)
    assert theme.blink_on
    with qtbot.assertNotEmitted(theme.blinked, wait=700):
        pass
