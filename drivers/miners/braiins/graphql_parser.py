"""Turns BraiinsOS' GraphQL answers into reports, and holds the questions. Pure: no socket, no clock.

The schema grew between 21.09 and 25.05, and one unknown field makes the server refuse a whole question, so there are
three of each: from the newest schema down to the oldest. Rates are MH/s in this interface, as the keys say.
"""

import math
from collections.abc import Sequence
from typing import Final

from drivers.core.device import Tier
from drivers.core.profile import Profile
from drivers.core.reading import DeviceState, Report, Signal, Source
from drivers.miners.board_slots import board_numbers
from drivers.miners.braiins.faults import SHOWN, Faults, judge
from drivers.miners.braiins.fields import TUNING, state_of, version_of
from drivers.miners.braiins.web import model_of_graphql
from drivers.miners.pool_list import ListedPool, names_a_fee, put_pools
from drivers.miners.reply import MAX_BOARDS, MAX_FANS, Fields, first_told, inner, number, rows, text
from drivers.miners.reporter import Reporter, Understood

_RATES: Final = "mhs5S mhs1M mhsAv mhs24H"
_INFO: Final = (
    "summary{{realHashrate{{{rates}}} tunerStatus power{{approxConsumptionW limitW}}"
    " dynamicPerformanceScaling{{status}} shares{{acceptedSolutions rejectedSolutions staleSolutions}}}}"
    " fans{{name rpm speed}}"
    " workSolver{{nominalMhs realHashrate{{{rates}}} childSolvers{{name nominalMhs realHashrate{{{rates}}}"
    " hwDetails{{chips frequencyMhz voltageV{hardware}}} temperatures{{name degreesC}}}}}}"
)
_SHARES: Final = "shares{acceptedSolutions rejectedSolutions staleSolutions}"
_POOLS: Final = f" modelName poolGroups{{name pools{{url user status active {_SHARES}}}}}"
_SYSTEM: Final = "hostname faultLight uptime{durationS} info{version{full}}"


def _ladder(full: bool) -> tuple[str, ...]:
    """The question for the schema of 25.03, of 24.09, of 21.09."""
    steps = []
    for rates, hardware, mining, system in (
        (f"{_RATES} mhsSinceRestart", " hbSerialNumber", " uptime{durationS}", f"{_SYSTEM} macAddress serialNumber"),
        (f"{_RATES} mhsSinceRestart", "", " uptime{durationS}", f"{_SYSTEM} macAddress"),
        (_RATES, "", "", _SYSTEM),
    ):
        info = _INFO.format(rates=rates, hardware=hardware) + (_POOLS if full else "")
        journal = " errors{timestamp message errorCodes{code reason} components{name index}}" if mining else ""
        bos = f" bos{{{system}{journal}}}" if full else ""
        steps.append(f"{{bosminer{{info{{{info}}}{mining}}}{bos}}}")
    return tuple(steps)


FAST_QUESTIONS: Final = _ladder(full=False)
FULL_QUESTIONS: Final = _ladder(full=True)

_SENSORS: Final = {
    "chip": ("chip_temp", Source.CHIP),
    "board": ("board_temp", Source.PCB),
    "inlet": ("inlet_temp", Source.INLET),
    "outlet": ("outlet_temp", Source.OUTLET),
    "water_inlet": ("inlet_temp", Source.COOLANT),
    "water_outlet": ("outlet_temp", Source.COOLANT),
}
_COUNTERS: Final = ("accepted", "rejected", "stale")


class GraphqlParser:
    """Reads the answers of one miner. Keeps what only a full poll asks and the state depends on."""

    def __init__(self, profile: Profile) -> None:
        self._reporter = Reporter(profile)
        self._faults = Faults()

    def report(self, data: Fields, tier: Tier, asked: float, answered: float, *, repaired: bool = False) -> Report:
        """The report of one poll; the times are UTC seconds, by our clock."""
        understood = Understood(repaired=repaired)
        info = inner(data, "bosminer", "info")
        summary = inner(info, "summary")
        _take_rates(understood, info, summary)
        _take_boards(understood, rows(inner(info, "workSolver"), "childSolvers"))
        for at, fan in enumerate(rows(info, "fans")[:MAX_FANS], 1):
            understood.put("fan_speed", number(fan.get("rpm")), str(at))
        mined = number(inner(data, "bosminer", "uptime").get("durationS"))
        if tier is Tier.FULL:
            _take_system(understood, data)
            _take_pools(understood, [pool for group in rows(info, "poolGroups") for pool in rows(group, "pools")])
            for name in _COUNTERS:
                understood.readings.setdefault(Signal(name), math.nan)
            self._take_faults(understood, data, answered - mined)
        understood.state = self._state(understood, summary, mined)
        return self._reporter.report(understood, tier, asked, answered)

    def _take_faults(self, understood: Understood, data: Fields, started: float) -> None:
        journal = inner(data, "bos").get("errors")
        if not isinstance(journal, list):
            return
        self._faults = judge(journal, started)
        understood.put("faults", float(len(self._faults.current)))
        understood.tell("faults", "; ".join(self._faults.current[:SHOWN]))
        understood.tell("fault_history", self._faults.history)

    def _state(self, understood: Understood, summary: Fields, mined: float) -> DeviceState:
        """This interface has no word for what the miner does: the tuner, the rate and dynamic scaling tell."""
        found = understood.value("hashrate")
        if not summary and math.isnan(found):
            return DeviceState.IDLE
        if text(inner(summary, "dynamicPerformanceScaling").get("status")).upper() == "MINING_SHUTDOWN":
            return DeviceState.STOPPED
        if math.isnan(found):
            return DeviceState.UNKNOWN
        return state_of(
            found,
            is_tuning=text(summary.get("tunerStatus")).lower() in TUNING,
            has_cooling_fault=self._faults.is_about_cooling,
            started_s=mined,
        )


def _mega(raw: object) -> float:
    value = number(raw)
    return value * 1e-6 if value >= 0 else math.nan


def _first(holder: Fields, *keys: str) -> float:
    return first_told(*(_mega(holder.get(key)) for key in keys))


def _take_rates(understood: Understood, info: Fields, summary: Fields) -> None:
    solver = inner(info, "workSolver")
    real = inner(solver, "realHashrate") or inner(summary, "realHashrate")
    understood.put("hashrate", _first(real, "mhs5S", "mhs15S", "mhs30S", "mhs1M"))
    understood.put("hashrate_avg", _first(real, "mhsSinceRestart", "mhsAv", "mhs24H"))
    nominal = _mega(solver.get("nominalMhs"))
    if nominal > 0:
        understood.put("hashrate_nominal", nominal, source=Source.ESTIMATED)
    power = inner(summary, "power")
    understood.put("power", number(power.get("approxConsumptionW")), source=Source.ESTIMATED)
    understood.put("power_limit", number(power.get("limitW")))
    _take_shares(understood, [inner(summary, "shares")])


def _take_shares(understood: Understood, holders: Sequence[Fields]) -> None:
    """Shares of the miner as a whole; where it does not count them, those of its pools together."""
    for name in _COUNTERS:
        found = [value for value in (number(holder.get(f"{name}Solutions")) for holder in holders) if value >= 0]
        if found and Signal(name) not in understood.readings:
            understood.put(name, sum(found))


def _take_boards(understood: Understood, solvers: Sequence[Fields]) -> None:
    boards = solvers[:MAX_BOARDS]
    for board, part in zip(boards, board_numbers([board.get("name") for board in boards]), strict=True):
        hardware = inner(board, "hwDetails")
        understood.put("hashrate", _first(inner(board, "realHashrate"), "mhs5S", "mhs15S", "mhs30S", "mhs1M"), part)
        understood.put("chips", number(hardware.get("chips")), part)
        understood.put("frequency", number(hardware.get("frequencyMhz")), part)
        understood.put("voltage", number(hardware.get("voltageV")), part)
        understood.tell(f"serial.{part}", text(hardware.get("hbSerialNumber")))
        for sensor in rows(board, "temperatures"):
            word = text(sensor.get("name")).lower().replace(" ", "_").removeprefix("max_").removeprefix("min_")
            if word in _SENSORS:
                point, source = _SENSORS[word]
                understood.put(point, number(sensor.get("degreesC")), part, source)


def _take_system(understood: Understood, data: Fields) -> None:
    system = inner(data, "bos")
    understood.tell("model", model_of_graphql(data))
    understood.tell("firmware", version_of(inner(system, "info", "version").get("full")))
    understood.tell("serial", text(system.get("serialNumber")))
    understood.tell("mac", text(system.get("macAddress")).lower())
    understood.put("uptime", number(inner(system, "uptime").get("durationS")))


def _take_pools(understood: Understood, pools: Sequence[Fields]) -> None:
    """Pools of all groups, numbered through."""
    listed = [_listed(pool) for pool in pools]
    put_pools(understood, listed)
    own = [inner(pool, "shares") for pool, entry in zip(pools, listed, strict=True) if not entry.is_fee]
    _take_shares(understood, own)


def _listed(pool: Fields) -> ListedPool:
    url, user, in_use = text(pool.get("url")), text(pool.get("user")), pool.get("active")
    return ListedPool(
        url,
        user,
        text(pool.get("status")),
        in_use=in_use if isinstance(in_use, bool) else None,
        is_fee=names_a_fee(url, user),
    )
