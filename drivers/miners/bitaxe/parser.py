"""What AxeOS says on its one page, `/api/system/info`.

Keys and units are those of the maker's OpenAPI document (bitaxeorg/ESP-Miner, main/http_server/openapi.yaml) and, for
the Nerd miners, of the page that their firmware builds (shufps/ESP-Miner-NerdQAxePlus, handler_system.cpp).
"""

import math
from collections.abc import Sequence
from typing import Final

from drivers.core.points import POINTS
from drivers.core.reading import DeviceState, Source
from drivers.miners.reply import (
    MAX_FANS,
    NOTHING,
    Fields,
    count,
    inner,
    max_told,
    number,
    numbers,
    objects,
    positive,
    rows,
    text,
)
from drivers.miners.reporter import Understood

GIGAHASH: Final = 1e-3
MILLI: Final = 1e-3
BOOT_S: Final = 60.0
"""A miner that does not hash yet so soon after its start is booting."""
_LEAST_MILLIVOLTS: Final = 100.0
"""The supply is 5 to 12 V; a number above this is in millivolts, as the firmware writes it."""
_BOARD: Final = "1"


def understand(info: Fields, asic: Fields = NOTHING, *, repaired: bool = False) -> Understood:
    """Read the page.

    Args:
        info: `/api/system/info`.
        asic: `/api/system/asic`, which newer firmware keeps model name and number of chips on; may be empty.
        repaired: Whether the page was cut or needed repair.
    """
    found = Understood(repaired=repaired)
    _rates(found, info, asic)
    _temperatures(found, info)
    _electricity(found, info)
    _fans(found, info)
    _counters(found, info, asic)
    _pools(found, info)
    _names(found, info, asic)
    _faults(found, info)
    found.state = _state(info)
    return found


def flag(raw: object) -> bool:
    """A yes or no that firmware writes as true, 1 or "1"."""
    return raw is True or number(raw) > 0


def _rates(found: Understood, info: Fields, asic: Fields) -> None:
    rate = number(info.get("hashRate")) * GIGAHASH
    found.put("hashrate", rate)
    found.put("hashrate", rate, _BOARD)
    hour = number(info.get("hashRate_1h"))
    found.put("hashrate_avg", (hour if hour > 0 else number(info.get("hashRate_10m"))) * GIGAHASH)
    expected = number(info.get("expectedHashrate")) * GIGAHASH
    if expected > 0:
        found.put("hashrate_nominal", expected, source=Source.ESTIMATED)
        return
    # Firmware before 2.6 does not say it; it is the number of hashing cores times the clock.
    cores, chips = number(info.get("smallCoreCount")), _chips(info, asic)
    computed = cores * chips * number(info.get("frequency")) * MILLI * GIGAHASH
    found.put("hashrate_nominal", computed if computed > 0 else math.nan, source=Source.ESTIMATED)


def _chips(info: Fields, asic: Fields) -> float:
    for raw in (info.get("asicCount"), asic.get("asicCount")):
        if number(raw) > 0:
            return number(raw)
    listed = objects(inner(info, "hashrateMonitor").get("asics"))
    return float(len(listed)) if listed else math.nan


def _temperatures(found: Understood, info: Fields) -> None:
    chips = [_present(info.get("temp")), _present(info.get("temp2"))]
    chips += [_present(value) for value in numbers(info.get("asicTemps"))]
    found.put("chip_temp", max_told(chips), _BOARD, Source.CHIP)
    found.put("board_temp", _present(info.get("vrTemp")), _BOARD, Source.PCB)


def _present(raw: object) -> float:
    """A temperature; firmware writes 0 or -1 for a sensor that is not there."""
    return positive(raw)


def _electricity(found: Understood, info: Fields) -> None:
    found.put("power", number(info.get("power")))
    supply = number(info.get("voltage"))
    found.put("voltage", supply * MILLI if supply > _LEAST_MILLIVOLTS else supply)
    core = number(info.get("coreVoltageActual"))
    found.put("voltage", core * MILLI if core > 0 else math.nan, _BOARD)
    found.put("current", number(info.get("current")) * MILLI)
    actual = number(info.get("actualFrequency"))
    found.put("frequency", actual if actual > 0 else number(info.get("frequency")), _BOARD)


def _fans(found: Understood, info: Fields) -> None:
    listed = rows(info, "fans")
    if any("rpm" in fan for fan in listed):
        for part, fan in enumerate(listed[:MAX_FANS], 1):
            found.put("fan_speed", number(fan.get("rpm")), str(part))
        return
    found.put("fan_speed", number(info.get("fanrpm")), "1")
    second = number(info.get("fan2rpm", info.get("fanrpm2")))
    if second > 0 or count(info.get("fanCount"), MAX_FANS) > 1:
        found.put("fan_speed", second, "2")


def _counters(found: Understood, info: Fields, asic: Fields) -> None:
    found.put("accepted", number(info.get("sharesAccepted")))
    found.put("rejected", number(info.get("sharesRejected")))
    found.put("uptime", number(info.get("uptimeSeconds")))
    found.put("chips", _chips(info, asic), _BOARD)
    errors = [number(chip.get("errorCount")) for chip in objects(inner(info, "hashrateMonitor").get("asics"))]
    if errors:
        found.put("hw_errors", sum(errors))


def configured_pools(info: Fields) -> Sequence[tuple[str, str]]:
    """Host with port, and worker, of the first and the fallback pool, as far as they are set."""
    pools = []
    for prefix in ("stratum", "fallbackStratum"):
        host, user = text(info.get(f"{prefix}URL")), text(info.get(f"{prefix}User"))
        port = number(info.get(f"{prefix}Port"))
        if host:
            pools.append((f"{host}:{port:.0f}" if port > 0 and ":" not in host.rpartition("/")[2] else host, user))
    return pools


def _pools(found: Understood, info: Fields) -> None:
    pools = configured_pools(info)
    is_fallback = flag(info.get("isUsingFallbackStratum")) or flag(inner(info, "stratum").get("usingFallback"))
    used = 1 if is_fallback and len(pools) > 1 else 0
    if pools:
        found.tell("pool", pools[used][0])
        found.tell("worker", pools[used][1])
    # Nerd firmware says whether the pool in use is connected; plain AxeOS does not, and then nothing is said.
    connections = objects(inner(info, "stratum").get("pools"))
    if pools and connections and isinstance(connections[0].get("connected"), bool):
        state = "alive" if connections[0]["connected"] else "dead"
        found.put("pool_state", POINTS["pool_state"].code(state), str(used + 1))


def _names(found: Understood, info: Fields, asic: Fields) -> None:
    found.tell("model", model_of(info, asic))
    found.tell("chip", text(info.get("ASICModel")))
    found.tell("firmware", text(info.get("version")))
    found.tell("hostname", text(info.get("hostname")))


def model_of(info: Fields, asic: Fields) -> str:
    """The device's model; the chip's where the firmware names no other."""
    names = (text(info.get("deviceModel")), text(asic.get("deviceModel")), text(info.get("ASICModel")))
    return next((name for name in names if name), "")


def _faults(found: Understood, info: Fields) -> None:
    faults = [text(info.get(key)) for key in ("power_fault", "hardware_fault")]
    faults = [fault for fault in faults if fault]
    if is_overheated(info):
        faults.insert(0, "overheat protection")
    found.put("faults", float(len(faults)))
    found.tell("faults", "; ".join(faults))


def is_overheated(info: Fields) -> bool:
    """Whether the firmware's overheat protection has stopped it."""
    return flag(info.get("overheat_mode"))


def is_paused(info: Fields) -> bool:
    """Whether mining is paused by command."""
    return flag(info.get("miningPaused"))


def _state(info: Fields) -> DeviceState:
    """What the firmware says comes before what the rate suggests."""
    if is_overheated(info) or flag(info.get("shutdown")):
        return DeviceState.STOPPED
    if is_paused(info):
        return DeviceState.ASLEEP
    rate = number(info.get("hashRate"))
    if rate > 0:
        return DeviceState.HASHING
    if math.isnan(rate):
        return DeviceState.UNKNOWN
    return DeviceState.BOOTING if number(info.get("uptimeSeconds")) < BOOT_S else DeviceState.IDLE
