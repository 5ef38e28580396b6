"""What MARA's firmware (KAONSU) says on its pages under `/kaonsu/v1`.

No document of the maker is public and no whole reply is recorded in public; keys and units are those that two open
source readers use (pyasic's web/marathon.py and asic-rs's marathon backend). They differ on the unit of
`hashrate_realtime` (TH/s, GH/s), so it is told by comparison: see `_realtime`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.core.points import POINTS
from drivers.core.reading import DeviceState, Source
from drivers.miners.reply import MAX_BOARDS, MAX_FANS, MAX_POOLS, NOTHING, Fields, inner, number, numbers, rows, text
from drivers.miners.reporter import Understood

GIGAHASH: Final = 1e-3
_LARGEST_TERAHASH: Final = 2000.0
"""A miner's rate above this is in GH/s: no miner reaches 2,000 TH/s, none that hashes stays below 2 TH/s."""
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
        found.put("fan_speed", number(fan.get("current_speed")), str(part))
    found.put("uptime", number(pages.get("brief", NOTHING).get("elapsed")))
    _pools(found, pools)
    _names(found, pages)
    found.state = state_of(pages)
    return found


def _part(board: Fields, at: int) -> str:
    """Boards count from 0; one without an index stands where it is listed."""
    raw = board.get("index")
    index = at if raw is None else number(raw)
    return str(int(index) + 1) if 0 <= index < MAX_BOARDS else ""


def _boards(found: Understood, pages: Mapping[str, Fields]) -> None:
    """The list of boards; what it leaves out (clock, voltage) is on the page of details."""
    for key, page in (("hashboard_infos", "details"), ("hashboards", "hashboards")):
        for at, board in enumerate(rows(pages.get(page, NOTHING), key)[:MAX_BOARDS]):
            part = _part(board, at)
            if part:
                _board(found, board, part)


def _board(found: Understood, board: Fields, part: str) -> None:
    rate = number(board.get("hashrate_average", board.get("hashrate_avg"))) * GIGAHASH
    for point, value, source in (
        ("hashrate", rate, Source.MEASURED),
        ("chip_temp", _hottest(board.get("temperature_chip")), Source.CHIP),
        ("board_temp", _hottest(board.get("temperature_pcb")), Source.PCB),
        ("chips", number(board.get("asic_num")), Source.MEASURED),
        ("frequency", number(board.get("frequency_avg")), Source.MEASURED),
        ("voltage", number(board.get("voltage")), Source.MEASURED),
        ("hw_errors", number(board.get("hw_errors", board.get("hardware_errors"))), Source.MEASURED),
    ):
        if value == value:
            found.put(point, value, part, source)
    found.tell(f"serial.{part}", text(board.get("serial_number")))


def _hottest(raw: object) -> float:
    """The hottest of a board's sensors; 0 stands for one that is not there."""
    real = [value for value in numbers(raw) if value == value and value != 0]
    return max(real) if real else math.nan


def _rates(found: Understood, pages: Mapping[str, Fields]) -> None:
    brief = pages.get("brief", NOTHING)
    ideal = _by_size(number(brief.get("hashrate_ideal")))
    boards = [value for signal, value in found.readings.items() if signal.point == "hashrate" and signal.part]
    found.put("hashrate", _realtime(number(brief.get("hashrate_realtime")), sum(boards) or ideal))
    found.put("hashrate_avg", _realtime(number(brief.get("hashrate_average")), sum(boards) or ideal))
    found.put("hashrate_nominal", ideal if ideal > 0 else math.nan, source=Source.ESTIMATED)


def _by_size(value: float) -> float:
    return value * GIGAHASH if value > _LARGEST_TERAHASH else value


def _realtime(value: float, reference: float) -> float:
    """The rate in TH/s: of the two readings of the number, the one that lies nearer to what boards or ideal say."""
    if not value > 0 or not reference > 0:
        return _by_size(value)
    return min((value, value * GIGAHASH), key=lambda rate: abs(math.log(rate / reference)))


def _power(found: Understood, pages: Mapping[str, Fields]) -> None:
    estimated = number(pages.get("brief", NOTHING).get("power_consumption_estimated"))
    if estimated == estimated:
        found.put("power", estimated, source=Source.ESTIMATED)
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
    codes = POINTS["pool_state"]
    alive: list[tuple[float, int]] = []
    for at, pool in enumerate(pools[:MAX_POOLS]):
        state = text(pool.get("status")).casefold()
        found.put("pool_state", codes.code(state if state in codes.codes else "unknown"), str(at + 1))
        if state == "alive":
            priority = number(pool.get("priority"))
            alive.append((priority if priority == priority else math.inf, at))
    if not pools:
        return
    for point in ("accepted", "rejected", "stale"):
        shares = [number(pool.get(point)) for pool in pools]
        real = [value for value in shares if value == value]
        found.put(point, sum(real) if real else math.nan)
    if alive:
        used = pools[min(alive)[1]]
        found.tell("pool", text(used.get("url")))
        found.tell("worker", text(used.get("user")))


def _names(found: Understood, pages: Mapping[str, Fields]) -> None:
    overview = pages.get("overview", NOTHING)
    found.tell("model", text(overview.get("model")))
    found.tell("firmware", text(overview.get("version_firmware")))
    found.tell("serial", text(overview.get("serial_number")))
    found.tell("power_mode", work_mode(pages.get("miner_config", NOTHING)))
    found.tell("status", text(pages.get("brief", NOTHING).get("status")))


def state_of(pages: Mapping[str, Fields]) -> DeviceState:
    """What the firmware's own word says; without a word that is known, what the configuration says."""
    word = text(pages.get("brief", NOTHING).get("status")).casefold()
    for part, state in _WORDS:
        if part in word:
            return state
    asleep = work_mode(pages.get("miner_config", NOTHING)).casefold() == "sleep"
    return DeviceState.ASLEEP if asleep else DeviceState.UNKNOWN
