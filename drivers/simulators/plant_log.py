"""The ring log that each virtual plant controller keeps, as docs/devices/generic-cdu.md describes it.

It has a clock of its own, writes in real time whether or not anybody can reach the controller, and begins with a past.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from drivers.simulators.registers import Registers
from drivers.simulators.world import World

CAPACITY: Final = 3000
RECORD_WORDS: Final = 20
HEAD_AT: Final = 1000
RING_AT: Final = 2000
_HEAD_WORDS: Final = 6
_FIRST_LOGGED, _AFTER_LOGGED = 10, 25
"""The input registers that a record repeats, in the same order, from its fourth register on."""
_NOISY: Final = slice(3, 5)
"""Supply and return temperature: in the past that a log begins with they vary by a tenth of a degree or two."""


class PlantLog:
    """The log of one controller.

    Args:
        interval: Seconds between two records.
        past: Seconds of records that it begins with.
        words: What the controller's input registers hold now.
        now: UTC seconds.
        offset: Seconds that its clock is ahead.
        rng: Noise of the past.
    """

    def __init__(
        self,
        interval: float,
        past: float,
        words: Callable[[], bytes],
        now: float,
        offset: float,
        rng: np.random.Generator,
    ) -> None:
        self._interval = interval
        self._words = words
        self._offset = offset
        self._clock_set = 1
        self._ring = np.zeros((CAPACITY, RECORD_WORDS), np.uint16)
        self._due = (now // interval + 1) * interval
        written = int(past // interval)
        self._count = min(written, CAPACITY)
        self._next = written % CAPACITY
        ranks = np.arange(self._count)
        times = (self._due - interval * (self._count - ranks) + offset).astype(np.uint32)
        records = np.tile(self._record(0.0), (self._count, 1))
        records[:, 0], records[:, 1] = times >> 16, times & 0xFFFF
        noise = rng.integers(-2, 3, records[:, _NOISY].shape)
        records[:, _NOISY] = (records[:, _NOISY].astype(np.int64) + noise).astype(np.uint16)
        self._ring[(self._next - self._count + ranks) % CAPACITY] = records

    def _record(self, at: float) -> "np.ndarray[tuple[int], np.dtype[np.uint16]]":
        stamp = int(at + self._offset)
        record = np.zeros(RECORD_WORDS, np.uint16)
        record[0], record[1], record[2] = stamp >> 16, stamp & 0xFFFF, self._clock_set & 0xFFFF
        record[3 : 3 + _AFTER_LOGGED - _FIRST_LOGGED] = np.frombuffer(self._words(), ">u2")[_FIRST_LOGGED:_AFTER_LOGGED]
        return record

    def advance(self, now: float, offset: float, *, empty: bool) -> None:
        """Write what is due at UTC second `now`; another offset than before means that the clock was set."""
        if offset != self._offset:
            self._offset = offset
            self._clock_set += 1
        while self._due <= now:
            self._ring[self._next] = self._record(self._due)
            self._next = (self._next + 1) % CAPACITY
            self._count = min(self._count + 1, CAPACITY)
            self._due += self._interval
        if empty:
            self._count = self._next = 0

    def read(self, address: int, count: int, now: float) -> bytes | None:
        """Input registers of the log, big endian; None where they are not the log's."""
        if HEAD_AT <= address and address + count <= HEAD_AT + _HEAD_WORDS:
            clock = int(now + self._offset)
            head = (self._count, self._next, int(self._interval), self._clock_set & 0xFFFF, clock >> 16, clock & 0xFFFF)
            return np.array(head[address - HEAD_AT :][:count], ">u2").tobytes()
        start = address - RING_AT
        if 0 <= start and start + count <= CAPACITY * RECORD_WORDS:
            return self._ring.reshape(-1)[start : start + count].astype(">u2").tobytes()
        return None


class PlantLogs:
    """The logs of all plant controllers of a site.

    Args:
        world: The site with its faults.
        registers: What the controllers measure.
        clock: True UTC seconds.
    """

    def __init__(self, world: World, registers: Registers, clock: Callable[[], float] = time.time) -> None:
        self._world = world
        self._clock = clock
        options, now = world.blueprint.options, clock()
        rng = np.random.default_rng(options.seed + 3)
        self._logs = [
            PlantLog(
                options.log_interval,
                options.log_past,
                partial(_inputs, registers, row),
                now,
                world.effects.wrong_clock.get(entry.name, 0.0),
                rng,
            )
            for row, entry in enumerate(world.blueprint.plants)
        ]

    def advance(self) -> None:
        """Write every record that is due."""
        now, effects = self._clock(), self._world.effects
        for entry, log in zip(self._world.blueprint.plants, self._logs, strict=True):
            log.advance(now, effects.wrong_clock.get(entry.name, 0.0), empty=entry.name in effects.empty_log)

    def read(self, row: int, address: int, count: int) -> bytes | None:
        """Input registers of a controller's log; None where they are not the log's."""
        self.advance()
        return self._logs[row].read(address, count, self._clock())


def _inputs(registers: Registers, row: int) -> bytes:
    return registers.plant(row).input
