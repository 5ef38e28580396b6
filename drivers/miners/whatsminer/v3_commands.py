"""Commands to Whatsminers over version 3 of their interface, each confirmed by reading back.

A write is one frame. Right before it, after the precondition was read, the miner is asked for its salt, from which the
token for that command at that second is made.
"""

import math
import time
from collections.abc import Awaitable, Callable
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
from drivers.core.operation import Operation, PreconditionFailed, Seen
from drivers.miners.commanding import NO_SUCH_COMMAND, BeginAnew, Setting
from drivers.miners.pool_change import check_count
from drivers.miners.reply import Fields, inner, text
from drivers.miners.whatsminer.parser import MINED, POWER_LIMIT, POWER_MODE, UP, first_number, first_text, is_true
from drivers.miners.whatsminer.v3_sections import DEVICE, SETTING, STATUS, is_off, message, pools_of
from drivers.miners.whatsminer.writing import MOST_POOLS, WRITING_OFF, holds_pools
from drivers.transports.whatsminer import WhatsminerTransport
from drivers.transports.whatsminer_cipher import Ticket

ACCOUNT: Final = "super"
"""The account with all permissions, where the login names none."""
NOT_PERMITTED: Final = (
    "the miner does not take the account and password that are set for it, or its API is switched off for writing "
    "(WhatsMinerTool switches it on)"
)

_Found = TypeVar("_Found")


class Desk:
    """Writes to one miner, and looks at what they change."""

    def __init__(self, transport: WhatsminerTransport, login: Login | None) -> None:
        self._transport = transport
        self._login = login
        self._place = str(transport.address)

    def operation_of(self, command: Command) -> Operation:
        """The operation of an offered command; raises `PreconditionFailed` where it cannot be done as asked."""
        simple = self._switch(command)
        if simple is not None:
            return simple
        if isinstance(command, SetPools):
            return self._pools(command.pools)
        if isinstance(command, SetPowerMode):
            return Setting(
                self._awake(lambda: self._look_mode(command.mode)), self._write("set.miner.power_mode", command.mode)
            )
        if isinstance(command, SetPowerTarget):
            watts = round(command.watts)
            return Setting(self._awake(lambda: self._look_limit(watts)), self._write("set.miner.power_limit", watts))
        raise PreconditionFailed(NO_SUCH_COMMAND)

    def _switch(self, command: Command) -> Operation | None:
        if isinstance(command, Locate):
            blink = [{"color": color, "period": 200, "duration": 100, "start": 0} for color in ("red", "green")]
            return Setting(
                self._open(lambda: self._look_led(command.on)),
                self._write("set.system.led", blink if command.on else "auto"),
            )
        if isinstance(command, Sleep):
            return Setting(self._open(lambda: self._look_off(True)), self._write("set.miner.service", "stop"))
        if isinstance(command, Wake):
            return Setting(self._open(lambda: self._look_off(False)), self._write("set.miner.service", "start"))
        if isinstance(command, Reboot):
            return BeginAnew(self._open(self._up), self._write("set.system.reboot"), self._place)
        if isinstance(command, RestartMining):
            restart = self._write("set.miner.service", "restart")
            return BeginAnew(self._awake(self._mined), restart, self._place)
        return None

    def _pools(self, pools: tuple[Pool, ...]) -> Operation:
        check_count(len(pools), MOST_POOLS)
        wanted = [{"pool": pool.url, "worker": pool.user, "passwd": pool.password} for pool in pools]

        async def look() -> Seen:
            return holds_pools(pools_of(await self._ask(STATUS, "summary+pools")), pools)

        return Setting(self._awake(look), self._write("set.miner.pools", wanted, is_hidden=True))

    def _open(
        self, look: Callable[[], Awaitable[_Found]], *, must_be_awake: bool = False
    ) -> Callable[[], Awaitable[_Found]]:
        """Look, but before the write refuse a miner that says that its API is switched off for writing."""
        is_first = True

        async def looked() -> _Found:
            nonlocal is_first
            if is_first:
                device = await self._ask(DEVICE)
                if is_true(inner(device, "system").get("apiswitch")) is False:
                    raise PreconditionFailed(WRITING_OFF)
                if must_be_awake and is_off(device):
                    raise PreconditionFailed("the miner is asleep; wake it first")
            is_first = False
            return await look()

        return looked

    def _awake(self, look: Callable[[], Awaitable[_Found]]) -> Callable[[], Awaitable[_Found]]:
        """The same for what would wake a sleeping miner, or what it could not show."""
        return self._open(look, must_be_awake=True)

    async def _look_led(self, on: bool) -> Seen:
        state = text(inner(await self._ask(DEVICE, "system"), "system").get("ledstatus"))
        if not state:
            raise Malformed(self._place, "the miner does not tell what its LED does")
        return Seen(f"LED {state}", (state.casefold() != "auto") is on)

    async def _look_off(self, off: bool) -> Seen:
        said = is_off(await self._ask(DEVICE, "miner"))
        if said is None:
            raise Malformed(self._place, "the miner does not tell whether it is working")
        return Seen("mining switched off" if said else "mining switched on", said is off)

    async def _look_mode(self, mode: str) -> Seen:
        found = first_text(await self._ask(SETTING), POWER_MODE)
        return Seen(f"power mode {found or 'not reported'}", found.casefold() == mode)

    async def _look_limit(self, watts: int) -> Seen:
        found = first_number(await self._ask(SETTING), POWER_LIMIT)
        return Seen("no power limit" if math.isnan(found) else f"power limit {found:.0f} W", found == watts)

    async def _up(self) -> float:
        """Seconds since the control board started, by which a reboot shows; a stopped program does not tell them."""
        return first_number(inner(await self._ask(STATUS, "summary"), "summary"), (*UP, *MINED))

    async def _mined(self) -> float:
        return first_number(inner(await self._ask(STATUS, "summary"), "summary"), MINED)

    async def _ask(self, command: str, parameter: str = "") -> Fields:
        return message((await self._transport.read(command, parameter)).content, self._place)

    async def _salt(self) -> str:
        """What tokens are made with. Raises `Rejected`, for nothing has been written yet."""
        try:
            salt = text((await self._ask(DEVICE, "salt")).get("salt"))
        except DeviceError as error:
            raise Rejected(
                self._place, f"nothing was written: the miner's salt could not be read ({error.text})"
            ) from error
        if not salt:
            raise Rejected(self._place, "nothing was written: the miner tells no salt to sign it with")
        return salt

    def _write(
        self, command: str, parameter: object = None, *, is_hidden: bool = False
    ) -> Callable[[], Awaitable[str]]:
        async def write() -> str:
            if self._login is None:
                raise Refused(self._place, "no login is set for this miner")
            salt = await self._salt()
            moment = int(time.time())
            ticket = Ticket.made(command, self._login.secret, salt=salt, time=moment)
            question: dict[str, object] = {"cmd": command, "ts": moment, "token": ticket.token}
            question["account"] = self._login.user or ACCOUNT
            if parameter is not None:
                question["param"] = ticket.close(parameter) if is_hidden else parameter
            content = (await self._transport.write(question)).content
            try:
                message(content, self._place)
            except Refused as refusal:
                raise Refused(self._place, f"{NOT_PERMITTED}: {refusal.text}") from refusal
            return text(content.get("msg"))

        return write
