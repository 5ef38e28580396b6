"""A contract's calendar as people write it: `days = "Mon-Fri"`, `hours = "08:00-17:00"`."""

import re
from itertools import groupby

from console.domain.inventory import Calendar, Contract
from console.exchange.fields import Fields, as_date
from console.exchange.problems import instead

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_KEYS = ("days", "hours", "holidays")


def read_contract(fields: Fields) -> Contract:
    """The `[contract]` table; problems are noted."""
    tier = fields.text("tier", required=True)
    given = fields.inner("calendar")
    if given is None:
        return Contract(tier)
    for key in given:
        if key not in _KEYS:
            fields.wrong("calendar", f'"{key}" means nothing in a calendar; {instead(key, _KEYS)}')
    opens, closes = _read_hours(fields, given.get("hours", "08:00-17:00"))
    holidays = given.get("holidays", [])
    days = [as_date(day) for day in holidays] if isinstance(holidays, list) else [None]
    if None in days:
        fields.wrong("calendar", 'holidays must be a list of dates: ["2026-11-26"]')
    free = tuple(sorted({day for day in days if day is not None}))
    return Contract(tier, Calendar(_read_days(fields, given.get("days", "Mon-Fri")), opens, closes, free))


def _read_days(fields: Fields, written: object) -> tuple[int, ...]:
    parts = written.split(",") if isinstance(written, str) else written
    found: set[int] = set()
    for part in parts if isinstance(parts, list) else [written]:
        first, _, last = str(part).partition("-")
        begin, end = _day(first), _day(last or first)
        if begin is None or end is None:
            fields.wrong("calendar", f'"{part}" is no day or span of days; write "Mon-Fri" or "Mon,Wed,Fri"')
            continue
        found.update(range(begin, end + 1) if begin <= end else [*range(begin, 7), *range(end + 1)])
    return tuple(sorted(found))


def _day(written: str) -> int | None:
    word = written.strip().title()
    return next((at for at, day in enumerate(DAYS) if len(word) >= 3 and word.startswith(day)), None)


def _read_hours(fields: Fields, written: object) -> tuple[int, int]:
    match = _HOURS.fullmatch(str(written).strip())
    opens, closes = (
        (0, 0) if match is None else (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4]))
    )
    if not 0 <= opens < closes <= 24 * 60:
        fields.wrong("calendar", f'"{written}" are no business hours; write "08:00-17:00", on one day')
        return 8 * 60, 17 * 60
    return opens, closes


def write_days(days: tuple[int, ...]) -> str:
    """`Mon-Fri`, `Mon,Wed,Fri`."""
    runs = [[day for _, day in run] for _, run in groupby(enumerate(sorted(days)), key=lambda pair: pair[1] - pair[0])]
    return ",".join(DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs)


def write_hours(calendar: Calendar) -> str:
    """`08:00-17:00`."""
    return f"{calendar.opens // 60:02}:{calendar.opens % 60:02}-{calendar.closes // 60:02}:{calendar.closes % 60:02}"
