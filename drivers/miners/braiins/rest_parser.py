"""Turns the pages of BraiinsOS' REST interface into reports. Pure: no socket, no clock.

Fields as in Braiins' public API (github.com/braiins/bos-plus-api, 1.0 to 1.11) and its REST form (firmware 25.07 to
26.04). Numbers may come as text, enumerations as numbers or names, groups as null.
"""

import math
from collections.abc import Sequence
from typing import Final

from drivers.core.device import Tier
from drivers.core.profile import Profile
from drivers.core.reading import DeviceState, Report, Source
from drivers.miners.board_slots import board_numbers
from drivers.miners.braiins.faults import SHOWN, Faults, judge
from drivers.miners.braiins.fields import (
    STATUSES,
    TUNER_STATES,
    TUNING,
    measure,
    named,
    rate,
    state_of,
    version_of,
)
from drivers.miners.pool_list import ListedPool, names_a_fee, put_pools
from drivers.miners.reply import MAX_BOARDS, MAX_FANS, Fields, first_told, inner, number, objects, rows, text
from drivers.miners.reporter import Reporter, Understood
from drivers.miners.web_pages import Pages

BASE: Final = "/api/v1"
DETAILS: Final = f"{BASE}/miner/details"
STATS: Final = f"{BASE}/miner/stats"
HASHBOARDS: Final = f"{BASE}/miner/hw/hashboards"
COOLING: Final = f"{BASE}/cooling/state"
TUNER: Final = f"{BASE}/performance/tuner-state"
ERRORS: Final = f"{BASE}/miner/errors"
POOLS: Final = f"{BASE}/pools"
CONFIGURATION: Final = f"{BASE}/configuration/miner"

_SHORT: Final = ("last_5s", "last_15s", "last_30s", "last_1m")
_LONG: Final = ("since_restart", "last_24h", "last_1h", "last_30m", "last_15m", "last_5m")
_SHARES: Final = ("accepted", "rejected", "stale")


class RestParser:
    """Reads the pages of one miner. Keeps what only a full poll asks and the state depends on."""

    def __init__(self, profile: Profile) -> None:
        self._reporter = Reporter(profile)
        self._faults = Faults()

    def report(self, pages: Pages, tier: Tier, now: float) -> Report:
        """The report of one poll.

        Args:
            pages: Holds at least the details.
            tier: What was asked.
            now: UTC seconds by the device's own clock, where it tells it.
        """
        understood = Understood(repaired=pages.repaired)
        details = pages.page(DETAILS)
        _take_identity(understood, details)
        _take_stats(understood, pages.page(STATS))
        _take_boards(understood, rows(pages.page(HASHBOARDS), "hashboards"))
        _take_fans(understood, rows(pages.page(COOLING), "fans"))
        tuner = _take_tuner(understood, pages.page(TUNER))
        if tier is Tier.FULL:
            _take_pools(understood, pages.rows(POOLS))
            _take_configuration(understood, pages.page(CONFIGURATION))
            self._take_faults(understood, pages, now)
        understood.state = self._state(understood, details, tuner)
        return self._reporter.report(understood, tier, pages.asked, pages.answered)

    def _take_faults(self, understood: Understood, pages: Pages, now: float) -> None:
        journal = pages.page(ERRORS)
        if "errors" not in journal:
            understood.put("faults", math.nan)
            return
        self._faults = judge(journal.get("errors"), now - number(pages.page(DETAILS).get("bosminer_uptime_s")))
        understood.put("faults", float(len(self._faults.current)))
        understood.tell("faults", "; ".join(self._faults.current[:SHOWN]))
        understood.tell("fault_history", self._faults.history)

    def _state(self, understood: Understood, details: Fields, tuner: str) -> DeviceState:
        status = named(details.get("status"), STATUSES)
        has_cooling_fault = self._faults.is_about_cooling
        if status == "paused":
            return DeviceState.ASLEEP
        if status == "suspended":
            return DeviceState.STOPPED
        if status == "not_started":
            if has_cooling_fault:
                return DeviceState.STOPPED
            return DeviceState.BOOTING if number(details.get("system_uptime_s")) < 180 else DeviceState.IDLE
        if status not in {"normal", "restricted"}:
            return DeviceState.UNKNOWN
        if status == "restricted":
            understood.tell("licence", "restricted: the firmware has no valid licence and keeps part of the hashrate")
        return state_of(
            understood.value("hashrate"),
            is_tuning=tuner in TUNING,
            has_cooling_fault=has_cooling_fault,
            started_s=number(details.get("bosminer_uptime_s")),
        )


def _take_identity(understood: Understood, details: Fields) -> None:
    understood.tell("model", model_of(details))
    understood.tell("firmware", version_of(inner(details, "bos_version").get("current")))
    understood.tell("serial", text(details.get("serial_number")))
    understood.tell("mac", text(details.get("mac_address")).lower())
    understood.tell("serial.psu", text(inner(details, "psu_info").get("serial_number")))
    uptime = number(details.get("system_uptime_s"))
    understood.put("uptime", number(details.get("system_uptime")) if math.isnan(uptime) else uptime)


def model_of(details: Fields) -> str:
    """The model's name in the details; empty where it is not told."""
    identity = inner(details, "miner_identity")
    return text(identity.get("miner_model")) or text(identity.get("name"))


def _take_stats(understood: Understood, stats: Fields) -> None:
    solver = inner(stats, "miner_stats")
    real = inner(solver, "real_hashrate")
    understood.put("hashrate", _first_rate(real, _SHORT))
    understood.put("hashrate_avg", _first_rate(real, _LONG))
    nominal = rate(solver.get("nominal_hashrate"))
    if nominal > 0:
        understood.put("hashrate_nominal", nominal, source=Source.ESTIMATED)
    power = measure(inner(stats, "power_stats").get("approximated_consumption"), "watt")
    understood.put("power", power, source=Source.ESTIMATED)
    shares = inner(stats, "pool_stats")
    for name in _SHARES:
        understood.put(name, number(shares.get(f"{name}_shares")))


def _first_rate(real: Fields, keys: Sequence[str]) -> float:
    return first_told(*(rate(real.get(key)) for key in keys))


def _take_boards(understood: Understood, boards: Sequence[Fields]) -> None:
    for board, part in zip(boards[:MAX_BOARDS], board_numbers([b.get("id") for b in boards[:MAX_BOARDS]]), strict=True):
        solver = inner(board, "stats")
        understood.put("hashrate", _first_rate(inner(solver, "real_hashrate"), _SHORT), part)
        understood.put("chips", measure(board.get("chips_count"), "value"), part)
        understood.put("frequency", measure(board.get("current_frequency"), "hertz") / 1e6, part)
        understood.put("voltage", measure(board.get("current_voltage"), "volt"), part)
        _take_temperatures(understood, board, part)
        understood.tell(f"serial.{part}", text(board.get("serial_number")))


def _take_temperatures(understood: Understood, board: Fields, part: str) -> None:
    """Chip, board, and what flows in and out: water where the board has water sensors, else air at its edges."""
    chip = board.get("highest_chip_temp")
    hottest = inner(board, "highest_chip_temp").get("temperature", chip)
    understood.put("chip_temp", measure(hottest, "degree_c"), part, Source.CHIP)
    understood.put("board_temp", measure(board.get("board_temp"), "degree_c"), part, Source.PCB)
    for point, water, edge, source in (
        ("inlet_temp", "lowest_water_inlet_temp", "lowest_inlet_temp", Source.INLET),
        ("outlet_temp", "highest_water_outlet_temp", "highest_outlet_temp", Source.OUTLET),
    ):
        coolant, air = measure(board.get(water), "degree_c"), measure(board.get(edge), "degree_c")
        if not math.isnan(coolant):
            understood.put(point, coolant, part, Source.COOLANT)
            if not math.isnan(air):
                understood.put(point, air, f"{part}.board", source)
        elif edge in board or water in board:
            understood.put(point, air, part, source)


def _take_fans(understood: Understood, fans: Sequence[Fields]) -> None:
    places = [number(fan.get("position")) for fan in fans[:MAX_FANS]]
    is_sound = len(set(places)) == len(places) and all(0 <= place < MAX_FANS for place in places)
    for at, fan in enumerate(fans[:MAX_FANS]):
        understood.put("fan_speed", number(fan.get("rpm")), str(int(places[at]) + 1 if is_sound else at + 1))


def _take_tuner(understood: Understood, page: Fields) -> str:
    """The tuner's state by name; takes the power it holds now, which dynamic scaling may have lowered."""
    modes = inner(page, "mode_state")
    for key, mode in (*modes.items(), *page.items()):
        if isinstance(mode, dict) and "powertarget" in key.lower().replace("_", ""):
            understood.put("power_limit", measure(mode.get("current_target"), "watt"))
    return named(page.get("overall_tuner_state"), TUNER_STATES)


def _take_configuration(understood: Understood, page: Fields) -> None:
    tuner = inner(page, "tuner")
    if tuner.get("enabled") is False:
        understood.tell("power_mode", "manual")
        return
    watts = measure(tuner.get("power_target"), "watt")
    terahash = rate(tuner.get("hashrate_target"))
    if named(tuner.get("tuner_mode"), ("unspecified", "power_target", "hashrate_target")) == "hashrate_target":
        shown = "" if math.isnan(terahash) else f" {terahash:g} TH/s"
        understood.tell("power_mode", f"hashrate target{shown}")
    elif not math.isnan(watts):
        understood.tell("power_mode", f"power target {watts:g} W")


def _take_pools(understood: Understood, groups: Sequence[Fields]) -> None:
    """Pools of all groups, numbered through."""
    put_pools(understood, [_listed(pool) for group in groups for pool in rows(group, "pools")])


def _listed(pool: Fields) -> ListedPool:
    url, user, in_use = text(pool.get("url")), text(pool.get("user")), pool.get("active")
    return ListedPool(
        url,
        user,
        pool_word(pool),
        in_use=in_use if isinstance(in_use, bool) else None,
        is_fee=names_a_fee(url, user),
    )


def pool_word(pool: Fields) -> str:
    """The state of one pool as a name of the point `pool_state`."""
    if pool.get("enabled") is False:
        return "disabled"
    alive = pool.get("alive")
    if not isinstance(alive, bool):
        return "unknown"
    return "alive" if alive else "dead"


def pools_of(groups: Sequence[Fields]) -> list[tuple[str, str]]:
    """URL and user of every pool of all groups, in order, without the developer's."""
    listed = [_listed(pool) for group in groups for pool in objects(group.get("pools"))]
    return [(pool.url, pool.user) for pool in listed if not pool.is_fee]
