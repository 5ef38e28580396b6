"""The series of one Antminer, laid out once for its shape: how many boards, fans and pools it has and what it tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from drivers.core.miner_options import SENSORS, Sensor, SensorMap
from drivers.core.profile import Limits, Model
from drivers.core.reading import Layout, Signal, Source
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


class Thermometers(Enum):
    """How a firmware tells the temperatures of a board N."""

    LISTS = "temp_chipN, temp_pcbN, temp_picN"
    """Four sensors under each key."""
    ENDS = "temp_in_chip_N, temp_out_chip_N, temp_in_pcb_N, temp_out_pcb_N"
    """One value, or several, for each end of the board."""
    SINGLE = "temp2_N, tempN"
    """The hottest chip and the hottest board sensor."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides which series a miner has.

    Attributes:
        model: Nameplate; None when the model is not known.
        boards: The device's own index of every board slot.
        fans: The device's own number of every fan.
        pools: Number of configured pools.
        power_key: Key of a measured power; empty when the firmware reports none.
        frequency_key: Key of a board's frequency, without the board's index.
        thermometers: How its temperatures are told.
        sensors: Which sensors stand at inlet and outlet; None for a model that nobody has mapped.
        apart: Whether every sensor is a series of its own, because nobody knows which of them measures what.
        ambient: Whether it tells the temperature around it.
        faults: Whether it tells its faults.
    """

    model: Model | None
    boards: tuple[int, ...]
    fans: tuple[int, ...]
    pools: int
    power_key: str
    frequency_key: str
    thermometers: Thermometers
    sensors: SensorMap | None
    apart: bool
    ambient: bool
    faults: bool


@dataclass(frozen=True, slots=True)
class SensorReader:
    """Where the value of one temperature series stands.

    Attributes:
        key: Key in the `stats` data.
        positions: The sensors that are taken (the hottest of them); empty means all.
        other: A second key, all of whose sensors are taken too; empty means none.
    """

    key: str
    positions: tuple[int, ...] = ()
    other: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A layout and how its values are read, in the order of the layout.

    Attributes:
        layout: The series.
        data_keys: Key in the `stats` data and factor, for the series after those of `SUMMARY_KEYS`.
        rate_at: Which of `data_keys` are rates in the firmware's own unit.
        temps: Readers of the temperatures that follow.
        rates_at: Positions of the boards' rates in the layout.
        chips_at: Positions of the boards' chip counts in the layout.
        errors_at: Positions of the boards' hardware errors in the layout.
        nominal_at: Position of the nominal hashrate; power and efficiency follow it.
        faults_at: Position of the count of faults; -1 where there is none.
        pools_at: Position of the first pool.
        pools: Number of pools.
        lows: Smallest value allowed of each series.
        highs: Greatest value allowed of each series.
    """

    layout: Layout
    data_keys: tuple[tuple[str, float], ...]
    rate_at: frozenset[int]
    temps: tuple[SensorReader, ...]
    rates_at: tuple[int, ...]
    chips_at: tuple[int, ...]
    errors_at: tuple[int, ...]
    nominal_at: int
    faults_at: int
    pools_at: int
    pools: int
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
    signals = [Signal(point) for point, _, _ in SUMMARY_KEYS]
    data_keys: list[tuple[str, float]] = [("frequency", 1.0)]
    signals.append(Signal("frequency"))
    if shape.ambient:
        data_keys.append(("ambient_temp", 1.0))
        signals.append(Signal("ambient_temp", source=Source.AMBIENT))
    rate_at: set[int] = set()
    first_board = len(signals)
    for slot, index in enumerate(shape.boards, 1):
        rate_at.add(len(data_keys))
        data_keys += [(f"{key}{index}", 1.0) for key in ("chain_rate", "chain_acn", "chain_hw", shape.frequency_key)]
        signals += [Signal(point, str(slot)) for point in ("hashrate", "chips", "hw_errors", "frequency")]
    for fan in shape.fans:
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
    faults_at = len(signals) if shape.faults else -1
    if shape.faults:
        signals.append(Signal("faults"))
    pools_at = len(signals)
    signals += [Signal("pool_state", str(pool)) for pool in range(1, shape.pools + 1)]
    limits = dict(known_limits)
    bands = [limits.get(signal.point, Limits()) for signal in signals]
    of_boards = range(first_board, first_board + 4 * len(shape.boards), 4)
    return Plan(
        layout=Layout(tuple(signals)),
        data_keys=tuple(data_keys),
        rate_at=frozenset(rate_at),
        temps=tuple(temps),
        rates_at=tuple(of_boards),
        chips_at=tuple(at + 1 for at in of_boards),
        errors_at=tuple(at + 2 for at in of_boards),
        nominal_at=nominal_at,
        faults_at=faults_at,
        pools_at=pools_at,
        pools=shape.pools,
        lows=tuple(-ABSURD if band.range_low is None else band.range_low for band in bands),
        highs=tuple(ABSURD if band.range_high is None else band.range_high for band in bands),
    )


def _temperatures(shape: Shape, index: int, part: str) -> Sequence[tuple[Signal, SensorReader]]:
    """The temperature series of one board, each tagged with what it measures."""
    chip, board = Signal("chip_temp", part, Source.CHIP), Signal("board_temp", part, Source.PCB)
    if shape.thermometers is Thermometers.SINGLE:
        return (chip, SensorReader(f"temp2_{index}")), (board, SensorReader(f"temp{index}"))
    if shape.thermometers is Thermometers.ENDS:
        return (
            (chip, SensorReader(f"temp_in_chip_{index}", other=f"temp_out_chip_{index}")),
            (board, SensorReader(f"temp_in_pcb_{index}", other=f"temp_out_pcb_{index}")),
        )
    if shape.apart:
        return [
            (Signal(point, f"{part}.{at + 1}", source), SensorReader(f"{key}{index}", (at,)))
            for point, key, source in (("chip_temp", "temp_chip", Source.CHIP), ("board_temp", "temp_pcb", Source.PCB))
            for at in range(SENSORS)
        ]
    found = [
        (chip, _without(shape.sensors, "temp_chip", index)),
        (board, _without(shape.sensors, "temp_pcb", index)),
    ]
    if shape.sensors is not None:
        found += [
            (Signal("inlet_temp", part, Source.INLET), _reader(shape.sensors.inlet, index)),
            (Signal("outlet_temp", part, Source.OUTLET), _reader(shape.sensors.outlet, index)),
        ]
    return found


def _reader(sensor: Sensor, index: int) -> SensorReader:
    return SensorReader(f"{sensor.key}{index}", sensor.at)


def _without(sensors: SensorMap | None, key: str, index: int) -> SensorReader:
    """All sensors of a key except those that measure the coolant."""
    if sensors is None or not sensors.is_liquid:
        return SensorReader(f"{key}{index}")
    taken = {at for item in (sensors.inlet, sensors.outlet) if item.key == key for at in item.at}
    return SensorReader(f"{key}{index}", tuple(at for at in range(SENSORS) if at not in taken) if taken else ())


def thermometers_of(data: Fields) -> Thermometers:
    """How the temperatures are told in this answer; lists where it tells none at all."""
    if any(key.startswith("temp_chip") for key in data):
        return Thermometers.LISTS
    if any(key.startswith(("temp_in_", "temp_out_")) for key in data):
        return Thermometers.ENDS
    is_single = any(key.startswith("temp2_") or (key.startswith("temp") and key[4:].isdecimal()) for key in data)
    return Thermometers.SINGLE if is_single else Thermometers.LISTS
