"""From all seats of a file to one row for each device: which seat speaks for it, and the shape that follows."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np

from console.services.ports import PastShape, PastState
from console.store.history.quantise import Integers
from console.store.history.registry import STATE
from console.store.reading.catalogue import Catalogue
from console.store.reading.instant import Moment, Places
from drivers.core.reading import Quality, Signal

_SHAPES: Final = 8
"""Shapes that are kept: which seats speak changes only when a device changes its layout or another origin has it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Chosen:
    """A choice of seats.

    Attributes:
        shape: Of the states that follow.
        seats: The chosen seats.
        series: Where each series of the shape stands among all.
    """

    shape: PastShape
    seats: Integers
    series: Integers


class Shaper:
    """Gives the states of one catalogue their shape; the same one as long as the same seats speak."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.places = Places(catalogue)
        self._catalogue = catalogue
        rows: dict[UUID, int] = {}
        seats = [device for shard in catalogue.shards.values() for device in shard.devices]
        self._row: Integers = np.array([rows.setdefault(device, len(rows)) for device in seats], np.int64)
        self._devices = tuple(rows)
        self._age: Integers = np.array(
            [row.rowid for shard in catalogue.shards.values() for row in shard.rows], np.int64
        )
        self._only = len(rows) == len(seats)
        self._chosen: OrderedDict[bytes, _Chosen] = OrderedDict()

    def state(self, moment: Moment, at: float, as_of: float) -> PastState:
        """A moment as the state of the site."""
        chosen = self._choice(self._speaking(moment))
        return PastState(
            at,
            as_of,
            chosen.shape,
            moment.values[chosen.series],
            moment.quality[chosen.series],
            moment.answered[chosen.seats],
            moment.state[chosen.seats],
            self.places.period[chosen.seats],
        )

    def _speaking(self, moment: Moment) -> Integers:
        """For each device the seat that was heard of, with the newest answer, else the newest seat."""
        if self._only:
            return np.argsort(self._row)
        starts = self.places.starts
        heard = np.zeros(len(self._row), np.bool_)
        some = np.flatnonzero(np.diff(starts))
        if len(some):
            polled = moment.quality != Quality.NOT_POLLED
            heard[some] = np.logical_or.reduceat(polled, starts[:-1][some])
        answered = np.nan_to_num(moment.answered, nan=-np.inf)
        order = np.lexsort((self._age, answered, heard, self._row))
        last = np.append(np.flatnonzero(np.diff(self._row[order])), len(order) - 1)
        chosen: Integers = order[last]
        return chosen

    def _choice(self, seats: Integers) -> _Chosen:
        key = seats.tobytes()
        found = self._chosen.get(key)
        if found is None:
            found = self._chosen[key] = self._shape(seats)
            if len(self._chosen) > _SHAPES:
                self._chosen.popitem(last=False)
        self._chosen.move_to_end(key)
        return found

    def _shape(self, seats: Integers) -> _Chosen:
        """Every series of these seats but the state, which has an array of its own."""
        shown = {
            key: tuple(signal for signal in layout.signals if (signal.point, signal.part) != (STATE.point, STATE.part))
            for key, layout in self._catalogue.layouts.items()
        }
        layouts = [
            shard.layouts[number].id for shard in self._catalogue.shards.values() for number in shard.layout_of.tolist()
        ]
        signals: tuple[tuple[Signal, ...], ...] = tuple([shown[layouts[seat]] for seat in seats.tolist()])
        lengths = np.diff(self.places.starts)[seats]
        begin = np.repeat(self.places.starts[seats], lengths)
        nth = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        series = begin + nth
        series = series[series != np.repeat(self.places.state[seats], lengths)]
        counts = np.array([len(mine) for mine in signals], np.int64)
        starts: Integers = np.cumsum(counts) - counts
        return _Chosen(PastShape(self._devices, signals, starts, int(counts.sum())), seats, series)
