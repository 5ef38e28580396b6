"""Two sets of samples of one bucket come to what their union comes to."""

import numpy as np
import pytest

from console.store.history.rollups import Stats, combined, reduce_raw
from drivers.core.points import PointKind
from drivers.core.reading import Quality

KINDS = [PointKind.GAUGE, PointKind.COUNTER]
SILENT = int(Quality.UNREACHABLE)
CODES = [0, 0, 0, int(Quality.SUSPECT), SILENT, int(Quality.TIMED_OUT), int(Quality.NOT_POLLED)]


@pytest.mark.parametrize("kind", KINDS)
def test_that_two_halves_of_a_bucket_come_to_the_whole(kind: PointKind) -> None:
    random = np.random.default_rng(7)
    steps, quality = random.integers(-50, 50, (400, 6)), random.choice(CODES, (400, 6)).astype(np.uint8)
    whole = reduce_raw(steps, quality, 6, 10.0, kind)
    first, second = (
        reduce_raw(steps[:, :3], quality[:, :3], 3, 10.0, kind),
        reduce_raw(steps[:, 3:], quality[:, 3:], 3, 10.0, kind),
    )
    gauges = np.full((400, 1), kind is PointKind.GAUGE)
    for one, other, later in ((first, second, True), (second, first, False)):
        found = combined(one, other, gauges, np.full((400, 1), later))
        np.testing.assert_allclose(found.mean, whole.mean, rtol=1e-12)
        np.testing.assert_array_equal(found.low, whole.low)
        np.testing.assert_array_equal(found.high, whole.high)
        np.testing.assert_array_equal(found.count, whole.count)
        np.testing.assert_array_equal(found.quality, whole.quality)


def bucket(value: float, count: int, quality: Quality) -> Stats:
    values = np.array([[value]])
    return Stats(values, values, values, np.array([[count]]), np.array([[quality]], np.uint8))


def test_that_a_value_that_is_too_old_gives_way_to_a_fresh_one_and_beats_a_reason() -> None:
    stale, fresh = bucket(3.0, 0, Quality.STALE), bucket(5.0, 2, Quality.SUSPECT)
    reason = Stats.nothing(1, 1)
    reason.quality[:] = SILENT
    gauge, later = np.array([[True]]), np.array([[True]])
    for one, other, value, quality in (
        (stale, fresh, 5.0, Quality.SUSPECT),
        (fresh, stale, 5.0, Quality.SUSPECT),
        (stale, reason, 3.0, Quality.STALE),
        (reason, stale, 3.0, Quality.STALE),
    ):
        found = combined(one, other, gauge, later)
        assert (found.mean[0, 0], found.quality[0, 0]) == (value, quality)
