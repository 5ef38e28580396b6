"""What a stock Antminer's answers hold, without any assumption that a key is there or has the right type."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.miners.antminer.shapes import RATE_UNITS, flat_stats, info_of, is_web_shaped
from drivers.miners.reply import MAX_BOARDS, MAX_FANS, NOTHING, Fields, count, number, rows, text

POWER_KEYS: Final = ("chain_power", "watt", "power", "Power")
_BASES: Final = (1, 6, 11)
"""Index of the first board, which depends on the control board of the model."""
_CHIPS: Final = tuple((index, f"chain_acn{index}") for index in range(1, MAX_BOARDS + 1))
_SERIALS: Final = tuple((index, f"chain_sn{index}") for index in range(1, MAX_BOARDS + 1))
_FANS: Final = tuple((index, f"fan{index}") for index in range(1, MAX_FANS + 1))
_DATA_MARKS: Final = ("GHS av", "miner_count", "fan_num", "chain_acn1", "Elapsed")
_OTHER_ALGORITHM: Final = re.compile(r"antminer\s*(?:a|al|b|d|dr|e|hs|k|ka|ks|l|x|z)\d", re.IGNORECASE)
"""Lines of Antminers that mine something else than SHA-256: L3 to L11, D9, Z15, KS5, KA3, E9, HS3 and so on."""


def split_stats(content: Fields) -> tuple[Fields, Fields]:
    """The header (type, firmware) and the data of a `stats` answer, in the text protocol's keys.

    Some firmware sends both in one row; the shape of the web pages is brought into the same keys.
    """
    found = rows(content, "STATS")
    header = next((row for row in found if "Type" in row or "BMMiner" in row or "Miner" in row), NOTHING)
    for row in found:
        if "GHS 5s" in row:
            return header, row
    info = info_of(content)
    header = {**info, **header} if info else header
    for row in found:
        if is_web_shaped(row):
            return header, flat_stats(row)
        for mark in _DATA_MARKS:
            if mark in row:
                return header, row
    return header, NOTHING


def type_of(row: Fields) -> str:
    """The type that a header or an answer to `version` names; firmware that adds its version does so on lines below."""
    raw = row.get("Type")
    return text(raw.strip().partition("\n")[0]) if isinstance(raw, str) else ""


def mines_another_algorithm(model: str) -> bool:
    """Whether a model that calls itself an Antminer mines what this family is not read for."""
    return _OTHER_ALGORITHM.match(model.strip()) is not None


def board_indices(data: Fields, at_least: int, before: tuple[int, ...] = ()) -> tuple[int, ...]:
    """The device's own index of every board slot, found or missing.

    A slot without chips counts as a missing board only within the number of boards that the miner is built with: at
    least `at_least` (nameplate), those seen `before`, or what it counts itself. Firmware lists empty slots beyond, and
    between: a T9+ has its nine chains at 2 to 4 and 9 to 14.
    """
    present = [index for index, key in _CHIPS if key in data and number(data[key]) > 0]
    known = [index for index, key in _CHIPS if key in data]
    slots = max(at_least, len(before), count(data.get("miner_count"), MAX_BOARDS))
    if not known and not slots:
        return ()
    if len(before) >= slots and set(present) <= set(before):
        return before
    if 0 < at_least <= slots <= len(present):
        return tuple(present)
    lowest = min(present or known or [1])
    base = max(base for base in _BASES if base <= lowest)
    slots = max(slots, present[-1] - base + 1) if present else slots
    return tuple(range(base, min(base + slots, base + MAX_BOARDS)))


def fan_indices(data: Fields, before: tuple[int, ...], *, is_liquid: bool) -> tuple[int, ...]:
    """The device's own number of every fan: those it counts, those that turn, and those that turned before.

    An S9 counts two and calls them 3 and 6: then only those that turn are fans. A liquid-cooled miner has none,
    although its firmware may count four that stand still.
    """
    turning = {index for index, key in _FANS if number(data.get(key)) > 0}
    declared = count(data.get("fan_num"), MAX_FANS)
    if is_liquid and not turning and not before:
        return ()
    slots = turning | set(before)
    if not slots or max(slots) <= declared:
        slots |= set(range(1, declared + 1))
    return tuple(sorted(slots))


def power_key(data: Fields) -> str:
    """The key under which this firmware reports its power; empty when it does not. A power of 0 is none."""
    return next((key for key in POWER_KEYS if number(data.get(key)) > 0), "")


def rate_factor(data: Fields) -> float:
    """What brings a board's rate to TH/s."""
    unit = data.get("rate_unit")
    return RATE_UNITS.get(unit.strip().upper(), 1e-3) if isinstance(unit, str) else 1e-3


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


def work_mode(data: Fields) -> int:
    """The firmware's number of its work mode; -1 where it does not tell."""
    for key in ("miner-mode", "bitmain-work-mode"):
        value = number(data.get(key))
        if value == value:
            return int(value)
    return -1


def board_serials(data: Fields) -> Mapping[int, object]:
    """Serial numbers of boards by the device's own index."""
    return {index: data[key] for index, key in _SERIALS if key in data}
