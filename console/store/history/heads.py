"""Head rows: what one shard reported in one sweep, kept as a blob until its window is over.

Layout of a blob, little endian: format byte, CRC-32 of the rest (u32), size of the plain body (u32), then a zstd frame
of: number of sections (u16), number of losses (u32); each section: layout id (i64), devices (u32), series (u16), width
(u8), flags (u8), seats (u16 each), slots (u16 each), byte planes of the differences from device to device of each
series, and one quality byte for each sample unless all are good; then the losses: seats (u16), slots (u16), reasons
(u8). Slots count from the begin of the window (format 2), or of the hour (format 1, which earlier versions wrote).
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from console.store.history.codec import CorruptBlob, compress, decompress, from_planes, narrow, pack
from console.store.history.levels import WINDOWS_IN_HOUR
from console.store.history.quantise import Codes, Integers

_HOURLY = 1
_FORMAT = 2
_FRONT = struct.Struct("<BII")
_COUNTS = struct.Struct("<HI")
_SECTION = struct.Struct("<qIHBB")
_ALL_GOOD = 1
_NARROW = 2
"""The integers themselves, not only their differences, fit 32 bits."""
_LEVEL = 1

Shorts: TypeAlias = NDArray[np.uint16]
Steps: TypeAlias = NDArray[np.signedinteger]


@dataclass(frozen=True, slots=True)
class Section:
    """Devices of one layout.

    Attributes:
        layout: Layout id.
        seats: Seat of each device in its shard; a seat may stand here for several slots.
        slots: Slot of each within the window.
        steps: Series x devices, in steps; int32 where they fit, else int64.
        quality: Series x devices.
    """

    layout: int
    seats: Shorts
    slots: Shorts
    steps: Steps
    quality: Codes


@dataclass(frozen=True, slots=True)
class Losses:
    """Devices without an answer: seat, slot and `Quality` that says why, as parallel arrays."""

    seats: Shorts
    slots: Shorts
    reasons: Codes


@dataclass(frozen=True, slots=True)
class Head:
    """One sweep of one shard within one window; `hourly` when its slots count from the hour (format 1)."""

    sections: tuple[Section, ...]
    losses: Losses
    hourly: bool = False


NO_LOSSES = Losses(np.empty(0, np.uint16), np.empty(0, np.uint16), np.empty(0, np.uint8))


def encode_head(head: Head) -> bytes:
    """The blob of a sweep."""
    parts = [_COUNTS.pack(len(head.sections), len(head.losses.seats))]
    for section in head.sections:
        series, devices = section.steps.shape
        steps = narrow(section.steps)
        differences = np.empty_like(steps)
        differences[:, :1] = steps[:, :1]
        np.subtract(steps[:, 1:], steps[:, :-1], out=differences[:, 1:])
        width, planes = pack(differences)
        all_good = not section.quality.any()
        flags = (_ALL_GOOD if all_good else 0) | (_NARROW if steps.dtype == np.int32 else 0)
        parts += (
            _SECTION.pack(section.layout, devices, series, width, flags),
            section.seats.tobytes(),
            section.slots.tobytes(),
            planes,
            b"" if all_good else np.ascontiguousarray(section.quality).tobytes(),
        )
    parts += (head.losses.seats.tobytes(), head.losses.slots.tobytes(), head.losses.reasons.tobytes())
    body = b"".join(parts)
    frame = compress(body, _LEVEL)
    return _FRONT.pack(_FORMAT, zlib.crc32(frame), len(body)) + frame


def decode_head(
    blob: bytes, wanted: Mapping[int, int] | None = None, rows: Mapping[int, Integers] | None = None
) -> Head:
    """The sweep in a blob.

    With `wanted` (seat: layout id) only those seats, with `rows` (layout id: positions in the layout) only those
    series; what is not wanted is skipped undecoded.

    Raises:
        CorruptBlob: Wrong format, checksum or size.
    """
    if len(blob) < _FRONT.size or blob[0] not in {_HOURLY, _FORMAT}:
        raise CorruptBlob(f"no head row of a known format: {blob[:1].hex() or 'empty'}")
    _, checksum, size = _FRONT.unpack_from(blob)
    frame = memoryview(blob)[_FRONT.size :]
    if zlib.crc32(frame) != checksum:
        raise CorruptBlob("a head row fails its checksum")
    reader = _Cursor(decompress(frame, size))
    try:
        sections, losses = _decode(reader, wanted, rows)
        return Head(sections, losses, blob[0] == _HOURLY)
    except (struct.error, ValueError) as error:
        raise CorruptBlob(f"a head row does not hold what its header says: {error}") from error


def _decode(
    reader: "_Cursor", wanted: Mapping[int, int] | None, rows: Mapping[int, Integers] | None
) -> tuple[tuple[Section, ...], Losses]:
    sections, losses = _COUNTS.unpack(reader.take(_COUNTS.size))
    found: list[Section] = []
    seats_of = _by_layout(wanted) if wanted is not None else None
    for _ in range(sections):
        section = _decode_section(reader, seats_of, rows)
        if section is not None:
            found.append(section)
    seats, slots = reader.shorts(losses), reader.shorts(losses)
    reasons = reader.bytes(losses)
    if wanted is not None and losses:
        mine = np.isin(seats, list(wanted))
        seats, slots, reasons = seats[mine], slots[mine], reasons[mine]
    return tuple(found), Losses(seats, slots, reasons)


def _by_layout(wanted: Mapping[int, int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for seat, layout in wanted.items():
        found.setdefault(layout, []).append(seat)
    return found


def _decode_section(
    reader: "_Cursor", seats_of: Mapping[int, Sequence[int]] | None, rows: Mapping[int, Integers] | None
) -> Section | None:
    layout, devices, series, width, flags = _SECTION.unpack(reader.take(_SECTION.size))
    seats, slots = reader.shorts(devices), reader.shorts(devices)
    planes = reader.bytes(width * series * devices).reshape(width, series, devices)
    all_good = flags & _ALL_GOOD
    quality = reader.bytes(0 if all_good else series * devices).reshape(-1, devices)
    if rows is not None:
        if layout not in rows:
            return None
        chosen = rows[layout]
        planes, series = planes[:, chosen], len(chosen)
        quality = quality if all_good else quality[chosen]
    mine: Integers | None = None
    if seats_of is not None:
        mine = np.flatnonzero(np.isin(seats, seats_of.get(layout, ())))
        if not len(mine):
            return None
    kind = np.int32 if flags & _NARROW else np.int64
    steps: Steps = np.zeros((series, devices), kind)
    if width:
        np.cumsum(from_planes(planes), axis=1, dtype=kind, out=steps)
    codes = np.zeros((series, devices), np.uint8) if all_good else quality
    if mine is not None:
        return Section(layout, seats[mine], slots[mine], steps[:, mine], codes[:, mine])
    return Section(layout, seats, slots, steps, codes)


def split_hourly(head: Head, slots: int) -> dict[int, Head]:
    """A head of format 1 as heads of format 2, by place (0 to 5) of their window in the hour.

    Args:
        head: Its slots count from the hour.
        slots: Slots in a window.
    """
    found: dict[int, Head] = {}
    for place in range(WINDOWS_IN_HOUR):
        first, last = place * slots, (place + 1) * slots
        sections: list[Section] = []
        for section in head.sections:
            mine = (section.slots >= first) & (section.slots < last)
            if mine.any():
                shifted = (section.slots[mine] - first).astype(np.uint16)
                sections.append(
                    Section(
                        section.layout, section.seats[mine], shifted, section.steps[:, mine], section.quality[:, mine]
                    )
                )
        losses = head.losses
        lost = (losses.slots >= first) & (losses.slots < last)
        if sections or lost.any():
            shifted = (losses.slots[lost] - first).astype(np.uint16)
            found[place] = Head(tuple(sections), Losses(losses.seats[lost], shifted, losses.reasons[lost]))
    return found


class _Cursor:
    """Takes consecutive parts out of a body."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, count: int) -> bytes:
        start = self._at
        self._at += count
        return self._body[start : self._at]

    def bytes(self, count: int) -> Codes:
        return np.frombuffer(self.take(count), np.uint8, count)

    def shorts(self, count: int) -> Shorts:
        return np.frombuffer(self.take(2 * count), np.uint16, count)
