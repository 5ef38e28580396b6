"""Older BraiinsOS: the GraphQL interface, shaped after recorded replies and the schemas of 21.09, 24.09 and 25.03.

A question with one field that the firmware's schema lacks is refused whole, as GraphQL servers do.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from drivers.simulators.firmwares.braiins import PAGE, rated_power, wanted_login
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

SESSION: Final = "session_id=virtual0session"
VERSIONS: Final[Mapping[str, str]] = {
    "21.09": "2022-09-13-0-0a1b2c3d-22.08-plus",
    "24.09": "2024-10-17-0-0a1b2c3d-24.09-plus",
    "25.03": "2025-04-07-0-0a1b2c3d-25.03-plus",
}
"""Firmware by the name of its schema; `memory["schema"]` chooses one."""
NEWEST: Final = "25.03"
OPEN_FIELDS: Final = frozenset({"bosminer", "bos", "info", "modelName", "hostname", "version", "full"})
"""What is told without a login."""

_SINCE_24_09: Final = frozenset({"mhsSinceRestart", "macAddress", "errors", "errorCodes", "components"})
_SINCE_25_03: Final = frozenset({"hbSerialNumber", "serialNumber"})
_TOKEN: Final = re.compile(r"\{|\}|\w+")


class BraiinsGraphql(SilentWires):
    """The firmware. `memory` keys that a test may set: `schema`, `tuning`."""

    name = "braiins-graphql"
    wires: Mapping[Wire, int] = {Wire.HTTP: 80, Wire.TEXT: 4028}

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """The answer to a question of CGMiner's protocol."""
        return answer_text(miner, question)

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        """The answer to an HTTP request."""
        if question.path == "/":
            return HttpReply(200, PAGE, {"Content-Type": "text/html"})
        if question.path != "/graphql" or question.method != "POST":
            return HttpReply(404)
        try:
            content = orjson.loads(question.body)
            query = str(content["query"])
        except (ValueError, KeyError, TypeError):
            return HttpReply(400)
        if query.startswith("mutation"):
            return _log_in(miner, content.get("variables"))
        return _json(_answer(miner, query, is_known=question.headers.get("cookie") == SESSION))


def _json(content: object) -> HttpReply:
    return HttpReply(200, orjson.dumps(content), {"Content-Type": "application/json"})


def _log_in(miner: VirtualMiner, variables: object) -> HttpReply:
    given = variables if isinstance(variables, dict) else {}
    if (given.get("username"), given.get("password")) != wanted_login(miner):
        return _json({"data": {"auth": {"login": {"__typename": "AuthError", "message": "Invalid credentials"}}}})
    content = {"data": {"auth": {"login": {"__typename": "VoidResult", "void": None}}}}
    headers = {"Content-Type": "application/json", "Set-Cookie": f"{SESSION}; Path=/; HttpOnly"}
    return HttpReply(200, orjson.dumps(content), headers)


def _answer(miner: VirtualMiner, query: str, *, is_known: bool) -> object:
    fields = {token for token in _TOKEN.findall(query) if token not in "{}"}
    schema = str(miner.memory.get("schema", NEWEST))
    lacking = (_SINCE_24_09 if schema < "24.09" else frozenset()) | (_SINCE_25_03 if schema < "25.03" else frozenset())
    unknown = sorted(fields & lacking)
    if unknown:
        return {"data": None, "errors": [{"message": f'Unknown field "{unknown[0]}"'}]}
    if not is_known and fields - OPEN_FIELDS:
        return {"data": None, "errors": [{"message": "Unauthorized", "extensions": {"code": "UNAUTHORIZED"}}]}
    return {"data": _select(_whole(miner, schema), iter(_TOKEN.findall(query)[1:]))}


def _select(data: Any, tokens: Iterator[str]) -> object:
    """Only the fields that a question names, of an object or of each in a list."""
    names: list[tuple[str, list[str]]] = []
    depth = 0
    for token in tokens:
        depth += (token == "{") - (token == "}")
        if depth < 0:
            break
        if depth == 0 and token not in "{}":
            names.append((token, []))
        elif names and not (depth == 1 and token == "{"):
            names[-1][1].append(token)
    if isinstance(data, list):
        return [_pick(item, names) for item in data]
    return _pick(data, names)


def _pick(data: Any, names: list[tuple[str, list[str]]]) -> dict[str, object]:
    return {
        name: _select(data.get(name), iter(inner)) if inner and data.get(name) is not None else data.get(name)
        for name, inner in names
    }


def _whole(miner: VirtualMiner, schema: str) -> dict[str, Any]:
    view = miner.look()
    uptime = {"durationS": int(mined_of(miner, view))}
    return {
        "bosminer": {"info": _info(miner, view, schema), "uptime": uptime},
        "bos": {
            "faultLight": miner.controls.locating,
            "hostname": "miner",
            "info": {"version": {"full": VERSIONS.get(schema, VERSIONS[NEWEST])}},
            "uptime": {"durationS": int(view.uptime)},
            "macAddress": view.mac,
            "serialNumber": view.serial,
            "errors": _errors(miner, view),
        },
    }


def _errors(miner: VirtualMiner, view: MinerView) -> list[object]:
    old = datetime.fromtimestamp(view.now - view.uptime - 86_400, UTC).isoformat()
    added = miner.memory.get("errors", [])
    entry = {"timestamp": old, "message": "pool lost", "errorCodes": [], "components": []}
    return [entry, *(added if isinstance(added, list) else [])]


def _info(miner: VirtualMiner, view: MinerView, schema: str) -> dict[str, Any]:
    real = _rates(view.rate, view.rate_avg)
    shares = {
        "acceptedSolutions": view.accepted,
        "rejectedSolutions": view.rejected,
        "staleSolutions": view.stale,
    }
    limit = round(miner.controls.power_limit or rated_power(miner))
    return {
        "modelName": view.model,
        "summary": {
            "realHashrate": real,
            "tunerStatus": "RUNNING" if miner.memory.get("tuning") else "STABLE",
            "power": {"approxConsumptionW": round(view.power), "limitW": limit},
            "dynamicPerformanceScaling": {"status": "DISABLED"},
            "shares": shares,
        },
        "fans": [{"name": str(at), "rpm": rpm, "speed": 80} for at, rpm in enumerate(view.fans)],
        "workSolver": {
            "nominalMhs": view.nominal * 1e6,
            "realHashrate": real,
            "childSolvers": [_board(board, schema) for board in view.boards],
        },
        "poolGroups": [
            {
                "name": "Default",
                "pools": [
                    {
                        "url": url,
                        "user": user,
                        "status": "ALIVE" if view.pool_alive else "DEAD",
                        "active": at == 0 and view.pool_alive,
                        "shares": shares,
                    }
                    for at, (url, user, _) in enumerate(pools_of(miner))
                ],
            }
        ],
    }


def _rates(now: float, mean: float) -> dict[str, float]:
    """Rates in MH/s from TH/s."""
    return {
        **{f"mhs{name}": now * 1e6 for name in ("5S", "15S", "30S", "1M", "5M")},
        **{f"mhs{name}": mean * 1e6 for name in ("Av", "15M", "24H", "SinceRestart")},
    }


def _board(board: BoardView, schema: str) -> dict[str, Any]:
    words = ("Max Board", "Max Chip") if schema >= "25.03" else ("Board", "Chip")
    temperatures = [
        {"name": words[0], "degreesC": board.board_temp},
        {"name": words[1], "degreesC": board.chip_temp},
    ]
    if schema >= "25.03":
        temperatures += [
            {"name": "Inlet", "degreesC": board.inlet_temp},
            {"name": "Outlet", "degreesC": board.outlet_temp},
        ]
    return {
        "name": str(board.slot),
        "nominalMhs": board.nominal * 1e6,
        "realHashrate": _rates(board.rate, board.rate),
        "hwDetails": {
            "chips": board.chips,
            "frequencyMhz": board.frequency,
            "voltageV": board.voltage,
            "hbSerialNumber": board.serial,
        },
        "temperatures": temperatures,
    }
