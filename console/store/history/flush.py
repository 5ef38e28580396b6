"""Background work on head rows: windows that are over become parts and keyframes, hours and days become tiles."""

import logging
from collections.abc import Iterable, Sequence

import numpy as np

from console.store.history.bands import Cells
from console.store.history.codec import CorruptBlob
from console.store.history.days import DayTiles
from console.store.history.heads import Head, Losses, Section, decode_head, encode_head
from console.store.history.history_file import NewTile
from console.store.history.keyframes import decode_keyframe
from console.store.history.levels import (
    MINUTE,
    RAW,
    SECONDS_IN_DAY,
    SECONDS_IN_HOUR,
    WINDOW,
    WINDOWS_IN_DAY,
    WINDOWS_IN_HOUR,
    place_in_hour,
    tiles_of_part,
)
from console.store.history.month import MonthFile
from console.store.history.quantise import Integers
from console.store.history.threads import InThread
from console.store.history.tiles import decode_window_steps, join_segments, series_of
from console.store.history.window import Arrangement, Closed, Earlier, close_window
from console.store.history.years import YearFiles

_log = logging.getLogger(__name__)

LATE_SECONDS = 30.0
"""How long after its end a window waits for reports still on their way. Later ones become another revision."""

FOLD_EVERY = 128
"""Sweeps after which the head rows of the running window are folded into one, so that reading it stays quick."""

_NOBODY: Integers = np.empty(0, np.int64)


class Flusher:
    """Turns head rows into parts and tiles, one shard and window, or one point and hour, at a time.

    Encoding runs in threads, only short transactions on the writer's connection. Whatever a crash cuts off is found
    again by what it left behind: head rows, or parts.
    """

    def __init__(self, in_thread: InThread, years: YearFiles) -> None:
        self._in_thread = in_thread
        self._days = DayTiles(in_thread, self.arrangement, years)
        self._folded: dict[str, int] = {}
        self._answered: dict[tuple[str, int], tuple[int, Integers]] = {}
        self._arrangements: dict[tuple[str, int], tuple[int, Arrangement]] = {}
        self._stopping = False
        self._ran_at = 0.0

    def stop(self) -> None:
        """Let `run` end after the piece it is at: what is left stays as head rows and parts."""
        self._stopping = True

    def is_due(self, files: Iterable[MonthFile], at: float) -> bool:
        """Whether any window, hour or day is over, or enough sweeps have come to be folded.

        Late samples wait a little for more of their kind, since each time their whole window is worked out again.
        """
        calm = abs(at - self._ran_at) >= LATE_SECONDS
        return any(
            any(calm or at < (window + 2) * WINDOW for window in _over(file.windows, WINDOW, at))
            or (calm and _over(file.hours, SECONDS_IN_HOUR, at))
            or (calm and _over(file.days, SECONDS_IN_DAY, at))
            or self._unfolded(file) >= FOLD_EVERY
            for file in files
        )

    async def run(self, files: Sequence[MonthFile], at: float) -> None:
        """Do what is due. Raises `StoreFull`; what was done before stays done."""
        self._ran_at = at
        for file in files:
            for window in _over(file.windows, WINDOW, at):
                await self._close_window(file, window, at)
            for hour in _over(file.hours, SECONDS_IN_HOUR, at):
                await self._close_hour(file, hour)
            for day in _over(file.days, SECONDS_IN_DAY, at):
                await self._close_day(file, day)
            if file.unrolled and not _over(file.days, SECONDS_IN_DAY, at):
                await file.mark_rolled()
            if self._unfolded(file) >= FOLD_EVERY and not self._stopping:
                await self._fold(file)

    def arrangement(self, file: MonthFile, shard: int) -> Arrangement:
        """How the series of a shard are laid out; kept until it gets another seat."""
        known = file.registry.shards[shard]
        count, found = self._arrangements.get((file.name, shard), (-1, None))
        if found is None or count != len(known.seats):
            found = Arrangement(list(known.seats), known.period_ms, file.registry.scales)
            self._arrangements[file.name, shard] = len(known.seats), found
        return found

    def forget(self, file: MonthFile) -> None:
        """The file is being closed."""
        for key in [key for key in self._arrangements if key[0] == file.name]:
            del self._arrangements[key]
        for key in [key for key in self._answered if key[0] == file.name]:
            del self._answered[key]

    async def _close_window(self, file: MonthFile, window: int, at: float) -> None:
        for shard in await file.shards_with_heads(window):
            if self._stopping:
                return
            heads = await file.heads(shard, window)
            await self._close(file, shard, window, heads, at)
        if not await file.shards_with_heads(window):
            file.windows.discard(window)

    async def _close(
        self, file: MonthFile, shard: int, window: int, heads: Sequence[tuple[int, bytes]], at: float
    ) -> None:
        arrangement = await self._in_thread(self.arrangement, file, shard)
        earlier = await self._earlier(file, shard, window, arrangement, at)
        before = await self._answered_before(file, shard, window)
        bodies = [body for _, body in heads]
        closed = await self._in_thread(close_window, arrangement, window, bodies, before, earlier)
        for reason in closed.damaged:
            _log.error("%s: a head row of window %d, shard %d is left out: %s", file.name, window, shard, reason)
        await file.close_window(shard, window, heads[-1][0], closed.parts, closed.keyframe)
        self._folded[file.name] = max(self._folded.get(file.name, 0), heads[-1][0])
        if window >= self._answered.get((file.name, shard), (window, _NOBODY))[0]:
            self._answered[file.name, shard] = window, closed.answered

    async def close_days(self, file: MonthFile, days: Iterable[int]) -> None:
        """Make the tiles of some days again. Raises `StoreFull`."""
        for day in sorted(file.days.intersection(days)):
            await self._close_day(file, day)

    async def rebuild(self, file: MonthFile, shard: int, window: int, at: float) -> None:
        """Make the minutes and the keyframe of a window again out of its raw samples. Raises `StoreFull`."""
        arrangement = await self._in_thread(self.arrangement, file, shard)
        earlier = await self._earlier(file, shard, window, arrangement, at)
        if earlier.parts or earlier.tiles:
            before = await self._answered_before(file, shard, window)
            closed: Closed = await self._in_thread(close_window, arrangement, window, (), before, earlier, True)
            derived = [part for part in closed.parts if part.level != RAW]
            await file.close_window(shard, window, 0, derived, closed.keyframe)

    async def _earlier(self, file: MonthFile, shard: int, window: int, arrangement: Arrangement, at: float) -> Earlier:
        """What is on record of a window: nothing, unless samples came late."""
        points = list(arrangement.spans)
        hour = window // WINDOWS_IN_HOUR
        chunks = range(max(len(arrangement.chunks(point)) for point in points))
        parts = await file.parts(RAW, shard, points, range(window, window + 1)) if hour in file.hours else {}
        tiles = await file.tiles(RAW, shard, points, chunks, [hour])
        thinned = False
        day = window // WINDOWS_IN_DAY
        if not parts and not tiles and (day + 1) * SECONDS_IN_DAY <= at:
            thinned = bool(await file.tiles(MINUTE, shard, points[:1], tiles_of_part(MINUTE, 0), [day * 24]))
        if not parts and not tiles:
            return Earlier(thinned=thinned)
        return Earlier(
            await self._in_thread(_decoded, file.name, [(*key, [body[window]]) for key, body in parts.items()], 0),
            await self._in_thread(
                _decoded, file.name, [(point, chunk, body) for (point, chunk, _), body in tiles.items()],
                place_in_hour(window),
            ),
        )  # fmt: skip

    async def _answered_before(self, file: MonthFile, shard: int, window: int) -> Integers:
        known = self._answered.get((file.name, shard))
        if known is not None and known[0] < window:
            return known[1]
        body = await file.keyframe_before(shard, window)
        if body is None:
            return _NOBODY
        try:
            return (await self._in_thread(decode_keyframe, body)).answered
        except CorruptBlob as error:
            _log.error("%s: a keyframe of shard %d cannot be read: %s", file.name, shard, error)
            return _NOBODY

    async def _close_hour(self, file: MonthFile, hour: int) -> None:
        """Join the windows of an hour. Those with head rows still come first."""
        windows = range(hour * WINDOWS_IN_HOUR, (hour + 1) * WINDOWS_IN_HOUR)
        if not file.windows.isdisjoint(windows):
            return
        for shard in await file.shards_with_parts(RAW, windows):
            for point in list((await self._in_thread(self.arrangement, file, shard)).spans):
                if self._stopping:
                    return
                parts = await file.parts(RAW, shard, [point], windows)
                if parts:
                    slots = self.arrangement(file, shard).slots
                    tiles = await self._in_thread(_hour_tiles, file.name, shard, hour, parts, slots)
                    await file.replace_parts(shard, point, windows, tiles)
        file.hours.discard(hour)

    async def _close_day(self, file: MonthFile, day: int) -> None:
        """Make a day's tiles. Its windows with head rows come first."""
        if not self._stopping and file.windows.isdisjoint(range(day * WINDOWS_IN_DAY, (day + 1) * WINDOWS_IN_DAY)):
            await self._fill_in_minutes(file, day)
            await self._days.close_day(file, day)

    async def _fill_in_minutes(self, file: MonthFile, day: int) -> None:
        """Hours that an earlier version made tiles of have no minutes yet; without them the day would not be whole."""
        first = day * (SECONDS_IN_DAY // SECONDS_IN_HOUR)
        hours = range(first, first + SECONDS_IN_DAY // SECONDS_IN_HOUR)
        for shard in sorted(file.registry.shards):
            points = list((await self._in_thread(self.arrangement, file, shard)).spans)
            if await file.tiles(MINUTE, shard, points[:1], tiles_of_part(MINUTE, 0), [first]):
                continue
            for hour in await file.hours_without_minutes(shard, points, hours):
                for window in range(hour * WINDOWS_IN_HOUR, (hour + 1) * WINDOWS_IN_HOUR):
                    await self.rebuild(file, shard, window, (day + 1.0) * SECONDS_IN_DAY)

    def _unfolded(self, file: MonthFile) -> int:
        return file.sequence - self._folded.setdefault(file.name, file.sequence)

    async def _fold(self, file: MonthFile) -> None:
        """Fold the head rows that came since the last time. Rows folded once are left alone."""
        after, upto = self._folded[file.name], file.sequence
        for window in sorted(file.windows):
            for shard in await file.shards_with_heads(window):
                heads = [row for row in await file.heads(shard, window, after) if row[0] <= upto]
                if len(heads) > 1:
                    try:
                        body = await self._in_thread(fold_heads, [body for _, body in heads])
                    except CorruptBlob as error:
                        _log.error(
                            "%s: head rows of window %d, shard %d stay apart: %s", file.name, window, shard, error
                        )
                        continue
                    await file.replace_by_head(shard, window, heads[0][0], heads[-1][0], body)
        self._folded[file.name] = upto


def _over(spans: Iterable[int], seconds: int, at: float) -> list[int]:
    """Those of the spans (windows, hours, days since the epoch) that are over, ascending."""
    return sorted(span for span in spans if (span + 1) * seconds + LATE_SECONDS <= at)


def _decoded(name: str, stored: Sequence[tuple[str, int, Sequence[bytes]]], place: int) -> list[tuple[str, int, Cells]]:
    """One window of segments and tiles, by (point, chunk); what is damaged is left out."""
    found: list[tuple[str, int, Cells]] = []
    for point, chunk, bodies in stored:
        for body in bodies:
            try:
                found.append((point, chunk, decode_window_steps(body, place)))
            except CorruptBlob as error:
                _log.error("%s: samples of %s are left out: %s", name, point, error)
    return found


def _hour_tiles(
    name: str, shard: int, hour: int, parts: dict[tuple[str, int], dict[int, bytes]], slots: int
) -> list[NewTile]:
    """The raw tiles of an hour out of the segments of its windows, by (point, chunk) and by window."""
    found: list[NewTile] = []
    for (point, chunk), bodies in parts.items():
        segments: dict[int, bytes] = {}
        series = 0
        for window, body in bodies.items():
            try:
                series = max(series, series_of(body))
                segments[place_in_hour(window)] = body
            except CorruptBlob as error:
                _log.error("%s: window %d of %s is left out: %s", name, window, point, error)
        if segments:
            found.append(NewTile.of(RAW, shard, point, chunk, hour, join_segments(segments, series, slots)))
    return found


def fold_heads(bodies: Sequence[bytes]) -> bytes:
    """One head row with all that several hold, oldest first. Raises `CorruptBlob`."""
    sections: dict[int, list[Section]] = {}
    losses: list[Losses] = []
    for body in bodies:
        head = decode_head(body)
        losses.append(head.losses)
        for section in head.sections:
            sections.setdefault(section.layout, []).append(section)
    return encode_head(
        Head(
            tuple(_joined(same) for same in sections.values()),
            Losses(
                np.concatenate([loss.seats for loss in losses]),
                np.concatenate([loss.slots for loss in losses]),
                np.concatenate([loss.reasons for loss in losses]),
            ),
        )
    )


def _joined(parts: Sequence[Section]) -> Section:
    """Sections of one layout side by side, ordered by seat so that neighbours differ little; later ones stay later."""
    seats = np.concatenate([part.seats for part in parts])
    order = np.argsort(seats, kind="stable")
    return Section(
        parts[0].layout,
        seats[order],
        np.concatenate([part.slots for part in parts])[order],
        np.concatenate([part.steps for part in parts], axis=1)[:, order],
        np.concatenate([part.quality for part in parts], axis=1)[:, order],
    )
