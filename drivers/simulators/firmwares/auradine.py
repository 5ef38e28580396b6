"""FluxOS: GCMiner's text protocol, open, and a REST server whose pages want a token from a login."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from drivers.simulators.firmwares.text_protocol import ended, read_command
from drivers.simulators.personality import HttpQuestion, HttpReply, SilentWires, VirtualMiner, Wire

_FAN_MAX: Final = 7700
_LOCATING: Final = 3
_NORMAL: Final = 2


class AuradinePersonality(SilentWires):
    """A miner with FluxOS; `closed` is one whose pages nobody reads without a token."""

    name = "auradine"
    wires: Mapping[Wire, int] = {Wire.TEXT: 4028, Wire.HTTP: 8080}

    def __init__(self, *, closed: bool = True) -> None:
        self._closed = closed

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """GCMiner's answers; several commands may be joined with a plus sign."""
        try:
            command, _ = read_command(question)
        except ValueError:
            command = ""
        names = command.split("+")
        answers = {name: _answer(miner, name) for name in names}
        if len(names) == 1:
            return ended(answers[command] | {"id": 1})
        return ended({name: [answer] for name, answer in answers.items()} | {"id": 1})

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        """Pages, and changes by POST to the page that shows them."""
        if question.path == "/token" and question.method == "POST":
            return _token(miner, question.body)
        token = miner.memory.get("token")
        has_token = token is not None and question.headers.get("token") == token
        if not has_token and (self._closed or question.method == "POST"):
            return HttpReply(401, b"Unauthorized")
        if question.method == "POST":
            return _change(miner, question)
        page = _PAGES.get(question.path)
        if page is None:
            return HttpReply(404, b"Not Found")
        key, make = page
        return _json({"STATUS": [_status("S", f"{key} of the system")], key: make(miner)})


def _status(verdict: str, message: str, code: int = 0) -> dict[str, Any]:
    return {"STATUS": verdict, "Code": code, "Msg": message, "Description": "FluxOS-2024-06.11-virtual"}


def _answer(miner: VirtualMiner, command: str) -> dict[str, Any]:
    makers: dict[str, tuple[str, Callable[[VirtualMiner], list[dict[str, Any]]]]] = {
        "version": ("VERSION", lambda miner: [{"API": "1.0", "GCMiner": "2.2.0"}]),
        "devdetails": (
            "DEVDETAILS",
            lambda miner: [{"DEVDETAILS": 0, "Name": "ASICBoard", "Model": miner.look().model}],
        ),
        "summary": ("SUMMARY", _summary),
        "devs": ("DEVS", _boards),
        "asccount": ("ASCCount", _chips),
        "pools": ("POOLS", _pools),
    }
    maker = makers.get(command)
    if maker is None:
        return {"STATUS": [_status("E", "Invalid command", 14)]}
    key, make = maker
    return {"STATUS": [_status("S", key)], key: make(miner)}


def _summary(miner: VirtualMiner) -> list[dict[str, Any]]:
    view = miner.look()
    errors = sum(board.hw_errors for board in view.boards)
    return [
        {
            "Elapsed": int(view.mined),
            "MHS 5s": view.rate * 1e6,
            "MHS 15m": view.rate_avg * 1e6,
            "MHS av": view.rate_avg * 1e6,
            "Accepted": view.accepted,
            "Rejected": view.rejected,
            "Hardware Errors": errors,
        }
    ]


def _boards(miner: VirtualMiner) -> list[dict[str, Any]]:
    return [
        {
            "DEV": board.slot,
            "ID": board.slot,
            "Name": "ASICBoard",
            "Status": "Alive" if board.chips else "Dead",
            "MHS 5s": board.rate * 1e6,
            "Temperature": board.board_temp,
        }
        for board in miner.look().boards
    ]


def _chips(miner: VirtualMiner) -> list[dict[str, Any]]:
    boards = miner.look().boards
    return [{"AsicCount": sum(board.chips for board in boards), "BoardCount": len(boards)}]


def _pools(miner: VirtualMiner) -> list[dict[str, Any]]:
    alive = miner.look().pool_alive
    return [
        {
            "POOL": at,
            "URL": url,
            "User": user,
            "Status": "Alive" if alive else "Dead",
            "Stratum Active": alive and at == 0,
        }
        for at, (url, user, _secret) in enumerate(miner.controls.pools)
    ]


def _supply(miner: VirtualMiner) -> list[dict[str, Any]]:
    view = miner.look()
    return [
        {
            "PowerIn": f"{view.power:.2f}W",
            "PowerOut": f"{0.95 * view.power:.2f}W",
            "Vin": "240.00V",
            "Iin": f"{view.power / 240:.2f}A",
            "Vout": "11.53V",
            "FanSpeed1": "4052.00 RPM",
        }
    ]


def _fans(miner: VirtualMiner) -> list[dict[str, Any]]:
    fixed = miner.controls.fan_percent
    target = round(_FAN_MAX * (fixed if fixed is not None else 91) / 100 / 10) * 10
    return [
        {"ID": at, "Max": _FAN_MAX, "Speed": speed, "Target": target} for at, speed in enumerate(miner.look().fans, 1)
    ]


def _temperatures(miner: VirtualMiner) -> list[dict[str, Any]]:
    view = miner.look()
    control = {
        "BoardTemp": [{"ID": 0, "Temperature": view.ambient}],
        "ChipTemp": None,
        "ID": 0,
        "Name": "Control Board",
    }
    return [control] + [
        {
            "ID": board.slot,
            "Name": f"Hash Board {board.slot}",
            "BoardTemp": [
                {"ID": at, "Temperature": value} for at, value in enumerate((board.inlet_temp, board.board_temp))
            ],
            "ChipTemp": [{"ID": at, "Temperature": board.chip_temp - at % 3} for at in range(board.chips)],
        }
        for board in view.boards
    ]


def _mode(miner: VirtualMiner) -> list[dict[str, Any]]:
    controls = miner.controls
    mode = {"Mode": controls.power_mode or "normal", "Sleep": "on" if controls.asleep else "off"}
    return [mode | ({"Power": int(controls.power_limit)} if controls.power_limit else {})]


def _led(miner: VirtualMiner) -> list[dict[str, Any]]:
    code = _LOCATING if miner.controls.locating else _NORMAL
    return [{"Code": code, "LED1": 1, "LED2": 1, "Msg": "Locate Miner" if code == _LOCATING else "Normal"}]


def _clocks(miner: VirtualMiner) -> list[dict[str, Any]]:
    return [
        {"ID": board.slot, "ChipFrequency": [{"ID": 0, "Frequency": board.frequency}]} for board in miner.look().boards
    ]


def _report(miner: VirtualMiner) -> list[dict[str, Any]]:
    view = miner.look()
    serials = [board.serial for board in view.boards]
    names = {"hostname": "virtual-flux", "mac": view.mac, "model": view.model, "version": "2024-06.11"}
    return [{"SerialNo": view.serial, "HBSerialNo": serials} | names]


_PAGES: Final[Mapping[str, tuple[str, Callable[[VirtualMiner], list[dict[str, Any]]]]]] = {
    "/psu": ("PSU", _supply),
    "/fan": ("Fan", _fans),
    "/temperature": ("Temperature", _temperatures),
    "/mode": ("Mode", _mode),
    "/led": ("LED", _led),
    "/frequency": ("Frequency", _clocks),
    "/ipreport": ("IPReport", _report),
}


def _json(content: Mapping[str, Any]) -> HttpReply:
    return HttpReply(200, orjson.dumps(content), {"Content-Type": "application/json"})


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _token(miner: VirtualMiner, body: bytes) -> HttpReply:
    asked = _object(body)
    if (asked.get("user"), asked.get("password")) != miner.controls.login:
        return _json({"STATUS": [_status("E", "Invalid user or password")]})
    miner.memory["token"] = secrets.token_hex(16)
    return _json({"STATUS": [_status("S", "Token")], "Token": [{"Token": miner.memory["token"]}]})


def _change(miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
    doors: dict[str, Callable[[VirtualMiner, dict[str, Any]], str]] = {
        "/led": _set_led,
        "/mode": _set_mode,
        "/fan": _set_fan,
        "/restart": _restart,
        "/updatepools": _set_pools,
    }
    door = doors.get(question.path)
    if door is None:
        return HttpReply(404, b"Not Found")
    error = door(miner, _object(question.body))
    return _json({"STATUS": [_status("E" if error else "S", error or "OK")]})


def _set_led(miner: VirtualMiner, body: dict[str, Any]) -> str:
    miner.controls.locating = body.get("code") == _LOCATING
    miner.controls.writes.append(f"led {body.get('code')}")
    return ""


def _set_mode(miner: VirtualMiner, body: dict[str, Any]) -> str:
    controls = miner.controls
    if "sleep" in body:
        controls.asleep = body["sleep"] == "on"
        controls.writes.append(f"sleep {body['sleep']}")
    mode = body.get("mode")
    if mode is not None and mode not in {"eco", "normal", "turbo", "custom"}:
        return "Unknown mode"
    if mode:
        controls.power_mode = mode
        controls.power_limit = float(body.get("power", 0))
        controls.writes.append(f"mode {mode} {body.get('power', '')}".strip())
    return ""


def _set_fan(miner: VirtualMiner, body: dict[str, Any]) -> str:
    miner.controls.fan_percent = float(body.get("percentage", 0))
    miner.controls.writes.append(f"fan {body.get('percentage')}")
    return ""


def _restart(miner: VirtualMiner, body: dict[str, Any]) -> str:
    if body.get("parameter") == "gcminer":
        miner.controls.restarts += 1
        miner.controls.writes.append("restart gcminer")
    else:
        miner.controls.reboots += 1
        miner.controls.writes.append("restart")
    return ""


def _set_pools(miner: VirtualMiner, body: dict[str, Any]) -> str:
    pools = body.get("pools")
    if not isinstance(pools, list) or not 1 <= len(pools) <= 3:
        return "One to three pools"
    miner.controls.pools = [(pool["url"], pool["user"], pool.get("pass", "")) for pool in pools]
    miner.controls.writes.append("pools " + " ".join(pool["url"] for pool in pools))
    return ""
