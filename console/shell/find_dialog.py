"""Looks for devices on a network: progress, cancel, what each is to the inventory, and ticks for what to take in."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from console.domain.sightings import Sighting
from console.presenters.findings import COLUMNS, FindingRow, findings_summary
from console.shell.dialogs import heading, plain

WIDTH, HEIGHT = 1080, 560
ROW = 24
STRETCHED = COLUMNS.index("Model")


class FindDialog(QDialog):
    """The window of one search. Closing it ends a scan that runs; what was taken in stays."""

    scan_asked = Signal(str)
    stop_asked = Signal()
    take_asked = Signal(list)
    """The sightings that are ticked."""

    def __init__(self, site: str, networks: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Find devices")
        self.resize(WIDTH, HEIGHT)
        self._rows: Sequence[FindingRow] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(heading(f"Find devices for {site}"))
        column.addWidget(plain("Every address is asked who it is, politely and without any login.", role="secondary"))
        self.networks = QLineEdit(networks)
        self.networks.setAccessibleName("networks, ranges or hosts")
        self.networks.setPlaceholderText("10.31.14.0/24, 10.31.15.10-40")
        self.scan = QPushButton("Scan")
        self.scan.setDefault(True)
        self.stop = QPushButton("Stop")
        top = QHBoxLayout()
        top.addWidget(self.networks, 1)
        top.addWidget(self.scan)
        top.addWidget(self.stop)
        column.addLayout(top)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        column.addWidget(self.progress)
        self.message = plain("")
        column.addWidget(self.message)
        self.table = self._build_table()
        column.addWidget(self.table, 1)
        column.addLayout(self._build_foot())
        self.scan.clicked.connect(lambda: self.scan_asked.emit(self.networks.text()))
        self.stop.clicked.connect(self.stop_asked)
        self.set_busy(False)
        self.show_rows(())
        self.say("What is found stands here, with what it is to this site: known, moved, new or in doubt.")

    def _build_table(self) -> QTableView:
        self._model = QStandardItemModel(0, len(COLUMNS), self)
        self._model.setHorizontalHeaderLabels(list(COLUMNS))
        self._model.itemChanged.connect(self._count_ticks)
        table = QTableView()
        table.setAccessibleName("devices found")
        table.setModel(self._model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setShowGrid(False)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(ROW)
        head = table.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(STRETCHED, QHeaderView.ResizeMode.Stretch)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return table

    def _build_foot(self) -> QHBoxLayout:
        self.take = QPushButton("Take in")
        self.take.clicked.connect(lambda: self.take_asked.emit(self.ticked()))
        close = QPushButton("Close")
        close.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(plain("What is taken in is read from then on; nothing is commanded.", role="secondary"), 1)
        foot.addWidget(self.take)
        foot.addWidget(close)
        return foot

    def set_busy(self, busy: bool) -> None:
        """A scan runs, or has ended."""
        self.networks.setEnabled(not busy)
        self.scan.setVisible(not busy)
        self.stop.setVisible(busy)
        self.progress.setVisible(busy)
        self.progress.setRange(0, 0)
        if busy:
            self.show_rows(())
            self.message.setText("Scanning")

    def show_progress(self, asked: int, total: int, found: int) -> None:
        """So many of all places are asked, and so many devices found."""
        self.progress.setRange(0, total)
        self.progress.setValue(asked)
        self.message.setText(f"{asked:,} of {total:,} asked, {found:,} found")

    def show_rows(self, rows: Sequence[FindingRow]) -> None:
        """Show what was found; what may be taken in can be ticked."""
        self._rows = rows
        self._model.setRowCount(0)
        for row in rows:
            self._model.appendRow([self._item(row, at) for at in range(len(row.cells))])
        self._count_ticks()

    def show_findings(self, rows: Sequence[FindingRow]) -> None:
        """The scan is over."""
        self.show_rows(rows)
        self.message.setText(findings_summary(rows))

    def say(self, text: str) -> None:
        """What happened, or why not."""
        self.message.setText(text)

    def ticked(self) -> list[Sighting]:
        """What is to be taken in."""
        return [
            row.sighting
            for at, row in enumerate(self._rows)
            if self._model.item(at, 0).checkState() is Qt.CheckState.Checked
        ]

    @staticmethod
    def _item(row: FindingRow, at: int) -> QStandardItem:
        item = QStandardItem(row.cells[at])
        item.setToolTip(row.tip)
        if at == 0 and row.may_tick:
            item.setCheckable(True)
            item.setCheckState(Qt.CheckState.Checked if row.ticked else Qt.CheckState.Unchecked)
        return item

    def _count_ticks(self) -> None:
        count = len(self.ticked())
        self.take.setText(f"Take in {count:,}" if count else "Take in")
        self.take.setEnabled(bool(count))
