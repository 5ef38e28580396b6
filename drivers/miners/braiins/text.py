"""BraiinsOS over its CGMiner-like text interface on port 4028: reading only, without a login.

Documented by Braiins (BOSminer API: `temps`, `fans`, `tunerstatus` beside CGMiner's own commands). Rates are MH/s.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.core.command import Command
from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.errors import Malformed, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.operation import Operation, PreconditionFailed
from drivers.core.profile import Profile
from drivers.core.reading import DeviceState, Report, Source
from drivers.miners.board_slots import board_numbers
from drivers.miners.braiins.fields import maker_of, state_of
from drivers.miners.commanding import CommandedMiner
from drivers.miners.pool_list import cgminer_pools, put_pools
from drivers.miners.reply import MAX_BOARDS, MAX_FANS, NOTHING, Fields, first, number, rows, text
from drivers.miners.reporter import Reporter, Understood
from drivers.transports.cgminer import Answers, CgminerTransport, status_of

_FAST: Final = ("summary", "devs", "temps", "fans", "tunerstatus")
_FULL: Final = (*_FAST, "devdetails", "pools", "version")
NAMES: Final = ("BOSer", "BOSminer+", "BOSminer")
"""Keys of a `version` answer by which the firmware names itself."""
_CALM: Final = ("stable", "tuning", "testing", "disabled", "idle", "initial")
"""How a chain's tuner status begins that is no fault."""


class BraiinsTextDriver(CommandedMiner):
    """Polls one miner."""

    def __init__(self, profile: Profile, address: Address, login: Login | None) -> None:
        super().__init__(profile, address, login)
        self._transport = CgminerTransport(address)
        self._parser = TextParser(profile)

    async def _introduce(self) -> Identity:
        """Ask for version and boards; raises a `DeviceError`, `Unsupported` when other firmware answers."""
        answers = await self._transport.ask(("version", "devdetails"))
        version = answers.sections.get("version", NOTHING)
        if not names_itself(version):
            raise Unsupported(self._place, "this is no Braiins OS")
        board = first(answers.sections.get("devdetails", NOTHING), "DEVDETAILS")
        model = text(board.get("Model"))
        return Identity(
            kind=DeviceKind.MINER,
            make=maker_of(model, self._profile.make),
            model=model,
            firmware=firmware_of(version),
            profile=self._profile.id,
        )

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one deadline; raises a `DeviceError`."""
        answers = await self._transport.ask(_FULL if tier is Tier.FULL else _FAST)
        if "summary" not in answers.sections and "devs" not in answers.sections:
            raise Malformed(self._place, "the answer holds neither summary nor devs")
        return self._parser.report(answers, tier)

    async def close(self) -> None:
        """Nothing stays open between polls."""

    def _operation(self, command: Command) -> Operation:
        raise PreconditionFailed("this interface has no login, so no command is sent over it")


def names_itself(version: Fields) -> bool:
    """Whether an answer to `version` is of BraiinsOS."""
    row = first(version, "VERSION")
    described = text(status_of(version).get("Description")).lower()
    return any(name in row for name in NAMES) or described.startswith(("boser", "bosminer"))


def firmware_of(version: Fields) -> str:
    """The firmware that an answer to `version` names; this interface tells the program's build, no release."""
    row = first(version, "VERSION")
    build = next((text(row.get(name)) for name in NAMES if text(row.get(name))), "")
    return f"Braiins OS ({build or text(status_of(version).get('Description'))})"


class TextParser:
    """Reads the answers of one miner."""

    def __init__(self, profile: Profile) -> None:
        self._reporter = Reporter(profile)

    def report(self, answers: Answers, tier: Tier) -> Report:
        """The report of one poll."""
        understood = Understood(repaired=answers.repaired)
        sections = answers.sections
        summary = first(sections.get("summary", NOTHING), "SUMMARY")
        tuner = first(sections.get("tunerstatus", NOTHING), "TUNERSTATUS")
        _take_summary(understood, summary)
        _take_boards(understood, sections)
        _take_fans(understood, rows(sections.get("fans", NOTHING), "FANS"))
        is_tuning = _take_tuner(understood, tuner)
        if tier is Tier.FULL:
            put_pools(understood, cgminer_pools(sections.get("pools", NOTHING)))
            if names_itself(sections.get("version", NOTHING)):
                understood.tell("firmware", firmware_of(sections["version"]))
        understood.state = _state(understood, summary, is_tuning=is_tuning)
        return self._reporter.report(understood, tier, answers.asked, answers.answered)


def _mega(row: Fields, *keys: str) -> float:
    found = (number(row.get(key)) * 1e-6 for key in keys)
    return next((value for value in found if value >= 0), math.nan)


def _take_summary(understood: Understood, summary: Fields) -> None:
    understood.put("hashrate", _mega(summary, "MHS 5s", "MHS 1m"))
    understood.put("hashrate_avg", _mega(summary, "MHS av", "MHS 24h", "MHS 15m"))
    for point, key in (
        ("hw_errors", "Hardware Errors"),
        ("accepted", "Accepted"),
        ("rejected", "Rejected"),
        ("stale", "Stale"),
        ("uptime", "Elapsed"),
    ):
        understood.put(point, number(summary.get(key)))


def _take_boards(understood: Understood, sections: Mapping[str, Fields]) -> None:
    """Boards by their ID, which three answers share; by ASC or place in the list where it is absent."""
    tables = {
        name: {_id(row, at): row for at, row in enumerate(rows(sections.get(name, NOTHING), name.upper()))}
        for name in ("devs", "temps", "devdetails")
    }
    ids = sorted({one for table in tables.values() for one in table})[:MAX_BOARDS]
    nominal = 0.0
    for one, part in zip(ids, board_numbers(ids), strict=True):
        device, heat, details = (tables[name].get(one, NOTHING) for name in ("devs", "temps", "devdetails"))
        understood.put("hashrate", _mega(device, "MHS 5s", "MHS 1m"), part)
        understood.put("hw_errors", number(device.get("Hardware Errors")), part)
        understood.put("chip_temp", _degrees(heat.get("Chip")), part, Source.CHIP)
        board = heat.get("Board") if heat else device.get("Temperature")
        understood.put("board_temp", _degrees(board), part, Source.PCB)
        if tables["devdetails"]:
            understood.put("chips", number(details.get("Chips")), part)
            understood.put("frequency", _megahertz(details.get("Frequency")), part)
            understood.put("voltage", number(details.get("Voltage")), part)
            understood.tell("model", text(details.get("Model")))
        nominal += max(_mega(device, "Nominal MHS", "nominal MHS"), 0.0)
    if nominal > 0:
        understood.put("hashrate_nominal", nominal, source=Source.ESTIMATED)


def _id(row: Fields, at: int) -> float:
    return next((value for value in (number(row.get("ID")), number(row.get("ASC"))) if value >= 0), float(at))


def _degrees(raw: object) -> float:
    """degC; this interface writes 0 for a sensor that does not answer."""
    return number(raw) or math.nan


def _megahertz(raw: object) -> float:
    """MHz; newer programs write Hz, older ones MHz."""
    value = number(raw)
    return value / 1e6 if value > 1e5 else value


def _take_fans(understood: Understood, fans: Sequence[Fields]) -> None:
    for at, fan in enumerate(fans[:MAX_FANS], 1):
        understood.put("fan_speed", number(fan.get("RPM")), str(at))


def _take_tuner(understood: Understood, tuner: Fields) -> bool:
    """Power and its limit, which are the tuner's model; whether a chain is being tuned."""
    if not tuner:
        return False
    understood.put("power", number(tuner.get("ApproximateMinerPowerConsumption")), source=Source.ESTIMATED)
    understood.put("power_limit", number(tuner.get("PowerLimit")))
    faults: dict[str, None] = {}
    is_tuning = False
    for chain in rows(tuner, "TunerChainStatus"):
        status = text(chain.get("Status"))
        is_tuning |= chain.get("TunerRunning") is True and not status.lower().startswith("stable")
        if status and not status.lower().startswith(_CALM):
            faults.setdefault(f"chain {number(chain.get('HashchainIndex')):g}: {status}")
    understood.put("faults", float(len(faults)))
    understood.tell("faults", "; ".join(faults))
    return is_tuning


def _state(understood: Understood, summary: Fields, *, is_tuning: bool) -> DeviceState:
    """This interface has no word for what the miner does: tuner and rate tell."""
    found = understood.value("hashrate")
    if math.isnan(found):
        boards = [v for s, v in understood.readings.items() if s.point == "hashrate" and s.part and v >= 0]
        if not boards:
            return DeviceState.UNKNOWN
        found = sum(boards)
    return state_of(found, is_tuning=is_tuning, has_cooling_fault=False, started_s=number(summary.get("Elapsed")))
