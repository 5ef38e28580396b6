"""Turns what a Whatsminer tells into reports, in both versions of its interface. Pure: no socket, no clock.

Version 2 writes CGMiner's names (`HS RT`, `Chip Temp Max`), version 3 its own (`hash-realtime`, `chip-temp-max`); they
mean the same. Under the old names rates are MH/s, except where firmware writes TH/s there, which the number itself
tells: between a few TH/s and as many MH/s lies a factor of a million. What is left doubtful the rated hashrate
(`Factory GHS`, `factory-hash`) shows.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from drivers.core.device import Tier
from drivers.core.profile import Profile
from drivers.core.reading import DeviceState, Report, Source
from drivers.miners.pool_list import ListedPool, names_a_fee, put_pools
from drivers.miners.reply import MAX_BOARDS, NOTHING, Fields, number, numbers, sum_told, text
from drivers.miners.reporter import Reporter, Understood
from drivers.miners.whatsminer.faults import Fault, faults_of_summary

RATE: Final = ("HS RT", "hash-realtime", "MHS 5s", "MHS 1m", "hash-1min", "MHS 5m", "MHS 15m", "MHS av", "hash-average")
RATE_AVERAGE: Final = ("MHS av", "hash-average", "MHS 15m", "hash-15min", "HS av")
POWER: Final = ("power-realtime", "Power", "Power_RT", "power-5min")
POWER_LIMIT: Final = ("Power Limit", "power-limit")
POWER_MODE: Final = ("Power Mode", "power_mode", "power-mode")
MINED: Final = ("Elapsed", "elapsed")
"""Seconds since the mining program started."""
UP: Final = ("Uptime", "bootup-time")
"""Seconds since the control board started."""
RAISED: Final = ("Upfreq Complete", "up-freq-finish")
"""1 once the frequency has reached its target."""
MOST_TERAHASH: Final = 5000.0
"""No miner reaches this, so that a greater number is MH/s; and none that hashes is as slow as so many MH/s."""
NO_LIMIT: Final = 99_999.0
"""The power limit by which the firmware means none."""
SHOWN: Final = 12
"""Faults whose text is shown; all are counted."""
RAISING_S: Final = 1800.0
"""A miner without hashrate that has mined for less is still raising its frequency."""

_MEGA: Final = 1e6
_PROTECTION: Final = re.compile(r"protect|temperature|overheat|too hot|error|fault|power supply|liquid", re.IGNORECASE)
_STARTING: Final = re.compile(r"init", re.IGNORECASE)


@dataclass(slots=True)
class Told:
    """What one poll brought, whatever the version wrote around it.

    Attributes:
        summary: The miner as a whole; empty where the mining program does not answer.
        boards: One entry for each hash board.
        pools: None where they were not asked or not told.
        is_off: Whether mining is switched off; None where that was not asked or not told.
        off_reason: The firmware's own words for it.
        faults: None where they were not asked or not told.
        setting: What is set: `status` of version 2, `get.miner.setting` of version 3.
        supply: The power supply.
        facts: Texts that change with hardware and firmware only.
        coolant: Temperature of the liquid, degC; NaN where there is none.
        repaired: Whether an answer was cut or needed repair.
    """

    summary: Fields = field(default_factory=dict)
    boards: Sequence[Fields] = ()
    pools: Sequence[Fields] | None = None
    is_off: bool | None = None
    off_reason: str = ""
    faults: tuple[Fault, ...] | None = None
    setting: Fields = field(default_factory=dict)
    supply: Fields = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    coolant: float = math.nan
    repaired: bool = False


class WhatsminerParser:
    """Reads the answers of one miner. Keeps the faults, which only a full poll asks and the state depends on.

    Attributes:
        was_off: Whether the firmware last said that mining is switched off.
    """

    def __init__(self, profile: Profile) -> None:
        self.was_off = False
        self._reporter = Reporter(profile)
        self._faults: tuple[Fault, ...] = ()
        self._has_fans = False
        self._is_fanless = False

    def report(self, told: Told, tier: Tier, asked: float, answered: float) -> Report:
        """The report of one poll; `asked` and `answered` are UTC seconds."""
        understood = Understood(repaired=told.repaired)
        for name, fact in told.facts.items():
            understood.tell(name, fact)
        _take_whole(understood, told)
        _take_boards(understood, told)
        if told.pools is not None:
            put_pools(understood, [pool for pool in map(_listed, told.pools) if pool.url])
        self._take_faults(understood, told, tier)
        understood.state = self._state(understood, told)
        self._take_fans(understood, told)
        return self._reporter.report(understood, tier, asked, answered)

    def _take_faults(self, understood: Understood, told: Told, tier: Tier) -> None:
        faults = told.faults if told.faults is not None else faults_of_summary(told.summary)
        if faults is not None:
            self._faults = faults
            understood.put("faults", float(len(faults)))
        elif tier is Tier.FULL:
            understood.put("faults", math.nan)
        understood.tell("faults", "; ".join(str(fault) for fault in self._faults[:SHOWN]))

    def _take_fans(self, understood: Understood, told: Told) -> None:
        """A liquid-cooled miner says 0 for fans that it does not have; an air-cooled one could not hash at that."""
        row = told.summary if _has_fan_keys(told.summary) else next(iter(told.boards), NOTHING)
        speeds = {
            part: number(row[key])
            for part, keys in (("in", ("Fan Speed In", "fan-speed-in")), ("out", ("Fan Speed Out", "fan-speed-out")))
            for key in keys
            if key in row
        }
        if any(speed > 0 for speed in speeds.values()):
            self._has_fans = True
        elif not self._has_fans and (_is_liquid(told) or rate(told.summary, RATE) > 0):
            self._is_fanless = not any(fault.code.startswith("1") and len(fault.code) == 3 for fault in self._faults)
        if self._has_fans or not self._is_fanless:
            for part, speed in speeds.items():
                understood.put("fan_speed", speed, part)
        supply = first_number(told.supply, ("fan_speed", "fanspeed", "Fan Speed"))
        supply = supply if supply == supply else number(told.summary.get("Power Fanspeed"))
        if supply > 0:
            understood.put("fan_speed", supply, "psu")

    def _state(self, understood: Understood, told: Told) -> DeviceState:
        if told.is_off is not None:
            self.was_off = told.is_off
        if told.is_off:
            understood.tell("off_reason", told.off_reason)
            return DeviceState.STOPPED if _PROTECTION.search(told.off_reason) else DeviceState.ASLEEP
        if not told.summary and not told.boards:
            return DeviceState.BOOTING if told.is_off is False else DeviceState.UNKNOWN
        found = {signal.point: value for signal, value in understood.readings.items() if not signal.part}
        hashing = found["hashrate"] if found["hashrate"] == found["hashrate"] else found["hashrate_avg"]
        if hashing > 0:
            return DeviceState.TUNING if _is_raising(told) else DeviceState.HASHING
        if hashing != hashing:
            return DeviceState.UNKNOWN
        return self._state_at_rest(told, found["uptime"])

    def _state_at_rest(self, told: Told, mined: float) -> DeviceState:
        """The state of a miner that is switched on and has no hashrate."""
        if any(fault.stops for fault in self._faults):
            return DeviceState.STOPPED
        if any(_STARTING.search(first_text(board, ("Status", "status"))) for board in told.boards):
            return DeviceState.BOOTING
        return DeviceState.TUNING if _is_raising(told) and mined < RAISING_S else DeviceState.IDLE


def nominal_rate(whole: Fields, boards: Sequence[Fields] = ()) -> float:
    """The rated hashrate in TH/s, of the whole or as the sum of its boards; NaN where it is not told."""
    old, new = number(whole.get("Factory GHS")), number(whole.get("factory-hash"))
    if new > 0:
        return new if new < MOST_TERAHASH else new / 1000
    if old > 0:
        return old / 1000 if old >= 1000 else old
    parts = [nominal_rate(board) for board in boards]
    return math.fsum(parts) if parts else math.nan


def rate(row: Fields, names: Sequence[str]) -> float:
    """The first of several rates of a summary or a board that is there, in TH/s; NaN where none is."""
    value = first_number(row, names)
    return value / _MEGA if value > MOST_TERAHASH else value


def power_limit(summary: Fields, setting: Fields) -> float:
    """The limit that is set in W; NaN where there is none."""
    value = first_number(summary, POWER_LIMIT)
    if not value > 0:
        value = first_number(setting, ("power_limit_set", "power-limit", "power-limit-set"))
    return value if 0 < value < NO_LIMIT else math.nan


def first_number(row: Fields, names: Sequence[str]) -> float:
    """The number under the first of several names that has one; NaN where none has."""
    for name in names:
        if name in row:
            value = number(row[name])
            if value == value:
                return value
    return math.nan


def first_text(row: Fields, names: Sequence[str]) -> str:
    """The text under the first of several names that has one; empty where none has."""
    return next((found for name in names if (found := text(row.get(name)))), "")


def temperature(row: Fields, *names: str) -> float:
    """A temperature in degC; NaN where it is not told. Exactly 0 is how this firmware says that it has no reading."""
    value = first_number(row, names)
    return value or math.nan


def is_true(raw: object) -> bool | None:
    """A yes or no as firmware writes it (`true`, `"true"`, `1`, `"enable"`); None when it is neither."""
    if isinstance(raw, bool):
        return raw
    word = str(int(raw)) if isinstance(raw, int) else text(raw).casefold()
    if word in {"true", "1", "on", "yes", "enable", "enabled"}:
        return True
    return False if word in {"false", "0", "off", "no", "disable", "disabled"} else None


def _take_whole(understood: Understood, told: Told) -> None:
    summary = told.summary
    understood.put("hashrate", rate(summary, RATE))
    understood.put("hashrate_avg", rate(summary, RATE_AVERAGE))
    nominal = nominal_rate(summary, told.boards)
    if nominal == nominal:
        understood.put("hashrate_nominal", nominal, source=Source.NAMEPLATE)
    understood.put("power", first_number(summary, POWER))
    understood.put("power_limit", power_limit(summary, told.setting))
    understood.put("uptime", first_number(summary, MINED))
    understood.put("ambient_temp", temperature(summary, "Env Temp", "environment-temperature"), "", Source.AMBIENT)
    understood.put("frequency", first_number(summary, ("freq_avg", "freq-avg")))
    if told.coolant == told.coolant:
        understood.put("inlet_temp", told.coolant, "liquid", Source.COOLANT)
    for point, name in (("accepted", "Accepted"), ("rejected", "Rejected"), ("stale", "Stale")):
        shares = number(summary.get(name))
        if name not in summary and told.pools is not None:
            shares = sum_told(first_number(pool, (name, name.lower())) for pool in told.pools)
        if name in summary or shares == shares:
            understood.put(point, shares)
    if "Hardware Errors" in summary:
        understood.put("hw_errors", number(summary["Hardware Errors"]))
    understood.tell("power_mode", first_text(summary, POWER_MODE) or first_text(told.setting, POWER_MODE))


def _take_boards(understood: Understood, told: Told) -> None:
    for part, board in zip(_slots(told.boards), told.boards, strict=False):
        _take_board(understood, told, board, part)
    listed = told.summary.get("board-temperature", told.summary.get("Board Temperature"))
    if isinstance(listed, list):
        for at, value in enumerate(numbers(listed)[:MAX_BOARDS], 1):
            if not any(signal.part == str(at) and signal.point == "board_temp" for signal in understood.readings):
                understood.put("board_temp", value or math.nan, str(at), Source.PCB)
    for point, names, source in (
        ("chip_temp", ("Chip Temp Max", "chip-temp-max"), Source.CHIP),
        ("board_temp", ("Temperature",), Source.PCB),
    ):
        value = temperature(told.summary, *names)
        has_own = any(signal.point == point and known == known for signal, known in understood.readings.items())
        if value == value and not has_own:
            understood.put(point, value, "", source)


def _take_board(understood: Understood, told: Told, board: Fields, part: str) -> None:
    understood.put("hashrate", rate(board, RATE), part)
    nominal = nominal_rate(board)
    if nominal == nominal:
        understood.put("hashrate_nominal", nominal, part, Source.NAMEPLATE)
    chips = first_number(board, ("Effective Chips", "effective-chips"))
    understood.put("chips", math.nan if told.is_off and not chips else chips, part)
    if any(name in board for name in ("Chip Temp Max", "chip-temp-max")):
        understood.put("chip_temp", temperature(board, "Chip Temp Max", "chip-temp-max"), part, Source.CHIP)
    if any(name in board for name in ("Temperature", "board-temperature")):
        understood.put("board_temp", temperature(board, "Temperature", "board-temperature"), part, Source.PCB)
    for point, names in (
        ("frequency", ("Chip Frequency", "Frequency", "freq")),
        ("hw_errors", ("Hardware Errors",)),
    ):
        if any(name in board for name in names):
            understood.put(point, first_number(board, names), part)
    understood.tell(f"serial.{part}", first_text(board, ("PCB SN", "pcb-sn", "pcbsn")))


def _slots(boards: Sequence[Fields]) -> list[str]:
    """The number of each board from 1: after its slot where the slots make sense, else as it stands in the list."""
    found = [first_number(board, ("Slot", "slot", "ASC", "ID", "id")) for board in boards[:MAX_BOARDS]]
    if len(set(found)) == len(found) and all(0 <= slot < MAX_BOARDS and slot.is_integer() for slot in found):
        return [str(int(slot) + 1) for slot in found]
    return [str(at) for at in range(1, len(found) + 1)]


def _listed(pool: Fields) -> ListedPool:
    url, user = first_text(pool, ("URL", "url")), first_text(pool, ("User", "account"))
    return ListedPool(
        url,
        user,
        first_text(pool, ("Status", "status")),
        in_use=is_true(pool.get("Stratum Active", pool.get("stratum-active"))),
        priority=number(pool.get("Priority")),
        is_fee=names_a_fee(url, user),
    )


def _has_fan_keys(row: Fields) -> bool:
    return any(name in row for name in ("Fan Speed In", "fan-speed-in", "Fan Speed Out", "fan-speed-out"))


def _is_liquid(told: Told) -> bool:
    return is_true(told.summary.get("Liquid Cooling")) is True or told.coolant == told.coolant


def _is_raising(told: Told) -> bool:
    """Whether the firmware says that the frequency is still being raised."""
    return any(first_number(row, RAISED) == 0 for row in (told.summary, *told.boards))
