"""Fills the holes of one device from its own log, oldest first: the ring overwrites its oldest records."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from console.collector.holes import holes
from console.domain.inventory import Device
from console.services.fills import Fill, FillLog
from console.services.ports import HistoryReader, LateWriter, StoreFull
from drivers.core.device_log import LoggedSamples, LogReader
from drivers.core.errors import DeviceError, LogRefused, Rejected

log = logging.getLogger(__name__)

LEAST_RECORDS = 2.0
"""A hole shorter than so many records of the log is not worth asking for."""
RECORDS_AT_ONCE = 180
"""Records asked for and stored in one go: a few seconds of reading, so that a stop or a failure loses little."""
SERIES_LOOKED_AT = 4
"""Series of a log that tell whether a device has anything stored: one alone may be a broken sensor."""
RETRY_SECONDS = 30.0
"""Until a full disk is tried again."""


@dataclass(frozen=True, slots=True)
class Return:
    """A device that answers again.

    Attributes:
        device: Which.
        reader: Of its log.
        since: UTC seconds of its last good report before.
        until: UTC seconds of its first good report after.
    """

    device: Device
    reader: LogReader
    since: float
    until: float

    @property
    def is_worth_asking(self) -> bool:
        """Whether the log can have anything of the time."""
        return self.until - self.since >= LEAST_RECORDS * self.reader.interval


class Filler:
    """Fills holes of devices of one site.

    Args:
        reader: What is stored already.
        writer: Where the samples go.
        fills: Where it is recorded that they were filled in.
        retry: Seconds until a full disk is tried again.

    Attributes:
        samples: Values stored since start.
    """

    def __init__(
        self, reader: HistoryReader, writer: LateWriter, fills: FillLog, *, retry: float = RETRY_SECONDS
    ) -> None:
        self.samples = 0
        self._reader = reader
        self._writer = writer
        self._fills = fills
        self._retry = retry

    async def fill(self, back: Return) -> bool:
        """Fill what a device's log still holds of the times in which nothing of it was stored.

        Returns:
            False when the device turned out to have no log, so that nobody need ask it again.
        """
        name = back.device.name
        try:
            for start, stop in await self._holes(back):
                await self._fill_hole(back, start, stop)
        except LogRefused as error:
            log.warning("%s: its own log is not used: %s", name, error.text)
        except Rejected as error:
            log.info("%s keeps no log of its own: %s", name, error.text)
            return False
        except DeviceError as error:
            log.info("%s: its own log cannot be read now: %s", name, error.text)
        return True

    async def _holes(self, back: Return) -> list[tuple[float, float]]:
        """Also those of earlier times that the log still holds: filling may have been cut short by another outage."""
        earliest = back.until - back.reader.span
        points = [(signal.point, signal.part) for signal in back.reader.layout.signals[:SERIES_LOOKED_AT]]
        stored = await self._reader.read(back.device.id, points, earliest, back.until)
        least = LEAST_RECORDS * back.reader.interval
        return await asyncio.to_thread(holes, stored, earliest, back.since, back.until, least)

    async def _fill_hole(self, back: Return, start: float, stop: float) -> None:
        name, length = back.device.name, RECORDS_AT_ONCE * back.reader.interval
        log.info("%s: nothing is stored from %s to %s: its own log is read", name, _utc(start), _utc(stop))
        records = samples = 0
        offset, left_out, begin = 0.0, "", start
        while begin < stop:
            logged = await back.reader.read_log(begin, min(begin + length, stop))
            begin = min(max(begin + length, 0.0 if len(logged) else logged.resumes), stop)
            samples += await self._keep(back.device, logged)
            records, offset, left_out = records + len(logged), logged.offset, logged.left_out or left_out
            log.info("%s: %.0f %% of it read, %d records", name, 100 * (begin - start) / (stop - start), records)
        self.samples += samples
        if left_out:
            log.warning("%s: a part of its own log is not used: %s", name, left_out)
        if samples:
            await self._record(Fill(back.device.id, start, stop, records, samples, offset))
        log.info(
            "%s: %d records of its own log gave %d samples; its clock was %+.0f s off ours",
            name, records, samples, offset,
        )  # fmt: skip

    async def _keep(self, device: Device, logged: LoggedSamples) -> int:
        """Store, if need be when the disk has room again."""
        while len(logged):
            try:
                return await self._writer.insert(device.id, logged.layout, logged.times, logged.values, logged.quality)
            except StoreFull as error:
                log.info("%s: what its own log gave waits: %s", device.name, error)
                await asyncio.sleep(self._retry)
        return 0

    async def _record(self, fill: Fill) -> None:
        try:
            await self._fills.record_fill(fill)
        except StoreFull as error:
            log.info("a fill of %s is not recorded: %s", fill.device, error)


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
