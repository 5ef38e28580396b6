"""What an incident touches, as a tree from the top down: the cause is marked, each node counts its members."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from widgets.theme.fonts import LABEL, REGULAR, SEMIBOLD, SMALL
from widgets.theme.severity_shapes import describe, paint_severity
from widgets.theme.strokes import focus_ring
from widgets.theme.text import CENTRE, draw_text
from widgets.theme.tokens import Theme, ThemeSource
from widgets.view_models.incidents import AffectedNode

MARGIN = 12
WIDE = 168
WIDE_LEAST = 128
WIDE_HEIGHT = 32
SLIM = 52
SLIM_MOST = 96
SLIM_HEIGHT = 60
GAP = 4
WIDE_GAP = 16
LEVEL_GAP = 24
LINE_GAP = 8
MARK = 14
MANY = 3
"""More nodes than this on one level are drawn as slim boxes."""


@dataclass(frozen=True, slots=True)
class _Level:
    nodes: tuple[int, ...]
    top: float
    bottom: float


class AffectedTree(QAbstractScrollArea):
    """Boxes by level; arrows move, Enter opens the device."""

    device_opened = Signal(str)

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._nodes: tuple[AffectedNode, ...] = ()
        self._severity = 0
        self._boxes: list[QRectF] = []
        self._levels: list[_Level] = []
        self._current = -1
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Affected")
        theme.changed.connect(self.viewport().update)
        theme.blinked.connect(self.viewport().update)

    def show_nodes(self, nodes: tuple[AffectedNode, ...], severity: int) -> None:
        """Show the tree of an incident of `severity`."""
        if nodes == self._nodes and severity == self._severity:
            return
        self._nodes, self._severity = nodes, severity
        self._current = min(self._current, len(nodes) - 1)
        self.setAccessibleDescription("; ".join(f"{node.title} {node.text}" for node in nodes))
        self._lay_out()
        self.viewport().update()

    def box_of(self, node: str) -> QRectF:
        """Where a node stands in the viewport; empty when there is none of that id."""
        for index, found in enumerate(self._nodes):
            if found.id == node:
                return self._boxes[index].translated(0, -self.verticalScrollBar().value())
        return QRectF()

    # -- layout -----------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._boxes = [QRectF() for _ in self._nodes]
        self._levels = []
        y = float(MARGIN)
        order = sorted(range(len(self._nodes)), key=lambda index: self._nodes[index].depth)
        for _, group in groupby(order, key=lambda index: self._nodes[index].depth):
            level = tuple(group)
            bottom = self._place_level(level, y)
            self._levels.append(_Level(level, y, bottom))
            y = bottom + LEVEL_GAP
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, round(y - LEVEL_GAP + MARGIN - self.viewport().height())))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(24)

    def _place_level(self, level: tuple[int, ...], top: float) -> float:
        room = self.viewport().width() - 2 * MARGIN
        slim = len(level) > MANY
        least, gap, height = (SLIM, GAP, SLIM_HEIGHT) if slim else (WIDE_LEAST, WIDE_GAP, WIDE_HEIGHT)
        fit = max(1, int((room + gap) // (least + gap)))
        lines = -(-len(level) // fit)
        across = -(-len(level) // lines)
        width = min(SLIM_MOST if slim else WIDE, (room - (across - 1) * gap) / across)
        for line in range(lines):
            part = level[line * across : (line + 1) * across]
            left = MARGIN + (room - len(part) * width - (len(part) - 1) * gap) / 2
            for place, index in enumerate(part):
                self._boxes[index] = QRectF(round(left + place * (width + gap)), top, round(width), height)
            top += height + LINE_GAP
        return top - LINE_GAP

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place the boxes anew."""
        self._lay_out()

    # -- picture ----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Connections, boxes, focus."""
        painter = QPainter(self.viewport())
        theme = self._source.theme
        if not self._nodes:
            room = QRectF(0, 0, self.viewport().width(), 64)
            draw_text(painter, room, "Nothing is affected", LABEL, theme.secondary, align=CENTRE)
        painter.translate(0, -self.verticalScrollBar().value())
        self._paint_connections(painter, theme)
        for index in range(len(self._nodes)):
            self._paint_box(painter, index, theme)
        if self.hasFocus() and self._current < 0:
            focus_ring(painter, QRectF(self.viewport().rect()), theme.focus)

    def _touched(self, node: AffectedNode) -> bool:
        return node.mark is not None or bool(node.share)

    def _paint_connections(self, painter: QPainter, theme: Theme) -> None:
        for above, below in zip(self._levels, self._levels[1:], strict=False):
            bus = above.bottom + LEVEL_GAP / 2
            tops = [self._boxes[index] for index in above.nodes if self._boxes[index].bottom() == above.bottom]
            feet = [self._boxes[index] for index in below.nodes if self._boxes[index].top() == below.top]
            ends = [box.center().x() for box in (*tops, *feet)]
            painter.setPen(QPen(theme.equipment, 1))
            painter.drawLine(QLineF(min(ends), bus, max(ends), bus))
            for box in tops:
                painter.drawLine(QLineF(box.center().x(), box.bottom(), box.center().x(), bus))
            for index in below.nodes:
                box = self._boxes[index]
                if box.top() == below.top:
                    colour = theme.severity(self._severity) if self._touched(self._nodes[index]) else theme.equipment
                    painter.setPen(QPen(colour, 1))
                    painter.drawLine(QLineF(box.center().x(), bus, box.center().x(), box.top()))

    def _paint_box(self, painter: QPainter, index: int, theme: Theme) -> None:
        node, box = self._nodes[index], self._boxes[index]
        touched = self._touched(node) and self._severity > 0
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.severity(self._severity) if touched else theme.equipment, 1.5 if touched else 1))
        painter.setBrush(theme.window)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.restore()
        ink = theme.severity(self._severity) if node.mark is not None else theme.secondary
        inner = box.adjusted(8, 0, -8, 0) if box.height() == WIDE_HEIGHT else box.adjusted(6, 0, -4, 0)
        mark_room = MARK + 4 if node.mark is not None else 0
        title = QRectF(inner.left(), box.top() + 2, inner.width() - mark_room, 15)
        draw_text(painter, title, node.title, LABEL, theme.text, SEMIBOLD if touched else REGULAR)
        lines = _lines(node.text) if box.height() == SLIM_HEIGHT else [node.text]
        for place, line in enumerate(lines):
            room = QRectF(inner.left(), box.top() + 16 + 13 * place, inner.width() - mark_room, 13)
            draw_text(painter, room, line, SMALL, ink)
        if node.mark is not None:
            mark = QRectF(box.right() - MARK - 5, box.center().y() - MARK / 2, MARK, MARK)
            paint_severity(painter, mark, node.mark, theme, blink_on=self._source.blink_on, digit=False)
        if node.share is not None:
            self._paint_share(painter, box, node.share, theme)
        if self.hasFocus() and index == self._current:
            focus_ring(painter, box.adjusted(-2, -2, 2, 2), theme.focus)

    def _paint_share(self, painter: QPainter, box: QRectF, share: float, theme: Theme) -> None:
        slim = box.height() == SLIM_HEIGHT
        bar = QRectF(box.left() + 8, box.bottom() - (12 if slim else 4), box.width() - 16, 4 if slim else 2)
        painter.fillRect(bar, theme.border)
        painter.fillRect(QRectF(bar.x(), bar.y(), bar.width() * min(max(share, 0.0), 1.0), bar.height()), theme.text)

    # -- the hand ---------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right move along the nodes, up and down between levels, Enter opens."""
        key = Qt.Key(event.key())
        if key in {Qt.Key.Key_Left, Qt.Key.Key_Right} and self._nodes:
            by = 1 if key is Qt.Key.Key_Right else -1
            self._go(min(max(self._current + by, 0), len(self._nodes) - 1))
        elif key in {Qt.Key.Key_Up, Qt.Key.Key_Down} and self._nodes:
            self._change_level(1 if key is Qt.Key.Key_Down else -1)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self._current >= 0:
            self._open(self._current)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move to the box under the pointer."""
        self._current = self._index_at(event.position())
        self.viewport().update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the device under the pointer."""
        self._open(self._index_at(event.position()))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        self.viewport().update()

    def _index_at(self, at: QPointF) -> int:
        point = at + QPointF(0, self.verticalScrollBar().value())
        return next((index for index, box in enumerate(self._boxes) if box.contains(point)), -1)

    def _change_level(self, by: int) -> None:
        if self._current < 0:
            self._go(0)
            return
        here = self._boxes[self._current].center().x()
        depths = sorted({node.depth for node in self._nodes})
        at = depths.index(self._nodes[self._current].depth) + by
        if 0 <= at < len(depths):
            near = [index for index, node in enumerate(self._nodes) if node.depth == depths[at]]
            self._go(min(near, key=lambda index: abs(self._boxes[index].center().x() - here)))

    def _go(self, index: int) -> None:
        self._current = index
        node, box, bar = self._nodes[index], self._boxes[index], self.verticalScrollBar()
        if box.top() < bar.value() or box.bottom() > bar.value() + self.viewport().height():
            bar.setValue(round(box.top()) - MARGIN)
        mark = f", {describe(node.mark)}" if node.mark else ""
        self.viewport().setAccessibleName(f"{node.title}, {node.text}{mark}")
        self.viewport().update()

    def _open(self, index: int) -> None:
        if index >= 0 and self._nodes[index].device:
            self.device_opened.emit(self._nodes[index].device)


def _lines(text: str) -> Sequence[str]:
    """Two short lines of one: at the first comma."""
    return [part.strip() for part in text.split(",", 1)]
