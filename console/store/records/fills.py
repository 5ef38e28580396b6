"""What was filled in from devices' own logs, as events of the log: why a sample stands in a time that nobody polled."""

from sqlalchemy import Connection, select

from console.services.fills import Fill
from console.store import schema
from console.store.database import Database
from console.store.records.chain import StoredEvent
from console.store.records.event_log import EventLog
from console.store.records.fill_events import FILL, fill_event, read_fill


class Fills:
    """The fills of a site folder."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def record(self, fill: Fill) -> None:
        """Keep one. Raises `StoreFull`."""

        def write(connection: Connection) -> None:
            self._log.append(connection, [fill_event(fill)])

        async with self._log.writing:
            await self._database.write(write)

    async def between(self, start: float, stop: float) -> list[Fill]:
        """The fills of holes that touch [start, stop), by their end."""
        event = schema.event.c
        later = select(schema.event).where(event.kind == FILL, event.at > start).order_by(event.at, event.hlc)

        def read(connection: Connection) -> list[Fill]:
            fills = [read_fill(StoredEvent(*row)) for row in connection.execute(later)]
            return [fill for fill in fills if fill.start < stop]

        return await self._database.read(read)
