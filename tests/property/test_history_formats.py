"""Segments, tiles, roll-ups and keyframes give back what went in, whatever it was, or a typed error."""

import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from console.store.history.codec import CorruptBlob
from console.store.history.keyframes import UNKNOWN, Keyframe, decode_keyframe, encode_keyframe
from console.store.history.levels import WINDOWS_IN_HOUR
from console.store.history.newest import NO_SLOT
from console.store.history.quantise import GREATEST, Codes, Integers, to_values
from console.store.history.rollups import COLUMNS, MEAN, decode_rollup, decode_rollups, encode_rollup
from console.store.history.stats import Stats, reduce_raw, reduce_stats
from console.store.history.tiles import (
    decode_steps,
    decode_tile,
    decode_tiles,
    decode_window,
    decode_windows,
    encode_segment,
    join_segments,
)
from drivers.core.points import PointKind
from drivers.core.reading import Quality

QUALITIES = [int(quality) for quality in Quality]
SCALES = st.sampled_from([0.5, 1.0, 10.0, 100.0])
NUMBERS = st.one_of(
    st.integers(-40, 40), st.integers(0, 20).map(lambda times: times * 30), st.integers(-GREATEST, GREATEST)
)
KINDS = st.sampled_from(PointKind)


def matrices(series: st.SearchStrategy[int], slots: int) -> st.SearchStrategy[tuple[Integers, Codes]]:
    def of(count: int) -> st.SearchStrategy[tuple[Integers, Codes]]:
        codes = st.one_of(
            st.just(np.zeros((count, slots), np.uint8)),
            arrays.arrays(np.uint8, (count, slots), elements=st.sampled_from(QUALITIES)),
        )
        return st.tuples(arrays.arrays(np.int64, (count, slots), elements=NUMBERS), codes)

    return series.flatmap(of)


SEGMENTS = st.integers(1, 12).flatmap(lambda slots: matrices(st.integers(1, 7), slots))


@st.composite
def hours(draw: st.DrawFn) -> tuple[dict[int, tuple[Integers, Codes]], int, int]:
    slots = draw(st.integers(1, 8))
    places = sorted(draw(st.sets(st.integers(0, WINDOWS_IN_HOUR - 1), min_size=1, max_size=4)))
    counts = sorted(draw(st.lists(st.integers(1, 5), min_size=len(places), max_size=len(places))))
    parts = {place: draw(matrices(st.just(count), slots)) for place, count in zip(places, counts, strict=True)}
    return parts, counts[-1], slots


def whole(parts: dict[int, tuple[Integers, Codes]], series: int, slots: int) -> tuple[Integers, Codes]:
    steps = np.zeros((series, slots * WINDOWS_IN_HOUR), np.int64)
    quality = np.full(steps.shape, Quality.NOT_POLLED, np.uint8)
    for place, (some, codes) in parts.items():
        steps[: len(some), place * slots : (place + 1) * slots] = some
        quality[: len(some), place * slots : (place + 1) * slots] = codes
    return steps, quality


@given(SEGMENTS, SCALES)
def test_that_a_segment_gives_back_every_step_and_quality(segment: tuple[Integers, Codes], scale: float) -> None:
    steps, quality = segment
    blob = encode_segment(steps, quality, scale)
    values, codes = decode_tile(blob)
    np.testing.assert_array_equal(codes, quality)
    np.testing.assert_array_equal(values, to_values(steps, quality, scale))
    ((cells, read_scale),) = decode_steps((blob,))
    there = quality < Quality.NOT_POLLED
    np.testing.assert_array_equal(cells.steps[there], steps[there])
    assert read_scale == scale


@given(hours(), SCALES, st.lists(st.integers(0, 7), min_size=1, max_size=4))
def test_that_a_tile_is_its_windows_one_after_another(
    hour: tuple[dict[int, tuple[Integers, Codes]], int, int], scale: float, rows: list[int]
) -> None:
    parts, series, slots = hour
    tile = join_segments({place: encode_segment(*part, scale) for place, part in parts.items()}, series, slots)
    steps, quality = whole(parts, series, slots)
    values, codes = decode_tile(tile)
    np.testing.assert_array_equal(codes, quality)
    np.testing.assert_array_equal(values, to_values(steps, quality, scale))
    (some, some_codes), again = decode_tiles((tile, tile), np.array(rows))
    np.testing.assert_array_equal(some, again[0])
    for at, row in enumerate(rows):
        if row < series:
            np.testing.assert_array_equal(some[at], values[row])
            np.testing.assert_array_equal(some_codes[at], codes[row])
        else:
            assert np.isnan(some[at]).all()
            assert (some_codes[at] == Quality.NOT_POLLED).all()


@given(hours(), SCALES, st.data())
def test_that_the_newest_of_a_window_is_found_without_the_rest(
    hour: tuple[dict[int, tuple[Integers, Codes]], int, int], scale: float, data: st.DataObject
) -> None:
    parts, series, slots = hour
    tile = join_segments({place: encode_segment(*part, scale) for place, part in parts.items()}, series, slots)
    place = data.draw(st.integers(0, WINDOWS_IN_HOUR - 1))
    upto = data.draw(st.integers(0, slots - 1))
    steps, quality = (cells[:, place * slots : place * slots + upto + 1] for cells in whole(parts, series, slots))
    newest, again = decode_windows((tile, tile), (place, place), (upto, upto))
    np.testing.assert_array_equal(newest.values, again.values)
    for row in range(len(newest.values)):
        polled = np.flatnonzero(quality[row] != Quality.NOT_POLLED)
        valued = np.flatnonzero(quality[row] < Quality.NOT_POLLED)
        assert newest.slot[row] == (polled[-1] if len(polled) else NO_SLOT)
        assert newest.answered[row] == (valued[-1] if len(valued) else NO_SLOT)
        code = quality[row, polled[-1]] if len(polled) else Quality.NOT_POLLED
        assert newest.quality[row] == code
        expected = steps[row, polled[-1]] / scale if code < Quality.NOT_POLLED else np.nan
        np.testing.assert_equal(newest.values[row], expected)
    assert (quality[len(newest.values) :] == Quality.NOT_POLLED).all()
    end = decode_window(tile, place)
    np.testing.assert_array_equal(end.values, decode_window(tile, place, slots - 1).values)


def by_hand(steps: Integers, quality: Codes, scale: float, kind: PointKind) -> tuple[float, float, float, int, int]:
    good = np.flatnonzero(quality < Quality.STALE)
    if not len(good):
        reasons = quality[quality >= Quality.NOT_POLLED]
        return np.nan, np.nan, np.nan, 0, int(max(reasons, default=Quality.NOT_POLLED))
    values = [int(step) for step in steps[good]]
    middle = sum(values) / len(values) if kind is PointKind.GAUGE else values[-1]
    return middle / scale, min(values) / scale, max(values) / scale, len(values), int(quality[good].max())


SMALL = st.integers(-1_000_000, 1_000_000)


@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 3), KINDS, SCALES, st.booleans(), st.data())
def test_that_buckets_hold_what_counting_by_hand_gives(
    series: int, slots: int, buckets: int, kind: PointKind, scale: float, good: bool, data: st.DataObject
) -> None:
    shape = (series, slots * buckets)
    steps = data.draw(arrays.arrays(np.int64, shape, elements=SMALL))
    codes = st.just(0) if good else st.sampled_from(QUALITIES)
    quality = data.draw(arrays.arrays(np.uint8, shape, elements=codes))
    found = reduce_raw(steps, quality, slots, np.full((series, 1), scale), kind)
    for row in range(series):
        for bucket in range(buckets):
            mine = slice(bucket * slots, (bucket + 1) * slots)
            expected = by_hand(steps[row, mine], quality[row, mine], scale, kind)
            read = [column[row, bucket] for column in (found.mean, found.low, found.high, found.count, found.quality)]
            np.testing.assert_allclose(read, expected, rtol=1e-12)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), KINDS, st.data())
def test_that_buckets_of_buckets_are_those_of_the_samples(
    slots: int, buckets: int, longer: int, kind: PointKind, data: st.DataObject
) -> None:
    shape = (2, slots * buckets * longer)
    steps = data.draw(arrays.arrays(np.int64, shape, elements=SMALL))
    quality = data.draw(arrays.arrays(np.uint8, shape, elements=st.sampled_from(QUALITIES)))
    twice = reduce_stats(reduce_raw(steps, quality, slots, 10.0, kind), buckets, kind)
    once = reduce_raw(steps, quality, slots * buckets, 10.0, kind)
    np.testing.assert_allclose(twice.mean, once.mean, rtol=1e-9, atol=1e-9)
    for name in ("low", "high", "count", "quality"):
        np.testing.assert_array_equal(getattr(twice, name), getattr(once, name))


@st.composite
def rolled(draw: st.DrawFn) -> tuple[Stats, float, PointKind]:
    scale, kind = draw(SCALES), draw(KINDS)
    steps, quality = draw(matrices(st.integers(1, 5), 3 * draw(st.integers(1, 5))))
    return reduce_raw(steps // 4096, quality, 3, scale, kind), scale, kind


@given(rolled(), st.data())
def test_that_a_roll_up_gives_back_its_figures(case: tuple[Stats, float, PointKind], data: st.DataObject) -> None:
    stats, scale, _ = case
    read = decode_rollup(encode_rollup(stats, scale))
    np.testing.assert_allclose(read.mean, stats.mean, rtol=1e-15, atol=1 / scale / 32)
    for name in ("low", "high", "count", "quality"):
        np.testing.assert_array_equal(getattr(read, name), getattr(stats, name))
    alone = decode_rollup(encode_rollup(stats, scale), (MEAN,), np.array([len(stats.mean), 0]))
    np.testing.assert_array_equal(alone.mean[1], read.mean[0])
    assert np.isnan(alone.mean[0]).all()
    assert (alone.quality[0] == Quality.NOT_POLLED).all()
    assert not alone.low.size


@given(rolled(), st.data())
def test_that_blocks_of_a_roll_up_are_read_alone(case: tuple[Stats, float, PointKind], data: st.DataObject) -> None:
    stats, scale, _ = case
    count = stats.count.shape[1]
    cut = data.draw(st.integers(0, count))
    blocks = [cut, count - cut] if 0 < cut < count else [count]
    blob = encode_rollup(stats, scale, blocks)
    plain = decode_rollup(encode_rollup(stats, scale))
    first, last = sorted(data.draw(st.tuples(st.integers(0, count + 1), st.integers(0, count + 1))))
    for read in decode_rollups((blob, blob), COLUMNS, None, range(first, last)):
        for name in ("mean", "low", "high", "count", "quality"):
            np.testing.assert_array_equal(getattr(read, name), getattr(plain, name)[:, first:last])


@st.composite
def frames(draw: st.DrawFn) -> Keyframe:
    kinds = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3))
    layouts = np.array(draw(st.lists(st.integers(0, len(kinds) - 1), min_size=1, max_size=8)), np.int64)
    lengths = np.array(kinds, np.int64)[layouts]
    seats, series = len(layouts), int(lengths.sum())
    times = st.one_of(st.just(UNKNOWN), st.integers(1_700_000_000_000, 1_800_000_000_000))
    quality = draw(arrays.arrays(np.uint8, series, elements=st.sampled_from(QUALITIES)))
    steps = draw(arrays.arrays(np.int64, series, elements=NUMBERS))
    return Keyframe(
        layouts,
        lengths,
        draw(arrays.arrays(np.int64, seats, elements=times)),
        draw(arrays.arrays(np.uint8, seats, elements=st.integers(0, 8))),
        np.where(quality < Quality.NOT_POLLED, steps, 0),
        quality,
    )


@given(frames())
def test_that_a_keyframe_gives_back_every_device_and_series(keyframe: Keyframe) -> None:
    read = decode_keyframe(encode_keyframe(keyframe))
    there = keyframe.quality < Quality.NOT_POLLED
    np.testing.assert_array_equal(read.steps[there], keyframe.steps[there])
    for name in ("lengths", "answered", "state", "quality"):
        np.testing.assert_array_equal(getattr(read, name), getattr(keyframe, name))
    for layout in np.unique(read.layouts):
        assert len(np.unique(keyframe.layouts[read.layouts == layout])) == 1


Decoder = Callable[[bytes], object]


@st.composite
def blobs(draw: st.DrawFn) -> tuple[bytes, Decoder]:
    """One of each format, with what reads it."""
    which = draw(st.integers(0, 4))
    if which == 0:
        return encode_segment(*draw(SEGMENTS), 10.0), decode_tile
    if which == 1:
        parts, series, slots = draw(hours())
        segments = {place: encode_segment(*part, 10.0) for place, part in parts.items()}
        return join_segments(segments, series, slots), decode_tile
    if which == 2:
        return encode_keyframe(draw(frames())), decode_keyframe
    stats, scale, _ = draw(rolled())
    count = stats.count.shape[1]
    blocks = [1, count - 1] if which == 3 and count > 1 else []
    return encode_rollup(stats, scale, blocks), decode_rollup


@given(blobs(), st.data())
def test_that_a_damaged_blob_of_any_format_is_refused(case: tuple[bytes, Decoder], data: st.DataObject) -> None:
    blob, decode = case
    damaged = bytearray(blob)
    damaged[data.draw(st.integers(0, len(blob) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CorruptBlob):
        decode(bytes(damaged))
    with pytest.raises(CorruptBlob):
        decode(blob[: data.draw(st.integers(0, len(blob) - 1))])
    with pytest.raises(CorruptBlob):
        decode(blob + b"\0")


@given(st.binary(max_size=120), st.sampled_from([1, 2, 3]))
def test_that_arbitrary_bytes_behind_any_format_are_refused(rest: bytes, first: int) -> None:
    for decode in (decode_tile, decode_rollup, decode_keyframe):
        for blob in (rest, bytes([first]) + rest):
            with pytest.raises(CorruptBlob):
                decode(blob)


@settings(max_examples=200)
@given(SEGMENTS, st.data())
def test_that_a_header_that_lies_under_a_right_checksum_is_refused_or_read(
    segment: tuple[Integers, Codes], data: st.DataObject
) -> None:
    """Whoever writes the checksum anew can only make other numbers or be refused: nothing else may be raised."""
    blob = bytearray(encode_segment(*segment, 10.0))
    front = 1 + 8 + 6
    bands = -(-struct.unpack_from("<H", blob, 9)[0] // struct.unpack_from("<H", blob, 13)[0])
    stop = front + 13 * bands
    at = data.draw(st.integers(9, stop - 1))
    blob[at] = data.draw(st.integers(0, 255))
    struct.pack_into("<I", blob, stop, zlib.crc32(blob[:stop]))
    try:
        values, codes = decode_tile(bytes(blob))
    except CorruptBlob:
        return
    assert values.shape == codes.shape
    decode_window(bytes(blob), 0)
