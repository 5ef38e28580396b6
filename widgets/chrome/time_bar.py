"""The time bar under the header: live, standing still, or playing any moment on record."""

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from widgets.chrome.time_controls import Badge, IconButton, PastClock, SpeedButton
from widgets.chrome.time_strip import TimeStrip
from widgets.controls.button import Button
from widgets.controls.elided import ElidedLabel
from widgets.controls.segments import Segments
from widgets.theme.fonts import SMALL
from widgets.theme.strokes import hairline, hatch
from widgets.theme.tokens import GAP, MARGIN, RAIL, TIME_BAR, ThemeSource
from widgets.view_models.shell import SPANS, TimeBarView

NARROW = 1100
"""Width in pixels below which the zone's name has no room, and the distance to now neither."""


class TimeBar(QWidget):
    """The bar that rules all displays, 40 px high; hatched while it does not show the present."""

    live_toggled = Signal(bool)
    """True to follow the present, False to stand still."""
    moment_chosen = Signal(float)
    """UTC seconds to show."""
    dragged = Signal(float)
    """UTC seconds under the hand; `released` follows."""
    released = Signal()
    span_chosen = Signal(float)
    """Length of the range in seconds."""
    panned = Signal(float)
    """Share of the range to move it by."""
    play_toggled = Signal()
    speed_chosen = Signal(float)
    """Seconds of the past in one of the present."""
    stepped = Signal(int)
    """To the next (1) or former (-1) incident."""
    moment_asked = Signal()
    """The operator wants to type a moment."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._live = True
        self._offline = False
        self._playing = False
        self._span = 14400.0
        self.setFixedHeight(TIME_BAR)
        self.setAccessibleName("time bar")
        self._badge = Badge(theme, "LIVE", "Stop the picture (Ctrl+P)")
        self._pause = IconButton(theme, "pause", "Stop the picture (Ctrl+P)")
        self._earlier = IconButton(theme, "back", "To the incident before (Alt+Left)")
        self._play = IconButton(theme, "play", "Play (Ctrl+Space)")
        self._later = IconButton(theme, "fwd", "To the next incident (Alt+Right)")
        self._speed = SpeedButton(theme)
        self._strip = TimeStrip(theme)
        self._past = Badge(theme, "PAST", "The window shows the past", clickable=False)
        self._clock = PastClock(theme)
        self._spans = Segments(theme, [(f"{span:.0f}", label) for span, label in SPANS])
        self._zone = ElidedLabel(theme, "", size=SMALL, role="secondary")
        self._go_live = Button(theme, "Go live", key="End", primary=True)
        self._lay_out()
        self._connect()
        self._show_mode()
        theme.changed.connect(self.update)

    def _lay_out(self) -> None:
        left_side = QWidget()
        left_side.setFixedWidth(RAIL)
        left = QHBoxLayout(left_side)
        left.setContentsMargins(MARGIN, 0, 0, 0)
        left.setSpacing(3)
        for control in (self._badge, self._pause, self._earlier, self._play, self._later, self._speed):
            left.addWidget(control)
        left.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, MARGIN, 1)
        row.setSpacing(0)
        row.addWidget(left_side)
        row.addWidget(self._strip, 1)
        row.addSpacing(MARGIN)
        right = QHBoxLayout()
        right.setSpacing(GAP)
        for part in (self._past, self._clock, self._spans, self._zone, self._go_live):
            right.addWidget(part)
        row.addLayout(right)

    def _connect(self) -> None:
        strip = self._strip
        self._badge.clicked.connect(lambda: self.live_toggled.emit(False))
        self._pause.clicked.connect(lambda: self.live_toggled.emit(False))
        self._go_live.clicked.connect(lambda: self.live_toggled.emit(True))
        self._earlier.clicked.connect(lambda: self.stepped.emit(-1))
        self._later.clicked.connect(lambda: self.stepped.emit(1))
        self._play.clicked.connect(self.play_toggled)
        self._speed.chosen.connect(self.speed_chosen)
        self._clock.clicked.connect(self.moment_asked)
        strip.moment_chosen.connect(self.moment_chosen)
        strip.dragged.connect(self.dragged)
        strip.released.connect(self.released)
        strip.live_asked.connect(self._ask_live)
        strip.play_asked.connect(self.play_toggled)
        strip.speed_moved.connect(self._speed.move_speed)
        strip.panned.connect(self.panned)
        strip.zoomed.connect(self._zoom)
        self._spans.chosen.connect(lambda choice: self.span_chosen.emit(float(choice)))

    def show_view(self, view: TimeBarView) -> None:
        """Show range, marks and play head. Called twice a second while live, ten times while playing."""
        if (view.live, view.offline) != (self._live, self._offline):
            self._live, self._offline = view.live, view.offline
            self._show_mode()
        if view.playing != self._playing:
            self._playing = view.playing
            self._play.set_icon(*(("pause", "Stop (Ctrl+Space)") if view.playing else ("play", "Play (Ctrl+Space)")))
        self._span = view.span
        self._speed.set_speed(view.speed)
        self._spans.set_current(f"{view.span:.0f}")
        self._zone.set_text(view.zone)
        self._clock.show_moment(view.clock, view.behind)
        self._strip.show_view(view)

    def _show_mode(self) -> None:
        """What the present needs, or what the past does."""
        self._badge.setVisible(self._live)
        self._pause.setVisible(self._live)
        for part in (self._play, self._later, self._speed, self._past, self._clock, self._go_live):
            part.setVisible(not self._live)
        self._go_live.set_label("To the end" if self._offline else "Go live")
        self._fit()
        self.update()

    def _fit(self) -> None:
        roomy = self.width() >= NARROW
        self._zone.setVisible(self._live and roomy)
        self._clock.set_short(not roomy)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Background, hatched while not live, and the lower hairline."""
        theme = self._source.theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.window)
        if not self._live:
            edge = self._past.x() - MARGIN
            painter.fillRect(QRectF(0, 0, edge, self.height()), hatch(theme.hairline, 16, 5.0))
        hairline(painter, theme.hairline, 0, self.height() - 1, self.width(), self.height() - 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow window has no room for everything."""
        self._fit()

    def _ask_live(self) -> None:
        if not self._live:
            self.live_toggled.emit(True)

    def _zoom(self, step: int) -> None:
        spans = [span for span, _ in SPANS]
        nearest = min(range(len(spans)), key=lambda index: abs(spans[index] - self._span))
        wanted = min(max(nearest + step, 0), len(spans) - 1)
        if wanted != nearest:
            self.span_chosen.emit(spans[wanted])
