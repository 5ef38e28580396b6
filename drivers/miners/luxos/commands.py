"""Commands to LuxOS, each one write within a session, and what reading it back must show.

Source: Luxor's documentation of `ledset`, `resetminer`, `rebootdevice`, `curtail`, `profileset`, `powertargetset`,
`fanset` and `immersionswitch`. Parameters are joined with commas, the session first.
"""

import math
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from drivers.core.command import (
    Command,
    Locate,
    Reboot,
    RestartMining,
    SetFans,
    SetImmersion,
    SetPowerMode,
    SetPowerTarget,
    Sleep,
    Wake,
)
from drivers.core.errors import Malformed
from drivers.core.operation import Operation, PreconditionFailed, Seen
from drivers.miners.commanding import NO_SUCH_COMMAND, BeginAnew, Setting
from drivers.miners.luxos.profiles import profile_names
from drivers.miners.luxos.session import write_in_session
from drivers.miners.luxos.states import is_asleep
from drivers.miners.reply import NOTHING, Fields, first, number, rows, text
from drivers.transports.cgminer import CgminerTransport

_FAN_TOLERANCE: Final = 2.0
"""Percent by which a fan's speed may differ from what was set."""
_Look: TypeAlias = Callable[[], Awaitable[Seen]]


def operation_of(command: Command, transport: CgminerTransport) -> Operation:
    """The operation of an offered command; raises `PreconditionFailed` where it cannot be done as asked."""
    desk = _Desk(transport)
    match command:
        case Locate(on=on):
            return desk.setting(lambda: _led(desk, on), "ledset", "red", "blink" if on else "auto")
        case RestartMining():
            return BeginAnew(desk.uptime, lambda: write_in_session(transport, "resetminer"), desk.place)
        case Reboot():
            return BeginAnew(desk.uptime, lambda: write_in_session(transport, "rebootdevice"), desk.place)
        case Sleep():
            return desk.setting(lambda: _sleep(desk, True), "curtail", "sleep")
        case Wake():
            return desk.setting(lambda: _sleep(desk, False), "curtail", "wakeup")
        case SetPowerMode(mode=mode):
            return desk.setting(lambda: _mode(desk, mode), "profileset", mode)
        case SetPowerTarget(watts=watts):
            return desk.setting(lambda: _target(desk, watts), "powertargetset", f"power={watts:.0f}")
        case SetFans(percent=percent):
            speed = -1 if percent is None else round(percent)
            return desk.setting(lambda: _fans(desk, percent), "fanset", f"speed={speed}")
        case SetImmersion(on=on):
            return desk.setting(lambda: _immersion(desk, on), "immersionswitch", "true" if on else "false")
    raise PreconditionFailed(NO_SUCH_COMMAND)


class _Desk:
    """Reads what a command changes."""

    def __init__(self, transport: CgminerTransport) -> None:
        self._transport = transport
        self.place = str(transport.address)

    def setting(self, look: _Look, command: str, *arguments: str) -> Setting:
        return Setting(look, lambda: write_in_session(self._transport, command, *arguments))

    async def ask(self, *commands: str) -> dict[str, Fields]:
        """The answers to these commands; one that the firmware refuses is empty."""
        answers = await self._transport.ask(commands)
        return {command: answers.sections.get(command, NOTHING) for command in commands}

    async def config(self) -> Fields:
        """The configuration. Raises a `DeviceError`, `Malformed` where the answer holds none."""
        config = first((await self.ask("config"))["config"], "CONFIG")
        if not config:
            raise Malformed(self.place, "the answer holds no configuration")
        return config

    async def uptime(self) -> float:
        """Seconds since mining was started."""
        return number(first((await self.ask("summary"))["summary"], "SUMMARY").get("Elapsed"))


async def _led(desk: _Desk, on: bool) -> Seen:
    led = text((await desk.config()).get("RedLed")).casefold()
    if not led:
        raise PreconditionFailed("this firmware does not tell what its LED does, so that nothing could be confirmed")
    return Seen(f"red LED {led}", (led == "blink") is on)


async def _sleep(desk: _Desk, wanted: bool) -> Seen:
    answers = await desk.ask("events", "config")
    if not answers["config"] and not answers["events"]:
        raise Malformed(desk.place, "the answer holds neither events nor configuration")
    asleep = is_asleep(answers["events"], answers["config"])
    return Seen("asleep" if asleep else "not asleep", asleep is wanted)


async def _mode(desk: _Desk, wanted: str) -> Seen:
    answers = await desk.ask("config", "profiles")
    names = profile_names(answers["profiles"])
    if wanted not in names:
        raise PreconditionFailed(f"{wanted!r} is no profile of this miner; it has {', '.join(names) or 'none'}")
    mode = text(first(answers["config"], "CONFIG").get("Profile"))
    return Seen(f"profile {mode or 'unknown'}", mode == wanted)


async def _target(desk: _Desk, watts: float) -> Seen:
    config = await desk.config()
    if config.get("IsPowerTargetSupported") is not True:
        raise PreconditionFailed("this model takes no power target under LuxOS; choose a profile instead")
    highest = number(config.get("PowerLimit"))
    if highest > 0 and watts > highest:
        raise PreconditionFailed(f"{watts:g} W is above {highest:g} W, the most that this miner takes")
    target = number(config.get("IdealPowerTarget"))
    is_on = config.get("IsPowerTargetEnabled") is True
    return Seen(f"power target {target:g} W" if is_on else "no power target", is_on and round(target) == round(watts))


async def _fans(desk: _Desk, percent: float | None) -> Seen:
    answers = await desk.ask("fans", "tempctrl", "config")
    config = first(answers["config"], "CONFIG")
    if config.get("ImmersionMode") is True:
        raise PreconditionFailed("the miner runs in immersion mode, without fans")
    speeds = [number(fan.get("Speed")) for fan in rows(answers["fans"], "FANS")]
    if not speeds:
        raise PreconditionFailed("the miner reports no fans")
    mode = text(first(answers["tempctrl"], "TEMPCTRL").get("Mode")).casefold()
    shown = ", ".join(f"{speed:g} %" for speed in speeds)
    if percent is None:
        if not mode:
            raise PreconditionFailed(
                "this firmware does not tell whether it controls the fans, so that nothing could be confirmed"
            )
        return Seen(f"{mode}, {shown}", mode.startswith("auto"))
    fixed = all(math.fabs(speed - round(percent)) <= _FAN_TOLERANCE for speed in speeds)
    return Seen(f"{mode or 'fans'}, {shown}", fixed and not mode.startswith("auto"))


async def _immersion(desk: _Desk, on: bool) -> Seen:
    mode = (await desk.config()).get("ImmersionMode")
    if not isinstance(mode, bool):
        raise PreconditionFailed("this firmware does not tell whether it runs in immersion mode")
    return Seen("immersion mode" if mode else "fans in use", mode is on)
