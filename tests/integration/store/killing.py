"""Runs the sweeper, kills it, and reads everything back that it had called durable."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.store.reading.history_reader import open_reader
from drivers.core.reading import Quality
from tests.integration.store.sweeper import DEVICES, LAYOUT, SECONDS, START, values

ROOT = Path(__file__).resolve().parents[3]
SWEEPER = Path(__file__).with_name("sweeper.py")
SERIES = [(signal.point, signal.part) for signal in LAYOUT.signals]
LONGEST_WAIT = 0.06
"""Seconds from an acknowledgement to the kill, at most: some sweeps, and somewhere in the flush of what was full."""


def environment() -> dict[str, str]:
    """That of a process which is the same installation as the test that starts it.

    Taken when the process starts: the test's home is set only after its module was loaded, and of another home the
    process would be another origin.
    """
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONASYNCIODEBUG": ""}


class Victim:
    """A sweeper that runs until it is killed.

    Attributes:
        last: The newest sweep that it has acknowledged, and with it all before.
        full: How often it has found the disk full.
    """

    def __init__(self, process: asyncio.subprocess.Process, first: int) -> None:
        self._process = process
        self.last = first - 1
        self.full = 0

    @classmethod
    async def start(cls, folder: Path, first: int) -> Self:
        """Let it append from sweep `first` on.

        The folder may already hold sweep `first`: its acknowledgement may have been lost in the kill before.
        """
        command = (sys.executable, str(SWEEPER), str(folder), str(first))
        return cls(await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, env=environment()), first)

    async def until(self, fulfilled: Callable[[], bool]) -> None:
        """Listen to it until something is so."""
        assert self._process.stdout is not None
        while not fulfilled():
            line = await self._process.stdout.readline()
            assert line, "the writer has ended by itself"
            self._hear(line)

    def _hear(self, line: bytes) -> None:
        if line == b"full\n":
            self.full += 1
        else:
            self.last = int(line)

    async def kill(self) -> int:
        """kill -9; the newest sweep that it had acknowledged."""
        assert self._process.stdout is not None
        self._process.kill()
        rest = await self._process.stdout.read()
        await self._process.wait()
        # Only whole lines count: half a line was never an acknowledgement.
        for line in rest.splitlines(keepends=True):
            if line.endswith(b"\n"):
                self._hear(line)
        return self.last


async def killed_run(folder: Path, first: int, until: int, chance: random.Random) -> int:
    """Run the sweeper from sweep `first`, kill it a moment after `until` is acknowledged; the last acknowledged."""
    victim = await Victim.start(folder, first)
    await victim.until(lambda: victim.last >= until)
    await asyncio.sleep(chance.uniform(0.0, LONGEST_WAIT))
    return await victim.kill()


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
