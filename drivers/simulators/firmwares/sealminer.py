"""Bitdeer's SealMiner on port 4028, shaped after recorded replies of an A2.

Bad manners it has: everything stands in one row under keys such as `0 Temp 3`; `MHS 5s` of `summary` counts shares and
shows half as much again; fans are numbered like boards.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from drivers.simulators.firmwares.text_protocol import ended, read_command
from drivers.simulators.personality import (
    BoardView,
    MinerView,
    SilentWires,
    VirtualMiner,
    Wire,
)

REVISION: Final = "2025091001"
POOLS: Final = (("stratum+tcp://btc.pool.example:3333", "site.rig07", "x"),)
"""What a miner mines at before anybody has set its pools."""
_MOST_JOINED: Final = 8

Body: TypeAlias = dict[str, Any]


class Sealminer(SilentWires):
    """The text interface alone.

    Args:
        keeps: Whether settings that were accepted are kept.
    """

    name = "sealminer"
    wires: Mapping[Wire, int] = {Wire.TEXT: 4028}

    def __init__(self, *, keeps: bool = True) -> None:
        self._keeps = keeps

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """The answer to a question of CGMiner's protocol, with the NUL that ends it."""
        view = miner.look()
        try:
            command, parameter = read_command(question)
        except ValueError:
            return ended(_answer(view, "E", 23, "Invalid JSON"))
        if command == "ascset":
            return self._suspend(miner, view, parameter)
        if command == "restart":
            return self._restart(miner)
        names = command.split("+")[:_MOST_JOINED]
        if len(names) == 1:
            return ended(_section(miner, view, command))
        return ended({**{name: [_section(miner, view, name)] for name in names}, "id": 1})

    def _suspend(self, miner: VirtualMiner, view: MinerView, parameter: str) -> bytes:
        if parameter != "0,suspend":
            return ended(_answer(view, "E", 120, "ASC 0 set failed: Unknown option"))
        if self._keeps:
            miner.controls.asleep = True
            miner.controls.writes.append("suspend")
        return ended(_answer(view, "S", 119, "ASC 0 set OK"))

    def _restart(self, miner: VirtualMiner) -> bytes:
        if self._keeps:
            miner.controls.asleep = False
            miner.controls.restarts += 1
            miner.controls.writes.append("restart")
        return ended({"STATUS": "RESTART"})


def _answer(view: MinerView, kind: str, code: int, words: str, key: str = "", found: object = None) -> Body:
    status = {"STATUS": kind, "When": int(view.now), "Code": code, "Msg": words, "Description": "bdminer 4.11.1"}
    return {"STATUS": [status], **({key: found} if key else {}), "id": 1}


def _section(miner: VirtualMiner, view: MinerView, name: str) -> Body:
    made: Mapping[str, Callable[[], tuple[int, str, list[Body]]]] = {
        "version": lambda: (22, "VERSION", [{"API": "3.7", "BDMiner": "4.11.1"}]),
        "summary": lambda: (11, "SUMMARY", [_summary(view)]),
        "stats": lambda: (70, "STATS", [_stats(miner, view)]),
        "pools": lambda: (7, "POOLS", _pools(miner, view)),
    }
    make = made.get(name)
    if make is None:
        return _answer(view, "E", 14, "Invalid command")
    code, key, found = make()
    return _answer(view, "S", code, f"BDMiner {name}", key, found)


def _summary(view: MinerView) -> Body:
    return {
        "Accepted": view.accepted,
        "Elapsed": int(view.mined),
        "Hardware Errors": sum(board.hw_errors for board in view.boards),
        "MHS 1m": view.rate * 0.9e6,
        "MHS 5s": view.rate * 1.5e6,
        "MHS av": view.rate_avg * 0.95e6,
        "Rejected": view.rejected,
        "Stale": view.stale,
    }


def _stats(miner: VirtualMiner, view: MinerView) -> Body:
    row: Body = {
        "Board Count": len(view.boards),
        "Ctrl Board SN": view.serial,
        "Elapsed": int(view.mined),
        "Error Chip": "",
        "Error Code": "",
        "Fan Count": len(view.fans),
        "Firmware": REVISION,
        "Freq": round(view.boards[0].frequency) if view.boards else 0,
        "Liquid Cooling": False,
        "MAC": view.mac,
        "MHS(30s)": view.rate * 1e6,
        "MHS(Avg)": view.rate_avg * 1e6,
        "MHS(Ideal)": round(view.nominal * 1e6),
        "MHS(Sample)": view.rate * 1e6,
        "Mining Mode": "Normal",
        "Model": "A2",
        "PM State": "Suspended" if miner.controls.asleep else "Running",
        "PSU Error": "0x00000000",
        "PSU Fan Speed": 4408,
        "PSU Input Power": round(view.power),
        "PSU Output Voltage": 15.671,
        "PSU Temp AMB": round(view.ambient),
        "Power Limit": 3500,
        "System Uptime": int(view.uptime),
        "Tune Status": "Fine Tuning Done",
    }
    for board in view.boards:
        row |= _board(board)
    for at, rpm in enumerate(view.fans):
        row |= {f"{at} PWM": 112, f"{at} Speed": rpm}
    return row


def _board(board: BoardView) -> Body:
    at = board.slot - 1
    sensors = {f"{at} Temp {place}": round(board.board_temp - 5 * place) for place in range(4)}
    return {
        f"{at} Bad Chip Count": board.chips_expected - board.chips,
        f"{at} Chip Count": board.chips,
        f"{at} Freq": round(board.frequency),
        f"{at} MHS(Ideal)": round(board.nominal * 1e6),
        f"{at} MHS(Sample)": board.rate * 1e6,
        f"{at} Online": board.chips > 0,
        f"{at} SN": board.serial,
        **sensors,
    }


def _pools(miner: VirtualMiner, view: MinerView) -> list[Body]:
    return [
        {
            "POOL": at,
            "Priority": at,
            "Status": "Alive" if view.pool_alive else "Dead",
            "Stratum Active": at == 0 and view.pool_alive,
            "URL": url,
            "User": user,
        }
        for at, (url, user, _) in enumerate(tuple(miner.controls.pools) or POOLS)
    ]
