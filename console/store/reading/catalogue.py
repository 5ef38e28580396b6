"""Which series stand where in one file of history, for its readers: read once, then kept up to date by what is new."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from console.store.engine import StoreError
from console.store.history.levels import HOUR, MINUTE, RAW
from console.store.history.quantise import Integers
from console.store.history.registry import StoredLayout, read_signals
from console.store.migrations import refuse_newer, stored_version

_TABLES = "SELECT count(*) FROM sqlite_master WHERE name IN ('meta', 'seat', 'tile', 'head')"
_SEATS = (
    "SELECT seat.rowid, seat.origin, seat.shard, shard.period_ms, seat.seat, seat.device, seat.layout"
    " FROM seat JOIN shard ON shard.origin = seat.origin AND shard.id = seat.shard"
    " WHERE seat.rowid > ? ORDER BY seat.rowid"
)
_VERSION = (
    "SELECT (SELECT coalesce(max(rowid), 0) FROM seat), (SELECT value FROM meta WHERE key = 'origin'),"
    " (SELECT count(*) FROM point), EXISTS (SELECT 1 FROM tile WHERE level = 0) OR EXISTS (SELECT 1 FROM head)"
)
_ROLLED = "EXISTS (SELECT 1 FROM tile WHERE level = {0}) OR EXISTS (SELECT 1 FROM part WHERE level = {0})"
_HELD = f"SELECT {_ROLLED.format(RAW)}, {_ROLLED.format(MINUTE)}, {_ROLLED.format(HOUR)}"

PARTS_SINCE: Final = 3
"""Schema version from which a file has parts, keyframes and texts, and head rows of windows."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a catalogue was made of: equal versions, equal catalogues.

    Attributes:
        schema: Of the file; before 3 it has neither parts nor keyframes nor texts.
        origin: The installation whose head rows and parts the file holds.
        last: Last row of `seat`.
        points: How many points it knows.
        finest: The finest level that it holds; RAW while it holds nothing.
    """

    schema: int
    origin: str
    last: int
    points: int
    finest: int

    def follows(self, newer: "Version") -> bool:
        """Whether a newer version can have come from this one by seats that were added."""
        return self.origin == newer.origin and self.last <= newer.last


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A row of `seat` with its shard's period."""

    rowid: int
    origin: str
    shard: int
    period_ms: int
    seat: int
    device: str
    layout: int


@dataclass(frozen=True, slots=True)
class RegistryRows:
    """What a transaction took out of a file's registry: seats that came after a known one, and all else."""

    version: Version
    scales: dict[str, float]
    layouts: list[tuple[int, str]]
    seats: list[SeatRow]


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """The series of one point in one shard in the order of their ranks, as parallel arrays.

    Attributes:
        seats: Seat of each.
        within: Position in the seat's layout.
        first: By seat: the rank of its first series of the point; one more element closes the last.
        at: Where each stands when all series of the shard are laid out seat after seat.
    """

    seats: Integers
    within: Integers
    first: Integers
    at: Integers


class StoredShard:
    """Devices of one stored period and origin that share head rows and tiles, in the order of their seats.

    Attributes:
        origin: The installation that recorded it.
        id: Its number in the file.
        period_ms: Stored period.
        devices: Device of each seat.
        layouts: The distinct layouts.
        layout_of: For each seat the place of its layout in `layouts`.
        starts: Where each seat's first series stands among all series of the shard; one more closes the last.
        newest: Row id of the last seat.
    """

    def __init__(self, rows: Sequence[SeatRow], layouts: dict[int, StoredLayout]) -> None:
        ordered = sorted(rows, key=lambda row: row.seat)
        self.origin = ordered[0].origin
        self.id = ordered[0].shard
        self.period_ms = ordered[0].period_ms
        self.rows = ordered
        self.newest = max(row.rowid for row in ordered)
        self.devices = tuple([UUID(row.device) for row in ordered])
        numbers: dict[int, int] = {}
        self.layout_of: Integers = np.array([numbers.setdefault(row.layout, len(numbers)) for row in ordered], np.int64)
        self.layouts = tuple(layouts[key] for key in numbers)
        lengths = np.array([len(layout.signals) for layout in self.layouts], np.int64)[self.layout_of]
        self.starts: Integers = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self._ranked: dict[str, Ranked] = {}

    @property
    def key(self) -> tuple[str, int]:
        """Origin and number."""
        return self.origin, self.id

    @property
    def period(self) -> float:
        """Stored period in seconds."""
        return self.period_ms / 1000.0

    @cached_property
    def points(self) -> tuple[str, ...]:
        """Every point that some device of the shard reports, in alphabetical order."""
        return tuple(sorted({point for layout in self.layouts for point in layout.points}))

    def layout(self, seat: int) -> StoredLayout:
        """The layout of a seat."""
        return self.layouts[int(self.layout_of[seat])]

    def ranked(self, point: str) -> Ranked:
        """The series of a point, by rank."""
        found = self._ranked.get(point)
        if found is None:
            found = self._ranked[point] = self._rank(point)
        return found

    def _rank(self, point: str) -> Ranked:
        positions = [layout.points.get(point, ()) for layout in self.layouts]
        counts = np.array([len(mine) for mine in positions], np.int64)[self.layout_of]
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        seats = np.repeat(np.arange(len(counts)), counts)
        nth = np.arange(len(seats)) - first[seats]
        table = np.zeros((len(positions), max(map(len, positions))), np.int64)
        for number, mine in enumerate(positions):
            table[number, : len(mine)] = mine
        within = table[self.layout_of[seats], nth] if len(seats) else np.empty(0, np.int64)
        return Ranked(seats, within, first, self.starts[seats] + within)

    def parts(self, point: str) -> list[str]:
        """The part of each series of a point, by rank."""
        ranked = self.ranked(point)
        names = [[signal.part for signal in layout.signals] for layout in self.layouts]
        return [
            names[layout][within]
            for layout, within in zip(self.layout_of[ranked.seats].tolist(), ranked.within.tolist(), strict=True)
        ]

    def counting(self, point: str) -> NDArray[np.bool_]:
        """By rank, whether a series counts in sums: a device's own value where it has one, else all its parts."""
        ranked = self.ranked(point)
        whole = [any(layout.signals[at].part == "" for at in layout.points.get(point, ())) for layout in self.layouts]
        own = np.array([part == "" for part in self.parts(point)], np.bool_)
        return own | ~np.array(whole, np.bool_)[self.layout_of[ranked.seats]]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All shards of a file by origin, so that merged stores answer alike, then by the age of their newest seat.

    Attributes:
        version: What it was made of.
        scales: Steps per unit of each point.
        shards: By origin and number.
        layouts: By id.
    """

    version: Version
    scales: dict[str, float]
    shards: dict[tuple[str, int], StoredShard]
    layouts: dict[int, StoredLayout]
    _series: dict[str, "SeriesTable"] = field(default_factory=dict, repr=False)

    @cached_property
    def seats(self) -> dict[UUID, list[tuple[StoredShard, int]]]:
        """Where each device has seats, in the order of the shards."""
        found: dict[UUID, list[tuple[StoredShard, int]]] = {}
        for shard in self.shards.values():
            for seat, device in enumerate(shard.devices):
                found.setdefault(device, []).append((shard, seat))
        return found

    @cached_property
    def devices(self) -> dict[int, UUID]:
        """Every device by its number."""
        return {device.int: device for device in self.seats}

    def series(self, point: str) -> "SeriesTable":
        """Every series of a point."""
        found = self._series.get(point)
        if found is None:
            found = self._series[point] = SeriesTable.of(point, list(self.shards.values()))
        return found


@dataclass(frozen=True, eq=False)
class SeriesTable:
    """Every series (device and part) of one point of a file, and all the places where samples of it stand.

    Attributes:
        devices: Device of each series.
        parts: Part of each.
        keys: What each is known by in every file: the number of its device, and its part. Equal to the UUID in all but
            the time that it takes to look one up.
        counting: Whether each counts in sums, at some of its places.
        shards: The shards that hold the point.
        place_shard: Of each place: which of `shards`, those to be preferred first.
        place_rank: Its rank there.
        place_row: The series that stands there.
        place_counts: Whether it counts in sums there: a board does only while its device reports no whole.
        alone: Of each place, whether its series has no other.
    """

    devices: tuple[UUID, ...]
    parts: tuple[str, ...]
    keys: tuple[tuple[int, str], ...]
    counting: NDArray[np.bool_]
    shards: tuple[StoredShard, ...]
    place_shard: Integers
    place_rank: Integers
    place_row: Integers
    place_counts: NDArray[np.bool_]
    alone: NDArray[np.bool_]

    @classmethod
    def of(cls, point: str, shards: Sequence[StoredShard]) -> "SeriesTable":
        """Find the series of a point; `shards` in the order of preference."""
        holding = [shard for shard in shards if point in shard.points]
        rows: dict[tuple[UUID, str], int] = {}
        places: list[tuple[int, int, int]] = []
        counted: list[bool] = []
        for number, shard in enumerate(holding):
            parts = shard.parts(point)
            counted += shard.counting(point).tolist()
            for rank, seat in enumerate(shard.ranked(point).seats.tolist()):
                row = rows.setdefault((shard.devices[seat], parts[rank]), len(rows))
                places.append((number, rank, row))
        columns = np.array(places, np.int64).reshape(-1, 3).T
        counts = np.array(counted, np.bool_)
        counting = np.zeros(len(rows), np.bool_)
        counting[columns[2][counts]] = True
        times = np.bincount(columns[2], minlength=len(rows))
        return cls(
            tuple([device for device, _ in rows]),
            tuple([part for _, part in rows]),
            tuple([(device.int, part) for device, part in rows]),
            counting,
            tuple(holding),
            columns[0],
            columns[1],
            columns[2],
            counts,
            times[columns[2]] == 1,
        )

    def chosen(self, devices: Collection[UUID] | None) -> NDArray[np.bool_]:
        """Which series belong to these devices; all when None."""
        if devices is None:
            return np.ones(len(self.devices), np.bool_)
        wanted = frozenset(devices)
        return np.array([device in wanted for device in self.devices], np.bool_)


def read_version(connection: Connection) -> Version | None:
    """The version of a file's registry; None while the file has no tables.

    Raises:
        StoreError: A newer program made the tables, or they lack what they must have.
    """
    if connection.exec_driver_sql(_TABLES).scalar_one() != len(("meta", "seat", "tile", "head")):
        return None
    schema = stored_version(connection)
    refuse_newer(schema)
    last, origin, points, raw = connection.exec_driver_sql(_VERSION).one()
    if origin is None:
        raise StoreError("A file of history does not say which installation made it: it is damaged.")
    finest = RAW
    if not raw and schema >= PARTS_SINCE:
        held = connection.exec_driver_sql(_HELD).one()
        finest = next((level for level, there in zip((RAW, MINUTE, HOUR), held, strict=True) if there), RAW)
    return Version(schema, str(origin), last, points, finest)


def read_registry(connection: Connection, version: Version, after: int) -> RegistryRows:
    """The registry at `version`, of the seats only those whose row comes after a known one."""
    return RegistryRows(
        version,
        {str(name): float(scale) for name, scale in connection.exec_driver_sql("SELECT name, scale FROM point")},
        [(key, text) for key, text in connection.exec_driver_sql("SELECT id, signals FROM layout")],
        [SeatRow(*row) for row in connection.exec_driver_sql(_SEATS, (after,))],
    )


def build_catalogue(rows: RegistryRows, known: Catalogue | None, same: Mapping[UUID, UUID] | None = None) -> Catalogue:
    """The catalogue of a file: that of before with the new seats, when `known` is given. Runs in a thread.

    `same` leads from an id under which an asset was recorded to the one that stands for it.
    """
    led = {str(device): str(standing) for device, standing in (same or {}).items()}
    layouts = dict(known.layouts) if known is not None else {}
    for number, text in rows.layouts:
        if number not in layouts:
            layouts[number] = StoredLayout.of(read_signals(text))
    fresh: dict[tuple[str, int], list[SeatRow]] = {}
    for row in rows.seats:
        seat = replace(row, device=led[row.device]) if row.device in led else row
        fresh.setdefault((row.origin, row.shard), []).append(seat)
    shards = dict(known.shards) if known is not None else {}
    for key, seats in fresh.items():
        before = shards.get(key)
        shards[key] = StoredShard([*(before.rows if before is not None else ()), *seats], layouts)
    ordered = sorted(shards.values(), key=lambda shard: (shard.origin, -shard.newest))
    return Catalogue(rows.version, rows.scales, {shard.key: shard for shard in ordered}, layouts)
