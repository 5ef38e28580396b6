"""How numbers, ages and times are written."""

import math

import pytest

from console.presenters import formatting
from tests.unit.console.presenters.sites import NOW


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (2912, 0, "2,912"),
        (-21.94, 1, "−21.9"),
        (-0.04, 1, "0.0"),
        (math.nan, 1, "no data"),
        (math.inf, 0, "no data"),
        (1234567.891, 2, "1,234,567.89"),
    ],
)
def test_that_numbers_have_separators_and_a_true_minus(value: float, decimals: int, text: str) -> None:
    assert formatting.number(value, decimals) == text


def test_that_a_deviation_carries_its_sign_and_nothing_stands_for_no_data() -> None:
    assert formatting.deviation(28.0) == "+28.0 %"
    assert formatting.deviation(-8.36) == "−8.4 %"
    assert formatting.deviation(math.nan) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.9, "2 s"), (130, "2 m 10 s"), (11_220, "3 h 07 m"), (187_200, "2 d 04 h"), (-1, "0 s"), (math.nan, "no data")],
)
def test_that_ages_grow_from_seconds_to_days(seconds: float, text: str) -> None:
    assert formatting.age(seconds) == text


@pytest.mark.parametrize(
    ("point", "value", "text"),
    [
        ("hashrate", 109.237, "109.2 TH/s"),
        ("chip_temp", 78.61, "78.6 °C"),
        ("power", 1890.4, "1,890 W"),
        ("power", math.nan, "no data"),
        ("pump_state", 2.0, "tripped"),
        ("pump_state", 9.0, "code 9"),
        ("fan_speed", 5400.0, "5,400 rpm"),
        ("uptime", 3700.0, "1 h 01 m"),
        ("power_factor", 0.9712, "0.971"),
        ("chips", 114.0, "114"),
    ],
)
def test_that_a_value_never_shows_more_digits_than_its_sensor_has(point: str, value: float, text: str) -> None:
    assert formatting.value_with_unit(point, value) == text


def test_that_a_sites_figures_choose_a_readable_unit() -> None:
    assert formatting.hashrate(291_400.0) == ("291.4", "PH/s")
    assert formatting.hashrate(2_400.0) == ("2,400.0", "TH/s")
    assert formatting.power(5_220_000.0) == ("5.22", "MW")
    assert formatting.power(911.0) == ("911", "W")


def test_that_clock_and_date_are_those_of_the_site() -> None:
    assert formatting.clock(NOW, "America/Chicago") == "14:07:32"
    assert formatting.date_line(NOW, "America/Chicago") == "Fri 13 Nov 2026 CST"
    assert formatting.time_or_date(NOW - 86400 * 10, NOW, "America/Chicago") == "03 Nov 14:07"


def test_that_a_zone_this_machine_does_not_know_becomes_utc() -> None:
    assert formatting.zone_label(NOW, "Mars/Olympus") == "UTC"
