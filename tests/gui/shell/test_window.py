"""The console window: what it shows, what its keys do, and what it never does."""

import asyncio
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from console.link.state import LinkPhase, LinkState
from console.shell.palette import Palette
from tests.gui.shell.bench import console
from tests.unit.console.presenters.sites import NOW, site
from tests.unit.console.shell.test_feed import snapshot


async def test_that_a_snapshot_is_painted_and_its_latency_ends_after_the_paint(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        feed = bench.open()
        qtbot.waitUntil(lambda: feed.latency.first_painted_at is not None, timeout=5000)
        bench.now = NOW + 5
        bench.say(feed, [snapshot(site(), tick=2, at=NOW + 4)])
        qtbot.waitUntil(lambda: feed.latency.latency().readings == len(site().devices), timeout=5000)
        assert feed.latency.latency().p50 == pytest.approx(3.0)


@pytest.mark.parametrize("display", ["overview", "site", "fleet", "device", "incidents"])
async def test_that_every_display_shows_an_incident_without_an_error(
    qtbot: QtBot, tmp_path: Path, display: str
) -> None:
    async with console(tmp_path) as bench:
        feed = bench.open()
        bench.trip(feed)
        bench.workbench.context.navigation.show(display)
        bench.workbench.screen.refresh()
        bench.workbench.screen.refresh()
        qtbot.wait(20)
        assert bench.workbench.notices.view().text == ""
        assert bench.workbench.window.page is not None


async def test_that_backspace_leads_back_the_way_from_a_device_to_the_overview(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        feed = bench.open()
        case = bench.trip(feed)
        navigation = bench.workbench.context.navigation
        window = bench.workbench.window
        navigation.show("overview")
        assert navigation.place.display == "overview"
        navigation.open_incident(case)
        navigation.open_device(str(site().device("T2-001").id))
        bench.workbench.screen.refresh()
        qtbot.keyClick(window, Qt.Key.Key_Backspace)
        assert navigation.place.display == "incidents"
        qtbot.keyClick(window, Qt.Key.Key_Backspace)
        assert navigation.place.display == "overview"


async def test_that_pausing_holds_the_display_and_draws_the_edge_of_the_past(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        feed = bench.open()
        window = bench.workbench.window
        bench.workbench.commands.toggle_live()
        bench.workbench.screen.refresh()
        assert feed.source.moment.at == NOW
        assert "PAST 14:07:32" in window.windowTitle()
        bench.workbench.commands.go_live()
        bench.workbench.screen.refresh()
        assert feed.source.moment.live
        assert "PAST" not in window.windowTitle()


async def test_that_a_display_that_fails_is_named_and_the_rest_goes_on(
    qtbot: QtBot, tmp_path: Path, expected_log: list[str]
) -> None:
    expected_log.append("the display cannot be shown")
    async with console(tmp_path) as bench:
        feed = bench.open()
        page = bench.workbench.window.page
        assert page is not None

        def fail() -> None:
            raise RuntimeError("no such column")

        page.refresh = fail  # type: ignore[method-assign]  # a display with a bug
        bench.workbench.screen.refresh()
        bench.workbench.screen.refresh()
        assert "The display cannot be shown: no such column" in bench.workbench.notices.view().text
        assert feed.source.present is not None
        assert bench.workbench.screen.frames >= 2


async def test_that_a_lost_collector_is_told_and_the_window_goes_on(
    qtbot: QtBot, tmp_path: Path, expected_log: list[str]
) -> None:
    expected_log.append("the collector is lost")
    async with console(tmp_path) as bench:
        feed = bench.open()
        feed.on_state(LinkState(LinkPhase.LOST, "the collector has ended", 1.0, 1))
        bench.now = NOW + 130
        bench.workbench.screen.refresh()
        qtbot.wait(20)
        before = bench.workbench.screen.frames
        bench.workbench.screen.refresh()
        assert bench.workbench.screen.frames == before + 1


async def test_that_the_palette_finds_actions_and_devices_by_name(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        bench.open()
        bench.workbench.commands.open_palette()
        palette = next(child for child in bench.workbench.window.children() if isinstance(child, Palette))
        qtbot.keyClicks(palette.field, "t2-003")
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)
        place = bench.workbench.context.navigation.place
        assert (place.display, place.device) == ("device", str(site().device("T2-003").id))


async def test_that_every_key_of_the_window_is_bound_once(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        keys = [key for action in bench.workbench.commands.actions for key in action.key.split()]
        assert len(keys) == len(set(keys))
        bound = [shortcut.key().toString() for shortcut in bench.workbench.window.findChildren(QShortcut)]
        assert {"Ctrl+K", "F11", "Ctrl+1", "Ctrl+5", "Ctrl+T"} <= set(bound)
        assert not {"A", "Space", "M", "F", "Backspace"} & set(bound)


async def test_that_the_theme_changes_under_one_key(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        bench.open()
        bench.workbench.commands.toggle_theme()
        bench.workbench.screen.refresh()
        qtbot.wait(20)
        bench.workbench.commands.toggle_theme()
        assert bench.themes == ["light", "dark"]
        assert bench.workbench.notices.view().text == ""


async def test_that_letters_belong_to_the_text_while_somebody_writes(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        feed = bench.open()
        bench.trip(feed)
        window = bench.workbench.window
        field = QLineEdit(window)
        field.show()
        field.setFocus()
        qtbot.keyClicks(field, "a fan")
        assert field.text() == "a fan"
        assert bench.workbench.context.navigation.place.display == "site"


async def test_that_closing_without_a_live_collector_asks_nothing(
    qtbot: QtBot, tmp_path: Path, expected_log: list[str]
) -> None:
    expected_log.append("the collector is lost")
    async with console(tmp_path) as bench:
        feed = bench.open()
        feed.on_state(LinkState(LinkPhase.LOST, "gone"))
        bench.workbench.window.close()
        assert bench.workbench.window.isVisible()
        await bench.workbench.closed.wait()


async def test_that_history_is_read_for_what_is_looked_at_and_given_back(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        bench.open()
        bench.workbench.screen.refresh()
        bench.now = NOW + 3
        bench.workbench.screen.refresh()
        await _settle()
        seen = bench.history.asked
        assert seen > 0
        bench.workbench.context.navigation.open_device(str(site().device("T1-001").id))
        bench.workbench.screen.refresh()
        await _settle()
        assert bench.history.asked == seen + 1
    assert bench.history.closed


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)
