"""The head of the Device display: who the device is, how it stands, where it belongs."""

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from widgets.controls.clickable import Clickable
from widgets.controls.elided import plain_tip
from widgets.controls.key_hint import key_width, paint_key
from widgets.theme.fonts import BODY, LABEL, SECONDARY_FIGURE, SEMIBOLD, SMALL
from widgets.theme.severity_shapes import describe, paint_severity
from widgets.theme.strokes import CLEAR, fill_frame, focus_ring, hatch
from widgets.theme.text import draw_text, fit, text_width
from widgets.theme.tokens import MARGIN, ThemeSource
from widgets.view_models.common import AckState
from widgets.view_models.device import DeviceView

HEIGHT = 64
MARK = 32
FACT_SPACE = 40
KEY = "Backspace"


class _Up(Clickable):
    """Backspace, and where it leads."""

    def __init__(self, theme: ThemeSource) -> None:
        super().__init__()
        self._source = theme
        self._place = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(28)
        self.show_place("back")
        theme.changed.connect(self.update)

    def show_place(self, place: str) -> None:
        if place != self._place:
            self._place = place
            self.setAccessibleName(f"up to {place}")
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(key_width(KEY) + round(min(text_width(self._place, LABEL), 120)) + 18, 28)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._source.theme
        painter = QPainter(self)
        used = paint_key(painter, 4, self.height() / 2, KEY, theme)
        room = QRectF(used + 10, 0, self.width() - used - 12, self.height())
        draw_text(painter, room, self._place, LABEL, theme.secondary)
        if self.hasFocus():
            focus_ring(painter, QRectF(self.rect()), theme.focus)


class DeviceHead(QWidget):
    """Shape, name, state, place, subtitle, a few facts; hatched when the device is silent."""

    up_requested = Signal()

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._view: DeviceView | None = None
        self.setFixedHeight(HEIGHT)
        self._up = _Up(theme)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, MARGIN, 0)
        row.addStretch(1)
        row.addWidget(self._up)
        self._up.clicked.connect(self.up_requested)
        theme.changed.connect(self.update)
        theme.blinked.connect(self._on_blink)

    def show_view(self, view: DeviceView) -> None:
        """Show a device."""
        before = self._view
        self._view = view
        self._up.show_place(view.up or "back")
        if before is not None and _shown(before) == _shown(view):
            return
        mark = f"{describe(view.mark)}, " if view.mark is not None else ""
        self.setAccessibleName(f"{view.name}, {mark}{view.silent or view.state}, {view.place}")
        facts = [f"{label}: {value}" for label, value in view.head_facts]
        self.setAccessibleDescription(", ".join([view.subtitle, *facts]))
        self.setToolTip(plain_tip("\n".join([view.name, view.subtitle, *facts])))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The head."""
        theme, view = self._source.theme, self._view
        painter = QPainter(self)
        rect = QRectF(self.rect())
        fill_frame(painter, rect, theme.panel, theme.hairline)
        if view is None:
            return
        if view.silent:
            painter.fillRect(rect.adjusted(1, 1, -1, -1), hatch(theme.hairline))
        x = float(MARGIN)
        if view.mark is not None:
            paint_severity(painter, QRectF(x, 16, MARK, MARK), view.mark, theme, blink_on=self._source.blink_on)
            x += MARK + 16
        room = self._up.x() - x - 16
        wanted = self._identity_width(view)
        identity = min(wanted, room)
        self._paint_identity(painter, x, identity, view)
        self._paint_facts(painter, x + identity + FACT_SPACE, self._up.x() - 16, view)

    def _identity_width(self, view: DeviceView) -> float:
        chips = sum(text_width(text, SMALL, SEMIBOLD) + 20 for text in (view.silent or view.state, view.place) if text)
        first = text_width(view.name, SECONDARY_FIGURE, SEMIBOLD) + 8 + chips
        return max(first, min(text_width(view.subtitle, LABEL), 560.0))

    def _paint_identity(self, painter: QPainter, x: float, width: float, view: DeviceView) -> None:
        theme = self._source.theme
        name = QRectF(x, 10, width * 0.6, 24)
        used = draw_text(painter, name, view.name, SECONDARY_FIGURE, theme.text, SEMIBOLD)
        left = x + used + 10
        for text, inverse in ((view.silent or view.state, True), (view.place, False)):
            space = x + width - left
            if not text or space < 40:
                continue
            weight = SEMIBOLD if inverse else 400
            shown = fit(text, SMALL, weight, space - 12)
            chip = QRectF(round(left), 13, round(text_width(shown, SMALL, weight)) + 12, 18)
            fill_frame(painter, chip, theme.text if inverse else CLEAR, theme.text if inverse else theme.border, 3)
            ink = theme.window if inverse else theme.secondary
            draw_text(painter, chip.adjusted(6, 0, 0, 0), shown, SMALL, ink, weight)
            left = chip.right() + 8
        draw_text(painter, QRectF(x, 35, width, 18), view.subtitle, LABEL, theme.secondary)

    def _paint_facts(self, painter: QPainter, x: float, right: float, view: DeviceView) -> None:
        theme = self._source.theme
        for label, value in view.head_facts:
            width = max(text_width(label, LABEL), text_width(value, BODY, SEMIBOLD))
            if x + width > right:
                return
            draw_text(painter, QRectF(x, 14, width + 1, 18), label, LABEL, theme.secondary)
            draw_text(painter, QRectF(x, 32, width + 1, 18), value, BODY, theme.text, SEMIBOLD)
            x += width + FACT_SPACE

    def _on_blink(self) -> None:
        if self._view is not None and self._view.mark is not None and self._view.mark.ack is AckState.NEW:
            self.update()


def _shown(view: DeviceView) -> tuple[object, ...]:
    """What the head draws of a device."""
    return view.name, view.mark, view.state, view.silent, view.place, view.subtitle, view.head_facts, view.up
