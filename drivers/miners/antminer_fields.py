"""What a stock Antminer's answers hold, without any assumption that a key is there or has the right type."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.miners.reply import MAX_BOARDS, MAX_FANS, NOTHING, Fields, count, number, rows

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
_DATA_MARKS: Final = ("GHS 5s", "GHS av", "miner_count", "fan_num", "chain_acn1", "Elapsed")


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
