"""Turns the pages of VNish's web interface into reports. Pure: no socket, no clock.

Fields as in the firmware's own OpenAPI documents (1.2.6 to 1.3.4). Rates are in the unit that `hr_measure` names (GH/s
for SHA-256), except `instant_hashrate` and `average_hashrate`, which are a thousand times greater units.
"""

import math
import re
from collections.abc import Sequence
from typing import Final

from drivers.core.device import Tier
from drivers.core.profile import Profile
from drivers.core.reading import DeviceState, Report, Source
from drivers.miners.antminer.fields import mines_another_algorithm
from drivers.miners.board_slots import board_numbers
from drivers.miners.pool_list import ListedPool, names_a_fee, put_pools
from drivers.miners.reply import MAX_BOARDS, MAX_FANS, Fields, first_told, inner, number, rows, sum_told, text
from drivers.miners.reporter import Reporter, Understood
from drivers.miners.web_pages import Pages

BASE: Final = "/api/v1"
SUMMARY: Final = f"{BASE}/summary"
INFO: Final = f"{BASE}/info"
STATUS: Final = f"{BASE}/status"
PERFORMANCE: Final = f"{BASE}/perf-summary"
FACTORY: Final = f"{BASE}/chains/factory-info"

_STATES: Final = {
    "mining": DeviceState.HASHING,
    "auto-tuning": DeviceState.TUNING,
    "tuning": DeviceState.TUNING,
    "initializing": DeviceState.BOOTING,
    "starting": DeviceState.BOOTING,
    "restarting": DeviceState.BOOTING,
    "shutting-down": DeviceState.IDLE,
    "stopped": DeviceState.ASLEEP,
    "paused": DeviceState.ASLEEP,
    "failure": DeviceState.STOPPED,
}
_MEASURES: Final = {"KH/S": 1e-9, "MH/S": 1e-6, "GH/S": 1e-3, "TH/S": 1.0}
"""Factor to TH/s by `hr_measure`."""
_GRADES: Final = ("red", "orange", "grey")
"""Of a chip, by its share of the rate; the document names no others."""
_ABSENT: Final = frozenset({"disconnected", "disabled"})
"""States of a board that has no chips to show."""
_LEAST_MILLIVOLTS: Final = 100.0
"""A board's voltage above this is in mV."""
_SPAN: Final = re.compile(r"(?:(\d{1,5}) days?,?\s*)?(?:(\d{1,4}):(\d\d)(?::(\d\d))?|(\d{1,4}) min\w*)?")
_WATTS: Final = re.compile(r"(\d{3,5})\s*w", re.IGNORECASE)


class VnishParser:
    """Reads the pages of one miner. Keeps the unit of its rates, which only a full poll tells."""

    def __init__(self, profile: Profile) -> None:
        self._reporter = Reporter(profile)
        self._factor = _MEASURES["GH/S"]

    def report(self, pages: Pages, tier: Tier) -> Report:
        """The report of one poll; `pages` holds at least the summary."""
        understood = Understood(repaired=pages.repaired)
        info = pages.page(INFO)
        self._factor = _MEASURES.get(text(info.get("hr_measure")).upper(), self._factor)
        miner = inner(pages.page(SUMMARY), "miner")
        _take_model(understood, miner, info)
        _take_rates(understood, miner, self._factor)
        _take_power(understood, miner)
        _take_boards(understood, _boards_of(miner), self._factor)
        _take_fans(understood, miner)
        if tier is Tier.FULL:
            understood.put("uptime", seconds_of(inner(info, "system").get("uptime")))
            _take_preset(understood, inner(pages.page(PERFORMANCE), "current_preset"))
            _take_serials(understood, info, pages.page(FACTORY))
        _take_pools(understood, rows(miner, "pools"))
        _take_faults(understood, miner)
        understood.state = _state(understood, inner(miner, "miner_status") or pages.page(STATUS))
        return self._reporter.report(understood, tier, pages.asked, pages.answered)


def model_of(raw: object) -> str:
    """The model's name without the firmware's behind it: `Antminer S21 Pro (Vnish 1.2.7)`."""
    return text(raw).partition("(")[0].strip()


def mines_sha256(info: Fields) -> bool:
    """Whether the pages are those of a SHA-256 miner, by the algorithm that newer firmware names, else by the model."""
    algorithm = text(info.get("algorithm")).casefold()
    return algorithm.startswith("sha256") if algorithm else not mines_another_algorithm(model_of(info.get("miner")))


def firmware_of(info: Fields) -> str:
    """Name and version of the firmware; empty where it is not told."""
    name, version = text(info.get("fw_name")), text(info.get("fw_version"))
    return f"{name or 'VNish'} {version}".strip() if version or name else ""


def serial_of(info: Fields) -> str:
    """The miner's serial; the firmware writes `N/A` where it does not know it."""
    serial = text(info.get("serial"))
    return "" if serial.upper() in {"N/A", "NA", "NONE", "UNKNOWN"} else serial


def seconds_of(raw: object) -> float:
    """An uptime as the firmware writes it (`1:55` is hours and minutes, `2 days, 3:04`, `7 min`), s; NaN for none."""
    written = text(raw)
    match = _SPAN.fullmatch(written)
    if not written or match is None:
        return math.nan if written and not written.isdecimal() else number(raw)
    days, hours, minutes, seconds, alone = (int(group or 0) for group in match.groups())
    return float(86_400 * days + 3_600 * hours + 60 * (minutes + alone) + seconds)


def watts_of(preset: Fields) -> float:
    """Watts that a preset holds, from its name (`2800`) or its description (`2800 watt ~ 188 TH`); NaN for none."""
    found = _WATTS.search(text(preset.get("pretty")))
    watts = number(preset.get("name")) if found is None else float(found[1])
    return watts if watts > 0 else math.nan


def preset_name(raw: object) -> str:
    """The name of a preset, which some firmware writes as a number."""
    return text(raw) or ("" if math.isnan(number(raw)) else f"{number(raw):g}")


def is_fee(pool: Fields) -> bool:
    """Whether a pool is not the owner's: the developer's fee or its refund."""
    kind = text(pool.get("pool_type"))
    if kind:
        return kind.casefold() not in {"userpool", "user"}
    return names_a_fee(text(pool.get("url")), text(pool.get("user")))


def _take_model(understood: Understood, miner: Fields, info: Fields) -> None:
    understood.tell("model", model_of(info.get("miner")) or model_of(miner.get("miner_type")))
    understood.tell("firmware", firmware_of(info))
    understood.tell("mac", text(inner(info, "system", "network_status").get("mac")).lower())


def _rate(raw: object, factor: float) -> float:
    value = number(raw)
    return value * factor if value >= 0 else math.nan


def _take_rates(understood: Understood, miner: Fields, factor: float) -> None:
    greater = factor * 1e3
    now, mean = miner.get("instant_hashrate"), miner.get("average_hashrate")
    understood.put("hashrate", first_told(_rate(miner.get("hr_realtime"), factor), _rate(now, greater)))
    understood.put("hashrate_avg", first_told(_rate(miner.get("hr_average"), factor), _rate(mean, greater)))
    nominal, stock = _rate(miner.get("hr_nominal"), factor), _rate(miner.get("hr_stock"), factor)
    if nominal > 0:
        understood.put("hashrate_nominal", nominal, source=Source.ESTIMATED)
    elif stock > 0:
        understood.put("hashrate_nominal", stock, source=Source.NAMEPLATE)
    understood.put("hw_errors", number(miner.get("hw_errors")))


def _take_power(understood: Understood, miner: Fields) -> None:
    """Measured only where the firmware says that the power supply meters it; else it is the firmware's model."""
    power = _watts(miner)
    if math.isnan(power):
        power = math.fsum(_watts(board) for board in _boards_of(miner)) if _boards_of(miner) else math.nan
    is_metered = inner(miner, "psu").get("psu_power_metering") is True
    understood.put("power", power, source=Source.MEASURED if is_metered else Source.ESTIMATED)


def _watts(row: Fields) -> float:
    """Of the miner or of one board: `power_usage` is the older name."""
    return first_told(number(row.get("power_consumption")), number(row.get("power_usage")))


def _boards_of(miner: Fields) -> Sequence[Fields]:
    return (rows(miner, "chains") or rows(miner, "boards"))[:MAX_BOARDS]


def _take_boards(understood: Understood, boards: Sequence[Fields], factor: float) -> None:
    for board, part in zip(boards, board_numbers([board.get("id") for board in boards]), strict=True):
        real = first_told(_rate(board.get("hashrate_rt"), factor), _rate(board.get("hr_realtime"), factor))
        understood.put("hashrate", real, part)
        understood.put("chips", _chips(board), part)
        understood.put("hw_errors", number(board.get("hw_errors")), part)
        understood.put("frequency", first_told(number(board.get("frequency")), number(board.get("freq"))), part)
        volts = number(board.get("voltage"))
        understood.put("voltage", volts / 1e3 if volts > _LEAST_MILLIVOLTS else volts, part)
        understood.put("chip_temp", _hottest(board, "chip_temp"), part, Source.CHIP)
        understood.put("board_temp", _hottest(board, "pcb_temp"), part, Source.PCB)
        for point, key in (("inlet_temp", "inlet_water_temp"), ("outlet_temp", "outlet_water_temp")):
            if not math.isnan(number(board.get(key))):
                understood.put(point, number(board.get(key)), part, Source.COOLANT)


def _chips(board: Fields) -> float:
    """Chips found: those with a grade. None has one before the board was started, which is not the same as no chips."""
    statuses = inner(board, "chip_statuses")
    found = sum(value for grade in _GRADES if (value := number(statuses.get(grade))) > 0)
    if found > 0:
        return found
    return 0.0 if text(inner(board, "status").get("state")).casefold() in _ABSENT else math.nan


def _hottest(board: Fields, key: str) -> float:
    """The greatest of a range, degC; NaN where both ends are 0, which is written for a board that does not answer.

    Firmware before 1.2.0 lists the sensors instead, each with its status (`chip_temp_sens`); one that fails still shows
    a number.
    """
    raw = board.get(key)
    value = number(raw.get("max")) if isinstance(raw, dict) else number(raw)
    if not math.isnan(value):
        return value or math.nan
    sensors = [sensor for sensor in rows(board, f"{key}_sens") if text(sensor.get("status")).casefold() == "measure"]
    return max((found for sensor in sensors if (found := number(sensor.get("temp"))) == found), default=math.nan)


def _take_fans(understood: Understood, miner: Fields) -> None:
    cooling = inner(miner, "cooling")
    mode = text(inner(cooling, "settings", "mode").get("name"))
    understood.tell("fan_mode", mode)
    if mode.casefold().startswith("immers"):
        return
    for at, fan in enumerate(rows(cooling, "fans")[:MAX_FANS], 1):
        understood.put("fan_speed", number(fan.get("rpm")), str(at))


def _take_preset(understood: Understood, preset: Fields) -> None:
    name = preset_name(preset.get("name"))
    understood.tell("power_mode", text(preset.get("pretty")) or name)
    understood.put("power_limit", math.nan if name.casefold() == "disabled" else watts_of(preset))


def _take_serials(understood: Understood, info: Fields, factory: Fields) -> None:
    understood.tell("serial", serial_of(info))
    understood.tell("serial.psu", text(factory.get("psu_serial")))
    boards = (rows(factory, "chains") or rows(factory, "boards"))[:MAX_BOARDS]
    for board, part in zip(boards, board_numbers([board.get("id") for board in boards]), strict=True):
        understood.tell(f"serial.{part}", text(board.get("serial")))


def _take_pools(understood: Understood, pools: Sequence[Fields]) -> None:
    """The owner's pools; the shares are those of them together, without the developer's fee."""
    told = [pool for pool in pools if text(pool.get("url")) or is_fee(pool)]
    put_pools(understood, [_listed(pool) for pool in told])
    own = [pool for pool in told if not is_fee(pool)]
    for name in ("accepted", "rejected", "stale"):
        understood.put(name, sum_told(number(pool.get(name)) for pool in own))


def _listed(pool: Fields) -> ListedPool:
    state = text(pool.get("status"))
    in_use = True if state.casefold() == "active" else None
    return ListedPool(text(pool.get("url")), text(pool.get("user")), state, in_use=in_use, is_fee=is_fee(pool))


def _take_faults(understood: Understood, miner: Fields) -> None:
    """What the firmware itself calls a failure: of the miner, of a board, of a fan that it has lost."""
    if not miner:
        return
    faults: list[str] = []
    status = inner(miner, "miner_status")
    if text(status.get("miner_state")).casefold() == "failure":
        code = number(status.get("failure_code"))
        shown = text(status.get("description")) or "failure"
        faults.append(shown if math.isnan(code) else f"{code:g}: {shown}")
    boards = _boards_of(miner)
    for board, part in zip(boards, board_numbers([board.get("id") for board in boards]), strict=True):
        state = text(inner(board, "status").get("state")).casefold()
        if state in {"failure", "disconnected"}:
            said = text(inner(board, "status").get("description")) or state
            faults.append(f"board {part}: {said}")
    if not understood.texts.get("fan_mode", "").casefold().startswith("immers"):
        lost = [at for at, fan in enumerate(rows(inner(miner, "cooling"), "fans")[:MAX_FANS], 1) if _is_lost(fan)]
        faults += [f"fan {at} is lost" for at in lost]
    understood.put("faults", float(len(faults)))
    understood.tell("faults", "; ".join(faults))


def _is_lost(fan: Fields) -> bool:
    return text(fan.get("status")).casefold() == "lost"


def _state(understood: Understood, status: Fields) -> DeviceState:
    """The firmware's own word; a miner that means to mine and hashes nothing is idle."""
    word = text(status.get("miner_state")).casefold().replace("_", "-")
    state = _STATES.get(word, DeviceState.UNKNOWN)
    is_still = understood.value("hashrate") == 0
    return DeviceState.IDLE if state is DeviceState.HASHING and is_still else state
