"""The window rewound: real pointer and keys, an archive that answers when told, a present that goes on."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from console.presenters.source import SiteState
from console.services.ports import UnreadableRecord
from console.shell.feed import SiteFeed
from console.shell.moment_dialog import MomentDialog
from tests.gui.shell.bench import Console, console
from tests.unit.console.presenters.made_past import TRIPPED
from tests.unit.console.presenters.sites import NOW, site
from tests.unit.console.shell.test_feed import snapshot
from widgets.chrome.time_strip import TimeStrip
from widgets.displays.incidents import IncidentsDisplay

LEFT = Qt.MouseButton.LeftButton


async def until(qtbot: QtBot, fulfilled: Callable[[], bool]) -> None:
    """Let both loops turn until something is so."""
    async with asyncio.timeout(5):
        while not fulfilled():
            qtbot.wait(2)
            await asyncio.sleep(0.002)


def shown(feed: SiteFeed) -> SiteState:
    state = feed.source.shown
    assert state is not None
    return state


async def rewound(qtbot: QtBot, bench: Console, moment: float) -> SiteFeed:
    """A window that shows a moment of the past."""
    feed = bench.open()
    bench.workbench.screen.refresh()
    bench.workbench.time.choose(moment)
    await until(qtbot, lambda: shown(feed).frame.at == moment)
    await until(qtbot, lambda: "PAST" in bench.workbench.window.windowTitle())
    return feed


def strip_of(bench: Console) -> TimeStrip:
    strip = bench.workbench.window.time_bar.findChild(TimeStrip)
    assert isinstance(strip, TimeStrip)
    return strip


def place(bench: Console, moment: float) -> QPoint:
    """Where a moment stands on the strip."""
    strip = strip_of(bench)
    start, stop = bench.workbench.time.axis.range(bench.now)
    return QPoint(round((moment - start) / (stop - start) * (strip.width() - 8)), 26)


async def test_that_a_drag_shows_keyframes_and_the_very_instant_when_the_hand_lets_go(
    qtbot: QtBot, tmp_path: Path
) -> None:
    async with console(tmp_path) as bench:
        feed = bench.open()
        bench.workbench.screen.refresh()
        bench.workbench.time._rest.setInterval(60_000)
        site_of = bench.workbench.context.current
        site_of.rewinder._exact_seconds = 1.0  # a site whose exact answers take a second
        strip = strip_of(bench)
        qtbot.mousePress(strip, LEFT, pos=place(bench, NOW - 7200))
        for back in (7000, 5000, 3000):
            qtbot.mouseMove(strip, place(bench, NOW - back))
            await until(qtbot, lambda: not site_of.rewinder.is_busy)
        assert {exact for _, exact in bench.archive.asked} == {False}
        assert shown(feed).frame.at % 600 == 0
        qtbot.mouseRelease(strip, LEFT, pos=place(bench, NOW - 3000))
        await until(qtbot, lambda: site_of.rewinder.is_settled)
        asked, exact = bench.archive.asked[-1]
        assert exact
        assert asked == pytest.approx(NOW - 3000, abs=30)
        assert shown(feed).frame.at == asked


async def test_that_a_hand_that_rests_while_dragging_gets_the_very_instant(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        bench.open()
        bench.workbench.screen.refresh()
        bench.workbench.time._rest.setInterval(1)
        bench.workbench.context.current.rewinder._exact_seconds = 1.0
        qtbot.mousePress(strip_of(bench), LEFT, pos=place(bench, NOW - 7200))
        await until(qtbot, lambda: len(bench.archive.asked) > 0 and bench.archive.asked[-1][1])
        qtbot.mouseRelease(strip_of(bench), LEFT, pos=place(bench, NOW - 7200))


async def test_that_only_the_newest_question_waits_while_one_is_answered(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        feed = bench.open()
        bench.workbench.time._rest.setInterval(60_000)
        bench.archive.gate.clear()
        bench.workbench.time.drag(NOW - 50)
        await until(qtbot, lambda: len(bench.archive.asked) == 1)
        for back in range(100, 5100, 100):
            bench.workbench.time.drag(NOW - back)
        bench.archive.gate.set()
        await until(qtbot, lambda: shown(feed).frame.at == NOW - 5000)
        assert len(bench.archive.asked) == 2


async def test_that_an_answer_that_comes_after_the_operator_went_live_is_dropped(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        feed = bench.open()
        bench.archive.gate.clear()
        bench.workbench.time.choose(NOW - 3600)
        await until(qtbot, lambda: len(bench.archive.asked) == 1)
        bench.workbench.time.go_live()
        bench.archive.gate.set()
        await until(qtbot, lambda: not bench.workbench.context.current.rewinder.is_busy)
        assert feed.source.moment.live
        assert shown(feed) is feed.source.present


async def test_that_the_present_goes_on_in_the_header_while_the_displays_show_the_past(
    qtbot: QtBot, tmp_path: Path
) -> None:
    async with console(tmp_path) as bench:
        feed = await rewound(qtbot, bench, NOW - 3600)
        bench.now = NOW + 5
        bench.say(feed, [snapshot(site(), tick=2, at=NOW + 4)])
        bench.workbench.screen.refresh()
        assert feed.source.present is not None
        assert feed.source.present.frame.tick == 2
        assert shown(feed).frame.at == NOW - 3600
        assert bench.workbench.window.header._clock.accessibleName().startswith("14:07:37")
        assert bench.workbench.window.header._live.isVisible()


async def test_that_one_key_follows_live_again(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        feed = await rewound(qtbot, bench, NOW - 3600)
        qtbot.keyClick(bench.workbench.window, Qt.Key.Key_End)
        assert feed.source.moment.live
        bench.workbench.screen.refresh()
        assert "PAST" not in bench.workbench.window.windowTitle()
        assert not bench.workbench.window.header._live.isVisible()


async def test_that_steps_lead_to_the_onset_of_incidents(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        feed = bench.open()
        bench.trip(feed)
        bench.workbench.screen.refresh()
        bench.workbench.time.step(-1)
        await until(qtbot, lambda: shown(feed).frame.at == TRIPPED)
        assert len(shown(feed).open_incidents()) == 1
        bench.workbench.time.step(-1)
        assert "no earlier incident" in bench.workbench.notices.view().text
        bench.workbench.time.choose(TRIPPED - 60)
        await until(qtbot, lambda: shown(feed).frame.at == TRIPPED - 60)
        assert shown(feed).open_incidents() == []
        bench.workbench.time.step(1)
        await until(qtbot, lambda: shown(feed).frame.at == TRIPPED)


async def test_that_nothing_is_acknowledged_in_the_past_and_the_reason_stands_there(
    qtbot: QtBot, tmp_path: Path
) -> None:
    async with console(tmp_path) as bench:
        feed = await rewound(qtbot, bench, TRIPPED + 60)
        bench.trip(feed)
        bench.workbench.context.navigation.show("incidents")
        bench.workbench.screen.refresh()
        display = bench.workbench.window.page
        assert display is not None
        assert isinstance(display.widget, IncidentsDisplay)
        button = display.widget.head.button("acknowledge")
        assert button is not None
        assert "PAST" in button.blocked
        assert display.widget.notes.field.isReadOnly()
        qtbot.keyClick(display.widget.queue.table, Qt.Key.Key_Space)
        assert not display.widget.queue.confirm.isVisible()
        bench.workbench.desk.act_on_selected("acknowledge")
        assert "PAST" in bench.workbench.notices.view().text


async def test_that_a_new_severity_1_is_told_in_the_past_and_its_button_goes_live(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        bench.now = TRIPPED - 100
        feed = await rewound(qtbot, bench, TRIPPED - 3600)
        assert bench.workbench.notices.view().text == ""
        bench.now = NOW
        bench.trip(feed)
        notice = bench.workbench.notices.view()
        assert "pump 2 tripped" in notice.text
        assert (notice.action, notice.severity) == ("Go live", 1)
        bench.workbench.notices.act()
        assert feed.source.moment.live
        assert bench.workbench.notices.view().text == ""


async def test_that_playing_moves_on_until_it_is_stopped_and_stops_on_the_very_instant(
    qtbot: QtBot, tmp_path: Path
) -> None:
    async with console(tmp_path) as bench:
        feed = await rewound(qtbot, bench, NOW - 7200)
        bench.workbench.time.set_speed(3600.0)
        bench.workbench.time.toggle_playing()
        await until(qtbot, lambda: bench.workbench.time.head.at > NOW - 6900)
        bench.workbench.time.toggle_playing()
        stopped = bench.workbench.time.head.at
        await until(qtbot, lambda: shown(feed).frame.at == stopped)
        assert not bench.workbench.time.head.playing
        assert bench.archive.asked[-1] == (stopped, True)


async def test_that_playing_ends_in_the_present(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        feed = await rewound(qtbot, bench, NOW - 300)
        bench.workbench.time.set_speed(3600.0)
        bench.workbench.time.toggle_playing()
        await until(qtbot, lambda: feed.source.moment.live)
        assert not bench.workbench.time.head.playing


async def test_that_a_moment_that_cannot_be_read_is_told_and_the_head_stays_with_what_is_shown(
    qtbot: QtBot, tmp_path: Path
) -> None:
    async with console(tmp_path) as bench:
        feed = await rewound(qtbot, bench, NOW - 3600)
        bench.archive.error = UnreadableRecord("2026-11.sqlite is damaged.")
        bench.workbench.time.choose(NOW - 7200)
        await until(qtbot, lambda: "2026-11.sqlite is damaged" in bench.workbench.notices.view().text)
        assert bench.workbench.time.head.at == NOW - 3600
        assert shown(feed).frame.at == NOW - 3600


async def test_that_a_typed_moment_is_explained_while_it_is_typed_and_then_shown(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        feed = bench.open()
        bench.workbench.screen.refresh()
        bench.workbench.commands.open_moment()
        dialog = next(child for child in bench.workbench.window.children() if isinstance(child, MomentDialog))
        dialog.field.clear()
        qtbot.keyClicks(dialog.field, "13:0")
        assert not dialog.go.isEnabled()
        qtbot.keyClicks(dialog.field, "0:05")
        assert dialog.meaning.text() == "Fri 13 Nov 2026 13:00:05 CST, 19:00:05 UTC"
        qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
        await until(qtbot, lambda: shown(feed).frame.at == NOW - 4047)


async def test_that_a_drag_outside_the_record_stops_at_its_beginning(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        await rewound(qtbot, bench, NOW - 3600)
        bench.workbench.screen.refresh()
        site_of = bench.workbench.context.current
        await until(qtbot, lambda: site_of.record_begin == bench.archive.begins)
        bench.workbench.time.choose(NOW - 10 * 86400)
        assert bench.workbench.time.head.at == bench.archive.begins


@pytest.mark.parametrize("display", ["overview", "site", "fleet", "device", "incidents"])
async def test_that_every_display_shows_the_past_without_an_error(qtbot: QtBot, tmp_path: Path, display: str) -> None:
    async with console(tmp_path) as bench:
        await rewound(qtbot, bench, TRIPPED + 30)
        bench.workbench.context.navigation.show(display)
        bench.workbench.screen.refresh()
        bench.workbench.screen._refresh_past()
        assert bench.workbench.notices.view().text == ""


async def test_that_a_folder_opened_without_collecting_shows_its_end_and_every_moment_before(
    qtbot: QtBot, tmp_path: Path
) -> None:
    async with console(tmp_path) as bench:
        bench.now = NOW + 30 * 86400
        feed = await bench.workbench.open_record(tmp_path)
        bench.workbench.window.show()
        bench.workbench.show_console()
        bench.workbench.screen.refresh()
        assert shown(feed).frame.at == bench.archive.ends
        assert "PAST" in bench.workbench.window.windowTitle()
        assert "the record" not in bench.workbench.notices.view().text
        bench.workbench.time.choose(NOW - 3600)
        await until(qtbot, lambda: shown(feed).frame.at == NOW - 3600)
        bench.workbench.time.go_live()
        assert shown(feed).frame.at == bench.archive.ends
        bench.workbench.desk.act_on_selected("acknowledge")
        assert "without collecting" in bench.workbench.notices.view().text
        for display in ("overview", "site", "fleet", "device", "incidents"):
            bench.workbench.context.navigation.show(display)
            bench.workbench.screen.refresh()
        assert "cannot be shown" not in bench.workbench.notices.view().text
    assert bench.archive.closed


async def test_that_a_folder_without_a_record_is_refused_with_one_sentence(qtbot: QtBot, tmp_path: Path) -> None:
    async with console(tmp_path) as bench:
        bench.archive.error = UnreadableRecord("This site folder has schema version 9.")
        with pytest.raises(UnreadableRecord, match="schema version 9"):
            await bench.workbench.open_record(tmp_path)
        assert bench.workbench.context.sites == []
        assert bench.archive.closed
