"""One window of one shard put together from its head rows: raw segments, minutes and the keyframe at its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.store.history.bands import Cells
from console.store.history.codec import CorruptBlob
from console.store.history.heads import Losses, Section, Steps, decode_head
from console.store.history.keyframes import UNKNOWN, Keyframe, encode_keyframe
from console.store.history.levels import MINUTE, RAW, SECONDS_IN_MINUTE, slots_in_window, window_start
from console.store.history.month import NewPart
from console.store.history.quantise import Codes, Integers
from console.store.history.registry import STATE, Seat, StoredLayout
from console.store.history.rollups import encode_rollup, reduce_raw
from console.store.history.tiles import SERIES, encode_segment
from drivers.core.points import POINTS, PointKind
from drivers.core.reading import DeviceState, Quality

SILENT = (Quality.UNREACHABLE, Quality.TIMED_OUT)
"""Reasons for which a device counts as unreachable; with the others somebody answered."""


def kind_of(point: str) -> PointKind:
    """How a point behaves over time; one that this program does not know is taken for a gauge."""
    return POINTS[point].kind if point in POINTS else PointKind.GAUGE


def is_better(quality: Codes, before: Codes) -> NDArray[np.bool_]:
    """Where later samples stand: a value beats none, a reason beats nothing, and the later of two values stands."""
    better: NDArray[np.bool_] = (quality < Quality.NOT_POLLED) | (
        (before >= Quality.NOT_POLLED) & (quality != Quality.NOT_POLLED)
    )
    return better


def _state_in(layout: StoredLayout) -> int:
    return next((at for at in layout.points.get(STATE.point, ()) if layout.signals[at].part == STATE.part), -1)


class Arrangement:
    """How the series of a shard's seats are laid out: seat after seat, and by point and rank for tiles.

    Attributes:
        period_ms: Stored period.
        scales: Steps per unit of each point.
        layouts: Layout id of each seat.
        lengths: Series of each seat.
        starts: Where each seat's series begin, seat after seat; one more closes the last.
        state_at: Where each seat's state stands, seat after seat; -1 where an earlier version stored none.
        row_of: For each series, seat after seat, its row by point and rank.
        spans: Rows of each point, in alphabetical order of the points.
    """

    def __init__(self, seats: Sequence[Seat], period_ms: int, scales: Mapping[str, float]) -> None:
        self.period_ms = period_ms
        self.scales = {point: scales[point] for seat in seats for point in seat.layout.points}
        names = sorted(self.scales)
        number = {point: at for at, point in enumerate(names)}
        points_of = {
            seat.layout.id: np.array([number[signal.point] for signal in seat.layout.signals], np.int64)
            for seat in seats
        }
        self.layouts: Integers = np.array([seat.layout.id for seat in seats], np.int64)
        self.lengths: Integers = np.array([len(seat.layout.signals) for seat in seats], np.int64)
        self.starts: Integers = np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int64)
        state_of = {seat.layout.id: _state_in(seat.layout) for seat in seats}
        within = np.array([state_of[seat.layout.id] for seat in seats], np.int64)
        self.state_at: Integers = np.where(within >= 0, self.starts[:-1] + within, -1)
        points = np.concatenate([points_of[seat.layout.id] for seat in seats])
        order = np.argsort(points, kind="stable")
        self._at_row: Integers = order
        self.row_of: Integers = np.empty(len(points), np.int64)
        self.row_of[order] = np.arange(len(points))
        edges = np.searchsorted(points[order], np.arange(len(names) + 1)).tolist()
        self.spans = {name: slice(edges[at], edges[at + 1]) for at, name in enumerate(names)}

    @property
    def series(self) -> int:
        """Series of the whole shard."""
        return int(self.starts[-1])

    @property
    def slots(self) -> int:
        """Slots in a window."""
        return slots_in_window(self.period_ms)

    def places(self, rows: slice) -> tuple[Integers, Integers]:
        """Seat and position in its layout of the series in some rows."""
        at = self._at_row[rows]
        seats: Integers = np.searchsorted(self.starts, at, side="right") - 1
        return seats, at - self.starts[seats]

    def chunks(self, point: str, series: int = SERIES) -> list[slice]:
        """Rows of each chunk of a point, of so many series."""
        span = self.spans[point]
        return [slice(at, min(at + series, span.stop)) for at in range(span.start, span.stop, series)]


@dataclass(frozen=True, slots=True)
class Closed:
    """What a window came to.

    Attributes:
        parts: Raw segments and minutes; a chunk in which nobody was polled gives none.
        keyframe: The blob, None when it is not to be written.
        answered: When each seat has answered, as of the end of the window, ms since the epoch.
        damaged: What is wrong with each head row that had to be left out.
    """

    parts: list[NewPart]
    keyframe: bytes | None
    answered: Integers
    damaged: list[str]


class WindowImage:
    """Series of a shard x the slots of a window, in steps, rows by point and rank. Memory: 5 to 9 bytes a cell."""

    def __init__(self, arrangement: Arrangement) -> None:
        self.arrangement = arrangement
        shape = (arrangement.series, arrangement.slots)
        self.steps: Steps = np.zeros(shape, np.int32)
        self.quality: Codes = np.full(shape, Quality.NOT_POLLED, np.uint8)
        self._losses: list[Losses] = []

    def take_in(self, body: bytes) -> None:
        """Lay the samples of a head row over the image; rows come oldest first. Raises `CorruptBlob`."""
        head = decode_head(body)
        if head.hourly:
            raise CorruptBlob("a head row counts its slots from the hour: it was not taken apart")
        for section in head.sections:
            self._check(section)
        for section in head.sections:
            self._lay(section)
        losses = head.losses
        if len(losses.seats):
            if losses.seats.max() >= len(self.arrangement.lengths) or losses.slots.max() >= self.arrangement.slots:
                raise CorruptBlob("a head row names a seat or slot that does not exist")
            self._losses.append(losses)

    def _check(self, section: Section) -> None:
        arrangement = self.arrangement
        if not len(section.seats):
            return
        if section.seats.max() >= len(arrangement.lengths) or section.slots.max() >= arrangement.slots:
            raise CorruptBlob("a head row names a seat or slot that does not exist")
        if (arrangement.layouts[section.seats] != section.layout).any():
            raise CorruptBlob("a head row gives a seat another layout than the registry")
        if (arrangement.lengths[section.seats] != len(section.steps)).any():
            raise CorruptBlob("a head row has another number of series than its layout")

    def _lay(self, section: Section) -> None:
        arrangement = self.arrangement
        at = arrangement.starts[section.seats] + np.arange(len(section.steps))[:, None]
        cells = arrangement.row_of[at]
        cells *= arrangement.slots
        cells += section.slots
        steps, quality = section.steps, section.quality
        if quality.any():
            before = self.quality.reshape(-1)[cells]
            if (before != Quality.NOT_POLLED).any():
                better = is_better(quality, before)
                cells, steps, quality = cells[better], steps[better], quality[better]
        self._widen(steps)
        self.steps.reshape(-1)[cells] = steps
        self.quality.reshape(-1)[cells] = quality

    def _widen(self, steps: Steps) -> None:
        if steps.dtype.itemsize > self.steps.dtype.itemsize and steps.size:
            info = np.iinfo(self.steps.dtype)
            if int(steps.min()) < info.min or int(steps.max()) > info.max:
                self.steps = self.steps.astype(np.int64)

    def lay_chunk(self, point: str, chunk: int, cells: Cells) -> None:
        """Lay the samples of a segment over the image, as those of a head row."""
        chunks = self.arrangement.chunks(point) if point in self.arrangement.spans else []
        if chunk >= len(chunks) or len(cells.steps) > chunks[chunk].stop - chunks[chunk].start:
            raise CorruptBlob("a segment has more series than the registry")
        rows = slice(chunks[chunk].start, chunks[chunk].start + len(cells.steps))
        before = self.quality[rows]
        better = is_better(cells.quality, before)
        self._widen(cells.steps[better])
        np.copyto(self.steps[rows], cells.steps, where=better, casting="same_kind")
        np.copyto(before, cells.quality, where=better)

    def lay_image(self, other: "WindowImage") -> None:
        """Lay another image of the same shard and window over this one."""
        better = is_better(other.quality, self.quality)
        if other.steps.dtype.itemsize > self.steps.dtype.itemsize:
            self.steps = self.steps.astype(np.int64)
        np.copyto(self.steps, other.steps, where=better)
        np.copyto(self.quality, other.quality, where=better)

    def take_in_losses(self) -> None:
        """After all head rows: fill empty slots with the reasons. A sample beats a loss, whichever came first."""
        for loss in self._losses:
            self._lose(loss)
        self._losses.clear()

    def _lose(self, loss: Losses) -> None:
        starts, all_lengths = self.arrangement.starts, self.arrangement.lengths
        lengths = all_lengths[loss.seats]
        before = np.cumsum(lengths) - lengths
        at = np.repeat(starts[loss.seats] - before, lengths) + np.arange(lengths.sum())
        rows = self.arrangement.row_of[at]
        slots = np.repeat(loss.slots, lengths)
        empty = self.quality[rows, slots] == Quality.NOT_POLLED
        self.quality[rows[empty], slots[empty]] = np.repeat(loss.reasons, lengths)[empty]

    def raw_parts(self) -> list[NewPart]:
        """The segments of the window."""
        found: list[NewPart] = []
        for point in self.arrangement.spans:
            scale = self.arrangement.scales[point]
            for chunk, rows in enumerate(self.arrangement.chunks(point)):
                quality = self.quality[rows]
                if (quality != Quality.NOT_POLLED).any():
                    found.append(NewPart(RAW, point, chunk, encode_segment(self.steps[rows], quality, scale)))
        return found

    def minute_parts(self, chunks: "frozenset[tuple[str, int]] | None" = None) -> list[NewPart]:
        """The minutes of the window; of the given (point, chunk) alone, when given."""
        found: list[NewPart] = []
        slots = SECONDS_IN_MINUTE * 1000 // self.arrangement.period_ms
        for point in self.arrangement.spans:
            scale, kind = self.arrangement.scales[point], kind_of(point)
            for chunk, rows in enumerate(self.arrangement.chunks(point)):
                quality = self.quality[rows]
                if (chunks is None or (point, chunk) in chunks) and (quality != Quality.NOT_POLLED).any():
                    stats = reduce_raw(self.steps[rows], quality, slots, scale, kind)
                    found.append(NewPart(MINUTE, point, chunk, encode_rollup(stats, scale)))
        return found

    def keyframe(self, window: int, answered_before: Integers) -> Keyframe:
        """The newest of every series at the end of the window.

        `answered_before` (ms since the epoch, by seat; seats that came later may be missing) is what was known before
        the window. A device has answered when the newest slot with a value began.
        """
        arrangement = self.arrangement
        newest = _last(self.quality != Quality.NOT_POLLED)[arrangement.row_of]
        at = arrangement.row_of, np.maximum(newest, 0)
        quality, steps = self.quality[at], self.steps[at].astype(np.int64)
        steps[quality >= Quality.NOT_POLLED] = 0
        answered = _last(self.quality < Quality.NOT_POLLED)[arrangement.row_of]
        return Keyframe(
            arrangement.layouts,
            arrangement.lengths,
            self._answered(np.maximum.reduceat(answered, arrangement.starts[:-1]), window, answered_before),
            _states(steps, quality, arrangement.state_at),
            steps,
            quality,
        )

    def _answered(self, slot: Integers, window: int, before: Integers) -> Integers:
        answered = np.full(len(slot), UNKNOWN, np.int64)
        answered[: len(before)] = before[: len(slot)]
        now = window_start(window) * 1000 + slot * self.arrangement.period_ms
        return np.where(slot >= 0, np.maximum(now, answered), answered)


def _last(there: NDArray[np.bool_]) -> Integers:
    """For each row the last slot that is there, -1 when none is."""
    slot = there.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
    return np.where(there[np.arange(len(there)), slot], slot, -1)


def _states(steps: Integers, quality: Codes, state_at: Integers) -> Codes:
    """`DeviceState` out of the newest of the state series; unknown where an earlier version stored none."""
    at = np.maximum(state_at, 0)
    known = np.where(quality[at] < Quality.NOT_POLLED, steps[at], np.int64(DeviceState.UNKNOWN))
    state = np.where(np.isin(quality[at], SILENT), np.int64(DeviceState.UNREACHABLE), known)
    return np.where(state_at >= 0, state, np.int64(DeviceState.UNKNOWN)).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is on record of a window that is closed once more.

    Attributes:
        parts: Its raw parts whose hour is not joined yet, decoded, by (point, chunk).
        tiles: Its share of the raw tiles of its hour, oldest revision first, by (point, chunk).
        thinned: Raw samples of that time were deleted, so that a keyframe cannot be made again.
    """

    parts: Sequence[tuple[str, int, Cells]] = ()
    tiles: Sequence[tuple[str, int, Cells]] = ()
    thinned: bool = False


def close_window(
    arrangement: Arrangement,
    window: int,
    bodies: Sequence[bytes],
    answered_before: Integers,
    earlier: Earlier,
    everything: bool = False,
) -> Closed:
    """The parts and the keyframe of a window out of its head rows and of what is on record of it.

    The raw parts hold what is not in a tile yet; the minutes and the keyframe are made of everything. Minutes come of
    chunks with something new, or of all with `everything`.
    """
    image = WindowImage(arrangement)
    damaged: list[str] = []
    for point, chunk, cells in earlier.parts:
        image.lay_chunk(point, chunk, cells)
    for body in bodies:
        try:
            image.take_in(body)
        except CorruptBlob as error:
            damaged.append(str(error))
    image.take_in_losses()
    parts = image.raw_parts()
    whole = image
    if earlier.tiles:
        whole = WindowImage(arrangement)
        for point, chunk, cells in earlier.tiles:
            whole.lay_chunk(point, chunk, cells)
        whole.lay_image(image)
    touched = None if everything or whole is image else frozenset((part.point, part.chunk) for part in parts)
    parts += whole.minute_parts(touched)
    keyframe = whole.keyframe(window, answered_before)
    # A window in which nobody was polled, within an hour that has a tile, has nothing to show.
    is_empty = not bodies and not (whole.quality != Quality.NOT_POLLED).any()
    blob = None if earlier.thinned or is_empty else encode_keyframe(keyframe)
    return Closed(parts, blob, keyframe.answered, damaged)
