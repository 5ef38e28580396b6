"""Samples at the stored period out of a shard's tiles, parts and head rows, for the series that are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from console.store.history.codec import CorruptBlob
from console.store.history.heads import Head, Section, decode_head
from console.store.history.levels import SECONDS_IN_HOUR, WINDOW
from console.store.history.quantise import Codes, Floats, Integers
from console.store.history.rollups import Stats, reduce_raw
from console.store.history.tiles import SERIES, decode_steps
from console.store.reading.blobs import HeadRow, Wanted, fetch_own_heads, fetch_parts, tile_batches
from console.store.reading.damage import Complain
from console.store.reading.figures import joined_rows, plain
from console.store.reading.sources import Pick, Source
from drivers.core.reading import Quality

_NOBODY = -1


class Canvas:
    """Series of a source x consecutive slots of its stored period.

    Attributes:
        first: The first slot, counted since the epoch.
        steps: In steps of each series' point.
        quality: NOT_POLLED where nothing was stored.
    """

    def __init__(self, source: Source, first: int, slots: int) -> None:
        self.source = source
        self.first = first
        self.steps: Integers = np.zeros((len(source.rows), slots), np.int64)
        self.quality: Codes = np.full((len(source.rows), slots), Quality.NOT_POLLED, np.uint8)

    @property
    def slots(self) -> int:
        """How many slots."""
        return int(self.quality.shape[1])

    @property
    def scales(self) -> Floats:
        """Steps per unit of each series, as a column."""
        scales = self.source.catalogue.scales
        return np.concatenate([np.full((len(pick.ranks), 1), scales[pick.point]) for pick in self.source.picks])

    def lay(self, rows: slice | Integers, first: int, steps: Integers, quality: Codes) -> None:
        """Lay later samples from slot `first` on over what is there: a value beats none, a reason beats nothing."""
        begin, end = max(first, self.first), min(first + steps.shape[1], self.first + self.slots)
        if begin >= end:
            return
        here, there = slice(begin - self.first, end - self.first), slice(begin - first, end - first)
        steps, quality = steps[:, there], quality[:, there]
        known = self.quality[rows, here]
        better = (quality < Quality.NOT_POLLED) | ((known >= Quality.NOT_POLLED) & (quality != Quality.NOT_POLLED))
        if better.all():
            self.quality[rows, here], self.steps[rows, here] = quality, steps
        else:
            self.quality[rows, here] = np.where(better, quality, known)
            self.steps[rows, here] = np.where(better, steps, self.steps[rows, here])

    def reduced(self, slots: int) -> Stats:
        """Every `slots` neighbours as one bucket."""
        scales = self.scales
        if slots == 1:
            there = self.quality < Quality.NOT_POLLED
            values = np.where(there, self.steps / scales, np.nan)
            fresh = self.quality < Quality.STALE
            return Stats(values, values, values, fresh.astype(np.int64), self.quality)
        return joined_rows(
            [
                reduce_raw(self.steps[rows], self.quality[rows], slots, scales[rows], pick.kind)
                for pick, rows in self.source.slices
            ]
        )


def decode_raw(connection: Connection, wanted: Wanted, canvas: Canvas, complain: Complain) -> Canvas:
    """Lay everything that is stored of a canvas's source onto it.

    Tiles by revision, then parts, then head rows: the later of two values stands, as the writer has it. A damaged tile
    or part leaves MALFORMED in its slots; a damaged head row leaves nothing.
    """
    period_ms = canvas.source.shard.period_ms
    of_hour, of_window = SECONDS_IN_HOUR * 1000 // period_ms, WINDOW * 1000 // period_ms
    chunks = {(pick.point, chunk): (pick, series) for pick, chunk, series in canvas.source.chunks}
    for tiles in tile_batches(connection, wanted):
        if (place := chunks.get((tiles[0].point, tiles[0].chunk))) is not None:
            bodies = [(tile.hour * of_hour, of_hour, tile.body) for tile in tiles]
            _lay_chunk(canvas, *place, tiles[0].chunk, bodies, complain)
    for parts in fetch_parts(connection, wanted):
        if (place := chunks.get((parts[0].point, parts[0].chunk))) is not None:
            bodies = [(part.window * of_window, of_window, part.body) for part in parts]
            _lay_chunk(canvas, *place, parts[0].chunk, bodies, complain)
    if heads := fetch_own_heads(connection, wanted):
        _lay_heads(canvas, heads, complain)
    return canvas


def _lay_chunk(
    canvas: Canvas,
    pick: Pick,
    series: Integers,
    chunk: int,
    bodies: Sequence[tuple[int, int, bytes]],
    complain: Complain,
) -> None:
    """Lay blobs of one chunk: the first slot of each, how many it has, and its body."""
    scale = canvas.source.catalogue.scales[pick.point]
    rows = pick.ranks[pick.chunks == chunk] % SERIES
    decoded = decode_all([body for *_, body in bodies], rows, complain, pick.point)
    for (at, slots, _), cells in zip(bodies, decoded, strict=True):
        if cells is None:
            shape = (len(series), slots)
            canvas.lay(plain(series), at, np.zeros(shape, np.int64), np.full(shape, Quality.MALFORMED, np.uint8))
        else:
            steps, quality, own_scale = cells
            if own_scale != scale:
                steps = np.rint(steps * (scale / own_scale)).astype(np.int64)
            canvas.lay(plain(series), at, steps, quality)


def decode_all(
    bodies: Sequence[bytes], rows: Integers, complain: Complain, what: str
) -> list[tuple[Integers, Codes, float] | None]:
    """Steps, qualities and scale of many tiles or parts at once; None for a damaged one."""
    try:
        return [(cells.steps, cells.quality, scale) for cells, scale in decode_steps(bodies, rows)]
    except CorruptBlob as error:
        if len(bodies) == 1:
            complain(what, error)
            return [None]
    return [one for body in bodies for one in decode_all([body], rows, complain, what)]


@dataclass(frozen=True, slots=True)
class _Targets:
    """Where the samples of head rows go.

    Attributes:
        positions: For each layout the positions that are wanted.
        rows: For each layout, positions x seats: the row of the canvas, or -1.
        by_seat: Rows of the canvas in the order of their seats.
        first: For each seat where its rows begin in `by_seat`; one more closes the last.
    """

    positions: dict[int, Integers]
    rows: dict[int, Integers]
    by_seat: Integers
    first: Integers


def _targets(source: Source) -> _Targets:
    shard = source.shard
    ranked = [(pick, shard.ranked(pick.point)) for pick in source.picks]
    seats = np.concatenate([found.seats[pick.ranks] for pick, found in ranked])
    within = np.concatenate([found.within[pick.ranks] for pick, found in ranked])
    layouts = shard.layout_of[seats]
    positions: dict[int, Integers] = {}
    rows: dict[int, Integers] = {}
    for number in np.unique(layouts).tolist():
        mine = np.flatnonzero(layouts == number)
        wanted, place = np.unique(within[mine], return_inverse=True)
        table = np.full((len(wanted), len(shard.devices)), _NOBODY)
        table[place.reshape(-1), seats[mine]] = mine
        positions[shard.layouts[number].id] = wanted
        rows[shard.layouts[number].id] = table
    order = np.argsort(seats, kind="stable")
    first = np.searchsorted(seats[order], np.arange(len(shard.devices) + 1))
    return _Targets(positions, rows, order, first)


_FEW_SEATS = 32
"""Up to so many seats are picked out of head rows one by one."""


def _lay_heads(canvas: Canvas, heads: Sequence[HeadRow], complain: Complain) -> None:
    """Samples, oldest first; then the reasons, which fill what is left."""
    shard = canvas.source.shard
    of_window = WINDOW * 1000 // shard.period_ms
    targets = _targets(canvas.source)
    seats = np.flatnonzero(np.diff(targets.first))
    wanted = {seat: shard.layout(seat).id for seat in seats.tolist()} if len(seats) <= _FEW_SEATS else None
    decoded: list[tuple[int, Head]] = []
    for row in heads:
        try:
            decoded.append((row.window * of_window, decode_head(row.body, wanted, targets.positions)))
        except CorruptBlob as error:
            complain("a head row", error)
    for at, head in decoded:
        for section in head.sections:
            _lay_section(canvas, targets, at, section)
    for at, head in decoded:
        _lay_losses(canvas, targets, at, head)


def _lay_section(canvas: Canvas, targets: _Targets, at: int, section: Section) -> None:
    table = targets.rows[section.layout]
    seats = section.seats.astype(np.int64)
    known = seats < table.shape[1]
    slots = at - canvas.first + section.slots.astype(np.int64)
    inside = np.flatnonzero(known & (slots >= 0) & (slots < canvas.slots))
    rows = table[:, seats[inside]]
    quality = section.quality[:, inside]
    slot = np.broadcast_to(slots[inside], rows.shape)
    there = (rows != _NOBODY) & (quality != Quality.NOT_POLLED)
    rows, slot, quality, steps = rows[there], slot[there], quality[there], section.steps[:, inside][there]
    has_value = quality < Quality.NOT_POLLED
    # Several samples of one slot in one folded row stand in the order they came: the last one assigned stays.
    for mine in (~has_value, has_value):
        _fill(canvas, rows[mine], slot[mine], steps[mine], quality[mine])


def _fill(canvas: Canvas, rows: Integers, slots: Integers, steps: Integers, quality: Codes) -> None:
    """Lay single cells: a value stands, a reason where there is no value."""
    better = (quality < Quality.NOT_POLLED) | (canvas.quality[rows, slots] >= Quality.NOT_POLLED)
    canvas.quality[rows[better], slots[better]] = quality[better]
    canvas.steps[rows[better], slots[better]] = steps[better]


def _lay_losses(canvas: Canvas, targets: _Targets, at: int, head: Head) -> None:
    slots = at - canvas.first + head.losses.slots.astype(np.int64)
    seats = head.losses.seats.astype(np.int64)
    inside = (slots >= 0) & (slots < canvas.slots) & (seats < len(targets.first) - 1)
    seats, slots, reasons = seats[inside], slots[inside], head.losses.reasons[inside]
    lengths = targets.first[seats + 1] - targets.first[seats]
    total = int(lengths.sum())
    if not total:
        return
    before = np.cumsum(lengths) - lengths
    rows = targets.by_seat[np.repeat(targets.first[seats] - before, lengths) + np.arange(total)]
    slot, reason = np.repeat(slots, lengths), np.repeat(reasons, lengths)
    empty = canvas.quality[rows, slot] == Quality.NOT_POLLED
    canvas.quality[rows[empty], slot[empty]] = reason[empty]
