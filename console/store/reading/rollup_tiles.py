"""Roll-ups as they are stored: tiles and parts of a level laid onto the slots that are wanted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from console.store.history.codec import CorruptBlob
from console.store.history.levels import (
    MINUTE,
    RAW,
    SECONDS_IN_HOUR,
    SERIES_IN_PART,
    SERIES_IN_TILE,
    WINDOW,
    tiles_of_part,
)
from console.store.history.quantise import Integers
from console.store.history.rollups import COLUMNS, Stats, decode_rollups
from console.store.reading.blobs import Hours, Wanted, fetch_parts, tile_batches
from console.store.reading.damage import Complain, Damage
from console.store.reading.figures import lay_under, nothing, plain, put, slots_of, whole
from console.store.reading.grid import HOURS_IN_DAY, Slots
from console.store.reading.sources import Source

Flags: TypeAlias = NDArray[np.bool_]


def wanted_of(source: Source, level: int, slots: Slots) -> Wanted:
    """The rows that hold a source at a level in some time."""
    hours = slots.hours
    begin = {RAW: hours.first, MINUTE: hours.first - hours.first % HOURS_IN_DAY}
    first = begin.get(level, int(source.file.start // SECONDS_IN_HOUR))
    points = {pick.point for pick in source.picks}
    chunks, part_chunks = (
        {chunk for pick in source.picks for chunk in np.unique(pick.ranks // size).tolist()}
        for size in (SERIES_IN_TILE[level], SERIES_IN_PART)
    )
    return Wanted(source.catalogue, source.shard, level, points, chunks, part_chunks, hours, Hours(first, hours.last))


async def read_tiles(
    source: Source, level: int, slots: Slots, damage: Damage, columns: Collection[str] = COLUMNS
) -> tuple[Stats, list["Coverage"]]:
    """Figures of a source as they were rolled up, and what was; other columns than those asked for are NaN."""
    wanted, complain = wanted_of(source, level, slots), damage.of(source.file.name)
    return await source.file.read(
        lambda connection: _Laying(source, slots, columns, complain, level).all(connection, wanted)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """Which slots were rolled up.

    Attributes:
        series: Of which series, by their place in the source.
        covered: By slot.
    """

    series: Integers
    covered: Flags


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    """The series of a source that stand in one tile or part.

    Attributes:
        size: Series that such a tile or part holds, at most.
        rows: Of each series: its row there.
        series: Of each: its place in the source.
    """

    size: int
    rows: Integers
    series: Integers


def _chunks_of(source: Source, size: int) -> dict[tuple[str, int], _Chunk]:
    return {
        (pick.point, number): _Chunk(size, pick.ranks[pick.ranks // size == number] % size, series)
        for pick, number, series in source.chunks_of(size)
    }


class _Laying:
    """Lays the roll-ups of a source onto slots, those first that stay: the newer ones."""

    def __init__(self, source: Source, slots: Slots, columns: Collection[str], complain: Complain, level: int) -> None:
        self._source = source
        self._slots = slots
        self._columns = columns
        self._complain = complain
        self._found: Stats | None = None
        self._level = level
        self._tiles = _chunks_of(source, SERIES_IN_TILE[level])
        self._covered = {place: np.zeros(slots.count, np.bool_) for place in self._tiles}

    def all(self, connection: Connection, wanted: Wanted) -> tuple[Stats, list[Coverage]]:
        """Everything there is: parts, which are newer than what was joined, then tiles."""
        step = self._slots.step
        whole_parts: dict[tuple[str, int], _Chunk] = {}
        for parts in fetch_parts(connection, wanted):
            whole_parts = whole_parts or _chunks_of(self._source, SERIES_IN_PART)
            point, number = parts[0].point, parts[0].chunk
            bodies = [(round(part.window * WINDOW / step), part.body) for part in parts]
            tiles_of = [(point, tile) for tile in tiles_of_part(self._level, number)]
            self._take(whole_parts.get((point, number)), tiles_of, bodies)
        for tiles in tile_batches(connection, wanted):
            bodies = [(round(tile.hour * SECONDS_IN_HOUR / step), tile.body) for tile in reversed(tiles)]
            place = tiles[0].point, tiles[0].chunk
            self._take(self._tiles.get(place), [place], bodies)
        return self._known(), self._coverages()

    def _known(self) -> Stats:
        if self._found is None:
            self._found = nothing(len(self._source.rows), self._slots.count, self._columns)
        return self._found

    def _take(
        self, chunk: "_Chunk | None", tiles: Sequence[tuple[str, int]], bodies: Sequence[tuple[int, bytes]]
    ) -> None:
        """Some blobs of one chunk, whose series stand in these tiles, each blob with its first slot."""
        if chunk is None:
            return
        covers = [self._covered[tile] for tile in tiles if tile in self._covered]
        for mine, figures in self._decoded(chunk, bodies):
            place = self._slots.place_of(mine)
            if self._found is None and mine == self._slots and len(chunk.series) == len(self._source.rows):
                self._found = whole(figures, self._columns)
            elif not any(covered[place].any() for covered in covers):
                put(self._known(), plain(chunk.series), place, figures, self._columns)
            elif len(bodies) > 1 or not all(covered[place].all() for covered in covers):
                lay_under(self._known(), plain(chunk.series), place, figures, self._columns)
            for covered in covers:
                covered[place] = True

    def _decoded(self, chunk: "_Chunk", bodies: Sequence[tuple[int, bytes]]) -> list[tuple[Slots, Stats]]:
        rows = chunk.rows
        # Of a long tile just the slots that are wanted are decoded.
        first = bodies[0][0]
        skipped = max(0, self._slots.first - first) if len(bodies) == 1 else 0
        buckets = range(skipped, self._slots.first + self._slots.count - first) if len(bodies) == 1 else None
        everybody = len(rows) == chunk.size and bool((rows == np.arange(chunk.size)).all())
        decoded = _decode_all(
            [body for _, body in bodies], None if everybody else rows, self._columns, buckets, self._complain
        )
        found: list[tuple[Slots, Stats]] = []
        for (begin, _), figures in zip(bodies, decoded, strict=True):
            if figures is not None:
                first = begin + skipped
                mine = self._slots.overlap(first, figures.quality.shape[1])
                at = slice(mine.first - first, mine.first - first + mine.count)
                part = whole(slots_of(figures, at, self._columns), self._columns)
                found.append((mine, part.grown(chunk.size) if everybody else part))
        return found

    def _coverages(self) -> list[Coverage]:
        found: dict[bytes, Coverage] = {}
        for place, covered in self._covered.items():
            series = self._tiles[place].series
            known = found.get(covered.tobytes())
            joined = series if known is None else np.concatenate([known.series, series])
            found[covered.tobytes()] = Coverage(joined, covered)
        return list(found.values())


def _decode_all(
    bodies: Sequence[bytes], rows: Integers | None, columns: Collection[str], buckets: range | None, complain: Complain
) -> list[Stats | None]:
    """Many roll-ups at once; None for a damaged one."""
    if not bodies:
        return []
    try:
        return list(decode_rollups(bodies, columns, rows, buckets))
    except CorruptBlob as error:
        if len(bodies) == 1:
            complain("a roll-up", error)
            return [None]
    return [one for body in bodies for one in _decode_all([body], rows, columns, buckets, complain)]
