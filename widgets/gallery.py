"""Every widget in every state, dark and light: `python -m widgets.gallery [--screenshot DIR] [--size 1920x1080]`.

For people who design or review the screen. It needs no site and no collector: everything shown is one consistent set of
sample numbers. With --screenshot each page is written as a picture instead of opening a window.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
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
from widgets.controls.button import Button
from widgets.controls.chip import Chip
from widgets.controls.clock_bar import paint_clock
from widgets.controls.elided import ElidedLabel
from widgets.controls.key_hint import KeyHint
from widgets.controls.panel import Panel
from widgets.controls.segments import Segments
from widgets.displays.device import DeviceDisplay
from widgets.displays.fleet import FleetDisplay
from widgets.displays.incidents import IncidentsDisplay
from widgets.displays.overview import OverviewDisplay
from widgets.displays.site import SiteDisplay
from widgets.theme.fonts import LABEL, load_fonts
from widgets.theme.severity_shapes import describe, paint_absent, paint_severity
from widgets.theme.stylesheet import palette, stylesheet
from widgets.theme.text import draw_text
from widgets.theme.tokens import GAP, MARGIN, ThemeSource, load_theme
from widgets.tiles.limit_tile import LimitTile
from widgets.view_models import samples, samples_device, samples_fleet, samples_incidents, samples_shell
from widgets.view_models.common import (
    AckState,
    ClockPhase,
    ClockView,
    Gauge,
    LimitTileView,
    SeverityMark,
)

Page = Callable[[ThemeSource], QWidget]
SETTLING = 4
"""Rounds of posted events after which every layout stands."""
HOSTILE = "<b>not bold</b> SLA < 10 & rising; plain text stays plain"


class Frame(QWidget):
    """A display with the frame of the console around it."""

    def __init__(self, theme: ThemeSource, display: QWidget, current: str, *, live: bool = True) -> None:
        super().__init__()
        header, bar, rail = Header(theme), TimeBar(theme), Rail(theme)
        notice, status = Notice(theme), StatusStrip(theme)
        header.show_view(samples_shell.header(stale=not live))
        bar.show_view(samples_shell.time_bar(live=live))
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


class ShapeSheet(QWidget):
    """All severity shapes at their three sizes, with names."""

    def __init__(self, theme: ThemeSource) -> None:
        super().__init__()
        self._source = theme
        self.setMinimumHeight(260)
        theme.changed.connect(self.update)
        theme.blinked.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The sheet."""
        theme = self._source.theme
        painter = QPainter(self)
        for column, (ack, group) in enumerate((ack, group) for ack in AckState for group in (False, True)):
            for severity in (1, 2, 3, 4):
                mark = SeverityMark(severity, ack, group)
                x, y = 16 + column * 220, 12 + (severity - 1) * 60
                for offset, size in ((0, 14), (28, 20), (64, 32)):
                    place = QRectF(x + offset, y, size, size)
                    paint_severity(painter, place, mark, theme, blink_on=self._source.blink_on, digit=size > 14)
                draw_text(painter, QRectF(x, y + 34, 210, 18), describe(mark), LABEL, theme.secondary)
        for severity in (1, 2, 3, 4):
            paint_absent(painter, QRectF(1340, 12 + (severity - 1) * 60, 20, 20), severity, theme)


class ClockSheet(QWidget):
    """Clocks in every phase, alone and beside their text."""

    CLOCKS = (
        (ClockView("mitigation", "23:41", 0.21, ClockPhase.NEUTRAL), 1),
        (ClockView("response", "07:02", 0.78, ClockPhase.WARNING), 2),
        (ClockView("", "+00:04:12 over", 1.07, ClockPhase.OVER), 1),
        (ClockView("resolution", "3 h 07 m", 0.4, ClockPhase.NEUTRAL), 3),
        (ClockView("", "|| 2 h 10 m left", 0.5, ClockPhase.PAUSED), 4),
        (ClockView("", "Mon 17:00 CST", 0.1, ClockPhase.NEUTRAL), 4),
        (ClockView("response", "01:18 of 30:00", 0.04, ClockPhase.DONE), 1),
    )

    def __init__(self, theme: ThemeSource) -> None:
        super().__init__()
        self._source = theme
        self.setMinimumHeight(80)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The sheet."""
        painter = QPainter(self)
        for index, (clock, severity) in enumerate(self.CLOCKS):
            paint_clock(painter, QRectF(16 + index * 200, 8, 120, 24), clock, self._source.theme, severity)
            beside = QRectF(16 + index * 200, 44, 180, 20)
            paint_clock(painter, beside, clock, self._source.theme, severity, beside=True)


def _sheet(theme: ThemeSource, *parts: tuple[str, QWidget]) -> QWidget:
    """Titled panels under each other."""
    sheet = QWidget()
    column = QVBoxLayout(sheet)
    column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
    column.setSpacing(GAP)
    for title, part in parts:
        panel = Panel(theme, title, padding=MARGIN)
        panel.body.addWidget(part)
        column.addWidget(panel)
    column.addStretch(1)
    return sheet


def _row(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GAP)
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    return holder


def controls(theme: ThemeSource) -> QWidget:
    """Shapes, clocks, buttons, chips, switches, fields, notices."""
    blocked = Button(theme, "Reboot", key="R")
    blocked.set_blocked("coolant flow 61 % of minimum")
    buttons = _row(
        Button(theme, "Mitigated", key="M", primary=True), Button(theme, "Escalate", key="E"),
        Button(theme, "Trends", icon="trends"), blocked,
    )  # fmt: skip
    field = QLineEdit()
    field.setPlaceholderText("Search")
    small = _row(
        Segments(theme, (("deviation", "Deviation"), ("hashrate", "Hashrate"), ("chip_temp", "Chip temp"))),
        Chip(theme, "verified 12 May 2026", icon="check"), Chip(theme, "order frozen, 2 changes pending", inverse=True),
        Chip(theme, "filter", clickable=True), KeyHint(theme, "Ctrl+K", "palette"), field,
    )  # fmt: skip
    notices = QWidget()
    column = QVBoxLayout(notices)
    column.setContentsMargins(0, 0, 0, 0)
    for view in samples_shell.notices():
        notice = Notice(theme)
        notice.show_view(view)
        column.addWidget(notice)
    return _sheet(
        theme, ("Severity shapes", ShapeSheet(theme)), ("Clocks", ClockSheet(theme)), ("Buttons", buttons),
        ("Switches, chips, fields", small), ("Notices", notices), ("Plain text", ElidedLabel(theme, HOSTILE)),
    )  # fmt: skip


def tiles(theme: ThemeSource) -> QWidget:
    """Limit tiles: normal, abnormal, stale, without data, with long words."""
    stale = LimitTileView(
        "Loop A flow", "min 8,400", "9,240", "L/min", "110 %", Gauge(9240, 6000, 11000, 8900, 10100), None, None,
        "stale 2 m 10 s",
    )  # fmt: skip
    nothing = LimitTileView("PUE", "not metered", "no data", "", "", Gauge(None, 1.0, 1.1, 1.02, 1.05))
    bare = LimitTileView("Uptime", "", "23 d 04 h", "", "normal")
    hostile = LimitTileView(HOSTILE, HOSTILE, "12,345,678", "TH/s", HOSTILE, None, None, SeverityMark(2))
    holder = QWidget()
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(GAP)
    views = (*samples.tiles(), *samples_device.tiles(), stale, nothing, bare, hostile)
    for index, view in enumerate(views):
        tile = LimitTile(theme)
        tile.show_view(view)
        grid.addWidget(tile, index // 8, index % 8)
    return _sheet(theme, ("Limit tiles", holder))


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
    "plots": plots,
    "overview": _overview(4),
    "overview-one": _overview(1),
    "overview-none": _overview(0),
    "site": site,
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
