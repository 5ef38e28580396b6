"""The three contract clocks: budgets by severity, business days, and how a duration is written.

All sums are done in UTC seconds; a zone only names business days and shows times, because arithmetic on local
times is an hour wrong on the nights when clocks change. The style guide ("Type, density, timers") fixes the texts.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from console.domain.alarms import Severity
from console.domain.incidents import ClockName, Deadlines
from console.domain.inventory import Calendar, Contract

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0

RESPONSE_BUDGET: dict[Severity, float | None] = {
    Severity.SEV1: 30 * MINUTE,
    Severity.SEV2: HOUR,
    Severity.SEV3: 4 * HOUR,
    Severity.SEV4: None,
}
"""Seconds to the first response and, equally, to mitigation; None means the end of the next business day."""

RESOLUTION_BUDGET: dict[Severity, float] = {
    Severity.SEV1: 4 * HOUR,
    Severity.SEV2: 8 * HOUR,
    Severity.SEV3: 24 * HOUR,
    Severity.SEV4: 7 * DAY,
}
"""Seconds to full resolution."""

SEARCH_DAYS = 400
"""A calendar that names no business day for longer than this is taken for a mistake."""


def next_business_close(moment: float, calendar: Calendar, zone: str) -> float:
    """The end of the first business day strictly after the local day of a moment, UTC seconds.

    Raises:
        ValueError: The calendar has no business day in the following 400 days.
    """
    local = ZoneInfo(zone)
    today = datetime.fromtimestamp(moment, local).date()
    for ahead in range(1, SEARCH_DAYS):
        day = today + timedelta(days=ahead)
        if day.weekday() in calendar.days and day not in calendar.holidays:
            return _local_instant(day, calendar.closes, local)
    raise ValueError(
        f"the contract's calendar has no business day in the {SEARCH_DAYS} days after {today}: "
        "give it weekdays in [contract] calendar.days"
    )


def _local_instant(day: date, minutes: int, zone: ZoneInfo) -> float:
    """The UTC second of a wall time. A wall time that is skipped in spring counts as the same offset before it."""
    day, minutes = day + timedelta(days=minutes // 1440), minutes % 1440
    wall = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=zone)
    return wall.astimezone(UTC).timestamp()


def deadlines(severity: Severity, detected_at: float, contract: Contract | None, zone: str) -> Deadlines:
    """When each clock of an incident runs out (seed tables "Severities and timers").

    Args:
        severity: The incident's severity now.
        detected_at: UTC seconds; all clocks start there, also after a rise in severity.
        contract: Gives the business calendar; None means Monday to Friday, 08:00 to 17:00.
        zone: IANA zone of the site.

    Raises:
        ValueError: The calendar has no business day.
    """
    budget = RESPONSE_BUDGET[severity]
    if budget is None:
        calendar = Calendar() if contract is None else contract.calendar
        response = next_business_close(detected_at, calendar, zone)
    else:
        response = detected_at + budget
    return Deadlines(response, response, detected_at + RESOLUTION_BUDGET[severity])


def resumed(
    before: Deadlines, severity: Severity, resolved_at: float, now: float, contract: Contract | None, zone: str
) -> Deadlines:
    """The deadlines of a reopened incident.

    Somebody has to respond anew, so response and mitigation get a fresh budget; the resolution clock goes on with
    what was left of it, because the time between was not spent on the incident.
    """
    fresh = deadlines(severity, now, contract, zone)
    return Deadlines(fresh.response, fresh.mitigation, before.resolution + max(0.0, now - resolved_at))


def deadline(clocks: Deadlines, name: ClockName) -> float:
    """The deadline of one clock, UTC seconds."""
    match name:
        case ClockName.RESPONSE:
            return clocks.response
        case ClockName.MITIGATION:
            return clocks.mitigation
        case ClockName.RESOLUTION:
            return clocks.resolution


def share_used(started_at: float, due: float, now: float) -> float:
    """Share of a budget that is spent: 0 at the start, 1 at the deadline, beyond 1 when overdue."""
    budget = due - started_at
    return 1.0 if budget <= 0 else max(0.0, (now - started_at) / budget)


def duration(seconds: float) -> str:
    """`04:12` below 1 h, `3 h 07 m` below 24 h, `2 d 04 h` above. Never negative; fractions are dropped."""
    whole = max(0, int(seconds))
    if whole < HOUR:
        return f"{whole // 60:02}:{whole % 60:02}"
    if whole < DAY:
        return f"{whole // 3600} h {whole % 3600 // 60:02} m"
    return f"{whole // 86400} d {whole % 86400 // 3600:02} h"


def overdue(seconds: float) -> str:
    """`+00:04:12 over`, and `+2 d 04 h over` from 24 h on."""
    whole = max(0, int(seconds))
    if whole >= DAY:
        return f"+{duration(whole)} over"
    return f"+{whole // 3600:02}:{whole % 3600 // 60:02}:{whole % 60:02} over"


def business_day(moment: float, zone: str, now: float) -> str:
    """`Mon 17:00 CST`; with the date (`Mon 30 Nov 17:00 CST`) when that weekday is a week or more away."""
    local = datetime.fromtimestamp(moment, ZoneInfo(zone))
    days = (local.date() - datetime.fromtimestamp(now, ZoneInfo(zone)).date()).days
    text = f"{local:%a %H:%M}" if -1 < days < 7 else f"{local:%a} {local.day} {local:%b %H:%M}"
    return f"{text} {zone_name(local)}"


def time_left(name: ClockName, severity: Severity, due: float, now: float, zone: str) -> str:
    """What a running clock shows: time left, the business day of a Sev4 response, or how far it is over."""
    if now >= due:
        return overdue(now - due)
    if name is not ClockName.RESOLUTION and RESPONSE_BUDGET[severity] is None:
        return business_day(due, zone, now)
    return duration(due - now)


def absolute(moment: float, zone: str) -> str:
    """`Fri 13 Nov 2026 14:31:13 CST`: for tooltips, with the zone spelled."""
    local = datetime.fromtimestamp(moment, ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %Y %H:%M:%S} {zone_name(local)}"


def zone_name(local: datetime) -> str:
    """`CST`, or `UTC-03` where the zone database knows no letters."""
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name
