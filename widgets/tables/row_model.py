"""The thin model under a painted table: the number of rows, and their texts for keys and screen readers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a painted table.

    Attributes:
        id: Canonical name.
        title: Head.
        width: Px; the least width where `stretch` is set.
        numeric: Aligned right.
        stretch: Share of the room that is left.
        drop: Columns with a higher number disappear first when room is short; 0 never disappears.
    """

    id: str
    title: str
    width: int
    numeric: bool = False
    stretch: int = 0
    drop: int = 0


class RowModel(QAbstractTableModel):
    """Rows without data of their own.

    The number of rows changes at the end only, which costs next to nothing at any size; what the rows show is asked
    for when it is painted.
    """

    def __init__(
        self, columns: Sequence[Column], text: Callable[[int, int], str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._places = {column.id: place for place, column in enumerate(columns)}
        self._text = text
        self._count = 0

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, left to right."""
        return self._columns

    def place_of(self, column: Column) -> int:
        """Position of a column."""
        return self._places[column.id]

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Replace the columns."""
        if tuple(columns) != self._columns:
            self.beginResetModel()
            self._columns = tuple(columns)
            self._places = {column.id: place for place, column in enumerate(columns)}
            self.endResetModel()

    def set_count(self, count: int) -> None:
        """Grow or shrink to `count` rows."""
        root = QModelIndex()
        if count < self._count:
            self.beginRemoveRows(root, count, self._count - 1)
            self._count = count
            self.endRemoveRows()
        elif count > self._count:
            self.beginInsertRows(root, self._count, count - 1)
            self._count = count
            self.endInsertRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default, never changed
        """Number of rows."""
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default, never changed
        """Number of columns."""
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The text of a cell, for assistive technology."""
        shown = role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}
        if shown and index.isValid() and index.row() < self._count:
            return self._text(index.row(), index.column())
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Head of a column."""
        known = orientation is Qt.Orientation.Horizontal and 0 <= section < len(self._columns)
        if known and role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        return None
