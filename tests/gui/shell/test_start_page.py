"""The first start: three ways, each of which says what goes wrong."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from pytestqt.qtbot import QtBot

from console.shell.beginnings import FoundDevice
from console.shell.operations import Operations
from console.shell.start_page import StartPage
from widgets.theme.fonts import load_fonts
from widgets.theme.tokens import ThemeSource, load_theme

MINER = FoundDevice("10.0.0.7:4028", "miner", "Bitmain Antminer S19", "antminer-stock")
STRANGER = FoundDevice("10.0.0.9:4028", "miner", "", "")


class Beginnings:
    """Does as the test says."""

    def __init__(self) -> None:
        self.opened: list[Path] = []
        self.read: list[Path] = []
        self.kept: list[tuple[Path, str, tuple[FoundDevice, ...]]] = []
        self.virtual: list[int] = []
        self.found: Sequence[FoundDevice] = (MINER, STRANGER)
        self.error = ""
        self.gate = asyncio.Event()
        self.gate.set()

    async def open_folder(self, folder: Path, *, collect: bool = True) -> None:
        if self.error:
            raise ValueError(self.error)
        (self.opened if collect else self.read).append(folder)

    async def scan(self, targets: str, on_progress: Callable[[int, int, int], None]) -> Sequence[FoundDevice]:
        on_progress(100, 256, 1)
        await self.gate.wait()
        return self.found

    async def keep(self, folder: Path, name: str, found: Sequence[FoundDevice]) -> None:
        self.kept.append((folder, name, tuple(found)))

    async def virtual_site(self, miners: int, on_step: Callable[[str], None]) -> None:
        on_step("Starting")
        self.virtual.append(miners)


def _page(qtbot: QtBot, beginnings: Beginnings) -> tuple[StartPage, Operations]:
    load_fonts()
    operations = Operations(lambda _: None)
    page = StartPage(ThemeSource(load_theme("dark")), beginnings, operations)
    qtbot.addWidget(page)
    page.show()
    return page, operations


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_that_the_virtual_site_starts_with_the_number_of_miners_asked(qtbot: QtBot) -> None:
    beginnings = Beginnings()
    page, operations = _page(qtbot, beginnings)
    page.miners.setValue(50)
    page.virtual_button.click()
    await _settle()
    assert beginnings.virtual == [50]
    await operations.close()


async def test_that_a_folder_that_is_no_site_says_so(qtbot: QtBot) -> None:
    beginnings = Beginnings()
    beginnings.error = "/tmp/x is no site folder. Choose another."
    page, operations = _page(qtbot, beginnings)
    page.open_folder(Path("/tmp/x"))
    await _settle()
    assert page.message.text() == beginnings.error
    assert page.virtual_button.isEnabled()
    await operations.close()


async def test_that_a_scan_shows_progress_and_what_it_found_can_become_a_site(qtbot: QtBot) -> None:
    beginnings = Beginnings()
    beginnings.gate.clear()
    page, operations = _page(qtbot, beginnings)
    assert not page.keep_button.isEnabled()
    page.scan_button.click()
    await _settle()
    assert page.message.text() == "100 of 256 asked, 1 found"
    assert page.progress.value() == 100
    beginnings.gate.set()
    await _settle()
    assert page.results.count() == 2
    assert page.keep_button.isEnabled()
    page.site_name.setText("Barn")
    page.keep(Path("/tmp/barn"))
    await _settle()
    assert beginnings.kept == [(Path("/tmp/barn"), "Barn", (MINER, STRANGER))]
    await operations.close()


async def test_that_a_scan_can_be_cancelled(qtbot: QtBot) -> None:
    beginnings = Beginnings()
    beginnings.gate.clear()
    page, operations = _page(qtbot, beginnings)
    page.scan()
    await _settle()
    page.cancel_button.click()
    await _settle()
    assert page.message.text() == "Cancelled."
    assert page.scan_button.isEnabled()
    await operations.close()


async def test_that_a_folder_can_be_opened_without_collecting(qtbot: QtBot, tmp_path: Path) -> None:
    beginnings = Beginnings()
    page, operations = _page(qtbot, beginnings)
    page.open_record(tmp_path)
    await _settle()
    assert (beginnings.read, beginnings.opened) == ([tmp_path], [])
    assert page.read_button.isVisible()
    await operations.close()
