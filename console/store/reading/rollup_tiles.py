"""Roll-ups as they are stored: tiles and parts of a level laid onto the slots that are wanted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from console.store.history.codec import CorruptBlob
from console.store.history.levels import MINUTE, RAW, SECONDS_IN_HOUR, WINDOW
from console.store.history.quantise import Integers
from console.store.history.rollups import COLUMNS, Stats, decode_rollups
from console.store.history.tiles import SERIES
from console.store.reading.blobs import Blobs, Hours, Wanted, fetch
from console.store.reading.damage import Complain, Damage
from console.store.reading.figures import lay_under, nothing, plain, slots_of, whole
from console.store.reading.grid import HOURS_IN_DAY, Slots
from console.store.reading.sources import Pick, Source

Flags: TypeAlias = NDArray[np.bool_]

_ALL_ROWS: Integers = np.arange(SERIES)


def wanted_of(source: Source, level: int, slots: Slots) -> Wanted:
    """The rows that hold a source at a level in some time."""
    hours = slots.hours
    begin = {RAW: hours.first, MINUTE: hours.first - hours.first % HOURS_IN_DAY}
    first = begin.get(level, int(source.file.start // SECONDS_IN_HOUR))
    points = {pick.point for pick in source.picks}
    chunks = {chunk for pick in source.picks for chunk in np.unique(pick.chunks).tolist()}
    return Wanted(source.catalogue, source.shard, level, points, chunks, hours, Hours(first, hours.last))


async def read_tiles(
    source: Source, level: int, slots: Slots, damage: Damage, columns: Collection[str] = COLUMNS
) -> tuple[Stats, list["Coverage"]]:
    """Figures of a source as they were rolled up, and what was; other columns than those asked for are NaN."""
    complain = damage.of(source.file.name)
    return await source.file.take(
        partial(fetch, wanted=wanted_of(source, level, slots)),
        lambda blobs: _lay_tiles(source, slots, blobs, columns, complain),
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


def _lay_tiles(
    source: Source, slots: Slots, blobs: Blobs, columns: Collection[str], complain: Complain
) -> tuple[Stats, list[Coverage]]:
    chunks = source.chunks
    found: Stats | None = None
    coverages: dict[bytes, Coverage] = {}
    for pick, chunk, series in chunks:
        covered = np.zeros(slots.count, np.bool_)
        decoded = _decode_chunk(blobs, pick, chunk, slots, columns, complain)
        for mine, figures in decoded:
            covered[slots.place_of(mine)] = True
            if found is None and len(chunks) == len(decoded) == 1 and mine == slots:
                found = whole(figures, columns)
                break
            found = nothing(len(source.rows), slots.count, columns) if found is None else found
            lay_under(found, plain(series), slots.place_of(mine), figures, columns)
        known = coverages.get(covered.tobytes())
        joined = series if known is None else np.concatenate([known.series, series])
        coverages[covered.tobytes()] = Coverage(joined, covered)
    return nothing(len(source.rows), slots.count, columns) if found is None else found, list(coverages.values())


def _decode_chunk(
    blobs: Blobs, pick: Pick, chunk: int, slots: Slots, columns: Collection[str], complain: Complain
) -> list[tuple[Slots, Stats]]:
    """What the parts and tiles of a chunk hold of some slots, those first that stay."""
    places = _places(blobs, pick.point, chunk, slots.step)
    rows = pick.ranks[pick.chunks == chunk] % SERIES
    # Of a long tile that is the only one just the slots that are wanted are decoded.
    skipped = max(0, slots.first - places[0][0]) if len(places) == 1 else 0
    buckets = range(skipped, slots.first + slots.count - places[0][0]) if len(places) == 1 else None
    everybody = len(rows) == SERIES and bool((rows == _ALL_ROWS).all())
    decoded = _decode_all([body for _, body in places], None if everybody else rows, columns, buckets, complain)
    found: list[tuple[Slots, Stats]] = []
    for (begin, _), figures in zip(places, decoded, strict=True):
        if figures is not None:
            first = begin + skipped
            mine = slots.overlap(first, figures.quality.shape[1])
            part = slots_of(figures, slice(mine.first - first, mine.first - first + mine.count), columns)
            found.append((mine, whole(part, columns).grown(SERIES) if everybody else part))
    return found


def _places(blobs: Blobs, point: str, chunk: int, step: float) -> list[tuple[int, bytes]]:
    """The first slot and the body of the parts and tiles of a chunk, those first that stay: the newer ones."""
    tiles = [tile for tile in blobs.tiles if (tile.point, tile.chunk) == (point, chunk)]
    parts = [part for part in blobs.parts if (part.point, part.chunk) == (point, chunk)]
    return [
        *((round(part.window * WINDOW / step), part.body) for part in parts),
        *((round(tile.hour * SECONDS_IN_HOUR / step), tile.body) for tile in sorted(tiles, key=lambda one: -one.rev)),
    ]


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
