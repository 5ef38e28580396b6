"""Where a device's history has nothing that its own log could give."""

from uuid import UUID

import numpy as np

from console.collector.holes import holes
from console.services.ports import History
from drivers.core.reading import Quality, Signal

START = 1_000_000.0
GOOD, LOST, NONE = Quality.GOOD, Quality.UNREACHABLE, Quality.NOT_POLLED


def series(text: str, step: float = 1.0) -> History:
    """One letter a slot: `x` a value, `.` never asked, `!` unreachable."""
    quality = np.array([{"x": GOOD, ".": NONE, "!": LOST}[letter] for letter in text], np.uint8)
    values = np.where(quality == GOOD, 1.0, np.nan)
    return History(UUID(int=1), Signal("flow"), START, step, values, quality, values, values)


def found(text: str, *, since: float = 0.0, until: float = 1000.0, least: float = 3.0) -> list[tuple[float, float]]:
    spans = holes([series(text)], START, START + since, START + until, least)
    return [(start - START, stop - START) for start, stop in spans]


def test_that_a_hole_between_samples_is_found_whatever_made_it() -> None:
    assert found("xx..!!..xx.x") == [(2.0, 8.0)]


def test_that_an_hour_before_the_first_sample_is_a_hole_only_where_the_device_is_known_to_have_been_there() -> None:
    assert found(".......xx", since=7.0) == []
    assert found(".......xx", since=2.0) == [(2.0, 7.0)]


def test_that_the_hole_ends_where_the_device_answers_again() -> None:
    assert found("xx........", until=8.0) == [(2.0, 8.0)]


def test_that_every_hole_that_the_log_still_holds_is_found() -> None:
    assert found("x....x....xx") == [(1.0, 5.0), (6.0, 10.0)]


def test_that_a_value_of_any_series_counts() -> None:
    pair = [series("x..........x"), series("xxxx......xx")]
    assert holes(pair, START, START, START + 12, 3.0) == [(START + 4, START + 10)]


def test_that_a_device_of_which_nothing_is_stored_has_one_hole() -> None:
    assert holes([], START, START + 5, START + 60, 3.0) == [(START + 5, START + 60)]
    assert holes([], START + 30, START + 5, START + 60, 3.0) == [(START + 30, START + 60)]
    assert holes([], START, START + 58, START + 60, 3.0) == []


def test_that_what_a_log_has_filled_is_no_hole_again() -> None:
    assert found("x.........x.........x", least=20.0) == []
