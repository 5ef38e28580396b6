"""What an Avalon is doing, what is wrong with it, and what its power supply says.

Sources: Canaan's "Avalon A10 API manual" (the list `PS` and its error codes) and recorded replies of 1246, 1346, 1566,
Nano 3S and Q.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from drivers.core.reading import DeviceState, Source
from drivers.miners.avalon.text import single, values
from drivers.miners.reply import MAX_BOARDS

STARTING: Final = 6
"""`SoftOFF` of a machine that starts; other numbers than 0 mean that it was put to sleep (recorded: 4 on a Q, 5 on a
1346)."""
_WORK: Final = re.compile(r"work\s*:\s*([^,;\]]*)", re.IGNORECASE)
_SUPPLY_FAULTS: Final = (
    (1, "input voltage low"),
    (2, "over hot"),
    (4, "over hot"),
    (8, "over hot"),
    (16, "input over current"),
    (32, "output voltage low"),
    (64, "output over current"),
    (2048, "fan failed"),
)
_HUNDREDTHS: Final = 100.0
"""Volt are told in hundredths."""
_SAME: Final = 0.05
"""By how much volt times ampere may miss the watts that stand beside them."""


def state_of(said: Mapping[str, str], rate: float) -> DeviceState:
    """What one module is doing, from `SYSTEMSTATU` and `SoftOFF`; a rate decides where they are silent."""
    status = said.get("SYSTEMSTATU", "")
    match = _WORK.search(status)
    work = (match[1] if match is not None else status).casefold()
    soft = single(said.get("SoftOFF", ""))
    if "idle" in work or "standby" in work or "sleep" in work:
        if soft == STARTING:
            return DeviceState.BOOTING
        return DeviceState.ASLEEP if soft > 0 or "idle" not in work else DeviceState.IDLE
    for words, state in (
        (("init", "boot", "start"), DeviceState.BOOTING),
        (("aging", "calib", "tun"), DeviceState.TUNING),
        (("stop", "protect", "hot", "fault", "error"), DeviceState.STOPPED),
    ):
        if any(word in work for word in words):
            return state
    if rate > 0:
        return DeviceState.HASHING
    return DeviceState.IDLE if rate == 0 else DeviceState.UNKNOWN


@dataclass(frozen=True, slots=True)
class Supply:
    """What the power supply says.

    Attributes:
        power: W; NaN where it tells none.
        source: Measured at its input; estimated where only what the hash boards draw is told.
        voltage: V of the hash boards; NaN where it does not fit the current and power beside it.
    """

    power: float = math.nan
    source: Source = Source.MEASURED
    voltage: float = math.nan


def supply_of(said: Mapping[str, str]) -> Supply:
    """The power supply in `WALLPOWER` and `PS`.

    `PS` is error code, voltage of the controller, voltage, current and power of the hash boards, voltage that was set:
    so far the manual. A seventh number is the power at the wall: it equals `WALLPOWER` of a 1566, and lies 5 to 9 %
    above the sixth on the others. Without it there is only what the boards draw, less than the machine does.

    A Nano 3 has no such supply. It writes ampere, volt at its input, watt and the voltage that is set (public replies:
    `PS[0 0 0 4 2734 125 346]` beside `MPO[125]`, 346 being the third number of `ATA2`).
    """
    supply = values(said.get("PS", ""))
    wall = single(said.get("WALLPOWER", ""))
    if not wall > 0 and len(supply) > 6:
        wall = supply[5] if _is_fed_direct(supply) else supply[6]
    voltage = math.nan
    if len(supply) > 4 and supply[4] > 0:
        volts = supply[2] / _HUNDREDTHS
        if math.fabs(volts * supply[3] - supply[4]) <= _SAME * supply[4]:
            voltage = volts
    if wall > 0:
        return Supply(wall, Source.MEASURED, voltage)
    boards = supply[4] if len(supply) in {5, 6} and supply[4] > 0 else math.nan
    return Supply(boards, Source.ESTIMATED if boards > 0 else Source.MEASURED, voltage)


def _is_fed_direct(supply: Sequence[float]) -> bool:
    """Whether a list `PS` is a Nano 3's: the boards' voltage is 0; ampere (whole), volt and watt follow."""
    volts = supply[4] / _HUNDREDTHS
    return supply[2] == 0 and volts > 0 and supply[5] > 0 and math.fabs(volts * supply[3] - supply[5]) <= volts


def faults_of(said: Mapping[str, str], first_board: int) -> Sequence[str]:
    """Error codes that are not 0, in words where the manual gives them.

    Args:
        said: One module's text.
        first_board: Number of its first board.
    """
    found = []
    supply = values(said.get("PS", ""))
    code = int(supply[0]) if supply and supply[0] > 0 else 0
    if code:
        words = dict.fromkeys(text for bit, text in _SUPPLY_FAULTS if code & bit)
        found.append(f"PS {code}" + (f": power supply, {', '.join(words)}" if words else ""))
    for key in ("FanErr", "ECMM"):
        value = single(said.get(key, ""))
        if value > 0:
            found.append(f"{key} {value:.0f}")
    for at, value in enumerate(values(said.get("ECHU", ""))[:MAX_BOARDS]):
        if value > 0:
            found.append(f"ECHU {value:.0f} board {first_board + at}")
    return found
