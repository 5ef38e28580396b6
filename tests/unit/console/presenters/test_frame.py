"""Frames: arrays of a whole site at one instant."""

import numpy as np
import pytest

from console.presenters.frame import Frame, FrameShape, RowShape, empty_frame
from drivers.core.reading import DeviceState, Quality, Signal
from tests.unit.console.presenters.sites import NOW, frame_of, identifier, site


def _frame(rows: list[RowShape], values: list[float], answered: list[float], period: float = 5.0) -> Frame:
    count = len(rows)
    return Frame(
        FrameShape(1, len(values), rows), 1, NOW, np.array(values), np.zeros(len(values), np.uint8),
        np.array(answered), np.full(count, DeviceState.HASHING, np.uint8), np.full(count, period),
    )  # fmt: skip


def test_that_the_whole_of_a_point_is_the_device_series_before_its_parts() -> None:
    frame = _frame(
        [
            RowShape(identifier(1), 0, (Signal("hashrate"), Signal("hashrate", "1"))),
            RowShape(identifier(2), 2, (Signal("hashrate", "1"), Signal("hashrate", "2"))),
            RowShape(identifier(3), 4, ()),
        ],
        [95.0, 99.0, 50.0, 52.0],
        [NOW, NOW, np.nan],
    )
    values, quality = frame.whole("hashrate")
    assert values[0] == 95.0
    assert values[1] == 52.0
    assert np.isnan(values[2])
    assert quality[2] == Quality.NOT_REPORTED


def test_that_a_part_without_value_does_not_hide_the_others() -> None:
    frame = _frame(
        [RowShape(identifier(1), 0, (Signal("chip_temp", "1"), Signal("chip_temp", "2")))], [np.nan, 61], [NOW]
    )
    assert frame.whole("chip_temp")[0][0] == 61


def test_that_devices_may_stand_anywhere_in_the_arrays() -> None:
    frame = _frame(
        [RowShape(identifier(1), 3, (Signal("hashrate"),)), RowShape(identifier(2), 0, (Signal("hashrate"),))],
        [20.0, np.nan, np.nan, 10.0],
        [NOW, NOW],
    )
    assert frame.whole("hashrate")[0].tolist() == [10.0, 20.0]
    assert frame.value(1, "hashrate") == 20.0


def test_that_a_series_nobody_reports_is_no_data() -> None:
    frame = frame_of(site())
    assert np.isnan(frame.whole("humidity")[0]).all()
    assert np.isnan(frame.value(0, "humidity"))
    with pytest.raises(KeyError):
        frame.shape.position(0, "humidity")


def test_that_data_is_stale_after_two_poll_periods_and_when_it_never_came() -> None:
    rows = [RowShape(identifier(at), at, (Signal("hashrate"),)) for at in range(3)]
    frame = _frame(rows, [1.0, 1.0, 1.0], [NOW - 9, NOW - 12, np.nan])
    assert frame.stale(NOW).tolist() == [False, True, True]


def test_that_an_empty_frame_answers_every_question() -> None:
    frame = empty_frame()
    assert len(frame.whole("hashrate")[0]) == 0
    assert len(frame.stale(NOW)) == 0


def test_that_a_shape_that_follows_another_takes_over_what_did_not_move() -> None:
    rows = [RowShape(identifier(1), 0, (Signal("hashrate"),)), RowShape(identifier(2), 1, ())]
    first = FrameShape(1, 1, rows)
    board = RowShape(identifier(1), 1, (Signal("hashrate"), Signal("hashrate", "1")))
    second = FrameShape(2, 4, [board, RowShape(identifier(2), 3, (Signal("hashrate"),))], first.table)
    assert second.signals(0) == board.signals
    assert second.position(0, "hashrate", "1") == 2
    assert second.point("hashrate").at.tolist() == [1, 2, 3]
    assert first.signals(0) == (Signal("hashrate"),)
    assert first.point("hashrate").at.tolist() == [0]
