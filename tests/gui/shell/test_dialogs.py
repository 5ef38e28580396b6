"""Questions and the sheet of keys."""

import asyncio

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from console.shell.actions import Action, sheet
from console.shell.dialogs import Asker, KeepCollectingDialog, KeySheet, QuestionDialog, finished
from console.shell.incident_desk import Question

QUESTION = Question("Acknowledge INC-1?", "<b>Loop B</b>: flow < 600", "Acknowledge", note=True)


def test_that_text_from_a_site_is_never_markup(qtbot: QtBot) -> None:
    dialog = QuestionDialog(QUESTION)
    qtbot.addWidget(dialog)
    labels = dialog.findChildren(QLabel)
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels)
    assert "<b>Loop B</b>: flow < 600" in [label.text() for label in labels]


def test_that_a_note_that_is_needed_must_be_written(qtbot: QtBot) -> None:
    dialog = QuestionDialog(Question("Note", "", "Add the note", note=True, needs_note=True))
    qtbot.addWidget(dialog)
    assert not dialog.yes.isEnabled()
    dialog.note.setPlainText("  ")
    assert not dialog.yes.isEnabled()
    dialog.note.setPlainText("on my way")
    assert dialog.yes.isEnabled()


async def test_that_the_answer_comes_without_blocking_and_escape_is_no(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    asker = Asker(window)
    first = asyncio.ensure_future(asker.ask(QUESTION))
    second = asyncio.ensure_future(asker.ask(QUESTION))
    await asyncio.sleep(0.01)
    dialog = window.findChildren(QuestionDialog)[0]
    assert len(window.findChildren(QuestionDialog)) == 1
    dialog.note.setPlainText("seen")
    dialog.yes.click()
    assert await first == "seen"
    await asyncio.sleep(0.01)
    open_ones = [found for found in window.findChildren(QuestionDialog) if found.isVisible()]
    open_ones[0].reject()
    assert await second is None


async def test_that_a_question_goes_when_its_asker_does(qtbot: QtBot) -> None:
    dialog = QuestionDialog(QUESTION)
    qtbot.addWidget(dialog)
    waiting = asyncio.ensure_future(finished(dialog))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not dialog.isVisible()


def test_that_the_last_console_asks_whether_to_go_on(qtbot: QtBot) -> None:
    dialog = KeepCollectingDialog(["Pecos-2"])
    qtbot.addWidget(dialog)
    buttons = {button.text(): button for button in dialog.findChildren(QPushButton)}
    assert list(buttons) == ["Keep collecting", "Stop collecting", "Cancel"]
    buttons["Stop collecting"].click()
    assert dialog.result() == KeepCollectingDialog.STOP


def test_that_the_sheet_lists_every_key(qtbot: QtBot) -> None:
    keys = sheet(
        [Action("palette", "Find an action", "Ctrl+K", lambda: None), Action("none", "No key", "", lambda: None)]
    )
    dialog = KeySheet(keys)
    qtbot.addWidget(dialog)
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert "Ctrl+K" in texts
    assert "acknowledge the selected incidents" in texts
    assert "No key" not in texts
