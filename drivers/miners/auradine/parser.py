"""What Auradine's FluxOS says: CGMiner's protocol on port 4028 (GCMiner), and REST pages on port 8080.

Rates are MH/s. The power supply writes numbers as text with units ("58.94W", "4052.00 RPM"); the control board stands
in the list of temperatures with `ChipTemp: null`. Shapes after recorded replies of FluxOS 2023 to 2.2.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.core.reading import DeviceState, Source
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
    positive,
    rows,
    text,
)
from drivers.miners.reporter import Understood

MEGAHASH: Final = 1e-6
BOOT_S: Final = 600.0
"""A miner that does not hash yet so soon after its start is booting."""
MOST_CHIPS: Final = 1024
LOCATING: Final = 3
NORMAL: Final = 2
_FAULT_CODES: Final = {
    1: "no power",
    4: "temperature",
    5: "pool configuration",
    6: "network",
    7: "control board",
    8: "hashrate low",
}
"""LED codes that tell of a fault (pyasic's table of Auradine's LED codes)."""
_HEAT_CODE: Final = 4
_CONTROL_BOARD: Final = "control"
_ON: Final = frozenset({"on", "true", "1"})
_OFF: Final = frozenset({"off", "false", "0"})


def understand(sections: Mapping[str, Fields], pages: Mapping[str, Fields]) -> Understood:
    """Read one poll.

    Args:
        sections: Answers of port 4028 by command: `summary`, `devs`, `pools`, `asccount`, `version`, `devdetails`.
        pages: Pages of port 8080 by name: `psu`, `fan`, `temperature`, `mode`, `led`, `frequency`, `ipreport`. Empty
            where they are closed.
    """
    found = Understood()
    summary = first(sections.get("summary", NOTHING), "SUMMARY")
    _rates(found, summary, rows(sections.get("devs", NOTHING), "DEVS"))
    _temperatures(found, sections, pages)
    _power(found, summary, pages)
    _fans(found, pages)
    _counters(found, summary, sections, pages)
    if "pools" in sections:
        put_pools(found, cgminer_pools(sections["pools"]))
    _names(found, sections, pages)
    _faults(found, pages)
    found.state = _state(summary, pages)
    return found


def _rates(found: Understood, summary: Fields, boards: Sequence[Fields]) -> None:
    found.put("hashrate", number(summary.get("MHS 5s", summary.get("MHS 1m"))) * MEGAHASH)
    found.put("hashrate_avg", first_told(number(summary.get("MHS 15m")), number(summary.get("MHS av"))) * MEGAHASH)
    for part, board in _by_part(boards):
        found.put("hashrate", number(board.get("MHS 5s", board.get("MHS av"))) * MEGAHASH, part)


def _by_part(boards: Sequence[Fields]) -> Sequence[tuple[str, Fields]]:
    """Boards by their own ID, from 1; the control board has 0."""
    found = []
    for at, board in enumerate(boards[: MAX_BOARDS + 1], 1):
        raw = board.get("ID", board.get("DEV"))
        index = number(raw)
        if raw is None:
            index = at
        if 1 <= index <= MAX_BOARDS:
            found.append((str(int(index)), board))
    return found


def _temperatures(found: Understood, sections: Mapping[str, Fields], pages: Mapping[str, Fields]) -> None:
    """Each board's hottest sensors. Which of the board's sensors is the inlet nobody has documented."""
    for part, board in _by_part(rows(sections.get("devs", NOTHING), "DEVS")):
        found.put("board_temp", _present(board.get("Temperature")), part, Source.PCB)
    listed = rows(pages.get("temperature", NOTHING), "Temperature")
    for part, board in _by_part(listed):
        hottest = _hottest(board.get("BoardTemp"))
        if hottest == hottest:
            found.put("board_temp", hottest, part, Source.PCB)
        found.put("chip_temp", _hottest(board.get("ChipTemp")), part, Source.CHIP)
    for board in listed:
        if number(board.get("ID")) == 0:
            found.put("board_temp", _hottest(board.get("BoardTemp")), _CONTROL_BOARD, Source.PCB)


def _hottest(raw: object) -> float:
    return max_told(_present(value) for value in _each(raw, "Temperature"))


def _present(raw: object) -> float:
    """A temperature; 0 stands for a sensor that is not there."""
    value = number(raw)
    return value if value != 0 else math.nan


def _each(raw: object, key: str) -> Sequence[object]:
    """One field of each entry of a list such as ChipTemp, which may be null."""
    if not isinstance(raw, list):
        return ()
    return [entry.get(key) for entry in raw[:MOST_CHIPS] if isinstance(entry, dict)]


def _power(found: Understood, summary: Fields, pages: Mapping[str, Fields]) -> None:
    supply = first(pages.get("psu", NOTHING), "PSU")
    measured, told = number(supply.get("PowerIn")), number(summary.get("Wattage"))
    if measured == measured:
        found.put("power", measured)
    elif told == told:
        # Without the power supply's page nobody tells how the firmware comes by its watts.
        found.put("power", told, source=Source.ESTIMATED)
    for point, part, key in (
        ("voltage", "input", "Vin"),
        ("voltage", "output", "Vout"),
        ("current", "input", "Iin"),
        ("current", "output", "Iout"),
    ):
        if key in supply:
            found.put(point, number(supply.get(key)), part)
    mode = first(pages.get("mode", NOTHING), "Mode")
    if mode:
        found.put("power_limit", positive(mode.get("Power")))


def _fans(found: Understood, pages: Mapping[str, Fields]) -> None:
    for at, fan in enumerate(rows(pages.get("fan", NOTHING), "Fan")[:MAX_FANS], 1):
        index = number(fan.get("ID", at))
        if 1 <= index <= MAX_FANS:
            found.put("fan_speed", number(fan.get("Speed")), str(int(index)))
    supply = first(pages.get("psu", NOTHING), "PSU")
    for index in (1, 2, 3, 4):
        if f"FanSpeed{index}" in supply:
            found.put("fan_speed", number(supply.get(f"FanSpeed{index}")), f"psu{index}")


def _counters(found: Understood, summary: Fields, sections: Mapping[str, Fields], pages: Mapping[str, Fields]) -> None:
    for point, key in (
        ("accepted", "Accepted"),
        ("rejected", "Rejected"),
        ("stale", "Stale"),
        ("hw_errors", "Hardware Errors"),
        ("uptime", "Elapsed"),
    ):
        found.put(point, number(summary.get(key)))
    if "asccount" in sections:
        # One count for all boards: dividing it would hide which of them lacks chips.
        found.put("chips", number(first(sections["asccount"], "ASCCount").get("AsicCount")))
    for part, board in _by_part(rows(pages.get("frequency", NOTHING), "Frequency")):
        clocks = [number(value) for value in _each(board.get("ChipFrequency"), "Frequency")]
        real = [value for value in clocks if value == value]
        found.put("frequency", sum(real) / len(real) if real else math.nan, part)


def _names(found: Understood, sections: Mapping[str, Fields], pages: Mapping[str, Fields]) -> None:
    report = first(pages.get("ipreport", NOTHING), "IPReport")
    found.tell("model", model_of(sections, report))
    found.tell("firmware", firmware_of(sections, report))
    found.tell("hostname", text(report.get("hostname")))
    found.tell("serial", text(report.get("SerialNo")))
    serials = report.get("HBSerialNo")
    for part, serial in enumerate(serials[:MAX_BOARDS] if isinstance(serials, list) else (), 1):
        found.tell(f"serial.{part}", text(serial))
    found.tell("power_mode", text(first(pages.get("mode", NOTHING), "Mode").get("Mode")))


def model_of(sections: Mapping[str, Fields], report: Fields) -> str:
    """The model as the REST page or `devdetails` names it."""
    return text(report.get("model")) or text(first(sections.get("devdetails", NOTHING), "DEVDETAILS").get("Model"))


def firmware_of(sections: Mapping[str, Fields], report: Fields) -> str:
    """FluxOS's version, else GCMiner's."""
    miner = text(first(sections.get("version", NOTHING), "VERSION").get("GCMiner"))
    return text(report.get("version")) or (f"GCMiner {miner}" if miner else "")


def led_code(pages: Mapping[str, Fields]) -> int:
    """What the LED shows; 0 where it is not told."""
    code = number(first(pages.get("led", NOTHING), "LED").get("Code"))
    return int(code) if code == code and 0 <= code < 1000 else 0


def _faults(found: Understood, pages: Mapping[str, Fields]) -> None:
    led = first(pages.get("led", NOTHING), "LED")
    if not led:
        return
    code = led_code(pages)
    is_fault = code not in {0, NORMAL, LOCATING}
    found.put("faults", 1.0 if is_fault else 0.0)
    if is_fault:
        found.tell("faults", text(led.get("Msg")) or _FAULT_CODES.get(code, f"LED code {code}"))


def asleep(pages: Mapping[str, Fields]) -> bool | None:
    """Whether mining is put to sleep; None where the miner does not say."""
    raw = first(pages.get("mode", NOTHING), "Mode").get("Sleep")
    word = str(raw).casefold() if isinstance(raw, bool | int) else text(raw).casefold()
    if word in _ON:
        return True
    return False if word in _OFF else None


def _state(summary: Fields, pages: Mapping[str, Fields]) -> DeviceState:
    if asleep(pages):
        return DeviceState.ASLEEP
    rate = number(summary.get("MHS 5s", summary.get("MHS 1m")))
    if rate > 0:
        return DeviceState.HASHING
    if math.isnan(rate):
        return DeviceState.UNKNOWN
    if led_code(pages) == _HEAT_CODE:
        return DeviceState.STOPPED
    return DeviceState.BOOTING if number(summary.get("Elapsed")) < BOOT_S else DeviceState.IDLE
