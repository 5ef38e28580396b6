"""VNish 1.2: the web interface, shaped after a recorded S21 Pro and the firmware's own OpenAPI document.

With its bad manners: settings are answered with yes whether they are taken or not, the LED turns over whatever the
question says, the uptime comes in minutes, and the developer's pool stands among the owner's.
"""

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

VERSION: Final = "1.2.7"
DEFAULT_PASSWORD: Final = "admin"
TOKEN: Final = "eyJhbGciOiJIUzI1NiJ9.virtual"
PAGE: Final = (
    b'<!DOCTYPE html><html lang="en"><head><meta charset="UTF-8"><meta name="firmware" content="AnthillOS">'
    b"<title>Firmware</title></head><body><div id=app></div></body></html>"
)
PRESETS: Final = (2550, 2800, 3070, 3250, 3520)
POOLS: Final = (("btc.pool.example:3333", "site.rig07", "x"), ("backup.pool.example:3333", "site.rig07", "x"))
LEAST_FAN: Final = 10

_BASE: Final = "/api/v1/"
_OPEN: Final = frozenset({"info", "summary", "status", "perf-summary", "chains/factory-info", "find-miner"})


class Vnish(SilentWires):
    """The firmware.

    Keys of `memory` that a test may set: `state` (in place of the miner's own), `locked` (every page but `info` wants
    the password), `metered` (the power supply measures), `restart_required` (settings wait for a restart), `stubborn`
    (says yes to settings and keeps the old ones).
    """

    name = "vnish"
    wires: Mapping[Wire, int] = {Wire.HTTP: 80, Wire.TEXT: 4028}

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """The answer on port 4028, where this firmware refuses `version`."""
        view = miner.look()
        status = {"STATUS": "E", "When": int(view.now), "Code": 0, "Msg": "Invalid command"}
        return orjson.dumps({"STATUS": [{**status, "Description": "cgminer 4.11.1"}]}) + b"\0"

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        """The answer to an HTTP request."""
        if question.path == "/":
            return HttpReply(200, PAGE, {"Content-Type": "text/html; charset=utf-8"})
        if not question.path.startswith(_BASE):
            return HttpReply(404)
        name = question.path.removeprefix(_BASE)
        if name == "unlock" and question.method == "POST":
            return _unlock(miner, question.body)
        is_open = name in _OPEN and not (miner.memory.get("locked") and name != "info")
        if not is_open and question.headers.get("authorization") != f"Bearer {TOKEN}":
            return HttpReply(401)
        if question.method == "GET" and name in _PAGES:
            return _json(_PAGES[name](miner))
        if question.method == "POST" and name in _WRITES:
            return _written(miner, name, question.body)
        return HttpReply(404)


def _json(content: object, status: int = 200) -> HttpReply:
    return HttpReply(status, orjson.dumps(content), {"Content-Type": "application/json"})


def _unlock(miner: VirtualMiner, body: bytes) -> HttpReply:
    wanted = miner.controls.login[1] or DEFAULT_PASSWORD
    try:
        given = orjson.loads(body)["pw"]
    except (ValueError, KeyError, TypeError):
        return HttpReply(400)
    if given != wanted:
        return _json({"unlock_timeout": None}, 403)
    return _json({"token": TOKEN})


def _state(miner: VirtualMiner) -> str:
    said = miner.memory.get("state")
    if isinstance(said, str):
        return said
    return "stopped" if miner.controls.asleep else "mining"


def _info(miner: VirtualMiner) -> object:
    view = miner.look()
    minutes = int(view.uptime) // 60
    days, rest = divmod(minutes, 1440)
    clock = f"{rest // 60}:{rest % 60:02d}"
    network = {"mac": view.mac.upper(), "dhcp": True, "ip": "192.0.2.7", "hostname": "Antminer"}
    return {
        "miner": view.model,
        "model": view.model.removeprefix("Antminer ").lower().replace(" ", ""),
        "fw_name": "Vnish",
        "fw_version": miner.controls.firmware or VERSION,
        "build_name": "vnishus",
        "platform": "aml",
        "install_type": "nand",
        "algorithm": "sha256d",
        "hr_measure": "GH/s",
        "system": {
            "os": "GNU/Linux",
            "network_status": network,
            "uptime": f"{days} days, {clock}" if days > 1 else f"{days} day, {clock}" if days else clock,
        },
        "serial": view.serial or "N/A",
    }


def _status(miner: VirtualMiner) -> object:
    return {
        **_miner_status(miner, miner.look()),
        "find_miner": miner.controls.locating,
        "restart_required": bool(miner.memory.get("restart_required")),
        "reboot_required": False,
        "unlocked": False,
    }


def _miner_status(miner: VirtualMiner, view: MinerView) -> dict[str, object]:
    state = _state(miner)
    status: dict[str, object] = {"miner_state": state, "miner_state_time": int(view.mined)}
    if state == "failure":
        status |= {"failure_code": 13, "description": "overheat protection"}
    return status


def _summary(miner: VirtualMiner) -> object:
    view = miner.look()
    rates = {
        "hr_stock": view.nominal * 1e3,
        "average_hashrate": view.rate_avg,
        "instant_hashrate": view.rate,
        "hr_realtime": view.rate * 1e3,
        "hr_nominal": view.nominal * 1e3,
        "hr_average": view.rate_avg * 1e3,
    }
    return {
        "miner": {
            "miner_status": _miner_status(miner, view),
            "miner_type": f"{view.model} (Vnish {VERSION})",
            **rates,
            "pcb_temp": _span([board.board_temp for board in view.boards]),
            "chip_temp": _span([board.chip_temp for board in view.boards]),
            "power_consumption": round(view.power),
            "power_usage": round(view.power),
            "power_efficiency": view.power / view.rate if view.rate else 0.0,
            "hw_errors_percent": 0.0,
            "hr_error": 0.0,
            "hw_errors": sum(board.hw_errors for board in view.boards),
            "devfee_percent": 2.8,
            "devfee": 0.028 * view.rate * 1e3,
            "pools": _pools(miner, view),
            "cooling": _cooling(miner, view),
            "chains": [_chain(miner, board, view.power / max(len(view.boards), 1)) for board in view.boards],
            "found_blocks": 0,
            "psu": {"psu_power_metering": bool(miner.memory.get("metered"))},
        }
    }


def _span(temperatures: list[float]) -> dict[str, int]:
    found = [round(one) for one in temperatures] or [0]
    return {"min": min(found), "max": max(found)}


def _pools(miner: VirtualMiner, view: MinerView) -> list[object]:
    own = [
        _pool(at, url, user, "UserPool", _word(view, at), view if at == 0 else None)
        for at, (url, user, _) in enumerate(miner.controls.pools or POOLS)
    ]
    return [*own, {**_pool(len(own), "DevFee", "DevFee", "DevFee", "active", None), "accepted": 224, "rejected": 1}]


def _word(view: MinerView, at: int) -> str:
    return "offline" if not view.pool_alive else "active" if at == 0 else "working"


def _pool(at: int, url: str, user: str, kind: str, word: str, view: MinerView | None) -> dict[str, object]:
    counts = (view.accepted, view.rejected, view.stale) if view is not None else (0, 0, 0)
    shares = dict(zip(("accepted", "rejected", "stale"), counts, strict=True))
    return {"id": at, "url": url, "pool_type": kind, "user": user, "status": word, "diff": "262K", **shares, "ping": 8}


def _cooling(miner: VirtualMiner, view: MinerView) -> dict[str, object]:
    fans = [
        {"id": at, "rpm": rpm, "status": "ok" if rpm else "lost", "max_rpm": 6500} for at, rpm in enumerate(view.fans)
    ]
    name = _mode(miner)["name"]
    shown = "immersion" if name == "immers" else name
    return {"fan_num": len(fans), "fans": fans, "settings": {"mode": {"name": shown}}, "fan_duty": 90}


def _chain(miner: VirtualMiner, board: BoardView, power: float) -> dict[str, object]:
    return {
        "id": board.slot,
        "frequency": board.frequency,
        "voltage": round(board.voltage * 1e3),
        "power_consumption": round(power),
        "hashrate_ideal": board.nominal * 1e3,
        "hashrate_rt": board.rate * 1e3,
        "hashrate_percentage": 100 * board.rate / board.nominal if board.nominal else 0.0,
        "hr_error": 0.0,
        "hw_errors": board.hw_errors,
        "pcb_temp": _span([board.board_temp - 10, board.board_temp]),
        "chip_temp": _span([board.chip_temp - 10, board.chip_temp]),
        "chip_statuses": {"red": 0, "orange": min(board.chips, 6), "grey": max(board.chips - 6, 0)},
        "status": {"state": "disconnected" if not board.chips else _state(miner)},
    }


def _mode(miner: VirtualMiner) -> dict[str, object]:
    if miner.controls.immersion:
        return {"name": "immers"}
    if miner.controls.fan_percent is not None:
        return {"name": "manual", "param": round(miner.controls.fan_percent)}
    return {"name": "auto", "param": 65}


def _settings(miner: VirtualMiner) -> object:
    pools = [{"url": url, "user": user, "pass": word} for url, user, word in (miner.controls.pools or POOLS)]
    empty = [{"url": "", "user": "", "pass": ""}] * (3 - len(pools))
    limits = {"min_fan_pwm": LEAST_FAN, "min_target_temp": 20, "max_target_temp": 90}
    return {
        "miner": {
            "cooling": {"mode": _mode(miner), "fan_min_count": 4, "fan_min_duty": LEAST_FAN, "fan_max_duty": 100},
            "overclock": {"modded_psu": False, "preset": _preset(miner), "globals": {"volt": 1270, "freq": 555}},
            "pools": [*pools, *empty],
        },
        "ui": {"consts": {"cooling": limits}},
    }


def _preset(miner: VirtualMiner) -> str:
    return miner.controls.power_mode or "3250"


def _presets(miner: VirtualMiner) -> object:
    watts = [_described(str(preset)) for preset in PRESETS]
    modified = {**_described("4690"), "modded_psu_required": True}
    return [{**_described("disabled"), "pretty": "Disabled"}, *watts, modified]


def _described(name: str) -> dict[str, object]:
    pretty = f"{name} watt ~ {int(name) // 15} TH" if name.isdecimal() else "Disabled"
    return {"name": name, "pretty": pretty, "status": "untuned", "modded_psu_required": False}


def _factory(miner: VirtualMiner) -> object:
    chains = [{"id": board.slot, "serial": board.serial, "board_model": "A3HB70601"} for board in miner.look().boards]
    return {"chains": chains, "psu_model": "APW17", "psu_serial": "SIMPSU0007", "has_pics": False}


_PAGES: Final[Mapping[str, Callable[[VirtualMiner], object]]] = {
    "info": _info,
    "summary": _summary,
    "status": _status,
    "settings": _settings,
    "perf-summary": lambda miner: {"current_preset": _described(_preset(miner))},
    "autotune/presets": _presets,
    "chains/factory-info": _factory,
}


def _written(miner: VirtualMiner, name: str, body: bytes) -> HttpReply:
    try:
        content: Any = orjson.loads(body) if body else {}
        return _json(_WRITES[name](miner, content))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return _json({"err": f"{error}"}, 500)


def _turn_lamp(miner: VirtualMiner, content: Any) -> object:
    miner.controls.locating = not miner.controls.locating
    miner.controls.writes.append(f"locate {miner.controls.locating}")
    return {"on": miner.controls.locating}


def _sleep(asleep: bool) -> Callable[[VirtualMiner, Any], object]:
    def change(miner: VirtualMiner, content: Any) -> object:
        miner.controls.asleep = asleep
        miner.controls.writes.append("stop" if asleep else "start")
        return {"success": True}

    return change


def _restart(miner: VirtualMiner, content: Any) -> object:
    miner.controls.restarts += 1
    miner.memory["restart_required"] = False
    miner.controls.writes.append("restart")
    return {"success": True}


def _reboot(miner: VirtualMiner, content: Any) -> object:
    miner.controls.reboots += 1
    miner.controls.writes.append("reboot")
    return {"after": 3}


def _set(miner: VirtualMiner, content: Any) -> object:
    """Take what it takes, say yes to all of it."""
    part = content["miner"]
    if not miner.memory.get("stubborn"):
        if "pools" in part:
            _set_pools(miner, part["pools"])
        if "overclock" in part:
            _set_preset(miner, str(part["overclock"]["preset"]))
        if "cooling" in part:
            _set_cooling(miner, part["cooling"]["mode"])
    return {"restart_required": bool(miner.memory.get("restart_required")), "reboot_required": False}


def _set_pools(miner: VirtualMiner, pools: list[dict[str, str]]) -> None:
    found = [(pool["url"], pool["user"], pool["pass"]) for pool in pools if pool["url"]]
    if found and all(":" in url for url, _, _ in found):
        miner.controls.pools = found
        miner.controls.writes.append(f"pools {len(found)}")


def _set_preset(miner: VirtualMiner, name: str) -> None:
    if name == "disabled" or (name.isdecimal() and int(name) in PRESETS):
        miner.controls.power_mode = name
        miner.controls.power_share = 1.0 if name == "disabled" else min(1.0, int(name) / PRESETS[-1])
        miner.controls.writes.append(f"preset {name}")


def _set_cooling(miner: VirtualMiner, mode: dict[str, Any]) -> None:
    name = mode["name"]
    if name == "manual" and not LEAST_FAN <= mode["param"] <= 100:
        return
    if name in {"auto", "manual", "immers"}:
        miner.controls.immersion = name == "immers"
        miner.controls.fan_percent = float(mode["param"]) if name == "manual" else None
        miner.controls.writes.append(f"fans {name}")


_WRITES: Final[Mapping[str, Callable[[VirtualMiner, Any], object]]] = {
    "find-miner": _turn_lamp,
    "mining/stop": _sleep(True),
    "mining/start": _sleep(False),
    "mining/restart": _restart,
    "system/reboot": _reboot,
    "settings": _set,
}
