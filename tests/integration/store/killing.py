"""Runs the sweeper, kills it, and reads everything back that it had called durable."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.store.reading.history_reader import open_reader
from drivers.core.reading import Quality
from tests.integration.store.sweeper import DEVICES, LAYOUT, SECONDS, START, values

ROOT = Path(__file__).resolve().parents[3]
SWEEPER = Path(__file__).with_name("sweeper.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONASYNCIODEBUG": ""}
SERIES = [(signal.point, signal.part) for signal in LAYOUT.signals]
LONGEST_WAIT = 0.06
"""Seconds from an acknowledgement to the kill, at most: some sweeps, and somewhere in the flush of what was full."""


async def killed_run(folder: Path, first: int, until: int, chance: random.Random) -> int:
    """Run the sweeper from sweep `first` until `until` is acknowledged, kill it a moment later; the last acknowledged.

    The folder may already hold sweep `first`: its acknowledgement may have been lost in the kill before.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SWEEPER), str(folder), str(first),
        stdout=subprocess.PIPE, env=ENVIRONMENT,
    )  # fmt: skip
    assert process.stdout is not None
    last = first - 1
    while last < until:
        last = int(await process.stdout.readline())
    await asyncio.sleep(chance.uniform(0.0, LONGEST_WAIT))
    process.kill()
    rest = await process.stdout.read()
    await process.wait()
    # Only whole lines count: half a line was never an acknowledgement.
    return max([last, *(int(line) for line in rest.split(b"\n")[:-1])])


def next_target(last: int, kill: int, chance: random.Random) -> int:
    """The sweep after which to kill: anywhere, or where an hour or a day has just become full."""
    unit = (0, 3600, 86_400, 0, 3600)[kill % 5]
    if not unit:
        return last + chance.randint(1, 80)
    now = START + (last + 1) * SECONDS
    return last + 1 + int(unit - now % unit) // SECONDS + chance.randint(0, 1)


async def kill_again_and_again(folder: Path, kills: int, seed: int) -> int:
    """Kill so many writers of one folder, each in another moment; the last sweep that any acknowledged."""
    chance, last = random.Random(seed), -1
    for kill in range(kills):
        last = await killed_run(folder, last + 1, next_target(last, kill, chance), chance)
    return last


def expected(sweeps: int) -> NDArray[np.float64]:
    """What all devices said: points x devices x sweeps."""
    said = [[values(device, sweep) for sweep in range(sweeps)] for device in range(DEVICES)]
    return np.moveaxis(np.array(said, np.float64), 2, 0)


async def read_back(folder: Path, sweeps: int) -> NDArray[np.float64]:
    """Every sample of the first sweeps, points x devices x sweeps, NaN where there is none.

    Asserts that no slot between the sweeps holds anything, and that devices read one by one give the same.
    """
    reader = open_reader(folder)
    stop = START + sweeps * SECONDS
    found = np.full((len(SERIES), DEVICES, sweeps), np.nan)
    try:
        for at, signal in enumerate(LAYOUT.signals):
            matrix = await reader.matrix(signal.point, START, stop)
            for row, whose in enumerate(matrix.devices):
                found[at, whose.int - 1] = only_sweeps(matrix.values[row], matrix.quality[row], sweeps)
        for device in (0, DEVICES // 2, DEVICES - 1):
            for at, history in enumerate(await reader.read(UUID(int=device + 1), SERIES, START, stop)):
                alone = only_sweeps(history.values, history.quality, sweeps)
                np.testing.assert_array_equal(alone, found[at, device])
    finally:
        await reader.close()
    return found


def only_sweeps(values: NDArray[np.float64], quality: NDArray[np.uint8], sweeps: int) -> NDArray[np.float64]:
    """The values in the slots in which sweeps were taken; asserts that there are no others."""
    slots = values.reshape(sweeps, -1)
    assert np.isnan(slots[:, 1:]).all(), "a sample stands where nobody took one"
    np.testing.assert_array_equal(quality == Quality.GOOD, ~np.isnan(values))
    return slots[:, 0]


async def read_rolled_up(folder: Path, sweeps: int, step: int) -> NDArray[np.float64]:
    """The mean hashrate of every device in each whole step from `START` on: devices x steps."""
    reader = open_reader(folder)
    try:
        matrix = await reader.matrix("hashrate", START, START + sweeps * SECONDS // step * step, float(step))
    finally:
        await reader.close()
    order = np.argsort([device.int for device in matrix.devices])
    return matrix.values[order]


async def check_everything(folder: Path, sweeps: int) -> None:
    """Every acknowledged sample is there with its value, and every roll-up is that of the samples, none twice."""
    said = expected(sweeps)
    np.testing.assert_array_equal(await read_back(folder, sweeps), said)
    for step in (3600, 21_600):
        each = step // SECONDS
        whole = sweeps // each
        means = said[0, :, : whole * each].reshape(DEVICES, whole, each).mean(axis=2)
        np.testing.assert_allclose(await read_rolled_up(folder, sweeps, step), means, rtol=0, atol=0.01)
