"""Turns a stock Antminer's answers into reports. Pure: no socket, no clock."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import and_, le
from typing import Final

from drivers.core.device import Tier
from drivers.core.miner_options import FaultCode, MinerOptions, miner_options
from drivers.core.points import POINTS
from drivers.core.profile import Model, Profile, folded_model
from drivers.core.reading import DeviceState, Quality, Report
from drivers.miners.antminer.faults import faults_told
from drivers.miners.antminer.fields import (
    POWER_KEYS,
    board_indices,
    board_serials,
    fan_indices,
    hottest,
    power_key,
    rate_factor,
    sensors,
    split_stats,
    type_of,
    work_mode,
)
from drivers.miners.antminer.layout import SUMMARY_KEYS, Plan, SensorReader, Shape, build, thermometers_of
from drivers.miners.antminer.shapes import SHARES, pool_rows, share_sums, summary_row
from drivers.miners.reply import ABSURD, MAX_BOARDS, MAX_POOLS, NOTHING, Fields, number, text
from drivers.transports.cgminer import Answers

BOOT_S: Final = 300.0
"""A miner that does not hash this soon after its start is still starting."""
PLAUSIBLE: Final = 1.6
"""A rate above this multiple of the nominal one carries a wrong unit."""
SLIP: Final = 1000.0
"""By how much firmware errs when it changes a unit: MH for GH, GH for TH."""
SERVICE_POWER: Final = "miner_power"
"""Stands in for the power key of a miner that tells its power on its second web server only."""

_POOL: Final[Mapping[str, float]] = {name: POINTS["pool_state"].code(name) for name in ("alive", "dead", "disabled")}
_POOL_UNKNOWN: Final = POINTS["pool_state"].code("unknown")
_COUNT_KEYS: Final = ("miner_count", "fan_num", *(f"chain_acn{index}" for index in range(1, MAX_BOARDS + 1)))
_PRESENT_KEYS: Final = (*POWER_KEYS, *(f"fan{index}" for index in range(5, 9)))
_POINTS_OF_SUMMARY: Final = tuple(point for point, _, _ in SUMMARY_KEYS)
_UPTIME: Final = _POINTS_OF_SUMMARY.index("uptime")
_ERRORS: Final = _POINTS_OF_SUMMARY.index("hw_errors")
_SHARES_AT: Final = tuple(_POINTS_OF_SUMMARY.index(key.lower()) for key in SHARES)


@dataclass(frozen=True, slots=True)
class Told:
    """What a miner tells elsewhere than in its answers to `summary`, `stats` and `pools`.

    Attributes:
        power: W, from the second web server; NaN where it does not tell.
        faults: Faults that stand, from the second web server; None where it does not tell.
        texts: Facts that are no numbers, such as `serial` and `mac`.
    """

    power: float = math.nan
    faults: tuple[FaultCode, ...] | None = None
    texts: Mapping[str, str] | None = None


NOTHING_TOLD: Final = Told()


class AntminerParser:
    """Reads one miner's answers. Keeps its shape between polls: a board that was seen once does not vanish."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._options: MinerOptions = miner_options(profile)
        self._shape: Shape | None = None
        self._signature: tuple[object, ...] = ()
        self._plan: Plan | None = None
        self._model: Model | None = None
        self._faults: tuple[FaultCode, ...] = ()

    @property
    def tells_power(self) -> bool:
        """Whether the miner's own answers have held a power."""
        return self._shape is not None and self._shape.power_key not in ("", SERVICE_POWER)

    def report(self, answers: Answers, tier: Tier, told: Told = NOTHING_TOLD) -> Report:
        """The readings in the answers to `summary`, `stats` and, for a full poll, `pools`."""
        sections = answers.sections
        summary = summary_row(sections.get("summary", NOTHING))
        header, data = split_stats(sections.get("stats", NOTHING))
        pools = pool_rows(sections.get("pools", NOTHING))[:MAX_POOLS]
        is_silent = not summary and not data and _has_empty_list(sections)
        if pools and not any(key in summary for key in SHARES):
            summary = {**summary, **share_sums(pools)}
        faults = faults_told(self._options, summary, data, told.faults) if tier is Tier.FULL else None
        if faults is not None:
            self._faults = faults
        plan = self._plan_for(header, data, len(pools), told.power, faults is not None)
        values = _values(plan, summary, data)
        state = self._state(data, values, is_silent=is_silent)
        self._add_power(values, data, state, told.power)
        if plan.faults_at >= 0:
            values.append(math.nan if faults is None else len(faults))
        values += [_pool_state(pools, at) for at in range(plan.pools)]
        quality = _qualities(plan, values, answers.repaired)
        _correct_units(plan, values, quality)
        self._mark_absent(plan, values, quality, sections, tier)
        texts = self._texts(header, data, pools, told, tier)
        return Report(answers.asked, answers.answered, state, plan.layout, values, bytes(quality), texts)

    def _plan_for(self, header: Fields, data: Fields, pools: int, power: float, tells_faults: bool) -> Plan:
        signature = (
            pools,
            len(data),
            power > 0,
            tells_faults,
            header.get("Type"),
            *map(data.get, _COUNT_KEYS),
            *map(bool, map(data.get, _PRESENT_KEYS)),
        )
        if self._plan is not None and self._signature == signature:
            return self._plan
        shape = self._shape_of(header, data, pools, power > 0, tells_faults)
        if self._plan is None or shape != self._shape:
            self._plan = build(shape, self._profile.limits)
            self._shape = shape
        self._signature = signature
        return self._plan

    def _shape_of(self, header: Fields, data: Fields, pools: int, has_service_power: bool, tells_faults: bool) -> Shape:
        """The shape in this answer; what an earlier answer showed stays."""
        before = self._shape
        reported = type_of(header)
        if reported:
            self._model = self._profile.model(reported)
        model, folded = self._model, folded_model(reported)
        boards = board_indices(data, model.boards if model else 0, before.boards if before else ())
        known = self._options.sensors.get(folded) or (before.sensors if before else None)
        is_ordinary = folded in self._options.ordinary
        hydro = "hyd" in folded or (model is not None and model.cooling == "hydro")
        is_liquid = hydro or "imm" in folded or (model is not None and model.cooling != "air")
        fallback = SERVICE_POWER if has_service_power else ""
        return Shape(
            model=model,
            boards=boards if data or before is None else before.boards,
            fans=fan_indices(data, before.fans if before else (), is_liquid=is_liquid),
            pools=max(pools, before.pools if before else 0),
            power_key=power_key(data) or (before.power_key if before else "") or fallback,
            frequency_key=_frequency_key(data, boards) if data or before is None else before.frequency_key,
            thermometers=thermometers_of(data) if data or before is None else before.thermometers,
            sensors=known,
            apart=(hydro and known is None and not is_ordinary) or (before is not None and before.apart),
            ambient="ambient_temp" in data or (before is not None and before.ambient),
            faults=tells_faults or (before is not None and before.faults),
        )

    def _add_power(self, values: list[float], data: Fields, state: DeviceState, service_power: float) -> None:
        """Append nominal rate, power and efficiency. A nameplate power stands in only while the miner hashes."""
        model = self._model
        nominal = number(data.get("total_rateideal")) * rate_factor(data)
        if not nominal > 0:
            nominal = model.hashrate if model else math.nan
        values.append(nominal)
        key = self._shape.power_key if self._shape else ""
        power = service_power if key == SERVICE_POWER else number(data.get(key)) if key else math.nan
        if not power > 0:
            power = math.nan
        rate = values[0]
        efficiency = power / rate if rate > 0 else math.nan
        if not key and model is not None and state is DeviceState.HASHING:
            power = model.power
        values += [power, efficiency]

    def _state(self, data: Fields, values: Sequence[float], *, is_silent: bool) -> DeviceState:
        """A miner asleep answers with empty lists or says so; one that does not hash is stopped, starting or idle."""
        rate = values[0]
        if rate > 0:
            return DeviceState.HASHING
        sleeps = self._options.work_modes.get("sleep")
        if sleeps is not None and work_mode(data) == sleeps:
            return DeviceState.ASLEEP
        if is_silent:
            return DeviceState.ASLEEP
        if math.isnan(rate):
            return DeviceState.UNKNOWN
        if any(fault.stops for fault in self._faults):
            return DeviceState.STOPPED
        return DeviceState.BOOTING if values[_UPTIME] < BOOT_S else DeviceState.IDLE

    def _mark_absent(
        self, plan: Plan, values: list[float], quality: bytearray, sections: Mapping[str, Fields], tier: Tier
    ) -> None:
        """Say why a value is missing where it is not simply absent from the answer."""
        shape = self._shape
        if shape is not None and not shape.power_key:
            quality[plan.nominal_at + 2] = Quality.UNSUPPORTED
            if self._model is None:
                quality[plan.nominal_at + 1] = Quality.UNSUPPORTED
        if tier is Tier.FAST:
            has_service_power = shape is not None and shape.power_key == SERVICE_POWER
            for at in _unasked(plan, "summary" in sections, has_service_power):
                if math.isnan(values[at]):
                    quality[at] = Quality.NOT_POLLED
        if any(values[at] > 0 for at in plan.chips_at):
            for at in plan.chips_at:
                if math.isnan(values[at]):
                    values[at], quality[at] = 0.0, Quality.SUSPECT

    def _texts(
        self, header: Fields, data: Fields, pools: Sequence[Fields], told: Told, tier: Tier
    ) -> Mapping[str, str]:
        """What is no number, as the device wrote it; all but the model only in a full poll."""
        texts = {"model": type_of(header)}
        if tier is Tier.FULL:
            used = _pool_in_use(pools)
            texts |= {"pool": text(used.get("URL")), "worker": text(used.get("User"))}
            texts |= self._serials(data)
            mode = work_mode(data)
            if mode >= 0:
                names = self._options.work_modes.items()
                texts["power_mode"] = next((name for name, code in names if code == mode), f"mode {mode}")
            if self._faults:
                texts["faults"] = "; ".join(f"{fault.code} {fault.text}" for fault in self._faults)
            texts |= told.texts or {}
        return {name: value for name, value in texts.items() if value}

    def _serials(self, data: Fields) -> Mapping[str, str]:
        """Serial number of each board by its slot."""
        told = board_serials(data)
        if not told or self._shape is None:
            return {}
        return {f"serial.{slot}": text(told[at]) for slot, at in enumerate(self._shape.boards, 1) if at in told}


def _values(plan: Plan, summary: Fields, data: Fields) -> list[float]:
    """Everything up to the nominal rate, in the order of the layout."""
    values: list[float] = []
    for _, keys, factor in SUMMARY_KEYS:
        value: float = math.nan
        for key in keys:
            raw = summary.get(key) if key in summary else data.get(key)
            value = raw if type(raw) is float or type(raw) is int else number(raw)
            if value == value:
                break
        values.append(value * factor)
    for key, factor in plan.data_keys:
        raw = data.get(key)
        values.append((raw if type(raw) is float or type(raw) is int else number(raw)) * factor)
    if plan.rate_at:
        rate = rate_factor(data)
        for at in plan.rate_at:
            values[len(SUMMARY_KEYS) + at] *= rate
    if values[_ERRORS] != values[_ERRORS] and plan.errors_at:
        values[_ERRORS] = sum(values[at] for at in plan.errors_at)
    values += [_temperature(reader, data) for reader in plan.temps]
    return values


def _temperature(reader: SensorReader, data: Fields) -> float:
    raw = data.get(reader.key)
    if reader.other:
        found: tuple[float, ...] = (hottest(raw), hottest(data.get(reader.other)))
        chosen = [value for value in found if value == value]
    elif not reader.positions:
        return hottest(raw)
    else:
        found = sensors(raw)
        chosen = [found[at] for at in reader.positions if at < len(found) and found[at] == found[at]]
    return max(chosen) if chosen else math.nan


def _frequency_key(data: Fields, boards: Sequence[int]) -> str:
    names = ("freq", "freq_avg", "frequency")
    return next((name for name in names if any(f"{name}{index}" in data for index in boards)), "freq")


def _qualities(plan: Plan, values: list[float], repaired: bool) -> bytearray:
    """One code for each value: missing, outside what the profile allows, or good. Absurd values are dropped."""
    fine = Quality.PARTIAL if repaired else Quality.GOOD
    quality = bytearray([fine]) * len(values)
    inside = bytes(map(and_, map(le, plan.lows, values), map(le, values, plan.highs)))
    at = inside.find(0)
    while at >= 0:
        if -ABSURD <= values[at] <= ABSURD:
            quality[at] = Quality.SUSPECT
        else:
            values[at], quality[at] = math.nan, Quality.NOT_REPORTED
        at = inside.find(0, at + 1)
    return quality


def _correct_units(plan: Plan, values: list[float], quality: bytearray) -> None:
    """A rate far above the nominal one came in the wrong unit: take the plausible one, and say so.

    One a thousand times below may also be a miner that barely hashes, so it is marked and left as it is.
    """
    nominal = values[plan.nominal_at]
    if not nominal > 0:
        return
    highest = PLAUSIBLE * nominal
    highest_board = highest / (len(plan.rates_at) or 1)
    for at in (0, 1, *plan.rates_at):
        value, ceiling = values[at], highest if at < 2 else highest_board
        if ceiling / SLIP <= value <= ceiling or not value > 0:
            continue
        quality[at] = Quality.SUSPECT
        if value > ceiling:
            slip = next((slip for slip in (SLIP, SLIP * SLIP) if value / slip <= ceiling), 1.0)
            values[at] = value / slip
        if at == 0 and math.isfinite(values[plan.nominal_at + 2]):
            values[plan.nominal_at + 2] = values[plan.nominal_at + 1] / values[0]
            quality[plan.nominal_at + 2] = Quality.SUSPECT


def _unasked(plan: Plan, has_summary: bool, has_service_power: bool) -> list[int]:
    """Positions of what a light poll does not ask."""
    unasked = [*range(plan.pools_at, plan.pools_at + plan.pools)]
    if not has_summary:
        unasked += (*_SHARES_AT, _ERRORS)
    if plan.faults_at >= 0:
        unasked.append(plan.faults_at)
    if has_service_power:
        unasked += (plan.nominal_at + 1, plan.nominal_at + 2)
    return unasked


def _has_empty_list(sections: Mapping[str, Fields]) -> bool:
    return any(section.get(name.upper()) == [] for name, section in sections.items())


def _pool_state(pools: Sequence[Fields], at: int) -> float:
    if at >= len(pools):
        return math.nan
    status = pools[at].get("Status")
    return _POOL.get(status.strip().casefold(), _POOL_UNKNOWN) if isinstance(status, str) else _POOL_UNKNOWN


def _pool_in_use(pools: Sequence[Fields]) -> Fields:
    """The pool with a stratum connection; where the firmware does not tell, the first that is alive."""
    if any("Stratum Active" in pool for pool in pools):
        return next((pool for pool in pools if pool.get("Stratum Active") is True), NOTHING)
    alive = [pool for pool in pools if text(pool.get("Status")).casefold() == "alive"]
    return min(alive, key=lambda pool: number(pool.get("Priority")), default=NOTHING)
