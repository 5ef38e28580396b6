"""The shape of a stock Antminer's web pages, and of its text protocol asked with `new_api`, in the older keys.

Newer firmware has one object for each board under `chain`, short names in lower case, and lists where the text
protocol writes `78-50-69-70`. Everything is brought into the keys of the text protocol, so that there is one parser.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.miners.reply import MAX_BOARDS, MAX_FANS, NOTHING, Fields, first, inner, number, objects, rows

RATE_UNITS: Final[Mapping[str, float]] = {
    "H": 1e-12,
    "H/S": 1e-12,
    "KH": 1e-9,
    "KH/S": 1e-9,
    "MH": 1e-6,
    "MH/S": 1e-6,
    "GH": 1e-3,
    "GH/S": 1e-3,
    "TH": 1.0,
    "TH/S": 1.0,
    "PH": 1e3,
    "PH/S": 1e3,
}
"""Factor to TH/s by `rate_unit`; GH where the firmware names none."""

_MARKS: Final = ("chain", "rate_5s", "rate_avg", "elapsed")
_RATES: Final = (("rate_5s", "GHS 5s"), ("rate_avg", "GHS av"), ("rate_30m", "GHS 30m"))
_KEPT: Final = ("fan_num", "watt", "power", "Power", "chain_power", "miner-mode", "ambient_temp", "psu")
_BOARD: Final = (
    ("asic_num", "chain_acn"),
    ("hw", "chain_hw"),
    ("freq_avg", "freq"),
    ("sn", "chain_sn"),
    ("temp_chip", "temp_chip"),
    ("temp_pcb", "temp_pcb"),
    ("temp_pic", "temp_pic"),
)
_KEYS: Final = tuple(
    (f"chain_rate{index}", tuple((name, f"{key}{index}") for name, key in _BOARD)) for index in range(MAX_BOARDS + 1)
)
"""Keys of each board by its index, made once."""
_FAN_KEYS: Final = tuple(f"fan{index}" for index in range(1, MAX_FANS + 1))
_POOL: Final = (("url", "URL"), ("user", "User"), ("status", "Status"), ("priority", "Priority"))


def is_web_shaped(row: Fields) -> bool:
    """Whether a row of STATS has the shape of the web pages."""
    return any(mark in row for mark in _MARKS)


def info_of(content: Fields) -> Fields:
    """Type and firmware in the INFO of a web page, in the keys of `version`; empty where there is none."""
    info = inner(content, "INFO")
    if not info:
        return NOTHING
    return {"Type": info.get("type"), "Miner": info.get("miner_version"), "CompileTime": info.get("CompileTime")}


def flat_stats(row: Fields) -> Fields:
    """A row of STATS of the web pages in the keys of the text protocol; rates in GH/s."""
    flat: dict[str, object] = {key: row[key] for key in _KEPT if key in row}
    factor = _to_gigahash(row)
    flat |= _rates(row, factor)
    flat["Elapsed"] = row.get("elapsed")
    flat["total_rateideal"] = _scaled(row.get("rate_ideal"), factor)
    fans = row.get("fan")
    if isinstance(fans, list):
        flat |= zip(_FAN_KEYS, fans, strict=False)
    boards = _numbered(objects(row.get("chain")), row)
    for index, board in boards.items():
        rate_key, keys = _KEYS[index]
        flat[rate_key] = _scaled(board.get("rate_real"), factor)
        for name, key in keys:
            if name in board:
                flat[key] = board[name]
    if boards:
        flat["miner_count"] = row.get("chain_num")
        found = [value for board in boards.values() if (value := number(board.get("freq_avg"))) > 0]
        flat["frequency"] = sum(found) / len(found) if found else math.nan
    return flat


def summary_row(content: Fields) -> Fields:
    """The row of a `summary` answer of either shape in the keys of the text protocol."""
    row = first(content, "SUMMARY")
    if "GHS 5s" in row or "GHS av" in row or not is_web_shaped(row):
        return row
    flat: dict[str, object] = _rates(row, _to_gigahash(row))
    flat |= {"Elapsed": row.get("elapsed"), "Hardware Errors": row.get("hw_all"), "status": row.get("status")}
    return flat


def pool_rows(content: Fields) -> Sequence[Fields]:
    """The pools of a `pools` answer of either shape in the keys of the text protocol; an empty slot is no pool."""
    found = rows(content, "POOLS")
    if any("url" in pool for pool in found):
        found = [
            {**{key: pool.get(name) for name, key in _POOL}, **{key: pool.get(key.lower()) for key in SHARES}}
            for pool in found
        ]
    return [pool for pool in found if pool.get("URL") != ""]


SHARES: Final = ("Accepted", "Rejected", "Stale")
"""Counters that the web's `summary` does not have: there they are the sums over the pools."""


def share_sums(pools: Sequence[Fields]) -> Fields:
    """Shares over all pools; a counter that no pool tells is left out."""
    sums: dict[str, object] = {}
    for key in SHARES:
        told = [value for pool in pools if (value := number(pool.get(key))) == value]
        if told:
            sums[key] = sum(told)
    return sums


def _rates(row: Fields, factor: float) -> dict[str, object]:
    return {key: _scaled(row[name], factor) for name, key in _RATES if name in row}


def _to_gigahash(row: Fields) -> float:
    unit = row.get("rate_unit")
    return 1e3 * RATE_UNITS.get(unit.strip().upper(), 1e-3) if isinstance(unit, str) else 1.0


def _scaled(raw: object, factor: float) -> object:
    return raw if factor == 1.0 else number(raw) * factor


def _numbered(boards: Sequence[Fields], row: Fields) -> Mapping[int, Fields]:
    """Boards by an index from 1; a second one of the same index is left out.

    Firmware counts them from 0. Where it counts from 1, the last index is as great as their number.
    """
    indices = [number(board.get("index")) for board in boards]
    told = [index for index in indices if 0 <= index < MAX_BOARDS]
    from_one = bool(told) and min(told) == 1 and max(told) == number(row.get("chain_num"))
    found: dict[int, Fields] = {}
    for at, (board, index) in enumerate(zip(boards[:MAX_BOARDS], indices, strict=False)):
        slot = int(index) + (0 if from_one else 1) if 0 <= index < MAX_BOARDS else at + 1
        found.setdefault(slot, board)
    return found
