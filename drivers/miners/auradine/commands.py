"""Commands to FluxOS: POST to the page that shows the state, with the token; read back from that page or port 4028."""

from collections.abc import Sequence
from typing import Final

from drivers.core.command import (
    Command,
    Locate,
    Pool,
    Reboot,
    RestartMining,
    SetFans,
    SetPools,
    SetPowerMode,
    SetPowerTarget,
    Sleep,
    Wake,
)
from drivers.core.operation import Operation, PreconditionFailed, Seen
from drivers.miners.auradine.parser import LOCATING, NORMAL, asleep, led_code
from drivers.miners.auradine.web import AuradineWeb
from drivers.miners.commanding import NO_SUCH_COMMAND, BeginAnew, Setting
from drivers.miners.pool_change import Account, check_count, seen_pools
from drivers.miners.reply import NOTHING, Fields, first, number, rows, text
from drivers.transports.cgminer import CgminerTransport

_MOST_POOLS: Final = 3
_FAN_SLACK: Final = 3.0
"""Per cent by which a fan's target may differ from what was asked: the firmware rounds to its own steps."""


def operation_of(command: Command, web: AuradineWeb, miner: CgminerTransport) -> Operation:
    """The operation of an offered command; raises `PreconditionFailed` where it cannot be done as asked."""
    desk = _Desk(web, miner)
    match command:
        case Locate(on=on):
            return _Led(desk, on)
        case Reboot():
            return BeginAnew(desk.uptime, lambda: web.write("/restart", {}), web.place)
        case RestartMining():
            return BeginAnew(desk.uptime, lambda: web.write("/restart", {"parameter": "gcminer"}), web.place)
        case Sleep():
            return Setting(lambda: desk.sleeping(wanted=True), lambda: web.write("/mode", {"sleep": "on"}))
        case Wake():
            return Setting(lambda: desk.sleeping(wanted=False), lambda: web.write("/mode", {"sleep": "off"}))
        case SetPowerMode(mode=mode):
            return Setting(lambda: desk.mode(mode), lambda: web.write("/mode", {"mode": mode}))
        case SetPowerTarget(watts=watts):
            target = {"mode": "custom", "tune": "power", "power": round(watts)}
            return Setting(lambda: desk.target(round(watts)), lambda: web.write("/mode", target))
        case SetFans(percent=percent):
            return _fans(desk, percent)
        case SetPools(pools=pools):
            return _pools(desk, pools)
    raise PreconditionFailed(NO_SUCH_COMMAND)


class _Desk:
    """Reads the states that commands change."""

    def __init__(self, web: AuradineWeb, miner: CgminerTransport) -> None:
        self.web = web
        self._miner = miner

    async def page(self, name: str) -> dict[str, Fields]:
        return {name: (await self.web.ask(f"/{name}")).json()}

    async def uptime(self) -> float:
        answers = await self._miner.ask(("summary",))
        return number(first(answers.sections.get("summary", NOTHING), "SUMMARY").get("Elapsed"))

    async def sleeping(self, *, wanted: bool) -> Seen:
        state = asleep(await self.page("mode"))
        if state is None:
            raise PreconditionFailed("this firmware does not tell whether it sleeps")
        return Seen("asleep" if state else "awake", state is wanted)

    async def mode(self, wanted: str) -> Seen:
        mode = text(first((await self.page("mode"))["mode"], "Mode").get("Mode"))
        return Seen(f"mode {mode or 'not told'}", mode.casefold() == wanted.casefold())

    async def target(self, watts: int) -> Seen:
        row = first((await self.page("mode"))["mode"], "Mode")
        mode, power = text(row.get("Mode")), number(row.get("Power"))
        return Seen(f"mode {mode}, {power:g} W", mode.casefold() == "custom" and power == watts)

    async def pools(self) -> Sequence[Account]:
        answers = await self._miner.ask(("pools",))
        listed = rows(answers.sections.get("pools", NOTHING), "POOLS")
        return [(text(pool.get("URL")), text(pool.get("User"))) for pool in listed]


class _Led(Setting):
    def __init__(self, desk: _Desk, on: bool) -> None:
        super().__init__(self._seen, lambda: desk.web.write("/led", {"code": LOCATING if on else NORMAL}))
        self._desk = desk
        self._on = on
        self._code = 0

    async def _seen(self) -> Seen:
        self._code = led_code(await self._desk.page("led"))
        locating = self._code == LOCATING
        return Seen(f"LED code {self._code}", locating is self._on)

    def check(self, before: Seen) -> None:
        """Turning off what is not on would hide the fault that the LED shows instead."""
        if not self._on and self._code not in {LOCATING, NORMAL}:
            raise PreconditionFailed(
                f"the LED does not locate but tells of a fault (code {self._code}); it is left alone"
            )


def _fans(desk: _Desk, percent: float | None) -> Operation:
    if percent is None:
        raise PreconditionFailed("how this firmware takes its fans back is not documented; restart the miner instead")
    wanted = round(percent)

    async def look() -> Seen:
        fans = rows((await desk.page("fan"))["fan"], "Fan")
        shares = [100 * number(fan.get("Target")) / (number(fan.get("Max")) or float("nan")) for fan in fans]
        if not shares or any(share != share for share in shares):
            raise PreconditionFailed("this firmware does not tell what its fans are set to")
        shown = ", ".join(f"{share:.0f} %" for share in shares)
        return Seen(f"fans at {shown}", all(abs(share - wanted) <= _FAN_SLACK for share in shares))

    return Setting(look, lambda: desk.web.write("/fan", {"percentage": wanted}))


def _pools(desk: _Desk, pools: tuple[Pool, ...]) -> Operation:
    check_count(len(pools), _MOST_POOLS)
    wanted = [(pool.url, pool.user) for pool in pools]
    body = {"pools": [{"url": pool.url, "user": pool.user, "pass": pool.password} for pool in pools]}

    async def look() -> Seen:
        return seen_pools(await desk.pools(), wanted)

    return Setting(look, lambda: desk.web.write("/updatepools", body))
