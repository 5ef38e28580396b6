"""What a write does to a virtual Whatsminer, and what both versions of its interface tell of it."""

from collections.abc import Sequence
from typing import Final

from drivers.simulators.personality import MinerView, VirtualMiner

ADMIN: Final = "admin"
"""The maker's own password, with which nothing can be written in version 2."""
SUPER: Final = "super"
MODES: Final = {"low": 0.75, "normal": 1.0, "high": 1.0}
"""Share of the full power by mode; the simulated physics know no more than full power."""
MOST_POOLS: Final = 3
POOLS: Final = (
    ("stratum+tcp://btc.pool.example:3333", "site.rig07", "x"),
    ("stratum+tcp://backup.pool.example:3333", "site.rig07", "x"),
)
"""What a miner mines at before anybody has set its pools."""
RAISING_S: Final = 30.0
"""Seconds of mining after which the frequency has reached its target."""


def pools_of(miner: VirtualMiner) -> Sequence[tuple[str, str, str]]:
    """URL, user and password of each pool."""
    return tuple(miner.controls.pools) or POOLS


def mode_of(miner: VirtualMiner) -> str:
    """The power mode in lower case."""
    return miner.controls.power_mode or "normal"


def limit_of(miner: VirtualMiner, view: MinerView) -> int:
    """The power limit in W: the one that was set, or a little above what the model draws."""
    share = miner.controls.power_share or 1.0
    return round(miner.controls.power_limit or 1.05 * view.power / share)


def faults_of(miner: VirtualMiner) -> dict[str, str]:
    """Fault codes and when they came; a test puts them into the miner's memory."""
    found = miner.memory.get("faults")
    return {str(code): str(time) for code, time in found.items()} if isinstance(found, dict) else {}


def led(miner: VirtualMiner) -> str:
    """The state of the LED as the firmware writes it."""
    return "manual" if miner.controls.locating else "auto"


def set_led(miner: VirtualMiner, *, blinks: bool) -> None:
    """Let the LED blink, or leave it to the firmware."""
    miner.controls.locating = blinks
    miner.controls.writes.append(f"led {led(miner)}")


def set_off(miner: VirtualMiner, *, off: bool) -> None:
    """Switch mining off or on."""
    miner.controls.asleep = off
    miner.controls.writes.append("stop" if off else "start")


def restart(miner: VirtualMiner) -> None:
    """Start the mining program anew, which also wakes a sleeping miner."""
    miner.controls.asleep = False
    miner.controls.restarts += 1
    miner.controls.writes.append("restart")


def reboot(miner: VirtualMiner) -> None:
    """Start the control board anew."""
    miner.controls.reboots += 1
    miner.controls.writes.append("reboot")


def set_mode(miner: VirtualMiner, mode: str) -> None:
    """Choose a power mode; mining starts anew with it."""
    miner.controls.power_mode = mode
    miner.controls.power_share = MODES[mode]
    miner.controls.restarts += 1
    miner.controls.writes.append(f"power mode {mode}")


def set_limit(miner: VirtualMiner, watts: int) -> None:
    """Limit the power; mining starts anew with it. A model's own power cannot be raised."""
    full = miner.look().power / (miner.controls.power_share or 1.0)
    miner.controls.power_limit = float(watts)
    miner.controls.power_share = min(1.0, watts / max(full, 1.0))
    miner.controls.restarts += 1
    miner.controls.writes.append(f"power limit {watts}")


def set_pools(miner: VirtualMiner, pools: Sequence[tuple[str, str, str]]) -> None:
    """Replace the pools; mining starts anew with them."""
    miner.controls.pools = [pool for pool in pools[:MOST_POOLS] if pool[0]]
    miner.controls.restarts += 1
    miner.controls.writes.append(f"pools {len(miner.controls.pools)}")
