"""What ePIC's firmware (PowerPlay, UMC OS) says on its REST pages.

Keys, units and states are those of the maker's OpenAPI document, version 1.30.0; an older firmware (1.5) was compared
by its recorded pages. A board's `Hashrate` is a list: MH/s, per cent of its target, per cent of errors.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.core.points import POINTS
from drivers.core.reading import DeviceState, Source
from drivers.miners.reply import (
    MAX_BOARDS,
    MAX_FANS,
    MAX_POOLS,
    NOTHING,
    Fields,
    inner,
    number,
    numbers,
    positive,
    rows,
    text,
)
from drivers.miners.reporter import Understood

MEGAHASH: Final = 1e-6
MOST_CHIPS: Final = 1024
"""Chips of one board; real ones have up to 200 or so."""
_STATES: Final = {
    "mining": DeviceState.HASHING,
    "adjustingclockvoltage": DeviceState.TUNING,
    "testing": DeviceState.TUNING,
    "initializing": DeviceState.BOOTING,
    "loading": DeviceState.BOOTING,
    "preinitcooldown": DeviceState.BOOTING,
    "rebooting": DeviceState.BOOTING,
    "softrebooting": DeviceState.BOOTING,
    "updatingfirmware": DeviceState.BOOTING,
    "stopping": DeviceState.IDLE,
    "idling": DeviceState.IDLE,
}
"""`Operating State`, in lower case."""
_MOST_PARTICULARS: Final = 8
_PROTECTIONS: Final = ("temp", "fan", "cutoffvoltage", "initializationshutdown")
"""Parts of the names of errors after which the firmware stops by itself (MinerError of the OpenAPI document)."""


@dataclass(frozen=True, slots=True)
class BoardPages:
    """The pages with a row for each board; empty where they were not read.

    Attributes:
        temps: `/temps`, the sensors of each board.
        chip_temps: `/temps/chip`, the chips of each board; all 0 where the boards have no such sensors.
        chip_rates: `/hashrate`, the chips of each board.
    """

    temps: Sequence[Fields] = ()
    chip_temps: Sequence[Fields] = ()
    chip_rates: Sequence[Fields] = ()


def understand(summary: Fields, capabilities: Fields, boards: BoardPages | None = None) -> Understood:
    """Read one poll.

    Args:
        summary: `/summary`.
        capabilities: `/capabilities`, of this poll or an earlier one; empty where it was never read.
        boards: The pages with a row for each board; None where only the summary was read.
    """
    found = Understood()
    _rates(found, summary, capabilities)
    _boards(found, summary, capabilities, boards or BoardPages())
    _power(found, summary)
    _fans(found, summary)
    _session(found, summary)
    _pools(found, summary)
    _names(found, summary, capabilities)
    _faults(found, summary)
    found.state = state_of(summary)
    return found


def slot(row: Fields) -> str:
    """The part of a board, from 1; empty for an index that cannot be."""
    index = number(row.get("Index"))
    return str(int(index) + 1) if 0 <= index < MAX_BOARDS else ""


def _rates(found: Understood, summary: Fields, capabilities: Fields) -> None:
    found_rates = [_first(board.get("Hashrate")) for board in rows(summary, "HBs")]
    real = [rate for rate in found_rates if rate == rate]
    found.put("hashrate", sum(real) * MEGAHASH if real else math.nan)
    found.put("hashrate_avg", number(inner(summary, "Session").get("Average MHs")) * MEGAHASH)
    found.put("hashrate_nominal", positive(capabilities.get("Default Hashrate")), source=Source.NAMEPLATE)


def _first(raw: object) -> float:
    values = numbers(raw)
    return values[0] if values else math.nan


def _boards(found: Understood, summary: Fields, capabilities: Fields, pages: BoardPages) -> None:
    sensor = text(inner(capabilities, "Temp Sensor Info").get("Type")).casefold()
    point, source = ("chip_temp", Source.CHIP) if sensor == "chip" else ("board_temp", Source.PCB)
    for row in pages.temps:
        _temperature(found, point, row, _values(row.get("Data")), source)
    for row in pages.chip_temps:
        _temperature(found, "chip_temp", row, _values(row.get("Data")), Source.CHIP)
    for row in pages.chip_rates:
        chips = row.get("Data")
        if slot(row) and isinstance(chips, list) and 0 < len(chips) <= MOST_CHIPS:
            found.put("chips", float(len(chips)), slot(row))
    for status in rows(summary, "HBStatus"):
        part = slot(status)
        if part and status.get("Detected") is False:
            found.put("chips", 0.0, part)
    for board in rows(summary, "HBs"):
        part = slot(board)
        if not part:
            continue
        found.put("hashrate", _first(board.get("Hashrate")) * MEGAHASH, part)
        found.put("frequency", number(board.get("Core Clock Avg")), part)
        found.put("voltage", positive(board.get("Input Voltage")), part)
        _temperature(found, point, board, (number(board.get("Temperature")),), source)


def _values(raw: object) -> Sequence[float]:
    """The numbers of a list with an entry for each sensor or chip; one number counts as a list of one."""
    return [number(item) for item in raw[:MOST_CHIPS]] if isinstance(raw, list) else (number(raw),)


def _temperature(found: Understood, point: str, row: Fields, values: Sequence[float], source: Source) -> None:
    """The hottest sensor; the firmware writes 0 for one that is not there."""
    real = [value for value in values if value > 0]
    part = slot(row)
    if part and real:
        found.put(point, max(real), part, source)


def _power(found: Understood, summary: Fields) -> None:
    supply = inner(summary, "Power Supply Stats")
    power = positive(supply.get("Input Power"))
    if power == power:  # where the supply cannot measure it, the nameplate stands in
        found.put("power", power)
    found.put("voltage", positive(supply.get("Output Voltage")))
    found.put("power_limit", power_target(summary))


def tuning(summary: Fields) -> tuple[str, Fields]:
    """The tuning algorithm that runs and its settings; an empty name where none runs."""
    tune = inner(summary, "PerpetualTune")
    algorithms = inner(tune, "Algorithm")
    if tune.get("Running") is not True:
        return "", NOTHING
    name = next((name for name in algorithms if isinstance(algorithms[name], dict)), "")
    return text(name), inner(algorithms, name) if name else NOTHING


def power_target(summary: Fields) -> float:
    """The watts that the tuning algorithm holds; NaN where it holds a rate, or none runs."""
    _name, settings = tuning(summary)
    if text(settings.get("Unit")).casefold() not in {"w", "watt", "watts"}:
        return math.nan
    throttled = [number(settings.get(key)) for key in ("Throttle Target", "Error Throttle Target")]
    real = [value for value in throttled if value > 0]
    return min(real) if real else number(settings.get("Target"))


def _fans(found: Understood, summary: Fields) -> None:
    """`null` is a socket without a fan, 0 a fan that stands still."""
    for name, raw in list(inner(summary, "Fans Rpm").items())[: 4 * MAX_FANS]:
        index = number(text(name).rpartition(" ")[2])
        if raw is not None and 1 <= index <= MAX_FANS:
            found.put("fan_speed", number(raw), str(int(index)))


def _session(found: Understood, summary: Fields) -> None:
    session = inner(summary, "Session")
    found.put("accepted", number(session.get("Accepted")))
    found.put("rejected", number(session.get("Rejected")))
    found.put("uptime", number(session.get("Uptime")))


def _pools(found: Understood, summary: Fields) -> None:
    """Whether a pool answers is told of the one in use only; of the others it is unknown."""
    stratum = inner(summary, "Stratum")
    used = number(stratum.get("Config Id"))
    for at, _config in enumerate(rows(summary, "StratumConfigs")[:MAX_POOLS]):
        state = "unknown"
        if at == used and isinstance(stratum.get("IsPoolConnected"), bool):
            state = "alive" if stratum["IsPoolConnected"] else "dead"
        found.put("pool_state", POINTS["pool_state"].code(state), str(at + 1))
    found.tell("pool", text(stratum.get("Current Pool")))
    found.tell("worker", text(stratum.get("Current User")))


def _names(found: Understood, summary: Fields, capabilities: Fields) -> None:
    found.tell("model", text(capabilities.get("Model")))
    found.tell("firmware", text(summary.get("Software")))
    found.tell("hostname", text(summary.get("Hostname")))
    found.tell("serial", serial_of(capabilities))
    for part, serial in board_serials(summary, capabilities):
        found.tell(f"serial.{part}", serial)
    disabled = [slot(row) for row in rows(summary, "HBStatus") if row.get("Enabled") is False]
    found.tell("disabled_boards", ", ".join(part for part in disabled if part))
    name, settings = tuning(summary)
    target = number(settings.get("Target"))
    if name:
        unit = text(settings.get("Unit"))
        found.tell("power_mode", f"{name} {target:g} {unit}".strip() if target == target else name)


def serial_of(capabilities: Fields) -> str:
    """The miner's own serial number, else that of its control board."""
    board = inner(capabilities, "Control Board Version")
    return text(capabilities.get("Miner Serial Number")) or text(board.get("cpuSerial"))


def board_serials(summary: Fields, capabilities: Fields) -> Sequence[tuple[str, str]]:
    """Part and serial of each board, where it is certain which serial is whose.

    The list has no index: as long as the slots, it follows them; as long as the enabled boards, those.
    """
    raw = capabilities.get("Board Serial Numbers")
    serials = [text(item) for item in raw[:MAX_BOARDS]] if isinstance(raw, list) else []
    slots = [row for row in rows(summary, "HBStatus") if slot(row)]
    enabled = [row for row in slots if row.get("Enabled") is True]
    owners = next((owners for owners in (slots, enabled) if len(owners) == len(serials)), ())
    return [(slot(row), serial) for row, serial in zip(owners, serials, strict=False) if serial]


def _faults(found: Understood, summary: Fields) -> None:
    faults = [error_text(inner(summary, "Status").get("Last Error")), error_text(summary.get("Last License Error"))]
    faults = [fault for fault in faults if fault]
    found.put("faults", float(len(faults)))
    found.tell("faults", "; ".join(faults))


def error_text(raw: object) -> str:
    """An error: a name, or an object of one name and its particulars."""
    if isinstance(raw, dict) and raw:
        name, particulars = next(iter(raw.items()))
        listed = particulars[:_MOST_PARTICULARS] if isinstance(particulars, list) else [particulars]
        shown = [text(str(item)) for item in listed if isinstance(item, str | int | float)]
        return text(f"{name} {', '.join(shown)}")
    return text(raw)


def state_of(summary: Fields) -> DeviceState:
    """What the firmware says it does; idling after a stop is sleep, idling after a protection is a stop."""
    status = inner(summary, "Status")
    state = _STATES.get(text(status.get("Operating State")).casefold(), DeviceState.UNKNOWN)
    if text(status.get("Operating State")).casefold() != "idling":
        return state
    error = error_text(status.get("Last Error")).casefold()
    if any(word in error for word in _PROTECTIONS):
        return DeviceState.STOPPED
    return DeviceState.ASLEEP if "stop" in text(status.get("Last Command")).casefold() else state
