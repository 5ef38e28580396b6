"""Reduction of series to pixel columns."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from widgets.theme.polyline import decimate, polygons, runs


def test_that_no_spike_is_lost() -> None:
    times = np.arange(100_000.0)
    values = np.sin(times / 500)
    values[31_337] = 40.0
    values[77_777] = -40.0
    shown_times, shown = decimate(times, values, 0.0, 100_000.0, 600)
    assert shown.max() == 40.0
    assert shown.min() == -40.0
    assert len(shown) <= 2 * 603
    assert np.all(np.diff(shown_times) >= 0)


def test_that_a_short_series_is_untouched() -> None:
    times, values = np.arange(50.0), np.arange(50.0)
    assert np.array_equal(decimate(times, values, 0.0, 49.0, 600)[1], values)


def test_that_a_gap_stays_a_gap() -> None:
    times = np.arange(10_000.0)
    values = np.ones(10_000)
    values[4000:6000] = np.nan
    shown_times, shown = decimate(times, values, 0.0, 10_000.0, 100)
    inside = (shown_times > 4200) & (shown_times < 5800)
    assert np.isnan(shown[inside]).all()
    assert len(runs(shown)) == 2


def test_that_only_the_visible_part_and_its_neighbours_are_kept() -> None:
    times = np.arange(1000.0)
    shown_times, _ = decimate(times, times, 500.0, 510.0, 600)
    assert shown_times[0] == 499.0
    assert shown_times[-1] == 511.0


def test_that_a_lone_sample_is_drawn_as_a_point() -> None:
    lines = polygons(np.array([1.0, 2.0, 3.0]), np.array([np.nan, 5.0, np.nan]))
    assert len(lines) == 1
    assert lines[0].size() == 2


@given(
    st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), min_size=1, max_size=3000),
    st.integers(1, 50),
)
def test_that_extremes_survive_whatever_the_series(values: list[float], columns: int) -> None:
    array = np.array(values)
    times = np.arange(float(len(values)))
    _, shown = decimate(times, array, 0.0, max(1.0, float(len(values) - 1)), columns)
    if np.isfinite(array).any():
        assert np.nanmax(shown) == np.nanmax(array)
        assert np.nanmin(shown) == np.nanmin(array)
    else:
        assert np.isnan(shown).all()
