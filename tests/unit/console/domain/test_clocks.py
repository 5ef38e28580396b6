"""Contract clocks: budgets, business days in a zone, and how durations are written."""

from datetime import UTC, date, datetime

import pytest

from console.domain.alarms import Severity
from console.domain.clocks import (
    absolute,
    business_day,
    deadline,
    deadlines,
    duration,
    next_business_close,
    overdue,
    resumed,
    share_used,
    time_left,
)
from console.domain.incidents import ClockName
from console.domain.inventory import Calendar, Contract

CHICAGO = "America/Chicago"


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("severity", "response", "resolution"),
    [(Severity.SEV1, 1800, 14400), (Severity.SEV2, 3600, 28800), (Severity.SEV3, 14400, 86400)],
)
def test_that_budgets_are_those_of_the_contract(severity: Severity, response: int, resolution: int) -> None:
    start = utc("2026-11-13T20:01:13")
    clocks = deadlines(severity, start, None, CHICAGO)
    assert clocks.response - start == response
    assert clocks.mitigation - start == response
    assert clocks.resolution - start == resolution


@pytest.mark.parametrize(
    "start",
    ["2026-03-08T07:30:00", "2026-03-08T08:00:00", "2026-11-01T05:59:00", "2026-11-01T06:30:00", "2026-11-01T07:30:00"],
)
def test_that_four_hours_are_four_hours_in_both_nights_that_clocks_change(start: str) -> None:
    clocks = deadlines(Severity.SEV3, utc(start), None, CHICAGO)
    assert clocks.response - utc(start) == 4 * 3600
    assert clocks.resolution - utc(start) == 24 * 3600


@pytest.mark.parametrize(
    ("detected", "close"),
    [
        ("2026-11-13T15:00:00", "2026-11-16T23:00:00"),  # a Friday morning: Monday 17:00 CST
        ("2026-11-13T05:30:00", "2026-11-13T23:00:00"),  # still Thursday in Chicago: Friday
        ("2026-11-15T12:00:00", "2026-11-16T23:00:00"),  # a Sunday: Monday
        ("2026-11-25T18:00:00", "2026-11-27T23:00:00"),  # the day before the holiday: the day after it
        ("2026-03-06T15:00:00", "2026-03-09T22:00:00"),  # over the spring change: Monday 17:00 is CDT
        ("2026-10-30T15:00:00", "2026-11-02T23:00:00"),  # over the autumn change: Monday 17:00 is CST
    ],
)
def test_that_the_next_business_day_is_the_sites_own(detected: str, close: str) -> None:
    contract = Contract("platinum", Calendar(holidays=(date(2026, 11, 26),)))
    clocks = deadlines(Severity.SEV4, utc(detected), contract, CHICAGO)
    assert clocks.response == clocks.mitigation == utc(close)
    assert clocks.resolution == utc(detected) + 7 * 86400


def test_that_half_hour_zones_close_at_their_own_time() -> None:
    start = utc("2026-11-13T06:00:00")
    assert next_business_close(start, Calendar(), "Asia/Kolkata") == utc("2026-11-16T11:30:00")
    assert next_business_close(start, Calendar(), "Australia/Adelaide") == utc("2026-11-16T06:30:00")
    assert next_business_close(start, Calendar(), "Asia/Kathmandu") == utc("2026-11-16T11:15:00")


def test_that_a_close_in_the_skipped_hour_is_an_hour_that_exists() -> None:
    night = Calendar(days=(6,), opens=0, closes=150)
    assert next_business_close(utc("2026-03-07T12:00:00"), night, CHICAGO) == utc("2026-03-08T08:30:00")


def test_that_a_day_that_closes_at_midnight_closes_at_midnight() -> None:
    late = Calendar(closes=24 * 60)
    assert next_business_close(utc("2026-11-12T18:00:00"), late, CHICAGO) == utc("2026-11-14T06:00:00")


def test_that_a_calendar_without_days_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"calendar\.days"):
        next_business_close(utc("2026-11-12T18:00:00"), Calendar(days=()), CHICAGO)


def test_that_a_reopened_incident_gets_its_time_back() -> None:
    start = utc("2026-11-13T20:00:00")
    before = deadlines(Severity.SEV2, start, None, CHICAGO)
    again = resumed(before, Severity.SEV2, start + 3600, start + 7200, None, CHICAGO)
    assert again.response == start + 7200 + 3600
    assert again.resolution == before.resolution + 3600


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "00:00"),
        (-3, "00:00"),
        (252.9, "04:12"),
        (3599, "59:59"),
        (3600, "1 h 00 m"),
        (3 * 3600 + 7 * 60 + 59, "3 h 07 m"),
        (86399, "23 h 59 m"),
        (2 * 86400 + 4 * 3600, "2 d 04 h"),
    ],
)
def test_that_durations_are_written_as_the_style_guide_says(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_that_overdue_is_said_with_the_word_over() -> None:
    assert overdue(252) == "+00:04:12 over"
    assert overdue(3 * 3600 + 1) == "+03:00:01 over"
    assert overdue(2 * 86400 + 4 * 3600) == "+2 d 04 h over"


def test_that_a_business_deadline_is_a_day_and_not_a_countdown() -> None:
    start = utc("2026-11-13T20:00:00")
    due = deadlines(Severity.SEV4, start, None, CHICAGO).response
    assert time_left(ClockName.RESPONSE, Severity.SEV4, due, start, CHICAGO) == "Mon 17:00 CST"
    assert time_left(ClockName.RESPONSE, Severity.SEV4, due, due + 60, CHICAGO) == "+00:01:00 over"
    assert time_left(ClockName.RESOLUTION, Severity.SEV4, start + 7 * 86400, start, CHICAGO) == "7 d 00 h"
    assert time_left(ClockName.RESPONSE, Severity.SEV1, start + 1800, start + 379, CHICAGO) == "23:41"


def test_that_a_far_business_day_carries_its_date() -> None:
    start = utc("2026-12-23T20:00:00")
    assert business_day(utc("2027-01-04T23:00:00"), CHICAGO, start) == "Mon 4 Jan 17:00 CST"


def test_that_zones_without_letters_are_written_with_their_offset() -> None:
    moment = utc("2026-11-13T20:31:13")
    assert absolute(moment, CHICAGO) == "Fri 13 Nov 2026 14:31:13 CST"
    assert absolute(moment, "America/Sao_Paulo") == "Fri 13 Nov 2026 17:31:13 UTC-03"
    assert absolute(moment, "UTC") == "Fri 13 Nov 2026 20:31:13 UTC"


def test_that_the_share_of_a_budget_grows_past_one() -> None:
    assert share_used(0, 100, 50) == 0.5
    assert share_used(0, 100, 150) == 1.5
    assert share_used(0, 0, 1) == 1.0


def test_that_each_clock_has_its_own_deadline() -> None:
    clocks = deadlines(Severity.SEV1, 0, None, "UTC")
    assert [deadline(clocks, name) for name in ClockName] == [1800, 1800, 14400]
