"""What MARA's firmware (KAONSU) says on its pages under `/kaonsu/v1`.

No document of the maker is public; keys and units are those that two open source readers use (pyasic's
web/marathon.py and asic-rs's marathon backend), and those of public captures of release 3.14, which name their unit
(`hashrate_unit`) and the source of their power (`power_source`). Where no unit is named the readers differ on that of
`hashrate_realtime` (TH/s, GH/s), so it is told by comparison: see `_realtime`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.core.reading import DeviceState, Source
from drivers.miners.antminer.shapes import RATE_UNITS
from drivers.miners.pool_list import ListedPool, names_a_fee, put_pools
from drivers.miners.reply import (
    MAX_BOARDS,
    MAX_FANS,
    NOTHING,
    Fields,
    inner,
    max_told,
    number,
    numbers,
    rows,
    sum_told,
    text,
)
from drivers.miners.reporter import Understood

GIGAHASH: Final = 1e-3
_LARGEST_TERAHASH: Final = 2000.0
"""A miner's rate above this is in GH/s: no miner reaches 2,000 TH/s, none that hashes stays below 2 TH/s."""
_FINE: Final = frozenset({"fully functional", "functional", "healthy", "normal", "ok", "good"})
_WORDS: Final = (
    ("mining", DeviceState.HASHING),
    ("hashing", DeviceState.HASHING),
    ("sleep", DeviceState.ASLEEP),
    ("tun", DeviceState.TUNING),
    ("calibrat", DeviceState.TUNING),
    ("protect", DeviceState.STOPPED),
    ("overheat", DeviceState.STOPPED),
    ("error", DeviceState.STOPPED),
    ("init", DeviceState.BOOTING),
    ("boot", DeviceState.BOOTING),
    ("start", DeviceState.BOOTING),
    ("warm", DeviceState.BOOTING),
    ("idle", DeviceState.IDLE),
    ("stop", DeviceState.IDLE),
    ("pause", DeviceState.IDLE),
)
"""Parts of the word in `status`; only `Mining` is known from elsewhere, so the others are read by what they say."""


def understand(pages: Mapping[str, Fields], pools: Sequence[Fields] = ()) -> Understood:
    """Read one poll.

    Args:
        pages: Pages by name: `brief`, `hashboards`, `fans`, `overview`, `details`, `miner_config`.
        pools: The list of the page `pools`.
    """
    found = Understood()
    _boards(found, pages)
    _rates(found, pages)
    _power(found, pages)
    for part, fan in enumerate(rows(pages.get("fans", NOTHING), "fans")[:MAX_FANS], 1):
        found.put("fan_speed", number(fan.get("current_speed", fan.get("rpm"))), str(part))
    found.put("uptime", number(pages.get("brief", NOTHING).get("elapsed")))
    _pools(found, pools)
    _names(found, pages)
    _faults(found, pages)
    found.state = state_of(pages)
    return found


def _part(board: Fields, at: int) -> str:
    """Boards count from 0; one without an index stands where it is listed."""
    raw = board.get("index", board.get("id"))
    index = at if raw is None else number(raw)
    return str(int(index) + 1) if 0 <= index < MAX_BOARDS else ""


def _boards(found: Understood, pages: Mapping[str, Fields]) -> None:
    """The list of boards; what it leaves out (clock, voltage) is on the page of details."""
    factor = named_factor(pages) or GIGAHASH
    for key, page in (("hashboard_infos", "details"), ("hashboards", "hashboards")):
        for at, board in enumerate(rows(pages.get(page, NOTHING), key)[:MAX_BOARDS]):
            part = _part(board, at)
            if part:
                _board(found, board, part, factor)


def named_factor(pages: Mapping[str, Fields]) -> float:
    """What brings a rate to TH/s by the unit that the firmware names; 0 where it names none that is known."""
    return RATE_UNITS.get(text(pages.get("brief", NOTHING).get("hashrate_unit")).upper(), 0.0)


def _board(found: Understood, board: Fields, part: str, factor: float) -> None:
    told = (number(board.get(key)) for key in ("hashrate_realtime_10m", "hashrate_average", "hashrate_avg"))
    rate = next((value for value in told if value == value), math.nan) * factor
    clock = number(board.get("frequency_average", board.get("frequency_avg")))
    if board.get("present") is False:  # the slot is told of, with 0 for everything that a board would tell
        rate = clock = math.nan
    for point, value, source in (
        ("hashrate", rate, Source.MEASURED),
        ("chip_temp", _hottest(board.get("temperature_chip")), Source.CHIP),
        ("board_temp", _hottest(board.get("temperature_pcb")), Source.PCB),
        ("chips", number(board.get("asic_num")), Source.MEASURED),
        ("frequency", clock, Source.MEASURED),
        ("voltage", number(board.get("voltage")), Source.MEASURED),
        ("hw_errors", number(board.get("hw_errors", board.get("hardware_errors"))), Source.MEASURED),
    ):
        if value == value:
            found.put(point, value, part, source)
    found.tell(f"serial.{part}", text(board.get("serial_number")))


def _hottest(raw: object) -> float:
    """The hottest of a board's sensors; 0 stands for one that is not there."""
    return max_told(value for value in numbers(raw) if value != 0)


def _rates(found: Understood, pages: Mapping[str, Fields]) -> None:
    brief = pages.get("brief", NOTHING)
    factor = named_factor(pages)
    now, mean, ideal = (number(brief.get(f"hashrate_{name}")) for name in ("realtime", "average", "ideal"))
    if now != now:
        now = number(brief.get("hashrate_realtime_10m"))
    if factor:
        now, mean, ideal = now * factor, mean * factor, ideal * factor
    else:
        ideal = _by_size(ideal)
        boards = [value for signal, value in found.readings.items() if signal.point == "hashrate" and signal.part]
        now, mean = (_realtime(value, sum(boards) or ideal) for value in (now, mean))
    found.put("hashrate", now)
    found.put("hashrate_avg", mean)
    if ideal > 0:
        found.put("hashrate_nominal", ideal, source=Source.ESTIMATED)
        return
    sold = next((rate for key in ("sales", "stock") if (rate := number(brief.get(f"hashrate_{key}"))) > 0), math.nan)
    found.put("hashrate_nominal", sold * factor if factor else _by_size(sold), source=Source.NAMEPLATE)


def _by_size(value: float) -> float:
    return value * GIGAHASH if value > _LARGEST_TERAHASH else value


def _realtime(value: float, reference: float) -> float:
    """The rate in TH/s: of the two readings of the number, the one that lies nearer to what boards or ideal say."""
    if not value > 0 or not reference > 0:
        return _by_size(value)
    return min((value, value * GIGAHASH), key=lambda rate: abs(math.log(rate / reference)))


def _power(found: Understood, pages: Mapping[str, Fields]) -> None:
    """An estimate, whatever its name, unless the firmware says that the power supply tells it."""
    brief = pages.get("brief", NOTHING)
    power = number(brief.get("power_consumption_estimated"))
    if power == power:
        is_metered = text(brief.get("power_source")).upper() == "PSU"
        found.put("power", power, source=Source.MEASURED if is_metered else Source.ESTIMATED)
    if "miner_config" in pages:
        found.put("power_limit", power_target(pages["miner_config"]))


def power_target(config: Fields) -> float:
    """The watts that the firmware holds; NaN while it does not hold watts."""
    tuner = inner(config, "mode", "concorde")
    holds = work_mode(config).casefold() == "auto" and text(tuner.get("mode-select")).casefold() == "powertarget"
    return number(tuner.get("power-target")) if holds else math.nan


def work_mode(config: Fields) -> str:
    """Auto, Fixed, Stock or Sleep, as the configuration writes it."""
    return text(inner(config, "mode").get("work-mode-selector"))


def _pools(found: Understood, pools: Sequence[Fields]) -> None:
    if not pools:
        return
    put_pools(found, [_listed(pool) for pool in pools])
    for point in ("accepted", "rejected", "stale"):
        found.put(point, sum_told(number(pool.get(point)) for pool in pools))


def _listed(pool: Fields) -> ListedPool:
    url, user = text(pool.get("url")), text(pool.get("user"))
    priority = number(pool.get("priority"))
    return ListedPool(url, user, text(pool.get("status")), priority=priority, is_fee=names_a_fee(url, user))


def _names(found: Understood, pages: Mapping[str, Fields]) -> None:
    overview = pages.get("overview", NOTHING)
    found.tell("model", text(overview.get("model")))
    found.tell("firmware", text(overview.get("version_firmware")))
    found.tell("serial", text(overview.get("serial_number")))
    found.tell("mac", text(overview.get("mac")).lower())
    brief = pages.get("brief", NOTHING)
    found.tell("power_mode", work_mode(pages.get("miner_config", NOTHING)) or text(brief.get("work_mode")))
    found.tell("status", text(brief.get("status")))


def _faults(found: Understood, pages: Mapping[str, Fields]) -> None:
    """The firmware's own verdict on the miner (`Degraded`, `Hash board error`) and on its fans."""
    brief, fans = pages.get("brief", NOTHING), pages.get("fans", NOTHING)
    verdict = text(brief.get("indicator"))
    if not verdict:
        return
    faults = [] if verdict.casefold() in _FINE else [text(brief.get("indicator_long")) or verdict]
    if fans.get("error") is True:
        faults.append(text(fans.get("error_description")) or "fan error")
    found.put("faults", float(len(faults)))
    found.tell("faults", "; ".join(faults))


def state_of(pages: Mapping[str, Fields]) -> DeviceState:
    """What the firmware's own word says; without a word that is known, what the configuration says."""
    word = text(pages.get("brief", NOTHING).get("status")).casefold()
    for part, state in _WORDS:
        if part in word:
            return state
    modes = work_mode(pages.get("miner_config", NOTHING)), text(pages.get("brief", NOTHING).get("work_mode"))
    return DeviceState.ASLEEP if "sleep" in {mode.casefold() for mode in modes} else DeviceState.UNKNOWN
