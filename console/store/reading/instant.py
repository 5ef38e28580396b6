"""The newest of every series of a file at an instant, out of keyframes, tiles, parts and head rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import numpy as np

from console.domain.telemetry import STALE_AFTER_PERIODS
from console.store.history.codec import CorruptBlob
from console.store.history.heads import Section, decode_head
from console.store.history.keyframes import UNKNOWN, Keyframe, decode_keyframes
from console.store.history.levels import place_in_hour, slots_in_window, window_start
from console.store.history.newest import NO_SLOT, Newest
from console.store.history.quantise import Codes, Floats, Integers, to_values
from console.store.history.registry import STATE
from console.store.history.tiles import SERIES, decode_windows
from console.store.reading.blobs import WindowBlobs
from console.store.reading.catalogue import Catalogue, StoredShard
from console.store.reading.damage import Complain
from drivers.core.reading import DeviceState, Quality

_SILENT = (Quality.UNREACHABLE, Quality.TIMED_OUT)
"""Reasons for which a device counts as unreachable; with the others somebody answered."""


class Places:
    """Where everything of a catalogue stands when its shards are laid out one after another, seat after seat.

    Attributes:
        catalogue: Whose.
        series: Number of all series.
        seats: Number of all seats.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._first_series: dict[tuple[str, int], int] = {}
        self._first_seat: dict[tuple[str, int], int] = {}
        self._scales: dict[tuple[str, int], Floats] = {}
        self.series = self.seats = 0
        for shard in catalogue.shards.values():
            self._first_series[shard.key] = self.series
            self._first_seat[shard.key] = self.seats
            self.series += int(shard.starts[-1])
            self.seats += len(shard.devices)

    def series_of(self, shard: StoredShard) -> slice:
        """The series of a shard."""
        first = self._first_series[shard.key]
        return slice(first, first + int(shard.starts[-1]))

    def seats_of(self, shard: StoredShard) -> slice:
        """The seats of a shard."""
        first = self._first_seat[shard.key]
        return slice(first, first + len(shard.devices))

    def scales_of(self, shard: StoredShard) -> Floats:
        """Steps per unit of each series of a shard."""
        found = self._scales.get(shard.key)
        if found is None:
            scales = [
                np.array([self.catalogue.scales[signal.point] for signal in layout.signals]) for layout in shard.layouts
            ]
            found = np.concatenate([scales[number] for number in shard.layout_of.tolist()])
            self._scales[shard.key] = found
        return found

    def numbered_seats(self) -> Iterator[tuple[tuple[str, UUID, int], int]]:
        """What a seat is known by in every file (origin, device, layout), and its number here."""
        number = 0
        for shard in self.catalogue.shards.values():
            for device, layout in zip(shard.devices, shard.layout_of.tolist(), strict=True):
                yield (shard.origin, device, shard.layouts[layout].id), number
                number += 1

    @cached_property
    def starts(self) -> Integers:
        """Where each seat's first series stands; one more closes the last."""
        parts = [shard.starts[:-1] + self._first_series[shard.key] for shard in self.catalogue.shards.values()]
        return np.concatenate([*parts, [self.series]]).astype(np.int64)

    @cached_property
    def period(self) -> Floats:
        """Stored period of each seat, seconds."""
        parts = [np.full(len(shard.devices), shard.period) for shard in self.catalogue.shards.values()]
        return np.concatenate(parts) if parts else np.empty(0)

    @cached_property
    def state(self) -> Integers:
        """Where each seat's state stands; -1 where none is stored."""
        found: list[Integers] = [np.empty(0, np.int64)]
        for shard in self.catalogue.shards.values():
            within = np.array([_state_in(layout.points.get(STATE.point, ())) for layout in shard.layouts], np.int64)
            mine = within[shard.layout_of]
            found.append(np.where(mine < 0, -1, shard.starts[:-1] + mine + self._first_series[shard.key]))
        return np.concatenate(found)


def _state_in(positions: Sequence[int]) -> int:
    return positions[-1] if positions else -1


@dataclass(slots=True)
class Moment:
    """Every series and seat of a catalogue at an instant, laid out as `Places` says.

    Attributes:
        values: NaN where there is none.
        quality: NOT_POLLED where nobody asked.
        answered: UTC seconds of each seat's newest answer; NaN when not known.
        state: `DeviceState` of each seat.
    """

    values: Floats
    quality: Codes
    answered: Floats
    state: Codes

    @classmethod
    def nothing(cls, places: Places) -> "Moment":
        """Nobody was polled."""
        return cls(
            np.full(places.series, np.nan),
            np.full(places.series, Quality.NOT_POLLED, np.uint8),
            np.full(places.seats, np.nan),
            np.full(places.seats, DeviceState.UNKNOWN, np.uint8),
        )


def decode_frames(rows: Sequence[tuple[StoredShard, bytes]], complain: Complain) -> list[tuple[StoredShard, Keyframe]]:
    """The keyframes of shards without those that are damaged."""
    try:
        frames = decode_keyframes([body for _, body in rows])
    except CorruptBlob as error:
        if len(rows) == 1:
            complain("a keyframe", error)
            return []
        return [frame for row in rows for frame in decode_frames([row], complain)]
    fitting: list[tuple[StoredShard, Keyframe]] = []
    for (shard, _), frame in zip(rows, frames, strict=True):
        seats = len(frame.lengths)
        if seats > len(shard.devices) or len(frame.steps) != int(shard.starts[seats]):
            complain("a keyframe", CorruptBlob("a keyframe does not fit its shard"))
        else:
            fitting.append((shard, frame))
    return fitting


def lay_frame(places: Places, moment: Moment, shard: StoredShard, frame: Keyframe) -> None:
    """Lay a keyframe into a moment. Seats that came after it stay as they are."""
    series, seats = places.series_of(shard), places.seats_of(shard)
    here = slice(series.start, series.start + len(frame.steps))
    moment.values[here] = to_values(frame.steps, frame.quality, places.scales_of(shard)[: len(frame.steps)])
    moment.quality[here] = frame.quality
    lay_answers(places, moment, shard, frame)
    moment.state[seats.start : seats.start + len(frame.lengths)] = frame.state


def lay_answers(places: Places, moment: Moment, shard: StoredShard, frame: Keyframe) -> None:
    """Take from a keyframe only when each device had answered."""
    seats = places.seats_of(shard)
    mine = slice(seats.start, seats.start + len(frame.lengths))
    moment.answered[mine] = np.where(frame.answered == UNKNOWN, np.nan, frame.answered / 1000.0)


class Newer:
    """The newest polls of a window's series up to a slot, gathered blob by blob.

    Attributes:
        values, quality: Of the newest poll.
        slot: Its slot within the window; `NO_SLOT` where there was none.
        answered: Slot of the newest value.
    """

    def __init__(self, shard: StoredShard) -> None:
        series = int(shard.starts[-1])
        nothing = Newest.nothing(series)
        self.shard = shard
        self.values, self.quality = nothing.values, nothing.quality
        self.slot, self.answered = nothing.slot, nothing.answered

    def take(self, at: Integers, values: Floats, quality: Codes, slot: Integers) -> None:
        """Take in polls of the series that stand at `at`; of one series in ascending order of slots.

        Where one is as new as what is known, a value stands.
        """
        valued = quality < Quality.NOT_POLLED
        for mine, stands in ((~valued & (quality != Quality.NOT_POLLED), False), (valued, True)):
            known = self.slot[at]
            free = stands | (self.quality[at] >= Quality.NOT_POLLED)
            better = mine & ((slot > known) | ((slot == known) & free))
            # Of a series that is named several times the last one assigned stays, which is the newest.
            place = at[better]
            self.values[place], self.quality[place], self.slot[place] = values[better], quality[better], slot[better]
        later = valued & (slot > self.answered[at])
        self.answered[at[later]] = slot[later]

    def lose(self, seats: Integers, slots: Integers, reasons: Codes) -> None:
        """After all polls: devices that did not answer, which counts where nothing is as new."""
        order = np.argsort(slots, kind="stable")
        last = np.full(len(self.shard.devices), NO_SLOT)
        reason = np.zeros(len(last), np.uint8)
        last[seats[order]], reason[seats[order]] = slots[order], reasons[order]
        lengths = np.diff(self.shard.starts)
        later = np.repeat(last, lengths) > self.slot
        self.values[later] = np.nan
        self.quality[later] = np.repeat(reason, lengths)[later]
        self.slot[later] = np.repeat(last, lengths)[later]


def newest_in_window(places: Places, blobs: WindowBlobs, upto: int, complain: Complain) -> Newer:
    """The newest of every series of a shard in a window up to and with slot `upto` of it."""
    shard = blobs.shard
    newer = Newer(shard)
    tiles = sorted(blobs.tiles, key=lambda tile: tile.rev)
    rows = [(tile.point, tile.chunk, tile.body) for tile in tiles]
    rows += [(part.point, part.chunk, part.body) for part in blobs.parts]
    for (point, chunk, _), one in zip(rows, _decode(rows, blobs.window, upto, complain), strict=True):
        if one is not None:
            at = shard.ranked(point).at[chunk * SERIES : chunk * SERIES + len(one.slot)]
            known = slice(len(at))
            newer.take(at, one.values[known], one.quality[known], one.slot[known])
            newer.answered[at] = np.maximum(newer.answered[at], one.answered[known])
    if blobs.heads:
        _take_heads(newer, places.scales_of(shard), blobs, upto, complain)
    return newer


def _decode(rows: Sequence[tuple[str, int, bytes]], window: int, upto: int, complain: Complain) -> list[Newest | None]:
    if not rows:
        return []
    try:
        place = place_in_hour(window)
        return list(decode_windows([body for *_, body in rows], [place] * len(rows), [upto] * len(rows)))
    except CorruptBlob as error:
        if len(rows) == 1:
            complain(rows[0][0], error)
            return [None]
    return [one for row in rows for one in _decode([row], window, upto, complain)]


def _take_heads(newer: Newer, scales: Floats, blobs: WindowBlobs, upto: int, complain: Complain) -> None:
    """Newest first, so that most of the older ones have nothing to add; the reasons at the end."""
    in_hour = place_in_hour(blobs.window) * slots_in_window(newer.shard.period_ms)
    losses: list[tuple[Integers, Integers, Codes]] = []
    for row in reversed(blobs.heads):
        try:
            head = decode_head(row.body)
        except CorruptBlob as error:
            complain("a head row", error)
            continue
        if not head.hourly and row.window != blobs.window:
            continue
        first = in_hour if head.hourly else 0
        for section in head.sections:
            _take_section(newer, scales, section, section.slots.astype(np.int64) - first, upto)
        seats, slots = head.losses.seats.astype(np.int64), head.losses.slots.astype(np.int64) - first
        inside = (slots >= 0) & (slots <= upto) & (seats < len(newer.shard.devices))
        losses.append((seats[inside], slots[inside], head.losses.reasons[inside]))
    if losses:
        seats, slots, reasons = (np.concatenate(column) for column in zip(*losses, strict=True))
        newer.lose(seats, slots, reasons)


def _take_section(newer: Newer, scales: Floats, section: Section, slots: Integers, upto: int) -> None:
    seats = section.seats.astype(np.int64)
    inside = np.flatnonzero((slots >= 0) & (slots <= upto) & (seats < len(newer.shard.devices)))
    mine = inside[np.argsort(slots[inside], kind="stable")]
    at = newer.shard.starts[seats[mine]] + np.arange(len(section.steps))[:, None]
    quality = section.quality[:, mine]
    slot = np.broadcast_to(slots[mine], at.shape)
    useful = (slot >= newer.slot[at]) & (quality != Quality.NOT_POLLED)
    if useful.any():
        at, quality = at[useful], quality[useful]
        newer.take(at, to_values(section.steps[:, mine][useful], quality, scales[at]), quality, slot[useful])


def lay_newer(places: Places, moment: Moment, newer: Newer, window: int) -> None:
    """Lay what was polled in a window over what was known before it."""
    shard = newer.shard
    series, seats = places.series_of(shard), places.seats_of(shard)
    polled = newer.slot != NO_SLOT
    np.copyto(moment.values[series], newer.values, where=polled)
    np.copyto(moment.quality[series], newer.quality, where=polled)
    lengths = np.diff(shard.starts)
    some = np.flatnonzero(lengths)
    slot = np.full(len(lengths), NO_SLOT)
    slot[some] = np.maximum.reduceat(newer.answered, shard.starts[:-1][some])
    when = window_start(window) + slot * shard.period
    np.copyto(moment.answered[seats], when, where=slot != NO_SLOT)
    lay_states(places, moment, shard, np.flatnonzero(polled) + series.start)


def lay_states(places: Places, moment: Moment, shard: StoredShard, polled: Integers) -> None:
    """The states that were polled, and those of devices that did not answer."""
    seats = places.seats_of(shard)
    at = places.state[seats]
    place = np.maximum(at, 0)
    fresh = (at >= 0) & np.isin(at, polled)
    quality = moment.quality[place]
    state = np.where(quality < Quality.NOT_POLLED, moment.values[place], float(DeviceState.UNKNOWN))
    state[np.isin(quality, _SILENT)] = float(DeviceState.UNREACHABLE)
    np.copyto(moment.state[seats], state.astype(np.uint8), where=fresh)


def mark_stale(places: Places, moment: Moment, at: float, least: float) -> None:
    """Values of devices that fell silent with no reason on record become STALE, as on a live display.

    A device is silent when its newest answer ended two stored periods before `at`, and at least `least` seconds.
    """
    age = at - (moment.answered + places.period)
    silent = ~(age <= np.maximum(STALE_AFTER_PERIODS * places.period, least))
    series = np.repeat(silent, np.diff(places.starts))
    moment.quality[series & (moment.quality < Quality.STALE)] = Quality.STALE
