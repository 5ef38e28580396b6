"""Which series stand where in a month of history: layouts, shards, seats, and the rank of a series among its point.

A shard is a set of devices with one stored period; each has a seat, and a seat's series stand one after another. The
series of one point, counted through a shard in the order of seats, have ranks; rank // 256 is the chunk (tile) and
rank % 256 the row in it; a tile of minutes has 64 in place of 256. Seats are only ever added, so a rank never changes.

Every stored layout ends with the device's own state as one more series, ("state", "").
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec
import numpy as np

from console.store.history.levels import WINDOW
from console.store.history.quantise import Floats, scale_of
from drivers.core.reading import Layout, Signal, Source

SEATS = 1024
"""Devices in a shard, at most."""

CELLS = 4_200_000
"""Samples of one shard in a window, at most (unless a single device has more): bounds the memory of a flush."""

STATE = Signal("state")
"""The series that every stored layout ends with."""


@dataclass(frozen=True, slots=True)
class StoredLayout:
    """What a device reports, as the file knows it.

    Attributes:
        id: Hash of the content.
        signals: In the order of a report's values.
        points: Positions of each point's signals within the layout.
    """

    id: int
    signals: tuple[Signal, ...]
    points: Mapping[str, tuple[int, ...]] = field(repr=False)

    @classmethod
    def of(cls, signals: tuple[Signal, ...]) -> "StoredLayout":
        """The layout of these signals."""
        points: dict[str, list[int]] = {}
        for at, signal in enumerate(signals):
            points.setdefault(signal.point, []).append(at)
        digest = hashlib.blake2b(write_signals(signals).encode(), digest_size=8).digest()
        return cls(
            int.from_bytes(digest, "little", signed=True), signals, {name: tuple(at) for name, at in points.items()}
        )


@dataclass(frozen=True, slots=True)
class Seat:
    """A device's place in a shard."""

    shard: int
    number: int
    device: UUID
    layout: StoredLayout


@dataclass(slots=True)
class Shard:
    """Devices of one period, in the order of their seats."""

    id: int
    period_ms: int
    seats: list[Seat] = field(default_factory=list)
    series: int = 0

    def takes(self, layout: StoredLayout) -> bool:
        """Whether another device of that layout fits."""
        if not self.seats:
            return True
        slots = WINDOW * 1000 // self.period_ms or 1
        return len(self.seats) < SEATS and (self.series + len(layout.signals)) * slots <= CELLS

    def add(self, seat: Seat) -> None:
        """Give the next seat away."""
        self.seats.append(seat)
        self.series += len(seat.layout.signals)


@dataclass(frozen=True, slots=True)
class Additions:
    """Rows a month's file does not have yet, in the order of the tables' columns."""

    points: tuple[tuple[object, ...], ...]
    layouts: tuple[tuple[object, ...], ...]
    shards: tuple[tuple[object, ...], ...]
    seats: tuple[tuple[object, ...], ...]


class Registry:
    """The registry of one month for its writer. Not thread-safe: one task at a time uses it."""

    def __init__(self, origin: UUID) -> None:
        self.origin = str(origin)
        self.shards: dict[int, Shard] = {}
        self.scales: dict[str, float] = {}
        self._layouts: dict[int, StoredLayout] = {}
        self._seats: dict[tuple[UUID, int, int], Seat] = {}
        self._by_device: dict[UUID, list[Seat]] = {}
        self._known: dict[int, tuple[Layout, StoredLayout]] = {}
        self._open: dict[int, Shard] = {}
        self._new_points: list[tuple[object, ...]] = []
        self._new_layouts: list[tuple[object, ...]] = []
        self._new_shards: list[tuple[object, ...]] = []
        self._new_seats: list[tuple[object, ...]] = []

    def load(
        self,
        points: Iterable[tuple[str, float]],
        layouts: Iterable[tuple[int, str]],
        shards: Iterable[tuple[int, int]],
        seats: Iterable[tuple[int, int, str, int]],
    ) -> None:
        """Take in what the file holds of this origin; seats in ascending order."""
        self.scales.update(points)
        for key, text in layouts:
            self._layouts[key] = StoredLayout.of(read_signals(text))
        for key, period_ms in shards:
            self.shards[key] = Shard(key, period_ms)
            self._open[period_ms] = self.shards[key]
        for shard, number, device, layout in seats:
            self._sit(self.shards[shard], Seat(shard, number, UUID(device), self._layouts[layout]))

    def plain_layout(self, layout: Layout, scales: Mapping[str, float]) -> StoredLayout:
        """The stored form of a layout that is no device's, without a state; `scales` are those of its points."""
        for point, scale in scales.items():
            if point not in self.scales:
                self.scales[point] = scale
                self._new_points.append((point, scale))
        return self.adopt(StoredLayout.of(layout.signals))

    def layout(self, layout: Layout) -> StoredLayout:
        """The stored form of a device's layout, with its state; the same object for equal layouts."""
        known = self._known.get(id(layout))
        if known is not None and known[0] is layout:
            return known[1]
        stored = StoredLayout.of(
            layout.signals if (STATE.point, STATE.part) in layout.index else (*layout.signals, STATE)
        )
        stored = self._layouts.setdefault(stored.id, self._note_layout(stored))
        self._known[id(layout)] = (layout, stored)
        return stored

    def adopt(self, stored: StoredLayout) -> StoredLayout:
        """A layout that another file knows."""
        return self._layouts.setdefault(stored.id, self._note_layout(stored))

    def _note_layout(self, stored: StoredLayout) -> StoredLayout:
        if stored.id not in self._layouts:
            self._new_layouts.append((stored.id, write_signals(stored.signals)))
            for name in stored.points:
                if name not in self.scales:
                    self.scales[name] = scale_of(name)
                    self._new_points.append((name, self.scales[name]))
        return stored

    def seat(self, device: UUID, layout: StoredLayout, period_ms: int) -> Seat:
        """The device's seat for that layout and period; given to it now when it had none."""
        key = (device, layout.id, period_ms)
        known = self._seats.get(key)
        if known is not None:
            return known
        shard = self._open.get(period_ms)
        if shard is None or not shard.takes(layout):
            shard = Shard(len(self.shards), period_ms)
            self.shards[shard.id] = self._open[period_ms] = shard
            self._new_shards.append((self.origin, shard.id, period_ms))
        seat = Seat(shard.id, len(shard.seats), device, layout)
        self._sit(shard, seat)
        self._new_seats.append((self.origin, shard.id, seat.number, str(device), layout.id))
        return seat

    def seats_of(self, device: UUID) -> list[Seat]:
        """Every seat that the device has in this file."""
        return list(self._by_device.get(device, ()))

    def _sit(self, shard: Shard, seat: Seat) -> None:
        shard.add(seat)
        self._seats[(seat.device, seat.layout.id, shard.period_ms)] = seat
        self._by_device.setdefault(seat.device, []).append(seat)

    def scales_of(self, layout: StoredLayout) -> Floats:
        """Steps per unit of each series of a layout."""
        return np.array([self.scales[signal.point] for signal in layout.signals])

    @property
    def has_additions(self) -> bool:
        """Whether something is not in the file yet."""
        return bool(self._new_points or self._new_layouts or self._new_shards or self._new_seats)

    def additions(self) -> Additions:
        """What is not in the file yet."""
        return Additions(
            tuple(self._new_points), tuple(self._new_layouts), tuple(self._new_shards), tuple(self._new_seats)
        )

    def added(self, saved: Additions) -> None:
        """The file has those now."""
        del self._new_points[: len(saved.points)]
        del self._new_layouts[: len(saved.layouts)]
        del self._new_shards[: len(saved.shards)]
        del self._new_seats[: len(saved.seats)]


def write_signals(signals: Sequence[Signal]) -> str:
    """The text of a layout row."""
    return msgspec.json.encode([[signal.point, signal.part, signal.source] for signal in signals]).decode()


def read_signals(text: str) -> tuple[Signal, ...]:
    """The signals of a layout row."""
    return tuple(Signal(*row) for row in msgspec.json.decode(text, type=list[tuple[str, str, Source]]))
