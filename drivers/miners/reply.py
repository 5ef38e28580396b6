"""What a miner's answer holds, read without any assumption that a key is there or has the right type."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

Fields: TypeAlias = Mapping[str, object]

ABSURD: Final = 1e12
"""No point of a miner reaches this; a greater number is not a value."""
MAX_BOARDS: Final = 16
MAX_FANS: Final = 16
MAX_POOLS: Final = 8
LONGEST_LIST: Final = 64
LONGEST_TEXT: Final = 200
NOTHING: Final[Fields] = {}

_NUMBER: Final = re.compile(r"\s*(-?\d{1,15}(?:\.\d{1,15})?(?:[eE][-+]?\d{1,3})?)\s*(?:[A-Za-z/%]{0,8})\s*")


def is_plain_cgminer(version: Fields) -> bool:
    """Whether the first row of an answer to `version` names no maker: CGMiner as several makers ship it."""
    return bool(version) and not set(version) - {"CGMiner", "API", "MAC"}


def number(raw: object) -> float:
    """A number that the device wrote as a number or as text, with or without a unit; NaN when it is none."""
    if isinstance(raw, bool):
        return math.nan
    if isinstance(raw, int | float):
        return float(raw) if -ABSURD <= raw <= ABSURD else math.nan
    if isinstance(raw, str):
        match = _NUMBER.fullmatch(raw)
        if match is not None:
            value = float(match[1])
            return value if -ABSURD <= value <= ABSURD else math.nan
    return math.nan


def positive(raw: object) -> float:
    """A number above 0; NaN for any other, where 0 is how firmware writes that it cannot tell."""
    value = number(raw)
    return value if value > 0 else math.nan


def first_told(*values: float) -> float:
    """The first of several numbers that is one; NaN when none is."""
    return next((value for value in values if value == value), math.nan)


def sum_told(values: Iterable[float]) -> float:
    """The sum of those numbers that are some; NaN when none is."""
    told = [value for value in values if value == value]
    return math.fsum(told) if told else math.nan


def max_told(values: Iterable[float]) -> float:
    """The greatest of those numbers that are some; NaN when none is."""
    return max((value for value in values if value == value), default=math.nan)


def count(raw: object, highest: int) -> int:
    """A small whole number; 0 when it is none or out of bounds."""
    value = number(raw)
    return int(value) if 0 <= value <= highest else 0


def text(raw: object) -> str:
    """Text as the device wrote it, at most 200 characters, without control characters; empty when it is none."""
    if not isinstance(raw, str):
        return ""
    start = raw[:LONGEST_TEXT]
    if not start.isprintable():
        start = "".join(letter for letter in start if letter.isprintable())
    return start.strip()


def rows(content: Fields, key: str) -> Sequence[Fields]:
    """The objects of a list such as STATS, at most 64; empty when there is none."""
    found = content.get(key)
    if isinstance(found, dict):
        return (found,)
    return objects(found)


def first(content: Fields, key: str) -> Fields:
    """The first object of a list such as SUMMARY; empty when there is none."""
    found = content.get(key)
    if isinstance(found, list) and found and isinstance(found[0], dict):
        return found[0]
    return found if isinstance(found, dict) else NOTHING


def objects(raw: object) -> Sequence[Fields]:
    """The objects of a list, at most 64; empty when it is none."""
    if not isinstance(raw, list):
        return ()
    return [row for row in raw[:LONGEST_LIST] if isinstance(row, dict)]


def numbers(raw: object) -> Sequence[float]:
    """The numbers of a list, at most 64, NaN for each entry that is none; one number counts as a list of one."""
    if isinstance(raw, list):
        return [number(item) for item in raw[:LONGEST_LIST]]
    value = number(raw)
    return () if math.isnan(value) else (value,)


def inner(content: Fields, *path: str) -> Fields:
    """The object at the end of a path of keys; empty when there is none."""
    found: object = content
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else NOTHING
