"""Tiles that earlier versions wrote stay readable: the bytes below were written by format 1 and never change."""

import base64

import numpy as np
import pytest

from console.store.history.codec import CorruptBlob
from console.store.history.tiles import decode_steps, decode_tile, decode_tiles, decode_window
from drivers.core.reading import Quality

THREE_SERIES = base64.b64decode(
    "AQIAAAMADACEAAAAAAAAAAAAJEC9DKC/KLUv/SCEBQIAZAIlMAAacRgCAAAAjzg4YWEA0NAAAHDQAAoABwcAABcHACIiACEAAQsAoGAwDLAXCAVM"
    "BMJwN+rSgVkUywcwBA=="
)
ONE_SERIES = base64.b64decode("AQQBAAEABAAYAAAAAAAAAAAAWUDXS5ACKLUv/SAYwQAA+/////////8AEgHaAAAAIgAAAAIAAAAA")

TIMES = np.arange(12)
NOISE = (12325 + TIMES * 37 % 11 * 7) / 10
COUNTER = (9_000_000_000 + TIMES * 1000) / 10
TEMPERATURE = np.where(TIMES < 6, 65.5, 66.0)


def test_that_a_tile_of_format_1_is_read() -> None:
    values, quality = decode_tile(THREE_SERIES)
    np.testing.assert_array_equal(values[0], NOISE)
    np.testing.assert_array_equal(values[1], np.where((TIMES == 3) | (TIMES == 4), np.nan, COUNTER))
    np.testing.assert_array_equal(values[2, 1:], TEMPERATURE[1:])
    assert np.isnan(values[2, 0])
    assert quality[1, 3] == Quality.TIMED_OUT
    assert quality[2, 0] == Quality.UNREACHABLE
    assert quality[2, 11] == Quality.SUSPECT


def test_that_single_rows_of_format_1_are_read_beside_other_tiles() -> None:
    (some, codes), (other, _) = decode_tiles((THREE_SERIES, ONE_SERIES), np.array([0, 9]))
    np.testing.assert_array_equal(some[0], NOISE)
    assert (codes[1] == Quality.NOT_POLLED).all()
    np.testing.assert_array_equal(other[0], [-0.05, 0.04, 0.03, 700.0])
    ((cells, scale),) = decode_steps((ONE_SERIES,))
    assert scale == 100.0
    np.testing.assert_array_equal(cells.steps, [[-5, 4, 3, 70000]])


def test_that_the_newest_of_a_window_of_format_1_is_found() -> None:
    newest = decode_window(THREE_SERIES, 2, 0)
    np.testing.assert_array_equal(newest.values, [NOISE[4], np.nan, 65.5])
    np.testing.assert_array_equal(newest.quality, [Quality.GOOD, Quality.TIMED_OUT, Quality.GOOD])


@pytest.mark.parametrize("at", [1, 12, 30])
def test_that_a_damaged_tile_of_format_1_is_refused(at: int) -> None:
    damaged = bytearray(THREE_SERIES)
    damaged[at] ^= 4
    with pytest.raises(CorruptBlob):
        decode_tile(bytes(damaged))
