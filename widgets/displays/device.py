"""The Device display: one miner, PDU, plant controller or meter with everything known about it."""

from dataclasses import replace

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from widgets.charts.chip_board import ChipBoard
from widgets.charts.cooling_path import CoolingPath
from widgets.charts.linked_plots import LinkedPlots
from widgets.charts.outlet_map import OutletMap
from widgets.controls.chip import Chip
from widgets.controls.panel import Panel
from widgets.controls.segments import Segments
from widgets.displays.action_list import ActionList
from widgets.displays.device_head import DeviceHead
from widgets.displays.device_lists import FactList, HistoryList
from widgets.tables.part_grid import PartGrid
from widgets.theme.fonts import SMALL
from widgets.theme.text import draw_text
from widgets.theme.tokens import GAP, MARGIN, PANEL_HEAD, ROW, TABLE_HEAD, ThemeSource
from widgets.tiles.limit_tile import LimitTile
from widgets.view_models.device import DeviceView, PartTable

CENTRE_BIN = 5
LEGEND_CELL = 28
NARROW = 1360
SIDE = 0.2886
"""Share of the width for the boards."""


class _Legend(QWidget):
    """What the colours of the chips mean."""

    def __init__(self, theme: ThemeSource) -> None:
        super().__init__()
        self._source = theme
        self._note = ""
        self.setFixedHeight(20)
        theme.changed.connect(self.update)

    def show_note(self, note: str) -> None:
        if note != self._note:
            self._note = note
            self.setAccessibleName(note)
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._source.theme
        painter = QPainter(self)
        for index, colour in enumerate(theme.deviation[CENTRE_BIN:]):
            painter.fillRect(QRectF(index * LEGEND_CELL, 4, LEGEND_CELL, 10), colour)
        left = 4 * LEGEND_CELL + 10
        draw_text(painter, QRectF(left, 0, self.width() - left, 18), self._note, SMALL, theme.secondary)


class _Column(QScrollArea):
    """A column of panels that scrolls when the window is low."""

    BAR = 8

    def __init__(self, name: str, gap: int) -> None:
        super().__init__()
        self._gap = gap
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(name)
        inner = QWidget()
        self.panels = QVBoxLayout(inner)
        self.panels.setContentsMargins(0, 0, gap, 0)
        self.panels.setSpacing(GAP)
        self.setWidget(inner)
        self.verticalScrollBar().rangeChanged.connect(self._make_room)

    def _make_room(self, low: int, high: int) -> None:
        """The scroll bar stands in the gap beside the column, so that panels keep their width."""
        self.panels.setContentsMargins(0, 0, self._gap - (self.BAR if high > low else 0), 0)


class DeviceDisplay(QWidget):
    """Head, tiles, then three columns: boards and cooling (or tables), linked trends, actions and the rest."""

    span_chosen = Signal(float)
    """Seconds of history wanted in the trends."""
    action_requested = Signal(str)
    incident_opened = Signal(str)
    up_requested = Signal()

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._device = ""
        self.setAccessibleName("device")
        self._head = DeviceHead(theme)
        self._tiles: list[LimitTile] = []
        self._tile_row = QHBoxLayout()
        self._tile_row.setSpacing(GAP)
        self._left, self._right = _Column("parts", GAP), _Column("actions and records", MARGIN)
        self._grids: list[tuple[Panel, PartGrid]] = []
        self._boards: list[ChipBoard] = []
        self._build_left()
        self._build_trends()
        self._build_right()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(MARGIN, MARGIN, 0, MARGIN)
        outer.setSpacing(GAP)
        top = QVBoxLayout()
        top.setContentsMargins(0, 0, MARGIN, 0)
        top.setSpacing(GAP)
        top.addWidget(self._head)
        top.addLayout(self._tile_row)
        outer.addLayout(top)
        self._columns = columns = QHBoxLayout()
        columns.setSpacing(0)
        columns.addWidget(self._left)
        columns.addWidget(self._trends, 7)
        columns.addSpacing(GAP)
        columns.addWidget(self._right, 5)
        outer.addLayout(columns, 1)
        self._head.up_requested.connect(self.up_requested)

    def show_view(self, view: DeviceView) -> None:
        """Show a device. Called at frame rate: every part compares and repaints only what changed."""
        if view.id != self._device:
            self._device = view.id
            self._plots.reset_zoom()
            for column in (self._left, self._right):
                column.verticalScrollBar().setValue(0)
        self._head.show_view(view)
        self._show_tiles(view)
        self._show_boards(view)
        self._show_tables(view)
        self._spans.set_choices([(f"{seconds:.0f}", label) for label, seconds in view.spans])
        self._spans.set_current(f"{view.span:.0f}")
        self._plots.show_plots(view.plots, view.tz)
        self._actions_panel.set_note(view.actions_note)
        self._actions.show_actions(view.actions)
        self._show_outlet(view)
        self._facts_panel.setVisible(bool(view.texts))
        self._facts.show_facts(view.texts)
        self._history_panel.set_note(view.history_note)
        self._history.show_items(view.history)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Backspace goes up."""
        if event.key() == Qt.Key.Key_Backspace:
            self.up_requested.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The column of boards takes a fixed share, so that chips stay square."""
        self._left.setFixedWidth(min(max(round(self.width() * SIDE), 360), 680) + GAP)
        self._right.setMinimumWidth(300)
        self._columns.setStretch(1, 6 if self.width() < NARROW else 7)

    def _build_left(self) -> None:
        theme = self._source
        self._boards_panel = Panel(theme, "Boards and chips")
        self._boards_panel.body.setContentsMargins(MARGIN - 1, 8, MARGIN - 1, 6)
        self._boards_panel.body.setSpacing(12)
        self._legend = _Legend(theme)
        self._boards_panel.body.addWidget(self._legend)
        self._boards_panel.body.addStretch(1)
        self._cooling_panel = Panel(theme, "Cooling")
        self._cooling_panel.body.setContentsMargins(MARGIN, 8, MARGIN, 8)
        self._cooling = CoolingPath(theme)
        self._cooling_panel.body.addWidget(self._cooling)
        self._cooling_panel.body.addStretch(1)
        self._left.panels.addWidget(self._boards_panel)
        self._left.panels.addWidget(self._cooling_panel)
        self._left.panels.addStretch(1)

    def _build_trends(self) -> None:
        theme = self._source
        self._trends = Panel(theme, "Linked trends")
        self._trends.set_note("one cursor, one axis")
        self._spans = Segments(theme, ())
        self._trends.slot.addWidget(self._spans)
        self._plots = LinkedPlots(theme)
        self._trends.body.addWidget(self._plots)
        self._trends.setMinimumWidth(320)
        self._spans.chosen.connect(self._choose_span)

    def _build_right(self) -> None:
        theme = self._source
        self._actions_panel = Panel(theme, "Actions")
        self._actions = ActionList(theme)
        self._actions_panel.body.addWidget(self._actions)
        self._outlet_panel = Panel(theme, "Outlet map")
        self._outlet_panel.body.setContentsMargins(MARGIN, MARGIN, MARGIN, 8)
        self._verified = Chip(theme)
        self._outlet_panel.slot.addWidget(self._verified)
        self._outlet = OutletMap(theme)
        self._outlet_panel.body.addWidget(self._outlet)
        self._facts_panel = Panel(theme, "Identity and settings")
        self._facts = FactList(theme)
        self._facts_panel.body.addWidget(self._facts)
        self._history_panel = Panel(theme, "History")
        self._history = HistoryList(theme)
        self._history_panel.body.addWidget(self._history)
        self._history_panel.body.addStretch(1)
        for panel in (self._actions_panel, self._outlet_panel, self._history_panel, self._facts_panel):
            self._right.panels.addWidget(panel)
        self._right.panels.setStretchFactor(self._history_panel, 1)
        self._actions.action_requested.connect(self.action_requested)
        self._history.incident_opened.connect(self.incident_opened)

    def _show_tiles(self, view: DeviceView) -> None:
        while len(self._tiles) < len(view.tiles):
            tile = LimitTile(self._source)
            self._tiles.append(tile)
            self._tile_row.addWidget(tile, 1)
        for index, tile in enumerate(self._tiles):
            tile.setVisible(index < len(view.tiles))
        for tile, content in zip(self._tiles, view.tiles, strict=False):
            tile.show_view(replace(content, stale=content.stale or "stale") if view.silent else content)

    def _show_boards(self, view: DeviceView) -> None:
        self._boards_panel.setVisible(bool(view.boards))
        self._boards_panel.set_note(view.boards_note)
        while len(self._boards) < len(view.boards):
            board = ChipBoard(self._source)
            self._boards_panel.body.insertWidget(len(self._boards), board)
            self._boards.append(board)
        for index, board in enumerate(self._boards):
            board.setVisible(index < len(view.boards))
        for board, content in zip(self._boards, view.boards, strict=False):
            board.show_board(content, view.chip_steps)
        self._legend.setVisible(any(board.chips for board in view.boards))
        self._legend.show_note(view.chip_note)
        self._cooling_panel.setVisible(view.cooling is not None or bool(view.fans))
        self._cooling_panel.set_note(view.cooling_note)
        self._cooling.show_view(view.cooling, view.fans)

    def _show_tables(self, view: DeviceView) -> None:
        """Parts of a device without boards stand where the boards would be; of a miner (pools), on the right."""
        while len(self._grids) < len(view.tables):
            panel = Panel(self._source, "Parts")
            grid = PartGrid(self._source)
            panel.body.addWidget(grid)
            self._grids.append((panel, grid))
        column = self._right if view.boards else self._left
        for index, (panel, grid) in enumerate(self._grids):
            if index < len(view.tables):
                self._place(panel, column, index)
                self._show_table(panel, grid, view.tables[index])
            panel.setVisible(index < len(view.tables))

    def _place(self, panel: Panel, column: _Column, index: int) -> None:
        """Put a table's panel into a column: on the right after the outlet, on the left at the top."""
        if panel.parentWidget() is not column.widget():
            column.panels.insertWidget(2 + index if column is self._right else index, panel)

    @staticmethod
    def _show_table(panel: Panel, grid: PartGrid, table: PartTable) -> None:
        panel.set_title(table.title)
        panel.set_note(table.note)
        grid.show_table(table)
        rows = min(len(table.rows), 14)
        panel.setFixedHeight(PANEL_HEAD + 2 + TABLE_HEAD + rows * ROW)

    def _show_outlet(self, view: DeviceView) -> None:
        self._outlet_panel.setVisible(view.outlet is not None)
        if view.outlet is None:
            return
        self._outlet_panel.set_title("Outlet map" if view.outlet.banks else "Outlet")
        self._outlet_panel.set_note(view.outlet.title)
        self._verified.set_text(view.outlet.verified)
        self._outlet.show_view(view.outlet)

    def _choose_span(self, choice: str) -> None:
        self.span_chosen.emit(float(choice))
