"""Where the marks of a time axis stand and what they say, on the wall clock of a zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
DAY = 86400
DAY_STEPS = (DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the axis: UTC seconds, and its label in the zone."""

    at: float
    label: str


@lru_cache(maxsize=32)
def zone(name: str) -> tzinfo:
    """The zone of an IANA name; UTC where the name is empty or unknown to this machine's zone data."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def clock_text(at: float, tz: str, *, seconds: bool = True) -> str:
    """An instant on the zone's wall clock: `14:07:32`."""
    return datetime.fromtimestamp(at, zone(tz)).strftime("%H:%M:%S" if seconds else "%H:%M")


def moment_text(at: float, tz: str) -> str:
    """An instant with its day: `13 Nov 14:07:32`."""
    return datetime.fromtimestamp(at, zone(tz)).strftime("%d %b %H:%M:%S")


def step_for(span: float, most: int) -> int:
    """The smallest round step in seconds that puts at most `most` marks into `span` seconds."""
    for step in (*STEPS, *DAY_STEPS):
        if span / step <= max(1, most):
            return step
    return DAY_STEPS[-1]


def ticks(start: float, stop: float, tz: str, most: int) -> tuple[Tick, ...]:
    """Marks at round wall-clock times between two instants, right across changes of daylight saving.

    Args:
        start: UTC seconds.
        stop: UTC seconds.
        tz: IANA name of the zone.
        most: How many labels fit.
    """
    if stop <= start:
        return ()
    return _ticks(start, stop, tz, step_for(stop - start, most))


@lru_cache(maxsize=64)
def _ticks(start: float, stop: float, tz: str, step: int) -> tuple[Tick, ...]:
    where = zone(tz)
    found = []
    at = _round_up(start, step, where)
    while at <= stop:
        found.append(Tick(at, _label(at, step, where)))
        at = max(_round_up(at + 1, step, where), at + min(step, DAY) / 2)
    return tuple(found)


def _offset(at: float, where: tzinfo) -> float:
    """Seconds by which the zone is ahead of UTC at an instant."""
    offset = datetime.fromtimestamp(at, where).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


def _round_up(at: float, step: int, where: tzinfo) -> float:
    """The next instant whose wall clock is a multiple of the step."""
    offset = _offset(at, where)
    found = -(-(at + offset) // step) * step - offset
    after = _offset(found, where)
    if (found + after) % step == 0:
        return found
    shifted = found - (after - offset)
    return shifted if shifted >= at else found


def _label(at: float, step: int, where: tzinfo) -> str:
    local = datetime.fromtimestamp(at, where)
    if step >= DAY or (local.hour == 0 and local.minute == 0 and local.second == 0):
        return local.strftime("%a %d %b")
    return local.strftime("%H:%M:%S" if step < 60 else "%H:%M")
