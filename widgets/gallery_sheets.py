"""Sheets of the gallery: every small widget in every state, under each other."""

from dataclasses import replace

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from widgets.chrome.notice import Notice
from widgets.chrome.time_bar import TimeBar
from widgets.controls.button import Button
from widgets.controls.chip import Chip
from widgets.controls.clock_bar import paint_clock
from widgets.controls.elided import ElidedLabel
from widgets.controls.key_hint import KeyHint
from widgets.controls.panel import Panel
from widgets.controls.segments import Segments
from widgets.theme.fonts import LABEL
from widgets.theme.severity_shapes import describe, paint_absent, paint_severity
from widgets.theme.text import draw_text
from widgets.theme.tokens import GAP, MARGIN, ThemeSource
from widgets.tiles.limit_tile import LimitTile
from widgets.view_models import samples, samples_device, samples_shell
from widgets.view_models.common import AckState, ClockPhase, ClockView, Gauge, LimitTileView, SeverityMark

HOSTILE = "<b>not bold</b> SLA < 10 & rising; plain text stays plain"


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


def time_bars(theme: ThemeSource) -> QWidget:
    """The time bar live, standing still, playing, and at the end of a record that nobody continues."""
    parts = []
    views = (
        ("Live", samples_shell.time_bar()),
        ("Standing still", samples_shell.time_bar(live=False)),
        ("Playing", replace(samples_shell.time_bar(live=False), playing=True, speed=600.0)),
        ("Before the record begins", replace(samples_shell.time_bar(live=False), begins=samples.NOW - 9000)),
        ("Without a collector", replace(samples_shell.time_bar(live=False), offline=True, now_label="end")),
    )
    for title, view in views:
        bar = TimeBar(theme)
        bar.show_view(view)
        parts.append((title, bar))
    return _sheet(theme, *parts)
