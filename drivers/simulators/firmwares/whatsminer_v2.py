"""A Whatsminer over version 2 of its interface: JSON on port 4028, shaped after replies of API 2.0.3 to 2.0.5.

Its manners: only some questions can be joined; writes come encrypted and are refused while the admin password is the
maker's own; after a reboot or another power mode it closes the connection without a word.
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
from drivers.transports.whatsminer_cipher import Seal

FIRMWARE: Final = "20240624.18.REL"
SALT: Final = "BQ5hoXV9"
JOINED: Final = frozenset({"summary", "pools", "edevs", "devdetails"})
MOST_JOINED: Final = 8
SILENT: Final = frozenset({"reboot", "set_low_power", "set_normal_power", "set_high_power"})
"""Writes after which the connection ends without a word."""

Reply: TypeAlias = dict[str, Any]


class WhatsminerV2(SilentWires):
    """The firmware of Whatsminers before 2025."""

    name = "whatsminer-v2"
    wires: Mapping[Wire, int] = {Wire.TEXT: 4028}

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """The answer to a question, in JSON, without anything behind it."""
        try:
            content = orjson.loads(question.strip(b"\0\r\n\t "))
        except ValueError:
            return orjson.dumps(_no(miner, 23, "json cmd err"))
        if not isinstance(content, dict):
            return orjson.dumps(_no(miner, 23, "json cmd err"))
        if content.get("enc") == 1:
            return _take_write(miner, str(content.get("data", "")))
        command = str(content.get("cmd", content.get("command", "")))
        names = command.split("+")[:MOST_JOINED]
        if len(names) == 1:
            return orjson.dumps(_answer(miner, command))
        if not JOINED.issuperset(names):
            return orjson.dumps(_no(miner, 14, "invalid cmd"))
        return orjson.dumps({**{name: [_answer(miner, name)] for name in names}, "id": 1})


def _no(miner: VirtualMiner, code: int, words: str) -> Reply:
    return {"STATUS": "E", "When": int(miner.look().now), "Code": code, "Msg": words, "Description": ""}


def _yes(view: MinerView, message: object, code: int = 131) -> Reply:
    return {"STATUS": "S", "When": int(view.now), "Code": code, "Msg": message, "Description": ""}


def _listed(view: MinerView, key: str, rows: list[Reply]) -> Reply:
    return {"STATUS": [{"STATUS": "S", "Msg": f"{len(rows)} {key}"}], key: rows, "id": 1}


def _answer(miner: VirtualMiner, command: str) -> Reply:
    known = _READS.get(command)
    if known is None:
        return _no(miner, 14, "invalid cmd")
    return known(miner, miner.look())


def _summary(miner: VirtualMiner, view: MinerView) -> Reply:
    chips = [board.chip_temp for board in view.boards if board.chips] or [0.0]
    fans = [*view.fans, 0, 0]
    row = {
        "Elapsed": int(view.mined),
        "MHS av": _mega(view.rate_avg),
        "MHS 5s": _mega(view.rate),
        "MHS 1m": _mega(view.rate),
        "MHS 5m": _mega(view.rate_avg),
        "MHS 15m": _mega(view.rate_avg),
        "HS RT": _mega(view.rate),
        "Accepted": view.accepted,
        "Rejected": view.rejected,
        "Total MH": 0,
        "Temperature": max((board.board_temp for board in view.boards), default=0.0),
        "freq_avg": round(math.fsum(board.frequency for board in view.boards) / max(len(view.boards), 1)),
        "Fan Speed In": fans[0],
        "Fan Speed Out": fans[1],
        "Power": round(view.power),
        "Power Rate": round(view.power / view.rate, 2) if view.rate > 0 else 0,
        "Pool Rejected%": 0.0,
        "Pool Stale%": 0.0,
        "Uptime": int(view.uptime),
        "Hash Stable": view.mined >= effects.RAISING_S,
        "Target Freq": 0,
        "Env Temp": round(view.ambient, 1),
        "Power Mode": effects.mode_of(miner).capitalize(),
        "Factory GHS": round(view.nominal * 1000),
        "Power Limit": effects.limit_of(miner, view),
        "Chip Temp Min": round(min(chips) - 8, 2),
        "Chip Temp Max": round(max(chips), 2),
        "Chip Temp Avg": round(math.fsum(chips) / len(chips) - 4, 2),
        "Debug": "",
        "Btminer Fast Boot": "disable",
    }
    return _listed(view, "SUMMARY", [row])


def _boards(miner: VirtualMiner, view: MinerView) -> Reply:
    return _listed(view, "DEVS", [_board(miner, view, board) for board in view.boards])


def _board(miner: VirtualMiner, view: MinerView, board: BoardView) -> Reply:
    return {
        "ASC": board.slot - 1,
        "Slot": board.slot - 1,
        "Enabled": "Y",
        "Status": "Alive",
        "Temperature": round(board.board_temp, 1),
        "Chip Frequency": round(board.frequency),
        "MHS av": _mega(board.rate),
        "MHS 5s": _mega(board.rate),
        "MHS 1m": _mega(board.rate),
        "HS RT": _mega(board.rate),
        "Factory GHS": round(board.nominal * 1000),
        "Upfreq Complete": int(view.mined >= effects.RAISING_S),
        "Effective Chips": 0 if miner.controls.asleep else board.chips,
        "PCB SN": board.serial,
        "Chip Data": "",
        "Chip Temp Min": round(board.chip_temp - 8, 2),
        "Chip Temp Max": round(board.chip_temp, 2),
        "Chip Temp Avg": round(board.chip_temp - 4, 2),
        "chip_vol_diff": 9,
    }


def _pools(miner: VirtualMiner, view: MinerView) -> Reply:
    state = "Alive" if view.pool_alive else "Dead"
    rows = [
        {
            "POOL": at + 1,
            "URL": url,
            "Status": state,
            "Priority": at,
            "Accepted": 0 if at else view.accepted,
            "Rejected": 0 if at else view.rejected,
            "Stale": 0 if at else view.stale,
            "User": user,
            "Stratum Active": at == 0 and view.pool_alive and not miner.controls.asleep,
        }
        for at, (url, user, _) in enumerate(effects.pools_of(miner))
    ]
    return _listed(view, "POOLS", rows)


def _details(_: VirtualMiner, view: MinerView) -> Reply:
    rows: list[Reply] = [
        {"DEVDETAILS": at, "Name": "SM", "ID": at, "Driver": "bitmicro", "Kernel": "", "Model": view.model}
        for at in range(len(view.boards))
    ]
    return _listed(view, "DEVDETAILS", rows)


def _status(miner: VirtualMiner, view: MinerView) -> Reply:
    off = miner.controls.asleep
    return _yes(
        view,
        {
            "mineroff": str(off).lower(),
            "mineroff_reason": "user" if off else "",
            "mineroff_time": "",
            "FirmwareVersion": miner.controls.firmware or FIRMWARE,
            "power_mode": effects.mode_of(miner),
            "power_limit_set": str(round(miner.controls.power_limit)) if miner.controls.power_limit else "",
            "hash_percent": "0",
        },
    )


def _errors(miner: VirtualMiner, view: MinerView) -> Reply:
    return _yes(view, {"error_code": [{code: time} for code, time in effects.faults_of(miner).items()]})


def _info(miner: VirtualMiner, view: MinerView) -> Reply:
    return _yes(
        view,
        {
            "proto": "dhcp",
            "hostname": "WhatsMiner",
            "mac": view.mac.upper(),
            "ledstat": effects.led(miner),
            "minersn": view.serial,
            "powersn": f"{view.serial}P",
        },
    )


def _version(miner: VirtualMiner, view: MinerView) -> Reply:
    firmware = miner.controls.firmware or FIRMWARE
    return _yes(view, {"api_ver": "2.0.5", "fw_ver": firmware, "platform": "H616", "chip": ""})


def _supply(_: VirtualMiner, view: MinerView) -> Reply:
    return _yes(
        view,
        {
            "name": "P221B",
            "hw_version": "R00033",
            "sw_version": "230208.220429",
            "model": "P221B",
            "iin": f"{view.power / 220:.2f}",
            "vin": "22000",
            "fan_speed": "6000",
            "serial_no": f"{view.serial}P",
            "vendor": "1",
        },
    )


def _token(miner: VirtualMiner, view: MinerView) -> Reply:
    count = miner.memory.get("tokens", 0)
    given = count + 1 if isinstance(count, int) else 1
    token = {"time": f"{given:04d}", "salt": SALT, "newsalt": f"jbzk{given:04d}"}
    miner.memory |= {"tokens": given, "token": token}
    return _yes(view, token, 134)


_READS: Final[Mapping[str, Callable[[VirtualMiner, MinerView], Reply]]] = {
    "summary": _summary,
    "edevs": _boards,
    "devs": _boards,
    "pools": _pools,
    "devdetails": _details,
    "status": _status,
    "get_error_code": _errors,
    "get_miner_info": _info,
    "get_version": _version,
    "get_psu": _supply,
    "get_token": _token,
}


def _take_write(miner: VirtualMiner, hidden: str) -> bytes:
    password = miner.controls.login[1] or effects.ADMIN
    if password == effects.ADMIN:
        return orjson.dumps(_no(miner, 45, "can't access write cmd"))
    token = miner.memory.get("token")
    if not isinstance(token, dict):
        return orjson.dumps(_no(miner, 135, "check token error"))
    seal = Seal.made(password, salt=token["salt"], new_salt=token["newsalt"], time=token["time"])
    try:
        command = orjson.loads(seal.open(hidden))
    except ValueError:
        return orjson.dumps(_no(miner, 23, "json cmd err"))
    if not isinstance(command, dict) or command.get("token") != seal.sign:
        return orjson.dumps(_no(miner, 135, "check token error"))
    name = str(command.get("cmd", ""))
    answer = _written(miner, name, command)
    if name in SILENT:
        return b""
    secret = orjson.loads(seal.close(answer))["data"]
    return orjson.dumps({"enc": str(secret)})


def _written(miner: VirtualMiner, name: str, command: Mapping[str, Any]) -> Reply:
    """Carry a write out, or say why not; memory `deaf` is a firmware that says yes and does nothing."""
    if miner.memory.get("deaf"):
        return _yes(miner.look(), "API command OK")
    if name == "update_pools":
        places = range(1, effects.MOST_POOLS + 1)
        told = {key: str(value) for key, value in command.items()}
        effects.set_pools(
            miner,
            [(told.get(f"pool{at}", ""), told.get(f"worker{at}", ""), told.get(f"passwd{at}", "")) for at in places],
        )
    elif name == "adjust_power_limit" and str(command.get("power_limit", "")).isdigit():
        effects.set_limit(miner, int(command["power_limit"]))
    elif name in _SIMPLE:
        _SIMPLE[name](miner)
    elif name == "set_led":
        effects.set_led(miner, blinks=command.get("param") != "auto")
    else:
        return _no(miner, 14, "invalid cmd")
    return _yes(miner.look(), "API command OK")


_SIMPLE: Final[Mapping[str, Callable[[VirtualMiner], None]]] = {
    "power_off": lambda miner: effects.set_off(miner, off=True),
    "power_on": lambda miner: effects.set_off(miner, off=False),
    "restart_btminer": effects.restart,
    "reboot": effects.reboot,
    "set_low_power": lambda miner: effects.set_mode(miner, "low"),
    "set_normal_power": lambda miner: effects.set_mode(miner, "normal"),
    "set_high_power": lambda miner: effects.set_mode(miner, "high"),
}


def _mega(rate: float) -> float:
    return round(rate * 1e6, 2)
