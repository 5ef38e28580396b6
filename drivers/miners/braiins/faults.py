"""The error journal of BraiinsOS: what has been reported since the mining program started, and what is older.

The journal survives restarts and holds months; counted whole, a miner that lost its pool for a minute last spring would
be faulty for ever. What has no readable time counts as current.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from drivers.miners.reply import Fields, first, number, objects, text

SLACK_S: Final = 60.0
"""By how much an error may lie before the reported start and still belong to it."""
SHOWN: Final = 12
"""Faults whose text is shown; all are counted."""
LONGEST_JOURNAL: Final = 1000

_FRACTION: Final = re.compile(r"(\.\d{1,6})\d*")
_COOLING: Final = re.compile(
    r"over-?heat|too hot|dangerous temp|temperature (is )?(too high|exceed|above)|thermal|cooling|"
    r"fans? (fail|broken|error|not|stopped)|(not enough|too few|missing|no working) fans?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Faults:
    """What the journal says.

    Attributes:
        current: Distinct faults since the mining program started, the oldest first.
        history: One line on older ones; empty where there are none.
        is_about_cooling: Whether a current one is about fans or temperatures.
    """

    current: tuple[str, ...] = ()
    history: str = ""
    is_about_cooling: bool = False


def judge(raw: object, started: float) -> Faults:
    """Read the journal.

    Args:
        raw: Its entries: `timestamp`, `message`, `error_codes`, `components` (in either spelling).
        started: UTC seconds, by the device's clock, when the mining program started; NaN where that is not known.
    """
    entries = [entry for entry in raw[:LONGEST_JOURNAL] if isinstance(entry, dict)] if isinstance(raw, list) else []
    current: dict[str, None] = {}
    older: list[tuple[float, str]] = []
    for entry in entries:
        said, at = describe(entry), instant(entry.get("timestamp"))
        if not said:
            continue
        if at < started - SLACK_S:
            older.append((at, said))
        else:
            current.setdefault(said)
    return Faults(tuple(current), _history(older), any(_COOLING.search(said) for said in current))


def describe(entry: Fields) -> str:
    """One entry as a line: codes, components, message."""
    codes = [text(code.get("code")) for code in objects(entry.get("error_codes") or entry.get("errorCodes"))]
    parts = [
        f"{text(part.get('name'))} {number(part.get('index')):g}".strip()
        for part in objects(entry.get("components"))
        if text(part.get("name"))
    ]
    reason = text(first(entry, "error_codes").get("reason")) or text(first(entry, "errorCodes").get("reason"))
    said = text(entry.get("message")) or reason
    where = ", ".join([*filter(None, codes), *parts])
    return f"{where}: {said}" if where and said else where or said


def instant(raw: object) -> float:
    """A time of the journal as UTC seconds: ISO 8601, or seconds since 1970; NaN where it is neither."""
    if isinstance(raw, dict):
        raw = raw.get("seconds")
    if not isinstance(raw, str):
        return number(raw)
    try:
        found = datetime.fromisoformat(_FRACTION.sub(r"\1", raw.strip()[:64]))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return number(raw)


def clock_of(date: str, ours: float) -> float:
    """The device's own time from an HTTP Date header; ours where it sends none."""
    try:
        found = parsedate_to_datetime(date)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return ours


def _history(older: Sequence[tuple[float, str]]) -> str:
    if not older:
        return ""
    at, said = max(older)
    day = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d") if math.isfinite(at) and 0 <= at < 4e9 else "?"
    return f"{len(older)} before the last start, the latest of {day}: {said}"
