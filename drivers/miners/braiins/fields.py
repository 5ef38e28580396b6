"""What BraiinsOS writes in its answers, whatever the interface: units in the keys, enumerations, board numbers."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.core.reading import DeviceState
from drivers.miners.reply import number, text

RATE_UNITS: Final[Mapping[str, float]] = {
    "hash": 1e-12,
    "kilohash": 1e-9,
    "megahash": 1e-6,
    "gigahash": 1e-3,
    "terahash": 1.0,
    "petahash": 1e3,
}
"""Factor to TH/s by the first word of a key such as `gigahash_per_second`."""
STATUSES: Final = ("unspecified", "not_started", "normal", "paused", "suspended", "restricted")
"""MinerStatus of the public API (bos/v1/miner.proto), by number."""
TUNER_STATES: Final = ("unspecified", "disabled", "stable", "tuning", "error", "continuous", "preheat")
"""TunerState of the public API (bos/v1/performance.proto, 1.11), by number."""
TUNING: Final = frozenset({"tuning", "preheat", "running"})
"""Not `continuous`: that tuner goes on for ever while the miner hashes at its full rate."""
START_S: Final = 300.0
"""A mining program that has run for less and hashes nothing yet is starting."""

_RATE_KEY: Final = re.compile(r"([a-z]+)_?per_?second", re.IGNORECASE)
_VERSION: Final = re.compile(r"-(\d\d\.\d\d(?:\.\d+)?)(?:-|$)")


def rate(raw: object) -> float:
    """A hashrate in TH/s from an object whose key names the unit; NaN where there is none."""
    if isinstance(raw, dict):
        for key, value in list(raw.items())[:8]:
            match = _RATE_KEY.fullmatch(key)
            factor = RATE_UNITS.get(match[1].lower()) if match else None
            if factor is not None and number(value) >= 0:
                return number(value) * factor
    return math.nan


def measure(raw: object, *keys: str) -> float:
    """A number that stands alone or in an object under one of the keys (`watt`, `degree_c`); NaN for none."""
    if not isinstance(raw, dict):
        return number(raw)
    return next((value for value in (number(raw.get(key)) for key in keys) if not math.isnan(value)), math.nan)


def named(raw: object, names: Sequence[str]) -> str:
    """The name of an enumeration's value, which comes as a number or as text; empty for none."""
    if isinstance(raw, str) and not raw.strip().isdecimal():
        written = raw.strip().lower()
        return next((name for name in names if written == name or written.endswith(f"_{name}")), "")
    value = number(raw)
    return names[int(value)] if 0 <= value < len(names) and value == int(value) else ""


def version_of(full: object) -> str:
    """Firmware as it is shown: `Braiins OS 25.11 (2025-11-21-0-eb658dcd-25.11-plus)`; empty where it is not told."""
    written = text(full)
    found = _VERSION.findall(f"{written}")
    if not found:
        return written and f"Braiins OS ({written})"
    return f"Braiins OS {found[-1]} ({written})"


def maker_of(model: str, usual: str) -> str:
    """Who built a machine that runs BraiinsOS."""
    first_word = model.casefold().partition(" ")[0]
    return {"antminer": "Bitmain", "whatsminer": "MicroBT", "avalon": "Canaan", "braiins": "Braiins"}.get(
        first_word, usual
    )


def state_of(rate: float, *, is_tuning: bool, has_cooling_fault: bool, started_s: float) -> DeviceState:
    """What a miner does whose firmware means it to mine.

    Args:
        rate: TH/s now; NaN where it is not reported.
        is_tuning: Whether the tuner is at work.
        has_cooling_fault: Whether it has reported a fan or a temperature since it was started.
        started_s: Seconds since the mining program was started; NaN where it is not reported.
    """
    if rate > 0 or math.isnan(rate):
        return DeviceState.TUNING if is_tuning else DeviceState.HASHING
    if has_cooling_fault:
        return DeviceState.STOPPED
    if is_tuning:
        return DeviceState.TUNING
    return DeviceState.BOOTING if started_s < START_S else DeviceState.IDLE
