"""Texts as changes: what devices say in words is kept whenever it becomes something else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from console.domain.telemetry import NO_TEXTS, Texts
from console.store.history.levels import WINDOW
from console.store.history.month import MonthFile, NewText

LONGEST = 500
"""Characters kept of a text."""

IN_A_WINDOW = 20
"""Changes kept of one device in a window; what it says beyond that waits for the next, so that a device whose words
never rest does not fill the disk."""

AT_ONCE = 2000
"""Devices whose changes go into one sweep; the others follow with the next. At the start of a month all are written
anew, so that each file stands alone."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a sweep has to store of texts: the rows, and which devices' words are on record with them."""

    rows: tuple[NewText, ...]
    heard: Mapping[int, Texts]
    all_heard: bool


NO_CHANGES = Changes((), {}, True)


class TextTracker:
    """Remembers what is on record of each device's words in one file. Advances only by `keep`, after the commit."""

    def __init__(self) -> None:
        self._file = ""
        self._heard: dict[int, Texts] = {}
        self._counts: dict[int, tuple[int, int]] = {}
        self._settled: Sequence[Texts] = ()

    def changes(self, file: MonthFile, devices: Sequence[UUID], texts: Sequence[Texts]) -> Changes:
        """What has changed against what a file has on record."""
        if file.name != self._file:
            self._file, self._settled = file.name, ()
            self._heard.clear()
        known = file.texts
        if texts is self._settled:
            return NO_CHANGES
        rows: list[NewText] = []
        heard: dict[int, Texts] = {}
        all_heard = True
        for row, said in enumerate(texts):
            if said is NO_TEXTS or self._heard.get(row) is said:
                continue
            if len(heard) >= AT_ONCE or not self._may_speak(row, said.at):
                all_heard = False
                continue
            device = devices[row]
            at = max(said.at, file.begin)
            cut = ((name, value[:LONGEST]) for name, value in said.values.items())
            rows += [NewText(device, name, at, value) for name, value in cut if known.get((device, name)) != value]
            heard[row] = said
        return Changes(tuple(rows), heard, all_heard)

    def _may_speak(self, row: int, at: float) -> bool:
        window, count = self._counts.get(row, (-1, 0))
        return window != at // WINDOW or count < IN_A_WINDOW

    def keep(self, changes: Changes, texts: Sequence[Texts]) -> None:
        """The changes are durable."""
        if changes is NO_CHANGES:
            return
        for row, said in changes.heard.items():
            self._heard[row] = said
            now = int(said.at // WINDOW)
            window, count = self._counts.get(row, (-1, 0))
            self._counts[row] = (now, count + 1 if window == now else 1)
        self._settled = texts if changes.all_heard else ()
