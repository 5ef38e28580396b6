"""The console's short memory of a site's figures."""

import numpy as np

from console.presenters.record import SiteRecord, thinned


def test_that_the_record_keeps_one_value_for_each_step_and_gaps_stay_gaps() -> None:
    record = SiteRecord(step=10, kept=100)
    for at, value in ((1000, 1.0), (1005, 2.0), (1030, 3.0)):
        record.append(at, {"hashrate": value})
    trace = record.trace("hashrate", 0, 2000)
    assert trace is not None
    assert trace.times.tolist() == [1000, 1010, 1020, 1030]
    assert trace.values[0] == 2.0
    assert np.isnan(trace.values[1:3]).all()


def test_that_the_record_forgets_what_is_older_than_it_keeps() -> None:
    record = SiteRecord(step=10, kept=100)
    record.append(1000, {"hashrate": 1.0})
    record.append(5000, {"hashrate": 2.0})
    trace = record.trace("hashrate", 0, 6000)
    assert trace is not None
    assert trace.values.tolist() == [2.0]
    record.append(1000, {"hashrate": 9.0})
    assert record.trace("hashrate", 0, 1500) is None


def test_that_history_fills_only_what_was_not_seen_live() -> None:
    record = SiteRecord(step=10, kept=1000)
    record.append(1000, {"hashrate": 5.0})
    record.backfill("hashrate", np.array([980.0, 990.0, 1000.0]), np.array([1.0, 2.0, 3.0]))
    trace = record.trace("hashrate", 0, 2000)
    assert trace is not None
    assert trace.values.tolist() == [1.0, 2.0, 5.0]


def test_that_an_unknown_figure_has_no_trace() -> None:
    record = SiteRecord()
    assert record.trace("hashrate", 0, 1) is None
    record.append(10, {"hashrate": float("nan")})
    assert record.trace("hashrate", 0, 100) is None


def test_that_thinning_keeps_the_extremes() -> None:
    trace = thinned(np.arange(1000.0), np.where(np.arange(1000) == 500, 99.0, 1.0), 100)
    assert len(trace.times) == 100
    assert trace.high is not None
    assert trace.high.max() == 99.0
