"""Commands to VNish: what is read before, the one write, what is read after.

The firmware says yes to settings that it does not take, and to some that take effect only after a restart. Reading back
decides, and what is stored but not in force is not called done.
"""

import math
from abc import abstractmethod
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
    SetPowerMode,
    Sleep,
    Wake,
)
from drivers.core.errors import Malformed, Refused
from drivers.core.operation import Operation, PreconditionFailed, Seen
from drivers.miners.commanding import NO_SUCH_COMMAND, BeginAnew, Setting
from drivers.miners.pool_change import check_count, plain_url, seen_pools
from drivers.miners.reply import NOTHING, Fields, inner, number, objects, rows, text
from drivers.miners.vnish.parser import BASE, INFO, STATUS, SUMMARY, preset_name, seconds_of
from drivers.miners.web_desk import WebDesk

SETTINGS: Final = f"{BASE}/settings"
PRESETS: Final = f"{BASE}/autotune/presets"
AUTO_TARGET_C: Final = 65.0
"""Chip temperature that automatic fans are told to hold where the miner has no target: the firmware's usual."""
MOST_POOLS: Final = 3

_ON_THE_WAY: Final = frozenset({"restarting", "initializing", "starting", "shutting-down"})
_AWAKE: Final = frozenset({"mining", "auto-tuning", "initializing", "starting", "restarting"})
_RUNNING: Final = frozenset({"mining", "auto-tuning"})
_IMMERSED: Final = "immers"
"""As the settings spell it; the summary says `immersion`."""


class VnishCommands(WebDesk):
    """Makes the operation for each command."""

    def operation(self, command: Command) -> Operation:
        """The operation; raises `PreconditionFailed` for a command that this firmware does not take."""
        match command:
            case Locate():
                return _Lamp(self, command.on)
            case Reboot():
                return BeginAnew(self._system_uptime, lambda: self.post(f"{BASE}/system/reboot"), self.place)
            case RestartMining():
                return BeginAnew(_Running(self), lambda: self.post(f"{BASE}/mining/restart"), self.place)
            case Sleep():
                return Setting(lambda: self._doing(frozenset({"stopped"})), lambda: self.post(f"{BASE}/mining/stop"))
            case Wake():
                return Setting(lambda: self._doing(_AWAKE), lambda: self.post(f"{BASE}/mining/start"))
            case SetPools():
                return _Pools(self, command.pools)
            case SetPowerMode():
                return _Preset(self, command.mode)
            case SetFans():
                return _Cooling(self, "auto" if command.percent is None else "manual", command.percent)
            case SetImmersion():
                return _Cooling(self, _IMMERSED if command.on else "auto", None)
        raise PreconditionFailed(NO_SUCH_COMMAND)

    async def presets(self) -> Sequence[Fields]:
        """The presets of this miner, as objects with `name`; raises a `DeviceError`."""
        answer = await self.answer(PRESETS)
        if answer.body.lstrip().startswith(b"{"):
            return rows(answer.json(), "presets")
        return objects(answer.json_list())

    async def status(self) -> Fields:
        """What the miner is doing: `miner_state`, `miner_state_time`, `find_miner`; raises a `DeviceError`."""
        status = await self.page(STATUS)
        if not text(status.get("miner_state")):
            status = {**inner(await self.page(SUMMARY), "miner", "miner_status"), **status}
        return status

    async def post(self, path: str, content: Fields | None = None) -> str:
        """The one write; raises a `DeviceError`, `PreconditionFailed` where the password is not taken."""
        try:
            await self._token.obtain()
        except Refused as refusal:
            raise PreconditionFailed(f"nothing was sent: {refusal.text}") from None
        return await self.write("POST", path, content)

    async def pending(self) -> str:
        """What the firmware still wants before its settings are in force; empty for nothing. Raises a `DeviceError`."""
        status = await self.page(STATUS)
        if status.get("reboot_required") is True:
            return "stored, but the firmware wants to be rebooted before it takes effect"
        if status.get("restart_required") is True:
            return "stored, but the firmware wants mining restarted before it takes effect"
        return ""

    async def _system_uptime(self) -> float:
        """Of the control board, s; the firmware tells whole minutes."""
        return seconds_of(inner(await self.page(INFO), "system").get("uptime"))

    async def _doing(self, wanted: frozenset[str]) -> Seen:
        word = text((await self.status()).get("miner_state"))
        if not word:
            raise Malformed(self.place, "the miner does not say what it is doing")
        return Seen(f"state {word}", word.casefold() in wanted)


class _Running:
    """Seconds for which mining has been going on; 0 while the firmware says that it is on the way."""

    def __init__(self, commands: VnishCommands) -> None:
        self._commands = commands
        self._is_first = True

    async def __call__(self) -> float:
        status = await self._commands.status()
        word = text(status.get("miner_state")).casefold()
        was_first, self._is_first = self._is_first, False
        if was_first and word not in _RUNNING:
            raise PreconditionFailed(
                f"there is nothing to restart: the miner does not mine (state {word or 'unknown'})"
            )
        return 0.0 if word in _ON_THE_WAY else number(status.get("miner_state_time"))


class _Lamp(Operation):
    """Switches the LED. Some versions turn it over whatever the question says, so it is asked only where it differs."""

    def __init__(self, commands: VnishCommands, wanted: bool) -> None:
        self._commands = commands
        self._wanted = wanted

    async def look(self) -> Seen:
        """Read whether it blinks."""
        lit = (await self._commands.page(STATUS)).get("find_miner")
        if not isinstance(lit, bool):
            raise PreconditionFailed("the miner does not say whether its LED blinks")
        return Seen("the LED blinks" if lit else "the LED does not blink", lit is self._wanted)

    async def write(self) -> str:
        """Switch it."""
        return await self._commands.post(f"{BASE}/find-miner", {"on": self._wanted})

    def check(self, before: Seen) -> None:
        """Nothing is sent where nothing has to change."""
        if before.holds:
            raise PreconditionFailed(f"nothing to do: {before.text} already")


class _Stored(Operation):
    """A change of the settings: the part that changes is sent back whole, as it was read, with the change in it."""

    def __init__(self, commands: VnishCommands) -> None:
        self.commands = commands
        self.miner: Fields = NOTHING
        self.page: Fields = NOTHING
        self._is_first = True

    async def look(self) -> Seen:
        """Read the settings, and whether they are in force."""
        self.page = await self.commands.page(SETTINGS)
        self.miner = inner(self.page, "miner")
        if self._is_first:
            self._is_first = False
            await self.prepare()
        seen = self.seen()
        waiting = await self.commands.pending() if seen.holds else ""
        return Seen(f"{seen.text}: {waiting}", False) if waiting else seen

    async def write(self) -> str:
        """Send the changed part."""
        return await self.commands.post(SETTINGS, {"miner": self.change()})

    def check(self, before: Seen) -> None:
        """Any state allows it; what speaks against it, `prepare` says."""

    async def prepare(self) -> None:
        """Refuse what cannot be; raises `PreconditionFailed` or a `DeviceError`."""

    @abstractmethod
    def seen(self) -> Seen:
        """What the settings say now."""

    @abstractmethod
    def change(self) -> Fields:
        """The part of the miner's settings that is sent."""


class _Pools(_Stored):
    def __init__(self, commands: VnishCommands, pools: tuple[Pool, ...]) -> None:
        check_count(len(pools), MOST_POOLS)
        super().__init__(commands)
        self._pools = pools
        self._wanted = [(plain_url(pool.url), pool.user) for pool in pools]

    def seen(self) -> Seen:
        kept = [(text(pool.get("url")), text(pool.get("user"))) for pool in rows(self.miner, "pools")]
        return seen_pools(kept, self._wanted)

    def change(self) -> Fields:
        sent = [
            {"url": url, "user": user, "pass": pool.password}
            for (url, user), pool in zip(self._wanted, self._pools, strict=True)
        ]
        empty = len(rows(self.miner, "pools")) - len(sent)
        return {"pools": sent + [{"url": "", "user": "", "pass": ""}] * empty}


class _Preset(_Stored):
    def __init__(self, commands: VnishCommands, name: str) -> None:
        super().__init__(commands)
        self._name = name

    async def prepare(self) -> None:
        presets = await self.commands.presets()
        wanted = next((preset for preset in presets if preset_name(preset.get("name")) == self._name), None)
        if wanted is None:
            known = ", ".join(preset_name(preset.get("name")) for preset in presets)
            raise PreconditionFailed(f"{self._name!r} is no preset of this miner; it knows {known}")
        has_modified_supply = inner(self.miner, "overclock").get("modded_psu") is True
        if wanted.get("modded_psu_required") is True and not has_modified_supply:
            raise PreconditionFailed(f"preset {self._name} is for a modified power supply, which this miner has not")
        if not inner(self.miner, "overclock"):
            raise PreconditionFailed("the miner does not tell its settings of presets")

    def seen(self) -> Seen:
        name = preset_name(inner(self.miner, "overclock").get("preset"))
        return Seen(f"preset {name or 'unknown'}", name == self._name)

    def change(self) -> Fields:
        return {"overclock": {**inner(self.miner, "overclock"), "preset": self._name}}


class _Cooling(_Stored):
    """Fan mode: automatic, a fixed speed, or none in a tank."""

    def __init__(self, commands: VnishCommands, mode: str, percent: float | None) -> None:
        super().__init__(commands)
        self._mode = mode
        self._percent = percent
        self._target = AUTO_TARGET_C

    async def prepare(self) -> None:
        mode, param = self._now()
        if not mode:
            raise PreconditionFailed("the miner does not tell its fan mode, so no change could be confirmed")
        if mode == _IMMERSED and self._percent is not None:
            raise PreconditionFailed("the miner is set to immersion, where it has no fans")
        limits = inner(self.page, "ui", "consts", "cooling")
        least = number(limits.get("min_fan_pwm"))
        if self._percent is not None and self._percent < least:
            raise PreconditionFailed(f"{self._percent:g} % is below {least:g} %, the least that this miner takes")
        low, high = number(limits.get("min_target_temp")), number(limits.get("max_target_temp"))
        self._target = param if mode == "auto" and param > 0 else AUTO_TARGET_C
        if not math.isnan(low) and not math.isnan(high):
            self._target = min(max(self._target, low), high)

    def _now(self) -> tuple[str, float]:
        mode = inner(self.miner, "cooling", "mode")
        name = text(mode.get("name")).casefold()
        return _IMMERSED if name.startswith(_IMMERSED) else name, number(mode.get("param"))

    def seen(self) -> Seen:
        mode, param = self._now()
        shown = {_IMMERSED: "immersion, no fans", "manual": f"fans fixed at {param:g} %"}.get(mode, f"fans {mode}")
        return Seen(shown, mode == self._mode and (self._percent is None or param == round(self._percent)))

    def change(self) -> Fields:
        mode: dict[str, object] = {"name": self._mode}
        if self._mode == "auto":
            mode["param"] = round(self._target)
        elif self._percent is not None:
            mode["param"] = round(self._percent)
        return {"cooling": {**inner(self.miner, "cooling"), "mode": mode}}
