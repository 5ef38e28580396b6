"""The series of one Antminer, laid out once for its shape: how many boards, fans and pools it has and what it tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from drivers.core.profile import Limits, Model
from drivers.core.reading import Layout, Signal, Source
from drivers.core.sensor_map import Sensor, SensorMap
from drivers.miners.reply import ABSURD, Fields

SUMMARY_KEYS = (
    ("hashrate", ("GHS 5s", "GHS av"), 1e-3),
    ("hashrate_avg", ("GHS av", "GHS 30m"), 1e-3),
    ("hw_errors", ("Hardware Errors",), 1.0),
    ("accepted", ("Accepted",), 1.0),
    ("rejected", ("Rejected",), 1.0),
    ("stale", ("Stale",), 1.0),
    ("uptime", ("Elapsed",), 1.0),
)
"""Point, keys in the order of preference, factor to the point's unit. Both answers are searched, `summary` first."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides which series a miner has.

    Attributes:
        model: Nameplate; None when the model is not known.
        boards: The device's own index of every board slot.
        fans: Number of fan slots.
        pools: Number of configured pools.
        power_key: Key of a measured power; empty when the firmware reports none.
        legacy_temps: Whether chip and board temperatures come as `temp2_N` and `tempN`.
        coolant: Which sensors measure the coolant; None for air, and for a liquid-cooled model nobody has mapped.
        apart: Whether every sensor is a series of its own, because nobody knows which of them measures what.
    """

    model: Model | None
    boards: tuple[int, ...]
    fans: int
    pools: int
    power_key: str
    legacy_temps: bool
    coolant: SensorMap | None
    apart: bool


@dataclass(frozen=True, slots=True)
class SensorReader:
    """Where the value of one temperature series stands.

    Attributes:
        key: Key in the `stats` data.
        positions: The sensors that are taken (the hottest of them); empty means all.
    """

    key: str
    positions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A layout and how its values are read, in the order of the layout.

    Attributes:
        layout: The series.
        data_keys: Key in the `stats` data and factor, for the series after those of `SUMMARY_KEYS`.
        rate_at: Which of `data_keys` are rates in the firmware's own unit.
        temps: Readers of the temperatures that follow.
        chips_at: Positions of the boards' chip counts in the layout.
        pools_at: Position of the first pool.
        pools: Number of pools.
        nominal_at: Position of the nominal hashrate; power and efficiency follow it.
        lows: Smallest value allowed of each series.
        highs: Greatest value allowed of each series.
    """

    layout: Layout
    data_keys: tuple[tuple[str, float], ...]
    rate_at: frozenset[int]
    temps: tuple[SensorReader, ...]
    chips_at: tuple[int, ...]
    pools_at: int
    pools: int
    nominal_at: int
    lows: tuple[float, ...]
    highs: tuple[float, ...]


def build(shape: Shape, limits: Mapping[str, Limits]) -> Plan:
    """Lay out the series of a miner of that shape.

    Miners of one shape share one plan: 30,000 miners with a plan each are millions of objects, and every full
    garbage collection stops the collector's loop for as long as it takes to look at them all.
    """
    return _shared(shape, tuple(sorted(limits.items())))


@lru_cache(maxsize=512)
def _shared(shape: Shape, known_limits: tuple[tuple[str, Limits], ...]) -> Plan:
    limits = dict(known_limits)
    signals = [Signal(point) for point, _, _ in SUMMARY_KEYS]
    data_keys: list[tuple[str, float]] = [("frequency", 1.0)]
    signals.append(Signal("frequency"))
    rate_at: set[int] = set()
    chips_at: list[int] = []
    for slot, index in enumerate(shape.boards, 1):
        part = str(slot)
        rate_at.add(len(data_keys))
        chips_at.append(len(signals) + 1)
        data_keys += [
            (f"chain_rate{index}", 1.0),
            (f"chain_acn{index}", 1.0),
            (f"chain_hw{index}", 1.0),
            (f"freq{index}", 1.0),
        ]
        signals += [Signal(point, part) for point in ("hashrate", "chips", "hw_errors", "frequency")]
    for fan in range(1, shape.fans + 1):
        data_keys.append((f"fan{fan}", 1.0))
        signals.append(Signal("fan_speed", str(fan)))
    temps: list[SensorReader] = []
    for slot, index in enumerate(shape.boards, 1):
        for signal, reader in _temperatures(shape, index, str(slot)):
            signals.append(signal)
            temps.append(reader)
    nominal_at = len(signals)
    signals.append(Signal("hashrate_nominal", source=Source.NAMEPLATE))
    signals.append(Signal("power", source=Source.MEASURED if shape.power_key else Source.NAMEPLATE))
    signals.append(Signal("efficiency", source=Source.MEASURED))
    pools_at = len(signals)
    signals += [Signal("pool_state", str(pool)) for pool in range(1, shape.pools + 1)]
    bands = [limits.get(signal.point, Limits()) for signal in signals]
    return Plan(
        layout=Layout(tuple(signals)),
        data_keys=tuple(data_keys),
        rate_at=frozenset(rate_at),
        temps=tuple(temps),
        chips_at=tuple(chips_at),
        pools_at=pools_at,
        pools=shape.pools,
        nominal_at=nominal_at,
        lows=tuple(-ABSURD if band.range_low is None else band.range_low for band in bands),
        highs=tuple(ABSURD if band.range_high is None else band.range_high for band in bands),
    )


def _temperatures(shape: Shape, index: int, part: str) -> Sequence[tuple[Signal, SensorReader]]:
    """The temperature series of one board, each tagged with what it measures."""
    if shape.legacy_temps:
        return (
            (Signal("chip_temp", part, Source.CHIP), SensorReader(f"temp2_{index}")),
            (Signal("board_temp", part, Source.PCB), SensorReader(f"temp{index}")),
        )
    if shape.apart:
        return [
            (Signal(point, f"{part}.{at + 1}", source), SensorReader(f"{key}{index}", (at,)))
            for point, key, source in (("chip_temp", "temp_chip", Source.CHIP), ("board_temp", "temp_pcb", Source.PCB))
            for at in range(4)
        ]
    found = [
        (Signal("chip_temp", part, Source.CHIP), _without(shape.coolant, "temp_chip", index)),
        (Signal("board_temp", part, Source.PCB), _without(shape.coolant, "temp_pcb", index)),
    ]
    if shape.coolant is not None:
        found += [
            (Signal("inlet_temp", part, Source.INLET), _single(shape.coolant.inlet, index)),
            (Signal("outlet_temp", part, Source.OUTLET), _single(shape.coolant.outlet, index)),
        ]
    return found


def _single(sensor: Sensor, index: int) -> SensorReader:
    return SensorReader(f"{sensor.key}{index}", (sensor.at,))


def _without(coolant: SensorMap | None, key: str, index: int) -> SensorReader:
    """All sensors of a key except those that measure the coolant."""
    taken = () if coolant is None else {item.at for item in (coolant.inlet, coolant.outlet) if item.key == key}
    return SensorReader(f"{key}{index}", tuple(at for at in range(4) if at not in taken) if taken else ())


def has_sensor_lists(data: Fields) -> bool:
    """Whether the firmware reports four sensors for each board rather than one value."""
    return any(key.startswith("temp_chip") for key in data)
