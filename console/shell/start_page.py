"""The first start: open a site folder, scan a network, or try the virtual site."""

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from console.shell.beginnings import Beginnings, FoundDevice
from console.shell.dialogs import plain
from console.shell.operations import Operations
from widgets.controls.panel import Panel
from widgets.theme.fonts import font
from widgets.theme.tokens import MARGIN, TOUCH, ThemeSource

CARD_WIDTH = 340
CARD_HEIGHT = 420
DEMO_MINERS = 300
DEFAULT_NETWORK = "192.168.1.0/24"


class StartPage(QWidget):
    """Three cards, each with what it needs and nothing more. One of them works at a time, and can be cancelled."""

    busy_changed = Signal(bool)

    def __init__(self, theme: ThemeSource, beginnings: Beginnings, operations: Operations) -> None:
        super().__init__()
        self._beginnings = beginnings
        self._operations = operations
        self._found: tuple[FoundDevice, ...] = ()
        self.setAccessibleName("start")
        self.message = plain("")
        self.message.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.cancel_button = _button("Cancel")
        self._cards = QWidget()
        self._build(theme)
        self.cancel_button.clicked.connect(self.cancel)
        self._set_busy("")

    def _build(self, theme: ThemeSource) -> None:
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        title = plain("TerraHash Console")
        title.setFont(font(24, 600))
        title.setStyleSheet("font-size: 24px; font-weight: 600;")
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        outer.addWidget(title)
        subtitle = plain("No site is open yet. Where do you want to begin?", role="secondary")
        subtitle.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        outer.addWidget(subtitle)
        outer.addSpacing(24)
        row = QHBoxLayout(self._cards)
        row.setSpacing(16)
        row.addStretch(1)
        for card in (self._folder_card(theme), self._scan_card(theme), self._virtual_card(theme)):
            row.addWidget(card)
        row.addStretch(1)
        outer.addWidget(self._cards)
        outer.addSpacing(16)
        outer.addWidget(self.message)
        foot = QHBoxLayout()
        foot.addStretch(1)
        self.progress.setFixedWidth(CARD_WIDTH)
        foot.addWidget(self.progress)
        foot.addWidget(self.cancel_button)
        foot.addStretch(1)
        outer.addLayout(foot)
        outer.addStretch(3)

    def _folder_card(self, theme: ThemeSource) -> Panel:
        card = _card(theme, "Open a site folder")
        card.body.addWidget(
            plain(
                "A folder that a collector writes, or a copy of one. Its history comes along. "
                "Without collecting, nothing is polled and the folder stays as it is."
            )
        )
        card.body.addStretch(1)
        self.open_button = _button("Choose a folder")
        self.open_button.clicked.connect(self._choose_folder)
        self.read_button = _button("Open without collecting")
        self.read_button.setToolTip("Shows what is on record: for copies, backups and other people's sites.")
        self.read_button.clicked.connect(self._choose_record)
        card.body.addWidget(self.open_button)
        card.body.addWidget(self.read_button)
        return card

    def _scan_card(self, theme: ThemeSource) -> Panel:
        card = _card(theme, "Scan a network")
        card.body.addWidget(plain("Asks every address who it is, politely, and without a password."))
        form = QFormLayout()
        self.network = QLineEdit(DEFAULT_NETWORK)
        self.network.setAccessibleName("network or range")
        self.site_name = QLineEdit("My site")
        self.site_name.setAccessibleName("name of the site")
        form.addRow("Network", self.network)
        form.addRow("Site name", self.site_name)
        card.body.addLayout(form)
        self.results = QListWidget()
        self.results.setAccessibleName("devices found")
        card.body.addWidget(self.results, 1)
        self.scan_button = _button("Scan")
        self.scan_button.clicked.connect(self.scan)
        self.keep_button = _button("Make a site of these")
        self.keep_button.clicked.connect(self._choose_new_folder)
        self.keep_button.setEnabled(False)
        card.body.addWidget(self.scan_button)
        card.body.addWidget(self.keep_button)
        return card

    def _virtual_card(self, theme: ThemeSource) -> Panel:
        card = _card(theme, "Try the virtual site")
        card.body.addWidget(
            plain(
                "Miners, PDUs and two cooling loops on this machine, over their real protocols. "
                "Nothing leaves it, and everything ends with this window."
            )
        )
        form = QFormLayout()
        self.miners = QSpinBox()
        self.miners.setRange(10, 20_000)
        self.miners.setValue(DEMO_MINERS)
        self.miners.setGroupSeparatorShown(True)
        self.miners.setAccessibleName("miners")
        form.addRow("Miners", self.miners)
        card.body.addLayout(form)
        card.body.addStretch(1)
        self.virtual_button = _button("Start the virtual site")
        self.virtual_button.setDefault(True)
        self.virtual_button.clicked.connect(self.start_virtual)
        card.body.addWidget(self.virtual_button)
        return card

    def open_folder(self, folder: Path) -> None:
        """Open a folder that was chosen."""
        self._run(f"Opening {folder}", self._beginnings.open_folder(folder))

    def open_record(self, folder: Path) -> None:
        """Open a folder that was chosen as it is: nothing is polled."""
        self._run(f"Opening the record of {folder}", self._beginnings.open_folder(folder, collect=False))

    def scan(self) -> None:
        """Scan the network that stands in the field."""
        self._run(f"Scanning {self.network.text()}", self._scan(self.network.text()))

    def keep(self, folder: Path) -> None:
        """Make a site of what was found."""
        work = self._beginnings.keep(folder, self.site_name.text().strip() or "My site", self._found)
        self._run(f"Making a site in {folder}", work)

    def start_virtual(self) -> None:
        """Start the virtual site."""
        work = self._beginnings.virtual_site(self.miners.value(), self._say)
        self._run(f"Starting a virtual site with {self.miners.value():,} miners", work)

    def cancel(self) -> None:
        """Stop what runs."""
        self._operations.cancel("Beginning")
        self._set_busy("")
        self._say("Cancelled.")

    def _choose_folder(self) -> None:
        self._choose("Open a site folder", self.open_folder)

    def _choose_record(self) -> None:
        self._choose("Open a site folder without collecting", self.open_record)

    def _choose_new_folder(self) -> None:
        self._choose("Folder for the new site", self.keep)

    def _choose(self, title: str, done: Callable[[Path], None]) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: done(Path(chosen)))
        dialog.open()

    def _run(self, text: str, work: Coroutine[Any, Any, None]) -> None:
        self._set_busy(text)
        self._operations.replace("Beginning", self._guarded(work))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (ValueError, OSError, RuntimeError) as error:
            self._say(str(error))
        finally:
            self._set_busy("")

    async def _scan(self, targets: str) -> None:
        self._show_found(())
        found = await self._beginnings.scan(targets, self._scanned)
        self._show_found(found)
        self._say(
            f"{len(found)} found." if found else "Nothing answered. Check the network, or try its range of ports."
        )

    def _scanned(self, asked: int, total: int, found: int) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(asked)
        self._say(f"{asked:,} of {total:,} asked, {found} found")

    def _show_found(self, found: Sequence[FoundDevice]) -> None:
        self._found = tuple(found)
        self.results.clear()
        self.results.addItems([f"{device.address}  {device.title or device.kind}" for device in found])
        self.keep_button.setEnabled(any(device.profile for device in found))

    def _say(self, text: str) -> None:
        self.message.setText(text)

    def _set_busy(self, text: str) -> None:
        busy = bool(text)
        self._cards.setEnabled(not busy)
        self.progress.setVisible(busy)
        self.progress.setRange(0, 0)
        self.cancel_button.setVisible(busy)
        if busy:
            self._say(text)
        self.busy_changed.emit(busy)


def _card(theme: ThemeSource, title: str) -> Panel:
    card = Panel(theme, title)
    card.setFixedSize(CARD_WIDTH, CARD_HEIGHT)
    card.body.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
    card.body.setSpacing(MARGIN)
    return card


def _button(text: str) -> QPushButton:
    made = QPushButton(text)
    made.setStyleSheet(f"min-height: {TOUCH - 2}px;")
    return made
