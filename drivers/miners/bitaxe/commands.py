"""Commands to AxeOS: restart, pause and resume, fans and pools. Nothing asks for a login.

Since version 2.14 the pools are a list with slots; before, and in the Nerd miners, they are two sets of flat keys.
Which of the two a miner takes is what its own page shows. A setting it does not know it passes over with HTTP 200, so
what counts is reading it back.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from drivers.core.command import Command, Pool, Reboot, SetFans, SetPools, Sleep, Wake
from drivers.core.errors import Unsupported
from drivers.core.operation import Operation, PreconditionFailed, Seen
from drivers.miners.bitaxe.parser import configured_pools, flag, is_overheated, is_paused
from drivers.miners.commanding import NO_SUCH_COMMAND, BeginAnew, Setting
from drivers.miners.pool_change import Account, check_count, seen_pools
from drivers.miners.reply import NOTHING, Fields, number
from drivers.miners.web_pages import accept, encode, said
from drivers.transports.http import HttpTransport

_INFO: Final = "/api/system/info"
_SETTINGS: Final = "/api/system"
_MOST_POOLS: Final = 2
_TLS_SCHEMES: Final = frozenset({"stratum+ssl", "stratum+tls", "ssl", "tls"})


def operation_of(command: Command, transport: HttpTransport) -> Operation:
    """The operation of an offered command; raises `PreconditionFailed` where it cannot be done as asked."""
    desk = _Desk(transport)
    match command:
        case Reboot():
            return BeginAnew(desk.uptime, lambda: desk.send("POST", "/api/system/restart"), desk.place)
        case Sleep():
            return _Pause(desk, wanted=True)
        case Wake():
            return _Pause(desk, wanted=False)
        case SetFans(percent=percent):
            return _Fans(desk, percent)
        case SetPools(pools=pools):
            return _Pools(desk, pools)
    raise PreconditionFailed(NO_SUCH_COMMAND)


class _Desk:
    """Reads the page and sends writes."""

    def __init__(self, transport: HttpTransport) -> None:
        self._transport = transport
        self.place = str(transport.address)
        self.info: Fields = NOTHING

    async def look(self) -> Fields:
        answer = await self._transport.ask("GET", _INFO)
        accept(answer, _INFO)
        self.info = answer.json()
        return self.info

    async def uptime(self) -> float:
        return number((await self.look()).get("uptimeSeconds"))

    async def send(self, method: str, path: str, body: Fields = NOTHING) -> str:
        answer = await self._transport.ask(method, path, body=encode(body) if body else b"")
        accept(answer, path)
        return said(answer) or f"HTTP {answer.status}"


def _refuse_one_time_code(info: Fields) -> None:
    if flag(info.get("otp")):
        raise PreconditionFailed("the miner takes changes with a one-time code only; change it at the miner")


class _Pause(Setting):
    def __init__(self, desk: _Desk, *, wanted: bool) -> None:
        path = f"/api/system/{'pause' if wanted else 'resume'}"
        super().__init__(self._seen, lambda: desk.send("POST", path))
        self._desk = desk
        self._wanted = wanted

    async def _seen(self) -> Seen:
        info = await self._desk.look()
        if "miningPaused" not in info:
            raise PreconditionFailed("this firmware cannot pause mining: its page does not know it")
        paused = is_paused(info)
        return Seen("paused" if paused else "not paused", paused is self._wanted)

    def check(self, before: Seen) -> None:
        if is_overheated(self._desk.info) and not self._wanted:
            raise PreconditionFailed("the overheat protection has stopped this miner; find the cause first")


class _Fans(Setting):
    def __init__(self, desk: _Desk, percent: float | None) -> None:
        super().__init__(self._seen, self._send)
        self._desk = desk
        self._percent = percent

    def _key(self) -> str:
        """Version 2.11 renamed the setting; `fanspeed` is from then on what the fan does, no longer what was set."""
        return "manualFanSpeed" if "manualFanSpeed" in self._desk.info else "fanspeed"

    async def _seen(self) -> Seen:
        info = await self._desk.look()
        _refuse_one_time_code(info)
        automatic, speed = flag(info.get("autofanspeed")), number(info.get(self._key()))
        if self._percent is None:
            return Seen("automatic" if automatic else f"fixed at {speed:g} %", automatic)
        holds = not automatic and abs(speed - self._percent) <= 1
        return Seen("automatic" if automatic else f"fixed at {speed:g} %", holds)

    async def _send(self) -> str:
        if self._percent is None:
            return await self._desk.send("PATCH", _SETTINGS, {"autofanspeed": 1})
        return await self._desk.send("PATCH", _SETTINGS, {"autofanspeed": 0, self._key(): round(self._percent)})


@dataclass(frozen=True, slots=True)
class _Target:
    """One pool as AxeOS keeps it."""

    host: str
    port: int
    user: str
    password: str
    tls: bool

    @property
    def account(self) -> Account:
        return f"{self.host}:{self.port}", self.user


def _target(pool: Pool) -> _Target:
    address = pool.url if "://" in pool.url else f"stratum+tcp://{pool.url}"
    parts = urlsplit(address)
    try:
        port = parts.port
    except ValueError:
        port = None
    if not parts.hostname or not port:
        raise PreconditionFailed(f"{pool.url!r} is no pool address of the form stratum+tcp://host:port")
    return _Target(parts.hostname, port, pool.user, pool.password, parts.scheme.casefold() in _TLS_SCHEMES)


class _Pools(Setting):
    """Both pools at once: with one pool given, it stands in both places, so that no former pool stays behind."""

    def __init__(self, desk: _Desk, pools: tuple[Pool, ...]) -> None:
        super().__init__(self._seen, self._send)
        check_count(len(pools), _MOST_POOLS)
        targets = [_target(pool) for pool in pools]
        self._targets = (targets[0], targets[-1])
        self._desk = desk

    async def _seen(self) -> Seen:
        info = await self._desk.look()
        _refuse_one_time_code(info)
        if "stratumURL" not in info:
            raise Unsupported(self._desk.place, "the page does not show the pools")
        kept = [(url.rpartition("//")[2], user) for url, user in configured_pools(info)]
        return seen_pools(kept, [target.account for target in self._targets])

    async def _send(self) -> str:
        info = self._desk.info
        body = self._slots(info) if isinstance(info.get("pools"), list) else self._flat(info)
        return await self._desk.send("PATCH", _SETTINGS, body)

    def _slots(self, info: Fields) -> Fields:
        slots = []
        for at, target in enumerate(self._targets):
            slot = {"id": at, "stratumURL": target.host, "stratumPort": target.port, "stratumUser": target.user}
            slots.append(slot | {"stratumPassword": target.password, "stratumTLS": int(target.tls)})
        return {"pools": slots, "primaryPoolIndex": 0, "secondaryPoolIndex": 1}

    def _flat(self, info: Fields) -> Fields:
        body: dict[str, object] = {}
        for prefix, target in zip(("stratum", "fallbackStratum"), self._targets, strict=True):
            body |= {f"{prefix}URL": target.host, f"{prefix}Port": target.port, f"{prefix}User": target.user}
            body[f"{prefix}Password"] = target.password
            shown = info.get(f"{prefix}TLS")
            if shown is not None:
                body[f"{prefix}TLS"] = target.tls if isinstance(shown, bool) else int(target.tls)
        return body
