"""What a SealMiner's answers mean. Pure: no socket, no clock.

Source: recorded replies of a SealMiner A2 (firmware 2025091001). `stats` carries everything in one row; keys that begin
with a number are of that board, or that fan, counted from 0.
"""

import math
import re
from collections.abc import Sequence
from typing import Final

from drivers.core.device import Tier
from drivers.core.profile import Profile
from drivers.core.reading import DeviceState, Report, Source
from drivers.miners.pool_list import cgminer_pools, put_pools
from drivers.miners.reply import (
    MAX_BOARDS,
    MAX_FANS,
    NOTHING,
    Fields,
    count,
    first,
    first_told,
    number,
    positive,
    rows,
    text,
)
from drivers.miners.reporter import Reporter, Understood
from drivers.transports.cgminer import Answers

_KEY: Final = re.compile(r"(\d{1,2}) (.+)")
_MARKS: Final = ("Board Count", "PM State", "MHS(30s)", "MHS(Sample)", "Firmware", "PSU Error")
_BOARD_MARKS: Final = frozenset({"Chip Count", "MHS(Sample)", "Online", "SN", "Bad Chip Count", "Freq"})
_COLDEST: Final = -40.0
_SENSORS: Final = 8
"""A board has four; more would be read too."""
_WORDS: Final = (
    (re.compile(r"suspend|sleep|standby|pause", re.IGNORECASE), DeviceState.ASLEEP),
    (re.compile(r"boot|init|start|detect", re.IGNORECASE), DeviceState.BOOTING),
    (re.compile(r"protect|error|fault|fail|stop|over", re.IGNORECASE), DeviceState.STOPPED),
    (re.compile(r"idle|wait", re.IGNORECASE), DeviceState.IDLE),
)
"""Words in `PM State`, which is `Running` while it mines; only that one was recorded."""
_COUNTERS: Final = (("accepted", "Accepted"), ("rejected", "Rejected"), ("stale", "Stale"))


class SealminerParser:
    """Reads one miner's answers."""

    def __init__(self, profile: Profile) -> None:
        self._reporter = Reporter(profile)

    def report(self, answers: Answers, tier: Tier) -> Report:
        """The readings in the answers to `summary`, `stats` and, for a full poll, `pools`."""
        return self._reporter.report(understand(answers), tier, answers.asked, answers.answered)


def understand(answers: Answers) -> Understood:
    """What the answers say, in the units of the points."""
    understood = Understood(repaired=answers.repaired)
    summary = first(answers.sections.get("summary", NOTHING), "SUMMARY")
    data = details(answers.sections.get("stats", NOTHING))
    rate = _put_whole(understood, summary, data)
    understood.state = state_of(data, rate)
    boards = board_numbers(data)
    for board in boards:
        _put_board(understood, data, board)
    _put_machine(understood, data)
    _put_faults(understood, data, boards)
    if "pools" in answers.sections:
        put_pools(understood, cgminer_pools(answers.sections["pools"]))
    understood.tell("model", model_of(data))
    understood.tell("firmware", text(data.get("Firmware")))
    understood.tell("serial", text(data.get("Ctrl Board SN")))
    understood.tell("mac", text(data.get("MAC")).lower())
    understood.tell("power_mode", text(data.get("Mining Mode")))
    understood.tell("tuning", text(data.get("Tune Status")))
    return understood


def details(stats: Fields) -> Fields:
    """The row of `stats` that describes the miner; empty where there is none."""
    found = rows(stats, "STATS")
    return next((row for row in found if any(mark in row for mark in _MARKS) or _told_boards(row)), NOTHING)


def model_of(data: Fields) -> str:
    """The model as it is sold."""
    name = text(data.get("Model"))
    return f"SealMiner {name}" if name else ""


def state_of(data: Fields, rate: float) -> DeviceState:
    """What the miner is doing, from its own word and, where that says that it runs, from its rate and tuning."""
    state = text(data.get("PM State"))
    for word, meaning in _WORDS:
        if word.search(state):
            return meaning
    tuning = text(data.get("Tune Status")).casefold()
    is_tuning = "tun" in tuning and "done" not in tuning
    if rate > 0:
        return DeviceState.TUNING if is_tuning else DeviceState.HASHING
    if is_tuning:
        return DeviceState.TUNING
    return DeviceState.IDLE if rate == 0 else DeviceState.UNKNOWN


def board_numbers(data: Fields) -> Sequence[int]:
    """The firmware's own numbers of the boards, from 0; fans are counted in the same way and are none."""
    found = _told_boards(data)
    return sorted(found | set(range(count(data.get("Board Count"), MAX_BOARDS)))) if found else ()


def _told_boards(data: Fields) -> set[int]:
    return {
        int(match[1])
        for key in data
        if (match := _KEY.fullmatch(key)) is not None and match[2] in _BOARD_MARKS and int(match[1]) < MAX_BOARDS
    }


def _put_whole(understood: Understood, summary: Fields, data: Fields) -> float:
    """Rates and counters; the rate of the last half minute.

    `MHS 5s` of `summary` counts shares and jumps by half: it stands in only where the miner tells nothing better.
    """
    rate = _mega(data, "MHS(30s)", "MHS(Sample)", "MHS(1m)")
    rate = rate if rate == rate else _mega(summary, "MHS 1m", "MHS 5s")
    average = _mega(data, "MHS(Avg)", "MHS(1h)")
    understood.put("hashrate", rate)
    understood.put("hashrate_avg", average if average == average else _mega(summary, "MHS av"))
    ideal, rated = _mega(data, "MHS(Ideal)"), _mega(data, "MHS(Rated)")
    if ideal > 0:
        understood.put("hashrate_nominal", ideal, source=Source.ESTIMATED)
    elif rated > 0:
        understood.put("hashrate_nominal", rated, source=Source.NAMEPLATE)
    understood.put("hw_errors", number(summary.get("Hardware Errors")))
    for point, key in _COUNTERS:
        understood.put(point, number(summary.get(key)))
    elapsed = (data.get("System Uptime"), data.get("Elapsed"), summary.get("Elapsed"))
    understood.put("uptime", first_told(*(number(raw) for raw in elapsed)))
    understood.put("frequency", positive(data.get("Freq")))
    return rate


def _put_board(understood: Understood, data: Fields, board: int) -> None:
    """One board. Nothing says where its sensors sit, so that the hottest is a board sensor's, and none a chip's."""
    part = str(board + 1)
    understood.put("hashrate", _mega(data, f"{board} MHS(Sample)"), part)
    found = [number(data.get(f"{board} Temp {at}")) for at in range(_SENSORS)]
    there = [value for value in found if value > _COLDEST and value != 0]
    understood.put("board_temp", max(there, default=math.nan), part, Source.PCB)
    understood.put("chip_temp", math.nan, part, Source.CHIP)
    understood.put("chips", number(data.get(f"{board} Chip Count")), part)
    understood.put("frequency", positive(data.get(f"{board} Freq")), part)
    understood.tell(f"serial.{part}", text(data.get(f"{board} SN")))


def _put_machine(understood: Understood, data: Fields) -> None:
    """Fans and power supply, which measures at its input."""
    for fan in range(MAX_FANS):
        if f"{fan} Speed" in data:
            understood.put("fan_speed", number(data.get(f"{fan} Speed")), str(fan + 1))
    if "PSU Fan Speed" in data:
        understood.put("fan_speed", number(data.get("PSU Fan Speed")), "psu")
    understood.put("power", positive(data.get("PSU Input Power")))
    understood.put("power_limit", number(data.get("Power Limit")))
    understood.put("voltage", number(data.get("PSU Output Voltage")))
    if "PSU Temp AMB" in data:
        understood.put("ambient_temp", number(data.get("PSU Temp AMB")), "psu", Source.AMBIENT)


def _put_faults(understood: Understood, data: Fields, boards: Sequence[int]) -> None:
    found = [f"error {code}" for code in text(data.get("Error Code")).split(",") if code.strip(" 0")]
    supply = text(data.get("PSU Error"))
    if supply.casefold().removeprefix("0x").strip("0 "):
        found.append(f"power supply error {supply}")
    for board in boards:
        if data.get(f"{board} Online") is False:
            found.append(f"board {board + 1} is offline")
        bad = number(data.get(f"{board} Bad Chip Count"))
        if bad > 0:
            found.append(f"board {board + 1}: {bad:.0f} bad chips")
    understood.put("faults", float(len(found)) if data else math.nan)
    understood.tell("faults", "; ".join(found))


def _mega(row: Fields, *keys: str) -> float:
    """TH/s of the first of these keys, in MH/s, that the row has."""
    return first_told(*(number(row.get(key)) * 1e-6 for key in keys))
