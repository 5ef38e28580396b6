"""What the history writer copies of the live columns, on the event loop, before a thread looks at it."""

from uuid import UUID

from console.domain.telemetry import Block, LiveColumns, Texts
from console.store.history.sweep import Snapshot


class Copies:
    """Keeps what seldom changes of one set of columns, so that a snapshot copies only what does."""

    def __init__(self) -> None:
        self._columns: LiveColumns | None = None
        self._revision = -1
        self._texts_revision = -1
        self._devices: tuple[UUID, ...] = ()
        self._blocks: tuple[Block, ...] = ()
        self._texts: tuple[Texts, ...] = ()

    def snapshot(self, columns: LiveColumns) -> tuple[Snapshot, bool]:
        """A copy, and whether it is the first of these columns."""
        is_new = columns is not self._columns
        if is_new or columns.revision != self._revision:
            self._columns, self._revision, self._texts_revision = columns, columns.revision, -1
            self._devices, self._blocks = tuple(columns.devices), columns.blocks()
        if columns.texts_revision != self._texts_revision:
            self._texts, self._texts_revision = tuple(columns.texts), columns.texts_revision
        return Snapshot.of(columns, self._devices, self._blocks, self._texts), is_new
