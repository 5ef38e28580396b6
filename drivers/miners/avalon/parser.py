"""What an Avalon's answers mean. Pure: no socket, no clock.

Sources: Canaan's "Avalon A10 API manual" and recorded replies of A10 to A15, Nano and Q. What was worked out by
comparing numbers in the recordings says so.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.core.device import Tier
from drivers.core.profile import Profile
from drivers.core.reading import DeviceState, Report, Signal, Source
from drivers.miners.avalon.states import faults_of, state_of, supply_of
from drivers.miners.avalon.text import board_chips, has_modules, modules, single, values
from drivers.miners.pool_list import cgminer_pools, put_pools
from drivers.miners.reply import (
    MAX_BOARDS,
    MAX_FANS,
    NOTHING,
    Fields,
    first,
    first_told,
    max_told,
    number,
    rows,
    sum_told,
    text,
)
from drivers.miners.reporter import Reporter, Understood
from drivers.transports.cgminer import Answers

_COLDEST: Final = -40.0
"""A sensor that shows less is not there: the firmware writes -273."""
_REVISION: Final = re.compile(r"(.+?)-(\d{8}(?:_\w+)*)")
_OLD_REVISION: Final = re.compile(r"(\d{3})\d{4}-[0-9a-f]{7}")
"""Model, year, month and commit, as A7 to A9 write it."""
_SERIAL: Final = re.compile(r"[0-9a-fA-F]{8,64}")
_MAC: Final = re.compile(r"(?:[0-9a-fA-F]{2}[:-]?){5}[0-9a-fA-F]{2}")
_COUNTERS: Final = (("accepted", "Accepted"), ("rejected", "Rejected"), ("stale", "Stale"))
_PLACES: Final = (
    ("ambient_temp", "Temp", Source.AMBIENT),
    ("inlet_temp", "ITemp", Source.INLET),
    ("outlet_temp", "OTemp", Source.OUTLET),
)

_BOARD_PLACES: Final = (
    ("board_temp", "HBTemp", Source.PCB),
    ("inlet_temp", "HBITemp", Source.INLET),
    ("outlet_temp", "HBOTemp", Source.OUTLET),
)
"""Of machines with one board."""

Said = Mapping[str, str]


class AvalonParser:
    """Reads one miner's answers."""

    def __init__(self, profile: Profile) -> None:
        self._reporter = Reporter(profile)

    def report(self, answers: Answers, tier: Tier) -> Report:
        """The readings in the answers to `summary`, `stats` or `estats`, and for a full poll `pools` and `version`."""
        return self._reporter.report(understand(answers), tier, answers.asked, answers.answered)


def understand(answers: Answers) -> Understood:
    """What the answers say, in the units of the points."""
    understood = Understood(repaired=answers.repaired)
    summary = first(answers.sections.get("summary", NOTHING), "SUMMARY")
    stats = details(answers)
    said = modules(stats)
    _put_whole(understood, said, summary, stats)
    rate = understood.value("hashrate")
    states = [state_of(module, rate) for module in said] or [state_of({}, rate)]
    understood.state = DeviceState.HASHING if DeviceState.HASHING in states else states[0]
    _put_power(understood, said)
    _put_boards(understood, said, board_chips(stats))
    _put_places(understood, said)
    if "pools" in answers.sections:
        put_pools(understood, cgminer_pools(answers.sections["pools"]))
        _put_missing_shares(understood, rows(answers.sections["pools"], "POOLS"))
    _tell_names(understood, said, first(answers.sections.get("version", NOTHING), "VERSION"))
    return understood


def details(answers: Answers) -> Fields:
    """The answer that describes the modules: `stats`, or where it does not, `estats`."""
    found = [answers.sections.get(command, NOTHING) for command in ("stats", "estats")]
    return next((content for content in found if has_modules(content)), found[0])


def _put_whole(understood: Understood, said: Sequence[Said], summary: Fields, stats: Fields) -> None:
    """Rates and counters. `GHSspd` is what is hashed now; the averages of `summary` go on for minutes after a stop."""
    understood.put("hashrate", first_told(_sum(said, "GHSspd") * 1e-3, _rate(summary, "5s", "30s", "1m")))
    understood.put("hashrate_avg", first_told(_sum(said, "GHSavg") * 1e-3, _rate(summary, "av", "15m")))
    nominal = _sum(said, "GHSmm") * 1e-3
    if nominal > 0:
        understood.put("hashrate_nominal", nominal, source=Source.ESTIMATED)
    understood.put("hw_errors", first_told(_sum(said, "HW"), number(summary.get("Hardware Errors"))))
    for point, key in _COUNTERS:
        understood.put(point, number(summary.get(key)))
    elapsed = [single(module.get("Elapsed", "")) for module in said]
    of_row = next((number(row["Elapsed"]) for row in rows(stats, "STATS") if "Elapsed" in row), math.nan)
    own = max((value for value in elapsed if value == value), default=of_row)
    understood.put("uptime", first_told(own, number(summary.get("Elapsed"))))
    frequencies = [value for module in said if (value := single(module.get("Freq", ""))) > 0]
    understood.put("frequency", sum(frequencies) / len(frequencies) if frequencies else math.nan)


def _put_missing_shares(understood: Understood, pools: Sequence[Fields]) -> None:
    """Shares of all pools together, where `summary` does not count them."""
    for point, key in _COUNTERS:
        if math.isnan(understood.readings[Signal(point)]):
            understood.put(point, sum_told(number(pool.get(key)) for pool in pools))


def _put_power(understood: Understood, said: Sequence[Said]) -> None:
    supplies = [supply_of(module) for module in said]
    sources = {supply.source for supply in supplies}
    source = Source.ESTIMATED if Source.ESTIMATED in sources else Source.MEASURED
    understood.put("power", sum(supply.power for supply in supplies) if supplies else math.nan, source=source)
    limit = _sum(said, "MPO")
    if limit > 0:
        understood.put("power_limit", limit)
    for at, supply in enumerate(supplies[:MAX_BOARDS], 1):
        understood.put("voltage", supply.voltage, str(at) if len(supplies) > 1 else "")


def _put_boards(understood: Understood, said: Sequence[Said], apart: Mapping[int, Sequence[float]]) -> None:
    """Every board, counted on from module to module.

    `MGHS` is each board's long average: together they are `GHSavg` in every recording. It is the only rate that a board
    tells, and is left out while nothing is hashed, when it would still show what once was. `MH` are hardware errors:
    together they are `HW`.
    """
    is_hashing = understood.state in {DeviceState.HASHING, DeviceState.TUNING}
    before, faults = 0, list[str]()
    has_only_hottest = len(said) > 0 and not apart and all(_has_only_hottest(module) for module in said)
    if has_only_hottest:
        understood.put("chip_temp", max_told(_sensor(module, "TMax") for module in said), source=Source.CHIP)
    for module in said:
        chips = _chips(module) or (dict(apart) if len(said) == 1 else {})
        count = _board_count(module, chips)
        rates, errors = values(module.get("MGHS", "")), values(module.get("MH", ""))
        hottest = _hottest(module, chips, count, is_hashing=is_hashing)
        for at in range(min(count, MAX_BOARDS - before)):
            part = str(before + at + 1)
            understood.put("hashrate", rates[at] * 1e-3 if is_hashing and at < len(rates) else math.nan, part)
            if not has_only_hottest:
                understood.put("chip_temp", hottest[at], part, Source.CHIP)
            if chips:
                found = [value for value in chips.get(at, ()) if value > _COLDEST and value != 0]
                understood.put("chips", float(len(found)), part)
            if len(errors) == count:
                understood.put("hw_errors", errors[at], part)
            if count == 1:
                for point, key, source in _BOARD_PLACES:
                    if key in module:
                        understood.put(point, _sensor(module, key), part, source)
        faults += faults_of(module, before + 1)
        before += count
    understood.put("faults", float(len(faults)) if said else math.nan)
    understood.tell("faults", "; ".join(faults))


def _has_only_hottest(module: Said) -> bool:
    """Whether a module tells its hottest chip and not on which of its boards that is."""
    return "TMax" in module and "MTmax" not in module and not _chips(module) and _board_count(module, {}) > 1


def _board_count(module: Said, chips: Mapping[int, Sequence[float]]) -> int:
    lists = [len(values(module.get(key, ""))) for key in ("MGHS", "MTmax", "MTavg", "ECHU", "HASHS")]
    return min(MAX_BOARDS, max(*lists, max(chips, default=-1) + 1))


def _chips(module: Said) -> dict[int, Sequence[float]]:
    """Temperatures of the chips, degC, by the place of the board, from 0; 0 where a chip is missing."""
    found = {at: values(module[key]) for at in range(MAX_BOARDS) if (key := f"PVT_T{at}") in module}
    return {at: temperatures for at, temperatures in found.items() if temperatures}


def _hottest(module: Said, chips: Mapping[int, Sequence[float]], count: int, *, is_hashing: bool) -> Sequence[float]:
    """The hottest chip of every board, degC. What single chips show stands still while nothing is hashed."""
    told = values(module.get("MTmax", ""))
    if len(told) < count and count == 1:
        told = [single(module.get("TMax", ""))]
    found = []
    for at in range(count):
        value = told[at] if at < len(told) else math.nan
        if value != value and is_hashing:
            value = max((one for one in chips.get(at, ()) if one == one), default=math.nan)
        found.append(value if value > _COLDEST and value != 0 else math.nan)
    return found


def _put_places(understood: Understood, said: Sequence[Said]) -> None:
    """Air or coolant into and out of the machine, and the fans."""
    fans = 0
    for at, module in enumerate(said[:MAX_BOARDS], 1):
        part = str(at) if len(said) > 1 else ""
        for point, key, source in _PLACES:
            if key in module:
                understood.put(point, _sensor(module, key), part, source)
        keys = [key for fan in range(1, MAX_FANS + 1) if (key := f"Fan{fan}") in module] or ["Fan"]
        for key in keys:
            if key in module and fans < MAX_FANS:
                fans += 1
                understood.put("fan_speed", single(module[key]), str(fans))


def _tell_names(understood: Understood, said: Sequence[Said], version: Fields) -> None:
    module = said[0] if said else {}
    understood.tell("model", model_of(version, module))
    understood.tell("firmware", revision_of(version, module))
    understood.tell("serial", serial_of(version, module))
    understood.tell("mac", mac_of(version))
    understood.tell("power_mode", text(module.get("WORKMODE", module.get("WORKLEVEL", ""))))


def model_of(version: Fields, module: Said) -> str:
    """The model, from the start of `Ver` or from `version`; empty where neither tells."""
    match = _REVISION.fullmatch(module.get("Ver", ""))
    if match is not None:
        name = text(match[1])
        return f"AvalonMiner {name}" if name[:1].isdigit() else f"Avalon {name}"
    old = _OLD_REVISION.fullmatch(module.get("Ver", ""))
    return text(version.get("PROD")) or text(version.get("MODEL")) or (f"AvalonMiner {old[1]}" if old else "")


def revision_of(version: Fields, module: Said) -> str:
    """The firmware's version, from `version` or from the end of `Ver`."""
    named = next((found for key in ("VERSION", "CGVERSION", "LVERSION") if (found := text(version.get(key)))), "")
    match = _REVISION.fullmatch(module.get("Ver", ""))
    return named or (text(match[2]) if match is not None else text(module.get("Ver", "")))


def serial_of(version: Fields, module: Said) -> str:
    """`DNA`, which Canaan calls the globally unique number."""
    found = (text(version.get("DNA")), text(module.get("DNA", "")))
    return next((dna for dna in found if _SERIAL.fullmatch(dna) and dna.strip("0")), "")


def mac_of(version: Fields) -> str:
    """The MAC address, lower case with colons; empty where it is not told."""
    raw = text(version.get("MAC"))
    if not _MAC.fullmatch(raw):
        return ""
    digits = raw.replace(":", "").replace("-", "").lower()
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def _sensor(module: Said, key: str) -> float:
    """degC; NaN for a sensor that is not there."""
    value = single(module.get(key, ""))
    return value if value > _COLDEST else math.nan


def _sum(said: Sequence[Said], key: str) -> float:
    """The sum over all modules; NaN where one of them does not tell."""
    return sum(single(module.get(key, "")) for module in said) if said else math.nan


def _rate(row: Fields, *windows: str) -> float:
    """TH/s of the first window that the row has."""
    for window in windows:
        for unit, factor in (("MHS", 1e-6), ("GHS", 1e-3)):
            value = number(row.get(f"{unit} {window}"))
            if value == value:
                return value * factor
    return math.nan
