"""Blocks of the header: two lines with a hairline at the left, and the counts by severity."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.controls.clickable import CLICK_KEYS, Clickable
from widgets.controls.clock_bar import paint_clock
from widgets.controls.elided import plain_tip
from widgets.theme.fonts import BODY, SEMIBOLD, SMALL, TITLE
from widgets.theme.severity_shapes import describe, paint_absent, paint_severity
from widgets.theme.strokes import fill_frame, focus_ring, hairline, hatch
from widgets.theme.text import LEFT, RIGHT, draw_runs, draw_text, metrics, text_width
from widgets.theme.tokens import HEADER, MARGIN, ThemeSource
from widgets.view_models.common import AckState, SeverityCount, SeverityMark
from widgets.view_models.shell import TopIncident

MARK = 20
Line = tuple[str, int, int, str]
"""A line of a block: text, size, weight, role of the colour."""


class Fact(Clickable):
    """Two lines over each other: a label and a figure, or a name and a role."""

    def __init__(
        self, theme: ThemeSource, width: int, parent: QWidget | None = None, *, align: Qt.AlignmentFlag = LEFT
    ) -> None:
        super().__init__(parent, clickable=False)
        self._source = theme
        self._lines: tuple[Line, Line] = (("", SMALL, 400, "text"), ("", SMALL, 400, "text"))
        self._after = ("", "")
        self._hatched = False
        self._align = align
        self.setFixedSize(width, HEADER - 1)
        theme.changed.connect(self.update)

    def show_lines(
        self, first: Line, second: Line, *, after: tuple[str, str] = ("", ""), hatched: bool = False
    ) -> None:
        """Show two lines, small secondary text after each, and a hatch behind them when stale."""
        if (first, second) == self._lines and after == self._after and hatched == self._hatched:
            return
        self._lines, self._after, self._hatched = (first, second), after, hatched
        self.setAccessibleName(" ".join(part for part in (first[0], after[0], second[0], after[1]) if part))
        self.setToolTip(plain_tip("\n".join(f"{a[0]} {b}".strip() for a, b in zip(self._lines, after, strict=True))))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Hairline, lines."""
        theme = self._source.theme
        painter = QPainter(self)
        hairline(painter, theme.hairline, 0, 0, 0, self.height())
        if self._hatched:
            painter.fillRect(self.rect().adjusted(1, 0, 0, 0), hatch(theme.border))
        heights = [16.0 if size <= BODY else 22.0 for _, size, _, _ in self._lines]
        y = round((self.height() - sum(heights)) / 2)
        for (text, size, weight, role), after, height in zip(self._lines, self._after, heights, strict=True):
            room = QRectF(MARGIN, y, self.width() - 2 * MARGIN, height)
            used = draw_text(painter, room, text, size, getattr(theme, role), weight, self._align)
            room.setLeft(room.left() + used + 4)
            if after and room.width() >= min(28.0, text_width(after, SMALL)):
                draw_text(painter, room, after, SMALL, theme.secondary)
            y += round(height)
        if self.hasFocus():
            focus_ring(painter, QRectF(self.rect()), theme.focus)


class Counts(QWidget):
    """Open incidents by severity; a click or Enter on one filters, left and right move between them."""

    clicked = Signal(int)
    """Severity 1 to 4."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._counts: tuple[SeverityCount, ...] = ()
        self._cells: list[QRectF] = []
        self._at = 0
        self.setFixedHeight(32)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.changed.connect(self.update)
        theme.blinked.connect(self._on_blink)

    def show_counts(self, counts: Sequence[SeverityCount]) -> None:
        """Show the counts, in the order given."""
        if tuple(counts) == self._counts:
            return
        self._counts = tuple(counts)
        x = 0.0
        self._cells = []
        for item in self._counts:
            width = MARK + 6 + round(text_width(f"{item.count:,}", TITLE, SEMIBOLD))
            self._cells.append(QRectF(x, 0, width, 32))
            x += width + 12
        described = [f"{item.count} of severity {item.severity}" for item in self._counts]
        self.setAccessibleName("open incidents: " + ", ".join(described))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the counts."""
        return QSize(round(self._cells[-1].right()) + 4 if self._cells else 0, 32)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Shapes and counts."""
        theme = self._source.theme
        painter = QPainter(self)
        for index, (item, cell) in enumerate(zip(self._counts, self._cells, strict=True)):
            shape = QRectF(cell.left(), cell.center().y() - MARK / 2, MARK, MARK)
            if item.count:
                mark = SeverityMark(item.severity, item.ack)
                paint_severity(painter, shape, mark, theme, blink_on=self._source.blink_on)
            else:
                paint_absent(painter, shape, item.severity, theme)
            ink = theme.text if item.count else theme.equipment
            draw_text(painter, cell.adjusted(MARK + 6, 0, 2, 0), f"{item.count:,}", TITLE, ink, SEMIBOLD)
            if self.hasFocus() and index == self._at:
                focus_ring(painter, cell.adjusted(-1, 2, 4, -2), theme.focus)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a count."""
        index = self._index_at(event.position().toPoint())
        if index >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self._at = index
            self.clicked.emit(self._counts[index].severity)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right choose a count, Enter and Space click it."""
        if event.key() in {Qt.Key.Key_Left, Qt.Key.Key_Right} and self._counts:
            step = 1 if event.key() == Qt.Key.Key_Right else -1
            self._at = min(max(self._at + step, 0), len(self._counts) - 1)
            self.update()
        elif event.key() in CLICK_KEYS and self._counts:
            self.clicked.emit(self._counts[self._at].severity)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        self.update()

    def _index_at(self, point: QPoint) -> int:
        for index, cell in enumerate(self._cells):
            if cell.adjusted(-4, 0, 6, 0).contains(point):
                return index
        return -1

    def _on_blink(self) -> None:
        if any(item.count and item.ack is AckState.NEW for item in self._counts):
            self.update()


class TopBanner(Clickable):
    """The one incident named in the header, with its clock."""

    CLOCK = 112

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent, clickable=False)
        self._source = theme
        self._top: TopIncident | None = None
        self._hover = False
        self.setFixedHeight(32)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("no open incident")
        theme.changed.connect(self.update)
        theme.blinked.connect(self._on_blink)

    @property
    def incident(self) -> str:
        """Id of the incident shown; empty for none."""
        return self._top.id if self._top is not None else ""

    def show_top(self, top: TopIncident | None) -> None:
        """Show an incident, or that there is none."""
        if top == self._top:
            return
        self._top = top
        self.set_clickable(top is not None)
        if top is None:
            self.setAccessibleName("no open incident")
            self.setToolTip("")
        else:
            self.setAccessibleName(f"{describe(top.mark)}: {top.title}, {top.clock.label} {top.clock.text}")
            self.setToolTip(plain_tip(f"{top.title}\n{top.clock.tip}".strip()))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Frame, shape, title, clock."""
        theme, top = self._source.theme, self._top
        painter = QPainter(self)
        rect = QRectF(self.rect())
        if top is None:
            draw_text(painter, rect, "No open incident", BODY, theme.secondary)
            return
        fill = theme.raised if self._hover else theme.panel
        fill_frame(painter, rect, fill, fill)
        paint_severity(painter, QRectF(8, 6, MARK, MARK), top.mark, theme, blink_on=self._source.blink_on)
        clock = QRectF(rect.right() - self.CLOCK - 8, 0, self.CLOCK, rect.height())
        title = QRectF(40, 0, clock.left() - 52, rect.height())
        draw_text(painter, title, top.title, BODY, theme.text, SEMIBOLD)
        paint_clock(painter, clock, top.clock, theme, top.mark.severity)
        if self.hasFocus():
            focus_ring(painter, rect, theme.focus)

    def enterEvent(self, event: QEvent) -> None:
        """Lift it."""
        self._hover = True
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Let it down."""
        self._hover = False
        self.update()

    def _on_blink(self) -> None:
        if self._top is not None and self._top.mark.ack is AckState.NEW:
            self.update()


class SiteBlock(Clickable):
    """Name of the site with its contract tier, and what it is made of."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent, clickable=False)
        self._source = theme
        self._name = self._tier = self._summary = ""
        self.setFixedHeight(HEADER - 1)
        theme.changed.connect(self.update)

    def show_site(self, name: str, tier: str, summary: str) -> None:
        """Show a site."""
        if (name, tier, summary) == (self._name, self._tier, self._summary):
            return
        self._name, self._tier, self._summary = name, tier, summary
        self.setAccessibleName(f"site {name}")
        self.setAccessibleDescription(", ".join(part for part in (tier, summary) if part))
        self.setToolTip(plain_tip("\n".join(part for part in (name, tier, summary) if part)))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, tier in a frame, summary."""
        theme = self._source.theme
        painter = QPainter(self)
        hairline(painter, theme.hairline, 0, 0, 0, self.height())
        room = self.width() - 2 * MARGIN
        tier = text_width(self._tier, SMALL) + 12 if self._tier else 0.0
        name = QRectF(MARGIN, 4, max(20.0, room - (tier + 8 if tier and room > 170 else 0)), 22)
        used = draw_text(painter, name, self._name, 18, theme.text, SEMIBOLD)
        if tier and room > 170:
            chip = QRectF(round(MARGIN + used + 10), 7, round(tier), 18)
            fill_frame(painter, chip, theme.panel, theme.border, 3)
            draw_text(painter, chip.adjusted(6, 0, 0, 0), self._tier, SMALL, theme.secondary)
        draw_text(painter, QRectF(MARGIN, 26, room, 16), self._summary, SMALL, theme.secondary)
        if self.hasFocus():
            focus_ring(painter, QRectF(self.rect()), theme.focus)


class Suppressed(QWidget):
    """How much is shelved or suppressed, in two small lines."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._lines: tuple[str, ...] = ()
        self.setFixedHeight(32)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setVisible(False)
        theme.changed.connect(self.update)

    def show_text(self, text: str) -> None:
        """Show one line, or two when a line break divides it; an empty text takes no room."""
        lines = tuple(text.splitlines()[:2])
        if lines == self._lines:
            return
        self._lines = lines
        self.setAccessibleName(", ".join(lines))
        self.setVisible(bool(lines))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the longer line."""
        return QSize(round(max((text_width(line, SMALL) for line in self._lines), default=0.0)) + 2, 32)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The lines."""
        theme = self._source.theme
        painter = QPainter(self)
        top = (self.height() - 16 * len(self._lines)) / 2
        for index, line in enumerate(self._lines):
            draw_text(painter, QRectF(0, top + 16 * index, self.width(), 16), line, SMALL, theme.secondary, align=RIGHT)


def paint_brand(painter: QPainter, x: float, middle: float, theme: ThemeSource, *, name: bool) -> None:
    """Draw the sign of the program: a hexagon with a T, and its name after it."""
    ink = theme.theme.text
    size = 22
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(x, middle - size / 2)
    pen = painter.pen()
    pen.setColor(ink)
    pen.setWidthF(1.7)
    painter.setPen(pen)
    corners = [QPoint(11, 1), QPoint(20, 6), QPoint(20, 16), QPoint(11, 21), QPoint(2, 16), QPoint(2, 6)]
    painter.drawPolygon(corners)
    painter.drawLine(6, 8, 16, 8)
    painter.drawLine(11, 8, 11, 16)
    painter.restore()
    if name:
        line = middle + metrics(14, SEMIBOLD).capHeight() / 2
        draw_runs(painter, x + size + 8, round(line), [("TerraHash", 14, SEMIBOLD, ink)])
