"""AxeOS: one open page, settings by PATCH, no login. Settings that it does not know it passes over without a word."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from drivers.simulators.personality import HttpQuestion, HttpReply, SilentWires, VirtualMiner, Wire

_CORES: Final = 2040
_SLOTS: Final = 8


class BitaxePersonality(SilentWires):
    """A miner with AxeOS 2.15, the first version line that keeps its pools in slots; `flat` is one before."""

    name = "bitaxe"
    wires: Mapping[Wire, int] = {Wire.HTTP: 80}

    def __init__(self, *, flat: bool = False) -> None:
        self._flat = flat

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        """Pages, settings and actions."""
        doors: dict[tuple[str, str], Callable[[VirtualMiner, HttpQuestion], HttpReply]] = {
            ("GET", "/"): lambda miner, question: HttpReply(200, b"<!doctype html><title>AxeOS</title>"),
            ("GET", "/api/system/info"): lambda miner, question: _json(self._info(miner)),
            ("GET", "/api/system/asic"): lambda miner, question: _json(_asic(miner)),
            ("PATCH", "/api/system"): self._settings,
            ("POST", "/api/system/restart"): _restart,
        }
        if not self._flat:
            doors["POST", "/api/system/pause"] = lambda miner, question: _pause(miner, paused=True)
            doors["POST", "/api/system/resume"] = lambda miner, question: _pause(miner, paused=False)
        door = doors.get((question.method, question.path))
        return door(miner, question) if door is not None else HttpReply(404, b"Not found")

    def _info(self, miner: VirtualMiner) -> dict[str, Any]:
        view, controls = miner.look(), miner.controls
        board = view.boards[0]
        rate = view.rate * 1000
        fixed = controls.fan_percent is not None
        info: dict[str, Any] = {
            "power": view.power,
            "voltage": 5130.5,
            "current": view.power / 5.1305 * 1000,
            "temp": board.chip_temp,
            "temp2": -1,
            "vrTemp": board.board_temp,
            "coreVoltageActual": board.voltage * 1000,
            "hashRate": rate,
            "frequency": board.frequency,
            "smallCoreCount": _CORES,
            "fanrpm": view.fans[0] if view.fans else 0,
            "fanspeed": controls.fan_percent if fixed else 45,
            "autofanspeed": 0 if fixed else 1,
            "sharesAccepted": view.accepted,
            "sharesRejected": view.rejected,
            "uptimeSeconds": int(view.uptime),
            "overheat_mode": 0,
            "isUsingFallbackStratum": 0,
            "ASICModel": "BM1370",
            "boardVersion": "601",
            "hostname": "virtualaxe",
            "macAddr": view.mac.upper(),
            "version": controls.firmware or ("v2.4.5" if self._flat else "v2.15.3"),
        }
        info |= _flat_pools(controls.pools)
        if self._flat:
            return info | {"asicCount": board.chips}
        info |= {"hashRate_1m": rate, "hashRate_10m": rate, "hashRate_1h": view.rate_avg * 1000, "fan2rpm": 0}
        info |= {"expectedHashrate": view.nominal * 1000, "actualFrequency": board.frequency}
        info |= {"miningPaused": controls.asleep, "manualFanSpeed": int(controls.fan_percent or 100)}
        info["hashrateMonitor"] = {"asics": [{"total": rate, "errorCount": board.hw_errors, "domains": []}]}
        pools = [{"id": at, "stratumPassword": "*****"} for at in range(min(len(controls.pools), _SLOTS))]
        return info | {"pools": pools, "primaryPoolIndex": 0, "secondaryPoolIndex": 1}

    def _settings(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        body = _object(question.body)
        if body is None:
            return HttpReply(400, b"Invalid JSON")
        controls = miner.controls
        if body.get("autofanspeed") == 1:
            controls.fan_percent = None
            controls.writes.append("fans automatic")
        speed = body.get("fanspeed" if self._flat else "manualFanSpeed")
        if body.get("autofanspeed") == 0 and isinstance(speed, int):
            controls.fan_percent = float(speed)
            controls.writes.append(f"fans {speed}")
        pools = _pools_of(body, flat=self._flat)
        if pools:
            controls.pools = pools
            controls.writes.append("pools " + " ".join(pool[0] for pool in pools))
        return HttpReply(200)


def _pools_of(body: Mapping[str, Any], *, flat: bool) -> list[tuple[str, str, str]]:
    """The pools of a PATCH: flat keys or slots, whichever this version knows."""
    if flat:
        sets = [
            {f"stratum{key}": body.get(f"{prefix}{key}") for key in ("URL", "Port", "User", "Password")}
            for prefix in ("stratum", "fallbackStratum")
        ]
    else:
        found = body.get("pools")
        sets = [slot for slot in found if isinstance(slot, dict)] if isinstance(found, list) else []
    return [
        (f"{slot['stratumURL']}:{slot.get('stratumPort', 3333)}", str(slot.get("stratumUser", "")), "x")
        for slot in sets
        if slot.get("stratumURL")
    ]


def _flat_pools(pools: list[tuple[str, str, str]]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for at, prefix in enumerate(("stratum", "fallbackStratum")):
        url, user = (pools[at][0], pools[at][1]) if at < len(pools) else ("", "")
        host, _, port = url.rpartition(":")
        shown |= {f"{prefix}URL": host, f"{prefix}Port": int(port or 3333), f"{prefix}User": user}
    return shown


def _asic(miner: VirtualMiner) -> dict[str, Any]:
    view = miner.look()
    return {"ASICModel": "BM1370", "deviceModel": view.model, "asicCount": view.boards[0].chips}


def _restart(miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
    miner.controls.reboots += 1
    miner.controls.asleep = False
    miner.controls.writes.append("restart")
    return _json({"message": "System will restart shortly."})


def _pause(miner: VirtualMiner, *, paused: bool) -> HttpReply:
    miner.controls.asleep = paused
    miner.controls.writes.append("pause" if paused else "resume")
    return _json({"message": "Mining paused" if paused else "Mining resumed"})


def _json(content: Mapping[str, Any]) -> HttpReply:
    return HttpReply(200, orjson.dumps(content), {"Content-Type": "application/json"})


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        content = orjson.loads(body)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
