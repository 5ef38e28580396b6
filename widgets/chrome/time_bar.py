"""The time bar under the header: live, paused, or any moment of the range."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from widgets.chrome.time_strip import TimeStrip
from widgets.controls.clickable import Clickable
from widgets.controls.elided import ElidedLabel, plain_tip
from widgets.controls.segments import Segments
from widgets.theme.fonts import BOLD, SMALL
from widgets.theme.icons import paint_icon
from widgets.theme.strokes import fill_frame, focus_ring, hairline, hatch
from widgets.theme.text import CENTRE, draw_text
from widgets.theme.tokens import MARGIN, RAIL, TIME_BAR, ThemeSource
from widgets.view_models.shell import TimeBarView

SPANS = (("3600", "1 h"), ("14400", "4 h"), ("86400", "24 h"), ("604800", "7 d"))
LIVE_WIDTH = 46
BUTTON = 24
NARROW = 1100


class _LiveBadge(Clickable):
    """LIVE, or PAST; a click changes between them."""

    def __init__(self, theme: ThemeSource) -> None:
        super().__init__()
        self._source = theme
        self._live = True
        self.setFixedSize(LIVE_WIDTH, 20)
        self._describe()
        theme.changed.connect(self.update)

    def set_live(self, live: bool) -> None:
        if live != self._live:
            self._live = live
            self._describe()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._source.theme
        painter = QPainter(self)
        rect = QRectF(self.rect())
        if self._live:
            fill_frame(painter, rect, theme.text, theme.text, 3)
        else:
            fill_frame(painter, rect, theme.window, theme.text, 3)
        ink = theme.window if self._live else theme.text
        draw_text(painter, rect, "LIVE" if self._live else "PAST", SMALL, ink, BOLD, CENTRE)
        if self.hasFocus():
            focus_ring(painter, rect, theme.secondary if self._live else theme.focus, 3)

    def _describe(self) -> None:
        self.setAccessibleName("live" if self._live else "past")
        self.setToolTip("Pause the picture" if self._live else "Go live (End)")


class _IconButton(Clickable):
    """A 24 px icon."""

    def __init__(self, theme: ThemeSource, icon: str, name: str) -> None:
        super().__init__()
        self._source = theme
        self._icon = icon
        self.setFixedSize(BUTTON, BUTTON)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.set_icon(icon, name)
        theme.changed.connect(self.update)

    def set_icon(self, icon: str, name: str) -> None:
        self._icon = icon
        self.setAccessibleName(name)
        self.setToolTip(plain_tip(name))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(BUTTON, BUTTON)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._source.theme
        painter = QPainter(self)
        rect = QRectF(self.rect())
        if self.underMouse():
            fill_frame(painter, rect, theme.raised, theme.raised)
        ink = theme.text if self.underMouse() else theme.secondary
        paint_icon(painter, rect.adjusted(4, 4, -4, -4), self._icon, ink)
        if self.hasFocus():
            focus_ring(painter, rect, theme.focus)


class TimeBar(QWidget):
    """The bar that rules all displays, 40 px high; hatched while the picture stands still."""

    live_toggled = Signal(bool)
    """True to follow the present, False to stand still."""
    moment_chosen = Signal(float)
    """UTC seconds to show."""
    span_chosen = Signal(float)
    """Length of the range in seconds."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._live = True
        self._span = 14400.0
        self._start = 0.0
        self.setFixedHeight(TIME_BAR)
        self.setAccessibleName("time bar")
        self._badge = _LiveBadge(theme)
        self._pause = _IconButton(theme, "pause", "Pause the picture")
        self._back = _IconButton(theme, "back", "To the start of the range (Home)")
        self._strip = TimeStrip(theme)
        self._spans = Segments(theme, SPANS)
        self._zone = ElidedLabel(theme, "", size=SMALL, role="secondary")
        self._left = QWidget()
        self._left.setFixedWidth(RAIL)
        left = QHBoxLayout(self._left)
        left.setContentsMargins(MARGIN, 0, 0, 0)
        left.setSpacing(6)
        for part in (self._badge, self._pause, self._back):
            left.addWidget(part)
        left.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, MARGIN, 1)
        row.setSpacing(0)
        row.addWidget(self._left)
        row.addWidget(self._strip, 1)
        row.addSpacing(MARGIN)
        row.addWidget(self._spans)
        row.addSpacing(8)
        row.addWidget(self._zone)
        self._badge.clicked.connect(self._toggle)
        self._pause.clicked.connect(self._toggle)
        self._back.clicked.connect(self._to_start)
        self._strip.moment_chosen.connect(self.moment_chosen)
        self._strip.live_asked.connect(self._go_live)
        self._strip.zoomed.connect(self._zoom)
        self._spans.chosen.connect(self._choose_span)
        theme.changed.connect(self.update)

    def show_view(self, view: TimeBarView) -> None:
        """Show range, marks and play head. Called once a second while live."""
        if view.live != self._live:
            self._live = view.live
            self._pause.set_icon("pause" if view.live else "play", "Pause the picture" if view.live else "Go live")
            self.update()
        self._badge.set_live(view.live)
        self._span, self._start = view.span, view.start
        self._spans.set_current(f"{view.span:.0f}")
        self._zone.set_text(view.zone)
        self._strip.show_view(view)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Background, hatched while not live, and the lower hairline."""
        theme = self._source.theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.window)
        if not self._live:
            painter.fillRect(QRectF(0, 0, self._spans.x() - MARGIN, self.height()), hatch(theme.hairline, 16, 5.0))
        hairline(painter, theme.hairline, 0, self.height() - 1, self.width(), self.height() - 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow window has no room for the zone's name."""
        self._zone.setVisible(self.width() >= NARROW)

    def _toggle(self) -> None:
        self.live_toggled.emit(not self._live)

    def _go_live(self) -> None:
        if not self._live:
            self.live_toggled.emit(True)

    def _to_start(self) -> None:
        self.moment_chosen.emit(self._start)

    def _choose_span(self, choice: str) -> None:
        self.span_chosen.emit(float(choice))

    def _zoom(self, step: int) -> None:
        spans = [float(choice) for choice, _ in SPANS]
        nearest = min(range(len(spans)), key=lambda index: abs(spans[index] - self._span))
        wanted = min(max(nearest + step, 0), len(spans) - 1)
        if wanted != nearest:
            self.span_chosen.emit(spans[wanted])
