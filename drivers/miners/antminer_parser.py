"""Turns a stock Antminer's answers into reports. Pure: no socket, no clock."""

import math
from collections.abc import Mapping
from typing import Final

from drivers.core.device import Tier
from drivers.core.points import POINTS
from drivers.core.profile import Model, Profile
from drivers.core.reading import DeviceState, Quality, Report
from drivers.core.sensor_map import sensor_maps
from drivers.miners.antminer_fields import (
    RATE_UNITS,
    board_indices,
    fan_count,
    hottest,
    power_key,
    sensors,
    split_stats,
)
from drivers.miners.antminer_layout import SUMMARY_KEYS, Plan, SensorReader, Shape, build, has_sensor_lists
from drivers.miners.reply import ABSURD, MAX_BOARDS, MAX_POOLS, NOTHING, Fields, first, number, rows, text
from drivers.transports.cgminer import Answers

BOOT_S: Final = 300.0
"""A miner that does not hash this soon after its start is still starting."""
PLAUSIBLE: Final = 1.6
"""A rate above this multiple of the nominal one carries a wrong unit."""

_POOL: Final[Mapping[str, float]] = {
    "alive": POINTS["pool_state"].code("alive"),
    "dead": POINTS["pool_state"].code("dead"),
    "disabled": POINTS["pool_state"].code("disabled"),
}
_POOL_UNKNOWN: Final = POINTS["pool_state"].code("unknown")
_SHAPE_KEYS: Final = ("miner_count", "fan_num", *(f"chain_acn{index}" for index in range(1, MAX_BOARDS + 1)))
_UPTIME: Final = [point for point, _, _ in SUMMARY_KEYS].index("uptime")


def _plain(raw: object) -> object:
    """The raw value when it is cheap and safe to compare."""
    return raw if isinstance(raw, int | float | str) else None


class AntminerParser:
    """Reads one miner's answers. Keeps its shape between polls: a board that was seen once does not vanish."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._coolants = sensor_maps(profile)
        self._shape: Shape | None = None
        self._signature: tuple[object, ...] = ()
        self._plan: Plan | None = None
        self._model: Model | None = None

    def report(self, answers: Answers, tier: Tier) -> Report:
        """The readings in the answers to `summary`, `stats` and, for a full poll, `pools`."""
        sections = answers.sections
        summary = first(sections.get("summary", NOTHING), "SUMMARY")
        header, data = split_stats(sections.get("stats", NOTHING))
        pools = rows(sections.get("pools", NOTHING), "POOLS")[:MAX_POOLS]
        plan = self._plan_for(header, data, len(pools))
        values = _values(plan, summary, data)
        state = _state(summary, data, values)
        self._add_power(plan, data, values, state)
        values += [_pool_state(pools, at) for at in range(plan.pools)]
        quality = _qualities(plan, values, answers.repaired)
        self._correct_unit(plan, values, quality)
        self._mark_absent(plan, data, values, quality, asked_pools=tier is Tier.FULL)
        return Report(
            answers.asked, answers.answered, state, plan.layout, values, bytes(quality), _texts(header, pools, tier)
        )

    def _plan_for(self, header: Fields, data: Fields, pools: int) -> Plan:
        signature = (pools, len(data), _plain(header.get("Type")), *[_plain(data.get(key)) for key in _SHAPE_KEYS])
        if self._plan is not None and self._signature == signature:
            return self._plan
        shape = self._shape_of(header, data, pools)
        if self._plan is None or shape != self._shape:
            self._plan = build(shape, self._profile.limits)
            self._shape = shape
        self._signature = signature
        return self._plan

    def _shape_of(self, header: Fields, data: Fields, pools: int) -> Shape:
        """The shape in this answer; what an earlier answer showed stays."""
        before = self._shape
        reported = text(header.get("Type"))
        if reported:
            self._model = self._profile.model(reported)
        model = self._model
        boards = board_indices(data, max(model.boards if model else 0, len(before.boards) if before else 0))
        coolant = self._coolants.get(reported.casefold()) or (before.coolant if before else None)
        liquid = "hyd" in reported.casefold() or (model is not None and model.cooling == "hydro")
        has_lists = has_sensor_lists(data) or not any(key.startswith("temp2_") for key in data)
        return Shape(
            model=model,
            boards=boards if data or before is None else before.boards,
            fans=fan_count(data, before.fans if before else 0),
            pools=max(pools, before.pools if before else 0),
            power_key=power_key(data) or (before.power_key if before else ""),
            legacy_temps=not has_lists if data or before is None else before.legacy_temps,
            coolant=coolant,
            apart=(liquid and coolant is None) or (before is not None and before.apart),
        )

    def _add_power(self, plan: Plan, data: Fields, values: list[float], state: DeviceState) -> None:
        """Append nominal rate, power and efficiency. A nameplate power stands in only while the miner hashes."""
        model = self._model
        nominal = number(data.get("total_rateideal")) * _rate_factor(data)
        if not nominal > 0:
            nominal = model.hashrate if model else math.nan
        values.append(nominal)
        key = self._shape.power_key if self._shape else ""
        power = number(data.get(key)) if key else math.nan
        rate = values[0]
        efficiency = power / rate if rate > 0 and power > 0 else math.nan
        if not key and model is not None and state is DeviceState.HASHING:
            power = model.power
        values += [power, efficiency]

    def _correct_unit(self, plan: Plan, values: list[float], quality: bytearray) -> None:
        """A rate far above the nominal one came in the wrong unit: take the plausible one, and say so."""
        nominal = values[plan.nominal_at]
        for at in (0, 1):
            if values[at] > PLAUSIBLE * nominal > 0:
                quality[at] = Quality.SUSPECT
                if values[at] / 1000 <= PLAUSIBLE * nominal:
                    values[at] /= 1000
                if at == 0 and math.isfinite(values[plan.nominal_at + 2]):
                    values[plan.nominal_at + 2] = values[plan.nominal_at + 1] / values[0]
                    quality[plan.nominal_at + 2] = Quality.SUSPECT

    def _mark_absent(
        self, plan: Plan, data: Fields, values: list[float], quality: bytearray, *, asked_pools: bool
    ) -> None:
        """Say why a value is missing where it is not simply absent from the answer."""
        if self._shape is not None and not self._shape.power_key:
            quality[plan.nominal_at + 2] = Quality.UNSUPPORTED
            if self._model is None:
                quality[plan.nominal_at + 1] = Quality.UNSUPPORTED
        if not asked_pools:
            for at in range(plan.pools_at, plan.pools_at + plan.pools):
                quality[at] = Quality.NOT_POLLED
        if any(values[at] > 0 for at in plan.chips_at):
            for at in plan.chips_at:
                if math.isnan(values[at]):
                    values[at], quality[at] = 0.0, Quality.SUSPECT


def _values(plan: Plan, summary: Fields, data: Fields) -> list[float]:
    """Everything up to the nominal rate, in the order of the layout."""
    values: list[float] = []
    for _, keys, factor in SUMMARY_KEYS:
        value = math.nan
        for key in keys:
            raw = summary.get(key)
            value = raw if type(raw) is float else number(raw if key in summary else data.get(key))
            if value == value:
                break
        values.append(value * factor)
    for key, factor in plan.data_keys:
        raw = data.get(key)
        values.append(raw * factor if type(raw) is float else number(raw) * factor)
    if plan.rate_at:
        rate = _rate_factor(data)
        for at in plan.rate_at:
            values[len(SUMMARY_KEYS) + at] *= rate
    values += [_temperature(reader, data) for reader in plan.temps]
    return values


def _temperature(reader: SensorReader, data: Fields) -> float:
    raw = data.get(reader.key)
    if not reader.positions:
        return hottest(raw)
    found = sensors(raw)
    chosen = [found[at] for at in reader.positions if at < len(found) and found[at] == found[at]]
    return max(chosen) if chosen else math.nan


def _rate_factor(data: Fields) -> float:
    unit = data.get("rate_unit")
    return RATE_UNITS.get(unit.strip().upper(), 1e-3) if isinstance(unit, str) else 1e-3


def _qualities(plan: Plan, values: list[float], repaired: bool) -> bytearray:
    """One code for each value: missing, outside what the profile allows, or good. Absurd values are dropped."""
    fine = Quality.PARTIAL if repaired else Quality.GOOD
    quality = bytearray([fine]) * len(values)
    for at, (value, low, high) in enumerate(zip(values, plan.lows, plan.highs, strict=True)):
        if low <= value <= high:
            continue
        if -ABSURD <= value <= ABSURD:
            quality[at] = Quality.SUSPECT
        else:
            values[at], quality[at] = math.nan, Quality.NOT_REPORTED
    return quality


def _state(summary: Fields, data: Fields, values: list[float]) -> DeviceState:
    """A miner asleep answers with empty lists; one that does not hash is starting or idle."""
    if not summary and not data:
        return DeviceState.ASLEEP
    rate = values[0]
    if rate > 0:
        return DeviceState.HASHING
    if math.isnan(rate):
        return DeviceState.UNKNOWN
    return DeviceState.BOOTING if values[_UPTIME] < BOOT_S else DeviceState.IDLE


def _pool_state(pools: object, at: int) -> float:
    if not isinstance(pools, list | tuple) or at >= len(pools):
        return math.nan
    status = pools[at].get("Status")
    return _POOL.get(status.strip().casefold(), _POOL_UNKNOWN) if isinstance(status, str) else _POOL_UNKNOWN


def _texts(header: Fields, pools: object, tier: Tier) -> Mapping[str, str]:
    """Pool and worker in use, as the device wrote them; only in a full poll."""
    texts = {"model": text(header.get("Type"))}
    if tier is Tier.FULL and isinstance(pools, list | tuple):
        used = next((pool for pool in pools if pool.get("Stratum Active") is True), NOTHING)
        texts |= {"pool": text(used.get("URL")), "worker": text(used.get("User"))}
    return {name: value for name, value in texts.items() if value}
