"""Every widget in every state, dark and light: `python -m widgets.gallery [--screenshot DIR] [--size 1920x1080]`.

For people who design or review the screen. It needs no site and no collector: everything shown is one consistent set of
sample numbers. With --screenshot each page is written as a picture instead of opening a window.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QListWidget,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from widgets.charts.linked_plots import LinkedPlots
from widgets.chrome.header import Header
from widgets.chrome.notice import Notice
from widgets.chrome.rail import Rail
from widgets.chrome.status_strip import StatusStrip
from widgets.chrome.time_bar import TimeBar
from widgets.controls.panel import Panel
from widgets.controls.segments import Segments
from widgets.displays.device import DeviceDisplay
from widgets.displays.fleet import FleetDisplay
from widgets.displays.incidents import IncidentsDisplay
from widgets.displays.overview import OverviewDisplay
from widgets.displays.site import SiteDisplay
from widgets.gallery_sheets import controls, tiles, time_bars
from widgets.theme.fonts import load_fonts
from widgets.theme.stylesheet import palette, stylesheet
from widgets.theme.tokens import ThemeSource, load_theme
from widgets.view_models import samples, samples_device, samples_fleet, samples_incidents, samples_shell

Page = Callable[[ThemeSource], QWidget]
SETTLING = 4
"""Rounds of posted events after which every layout stands."""


class Frame(QWidget):
    """A display with the frame of the console around it."""

    def __init__(
        self, theme: ThemeSource, display: QWidget, current: str, *, live: bool = True, past: bool = False
    ) -> None:
        super().__init__()
        header, bar, rail = Header(theme), TimeBar(theme), Rail(theme)
        notice, status = Notice(theme), StatusStrip(theme)
        header.show_view(replace(samples_shell.header(stale=not live), live_mark=past))
        bar.show_view(samples_shell.time_bar(live=live and not past))
        rail.show_items(samples_shell.rail())
        rail.set_current(current)
        status.show_view(samples_shell.status())
        if not live:
            notice.show_view(samples_shell.notices()[0])
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(notice)
        right.addWidget(display, 1)
        right.addWidget(status)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(rail)
        middle.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(header)
        column.addWidget(bar)
        column.addLayout(middle, 1)


def plots(theme: ThemeSource) -> QWidget:
    """Linked plots alone."""
    chart = LinkedPlots(theme)
    chart.show_plots(samples_device.plots(), samples_device.TZ)
    panel = Panel(theme, "Linked trends")
    panel.body.addWidget(chart)
    return panel


def site(theme: ThemeSource) -> QWidget:
    """The Site display in its frame."""
    display = SiteDisplay(theme)
    display.show_view(samples.site())
    return Frame(theme, display, "site")


def past(theme: ThemeSource) -> QWidget:
    """The Site display of a moment of the past."""
    display = SiteDisplay(theme)
    display.show_view(samples.site())
    return Frame(theme, display, "site", past=True)


def incidents(theme: ThemeSource) -> QWidget:
    """The Incidents display in its frame."""
    display = IncidentsDisplay(theme)
    display.show_view(samples_incidents.incidents())
    return Frame(theme, display, "incidents")


def no_incidents(theme: ThemeSource) -> QWidget:
    """The Incidents display with nothing open."""
    display = IncidentsDisplay(theme)
    display.show_view(samples_incidents.no_incidents())
    return Frame(theme, display, "incidents")


def fleet(theme: ThemeSource) -> QWidget:
    """The Fleet display in its frame."""
    display = FleetDisplay(theme)
    display.show_view(samples_fleet.fleet(2944))
    return Frame(theme, display, "fleet")


def _device(kind: str) -> Page:
    def build(theme: ThemeSource) -> QWidget:
        display = DeviceDisplay(theme)
        display.show_view(
            {
                "miner": samples_device.miner,
                "air": lambda: samples_device.miner(chips=False, air=True),
                "silent": lambda: samples_device.miner(silent="unknown, last answer 14:05:10"),
                "pdu": samples_device.pdu,
            }[kind]()
        )
        return Frame(theme, display, "device", live=kind != "silent")

    return build


def _overview(sites: int) -> Page:
    def build(theme: ThemeSource) -> QWidget:
        display = OverviewDisplay(theme)
        display.show_view(samples_shell.overview(sites))
        return Frame(theme, display, "overview")

    return build


PAGES: dict[str, Page] = {
    "controls": controls,
    "tiles": tiles,
    "time-bars": time_bars,
    "plots": plots,
    "overview": _overview(4),
    "overview-one": _overview(1),
    "overview-none": _overview(0),
    "site": site,
    "site-past": past,
    "incidents": incidents,
    "incidents-none": no_incidents,
    "fleet": fleet,
    "device": _device("miner"),
    "device-air": _device("air"),
    "device-silent": _device("silent"),
    "device-pdu": _device("pdu"),
}


class Gallery(QMainWindow):
    """The pages with a list of them and a switch of the theme; pages are made when first looked at."""

    def __init__(self, application: QApplication, theme: ThemeSource) -> None:
        super().__init__()
        self._application = application
        self._source = theme
        self.setWindowTitle("Widgets")
        self._names = QListWidget()
        self._names.addItems(list(PAGES))
        self._names.setFixedWidth(160)
        self._stack = QStackedWidget()
        self._made: dict[str, QWidget] = {}
        switch = Segments(theme, (("dark", "Dark"), ("light", "Light")))
        switch.chosen.connect(self.set_theme)
        side = QVBoxLayout()
        side.addWidget(switch)
        side.addWidget(self._names)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addLayout(side)
        row.addWidget(self._stack, 1)
        self.setCentralWidget(holder)
        self._names.currentTextChanged.connect(self.show_page)
        self._names.setCurrentRow(0)

    def show_page(self, name: str) -> None:
        """Show a page by its name."""
        if name not in self._made:
            self._made[name] = PAGES[name](self._source)
            self._stack.addWidget(self._made[name])
        self._stack.setCurrentWidget(self._made[name])

    def set_theme(self, name: str) -> None:
        """Put a theme in force."""
        put_theme(self._application, self._source, name)


def put_theme(application: QApplication, source: ThemeSource, name: str) -> None:
    """Put a theme in force for painted widgets and for Qt's own."""
    theme = load_theme(name)
    application.setPalette(palette(theme))
    application.setStyleSheet(stylesheet(theme))
    source.set(theme)


def write_pictures(application: QApplication, source: ThemeSource, folder: Path, size: QSize) -> None:
    """Write every page in both themes as PNG files into a folder.

    Raises:
        OSError: A file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        window = QMainWindow()
        window.setCentralWidget(page(source))
        window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        window.resize(size)
        window.show()
        for theme in ("dark", "light"):
            put_theme(application, source, theme)
            for _ in range(SETTLING):
                application.sendPostedEvents()
            target = folder / f"{name}-{theme}-{size.width()}.png"
            if not window.grab().save(str(target)):
                raise OSError(f"{target} cannot be written")
        window.close()
        window.deleteLater()


def main(arguments: list[str] | None = None) -> int:
    """Open the gallery, or write its pictures."""
    parser = argparse.ArgumentParser(prog="python -m widgets.gallery", description=__doc__)
    parser.add_argument("--screenshot", type=Path, metavar="DIR", help="write every page as PNG and leave")
    parser.add_argument("--size", default="1920x1080", help="width x height of the pictures (default 1920x1080)")
    options = parser.parse_args(arguments)
    width, _, height = options.size.partition("x")
    application = QApplication(sys.argv[:1])
    load_fonts()
    source = ThemeSource(load_theme("dark"))
    put_theme(application, source, "dark")
    if options.screenshot is not None:
        write_pictures(application, source, options.screenshot, QSize(int(width), int(height)))
        return 0
    source.set_blinking(True)
    window = Gallery(application, source)
    window.resize(int(width), int(height))
    window.show()
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
