"""What the stock firmware of every miner would report now: all miners as one table, quantised as firmware does it."""

from typing import Final

import numpy as np

from drivers.simulators.effects import FANS
from drivers.simulators.models import BOARDS
from drivers.simulators.topology import Floats
from drivers.simulators.world import World

SENSORS: Final = 4
"""Temperature sensors of a board."""
SENSOR_BELOW: Final = np.array([0.0, 4.0, 2.0, 1.0])
"""Kelvin below the hottest chip that each sensor of a board shows."""
PCB_BELOW: Final = 4.0
PIC_BELOW: Final = 14.0
HASHES_OF_A_SHARE: Final = 4294967296.0 * 524288.0
"""Hashes for one share at pool difficulty 524,288."""
LONG_AVERAGE: Final = 1800.0
HW_ERRORS: Final = 3.7e-3
"""Hardware errors of a board in each second at full rate."""


def _columns() -> tuple[str, ...]:
    boards = range(1, BOARDS + 1)
    spots = [f"{board}_{sensor}" for board in boards for sensor in range(1, SENSORS + 1)]
    return (
        "elapsed",
        "ghs_5s",
        "ghs_av",
        "ghs_30m",
        "ideal",
        "accepted",
        "rejected",
        "stale",
        "hw",
        "total_mh",
        "frequency",
        *(f"rate{board}" for board in boards),
        *(f"hw{board}" for board in boards),
        *(f"chip{spot}" for spot in spots),
        *(f"pcb{spot}" for spot in spots),
        *(f"pic{spot}" for spot in spots),
        *(f"pcb{board}" for board in boards),
        *(f"chip{board}" for board in boards),
        *(f"fan{fan}" for fan in range(1, FANS + 1)),
    )


COLUMNS: Final = _columns()
"""Names of the table's columns."""
FIRST_TEMPERATURE: Final = COLUMNS.index("chip1_1")
LAST_TEMPERATURE: Final = COLUMNS.index(f"chip{BOARDS}")


class Firmware:
    """The table, made anew for all miners when the first one is asked after a step of the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._revision = 0
        miners = len(world.blueprint.miners)
        rng = np.random.default_rng(world.blueprint.options.seed + 1)
        self._frequency: Floats = np.array([float(model.frequency) for model in world.blueprint.models])
        self._fans = np.round(rng.normal(98.0, 1.5, (miners, FANS))) * 60.0
        self._rng = rng
        self._average = world.mining.rate.sum(axis=1) * 1000.0
        self._averaged_at = world.now
        self._table = np.zeros((miners, len(COLUMNS)))
        self._frozen: Floats | None = None

    def row(self, miner: int) -> list[float]:
        """One miner's values in the order of `COLUMNS`."""
        if self._revision != self._world.revision:
            self._refresh()
            self._revision = self._world.revision
        values: list[float] = self._table[miner].tolist()
        return values

    def _refresh(self) -> None:
        world = self._world
        mining, options = world.mining, world.blueprint.options
        rates = mining.rate * 1000.0
        now_rate = rates.sum(axis=1)
        self._follow_average(now_rate)
        mined_for = mining.mined_for
        accepted = np.floor(mining.hashed * 1e12 / HASHES_OF_A_SHARE)
        board_seconds = mining.hashed / np.maximum(mining.nominal, 1e-9)
        errors = np.floor(board_seconds[:, None] * HW_ERRORS * np.array([0.97, 1.04, 0.99])) * mining.alive
        chips = np.clip(np.rint(mining.chip_temp), 0.0, 125.0)
        found = ~world.effects.dead_board
        spots = np.clip(chips[:, :, None] - SENSOR_BELOW, 0.0, None) * found[:, :, None]
        pcb, pic = (np.clip(spots - below, 0.0, None) for below in (PCB_BELOW, PIC_BELOW))
        fans = np.where(world.effects.dead_fan, 0.0, self._fans + 60.0 * self._rng.integers(-1, 2, self._fans.shape))
        miners = len(rates)
        table = np.column_stack(
            (
                np.floor(mined_for),
                now_rate,
                mining.hashed * 1000.0 / np.maximum(mined_for, 1.0),
                self._average,
                mining.nominal * 1000.0,
                accepted,
                np.floor(accepted * 0.0027),
                np.floor(accepted * 0.0002),
                errors.sum(axis=1),
                mining.hashed * 1e6,
                np.rint(self._frequency * options.tuning * mining.throttle * mining.share),
                rates,
                errors,
                spots.reshape(miners, -1),
                pcb.reshape(miners, -1),
                pic.reshape(miners, -1),
                pcb.max(axis=2),
                spots.max(axis=2),
                fans,
            )
        )
        self._table = self._with_frozen(table)

    def _follow_average(self, rate: Floats) -> None:
        passed = self._world.now - self._averaged_at
        self._average += (rate - self._average) * (1.0 - np.exp(-passed / LONG_AVERAGE))
        self._averaged_at = self._world.now

    def _with_frozen(self, table: Floats) -> Floats:
        """Miners with frozen sensors keep the temperatures of the moment before."""
        frozen = self._world.effects.frozen_miner
        if frozen.any() and self._revision:
            span = slice(FIRST_TEMPERATURE, LAST_TEMPERATURE + 1)
            table[frozen, span] = self._table[frozen, span]
        return table
