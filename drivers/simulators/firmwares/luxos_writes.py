"""What LuxOS does on command, and the session that it wants for it."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from drivers.simulators.personality import VirtualMiner

SESSION_S: Final = 60.0
"""A session ends so long after its last use."""
Known = Mapping[str, tuple[int, float]]


class Refusal(Exception):
    """The firmware says no.

    Attributes:
        code: Of its status.
        words: Its message.
    """

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


class Write(Protocol):
    """One command that changes something."""

    def __call__(self, miner: VirtualMiner, arguments: Sequence[str], profiles: Known, *, keeps: bool) -> str:
        """Do it; the message. Raises Refusal."""


def log_on(miner: VirtualMiner) -> str:
    """Open the one session; its id. Raises Refusal while another one is held."""
    held, used = miner.memory.get("session"), miner.memory.get("session_used")
    if held and isinstance(used, float) and time.monotonic() - used < SESSION_S:
        raise Refusal(402, "Another session is already active")
    opened = miner.memory.get("sessions_opened", 0)
    number = opened + 1 if isinstance(opened, int) else 1
    miner.memory["sessions_opened"] = number
    miner.memory["session"] = f"sess{number:04d}"
    miner.memory["session_used"] = time.monotonic()
    return f"sess{number:04d}"


def check_session(miner: VirtualMiner, session: str) -> None:
    """Raises Refusal for a session that is not held."""
    if not session or miner.memory.get("session") != session:
        raise Refusal(402, "Invalid session id")


def log_off(miner: VirtualMiner, session: str) -> None:
    """Give the session back. Raises Refusal for one that is not held."""
    check_session(miner, session)
    miner.memory["session"] = ""


def _writing(change: Callable[[VirtualMiner, str, Known], str]) -> Write:
    def write(miner: VirtualMiner, arguments: Sequence[str], profiles: Known, *, keeps: bool) -> str:
        miner.memory["session_used"] = time.monotonic()
        written = ",".join(arguments)
        if keeps:
            miner.controls.writes.append(change(miner, written, profiles))
        return "accepted"

    return write


def _led(miner: VirtualMiner, written: str, profiles: Known) -> str:
    color, _, state = written.partition(",")
    if color != "red" or state not in {"on", "off", "blink", "auto"}:
        raise Refusal(400, "Invalid led or state")
    miner.controls.locating = state == "blink"
    return f"led {state}"


def _curtail(miner: VirtualMiner, written: str, profiles: Known) -> str:
    if written not in {"sleep", "wakeup"}:
        raise Refusal(400, "Invalid curtail action")
    miner.controls.asleep = written == "sleep"
    return written


def _profile(miner: VirtualMiner, written: str, profiles: Known) -> str:
    if written not in profiles:
        raise Refusal(400, f"Profile not found: {written}")
    miner.controls.power_mode = written
    miner.controls.power_share = profiles[written][1]
    return f"profile {written}"


def _target(miner: VirtualMiner, written: str, profiles: Known) -> str:
    key, _, watts = written.partition("=")
    if key != "power" or not watts.isdigit():
        raise Refusal(400, "Invalid power target")
    miner.controls.power_limit = float(watts)
    return f"target {watts}"


def _fan(miner: VirtualMiner, written: str, profiles: Known) -> str:
    key, _, speed = written.partition("=")
    if key != "speed" or not speed.removeprefix("-").isdigit() or not -1 <= int(speed) <= 100:
        raise Refusal(400, "Invalid fan speed")
    miner.controls.fan_percent = None if speed == "-1" else float(speed)
    return f"fans {speed}"


def _immersion(miner: VirtualMiner, written: str, profiles: Known) -> str:
    if written not in {"true", "false"}:
        raise Refusal(400, "Invalid value")
    miner.controls.immersion = written == "true"
    return f"immersion {written}"


def _restart(miner: VirtualMiner, written: str, profiles: Known) -> str:
    miner.controls.restarts += 1
    return "restart"


def _reboot(miner: VirtualMiner, written: str, profiles: Known) -> str:
    miner.controls.reboots += 1
    miner.memory["session"] = ""
    return "reboot"


WRITES: Final[Mapping[str, Write]] = {
    "ledset": _writing(_led),
    "curtail": _writing(_curtail),
    "profileset": _writing(_profile),
    "powertargetset": _writing(_target),
    "fanset": _writing(_fan),
    "immersionswitch": _writing(_immersion),
    "resetminer": _writing(_restart),
    "rebootdevice": _writing(_reboot),
}
