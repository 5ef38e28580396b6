"""Keyframes: the newest of every series of a shard at the end of a window, about one byte for each.

Layout of a blob, little endian: format byte, number of seats (u16), newest answer of any seat in ms since the epoch
(i64), number of groups (u16), length of the matrix of seats (u32), lengths of the groups' matrices (u32 each), their
CRC-32 (u32), then the matrices of `bands`. That of the seats has a series for each of: age of the newest answer
against the newest of all (-1 when not known), state, and the group a seat belongs to. A group is the seats with equal
layout; its matrix has one series for each signal and one slot for each seat, so that like stands beside like.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from console.store.history.bands import Matrix, encode_matrix, read_matrix
from console.store.history.batches import decode_matrices
from console.store.history.codec import CorruptBlob
from console.store.history.quantise import Codes, Integers

UNKNOWN = 0
"""In place of the time of an answer: there was none."""

_FORMAT = 1
_HEAD = struct.Struct("<BHqHI")
_LENGTH = struct.Struct("<I")
_NO_AGE = -1
_BAND = 4


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A shard at the end of a window.

    Attributes:
        layouts: A number for each seat, equal for seats of equal layout; which number it is does not matter.
        lengths: Series of each seat.
        answered: Newest good answer of each seat, ms since the epoch; `UNKNOWN` when there was none.
        state: `DeviceState` of each seat.
        steps: Newest of each series, seat after seat, in steps of its point.
        quality: Quality of each.
    """

    layouts: Integers
    lengths: Integers
    answered: Integers
    state: Codes
    steps: Integers
    quality: Codes


def encode_keyframe(keyframe: Keyframe) -> bytes:
    """The blob. At most 65,535 seats."""
    seats = len(keyframe.lengths)
    kinds, group = np.unique(keyframe.layouts, return_inverse=True)
    known = keyframe.answered != UNKNOWN
    newest = int(keyframe.answered[known].max()) if known.any() else UNKNOWN
    ages = np.where(known, newest - keyframe.answered, _NO_AGE)
    about_seats = np.stack([ages, keyframe.state.astype(np.int64), group.reshape(-1).astype(np.int64)])
    matrices = [encode_matrix(about_seats, None, 1)]
    starts = np.cumsum(keyframe.lengths) - keyframe.lengths
    for number in range(len(kinds)):
        at = _places(starts, keyframe.lengths, np.flatnonzero(group == number))
        matrices.append(encode_matrix(keyframe.steps[at], keyframe.quality[at], _BAND))
    front = _HEAD.pack(_FORMAT, seats, newest, len(kinds), len(matrices[0]))
    front += b"".join(_LENGTH.pack(len(matrix)) for matrix in matrices[1:])
    return b"".join((front, _LENGTH.pack(zlib.crc32(front)), *matrices))


def _places(starts: Integers, lengths: Integers, members: Integers) -> Integers:
    """Where the series of a group stand: signals x members."""
    signals = int(lengths[members[0]])
    if (lengths[members] != signals).any():
        raise ValueError("seats of one layout differ in the number of their series")
    found: Integers = starts[members] + np.arange(signals)[:, None]
    return found


@dataclass(frozen=True, slots=True)
class _Parsed:
    seats: int
    newest: int
    about_seats: Matrix
    groups: tuple[Matrix, ...]


def decode_keyframe(blob: bytes) -> Keyframe:
    """The keyframe of a blob; `layouts` are numbers of its own. Raises `CorruptBlob`."""
    return decode_keyframes((blob,))[0]


def decode_keyframes(blobs: Sequence[bytes]) -> list[Keyframe]:
    """The same of many blobs at once, which is quicker than one after another. Raises `CorruptBlob`."""
    parsed = [_parse(blob) for blob in blobs]
    cells = iter(decode_matrices([matrix for one in parsed for matrix in (one.about_seats, *one.groups)]))
    found: list[Keyframe] = []
    for one in parsed:
        ages, states, group = next(cells).steps
        if group.size and (group.min() < 0 or group.max() >= len(one.groups)):
            raise CorruptBlob("a seat of a keyframe belongs to no group")
        lengths = np.array([matrix.series for matrix in one.groups], np.int64)[group]
        starts = np.cumsum(lengths) - lengths
        steps = np.empty(int(lengths.sum()), np.int64)
        quality = np.empty(len(steps), np.uint8)
        for number, matrix in enumerate(one.groups):
            members = np.flatnonzero(group == number)
            values = next(cells)
            if len(members) != matrix.slots:
                raise CorruptBlob("a group of a keyframe has other seats than its matrix")
            at = starts[members] + np.arange(matrix.series)[:, None]
            steps[at] = values.steps
            quality[at] = values.quality
        answered = np.where(ages == _NO_AGE, UNKNOWN, one.newest - ages)
        found.append(Keyframe(group, lengths, answered, states.astype(np.uint8), steps, quality))
    return found


def _parse(blob: bytes) -> _Parsed:
    if len(blob) < _HEAD.size or blob[0] != _FORMAT:
        raise CorruptBlob(f"no keyframe of format {_FORMAT}: {blob[:1].hex() or 'empty'}")
    _, seats, newest, groups, length = _HEAD.unpack_from(blob)
    stop = _HEAD.size + groups * _LENGTH.size
    if len(blob) < stop + _LENGTH.size:
        raise CorruptBlob("a keyframe ends within its header")
    if zlib.crc32(memoryview(blob)[:stop]) != _LENGTH.unpack_from(blob, stop)[0]:
        raise CorruptBlob("a keyframe fails its checksum")
    lengths = [length, *(one for (one,) in _LENGTH.iter_unpack(blob[_HEAD.size : stop]))]
    matrices = tuple(_matrices(memoryview(blob)[stop + _LENGTH.size :], lengths))
    if (matrices[0].series, matrices[0].slots) != (3, seats):
        raise CorruptBlob("a keyframe has another number of seats than its header says")
    return _Parsed(seats, newest, matrices[0], matrices[1:])


def _matrices(view: memoryview, lengths: Sequence[int]) -> Iterator[Matrix]:
    if sum(lengths) != len(view):
        raise CorruptBlob("a keyframe's size does not follow from its header")
    for length in lengths:
        matrix = read_matrix(view[:length])
        if matrix.size != length:
            raise CorruptBlob("a matrix of a keyframe does not fit its length")
        yield matrix
        view = view[length:]
