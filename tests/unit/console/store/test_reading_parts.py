"""The small parts of reading: slots, sums, what is newest, and which words are a change."""

from uuid import UUID

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from console.services.ports import TextChange
from console.store.history.newest import NO_SLOT
from console.store.history.registry import StoredLayout
from console.store.history.rollups import COLUMNS, Stats
from console.store.reading.catalogue import SeatRow, SeriesTable, StoredShard
from console.store.reading.figures import joined_rows, lay_under, nothing, reduce_rows
from console.store.reading.grid import Slots, hours_between
from console.store.reading.instant import Newer
from console.store.reading.sums import Sums
from console.store.reading.words import changes_since
from drivers.core.reading import Quality, Signal

GOOD, LOST, NONE = Quality.GOOD, Quality.TIMED_OUT, Quality.NOT_POLLED
WHOLE = StoredLayout.of((Signal("power"), Signal("power", "0"), Signal("state")))
PARTS = StoredLayout.of((Signal("power", "0"), Signal("power", "1"), Signal("state")))


def shard(*layouts: StoredLayout, origin: str = "a", first: int = 1) -> StoredShard:
    """Seats of the devices 1, 2, 3 in these layouts."""
    rows = [
        SeatRow(first + at, origin, 0, 5000, at, str(UUID(int=at + 1)), layout.id) for at, layout in enumerate(layouts)
    ]
    return StoredShard(rows, {layout.id: layout for layout in layouts})


def figures(*values: float) -> Stats:
    mean = np.array([values])
    quality = np.where(np.isnan(mean), np.uint8(NONE), np.uint8(GOOD))
    return Stats(mean, mean - 1, mean + 1, (~np.isnan(mean)).astype(np.int64), quality)


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.sampled_from([5.0, 60.0, 3600.0, 86400.0]))
def test_that_slots_cover_a_span_and_no_more(start: int, length: int, step: float) -> None:
    slots = Slots.over(start, start + length, step)
    assert slots.start <= start < slots.start + step
    assert slots.stop - step < start + length <= slots.stop
    pieces = list(slots.pieces(10_000, 5.0))
    assert [pieces[0].first, sum(piece.count for piece in pieces)] == [slots.first, slots.count]
    finer = slots.finer(step / 5)
    assert (finer.start, finer.stop) == (slots.start, slots.stop)


def test_that_slots_beside_one_another_do_not_overlap() -> None:
    slots = Slots(60.0, 10, 5)
    assert slots.overlap(0, 10).count == 0
    assert slots.overlap(12, 100) == Slots(60.0, 12, 3)
    assert slots.within(0.0, 599.0).count == 0
    assert slots.place_of(slots.within(660.0, 780.0)) == slice(1, 3)
    assert (hours_between(3600.0, 7200.0).first, hours_between(3600.0, 7200.0).last) == (1, 1)


def test_that_ranks_and_parts_follow_the_seats() -> None:
    stored = shard(PARTS, WHOLE, PARTS)
    ranked = stored.ranked("power")
    assert ranked.seats.tolist() == [0, 0, 1, 1, 2, 2]
    assert ranked.within.tolist() == [0, 1, 0, 1, 0, 1]
    assert ranked.at.tolist() == [0, 1, 3, 4, 6, 7]
    assert stored.parts("power") == ["0", "1", "", "0", "0", "1"]
    assert stored.counting("power").tolist() == [True, True, True, False, True, True]
    assert stored.ranked("voltage").seats.tolist() == []


def test_that_a_series_of_two_origins_is_one_series_with_two_places() -> None:
    table = SeriesTable.of("power", [shard(WHOLE, PARTS), shard(WHOLE, origin="b", first=9)])
    assert list(zip([device.int for device in table.devices], table.parts, strict=True)) == [
        (1, ""), (1, "0"), (2, "0"), (2, "1"),
    ]  # fmt: skip
    assert table.place_row.tolist() == [0, 1, 2, 3, 0, 1]
    assert table.alone.tolist() == [False, False, True, True, False, False]
    assert table.chosen({UUID(int=2)}).tolist() == [False, False, True, True]


def test_that_what_was_laid_first_stays_unless_it_is_no_value() -> None:
    found = nothing(1, 3, COLUMNS)
    first, second = figures(1.0, np.nan, np.nan), figures(9.0, 2.0, np.nan)
    first.quality[0, 1] = LOST
    for part in (first, second):
        lay_under(found, slice(None), slice(None), part)
    assert found.mean[0, :2].tolist() == [1.0, 2.0]
    assert found.quality[0].tolist() == [GOOD, GOOD, NONE]


def test_that_rows_are_brought_together_by_their_kind() -> None:
    rows = joined_rows([figures(1.0, 3.0), figures(1.0, 3.0)])
    assert reduce_rows(rows, 2, np.array([True, False])).mean.tolist() == [[2.0], [3.0]]


def test_that_sums_tell_missing_data_from_small_ones() -> None:
    sums = Sums(Slots(3600.0, 0, 4))
    sums.add(Slots(3600.0, 0, 4), figures(1.0, np.nan, 3.0, np.nan))
    sums.add(Slots(3600.0, 2, 2), figures(5.0, np.nan))
    figure = sums.aggregate("power")
    np.testing.assert_array_equal(figure.mean, [1.0, np.nan, 4.0, np.nan])
    np.testing.assert_array_equal(figure.low, [0.0, np.nan, 2.0, np.nan])
    assert figure.count.tolist() == [1, 0, 2, 0]
    total = sums.total("power", 2)
    assert (total.step, total.values.tolist(), total.count.tolist()) == (7200.0, [1.0, 8.0], [1, 2])


def test_that_the_newest_poll_stands_and_a_sample_beats_a_loss_of_its_slot() -> None:
    newer = Newer(shard(WHOLE))
    at = np.array([0, 0, 1])
    newer.take(at, np.array([1.0, np.nan, 7.0]), np.array([GOOD, LOST, GOOD], np.uint8), np.array([3, 5, 4]))
    assert newer.quality.tolist() == [LOST, GOOD, NONE]
    assert (newer.slot.tolist(), newer.answered.tolist()) == ([5, 4, NO_SLOT], [3, 4, NO_SLOT])
    newer.lose(np.array([0, 0]), np.array([4, 2]), np.array([LOST, LOST], np.uint8))
    assert newer.quality.tolist() == [LOST, GOOD, LOST]
    assert newer.slot.tolist() == [5, 4, 4]


def test_that_only_another_text_is_a_change() -> None:
    said = [("pool", 1.0, "a"), ("pool", 2.0, "b"), ("fan", 2.5, "x"), ("pool", 3.0, "b"), ("pool", 4.0, "c")]
    changes = [TextChange(UUID(int=1), name, at, value) for name, at, value in said]
    assert [(change.name, change.at) for change in changes_since(changes, 2.2)] == [
        ("pool", 2.0), ("fan", 2.5), ("pool", 4.0),
    ]  # fmt: skip
