"""LuxOS on port 4028, shaped after recorded replies of LUXminer 2025.4.8 and Luxor's documentation.

Bad manners it has: one session at a time, held for a minute after its last use; sensors on the boards shown under the
name of chips in `stats`; fans whose number is not what stands on the connector.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from drivers.simulators.firmwares.luxos_writes import WRITES, Refusal, check_session, log_off, log_on
from drivers.simulators.firmwares.text_protocol import ended, read_command
from drivers.simulators.personality import (
    BoardView,
    MinerView,
    SilentWires,
    VirtualMiner,
    Wire,
)

REVISION: Final = "2025.4.8.220305-57b389c7"
PROFILES: Final[Mapping[str, tuple[int, float]]] = {
    "290MHz": (290, 0.43),
    "440MHz": (440, 0.69),
    "default": (590, 1.0),
    "640MHz": (640, 1.12),
}
"""Frequency in MHz and share of the full power, by the name of the profile."""
POOLS: Final = (
    ("stratum+tcp://btc.pool.example:3333", "site.rig07", "x"),
    ("stratum+tcp://backup.pool.example:3333", "site.rig07", "x"),
)
"""What a miner mines at before anybody has set its pools."""
_MOST_JOINED: Final = 16
_FAN_NAMES: Final = (4, 2, 1, 3)
"""What stands on the connectors of the fans with ids 0 to 3."""

Body: TypeAlias = dict[str, Any]


class Luxos(SilentWires):
    """The text interface; the web interface is not shown.

    Args:
        measures: Whether the power supply tells its power; else the firmware estimates it.
        keeps: Whether settings that were accepted are kept.
        hydro: Whether the boards are cooled by water, with sensors at its inlet and outlet.
    """

    name = "luxos"
    wires: Mapping[Wire, int] = {Wire.TEXT: 4028}

    def __init__(self, *, measures: bool = False, keeps: bool = True, hydro: bool = False) -> None:
        self._measures = measures
        self._keeps = keeps
        self._hydro = hydro

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """The answer to a question of CGMiner's protocol, with the NUL that ends it."""
        view = miner.look()
        try:
            command, parameter = read_command(question)
        except ValueError:
            return ended(_answer(view, "E", 23, "Invalid JSON"))
        names = command.split("+")[:_MOST_JOINED]
        if len(names) > 1:
            return ended({**{name: [self._section(miner, view, name)] for name in names}, "id": 1})
        return ended(self._write(miner, view, command, parameter) or self._section(miner, view, command))

    def _write(self, miner: VirtualMiner, view: MinerView, command: str, parameter: str) -> Body | None:
        """The answer to what needs a session, or is about one; None for other commands."""
        try:
            if command == "logon":
                return _answer(view, "S", 316, "Session created", "SESSION", [{"SessionID": log_on(miner)}])
            session, *arguments = parameter.split(",")
            if command == "logoff":
                log_off(miner, session)
                return _answer(view, "S", 317, "Session dropped")
            write = WRITES.get(command)
            if write is None:
                return None
            check_session(miner, session)
            said = write(miner, arguments, PROFILES, keeps=self._keeps)
            return _answer(view, "S", 300, said)
        except Refusal as refusal:
            return _answer(view, "E", refusal.code, refusal.words)

    def _section(self, miner: VirtualMiner, view: MinerView, name: str) -> Body:
        made: Mapping[str, Callable[[], Body]] = {
            "version": lambda: _rows(view, "VERSION", 22, _version(view)),
            "summary": lambda: _rows(view, "SUMMARY", 11, _summary(view)),
            "devs": lambda: _rows(view, "DEVS", 9, *(_device(miner, view, board) for board in view.boards)),
            "temps": lambda: _temps(view, hydro=self._hydro),
            "power": lambda: _rows(view, "POWER", 311, {"PSU": self._measures, "Watts": round(view.power)}),
            "fans": lambda: _fans(miner, view),
            "tempctrl": lambda: _rows(view, "TEMPCTRL", 200, _control(miner)),
            "events": lambda: _rows(view, "EVENTS", 357, *_events(miner, view)),
            "config": lambda: _rows(view, "CONFIG", 33, _config(miner, view)),
            "stats": lambda: _rows(view, "STATS", 70, *_stats(miner, view)),
            "pools": lambda: _rows(view, "POOLS", 7, *_pools(miner, view)),
            "profiles": lambda: _rows(view, "PROFILES", 323, *_profiles(view)),
        }
        make = made.get(name)
        return make() if make is not None else _answer(view, "E", 14, "Invalid command")


def _answer(view: MinerView, kind: str, code: int, words: str, key: str = "", found: object = None) -> Body:
    status = {"Code": code, "Description": f"LUXminer {REVISION}", "Msg": words, "STATUS": kind, "When": int(view.now)}
    return {"STATUS": [status], **({key: found} if key else {}), "id": 1}


def _rows(view: MinerView, key: str, code: int, *found: Body) -> Body:
    return _answer(view, "S", code, key.title(), key, list(found))


def _profile(miner: VirtualMiner) -> str:
    return miner.controls.power_mode or "default"


def _version(view: MinerView) -> Body:
    return {"API": "3.7", "LUXminer": REVISION, "Miner": REVISION.partition("-")[0], "Type": view.model}


def _summary(view: MinerView) -> Body:
    return {
        "Accepted": view.accepted,
        "Elapsed": int(view.mined),
        "GHS 1m": round(view.rate * 1e3, 2),
        "GHS 24h": round(view.rate_avg * 1e3, 2),
        "GHS 30m": round(view.rate_avg * 1e3, 2),
        "GHS 5s": round(view.rate * 1e3, 2),
        "GHS av": round(view.rate_avg * 1e3, 2),
        "Hardware Errors": sum(board.hw_errors for board in view.boards),
        "Rejected": view.rejected,
        "Stale": view.stale,
    }


def _device(miner: VirtualMiner, view: MinerView, board: BoardView) -> Body:
    return {
        "ASC": board.slot - 1,
        "Board": "BHB56903",
        "Connector": f"J{6 + board.slot}",
        "Hardware Errors": board.hw_errors,
        "ID": board.slot - 1,
        "IsRamping": 0 < view.mined < 60 and not miner.controls.asleep,
        "IsUserShutdown": False,
        "MHS 1m": board.rate * 1e6,
        "MHS 5s": board.rate * 1e6,
        "MHS av": board.rate * 1e6,
        "Nominal MHS": board.nominal * 1e6,
        "Profile": _profile(miner),
        "SerialNumber": board.serial,
        "Status": "Alive" if board.chips else "Dead",
        "Temperature": board.board_temp,
    }


def _temps(view: MinerView, *, hydro: bool) -> Body:
    names = (
        ("BottomLeft", "Board Outlet" if hydro else "Board Exhaust (bottom)"),
        ("BottomRight", "Water Inlet" if hydro else "Board Intake (bottom)"),
        ("TopLeft", "Board Inlet" if hydro else "Board Exhaust (top)"),
        ("TopRight", "Water Outlet" if hydro else "Board Intake (top)"),
    )
    found = []
    for board in view.boards:
        right = (board.inlet_temp, board.outlet_temp) if hydro else (board.board_temp - 13, board.board_temp - 13)
        row = {"BottomLeft": board.board_temp, "BottomRight": right[0], "TopLeft": board.board_temp - 1}
        found.append({**row, "TopRight": right[1], "ID": board.slot - 1, "TEMP": board.slot - 1})
    labels = {key: {"Label": label, "Position": [0, at]} for at, (key, label) in enumerate(names)}
    return {**_rows(view, "TEMPS", 201, *found), "METADATA": [labels]}


def _fans(miner: VirtualMiner, view: MinerView) -> Body:
    percent = miner.controls.fan_percent
    speed = 0 if miner.controls.immersion else 70 if percent is None else round(percent)
    found = [
        {"FAN": f"FAN{_FAN_NAMES[at % len(_FAN_NAMES)]}", "ID": at, "RPM": rpm if speed else 0, "Speed": speed}
        for at, rpm in enumerate(view.fans)
    ]
    return {**_rows(view, "FANS", 202, *found), "FANCTRL": [{"MinFans": 3, "PowerOffSpeed": 20}]}


def _control(miner: VirtualMiner) -> Body:
    mode = "Automatic" if miner.controls.fan_percent is None else "Manual"
    return {"Dangerous": 75.0, "Hot": 65.0, "Mode": mode, "Target": 55.0}


def _events(miner: VirtualMiner, view: MinerView) -> list[Body]:
    found: list[Body] = []
    if miner.controls.asleep:
        found.append({"Code": "SLEEP", "Description": "Miner is in Sleep mode.", "Target": "MINER"})
    if not view.pool_alive:
        found.append({"Code": "NO_ACTIVE_POOLS", "Description": "No active pools available.", "Target": "MINER"})
    for board in view.boards:
        if not board.chips:
            words = "Board was removed or connection to control board is faulty."
            found.append({"Code": "BOARD_NOT_DETECTED", "Description": words, "ID": board.slot - 1, "Target": "BOARD"})
    return found


def _config(miner: VirtualMiner, view: MinerView) -> Body:
    controls = miner.controls
    limit = round(controls.power_limit)
    return {
        "ASC Count": len(view.boards),
        "Cooling": "Immersion" if controls.immersion else "Air",
        "CurtailMode": "Sleep" if controls.asleep else "None",
        "FeeStatus": "Ok",
        "Hostname": "LuxOS",
        "IdealPowerTarget": limit,
        "ImmersionMode": controls.immersion,
        "IsAtmEnabled": False,
        "IsPowerSupplyOn": not controls.asleep,
        "IsPowerTargetEnabled": limit > 0,
        "IsPowerTargetSupported": True,
        "IsTuning": False,
        "MACAddr": view.mac,
        "Model": view.model,
        "NameplateTHS": view.nominal,
        "OS": "LuxOS",
        "PowerLimit": 3600,
        "Profile": _profile(miner),
        "RedLed": "blink" if controls.locating else "auto",
        "SerialNumber": view.serial,
        "SystemStatus": "Initializing" if view.uptime < 30 else "Normal",
    }


def _stats(miner: VirtualMiner, view: MinerView) -> tuple[Body, Body]:
    data: Body = {"Elapsed": int(view.mined), "ID": "BTM_SOC0", "fan_num": len(view.fans), "rate_unit": "GH"}
    frequency = PROFILES.get(_profile(miner), (590, 1.0))[0]
    data |= {"miner_count": len(view.boards), "frequency": frequency}
    for board in view.boards:
        shown = f"{board.board_temp:.0f}-34-34-{board.board_temp:.0f}"
        data |= {f"chain_acn{board.slot}": board.chips, f"chain_rate{board.slot}": f"{board.rate * 1e3:.2f}"}
        data |= {f"freq{board.slot}": frequency, f"temp_chip{board.slot}": shown, f"temp_pcb{board.slot}": shown}
    return {"Miner": REVISION.partition("-")[0], "Type": view.model}, data


def _pools(miner: VirtualMiner, view: MinerView) -> list[Body]:
    return [
        {
            "GROUP": 0,
            "POOL": at,
            "Priority": at,
            "Status": "Alive" if view.pool_alive else "Dead",
            "Stratum Active": at == 0 and view.pool_alive,
            "URL": url,
            "User": user,
        }
        for at, (url, user, _) in enumerate(tuple(miner.controls.pools) or POOLS)
    ]


def _profiles(view: MinerView) -> list[Body]:
    return [
        {"Frequency": frequency, "Hashrate": round(view.nominal * frequency / 590, 1), "Profile Name": name}
        for name, (frequency, _) in PROFILES.items()
    ]
