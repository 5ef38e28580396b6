"""What a LuxOS miner's answers mean. Pure: no socket, no clock.

Source: Luxor's documentation of the API on port 4028, and recorded replies of LUXminer 2025.4.8. Boards are counted
from 1 here, by the firmware's own id, which counts from 0 as `stats` counts from 1.
"""

import math
import re
from collections.abc import Sequence
from typing import Final

from drivers.core.device import Tier
from drivers.core.profile import Profile
from drivers.core.reading import Report, Source
from drivers.miners.luxos.states import events_of, state_of
from drivers.miners.pool_list import cgminer_pools, put_pools
from drivers.miners.reply import MAX_BOARDS, MAX_FANS, NOTHING, Fields, first, number, positive, rows, text
from drivers.miners.reporter import Reporter, Understood
from drivers.transports.cgminer import Answers

_COLDEST: Final = -40.0
"""A sensor that shows less is not there."""
_NOT_SENSORS: Final = frozenset({"ID", "TEMP"})
_SENSOR: Final = re.compile(
    r"left|right|top|bottom|board|pcb|chip|temp|sensor|water|inlet|outlet|intake|exhaust", re.IGNORECASE
)
"""In the name of a sensor that METADATA does not label; other numbers of a row are none."""
_LIQUID: Final = re.compile(r"water|coolant|liquid", re.IGNORECASE)
_OUT: Final = re.compile(r"outlet|exhaust|\bout\b", re.IGNORECASE)
_CHIP: Final = re.compile(r"chip|\bdie\b|asic", re.IGNORECASE)
_COUNTERS: Final = (
    ("hw_errors", "Hardware Errors"),
    ("accepted", "Accepted"),
    ("rejected", "Rejected"),
    ("stale", "Stale"),
    ("uptime", "Elapsed"),
)


class LuxosParser:
    """Reads one miner's answers. Keeps what only a full poll asks and a light one needs."""

    def __init__(self, profile: Profile) -> None:
        self._reporter = Reporter(profile)
        self._config: Fields = NOTHING
        self._nominal = math.nan

    def report(self, answers: Answers, tier: Tier) -> Report:
        """The readings in the answers."""
        return self._reporter.report(self.understand(answers), tier, answers.asked, answers.answered)

    def understand(self, answers: Answers) -> Understood:
        """What the answers say, in the units of the points."""
        sections = answers.sections
        understood = Understood(repaired=answers.repaired)
        asked = first(sections.get("config", NOTHING), "CONFIG")
        self._config = asked or self._config
        boards = _boards(rows(sections.get("devs", NOTHING), "DEVS"))
        self._put_rates(understood, first(sections.get("summary", NOTHING), "SUMMARY"), boards)
        _put_boards(understood, boards)
        _put_temperatures(understood, sections.get("temps", NOTHING), boards)
        _put_fans(understood, sections.get("fans", NOTHING))
        _put_power(understood, sections.get("power", NOTHING))
        self._put_state(understood, sections.get("events"), asked, boards)
        if "stats" in sections:
            _put_chains(understood, sections["stats"], boards)
        if "pools" in sections:
            put_pools(understood, cgminer_pools(sections["pools"]))
        _tell_names(understood, first(sections.get("version", NOTHING), "VERSION"))
        return understood

    def _put_rates(self, understood: Understood, summary: Fields, boards: Sequence[tuple[int, Fields]]) -> None:
        understood.put("hashrate", _rate(summary, "5s", "1m"))
        understood.put("hashrate_avg", _rate(summary, "av", "24h", "30m"))
        for point, key in _COUNTERS:
            understood.put(point, number(summary.get(key)))
        nominals = [number(board.get("Nominal MHS")) * 1e-6 for _, board in boards]
        if nominals and all(nominal > 0 for nominal in nominals):
            self._nominal = sum(nominals)
        nameplate = number(self._config.get("NameplateTHS"))
        if self._nominal > 0:
            understood.put("hashrate_nominal", self._nominal, source=Source.ESTIMATED)
        elif nameplate > 0:
            understood.put("hashrate_nominal", nameplate, source=Source.NAMEPLATE)

    def _put_state(
        self, understood: Understood, events: Fields | None, asked: Fields, boards: Sequence[tuple[int, Fields]]
    ) -> None:
        """State and faults. A light poll asks no configuration: the last one counts while nothing hashes."""
        rate = understood.value("hashrate")
        known = events_of(events) if events is not None else []
        ramping = any(board.get("IsRamping") is True for _, board in boards)
        config = asked or (NOTHING if rate > 0 else self._config)
        understood.state = state_of(known, config, rate, ramping=ramping)
        faults = [event.sentence for event in known if event.is_fault]
        understood.put("faults", float(len(faults)) if events is not None else math.nan)
        understood.tell("faults", "; ".join(faults))
        if asked:
            _tell_config(understood, asked)


def _boards(devices: Sequence[Fields]) -> Sequence[tuple[int, Fields]]:
    """The boards in `devs` by their number from 1, in that order."""
    found: dict[int, Fields] = {}
    for row in devices:
        at = number(row.get("ID") if "ID" in row else row.get("ASC"))
        if 0 <= at < MAX_BOARDS:
            found.setdefault(int(at) + 1, row)
    return sorted(found.items(), key=lambda item: item[0])


def _rate(row: Fields, *windows: str) -> float:
    """TH/s of the first window that the row has, in GH or in MH."""
    for window in windows:
        for unit, factor in (("GHS", 1e-3), ("MHS", 1e-6)):
            value = number(row.get(f"{unit} {window}"))
            if value == value:
                return value * factor
    return math.nan


def _put_boards(understood: Understood, boards: Sequence[tuple[int, Fields]]) -> None:
    for slot, board in boards:
        part = str(slot)
        understood.put("hashrate", _rate(board, "5s", "1m"), part)
        understood.put("hw_errors", number(board.get("Hardware Errors")), part)
        understood.tell(f"serial.{part}", text(board.get("SerialNumber")))


def _put_temperatures(understood: Understood, content: Fields, boards: Sequence[tuple[int, Fields]]) -> None:
    """The hottest chip and board sensor of every board, and its coolant where there is any.

    The firmware names each sensor in METADATA. Those at a board's intake and exhaust sit on the board, so that they are
    board sensors; inlet and outlet are what it calls water.
    """
    labels = first(content, "METADATA")
    for slot, board in boards:
        understood.put("board_temp", _sensor(board.get("Temperature")), str(slot), Source.PCB)
        understood.put("chip_temp", math.nan, str(slot), Source.CHIP)
    for at, row in enumerate(rows(content, "TEMPS")[:MAX_BOARDS]):
        own = number(row.get("ID"))
        part = str(int(own) + 1 if 0 <= own < MAX_BOARDS else at + 1)
        found: dict[tuple[str, Source], float] = {("chip_temp", Source.CHIP): math.nan}
        for key, raw in row.items():
            is_sensor = key not in _NOT_SENSORS and (key in labels or _SENSOR.search(key))
            value = _sensor(raw) if is_sensor else math.nan
            if value == value:
                meaning = _meaning(key, labels)
                found[meaning] = max(value, found.get(meaning, value))
        for (point, source), value in found.items():
            understood.put(point, value, part, source)


def _meaning(key: str, labels: Fields) -> tuple[str, Source]:
    label = labels.get(key)
    name = text(label.get("Label")) if isinstance(label, dict) else key
    if _LIQUID.search(name):
        return ("outlet_temp" if _OUT.search(name) else "inlet_temp"), Source.COOLANT
    return ("chip_temp", Source.CHIP) if _CHIP.search(name) else ("board_temp", Source.PCB)


def _sensor(raw: object) -> float:
    """degC; NaN for a sensor that shows nothing (0) or cannot be there."""
    value = number(raw)
    return value if value > _COLDEST and value != 0 else math.nan


def _put_fans(understood: Understood, content: Fields) -> None:
    """Every fan, numbered by its id as `stats` numbers it."""
    for at, fan in enumerate(rows(content, "FANS")[:MAX_FANS]):
        own = number(fan.get("ID"))
        understood.put("fan_speed", number(fan.get("RPM")), str(int(own) + 1 if 0 <= own < MAX_FANS else at + 1))


def _put_power(understood: Understood, content: Fields) -> None:
    """W; measured where the power supply tells it (`PSU` true), else the firmware's estimate."""
    power = first(content, "POWER")
    source = Source.MEASURED if power.get("PSU") is True else Source.ESTIMATED
    understood.put("power", number(power.get("Watts")), source=source)


def _put_chains(understood: Understood, content: Fields, boards: Sequence[tuple[int, Fields]]) -> None:
    """Chips and frequency of every board. The temperatures here repeat the board sensors under the name of chips."""
    found = rows(content, "STATS")
    data = next((row for row in found if "chain_acn1" in row or "miner_count" in row), NOTHING)
    known = {slot for slot, _ in boards}
    slots = [slot for slot in range(1, MAX_BOARDS + 1) if slot in known or number(data.get(f"chain_acn{slot}")) > 0]
    for slot in slots:
        understood.put("chips", number(data.get(f"chain_acn{slot}")), str(slot))
        understood.put("frequency", positive(data.get(f"freq{slot}")), str(slot))
    understood.put("frequency", positive(data.get("frequency")))
    understood.tell("model", next((text(row.get("Type")) for row in found if text(row.get("Type"))), ""))


def _tell_config(understood: Understood, config: Fields) -> None:
    understood.tell("model", text(config.get("Model")))
    understood.tell("serial", text(config.get("SerialNumber")))
    understood.tell("mac", text(config.get("MACAddr")).lower())
    understood.tell("power_mode", text(config.get("Profile")))
    understood.tell("status", text(config.get("SystemStatus")))
    understood.tell("fee_status", text(config.get("FeeStatus")))
    if config.get("IsPowerTargetEnabled") is True:
        understood.put("power_limit", number(config.get("IdealPowerTarget")))


def firmware_of(revision: str) -> str:
    """The firmware with its revision; empty where none is told."""
    return f"LuxOS {revision}" if revision else ""


def _tell_names(understood: Understood, version: Fields) -> None:
    understood.tell("firmware", firmware_of(text(version.get("LUXminer"))))
    if "model" not in understood.texts:
        understood.tell("model", text(version.get("Type")))
