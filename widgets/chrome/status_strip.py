"""The status line: the console's own health, in words."""

from PySide6.QtCore import QEvent, QPointF, QRectF
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from widgets.controls.clickable import Clickable
from widgets.controls.elided import plain_tip
from widgets.theme.fonts import BOLD, MEDIUM, REGULAR, SMALL
from widgets.theme.icons import paint_icon
from widgets.theme.strokes import focus_ring, hairline
from widgets.theme.text import baseline, draw_runs, draw_text, runs_width
from widgets.theme.tokens import MARGIN, STATUS, ThemeSource
from widgets.view_models.shell import StatusItem, StatusView

SPACE = 16
ICON = 12


class StatusStrip(Clickable):
    """One line of facts, 24 px high; a click leads to Diagnostics. What is abnormal is bold and carries a sign."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._view = StatusView(())
        self._places: list[tuple[QRectF, StatusItem]] = []
        self.setFixedHeight(STATUS)
        self.setAccessibleName("status")
        theme.changed.connect(self.update)

    def show_view(self, view: StatusView) -> None:
        """Show the facts. Called once a second."""
        if view == self._view:
            return
        self._view = view
        self.setAccessibleDescription(", ".join(f"{item.label} {item.value}" for item in view.items))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The line; what does not fit is left out from the right, the abnormal never."""
        theme = self._source.theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.panel)
        hairline(painter, theme.hairline, 0, 0, self.width(), 0)
        self._places = self._arrange()
        for place, item in self._places:
            self._paint_item(painter, place, item)
        if self.hasFocus():
            focus_ring(painter, QRectF(self.rect()), theme.focus, 0)

    def event(self, event: QEvent) -> bool:
        """The tooltip explains the fact under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            point = QPointF(event.pos())
            tip = next((item.tip for place, item in self._places if place.contains(point)), "")
            QToolTip.showText(event.globalPos(), plain_tip(tip), self)
            return True
        return super().event(event)

    def _arrange(self) -> list[tuple[QRectF, StatusItem]]:
        """Where each fact stands: the last at the right edge, the others from the left."""
        items = list(self._view.items)
        if not items:
            return []
        last = items.pop()
        right = self.width() - MARGIN - self._width(last)
        kept = list(items)
        while kept and sum(self._width(item) + SPACE for item in kept) > right - MARGIN:
            normal = [item for item in kept if not item.abnormal]
            if not normal:
                break
            kept.remove(normal[-1])
        places = []
        x = float(MARGIN)
        for item in kept:
            width = min(self._width(item), max(0.0, right - SPACE - x))
            places.append((QRectF(x, 1, width, self.height() - 1), item))
            x += width + SPACE
        places.append((QRectF(right, 1, self._width(last), self.height() - 1), last))
        return places

    def _paint_item(self, painter: QPainter, place: QRectF, item: StatusItem) -> None:
        theme = self._source.theme
        x = place.left()
        if item.abnormal:
            paint_icon(painter, QRectF(x, place.center().y() - ICON / 2, ICON, ICON), "incidents", theme.text)
            x += ICON + 4
        weight = BOLD if item.abnormal else MEDIUM
        runs = [
            (f"{item.label} " if item.label else "", SMALL, REGULAR, theme.secondary),
            (item.value, SMALL, weight, theme.text),
        ]
        if x + runs_width(runs) <= place.right() + 1:
            draw_runs(painter, x, baseline(place, SMALL), runs)
        else:
            room = QRectF(x, place.top(), place.right() - x, place.height())
            draw_text(painter, room, f"{item.label} {item.value}", SMALL, theme.text, weight)

    def _width(self, item: StatusItem) -> float:
        theme = self._source.theme
        weight = BOLD if item.abnormal else MEDIUM
        label = f"{item.label} " if item.label else ""
        runs = [(label, SMALL, REGULAR, theme.secondary), (item.value, SMALL, weight, theme.text)]
        return runs_width(runs) + (ICON + 4 if item.abnormal else 0)
