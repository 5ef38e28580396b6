"""Commands to a stock Antminer, over its web pages: one write each, confirmed by reading the pages again.

Rebooting is a POST, although the pages take a GET: a GET may be sent again where a connection turns out closed.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import orjson

from drivers.core.command import (
    Command,
    Locate,
    Offer,
    Reboot,
    SetFans,
    SetPools,
    SetPowerMode,
    Sleep,
    UpdateFirmware,
    Wake,
)
from drivers.core.errors import Rejected, TimedOut, Unreachable
from drivers.core.miner_options import MinerOptions
from drivers.core.operation import Operation, PreconditionFailed, Seen
from drivers.miners.antminer import config as configuration
from drivers.miners.antminer.fields import split_stats, work_mode
from drivers.miners.antminer.web import AntminerWeb
from drivers.miners.reply import Fields, number, text

_SHOWN: Final = ("stats", "code", "msg", "answer")
"""What an answer to a write may hold; nothing of the configuration."""


def operation_for(command: Command, web: AntminerWeb | None, options: MinerOptions, offer: Offer) -> Operation:
    """What carries the command out; one that only says why, where it is not offered."""
    if offer.unsupported or web is None:
        return Refusal(offer.unsupported or "this miner has no web interface that could be asked")
    make = _MAKERS.get(type(command))
    if make is None:
        return Refusal("stock firmware has no such command")
    try:
        operation = make(command, web, options)
    except ValueError as error:
        return Refusal(str(error))
    operation.confirm_s = offer.confirm_s
    return operation


class Refusal(Operation):
    """A command that is not sent, and why."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def look(self) -> Seen:
        """Says why."""
        raise PreconditionFailed(f"nothing was sent: {self._reason}")

    def check(self, before: Seen) -> None:
        """Never reached."""

    async def write(self) -> str:
        """Never reached."""
        raise PreconditionFailed(self._reason)


class Blink(Operation):
    """Blinks the LED, or stops it; confirmed by `get_blink_status`."""

    def __init__(self, web: AntminerWeb, *, on: bool) -> None:
        self._web = web
        self._on = on

    async def look(self) -> Seen:
        """Whether it blinks."""
        status = (await self._web.page("get_blink_status")).get("blink")
        blinks = status is True or str(status).strip().lower() in {"true", "1"}
        return Seen("the LED blinks" if blinks else "the LED does not blink", blinks is self._on)

    def check(self, before: Seen) -> None:
        """Always allowed."""

    async def write(self) -> str:
        """One POST. The code in the answer differs between firmwares, so that only reading back decides."""
        return _shown(await self._web.post("blink", {"blink": self._on}))


class Restart(Operation):
    """Reboots the control board; confirmed when the miner has been up for less time than has gone by."""

    may_vanish = True

    def __init__(self, web: AntminerWeb) -> None:
        self._web = web
        self._sent_at = 0.0
        self._was_away = False

    async def look(self) -> Seen:
        """How long the miner has been up; a miner asleep does not tell, then having been away must do."""
        try:
            _, data = split_stats(await self._web.page("stats"))
        except (Unreachable, TimedOut):
            self._was_away = self._sent_at > 0
            raise
        uptime = number(data.get("Elapsed"))
        since = asyncio.get_running_loop().time() - self._sent_at
        if uptime != uptime:
            return Seen("up, time not told", self._was_away)
        return Seen(f"up for {uptime:.0f} s", self._sent_at > 0 and uptime <= since + 1)

    def check(self, before: Seen) -> None:
        """Always allowed."""

    async def write(self) -> str:
        """One POST."""
        self._sent_at = asyncio.get_running_loop().time()
        return _shown(await self._web.post("reboot", {}))


class Configure(Operation):
    """Changes one thing of the configuration; confirmed when all of it reads as it must, the rest unchanged."""

    may_vanish = True

    def __init__(self, web: AntminerWeb, changes: Fields, describe: Callable[[Fields], str]) -> None:
        self._web = web
        self._changes = changes
        self._describe = describe
        self._before: Fields | None = None

    async def look(self) -> Seen:
        """The configuration; the first time it must be complete."""
        found = await self._web.page("get_miner_conf")
        if self._before is None:
            configuration.require_complete(found)
            self._before = found
        wrong = configuration.differences(configuration.changed(self._before, self._changes), found)
        intended = configuration.differences(self._before, configuration.changed(self._before, self._changes))
        besides = [key for key in wrong if key not in intended]
        shown = self._describe(found) + (f"; also changed: {', '.join(besides)}" if besides else "")
        return Seen(shown, not wrong)

    def check(self, before: Seen) -> None:
        """Refuse what would only restart mining."""
        if before.holds:
            raise PreconditionFailed(f"nothing was sent: it is so already ({before.text})")

    async def write(self) -> str:
        """The whole configuration, once."""
        answer = await self._web.post("set_miner_conf", configuration.whole(self._before or {}, self._changes))
        if text(answer.get("stats")).casefold() == "error":
            raise Rejected(str(self._web.address), _shown(answer))
        return _shown(answer)


class ChangeMode(Configure):
    """Puts the miner to sleep or wakes it; confirmed when it also does so, because firmware may wait for a reboot."""

    def __init__(self, web: AntminerWeb, changes: Fields, describe: Callable[[Fields], str], *, asleep: bool) -> None:
        super().__init__(web, changes, describe)
        self._asleep = asleep

    async def look(self) -> Seen:
        """The configuration, and whether the miner hashes."""
        seen = await super().look()
        stats = await self._web.page("stats")
        _, data = split_stats(stats)
        hashes = number(data.get("GHS 5s")) > 0
        told = "still hashing" if hashes else "not hashing" if data else "asleep"
        acts = not hashes if self._asleep else bool(data) and work_mode(data) != 1
        return Seen(f"{seen.text}, {told}", seen.holds and acts)


class Upgrade(Operation):
    """Installs a firmware image; confirmed when the miner reports the version."""

    may_vanish = True

    def __init__(self, web: AntminerWeb, command: UpdateFirmware) -> None:
        if not command.image:
            raise ValueError("the firmware image is empty")
        self._web = web
        self._command = command

    async def look(self) -> Seen:
        """The version that runs."""
        self._web.forget()
        version = text((await self._web.system_info()).get("system_filesystem_version"))
        return Seen(f"firmware {version or 'not told'}", version == self._command.version)

    def check(self, before: Seen) -> None:
        """Refuse to install what runs already."""
        if before.holds:
            raise PreconditionFailed(f"nothing was sent: {before.text} runs already")

    async def write(self) -> str:
        """One upload."""
        answer = await self._web.upload("upgrade", self._command.image, self._command.file_name)
        if text(answer.get("stats")).casefold() == "error":
            raise Rejected(str(self._web.address), _shown(answer))
        return _shown(answer)


def _shown(answer: Fields) -> str:
    return orjson.dumps({key: answer[key] for key in _SHOWN if key in answer}).decode()


def _locate(command: Locate, web: AntminerWeb, options: MinerOptions) -> Operation:
    return Blink(web, on=command.on)


def _reboot(command: Reboot, web: AntminerWeb, options: MinerOptions) -> Operation:
    return Restart(web)


def _sleep(command: Sleep, web: AntminerWeb, options: MinerOptions) -> Operation:
    return ChangeMode(web, {configuration.MODE: _mode(options, "sleep")}, _mode_text(options), asleep=True)


def _wake(command: Wake, web: AntminerWeb, options: MinerOptions) -> Operation:
    return ChangeMode(web, {configuration.MODE: _mode(options, "normal")}, _mode_text(options), asleep=False)


def _power_mode(command: SetPowerMode, web: AntminerWeb, options: MinerOptions) -> Operation:
    return Configure(web, {configuration.MODE: _mode(options, command.mode)}, _mode_text(options))


def _pools(command: SetPools, web: AntminerWeb, options: MinerOptions) -> Operation:
    if not 1 <= len(command.pools) <= configuration.POOLS:
        raise ValueError(f"the firmware has room for 1 to {configuration.POOLS} pools, not {len(command.pools)}")
    return Configure(web, {"pools": configuration.pool_entries(command.pools)}, _pool_text)


def _fans(command: SetFans, web: AntminerWeb, options: MinerOptions) -> Operation:
    if command.percent is None:
        return Configure(web, {"bitmain-fan-ctrl": False}, _fan_text)
    if not 0 <= command.percent <= 100:
        raise ValueError(f"{command.percent:g} % is no fan speed")
    changes = {"bitmain-fan-ctrl": True, "bitmain-fan-pwm": f"{command.percent:.0f}"}
    return Configure(web, changes, _fan_text)


def _upgrade(command: UpdateFirmware, web: AntminerWeb, options: MinerOptions) -> Operation:
    return Upgrade(web, command)


def _mode(options: MinerOptions, name: str) -> int:
    code = options.work_modes.get(name)
    if code is None:
        raise ValueError(f"{name!r} is no work mode of this firmware; there are {', '.join(options.work_modes)}")
    return code


def _mode_text(options: MinerOptions) -> Callable[[Fields], str]:
    names = {code: name for name, code in options.work_modes.items()}

    def describe(config: Fields) -> str:
        mode = work_mode(config)
        return f"work mode {mode} ({names.get(mode, 'unknown')})"

    return describe


def _pool_text(config: Fields) -> str:
    return f"pools {configuration.pool_names(config)}"


def _fan_text(config: Fields) -> str:
    return f"fan control {config.get('bitmain-fan-ctrl')}, speed {config.get('bitmain-fan-pwm')} %"


_MAKERS: Final[Mapping[type, Callable[..., Operation]]] = {
    Locate: _locate,
    Reboot: _reboot,
    Sleep: _sleep,
    Wake: _wake,
    SetPowerMode: _power_mode,
    SetPools: _pools,
    SetFans: _fans,
    UpdateFirmware: _upgrade,
}
