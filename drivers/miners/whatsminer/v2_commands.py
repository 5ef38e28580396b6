"""Commands to Whatsminers over version 2 of their interface, each confirmed by reading back.

A write is one encrypted question. Right before it, after the precondition was read, the miner is asked for a token: one
that is fresh cannot have expired, and so no write is ever sent twice.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from drivers.core.command import (
    Command,
    Locate,
    Pool,
    Reboot,
    RestartMining,
    SetPools,
    SetPowerMode,
    SetPowerTarget,
    Sleep,
    Wake,
)
from drivers.core.credentials import Login
from drivers.core.errors import DeviceError, Malformed, Refused, Rejected
from drivers.core.identity import Address
from drivers.core.operation import Operation, PreconditionFailed, Seen
from drivers.miners.commanding import NO_SUCH_COMMAND, BeginAnew, Setting
from drivers.miners.pool_change import check_count
from drivers.miners.reply import Fields, number, text
from drivers.miners.whatsminer.parser import MINED, POWER_MODE, UP, first_number, first_text
from drivers.miners.whatsminer.v2_sections import is_off, message, pools_of, summary_of
from drivers.miners.whatsminer.writing import MOST_POOLS, WRITING_OFF, holds_pools
from drivers.transports.cgminer import CgminerTransport, parse
from drivers.transports.whatsminer_cipher import Seal

FINE: Final = 131
"""Code of a write that was taken."""
NO_WRITING: Final = 45
WRONG_PASSWORD: Final = "the miner does not take the admin password that is set for it"
_UNREADABLE: Final = frozenset({23, 135, 137})
"""Codes by which the miner says that it cannot read what was encrypted, or that the token is wrong."""
_WORDS: Final[Mapping[int, str]] = {
    NO_WRITING: WRITING_OFF,
    14: "the firmware does not know this command",
    132: "the firmware could not carry out the command",
    136: "the miner hands out no more tokens for now, or not to this address; try again in half an hour",
}

_Seen = TypeVar("_Seen")


class Desk:
    """Writes to one miner, and looks at what they change."""

    def __init__(self, address: Address, login: Login | None) -> None:
        self._transport = CgminerTransport(address)
        self._transport.joins = False
        self._login = login
        self._place = str(address)

    def operation_of(self, command: Command) -> Operation:
        """The operation of an offered command; raises `PreconditionFailed` where it cannot be done as asked."""
        simple = self._switch(command)
        if simple is not None:
            return simple
        if isinstance(command, SetPools):
            return self._pools(command.pools)
        if isinstance(command, SetPowerMode):
            return Setting(self._awake(lambda: self._look_mode(command.mode)), self._write(f"set_{command.mode}_power"))
        if isinstance(command, SetPowerTarget):
            watts = f"{command.watts:.0f}"
            return Setting(
                self._awake(lambda: self._look_limit(float(watts))),
                self._write("adjust_power_limit", power_limit=watts),
            )
        raise PreconditionFailed(NO_SUCH_COMMAND)

    def _switch(self, command: Command) -> Operation | None:
        if isinstance(command, Locate):
            blink: Mapping[str, object] = {"color": "red", "period": 200, "duration": 100, "start": 0}
            return Setting(
                lambda: self._look_led(command.on),
                self._write("set_led", **(blink if command.on else {"param": "auto"})),
            )
        if isinstance(command, Sleep):
            return Setting(lambda: self._look_off(True), self._write("power_off", respbefore="true"))
        if isinstance(command, Wake):
            return Setting(lambda: self._look_off(False), self._write("power_on"))
        if isinstance(command, Reboot):
            return BeginAnew(lambda: self._seconds(UP), self._write("reboot"), self._place)
        if isinstance(command, RestartMining):
            return BeginAnew(self._mined(), self._write("restart_btminer"), self._place)
        return None

    def _pools(self, pools: tuple[Pool, ...]) -> Operation:
        check_count(len(pools), MOST_POOLS)
        parameters: dict[str, object] = {}
        for at in range(MOST_POOLS):
            pool = pools[at] if at < len(pools) else Pool("", "", "")
            parameters |= {f"pool{at + 1}": pool.url, f"worker{at + 1}": pool.user, f"passwd{at + 1}": pool.password}

        async def look() -> Seen:
            return holds_pools(pools_of(await self._ask("pools")), pools)

        return Setting(look, self._write("update_pools", **parameters))

    def _mined(self) -> Callable[[], Awaitable[float]]:
        return self._awake(lambda: self._seconds(MINED))

    def _awake(self, look: Callable[[], Awaitable[_Seen]]) -> Callable[[], Awaitable[_Seen]]:
        """Look, but before the write refuse a sleeping miner, which would be woken by it, or forget it."""
        is_first = True

        async def looked() -> _Seen:
            nonlocal is_first
            if is_first and is_off(message(await self._ask("status"))):
                raise PreconditionFailed("the miner is asleep; wake it first")
            is_first = False
            return await look()

        return looked

    async def _look_led(self, on: bool) -> Seen:
        state = text(message(await self._ask("get_miner_info")).get("ledstat"))
        if not state:
            raise Malformed(self._place, "the miner does not tell what its LED does")
        return Seen(f"LED {state}", (state.casefold() != "auto") is on)

    async def _look_off(self, off: bool) -> Seen:
        said = is_off(message(await self._ask("status")))
        if said is None:
            raise Malformed(self._place, "the miner does not tell whether mining is switched off")
        return Seen("mining switched off" if said else "mining switched on", said is off)

    async def _look_mode(self, mode: str) -> Seen:
        status = message(await self._ask("status"))
        found = first_text(status, POWER_MODE) or first_text(summary_of(await self._ask("summary")), POWER_MODE)
        return Seen(f"power mode {found or 'not reported'}", found.casefold() == mode)

    async def _look_limit(self, watts: float) -> Seen:
        status = message(await self._ask("status"))
        found = number(status.get("power_limit_set"))
        if not found > 0:
            found = number(summary_of(await self._ask("summary")).get("Power Limit"))
        return Seen("no power limit" if math.isnan(found) else f"power limit {found:.0f} W", found == watts)

    async def _seconds(self, names: tuple[str, ...]) -> float:
        return first_number(summary_of(await self._ask("summary")), names)

    async def _ask(self, command: str) -> Fields:
        return (await self._transport.ask((command,))).sections[command]

    def _write(self, command: str, **parameters: object) -> Callable[[], Awaitable[str]]:
        async def write() -> str:
            seal = await self._seal()
            raw = await self._transport.say(seal.close({"cmd": command, **parameters}))
            return self._judged(parse(raw, self._place)[0], seal)

        return write

    async def _seal(self) -> Seal:
        """Ask for a token: no write, and nothing of the password in it."""
        if self._login is None:
            raise Refused(self._place, "no login is set for this miner")
        try:
            answer = await self._ask("get_token")
        except DeviceError as error:
            raise Rejected(self._place, f"nothing was written: the miner gave no token ({error.text})") from error
        token = message(answer)
        salt, new_salt, moment = (text(token.get(name)) for name in ("salt", "newsalt", "time"))
        if not salt or not new_salt or not moment:
            code = int(number(answer.get("Code"))) if number(answer.get("Code")) >= 0 else 0
            raise Rejected(self._place, _WORDS.get(code) or text(answer.get("Msg")) or "the miner hands out no token")
        return Seal.made(self._login.secret, salt=salt, new_salt=new_salt, time=moment)

    def _judged(self, answer: Fields, seal: Seal) -> str:
        """What the miner said to a write, in words; raises `Rejected` or `Refused` when it said no."""
        hidden = answer.get("enc")
        if isinstance(hidden, str):
            try:
                answer = parse(seal.open(hidden), self._place)[0]
            except ValueError as error:
                raise Malformed(self._place, f"the answer to the write cannot be read: {error}") from error
        code = number(answer.get("Code"))
        words = text(answer.get("Msg")) or text(answer.get("STATUS"))
        if code == FINE or (math.isnan(code) and text(answer.get("STATUS")) == "S"):
            return words
        if code in _UNREADABLE:
            raise Refused(self._place, WRONG_PASSWORD)
        said = f" (it said: {words})" if words else ""
        known = _WORDS.get(int(code), "the miner refused the command") if code >= 0 else "the miner refused the command"
        raise Rejected(self._place, f"{known}{said}")
