"""Which rows of which shards hold the series that are asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import lcm
from typing import TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.store.history.quantise import Integers
from console.store.history.tiles import SERIES
from console.store.reading.catalogue import Catalogue, SeriesTable, StoredShard
from console.store.reading.files import StoredFile
from drivers.core.points import POINTS, PointKind
from drivers.core.reading import Signal

Series: TypeAlias = tuple[str, str]
"""Point and part."""

_SHARED_ROWS = 512
"""Series that stand in several places at once are merged so many at a time."""

_RANKS = SERIES
"""Series of one shard that are read together: those of one tile, which can then be handed on as they were decoded."""

_SEAT_BITS = 16
"""Of the number of a seat; a shard has far fewer."""


def kind_of(point: str) -> PointKind:
    """How a point behaves; one that this version does not know is taken for a gauge."""
    return POINTS[point].kind if point in POINTS else PointKind.GAUGE


@dataclass(frozen=True, slots=True, eq=False)
class Pick:
    """Some series of one point in a shard, by rank."""

    point: str
    ranks: Integers

    @property
    def chunks(self) -> Integers:
        """The raw tile of each."""
        return self.ranks // SERIES

    @property
    def kind(self) -> PointKind:
        """How the point behaves."""
        return kind_of(self.point)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Series that stand in one shard of one file, and which rows of the answer they are.

    Attributes:
        file: Where.
        catalogue: Of the file.
        shard: Of the file.
        picks: The series, point after point.
        rows: For each series in the order of the picks: its row in the block.
    """

    file: StoredFile
    catalogue: Catalogue
    shard: StoredShard
    picks: tuple[Pick, ...]
    rows: Integers

    @property
    def gauges(self) -> NDArray[np.bool_]:
        """For each series, whether it is of a gauge."""
        return np.concatenate([np.full(len(pick.ranks), pick.kind is PointKind.GAUGE) for pick in self.picks])

    @property
    def ages(self) -> Integers:
        """For each series, a number that is greater for seats that were given later, and the same in every copy."""
        seats = np.concatenate([self.shard.ranked(pick.point).seats[pick.ranks] for pick in self.picks])
        return (self.shard.id << _SEAT_BITS) + seats

    @property
    def slices(self) -> list[tuple[Pick, slice]]:
        """Each pick with its place among the rows."""
        found: list[tuple[Pick, slice]] = []
        at = 0
        for pick in self.picks:
            found.append((pick, slice(at, at + len(pick.ranks))))
            at += len(pick.ranks)
        return found

    @property
    def chunks(self) -> list[tuple[Pick, int, Integers]]:
        """Each point's raw tiles or parts, and which of the series stand in each."""
        return self.chunks_of(SERIES)

    def chunks_of(self, size: int) -> list[tuple[Pick, int, Integers]]:
        """Each point's chunks of so many series, and which of the series stand in each."""
        found: list[tuple[Pick, int, Integers]] = []
        for pick, rows in self.slices:
            chunks = pick.ranks // size
            found += [
                (pick, chunk, rows.start + np.flatnonzero(chunks == chunk)) for chunk in np.unique(chunks).tolist()
            ]
        return found

    def only(self, series: Integers) -> "Source":
        """Some of the series, by their place here in ascending order; they are the rows of what is read."""
        picks: list[Pick] = []
        for pick, rows in self.slices:
            mine = series[(series >= rows.start) & (series < rows.stop)] - rows.start
            if len(mine):
                picks.append(Pick(pick.point, pick.ranks[mine]))
        return Source(self.file, self.catalogue, self.shard, tuple(picks), np.arange(len(series)))


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Series that are read together.

    Attributes:
        rows: For each: which row it is of everything that was asked for.
        sources: Where they stand, those to be preferred first.
    """

    rows: Integers
    sources: tuple[Source, ...]

    @property
    def is_in_order(self) -> bool:
        """Whether its only source has exactly its series in their order."""
        (source,) = self.sources
        return len(source.rows) == len(self.rows) and bool((source.rows == np.arange(len(self.rows))).all())

    @property
    def gauges(self) -> NDArray[np.bool_]:
        """For each row, whether it is of a gauge."""
        found = np.zeros(len(self.rows), np.bool_)
        for source in self.sources:
            found[source.rows] = source.gauges
        return found

    @property
    def origin(self) -> str:
        """That of the source to be preferred."""
        return self.sources[0].shard.origin

    @property
    def origins(self) -> "list[Block]":
        """The same series as each origin has them, those of the origin that is to be preferred first."""
        alike = groupby(self.sources, lambda source: source.shard.origin)
        return [Block(self.rows, tuple(sources)) for _, sources in alike]

    @property
    def common_period(self) -> float:
        """Seconds of the shortest slot that is a whole number of every source's."""
        return lcm(*(source.shard.period_ms for source in self.sources)) / 1000.0

    def only(self, rows: Integers) -> "Block":
        """Some of the rows, by their place here in ascending order."""
        place = np.full(len(self.rows), -1)
        place[rows] = np.arange(len(rows))
        sources: list[Source] = []
        for source in self.sources:
            mine = np.flatnonzero(place[source.rows] >= 0)
            if len(mine):
                sources.append(replace(source.only(mine), rows=place[source.rows[mine]]))
        return Block(self.rows[rows], tuple(sources))


def blocks_of(
    file: StoredFile, catalogue: Catalogue, point: str, wanted: NDArray[np.bool_], rows: Integers
) -> list[Block]:
    """The wanted places of a point in a file as blocks; `rows` says which row of the answer each series is."""
    table = catalogue.series(point)
    found: list[Block] = []
    for number, shard in enumerate(table.shards):
        mine = np.flatnonzero(wanted & table.alone & (table.place_shard == number))
        for part in _split(mine, table.place_rank[mine] // _RANKS):
            series = table.place_row[part]
            pick = Pick(point, table.place_rank[part])
            source = Source(file, catalogue, shard, (pick,), np.arange(len(part)))
            found.append(Block(rows[series], (source,)))
    found += shared_blocks(file, catalogue, point, wanted, rows)
    return found


def shared_blocks(
    file: StoredFile, catalogue: Catalogue, point: str, wanted: NDArray[np.bool_], rows: Integers
) -> list[Block]:
    """The wanted places of those series that stand in several; `rows` as for `blocks_of`."""
    table = catalogue.series(point)
    shared = np.unique(table.place_row[wanted & ~table.alone])
    found: list[Block] = []
    for first in range(0, len(shared), _SHARED_ROWS):
        series = shared[first : first + _SHARED_ROWS]
        found.append(Block(rows[series], tuple(_shared(file, catalogue, table, point, wanted, series))))
    return found


def _split(places: Integers, groups: Integers) -> Iterable[Integers]:
    edges = np.flatnonzero(np.diff(groups)) + 1
    return [part for part in np.split(places, edges) if len(part)]


def _shared(
    file: StoredFile,
    catalogue: Catalogue,
    table: SeriesTable,
    point: str,
    wanted: NDArray[np.bool_],
    series: Integers,
) -> Iterable[Source]:
    row_of = np.full(len(table.devices), -1)
    row_of[series] = np.arange(len(series))
    places_here = wanted & (row_of[table.place_row] >= 0)
    # A device whose layout changed has several seats, often in one shard: each place of a series is another source.
    for number, shard in enumerate(table.shards):
        mine = np.flatnonzero(places_here & (table.place_shard == number))
        while len(mine):
            _, first = np.unique(table.place_row[mine], return_index=True)
            places = mine[np.sort(first)]
            rows = row_of[table.place_row[places]]
            yield Source(file, catalogue, shard, (Pick(point, table.place_rank[places]),), rows)
            mine = np.setdiff1d(mine, places)


def signals_of(catalogue: Catalogue, device: UUID, wanted: Sequence[Series]) -> dict[Series, Signal]:
    """Those of the wanted series that a device has in a file, with the newest signal of each."""
    found: dict[Series, Signal] = {}
    places = catalogue.seats.get(device, ())
    for shard, seat in sorted(places, key=lambda place: place[0].rows[place[1]].rowid):
        mine = {(signal.point, signal.part): signal for signal in shard.layout(seat).signals}
        found.update({series: mine[series] for series in wanted if series in mine})
    return found


def block_of_device(file: StoredFile, catalogue: Catalogue, device: UUID, series: Sequence[Series]) -> Block:
    """Series of one device as one block whose rows they are in that order."""
    sources: list[Source] = []
    for shard, seat in catalogue.seats.get(device, ()):
        layout = shard.layout(seat)
        places = [
            (point, int(shard.ranked(point).first[seat]) + nth, row)
            for row, (point, part) in enumerate(series)
            for nth, position in enumerate(layout.points.get(point, ()))
            if layout.signals[position].part == part
        ]
        points = dict.fromkeys(point for point, _, _ in places)
        picks = tuple(
            Pick(point, np.array([rank for name, rank, _ in places if name == point], np.int64)) for point in points
        )
        rows = np.array([row for point in points for name, _, row in places if name == point], np.int64)
        if picks:
            sources.append(Source(file, catalogue, shard, picks, rows))
    return Block(np.arange(len(series)), tuple(sources))
