"""Composition root of the Qt console."""

import asyncio
import json
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QMessageLogContext, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from console.domain.identifiers import new_id
from console.domain.inventory import Device, Site
from console.exchange.site_text import write_site
from console.late_store import LateArchive, LateHistory
from console.link.launch import is_running, start_collector
from console.services.ports import UnreadableRecord
from console.services.rules import load_rules
from console.shell.beginnings import FoundDevice
from console.shell.operations import Trouble
from console.shell.processes import run_command
from console.shell.start_page import StartPage
from console.shell.workbench import Outside, Workbench
from console.support.interrupts import release_interrupts
from console.virtual_site import VirtualSite
from drivers.core.identity import Address, DeviceKind
from drivers.registry import all_profiles
from widgets.theme.fonts import BODY, font, load_fonts
from widgets.theme.stylesheet import palette, stylesheet
from widgets.theme.tokens import ThemeSource, load_theme

log = logging.getLogger(__name__)

FIRST_SIZE = (1920, 1080)
CONSOLE_FILE = "console.sqlite"
_PROGRESS = re.compile(r"(\d+)/(\d+) asked, (\d+) found")


@dataclass(frozen=True)
class Look:
    """How the window comes up.

    Attributes:
        theme: "dark" or "light".
        size: Width and height in pixels; None takes the screen (1920x1080 when headless).
        headless: The real window on Qt's offscreen platform.
        still: No blinking: reduced motion, and pictures that compare.
    """

    theme: str = "dark"
    size: tuple[int, int] | None = None
    headless: bool = False
    still: bool = False


@dataclass(frozen=True)
class Session:
    """What happens besides showing a window.

    Attributes:
        duration: Seconds after which the console closes by itself; None waits for the operator.
        screenshot: Where a picture of the window is written at the end; None for none.
        virtual: A virtual site that is started with the console and ends with it.
        on_tick: Called every `tick` seconds with the workbench, for summaries.
        on_end: Called once before anything is closed.
        display: Id of the display shown first; empty for the usual one.
        collect: Start a collector for each folder that has none; False opens the folders as they are.
    """

    duration: float | None = None
    screenshot: Path | None = None
    virtual: VirtualSite | None = None
    on_tick: Callable[[Workbench], None] | None = None
    tick: float = 5.0
    on_end: Callable[[Workbench], None] | None = None
    display: str = ""
    collect: bool = True


def run_console(folders: Sequence[Path], *, look: Look | None = None, session: Session | None = None) -> int:
    """Show the console on site folders until it is closed; returns the exit code.

    Without folders, and without a virtual site, it shows the start page.

    Raises:
        ProfileError, RuleError: The installation's own data is damaged.
        ValueError: A folder is no site folder.
        UnreadableRecord: A folder that is opened without collecting cannot be read.
    """
    look = look or Look()
    if look.headless:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    qInstallMessageHandler(_qt_message)
    application = QApplication.instance() or QApplication([sys.argv[0]])  # noqa: TID251 - this is the root
    if not isinstance(application, QApplication):
        raise TypeError("another kind of Qt application runs in this process")
    application.setApplicationName("TerraHash Console")
    application.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: QEventLoop(application)) as runner:
        return runner.run(_Desktop(application, look, session or Session()).run(folders))


_KNOWN_OF_OFFSCREEN = ("This plugin does not support",)


def _qt_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    """Qt's own messages go to the log; what the offscreen platform says of itself at every start does not."""
    if not text.startswith(_KNOWN_OF_OFFSCREEN):
        logging.getLogger("qt").log(_LEVELS.get(kind, logging.WARNING), "%s", text)


_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class _Desktop:
    """Builds the console, waits for its end, takes it apart."""

    def __init__(self, application: QApplication, look: Look, session: Session) -> None:
        load_fonts()
        application.setFont(font(BODY))
        self._application = application
        self._look = look
        self._session = session
        self._theme = ThemeSource(load_theme(look.theme))
        self._theme.set_blinking(not (look.headless or look.still))
        self._dress()
        self._profiles = all_profiles()
        self._workbench = Workbench(
            self._theme,
            Outside(
                clock=time.time,
                open_history=LateHistory,
                open_archive=LateArchive,
                rules=load_rules(),
                profiles=self._profiles,
                clipboard=application.clipboard(),
                set_theme=self._set_theme,
                scan=_scan,
            ),
        )
        self._virtual: VirtualSite | None = None
        self._temporary: list[Path] = []

    async def run(self, folders: Sequence[Path]) -> int:
        """The whole life of the console."""
        workbench, session = self._workbench, self._session
        self._handle_signals()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            if session.virtual is not None:
                await self._open_virtual(session.virtual)
            for folder in folders:
                await self.open_folder(folder, collect=session.collect)
            if workbench.context.sites:
                workbench.show_console()
                if session.display:
                    workbench.context.navigation.show(session.display)
            else:
                workbench.show_start(StartPage(self._theme, _Begin(self, workbench), workbench.operations))
            self._show_window()
            await self._until_closed()
            self._finish()
        return 0

    async def open_folder(self, folder: Path, *, collect: bool = True) -> None:
        """Open a site folder, starting its collector where none runs.

        A folder that cannot be written (read-only media, a copy on a share) and that nobody collects is opened as
        it is, like one with `collect` False: no collector, no present, everything that is on record.

        Raises:
            ValueError: It is no site folder.
            UnreadableRecord: It is opened as it is and cannot be read.
        """
        path = await asyncio.to_thread(folder.resolve)
        if not await asyncio.to_thread((path / CONSOLE_FILE).exists):
            remedy = f"Make one with `terrahash site import {folder} FILE.toml`, or choose another."
            raise ValueError(f"{folder} is no site folder. {remedy}")
        if collect and (await asyncio.to_thread(_is_writable, path) or await is_running(path)):
            self._workbench.open_site(path, start_collector)
            return
        await self._workbench.open_record(path)
        if collect:
            text = f"{folder} cannot be written: it was opened without collecting, and shows what is on record."
            self._workbench.notices.trouble(Trouble(text))

    async def _open_virtual(self, virtual: VirtualSite) -> None:
        self._virtual = virtual
        self._workbench.open_site(virtual.folder, virtual.ensure_collector, owns_collector=False)

    async def start_virtual(self, miners: int, on_step: Callable[[str], None]) -> None:
        """Start a virtual site from the start page; it ends with this console."""
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="terrahash-virtual-"))
        self._temporary.append(folder)
        virtual = VirtualSite(folder, miners)
        on_step("Starting the devices and their collector")
        await asyncio.to_thread(virtual.write)
        virtual.start()
        await self._open_virtual(virtual)
        self._workbench.show_console()

    def _dress(self) -> None:
        self._application.setPalette(palette(self._theme.theme))
        self._application.setStyleSheet(stylesheet(self._theme.theme))

    def _set_theme(self, name: str) -> None:
        self._theme.set(load_theme(name))
        self._dress()

    def _handle_signals(self) -> None:
        """Ctrl+C and SIGTERM close the console in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            if sys.platform == "win32":
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._workbench.closed.set))
            else:
                loop.add_signal_handler(number, self._workbench.closed.set)
        release_interrupts()

    def _show_window(self) -> None:
        window = self._workbench.window
        screen = self._application.primaryScreen().availableGeometry()
        if self._look.size is not None:
            window.resize(*self._look.size)
        elif self._look.headless:
            window.resize(*FIRST_SIZE)
        elif screen.width() <= FIRST_SIZE[0]:
            window.resize(screen.size())
            window.setWindowState(window.windowState() | Qt.WindowState.WindowMaximized)
        else:
            window.resize(*FIRST_SIZE)
        window.show()

    async def _until_closed(self) -> None:
        session, closed = self._session, self._workbench.closed
        end = None if session.duration is None else time.monotonic() + session.duration
        while not closed.is_set():
            left = session.tick if end is None else min(session.tick, end - time.monotonic())
            if left <= 0:
                return
            try:
                async with asyncio.timeout(left):
                    await closed.wait()
            except TimeoutError:
                self._tick()

    def _tick(self) -> None:
        if self._session.on_tick is not None:
            self._session.on_tick(self._workbench)

    def _finish(self) -> None:
        if self._session.on_end is not None:
            self._session.on_end(self._workbench)
        if self._session.screenshot is not None:
            path = self._session.screenshot
            if not self._workbench.window.grab().save(str(path)):
                log.error("the screenshot could not be written to %s: is its folder there and writable?", path)

    async def _close(self) -> None:
        stops = [self._workbench.close()]
        if self._virtual is not None:
            stops.append(self._virtual.stop())
        results = await asyncio.gather(*stops, return_exceptions=True)
        self._theme.set_blinking(False)
        for folder in self._temporary:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        for result in results:
            if isinstance(result, BaseException):
                log.error("closing: %s", result, exc_info=result)


def _is_writable(folder: Path) -> bool:
    """Whether a collector could write here."""
    return os.access(folder, os.W_OK) and os.access(folder / CONSOLE_FILE, os.W_OK)


class _Begin:
    """The start page's three ways, carried out."""

    def __init__(self, desktop: _Desktop, workbench: Workbench) -> None:
        self._desktop = desktop
        self._workbench = workbench

    async def open_folder(self, folder: Path, *, collect: bool = True) -> None:
        """Open an existing site folder."""
        try:
            await self._desktop.open_folder(folder, collect=collect)
        except UnreadableRecord as error:
            raise ValueError(str(error)) from error
        self._workbench.show_console()

    async def scan(self, targets: str, on_progress: Callable[[int, int, int], None]) -> Sequence[FoundDevice]:
        """Find and identify devices."""
        return await _scan(targets, on_progress)

    async def keep(self, folder: Path, name: str, found: Sequence[FoundDevice]) -> None:
        """Make a site folder of the devices that a profile fits."""
        if await asyncio.to_thread((folder / CONSOLE_FILE).exists):
            raise ValueError(f"{folder} is a site folder already: choose an empty one, or open it.")
        now = time.time()
        counted: dict[str, int] = {}
        devices = tuple(_device(item, counted, now) for item in found if item.profile)
        path = folder / "site.toml"
        await asyncio.to_thread(path.write_text, write_site(Site(new_id(now), name, "UTC", 0.0, 0.0, devices)), "utf-8")
        await run_command(["site", "import", str(folder), str(path)], lambda _: None)
        await self.open_folder(folder)

    async def virtual_site(self, miners: int, on_step: Callable[[str], None]) -> None:
        """Start a virtual site and show it."""
        await self._desktop.start_virtual(miners, on_step)


async def _scan(targets: str, on_progress: Callable[[int, int, int], None]) -> Sequence[FoundDevice]:
    """Find and identify devices, in a process of its own: hundreds of connections stay off the window's loop."""

    def report(line: str) -> None:
        match = _PROGRESS.search(line)
        if match is not None:
            on_progress(int(match[1]), int(match[2]), int(match[3]))

    wanted = targets.replace(",", " ").split()
    if not wanted:
        raise ValueError("Name a network, a range or a host to scan.")
    answer = json.loads(await run_command(["scan", *wanted, "--json"], report))
    return [
        FoundDevice(
            item["address"],
            item["kind"] or "",
            f"{item['make'] or ''} {item['model'] or ''}".strip(),
            *(item[name] or "" for name in ("profile", "serial", "mac", "model", "firmware")),
        )
        for item in answer["found"]
    ]


def _device(found: FoundDevice, counted: dict[str, int], now: float) -> Device:
    """A device of a new site, named by its kind and number."""
    counted[found.kind] = counted.get(found.kind, 0) + 1
    device = Device(
        new_id(now),
        f"{found.kind.upper()}-{counted[found.kind]:03}",
        DeviceKind(found.kind),
        Address.parse(found.address),
        profile=found.profile,
    )
    return replace(device, serial=found.serial, mac=found.mac.lower())
