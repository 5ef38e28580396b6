"""Numbers, ages and times as an operator reads them: unit always, a true minus, no digit the sensor lacks."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from drivers.core.points import POINTS, PointKind, Unit

NO_DATA = "no data"
MINUS = "\N{MINUS SIGN}"

_DISPLAYED_UNITS = {Unit.CELSIUS: "°C", Unit.RATIO: "", Unit.CODE: "", Unit.COUNT: "", Unit.SHARES: ""}
_DECIMALS = {
    # Of what a miner's own sensors and counters are good for; the stored quantum may be finer.
    "hashrate": 1,
    "hashrate_avg": 1,
    "hashrate_nominal": 1,
    "efficiency": 1,
    "voltage": 2,
    "frequency": 0,
    "current": 1,
    "energy": 0,
}


def number(value: float, decimals: int = 0) -> str:
    """A number with thousands separators and a true minus; "no data" for NaN."""
    if not math.isfinite(value):
        return NO_DATA
    rounded = round(value, decimals)
    text = f"{abs(rounded):,.{decimals}f}"
    return f"{MINUS}{text}" if rounded < 0 else text


def signed(value: float, decimals: int = 1) -> str:
    """A difference, with its sign: "+0.8", "−21.2"; "0.0" for nothing."""
    if not math.isfinite(value):
        return NO_DATA
    return f"+{number(value, decimals)}" if round(value, decimals) > 0 else number(value, decimals)


def percent(value: float, decimals: int = 0) -> str:
    """A share in percent, not signed; `value` is already in percent."""
    return NO_DATA if not math.isfinite(value) else f"{number(value, decimals)} %"


def deviation(value: float, decimals: int = 1) -> str:
    """A deviation in percent, signed; empty for NaN, because "no data" stands beside it already."""
    return "" if not math.isfinite(value) else f"{signed(value, decimals)} %"


def unit_text(unit: Unit) -> str:
    """The unit as it is written behind a figure."""
    return _DISPLAYED_UNITS.get(unit, str(unit))


def decimals_of(point: str) -> int:
    """Decimals of a point: what its sensor is good for, never more than the stored step."""
    known = _DECIMALS.get(point)
    if known is not None:
        return known
    quantum = POINTS[point].quantum
    return max(0, -math.floor(math.log10(quantum)))


def bare_value(point: str, value: float) -> str:
    """A point's value without its unit; an enumeration's name; "no data" for NaN."""
    described = POINTS[point]
    if not math.isfinite(value):
        return NO_DATA
    if described.kind is PointKind.ENUMERATION:
        code = int(value)
        return described.codes[code] if 0 <= code < len(described.codes) else f"code {code}"
    if point == "uptime":
        return duration(value)
    return number(value, decimals_of(point))


def value_with_unit(point: str, value: float) -> str:
    """A point's value with its unit; "no data" for NaN."""
    text = bare_value(point, value)
    unit = unit_text(POINTS[point].unit)
    if text == NO_DATA or not unit or POINTS[point].kind is PointKind.ENUMERATION or point == "uptime":
        return text
    return f"{text} {unit}"


def age(seconds: float) -> str:
    """An age: "2 s", "2 m 10 s", "3 h 07 m", "2 d 04 h"; "no data" for NaN."""
    if not math.isfinite(seconds):
        return NO_DATA
    whole = int(max(seconds, 0.0))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02} s"
    return duration(whole)


def duration(seconds: float) -> str:
    """A length of time: "04:12" below an hour, "3 h 07 m" below a day, "2 d 04 h" above."""
    whole = int(max(seconds, 0.0))
    if whole < 3600:
        return f"{whole // 60:02}:{whole % 60:02}"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} m"
    return f"{whole // 86400} d {whole % 86400 // 3600:02} h"


def size(count: float) -> str:
    """Bytes in powers of a thousand: "41.8 GB"."""
    for limit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return f"{number(count / limit, 1)} {name}"
    return f"{number(count)} B"


def hashrate(terahash: float) -> tuple[str, str]:
    """A site's hashrate as figure and unit: PH/s from 10 PH/s, else TH/s."""
    if math.isfinite(terahash) and abs(terahash) >= 10_000:
        return number(terahash / 1000, 1), "PH/s"
    return number(terahash, 1), "TH/s"


def hashrate_text(terahash: float) -> str:
    """A site's hashrate with its unit."""
    figure, unit = hashrate(terahash)
    return figure if figure == NO_DATA else f"{figure} {unit}"


def hashrate_beside(terahash: float, reference: float) -> str:
    """A part of a site's hashrate in the unit that the whole of it is written in."""
    if not math.isfinite(terahash):
        return NO_DATA
    if abs(reference) >= 10_000:
        small = abs(terahash) < 1000
        return f"{number(terahash / 1000, 2 if small else 1)} PH/s"
    return f"{number(terahash, 1)} TH/s"


def power(watt: float) -> tuple[str, str]:
    """Electrical power as figure and unit: MW from 1 MW, kW from 10 kW, else W."""
    if math.isfinite(watt) and abs(watt) >= 1e6:
        return number(watt / 1e6, 2), "MW"
    if math.isfinite(watt) and abs(watt) >= 1e4:
        return number(watt / 1e3, 1), "kW"
    return number(watt), "W"


def count(amount: int, singular: str, plural: str = "") -> str:
    """Like "1 miner", "412 miners"."""
    word = singular if amount == 1 else plural or f"{singular}s"
    return f"{number(amount)} {word}"


def listed(names: Iterable[str], limit: int = 3) -> str:
    """A short list: "T12, T13, T14", "T1, T2, T3 and 4 more"."""
    every = list(names)
    if len(every) <= limit:
        return ", ".join(every)
    return f"{', '.join(every[:limit])} and {len(every) - limit} more"


@lru_cache(maxsize=32)
def zone(name: str) -> ZoneInfo:
    """The time zone of that name; UTC when this machine does not know it, which `clock` then shows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def local(at: float, tz: str) -> datetime:
    """An instant in a site's zone."""
    return datetime.fromtimestamp(at, UTC).astimezone(zone(tz))


def clock(at: float, tz: str) -> str:
    """Like "14:07:32" in the zone."""
    return local(at, tz).strftime("%H:%M:%S")


def zone_label(at: float, tz: str) -> str:
    """The zone's short name at that instant: "CST"."""
    return local(at, tz).tzname() or "UTC"


def date_line(at: float, tz: str) -> str:
    """Like "Fri 13 Nov 2026 CST"."""
    moment = local(at, tz)
    return f"{_WEEKDAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]} {moment.year} {moment.tzname()}"


def month(number: int) -> str:
    """The short name of month 1 to 12."""
    return _MONTHS[number - 1]


def time_or_date(at: float, now: float, tz: str) -> str:
    """The time of day for today, with the date before it for any other day: "14:01:13", "03 Nov 09:20"."""
    moment = local(at, tz)
    if moment.date() == local(now, tz).date():
        return moment.strftime("%H:%M:%S")
    return f"{moment.day:02} {_MONTHS[moment.month - 1]} {moment:%H:%M}"


# Not strftime's %a and %b: those follow the machine's locale, and the program speaks one language.
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
