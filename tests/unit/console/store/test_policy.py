"""How long history is kept, and how long the disk lasts."""

from datetime import UTC, datetime

import pytest

from console.store.care.forecast import OVERHEAD, forecast
from console.store.care.months import end_of
from console.store.care.policy import Policy, PolicyError, as_text, changed, default_policy
from console.store.care.sizes import FileSize, Storage

GB = 10**9
NOW = datetime(2026, 11, 22, tzinfo=UTC).timestamp()


def test_that_large_sites_keep_raw_samples_for_a_month_and_small_ones_for_three() -> None:
    assert default_policy(3_000).raw == 90
    assert default_policy(10_000).raw == 30
    assert default_policy(60_000).minute == 730
    assert default_policy(60_000).hour is None
    assert default_policy(60_000).day is None


def test_that_a_policy_is_written_as_it_is_read() -> None:
    policy = changed(Policy(), "raw=4w, minute=2y,hour=10y")
    assert policy == Policy(raw=28, keyframe=90, minute=730.5, hour=3652.5)
    assert changed(Policy(), as_text(policy)) == policy
    assert changed(policy, "hour=ever") == Policy(raw=28, keyframe=90, minute=730.5)


@pytest.mark.parametrize(
    "text", ["raw", "raw=", "raw=90", "raw=-1d", "weeks=3d", "raw=0d", "minute=10d", "raw=ever", "hour=1d", "raw=1d;2"]
)
def test_that_what_makes_no_policy_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        changed(Policy(), text)


@pytest.mark.parametrize(
    ("name", "end"), [("2026-11", (2026, 12, 1)), ("2026-12", (2027, 1, 1)), ("2026", (2027, 1, 1))]
)
def test_that_a_name_says_when_its_file_is_over(name: str, end: tuple[int, int, int]) -> None:
    assert end_of(name) == datetime(*end, tzinfo=UTC).timestamp()


def storage(free: int, *files: FileSize, **growth: float) -> Storage:
    return Storage(10_000, files, growth, 3_000, free, 500 * GB)


def month(name: str, raw: int, minute: int = 0, hour: int = 0) -> FileSize:
    levels = {"raw": raw, "keyframe": 0, "minute": minute, "hour": hour, "day": 0, "other": 100}
    return FileSize(name, sum(levels.values()), levels)


def test_that_a_disk_fills_up_at_the_pace_of_the_last_days() -> None:
    ahead = forecast(storage(int(50 * GB), raw=1 * GB / OVERHEAD), Policy(), NOW)
    assert ahead.growth == pytest.approx(GB)
    assert ahead.full_in_days == 50


def test_that_limited_levels_settle_and_the_disk_lasts() -> None:
    ahead = forecast(storage(200 * GB, raw=1 * GB / OVERHEAD), Policy(), NOW)
    assert ahead.full_in_days is None
    assert ahead.settled == pytest.approx((90 + 15.5) * GB)
    longer = forecast(storage(200 * GB, raw=1 * GB / OVERHEAD), Policy(raw=None, keyframe=None), NOW)
    assert longer.full_in_days == 200


def test_that_what_the_policy_gives_back_is_counted_when_it_is_due() -> None:
    old, newer = month("2026-01", 30 * GB, 5 * GB, 1), month("2026-10", 30 * GB, 5 * GB, 1)
    ahead = forecast(storage(10 * GB, old, newer, raw=1 * GB / OVERHEAD), Policy(), NOW)
    assert [(release.name, release.size) for release in ahead.releases[:2]] == [
        ("2026-01", 30 * GB),
        ("2026-10", 30 * GB),
    ]
    assert ahead.releases[0].due < NOW < ahead.releases[1].due
    assert ahead.full_in_days == 40 + 0, "ten that are free and thirty that are given back today"
    assert all("other" not in release.levels for release in ahead.releases)


def test_that_a_month_whose_every_level_is_limited_is_given_back_whole() -> None:
    policy = Policy(raw=30, keyframe=30, minute=60, hour=90)
    ahead = forecast(storage(10 * GB, month("2026-10", 5, 6, 7)), policy, NOW)
    assert sum(release.size for release in ahead.releases) == month("2026-10", 5, 6, 7).size
