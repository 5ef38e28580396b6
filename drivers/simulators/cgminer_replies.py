"""Replies of the stock Antminer's API, byte for byte as the firmware shapes them.

Shape and key order follow recorded replies of stock firmware; numbers come from `Firmware`. Each combination of
model, boards found and pool state has its own template, made once.
"""

import re
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

import orjson

from drivers.simulators.firmware import COLUMNS, Firmware
from drivers.simulators.models import BOARDS, MinerModel
from drivers.simulators.world import World

API_VERSION = "3.1"
INVALID_COMMAND = 14
ACCESS_DENIED = 45
_POOLS = 3
_MOST_COMBINED = 8
_POOL_URL = "stratum+tcp://btc.pool.example:3333"
_PRIVILEGED = frozenset({"restart", "quit", "addpool", "removepool", "switchpool", "enablepool", "disablepool"})
_EXTRA = ("when", "miner_id", "worker")
_AT = {name: at for at, name in enumerate((*COLUMNS, *_EXTRA))}
_MARK = re.compile(r"<(\w+)(?::(\.\d+f))?>")

Template: TypeAlias = tuple[bytes, Callable[[Sequence[Any]], tuple[Any, ...]]]


def _compile(text: str) -> Template:
    """Turn `<column:format>` marks into a bytes template and the picker of its values."""
    columns: list[int] = []

    def place(mark: re.Match[str]) -> str:
        columns.append(_AT[mark[1]])
        if mark[1] in {"miner_id", "worker"}:
            return "\x00b"
        return f"\x00{mark[2] or 'd'}"

    shaped = _MARK.sub(place, text).replace("%", "%%").replace("\x00", "%")
    return shaped.encode("ascii"), itemgetter(*columns)


def _status(code: int, message: str, kind: str = "S") -> str:
    return f'{{"STATUS":"{kind}","When":<when>,"Code":{code},"Msg":"{message}","Description":"cgminer 1.0.0"}}'


def _reply(status: str, body: str = "") -> str:
    return f'{{"STATUS":[{status}],{body}"id":1}}'


def _version(model: MinerModel) -> str:
    body = (
        f'"VERSION":[{{"BMMiner":"1.0.0","API":"{API_VERSION}","Miner":"{model.firmware}",'
        f'"CompileTime":"{model.compiled}","Type":"{model.type}"}}],'
    )
    return _reply(_status(22, "CGMiner versions"), body)


def _summary() -> str:
    body = (
        '"SUMMARY":[{"Elapsed":<elapsed>,"GHS 5s":<ghs_5s:.2f>,"GHS av":<ghs_av:.2f>,"GHS 30m":<ghs_30m:.2f>,'
        '"Found Blocks":0,"Getwork":<accepted>,"Accepted":<accepted>,"Rejected":<rejected>,"Hardware Errors":<hw>,'
        '"Utility":4.82,"Discarded":0,"Stale":<stale>,"Get Failures":1,"Local Work":<accepted>,"Remote Failures":0,'
        '"Network Blocks":82,"Total MH":<total_mh:.4f>,"Work Utility":1554353.85,"Difficulty Accepted":0.0,'
        '"Difficulty Rejected":0.0,"Difficulty Stale":0.0,"Best Share":12904207043,"Device Hardware%":0.0,'
        '"Device Rejected%":0.0,"Pool Rejected%":0.0,"Pool Stale%":0.0,"Last getwork":<when>}],'
    )
    return _reply(_status(11, "Summary"), body)


def _chain(board: int, model: MinerModel, found: bool) -> Iterable[str]:
    """The keys of one chain; a chain that is absent, or finds no chips, shows zeros and empty text."""
    if not found:
        yield f'"chain_acn{board}":0,"chain_acs{board}":"","chain_hw{board}":0,"chain_rate{board}":"","freq{board}":0'
        yield from (f'"temp_{place}{board}":"0-0-0-0"' for place in ("chip", "pcb", "pic"))
    else:
        chips = " ooo" * (model.chips // 3) + (f" {'o' * (model.chips % 3)}" if model.chips % 3 else "")
        yield f'"chain_acn{board}":{model.chips},"chain_acs{board}":"{chips}","chain_hw{board}":<hw{board}>'
        yield f'"chain_rate{board}":"<rate{board}:.2f>","freq{board}":<frequency>'
        for place in ("chip", "pcb", "pic"):
            yield f'"temp_{place}{board}":"{"-".join(f"<{place}{board}_{spot}>" for spot in range(1, 5))}"'
    if board <= BOARDS:
        yield f'"temp{board}":<pcb{board}>,"temp2_{board}":<chip{board}>'


def _stats(model: MinerModel, found: tuple[bool, ...]) -> str:
    chains = [
        part for board in range(1, BOARDS + 2) for part in _chain(board, model, board <= BOARDS and found[board - 1])
    ]
    body = (
        f'"STATS":[{{"BMMiner":"1.0.0","Miner":"{model.firmware}","CompileTime":"{model.compiled}",'
        f'"Type":"{model.type}"}},'
        '{"STATS":0,"ID":"BTM_SOC0","Elapsed":<elapsed>,"Calls":0,"Wait":0,"Max":0,"Min":99999999,'
        '"GHS 5s":<ghs_5s:.2f>,"GHS av":<ghs_av:.2f>,"rate_30m":<ghs_30m:.2f>,"Mode":2,'
        f'"miner_count":{sum(found)},"frequency":<frequency>,"fan_num":4,'
        '"fan1":<fan1>,"fan2":<fan2>,"fan3":<fan3>,"fan4":<fan4>,'
        f'"temp_num":{BOARDS},{",".join(chains)},'
        '"total_rateideal":<ideal:.1f>,"rate_unit":"GH","total_freqavg":<frequency>,'
        f'"total_acn":{model.chips * sum(found)},"total rate":<ghs_av:.2f>,"temp_max":0,'
        f'"no_matching_work":<hw>,"miner_version":"{model.firmware}","miner_id":"<miner_id>"}}],'
    )
    return _reply(_status(70, "CGMiner stats"), body)


def _pool(number: int, alive: bool) -> str:
    active = alive and number == 0
    counts = "<accepted>", "<rejected>", "<stale>"
    accepted, rejected, stale = counts if number == 0 else ("0", "0", "0")
    return (
        f'{{"POOL":{number},"URL":"{_POOL_URL}","Status":"{"Alive" if alive else "Dead"}",'
        f'"Priority":{number},"Quota":1,"Long Poll":"N","Getworks":{accepted},"Accepted":{accepted},'
        f'"Rejected":{rejected},"Discarded":0,"Stale":{stale},"Get Failures":1,"Remote Failures":0,"User":"<worker>",'
        f'"Last Share Time":"{"0:00:03" if active else "0"}","Diff":"{"524K" if active else ""}","Diff1 Shares":0,'
        '"Proxy Type":"","Proxy":"","Difficulty Accepted":0.0,"Difficulty Rejected":0.0,"Difficulty Stale":0.0,'
        f'"Last Share Difficulty":{"524288.0" if active else "0.0"},"Has Stratum":true,'
        f'"Stratum Active":{"true" if active else "false"},"Stratum URL":"{"btc.pool.example" if active else ""}",'
        '"Has GBT":false,"Best Share":0.0,"Pool Rejected%":0.0,"Pool Stale%%":0.0}'
    )


def _pools(alive: bool) -> str:
    pools = ",".join(_pool(number, alive) for number in range(_POOLS))
    return _reply(_status(7, f"{_POOLS} Pool(s)"), f'"POOLS":[{pools}],')


def _devs(alive: bool) -> str:
    body = (
        '"DEVS":[{"ASC":0,"Name":"BTM_SOC","ID":0,"Enabled":"Y",'
        f'"Status":"{"Alive" if alive else "Dead"}","Tenperature":0.0,"MHS av":0.0,"MHS 5s":0.0,'
        '"Accepted":<accepted>,"Rejected":<rejected>,"Hardware Errors":0,"Utility":0.0,"Last Share Pool":0,'
        '"Last Share Time":<when>,"Total MH":0.0,"Diff1 Work":0,"Difficulty Accepted":0.0,"Difficulty Rejected":0.0,'
        '"Last Share Difficulty":524288.0,"Last Valid Work":<when>,"Device Hardware%":0.0,"Device Rejected%":0.0,'
        '"Device Elapsed":<elapsed>}],'
    )
    return _reply(_status(9, "1 ASC(s)"), body)


class Replies:
    """Answers to the commands of every miner of a site."""

    def __init__(self, world: World, firmware: Firmware) -> None:
        self._world = world
        self._firmware = firmware
        self._templates: dict[tuple[str, MinerModel, tuple[bool, ...], bool], Template] = {}
        self._models = world.blueprint.models
        self._names = [entry.name for entry in world.blueprint.miners]
        combined = round(world.blueprint.options.combined * 1000)
        self._takes_combined = bytearray(zlib.crc32(name.encode()) % 1000 < combined for name in self._names)
        self._when = 0

    def answer(self, miner: int, command: str) -> bytes:
        """The reply to `summary`, or to `summary+stats+pools` where the firmware takes that; without the NUL."""
        if "+" in command:
            names = command.split("+")
            if not self._takes_combined[miner] or len(names) > _MOST_COMBINED:
                return self.refuse("Invalid command")
            values = self._values(miner)
            parts = [orjson.dumps(name) + b":[" + self._render(miner, name, values) + b"]" for name in names]
            return b"{" + b",".join(parts) + b',"id":1}'
        return self._render(miner, command, self._values(miner))

    @staticmethod
    def refuse(message: str, code: int = INVALID_COMMAND) -> bytes:
        """An error status, code 14 unless told otherwise."""
        status = _status(code, message, "E").replace("<when>", str(int(time.time())))
        return _reply(status).encode("utf-8", "replace")

    def _values(self, miner: int) -> list[Any]:
        name = self._names[miner].encode("ascii", "replace")
        values: list[Any] = self._firmware.row(miner)
        values += (
            int(time.time()),
            b"%016x" % (zlib.crc32(name) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF),
            b"site." + name,
        )
        return values

    def _render(self, miner: int, command: str, values: Sequence[Any]) -> bytes:
        effects = self._world.effects
        dead, lost = effects.dead_board[miner], bool(effects.pool_lost[miner])
        found = (not dead[0], not dead[1], not dead[2])
        key = (command, self._models[miner], found, not lost)
        template = self._templates.get(key)
        if template is None:
            text = self._shape(*key)
            if text is None:
                denied = command in _PRIVILEGED
                message = f"Access denied to '{command}' command" if denied else "Invalid command"
                return self.refuse(message, ACCESS_DENIED if denied else INVALID_COMMAND)
            template = self._templates[key] = _compile(text)
        shape, pick = template
        return shape % pick(values)

    @staticmethod
    def _shape(command: str, model: MinerModel, found: tuple[bool, ...], pool: bool) -> str | None:
        """The template text of a command; None for one that the firmware does not have."""
        shapes: dict[str, Callable[[], str]] = {
            "version": lambda: _version(model),
            "summary": _summary,
            "stats": lambda: _stats(model, found),
            "pools": lambda: _pools(pool),
            "devs": lambda: _devs(pool),
        }
        shape = shapes.get(command)
        return None if shape is None else shape()
