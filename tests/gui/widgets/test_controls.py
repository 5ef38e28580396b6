"""Controls as a user meets them: pointer, keys, focus, and text that stays what it is."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from widgets.controls.button import Button
from widgets.controls.chip import Chip
from widgets.controls.elided import ElidedLabel, plain_tip
from widgets.controls.panel import Panel
from widgets.controls.segments import Segments
from widgets.theme.icons import image
from widgets.theme.text import fit, text_width
from widgets.theme.tokens import ThemeSource

HOSTILE = ("<b>x</b>", "SLA < 10", "a & b", "<img src='file:///x'>", "x\ny", "\u202eevil", "\x00", "&lt;")
CHOICES = (("a", "First"), ("b", "Second"), ("c", "Third"))


def shown(qtbot: QtBot, widget: QWidget) -> None:
    """Put a widget on the screen and wait until it is there."""
    qtbot.addWidget(widget)
    with qtbot.waitExposed(widget):
        widget.show()


def test_that_a_click_chooses_a_segment_once(qtbot: QtBot, theme: ThemeSource) -> None:
    switch = Segments(theme, CHOICES)
    shown(qtbot, switch)
    with qtbot.waitSignal(switch.chosen) as chosen:
        qtbot.mouseClick(switch, Qt.MouseButton.LeftButton, pos=QPoint(switch.width() - 10, 10))
    assert chosen.args == ["c"]
    with qtbot.assertNotEmitted(switch.chosen):
        qtbot.mouseClick(switch, Qt.MouseButton.LeftButton, pos=QPoint(switch.width() - 10, 10))


def test_that_arrows_move_through_segments_and_stop_at_the_ends(qtbot: QtBot, theme: ThemeSource) -> None:
    switch = Segments(theme, CHOICES)
    shown(qtbot, switch)
    for key, expected in (
        (Qt.Key.Key_Right, "b"),
        (Qt.Key.Key_Right, "c"),
        (Qt.Key.Key_Right, "c"),
        (Qt.Key.Key_Left, "b"),
    ):
        qtbot.keyClick(switch, key)
        assert switch.current == expected


def test_that_setting_a_segment_from_outside_is_silent(qtbot: QtBot, theme: ThemeSource) -> None:
    switch = Segments(theme, CHOICES)
    qtbot.addWidget(switch)
    with qtbot.assertNotEmitted(switch.chosen):
        switch.set_current("b")
    assert switch.accessibleName() == "Second"


def test_that_a_segment_that_went_leaves_the_first_chosen(qtbot: QtBot, theme: ThemeSource) -> None:
    switch = Segments(theme, CHOICES)
    qtbot.addWidget(switch)
    switch.set_current("c")
    switch.set_choices(CHOICES[:2])
    assert switch.current == "a"


def test_that_a_blocked_button_keeps_focus_and_reason_but_does_nothing(qtbot: QtBot, theme: ThemeSource) -> None:
    button = Button(theme, "Reboot", key="R")
    shown(qtbot, button)
    button.set_blocked("coolant flow 61 % of minimum")
    with qtbot.assertNotEmitted(button.clicked):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert button.focusPolicy() == Qt.FocusPolicy.StrongFocus
    assert button.isEnabled()
    assert "coolant flow 61 % of minimum" in button.toolTip()
    assert button.accessibleDescription() == "blocked: coolant flow 61 % of minimum"


def test_that_a_blocked_button_ignores_the_keyboard_too(qtbot: QtBot, theme: ThemeSource) -> None:
    button = Button(theme, "Reboot")
    shown(qtbot, button)
    button.set_blocked("not now")
    with qtbot.assertNotEmitted(button.clicked):
        qtbot.keyClick(button, Qt.Key.Key_Space)


def test_that_a_released_button_works_by_pointer_and_key(qtbot: QtBot, theme: ThemeSource) -> None:
    button = Button(theme, "Locate")
    shown(qtbot, button)
    with qtbot.waitSignal(button.clicked):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(button.clicked):
        qtbot.keyClick(button, Qt.Key.Key_Space)


def test_that_a_chip_takes_clicks_only_when_asked(qtbot: QtBot, theme: ThemeSource) -> None:
    plain, live = Chip(theme, "place"), Chip(theme, "filter", clickable=True)
    for chip in (plain, live):
        shown(qtbot, chip)
    with qtbot.assertNotEmitted(plain.clicked):
        qtbot.mouseClick(plain, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(live.clicked):
        qtbot.keyClick(live, Qt.Key.Key_Return)
    assert plain.focusPolicy() == Qt.FocusPolicy.NoFocus


def test_that_an_empty_chip_takes_no_room(qtbot: QtBot, theme: ThemeSource) -> None:
    chip = Chip(theme, "x")
    qtbot.addWidget(chip)
    chip.set_text("")
    assert chip.isHidden()


@pytest.mark.parametrize("text", HOSTILE)
def test_that_text_from_outside_is_never_markup(qtbot: QtBot, theme: ThemeSource, text: str) -> None:
    label = ElidedLabel(theme, text)
    shown(qtbot, label)
    line = " ".join(text.splitlines())
    assert label.text == text
    assert fit(text, 13, 400, 10_000) == line
    assert label.sizeHint().width() >= text_width(text, 13) - 1


def test_that_markup_paints_as_many_letters_as_it_has(qtbot: QtBot, theme: ThemeSource) -> None:
    """`<b>x</b>` interpreted would be one letter wide."""
    label = ElidedLabel(theme, "<b>x</b>")
    label.resize(200, 20)
    qtbot.addWidget(label)
    assert _ink_width(label.grab().toImage()) > 35


def test_that_tooltips_escape_markup() -> None:
    assert "&lt;b&gt;x&lt;/b&gt;" in plain_tip("<b>x</b>")
    assert plain_tip("") == ""


def test_that_a_shortened_label_tells_the_whole_in_its_tooltip(qtbot: QtBot, theme: ThemeSource) -> None:
    label = ElidedLabel(theme, "Antminer S19 XP immersion, BM1366, LuxOS")
    qtbot.addWidget(label)
    label.resize(80, 20)
    label.show()
    assert "LuxOS" in label.toolTip()
    label.resize(600, 20)
    assert label.toolTip() == ""


def test_that_a_panel_names_itself_for_assistive_technology(qtbot: QtBot, theme: ThemeSource) -> None:
    panel = Panel(theme, "Linked trends")
    qtbot.addWidget(panel)
    panel.set_note("one cursor, one axis")
    assert (panel.accessibleName(), panel.accessibleDescription()) == ("Linked trends", "one cursor, one axis")


def test_that_an_unknown_icon_is_an_error_and_not_a_blank(theme: ThemeSource) -> None:
    with pytest.raises(FileNotFoundError):
        image("no-such-icon", theme.theme.text, 16)


def test_that_icons_take_the_tint(qtbot: QtBot, theme: ThemeSource) -> None:
    picture = image("site", theme.theme.sev4, 20)
    tints = {
        QColor(picture.pixel(x, y)).hue()
        for x in range(20)
        for y in range(20)
        if picture.pixelColor(x, y).alpha() == 255
    }
    assert tints
    assert all(abs(hue - theme.theme.sev4.hue()) <= 3 for hue in tints)


def _ink_width(picture: QImage) -> int:
    """Width in pixels of what was drawn."""
    ground = picture.pixel(picture.width() - 1, 0)
    columns = [x for x in range(picture.width()) if any(picture.pixel(x, y) != ground for y in range(picture.height()))]
    return columns[-1] - columns[0] + 1 if columns else 0
