"""Commands as plain arguments, for command lines, links and records; and in words, with nothing secret in them."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from drivers.core.command import (
    Capability,
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
    UpdateFirmware,
    Wake,
)

MOST_POOLS: Final = 8
_POOL_URL: Final = re.compile(
    r"(?:stratum\d?\+(?:tcp|ssl|tls)|stratum2?|ssl|tcp)://[A-Za-z0-9.\-\[\]:]{1,253}:\d{1,5}(?:/\S{0,200})?"
)

Arguments = Mapping[str, object]


def read_command(capability: str, arguments: Arguments) -> Command:
    """The command of a capability's name and its arguments (`on`, `pools`, `mode`, `watts`, `percent`, `image`...).

    Raises:
        ValueError: There is no such capability, or an argument is missing, unknown or out of its range; the text is a
            sentence for the operator.
    """
    try:
        named = Capability(capability)
    except ValueError:
        known = ", ".join(Capability)
        raise ValueError(f"there is no command {capability!r}; there are {known}") from None
    read, names = _READERS[named]
    unknown = sorted(set(arguments) - set(names))
    if unknown:
        raise ValueError(f"{capability} takes no {unknown[0]}; it takes {', '.join(names) or 'nothing'}")
    missing = [name for name in names if name not in arguments]
    if missing:
        raise ValueError(f"{capability} needs {missing[0]}")
    return read(arguments)


def describe(command: Command) -> str:
    """The command in words, for operators and records; passwords and images are left out."""
    match command:
        case Locate(on=on) | SetImmersion(on=on):
            return f"{command.capability} {'on' if on else 'off'}"
        case SetPools(pools=pools):
            return "set_pools " + ", ".join(f"{pool.url} as {pool.user}" for pool in pools)
        case SetPowerMode(mode=mode):
            return f"set_power_mode {mode}"
        case SetPowerTarget(watts=watts):
            return f"set_power_target {watts:g} W"
        case SetFans(percent=percent):
            return f"set_fans {'automatic' if percent is None else f'{percent:g} %'}"
        case UpdateFirmware(file_name=name, version=version):
            return f"update_firmware {name} to {version}"
        case _:
            return str(command.capability)


def is_pool_url(text: str) -> bool:
    """Whether a text is the address of a pool: scheme, host and port."""
    return _POOL_URL.fullmatch(text) is not None


def _flag(arguments: Arguments, name: str) -> bool:
    value = arguments[name]
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false")  # noqa: TRY004 - the operator's argument is wrong
    return value


def _text(arguments: Arguments, name: str) -> str:
    value = arguments[name]
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > 200:
        raise ValueError(f"{name} must be one line of text, at most 200 characters")
    return value.strip()


def _number(arguments: Arguments, name: str, low: float, high: float) -> float:
    value = arguments[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} must be a number")
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low:g} and {high:g}, not {value:g}")
    return float(value)


def _pools(arguments: Arguments) -> tuple[Pool, ...]:
    given = arguments["pools"]
    if not isinstance(given, Sequence) or isinstance(given, str) or not 1 <= len(given) <= MOST_POOLS:
        raise ValueError(f"pools must be a list of 1 to {MOST_POOLS} pools")
    pools = []
    for item in given:
        if not isinstance(item, Mapping):
            raise ValueError("a pool is an object with url and user")  # noqa: TRY004 - the operator's argument is wrong
        url, user = _text(item, "url") if "url" in item else "", _text(item, "user") if "user" in item else ""
        if not is_pool_url(url):
            raise ValueError(f"{url!r} is no pool; write stratum+tcp://host:port")
        if not user:
            raise ValueError(f"the pool {url} needs a user (worker or account)")
        password = item.get("password", "x")
        pools.append(Pool(url, user, password if isinstance(password, str) and password else "x"))
    return tuple(pools)


def _fans(arguments: Arguments) -> Command:
    if arguments["percent"] is None:
        return SetFans(None)
    return SetFans(_number(arguments, "percent", 0, 100))


def _firmware(arguments: Arguments) -> Command:
    image = arguments["image"]
    if not isinstance(image, bytes) or not image:
        raise ValueError("image must be the bytes of a firmware file")
    return UpdateFirmware(image, _text(arguments, "file_name"), _text(arguments, "version"))


_READERS: Final[Mapping[Capability, tuple[Callable[[Arguments], Command], tuple[str, ...]]]] = {
    Capability.LOCATE: (lambda given: Locate(_flag(given, "on")), ("on",)),
    Capability.RESTART_MINING: (lambda _: RestartMining(), ()),
    Capability.REBOOT: (lambda _: Reboot(), ()),
    Capability.SLEEP: (lambda _: Sleep(), ()),
    Capability.WAKE: (lambda _: Wake(), ()),
    Capability.SET_POOLS: (lambda given: SetPools(_pools(given)), ("pools",)),
    Capability.SET_POWER_MODE: (lambda given: SetPowerMode(_text(given, "mode")), ("mode",)),
    Capability.SET_POWER_TARGET: (lambda given: SetPowerTarget(_number(given, "watts", 1, 1e5)), ("watts",)),
    Capability.SET_FANS: (_fans, ("percent",)),
    Capability.SET_IMMERSION: (lambda given: SetImmersion(_flag(given, "on")), ("on",)),
    Capability.UPDATE_FIRMWARE: (_firmware, ("image", "file_name", "version")),
}
