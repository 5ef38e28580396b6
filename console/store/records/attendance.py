"""When the collector was there: its sign of life, and the gaps in which nobody polled."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from console.store import schema
from console.store.database import Database
from console.store.engine import insert_rows
from console.store.records.event_log import EventLog
from console.store.records.gap_events import gap_event, work_out_gaps
from console.store.records.projections import Touched, related
from console.store.records.replacement import apply


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nothing was collected: UTC seconds, and why in one sentence."""

    start: float
    stop: float
    reason: str


class Attendance:
    """Signs of life and gaps of a site folder."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def mark_alive(self, at: float) -> None:
        """Remember that the collector runs at UTC second `at`. Raises `StoreFull`."""
        await self._database.write(lambda connection: insert_rows(connection, schema.alive, [(1, at)], "OR REPLACE"))

    async def last_alive(self) -> float | None:
        """UTC seconds of the last sign of life; None when no collector ever ran here."""

        def read(connection: Connection) -> float | None:
            return connection.execute(select(schema.alive.c.at)).scalar()

        return await self._database.read(read)

    async def record_gap(self, start: float, stop: float, reason: str) -> None:
        """Keep a gap. Raises `StoreFull`."""

        def write(connection: Connection) -> None:
            rows = self._log.append(connection, [gap_event(start, stop, reason)])
            apply(connection, work_out_gaps(related(connection, Touched.by(rows))))

        async with self._log.writing:
            await self._database.write(write)

    async def gaps(self, start: float, stop: float) -> list[Gap]:
        """The gaps that touch [start, stop), oldest first."""
        gap = schema.gap.c
        query = select(schema.gap).where(gap.start < stop, gap.stop > start).order_by(gap.start)
        return await self._database.read(lambda connection: [Gap(*row) for row in connection.execute(query)])
