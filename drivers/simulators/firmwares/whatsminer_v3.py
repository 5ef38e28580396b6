"""A Whatsminer over version 3 of its interface: framed JSON on port 4433, shaped after replies of API 3.0.2 to 3.0.5.

Its manners: a stopped mining program tells nothing; writes are refused with one and the same word whether the API is
switched off for writing or the token is wrong.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import orjson

from drivers.simulators.firmwares import whatsminer_effects as effects
from drivers.simulators.personality import (
    BoardView,
    MinerView,
    SilentWires,
    VirtualMiner,
    Wire,
)
from drivers.transports.whatsminer_cipher import Ticket

FIRMWARE: Final = "20251209.16.Rel2"
SALT: Final = "uhCiDyVj"
ACCOUNTS: Final = frozenset({"super", "user1", "user2", "user3"})
_NO_PERMISSION: Final = -4

Reply: TypeAlias = dict[str, Any]


class WhatsminerV3(SilentWires):
    """The firmware of Whatsminers since 2025."""

    name = "whatsminer-v3"
    wires: Mapping[Wire, int] = {Wire.FRAMED: 4433}

    def framed(self, miner: VirtualMiner, body: bytes) -> bytes:
        """The answer to one command."""
        try:
            question = orjson.loads(body)
        except ValueError:
            question = None
        if not isinstance(question, dict):
            return _said(miner, -3, "invalid json", "")
        command = str(question.get("cmd", ""))
        if command.startswith("set."):
            code, message = _written(miner, command, question)
        elif command in _READS:
            code, message = _READS[command](miner, str(question.get("param") or ""))
        else:
            code, message = -2, "invalid command"
        return _said(miner, code, message, command)


def _said(miner: VirtualMiner, code: int, message: object, command: str) -> bytes:
    return orjson.dumps({"code": code, "when": int(miner.look().now), "msg": message, "desc": command})


def _status(miner: VirtualMiner, parts: str) -> tuple[int, object]:
    if not parts:
        return -3, "param item is null"
    if miner.controls.asleep:
        return -1, "btminer is not running"
    view = miner.look()
    told: Reply = {}
    for part in parts.split("+")[:8]:
        if part not in _PARTS:
            return -2, f"invalid param: {part}"
        told[part] = _PARTS[part](miner, view)
    return 0, told


def _summary(miner: VirtualMiner, view: MinerView) -> Reply:
    chips = [board.chip_temp for board in view.boards if board.chips] or [0.0]
    fans = [*view.fans, 0, 0]
    return {
        "elapsed": int(view.mined),
        "bootup-time": int(view.uptime),
        "freq-avg": round(math.fsum(board.frequency for board in view.boards) / max(len(view.boards), 1)),
        "target-freq": 0,
        "factory-hash": round(view.nominal, 3),
        "hash-average": round(view.rate_avg, 3),
        "hash-1min": round(view.rate, 3),
        "hash-15min": round(view.rate_avg, 3),
        "hash-realtime": round(view.rate, 3),
        "power-rate": round(view.power / view.rate, 3) if view.rate > 0 else 0,
        "power-5min": round(view.power, 3),
        "power-realtime": round(view.power),
        "environment-temperature": round(view.ambient, 1),
        "board-temperature": [round(board.board_temp, 1) for board in view.boards],
        "chip-temp-min": round(min(chips) - 8, 1),
        "chip-temp-avg": round(math.fsum(chips) / len(chips) - 4, 1),
        "chip-temp-max": round(max(chips), 1),
        "power-limit": effects.limit_of(miner, view),
        "up-freq-finish": int(view.mined >= effects.RAISING_S),
        "fan-speed-in": fans[0],
        "fan-speed-out": fans[1],
    }


def _board(board: BoardView) -> Reply:
    return {
        "id": board.slot - 1,
        "slot": board.slot - 1,
        "hash-average": round(board.rate, 3),
        "factory-hash": round(board.nominal, 3),
        "freq": board.frequency,
        "effective-chips": board.chips,
        "chip-temp-min": round(board.chip_temp - 8, 1),
        "chip-temp-avg": round(board.chip_temp - 4, 1),
        "chip-temp-max": round(board.chip_temp, 1),
    }


def _pools(miner: VirtualMiner, view: MinerView) -> list[Reply]:
    return [
        {
            "id": at + 1,
            "url": url,
            "status": "alive" if view.pool_alive else "dead",
            "account": user,
            "stratum-active": at == 0 and view.pool_alive,
            "reject-rate": 0,
            "last-share-time": int(view.now),
        }
        for at, (url, user, _) in enumerate(effects.pools_of(miner))
    ]


_PARTS: Final[Mapping[str, Callable[[VirtualMiner, MinerView], object]]] = {
    "summary": _summary,
    "edevs": lambda _, view: [_board(board) for board in view.boards],
    "pools": _pools,
}


def _device(miner: VirtualMiner, part: str) -> tuple[int, object]:
    view, controls = miner.look(), miner.controls
    sections: Reply = {
        "network": {"ip": "192.0.2.7", "proto": "dhcp", "mac": view.mac.upper(), "hostname": "WhatsMiner"},
        "miner": {
            "working": str(not controls.asleep).lower(),
            "type": view.model,
            "pool-strategy": "FAILOVER",
            "fast-boot": "disable",
            "board-num": str(len(view.boards)),
            **{f"pcbsn{board.slot - 1}": board.serial for board in view.boards},
            "miner-sn": view.serial,
            "power-limit-set": str(round(controls.power_limit)) if controls.power_limit else "",
        },
        "system": {
            "api": "3.0.2",
            "platform": "H616",
            "fwversion": controls.firmware or FIRMWARE,
            "control-board-version": "CB6V10",
            "apiswitch": "0" if miner.memory.get("api_off") else "1",
            "ledstatus": effects.led(miner),
        },
        "power": {
            "type": "P221B",
            "mode": "1",
            "model": "P221B",
            "iin": round(view.power / 220, 1),
            "vin": 220.5,
            "pin": round(view.power),
            "fanspeed": 6112,
            "sn": f"{view.serial}P",
            "vendor": "1",
        },
        "salt": SALT,
        "error-code": [{code: time, "reason": f"Fault {code}."} for code, time in effects.faults_of(miner).items()],
    }
    if part and part not in sections:
        return -2, f"invalid param: {part}"
    return 0, {part: sections[part]} if part else sections


def _setting(miner: VirtualMiner, _: str) -> tuple[int, object]:
    return 0, {
        "power-limit": effects.limit_of(miner, miner.look()),
        "upfreq-speed": 0,
        "power-mode": effects.mode_of(miner),
        "fast-boot": "disable",
        "heat-mode": "normal",
        "target-freq": 0,
        "power": 0,
        "power-percent": 100,
    }


_READS: Final[Mapping[str, Callable[[VirtualMiner, str], tuple[int, object]]]] = {
    "get.miner.status": _status,
    "get.device.info": _device,
    "get.miner.setting": _setting,
}


def _written(miner: VirtualMiner, command: str, question: Mapping[str, Any]) -> tuple[int, object]:
    """Carry a write out, or say why not; memory `deaf` is a firmware that says yes and does nothing."""
    moment = question.get("ts")
    secret = miner.controls.login[1] or effects.SUPER
    ticket = Ticket.made(command, secret, salt=SALT, time=moment if isinstance(moment, int) else 0)
    is_his = question.get("account") in ACCOUNTS and question.get("token") == ticket.token
    if not is_his or miner.memory.get("api_off"):
        return _NO_PERMISSION, "no permission"
    parameter = question.get("param")
    if command == "set.miner.pools":
        try:
            parameter = orjson.loads(ticket.open(str(parameter)))
        except ValueError:
            return -1, "invalid encrypted param"
    act = _WRITES.get(command)
    if act is None:
        return -2, "invalid command"
    if miner.memory.get("deaf") or act(miner, parameter):
        return 0, "ok"
    return -1, "fail"


def _serve(miner: VirtualMiner, parameter: object) -> bool:
    if parameter == "restart":
        effects.restart(miner)
    elif parameter in {"start", "stop"}:
        effects.set_off(miner, off=parameter == "stop")
    else:
        return False
    return True


def _take_mode(miner: VirtualMiner, parameter: object) -> bool:
    if parameter not in effects.MODES:
        return False
    effects.set_mode(miner, str(parameter))
    return True


def _take_limit(miner: VirtualMiner, parameter: object) -> bool:
    if not isinstance(parameter, int):
        return False
    effects.set_limit(miner, parameter)
    return True


def _take_pools(miner: VirtualMiner, parameter: object) -> bool:
    pools = [pool for pool in parameter if isinstance(pool, dict)] if isinstance(parameter, list) else []
    effects.set_pools(
        miner, [(str(pool.get("pool", "")), str(pool.get("worker", "")), str(pool.get("passwd", ""))) for pool in pools]
    )
    return bool(pools)


def _take_led(miner: VirtualMiner, parameter: object) -> bool:
    effects.set_led(miner, blinks=parameter != "auto")
    return parameter == "auto" or isinstance(parameter, list)


def _reboot(miner: VirtualMiner, _: object) -> bool:
    effects.reboot(miner)
    return True


_WRITES: Final[Mapping[str, Callable[[VirtualMiner, object], bool]]] = {
    "set.miner.service": _serve,
    "set.miner.power_mode": _take_mode,
    "set.miner.power_limit": _take_limit,
    "set.miner.pools": _take_pools,
    "set.system.led": _take_led,
    "set.system.reboot": _reboot,
}
