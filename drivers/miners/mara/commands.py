"""Commands to MARA's firmware. Its configuration is written as a whole, so it is read, changed in one place, compared.

A configuration that shows its secrets as asterisks is never written back: that would replace them by asterisks.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final

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
    SetPowerTarget,
    Sleep,
    Wake,
)
from drivers.core.credentials import Login
from drivers.core.errors import Rejected
from drivers.core.operation import Operation, PreconditionFailed, Seen
from drivers.miners.commanding import NO_SUCH_COMMAND, BeginAnew, Setting
from drivers.miners.mara.parser import work_mode
from drivers.miners.pool_change import check_count
from drivers.miners.reply import Fields, inner, number, objects, text
from drivers.miners.web_pages import accept, encode, said
from drivers.transports.http import HttpTransport

_PREFIX: Final = "/kaonsu/v1/"
_CONFIG: Final = "miner_config"
_AIR: Final = "AirCooling"
_OIL: Final = "OilImmersionCooling"
_HISTORY: Final = "log?type=miner_config_history"
"""Changes of the configuration, oldest first: the mode before sleep stands nowhere else."""
_SELECTOR: Final = ("mode", "work-mode-selector")
_MOST_POOLS: Final = 3

Change = Mapping[tuple[str, ...], object]
"""New values by the path of keys to them."""


def operation_of(command: Command, transport: HttpTransport, login: Login) -> Operation:
    """The operation of an offered command; raises `PreconditionFailed` where it cannot be done as asked."""
    desk = _Desk(transport, login)
    match command:
        case Locate(on=on):
            return Setting(lambda: desk.locating(on), lambda: desk.send("locate_miner", {"blinking": on}))
        case Reboot():
            return BeginAnew(desk.uptime, lambda: desk.send("maintenance", {"type": "reboot"}), desk.place)
        case RestartMining():
            return BeginAnew(desk.uptime, lambda: desk.send("maintenance", {"type": "reload"}), desk.place)
        case Wake():
            return _Waking(desk)
    return _Configuration(desk, change_of(command))


def change_of(command: Command) -> Change:
    """What a command changes in the configuration; raises `PreconditionFailed` for one that changes nothing there."""
    match command:
        case Sleep():
            return {_SELECTOR: "Sleep"}
        case SetPowerMode(mode=mode):
            return {_SELECTOR: mode}
        case SetPowerTarget(watts=watts):
            return {
                _SELECTOR: "Auto",
                ("mode", "concorde", "mode-select"): "PowerTarget",
                ("mode", "concorde", "power-target"): round(watts),
            }
        case SetFans(percent=percent):
            return {
                ("general-config", "environment-profile"): _AIR,
                ("advance-config", "override-fan-control"): percent is not None,
                ("advance-config", "fan-fixed-percent"): 0 if percent is None else round(percent),
            }
        case SetImmersion(on=on):
            return {("general-config", "environment-profile"): _OIL if on else _AIR}
        case SetPools(pools=pools):
            return _pools(pools)
    raise PreconditionFailed(NO_SUCH_COMMAND)


def _pools(pools: tuple[Pool, ...]) -> Change:
    check_count(len(pools), _MOST_POOLS)
    return {("pools",): [{"url": pool.url, "user": pool.user, "pass": pool.password} for pool in pools]}


class _Desk:
    """Reads pages and sends writes, with the login."""

    def __init__(self, transport: HttpTransport, login: Login) -> None:
        self._transport = transport
        self._login = login
        self.place = str(transport.address)

    async def page(self, name: str) -> Fields:
        answer = await self._transport.ask("GET", _PREFIX + name, digest=self._login)
        accept(answer, name)
        return answer.json()

    async def entries(self, name: str) -> Sequence[Fields]:
        answer = await self._transport.ask("GET", _PREFIX + name, digest=self._login)
        accept(answer, name)
        return [entry for entry in answer.json_list() if isinstance(entry, dict)]

    async def uptime(self) -> float:
        return number((await self.page("brief")).get("elapsed"))

    async def locating(self, on: bool) -> Seen:
        state = (await self.page("locate_miner")).get("blinking")
        if not isinstance(state, bool):
            raise PreconditionFailed("this firmware does not tell whether its LED blinks")
        return Seen("LED blinks" if state else "LED does not blink", state is on)

    async def send(self, name: str, body: Fields) -> str:
        answer = await self._transport.ask("POST", _PREFIX + name, body=encode(body), digest=self._login)
        accept(answer, name)
        if answer.body.lstrip().startswith(b"{"):
            content = answer.json()
            if content.get("error") is True:
                raise Rejected(self.place, text(content.get("msg")) or "the miner answers error: true")
        return said(answer)


class _Configuration(Setting):
    """One change of the whole configuration."""

    def __init__(self, desk: _Desk, change: Change) -> None:
        super().__init__(self._seen, self._send)
        self._desk = desk
        self._change = change
        self._before: dict[str, Any] | None = None
        self._wanted: dict[str, Any] = {}

    async def _seen(self) -> Seen:
        config = dict(await self._desk.page(_CONFIG))
        if self._before is None:
            self._before = config
            self._wanted = changed(config, self._change)
        taken = differing(only(self._change, self._wanted), only(self._change, config))
        others = differing(self._wanted, config)
        shown = summary_of(config, self._change)
        stray = [path for path in others if path not in taken]
        if not taken and stray:
            shown += f"; but {', '.join(stray[:5])} differ from what was written"
        return Seen(shown, not others)

    def check(self, before: Seen) -> None:
        if self._before is not None and masked(self._before, replaced=("pools",) in self._change):
            raise PreconditionFailed(
                "the configuration shows its secrets as asterisks; writing it back would replace them"
            )

    async def _send(self) -> str:
        """The answer is not kept: it may hold the configuration with its passwords."""
        await self._desk.send(_CONFIG, self._wanted)
        return "taken"


class _Waking(_Configuration):
    """Back from sleep to the mode that was in use before, which only the history of changes tells."""

    def __init__(self, desk: _Desk) -> None:
        super().__init__(desk, {})

    async def _seen(self) -> Seen:
        if not self._change:
            config = await self._desk.page(_CONFIG)
            mode = work_mode(config)
            if mode.casefold() != "sleep":
                raise PreconditionFailed(f"the miner does not sleep: its work mode is {mode or 'not told'}")
            self._change = {_SELECTOR: mode_before_sleep(await self._desk.entries(_HISTORY))}
        return await super()._seen()


def mode_before_sleep(history: Sequence[Fields]) -> str:
    """The mode that the latest change to Sleep replaced; raises `PreconditionFailed` where the history has none."""
    for entry in reversed(history):
        for changes in entry.values():
            for change in reversed(objects(changes)):
                path = change.get("path")
                words = [text(step).casefold().replace("-", "") for step in path] if isinstance(path, list) else []
                before = text(change.get("from"))
                if words[-1:] == ["workmodeselector"] and text(change.get("to")).casefold() == "sleep" and before:
                    return before
    raise PreconditionFailed("which mode was in use before sleep is not on record; set a power mode instead")


def changed(config: Fields, change: Change) -> dict[str, Any]:
    """A copy of the configuration with the change; raises `PreconditionFailed` where it has no such place."""
    wanted: dict[str, Any] = copy.deepcopy(dict(config))
    for path, value in change.items():
        holder: dict[str, Any] = wanted
        for key in path[:-1]:
            found = holder.get(key)
            if not isinstance(found, dict):
                raise PreconditionFailed(f"this firmware's configuration has no {'/'.join(path)}")
            holder = found
        if path == ("pools",):
            value = _as_kept(holder.get("pools"), value)
        elif path[-1] not in holder:
            raise PreconditionFailed(f"this firmware's configuration has no {'/'.join(path)}")
        holder[path[-1]] = value
    return wanted


def _as_kept(kept: object, pools: object) -> object:
    """New pools in the group of the first one that is kept, where this firmware groups them."""
    if not isinstance(pools, list) or not isinstance(kept, list):
        raise PreconditionFailed("this firmware's configuration has no list of pools")
    first = kept[0] if kept and isinstance(kept[0], dict) else {}
    return [pool | ({"gid": first["gid"]} if "gid" in first else {}) for pool in pools]


def differing(wanted: object, found: object, at: str = "") -> list[str]:
    """The paths at which two configurations differ.

    A number written as text counts as a number, and a secret that is shown as asterisks as the one that was written.
    """
    if isinstance(wanted, dict) and isinstance(found, dict):
        keys = list(dict.fromkeys([*wanted, *found]))
        return [path for key in keys for path in differing(wanted.get(key), found.get(key), f"{at}/{key}".strip("/"))]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = enumerate(zip(wanted, found, strict=True), 1)
        return [path for place, (one, other) in pairs for path in differing(one, other, f"{at}/{place}")]
    if _is_masked(found):
        return []
    if wanted == found and isinstance(wanted, bool) is isinstance(found, bool):
        return []
    if not isinstance(wanted, bool) and not isinstance(found, bool) and number(wanted) == number(found):
        return []
    return [at]


def only(change: Change, config: Fields) -> Fields:
    """What stands in a configuration at the places of a change."""
    return {"/".join(path): inner(config, *path[:-1]).get(path[-1]) for path in change}


def masked(config: object, *, replaced: bool) -> bool:
    """Whether a secret of the configuration is shown as asterisks.

    Args:
        config: The whole of it, or a part.
        replaced: Whether the pools are about to be replaced, so that theirs do not matter.
    """
    if isinstance(config, Mapping):
        return any(masked(value, replaced=False) for key, value in config.items() if not (replaced and key == "pools"))
    if isinstance(config, Sequence) and not isinstance(config, str):
        return any(masked(value, replaced=False) for value in config)
    return _is_masked(config)


def _is_masked(value: object) -> bool:
    return isinstance(value, str) and len(value) >= 3 and set(value) == {"*"}


def summary_of(config: Fields, change: Change) -> str:
    """The places of a change in words, without secrets."""
    words = []
    for path in change:
        value = inner(config, *path[:-1]).get(path[-1])
        if path == ("pools",):
            pools = [pool for pool in value if isinstance(pool, dict)] if isinstance(value, list) else []
            words.append(
                ", ".join(f"{text(pool.get('url'))} as {text(pool.get('user'))}" for pool in pools) or "no pool"
            )
        elif path[-1] == "work-mode-selector":
            words.append(f"work mode {work_mode(config) or 'not told'}")
        else:
            words.append(f"{path[-1]} {value}")
    return ", ".join(words)
