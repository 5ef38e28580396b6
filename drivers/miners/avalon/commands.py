"""Commands to an Avalon, each one `ascset` (or `restart`), and what reading it back must show. None wants a login.

Sources: Canaan's "Avalon A10 API manual" (LED, reboot); the list that a Q gives to `ascset 0,help`, and recorded
answers to its `softoff`, `softon` and `workmode`.
"""

from collections.abc import Mapping
from typing import Final

from drivers.core.command import Command, Locate, Reboot, RestartMining, SetFans, SetPowerMode, Sleep, Wake
from drivers.core.errors import Malformed
from drivers.core.operation import Operation, PreconditionFailed, Seen
from drivers.core.reading import DeviceState
from drivers.miners.avalon.states import state_of
from drivers.miners.avalon.text import modules, single
from drivers.miners.commanding import NO_SUCH_COMMAND, BeginAnew, Look, Setting
from drivers.miners.reply import NOTHING, first, number, text
from drivers.transports.cgminer import CgminerTransport, status_of

_AHEAD_S: Final = 5
"""A sleep or wake is set for so many seconds ahead of the miner's own clock."""
_FAN_TOLERANCE: Final = 5.0
"""Percent by which the fans' speed may differ from what was set."""


def operation_of(command: Command, transport: CgminerTransport, detail: str) -> Operation:
    """The operation of an offered command; raises `PreconditionFailed` where it cannot be done as asked.

    Args:
        command: What is asked for.
        transport: To the miner.
        detail: The command whose answer describes the modules.
    """
    desk = _Desk(transport, detail)
    match command:
        case Locate(on=on):
            return desk.setting(lambda: _led(desk, on), f"led,1-{int(on)}")
        case Reboot():
            return BeginAnew(desk.module_uptime, lambda: desk.set("reboot,0"), desk.place)
        case RestartMining():
            return BeginAnew(desk.mining_uptime, desk.restart, desk.place)
        case Sleep():
            return Setting(lambda: _sleep(desk, True), lambda: desk.set(f"softoff,1:{desk.clock + _AHEAD_S}"))
        case Wake():
            return Setting(lambda: _sleep(desk, False), lambda: desk.set(f"softon,1:{desk.clock + _AHEAD_S}"))
        case SetPowerMode(mode=mode):
            return Setting(lambda: _mode(desk, mode), lambda: desk.set(f"{desk.mode_key.lower()},set,{mode}"))
        case SetFans(percent=percent) if percent is not None:
            return desk.setting(lambda: _fans(desk, percent), f"fan-spd,{round(percent)}")
        case SetFans():
            raise PreconditionFailed(
                "the miner does not tell whether it controls its fans itself, so that nothing could be confirmed"
            )
    raise PreconditionFailed(NO_SUCH_COMMAND)


class _Desk:
    """Reads what a command changes, and sends writes.

    Attributes:
        clock: Seconds, by the miner's own clock, when it was last read. On the A series it counts from the start.
        mode_key: How this model calls its power mode.
    """

    def __init__(self, transport: CgminerTransport, detail: str) -> None:
        self._transport = transport
        self._detail = detail
        self.place = str(transport.address)
        self.clock = 0
        self.mode_key = "WORKMODE"

    def setting(self, look: Look, parameter: str) -> Setting:
        return Setting(look, lambda: self.set(parameter))

    async def module(self) -> Mapping[str, str]:
        """What the one module says. Raises a `DeviceError`, `PreconditionFailed` where there are several."""
        answers = await self._transport.ask((self._detail,))
        stats = answers.sections.get(self._detail, NOTHING)
        said = modules(stats)
        if not said:
            raise Malformed(self.place, "the answer describes no module")
        if len(said) > 1:
            raise PreconditionFailed(
                "the machine consists of several modules; they are commanded one by one at the machine"
            )
        when = number(status_of(stats).get("When"))
        self.clock = int(when) if when > 0 else 0
        return said[0]

    async def module_uptime(self) -> float:
        return single((await self.module()).get("Elapsed", ""))

    async def mining_uptime(self) -> float:
        answers = await self._transport.ask(("summary",))
        return number(first(answers.sections.get("summary", NOTHING), "SUMMARY").get("Elapsed"))

    async def set(self, parameter: str) -> str:
        content = await self._transport.tell("ascset", f"0,{parameter}")
        return text(status_of(content).get("Msg")) or "accepted"

    async def restart(self) -> str:
        content = await self._transport.tell("restart")
        return text(content.get("STATUS")) or text(status_of(content).get("Msg")) or "accepted"


async def _led(desk: _Desk, on: bool) -> Seen:
    module = await desk.module()
    if "Led" not in module:
        raise PreconditionFailed("this model does not tell what its LED does, so that nothing could be confirmed")
    lit = single(module["Led"]) > 0
    return Seen("LED on" if lit else "LED off", lit is on)


async def _sleep(desk: _Desk, wanted: bool) -> Seen:
    module = await desk.module()
    if "SoftOFF" not in module or "SYSTEMSTATU" not in module:
        raise PreconditionFailed(
            "this firmware does not know the soft switch: it tells neither SoftOFF nor SYSTEMSTATU"
        )
    if not desk.clock:
        raise PreconditionFailed("the miner does not tell its clock, by which the soft switch is set")
    asleep = state_of(module, 0.0) is DeviceState.ASLEEP
    soft = single(module["SoftOFF"])
    shown = f"{text(module['SYSTEMSTATU'])}; SoftOFF {soft:g}"
    return Seen(shown, asleep if wanted else not asleep and soft == 0)


async def _mode(desk: _Desk, wanted: str) -> Seen:
    module = await desk.module()
    key = next((key for key in ("WORKMODE", "WORKLEVEL") if key in module), "")
    if not key:
        raise PreconditionFailed("this model tells no work mode")
    desk.mode_key = key
    return Seen(f"{key} {text(module[key])}", module[key].strip() == wanted)


async def _fans(desk: _Desk, percent: float) -> Seen:
    module = await desk.module()
    if "FanR" not in module:
        raise PreconditionFailed("this model does not tell how fast its fans are meant to turn")
    if state_of(module, 0.0) is DeviceState.ASLEEP:
        raise PreconditionFailed("the miner sleeps, and its fans stand still")
    speed = single(module["FanR"])
    return Seen(f"fans at {speed:g} %", abs(speed - percent) <= _FAN_TOLERANCE)
