"""Marks of the time axis on the wall clock of a zone."""

from datetime import UTC, datetime

import pytest

from widgets.controls.time_axis import clock_text, moment_text, step_for, ticks, zone

CHICAGO = "America/Chicago"
NOON = datetime(2026, 11, 13, 18, 0, tzinfo=UTC).timestamp()


def test_that_marks_stand_at_round_times_of_the_site() -> None:
    found = ticks(NOON - 14400 + 7, NOON + 7, CHICAGO, 5)
    assert [tick.label for tick in found] == ["09:00", "10:00", "11:00", "12:00"]
    assert all(tick.at % 3600 == 0 for tick in found)


def test_that_a_zone_with_a_half_hour_has_marks_at_its_own_full_hours() -> None:
    found = ticks(NOON - 7200, NOON, "Asia/Kolkata", 3)
    assert [tick.label for tick in found] == ["22:00", "23:00"]


def test_that_days_begin_at_the_sites_midnight_across_daylight_saving() -> None:
    start = datetime(2026, 10, 30, 12, 0, tzinfo=UTC).timestamp()
    found = ticks(start, start + 5 * 86400, CHICAGO, 6)
    assert [tick.label for tick in found] == ["Sat 31 Oct", "Sun 01 Nov", "Mon 02 Nov", "Tue 03 Nov", "Wed 04 Nov"]
    assert found[2].at - found[1].at == 25 * 3600


def test_that_the_repeated_hour_of_autumn_appears_twice() -> None:
    start = datetime(2026, 11, 1, 5, 30, tzinfo=UTC).timestamp()
    labels = [tick.label for tick in ticks(start, start + 3 * 3600, CHICAGO, 4)]
    assert labels.count("01:00") == 2


def test_that_marks_always_ascend() -> None:
    start = datetime(2026, 3, 8, 0, 0, tzinfo=UTC).timestamp()
    for most in (2, 3, 5, 8, 13):
        found = [tick.at for tick in ticks(start, start + 86400, CHICAGO, most)]
        assert found == sorted(set(found))
        assert len(found) <= most + 2


@pytest.mark.parametrize(("span", "most", "step"), [(1200, 5, 300), (14400, 10, 1800), (86400, 6, 21600), (30, 5, 10)])
def test_that_the_step_is_the_smallest_round_one_that_fits(span: float, most: int, step: int) -> None:
    assert step_for(span, most) == step


def test_that_an_empty_range_has_no_marks() -> None:
    assert ticks(NOON, NOON, CHICAGO, 5) == ()


def test_that_an_unknown_zone_falls_back_to_utc() -> None:
    assert zone("Mars/Olympus") is UTC
    assert clock_text(NOON, "") == "18:00:00"
    assert moment_text(NOON, CHICAGO) == "13 Nov 12:00:00"
