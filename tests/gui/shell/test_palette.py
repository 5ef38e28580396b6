"""The command palette."""

from functools import partial

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from console.shell.palette import Entry, Palette, rank


def _entries(run: list[str]) -> list[Entry]:
    names = ["Show Site", "Show Fleet", "T14-118", "T14-119", "Close the console"]
    return [Entry(name, "B/T14" if name.startswith("T14") else "", partial(run.append, name)) for name in names]


def test_that_beginnings_come_before_beginnings_of_words() -> None:
    assert [entry.text for entry in rank("s", _entries([]))][:2] == ["Show Site", "Show Fleet"]
    assert [entry.text for entry in rank("fleet", _entries([]))] == ["Show Fleet"]
    assert [entry.text for entry in rank("t14 119", _entries([]))] == ["T14-119"]
    assert rank("nothing", _entries([])) == []


def test_that_arrows_choose_and_return_runs_once(qtbot: QtBot) -> None:
    run: list[str] = []
    palette = Palette(_entries(run))
    palette.open()
    qtbot.keyClicks(palette.field, "t14")
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert run == ["T14-119"]


def test_that_escape_runs_nothing(qtbot: QtBot) -> None:
    run: list[str] = []
    palette = Palette(_entries(run))
    palette.open()
    qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert run == []
