"""Reading-to-screen latency counts every reply once, from its arrival to the end of the paint that shows it."""

import math

import numpy as np
import pytest

from console.shell.latency import LatencyMeter


class Clock:
    """A clock turned by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_that_only_replies_new_since_the_last_frame_count_and_each_once() -> None:
    clock = Clock()
    meter = LatencyMeter(clock)
    meter.applied(np.array([990.0, np.nan, 991.0]))
    meter.painted()
    assert meter.first_painted_at == 1000.0
    assert meter.latency().readings == 0
    meter.applied(np.array([990.0, 999.0, 999.5]))
    clock.now = 1001.0
    meter.painted()
    meter.painted()
    latency = meter.latency()
    assert latency.readings == 2
    assert latency.greatest == pytest.approx(2.0)
    assert latency.p50 == pytest.approx(1.75)


def test_that_a_frame_that_is_never_painted_waits_for_the_next_paint() -> None:
    clock = Clock()
    meter = LatencyMeter(clock)
    meter.applied(np.array([990.0]))
    meter.painted()
    meter.applied(np.array([1000.0]))
    meter.applied(np.array([1003.0]))
    clock.now = 1004.0
    meter.painted()
    assert meter.latency().readings == 2
    assert meter.latency().greatest == pytest.approx(4.0)


def test_that_the_window_rolls() -> None:
    clock = Clock()
    meter = LatencyMeter(clock)
    meter.applied(np.array([990.0]))
    meter.painted()
    meter.applied(np.array([999.0]))
    meter.painted()
    clock.now = 1000.0 + 301.0
    assert meter.latency().readings == 0
    assert math.isnan(meter.latency().p95)


def test_that_nothing_that_waited_for_a_lost_link_is_counted() -> None:
    clock = Clock()
    meter = LatencyMeter(clock)
    meter.applied(np.array([990.0]))
    meter.painted()
    meter.forget()
    meter.applied(np.array([995.0]))
    clock.now = 1100.0
    meter.painted()
    assert meter.latency().readings == 0


def test_that_a_site_that_grows_counts_only_what_is_newer_than_all_before() -> None:
    clock = Clock()
    meter = LatencyMeter(clock)
    meter.applied(np.array([990.0]))
    meter.painted()
    meter.applied(np.array([990.0, 998.0, np.nan]))
    meter.painted()
    assert meter.latency().readings == 1
