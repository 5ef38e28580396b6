"""The text inside an Avalon's `stats`: `Ver[1246-83] Temp[30] PS[0 1214 1316] ...`, in place of JSON.

One text describes one module (`MM ID0`, `MM ID1` ...; only the oldest hang several on one controller). Newer firmware
calls it `MM ID0:Summary` and keeps the chips apart in `HBinfo`. Nothing is taken for granted: closers may be missing,
values may be empty, and brackets may stand inside brackets.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.miners.reply import ABSURD, MAX_BOARDS, Fields, number, rows

MAX_MODULES: Final = 64
"""Read of one controller; fifty have been recorded."""
LONGEST: Final = 64 * 1024
"""Characters of one text that are read; real ones have at most 20,000."""
MAX_VALUES: Final = 512
"""Entries of one list; the greatest board has 240 chips."""
MAX_ENTRIES: Final = 512
"""Of one text; real ones have about 80."""

_ENTRY: Final = re.compile(r"(?<!\w)([A-Za-z_]\w{0,31})\[([^\[\]]*)(\])?")
_LAST_WORD: Final = re.compile(r"(?:^|\s)[A-Za-z_]\w{0,31}$")
_MODULE: Final = re.compile(r"MM\s*ID\s*(\d{1,3})", re.IGNORECASE)
_BOARD: Final = re.compile(r"'?HB(\d{1,2})'?\s*:\s*\{")
_CHIPS: Final = re.compile(r"PVT_T\d{0,2}\[([^\[\]]*)")


def entries(raw: object) -> Mapping[str, str]:
    """Every `Key[value]` of a text; of a key that stands twice the first. An object is read the same way."""
    if isinstance(raw, dict):
        return _of_object(raw)
    if not isinstance(raw, str):
        return {}
    source = raw[:LONGEST]
    found: dict[str, str] = {}
    at = 0
    for _ in range(MAX_ENTRIES):
        match = _ENTRY.search(source, at)
        if match is None:
            break
        key, value, closer = match.groups()
        at = match.end()
        if not closer and at < len(source):
            # The closer is missing, or another bracket begins inside: the word before it is a key of its own.
            word = _LAST_WORD.search(value)
            cut = word.start() if word is not None else len(value)
            at = match.start(2) + cut
            value = value[:cut]
        found.setdefault(key, value.strip())
    return found


def _of_object(raw: Mapping[str, object]) -> Mapping[str, str]:
    inner = raw.get("STATS")
    if isinstance(inner, dict):
        raw = inner
    found: dict[str, str] = {}
    for key, value in list(raw.items())[:MAX_ENTRIES]:
        if isinstance(value, list):
            found[key] = " ".join(str(item) for item in value[:MAX_VALUES])
        elif isinstance(value, str | int | float):
            found[key] = str(value)
    return found


def values(raw: str) -> Sequence[float]:
    """The numbers of a list such as `26907.01 26025.06`, NaN for an entry that is none (`nan`, `inf`)."""
    items = raw.split()[:MAX_VALUES]
    try:
        found = [float(item) for item in items]
    except ValueError:
        found = []
    if found and "_" not in raw and all(-ABSURD <= value <= ABSURD for value in found):
        return found  # the usual case, in a fifth of the time: a machine has hundreds of chips
    return [number(item) for item in items]


def single(raw: str) -> float:
    """A number with or without a unit; of a list the first; NaN when there is none."""
    found = values(raw)
    return found[0] if found else math.nan


def modules(stats: Fields) -> Sequence[Mapping[str, str]]:
    """What every module says, in the order of their numbers; each row, which is a bus, numbers its own."""
    found: dict[tuple[int, int], Mapping[str, str]] = {}
    for bus, row in enumerate(rows(stats, "STATS")):
        for key, raw in row.items():
            match = _MODULE.match(key)
            if match is not None and len(found) < MAX_MODULES:
                said = entries(raw)
                if said:
                    found.setdefault((bus, int(match[1])), said)
    return [said for _, said in sorted(found.items(), key=lambda item: item[0])]


def has_modules(stats: Fields) -> bool:
    """Whether any module is described, without reading what it says."""
    return any(bool(raw) and _MODULE.match(key) is not None for row in rows(stats, "STATS") for key, raw in row.items())


def board_chips(stats: Fields) -> Mapping[int, Sequence[float]]:
    """Temperatures of the chips in `HBinfo`, degC, by the firmware's own number of the board, from 0."""
    found: dict[int, Sequence[float]] = {}
    for row in rows(stats, "STATS"):
        raw = row.get("HBinfo")
        if isinstance(raw, dict):
            raw = " ".join(f"'{key}':{{{_as_text(value)}}}" for key, value in list(raw.items())[:MAX_BOARDS])
        if not isinstance(raw, str):
            continue
        source = raw[:LONGEST]
        starts = list(_BOARD.finditer(source))[:MAX_BOARDS]
        ends = [start.start() for start in starts[1:]] + [len(source)]
        for start, end in zip(starts, ends, strict=False):  # no start at all has an end all the same
            chips = _CHIPS.search(source, start.end(), end)
            if chips is not None and int(start[1]) < MAX_BOARDS:
                found.setdefault(int(start[1]), values(chips[1]))
    return found


def _as_text(raw: object) -> str:
    return " ".join(f"{key}[{value}]" for key, value in entries(raw).items())
