"""What a stock Antminer's answers hold, without any assumption that a key is there or has the right type."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

Fields: TypeAlias = Mapping[str, object]

MAX_BOARDS: Final = 16
MAX_FANS: Final = 16
MAX_POOLS: Final = 8
ABSURD: Final = 1e12
"""No point of a miner reaches this; a greater number is not a value."""

NOTHING: Final[Fields] = {}
POWER_KEYS: Final = ("chain_power", "power", "watt")
RATE_UNITS: Final[Mapping[str, float]] = {
    "MH": 1e-6,
    "MH/S": 1e-6,
    "GH": 1e-3,
    "GH/S": 1e-3,
    "TH": 1.0,
    "TH/S": 1.0,
}
"""Factor to TH/s by `rate_unit`; GH where the firmware names none."""

_BASES: Final = (1, 6, 11)
"""Index of the first board, which depends on the control board of the model."""
_CHIPS: Final = tuple((index, f"chain_acn{index}") for index in range(1, MAX_BOARDS + 1))
_NUMBER: Final = re.compile(r"\s*(-?\d{1,15}(?:\.\d{1,15})?(?:[eE][-+]?\d{1,3})?)\s*(?:[A-Za-z/%]{0,8})\s*")
_DATA_MARKS: Final = ("GHS 5s", "GHS av", "miner_count", "fan_num", "chain_acn1", "Elapsed")


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


def count(raw: object, highest: int) -> int:
    """A small whole number; 0 when it is none or out of bounds."""
    value = number(raw)
    return int(value) if 0 <= value <= highest else 0


def text(raw: object) -> str:
    """Text as the device wrote it, at most 200 characters, without control characters; empty when it is none."""
    if not isinstance(raw, str):
        return ""
    start = raw[:200]
    if not start.isprintable():
        start = "".join(letter for letter in start if letter.isprintable())
    return start.strip()


def rows(content: Fields, key: str) -> Sequence[Fields]:
    """The objects of a list such as STATS; empty when there is none."""
    found = content.get(key)
    if isinstance(found, dict):
        return (found,)
    if not isinstance(found, list):
        return ()
    return [row for row in found[:64] if isinstance(row, dict)]


def first(content: Fields, key: str) -> Fields:
    """The first object of a list such as SUMMARY; empty when there is none."""
    found = content.get(key)
    if isinstance(found, list) and found and isinstance(found[0], dict):
        return found[0]
    return found if isinstance(found, dict) else NOTHING


def split_stats(content: Fields) -> tuple[Fields, Fields]:
    """The header (type, firmware) and the data of a `stats` answer; some firmware sends both in one row."""
    found = rows(content, "STATS")
    header = next((row for row in found if "Type" in row or "BMMiner" in row or "Miner" in row), NOTHING)
    for row in found:
        for mark in _DATA_MARKS:
            if mark in row:
                return header, row
    return header, NOTHING


def board_indices(data: Fields, at_least: int) -> tuple[int, ...]:
    """The device's own index of every board slot, found or missing.

    A slot without chips counts as a missing board only within the number of boards that the miner is built with: at
    least `at_least` (nameplate, or what was seen before), or what it counts itself. Firmware lists empty slots beyond.
    """
    present = [index for index, key in _CHIPS if key in data and number(data[key]) > 0]
    known = [index for index, key in _CHIPS if key in data]
    if not known and not at_least:
        return ()
    lowest = min(present or known or [1])
    base = max(base for base in _BASES if base <= lowest)
    slots = max(at_least, count(data.get("miner_count"), MAX_BOARDS))
    if present:
        slots = max(slots, present[-1] - base + 1)
    return tuple(range(base, min(base + slots, base + MAX_BOARDS)))


def fan_count(data: Fields, at_least: int) -> int:
    """Number of fan slots: what the miner counts, what turns, and what was seen before."""
    turning = [index for index in range(1, MAX_FANS + 1) if number(data.get(f"fan{index}")) > 0]
    return max(at_least, count(data.get("fan_num"), MAX_FANS), turning[-1] if turning else 0)


def power_key(data: Fields) -> str:
    """The key under which this firmware reports its power; empty when it does not."""
    return next((key for key in POWER_KEYS if number(data.get(key)) > 0), "")


def sensors(raw: object) -> tuple[float, ...]:
    """The four sensors of a board from `78-50-69-70` or a list, degC; NaN for one that is not there (0)."""
    if isinstance(raw, str):
        parts: Sequence[object] = re.split(r"(?<=\d)-", raw.strip())[:8]
    elif isinstance(raw, list):
        parts = raw[:8]
    else:
        parts = (raw,)
    return tuple(value or math.nan for value in map(number, parts))


def hottest(raw: object) -> float:
    """The highest of a board's sensors, degC; NaN when none is there."""
    if type(raw) is str:
        try:
            value = max(map(int, raw.split("-")))
        except ValueError:
            value = 0
        if 0 < value < 1000:
            return float(value)
    found = [value for value in sensors(raw) if value == value]
    return max(found) if found else math.nan
