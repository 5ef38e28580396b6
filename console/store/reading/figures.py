"""Figures of slots (mean, low, high, count, quality) as they are laid over one another and taken apart."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from console.store.history.quantise import Integers
from console.store.history.rollups import COLUMNS, COUNT, HIGH, LOW, MEAN, Stats, reduce_stats
from drivers.core.points import PointKind
from drivers.core.reading import Quality


def rows_of(figures: Stats, rows: slice | Integers) -> Stats:
    """Some of the series."""
    return Stats(figures.mean[rows], figures.low[rows], figures.high[rows], figures.count[rows], figures.quality[rows])


def lay_under(
    found: Stats, rows: slice | Integers, at: slice, other: Stats, columns: Collection[str] = COLUMNS
) -> None:
    """Lay figures under what is there: what came before stays; a value beats a reason, a reason beats NOT_POLLED."""
    known, code = found.quality[rows, at], other.quality
    better = (known >= Quality.NOT_POLLED) & (
        (code < Quality.NOT_POLLED) | ((known == Quality.NOT_POLLED) & (code != Quality.NOT_POLLED))
    )
    for name, mine, theirs in (
        (MEAN, found.mean, other.mean),
        (LOW, found.low, other.low),
        (HIGH, found.high, other.high),
        (COUNT, found.count, other.count),
        ("", found.quality, other.quality),
    ):
        if not name or name in columns:
            mine[rows, at] = theirs if better.all() else np.where(better, theirs, mine[rows, at])


def put(found: Stats, rows: slice | Integers, at: slice, other: Stats, columns: Collection[str]) -> None:
    """The same where there is nothing yet, which is quicker."""
    for name, mine, theirs in (
        (MEAN, found.mean, other.mean),
        (LOW, found.low, other.low),
        (HIGH, found.high, other.high),
        (COUNT, found.count, other.count),
    ):
        if name in columns:
            mine[rows, at] = theirs
    found.quality[rows, at] = other.quality


def nothing(series: int, slots: int, columns: Collection[str]) -> Stats:
    """Figures of nobody; columns that are not asked for take no room and cannot be written."""
    shape = (series, slots)
    empty = np.broadcast_to(np.nan, shape)
    return Stats(
        np.full(shape, np.nan) if MEAN in columns else empty,
        np.full(shape, np.nan) if LOW in columns else empty,
        np.full(shape, np.nan) if HIGH in columns else empty,
        np.zeros(shape, np.int64) if COUNT in columns else np.broadcast_to(np.int64(0), shape),
        np.full(shape, Quality.NOT_POLLED, np.uint8),
    )


def slots_of(figures: Stats, at: slice, columns: Collection[str]) -> Stats:
    """Some of the slots; columns that were not decoded stay empty."""
    return Stats(
        figures.mean[:, at] if MEAN in columns else figures.mean,
        figures.low[:, at] if LOW in columns else figures.low,
        figures.high[:, at] if HIGH in columns else figures.high,
        figures.count[:, at] if COUNT in columns else figures.count,
        figures.quality[:, at],
    )


def plain(rows: Integers) -> slice | Integers:
    """Neighbouring rows as a slice, which numpy takes without copying."""
    first, last = int(rows[0]), int(rows[-1])
    return slice(first, last + 1) if last - first + 1 == len(rows) else rows


def joined_rows(parts: Sequence[Stats]) -> Stats:
    """Series below one another."""
    if len(parts) == 1:
        return parts[0]
    return Stats(
        np.concatenate([part.mean for part in parts]),
        np.concatenate([part.low for part in parts]),
        np.concatenate([part.high for part in parts]),
        np.concatenate([part.count for part in parts]),
        np.concatenate([part.quality for part in parts]),
    )


def whole(figures: Stats, columns: Collection[str]) -> Stats:
    """Decoded figures with something in place of the columns that were not: NaN that takes no room."""
    empty = np.broadcast_to(np.nan, figures.quality.shape)
    return Stats(
        figures.mean if MEAN in columns else empty,
        figures.low if LOW in columns else empty,
        figures.high if HIGH in columns else empty,
        figures.count if COUNT in columns else np.broadcast_to(np.int64(0), figures.quality.shape),
        figures.quality,
    )


def columns_of(figures: Stats) -> tuple[NDArray[np.generic], ...]:
    """All columns."""
    return figures.mean, figures.low, figures.high, figures.count, figures.quality


def reduce_rows(figures: Stats, slots: int, gauges: NDArray[np.bool_]) -> Stats:
    """Every `slots` neighbours as one, each row by its kind."""
    if slots == 1:
        return figures
    if gauges.all():
        return reduce_stats(figures, slots)
    if not gauges.any():
        return reduce_stats(figures, slots, PointKind.COUNTER)
    found = nothing(len(gauges), figures.quality.shape[1] // slots, COLUMNS)
    for rows, kind in ((gauges, PointKind.GAUGE), (~gauges, PointKind.COUNTER)):
        part = reduce_stats(rows_of(figures, np.flatnonzero(rows)), slots, kind)
        for mine, theirs in zip(columns_of(found), columns_of(part), strict=True):
            mine[rows] = theirs
    return found
