"""MARA's firmware: port 4028 tells its name, all else is behind a digest login, and the configuration is one piece."""

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from drivers.simulators.firmwares.digest_gate import challenge_unless_right
from drivers.simulators.firmwares.text_protocol import ended
from drivers.simulators.personality import BoardView, HttpQuestion, HttpReply, SilentWires, VirtualMiner, Wire

PREFIX: Final = "/kaonsu/v1/"
REALM: Final = "KAONSU"
_SECONDS_TO_HASH: Final = 30.0


class MaraPersonality(SilentWires):
    """A miner with MARA's firmware."""

    name = "mara"
    wires: Mapping[Wire, int] = {Wire.TEXT: 4028, Wire.HTTP: 80}

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """Whatever is asked: `version` is answered, the rest gets a summary."""
        status = [{"STATUS": "S", "Code": 22, "Msg": "MARAFW versions", "Description": "kaonsu"}]
        if b"version" in question:
            row = {"API": "3.7", "MARAFW": "2024-11.1", "Model": miner.look().model}
            return ended({"STATUS": status, "VERSION": [row], "id": 1})
        return ended({"STATUS": status, "SUMMARY": [{"Elapsed": int(miner.look().mined)}], "id": 1})

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        """Pages and changes, after the login."""
        refusal = challenge_unless_right(miner, question, REALM, miner.controls.login)
        if refusal is not None:
            return refusal
        name = question.path.removeprefix(PREFIX)
        if question.method == "POST":
            return _change(miner, name, question.body)
        page = _PAGES.get(name)
        return _json(page(miner)) if page is not None else HttpReply(404, b"Not Found")


def _json(content: object) -> HttpReply:
    return HttpReply(200, orjson.dumps(content), {"Content-Type": "application/json"})


def _brief(miner: VirtualMiner) -> dict[str, Any]:
    view = miner.look()
    status = "Mining"
    if miner.controls.asleep:
        status = "Sleeping"
    elif view.mined < _SECONDS_TO_HASH:
        status = "Initializing"
    return {
        "status": status,
        "elapsed": int(view.mined),
        "hashrate_realtime": view.rate,
        "hashrate_average": view.rate_avg,
        "hashrate_ideal": view.nominal * 1000,
        "power_consumption_estimated": view.power,
    }


def _boards(miner: VirtualMiner) -> dict[str, Any]:
    boards = []
    for board in miner.look().boards:
        temperatures = {
            "temperature_pcb": [board.inlet_temp, board.board_temp],
            "temperature_chip": [board.chip_temp, board.chip_temp - 3],
        }
        boards.append(_names(board) | {"hashrate_average": board.rate * 1000} | temperatures)
    return {"hashboards": boards}


def _details(miner: VirtualMiner) -> dict[str, Any]:
    boards = []
    for board in miner.look().boards:
        clock = {"hashrate_avg": board.rate * 1000, "frequency_avg": board.frequency, "voltage": board.voltage}
        boards.append(_names(board) | clock | {"asic_infos": []})
    return {"hashboard_infos": boards}


def _names(board: BoardView) -> dict[str, Any]:
    return {"index": board.slot - 1, "asic_num": board.chips, "serial_number": board.serial}


def _overview(miner: VirtualMiner) -> dict[str, Any]:
    view = miner.look()
    return {
        "model": view.model,
        "mac": view.mac,
        "serial_number": view.serial,
        "version_firmware": "2024-11.1",
        "control_board": "virtual",
    }


def _pools(miner: VirtualMiner) -> list[dict[str, Any]]:
    view = miner.look()
    return [
        {
            "index": at,
            "url": url,
            "user": user,
            "priority": at,
            "status": "Alive" if view.pool_alive else "Dead",
            "accepted": view.accepted if at == 0 else 0,
            "rejected": view.rejected if at == 0 else 0,
            "stale": view.stale if at == 0 else 0,
        }
        for at, (url, user, _secret) in enumerate(miner.controls.pools)
    ]


def _config(miner: VirtualMiner) -> dict[str, Any]:
    """The configuration, with what has been written to it before."""
    kept = miner.memory.get("config")
    config: dict[str, Any] = copy.deepcopy(kept) if isinstance(kept, dict) else _factory()
    config["pools"] = [
        {"url": url, "user": user, "pass": secret, "gid": 0} for url, user, secret in miner.controls.pools
    ]
    return config


def _factory() -> dict[str, Any]:
    return {
        "mode": {
            "work-mode-selector": "Auto",
            "concorde": {"mode-select": "Hashrate", "hash-target": 110, "power-target": 3000},
            "fixed": {"frequency": "490", "voltage": 13.4},
        },
        "general-config": {"environment-profile": "AirCooling"},
        "advance-config": {"override-fan-control": False, "fan-fixed-percent": 0},
        "pool-group": [{"gid": 0, "alias": "", "percent": 100}],
        "pools": [],
    }


def _history(miner: VirtualMiner) -> object:
    return miner.memory.get("history", [])


_PAGES: Final[Mapping[str, Callable[[VirtualMiner], object]]] = {
    "brief": _brief,
    "hashboards": _boards,
    "details": _details,
    "overview": _overview,
    "pools": _pools,
    "fans": lambda miner: {"fans": [{"current_speed": speed} for speed in miner.look().fans]},
    "miner_config": _config,
    "locate_miner": lambda miner: {"blinking": miner.controls.locating},
    "log": _history,
}


def _change(miner: VirtualMiner, name: str, body: bytes) -> HttpReply:
    try:
        asked = orjson.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        return _json({"error": True, "msg": "no JSON object"})
    controls = miner.controls
    if name == "locate_miner":
        controls.locating = asked.get("blinking") is True
        controls.writes.append(f"locate {asked.get('blinking')}")
        return _json({"blinking": controls.locating})
    if name == "maintenance" and asked.get("type") in {"reboot", "reload"}:
        return _restart(miner, str(asked["type"]))
    if name == "miner_config":
        return _configure(miner, asked)
    return HttpReply(404, b"Not Found")


def _restart(miner: VirtualMiner, kind: str) -> HttpReply:
    if kind == "reboot":
        miner.controls.reboots += 1
    else:
        miner.controls.restarts += 1
    miner.controls.writes.append(kind)
    return _json({"error": False})


def _configure(miner: VirtualMiner, wanted: dict[str, Any]) -> HttpReply:
    """Take the configuration whole: what it leaves out is gone."""
    if set(wanted) != set(_factory()):
        return _json({"error": True, "msg": "the configuration is not whole"})
    controls = miner.controls
    before, after = (config["mode"]["work-mode-selector"] for config in (_config(miner), wanted))
    if after not in {"Auto", "Fixed", "Stock", "Sleep"}:
        return _json({"error": True, "msg": "unknown work mode"})
    entry = {"type": "update", "path": ["Mode", "WorkModeSelector"], "from": before, "to": after}
    history = miner.memory.setdefault("history", [])
    if before != after and isinstance(history, list):
        history.append({"1763800000": [entry]})
    miner.memory["config"] = wanted
    controls.asleep = after == "Sleep"
    controls.power_mode = after
    controls.pools = [(pool["url"], pool["user"], pool["pass"]) for pool in wanted["pools"]]
    controls.writes.append(f"configuration {after}")
    return _json({"error": False, "msg": "ok"})
