"""Commands to ePIC's firmware: POST with a JSON body that holds `param` and the password.

The answer is `{"result": true|false, "error": ...}`. Endpoints after the maker's OpenAPI document, version 1.30.0.
"""

from http import HTTPStatus
from typing import Final

from drivers.core.command import (
    Command,
    Locate,
    Pool,
    Reboot,
    RestartMining,
    SetFans,
    SetPools,
    SetPowerTarget,
    Sleep,
    Wake,
)
from drivers.core.credentials import Login
from drivers.core.errors import Rejected
from drivers.core.operation import Operation, PreconditionFailed, Seen
from drivers.core.reading import DeviceState
from drivers.miners.commanding import NO_SUCH_COMMAND, BeginAnew, Setting
from drivers.miners.epic.parser import error_text, state_of, tuning
from drivers.miners.pool_change import check_count, seen_pools
from drivers.miners.reply import NOTHING, Fields, inner, number, rows, text
from drivers.miners.web_pages import accept, encode, said
from drivers.transports.http import HttpTransport

_SUMMARY: Final = "/summary"
_SPLIT: Final = "/hashratesplit/config"
_MOST_POOLS: Final = 3
_POWER: Final = "Power"
"""Name of the tuning algorithm that holds watts."""


def operation_of(command: Command, transport: HttpTransport, login: Login) -> Operation:
    """The operation of an offered command; raises `PreconditionFailed` where it cannot be done as asked."""
    desk = _Desk(transport, login)
    match command:
        case Locate(on=on):
            return Setting(lambda: desk.locating(on), lambda: desk.send("/identify", on))
        case Reboot():
            return BeginAnew(desk.uptime, lambda: desk.send("/reboot", 0), desk.place)
        case RestartMining():
            return BeginAnew(desk.uptime, lambda: desk.send("/softreboot", None), desk.place)
        case Sleep():
            return Setting(lambda: desk.mining(wanted=False), lambda: desk.send("/miner", "Stop"))
        case Wake():
            return Setting(lambda: desk.mining(wanted=True), lambda: desk.send("/miner", "Autostart"))
        case SetPowerTarget(watts=watts):
            return _PowerTarget(desk, watts)
        case SetFans(percent=percent):
            return _Fans(desk, percent)
        case SetPools(pools=pools):
            return _Pools(desk, pools)
    raise PreconditionFailed(NO_SUCH_COMMAND)


class _Desk:
    """Reads the summary and sends writes."""

    def __init__(self, transport: HttpTransport, login: Login) -> None:
        self._transport = transport
        self._login = login
        self.place = str(transport.address)
        self.summary: Fields = NOTHING

    async def look(self) -> Fields:
        answer = await self._transport.ask("GET", _SUMMARY)
        accept(answer, _SUMMARY)
        self.summary = answer.json()
        return self.summary

    async def send(self, path: str, param: object) -> str:
        body = encode({"param": param, "password": self._login.secret})
        answer = await self._transport.ask("POST", path, body=body)
        accept(answer, path)
        content = answer.json()
        if content.get("result") is not True:
            raise Rejected(self.place, error_text(content.get("error")) or "the miner answers result: false")
        return said(answer)

    async def splits_hashrate(self) -> bool:
        """Whether other pools than those of the summary are in use; older firmware has no such thing."""
        answer = await self._transport.ask("GET", _SPLIT, allow_refusal=True)
        return answer.status == HTTPStatus.OK and answer.json().get("enabled") is True

    async def uptime(self) -> float:
        return number(inner(await self.look(), "Session").get("Uptime"))

    async def locating(self, on: bool) -> Seen:
        state = inner(await self.look(), "Misc").get("Locate Miner State")
        if not isinstance(state, bool):
            raise PreconditionFailed("this firmware does not tell whether its LED blinks")
        return Seen("LED blinks" if state else "LED does not blink", state is on)

    async def mining(self, *, wanted: bool) -> Seen:
        """Awake is everything but idling; the way from waking to the first hash takes minutes."""
        summary = await self.look()
        word = text(inner(summary, "Status").get("Operating State"))
        if not word:
            raise PreconditionFailed("this firmware does not tell its operating state")
        state = state_of(summary)
        if wanted and state is DeviceState.STOPPED and inner(summary, "Status").get("Last Command") is None:
            raise PreconditionFailed("a protection has stopped this miner; find the cause first")
        idle = word.casefold() == "idling"
        return Seen(word, not idle and word.casefold() != "stopping" if wanted else idle)


class _PowerTarget(Setting):
    def __init__(self, desk: _Desk, watts: float) -> None:
        super().__init__(self._seen, self._send)
        self._desk = desk
        self._watts = round(watts)

    async def _seen(self) -> Seen:
        name, settings = tuning(await self._desk.look())
        target, unit = number(settings.get("Target")), text(settings.get("Unit"))
        shown = f"{name} {target:g} {unit}" if name else "no tuning"
        return Seen(shown, name.startswith(_POWER) and target == self._watts)

    async def _send(self) -> str:
        """The limits of throttling go along unchanged: one that is left out is lost."""
        name, settings = tuning(self._desk.summary)
        param: dict[str, object] = {"algo": _POWER, "target": self._watts}
        if name.startswith(_POWER):
            keys = {"min_throttle": "Min Throttle Target", "throttle_step": "Throttle Step"}
            param |= {key: settings[known] for key, known in keys.items() if settings.get(known) is not None}
        return await self._desk.send("/perpetualtune/algo", param)


class _Fans(Setting):
    def __init__(self, desk: _Desk, percent: float | None) -> None:
        super().__init__(self._seen, self._send)
        self._desk = desk
        self._percent = None if percent is None else round(percent)
        self._automatic: Fields = NOTHING

    async def _seen(self) -> Seen:
        mode = inner(await self._desk.look(), "Fans", "Fan Mode")
        if "Auto" in mode:
            self._automatic = inner(mode, "Auto")
            return Seen("automatic", self._percent is None)
        speed = number(mode.get("Manual"))
        return Seen(f"fixed at {speed:g} %", self._percent is not None and speed == self._percent)

    async def _send(self) -> str:
        if self._percent is not None:
            return await self._desk.send("/fanspeed", {"Manual": self._percent})
        automatic = self._automatic or {"Target Temperature": 60, "Idle Speed": 20}  # the maker's own defaults
        return await self._desk.send("/fanspeed", {"Auto": dict(automatic)})


class _Pools(Setting):
    def __init__(self, desk: _Desk, pools: tuple[Pool, ...]) -> None:
        super().__init__(self._seen, self._send)
        check_count(len(pools), _MOST_POOLS)
        self._desk = desk
        self._pools = pools

    async def _seen(self) -> Seen:
        if await self._desk.splits_hashrate():
            raise PreconditionFailed("the miner splits its hashrate between groups of pools; change them at the miner")
        summary = await self._desk.look()
        kept = [(text(row.get("pool")), text(row.get("login"))) for row in rows(summary, "StratumConfigs")]
        return seen_pools(kept, [(pool.url, pool.user) for pool in self._pools])

    async def _send(self) -> str:
        """Coin and the unique worker id stay as they are."""
        summary = self._desk.summary
        configs = [{"pool": pool.url, "login": pool.user, "password": pool.password} for pool in self._pools]
        param: dict[str, object] = {
            "coin": text(inner(summary, "Mining").get("Coin")) or "BTC",
            "stratum_configs": configs,
        }
        unique = inner(summary, "Stratum").get("Worker Unique Id")
        if isinstance(unique, bool):
            param["unique_id"] = unique
        return await self._desk.send("/coin", param)
