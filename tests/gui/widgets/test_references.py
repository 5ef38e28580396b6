"""Some releases of the Qt binding lose a reference to True or None with every signal; Python before 3.12 then aborts.

A small smoke test does not show it: this one emits and refreshes thousands of times and counts.
"""

import sys

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QTableView
from pytestqt.qtbot import QtBot

from widgets.theme.tokens import ThemeSource
from widgets.tiles.limit_tile import LimitTile
from widgets.view_models.common import Gauge, LimitTileView

EMITS = 10_000
REFRESHES = 3_000
SLACK = 200
Index = QModelIndex | QPersistentModelIndex


class _Source(QObject):
    bare = Signal()
    flag = Signal(bool)
    anything = Signal(object)


class _Model(QAbstractTableModel):
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's own signature
        return 20

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's own signature
        return 4

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        return f"{index.row()} {index.column()}" if role == Qt.ItemDataRole.DisplayRole else None


def _counts() -> tuple[int, int, int]:
    return sys.getrefcount(True), sys.getrefcount(False), sys.getrefcount(None)


def _kept(before: tuple[int, int, int]) -> bool:
    return all(abs(now - then) < SLACK for now, then in zip(_counts(), before, strict=True))


def test_that_signals_keep_the_references_to_true_false_and_none(qtbot: QtBot) -> None:
    source = _Source()
    heard: list[int] = [0, 0, 0]
    source.bare.connect(lambda: heard.__setitem__(0, heard[0] + 1))
    source.flag.connect(lambda flag: heard.__setitem__(1, heard[1] + 1))
    source.anything.connect(lambda value: heard.__setitem__(2, heard[2] + 1))
    before = _counts()
    for number in range(EMITS):
        source.bare.emit()
        source.flag.emit(number % 2 == 0)
        source.anything.emit(None)
    assert heard == [EMITS, EMITS, EMITS]
    assert _kept(before)


def test_that_refreshing_a_table_keeps_them_too(qtbot: QtBot) -> None:
    model = _Model()
    view = QTableView()
    qtbot.addWidget(view)
    view.setModel(model)
    view.resize(400, 300)
    with qtbot.waitExposed(view):
        view.show()
    before = _counts()
    for _ in range(REFRESHES):
        model.dataChanged.emit(model.index(0, 0), model.index(19, 3))
        model.layoutChanged.emit()
    view.viewport().repaint()
    assert _kept(before)


def test_that_painted_widgets_keep_them_too(qtbot: QtBot, theme: ThemeSource) -> None:
    tile = LimitTile(theme)
    qtbot.addWidget(tile)
    tile.resize(210, 96)
    with qtbot.waitExposed(tile):
        tile.show()
    before = _counts()
    for number in range(REFRESHES):
        tile.show_view(LimitTileView("Hashrate", "", f"{number % 50}.4", "TH/s", "", Gauge(number % 50, 0, 50)))
        tile.repaint()
    assert _kept(before)
