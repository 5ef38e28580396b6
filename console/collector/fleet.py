"""All devices of a site under one scheduler. Devices come and go while it runs."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from uuid import UUID

import numpy as np

from console.collector.poller import Opener, Poller, Tally
from console.collector.schedule import FIRST_SWEEP_PER_SECOND, STARTS_PER_TURN, Schedule
from console.domain.inventory import Device
from console.domain.telemetry import LiveColumns
from console.services.ports import Clock
from drivers.core.command import Operable
from drivers.core.device import Tier
from drivers.core.device_log import LogReader
from drivers.core.identity import DeviceKind

log = logging.getLogger(__name__)

LARGE_SITE_MINERS = 5_000
MINER_SECONDS = 5.0
MINER_SECONDS_ON_A_LARGE_SITE = 10.0
PLANT_SECONDS = 1.0
PDU_SECONDS = 10.0

SHORTEST_NAP = 0.01
SHORTEST_NAP_WHEN_BEHIND = 0.001
LONGEST_NAP = 0.25

URGENCY = {DeviceKind.PLANT: 0, DeviceKind.METER: 0, DeviceKind.PDU: 1, DeviceKind.MINER: 2}
"""Who goes first over capacity: a pump trip must not wait behind 30,000 miners."""


PDUS_PER_SECOND = 20.0
"""A PDU's first poll walks its tables: some forty questions. The first poll of other devices is one."""

ENCRYPTED_PER_SECOND = 1.0
"""The same over SNMP version 3, where each question costs 12 ms (docs/performance.md)."""


def first_per_second(device: Device) -> float:
    """How many devices of this kind are asked for the first time in one second."""
    if device.kind is not DeviceKind.PDU:
        return FIRST_SWEEP_PER_SECOND
    encrypted = device.snmp is not None and device.snmp.version == "3"
    return ENCRYPTED_PER_SECOND if encrypted else PDUS_PER_SECOND


def default_period(kind: DeviceKind, miners: int) -> float:
    """Seconds between polls of a device of this kind on a site with so many miners."""
    if kind is DeviceKind.MINER:
        return MINER_SECONDS if miners <= LARGE_SITE_MINERS else MINER_SECONDS_ON_A_LARGE_SITE
    return PDU_SECONDS if kind is DeviceKind.PDU else PLANT_SECONDS


class Fleet:
    """Polls every device of a site.

    Args:
        columns: Where the reports go.
        opener: Makes drivers.
        clock: Time.
        on_facts: Called on the loop when a device was identified or told new facts about itself.
        period: Poll period for a kind and a number of miners; tests set shorter ones.

    Attributes:
        schedule: Who is asked when.
        tally: Polls and failures since start.
    """

    def __init__(
        self,
        columns: LiveColumns,
        opener: Opener,
        clock: Clock,
        on_facts: Callable[[Device], None],
        *,
        schedule: Schedule | None = None,
        period: Callable[[DeviceKind, int], float] = default_period,
    ) -> None:
        self.schedule = schedule if schedule is not None else Schedule()
        self.tally = Tally()
        self._columns = columns
        self._opener = opener
        self._clock = clock
        self._on_facts = on_facts
        self._period = period
        self._pollers: dict[int, Poller] = {}
        self._rows_of_kind: dict[DeviceKind, list[int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, devices: Iterable[Device]) -> None:
        """Take devices in; what is already there stays as it is."""
        known = {poller.device.id for poller in self._pollers.values()}
        new = [device for device in devices if device.id not in known]
        miners = len(self._rows_of_kind.get(DeviceKind.MINER, [])) + sum(
            device.kind is DeviceKind.MINER for device in new
        )
        for device in sorted(new, key=lambda one: URGENCY[one.kind]):
            period = self._period(device.kind, miners)
            row = self._columns.add(device.id, period)
            self._pollers[row] = Poller(
                device, row, period, self._columns, self._opener, self._clock, self.tally, self._on_facts
            )
            self._rows_of_kind.setdefault(device.kind, []).append(row)
            now = self._clock.monotonic()
            first = self.schedule.add(
                row,
                device.address,
                period,
                now,
                urgency=URGENCY[device.kind],
                first_per_second=first_per_second(device),
            )
            # Until it was asked for the first time nobody may take it for silent.
            self._columns.period[row] = max(period, first - now)

    async def remove(self, device: UUID) -> None:
        """Let a device go; raises KeyError when it was never added."""
        row = self._columns.row(device)
        poller = self._pollers.pop(row)
        self.schedule.remove(row)
        self._rows_of_kind[poller.device.kind].remove(row)
        self._columns.remove(device)
        await poller.close()

    async def run(self) -> None:
        """Poll until cancelled."""
        try:
            while True:
                started = self._due(self._clock.monotonic())
                for row, tier in started:
                    task = asyncio.get_running_loop().create_task(self._poll(row, tier))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                shortest = SHORTEST_NAP_WHEN_BEHIND if len(started) >= STARTS_PER_TURN else SHORTEST_NAP
                nap = self.schedule.next_due() - self._clock.monotonic()
                await asyncio.sleep(min(max(nap, shortest), LONGEST_NAP))
        finally:
            await self._stop()

    def _due(self, now: float) -> list[tuple[int, Tier]]:
        tally = self.tally
        return self.schedule.due(now, tally.unsaved.__contains__) if now < tally.hold_until else self.schedule.due(now)

    async def _poll(self, row: int, tier: Tier) -> None:
        poller = self._pollers[row]
        retry_in: float | None = None
        try:
            retry_in = await poller.poll(tier)
        finally:
            answered = poller.availability.error is None
            effective = self.schedule.finished(row, self._clock.monotonic(), answered=answered, retry_in=retry_in)
            if row in self._pollers:
                self._columns.period[row] = effective

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks))
        closing = await asyncio.gather(*(poller.close() for poller in self._pollers.values()), return_exceptions=True)
        for failure in closing:
            if isinstance(failure, Exception):
                log.warning("a driver could not be closed: %r", failure)

    def review(self) -> float:
        """Let the effective periods tell how long devices have been waiting for their turn; returns the stretch."""
        now = self._clock.monotonic()
        rows, passed = self.schedule.overdue(now)
        self._columns.period[rows] = np.maximum(self._columns.period[rows], passed)
        return self.schedule.stretch(now)

    def log_of(self, row: int) -> tuple[Device, LogReader] | None:
        """A device and the reader of its own log; None where it offers none or was let go."""
        poller = self._pollers.get(row)
        reader = None if poller is None else poller.log
        return None if poller is None or reader is None else (poller.device, reader)

    def operable(self, device: UUID) -> Operable:
        """The driver of a device that takes commands; raises LookupError with a sentence when it takes none."""
        for poller in self._pollers.values():
            if poller.device.id == device:
                return poller.operable
        raise LookupError("this collector does not poll that device")

    @property
    def devices(self) -> tuple[Device, ...]:
        """All devices with the facts known now."""
        return tuple(poller.device for poller in self._pollers.values())

    def known(self) -> dict[str, int]:
        """Devices by kind."""
        return {kind.value: len(rows) for kind, rows in self._rows_of_kind.items()}

    def answering(self, now: float, periods: float) -> dict[str, int]:
        """Devices by kind whose last good report is at most this many poll periods old at UTC second `now`."""
        fresh = self._columns.age(now) <= periods * self._columns.period
        return {kind.value: int(np.count_nonzero(fresh[rows])) for kind, rows in self._rows_of_kind.items()}
