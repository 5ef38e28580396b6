"""Which devices the fleet table shows and in which order: index arrays, so that 60,000 rows take milliseconds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from widgets.view_models.fleet import FleetView

Rows = NDArray[np.intp]


def matching(search: Sequence[str], wanted: str) -> NDArray[np.bool_]:
    """Rows whose search text holds every word of `wanted`, in any order and case."""
    kept = np.ones(len(search), dtype=np.bool_)
    for word in wanted.lower().split():
        kept &= np.fromiter((word in text for text in search), np.bool_, len(search))
    return kept


def ascending(keys: NDArray[np.float64], descending: bool) -> Rows:
    """Row indices in the order of `keys`, equal ones in their own order, NaN last in both directions."""
    return np.argsort(-keys if descending else keys, kind="stable")


class FleetOrder:
    """The shown rows of the newest view.

    While it is frozen, rows keep their places: values change in place, new devices come last, vanished ones go.
    """

    def __init__(self) -> None:
        self.rows: Rows = np.empty(0, dtype=np.intp)
        """Indices into the view's rows, top down."""
        self.sorted_by = ""
        """Id of the column; empty for the order of the inventory."""
        self.descending = False
        self.wanted = ""
        self.pending = 0
        """Rows that stand in the wrong place, or should be there or gone, because the order is frozen."""
        self._view: FleetView | None = None
        self._matched: tuple[Sequence[str], str, NDArray[np.bool_]] | None = None

    def take(self, view: FleetView, frozen: bool) -> None:
        """Take a new view."""
        before, self._view = self._view, view
        if not frozen or before is None:
            self.apply()
            return
        if before.ids is not view.ids and before.ids != view.ids:
            self._follow_devices(before, view)
        proper = self._proper(view)
        self.pending = self._out_of_place(view, proper)

    def apply(self) -> None:
        """Put every row where it belongs."""
        self.pending = 0
        if self._view is not None:
            self.rows = self._proper(self._view)

    def sort_by(self, column: str, descending: bool) -> None:
        """Sort by a column; an empty id takes the order of the inventory."""
        self.sorted_by, self.descending = column, descending
        self.apply()

    def search_for(self, wanted: str) -> None:
        """Show only rows that hold every word."""
        self.wanted = wanted
        self.apply()

    def _proper(self, view: FleetView) -> Rows:
        keys = self._keys(view)
        order = np.arange(len(view.ids), dtype=np.intp) if keys is None else ascending(keys, self.descending)
        kept = self._kept(view)
        return order if kept is None else order[kept[order]]

    def _keys(self, view: FleetView) -> NDArray[np.float64] | None:
        if self.sorted_by == "mark":
            marks = view.marks.astype(np.float64)
            return np.where(marks > 0, marks, np.nan)
        return next((column.sort for column in view.columns if column.id == self.sorted_by), None)

    def _kept(self, view: FleetView) -> NDArray[np.bool_] | None:
        if not self.wanted.strip():
            return None
        if self._matched is None or self._matched[0] is not view.search or self._matched[1] != self.wanted:
            self._matched = (view.search, self.wanted, matching(view.search, self.wanted))
        return self._matched[2]

    def _follow_devices(self, before: FleetView, view: FleetView) -> None:
        place = {device: index for index, device in enumerate(view.ids)}
        kept = [place[before.ids[row]] for row in self.rows.tolist() if before.ids[row] in place]
        added = np.setdiff1d(self._proper(view), np.array(kept, dtype=np.intp))
        self.rows = np.concatenate((np.array(kept, dtype=np.intp), added))

    def _out_of_place(self, view: FleetView, proper: Rows) -> int:
        """Rows that a neighbour below should precede, and rows that should be shown or not; not an exact distance."""
        if len(proper) == len(self.rows) and np.array_equal(proper, self.rows):
            return 0
        rank = np.full(len(view.ids), -1, dtype=np.int64)
        rank[proper] = np.arange(len(proper))
        shown = rank[self.rows]
        strangers = int(np.count_nonzero(shown < 0)) + len(proper) - int(np.count_nonzero(shown >= 0))
        ranked = shown[shown >= 0]
        return strangers + int(np.count_nonzero(np.diff(ranked) < 0))
