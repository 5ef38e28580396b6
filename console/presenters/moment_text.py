"""A moment as people type it: a time of day, a date, some hours before; in the site's zone unless it says another."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from console.presenters import formatting

EXAMPLES = "14:03, 13 Nov 14:03:48, 2026-11-13 14:03, 2026-11-13T20:03:48Z or -2h"

_BACK = re.compile(r"[-−]\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|d)")
_BACK_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_TIME = r"(?:(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d+)?))?)"
_ZONE = r"\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?"
_CLOCK = re.compile(rf"{_TIME}{_ZONE}", re.IGNORECASE)
_DATED = re.compile(
    rf"(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})(?:[T\s]\s*{_TIME})?{_ZONE}", re.IGNORECASE
)
_NAMED = re.compile(
    rf"(?P<day>\d{{1,2}})\.?\s+(?P<word>[A-Za-z]{{3,9}})\.?(?:\s+(?P<year>\d{{4}}))?(?:[\s,]+{_TIME})?{_ZONE}",
    re.IGNORECASE,
)
_MONTHS = {formatting.month(number).casefold(): number for number in range(1, 13)}


class MomentError(ValueError):
    """The text names no moment; the message says why, and how one is written."""


def parse_moment(text: str, shown: float, now: float, tz: str) -> float:
    """UTC seconds of a typed moment.

    Args:
        text: What was typed.
        shown: The moment shown now, UTC seconds: a time without a date is of its day, `-2h` counts from it.
        now: The present; a time without a date that would lie after it is of the day before, a date without a year
            of the year before.
        tz: IANA name of the site's zone.

    Raises:
        MomentError: The text names no moment.
    """
    text = " ".join(text.split())
    back = _BACK.fullmatch(text)
    if back is not None:
        return shown - float(back[1]) * _BACK_SECONDS[back[2]]
    for pattern in (_CLOCK, _DATED, _NAMED):
        found = pattern.fullmatch(text)
        if found is not None:
            return _resolve(found.groupdict(), shown, now, tz)
    raise MomentError(f"This is no moment. Write it like {EXAMPLES}.")


def _resolve(parts: dict[str, str | None], shown: float, now: float, tz: str) -> float:
    zone = _zone(parts.get("zone")) or formatting.zone(tz)
    day = datetime.fromtimestamp(shown, UTC).astimezone(zone)
    today = datetime.fromtimestamp(now, UTC).astimezone(zone)
    seconds = float(parts.get("second") or 0.0)
    try:
        moment = datetime(
            int(parts.get("year") or (today.year if parts.get("day") else day.year)),
            _month(parts, day.month),
            int(parts.get("day") or day.day),
            int(parts.get("hour") or 0),
            int(parts.get("minute") or 0),
            tzinfo=zone,
        )
    except ValueError as error:
        raise MomentError(f"There is no such moment: {error}.") from error
    if seconds >= 60:
        raise MomentError("There is no such moment: a minute has 60 seconds.")
    at = moment.timestamp() + seconds
    if at > now and not parts.get("day"):
        return (moment - timedelta(days=1)).timestamp() + seconds
    if at > now and not parts.get("year"):
        try:
            return moment.replace(year=moment.year - 1).timestamp() + seconds
        except ValueError as error:
            raise MomentError(f"There is no such moment: {error}.") from error
    return at


def _month(parts: dict[str, str | None], otherwise: int) -> int:
    word = parts.get("word")
    if word is None:
        return int(parts.get("month") or otherwise)
    found = _MONTHS.get(word[:3].casefold())
    if found is None:
        raise MomentError(f"{word} is no month.")
    return found


def _zone(text: str | None) -> tzinfo | None:
    """The zone that was typed; None for the site's."""
    if not text:
        return None
    if text.upper() in {"Z", "UTC"}:
        return UTC
    sign = -1 if text[0] == "-" else 1
    try:
        return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
    except ValueError as error:
        raise MomentError(f"{text} is no zone.") from error


def moment_words(at: float, tz: str) -> str:
    """Like "Fri 13 Nov 2026 14:03:48 CST, 20:03:48 UTC": a moment in the site's zone and as it is stored."""
    local, stored = formatting.local(at, tz), datetime.fromtimestamp(at, UTC)
    day = formatting.date_line(at, tz).removesuffix(f" {local.tzname()}")
    same = local.date() == stored.date()
    utc = stored.strftime("%H:%M:%S" if same else "%Y-%m-%d %H:%M:%S")
    return f"{day} {local:%H:%M:%S} {local.tzname()}, {utc} UTC"
