"""How long the disk lasts, and what retention will give back."""

from collections.abc import Mapping
from dataclasses import dataclass

from console.store.care.months import end_of, is_month
from console.store.care.policy import LEVEL_NAMES, Policy
from console.store.care.sizes import OTHER, Storage
from console.store.history.levels import SECONDS_IN_DAY

HORIZON_DAYS = 20 * 366
"""How far the forecast looks."""

GRANULARITY_DAYS = 31.0
"""History is thinned by whole months: a sample may stay that much longer than the policy says."""

OVERHEAD = 1.1
"""Bytes on the disk for each byte of a tile, with its row and the slack of its pages."""


@dataclass(frozen=True, slots=True)
class Release:
    """What retention gives back of one file: UTC second from which on, and bytes by level."""

    name: str
    due: float
    levels: Mapping[str, int]

    @property
    def size(self) -> int:
        """Bytes of all levels."""
        return sum(self.levels.values())


@dataclass(frozen=True, slots=True)
class Forecast:
    """What comes.

    Attributes:
        growth: Bytes a day, all levels together.
        full_in_days: Days until the disk is full; None when that lies beyond `HORIZON_DAYS`.
        releases: What the policy gives back of the files there are, soonest first; what is due already stands first.
        settled: Bytes that history comes to when every limited level has reached its age, without the unlimited ones.
    """

    growth: float
    full_in_days: int | None
    releases: tuple[Release, ...]
    settled: float


def forecast(storage: Storage, policy: Policy, now: float) -> Forecast:
    """Look ahead from UTC second `now`; pure."""
    releases = tuple(sorted(_releases(storage, policy), key=lambda release: (release.due, release.name)))
    growth = {level: gained * OVERHEAD for level, gained in storage.growth.items()}
    settled = sum(
        gained * (days + GRANULARITY_DAYS / 2)
        for level, gained in growth.items()
        if (days := policy.days(level)) is not None
    )
    return Forecast(sum(growth.values()), _full_in(storage, policy, growth, releases, now), releases, settled)


def _releases(storage: Storage, policy: Policy) -> list[Release]:
    found: list[Release] = []
    for file in storage.files:
        by_due: dict[float, dict[str, int]] = {}
        for level in LEVEL_NAMES:
            days, size = policy.days(level), file.levels.get(level, 0)
            if days is not None and size:
                by_due.setdefault(end_of(file.name) + days * SECONDS_IN_DAY, {})[level] = size
        hour_days = policy.hour if is_month(file.name) else policy.day
        if hour_days is not None and by_due:
            by_due[max(by_due)][OTHER] = file.levels.get(OTHER, 0)
        found += [Release(file.name, due, levels) for due, levels in by_due.items()]
    return found


def _full_in(
    storage: Storage, policy: Policy, growth: Mapping[str, float], releases: tuple[Release, ...], now: float
) -> int | None:
    waiting = list(releases)
    given_back = 0
    for day in range(HORIZON_DAYS):
        at = now + day * SECONDS_IN_DAY
        while waiting and waiting[0].due <= at:
            given_back += waiting.pop(0).size
        added = sum(gained * min(day, _lasts(policy, level)) for level, gained in growth.items())
        if added - given_back >= storage.free:
            return day
    return None


def _lasts(policy: Policy, level: str) -> float:
    """Days of new samples of a level that stand at once, at most: a month goes when its last sample is old enough."""
    days = policy.days(level)
    return HORIZON_DAYS if days is None else days + GRANULARITY_DAYS
