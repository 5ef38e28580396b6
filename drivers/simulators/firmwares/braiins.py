"""BraiinsOS of 2025: the REST interface, shaped after recorded replies of 25.11 and the firmware's OpenAPI document.

A miner of that age also answers on port 4028, and tells its model over GraphQL without a login.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from drivers.simulators.firmwares.braiins_text import answer_text, mined_of, pools_of
from drivers.simulators.personality import (
    BoardView,
    HttpQuestion,
    HttpReply,
    MinerView,
    SilentWires,
    VirtualMiner,
    Wire,
)

VERSION: Final = "2025-11-21-0-0a1b2c3d-25.11-plus"
DEFAULT_LOGIN: Final = ("root", "root")
TIMEOUT_S: Final = 3600
LEAST_WATTS: Final = 900
MOST_WATTS: Final = 6000
PAGE: Final = b"<!DOCTYPE html><html><head><title>Braiins OS</title></head><body><div id=app></div></body></html>"

_BASE: Final = "/api/v1/"


class BraiinsRest(SilentWires):
    """The firmware.

    Keys of `memory` that a test may set: `tuning`, `stopped`, `suspended`, `errors`, and `stubborn` (says yes and does
    nothing).
    """

    name = "braiins"
    wires: Mapping[Wire, int] = {Wire.HTTP: 80, Wire.TEXT: 4028}

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """The answer to a question of CGMiner's protocol."""
        return answer_text(miner, question)

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        """The answer to an HTTP request."""
        path = question.path.rstrip("/")
        if question.path == "/":
            return HttpReply(200, PAGE, {"Content-Type": "text/html"})
        if path == "/graphql":
            return _introduction(miner)
        if path == f"{_BASE}auth/login" and question.method == "POST":
            return _log_in(miner, question.body)
        if not path.startswith(_BASE):
            return HttpReply(404)
        if question.headers.get("authorization", "") not in _tokens(miner):
            return HttpReply(401, b'{"message":"Unauthorized"}', {"Content-Type": "application/json"})
        name = path.removeprefix(_BASE)
        if question.method == "GET" and name in _PAGES:
            return _json(_PAGES[name](miner))
        if question.method == "PUT" and name in _WRITES:
            return _written(miner, name, question.body)
        return HttpReply(404)


def wanted_login(miner: VirtualMiner) -> tuple[str, str]:
    """The login that the miner takes."""
    return miner.controls.login if miner.controls.login[1] else DEFAULT_LOGIN


def rated_power(miner: VirtualMiner) -> float:
    """W that the miner drew when it was first asked, which its power target is a share of."""
    rated = miner.memory.setdefault("rated", miner.look().power)
    return rated if isinstance(rated, float) else 0.0


def _json(content: object, status: int = 200) -> HttpReply:
    return HttpReply(status, orjson.dumps(content), {"Content-Type": "application/json"})


def _tokens(miner: VirtualMiner) -> dict[str, float]:
    tokens = miner.memory.setdefault("tokens", {})
    assert isinstance(tokens, dict)
    return tokens


def _log_in(miner: VirtualMiner, body: bytes) -> HttpReply:
    try:
        content = orjson.loads(body)
        given = content["username"], content["password"]
    except (ValueError, KeyError, TypeError):
        return HttpReply(400)
    if given != wanted_login(miner):
        return _json({"message": "Invalid username or password"}, 401)
    tokens = _tokens(miner)
    token = f"virtual{len(tokens) + 1:08d}"
    tokens[token] = time.monotonic()
    return _json({"timeout_s": TIMEOUT_S, "token": token})


def _introduction(miner: VirtualMiner) -> HttpReply:
    who = {
        "bosminer": {"info": {"modelName": miner.look().model}},
        "bos": {"hostname": "miner", "info": {"version": {"full": miner.controls.firmware or VERSION}}},
    }
    return _json({"data": who})


def _status(miner: VirtualMiner) -> int:
    if miner.memory.get("stopped"):
        return 1
    if miner.memory.get("suspended"):
        return 4
    return 3 if miner.controls.asleep else 2


def _details(miner: VirtualMiner) -> object:
    view = miner.look()
    is_stopped = bool(miner.memory.get("stopped"))
    return {
        "bos_mode": 5,
        "bos_version": {"bos_plus": True, "current": miner.controls.firmware or VERSION, "major": VERSION},
        "bosminer_uptime_s": 0 if is_stopped else int(mined_of(miner, view)),
        "control_board_soc_family": 1,
        "hostname": "miner",
        "kernel_version": "4.9.38",
        "mac_address": view.mac,
        "miner_identity": {"brand": 1, "miner_model": view.model, "model": 0, "name": view.model},
        "platform": 6,
        "psu_info": {"model_name": "APW121215f", "serial_number": None, "version": 118},
        "serial_number": view.serial,
        "status": _status(miner),
        "sticker_hashrate": _giga(view.nominal),
        "system_uptime": int(view.uptime),
        "system_uptime_s": int(view.uptime),
        "uid": "0virtual0virtual",
    }


def _giga(rate: float) -> dict[str, float]:
    return {"gigahash_per_second": rate * 1e3}


def _solver(now: float, mean: float, nominal: float) -> dict[str, object]:
    short, long = _giga(now), _giga(mean)
    return {
        "best_share": 2713716437,
        "error_hashrate": {"megahash_per_second": 0.0},
        "found_blocks": 0,
        "nominal_hashrate": _giga(nominal),
        "real_hashrate": {
            **{f"last_{name}": short for name in ("5s", "15s", "30s", "1m", "5m")},
            **{f"last_{name}": long for name in ("15m", "30m", "1h", "24h")},
            "since_restart": long,
        },
    }


def _stats(miner: VirtualMiner) -> object:
    view = miner.look()
    efficiency = {"joule_per_terahash": view.power / view.rate} if view.rate > 0 else None
    return {
        "miner_stats": _solver(view.rate, view.rate_avg, view.nominal),
        "pool_stats": _shares(view, counts=True),
        "power_stats": {"approximated_consumption": {"watt": round(view.power)}, "efficiency": efficiency},
    }


def _shares(view: MinerView, *, counts: bool) -> dict[str, object]:
    return {
        "accepted_shares": view.accepted if counts else 0,
        "last_difficulty": 131072,
        "last_share_time": {"nanos": 0, "seconds": int(view.now)} if counts else None,
        "rejected_shares": view.rejected if counts else 0,
        "stale_shares": view.stale if counts else 0,
    }


def _board(board: BoardView) -> dict[str, object]:
    return {
        "board_name": "BHB56801",
        "board_temp": {"degree_c": board.board_temp},
        "chip_type": "BM1366",
        "chips_count": board.chips,
        "current_frequency": {"hertz": board.frequency * 1e6},
        "current_voltage": {"volt": board.voltage},
        "enabled": True,
        "highest_chip_temp": {"id": board.slot, "location": 1, "temperature": {"degree_c": board.chip_temp}},
        "highest_outlet_temp": {"degree_c": board.outlet_temp},
        "id": str(board.slot),
        "lowest_inlet_temp": {"degree_c": board.inlet_temp},
        "model": "BHB56801",
        "serial_number": board.serial,
        "stats": _solver(board.rate, board.rate, board.nominal),
    }


def _cooling(miner: VirtualMiner) -> object:
    view, percent = miner.look(), miner.controls.fan_percent
    ratio = 0.0 if miner.controls.immersion else 0.9 if percent is None else percent / 100
    fans = [{"position": at, "rpm": rpm, "target_speed_ratio": ratio} for at, rpm in enumerate(view.fans)]
    hottest = max((board.chip_temp for board in view.boards), default=0.0)
    return {"fans": fans, "highest_temperature": {"id": None, "location": 1, "temperature": {"degree_c": hottest}}}


def _target(miner: VirtualMiner) -> int:
    return round(miner.controls.power_limit or rated_power(miner))


def _tuner(miner: VirtualMiner) -> object:
    mode = {"current_target": {"watt": _target(miner)}, "profile": None}
    return {
        "mode_state": {"powertargetmodestate": mode},
        "overall_tuner_state": 3 if miner.memory.get("tuning") else 2,
    }


def _configuration(miner: VirtualMiner) -> object:
    """What somebody has set; what is at its default is left out."""
    configuration: dict[str, object] = {
        "pool_groups": [],
        "tuner": {
            "enabled": True,
            "hashrate_target": None,
            "power_target": {"watt": _target(miner)},
            "tuner_mode": 1,
        },
    }
    if miner.controls.immersion:
        configuration["temperature"] = {"mode": {"immersion": {}}}
    elif miner.controls.fan_percent is not None:
        configuration["temperature"] = {"mode": {"manual": {"fan_speed_ratio": miner.controls.fan_percent / 100}}}
    return configuration


def _constraints(miner: VirtualMiner) -> object:
    power = {"min": {"watt": LEAST_WATTS}, "max": {"watt": MOST_WATTS}, "default": {"watt": 3250}}
    return {
        "cooling_constraints": {"default_cooling_mode": 1},
        "tuner_constraints": {"default_mode": 1, "power_target": power},
    }


def _errors(miner: VirtualMiner) -> object:
    """The journal: one entry older than the last start, and what a test has put into `memory["errors"]`."""
    view = miner.look()
    old = datetime.fromtimestamp(view.now - view.uptime - 86_400, UTC).isoformat().replace("+00:00", "Z")
    entry = {
        "components": [],
        "error_codes": [],
        "message": 'Failed to resolve ("btc.pool.example", 3333)',
        "timestamp": old,
    }
    added = miner.memory.get("errors", [])
    return {"errors": [entry, *(added if isinstance(added, list) else [])]}


def _pools(miner: VirtualMiner) -> object:
    view = miner.look()
    pools = [
        {
            "active": at == 0 and view.pool_alive,
            "alive": view.pool_alive,
            "enabled": True,
            "stats": _shares(view, counts=at == 0),
            "uid": f"pool{at}",
            "url": url,
            "user": user,
        }
        for at, (url, user, _) in enumerate(pools_of(miner))
    ]
    return [{"name": "Default", "pools": pools, "strategy": {"quota": {"value": 1}}, "uid": "0"}]


_PAGES: Final[Mapping[str, Callable[[VirtualMiner], object]]] = {
    "version": lambda _: {"major": 1, "minor": 1, "patch": 0},
    "miner/details": _details,
    "miner/stats": _stats,
    "miner/hw/hashboards": lambda miner: {"hashboards": [_board(board) for board in miner.look().boards]},
    "miner/errors": _errors,
    "cooling/state": _cooling,
    "performance/tuner-state": _tuner,
    "configuration/miner": _configuration,
    "configuration/constraints": _constraints,
    "pools": _pools,
    "actions/locate": lambda miner: miner.controls.locating,
}


def _written(miner: VirtualMiner, name: str, body: bytes) -> HttpReply:
    """Take one write; the firmware answers what it has set, or 400 with its reason."""
    try:
        content: Any = orjson.loads(body) if body else None
        said = {} if miner.memory.get("stubborn") else _WRITES[name](miner, content)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        return _json({"message": f"invalid argument: {error}"}, 400)
    return HttpReply(204) if said is None else _json(said)


def _note(miner: VirtualMiner, word: str) -> None:
    miner.controls.writes.append(word)


def _set_locate(miner: VirtualMiner, content: Any) -> object:
    if not isinstance(content, bool):
        raise TypeError("not a boolean")
    miner.controls.locating = content
    _note(miner, f"locate {content}")
    return content


def _set_asleep(asleep: bool) -> Callable[[VirtualMiner, Any], object]:
    def change(miner: VirtualMiner, content: Any) -> object:
        was = miner.controls.asleep
        miner.controls.asleep = asleep
        _note(miner, "pause" if asleep else "resume")
        return was is asleep

    return change


def _start(miner: VirtualMiner, content: Any) -> object:
    miner.memory["stopped"] = False
    miner.controls.restarts += 1
    _note(miner, "start")
    return False


def _restart(miner: VirtualMiner, content: Any) -> object:
    miner.controls.restarts += 1
    _note(miner, "restart")
    return True


def _reboot(miner: VirtualMiner, content: Any) -> object:
    miner.controls.reboots += 1
    _tokens(miner).clear()
    _note(miner, "reboot")
    return None


def _set_power(miner: VirtualMiner, content: Any) -> object:
    watts = int(content["watt"])
    if not LEAST_WATTS <= watts <= MOST_WATTS:
        raise ValueError(f"power target {watts} W is out of range")
    miner.controls.power_share = min(1.0, watts / max(rated_power(miner), 1.0))
    miner.controls.power_limit = float(watts)
    _note(miner, f"power {watts}")
    return {"watt": watts}


def _set_cooling(miner: VirtualMiner, content: Any) -> object:
    (mode, settings), *_ = content.items()
    if mode not in {"auto", "manual", "immersion"}:
        raise ValueError(f"cooling mode {mode}")
    miner.controls.fan_percent = 100 * float(settings["fan_speed_ratio"]) if mode == "manual" else None
    miner.controls.immersion = mode == "immersion"
    _note(miner, f"cooling {mode}")
    return content


def _set_pools(miner: VirtualMiner, content: Any) -> object:
    pools = [(pool["url"], pool["user"], pool.get("password") or "") for group in content for pool in group["pools"]]
    if not pools or not all(str(url).startswith("stratum") for url, _, _ in pools):
        raise ValueError("invalid pool URL")
    miner.controls.pools = pools
    _note(miner, f"pools {len(pools)}")
    return content


_WRITES: Final[Mapping[str, Callable[[VirtualMiner, Any], object]]] = {
    "actions/locate": _set_locate,
    "actions/pause": _set_asleep(True),
    "actions/resume": _set_asleep(False),
    "actions/start": _start,
    "actions/restart": _restart,
    "actions/reboot": _reboot,
    "performance/power-target": _set_power,
    "cooling/mode": _set_cooling,
    "pools/batch": _set_pools,
}
