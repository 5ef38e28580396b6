"""The configuration of a stock Antminer, which is only ever written whole.

What `set_miner_conf.cgi` is not given it sets to something of its own, so that everything that was read goes back, with
the one change in it. It is read under other names than it is written: `bitmain-work-mode` for `miner-mode` and
`bitmain-freq-level` for `freq-level`; firmware that only knows the other name says yes and does nothing. Both are sent.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from drivers.core.command import Pool
from drivers.core.operation import PreconditionFailed
from drivers.miners.antminer.fields import work_mode
from drivers.miners.reply import Fields, objects, text

MODE: Final = "bitmain-work-mode"
"""Under which the work mode is read; also the name of it in a change."""
POOLS: Final = 3
"""Pools that the configuration has room for."""
_MODE_KEYS: Final = ("miner-mode", MODE)
_NEEDED: Final = ("pools", "bitmain-fan-ctrl", "bitmain-fan-pwm")
_LEVEL_READ, _LEVEL_WRITTEN = "bitmain-freq-level", "freq-level"


def require_complete(config: Fields) -> None:
    """Refuse to write back a configuration of which not everything was read; raises `PreconditionFailed`."""
    missing = [key for key in _NEEDED if config.get(key) is None]
    if work_mode(config) < 0:
        missing.append("the work mode")
    pools = objects(config.get("pools"))
    if not missing and not any(text(pool.get("url")) for pool in pools):
        missing.append("a pool")
    if not missing and not all({"url", "user", "pass"} <= pool.keys() for pool in pools if text(pool.get("url"))):
        missing.append("a pool's user or password")
    if missing:
        raise PreconditionFailed(
            f"nothing was sent: the configuration that was read lacks {', '.join(missing)}, and it can only be "
            "written whole"
        )


def whole(config: Fields, changes: Fields) -> Mapping[str, object]:
    """What is sent: all that was read, but for what the firmware does not have (null), with the changes in it."""
    body = {key: value for key, value in config.items() if value is not None}
    body |= changes
    mode = changes.get(MODE)
    target = mode if isinstance(mode, int) else work_mode(config)
    body |= {"miner-mode": target, MODE: str(target) if isinstance(config.get(MODE), str) else target}
    level = config.get(_LEVEL_READ)
    if level not in (None, "") and _LEVEL_WRITTEN not in body:
        body[_LEVEL_WRITTEN] = level
    return body


def differences(expected: Fields, found: Fields) -> Sequence[str]:
    """The keys in which two configurations differ; passwords are compared, and never told."""
    wanted, seen = _comparable(expected), _comparable(found)
    return sorted(key for key in wanted.keys() | seen.keys() if wanted.get(key) != seen.get(key))


def changed(config: Fields, changes: Fields) -> Fields:
    """The configuration as it must read afterwards."""
    return {**{key: value for key, value in config.items() if key not in _MODE_KEYS or MODE not in changes}, **changes}


def pool_entries(pools: Sequence[Pool]) -> Sequence[Mapping[str, str]]:
    """Pools as the configuration has them: three entries, unused ones empty."""
    entries = [{"url": pool.url, "user": pool.user, "pass": pool.password} for pool in pools]
    return entries + [{"url": "", "user": "", "pass": ""}] * (POOLS - len(entries))


def pool_names(config: Fields) -> str:
    """Pools and workers, without passwords."""
    named = [(text(pool.get("url")), text(pool.get("user"))) for pool in objects(config.get("pools"))]
    return ", ".join(f"{url} as {user}" for url, user in named if url) or "none"


def _comparable(config: Fields) -> Mapping[str, object]:
    """Values as text, because firmware writes `"100"` now and 100 then; what is null or empty is not there."""
    found: dict[str, object] = {
        key: _as_text(value)
        for key, value in config.items()
        if key not in {*_MODE_KEYS, "pools", _LEVEL_WRITTEN} and value not in (None, "")
    }
    found["work mode"] = work_mode(config)
    found["pools"] = [
        tuple(_as_text(pool.get(key)) for key in ("url", "user", "pass"))
        for pool in objects(config.get("pools"))
        if text(pool.get("url"))
    ]
    return found


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value if value is not None else "").strip()
