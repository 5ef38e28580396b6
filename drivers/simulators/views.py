"""Virtual miners as their firmwares see them, made from the arrays of a world."""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from drivers.simulators.effects import FANS
from drivers.simulators.firmware import COLUMNS, Firmware
from drivers.simulators.models import BOARDS, MinerModel
from drivers.simulators.personality import BoardView, MinerView
from drivers.simulators.world import World

GIGA: Final = 1000.0
OUTLET_SHARE: Final = 0.6
"""Of the rise from the coolant to a board's sensor that the coolant itself takes up."""
_AT: Final = {name: at for at, name in enumerate(COLUMNS)}


class MinerViews:
    """Looks at the miners of a world.

    Args:
        world: The physics.
        firmware: Its rendered numbers, shared with everything else that answers for the same miners.
    """

    def __init__(self, world: World, firmware: Firmware) -> None:
        self._world = world
        self._firmware = firmware

    def look(self, row: int) -> MinerView:
        """One miner at this moment."""
        world, blueprint = self._world, self._world.blueprint
        entry, model = blueprint.miners[row], blueprint.models[row]
        values = self._firmware.row(row)
        ambient = float(world.hydraulics.tank_temp[world.topology.tank_of_miner[row]])
        mark = zlib.crc32(entry.name.encode())
        return MinerView(
            model=model.type,
            mac="02:00:" + mark.to_bytes(4, "big").hex(":"),
            serial=entry.serial or f"SIM{mark:08X}",
            uptime=float(world.mining.powered_for[row]),
            rate=values[_AT["ghs_5s"]] / GIGA,
            rate_avg=values[_AT["ghs_30m"]] / GIGA,
            nominal=values[_AT["ideal"]] / GIGA,
            power=float(world.mining.power[row]),
            ambient=ambient,
            boards=self._boards(row, model, values, ambient, mark),
            fans=tuple(int(values[_AT["fan1"] + fan % FANS]) for fan in range(model.fans)),
            accepted=int(values[_AT["accepted"]]),
            rejected=int(values[_AT["rejected"]]),
            stale=int(values[_AT["stale"]]),
            pool_alive=not world.effects.pool_lost[row],
            now=datetime.now(UTC).timestamp(),
            mined=values[_AT["elapsed"]],
        )

    def _boards(
        self, row: int, model: MinerModel, values: Sequence[float], ambient: float, mark: int
    ) -> tuple[BoardView, ...]:
        """The physics' boards, as often as the model has them; together they hash what the miner hashes."""
        columns = [slot % BOARDS for slot in range(model.boards)]
        rates = [values[_AT["rate1"] + column] / GIGA for column in columns]
        total = values[_AT["ghs_5s"]] / GIGA
        scale = total / sum(rates) if sum(rates) > 0 else 0.0
        nominal = values[_AT["ideal"]] / GIGA / model.boards
        dead = self._world.effects.dead_board[row]
        boards = []
        for slot, column in enumerate(columns):
            board_temp = values[_AT["pcb1"] + column]
            boards.append(
                BoardView(
                    slot=slot + 1,
                    rate=rates[slot] * scale,
                    nominal=nominal,
                    chips=0 if dead[column] else model.chips,
                    chips_expected=model.chips,
                    chip_temp=values[_AT["chip1"] + column],
                    board_temp=board_temp,
                    inlet_temp=ambient,
                    outlet_temp=ambient + OUTLET_SHARE * max(board_temp - ambient, 0.0),
                    hw_errors=int(values[_AT["hw1"] + column]),
                    frequency=values[_AT["frequency"]],
                    voltage=model.voltage,
                    serial=f"SIM{mark:08X}B{slot + 1}",
                )
            )
        return tuple(boards)
