"""Commands to BraiinsOS over its REST interface: what is read before, the one write, what is read after."""

import math
from collections.abc import Sequence
from typing import Final

from drivers.core.command import (
    Command,
    Locate,
    Pool,
    Reboot,
    RestartMining,
    SetFans,
    SetImmersion,
    SetPools,
    SetPowerTarget,
    Sleep,
    Wake,
)
from drivers.core.errors import Malformed
from drivers.core.operation import Operation, PreconditionFailed, Seen
from drivers.miners.braiins.fields import STATUSES, measure, named
from drivers.miners.braiins.rest_parser import BASE, CONFIGURATION, DETAILS, POOLS, pools_of
from drivers.miners.commanding import NO_SUCH_COMMAND, BeginAnew, Setting
from drivers.miners.pool_change import check_count, seen_pools
from drivers.miners.reply import MAX_POOLS, NOTHING, Fields, inner, number, text
from drivers.miners.web_desk import WebDesk

LOCATE: Final = f"{BASE}/actions/locate"
CONSTRAINTS: Final = f"{BASE}/configuration/constraints"
COOLING_MODES: Final = ("unspecified", "auto", "manual", "disabled", "immersion", "hydro")
"""CoolingMode of the public API (bos/v1/cooling.proto), by number."""
_TUNER_MODES: Final = ("unspecified", "power_target", "hashrate_target")
_RATIO_STEP: Final = 0.006
"""Fan speeds are ratios; firmware keeps whole percents."""


class RestCommands(WebDesk):
    """Makes the operation for each command."""

    def operation(self, command: Command) -> Operation:
        """The operation; raises `PreconditionFailed` for a command that this firmware does not take."""
        match command:
            case Locate():
                return Setting(lambda: self._led(command.on), lambda: self.put(LOCATE, command.on))
            case Reboot():
                return BeginAnew(self._system_uptime, lambda: self.put(f"{BASE}/actions/reboot"), self.place)
            case RestartMining():
                return BeginAnew(self._mining_uptime, lambda: self.put(f"{BASE}/actions/restart"), self.place)
            case Sleep():
                return Setting(self._paused, lambda: self.put(f"{BASE}/actions/pause"))
            case Wake():
                return _Waking(self)
            case SetPools():
                return _Pooling(self, command.pools)
            case SetPowerTarget():
                watts = round(command.watts)
                write = {"watt": watts}
                return Setting(lambda: self._power(watts), lambda: self.put(f"{BASE}/performance/power-target", write))
            case SetFans():
                return Setting(lambda: self._fans(command.percent), lambda: self._cool(_fan_mode(command.percent)))
            case SetImmersion():
                mode: Fields = {"immersion": {}} if command.on else {"auto": {}}
                return Setting(lambda: self._immersed(command.on), lambda: self._cool(mode))
        raise PreconditionFailed(NO_SUCH_COMMAND)

    async def groups(self) -> Sequence[Fields]:
        """The pool groups; raises a `DeviceError`."""
        return await self.entries(POOLS)

    async def status(self) -> str:
        """What the miner says it does, as a name of `STATUSES`; raises a `DeviceError`."""
        status = named((await self.page(DETAILS)).get("status"), STATUSES)
        if not status:
            raise Malformed(self.place, "the miner does not say what it is doing")
        return status

    async def put(self, path: str, content: object = None) -> str:
        """The one write, with the token that reading has just used; raises a `DeviceError`."""
        return await self.write("PUT", path, content)

    async def _cool(self, mode: Fields) -> str:
        return await self.put(f"{BASE}/cooling/mode", mode)

    async def _led(self, wanted: bool) -> Seen:
        answer = await self.answer(LOCATE)
        word = answer.body.strip(b"\0\r\n\t ")
        if word not in {b"true", b"false"}:
            raise Malformed(self.place, "the miner does not say whether its LED blinks", answer.body)
        return Seen("the LED blinks" if word == b"true" else "the LED does not blink", (word == b"true") is wanted)

    async def _system_uptime(self) -> float:
        return number((await self.page(DETAILS)).get("system_uptime_s"))

    async def _mining_uptime(self) -> float:
        uptime = number((await self.page(DETAILS)).get("bosminer_uptime_s"))
        if uptime == 0:
            raise PreconditionFailed("the mining program is not running")
        return uptime

    async def _paused(self) -> Seen:
        status = await self.status()
        if status == "not_started":
            raise PreconditionFailed("the mining program is not running, so it cannot be paused")
        return Seen(f"status {status}", status == "paused")

    async def _power(self, watts: int) -> Seen:
        configuration = await self.page(CONFIGURATION)
        tuner = inner(configuration, "tuner")
        target = measure(tuner.get("power_target"), "watt")
        is_held = tuner.get("enabled") is not False and named(tuner.get("tuner_mode"), _TUNER_MODES) in {
            "",
            "power_target",
        }
        if is_held and target == watts:
            return Seen(f"power target {target:g} W", True)
        limits = inner(await self._constraints(), "tuner_constraints", "power_target")
        low, high = measure(limits.get("min"), "watt"), measure(limits.get("max"), "watt")
        if watts < low or watts > high:
            raise PreconditionFailed(f"{watts} W lies outside the {low:g} to {high:g} W that this miner takes")
        shown = "no power target" if math.isnan(target) else f"power target {target:g} W"
        return Seen(shown if is_held else f"{shown}, not in force", False)

    async def _constraints(self) -> Fields:
        """What the miner says may be set; empty where it does not."""
        answer = await self.question(CONSTRAINTS)
        return answer.json() if 200 <= answer.status < 300 else NOTHING

    async def _cooling(self) -> tuple[str, Fields]:
        """The cooling mode and its settings; one that nobody has set is the firmware's default."""
        cooling = inner(await self.page(CONFIGURATION), "temperature")
        for holder in (inner(cooling, "mode"), cooling):
            for mode in COOLING_MODES:
                if isinstance(holder.get(mode), dict):
                    return mode, inner(holder, mode)
        usual = inner(await self._constraints(), "cooling_constraints").get("default_cooling_mode")
        mode = named(usual, COOLING_MODES)
        if not mode or mode == "unspecified":
            raise PreconditionFailed("the miner does not tell its cooling mode, so no change could be confirmed")
        return mode, NOTHING

    async def _fans(self, percent: float | None) -> Seen:
        mode, settings = await self._cooling()
        if mode in {"immersion", "hydro"}:
            raise PreconditionFailed(f"the miner is set to {mode} cooling, where its fans are off")
        if percent is None:
            return Seen(f"fans {mode}", mode == "auto")
        ratio = number(settings.get("fan_speed_ratio"))
        shown = f"fans {mode}" if math.isnan(ratio) else f"fans {mode}, {100 * ratio:.0f} %"
        return Seen(shown, mode == "manual" and abs(ratio - percent / 100) < _RATIO_STEP)

    async def _immersed(self, wanted: bool) -> Seen:
        mode, _ = await self._cooling()
        if mode == "hydro":
            raise PreconditionFailed("the miner is set to hydro cooling; that is not changed from here")
        return Seen(f"cooling mode {mode}", (mode == "immersion") is wanted)


def _fan_mode(percent: float | None) -> Fields:
    return {"auto": {}} if percent is None else {"manual": {"fan_speed_ratio": round(percent / 100, 4)}}


class _Waking(Operation):
    """Resumes what was paused, starts what was stopped."""

    def __init__(self, commands: RestCommands) -> None:
        self._commands = commands
        self._status = ""

    async def look(self) -> Seen:
        """Read what the miner does."""
        self._status = await self._commands.status()
        return Seen(f"status {self._status}", self._status in {"normal", "restricted"})

    async def write(self) -> str:
        """Start or resume."""
        return await self._commands.put(f"{BASE}/actions/{'start' if self._status == 'not_started' else 'resume'}")

    def check(self, before: Seen) -> None:
        """What the firmware has suspended itself is not forced."""
        if self._status == "suspended":
            raise PreconditionFailed("the firmware has suspended mining itself; see its faults first")


class _Pooling(Operation):
    """Replaces all pool groups by one, which keeps the name and the strategy of the first."""

    def __init__(self, commands: RestCommands, pools: tuple[Pool, ...]) -> None:
        check_count(len(pools), MAX_POOLS)
        self._commands = commands
        self._pools = pools
        self._wanted = [(pool.url, pool.user) for pool in pools]
        self._first: Fields = NOTHING

    async def look(self) -> Seen:
        """Read the pool groups."""
        groups = await self._commands.groups()
        self._first = groups[0] if groups else NOTHING
        return seen_pools(pools_of(groups), self._wanted)

    async def write(self) -> str:
        """Send the whole list."""
        group: dict[str, object] = {
            "name": text(self._first.get("name")) or "Default",
            "pools": [
                {"enabled": True, "url": pool.url, "user": pool.user, "password": pool.password} for pool in self._pools
            ],
        }
        strategy = inner(self._first, "strategy")
        group["load_balance_strategy"] = strategy or {"quota": {"value": 1}}
        await self._commands.put(f"{BASE}/pools/batch", [group])
        return "the pool groups that were set"  # the miner's own answer repeats their passwords

    def check(self, before: Seen) -> None:
        """Any state allows it."""
