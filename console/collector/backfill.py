"""Notices that devices answer again, after an outage or a time without a collector, and has their holes filled.

Only devices that keep a log of their own are concerned. Their logs are only read, over the connection of their polls
and with pauses in which those get their turn. What is stored are ordinary samples with the time at which the device
took them; they never replace what a poll brought.
"""

import asyncio
import logging
from collections import deque
from typing import Protocol
from uuid import UUID

import numpy as np

from console.collector.filler import Filler, Return
from console.domain.inventory import Device
from console.domain.telemetry import LiveColumns
from drivers.core.device_log import LogReader

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How often it looks for devices that have come back."""
MISSED_POLLS = 3.0
"""Polls in a row that a device missed, for the time to be called an outage."""
CONNECTIONS_AT_ONCE = 4


class LogSource(Protocol):
    """Knows which devices keep a log."""

    def log_of(self, row: int) -> tuple[Device, LogReader] | None:
        """The device of a row and the reader of its own log; None where it offers none."""


class Backfill:
    """Watches one site.

    Args:
        columns: Tell when each device last answered.
        source: Which devices keep a log.
        filler: Fills the holes of one device.
        period: Seconds from look to look.

    Attributes:
        waiting: Devices whose holes are not filled yet.
    """

    def __init__(
        self, columns: LiveColumns, source: LogSource, filler: Filler, *, period: float = LOOK_SECONDS
    ) -> None:
        self.waiting = 0
        self._columns = columns
        self._source = source
        self._filler = filler
        self._period = period
        self._seen = np.empty(0)
        self._resuming = np.empty(0, np.bool_)
        self._queues: dict[str, deque[Return]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(CONNECTIONS_AT_ONCE)
        self._without: set[UUID] = set()

    def nobody_asked_since(self, at: float) -> None:
        """No collector has run since UTC second `at`: the devices now in the columns have a hole from there.

        However short that is, their logs are looked at once: the collector before may have died while it filled.
        """
        self._seen = np.full(len(self._columns.answered), at)
        self._resuming = np.ones(len(self._columns.answered), np.bool_)

    async def run(self) -> None:
        """Watch and fill until cancelled."""
        try:
            while True:
                await asyncio.sleep(self._period)
                self._look()
        finally:
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(tuple(self._tasks))

    def _look(self) -> None:
        answered = self._columns.answered
        new = len(answered) - len(self._seen)
        if new:
            self._seen = np.concatenate([self._seen, np.full(new, np.nan)])
            self._resuming = np.concatenate([self._resuming, np.zeros(new, np.bool_)])
        resuming = self._resuming & (answered > self._seen)
        returned = answered - self._seen > MISSED_POLLS * self._columns.period
        for row in np.flatnonzero(resuming | returned).tolist():
            offered = self._source.log_of(row)
            if offered is not None and offered[0].id not in self._without:
                back = Return(*offered, float(self._seen[row]), float(answered[row]))
                if resuming[row] or back.is_worth_asking:
                    self._take_up(back)
        self._resuming &= ~resuming
        self._seen = np.fmax(self._seen, answered)

    def _take_up(self, back: Return) -> None:
        connection = str(back.device.address)
        self.waiting += 1
        queue = self._queues.get(connection)
        if queue is not None:
            queue.append(back)
            return
        self._queues[connection] = deque([back])
        task = asyncio.get_running_loop().create_task(self._work(connection), name=f"backfill {connection}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, connection: str) -> None:
        """The devices behind one connection, one after the other."""
        queue = self._queues[connection]
        async with self._places:
            while queue:
                await self._fill(queue[0])
                queue.popleft()
                self.waiting -= 1
        del self._queues[connection]

    async def _fill(self, back: Return) -> None:
        try:
            if not await self._filler.fill(back):
                self._without.add(back.device.id)
        except Exception:
            log.exception("a fault while the own log of %s was read; its hole stays", back.device.name)
