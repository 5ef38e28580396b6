"""What pyasic_rs makes of a miner, in our points. Its objects are read by attribute, and none is taken for granted."""

import math
from typing import Any, Final

from drivers.core.reading import DeviceState, Source
from drivers.miners.pool_list import ListedPool, names_a_fee, put_pools
from drivers.miners.reply import LONGEST_LIST, MAX_BOARDS, MAX_FANS, number, sum_told, text
from drivers.miners.reporter import Understood

_HASHES: Final = {
    "h/s": 1e-12,
    "kh/s": 1e-9,
    "mh/s": 1e-6,
    "gh/s": 1e-3,
    "th/s": 1.0,
    "ph/s": 1e3,
    "eh/s": 1e6,
}
_STATES: Final = (
    ("mining", DeviceState.HASHING),
    ("stable", DeviceState.HASHING),
    ("adjusting", DeviceState.TUNING),
    ("tuning", DeviceState.TUNING),
    ("starting", DeviceState.BOOTING),
    ("initializing", DeviceState.BOOTING),
    ("cooling", DeviceState.BOOTING),
    ("paused", DeviceState.ASLEEP),
    ("suspended", DeviceState.ASLEEP),
    ("error", DeviceState.STOPPED),
    ("idling", DeviceState.IDLE),
    ("stop", DeviceState.IDLE),
)
"""Parts of the names of the library's operating states."""


def says_anything(data: Any) -> bool:
    """Whether the library brought anything from the device; it returns its object for a device that is gone too."""
    told = (data.hashrate, data.uptime, data.wattage, data.mac, data.firmware_version)
    boards = any(board.hashrate is not None or board.board_temperature is not None for board in data.hashboards)
    return boards or any(fan.rpm is not None for fan in data.fans) or any(value is not None for value in told)


def understand(data: Any) -> Understood:
    """Read the library's `MinerData`."""
    found = Understood()
    rate = terahash(data.hashrate)
    found.put("hashrate", rate)
    # For some firmware the library tells the model's rate, for other what that firmware works out.
    found.put("hashrate_nominal", terahash(data.expected_hashrate), source=Source.ESTIMATED)
    if data.wattage is not None:
        # The library does not tell a measurement from a firmware's estimate.
        found.put("power", number(data.wattage), source=Source.ESTIMATED)
    found.put("uptime", data.uptime.total_seconds() if data.uptime is not None else math.nan)
    # It does not say whether its fluid is the coolant's way in or the mean of both; only the outlet is certain.
    found.put("outlet_temp", _number(data.outlet_fluid_temperature), source=Source.COOLANT)
    _boards(found, data)
    for fan in list(data.fans)[:MAX_FANS]:
        found.put("fan_speed", _number(fan.rpm), str(int(fan.position) + 1))
    _pools(found, data)
    _names(found, data)
    found.state = _state(data, rate)
    return found


def terahash(rate: Any) -> float:
    """A rate with its unit, in TH/s; NaN where there is none or its unit is not known."""
    if rate is None:
        return math.nan
    factor = _HASHES.get(str(rate.unit).strip().casefold(), math.nan)
    return number(rate.value) * factor


def _number(raw: object) -> float:
    return number(raw) if raw is not None else math.nan


def _boards(found: Understood, data: Any) -> None:
    for board in list(data.hashboards)[:MAX_BOARDS]:
        part = str(int(board.position) + 1)
        found.put("hashrate", terahash(board.hashrate), part)
        found.put("board_temp", _number(board.board_temperature), part, Source.PCB)
        found.put("inlet_temp", _number(board.inlet_chip_temperature), part, Source.INLET)
        found.put("outlet_temp", _number(board.outlet_chip_temperature), part, Source.OUTLET)
        found.put("chips", _number(board.working_chips), part)
        found.put("frequency", _number(board.frequency), part)
        found.put("voltage", _number(board.voltage), part)
        found.tell(f"serial.{part}", text(board.serial_number))


def _pools(found: Understood, data: Any) -> None:
    pools = [pool for group in data.pools for pool in group.pools][:LONGEST_LIST]
    put_pools(found, [_listed(pool) for pool in pools])
    for point in ("accepted", "rejected"):
        found.put(point, sum_told(_number(getattr(pool, f"{point}_shares")) for pool in pools))


def _listed(pool: Any) -> ListedPool:
    url, user = text(str(pool.url)) if pool.url is not None else "", text(pool.user)
    state = "unknown" if pool.alive is None else "alive" if pool.alive else "dead"
    in_use = pool.active if isinstance(pool.active, bool) else None
    return ListedPool(url, user, state, in_use=in_use, is_fee=names_a_fee(url, user))


def _names(found: Understood, data: Any) -> None:
    found.tell("model", text(data.device_info.model))
    found.tell("firmware", text(data.firmware_version))
    found.tell("serial", text(data.serial_number))
    faults = [text(message.message) for message in data.messages if "error" in str(message.severity).casefold()]
    found.put("faults", float(len(faults)))
    found.tell("faults", "; ".join(fault for fault in faults if fault))
    found.tell("read_through", "pyasic_rs")


def _state(data: Any, rate: float) -> DeviceState:
    """The library's word for it; without one, hashing is what hashes, and `is_mining` counts only where it denies."""
    word = str(data.operating_state).casefold() if data.operating_state is not None else ""
    for part, state in _STATES:
        if part in word:
            return state
    if rate > 0:
        return DeviceState.HASHING
    return DeviceState.IDLE if data.is_mining is False else DeviceState.UNKNOWN
