"""Canaan's Avalon on port 4028: the A series, and Q for the home, shaped after recorded replies of a 1566 and a Q.

Bad manners they have: everything stands in one text; a missing sensor shows -273; the averages of `summary` go on after
a stop; the A series' clock counts from its start; a Q closes the connection without an answer when it wakes.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from drivers.simulators.firmwares.text_protocol import ended, read_command
from drivers.simulators.personality import (
    BoardView,
    MinerView,
    SilentWires,
    VirtualMiner,
    Wire,
)

REVISION: Final = "24102401_25462b2_9ddf522"
HOME_REVISION: Final = "25052801_14a19a2"
POOLS: Final = (("stratum+tcp://btc.pool.example:3333", "site.rig07", "x"),)
"""What a miner mines at before anybody has set its pools."""
_MOST_JOINED: Final = 8
_AHEAD_S: Final = 60
"""A switch that is set for later than this stays set and has no effect while anybody watches."""
_ASLEEP: Final = 5
"""`SoftOFF` of a machine that was put to sleep."""

Body: TypeAlias = dict[str, Any]


class Avalon(SilentWires):
    """A machine of the A series.

    Args:
        keeps: Whether settings that were accepted are kept.
    """

    name = "avalon"
    model = "15-194"
    wires: Mapping[Wire, int] = {Wire.TEXT: 4028}

    def __init__(self, *, keeps: bool = True) -> None:
        self._keeps = keeps

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """The answer to a question of CGMiner's protocol, with the NUL that ends it."""
        view = miner.look()
        try:
            command, parameter = read_command(question)
        except ValueError:
            return ended(self._answer(view, "E", 23, "Invalid JSON"))
        if command == "ascset":
            return self._set(miner, view, parameter)
        if command == "restart":
            miner.controls.restarts += 1
            miner.controls.writes.append("restart")
            return ended({"STATUS": "RESTART"})
        names = command.split("+")[:_MOST_JOINED]
        if len(names) == 1:
            return ended(self._section(miner, view, command))
        return ended({**{name: [self._section(miner, view, name)] for name in names}, "id": 1})

    def clock(self, view: MinerView) -> int:
        """What the miner's own clock shows."""
        return int(view.uptime)

    def _answer(self, view: MinerView, kind: str, code: int, words: str, key: str = "", found: object = None) -> Body:
        status = {"STATUS": kind, "When": self.clock(view), "Code": code, "Msg": words}
        return {"STATUS": [{**status, "Description": "cgminer 4.11.1"}], **({key: found} if key else {}), "id": 1}

    def _section(self, miner: VirtualMiner, view: MinerView, name: str) -> Body:
        made: Mapping[str, Callable[[], tuple[int, str, list[Body]]]] = {
            "version": lambda: (22, "VERSION", [self._version(view)]),
            "summary": lambda: (11, "SUMMARY", [_summary(view)]),
            "stats": lambda: (70, "STATS", [self._stats(miner, view)]),
            "pools": lambda: (7, "POOLS", _pools(miner, view)),
        }
        make = made.get(name)
        if make is None:
            return self._answer(view, "E", 14, "Invalid command")
        code, key, found = make()
        return self._answer(view, "S", code, f"CGMiner {name}", key, found)

    def _version(self, view: MinerView) -> Body:
        return {
            "API": "3.7",
            "CGMiner": "4.11.1",
            "DNA": f"0201{view.mac.replace(':', '')}",
            "HWTYPE": "MM4v2_X3",
            "MAC": view.mac.replace(":", ""),
            "MODEL": self.model,
            "PROD": f"AvalonMiner {self.model}",
            "SWTYPE": "MM319",
            "VERSION": REVISION,
        }

    def _stats(self, miner: VirtualMiner, view: MinerView) -> Body:
        return {"STATS": 0, "ID": "AVA100", "Elapsed": int(view.mined), "MM ID0": self._module(miner, view)}

    def _module(self, miner: VirtualMiner, view: MinerView) -> str:
        boards = view.boards
        parts = [
            f"Ver[{self.model}-{REVISION}] DNA[0201{view.mac.replace(':', '')}] MEMFREE[1392832.1381104]",
            *_common(miner, view),
            f"Temp[{view.ambient:.0f}] TMax[{_hottest(view):.0f}]",
            *(f"Fan{at}[{0 if miner.controls.asleep else rpm}]" for at, rpm in enumerate(view.fans, 1)),
            f"FanR[49%] {_supply(miner, view)} WALLPOWER[{view.power:.0f}]",
            f"Led[{int(miner.controls.locating)}] MTmax[{_list(_warm(miner, board) for board in boards)}]",
            *(f"PVT_T{at}[{_list(_chips(board), wide=True)}]" for at, board in enumerate(boards)),
            f"MPO[{0.94 * view.power:.0f}] WORKMODE[1]",
        ]
        return " ".join(parts)

    def _set(self, miner: VirtualMiner, view: MinerView, parameter: str) -> bytes:
        board, _, setting = parameter.partition(",")
        name, _, value = setting.partition(",")
        change = self.settings().get(name) if board == "0" else None
        if change is None:
            return ended(self._answer(view, "E", 120, f"ASC 0 set failed: Unknown option: {name}"))
        written = change(miner, self.clock(view), value)
        if not written:
            return ended(self._answer(view, "E", 120, f"ASC 0 set failed: Invalid value: {value}"))
        return ended(self._answer(view, "S", 119, "ASC 0 set OK"))

    def settings(self) -> Mapping[str, Callable[[VirtualMiner, int, str], bool]]:
        """What `ascset` takes, by name; each tells whether the value can be."""
        return {"led": self._led, "softoff": self._soft_off, "softon": self._soft_on, "reboot": self._reboot}

    def keep(self, miner: VirtualMiner, written: str, change: Callable[[], None]) -> None:
        """Let a setting take effect, unless this miner forgets what it accepts."""
        if self._keeps:
            change()
            miner.controls.writes.append(written)

    def _led(self, miner: VirtualMiner, clock: int, value: str) -> bool:
        module, _, state = value.partition("-")
        if module != "1" or state not in {"0", "1"}:
            return False
        self.keep(miner, f"led {state}", lambda: setattr(miner.controls, "locating", state == "1"))
        return True

    def _soft_off(self, miner: VirtualMiner, clock: int, value: str) -> bool:
        return self._switch(miner, clock, value, asleep=True)

    def _soft_on(self, miner: VirtualMiner, clock: int, value: str) -> bool:
        return self._switch(miner, clock, value, asleep=False)

    def _switch(self, miner: VirtualMiner, clock: int, value: str, *, asleep: bool) -> bool:
        """Takes effect at once where a real miner waits for its clock."""
        kind, _, at = value.partition(":")
        if kind != "1" or not at.isdigit():
            return False
        if clock < int(at) <= clock + _AHEAD_S:
            written = "softoff" if asleep else "softon"
            self.keep(miner, written, lambda: setattr(miner.controls, "asleep", asleep))
        return True

    def _reboot(self, miner: VirtualMiner, clock: int, value: str) -> bool:
        def begin_anew() -> None:
            miner.controls.reboots += 1

        self.keep(miner, "reboot", begin_anew)
        return True


class AvalonHome(Avalon):
    """An Avalon Q."""

    name = "avalon-home"
    model = "Q"

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """The answer; none when it wakes."""
        answer = super().text(miner, question)
        return b"" if b"softon" in question else answer

    def clock(self, view: MinerView) -> int:
        """UTC seconds: it asks the network for the time."""
        return int(view.now)

    def _version(self, view: MinerView) -> Body:
        return {
            **super()._version(view),
            "BVERSION": HOME_REVISION,
            "HWTYPE": "Q_MM1v1_X1",
            "PROD": "Avalon Q",
            "VERSION": HOME_REVISION,
        }

    def _stats(self, miner: VirtualMiner, view: MinerView) -> Body:
        chips = (f"'HB{at}':{{PVT_T0[{_list(_chips(board), wide=True)}]}}" for at, board in enumerate(view.boards))
        module = f"'STATS':{{{self._module(miner, view)}}}"
        return {"Elapsed": int(view.mined), "HBinfo": ",".join(chips), "ID": "AVALON0", "MM ID0:Summary": module}

    def _module(self, miner: VirtualMiner, view: MinerView) -> str:
        percent = 0 if miner.controls.asleep else round(miner.controls.fan_percent or 42)
        board = view.boards[0]
        parts = [
            f"Ver[Q-{HOME_REVISION}] LVer[{HOME_REVISION}] DNA[0201{view.mac.replace(':', '')}] SSID[] STATE[2]",
            *_common(miner, view),
            f"ITemp[{view.ambient:.0f}] HBITemp[{board.inlet_temp:.0f}] HBOTemp[{board.outlet_temp:.0f}]",
            f"TMax[{0 if miner.controls.asleep else _hottest(view):.0f}] TarT[65]",
            *(f"Fan{at}[{0 if miner.controls.asleep else rpm}]" for at, rpm in enumerate(view.fans, 1)),
            f"FanR[{percent}%] FanErr[0] {_supply(miner, view)} PCOMM_E[0]",
            f"WORKMODE[{miner.controls.power_mode or '0'}] WORKLEVEL[0] MPO[800] ADJ[1] Nonce Mask[25]",
        ]
        return " ".join(parts)

    def settings(self) -> Mapping[str, Callable[[VirtualMiner, int, str], bool]]:
        """What `ascset` takes, by name; a Q has no LED."""
        known = {name: change for name, change in super().settings().items() if name != "led"}
        return {**known, "workmode": self._mode, "fan-spd": self._fan}

    def _mode(self, miner: VirtualMiner, clock: int, value: str) -> bool:
        verb, _, mode = value.partition(",")
        if verb != "set" or mode not in {"0", "1", "2"}:
            return False
        self.keep(miner, f"mode {mode}", lambda: setattr(miner.controls, "power_mode", mode))
        return True

    def _fan(self, miner: VirtualMiner, clock: int, value: str) -> bool:
        if not value.isdigit() or not 25 <= int(value) <= 100:
            return False
        self.keep(miner, f"fans {value}", lambda: setattr(miner.controls, "fan_percent", float(value)))
        return True


def _list(values: Any, *, wide: bool = False) -> str:
    return " ".join(f" {value:.0f}" if wide else f"{value:.0f}" for value in values)


def _hottest(view: MinerView) -> float:
    return max((board.chip_temp for board in view.boards), default=0.0)


def _warm(miner: VirtualMiner, board: BoardView) -> float:
    return 0.0 if miner.controls.asleep or not board.chips else board.chip_temp


def _chips(board: BoardView) -> list[float]:
    """Temperatures of the chips; 0 for one that is missing. They stand still while nothing is hashed."""
    return [board.chip_temp - at % 9 if at < board.chips else 0.0 for at in range(board.chips_expected)]


def _common(miner: VirtualMiner, view: MinerView) -> list[str]:
    """What both kinds tell alike."""
    asleep, boards = miner.controls.asleep, view.boards
    found = sum(1 for board in boards if board.chips)
    work = "In Idle" if asleep else "In Work"
    errors = [board.hw_errors for board in boards]
    return [
        f"NETFAIL[0 0 0 0 0 0 0 0] SYSTEMSTATU[Work: {work}, Hash Board: {found} ] Elapsed[{view.uptime:.0f}]",
        f"BOOTBY[0x04.00000000] MH[{_list(errors)}] HW[{sum(errors)}] DH[1.299%]",
        f"GHSspd[{view.rate * 1e3:.2f}] DHspd[1.299%] GHSmm[{0 if asleep else view.nominal * 1e3:.2f}]",
        f"GHSavg[{view.rate_avg * 1e3:.2f}] Freq[{boards[0].frequency if boards else 0:.2f}]",
        f"MGHS[{' '.join(f'{board.rate * 1e3:.2f}' for board in boards)}] SoftOFF[{_ASLEEP if asleep else 0}]",
        f"ECHU[{_list(0 if board.chips else 16 for board in boards)}] ECMM[0] CRC[{_list(0 for _ in boards)}]",
    ]


def _supply(miner: VirtualMiner, view: MinerView) -> str:
    """The power supply: the boards' voltage in hundredths, their current, their power, and the power at the wall."""
    current = 0 if miner.controls.asleep else round(0.94 * view.power / 11.87)
    return f"PS[0 1209 {1187 if current else 0} {current} {11.87 * current:.0f} 1188 {view.power:.0f}]"


def _summary(view: MinerView) -> Body:
    """The long average goes on after a stop."""
    return {
        "Accepted": view.accepted,
        "Elapsed": int(view.mined),
        "Hardware Errors": 0,
        "MHS 1m": round((view.rate or 0.011) * 1e6, 2),
        "MHS 30s": round(view.rate * 1e6, 2),
        "MHS av": round(view.nominal * 1e6, 2),
        "Rejected": view.rejected,
        "Stale": view.stale,
    }


def _pools(miner: VirtualMiner, view: MinerView) -> list[Body]:
    return [
        {
            "POOL": at,
            "Priority": at,
            "Status": "Alive" if view.pool_alive else "Dead",
            "Stratum Active": at == 0 and view.pool_alive,
            "URL": url,
            "User": user,
        }
        for at, (url, user, _) in enumerate(tuple(miner.controls.pools) or POOLS)
    ]
