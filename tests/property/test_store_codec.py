"""Whatever is stored is read back: to the step, with its quality, or with a typed error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from console.store.history.codec import CorruptBlob
from console.store.history.heads import NO_LOSSES, Head, Losses, Section, decode_head, encode_head
from console.store.history.quantise import GREATEST, Codes, Floats, Integers, to_steps, to_values
from console.store.history.tiles import decode_tile, encode_tile
from drivers.core.reading import Quality

QUALITIES = [int(quality) for quality in Quality]
SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 40))


@st.composite
def samples(draw: st.DrawFn) -> tuple[Floats, Codes, float]:
    shape = draw(SHAPES)
    values = draw(arrays.arrays(np.float64, shape, elements=st.floats(width=64)))
    quality = draw(arrays.arrays(np.uint8, shape, elements=st.sampled_from(QUALITIES)))
    return values, quality, draw(st.sampled_from([0.5, 1.0, 10.0, 100.0, 1000.0]))


@given(samples())
def test_that_a_tile_gives_back_every_step_and_quality(sample: tuple[Floats, Codes, float]) -> None:
    values, quality, scale = sample
    steps, codes = to_steps(values, quality, scale)
    read, read_codes = decode_tile(encode_tile(steps, codes, scale))
    np.testing.assert_array_equal(read_codes, codes)
    np.testing.assert_array_equal(read, to_values(steps, codes, scale))


@given(samples(), st.data())
def test_that_single_rows_of_a_tile_equal_those_of_the_whole(
    sample: tuple[Floats, Codes, float], data: st.DataObject
) -> None:
    steps, codes = to_steps(*sample)
    rows = np.array(data.draw(st.lists(st.integers(0, len(steps) + 2), min_size=1, max_size=4)), np.int64)
    blob = encode_tile(steps, codes, sample[2])
    whole, whole_codes = decode_tile(blob)
    some, some_codes = decode_tile(blob, rows)
    for at, row in enumerate(rows):
        if row < len(steps):
            np.testing.assert_array_equal(some[at], whole[row])
            np.testing.assert_array_equal(some_codes[at], whole_codes[row])
        else:
            assert np.isnan(some[at]).all()
            assert (some_codes[at] == Quality.NOT_POLLED).all()


@given(samples())
def test_that_a_stored_value_is_within_half_a_step_or_marked(sample: tuple[Floats, Codes, float]) -> None:
    values, quality, scale = sample
    steps, codes = to_steps(values, quality, scale)
    read = to_values(steps, codes, scale)
    absent = codes >= Quality.NOT_POLLED
    assert np.isnan(read[absent]).all()
    assert (np.isnan(values) | (quality >= Quality.NOT_POLLED))[absent].all()
    with np.errstate(over="ignore"):
        kept = ~absent & (np.abs(values * scale) <= GREATEST)
    np.testing.assert_allclose(read[kept], values[kept], rtol=1e-15, atol=0.5 / scale)
    assert (codes[kept] == quality[kept]).all()
    assert (codes[~absent & ~kept] == Quality.SUSPECT).all()


@given(st.integers(-GREATEST, GREATEST), st.sampled_from([1.0, 10.0]))
def test_that_counters_are_exact(count: int, scale: float) -> None:
    value = np.array([[count / scale]])
    steps, codes = to_steps(value, np.zeros((1, 1), np.uint8), scale)
    read, _ = decode_tile(encode_tile(steps, codes, scale))
    assert read[0, 0] == count / scale


def a_section(layout: int, steps: Integers, quality: Codes) -> Section:
    devices = steps.shape[1]
    return Section(layout, np.arange(devices, dtype=np.uint16), np.arange(devices, dtype=np.uint16) * 3, steps, quality)


@given(st.lists(samples(), max_size=3), st.lists(st.integers(0, 65535), max_size=5))
def test_that_a_head_row_gives_back_every_sweep(parts: list[tuple[Floats, Codes, float]], lost: list[int]) -> None:
    sections = tuple(a_section(at - 7, *to_steps(*part)) for at, part in enumerate(parts))
    seats = np.array(lost, np.uint16)
    head = Head(sections, Losses(seats, seats[::-1].copy(), np.full(len(lost), Quality.TIMED_OUT, np.uint8)))
    read = decode_head(encode_head(head))
    assert len(read.sections) == len(sections)
    for before, after in zip(sections, read.sections, strict=True):
        assert after.layout == before.layout
        np.testing.assert_array_equal(after.seats, before.seats)
        np.testing.assert_array_equal(after.slots, before.slots)
        np.testing.assert_array_equal(after.steps, before.steps)
        np.testing.assert_array_equal(after.quality, before.quality)
    np.testing.assert_array_equal(read.losses.seats, head.losses.seats)
    np.testing.assert_array_equal(read.losses.slots, head.losses.slots)
    np.testing.assert_array_equal(read.losses.reasons, head.losses.reasons)


@given(samples(), st.data())
def test_that_a_damaged_blob_is_refused(sample: tuple[Floats, Codes, float], data: st.DataObject) -> None:
    steps, codes = to_steps(*sample)
    tile = bytearray(encode_tile(steps, codes, sample[2]))
    at = data.draw(st.integers(0, len(tile) - 1))
    tile[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CorruptBlob):
        decode_tile(bytes(tile))
    row = encode_head(Head((a_section(1, steps, codes),), NO_LOSSES))
    with pytest.raises(CorruptBlob):
        decode_head(row[:-1])


@given(st.binary(max_size=200))
def test_that_arbitrary_bytes_are_refused(blob: bytes) -> None:
    for decode in (decode_tile, decode_head):
        with pytest.raises(CorruptBlob):
            decode(blob)
