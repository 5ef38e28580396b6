"""ePIC's PowerPlay: REST on port 4028. Reading is open; every command carries the password in its JSON body."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from drivers.simulators.personality import (
    BoardView,
    HttpQuestion,
    HttpReply,
    MinerView,
    SilentWires,
    VirtualMiner,
    Wire,
)

_FAN_SOCKETS: Final = 12
_LEAST_FAN: Final = 20
"""A speed below that of the preset is passed over without a word (the maker's own note)."""
_SECONDS_TO_HASH: Final = 30.0


class EpicPersonality(SilentWires):
    """A miner with PowerPlay 1.15 and the tuning algorithm Power."""

    name = "epic"
    wires: Mapping[Wire, int] = {Wire.HTTP: 4028}

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        """Pages and commands."""
        if question.method == "POST":
            return _command(miner, question)
        pages: dict[str, Callable[[VirtualMiner], object]] = {
            "/summary": _summary,
            "/capabilities": _capabilities,
            "/network": lambda miner: {"dhcp": {"address": "192.0.2.7", "mac_address": miner.look().mac.upper()}},
            "/temps": lambda miner: [
                {"Index": board.slot - 1, "Data": [board.board_temp - 9.0, board.board_temp], "Total": 0.0}
                for board in miner.look().boards
            ],
            "/temps/chip": lambda miner: [_chips(board, 0.0) for board in miner.look().boards if board.chips],
            "/hashrate": lambda miner: [
                _chips(board, [1.0, 99.0, 0.5]) for board in miner.look().boards if board.chips
            ],
            "/hashratesplit/config": lambda miner: {"enabled": False, "hashrate_splits": []},
        }
        if question.method == "GET" and question.path == "/":
            return HttpReply(200, b"<title>Miner Web Dashboard</title>")
        page = pages.get(question.path)
        return HttpReply(200, orjson.dumps(page(miner))) if page is not None else HttpReply(404, b"Not Found")


def _chips(board: BoardView, each: object) -> dict[str, object]:
    return {"Index": board.slot - 1, "Data": [each] * board.chips, "Total": 0.0}


def _summary(miner: VirtualMiner) -> dict[str, Any]:
    view, controls = miner.look(), miner.controls
    hashing = [board for board in view.boards if board.chips] if not controls.asleep else []
    fan = {"Manual": int(controls.fan_percent)} if controls.fan_percent is not None else _automatic()
    return {
        "Status": _status(miner, view),
        "Hostname": "virtual-epic",
        "Software": controls.firmware or "PowerPlay-BMS v1.15.3",
        "Mining": {"Coin": "BTC", "Algorithm": "SHA-256"},
        "Misc": {"Locate Miner State": controls.locating, "Shutdown Temp": 85.0, "Critical Temp": 100.0},
        "PresetInfo": {"Target Power": 3000},
        "PerpetualTune": {"Running": True, "Algorithm": _algorithm(miner)},
        "Power Supply Stats": {"Input Power": view.power, "Output Voltage": 12.6, "Input Voltage": 0.0},
        "Fans": {"Fan Mode": fan, "Fans Speed": 70, "Minimum Working Fans": 4},
        "Fans Rpm": {
            f"Fans Speed {at}": view.fans[at - 1] if at <= len(view.fans) else None for at in range(1, _FAN_SOCKETS + 1)
        },
        "HBStatus": [
            {"Index": board.slot - 1, "Detected": board.chips > 0, "Enabled": board.chips > 0} for board in view.boards
        ],
        "HBs": [_board(board) for board in hashing],
        "Session": {
            "Uptime": int(view.mined),
            "Accepted": view.accepted,
            "Rejected": view.rejected,
            "Average MHs": view.rate_avg * 1e6,
        },
        "Stratum": {
            "Config Id": 0,
            "Current Pool": controls.pools[0][0].partition("//")[2] if controls.pools else "",
            "Current User": controls.pools[0][1] if controls.pools else "",
            "IsPoolConnected": view.pool_alive,
            "Worker Unique Id": True,
        },
        "StratumConfigs": [{"pool": url, "login": user, "password": secret} for url, user, secret in controls.pools],
    }


def _status(miner: VirtualMiner, view: MinerView) -> dict[str, Any]:
    controls = miner.controls
    state = "Mining"
    if controls.asleep:
        state = "Idling"
    elif view.mined < _SECONDS_TO_HASH and controls.writes:
        state = "Initializing"
    last = next((word for word in reversed(controls.writes) if word.startswith("miner ")), "")
    command = {"miner Stop": "stop", "miner Autostart": "autostart"}.get(last)
    return {"Operating State": state, "Last Command": command, "Last Command Result": None, "Last Error": None}


def _algorithm(miner: VirtualMiner) -> dict[str, Any]:
    if miner.controls.power_limit:
        settings = {"Target": int(miner.controls.power_limit), "Unit": "W", "Optimized": False}
        return {"Power": settings | {"Min Throttle Target": 1500, "Throttle Step": 100}}
    return {"VoltageOptimizer": {"Target": 140, "Unit": "TH/s", "Optimized": True, "Throttle Target": None}}


def _automatic() -> dict[str, Any]:
    return {"Auto": {"Idle Speed": 20, "Target Temperature": 60}}


def _board(board: BoardView) -> dict[str, Any]:
    percent = 100 * board.rate / board.nominal if board.nominal else 0.0
    return {
        "Index": board.slot - 1,
        "Hashrate": [board.rate * 1e6, percent, 0.8],
        "Core Clock": [],
        "Core Clock Avg": board.frequency,
        "Input Voltage": board.voltage,
        "Temperature": board.board_temp,
    }


def _capabilities(miner: VirtualMiner) -> dict[str, Any]:
    view = miner.look()
    return {
        "Model": view.model,
        "Miner Serial Number": view.serial,
        "Board Serial Numbers": [board.serial for board in view.boards],
        "Chip Type": "BM1362",
        "Default Hashrate": round(view.nominal),
        "Max HBs": len(view.boards),
        "Temp Sensor Info": {"Count": 2, "Type": "Board"},
        "Performance Estimator": {"Chip Count": max((board.chips_expected for board in view.boards), default=0)},
    }


def _command(miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
    try:
        body = orjson.loads(question.body)
    except ValueError:
        return HttpReply(400, b"Bad Request")
    if not isinstance(body, dict) or body.get("password") != miner.controls.login[1]:
        return _verdict("Incorrect password")
    doors: dict[str, Callable[[VirtualMiner, Any], str]] = {
        "/authenticate": lambda miner, param: "",
        "/identify": _identify,
        "/reboot": _reboot,
        "/softreboot": _soft_reboot,
        "/miner": _operate,
        "/perpetualtune/algo": _tune,
        "/fanspeed": _fans,
        "/coin": _coin,
    }
    door = doors.get(question.path)
    return _verdict(door(miner, body.get("param"))) if door is not None else HttpReply(404, b"Not Found")


def _verdict(error: str) -> HttpReply:
    return HttpReply(200, orjson.dumps({"result": not error, "error": error or None}))


def _identify(miner: VirtualMiner, param: Any) -> str:
    miner.controls.locating = param is True
    miner.controls.writes.append(f"identify {param}")
    return ""


def _reboot(miner: VirtualMiner, param: Any) -> str:
    miner.controls.reboots += 1
    miner.controls.writes.append("reboot")
    return ""


def _soft_reboot(miner: VirtualMiner, param: Any) -> str:
    miner.controls.restarts += 1
    miner.controls.writes.append("softreboot")
    return ""


def _operate(miner: VirtualMiner, param: Any) -> str:
    if param not in {"Stop", "Autostart"}:
        return "unknown operation"
    miner.controls.asleep = param == "Stop"
    miner.controls.writes.append(f"miner {param}")
    return ""


def _tune(miner: VirtualMiner, param: Any) -> str:
    if not isinstance(param, dict) or param.get("algo") != "Power":
        return "unknown algorithm"
    miner.controls.power_limit = float(param["target"])
    miner.controls.writes.append(f"tune {param['target']}")
    return ""


def _fans(miner: VirtualMiner, param: Any) -> str:
    speed = param.get("Manual") if isinstance(param, dict) else None
    if isinstance(speed, int):
        if speed >= _LEAST_FAN:
            miner.controls.fan_percent = float(speed)
            miner.controls.writes.append(f"fans {speed}")
        return ""
    miner.controls.fan_percent = None
    miner.controls.writes.append("fans automatic")
    return ""


def _coin(miner: VirtualMiner, param: Any) -> str:
    configs = param.get("stratum_configs") if isinstance(param, dict) else None
    if not isinstance(configs, list) or not 1 <= len(configs) <= 3:
        return "one to three pools"
    miner.controls.pools = [(config["pool"], config["login"], config.get("password") or "") for config in configs]
    miner.controls.writes.append("pools " + " ".join(config["pool"] for config in configs))
    return ""
