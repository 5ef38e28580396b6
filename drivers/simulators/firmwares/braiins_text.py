"""BraiinsOS on port 4028: the CGMiner-like interface, shaped after Braiins' documentation of the BOSminer API."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from drivers.simulators.firmwares.text_protocol import ended, read_command
from drivers.simulators.personality import MinerView, SilentWires, VirtualMiner, Wire

BUILD: Final = "boser-buildroot 0.1.0-0a1b2c3d"
MOST_JOINED: Final = 16
POOLS: Final = (
    ("stratum+tcp://btc.pool.example:3333", "site.rig07", "x"),
    ("stratum+tcp://backup.pool.example:3333", "site.rig07", "x"),
)
"""What a miner mines at before anybody has set its pools."""

Rows: TypeAlias = list[dict[str, Any]]


class BraiinsText(SilentWires):
    """The text interface alone: no login, nothing can be changed."""

    name = "braiins-4028"
    wires: Mapping[Wire, int] = {Wire.TEXT: 4028}

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """The answer to a question of CGMiner's protocol."""
        return answer_text(miner, question)


def pools_of(miner: VirtualMiner) -> tuple[tuple[str, str, str], ...]:
    """URL, user and password of each pool."""
    return tuple(miner.controls.pools) or POOLS


def mined_of(miner: VirtualMiner, view: MinerView) -> float:
    """Seconds since the mining program started, which goes on while mining is paused."""
    return view.uptime if miner.controls.asleep else view.mined


def answer_text(miner: VirtualMiner, question: bytes) -> bytes:
    """The answer on port 4028, with the NUL that ends it."""
    try:
        command, _ = read_command(question)
    except ValueError:
        return ended({"STATUS": [_status(miner.look(), "E", 23, "Invalid JSON")], "id": 1})
    view = miner.look()
    names = command.split("+")[:MOST_JOINED]
    if len(names) == 1:
        return ended(_section(miner, view, names[0]))
    return ended({**{name: [_section(miner, view, name)] for name in names}, "id": 1})


def _status(view: MinerView, kind: str, code: int, message: str) -> dict[str, Any]:
    return {"STATUS": kind, "When": int(view.now), "Code": code, "Msg": message, "Description": f"BOSer {BUILD}"}


def _section(miner: VirtualMiner, view: MinerView, name: str) -> dict[str, Any]:
    known = _SECTIONS.get(name)
    if known is None:
        return {"STATUS": [_status(view, "E", 14, "Invalid command")], "id": 1}
    code, make = known
    return {"STATUS": [_status(view, "S", code, name)], name.upper(): make(miner, view), "id": 1}


def _version(miner: VirtualMiner, view: MinerView) -> Rows:
    return [{"API": "3.7", "BOSer": BUILD}]


def _summary(miner: VirtualMiner, view: MinerView) -> Rows:
    return [
        {
            "Accepted": view.accepted,
            "Elapsed": int(mined_of(miner, view)),
            "Found Blocks": 0,
            "Hardware Errors": sum(board.hw_errors for board in view.boards),
            **_rates(view.rate, view.rate_avg),
            "Rejected": view.rejected,
            "Stale": view.stale,
        }
    ]


def _rates(now: float, mean: float) -> dict[str, float]:
    """Rates in MH/s from TH/s."""
    return {
        "MHS 15m": mean * 1e6,
        "MHS 1m": now * 1e6,
        "MHS 24h": mean * 1e6,
        "MHS 5m": now * 1e6,
        "MHS 5s": now * 1e6,
        "MHS av": mean * 1e6,
    }


def _devs(miner: VirtualMiner, view: MinerView) -> Rows:
    return [
        {
            "ASC": at,
            "Enabled": "Y",
            "Hardware Errors": board.hw_errors,
            "ID": board.slot,
            **_rates(board.rate, board.rate),
            "Name": "",
            "Nominal MHS": board.nominal * 1e6,
            "Status": "Alive" if board.chips else "Dead",
            "Temperature": 0.0,
        }
        for at, board in enumerate(view.boards)
    ]


def _temps(miner: VirtualMiner, view: MinerView) -> Rows:
    return [
        {"Board": board.board_temp, "Chip": board.chip_temp, "ID": board.slot, "TEMP": at}
        for at, board in enumerate(view.boards)
    ]


def _fans(miner: VirtualMiner, view: MinerView) -> Rows:
    return [{"FAN": at, "ID": at, "RPM": rpm, "Speed": 80 if rpm else 0} for at, rpm in enumerate(view.fans)]


def _tunerstatus(miner: VirtualMiner, view: MinerView) -> Rows:
    limit = round(miner.controls.power_limit or view.power)
    share = round(view.power) // max(len(view.boards), 1)
    is_tuning = bool(miner.memory.get("tuning"))
    word = "Tuning individual chips" if is_tuning else "Stable"
    return [
        {
            "ApproximateChainPowerConsumption": round(0.94 * view.power),
            "ApproximateMinerPowerConsumption": round(view.power),
            "DynamicPowerScaling": "Disabled",
            "PowerLimit": limit,
            "TunerChainStatus": [
                {
                    "ApproximatePowerConsumptionWatt": share,
                    "HashchainIndex": board.slot,
                    "Iteration": 0,
                    "PowerLimitWatt": limit // max(len(view.boards), 1),
                    "StageElapsed": int(view.mined),
                    "Status": word,
                    "TunerRunning": is_tuning,
                    "TuningElapsed": int(view.mined),
                }
                for board in view.boards
            ],
        }
    ]


def _devdetails(miner: VirtualMiner, view: MinerView) -> Rows:
    return [
        {
            "Chips": board.chips,
            "Cores": 0,
            "DEVDETAILS": at,
            "Device Path": "",
            "Driver": "",
            "Frequency": round(board.frequency * 1e6),
            "ID": board.slot,
            "Kernel": "",
            "Model": view.model,
            "Name": "",
            "Voltage": board.voltage,
        }
        for at, board in enumerate(view.boards)
    ]


def _pools(miner: VirtualMiner, view: MinerView) -> Rows:
    return [
        {
            "Accepted": view.accepted if at == 0 else 0,
            "POOL": at,
            "Priority": at,
            "Rejected": view.rejected if at == 0 else 0,
            "Stale": view.stale if at == 0 else 0,
            "Status": "Alive" if view.pool_alive else "Dead",
            "Stratum Active": at == 0 and view.pool_alive,
            "Stratum URL": url.removeprefix("stratum+tcp://"),
            "URL": url,
            "User": user,
        }
        for at, (url, user, _) in enumerate(pools_of(miner))
    ]


_SECTIONS: Final[Mapping[str, tuple[int, Callable[[VirtualMiner, MinerView], Rows]]]] = {
    "version": (22, _version),
    "summary": (11, _summary),
    "devs": (9, _devs),
    "temps": (201, _temps),
    "fans": (202, _fans),
    "tunerstatus": (203, _tunerstatus),
    "devdetails": (69, _devdetails),
    "pools": (7, _pools),
}
