"""Reads a ring of records out of a Modbus device's registers, slowly enough that its polls never wait long."""

import asyncio
import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from drivers.core.device_log import LoggedSamples
from drivers.core.errors import LogRefused, Malformed
from drivers.core.reading import Layout
from drivers.core.ring_log_map import RingLogMap
from drivers.transports.modbus import ModbusConnection

PAUSE_S: Final = 0.1
"""Between two questions: a poll that waits behind one of them is late by no more than the device's own answer."""
OVERWRITE_MARGIN_S: Final = 60.0
"""The oldest records of a full ring are left alone: they may be overwritten while they are read."""
CLOCK_STEP_S: Final = 3.0
"""A device's clock that moves otherwise than ours by more than this, while it is read, was set meanwhile."""


@dataclass(frozen=True, slots=True)
class _Head:
    """The ring at one moment.

    Attributes:
        count: Records in it.
        write_index: Place of the next record.
        clock: The device's time, seconds.
        clock_set: How often that clock was set.
        at: UTC seconds by our clock at which the device told all this.
        resolution: Seconds of the last digit of its clock.
    """

    count: int
    write_index: int
    clock: float
    clock_set: int
    at: float
    resolution: float

    @property
    def offset(self) -> float:
        """Seconds that the device's clock is ahead of ours, no finer than it tells its time."""
        return round((self.clock - self.at) / self.resolution + 0.5) * self.resolution


@dataclass(frozen=True, slots=True)
class _Record:
    """One record: its age rank (0 the oldest), its time by the device's clock, and its fields."""

    rank: int
    time: float
    clock_set: int
    values: tuple[float, ...]
    quality: bytes


class RingLogReader:
    """The log of one device.

    Args:
        log: Where it stands.
        connection: Shared with the polls of the device.
        unit: Modbus device id.
        pause: Seconds between two questions.
    """

    def __init__(self, log: RingLogMap, connection: ModbusConnection, unit: int, *, pause: float = PAUSE_S) -> None:
        self._log = log
        self._connection = connection
        self._unit = unit
        self._pause = pause
        self._place = str(connection.address)

    @property
    def layout(self) -> Layout:
        """The series that the records hold."""
        return self._log.layout

    @property
    def interval(self) -> float:
        """Seconds between two records."""
        return self._log.interval_s

    @property
    def span(self) -> float:
        """Seconds that the whole ring holds."""
        return self._log.interval_s * self._log.capacity

    async def read_log(self, start: float, stop: float) -> LoggedSamples:
        """The records in [start, stop), UTC seconds by our clock. Raises `LogRefused` and other `DeviceError`s."""
        head = await self._read_head()
        self._check_clock(head)
        oldest = self._oldest(head)
        begin, end = start + head.offset, stop + head.offset
        first = await self._find(head, oldest, begin)
        records = await self._read_until(head, first, end)
        left_out = await self._older_clock(head, oldest, first, begin, records)
        await self._check_order(head, records)
        await self._check_head(head, oldest)
        return self._samples(records, begin, end, head.offset, left_out)

    def _oldest(self, head: _Head) -> int:
        """Rank of the first record that is safe to read: a full ring overwrites its oldest ones meanwhile."""
        if head.count < self._log.capacity:
            return 0
        return min(head.count - 1, math.ceil(OVERWRITE_MARGIN_S / self._log.interval_s))

    # Questions.

    async def _ask(self, address: int, count: int) -> Sequence[int]:
        registers = await self._connection.read(self._unit, self._log.table, address, count)
        await asyncio.sleep(self._pause)
        return registers

    async def _read_head(self) -> _Head:
        log = self._log
        start, count = log.head
        asked = time.time()
        registers = await self._connection.read(self._unit, log.table, start, count)
        answered = time.time()
        await asyncio.sleep(self._pause)
        clock = log.clock - start
        head = _Head(
            count=registers[log.records - start],
            write_index=registers[log.write_index - start],
            clock=log.time_format.decode(registers[clock : clock + log.time_format.words], little=log.little),
            clock_set=0 if log.clock_set is None else registers[log.clock_set - start],
            at=(asked + answered) / 2.0,
            resolution=log.time_format.resolution,
        )
        if head.count > log.capacity or head.write_index >= log.capacity:
            text = f"the log tells {head.count} records and place {head.write_index}, and has {log.capacity} places"
            raise Malformed(self._place, text)
        return head

    async def _read_records(self, head: _Head, first: int, count: int) -> list[_Record]:
        """Records of consecutive ranks, as many of `count` as stand in one piece and fit into one answer."""
        log = self._log
        place = (head.write_index - head.count + first) % log.capacity
        count = min(count, log.records_in_a_read, log.capacity - place, head.count - first)
        words = log.record_words
        registers = await self._ask(log.ring + place * words, count * words)
        return [self._decode(first + at, registers[at * words : (at + 1) * words]) for at in range(count)]

    def _decode(self, rank: int, registers: Sequence[int]) -> _Record:
        log = self._log
        written = log.time_format.decode(
            registers[log.time_at : log.time_at + log.time_format.words], little=log.little
        )
        pairs = [field.decode(registers[field.address : field.address + field.words]) for field in log.fields]
        return _Record(
            rank,
            written,
            0 if log.clock_set is None else registers[log.record_clock_set],
            tuple(value for value, _ in pairs),
            bytes(quality for _, quality in pairs),
        )

    async def _find(self, head: _Head, low: int, begin: float) -> int:
        """Rank of the first record of the present clock that is not before `begin`, by halving; `count` when none."""
        high = head.count
        while low < high:
            middle = (low + high) // 2
            (record,) = await self._read_records(head, middle, 1)
            if record.clock_set == head.clock_set and record.time >= begin:
                high = middle
            else:
                low = middle + 1
        return low

    async def _read_until(self, head: _Head, first: int, end: float) -> list[_Record]:
        records: list[_Record] = []
        while first < head.count:
            part = await self._read_records(head, first, head.count - first)
            records += [record for record in part if not math.isnan(record.time)]
            first += len(part)
            if records and records[-1].time >= end:
                break
        return records

    # Whether the times can be trusted.

    def _check_clock(self, head: _Head) -> None:
        if math.isnan(head.clock):
            raise LogRefused(self._place, "the device does not know what time it is")
        if abs(head.offset) > self._log.tolerance_s:
            side = "ahead of" if head.offset > 0 else "behind"
            text = f"its clock is {abs(head.offset):.0f} s {side} ours; {self._log.tolerance_s:.0f} s are tolerated"
            raise LogRefused(self._place, text)

    async def _older_clock(self, head: _Head, oldest: int, first: int, begin: float, records: Sequence[_Record]) -> str:
        """Why records before the first may be missing: they were written before the clock was set."""
        if first <= oldest or (records and records[0].time - begin < 1.5 * self._log.interval_s):
            return ""
        (before,) = await self._read_records(head, first - 1, 1)
        if before.clock_set == head.clock_set:
            return ""
        return "the clock was set after the older records were written: their times are not known"

    async def _check_order(self, head: _Head, records: Sequence[_Record]) -> None:
        """Times ascend, among these records and from them to the newest one."""
        if not records:
            return
        for one, other in itertools.pairwise(records):
            if other.time <= one.time:
                raise LogRefused(self._place, f"its clock steps back by {one.time - other.time:.0f} s between records")
        (newest,) = await self._read_records(head, head.count - 1, 1)
        last, interval = records[-1], self._log.interval_s
        if newest.time > head.clock + CLOCK_STEP_S:
            ahead = newest.time - head.clock
            raise LogRefused(self._place, f"its newest record lies {ahead:.0f} s ahead of its own clock")
        passed, least = newest.time - last.time, 0.98 * interval * (newest.rank - last.rank) - interval
        if passed < least:
            raise LogRefused(self._place, f"its clock steps back by {least - passed:.0f} s after the records")

    async def _check_head(self, head: _Head, oldest: int) -> None:
        """Nothing that was read has been overwritten meanwhile, and the clock went on like ours."""
        after = await self._read_head()
        drift = (after.clock - head.clock) - (after.at - head.at)
        if after.clock_set != head.clock_set or not abs(drift) <= CLOCK_STEP_S:
            raise LogRefused(self._place, "its clock was set while the log was read")
        written = (after.write_index - head.write_index) % self._log.capacity
        if after.count < head.count or head.count + written - self._log.capacity > oldest:
            raise LogRefused(self._place, "its log was emptied or overwritten while it was read")

    def _samples(
        self, records: Sequence[_Record], begin: float, end: float, offset: float, left_out: str
    ) -> LoggedSamples:
        later = [record for record in records if record.time >= begin]
        wanted = [record for record in later if record.time < end]
        shape = (len(wanted), len(self._log.layout))
        return LoggedSamples(
            layout=self._log.layout,
            times=np.array([record.time - offset for record in wanted], np.float64),
            values=np.array([record.values for record in wanted], np.float64).reshape(shape),
            quality=np.frombuffer(b"".join(record.quality for record in wanted), np.uint8).reshape(shape),
            offset=offset,
            resumes=later[0].time - offset if later else math.inf,
            left_out=left_out,
        )
