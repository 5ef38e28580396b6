"""Row order that stands still under the hand: values change in place, new rows come last, and the rest waits."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Row = TypeVar("Row")


class FrozenRows(Generic[Row]):
    """The rows that a table shows while updates go on.

    Args:
        key: Answers what identifies a row.
    """

    def __init__(self, key: Callable[[Row], str]) -> None:
        self._key = key
        self._latest: tuple[Row, ...] = ()
        self.rows: tuple[Row, ...] = ()
        """Rows in the order shown."""
        self.gone: frozenset[str] = frozenset()
        """Keys of rows that are only still shown because the order is frozen."""
        self.pending = 0
        """Rows that would move, come or go if the order were not frozen."""

    def take(self, latest: Sequence[Row], frozen: bool) -> None:
        """Take the newest rows in their proper order."""
        self._latest = tuple(latest)
        if not frozen:
            self.apply()
            return
        newest = {self._key(row): row for row in self._latest}
        shown = [newest.get(self._key(row), row) for row in self.rows]
        known = {self._key(row) for row in shown}
        self.rows = (*shown, *(row for row in self._latest if self._key(row) not in known))
        self.gone = frozenset(known - newest.keys())
        self.pending = len(self.gone) + self._moved(newest)

    def apply(self) -> None:
        """Let the waiting changes happen."""
        self.rows = self._latest
        self.gone = frozenset()
        self.pending = 0

    def index_of(self, key: str) -> int:
        """Position of a row; -1 when it is not shown."""
        return next((index for index, row in enumerate(self.rows) if self._key(row) == key), -1)

    def _moved(self, newest: dict[str, Row]) -> int:
        """Fewest rows to move for the proper order: all but the longest run that already ascends."""
        rank = {key: index for index, key in enumerate(newest)}
        tails: list[int] = []
        present = [rank[self._key(row)] for row in self.rows if self._key(row) in rank]
        for position in present:
            at = bisect_left(tails, position)
            tails[at : at + 1] = [position]
        return len(present) - len(tails)
