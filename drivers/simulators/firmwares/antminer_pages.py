"""What a virtual stock Antminer answers: the text protocol's keys, and the shape of the web pages.

Shape and key order follow recorded replies (S19 Pro of 2022) and public descriptions of the pages; users, serial
numbers and addresses are invented.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from drivers.simulators.personality import BoardView, MinerView

COMPILED: Final = "Thu Jul 11 16:38:25 CST 2024"
MINER_VERSION: Final = "uart_trans.1.3"
_LISTS: Final = ("temp_chip", "temp_pcb", "temp_pic")

Pools = Sequence[tuple[str, str, str]]


def text_status(view: MinerView, code: int, message: str, verdict: str = "S") -> list[object]:
    """STATUS of the text protocol."""
    entry = {"STATUS": verdict, "When": int(view.now), "Code": code, "Msg": message, "Description": "cgminer 1.0.0"}
    return [entry]


def text_version(view: MinerView) -> Mapping[str, object]:
    """VERSION and the header of STATS."""
    return {
        "BMMiner": "1.0.0",
        "API": "3.1",
        "Miner": MINER_VERSION,
        "CompileTime": COMPILED,
        "Type": view.model,
    }


def text_summary(view: MinerView) -> Mapping[str, object]:
    """SUMMARY of the text protocol."""
    return {
        "Elapsed": int(view.mined),
        "GHS 5s": round(view.rate * 1000, 2),
        "GHS av": round(view.rate_avg * 1000, 2),
        "GHS 30m": round(view.rate_avg * 1000, 2),
        "Found Blocks": 0,
        "Getwork": view.accepted,
        "Accepted": view.accepted,
        "Rejected": view.rejected,
        "Hardware Errors": sum(board.hw_errors for board in view.boards),
        "Stale": view.stale,
        "Pool Stale%": 0.0,
    }


def text_stats(view: MinerView) -> Mapping[str, object]:
    """The data row of STATS of the text protocol."""
    stats: dict[str, object] = {
        "STATS": 0,
        "ID": "BTM_SOC0",
        "Elapsed": int(view.mined),
        "GHS 5s": round(view.rate * 1000, 2),
        "GHS av": round(view.rate_avg * 1000, 2),
        "rate_30m": round(view.rate_avg * 1000, 2),
        "Mode": 2,
        "miner_count": sum(1 for board in view.boards if board.chips),
        "frequency": int(view.boards[0].frequency) if view.boards else 0,
        "fan_num": len(view.fans),
    }
    stats |= {f"fan{number}": speed for number, speed in enumerate(view.fans, 1)}
    for board in view.boards:
        slot = board.slot
        stats |= {
            f"chain_acn{slot}": board.chips,
            f"chain_acs{slot}": _chip_map(board),
            f"chain_hw{slot}": board.hw_errors,
            f"chain_rate{slot}": f"{board.rate * 1000:.2f}" if board.chips else "",
            f"freq{slot}": int(board.frequency) if board.chips else 0,
        }
        stats |= {f"{key}{slot}": "-".join(map(str, values)) for key, values in _sensors(view.model, board).items()}
    stats |= {"total_rateideal": round(view.nominal * 1000, 1), "rate_unit": "GH", "no_matching_work": 0}
    return stats


def text_pools(view: MinerView, pools: Pools) -> Sequence[Mapping[str, object]]:
    """POOLS of the text protocol."""
    return [
        {
            "POOL": number,
            "URL": url,
            "Status": "Alive" if view.pool_alive else "Dead",
            "Priority": number,
            "Accepted": view.accepted if number == 0 else 0,
            "Rejected": view.rejected if number == 0 else 0,
            "Stale": view.stale if number == 0 else 0,
            "User": user,
            "Stratum Active": number == 0 and view.pool_alive,
            "Pool Stale%%": 0.0,
        }
        for number, (url, user, _) in enumerate(pools)
    ]


def web_page(view: MinerView, name: str, content: Sequence[object]) -> Mapping[str, object]:
    """A page with its STATUS and INFO."""
    return {
        "STATUS": {"STATUS": "S", "when": int(view.now), "Msg": name, "api_version": "1.0.0"},
        "INFO": {"miner_version": MINER_VERSION, "CompileTime": COMPILED, "type": view.model},
        name.upper(): list(content),
    }


def web_summary(view: MinerView) -> Mapping[str, object]:
    """SUMMARY of the web page."""
    return {
        **_web_rates(view),
        "hw_all": sum(board.hw_errors for board in view.boards),
        "bestshare": 12904207043,
        "status": [{"type": kind, "status": "s", "code": 0, "msg": ""} for kind in ("rate", "network", "fans", "temp")],
    }


def web_stats(view: MinerView, mode: int) -> Mapping[str, object]:
    """STATS of the web page."""
    chain = [
        {
            "index": board.slot - 1,
            "freq_avg": int(board.frequency),
            "rate_ideal": round(board.nominal * 1000, 1),
            "rate_real": round(board.rate * 1000, 2),
            "asic_num": board.chips,
            "asic": _chip_map(board),
            **_sensors(view.model, board),
            "hw": board.hw_errors,
            "eeprom_loaded": True,
            "sn": board.serial,
            "hwp": 0.0,
        }
        for board in view.boards
    ]
    return {
        **_web_rates(view),
        "chain_num": len(chain),
        "fan_num": len(view.fans),
        "fan": list(view.fans),
        "hwp_total": 0.0,
        "watt": round(view.power),
        "miner-mode": mode,
        "freq-level": 100,
        "chain": chain,
    }


def web_pools(view: MinerView, pools: Pools) -> Sequence[Mapping[str, object]]:
    """POOLS of the web page."""
    return [
        {
            "index": number,
            "url": url,
            "user": user,
            "status": "Alive" if view.pool_alive else "Dead",
            "priority": number,
            "accepted": view.accepted if number == 0 else 0,
            "rejected": view.rejected if number == 0 else 0,
            "stale": view.stale if number == 0 else 0,
            "lstime": "0",
        }
        for number, (url, user, _) in enumerate(pools)
    ]


def system_info(view: MinerView, firmware: str) -> Mapping[str, object]:
    """The page that names the miner."""
    return {
        "minertype": view.model,
        "nettype": "DHCP",
        "netdevice": "eth0",
        "macaddr": view.mac.upper(),
        "hostname": "Antminer",
        "system_mode": "GNU/Linux",
        "system_filesystem_version": firmware or COMPILED,
        "firmware_type": "Release",
        "Algorithm": "sha256d",
        "serinum": view.serial,
    }


def _web_rates(view: MinerView) -> Mapping[str, object]:
    return {
        "elapsed": int(view.mined),
        "rate_5s": round(view.rate * 1000, 2),
        "rate_30m": round(view.rate_avg * 1000, 2),
        "rate_avg": round(view.rate_avg * 1000, 2),
        "rate_ideal": round(view.nominal * 1000, 1),
        "rate_unit": "GH/s",
    }


def _sensors(model: str, board: BoardView) -> Mapping[str, list[int]]:
    """Four sensors under each key: two where the air comes in, two where it goes out; an S19 XP the other way round."""
    if not board.chips:
        return {key: [0, 0, 0, 0] for key in _LISTS}
    ends = (board.inlet_temp, board.inlet_temp, board.outlet_temp, board.outlet_temp)
    if model == "Antminer S19 XP":
        ends = ends[::-1]
    cooler = board.outlet_temp - board.inlet_temp
    hottest = (board.chip_temp - cooler, board.chip_temp - cooler, board.chip_temp, board.chip_temp)
    boards = (board.board_temp - cooler, board.board_temp - cooler, board.board_temp, board.board_temp)
    return {
        key: [round(value) for value in values] for key, values in zip(_LISTS, (hottest, boards, ends), strict=True)
    }


def _chip_map(board: BoardView) -> str:
    return " " + "o" * board.chips if board.chips else ""
