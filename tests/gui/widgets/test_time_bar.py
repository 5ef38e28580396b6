"""The time bar with real pointer and keys: live, standing still, dragged, played."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from widgets.chrome.time_bar import TimeBar
from widgets.chrome.time_strip import TimeStrip
from widgets.theme.tokens import ThemeSource
from widgets.view_models import samples, samples_shell
from widgets.view_models.shell import SPEEDS, GapMark

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def bar(qtbot: QtBot, theme: ThemeSource) -> TimeBar:
    made = TimeBar(theme)
    made.show_view(samples_shell.time_bar())
    qtbot.addWidget(made)
    made.resize(1600, made.height())
    with qtbot.waitExposed(made):
        made.show()
    return made


def strip_of(bar: TimeBar) -> TimeStrip:
    strip = bar.findChild(TimeStrip)
    assert isinstance(strip, TimeStrip)
    return strip


def past(bar: TimeBar) -> TimeStrip:
    bar.show_view(samples_shell.time_bar(live=False))
    return strip_of(bar)


def test_that_the_live_badge_stops_the_picture_and_one_click_goes_live_again(qtbot: QtBot, bar: TimeBar) -> None:
    with qtbot.waitSignal(bar.live_toggled) as toggled:
        qtbot.mouseClick(bar._badge, LEFT)
    assert toggled.args == [False]
    past(bar)
    assert bar._past.isVisible()
    assert not bar._badge.isVisible()
    with qtbot.waitSignal(bar.live_toggled) as toggled:
        qtbot.mouseClick(bar._go_live, LEFT)
    assert toggled.args == [True]


def test_that_dragging_names_every_place_and_then_that_the_hand_let_go(qtbot: QtBot, bar: TimeBar) -> None:
    strip = strip_of(bar)
    heard: list[float | str] = []
    bar.dragged.connect(heard.append)
    bar.released.connect(lambda: heard.append("released"))
    qtbot.mousePress(strip, LEFT, pos=QPoint(strip.width() // 2, 26))
    qtbot.mouseMove(strip, QPoint(strip.width() // 4, 26))
    qtbot.mouseRelease(strip, LEFT, pos=QPoint(strip.width() // 4, 26))
    view = samples_shell.time_bar()
    assert heard[0] == pytest.approx((view.start + view.stop) / 2, abs=60)
    assert heard[-1] == "released"


@pytest.mark.parametrize(
    ("key", "modifier", "step"),
    [
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, -5.0),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier, -60.0),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 5.0),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, -12000.0),
    ],
)
def test_that_keys_step_through_time(
    qtbot: QtBot, bar: TimeBar, key: Qt.Key, modifier: Qt.KeyboardModifier, step: float
) -> None:
    strip = past(bar)
    with qtbot.waitSignal(bar.moment_chosen) as chosen:
        qtbot.keyClick(strip, key, modifier)
    assert chosen.args == [pytest.approx(samples_shell.time_bar(live=False).at + step)]


def test_that_a_key_held_down_drags(qtbot: QtBot, bar: TimeBar) -> None:
    strip = past(bar)
    held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, "", True, 1)
    with qtbot.waitSignal(bar.dragged) as dragged, qtbot.assertNotEmitted(bar.moment_chosen):
        QApplication.sendEvent(strip, held)
    assert dragged.args == [pytest.approx(samples_shell.time_bar(live=False).at - 5.0)]


def test_that_the_first_moment_on_record_is_one_key_away(qtbot: QtBot, bar: TimeBar) -> None:
    bar.show_view(replace(samples_shell.time_bar(live=False), begins=samples.NOW - 9e6))
    with qtbot.waitSignal(bar.moment_chosen) as chosen:
        qtbot.keyClick(strip_of(bar), Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    assert chosen.args == [samples.NOW - 9e6]


def test_that_end_goes_live_only_from_the_past(qtbot: QtBot, bar: TimeBar) -> None:
    strip = strip_of(bar)
    with qtbot.assertNotEmitted(bar.live_toggled):
        qtbot.keyClick(strip, Qt.Key.Key_End)
    past(bar)
    with qtbot.waitSignal(bar.live_toggled) as toggled:
        qtbot.keyClick(strip, Qt.Key.Key_End)
    assert toggled.args == [True]


def test_that_the_wheel_asks_for_the_next_range_and_sideways_for_another_time(qtbot: QtBot, bar: TimeBar) -> None:
    strip = strip_of(bar)
    for delta, expected in ((120, 3600.0), (-120, 86400.0)):
        with qtbot.waitSignal(bar.span_chosen) as chosen:
            QApplication.sendEvent(strip, wheel(strip, QPoint(0, delta)))
        assert chosen.args == [expected]
    with qtbot.waitSignal(bar.panned) as panned:
        QApplication.sendEvent(strip, wheel(strip, QPoint(120, 0)))
    assert panned.args == [pytest.approx(-0.1)]


@pytest.mark.parametrize(("key", "share"), [(Qt.Key.Key_PageUp, -0.5), (Qt.Key.Key_PageDown, 0.5)])
def test_that_a_page_moves_the_range_by_half(qtbot: QtBot, bar: TimeBar, key: Qt.Key, share: float) -> None:
    with qtbot.waitSignal(bar.panned) as panned:
        qtbot.keyClick(strip_of(bar), key)
    assert panned.args == [share]


def test_that_space_plays_and_brackets_change_the_speed(qtbot: QtBot, bar: TimeBar) -> None:
    strip = past(bar)
    with qtbot.waitSignal(bar.play_toggled):
        qtbot.keyClick(strip, Qt.Key.Key_Space)
    speeds = [speed for speed, _ in SPEEDS]
    assert bar._speed.speed == 60.0
    with qtbot.waitSignal(bar.speed_chosen) as chosen:
        qtbot.keyClick(strip, Qt.Key.Key_BracketRight)
    assert chosen.args == [speeds[speeds.index(60.0) + 1]]
    with qtbot.waitSignal(bar.speed_chosen) as chosen:
        qtbot.keyClick(strip, Qt.Key.Key_BracketLeft)
    assert chosen.args == [10.0]


def test_that_the_speed_is_chosen_from_a_menu(qtbot: QtBot, bar: TimeBar) -> None:
    past(bar)
    with qtbot.waitSignal(bar.speed_chosen) as chosen:
        bar._speed._actions[3600.0].trigger()
    assert chosen.args == [3600.0]


def test_that_the_buttons_step_to_the_incidents_before_and_after(qtbot: QtBot, bar: TimeBar) -> None:
    past(bar)
    for button, direction in ((bar._earlier, -1), (bar._later, 1)):
        with qtbot.waitSignal(bar.stepped) as stepped:
            qtbot.mouseClick(button, LEFT)
        assert stepped.args == [direction]


def test_that_a_click_on_the_clock_asks_for_a_moment(qtbot: QtBot, bar: TimeBar) -> None:
    past(bar)
    assert bar._clock.accessibleName() == "13:27:32 CST 40:00 behind live"
    with qtbot.waitSignal(bar.moment_asked):
        qtbot.mouseClick(bar._clock, LEFT)


def test_that_a_record_without_a_collector_has_an_end_and_no_present(bar: TimeBar) -> None:
    bar.show_view(replace(samples_shell.time_bar(live=False), offline=True))
    assert bar._go_live.accessibleName() == "To the end"


def test_that_the_tip_names_incidents_gaps_and_the_time_of_the_site(bar: TimeBar) -> None:
    strip = strip_of(bar)
    view = samples_shell.time_bar()
    gap = GapMark(samples.NOW - 9000, samples.NOW - 8000, "no record for 16:40\nno collector ran")
    bar.show_view(replace(view, gaps=(gap,), begins=samples.NOW - 14000))

    def tip(at: float) -> str:
        return strip.tip_at((at - view.start) / (view.stop - view.start) * (strip.width() - 8))

    assert "severity 1, open 6 min" in tip(samples.NOW - 379)
    assert "13 Nov 14:01" in tip(samples.NOW - 379)
    assert "no collector ran" in tip(samples.NOW - 8500)
    assert "no collector ran" not in tip(samples.NOW - 7000)
    assert "the record begins" in tip(samples.NOW - 14300)


def test_that_a_gap_is_hatched_over_the_track(qtbot: QtBot, bar: TimeBar) -> None:
    strip = strip_of(bar)
    view = samples_shell.time_bar()
    whole = strip.grab().toImage()
    bar.show_view(replace(view, gaps=(GapMark(samples.NOW - 9000, samples.NOW - 8000, "no record"),)))
    gapped = strip.grab().toImage()
    scale = (strip.width() - 8) / (view.stop - view.start)
    inside = round((samples.NOW - 8500 - view.start) * scale)
    outside = round((samples.NOW - 7000 - view.start) * scale)
    columns = {x: [(whole.pixel(x, y), gapped.pixel(x, y)) for y in range(20, 34)] for x in (inside, outside)}
    assert any(before != after for before, after in columns[inside])
    assert all(before == after for before, after in columns[outside])


def wheel(widget: QWidget, delta: QPoint) -> QWheelEvent:
    middle = QPointF(widget.width() / 2, widget.height() / 2)
    return QWheelEvent(
        middle, widget.mapToGlobal(middle), QPoint(0, 0), delta, Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
